"""One customer as it is stored: its own fields, the ids under which sources know it; masked for those who may not see more."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection, func, select

from engine.store.facts import read_settings
from engine.store.models import alias, custom_field, custom_value, customer, orders, source, term

TERMS = ("country", "region", "city", "industry", "education")
SENSITIVE = {"gender", "birth_date", "income", "education", "custom"}
CONTACT = {"name", "email", "phone", "city"}
_EPOCH = dt.date(1970, 1, 1)


def profile(connection: Connection, key: int, *, personal: bool) -> dict[str, Any]:
    """Everything stored of a customer. personal: names, contact and sensitive fields as they are, else masked."""
    row = connection.execute(select(customer).where(customer.c.id == key)).one()
    business = read_settings(connection)
    words = [getattr(row, f"{name}_id") for name in TERMS]
    terms = dict(connection.execute(select(term.c.id, term.c.value).where(term.c.id.in_([n for n in words if n is not None]))).all())
    bought = connection.execute(
        select(func.count(), func.min(orders.c.ordered_at), func.max(orders.c.ordered_at)).where(
            orders.c.customer_id == key, orders.c.kind >= 0
        )
    ).one()
    found: dict[str, Any] = {
        "customer": row.external_id,
        "name": row.name,
        "kind": {0: "person", 1: "company"}.get(row.kind),
        "gender": {0: "F", 1: "M"}.get(row.gender),
        "birth_date": (_EPOCH + dt.timedelta(days=row.birth_day)).isoformat() if row.birth_day is not None else None,
        "email": row.email,
        "phone": row.phone,
        **{name: terms.get(number) for name, number in zip(TERMS, words, strict=True)},
        "income": row.income / 10**business.minor_digits if row.income is not None else None,
        "joined_at": row.joined_at,
        "not_graded": row.not_graded,
        "voided": row.voided_at is not None,
        "custom": _custom(connection, key, 10**business.minor_digits),
        "orders": {"count": bought[0], "first_at": bought[1], "last_at": bought[2]},
        "aliases": [
            {"source": name, "id": id_}
            for name, id_ in connection.execute(
                select(source.c.name, alias.c.external_id).join(source, source.c.id == alias.c.source_id).where(alias.c.customer_id == key)
            )
        ],
        "fact_seq": row.fact_seq,
    }
    return found if personal else masked(found)


def masked(found: dict[str, Any]) -> dict[str, Any]:
    """The same with what names or describes the person made unreadable; what was absent stays absent."""
    return {name: mask(value) if name in CONTACT | SENSITIVE and value is not None else value for name, value in found.items()}


def mask(value: Any) -> Any:
    """A value that says that there is one, and no more."""
    if isinstance(value, dict):
        return {key: mask(inner) for key, inner in value.items()}
    return None if value is None else "***"


def _custom(connection: Connection, key: int, scale: int) -> dict[str, Any]:
    query = select(custom_field.c.name, custom_field.c.kind, custom_value.c.value).join(
        custom_field, custom_field.c.id == custom_value.c.field_id
    )
    rows = connection.execute(query.where(custom_value.c.customer_id == key)).all()
    ids = [row.value for row in rows if row.kind == "text"]
    terms = dict(connection.execute(select(term.c.id, term.c.value).where(term.c.id.in_(ids))).all())
    return {row.name: _value(row.kind, row.value, scale, terms) for row in rows}


def _value(kind: str, value: int, scale: int, terms: dict[int, str]) -> Any:
    if kind == "text":
        return terms.get(value)
    if kind == "number":
        return value / 10_000
    if kind == "amount":
        return value / scale
    return (_EPOCH + dt.timedelta(days=value)).isoformat() if kind == "date" else bool(value)
