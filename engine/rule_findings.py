"""What verification finds in all rules of a rulebook, policy by policy; no database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from engine.documents import canonical
from engine.errors import Fault
from engine.kinds import ColumnKind
from engine.plan import Step
from engine.plan_kinds import kinds_of
from engine.policy import Text
from engine.responsibility import governed, lapses
from engine.rule_sets import RuleSet, TableRules
from engine.rulebook import Rulebook, deciding
from engine.verify import Finding

CONFLICTS = 20
"""Conflicts of one table that a refusal lists."""


@dataclass(frozen=True, slots=True)
class RuleFinding:
    """A finding in one rule set of one policy.

    place: the parameter that holds the rules. customers: how many stored customers it touches; None where that was not
    counted, or where it is about no customers.
    """

    policy: str
    place: str
    finding: Finding
    customers: int | None = None

    def as_dict(self) -> dict[str, object]:
        """Everything as plain values, for JSON."""
        found = self.finding
        witness = {
            name: value if value is None or isinstance(value, bool | int | float) else str(value) for name, value in found.witness.items()
        }
        return {
            "id": found.id,
            "kind": found.kind,
            "severity": found.severity,
            "policy": self.policy,
            "place": self.place,
            "rows": list(found.rows),
            "witness": witness,
            "customers": self.customers,
            "text": {"en": found.text.en, "zh": found.text.zh},
        }


Memo: TypeAlias = MutableMapping[str, Sequence[Finding]]
"""What was found in rule sets before, by all that decides it."""


def rule_findings(rulebook: Rulebook, memo: Memo | None = None) -> list[RuleFinding]:
    """Verify every rule set of every enabled policy, in the order of the plan. memo: what is known already is not verified again."""
    written = {entry["key"]: entry for entry in rulebook.document["policies"]} if memo is not None else {}
    found = []
    for step, rules, kinds in _rule_sets(rulebook):
        place = "" if memo is None else f"{canonical(deciding(written[step.entry.key]))}|{rules.place}|{sorted(kinds.items())}"
        findings = memo.get(place) if memo is not None else None
        if findings is None:
            findings = _verified(rules, kinds)
            if memo is not None:
                memo[place] = findings
        found += [RuleFinding(step.entry.key, rules.place, finding) for finding in findings]
    return found


def _verified(rules: RuleSet, kinds: dict[str, ColumnKind]) -> Sequence[Finding]:
    try:
        return rules.verify(kinds)
    except Exception as error:  # rules of a plugin are foreign code
        text = Text(f"the rules could not be verified: {error}", f"规则无法验证：{error}")
        return [Finding("TW358", "undecided", "warning", text)]


def responsibility_findings(rulebook: Rulebook, today: dt.date) -> list[RuleFinding]:
    """Policies without a responsible person or review date, or overdue for review.

    Of a rulebook that declares nothing about its governance it is said once, as a note.
    """
    if not governed(rulebook):
        text = Text(
            "no policy names a responsible person (owner) and a review date (review_by)",
            "没有策略指定负责人（owner）和复核日期（review_by）",
        )
        return [RuleFinding("", "policies", Finding("TW371", "no owner", "note", text))]
    return [RuleFinding(each.policy, "", Finding(each.id, each.kind, "warning", each.text)) for each in lapses(rulebook, today)]


def conflict_faults(rulebook: Rulebook) -> list[Fault]:
    """The rows that provably conflict; a rulebook with any is not published."""
    faults = []
    for step, rules, kinds in _rule_sets(rulebook):
        if isinstance(rules, TableRules):
            place = f"policy {step.entry.key}, {rules.place}"
            faults += [
                Fault("TW352", place, f"rows {one + 1} and {other + 1} conflict", "keep them apart, or take hit_policy first")
                for one, other in rules.conflicts(CONFLICTS, kinds)
            ]
    return faults


def _rule_sets(rulebook: Rulebook) -> Iterator[tuple[Step, RuleSet, dict[str, ColumnKind]]]:
    outputs = {f"{step.entry.key}.{output.name}": output for step in rulebook.plan.steps for output in step.outputs}
    for step in rulebook.plan.steps:
        sets: Sequence[RuleSet] = step.entry.policy.rule_sets()
        if sets:
            kinds = kinds_of(step, outputs, rulebook.catalogue)
            yield from ((step, rules, kinds) for rules in sets)
