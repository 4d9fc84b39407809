"""What was before a run: the base run, the live run, and the base's outcomes as columns.

`previous.<policy>.<output>` is the value in the base run, the newest visible one with an earlier as_of, and never an
earlier attempt at the same as_of; so a run that is repeated reads the same (ENGINE 6).
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, func, select

from engine.columns import Array, Codes, Column, Columns, Flags, freeze
from engine.errors import RunError
from engine.plan import Plan
from engine.policy import Output
from engine.run import empty_column
from engine.store import fixed_values, outcomes
from engine.store.blocks import NONE, Block, restored
from engine.store.fixed_values import FixedValue
from engine.store.models import orders, publication, run
from engine.store.outcomes import RunRecord

DAY = 86_400


@dataclass(slots=True)
class Snapshot:
    """What is read in the same snapshot as the features."""

    version: int | None
    base: RunRecord | None
    base_block: Block | None
    live: RunRecord | None
    live_block: Block | None
    last_order: int | None
    as_of_by_run: Mapping[int, int]
    labels: Mapping[tuple[str, str], Mapping[str, int]]
    newest_run: int
    fixed: Sequence[FixedValue] = ()

    @property
    def base_types(self) -> Mapping[str, str]:
        """The policy type of each output of the base run."""
        return self.base.report["types"] if self.base else {}


def take_snapshot(connection: Connection, as_of: int, *, historical: bool = False) -> Snapshot:
    """Read everything that belongs to one moment: live version, base and live run with their columns, newest order, fixed values."""
    version = connection.scalar(select(publication.c.version_id).order_by(publication.c.id.desc()).limit(1))
    live = outcomes.live_run(connection)
    base = outcomes.base_run(connection, as_of, historical=historical)
    last = connection.scalar(select(func.max(orders.c.ordered_at)).where(orders.c.ordered_at <= as_of))
    live_block = outcomes.load_block(connection, live.id) if live else None
    base_block = live_block if base and live and base.id == live.id else outcomes.load_block(connection, base.id) if base else None
    as_of_by_run = dict(connection.execute(select(run.c.id, run.c.as_of)).all()) if base else {}
    newest = connection.scalar(select(func.max(run.c.id))) or 0
    labels, fixed = outcomes.all_labels(connection), fixed_values.in_force(connection, as_of)
    return Snapshot(version, base, base_block, live, live_block, last, as_of_by_run, labels, newest, fixed)


def snapshot_of(connection: Connection, record: RunRecord, *, block: bool = True) -> Snapshot:
    """What a finished run was based on: the base that it names, whatever has become visible since.

    block: whether the base's outcomes are needed. They are None, too, where retention has removed them.
    """
    base = outcomes.record(connection, record.base_run_id) if record.base_run_id else None
    base_block = None
    if base is not None and block:
        with contextlib.suppress(RunError):
            base_block = outcomes.load_block(connection, base.id)
    as_of_by_run = outcomes.moments_of_runs(connection) if base_block is not None else {}
    labels, fixed = outcomes.all_labels(connection), fixed_values.numbered(connection, record.report.get("fixed", []))
    return Snapshot(record.version_id, base, base_block, None, None, None, as_of_by_run, labels, record.id, fixed)


def previous_columns(plan: Plan, snapshot: Snapshot, customers: Array) -> Columns:
    """The outcomes of the base run as columns; all missing without one, or where it had no such output."""
    declared = {f"{step.entry.key}.{output.name}": output for step in plan.steps for output in step.outputs}
    types = {step.entry.key: step.entry.type for step in plan.steps}
    first = {step.entry.key: step.outputs[0].name for step in plan.steps}
    columns: dict[str, Column] = {}
    for name in plan.previous:
        address = name.removeprefix("previous.")
        since = address.endswith(".since")
        if since:
            address = address.removesuffix(".since")
            address = address if "." in address else f"{address}.{first[address]}"
        output = declared[address]
        policy_type = types[address.partition(".")[0]]
        base = snapshot.base_block
        if base is None or snapshot.base_types.get(address) != policy_type or not len(base.customer_id):
            columns[name] = empty_column(_since_output() if since else output, len(customers))
        elif since:
            columns[name] = _former_since(address, base, snapshot, customers)
        else:
            keys = {number: key for key, number in snapshot.labels.get((address, policy_type), {}).items()}
            columns[name] = _former_values(address, base, output, keys, customers)
    return freeze(columns)


def _since_output() -> Output:
    return Output("since", kind="date")


def _former_since(address: str, base: Block, snapshot: Snapshot, customers: Array) -> Column:
    rows, there = rows_in(base, customers)
    days = np.zeros(max(snapshot.as_of_by_run, default=0) + 1, dtype=np.int64)
    for run_id, as_of in snapshot.as_of_by_run.items():
        days[run_id] = as_of // DAY
    dates = days[base.since[address][rows]].astype("datetime64[D]")
    return np.where(there & (base.values[address][rows] != NONE), dates, np.datetime64("NaT"))


def _former_values(address: str, base: Block, output: Output, keys: Mapping[int, str], customers: Array) -> Column:
    rows, there = rows_in(base, customers)
    column = restored(base.values[address], output, keys)
    if isinstance(column, Codes):
        return Codes(np.where(there, column.codes[rows], NONE), column.values)
    blank = empty_column(output, len(customers))
    return np.where(there, column[rows], blank)  # type: ignore[arg-type]  # not Codes: the column is not


def rows_in(block: Block, customers: Array) -> tuple[Array, Flags]:
    """Where customers in any order stand in a block, and which of them do."""
    order = np.argsort(customers, kind="stable")
    rows, there = block.rows_of(customers[order])
    unsorted, present = np.empty_like(rows), np.empty_like(there)
    unsorted[order], present[order] = rows, there
    return unsorted, present


def former_lanes(former: RunRecord | None) -> dict[str, tuple[int, int]]:
    """The digest lanes of a run's outputs, which stand in for outputs that a fault leaves stale."""
    lanes = former.report["lanes"] if former else {}
    return {address: (int(pair[0], 16), int(pair[1], 16)) for address, pair in lanes.items()}
