"""Orders that cannot be settled when first seen: their lines wait in a temporary table until the file ends.

That happens when the lines of an order do not stand together, and when an order differs from what is stored. Stored
lines that belong to such an order are put in front of the new ones.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from engine.store.ingest.entries import INTEGERS, TEXTS, Entries
from engine.store.ingest.intake import Intake
from engine.store.ingest.money import line_amounts
from engine.store.ingest.parsed import NONE, Ints
from engine.store.ingest.readers import CHUNK_ROWS

NAMES = ("seq", *TEXTS, *INTEGERS)
_STORED_FIRST = 1 << 62


class Staging:
    """The temporary tables of one import of orders."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        self.tables = intake.tables
        self.filled = False
        big = "integer" if self.tables.is_sqlite else "bigint"
        for table in ("staged", "pending_refund"):
            self.tables.run(f"drop table if exists {table}")
        columns = ", ".join(f"{name} {'text' if name in TEXTS else big}" for name in NAMES)
        self.tables.run(f"create temporary table staged ({columns})")
        self.tables.run("create index staged_seq on staged (seq)")
        self.tables.run(f"create temporary table pending_refund (order_id {big}, external_id text)")

    def add(self, entries: Entries) -> None:
        """Let entries of the file wait; their row in the file is their place."""
        if len(entries):
            self.filled = True
            self.tables.insert("staged", {"seq": entries["line"], **{name: entries[name] for name in (*TEXTS, *INTEGERS)}})

    def add_stored(self, keys: Ints) -> None:
        """Put the stored lines of orders in front of whatever waits for them."""
        if not len(keys):
            return
        self.filled = True
        place = "case when l.ordinal < 0 then -1 - l.ordinal else l.ordinal end"
        source = {
            "seq": f"o.id * 1048576 + {place} - {_STORED_FIRST}",
            "external_id": "o.external_id",
            "refund_of": "r.external_id",
            "line": "0",
            "booked_id": "o.booked_customer_id",
            "kind": "case when o.kind < 0 then -1 - o.kind else o.kind end",
            "currency_amount": "case when o.currency_id is null then null when l.ordinal in (0, -1) then o.currency_amount else 0 end",
            **{name: f"l.{name}" for name in ("product_id", "quantity", "unit_price", "amount", "cost")},
        }
        table = self.tables.ids_table(np.unique(keys), "restaged")
        self.tables.run(
            f"insert into staged ({', '.join(NAMES)}) select {', '.join(source.get(name, 'o.' + name) for name in NAMES)} "
            f"from {table} join orders o on o.id = {table}.id join order_line l on l.order_id = o.id left join orders r on r.id = o.refund_of"
        )
        self._add_voided(table)
        self._number(keys)

    def _add_voided(self, table: str) -> None:
        """The booked amount of an order is that of the lines that count; here voided ones stand beside them again."""
        query = (
            f"select o.id * 1048576 - 1 - l.ordinal - {_STORED_FIRST}, l.quantity, l.unit_price from {table} join orders o on o.id = {table}.id "
            "join order_line l on l.order_id = o.id where l.ordinal < 0 and o.currency_amount is not null"
        )
        rows = np.array(list(self.tables.rows(query)), np.int64).reshape(-1, 3)
        booked = line_amounts(rows[:, 1], rows[:, 2], self.intake.settings.minor_digits)
        self.tables.many("update staged set currency_amount = currency_amount + ? where seq = ?", booked, rows[:, 0])

    def _number(self, keys: Ints) -> None:
        """Give stored lines that this import brought their rows in the file again; exact where no row between was left out."""
        created = self.intake.rows_of_orders
        mine = [int(key) for key in np.unique(keys) if created and key >= created[0][0]]
        begin = [key * 1048576 - _STORED_FIRST for key in mine]
        rows = [self.intake.row_of(key) for key in mine]
        sql = "update staged set line = ? + seq - ? where seq between ? and ?"
        self.tables.many(sql, rows, begin, begin, [at + 1048575 for at in begin])

    def entries(self) -> Iterator[Entries]:
        """Everything that waits, by order, each order's entries in their sequence."""
        if not self.filled:
            return
        cursor = self.tables.run(f"select {', '.join(NAMES[1:])} from staged order by external_id, seq")
        while rows := cursor.fetchmany(CHUNK_ROWS):
            columns = dict(zip(NAMES[1:], zip(*rows, strict=True), strict=True))
            texts = {name: pa.array(columns[name], pa.string()) for name in TEXTS}
            yield Entries({**{name: _ints(columns[name]) for name in INTEGERS}, **texts})

    def link_refunds(self) -> int:
        """Point refunds at the orders they give back; returns how many name an order that is not stored."""
        self.tables.run("create index pending_refund_order on pending_refund (order_id)")  # without it, refunds × refunds
        self.tables.run(
            "update orders set refund_of = (select max(o.id) from pending_refund p join orders o on o.external_id = p.external_id "
            "and o.source_id = orders.source_id where p.order_id = orders.id) where id in (select order_id from pending_refund)"
        )
        query = "select count(*) from pending_refund p join orders o on o.id = p.order_id where o.refund_of is null"
        return int(self.tables.one(query))

    def close(self) -> None:
        """Remove the temporary tables."""
        for table in ("staged", "pending_refund"):
            self.tables.run(f"drop table if exists {table}")


def _ints(values: tuple[int | None, ...]) -> Ints:
    return np.array([NONE if value is None else value for value in values], np.int64)
