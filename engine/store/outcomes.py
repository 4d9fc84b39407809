"""Keep the outcome of a run: its block, its changes, the current assignments; and make it visible in one moment.

Only what changed is written. The base run (newest visible one with an earlier as_of) says what is a change; the live
run (newest visible one) says what `current` holds now; they differ when a run supersedes one at its own as_of.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import Connection, delete, func, insert, select, text, update

from engine import clock
from engine.columns import Array, Flags
from engine.errors import RunError
from engine.store.blocks import NONE, Block, decode
from engine.store.bulk import insert_columns, update_columns
from engine.store.models import SLOTS, block, change, current, feed, label, output, rule_hit, run, run_state, slot_name
from engine.store.models import label_summary as summary_table
from engine.store.session import one_writer

MOST_LABELS = 2**15 - 1
"""Ids of labels that fit into a cell of `current`; they are never used again, so they count over all rulebooks."""

THIS_RUN = 0
"""How a block writes its own run into a since-column, before the run has a number."""


@dataclass(slots=True)
class RunRecord:
    """One row of `run`, with its report read."""

    id: int
    key: str
    version_id: int
    fingerprint: str
    as_of: int
    base_run_id: int | None
    base_digest: str | None
    fact_seq: int
    status: str
    historical: bool
    started_at: int
    finished_at: int
    visible_at: int | None
    actor: str
    customers: int
    digest: str
    report: dict[str, Any]
    batch_id: int | None = None
    released_by: str | None = None

    @property
    def outputs(self) -> dict[str, dict[str, int]]:
        """Customers per label (or flag), by address: {"rfm.segment": {"champions": 633}}."""
        return dict(self.report["outputs"])

    @property
    def graded(self) -> dict[str, int]:
        """Customers with an outcome, by policy: all customers less those withheld."""
        return dict(self.report["graded"])

    @property
    def withheld(self) -> dict[str, dict[str, int]]:
        """Customers without an outcome, by policy and reason."""
        return dict(self.report["withheld"])

    @property
    def faults(self) -> dict[str, str]:
        """What went wrong, by policy; its former outcome stands."""
        return dict(self.report["faults"])

    @property
    def held(self) -> list[str]:
        """Why the run is held, in words; empty for a run that is not."""
        return list(self.report["held"])

    @property
    def warnings(self) -> list[str]:
        """What a reader should know, though nothing is wrong."""
        return list(self.report["warnings"])

    @property
    def reading(self) -> dict[str, Any] | None:
        """Whose features were read from the facts, as of `engine.reading.Reading`; None for a run made before it was told."""
        found = self.report.get("reading")
        return {name: value for name, value in found.items() if name != "token"} if found else None

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds per step, in order."""
        return dict(self.report.get("seconds", {}))


@dataclass(slots=True)
class Finished:
    """A computed run on its way into the store."""

    values: dict[str, Any]
    outcome_block: bytes
    input_block: bytes
    states: list[dict[str, Any]] = field(default_factory=list)
    summary: list[dict[str, Any]] = field(default_factory=list)
    hits: list[dict[str, Any]] = field(default_factory=list)


def record(connection: Connection, run_id: int) -> RunRecord:
    """A run by its number. Raises `RunError`."""
    row = connection.execute(select(run).where(run.c.id == run_id)).mappings().first()
    if row is None:
        newest = connection.scalar(select(func.max(run.c.id)))
        raise RunError(f"there is no run {run_id}; " + (f"the newest is {newest}" if newest else "nothing has run yet"))
    return _record(row)


def _record(row: Any) -> RunRecord:
    values = dict(row)
    values["report"] = json.loads(values["report"])
    values["historical"] = bool(values["historical"])
    return RunRecord(**values)


def live_run(connection: Connection) -> RunRecord | None:
    """The newest visible run: what `current` shows."""
    row = connection.execute(select(run).where(run.c.status == "visible").order_by(run.c.as_of.desc()).limit(1)).mappings().first()
    return _record(row) if row else None


def run_at(connection: Connection, moment: int) -> RunRecord | None:
    """The run in force at a moment: the newest visible one of then or before; where there is none, the newest look back."""
    for status in ("visible", "historical"):
        query = select(run).where(run.c.status == status, run.c.as_of <= moment).order_by(run.c.as_of.desc(), run.c.id.desc()).limit(1)
        row = connection.execute(query).mappings().first()
        if row is not None:
            return _record(row)
    return None


def base_run(connection: Connection, as_of: int, *, historical: bool = False) -> RunRecord | None:
    """The newest run with an earlier as_of: visible ones, and for a look back earlier looks back too."""
    states = ["visible", "historical"] if historical else ["visible"]
    query = select(run).where(run.c.status.in_(states), run.c.as_of < as_of).order_by(run.c.as_of.desc(), run.c.id.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return _record(row) if row else None


def same_run(connection: Connection, key: str) -> RunRecord | None:
    """A finished run of the same rulebook, facts, as_of, base and code, still in force."""
    query = select(run).where(run.c.key == key, run.c.status.in_(["visible", "historical", "held"])).order_by(run.c.id.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return _record(row) if row else None


def runs(connection: Connection, limit: int = 50, before: int | None = None) -> list[RunRecord]:
    """The newest runs first. before: only those with a smaller number."""
    query = select(run).order_by(run.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(run.c.id < before)
    return [_record(row) for row in connection.execute(query).mappings()]


def held(connection: Connection) -> list[int]:
    """Runs that wait to be released and still could be: none became visible after them."""
    newest = select(func.max(run.c.as_of)).where(run.c.status == "visible").scalar_subquery()
    query = select(run.c.id).where(run.c.status == "held", (run.c.as_of >= newest) | newest.is_(None)).order_by(run.c.id.desc())
    return list(connection.scalars(query))


def moments_of_runs(connection: Connection) -> dict[int, int]:
    """The as_of of every run, by its number."""
    return {row.id: row.as_of for row in connection.execute(select(run.c.id, run.c.as_of))}


def label_amounts(connection: Connection, run_id: int) -> dict[tuple[str, str], tuple[int, int]]:
    """Customers and revenue (minor units) of a run by (address, label); "" is no value."""
    rows = connection.execute(select(summary_table).where(summary_table.c.run_id == run_id))
    return {(row.address, row.label): (row.customers, row.amount) for row in rows}


def states(connection: Connection, run_id: int) -> dict[str, dict[str, Any]]:
    """What each policy of a run learnt, by its key."""
    rows = connection.execute(
        select(run_state.c.policy, run_state.c.state).where(run_state.c.run_id == run_id).order_by(run_state.c.policy)
    )
    return {row.policy: json.loads(row.state) for row in rows}


def load_block(connection: Connection, run_id: int) -> Block:
    """The outcome block of a run, its own number written into the since-columns. Raises `RunError` when retention took it."""
    data = connection.scalar(select(block.c.data).where(block.c.run_id == run_id, block.c.kind == "outcome"))
    if data is None:
        raise RunError(f"the columns of run {run_id} are no longer kept")
    loaded = decode(data)
    for address, since in loaded.since.items():
        loaded.since[address] = np.where(since == THIS_RUN, run_id, since).astype(np.int32)
    return loaded


def label_ids(connection: Connection, wanted: Mapping[tuple[str, str], Sequence[str]]) -> dict[str, dict[str, int]]:
    """Ids of labels by address; wanted: (address, policy type) to keys. New keys are added, ids are never reused."""
    one_writer(connection)
    known = all_labels(connection)
    rows = [
        {"address": address, "policy_type": kind, "key": key}
        for (address, kind), keys in wanted.items()
        for key in keys
        if key not in known.get((address, kind), {})
    ]
    if rows:
        connection.execute(insert(label), rows)
        known = all_labels(connection)
        if max(number for keys in known.values() for number in keys.values()) > MOST_LABELS:
            raise RunError(f"the store would hold more than {MOST_LABELS:,} labels, counted over all rulebooks it ever ran; declare fewer")
    return {address: known.get((address, kind), {}) for address, kind in wanted}


def all_labels(connection: Connection) -> dict[tuple[str, str], dict[str, int]]:
    """Every label id by (address, policy type) and key."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for row in connection.execute(select(label)):
        found.setdefault((row.address, row.policy_type), {})[row.key] = row.id
    return found


def since_columns(block_: Block, base: Block | None) -> None:
    """Fill in since when each value holds: the base's moment where the value is the base's, else this run."""
    for address in block_.since:
        values = block_.values[address]
        fresh = np.zeros(len(values), dtype=np.int32)
        if base is not None and len(base.customer_id) and address in base.since:
            rows, there = base.rows_of(block_.customer_id)
            same = there & (base.values[address][rows] == values)
            fresh = np.where(same, base.since[address][rows], fresh).astype(np.int32)
        block_.since[address] = fresh


def store_run(connection: Connection, finished: Finished) -> int:
    """Write a run with everything of its own, in whatever status it has; `current` and `change` are not touched."""
    run_id = int(connection.execute(insert(run).values(finished.values).returning(run.c.id)).scalar_one())
    connection.execute(
        insert(block),
        [
            {"run_id": run_id, "kind": "outcome", "data": finished.outcome_block},
            {"run_id": run_id, "kind": "input", "data": finished.input_block},
        ],
    )
    for table, rows in ((run_state, finished.states), (summary_table, finished.summary), (rule_hit, finished.hits)):
        if rows:
            connection.execute(insert(table), [{"run_id": run_id, **row} for row in rows])
    return run_id


@dataclass(slots=True)
class Visible:
    """What making a run visible wrote."""

    changes: int
    moved: int


def make_visible(
    connection: Connection, run_id: int, new: Block, base: Block | None, live: RunRecord | None, live_block: Block | None
) -> Visible:
    """Bring `current`, `output` and `change` to a run whose row and block are stored, in this one transaction.

    new, base, live_block: the blocks of this run, of its base, and of what `current` shows now.
    """
    this = record(connection, run_id)
    superseded = live if live is not None and live.as_of == this.as_of else None
    types = {address: kind for address, kind in this.report["types"].items() if address in new.since}
    if superseded is not None:
        _supersede(connection, superseded.id, run_id)
    base_types = record(connection, this.base_run_id).report["types"] if this.base_run_id else {}
    slots = _slots(connection, run_id, types, {a: this.report["kinds"][a] for a in types})
    _write_current(connection, new, live_block, {a: slot for a, (_, slot) in slots.items()})
    changes = 0
    moved = np.zeros(len(new.customer_id), dtype=bool)
    if base is not None:
        for address, (output_id, _) in slots.items():
            if address in base.since and base_types.get(address) == types[address]:
                changes += _write_changes(connection, run_id, output_id, address, new, base, moved)
    connection.execute(update(run).where(run.c.id == run_id).values(status="visible", visible_at=clock.now()))
    _tell(connection, run_id, live.id if live is not None else None)
    return Visible(changes, int(moved.sum()))


def _tell(connection: Connection, run_id: int, former: int | None) -> None:
    """The next number of the feed, without gaps: the lock on writers of outcomes is held (see `engine.store.feed`)."""
    seq = int(connection.scalar(select(func.max(feed.c.seq))) or 0) + 1
    connection.execute(insert(feed).values(seq=seq, run_id=run_id, former_run_id=former, at=clock.now()))


def _supersede(connection: Connection, old: int, new: int) -> None:
    connection.execute(delete(change).where(change.c.run_id == old))
    connection.execute(update(run).where(run.c.id == old).values(status="superseded"))
    connection.execute(update(output).where(output.c.opened_run == old).values(opened_run=new))


def _slots(connection: Connection, run_id: int, types: Mapping[str, str], kinds: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """Output id and slot by address; outputs that are gone are closed and their slots emptied, new ones opened."""
    open_rows = connection.execute(select(output).where(output.c.closed_run.is_(None))).all()
    found: dict[str, tuple[int, int]] = {}
    closing = []
    for row in open_rows:
        if types.get(row.address) == row.policy_type:
            found[row.address] = (row.id, row.slot)
        else:
            closing.append(row)
    if closing:
        connection.execute(update(output).where(output.c.id.in_([row.id for row in closing])).values(closed_run=run_id))
        connection.execute(update(current).values({slot_name(row.slot): None for row in closing}))
    free = iter(sorted(set(range(1, SLOTS + 1)) - {slot for _, slot in found.values()}))
    for address, kind in types.items():
        if address in found:
            continue
        slot = next(free, None)
        if slot is None:
            raise RunError(f"the rulebook has more than {SLOTS} label and flag outputs; this store keeps {SLOTS} at once")
        values = {"slot": slot, "address": address, "policy_type": kind, "kind": kinds[address], "opened_run": run_id}
        found[address] = (int(connection.execute(insert(output).values(values).returning(output.c.id)).scalar_one()), slot)
    return found


def _write_current(connection: Connection, new: Block, live: Block | None, slots: Mapping[str, int]) -> None:
    names = {slot_name(slot): new.values[address].astype(np.int16) for address, slot in slots.items()}
    if live is None or not len(live.customer_id):
        connection.execute(delete(current))
        insert_columns(connection, "current", {"customer_id": new.customer_id, **names}, missing=NONE)
        return
    rows, there = live.rows_of(new.customer_id)
    moved = np.zeros(len(new.customer_id), dtype=bool)
    for address in slots:
        if address in live.values:
            moved |= live.values[address][rows] != new.values[address]
        else:
            moved |= new.values[address] != NONE
    stays = np.flatnonzero(moved & there)
    update_columns(connection, "current", {"customer_id": new.customer_id[stays], **{n: v[stays] for n, v in names.items()}}, missing=NONE)
    fresh = np.flatnonzero(~there)
    insert_columns(connection, "current", {"customer_id": new.customer_id[fresh], **{n: v[fresh] for n, v in names.items()}}, missing=NONE)
    gone = live.customer_id[~new.rows_of(live.customer_id)[1]]
    _delete_current(connection, gone.tolist())


def _delete_current(connection: Connection, gone: Iterable[int]) -> None:
    rows = [{"gone": number} for number in gone]
    if rows:
        connection.execute(text("delete from current where customer_id = :gone"), rows)


def _write_changes(connection: Connection, run_id: int, output_id: int, address: str, new: Block, base: Block, moved: Flags) -> int:
    """Change rows of one output: values that differ, customers that came, customers that left."""
    rows, there = base.rows_of(new.customer_id)
    now = new.values[address].astype(np.int64)
    was = np.where(there, base.values[address][rows].astype(np.int64), NONE) if len(base.customer_id) else np.full(len(now), NONE)
    differs = np.flatnonzero(now != was)
    moved[differs] = True
    left = np.flatnonzero(~new.rows_of(base.customer_id)[1])
    left = left[base.values[address][left] != NONE]
    reason = new.reason[address.partition(".")[0]][differs].astype(np.int64)
    reason = np.where(now[differs] == NONE, reason, NONE)
    columns: dict[str, Array] = {
        "customer_id": np.concatenate([new.customer_id[differs], base.customer_id[left]]),
        "was": np.concatenate([was[differs], base.values[address][left].astype(np.int64)]),
        "now": np.concatenate([now[differs], np.full(len(left), NONE)]),
        "reason": np.concatenate([reason, np.full(len(left), NONE)]),
    }
    count = len(columns["customer_id"])
    constant = {"run_id": np.full(count, run_id), "output_id": np.full(count, output_id)}
    insert_columns(connection, "change", {**constant, **columns}, missing=NONE)
    return count
