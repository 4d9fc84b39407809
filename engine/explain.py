"""Why a customer is where it is: inputs, reasons, thresholds, and the nearest change that would give another outcome.

The explanation is of a run: its inputs as it read them, its states, its rulebook version. Where the inputs are no
longer kept, or the customer came later, today's facts as of the run's moment stand in, and the explanation says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from engine import bands
from engine.columns import Codes, Column, Columns, freeze, take_rows
from engine.evaluate import Evaluator
from engine.former import previous_columns
from engine.moments import written
from engine.nearest import Nearest, nearest_changes
from engine.plan import Step
from engine.policy import Output
from engine.run import Facts, Outcome
from engine.store import outcomes
from engine.store.facts import StoreSettings, store_settings
from engine.store.inputs import Inputs, load_inputs
from engine.store.session import Store
from engine.values import json_value, plain, value_at
from engine.wording import Words, withheld_words


@dataclass(frozen=True, slots=True)
class OutputValue:
    """One output of the policy. value: label key, bool, number, ISO date or list; None for none. text: in words.

    since: ISO moment of the run in which the value began, for outputs with history.
    """

    address: str
    title: str
    kind: str
    value: Any
    text: str
    since: str | None = None


@dataclass(frozen=True, slots=True)
class InputValue:
    """One input as it was read: its name, title, value, and the value in words with its unit.

    bounds: where the outcome may change, as the policy states them.
    """

    name: str
    title: str
    value: Any
    text: str
    bounds: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The smallest change of one feature, all else equal, that gives another outcome. sentence: the same in words."""

    feature: str
    title: str
    was: Any
    now: Any
    was_text: str
    now_text: str
    output: str
    outcome: str
    outcome_title: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one customer has the outcome of one policy.

    withheld: why there is none. reasons: in words, the policy's own or, where it has none, its thresholds. rule: the
    position of the rule that decided, from 1. source: "run" (the inputs as the run read them) or "today".
    """

    policy: str
    type: str
    title: str
    run: int
    rulebook: int
    as_of: str
    source: Literal["run", "today"]
    outputs: tuple[OutputValue, ...]
    withheld: str | None
    inputs: tuple[InputValue, ...]
    reasons: tuple[str, ...]
    rule: int | None
    nearest: tuple[WhatIf, ...]

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return asdict(self)


def explain_customer(store: Store, evaluator: Evaluator, customer_id: int, policy: str | None, language: str) -> list[Explanation]:
    """Explain one policy, or all, for a stored customer, in the order of evaluation.

    Raises `RulebookError` for a policy that the run's rulebook does not have.
    """
    if policy is not None:
        evaluator.rulebook.entry(policy)
    business = store_settings(store)
    subject = _Subject.of(store, evaluator, customer_id, business, language)
    steps = [step for step in evaluator.plan.steps if policy in (None, step.entry.key)]
    return [_explanation(subject, step) for step in steps]


@dataclass(slots=True)
class _Subject:
    """The customer as the run saw it, its outcome computed again, and what the sentences need."""

    evaluator: Evaluator
    facts: Facts
    outcome: Outcome
    population: Columns
    since: Mapping[str, str]
    source: Literal["run", "today"]
    words: Words
    business: StoreSettings

    @classmethod
    def of(cls, store: Store, evaluator: Evaluator, customer_id: int, business: StoreSettings, language: str) -> _Subject:
        record = evaluator.record
        with store.read() as connection:
            inputs = load_inputs(connection, record)
            block = outcomes.load_block(connection, record.id)
            moments = outcomes.moments_of_runs(connection)
        row = inputs.row_of(customer_id) if inputs else None
        rows, there = block.rows_of(np.array([customer_id]))
        since: dict[str, str] = {}
        if there[0]:
            since = {address: written(moments[int(runs[rows[0]])], business.timezone) for address, runs in block.since.items()}
        if inputs is not None and row is not None:
            why = {key: int(reason[rows[0]]) for key, reason in block.reason.items()} if there[0] else {}
            facts = _facts_of_run(evaluator, inputs, row, customer_id, why)
        else:
            facts = evaluator.facts_of(customer_id, record.as_of)
        population = inputs.columns if inputs else freeze({})
        words = Words(language, business.currency, business.minor_digits)
        source: Literal["run", "today"] = "today" if row is None else "run"
        return cls(evaluator, facts, evaluator.outcome(facts), population, since, source, words, business)


def _facts_of_run(evaluator: Evaluator, inputs: Inputs, row: int, customer_id: int, why: Mapping[str, int]) -> Facts:
    """The customer as a single row of the run's inputs; who was not graded then is not graded here."""
    ids = np.array([customer_id], dtype=np.int64)
    columns = take_rows({name: inputs.columns[name] for name in evaluator.plan.features}, np.array([row]))
    reasons = evaluator.record.report["reasons"]
    flagged = next((reasons[number][3] for number in why.values() if number >= 0 and reasons[number][1] == "not graded"), None)
    not_graded = Codes.of([flagged]) if flagged is not None else None
    previous = previous_columns(evaluator.plan, evaluator.snapshot, ids) if evaluator.plan.previous else freeze({})
    return Facts(ids, np.zeros(1, dtype=np.int64), columns, not_graded, previous)


def _explanation(subject: _Subject, step: Step) -> Explanation:
    words, key, record = subject.words, step.entry.key, subject.evaluator.record
    policy = subject.outcome.policies[key]
    columns = _inputs_and_outputs(subject, step)
    withheld = withheld_words(subject.outcome, key, 0, subject.evaluator.rulebook, words)
    bounds = _bounds(subject, step)
    inputs = tuple(_input(subject, name, columns[name], bounds.get(name, ())) for name in dict.fromkeys(step.reads))
    return Explanation(
        policy=key,
        type=step.entry.type,
        title=words.of(step.entry.title),
        run=record.id,
        rulebook=record.version_id,
        as_of=written(record.as_of, subject.business.timezone),
        source=subject.source,
        outputs=tuple(_output(subject, key, output) for output in step.outputs) if policy.sound else (),
        withheld=withheld,
        inputs=inputs,
        reasons=tuple(_reasons(subject, step, columns, inputs)) if withheld is None else (),
        rule=int(policy.rule[0]) + 1 if policy.sound and policy.rule is not None and policy.rule[0] >= 0 else None,
        nearest=tuple(_what_if(subject, step, found) for found in _nearest(subject, step)),
    )


def _inputs_and_outputs(subject: _Subject, step: Step) -> dict[str, Column]:
    """The columns that `explain` of a plugin is promised: inputs under their names, own outputs under their bare ones."""
    known: dict[str, Column] = {**subject.facts.columns, **subject.facts.previous}
    for key, policy in subject.outcome.policies.items():
        known.update({f"{key}.{name}": column for name, column in policy.columns.items()})
    columns = {name: known[name] for name in step.reads if name in known}
    for name in step.reads:
        if name not in columns:  # of a policy that failed
            columns[name] = np.array([np.nan])
    return columns | subject.outcome.policies[step.entry.key].columns


def _bounds(subject: _Subject, step: Step) -> Mapping[str, tuple[float, ...]]:
    try:
        found = step.entry.policy.bounds(subject.evaluator.states.get(step.entry.key))
        return {name: tuple(sorted(float(value) for value in values)) for name, values in found.items()}
    except Exception:  # a plugin is foreign code; an explanation without its bounds is still one
        return {}


def _output(subject: _Subject, key: str, output: Output) -> OutputValue:
    column = subject.outcome.policies[key].columns[output.name]
    value = plain(column, output)[0]
    title = subject.words.of(output.title) if output.title else output.name
    text = subject.words.value(value, output=output)
    address = f"{key}.{output.name}"
    since = subject.since.get(address) if value is not None else None
    return OutputValue(address, title, output.kind, value, text, since)


def _input(subject: _Subject, name: str, column: Column, bounds: Sequence[float]) -> InputValue:
    words, value = subject.words, value_at(column, 0)
    declared = _declared(subject, name)
    if isinstance(declared, Output):
        title = words.of(declared.title) if declared.title else name
        return InputValue(name, title, json_value(value), words.value(value, output=declared), tuple(bounds))
    if declared is None:
        return InputValue(name, name, json_value(value), words.value(value), tuple(bounds))
    return InputValue(name, words.of(declared.title), json_value(value), words.with_unit(value, declared), tuple(bounds))


def _declared(subject: _Subject, name: str) -> Any:
    """The output or feature behind an input; None for a moment of the past."""
    address = name.removeprefix("previous.")
    key, _, output = address.partition(".")
    for step in subject.evaluator.plan.steps:
        if step.entry.key == key:
            return next((each for each in step.outputs if each.name == output), None)
    return subject.evaluator.rulebook.catalogue.resolve(name)


def _reasons(subject: _Subject, step: Step, columns: Columns, inputs: Sequence[InputValue]) -> list[str]:
    """The policy's own reasons; where it gives none, in which interval of its bounds each input lies."""
    try:
        own = step.entry.policy.explain(freeze(columns), subject.evaluator.states.get(step.entry.key))
        said = [subject.words.reason(reason) for reason in own]
    except Exception as error:  # a plugin is foreign code; its failure to explain is said, and the rest stands
        said = [subject.words.pick(f"the policy could not explain itself: {error}", f"策略未能解释自身：{error}")]
    return said or [_interval(subject.words, given) for given in inputs if given.bounds and isinstance(given.value, int | float)]


def _interval(words: Words, given: InputValue) -> str:
    edges = list(given.bounds)
    within = bands.words(*bands.interval(edges, 1 + sum(edge < given.value for edge in edges)))
    return words.pick(f"{given.title}: {given.text}, {within.en}.", f"{given.title}：{given.text}，{within.zh}。")


def _nearest(subject: _Subject, step: Step) -> list[Nearest]:
    """The nearest changes to the other outcomes of the first label output, else of the first flag."""
    output = next((each for kind in ("label", "flag") for each in step.outputs if each.kind == kind), None)
    if output is None or not subject.outcome.policies[step.entry.key].sound or subject.facts.not_graded is not None:
        return []
    chain = subject.evaluator.plan.chain(step.entry.key)
    features = {name: subject.evaluator.rulebook.catalogue.resolve(name) for name in chain.features}
    return nearest_changes(chain, subject.facts, subject.evaluator.states, f"{step.entry.key}.{output.name}", features, subject.population)


def _what_if(subject: _Subject, step: Step, found: Nearest) -> WhatIf:
    words = subject.words
    feature = subject.evaluator.rulebook.catalogue.resolve(found.feature)
    output = next(each for kind in ("label", "flag") for each in step.outputs if each.kind == kind)
    address = f"{step.entry.key}.{output.name}"
    was, now = words.value(found.was, feature=feature), words.value(found.now, feature=feature)
    title = words.value(found.outcome, output=output)
    sentence = words.pick(
        f"If {found.feature} were {now} instead of {was}, all else equal, {address} would be {found.outcome}.",
        f"若 {found.feature} 为 {now}（现为 {was}），其余不变，{address} 将为「{title}」。",
    )
    return WhatIf(
        feature=found.feature,
        title=words.of(feature.title),
        was=json_value(found.was),
        now=json_value(found.now),
        was_text=words.with_unit(found.was, feature),
        now_text=words.with_unit(found.now, feature),
        output=address,
        outcome=found.outcome,
        outcome_title=title,
        sentence=sentence,
    )
