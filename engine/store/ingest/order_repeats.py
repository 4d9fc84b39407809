"""After a first import without look-ups: orders that were stored in several pieces become one."""

from __future__ import annotations

import json

import numpy as np

from engine.store.ingest.intake import Intake, Rejected
from engine.store.ingest.parsed import Ints
from engine.store.ingest.staging import Staging

UNIQUE = "ux_orders_external_id"


def settle_stored_repeats(intake: Intake, staging: Staging, lines: bool) -> None:
    """Find the order ids that this batch stored more than once, and leave one order of each.

    Lines: the pieces' lines wait in `staging`, in the sequence of the file. One row per order: the first stays, identical
    ones are dropped, others rejected.
    """
    tables = intake.tables
    tables.run("create index piecewise on orders (source_id, external_id)")
    query = "select external_id from orders where source_id = ? group by external_id having count(*) > 1"
    tables.run("drop table if exists repeated")
    tables.run(f"create temporary table repeated as {query.replace('?', str(intake.source))}")
    pieces = np.array(
        list(
            tables.rows(
                "select o.id, min(o.id) over (partition by o.external_id) from repeated r "
                "join orders o on o.source_id = ? and o.external_id = r.external_id order by o.id",
                intake.source,
            )
        ),
        np.int64,
    ).reshape(-1, 2)
    keys, kept = pieces[:, 0], pieces[:, 1]
    if lines:
        staging.add_stored(keys)
        uncount_stored(intake, keys)
        intake.report.created -= len(keys)
    else:
        _drop_repeated_rows(intake, keys, kept)
    surplus = keys[keys != kept]
    tables.many("delete from order_line where order_id = ?", surplus)
    tables.many("delete from pending_refund where order_id = ?", surplus)
    tables.many("delete from orders where id = ?", surplus)
    tables.run("drop table repeated")
    tables.run("drop index piecewise")


def _drop_repeated_rows(intake: Intake, keys: Ints, kept: Ints) -> None:
    """Count identical rows as unchanged and reject the others."""
    surplus = keys != kept
    uncount_stored(intake, keys[surplus])
    intake.report.created -= int(surplus.sum())
    table = intake.tables.ids_table(np.unique(keys))
    query = (
        f"select o.id, o.external_id, o.content_hash, o.customer_id, o.ordered_at, o.amount from {table} join orders o on o.id = {table}.id"
    )
    stored = {row[0]: row[1:] for row in intake.tables.rows(query)}
    rejected: list[Rejected] = []
    for key, first in zip(keys[surplus].tolist(), kept[surplus].tolist(), strict=True):
        if stored[key][1:3] == stored[first][1:3]:
            intake.report.unchanged += 1
            continue
        external = stored[key][0]
        document = dict(zip(("order", "content_hash", "customer_id", "ordered_at", "amount"), stored[key], strict=True))
        expected = f"one row per order; row {intake.row_of(first)} has it already, with other content"
        rejected.append(Rejected(intake.row_of(key), "order", "order twice in the file", external, expected, json.dumps(document)))
    intake.report.accepted -= len(rejected)
    intake.reject(rejected)


def uncount_stored(intake: Intake, keys: Ints) -> None:
    """Take stored orders out of the report's totals."""
    if not len(keys):
        return
    table = intake.tables.ids_table(np.unique(keys))
    query = f"select o.kind, count(*), sum(o.amount) from {table} join orders o on o.id = {table}.id group by o.kind"
    for kind, count, amount in intake.tables.rows(query):
        if kind in (0, -1):
            intake.report.orders -= count
            intake.report.amount -= int(amount)
        else:
            intake.report.refunds -= count
            intake.report.refund_amount -= int(amount)
