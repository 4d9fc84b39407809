"""Judge the example customers of a rulebook with what it learnt from all customers.

Examples given by feature values go through one `compute` together; those that name a stored customer are read from the
outcome itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from engine.columns import Column, freeze, take_rows
from engine.example_documents import Example, former_output
from engine.given import former_column, given_column
from engine.policy import Output, Policy, Text
from engine.rulebook import Rulebook
from engine.run import Facts, Outcome, PolicyOutcome, compute
from engine.values import plain
from engine.wording import Words, reason_text

Verdict = Literal["holds", "breaks", "undecided"]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """An output of an example that is not as expected. expected, found: None is no value; why: in words."""

    address: str
    expected: Any
    found: Any
    why: Text


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """What became of one example. at: its position in the document, from 0. mismatches: none where it holds.

    undecided: nothing could be learnt, since there is no customer to learn from.
    """

    at: int
    name: Text
    verdict: Verdict
    mismatches: tuple[Mismatch, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {
            "at": self.at,
            "name": {"en": self.name.en, "zh": self.name.zh},
            "verdict": self.verdict,
            "mismatches": [
                {"output": one.address, "expected": one.expected, "found": one.found, "why": {"en": one.why.en, "zh": one.why.zh}}
                for one in self.mismatches
            ],
        }


def judge_examples(rulebook: Rulebook, outcome: Outcome, customers: Mapping[str, int]) -> list[ExampleResult]:
    """Judge every example, in the order of the document.

    outcome: of this rulebook over all customers. customers: internal keys by the ids that examples name; an id that is
    not there breaks its example.
    """
    if not rulebook.examples:
        return []
    given = [example for example in rulebook.examples if not example.customer]
    asked = _ask(rulebook, outcome, given) if given else outcome
    unlearnt = _unlearnt(rulebook, outcome)
    row_of = _rows(outcome, customers)
    rows = iter(range(len(given)))
    results = []
    for at, example in enumerate(rulebook.examples):
        judge = _Judge(rulebook, outcome if example.customer else asked, outcome, unlearnt if not example.customer else frozenset())
        row = row_of.get(example.customer) if example.customer else next(rows)
        results.append(judge.result(at, example, row))
    return results


def _rows(outcome: Outcome, customers: Mapping[str, int]) -> dict[str, int]:
    """The row of each named customer that the outcome has."""
    if not customers:
        return {}
    ids = np.asarray(outcome.facts.customer_id)
    rows = np.flatnonzero(np.isin(ids, list(customers.values())))
    row_of = dict(zip(ids[rows].tolist(), rows.tolist(), strict=True))
    return {name: row_of[key] for name, key in customers.items() if key in row_of}


def _ask(rulebook: Rulebook, outcome: Outcome, examples: Sequence[Example]) -> Outcome:
    """The outcome of the given features, with the states that were fitted on all customers."""
    plan = rulebook.plan
    columns = {name: given_column(rulebook.catalogue.resolve(name), [e.features.get(name) for e in examples]) for name in plan.features}
    outputs = {f"{step.entry.key}.{output.name}": output for step in plan.steps for output in step.outputs}
    previous: dict[str, Column] = {}
    for name in plan.previous:
        output = former_output(name, outputs)
        assert output is not None
        previous[name] = former_column(name, output, [example.features.get(name) for example in examples])
    nobody = np.zeros(len(examples), dtype=np.int64)
    states = {key: policy.state for key, policy in outcome.policies.items()}
    return compute(plan, Facts(nobody, nobody, freeze(columns), None, freeze(previous)), states=states)


def _unlearnt(rulebook: Rulebook, outcome: Outcome) -> frozenset[str]:
    """Policies that learn from customers and had none, and whatever rests on them."""
    own = {key for key, policy in outcome.policies.items() if policy.sound and _had_nobody(policy, outcome)}
    return frozenset(own | {other for key in own for other in rulebook.plan.dependents[key]})


def _had_nobody(policy: PolicyOutcome, outcome: Outcome) -> bool:
    learns = type(policy.step.entry.policy).fit is not Policy.fit
    if not learns or policy.state is not None or policy.reason is None:
        return False
    asked = np.array([why.kind in ("plugin", "no value") for why in outcome.reasons] + [True])
    return not bool(asked[policy.reason].any())


@dataclass(frozen=True, slots=True)
class _Judge:
    rulebook: Rulebook
    asked: Outcome
    population: Outcome
    unlearnt: frozenset[str]

    def result(self, at: int, example: Example, row: int | None) -> ExampleResult:
        if row is None:
            nobody = Text(f"no customer {example.customer} is graded", f"没有参与分级的客户 {example.customer}")
            return ExampleResult(at, example.name, "breaks", tuple(Mismatch(a, e, None, nobody) for a, e in example.expect.items()))
        waiting = [address for address in example.expect if address.partition(".")[0] in self.unlearnt]
        mismatches = tuple(
            found
            for address, expected in example.expect.items()
            if address not in waiting and (found := self._mismatch(address, expected, row)) is not None
        )
        if mismatches:
            return ExampleResult(at, example.name, "breaks", mismatches)
        learn = Text("there are no customers yet to learn from", "尚无客户数据可供学习")
        undecided = tuple(Mismatch(address, example.expect[address], None, learn) for address in waiting)
        return ExampleResult(at, example.name, "undecided" if waiting else "holds", undecided)

    def _mismatch(self, address: str, expected: Any, row: int) -> Mismatch | None:
        key, _, name = address.partition(".")
        for outcome in (self.population, self.asked):
            policy = outcome.policies[key]
            if not policy.sound:
                return Mismatch(address, expected, None, _failed(policy))
        policy = self.asked.policies[key]
        output = next(each for each in policy.step.outputs if each.name == name)
        found = plain(policy.columns[name][row : row + 1], output)[0]
        if same_value(output, expected, found):
            return None
        return Mismatch(address, expected, found, self._why(policy, row))

    def _why(self, policy: PolicyOutcome, row: int) -> Text:
        """The reason of withholding; else what the policy itself says about this customer; else nothing."""
        assert policy.reason is not None
        if policy.reason[row] >= 0:
            return reason_text(self.asked.reasons[policy.reason[row]], self.asked.reasons, self.rulebook)
        known: dict[str, Column] = {**self.asked.facts.columns, **self.asked.facts.previous}
        for key, other in self.asked.policies.items():
            known |= {f"{key}.{name}": column for name, column in other.columns.items()}
        columns = {name: known[name] for name in policy.step.reads if name in known} | policy.columns
        try:
            one = take_rows(columns, slice(row, row + 1))
            reasons = policy.step.entry.policy.explain(one, self.population.policies[policy.step.entry.key].state)
            english, chinese = Words("en"), Words("zh")
            return Text(" ".join(map(english.reason, reasons)), "".join(map(chinese.reason, reasons)))
        except Exception:  # a plugin is foreign code; expected and found say enough without its reasons
            return Text("", "")


def _failed(policy: PolicyOutcome) -> Text:
    key = policy.step.entry.key
    if policy.fault:
        return Text(f"{key} failed: {policy.fault}", f"{key} 运行出错：{policy.fault}")
    return Text(f"{key} needs {policy.stale_because}, which failed", f"{key} 依赖的 {policy.stale_because} 运行出错")


def same_value(output: Output, expected: Any, found: Any) -> bool:
    """Whether an outcome is the expected one; numbers are compared as the output rounds them."""
    if expected is None or found is None:
        return expected is None and found is None
    if output.kind == "set":
        return set(expected) == set(found)
    if output.kind in ("score", "amount"):
        return math.isclose(float(expected), float(found), rel_tol=0, abs_tol=0.5 * 10.0**-output.decimals)
    return bool(expected == found)


def example_words(name: Text, mismatches: Sequence[Mismatch]) -> Text:
    """A broken example as one sentence: what was expected of each output, what came, and why."""
    en, zh = [], []
    for one in mismatches:
        why = one.why
        en.append(
            f"{one.address} must be {_value(one.expected, 'no value')}, is {_value(one.found, 'no value')}"
            + (f" ({why.en})" if why.en else "")
        )
        zh.append(f"{one.address} 应为{_value(one.expected, '无')}，实为{_value(one.found, '无')}" + (f"（{why.zh}）" if why.zh else ""))
    return Text(f"{name.en}: {'; '.join(en)}", f"{name.zh}：{'；'.join(zh)}")


def _value(value: Any, nothing: str) -> str:
    if value is None:
        return nothing
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "+".join(value) or nothing
    return f"{value:g}" if isinstance(value, float) else str(value)
