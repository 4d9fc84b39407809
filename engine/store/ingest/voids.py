"""Void facts, and bring them back: they leave every feature at once and stay stored.

A voided order has the complement of its kind, a voided line that of its place, a voided rate is negative: the indexes that
features and conversions read leave them out by themselves. What a source sends again later stays void.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.errors import FactError, did_you_mean
from engine.store import audit
from engine.store.audit import Actor
from engine.store.facts import next_fact_seq, read_settings
from engine.store.ingest.intake import Intake, Rejected, now, source_id
from engine.store.ingest.mapping import load_mapping
from engine.store.ingest.naming import (
    IDS,
    SINGULAR,
    Name,
    Stored,
    check_kind,
    fact_row,
    find,
    names_of,
    refusal,
    source_key,
    unknown,
    written,
)
from engine.store.ingest.products import buyers
from engine.store.ingest.report import ImportReport
from engine.store.ingest.rows import BLOCK_ROWS, Numbered, blocks
from engine.store.ingest.tables import Tables
from engine.store.ingest.totals import sum_up, void_places
from engine.store.session import Store

KINDS = tuple(SINGULAR.values())
_PLURAL = {singular: kind for kind, singular in SINGULAR.items()}


def void(store: Store, kind: str, source: str, external_id: str, actor: str, *, authenticated: bool = False) -> bool:
    """Void one fact (order, customer, product, line, rate). Returns whether it changed; raises `FactError` when it is not there.

    external_id: its id at the source; of a line its order and place (O1/2), of a rate currency and day (EUR/2025-01-31).
    """
    return _one(store, kind, source, external_id, Actor(actor, authenticated), back=False)


def unvoid(store: Store, kind: str, source: str, external_id: str, actor: str, *, authenticated: bool = False) -> bool:
    """Bring one voided fact back. Returns whether it changed."""
    return _one(store, kind, source, external_id, Actor(actor, authenticated), back=True)


def _one(store: Store, kind: str, source: str, external_id: str, actor: Actor, *, back: bool) -> bool:
    if kind not in _PLURAL:
        raise FactError(f"{kind!r} cannot be voided; {did_you_mean(kind, KINDS) or 'expected one of ' + ', '.join(KINDS)}")
    row = fact_row(_PLURAL[kind], external_id)
    with store.together():
        report = void_rows(store, _PLURAL[kind], [(1, row)], source=source, actor=actor.name, authenticated=actor.authenticated, back=back)
        for reason in report.rejected:
            if reason.startswith("unknown "):
                raise FactError(_not_there(kind, external_id))
            raise FactError(f"{external_id!r} cannot be voided: {reason}")
    return report.updated > 0


def _not_there(kind: str, name: str) -> str:
    told = {
        "customer": f"there is no customer {name!r} of this source",
        "product": f"there is no product {name!r} of this source",
        "order": f"there is no order {name!r} of this source",
        "line": f"there is no line {name!r} of this source",
        "rate": f"there is no exchange rate {name!r}",
    }
    return told[kind]


def void_rows(
    store: Store, kind: str, rows: Iterable[Numbered], *, source: str, actor: str, authenticated: bool = False, back: bool = False
) -> ImportReport:
    """Void the facts that numbered rows name, or bring them back; rows that name none are rejected one by one.

    The rows are taken in blocks, so memory does not grow with their number. Raises `FactError` for an unknown kind or source.
    """
    check_kind(kind)
    began = time.perf_counter()
    with store.write() as connection:
        voiding = _Voiding(connection, kind, source, actor, back)
        for block in blocks(rows, BLOCK_ROWS):
            voiding.take(block)
        voiding.finish(Actor(actor, authenticated))
    voiding.report.seconds = time.perf_counter() - began
    return voiding.report


@dataclass(frozen=True, slots=True)
class _Wanted:
    number: int
    row: Any
    name: Name


class _Voiding:
    """One request to void, while it runs."""

    def __init__(self, connection: Any, kind: str, source: str, actor: str, back: bool) -> None:
        self.kind, self.back = kind, back
        seq = next_fact_seq(connection)
        self.tables = Tables(connection)
        settings = read_settings(connection)
        self.source = source_id(self.tables, source) if kind == "rates" else source_key(self.tables, source)
        self.act = "unvoid" if back else "void"
        self.report = ImportReport(self.tables.id("import_batch"), kind, source, "", "")
        mapping = replace(load_mapping(f"tierwise/{kind}", settings=settings), source=source)
        assert self.report.batch is not None
        self.intake = Intake(self.tables, settings, mapping, self.report, self.report.batch, seq, self.source)
        figures = dict.fromkeys(("rows", "created", "updated", "unchanged", "rejected", "ignored"), 0)
        head = {"id": [self.report.batch], "kind": self.act, "source_id": self.source, "file": "", "mapping": "", "actor": actor}
        self.tables.insert("import_batch", {**head, "started_at": now(), "fact_seq": seq, **figures})
        self._last: tuple[Name, Stored] | None = None

    def take(self, block: Sequence[Numbered]) -> None:
        """Void what one block names."""
        names, rejected = names_of(self.kind, block)
        wanted = [_Wanted(number, row, name) for (number, row), name in zip(block, names, strict=True) if name is not None]
        found = find(self.tables, self.kind, self.source, [each.name for each in wanted])
        rejected += [unknown(self.kind, each.number, each.row) for each in wanted if each.name not in found]
        wanted = [each for each in wanted if each.name in found]
        chosen = {each.name: found[each.name] for each in wanted if found[each.name].voided == self.back}
        if self.kind == "lines" and not self.back:
            emptied = self._emptied(chosen)
            refused = [each for each in wanted if each.name in chosen and chosen[each.name].key in emptied]
            rejected += [_only_line(each.number, each.row) for each in refused]
            numbers = {each.number for each in refused}
            wanted = [each for each in wanted if each.number not in numbers]
            chosen = {name: stored for name, stored in chosen.items() if stored.key not in emptied}
        self._write(list(chosen.values()), chosen)
        if chosen:
            self._last = next(iter(chosen.items()))
        self.report.rows += len(block)
        self.report.accepted += len(wanted)
        self.report.updated += len(chosen)
        self.report.unchanged += len(wanted) - len(chosen)
        self.intake.reject(rejected)

    def _emptied(self, chosen: dict[Name, Stored]) -> set[int]:
        """Orders of which no line would count any more."""
        counts: dict[int, int] = {}
        for stored in chosen.values():
            counts[stored.key] = counts.get(stored.key, 0) + 1
        if not counts:
            return set()
        table = self.tables.ids_table(np.array(sorted(counts), np.int64))
        query = f"select l.order_id, count(*) from {table} join order_line l on l.order_id = {table}.id where l.ordinal >= 0 group by l.order_id"
        return {int(key) for key, left in self.tables.rows(query) if left <= counts[key]}

    def _write(self, facts: Sequence[Stored], chosen: dict[Name, Stored]) -> None:
        if not facts:
            return
        keys = np.array([stored.key for stored in facts], np.int64)
        at = "null" if self.back else str(now())
        match self.kind:
            case "customers":
                self.tables.many(f"update customer set voided_at = {at} where id = ?", keys)
            case "products":
                self.tables.many(f"update product set voided_at = {at} where id = ?", keys)
                self.intake.touch(buyers(self.tables, keys))
            case "orders":
                self.tables.many(f"update orders set kind = -1 - kind, voided_at = {at} where id = ?", keys)
            case "lines":
                void_places(self.tables, keys, np.array([stored.place for stored in facts], np.int64), voided=not self.back)
                sum_up(self.tables, keys, self.intake.settings.minor_digits)
            case "rates":
                currencies, days = zip(*chosen, strict=True)
                self.tables.many("update exchange_rate set rate = -rate where currency = ? and day = ?", list(currencies), list(days))
        self.intake.touch(np.array([stored.customer for stored in facts if stored.customer is not None], np.int64))

    def finish(self, actor: Actor) -> None:
        """Stamp the customers touched, and record what was done; what changed nothing leaves no trace."""
        report, tables = self.report, self.tables
        if not report.updated and not report.rejected_rows:
            tables.run("delete from import_batch where id = ?", report.batch)
            report.batch = None
            return
        self.intake.stamp()
        single = report.updated == 1 and report.rows == 1 and self._last is not None
        name = f"{SINGULAR[self.kind]} {written(self.kind, self._last[0])}" if single and self._last else f"{report.updated} {self.kind}"
        figures = (report.rows, report.updated, report.unchanged, report.rejected_rows)
        sql = "update import_batch set finished_at = ?, mapping = ?, rows = ?, updated = ?, unchanged = ?, rejected = ? where id = ?"
        tables.run(sql, now(), name, *figures, report.batch)
        tables.finish_ids()
        action = "fact.unvoid" if self.back else "fact.void"
        subject, details = f"batch:{report.batch}", dict[str, Any](kind=self.kind)
        if single and self._last is not None:
            subject, details = f"{SINGULAR[self.kind]}:{self._subject(*self._last)}", {}
        else:
            action = "fact.unvoid_many" if self.back else "fact.void_many"
            details |= dict(zip(("rows", "updated", "unchanged", "rejected_rows"), figures, strict=True))
        audit.record(
            tables.connection, actor=actor.name, authenticated=actor.authenticated, action=action, subject=subject, details=details
        )

    def _subject(self, name: Name, stored: Stored) -> str:
        """The fact as the audit trail names it: by keys of the store, not by ids that could be personal data."""
        if self.kind == "rates":
            return written("rates", name)
        return f"{stored.key}/{stored.place + 1}" if self.kind == "lines" else str(stored.key)


def _only_line(number: int, row: Any) -> Rejected:
    return refusal(number, row, IDS["lines"][-1], "the only line that counts", "another line that counts; void the order instead")
