"""Which stored fact a row names: by its id at the source, an order's line by its place, a rate by currency and day."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from engine.errors import FactError, did_you_mean
from engine.store.ingest.intake import Rejected
from engine.store.ingest.moments import read_days
from engine.store.ingest.parsed import FAULTS
from engine.store.ingest.rows import Numbered, as_cell
from engine.store.ingest.tables import Tables
from engine.store.ingest.texts import read_currencies, read_ids

IDS: Mapping[str, tuple[str, ...]] = {
    "customers": ("customer",),
    "products": ("product",),
    "orders": ("order",),
    "lines": ("order", "line"),
    "rates": ("currency", "day"),
}
"""The fields that name a fact of each kind. A line is named by its order and its place there, from 1."""

SINGULAR = {kind: kind.removesuffix("s") for kind in IDS}
MOST_LINES = 1_000_000

Row = Mapping[str, Any]
Name = tuple[Any, ...]
"""The values of a kind's `IDS`, cleaned: texts, a line's place from 0, a rate's day."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A fact that is there. key: its row id; of a line its order's, with `place`; of a rate none.

    customer: for whom it counts; None of products and rates. lined: of an order, whether it has lines.
    """

    key: int
    customer: int | None
    voided: bool
    place: int = 0
    lined: bool = False


def check_kind(kind: str) -> None:
    """Raises `FactError` for a kind that is none."""
    if kind not in IDS:
        raise FactError(f"there is no kind of fact {kind!r}; {did_you_mean(kind, IDS) or 'expected one of ' + ', '.join(IDS)}")


def source_key(tables: Tables, name: str) -> int:
    """The row id of a source. Raises `FactError`."""
    found = tables.one("select id from source where name = ?", name)
    if found is None:
        known = [each for (each,) in tables.rows("select name from source")]
        raise FactError(f"there is no source {name!r}; {did_you_mean(name, known) or 'known: ' + ', '.join(known)}")
    return int(found)


def fact_row(kind: str, fact: str) -> dict[str, str]:
    """The fields that name a fact written as one text: C1, an order and the place of its line (O1/2), EUR/2025-01-31.

    Raises `FactError`.
    """
    check_kind(kind)
    names = IDS[kind]
    parts = fact.rsplit("/", 1) if len(names) == 2 else [fact]
    if len(parts) < len(names):
        example = "O1/2 (the second line of order O1)" if kind == "lines" else "EUR/2025-01-31"
        raise FactError(f"{SINGULAR[kind]} {fact!r}: expected a name such as {example}")
    return dict(zip(names, parts, strict=True))


def written(kind: str, name: Name) -> str:
    """A name as one text, the inverse of `fact_row`."""
    if kind == "lines":
        return f"{name[0]}/{name[1] + 1}"
    if kind == "rates":
        return f"{name[0]}/{dt.date(1970, 1, 1) + dt.timedelta(days=name[1])}"
    return str(name[0])


def names_of(kind: str, rows: Sequence[Numbered]) -> tuple[list[Name | None], list[Rejected]]:
    """The name that each row gives, None for one that gives none, and what is wrong with those."""
    rejected: list[Rejected] = []
    columns: list[list[Any]] = []
    bad = np.zeros(len(rows), bool)
    for field in IDS[kind]:
        cells = pa.array([as_cell(row.get(field)) for _, row in rows], pa.string())
        found = read_days(cells, ()) if field == "day" else read_currencies(cells) if field == "currency" else read_ids(cells)
        values = found.values.tolist() if field == "day" else found.values.to_pylist()
        for at, (number, row) in enumerate(rows):
            reason = "missing value" if not found.present[at] else FAULTS[found.fault[at]]
            if not reason and field == "line":
                values[at] = int(values[at]) - 1 if values[at].isascii() and values[at].isdigit() and len(values[at]) < 8 else -1
                reason = "" if 0 <= values[at] < MOST_LINES else "not a line"
            if reason and not bad[at]:
                bad[at] = True
                rejected.append(refusal(number, row, field, reason, _EXPECTED[field]))
        columns.append(values)
    return [None if bad[at] else name for at, name in enumerate(zip(*columns, strict=True))], rejected


_EXPECTED = {
    "customer": "the id of a customer",
    "product": "the id of a product",
    "order": "the id of an order",
    "line": "the place of a line in its order, from 1",
    "currency": "three letters, such as EUR",
    "day": "a day such as 2025-01-31",
}


def refusal(number: int, row: Row, field: str, reason: str, expected: str) -> Rejected:
    """A row that is refused because of one field."""
    found = as_cell(row.get(field))
    return Rejected(
        number, field, reason, ("" if found is None else found)[:200], expected, json.dumps(dict(row), ensure_ascii=False, default=str)
    )


def unknown(kind: str, number: int, row: Row) -> Rejected:
    """The refusal of a row that names what is not stored."""
    what = SINGULAR[kind]
    return refusal(number, row, IDS[kind][-1], f"unknown {what}", "one that is stored")


def find(tables: Tables, kind: str, source: int, names: Sequence[Name]) -> dict[Name, Stored]:
    """The facts that are stored under these names."""
    if not names:
        return {}
    if kind == "lines":
        return _lines(tables, source, names)
    if kind == "rates":
        return _rates(tables, names)
    texts = list(dict.fromkeys(name[0] for name in names))
    join = "cross join" if tables.is_sqlite else "join"
    on = "where" if tables.is_sqlite else "on"
    query = (
        f"select t.value, {_COLUMNS[kind]} from {tables.texts_sql} {join} {_TABLE[kind]} f {on} f.source_id = ? and f.external_id = t.value"
    )
    if kind == "customers":
        query = f"select q.value, c.id, c.id, c.voided_at is not null, 0 from ({query}) q join customer c on c.id = q.customer_id"
    rows = tables.rows(query, tables.texts(texts), source)
    return {
        (text,): Stored(int(key), None if customer is None else int(customer), bool(voided), lined=bool(lined))
        for text, key, customer, voided, lined in rows
    }


_TABLE = {"customers": "alias", "products": "product", "orders": "orders"}
_COLUMNS = {
    "customers": "f.customer_id",
    "products": "f.id, cast(null as bigint), f.voided_at is not null, 0",
    "orders": "f.id, f.customer_id, f.kind < 0, case when exists (select 1 from order_line l where l.order_id = f.id) then 1 else 0 end",
}


def _lines(tables: Tables, source: int, names: Sequence[Name]) -> dict[Name, Stored]:
    """A voided line has the complement of its place, as a voided order has that of its kind."""
    orders = find(tables, "orders", source, [(order,) for order, _ in names])
    if not orders:
        return {}
    by_key = {stored.key: (name[0], stored.customer) for name, stored in orders.items()}
    table = tables.ids_table(np.array(sorted(by_key), np.int64))
    wanted, found = set(names), {}
    for key, ordinal in tables.rows(f"select l.order_id, l.ordinal from {table} join order_line l on l.order_id = {table}.id"):
        place = ordinal if ordinal >= 0 else -1 - ordinal
        order, customer = by_key[key]
        if (order, place) in wanted:
            found[(order, place)] = Stored(key, customer, ordinal < 0, place)
    return found


def _rates(tables: Tables, names: Sequence[Name]) -> dict[Name, Stored]:
    """A voided rate is kept negative."""
    days = [day for _, day in names]
    rows = tables.rows("select currency, day, rate from exchange_rate where day between ? and ?", min(days), max(days))
    wanted = set(names)
    return {(currency, day): Stored(0, None, rate < 0) for currency, day, rate in rows if (currency, day) in wanted}
