"""Import batches: list what was rejected, and take a whole batch back.

Taking back removes what the batch created and restores what it changed. Facts that a later batch changed again are not
touched: then nothing is, and the error names them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.errors import FactError
from engine.store import audit
from engine.store.facts import next_fact_seq
from engine.store.ingest import restore
from engine.store.ingest.intake import now
from engine.store.ingest.tables import Tables
from engine.store.session import Store

REJECTED_COLUMNS = ("batch", "file", "line", "column", "reason", "found", "expected", "row")
NAMED = 5


@dataclass(frozen=True, slots=True)
class UndoReport:
    """What taking a batch back did: facts removed (customers are voided instead), and facts restored."""

    batch: int
    removed: int
    restored: int


def rejected(store: Store, batch: int | None = None) -> dict[str, list[Any]]:
    """The rejected rows of one batch, or of all, as columns: batch, file, line, column, reason, found, expected, row (JSON)."""
    query = "select b.id, b.file, r.line, r.field, r.reason, r.found, r.expected, r.row from rejected_row r join import_batch b on b.id = r.batch_id "
    with store.read() as connection:
        tables = Tables(connection)
        if batch is None:
            rows = list(tables.rows(query + "order by r.id"))
        else:
            rows = list(tables.rows(query + "where b.id = ? order by r.id", batch))
    return {name: [row[i] for row in rows] for i, name in enumerate(REJECTED_COLUMNS)}


def undo(store: Store, batch: int, actor: str, *, authenticated: bool = False) -> UndoReport:
    """Take an import batch back, in one transaction.

    Raises `FactError` when there is no such batch, when it was undone already, when a later batch changed its facts
    again, or when orders of other batches belong to its customers.
    """
    with store.write() as connection:
        seq = next_fact_seq(connection)
        tables = Tables(connection)
        source = _check(tables, batch)
        touched: list[Any] = []
        restored = restore.former_facts(tables, batch, touched)
        removed = restore.remove_created(tables, batch, touched)
        tables.run("delete from former_fact where batch_id = ?", batch)
        tables.run("update import_batch set undone_at = ? where id = ?", now(), batch)
        ids = np.unique(np.array(touched, np.int64))
        tables.many(f"update customer set fact_seq = {seq} where id = ?", ids)
        note_act(tables, "undo", source, f"batch {batch}", actor, seq)
        tables.finish_ids()
        audit.record(
            connection,
            actor=actor,
            authenticated=authenticated,
            action="import.undo",
            subject=f"batch:{batch}",
            details={"removed": removed, "restored": restored},
        )
    return UndoReport(batch, removed, restored)


def note_act(tables: Tables, kind: str, source: int, what: str, actor: str, seq: int) -> None:
    """Record who changed facts by hand, as a batch of its own without rows."""
    figures = dict.fromkeys(("rows", "created", "updated", "unchanged", "rejected", "ignored"), 0)
    tables.insert(
        "import_batch",
        {
            "id": tables.ids("import_batch", 1),
            "kind": kind,
            "source_id": source,
            "file": "",
            "mapping": what,
            "actor": actor,
            "started_at": now(),
            "finished_at": now(),
            "fact_seq": seq,
            **figures,
        },
    )


def _check(tables: Tables, batch: int) -> int:
    row = tables.run("select kind, source_id, undone_at from import_batch where id = ?", batch).fetchone()
    if row is None:
        newest = tables.one("select max(id) from import_batch")
        raise FactError(f"there is no import batch {batch}; the newest is {newest}")
    kind, source, undone = row
    if kind not in ("customers", "products", "orders", "lines", "rates"):
        raise FactError(f"batch {batch} is not an import, but a record of {kind}; it cannot be undone")
    if undone is not None:
        raise FactError(f"import batch {batch} was undone already")
    again = list(tables.rows("select kind, fact_id, batch_id from former_fact where was_batch_id = ? order by id", batch))
    if again:
        named = ", ".join(f"{restore.name_of(tables, kind, key)} (batch {later})" for kind, key, later in again[:NAMED])
        more = f" and {len(again) - NAMED} more" if len(again) > NAMED else ""
        raise FactError(f"batch {batch} cannot be undone: later batches changed its facts again: {named}{more}; undo those first")
    if kind == "customers":
        _check_customers(tables, batch)
    return int(source)


def _check_customers(tables: Tables, batch: int) -> None:
    created = restore.created_sql("customer")
    query = (
        f"select o.batch_id, count(*) from customer c join orders o on o.customer_id = c.id where {created} and o.batch_id <> c.batch_id "
        "group by o.batch_id order by o.batch_id"
    )
    used = list(tables.rows(query, batch, batch))
    if used:
        told = ", ".join(f"{count:,} of batch {other}" for other, count in used[:NAMED])
        raise FactError(f"batch {batch} cannot be undone: orders belong to its customers: {told}; undo those first")
    joined = tables.one(
        f"select c.external_id from customer c where {created} and (c.merged_into is not null or exists "
        "(select 1 from customer l where l.merged_into = c.id))",
        batch,
        batch,
    )
    if joined is not None:
        raise FactError(f"batch {batch} cannot be undone: its customer {joined} was joined with another; separate them first")
