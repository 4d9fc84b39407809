"""Conduct a run from the live rulebook to the visible outcome: read, compute, compare, keep.

Everything is computed before the write lock is taken; until the last transaction nothing of the run exists, so a run
killed at any moment leaves the former outcome standing, and running again gives the same digest.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import Connection, update

from engine import guards
from engine.clock import now
from engine.columns import Array, Codes
from engine.documents import content_hash
from engine.errors import RunError
from engine.executors.local import LocalExecutor
from engine.former import Snapshot, former_lanes, previous_columns, take_snapshot
from engine.moments import written
from engine.registry import Registry
from engine.rulebook import Rulebook
from engine.run import Facts, Outcome, compute, outcome_digest
from engine.run_report import REVENUE, effective_report, label_counts, make_report, rule_hits, states, warnings
from engine.standing import effects_of, resting
from engine.store import audit, outcomes
from engine.store.blocks import Block, encode
from engine.store.facts import fact_seq, store_settings
from engine.store.features import FeatureTable, keep_features, ledger_of, read_features
from engine.store.fixed_values import FixedValue, in_force
from engine.store.ledger_mark import Mark
from engine.store.models import run
from engine.store.outcomes import Finished, RunRecord
from engine.store.packing import input_block, label_ids, outcome_block
from engine.store.refresh import keep_reading, new_token, read_changed
from engine.store.session import Store, one_writer

RESULTS = 1
"""Raised when the engine itself gives other results for the same rulebook and facts; part of every fingerprint."""

Progress = Callable[[str, int, int], None]
After = Callable[[Connection], object]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run is asked for. as_of: UTC epoch seconds. after: what else belongs to its becoming visible, in that transaction."""

    as_of: int
    actor: str
    historical: bool = False
    partitions: int = 1
    recompute: bool = False
    progress: Progress | None = None
    authenticated: bool = False
    changed: bool = False
    after: After | None = None


@dataclass(slots=True)
class Clock:
    """Seconds per step, in order."""

    seconds: dict[str, float] = field(default_factory=dict)
    progress: Progress | None = None
    total: int = 7

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step and tell the progress."""
        if self.progress:
            self.progress(name, len(self.seconds), self.total)
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - start, 4)


def fingerprint(rulebook: Rulebook, registry: Registry) -> str:
    """What "the same digest" is promised for: rulebook, engine results and the versions of its policy types (ENGINE 22)."""
    types = {entry.type: [entry.policy.version, registry.provider(entry.type).name] for entry in rulebook.entries if entry.enabled}
    return content_hash({"rulebook": rulebook.hash, "results": RESULTS, "types": types})


def conduct(store: Store, registry: Registry, number: int, rulebook: Rulebook, options: RunOptions) -> RunRecord:
    """Run a published rulebook version and return the run: visible, held, historical, or the same one found finished."""
    clock = Clock(progress=options.progress)
    started = now()
    plan = rulebook.plan
    print_ = fingerprint(rulebook, registry)
    if not options.recompute:
        with store.read() as connection:
            base = outcomes.base_run(connection, options.as_of, historical=options.historical)
            fixed = in_force(connection, options.as_of)
            facts_at = fact_seq(connection), ledger_of(connection, _names(rulebook), rulebook.catalogue)
            same = outcomes.same_run(connection, _run_key(print_, options, base, facts_at, fixed))
        if same is not None:
            return same
    with clock.step("read"):
        table, snapshot = _read(store, rulebook, print_, options)
        _check_snapshot(store, snapshot, options)
        customers, not_graded = table.customer_id, table.not_graded
        previous = previous_columns(plan, snapshot, customers)
        business = store_settings(store)
        effects = effects_of(plan, snapshot, customers, not_graded, options.as_of, business.timezone)
        facts = Facts(customers, table.key_hash, table.columns, not_graded, previous, effects)
        order = np.argsort(facts.customer_id, kind="stable")
    # NumPy, zstd and files let go of the interpreter: the second core packs, digests and keeps while the first goes on
    with ThreadPoolExecutor(1) as beside:
        inputs = beside.submit(input_block, facts, order)
        with clock.step("compute"):
            outcome = compute(plan, facts, executor=LocalExecutor(options.partitions), progress=_policy_progress(options, clock))
        former = snapshot.base if options.historical else snapshot.live
        digesting = beside.submit(outcome_digest, outcome, former_lanes(former))
        token = new_token()
        if not options.historical:
            key = _run_key(print_, options, snapshot.base, (table.fact_seq, table.ledger), snapshot.fixed)
            beside.submit(keep_reading, store, business, table, rulebook.catalogue, options.as_of, print_, key, token)
        beside.submit(keep_features, store, table)
        with clock.step("compare"):
            ids = label_ids(store, outcome, snapshot.labels)
            new = outcome_block(outcome, order, ids, snapshot.base_block if options.historical else snapshot.live_block)
            outcomes.since_columns(new, snapshot.base_block)
        with clock.step("pack"):
            packed = encode(new), inputs.result()
        with clock.step("digest"):
            digest, lanes = digesting.result()
        with clock.step("report"):
            summary, report = make_report(outcome, rulebook, registry, lanes, snapshot.last_order, business.minor_digits)
            report["held"] = _held(rulebook, new, snapshot, outcome, order, options, digest)
            report["warnings"] = [*warnings(outcome), *resting(plan, snapshot.fixed, customers, not_graded)]
            report |= effective_report(outcome, former.report if former else {}, [one.id for one in snapshot.fixed])
            report["reading"] = {**table.reading.as_dict(), "token": token} if table.reading else None
            report["rulebook"] = {"number": number, "hash": rulebook.hash, "name": rulebook.name}
        values = _row(number, print_, options, snapshot, table, digest, started)
        finished = Finished(values, *packed, states=states(outcome, registry), summary=summary, hits=rule_hits(outcome))
        return _keep(
            store,
            finished,
            report,
            new,
            snapshot,
            clock,
            visible=not report["held"] and not options.historical,
            recompute=options.recompute,
            authenticated=options.authenticated,
            after=options.after,
        )


def _names(rulebook: Rulebook) -> list[str]:
    return sorted({*rulebook.plan.features, REVENUE})


def _read(store: Store, rulebook: Rulebook, print_: str, options: RunOptions) -> tuple[FeatureTable, Snapshot]:
    """The features that the rulebook needs, and what belongs to the same moment."""
    names = _names(rulebook)

    def also(connection: Connection) -> Snapshot:
        return take_snapshot(connection, options.as_of, historical=options.historical)

    if options.changed:
        return read_changed(
            store, names, options.as_of, catalogue=rulebook.catalogue, fingerprint=print_, also=also, partitions=options.partitions
        )
    return read_features(store, names, options.as_of, catalogue=rulebook.catalogue, partitions=options.partitions, also=also, keep=False)


def _held(
    rulebook: Rulebook, new: Block, snapshot: Snapshot, outcome: Outcome, order: Array, options: RunOptions, digest: str
) -> list[str]:
    """Why the run may not be seen yet. A look back never moves anybody, and what is visible already was released before."""
    live = snapshot.live
    seen = live is not None and (live.as_of, live.digest) == (options.as_of, digest)
    if options.historical or snapshot.base is None or seen:
        return []
    return _holds(rulebook, new, snapshot, outcome, order, options.as_of)


def _row(
    number: int, print_: str, options: RunOptions, snapshot: Snapshot, table: FeatureTable, digest: str, started: int
) -> dict[str, Any]:
    """The run's own row, all but its number and report; it is held until it is made visible."""
    base = snapshot.base
    return {
        "key": _run_key(print_, options, base, (table.fact_seq, table.ledger), snapshot.fixed),
        "version_id": number,
        "fingerprint": print_,
        "as_of": options.as_of,
        "base_run_id": base.id if base else None,
        "base_digest": base.digest if base else None,
        "fact_seq": table.fact_seq,
        "batch_id": table.batch_id,
        "status": "historical" if options.historical else "held",
        "historical": int(options.historical),
        "started_at": started,
        "finished_at": now(),
        "actor": options.actor,
        "customers": len(table.customer_id),
        "digest": digest,
    }


def release(store: Store, run_id: int, actor: str, *, authenticated: bool = False, after: After | None = None) -> RunRecord:
    """Make a held run visible. after: see `RunOptions`. Raises `RunError` when it is not held or a newer run has become visible since."""
    with store.write(bulk=True) as connection:
        one_writer(connection)
        held = outcomes.record(connection, run_id)
        if held.status != "held":
            raise RunError(f"run {run_id} is {held.status}, not held; only a held run can be released")
        live = outcomes.live_run(connection)
        base = outcomes.base_run(connection, held.as_of)
        if (live is not None and live.as_of > held.as_of) or (base.id if base else None) != held.base_run_id:
            raise RunError(
                f"run {run_id} was held against run {held.base_run_id}; another run has become visible since, so run again instead"
            )
        new = outcomes.load_block(connection, run_id)
        base_block = outcomes.load_block(connection, base.id) if base else None
        live_block = outcomes.load_block(connection, live.id) if live else None
        done = outcomes.make_visible(connection, run_id, new, base_block, live, live_block)
        report = json.dumps(held.report | {"changes": done.changes, "moved": done.moved}, ensure_ascii=False)
        connection.execute(update(run).where(run.c.id == run_id).values(released_by=actor, report=report))
        if after is not None:
            after(connection)
        details = {"version": held.version_id, "digest": held.digest, "changes": done.changes}
        audit.record(connection, actor=actor, authenticated=authenticated, action="run.release", subject=f"run:{run_id}", details=details)
        return outcomes.record(connection, run_id)


def _keep(
    store: Store,
    finished: Finished,
    report: dict[str, Any],
    new: Block,
    snapshot: Snapshot,
    clock: Clock,
    *,
    visible: bool,
    recompute: bool,
    authenticated: bool = False,
    after: After | None = None,
) -> RunRecord:
    """The last transaction: store the run, and make it visible unless it is held or a look back."""
    start = time.perf_counter()
    with store.write(bulk=True) as connection:
        one_writer(connection)
        again = outcomes.same_run(connection, finished.values["key"])
        if again is not None and (again.id > snapshot.newest_run or not recompute):
            return again  # another worker was faster
        live = outcomes.live_run(connection)
        if (live.id if live else None) != (snapshot.live.id if snapshot.live else None):
            raise RunError("another run became visible while this one was computed; nothing was changed, run again")
        if finished.values["historical"]:
            same_moment = (run.c.status == "historical") & (run.c.as_of == finished.values["as_of"])
            connection.execute(update(run).where(same_moment).values(status="superseded"))
        finished.values["report"] = json.dumps(report)
        run_id = outcomes.store_run(connection, finished)
        if visible:
            for since in new.since.values():
                since[since == outcomes.THIS_RUN] = run_id
            done = outcomes.make_visible(connection, run_id, new, snapshot.base_block, live, snapshot.live_block)
            report["changes"], report["moved"] = done.changes, done.moved
            if after is not None:
                after(connection)
        clock.seconds["write"] = round(time.perf_counter() - start, 4)
        report["seconds"] = clock.seconds
        connection.execute(update(run).where(run.c.id == run_id).values(report=json.dumps(report, ensure_ascii=False)))
        kept = outcomes.record(connection, run_id)
        audit.record(
            connection,
            actor=kept.actor,
            authenticated=authenticated,
            action="run",
            subject=f"run:{run_id}",
            details={"status": kept.status, "version": kept.version_id, "as_of": kept.as_of, "digest": kept.digest, "held": kept.held},
        )
        return kept


def _check_snapshot(store: Store, snapshot: Snapshot, options: RunOptions) -> None:
    if snapshot.live is not None and options.as_of < snapshot.live.as_of and not options.historical:
        zone = store_settings(store).timezone
        raise RunError(
            f"TW101 as_of {written(options.as_of, zone)} is before that of the visible run {snapshot.live.id}, {written(snapshot.live.as_of, zone)}; "
            "look back with --historical, which never touches today's assignments"
        )


def _run_key(print_: str, options: RunOptions, base: RunRecord | None, facts: tuple[int, Mark | None], fixed: Sequence[FixedValue]) -> str:
    """What makes two runs the same: code and rulebook, moment, base, facts (and points, where they are read), values fixed by hand."""
    former = [base.id, base.digest] if base else None
    seq, ledger = facts
    parts = {"fingerprint": print_, "as_of": options.as_of, "base": former, "facts": seq, "historical": options.historical}
    if ledger is not None:
        parts["points"] = list(ledger)
    if fixed:
        parts["fixed"] = [one.id for one in fixed]
    return content_hash(parts)


def _holds(rulebook: Rulebook, new: Block, snapshot: Snapshot, outcome: Outcome, order: Array, as_of: int) -> list[str]:
    assert snapshot.base is not None
    assert snapshot.base_block is not None
    revenue = outcome.facts.columns[REVENUE]
    assert not isinstance(revenue, Codes)
    amount = revenue[order]
    rows, there = snapshot.base_block.rows_of(new.customer_id)
    movements = []
    if not len(snapshot.base_block.customer_id):
        return []
    for address in new.since:
        if (
            address in snapshot.base_block.since
            and snapshot.base_types.get(address) == outcome.policies[address.partition(".")[0]].step.entry.type
        ):
            moved = there & (snapshot.base_block.values[address][rows] != new.values[address])
            before = snapshot.base.report["outputs"].get(address, {})
            column = outcome.policies[address.partition(".")[0]]
            after = label_counts(column.columns[address.partition(".")[2]]) if column.sound else before
            movements.append(guards.Movement(address, moved, amount, before, after))
    found = guards.holds(rulebook.guards, movements)
    return found + guards.silence(rulebook.guards, as_of, snapshot.last_order, snapshot.base.as_of, snapshot.base.report.get("last_order"))


def _policy_progress(options: RunOptions, clock: Clock) -> Callable[[str], None] | None:
    if options.progress is None:
        return None
    tell = options.progress
    return lambda key: tell(f"compute {key}", len(clock.seconds), clock.total)
