"""The table of customers: their profile, custom fields and the ids under which sources know them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from engine.exporting.table import BATCH, Batch, Field, FieldKind, Table
from engine.moments import written
from engine.store.facts import read_settings
from engine.store.models import alias, custom_field, custom_value, customer, source, term
from engine.store.sight import EVERYTHING, MASK, Sight

PROFILE = (
    *(Field(name) for name in ("customer", "name", "kind", "gender", "birth_date", "email", "phone")),
    *(Field(name) for name in ("country", "region", "city", "industry", "education")),
    *(Field("income", "number"), Field("joined_at"), Field("not_graded"), Field("aliases")),
)
_KIND, _GENDER = {0: "person", 1: "company"}, {0: "female", 1: "male"}
_EPOCH = dt.date(1970, 1, 1)
_CUSTOM: dict[str, FieldKind] = {"number": "number", "amount": "number"}


MASKED_AS = {
    "birth_date": customer.c.birth_day,
    **{name: customer.c[f"{name}_id"] for name in ("country", "region", "city", "industry", "education")},
}
"""The column of `customer` behind a field of another name."""


def customers(connection: Connection, sight: Sight = EVERYTHING) -> Table:
    """One row per customer within sight that is neither voided nor merged into another, in the order of arrival."""
    custom = connection.execute(select(custom_field).order_by(custom_field.c.id)).all()
    fields = PROFILE + tuple(Field(f"custom.{row.name}", _CUSTOM.get(row.kind, "text")) for row in custom)
    fields = tuple(Field(field.name) if _hidden(field.name, sight) else field for field in fields)
    return Table("customers", fields, _customers(connection, custom, sight, [_hidden(field.name, sight) for field in fields]))


def _hidden(name: str, sight: Sight) -> bool:
    if name.startswith("custom."):
        return sight.hides(custom_value.c.value)
    column = MASKED_AS.get(name, customer.c.get(name))
    return column is not None and sight.hides(column)


def _customers(connection: Connection, custom: Sequence[Any], sight: Sight, hidden: Sequence[bool]) -> Iterator[Batch]:
    business = read_settings(connection)
    zone, scale = business.timezone, 10**business.minor_digits
    terms = dict(connection.execute(select(term.c.id, term.c.value)).all())
    query = select(customer).where(customer.c.merged_into.is_(None), customer.c.voided_at.is_(None), sight.where())
    query = query.order_by(customer.c.id).limit(BATCH)
    last = 0
    while part := connection.execute(query.where(customer.c.id > last)).all():
        first, last = part[0].id, part[-1].id
        known = _aliases(connection, first, last)
        values = _custom_values(connection, first, last)
        rows = [[*_profile(row, terms, zone, scale), known.get(row.id)] for row in part]
        for row, cells in zip(part, rows, strict=True):
            cells += [_custom(values.get((row.id, field.id)), field.kind, terms, scale) for field in custom]
        cells_of = list(zip(*rows, strict=True))
        yield [
            [None if cell is None else MASK for cell in cells] if masked else cells for cells, masked in zip(cells_of, hidden, strict=True)
        ]


def _profile(row: Any, terms: dict[int, str], zone: ZoneInfo, scale: int) -> list[Any]:
    places = [terms.get(number) for number in (row.country_id, row.region_id, row.city_id, row.industry_id, row.education_id)]
    return [
        row.external_id,
        row.name,
        _KIND.get(row.kind),
        _GENDER.get(row.gender),
        None if row.birth_day is None else (_EPOCH + dt.timedelta(days=row.birth_day)).isoformat(),
        row.email,
        row.phone,
        *places,
        None if row.income is None else row.income / scale,
        None if row.joined_at is None else written(row.joined_at, zone),
        row.not_graded,
    ]


def _aliases(connection: Connection, first: int, last: int) -> dict[int, str]:
    query = (
        select(alias.c.customer_id, source.c.name, alias.c.external_id)
        .join(source, source.c.id == alias.c.source_id)
        .where(alias.c.customer_id.between(first, last))
        .order_by(alias.c.id)
    )
    found: dict[int, list[str]] = {}
    for number, name, external in connection.execute(query):
        found.setdefault(number, []).append(f"{name}:{external}")
    return {number: "; ".join(names) for number, names in found.items()}


def _custom_values(connection: Connection, first: int, last: int) -> dict[tuple[int, int], int]:
    query = select(custom_value).where(custom_value.c.customer_id.between(first, last))
    return {(row.customer_id, row.field_id): row.value for row in connection.execute(query)}


def _custom(value: int | None, kind: str, terms: dict[int, str], scale: int) -> Any:
    """A custom value from its stored integer."""
    if value is None:
        return None
    match kind:
        case "text":
            return terms.get(value)
        case "number":
            return value / 10_000
        case "amount":
            return value / scale
        case "date":
            return (_EPOCH + dt.timedelta(days=value)).isoformat()
    return "true" if value else "false"
