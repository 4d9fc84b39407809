"""What an author of rules wants to know beside each row: how many customers it decides, now and live, what is wrong, what would mend it.

Every mend carries its price: how many customers would get another outcome from these rules, and from what to what.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.columns import Codes, Column, Columns, Flags, missing
from engine.errors import RulebookError, did_you_mean
from engine.kinds import ColumnKind
from engine.mends import Mend, mends_of
from engine.plan_kinds import kinds_of
from engine.policy import Text
from engine.rule_findings import RuleFinding
from engine.rule_sets import RuleSet, TableRules
from engine.rulebook import Rulebook
from engine.run import Outcome
from engine.tables import DecisionTable
from engine.tables.policies import Lists
from engine.verification import asked, columns_of

PRICED = 12
"""Findings whose mends are priced; a table with a thousand conflicts needs another idea first."""

MOVES = 5


@dataclass(frozen=True, slots=True)
class Price:
    """A mend with what it costs. moved: customers with another outcome, None where that was not counted; moves: (from, to, customers)."""

    mend: Mend
    moved: int | None = None
    moves: tuple[tuple[Any, Any, int], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        title = self.mend.title
        moves = [[was, now, count] for was, now, count in self.moves]
        return {"title": {"en": title.en, "zh": title.zh}, "value": self.mend.value, "moved": self.moved, "moves": moves}


@dataclass(frozen=True, slots=True)
class RuleInspection:
    """The rules of one parameter over all stored customers.

    draft: customers that each rule decides; live: the same of the live rules, row by row as far as rows are the same, None
    for a row that is new; None altogether where nothing alike is live or the rules do not say which one decided. otherwise:
    customers whom no rule decides; customers: all that the policy is for.
    """

    findings: tuple[tuple[RuleFinding, tuple[Price, ...]], ...]
    draft: tuple[int, ...] | None
    live: tuple[int | None, ...] | None
    otherwise: int | None
    live_otherwise: int | None
    customers: int

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        hits = None
        if self.draft is not None:
            live = None if self.live is None else list(self.live)
            hits = {"draft": list(self.draft), "live": live, "default": self.otherwise, "live_default": self.live_otherwise}
        findings = [{**found.as_dict(), "mends": [price.as_dict() for price in prices]} for found, prices in self.findings]
        return {"findings": findings, "hits": hits, "customers": self.customers}


def inspect_rules(
    policy: str, place: str, findings: Sequence[RuleFinding], draft: tuple[Rulebook, Outcome], live: tuple[Rulebook, Outcome]
) -> RuleInspection:
    """Look at the rules of one parameter of a policy.

    findings: of the whole draft, counted. draft, live: each rulebook with its outcome over the same customers. Raises
    `RulebookError` where the draft has no such rules.
    """
    rulebook, outcome = draft
    rules = _rules(rulebook, policy, place)
    if rules is None:
        raise no_rules(rulebook, policy, place)
    own = [each for each in findings if each.policy == policy and each.place == place]
    job = _Job(rulebook, outcome, policy, rules)
    before = _rules(live[0], policy, place)
    was = None if before is None else _Job(live[0], live[1], policy, before)
    counts, others = job.hits()
    live_counts, live_others = was.hits() if was is not None else (None, None)
    return RuleInspection(
        findings=tuple(zip(own, job.prices(own), strict=True)),
        draft=counts,
        live=None if counts is None or live_counts is None or was is None else _aligned(job.texts(), was.texts(), live_counts),
        otherwise=others,
        live_otherwise=live_others,
        customers=int(np.count_nonzero(job.asked)) if job.sound else 0,
    )


def _rules(rulebook: Rulebook, policy: str, place: str) -> RuleSet | None:
    entry = next((entry for entry in rulebook.entries if entry.key == policy), None)
    return None if entry is None else next((rules for rules in entry.policy.rule_sets() if rules.place == place), None)


def no_rules(rulebook: Rulebook, policy: str, place: str) -> RulebookError:
    """The refusal to look at rules that are not there, or that are disabled."""
    known = [f"{entry.key}.{rules.place}" for entry in rulebook.entries for rules in entry.policy.rule_sets()]
    hint = did_you_mean(f"{policy}.{place}", known)
    return RulebookError(f"there are no rules at {policy}.{place}; {hint or 'a policy with a table or conditions is needed'}")


@dataclass(frozen=True)
class _Job:
    """The rules of one place with what they decide over."""

    rulebook: Rulebook
    outcome: Outcome
    policy: str
    rules: RuleSet

    @property
    def sound(self) -> bool:
        """Whether the policy has an outcome at all: it is enabled, and neither it nor what it reads fails."""
        return self.policy in self.outcome.policies and self.outcome.policies[self.policy].sound

    @property
    def asked(self) -> Flags:
        """The customers that the policy is for."""
        return asked(self.policy, self.outcome)

    @property
    def columns(self) -> Columns:
        """What the rules read."""
        return columns_of(self.policy, self.rulebook.plan, self.outcome)

    @property
    def kinds(self) -> dict[str, ColumnKind]:
        """What the columns hold."""
        steps = self.rulebook.plan.steps
        outputs = {f"{step.entry.key}.{output.name}": output for step in steps for output in step.outputs}
        step = next(step for step in steps if step.entry.key == self.policy)
        return kinds_of(step, outputs, self.rulebook.catalogue)

    def hits(self) -> tuple[tuple[int, ...] | None, int | None]:
        """Customers by rule, and of those asked how many no rule decides; None where the policy does not say."""
        if not self.sound or not self.rules.counted:
            return None, None
        rule = self.outcome.policies[self.policy].rule
        if rule is None:
            return None, None
        counts = np.bincount(rule.astype(np.int64) + 1, minlength=len(self.rules.names) + 1)[1:]
        return tuple(counts.tolist()), int(np.count_nonzero(self.asked & (rule < 0)))

    def texts(self) -> list[str]:
        """Each rule as a text that tells whether two are the same."""
        if isinstance(self.rules, TableRules):
            names, data = self.rules.table.inputs, self.rules.table.data
            return [
                json.dumps([dict(zip(names, map(str, when), strict=True)), list(map(str, then))])
                for when, then in zip(data.when, data.then, strict=True)
            ]
        return list(self.rules.names)

    def prices(self, findings: Sequence[RuleFinding]) -> list[tuple[Price, ...]]:
        """The mends of each finding with what each costs."""
        found = self.mends(findings)
        if not self.sound:
            return [tuple(map(Price, mends)) for mends in found]
        now = self.decided(self.rules) if any(found) else None
        return [tuple(self.price(mend, now) if at < PRICED else Price(mend) for mend in mends) for at, mends in enumerate(found)]

    def mends(self, findings: Sequence[RuleFinding]) -> list[tuple[Mend, ...]]:
        """Of tables everything that `engine.mends` knows; of named conditions the useless ones away."""
        if isinstance(self.rules, TableRules):
            return mends_of(self.rules.table, [each.finding for each in findings], self.kinds)
        return [self.without(each) for each in findings]

    def without(self, found: RuleFinding) -> tuple[Mend, ...]:
        """The list of named conditions without the one of a finding, where the parameter is such a list."""
        listed = self.listed()
        if found.finding.kind not in ("unreachable", "impossible") or not listed or len(listed) < 2:
            return ()
        at = found.finding.rows[0] - 1
        name = self.rules.names[at]
        return (Mend(Text(f"Delete {name}", f"删除 {name}"), [each for other, each in enumerate(listed) if other != at]),)

    def listed(self) -> list[Any] | None:
        """The parameter that holds the conditions, if it is a list of as many."""
        entry = next(entry for entry in self.rulebook.document["policies"] if entry["key"] == self.policy)
        value = entry["params"].get(self.rules.place)
        return value if isinstance(value, list) and len(value) == len(self.rules.names) else None

    def price(self, mend: Mend, now: Sequence[Column] | None) -> Price:
        """What a mend changes for whom the policy is for."""
        if now is None:
            return Price(mend)
        if not isinstance(self.rules, TableRules):
            return Price(mend, 0)  # what can never decide is taken away
        table = DecisionTable.load(mend.value)
        after = self.decided(TableRules(self.rules.place, table))
        if after is None or len(after) != len(now):
            return Price(mend)
        differs = np.logical_or.reduce([_different(was, is_) for was, is_ in zip(now, after, strict=True)]) & self.asked
        return Price(mend, int(np.count_nonzero(differs)), _moves(now[0], after[0], differs))

    def decided(self, rules: RuleSet) -> list[Column] | None:
        """What a table gives to each customer, output by output; None where that is lists."""
        if not isinstance(rules, TableRules):
            return []
        result = rules.table.evaluate(self.columns)
        found = [result.values[output.name] for output in rules.table.outputs]
        return [value for value in found if not isinstance(value, Lists)] if not any(isinstance(value, Lists) for value in found) else None


def _different(was: Column, now: Column) -> Flags:
    """Where two columns differ; texts by what they say, missing values alike."""
    if isinstance(was, Codes) and isinstance(now, Codes):
        place = {value: at for at, value in enumerate(was.values)}
        told = np.array([*(place.get(value, len(place) + at) for at, value in enumerate(now.values)), -1])
        found: Flags = was.codes != told[now.codes]
        return found
    if isinstance(was, Codes) or isinstance(now, Codes) or was.dtype.kind != now.dtype.kind:
        return np.ones(len(was), dtype=bool)
    found = was != now
    return found & ~(missing(was) & missing(now))


def _moves(was: Column, now: Column, differs: Flags) -> tuple[tuple[Any, Any, int], ...]:
    """The most frequent changes of labels; of numbers none is said."""
    if not isinstance(was, Codes) or not isinstance(now, Codes):
        return ()
    pairs = Counter(zip(was.codes[differs].tolist(), now.codes[differs].tolist(), strict=True))
    before, after = [*was.values, None], [*now.values, None]
    return tuple((before[one], after[other], count) for (one, other), count in pairs.most_common(MOVES))


def _aligned(now: Sequence[str], was: Sequence[str], counts: Sequence[int]) -> tuple[int | None, ...]:
    """The counts of the live rules at the places of the draft's: of each rule that is the same; None for one that is new."""
    left: dict[str, list[int]] = defaultdict(list)
    for at, text in enumerate(was):
        left[text].append(at)
    return tuple(counts[left[text].pop(0)] if left[text] else None for text in now)


def with_rules(document: Mapping[str, Any], policy: str, place: str, value: Any) -> dict[str, Any]:
    """A rulebook document in which one parameter of one policy has another value."""
    policies = [
        {**entry, "params": {**(entry.get("params") or {}), place: value}} if entry.get("key", entry.get("type")) == policy else entry
        for entry in document["policies"]
    ]
    return {**document, "policies": policies}
