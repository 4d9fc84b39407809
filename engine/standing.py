"""What a run needs from the store to make effective values of computed ones: how damped outputs stood, what is fixed.

Damping remembers nothing but the block and the report of the base run; values fixed by hand are those that were
approved for the moment of the run, as its snapshot read them.
"""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np

from engine.columns import Array, Codes
from engine.effective import NO_MOMENT, NOT_FIXED, Effects, Stood
from engine.former import Snapshot, rows_in
from engine.plan import Plan
from engine.policy import Output
from engine.store.blocks import NONE, restored
from engine.store.fixed_values import FixedValue

FLAGS = ("false", "true")
"""The values of a flag as they are fixed by hand, in the order of their codes."""


def effects_of(plan: Plan, snapshot: Snapshot, customers: Array, not_graded: Codes | None, as_of: int, zone: ZoneInfo) -> Effects:
    """What makes effective values of computed ones in a run: how damped outputs stood in the base run, and what is fixed."""
    stood = {}
    for step in plan.steps:
        for output in step.outputs:
            address = f"{step.entry.key}.{output.name}"
            if output.name in step.entry.damping and (found := _stood(address, step.entry.type, output, snapshot, customers)):
                stood[address] = found
    return Effects(as_of, zone, stood, _fixed_codes(plan, snapshot.fixed, customers, not_graded))


def _stood(address: str, policy_type: str, output: Output, snapshot: Snapshot, customers: Array) -> Stood | None:
    """The base run's side of one damped output; where it was not damped there, its value is what was computed."""
    base = snapshot.base_block
    if base is None or snapshot.base is None or snapshot.base_types.get(address) != policy_type or address not in base.values:
        return None
    rows, there = rows_in(base, customers)
    keys = {number: key for key, number in snapshot.labels.get((address, policy_type), {}).items()}

    def codes(stored: Array) -> Array:
        column = restored(stored, output, keys)
        assert isinstance(column, Codes)
        return np.where(there & (column.codes[rows] < len(output.keys)), column.codes[rows], NONE)

    effective = base.values[address]
    computed = base.computed.get(address, effective)
    undamped = effective if address not in base.computed else computed
    standing = base.standing.get(address, effective if address in base.computed_since else undamped)
    if address in base.computed_since:
        since = base.computed_since[address].astype(np.int64)[rows]
    else:  # not damped then: a value that nobody fixed has stood since it began
        moments = np.zeros(max(snapshot.as_of_by_run, default=0) + 1, dtype=np.int64)
        for run_id, moment in snapshot.as_of_by_run.items():
            moments[run_id] = moment
        began = moments[base.since[address]] if address in base.since else np.full(len(effective), snapshot.base.as_of)
        since = np.where(effective == computed, began, snapshot.base.as_of)[rows]
    settled = snapshot.base.report.get("settled", {}).get(address, snapshot.base.as_of)
    return Stood(codes(standing), codes(computed), np.where(there, since, NO_MOMENT), settled)


def _fixed_codes(plan: Plan, fixed: Sequence[FixedValue], customers: Array, not_graded: Codes | None) -> dict[str, Array]:
    """The values fixed by hand as codes over all rows, by address; those that rest are left out."""
    rows = fixed_rows(fixed, customers, not_graded)
    declared = declared_values(plan)
    found: dict[str, Array] = {}
    for one, row in zip(fixed, rows, strict=True):
        keys = declared.get(one.address, ())
        if row is not None and one.value in keys:
            codes = found.setdefault(one.address, np.full(len(customers), NOT_FIXED, dtype=np.int32))
            codes[row] = keys.index(one.value)
    return found


def fixed_rows(fixed: Sequence[FixedValue], customers: Array, not_graded: Codes | None) -> list[int | None]:
    """The row of each fixed value's customer; None where the customer is not in the run, or not graded."""
    if not fixed:
        return []
    order = np.argsort(customers, kind="stable")
    wanted = np.array([one.customer_id for one in fixed], dtype=np.int64)
    at = np.searchsorted(customers, wanted, sorter=order).clip(max=max(len(customers) - 1, 0))
    rows = order[at] if len(customers) else np.zeros(len(wanted), dtype=np.int64)
    there = customers[rows] == wanted if len(customers) else np.zeros(len(wanted), dtype=bool)
    if not_graded is not None and len(customers):
        there = there & not_graded.missing[rows]
    return [int(row) if here else None for row, here in zip(rows, there, strict=True)]


def declared_values(plan: Plan) -> dict[str, tuple[str, ...]]:
    """What can be fixed: by address of a label or flag output, its values in the order of their codes."""
    return {
        f"{step.entry.key}.{output.name}": output.keys if output.kind == "label" else FLAGS
        for step in plan.steps
        for output in step.outputs
        if output.kind in ("label", "flag")
    }


def resting(plan: Plan, fixed: Sequence[FixedValue], customers: Array, not_graded: Codes | None) -> list[str]:
    """A warning for each fixed value in force that changes nothing in this run, and why."""
    declared = declared_values(plan)
    found = []
    for one, row in zip(fixed, fixed_rows(fixed, customers, not_graded), strict=True):
        keys = declared.get(one.address)
        if keys is None:
            why = f"this rulebook has no output {one.address}"
        elif one.value not in keys:
            why = f"{one.address} has no value {one.value!r} any more"
        elif row is None:
            why = "the customer is not graded, or no longer in the store"
        else:
            continue
        found.append(f"fixed value {one.id} ({one.address} = {one.value}) rests: {why}")
    return found
