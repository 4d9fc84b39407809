"""Orders and order lines: created, compared as a whole, replaced where they differ.

The order is the unit of upsert (ENGINE 28): a hash over all its lines tells whether it changed. Lines that stand
together are settled at once. What cannot be settled at first sight waits in `staging` for the end of the file.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from sqlalchemy.exc import IntegrityError

from engine.errors import FactError
from engine.store.ingest import upsert
from engine.store.ingest.clean import AMOUNT_LIMIT, Rows
from engine.store.ingest.entries import Entries, Grouped, concat, group
from engine.store.ingest.intake import Intake, Rejected
from engine.store.ingest.order_repeats import UNIQUE, settle_stored_repeats, uncount_stored
from engine.store.ingest.order_rows import KnownOrders, find_orders, insert_orders, replace_orders
from engine.store.ingest.parsed import NONE, Flags, Ints
from engine.store.ingest.resolve import Resolver
from engine.store.ingest.staging import Staging
from engine.store.ingest.tables import BULK_INDEXES

MAX_LINES = 1_000_000
BULK_ROWS = 1_000
SETTLED, STAGED = 1, 2


class OrderLoader:
    """Brings orders, one row each, or order lines into the store."""

    def __init__(self, intake: Intake, expected_rows: int) -> None:
        self.intake = intake
        self.lines = intake.mapping.kind == "lines"
        tables = intake.tables
        stored = int(tables.one("select coalesce(max(id), 0) from orders"))
        bulk = expected_rows > BULK_ROWS and expected_rows >= stored * (3 if self.lines else 1)
        # Without any order of this source nothing has to be looked up, so even the unique index can wait for the end.
        self.blind = bulk and tables.one("select id from orders where source_id = ? limit 1", intake.source) is None
        self._dropped = [*BULK_INDEXES["orders"], *([UNIQUE] if self.blind else [])] if bulk else []
        tables.drop_indexes(self._dropped)
        self._resolver = Resolver(intake)
        self._staging = Staging(intake)
        self._state = np.zeros(1024, np.uint8)  # per order key: seen in this file? One byte per stored order
        self._carry: list[Entries] = []

    def take(self, rows: Rows) -> None:
        """Settle the orders of one chunk; of lines, the last order waits for the next chunk."""
        entries = self._resolver.entries(rows)
        if not self.lines:
            self._settle_repeats(rows, entries)
        entries = entries.take(np.flatnonzero(rows.alive))
        if self.lines:
            entries = self._complete(entries)
        self._settle(entries)

    def finish(self) -> None:
        """Settle what waited, make the dropped indexes again, link refunds to their orders."""
        self._settle_carry()
        if self.blind:
            self._create_unique()
        self.intake.tables.create_indexes([name for name in self._dropped if name != UNIQUE])
        for entries in self._staging.entries():
            self._settle(self._complete(entries), final=True)
        self._settle_carry(final=True)
        unlinked = self._staging.link_refunds()
        if unlinked:
            self.intake.report.warnings.append(f"{unlinked:,} refunds name an order that is not stored; they count, without the link")
        self._staging.close()
        if self.lines:
            self.intake.report.lines = self.intake.report.accepted

    def _create_unique(self) -> None:
        """The unique index finds out by itself whether any order came in two pieces."""
        tables = self.intake.tables
        try:
            with tables.connection.begin_nested():
                tables.create_indexes([UNIQUE])
        except Exception as error:
            if not _is_repeat(error):
                raise
            settle_stored_repeats(self.intake, self._staging, self.lines)
            tables.create_indexes([UNIQUE])
        self.blind = False

    def _complete(self, entries: Entries) -> Entries:
        """Hold back the last order, whose lines may go on in the next chunk."""
        if not len(entries):
            return entries
        entries = concat([*self._carry, entries])
        external = entries["external_id"]
        last = external[len(external) - 1]
        tail = np.asarray(_equal(external, last))
        if tail.sum() > MAX_LINES:
            raise FactError(f"order {last.as_py()} has more than {MAX_LINES:,} lines; is {self._column('order')} the right column?")
        self._carry = [entries.take(np.flatnonzero(tail))]
        return entries.take(np.flatnonzero(~tail))

    def _settle_carry(self, *, final: bool = False) -> None:
        carry, self._carry = self._carry, []
        if carry:
            self._settle(concat(carry), final=final)

    def _settle_repeats(self, rows: Rows, entries: Entries) -> None:
        """In a file with one row per order, an id that stands twice is a fault unless the rows agree."""
        chosen = np.flatnonzero(rows.alive)
        if len(chosen):
            first, _ = upsert.first_rows(entries["external_id"], chosen)
            columns = {name: column for name, column in entries.columns.items() if name != "line"}
            identical = upsert.settle_repeats(rows, chosen, first, columns, "order")
            self.intake.report.unchanged += identical
            if identical:  # accepted, but nothing is left to store
                repeated = upsert.where(len(rows), chosen[(chosen != first) & rows.alive[chosen]])
                rows.drop_repeated(repeated)

    def _settle(self, entries: Entries, *, final: bool = False) -> None:
        if not len(entries):
            return
        grouped = group(entries)
        if self.blind:
            self._created(grouped, self._refuse(grouped))
            return
        known = find_orders(self.intake, grouped.orders["external_id"])
        sound = self._refuse(grouped, known, final=final)
        new = sound & (known.key < 0)
        self._created(grouped, new)
        if (known.key >= 0).any():
            settle = self._settle_staged if final else self._settle_known
            settle(grouped, sound & (known.key >= 0), known)

    def _refuse(self, grouped: Grouped, known: KnownOrders | None = None, *, final: bool = False) -> Flags:
        """Reject orders whose lines disagree, or that sum up beyond the limit."""
        bad = grouped.conflict != ""
        large = ~bad & (grouped.orders["amount"] > AMOUNT_LIMIT)
        for row in np.flatnonzero(bad | large).tolist():
            words = grouped.conflict[row]
            reason, found = (f"two {words} in one order", f"two {words}") if words else ("amount too large", "a sum beyond the limit")
            expected = "lines of one order that agree" if words else "at most 10^15 minor units in an order"
            self._reject(grouped, row, reason, found, expected, int(known.key[row]) if final and known else -1)
        return np.asarray(~bad & ~large)

    def _reject(self, grouped: Grouped, order: int, reason: str, found: str, expected: str, key: int = -1) -> None:
        """Reject all lines of an order; the rows kept are the cleaned ones.

        key: the order as stored, when earlier lines of it were stored already; if by this file, they are taken back.
        """
        where = np.zeros(len(grouped), bool)
        where[order] = True
        rows = grouped.entries_of(where)
        external = grouped.orders["external_id"][order].as_py()
        if key >= 0:
            self._take_back(key)
        kept: list[Rejected] = []
        for row in rows.tolist():
            line = int(grouped.entries["line"][row])
            if line:  # 0 for lines of an earlier import, which are not rows of this file
                document = json.dumps(_plain(grouped, external, row), ensure_ascii=False)
                kept.append(Rejected(line, self._column("order"), reason, found, expected, document))
        self.intake.report.accepted -= len(kept)
        self.intake.reject(kept)

    def _take_back(self, key: int) -> None:
        """Remove an order that this file brought before it contradicted itself; one of an earlier import stays."""
        tables = self.intake.tables
        if tables.one("select batch_id from orders where id = ?", key) != self.intake.batch:
            return
        for table, column in (("order_line", "order_id"), ("pending_refund", "order_id"), ("orders", "id")):
            tables.run(f"delete from {table} where {column} = ?", key)

    def _column(self, name: str) -> str:
        column = self.intake.mapping.columns.get(name)
        return column.column if column else name

    def _created(self, grouped: Grouped, which: Flags) -> None:
        keys = insert_orders(self.intake, grouped, which)
        self.intake.report.created += len(keys)
        self._mark(keys, SETTLED)
        self._count(grouped, which)

    def _settle_known(self, grouped: Grouped, which: Flags, known: KnownOrders) -> None:
        """Orders that are stored: unchanged, replaced, older, or seen in this file before."""
        state = np.where(which, self._state_of(np.maximum(known.key, 0)), 0)
        same = which & (grouped.orders["content_hash"] == known.content_hash) & (grouped.orders["customer_id"] == known.customer_id)
        fresh = which & (state == 0)
        older = fresh & ~same & (grouped.orders["version"] != NONE) & (known.version != NONE) & (grouped.orders["version"] < known.version)
        self._ignore_older(grouped, older)
        fresh &= ~older
        unchanged = fresh & same & (not self._appends)
        self.intake.report.unchanged += int(unchanged.sum())
        self._mark(known.key[unchanged], SETTLED)
        self._count(grouped, unchanged)
        changed = fresh & ~unchanged
        if self.lines:
            self._stage(grouped, changed | (which & (state > 0)), changed, state, known)
        else:
            self._replace(grouped, changed, known)
            self._repeated(grouped, which & (state > 0), same)

    @property
    def _appends(self) -> bool:
        return self.lines and self.intake.mapping.lines == "append"

    def _stage(self, grouped: Grouped, which: Flags, changed: Flags, state: Any, known: KnownOrders) -> None:
        """Let lines wait, with the stored ones in front where the file only adds to them."""
        restage = which & (state == SETTLED)
        if self._appends:
            restage |= changed
        self._staging.add_stored(known.key[restage])
        self._uncount(known, which & (state == SETTLED))
        self._staging.add(grouped.entries.take(grouped.entries_of(which)))
        self._mark(known.key[which], STAGED)

    def _settle_staged(self, grouped: Grouped, which: Flags, known: KnownOrders) -> None:
        """Orders whose lines are complete now."""
        mine = known.batch_id == self.intake.batch
        same = which & (grouped.orders["content_hash"] == known.content_hash) & (grouped.orders["customer_id"] == known.customer_id)
        replaced = which & ~same
        replace_orders(self.intake, grouped, replaced, known)
        report = self.intake.report
        report.created += int((which & mine).sum())
        report.unchanged += int((same & ~mine).sum())
        report.updated += int((replaced & ~mine).sum())
        self._count(grouped, which)

    def _replace(self, grouped: Grouped, which: Flags, known: KnownOrders) -> None:
        replace_orders(self.intake, grouped, which, known)
        self.intake.report.updated += int(which.sum())
        self._mark(known.key[which], SETTLED)
        self._count(grouped, which)

    def _repeated(self, grouped: Grouped, which: Flags, same: Flags) -> None:
        """One row per order, and the id stood in an earlier chunk."""
        self.intake.report.unchanged += int((which & same).sum())
        for row in np.flatnonzero(which & ~same).tolist():
            external = grouped.orders["external_id"][row].as_py()
            self._reject(
                grouped, row, "order twice in the file", external, "one row per order; it stands further up already, with other content"
            )

    def _ignore_older(self, grouped: Grouped, older: Flags) -> None:
        rows = int(grouped.counts[older].sum())
        self.intake.report.accepted -= rows
        self.intake.report.count_ignored("older than what is stored", rows)

    def _count(self, grouped: Grouped, which: Flags, sign: int = 1) -> None:
        """Add orders to the report's totals."""
        if not which.any():
            return
        report, orders = self.intake.report, grouped.orders
        sales, refunds = which & (orders["kind"] == 0), which & (orders["kind"] == 1)
        report.orders += int(sales.sum())
        report.refunds += int(refunds.sum())
        report.amount += int(orders["amount"][sales].sum())
        report.refund_amount += int(orders["amount"][refunds].sum())
        first, last = int(orders["ordered_at"][which].min()), int(orders["ordered_at"][which].max())
        report.first = first if report.first is None else min(report.first, first)
        report.last = last if report.last is None else max(report.last, last)

    def _uncount(self, known: KnownOrders, which: Flags) -> None:
        """Take orders out of the totals that were settled too early: more of their lines came."""
        if which.any():
            mine = known.batch_id[which] == self.intake.batch
            self.intake.report.created -= int(mine.sum())
            self.intake.report.unchanged -= int((~mine).sum())
            uncount_stored(self.intake, known.key[which])

    def _state_of(self, keys: Ints) -> Any:
        self._grow(keys)
        return self._state[keys]

    def _mark(self, keys: Ints, state: int) -> None:
        if not self.blind:
            self._grow(keys)
            self._state[keys] = state

    def _grow(self, keys: Ints) -> None:
        top = int(keys.max()) if len(keys) else 0
        if top >= len(self._state):
            self._state = np.concatenate([self._state, np.zeros(max(top + 1 - len(self._state), len(self._state)), np.uint8)])


def _plain(grouped: Grouped, external: str, row: int) -> dict[str, Any]:
    """A cleaned line, for the record of rejected rows."""
    names = ("customer_id", "ordered_at", "kind", "product_id", "quantity", "unit_price", "amount")
    values = {name: int(grouped.entries[name][row]) for name in names}
    return {"order": external, **{name: None if value == NONE else value for name, value in values.items()}}


def _equal(texts: Any, value: Any) -> Any:
    import pyarrow.compute as pc

    return pc.equal(texts, value).to_numpy(zero_copy_only=False)


def _is_repeat(error: Exception) -> bool:
    """Whether making the unique index failed because an order id occurs twice."""
    import sqlite3

    return isinstance(error, IntegrityError | sqlite3.IntegrityError)
