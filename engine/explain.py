"""Why a customer is where it is: inputs, reasons, verdicts, thresholds, and what would give another outcome.

The explanation is of a run: its inputs as it read them, its states, its rulebook version, the values that it stored.
Where something of that is gone, `engine.replay` says what stands in, and the notes of the explanation say so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine import bands
from engine.columns import Column, Columns, freeze
from engine.effective import NOT_FIXED
from engine.effective_words import effective_note
from engine.errors import FeatureError, TierwiseError
from engine.explanation import Explanation, InputValue, OutputValue, Reach, WhatIf
from engine.moments import written
from engine.naming import Naming
from engine.nearest import nearest_changes
from engine.plan import Plan, Step
from engine.policy import Output
from engine.quantities import Interval
from engine.reach import Goal, Proposal, Reached, goal_of, reach
from engine.replay import Replay, Replayed
from engine.store.facts import StoreSettings
from engine.store.fixed_values import FixedValue
from engine.values import json_value, plain, value_at
from engine.verdicts import told
from engine.what_if import reach_words, what_if
from engine.wording import Words, reason_text, withheld_words


def explain_customer(
    replayed: Replayed,
    business: StoreSettings,
    *,
    policy: str | None = None,
    language: str = "en",
    to: str | None = None,
    customer: str = "",
    notes: Sequence[str] = (),
) -> list[Explanation]:
    """Explain one policy, or all, for a customer in a run, in the order of evaluation.

    to: an outcome, by key or title, of which is said what it would take. notes: what is known already and worth saying.
    Raises `RulebookError` for a policy that the run's rulebook does not have, `FeatureError` for an unknown outcome.
    """
    rulebook = replayed.replay.evaluator.rulebook
    if policy is not None:
        rulebook.entry(policy)
    steps = [step for step in rulebook.plan.steps if policy in (None, step.entry.key)]
    goals = _goals(steps, to) if to is not None else {}
    words = Words(language, business.currency, business.minor_digits, Naming(rulebook))
    subject = _Subject(replayed, business, words, customer, tuple(notes))
    return [subject.explanation(step, goals.get(step.entry.key)) for step in steps if not goals or step.entry.key in goals]


def _goals(steps: Sequence[Step], named: str) -> dict[str, Goal]:
    """The policies that have such an outcome. Raises `FeatureError` when none has."""
    found: dict[str, Goal] = {}
    problems: list[FeatureError] = []
    for step in steps:
        try:
            found[step.entry.key] = goal_of(step, named)
        except FeatureError as error:
            problems.append(error)
    if not found and problems:
        raise problems[0] if len(problems) == 1 else FeatureError("\n".join(["no policy has this outcome", *(f"  {p}" for p in problems)]))
    return found


class _Subject:
    """One customer in one run, and how its explanations are written."""

    def __init__(self, replayed: Replayed, business: StoreSettings, words: Words, customer: str, notes: tuple[str, ...]) -> None:
        self.replayed, self.business, self.words, self.customer, self.notes = replayed, business, words, customer, notes
        self.replay: Replay = replayed.replay
        self.evaluator = self.replay.evaluator

    def explanation(self, step: Step, goal: Goal | None) -> Explanation:
        """Explain one policy."""
        key, record = step.entry.key, self.replay.record
        policy = self.replayed.outcome.policies[key]
        columns = self._columns(step)
        words = Words(self.words.language, self.words.currency, self.words.minor_digits, Naming(self.evaluator.rulebook, key))
        withheld = self._withheld(key)
        bounds = self._bounds(step)
        inputs = tuple(self._input(name, columns[name], bounds.get(name, ())) for name in dict.fromkeys(step.reads))
        computed = key not in self.evaluator.stale and policy.sound
        state = self.evaluator.states.get(key)
        return Explanation(
            policy=key,
            type=step.entry.type,
            title=self.words.of(step.entry.title),
            run=record.id,
            rulebook=record.version_id,
            as_of=written(record.as_of, self.business.timezone),
            source=self.replayed.source,
            outputs=tuple(value for output in step.outputs if (value := self._output(key, output)) is not None),
            withheld=withheld,
            inputs=inputs,
            reasons=tuple(self._reasons(step, columns, inputs, words)) if withheld is None and computed else (),
            rule=self._rule(key),
            nearest=tuple(self._nearest(step)) if computed else (),
            population=self._population(step, columns),
            verdicts=tuple(self._verdicts(step, columns, words)) if computed else (),
            thresholds=dict(state) if state is not None else None,
            notes=(*self.notes, *self._notes(key)),
            reach=self._reach(step, goal, withheld) if goal is not None and computed else None,
            status=record.status,
            customer=self.customer,
        )

    # --- what there is -----------------------------------------------------------------------------------------

    def _columns(self, step: Step) -> dict[str, Column]:
        """The columns that `explain` of a plugin is promised: inputs under their names, own outputs under their bare ones."""
        known: dict[str, Column] = {**self.replayed.facts.columns, **self.replayed.facts.previous}
        for key, policy in self.replayed.outcome.policies.items():
            known.update({f"{key}.{name}": column for name, column in policy.columns.items()})
        columns = {name: known[name] for name in step.reads if name in known}
        for name in step.reads:
            if name not in columns:  # of a policy that failed
                columns[name] = np.array([np.nan])
        own = self.replayed.outcome.policies[step.entry.key]
        return columns | own.columns | {name: beside.computed for name, beside in own.beside.items()}

    def _bounds(self, step: Step) -> Mapping[str, tuple[float, ...]]:
        try:
            found = step.entry.policy.bounds(self.evaluator.states.get(step.entry.key))
            return {name: tuple(sorted(float(value) for value in values)) for name, values in found.items()}
        except Exception:  # a plugin is foreign code; an explanation without its bounds is still one
            return {}

    def _output(self, key: str, output: Output) -> OutputValue | None:
        address = f"{key}.{output.name}"
        policy = self.replayed.outcome.policies[key]
        if address in self.replayed.stored:
            value = self.replayed.stored[address]
        elif policy.sound:
            value = plain(policy.columns[output.name], output)[0]
        else:
            return None
        title = self.words.of(output.title) if output.title else output.name
        since = self.replayed.since.get(address) if value is not None else None
        moment = written(since, self.business.timezone) if since is not None else None
        effects, fixed = self.replayed.facts.effects, self._fixed(address)
        note = effective_note(policy, output, effects, fixed, self.words, self.business.timezone)
        computed = note.computed if note and note.computed != value else None
        return OutputValue(address, title, output.kind, value, self.words.value(value, output=output), moment, computed, note)

    def _fixed(self, address: str) -> FixedValue | None:
        """The value that was fixed by hand here and had effect; one that rests had none."""
        effects, customer = self.replayed.facts.effects, self.replayed.customer_id
        if effects is None or address not in effects.fixed or effects.fixed[address][0] == NOT_FIXED:
            return None
        return next(one for one in self.evaluator.snapshot.fixed if (one.customer_id, one.address) == (customer, address))

    def _input(self, name: str, column: Column, bounds: Sequence[float]) -> InputValue:
        value = value_at(column, 0)
        declared = self.words.naming.of(name) if self.words.naming else None
        if declared is not None and declared.feature is not None:
            text = self.words.with_unit(value, declared.feature)
        else:
            text = self.words.value(value, output=declared.output if declared else None)
        return InputValue(name, self.words.title(name), json_value(value), text, tuple(bounds))

    def _withheld(self, key: str) -> str | None:
        """Why there is no outcome: as the run stored it; else as it follows from the facts."""
        block, rulebook = self.replay.block, self.evaluator.rulebook
        if self.replayed.stored and block is not None and key in block.reason and self.replayed.outcome.policies[key].sound:
            rows, _ = block.rows_of(np.array([self.replayed.customer_id]))
            number = int(block.reason[key][rows[0]])
            return None if number < 0 else self.words.of(reason_text(self.replay.reasons[number], self.replay.reasons, rulebook))
        return withheld_words(self.replayed.outcome, key, 0, rulebook, self.words)

    def _rule(self, key: str) -> int | None:
        policy = self.replayed.outcome.policies[key]
        return int(policy.rule[0]) + 1 if policy.sound and policy.rule is not None and policy.rule[0] >= 0 else None

    # --- why ---------------------------------------------------------------------------------------------------

    def _reasons(self, step: Step, columns: Columns, inputs: Sequence[InputValue], words: Words) -> list[str]:
        """The policy's own reasons; where it gives none, in which interval of its bounds each input lies."""
        try:
            own = step.entry.policy.explain(freeze(columns), self.evaluator.states.get(step.entry.key))
            said = [words.reason(reason) for reason in own]
        except Exception as error:  # a plugin is foreign code; its failure to explain is said, and the rest stands
            said = [words.pick(f"the policy could not explain itself: {error}", f"策略未能解释自身：{error}")]
        return said or [self._interval(given) for given in inputs if given.bounds and isinstance(given.value, int | float)]

    def _interval(self, given: InputValue) -> str:
        edges = list(given.bounds)
        low, high = bands.interval(edges, 1 + sum(edge < given.value for edge in edges))
        within = self.words.interval(Interval(low, high, given.name))
        return self.words.pick(f"{given.title}: {given.text}, {within}.", f"{given.title}：{given.text}，{within}。")

    def _verdicts(self, step: Step, columns: Columns, words: Words) -> list[Mapping[str, Any]]:
        try:
            found = step.entry.policy.verdicts(freeze(columns), self.evaluator.states.get(step.entry.key))
            return [told(each, words) for each in found]
        except Exception:  # a plugin is foreign code, and a rule set need not explain; reasons say what there is to say
            return []

    def _population(self, step: Step, columns: Columns) -> Mapping[str, Any] | None:
        if step.entry.population is None or not set(step.population) <= set(columns):
            return None
        try:
            tree: Mapping[str, Any] = told(step.entry.population.explain(columns), self.words)
        except TierwiseError:  # it reads an output of a policy that failed
            return None
        return tree

    # --- what would give another outcome -----------------------------------------------------------------------

    def _chain(self, step: Step) -> tuple[Plan, dict[str, Any]]:
        chain = self.evaluator.plan.chain(step.entry.key)
        return chain, {name: self.evaluator.rulebook.catalogue.resolve(name) for name in chain.features}

    def _searchable(self, step: Step) -> bool:
        """Whether the chain can be applied again: none of it failed, or has other code than the run."""
        return all(self.replayed.outcome.policies[key].sound and key not in self.evaluator.stale for key in self._keys(step))

    def _keys(self, step: Step) -> list[str]:
        return [each.entry.key for each in self.evaluator.plan.chain(step.entry.key).steps]

    def _nearest(self, step: Step) -> list[WhatIf]:
        """The nearest changes to the other outcomes of the first label output, else of the first flag."""
        output = next((each for kind in ("label", "flag") for each in step.outputs if each.kind == kind), None)
        if output is None or not self._searchable(step) or self.replayed.facts.not_graded is not None:
            return []
        chain, features = self._chain(step)
        address = f"{step.entry.key}.{output.name}"
        found = nearest_changes(chain, self.replayed.facts, self.evaluator.states, address, features, self.replay.population)
        return [
            what_if(
                self.words,
                Proposal((each.feature,), (each.was,), (each.now,), each.distance),
                address,
                output,
                each.outcome,
                computed=output.name in self.replayed.outcome.policies[step.entry.key].beside,
            )
            for each in found
        ]

    def _reach(self, step: Step, goal: Goal, withheld: str | None) -> Reach | None:
        if not self._searchable(step):
            return None
        chain, features = self._chain(step)
        address = f"{step.entry.key}.{goal.output.name}"
        found: Reached = reach(chain, self.replayed.facts, self.evaluator.states, address, goal, features, self.replay.population)
        return reach_words(self.words, found, address, goal, features, withheld)

    # --- what a reader has to know -----------------------------------------------------------------------------

    def _notes(self, key: str) -> list[str]:
        pick, record, notes = self.words.pick, self.replay.record, []
        if record.status in ("superseded", "historical", "held", "discarded"):
            notes.append(_STATUS_NOTES[record.status][self.words.language.startswith("zh")])
        if self.replayed.source == "today":
            gone = self.replay.inputs is None
            en = "The inputs of this run are no longer kept" if gone else "This customer's inputs are not among those of the run"
            zh = "该次运行的输入已不再保留" if gone else "该客户不在该次运行的输入中"
            notes.append(pick(f"{en}: computed from today's facts as of its moment.", f"{zh}：按当前事实、以该次运行的时点计算。"))
        if self.replay.block is None:
            notes.append(pick("The outcomes of this run are no longer kept: computed again.", "该次运行的结果已不再保留：重新计算得出。"))
        if key in self.evaluator.stale:
            why = self.evaluator.stale[key]
            notes.append(
                pick(f"Shown as the run stored it and not computed again: it was {why}.", f"按运行所存结果显示，未重新计算（{why}）。")
            )
        elif key in self.evaluator.moved:
            notes.append(
                pick(
                    "The code of this policy type is no longer that of the run, though its version is the same.",
                    "该策略类型的代码已与运行时不同，但版本号相同。",
                )
            )
        if self.replayed.differs(key):
            notes.append(
                pick(
                    "Computed again, the outcome differs; what the run stored is shown.",
                    "重新计算的结果与运行所存不同；此处显示运行所存的结果。",
                )
            )
        return notes


_STATUS_NOTES = {
    "superseded": ("This run was superseded by another at the same moment.", "该次运行已被同一时点的另一次运行取代。"),
    "historical": ("This run is a look back and never touched current assignments.", "该次运行为历史回溯，从未影响当前归属。"),
    "held": ("This run is held: nobody sees its outcome yet.", "该次运行已暂扣：其结果尚不可见。"),
    "discarded": ("This run was discarded.", "该次运行已丢弃。"),
}

__all__ = ["Explanation", "WhatIf", "explain_customer"]
