"""Conduct a run from the live rulebook to the visible outcome: read, compute, compare, keep.

Everything is computed before the write lock is taken; until the last transaction nothing of the run exists, so a run
killed at any moment leaves the former outcome standing, and running again gives the same digest.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import Connection, func, select

from engine import guards
from engine.columns import Array, Codes, Column, freeze
from engine.documents import content_hash
from engine.errors import RunError
from engine.executors.local import LocalExecutor
from engine.plan import Plan
from engine.policy import Label, Output, Text
from engine.registry import Registry
from engine.rulebook import Rulebook
from engine.run import Facts, Outcome, _empty, compute, outcome_digest
from engine.store import outcomes
from engine.store.blocks import Block, encode, restored, stored, to_arrow
from engine.store.features import FeatureTable, read_features
from engine.store.models import orders, publication
from engine.store.outcomes import Finished, RunRecord
from engine.store.session import Store

RESULTS = 1
"""Raised when the engine itself gives other results for the same rulebook and facts; part of every fingerprint."""

REVENUE = "orders.amount"
"""What counts as a customer's revenue in summaries and guards: all sales up to as_of."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run is asked for. as_of: UTC epoch seconds."""

    as_of: int
    actor: str
    historical: bool = False
    partitions: int = 1
    recompute: bool = False
    progress: Progress | None = None


@dataclass(slots=True)
class _Moment:
    """What is read in the same snapshot as the features."""

    version: int | None
    base: RunRecord | None
    base_block: Block | None
    live: RunRecord | None
    live_block: Block | None
    last_order: int | None
    as_of_by_run: Mapping[int, int]
    labels: Mapping[tuple[str, str], Mapping[str, int]]


@dataclass(slots=True)
class Clock:
    """Seconds per step, in order."""

    seconds: dict[str, float] = field(default_factory=dict)
    progress: Progress | None = None
    total: int = 6

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
    started = int(time.time())
    plan = rulebook.plan
    print_ = fingerprint(rulebook, registry)
    with clock.step("read"):
        table, moment = read_features(
            store,
            sorted({*plan.features, REVENUE}),
            options.as_of,
            catalogue=rulebook.catalogue,
            partitions=options.partitions,
            also=lambda connection: _moment(connection, options),
        )
    _check_moment(moment, number, options)
    key = _run_key(print_, options, moment, table.fact_seq)
    if not options.recompute:
        with store.read() as connection:
            same = outcomes.same_run(connection, key)
        if same is not None:
            return same
    facts = Facts(table.customer_id, table.key_hash, table.columns, table.not_graded, previous_columns(plan, moment, table.customer_id))
    with clock.step("compute"):
        outcome = compute(plan, facts, executor=LocalExecutor(options.partitions), progress=_policy_progress(options, clock))
    with clock.step("digest"):
        former = moment.base if options.historical else moment.live
        digest, lanes = outcome_digest(outcome, _former_lanes(former))
    with clock.step("compare"):
        ids = _label_ids(store, outcome, moment)
        order = np.argsort(facts.customer_id, kind="stable")
        new = _block(outcome, order, ids, moment.base_block if options.historical else moment.live_block)
        outcomes.since_columns(new, moment.base_block)
        summary, report = _report(outcome, rulebook, registry, lanes, moment)
        held = [] if options.historical or moment.base is None else _holds(rulebook, new, moment, outcome, order, options.as_of)
        report["held"] = held
        report["warnings"] = _warnings(outcome, table)
        report["rulebook"] = {"number": number, "hash": rulebook.hash, "name": rulebook.name}
    with clock.step("pack"):
        blocks = encode(new), _input_block(facts, order)
    values = {
        "key": key,
        "version_id": number,
        "fingerprint": print_,
        "as_of": options.as_of,
        "base_run_id": moment.base.id if moment.base else None,
        "base_digest": moment.base.digest if moment.base else None,
        "fact_seq": table.fact_seq,
        "batch_id": table.batch_id,
        "status": "historical" if options.historical else "held",
        "historical": int(options.historical),
        "started_at": started,
        "finished_at": int(time.time()),
        "actor": options.actor,
        "customers": facts.rows,
        "digest": digest,
    }
    finished = Finished(values, *blocks, states=_states(outcome, registry), summary=summary, hits=_hits(outcome))
    return _keep(store, finished, report, new, moment, clock, visible=not held and not options.historical)


def release(store: Store, run_id: int, actor: str) -> RunRecord:
    """Make a held run visible. Raises `RunError` when it is not held or a newer run has become visible since."""
    with store.write(bulk=True) as connection:
        held = outcomes.record(connection, run_id)
        if held.status != "held":
            raise RunError(f"run {run_id} is {held.status}, not held; only a held run can be released")
        live = outcomes.live_run(connection)
        base = outcomes.base_run(connection, held.as_of)
        if (live is not None and live.as_of > held.as_of) or (base.id if base else None) != held.base_run_id:
            raise RunError(f"run {run_id} was held against run {held.base_run_id}; another run has become visible since, so run again instead")
        new = outcomes.load_block(connection, run_id)
        base_block = outcomes.load_block(connection, base.id) if base else None
        live_block = outcomes.load_block(connection, live.id) if live else None
        outcomes.make_visible(connection, run_id, new, base_block, live, live_block)
        connection.execute(outcomes.run.update().where(outcomes.run.c.id == run_id).values(released_by=actor))
        return outcomes.record(connection, run_id)


def _keep(
    store: Store, finished: Finished, report: dict[str, Any], new: Block, moment: _Moment, clock: Clock, *, visible: bool
) -> RunRecord:
    """The last transaction: store the run, and make it visible unless it is held or a look back."""
    start = time.perf_counter()
    with store.write(bulk=True) as connection:
        again = outcomes.same_run(connection, finished.values["key"])
        if again is not None and again.started_at >= finished.values["started_at"] and again.digest == finished.values["digest"]:
            return again  # a second worker was faster
        live = outcomes.live_run(connection)
        if (live.id if live else None) != (moment.live.id if moment.live else None):
            raise RunError("another run became visible while this one was computed; nothing was changed, run again")
        if again is not None and again.status == "historical":
            connection.execute(outcomes.run.update().where(outcomes.run.c.id == again.id).values(status="superseded"))
        finished.values["report"] = json.dumps(report)
        run_id = outcomes.store_run(connection, finished)
        if visible:
            for since in new.since.values():
                since[since == outcomes.THIS_RUN] = run_id
            done = outcomes.make_visible(connection, run_id, new, moment.base_block, live, moment.live_block)
            report["changes"], report["moved"] = done.changes, done.moved
        clock.seconds["write"] = round(time.perf_counter() - start, 4)
        report["seconds"] = clock.seconds
        connection.execute(outcomes.run.update().where(outcomes.run.c.id == run_id).values(report=json.dumps(report, ensure_ascii=False)))
        return outcomes.record(connection, run_id)


def _moment(connection: Connection, options: RunOptions) -> _Moment:
    version = connection.scalar(select(publication.c.version_id).order_by(publication.c.id.desc()).limit(1))
    live = outcomes.live_run(connection)
    base = outcomes.base_run(connection, options.as_of, historical=options.historical)
    last = connection.scalar(select(func.max(orders.c.ordered_at)).where(orders.c.ordered_at <= options.as_of))
    live_block = outcomes.load_block(connection, live.id) if live else None
    base_block = live_block if base and live and base.id == live.id else outcomes.load_block(connection, base.id) if base else None
    as_of_by_run = dict(connection.execute(select(outcomes.run.c.id, outcomes.run.c.as_of)).tuples().all()) if base else {}
    return _Moment(version, base, base_block, live, live_block, last, as_of_by_run, outcomes.all_labels(connection))


def _check_moment(moment: _Moment, number: int, options: RunOptions) -> None:
    if moment.version != number and not options.historical:
        raise RunError(f"rulebook version {moment.version} was published while version {number} was starting; run again")
    if moment.live is not None and options.as_of < moment.live.as_of and not options.historical:
        raise RunError(
            f"TW101 as_of {options.as_of} is before that of the visible run {moment.live.id} ({moment.live.as_of}); "
            "look back with --historical, which never touches today's assignments"
        )


def _run_key(print_: str, options: RunOptions, moment: _Moment, fact_seq: int) -> str:
    base = [moment.base.id, moment.base.digest] if moment.base else None
    return content_hash({"fingerprint": print_, "as_of": options.as_of, "base": base, "facts": fact_seq, "historical": options.historical})


def previous_columns(plan: Plan, moment: Any, customers: Array) -> Mapping[str, Column]:
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
        base: Block | None = moment.base_block
        known = base is not None and address in base.values and moment.base.report["types"].get(address) == policy_type
        columns[name] = _former(address, output, policy_type, moment, customers, since=since) if known else _missing(output, customers, since)
    return freeze(columns)


def _missing(output: Output, customers: Array, since: bool) -> Column:
    return _empty(Output("since", kind="date") if since else output, len(customers))


def _former(address: str, output: Output, policy_type: str, moment: Any, customers: Array, *, since: bool) -> Column:
    block: Block = moment.base_block
    rows, there = _rows(block, customers)
    if since:
        days = np.zeros(max(moment.as_of_by_run, default=0) + 1, dtype=np.int64)
        for run_id, as_of in moment.as_of_by_run.items():
            days[run_id] = as_of // guards.DAY
        dates = days[block.since[address][rows]].astype("datetime64[D]")
        return np.where(there & (block.values[address][rows] != -1), dates, np.datetime64("NaT"))
    keys = {number: key for key, number in moment.labels.get((address, policy_type), {}).items()}
    column = restored(block.values[address], output, keys)
    if isinstance(column, Codes):
        return Codes(np.where(there, column.codes[rows], -1), column.values)
    return np.where(there, column[rows], _missing(output, customers[:1], since=False)[0])


def _rows(block: Block, customers: Array) -> tuple[Array, Array]:
    order = np.argsort(customers, kind="stable")
    rows, there = block.rows_of(customers[order])
    unsorted, present = np.empty_like(rows), np.empty_like(there)
    unsorted[order], present[order] = rows, there
    return unsorted, present


def _former_lanes(former: RunRecord | None) -> dict[str, tuple[int, int]]:
    lanes = former.report["lanes"] if former else {}
    return {address: (int(pair[0], 16), int(pair[1], 16)) for address, pair in lanes.items()}


def _label_ids(store: Store, outcome: Outcome, moment: _Moment) -> dict[str, dict[str, int]]:
    """Ids of all labels; only when a key is new is a transaction opened to add it."""
    wanted = {}
    for address, output in outcome.outputs():
        if output.kind in ("label",):
            wanted[(address, outcome.policies[address.partition(".")[0]].step.entry.type)] = output.keys
    if all(key in moment.labels.get(pair, {}) for pair, keys in wanted.items() for key in keys):
        return {address: dict(moment.labels.get((address, kind), {})) for address, kind in wanted}
    with store.write() as connection:
        return outcomes.label_ids(connection, wanted)


def _block(outcome: Outcome, order: Array, ids: Mapping[str, Mapping[str, int]], former: Block | None) -> Block:
    """The outcome in stored form, by customer id; outputs that a fault left stale keep what stood before."""
    new = Block(outcome.facts.customer_id[order])
    for key, policy in outcome.policies.items():
        if policy.sound:
            assert policy.reason is not None
            new.reason[key] = policy.reason[order]
            if policy.rule is not None:
                new.rule[key] = policy.rule[order]
        for output in policy.step.outputs:
            address = f"{key}.{output.name}"
            if policy.sound:
                new.values[address] = stored(policy.columns[output.name], output, ids.get(address, {}))[order]
            elif former is not None and address in former.values:
                rows, there = former.rows_of(new.customer_id)
                blank = -1 if output.kind in ("label", "flag") else 0 if output.kind == "set" else np.iinfo(former.values[address].dtype).min
                new.values[address] = np.where(there, former.values[address][rows], blank)
                new.reason.setdefault(key, np.full(len(order), -1, dtype=np.int16))
            if output.has_history and address in new.values:
                new.since[address] = np.zeros(len(order), dtype=np.int32)
    return new


def _input_block(facts: Facts, order: Array) -> bytes:
    arrays: dict[str, Array] = {"customer_id": facts.customer_id[order]}
    for name, column in facts.columns.items():
        arrays[name] = (column.codes if isinstance(column, Codes) else column)[order]
    return to_arrow(arrays)


def _report(
    outcome: Outcome, rulebook: Rulebook, registry: Registry, lanes: Mapping[str, tuple[int, int]], moment: _Moment
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Summary rows per label, and the run's report as JSON."""
    report: dict[str, Any] = {"outputs": {}, "withheld": {}, "faults": {}, "stale": {}, "types": {}, "kinds": {}, "declared": {}, "graded": {}}
    amount = outcome.facts.columns[REVENUE]
    assert not isinstance(amount, Codes)
    scale = 10**2
    summary: list[dict[str, Any]] = []
    for key, policy in outcome.policies.items():
        if policy.fault:
            report["faults"][key] = policy.fault
        elif policy.stale_because:
            report["stale"][key] = policy.stale_because
        else:
            report["withheld"][key] = _counts_of_reasons(policy.reason, outcome)
            report["graded"][key] = outcome.facts.rows - sum(report["withheld"][key].values())
        for output in policy.step.outputs:
            address = f"{key}.{output.name}"
            report["types"][address], report["kinds"][address] = policy.step.entry.type, output.kind
            report["declared"][address] = {"kind": output.kind, "decimals": output.decimals, "keys": list(output.keys), "history": output.history}
            if policy.sound and output.kind in ("label", "flag"):
                counts = _label_summary(address, policy.columns[output.name], amount, scale, summary)
                report["outputs"][address] = counts
    report["lanes"] = {address: [f"{first:016x}", f"{second:016x}"] for address, (first, second) in lanes.items()}
    report["reasons"] = [[reason.policy, reason.kind, reason.name, reason.detail, str(reason)] for reason in outcome.reasons]
    report["features"] = {name: list(c.values) if isinstance(c, Codes) else None for name, c in outcome.facts.columns.items()}
    report["plugins"] = {
        entry.type: {
            "version": entry.policy.version,
            "plugin": registry.provider(entry.type).name,
            "release": registry.provider(entry.type).version,
            "source": registry.source_hash(entry.type),
        }
        for entry in rulebook.entries
        if entry.enabled
    }
    report["last_order"] = moment.last_order
    report["policy_seconds"] = {k: [round(p.fit_seconds, 4), round(p.apply_seconds, 4)] for k, p in outcome.policies.items()}
    report["changes"] = report["moved"] = 0
    return summary, report


def _counts_of_reasons(reason: Array | None, outcome: Outcome) -> dict[str, int]:
    assert reason is not None
    counts = np.bincount(reason.astype(np.int64) + 1, minlength=len(outcome.reasons) + 1)[1:]
    found: dict[str, int] = {}
    for position in np.flatnonzero(counts):
        words = str(outcome.reasons[position])
        found[words] = found.get(words, 0) + int(counts[position])
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _label_summary(address: str, column: Column, amount: Array, scale: int, summary: list[dict[str, Any]]) -> dict[str, int]:
    """Count customers and sum amounts per label; adds summary rows, "" for those without a value, and returns the counts."""
    codes, keys = (column.codes, list(column.values)) if isinstance(column, Codes) else (column, ["false", "true"])
    minor = np.rint(amount * scale)
    shifted = codes.astype(np.int64) + 1
    counts = np.bincount(shifted, minlength=len(keys) + 1)
    sums = np.bincount(shifted, weights=minor, minlength=len(keys) + 1)  # whole numbers below 2^53: exact in any order
    for position, key in enumerate(["", *keys]):
        if counts[position]:
            summary.append({"address": address, "label": key, "customers": int(counts[position]), "amount": int(sums[position])})
    return {key: int(counts[position + 1]) for position, key in enumerate(keys) if counts[position + 1]}


def _hits(outcome: Outcome) -> list[dict[str, Any]]:
    rows = []
    for key, policy in outcome.policies.items():
        if policy.sound and policy.rule is not None:
            counts = np.bincount(policy.rule.astype(np.int64) + 1)
            rows += [{"policy": key, "rule": number - 1, "customers": int(n)} for number, n in enumerate(counts) if n and number]
    return rows


def _states(outcome: Outcome, registry: Registry) -> list[dict[str, Any]]:
    return [
        {
            "policy": key,
            "type": policy.step.entry.type,
            "version": policy.step.entry.policy.version,
            "source_hash": registry.source_hash(policy.step.entry.type),
            "state": json.dumps(policy.state),
        }
        for key, policy in outcome.policies.items()
        if policy.sound
    ]


def _holds(rulebook: Rulebook, new: Block, moment: _Moment, outcome: Outcome, order: Array, as_of: int) -> list[str]:
    assert moment.base is not None
    assert moment.base_block is not None
    revenue = outcome.facts.columns[REVENUE]
    assert not isinstance(revenue, Codes)
    amount = revenue[order]
    rows, there = moment.base_block.rows_of(new.customer_id)
    movements = []
    for address in new.since:
        if address in moment.base_block.since and moment.base.report["types"].get(address) == outcome.policies[address.partition(".")[0]].step.entry.type:
            moved = there & (moment.base_block.values[address][rows] != new.values[address])
            before = moment.base.report["outputs"].get(address, {})
            column = outcome.policies[address.partition(".")[0]]
            after = _plain_counts(column.columns[address.partition(".")[2]]) if column.sound else before
            movements.append(guards.Movement(address, moved, amount, before, after))
    found = guards.holds(rulebook.guards, movements)
    return found + guards.silence(rulebook.guards, as_of, moment.last_order, moment.base.as_of, moment.base.report.get("last_order"))


def _plain_counts(column: Column) -> dict[str, int]:
    codes, keys = (column.codes, column.values) if isinstance(column, Codes) else (column, ("false", "true"))
    counts = np.bincount(codes.astype(np.int64) + 1, minlength=len(keys) + 1)[1:]
    return {key: int(counts[i]) for i, key in enumerate(keys)}


def _warnings(outcome: Outcome, table: FeatureTable) -> list[str]:
    found = []
    if not outcome.facts.rows:
        found.append("there are no customers yet; import some with: tierwise import FILE --mapping NAME")
    for key, policy in outcome.policies.items():
        if policy.sound and outcome.facts.rows and policy.reason is not None and bool((policy.reason >= 0).all()):
            found.append(f"{key} graded nobody: every customer was withheld")
    return found


def _policy_progress(options: RunOptions, clock: Clock) -> Callable[[str], None] | None:
    if options.progress is None:
        return None
    tell = options.progress
    return lambda key: tell(f"compute {key}", len(clock.seconds), clock.total)


def declared_output(address: str, report: Mapping[str, Any]) -> Output:
    """The declaration of an output as the run had it, titles aside: enough to read its block."""
    kept = report["declared"][address]
    labels = tuple(Label(key, Text(key, key)) for key in kept["keys"])
    return Output(address.partition(".")[2], kept["kind"], labels, decimals=kept["decimals"], history=kept["history"])


def catalogue_hash(names: list[str]) -> str:
    """A short name for a set of features."""
    return hashlib.blake2b("\n".join(names).encode(), digest_size=8).hexdigest()
