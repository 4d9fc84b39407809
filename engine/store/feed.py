"""The feed of changes: what moved, in the order in which it became visible, without gaps.

Whenever a run becomes visible, its transaction adds the next number to `feed`, under the lock that orders writers of
outcomes. What moved between the run that was visible before and this one is the difference of their blocks, so that a run
that supersedes another, or that was held and released, is told as what it changed for whoever follows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, func, select

from engine.columns import Array
from engine.store import outcomes
from engine.store.blocks import NONE, Block
from engine.store.models import feed
from engine.store.outcomes import RunRecord


@dataclass(frozen=True, slots=True)
class Step:
    """One run becoming visible. former: what was visible before; None for the first."""

    seq: int
    run_id: int
    former_run_id: int | None
    at: int


@dataclass(frozen=True, slots=True)
class Moves:
    """What one step moved: parallel arrays by ascending customer, then output; closed: outputs that are gone.

    was, now: positions in `values`, -1 for none. reason: position in the run's reasons, -1 for none.
    """

    record: RunRecord
    customer_id: Array
    output: Array
    was: Array
    now: Array
    reason: Array
    addresses: Sequence[str]
    values: Sequence[str]
    closed: Sequence[str]


def head(connection: Connection) -> int:
    """The newest number; 0 before the first."""
    return int(connection.scalar(select(func.max(feed.c.seq))) or 0)


def steps(connection: Connection, after: int, limit: int = 1) -> list[Step]:
    """The steps that follow a number."""
    rows = connection.execute(select(feed).where(feed.c.seq > after).order_by(feed.c.seq).limit(limit))
    return [Step(row.seq, row.run_id, row.former_run_id, row.at) for row in rows]


def moves(connection: Connection, step: Step) -> Moves:
    """What a step moved. Raises `RunError` when a block of it is no longer kept."""
    record = outcomes.record(connection, step.run_id)
    new = outcomes.load_block(connection, step.run_id)
    former_record = outcomes.record(connection, step.former_run_id) if step.former_run_id is not None else None
    former = outcomes.load_block(connection, step.former_run_id) if step.former_run_id is not None else Block(np.empty(0, np.int64))
    types: Mapping[str, str] = record.report["types"]
    old_types: Mapping[str, str] = former_record.report["types"] if former_record else {}
    addresses = sorted(address for address in new.since if address in types)
    closed = sorted(address for address in former.since if address in old_types and types.get(address) != old_types[address])
    labels = outcomes.all_labels(connection)
    values: list[str] = ["false", "true"]
    parts: list[tuple[Array, Array, Array, Array, Array]] = []
    for number, address in enumerate(addresses):
        was, now, customers, reason = _differences(address, new, former if old_types.get(address) == types[address] else None)
        if record.report["kinds"][address] != "flag":
            table, values = _table(labels.get((address, types[address]), {}), values)
            was, now = table[was], table[now]
        parts.append((customers, np.full(len(customers), number, np.int16), was, now, reason))
    columns = [np.concatenate(arrays) for arrays in zip(*parts, strict=True)] if parts else [np.empty(0, np.int64)] * 5
    order = np.lexsort((columns[1], columns[0]))
    customers, outputs, was, now, reason = (column[order] for column in columns)
    return Moves(record, customers, outputs, was, now, reason, addresses, values, closed)


def _table(ids: Mapping[str, int], values: list[str]) -> tuple[Array, list[str]]:
    """From label ids to positions in `values`, which grows; the last element stands for none."""
    table = np.full(max(ids.values(), default=0) + 2, NONE, dtype=np.int64)
    for offset, number in enumerate(ids.values()):
        table[number] = len(values) + offset
    return table, [*values, *ids]


def _differences(address: str, new: Block, former: Block | None) -> tuple[Array, Array, Array, Array]:
    now = new.values[address].astype(np.int64)
    policy = address.partition(".")[0]
    reasons = new.reason[policy].astype(np.int64) if policy in new.reason else np.full(len(now), NONE)
    if former is None or not len(former.customer_id):
        at = np.flatnonzero(now != NONE)
        return np.full(len(at), NONE), now[at], new.customer_id[at], np.full(len(at), NONE)
    rows, there = former.rows_of(new.customer_id)
    was = np.where(there, former.values[address][rows].astype(np.int64), NONE)
    at = np.flatnonzero(now != was)
    left = np.flatnonzero(~new.rows_of(former.customer_id)[1])
    left = left[former.values[address][left] != NONE]
    gone = np.full(len(left), NONE)
    reason = np.where(now[at] == NONE, reasons[at], NONE)
    return (
        np.concatenate([was[at], former.values[address][left].astype(np.int64)]),
        np.concatenate([now[at], gone]),
        np.concatenate([new.customer_id[at], former.customer_id[left]]),
        np.concatenate([reason, gone]),
    )


def written_moves(moves: Moves, rows: slice, names: Mapping[int, Any], as_of: str) -> list[dict[str, Any]]:
    """Some rows as plain objects. names: external ids by internal key."""
    values = [*moves.values, None]
    reasons = [words[-1] for words in moves.record.report["reasons"]]
    found = []
    for customer, output, was, now, reason in zip(
        *(a[rows].tolist() for a in (moves.customer_id, moves.output, moves.was, moves.now, moves.reason)), strict=True
    ):
        found.append(
            {
                "type": "change",
                "customer": names.get(customer),
                "output": moves.addresses[output],
                "was": values[was],
                "now": values[now],
                "reason": reasons[reason] if reason >= 0 else None,
                "run": moves.record.id,
                "as_of": as_of,
            }
        )
    return found
