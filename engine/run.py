"""Evaluate a plan over columns: fit on the population, apply to every row, contain faults. No database.

A policy fails alone: its outputs and those of everything that reads them are left out as stale, the others stand.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from engine.columns import Array, Codes, Column, Columns, Flags, freeze, missing, take_rows
from engine.digest import digest, lanes, reason_hashes, value_hashes
from engine.effective import MARKS, Beside, Effects, settle
from engine.errors import PolicyFault, TierwiseError
from engine.executors.local import LocalExecutor
from engine.outputs import RULE, WITHHELD, check_outputs
from engine.plan import Plan, Step
from engine.policy import Output, Policy, State

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Withholding:
    """Why a row has no value: kind, and the names that belong to it.

    kind: "not graded" (detail: why), "population", "missing" (name: the input), "upstream" (name: the input, detail:
        its reason), "plugin" (name: the reason's key), "nobody", "no value".
    """

    policy: str
    kind: str
    name: str = ""
    detail: str = ""

    def __str__(self) -> str:
        match self.kind:
            case "not graded":
                return f"not graded: {self.detail}"
            case "population":
                return f"outside the population of {self.policy}"
            case "missing":
                return f"missing: {self.name}"
            case "upstream":
                return f"{self.name}: {self.detail}"
            case "plugin":
                return self.detail or self.name
            case "nobody":
                return "nobody to learn from"
        return f"{self.policy} gave no value"


class ReasonBook:
    """The reasons of a run, each once; columns of reasons hold positions in it, -1 for none."""

    def __init__(self, reasons: Iterable[Withholding] = ()) -> None:
        self.reasons: list[Withholding] = list(reasons)
        self._position: dict[Withholding, int] = {reason: at for at, reason in enumerate(self.reasons)}

    def position(self, reason: Withholding) -> int:
        """Where this reason stands; it is added when new."""
        if reason not in self._position:
            self._position[reason] = len(self.reasons)
            self.reasons.append(reason)
        return self._position[reason]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a run reads: one row per stored customer, sorted by key hash.

    not_graded: why a customer enters no policy, missing for all others. columns: the features by name.
    previous: former outcomes by their name ("previous.rfm.segment"). effects: what makes effective values of computed
    ones; None leaves all as computed.
    """

    customer_id: Array
    key_hash: Array
    columns: Columns
    not_graded: Codes | None = None
    previous: Columns = field(default_factory=dict)
    effects: Effects | None = None

    @property
    def rows(self) -> int:
        """How many customers."""
        return len(self.customer_id)


@dataclass(slots=True)
class PolicyOutcome:
    """What one policy gave: its columns over all rows, reasons (-1: has a value), rules, the state, or the fault.

    beside: what was computed, by the name of an output that is damped, or fixed for somebody.
    """

    step: Step
    columns: dict[str, Column] = field(default_factory=dict)
    reason: Array | None = None
    rule: Array | None = None
    state: State | None = None
    fault: str = ""
    stale_because: str = ""
    fit_seconds: float = 0.0
    apply_seconds: float = 0.0
    beside: dict[str, Beside] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        """Whether there is an outcome at all."""
        return not (self.fault or self.stale_because)


@dataclass(slots=True)
class Outcome:
    """What a whole plan gave, policy by policy, in plan order."""

    facts: Facts
    policies: dict[str, PolicyOutcome]
    reasons: list[Withholding]

    def column(self, address: str) -> Column:
        """An output over all rows, by its address."""
        key, _, name = address.partition(".")
        return self.policies[key].columns[name]

    def outputs(self) -> list[tuple[str, Output]]:
        """Address and declaration of every output that has an outcome."""
        return [(f"{key}.{o.name}", o) for key, policy in self.policies.items() if policy.sound for o in policy.step.outputs]


def compute(
    plan: Plan,
    facts: Facts,
    *,
    states: Mapping[str, State | None] | None = None,
    executor: LocalExecutor | None = None,
    progress: Progress | None = None,
    kept: Outcome | None = None,
) -> Outcome:
    """Evaluate the plan over the facts.

    states: frozen states by policy key; without them each policy is fitted. progress: told the key of each policy.
    kept: policies that stand as they are, over the same rows; whoever gives them knows that nothing they read differs.
    """
    executor = executor or LocalExecutor()
    book = ReasonBook(kept.reasons if kept else ())
    known: dict[str, Column] = {**facts.columns, **facts.previous}
    why: dict[str, Array] = {}
    outcomes: dict[str, PolicyOutcome] = {}
    for step in plan.steps:
        key = step.entry.key
        if progress:
            progress(key)
        same = kept.policies.get(key) if kept else None
        outcome = outcomes[key] = replace(same, step=step) if same else PolicyOutcome(step)
        failed = next((other for other in outcomes if not outcomes[other].sound and key in plan.dependents[other]), None)
        if failed:
            outcome.stale_because = failed
            continue
        try:
            if same is None:
                _evaluate(outcome, facts, known, why, book, executor, states)
                settle(outcome, facts, known)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin is foreign code: its fault, sys.exit() included, takes its own outputs and no others
            outcome.fault = _fault_words(error)
            continue
        assert outcome.reason is not None
        for output in step.outputs:
            known[f"{key}.{output.name}"] = outcome.columns[output.name]
            why[f"{key}.{output.name}"] = outcome.reason
    return Outcome(facts, outcomes, book.reasons)


def _evaluate(
    outcome: PolicyOutcome,
    facts: Facts,
    known: Mapping[str, Column],
    why: Mapping[str, Array],
    book: ReasonBook,
    executor: LocalExecutor,
    states: Mapping[str, State | None] | None,
) -> None:
    step = outcome.step
    entry = step.entry
    reason = _withheld_before(step, facts, known, why, book)
    complete = reason < 0
    everyone = bool(complete.all())
    rows: Any = slice(None) if everyone else np.flatnonzero(complete)
    inputs = freeze({given.name: known[given.name] for given in step.inputs})
    columns = inputs if everyone else take_rows(inputs, rows)
    count = facts.rows if everyone else len(rows)
    started = time.perf_counter()
    if count == 0:
        reason[reason < 0] = book.position(Withholding(entry.key, "nobody"))
        outcome.columns, outcome.reason = _nothing(step, facts.rows), reason
        return
    if states is None:
        outcome.state = _json_state(entry.policy, entry.policy.fit(columns))
    else:
        outcome.state = states.get(entry.key)
    outcome.fit_seconds = time.perf_counter() - started
    started = time.perf_counter()
    result = _apply(entry.policy, columns, outcome.state, count, executor)
    outcome.apply_seconds = time.perf_counter() - started
    spent = outcome.fit_seconds + outcome.apply_seconds
    if spent > entry.budget_seconds:
        raise PolicyFault(f"took {spent:.1f} s; its budget is {entry.budget_seconds:g} s")
    _scatter(outcome, result, reason, rows, everyone, facts.rows, book)


def _withheld_before(step: Step, facts: Facts, known: Mapping[str, Column], why: Mapping[str, Array], book: ReasonBook) -> Array:
    """Reasons that hold before the policy is asked: not graded, not in the population, a required input missing."""
    key = step.entry.key
    reason = np.full(facts.rows, -1, dtype=np.int16)
    if facts.not_graded is not None:
        table = [book.position(Withholding(key, "not graded", detail=value)) for value in facts.not_graded.values]
        reason = np.array([*table, -1], dtype=np.int16)[facts.not_graded.codes]
    if step.entry.population is not None:
        outside = ~step.entry.population.evaluate(freeze({name: known[name] for name in step.population}))
        reason[outside & (reason < 0)] = book.position(Withholding(key, "population"))
    for given in step.inputs:
        if given.optional:
            continue
        absent = missing(known[given.name]) & (reason < 0)
        if not absent.any():
            continue
        if given.name in why:
            _pass_on(reason, absent, why[given.name], given.name, key, book)
        else:
            reason[absent] = book.position(Withholding(key, "missing", given.name))
    return reason


def _pass_on(reason: Array, absent: Flags, upstream: Array, name: str, key: str, book: ReasonBook) -> None:
    """Chain the reasons: a value is missing here because it was withheld there."""
    for position in np.unique(upstream[absent]):
        first = book.reasons[position] if position >= 0 else Withholding(name.partition(".")[0], "no value")
        chained = book.position(Withholding(key, "upstream", name, str(first)))
        reason[absent & (upstream == position)] = chained


def _json_state(policy: Policy, state: Any) -> State | None:
    """The state as JSON would give it back, so that a stored state and a fresh one are the same thing."""
    if state is None:
        return None
    try:
        loaded = json.loads(json.dumps(state, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise PolicyFault(
            f"policy type {policy.name!r}: fit returned a state that is not JSON ({error}); return numbers, texts, lists"
        ) from None
    if not isinstance(loaded, dict):
        raise PolicyFault(f"policy type {policy.name!r}: fit returned {type(state).__name__}; return a dict or None")
    return loaded


def _apply(policy: Policy, columns: Columns, state: State | None, count: int, executor: LocalExecutor) -> Columns:
    if executor.partitions == 1:
        return check_outputs(policy, policy.apply(columns, state), count)
    parts = list(executor.parts(count))
    sizes = iter([part.stop - part.start for part in parts])
    if not columns:  # a policy without inputs: the parts have no columns to tell their length
        return check_outputs(policy, policy.apply(columns, state), count)
    results = executor.map(lambda part: check_outputs(policy, policy.apply(part, state), next(sizes)), columns)
    return {name: _joined([result[name] for result in results]) for name in results[0]}


def _joined(columns: list[Column]) -> Column:
    first = columns[0]
    if isinstance(first, Codes):
        return Codes(np.concatenate([column.codes for column in columns if isinstance(column, Codes)]), first.values, closed=first.closed)
    return np.concatenate([column for column in columns if not isinstance(column, Codes)])


def _scatter(outcome: PolicyOutcome, result: Columns, reason: Array, rows: Any, everyone: bool, total: int, book: ReasonBook) -> None:
    """Spread the columns of the complete rows over all rows, and add the policy's own reasons."""
    key = outcome.step.entry.key
    for output in outcome.step.outputs:
        column = result[output.name]
        outcome.columns[output.name] = column if everyone else _spread(column, rows, total, output)
    if RULE in result:
        given = result[RULE]
        assert not isinstance(given, Codes)
        small = np.int16 if len(given) == 0 or given.max() < 2**15 else np.int32
        outcome.rule = given.astype(small)
        if not everyone:
            outcome.rule = np.full(total, -1, dtype=small)
            outcome.rule[rows] = given
    if WITHHELD in result:
        own = result[WITHHELD]
        assert not isinstance(own, Codes)
        declared = outcome.step.entry.policy.reasons()
        table = [book.position(Withholding(key, "plugin", why.key, why.text.en)) for why in declared]
        reason[rows] = np.array([*table, -1], dtype=np.int16)[own]
    main = outcome.columns[outcome.step.outputs[0].name]
    silent = missing(main) & (reason < 0)
    if silent.any():
        reason[silent] = book.position(Withholding(key, "no value"))
    outcome.reason = reason


def _spread(column: Column, rows: Array, total: int, output: Output) -> Column:
    if isinstance(column, Codes):
        codes = np.full(total, -1, dtype=column.codes.dtype)
        codes[rows] = column.codes
        return Codes(codes, column.values, closed=column.closed)
    spread = empty_column(output, total)
    assert not isinstance(spread, Codes)
    spread[rows] = column
    return spread


def empty_column(output: Output, total: int) -> Column:
    """A column of an output in which every value is missing."""
    match output.kind:
        case "label":
            return Codes(np.full(total, -1, dtype=np.int16), output.keys)
        case "flag":
            return np.full(total, -1, dtype=np.int8)
        case "date":
            return np.full(total, np.datetime64("NaT"), dtype="datetime64[D]")
        case "set":
            return np.zeros(total, dtype=np.uint64)
    return np.full(total, np.nan)


def _nothing(step: Step, total: int) -> dict[str, Column]:
    return {output.name: empty_column(output, total) for output in step.outputs}


def _fault_words(error: BaseException) -> str:
    """What went wrong, short and in characters that every database keeps."""
    words = str(error) if isinstance(error, TierwiseError) else f"{type(error).__name__}: {error}"
    return words[:1000].encode(errors="replace").decode()


def outcome_digest(outcome: Outcome, former: Mapping[str, tuple[int, int]] | None = None) -> tuple[str, dict[str, tuple[int, int]]]:
    """The digest of an outcome and its lanes by address; what is kept beside an effective value has lines of its own.

    former: lanes of the base run, which stand in for the outputs that a fault left stale.
    """
    keys = outcome.facts.key_hash
    texts = [str(reason) for reason in outcome.reasons]
    lines: dict[str, tuple[int, int]] = {}
    stale: list[str] = []
    for key, policy in outcome.policies.items():
        if not policy.sound:
            for output in policy.step.outputs:
                address = f"{key}.{output.name}"
                carried = [mark for mark in MARKS if f"{address}{mark}" in (former or {})]
                for line in (address, *(f"{address}{mark}" for mark in carried)):
                    lines[line] = (former or {}).get(line, (0, 0))
                    stale.append(line)
            continue
        assert policy.reason is not None
        withheld = reason_hashes(policy.reason, texts)
        for output in policy.step.outputs:
            address, column, beside = f"{key}.{output.name}", policy.columns[output.name], policy.beside.get(output.name)
            none = policy.reason >= 0
            if beside is not None:
                for mark, kept in zip(MARKS, (beside.computed, beside.standing, beside.since), strict=True):
                    if kept is not None:
                        lines[address + mark] = lanes(keys, np.where(none & missing(kept), withheld, value_hashes(kept)))
                none = none & missing(column)  # a value fixed by hand is there without a computed one
            lines[address] = lanes(keys, np.where(none, withheld, value_hashes(column, output.decimals)))
    return digest(lines, stale), lines
