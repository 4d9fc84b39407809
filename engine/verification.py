"""Verify a rulebook against the stored customers: whom each finding touches, and which rules nobody hit in the newest run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sqlalchemy import select

from engine import clock
from engine.columns import Columns, Flags
from engine.former import previous_columns, take_snapshot
from engine.plan import Plan
from engine.policy import Text
from engine.rule_findings import RuleFinding, responsibility_findings, rule_findings
from engine.rule_sets import RuleSet
from engine.rulebook import PolicyEntry, Rulebook, deciding
from engine.run import Facts, Outcome, compute
from engine.standing import effects_of
from engine.store import outcomes, rulebooks
from engine.store.facts import store_settings
from engine.store.features import read_features
from engine.store.models import rule_hit
from engine.store.outcomes import RunRecord
from engine.store.session import Store
from engine.verify import Finding

COUNTED = ("gap", "conflict", "unreachable", "impossible", "subsumed")
"""Findings that are about customers."""


def verify_rulebook(store: Store, rulebook: Rulebook) -> list[RuleFinding]:
    """Every finding of a rulebook, in the order of the plan.

    Where there is a visible run, customers are counted as of its moment, and rules that it did not hit are findings too,
    for policies that are the same in it.
    """
    found = rule_findings(rulebook)
    with store.read() as connection:
        live = outcomes.live_run(connection)
    if live is not None:
        found = _counted(store, rulebook, live, found)
        found += list(_not_hit(store, rulebook, live, found))
    found += responsibility_findings(rulebook, clock.today(store_settings(store).timezone))
    place = {step.entry.key: at for at, step in enumerate(rulebook.plan.steps)}
    return sorted(found, key=lambda each: place.get(each.policy, len(place)))


def _counted(store: Store, rulebook: Rulebook, live: RunRecord, found: Sequence[RuleFinding]) -> list[RuleFinding]:
    """The findings with the number of customers each touches, all policies that they need computed once."""
    keys = {each.policy for each in found if each.finding.kind in COUNTED}
    if not keys:
        return list(found)
    plan = _part(rulebook.plan, keys)
    return with_customers(found, plan, compute(plan, _facts(store, rulebook, plan, live)))


def with_customers(found: Sequence[RuleFinding], plan: Plan, outcome: Outcome) -> list[RuleFinding]:
    """The findings with the number of customers each touches in an outcome that holds their policies."""
    return [
        replace(each, customers=_customers(each, plan, outcome))
        if each.finding.kind in COUNTED and each.policy in outcome.policies
        else each
        for each in found
    ]


def _part(plan: Plan, keys: set[str]) -> Plan:
    """What leads to some policies."""
    steps = tuple(step for step in plan.steps if step.entry.key in keys or keys & plan.dependents[step.entry.key])
    reads = {name for step in steps for name in step.reads}
    own = {step.entry.key for step in steps}
    features, previous = (tuple(name for name in names if name in reads) for names in (plan.features, plan.previous))
    return Plan(steps, features, previous, {key: plan.dependents[key] & own for key in own})


def _facts(store: Store, rulebook: Rulebook, plan: Plan, live: RunRecord) -> Facts:
    table, snapshot = read_features(
        store, list(plan.features), live.as_of, catalogue=rulebook.catalogue, also=lambda connection: take_snapshot(connection, live.as_of)
    )
    # what was before is declared by the whole rulebook, also by policies that this part does not compute
    whole = replace(rulebook.plan, previous=plan.previous)
    customers, not_graded = table.customer_id, table.not_graded
    effects = effects_of(plan, snapshot, customers, not_graded, live.as_of, store_settings(store).timezone)
    return Facts(customers, table.key_hash, table.columns, not_graded, previous_columns(whole, snapshot, customers), effects)


def _customers(each: RuleFinding, plan: Plan, outcome: Outcome) -> int | None:
    policy = outcome.policies[each.policy]
    if not policy.sound or each.finding.kind not in COUNTED:
        return None
    rules = _rules(plan.step(each.policy).entry, each.place)
    hit = rules.touched(each.finding, columns_of(each.policy, plan, outcome))
    return None if hit is None else int(np.count_nonzero(hit & asked(each.policy, outcome)))


def _rules(entry: PolicyEntry, place: str) -> RuleSet:
    return next(rules for rules in entry.policy.rule_sets() if rules.place == place)


def columns_of(key: str, plan: Plan, outcome: Outcome) -> Columns:
    """The inputs of a policy under their names, and its outputs under their bare ones."""
    known: dict[str, Any] = {**outcome.facts.columns, **outcome.facts.previous}
    for other, policy in outcome.policies.items():
        known |= {f"{other}.{name}": column for name, column in policy.columns.items()}
    reads = {name: known[name] for name in plan.step(key).reads if name in known}
    return reads | outcome.policies[key].columns


def asked(key: str, outcome: Outcome) -> Flags:
    """The customers that the policy is for: graded at all, and in its population."""
    reason = outcome.policies[key].reason
    assert reason is not None
    outside = np.array([why.kind in ("not graded", "population") for why in outcome.reasons] + [False])
    found: Flags = ~outside[reason]
    return found


def _not_hit(store: Store, rulebook: Rulebook, live: RunRecord, found: Sequence[RuleFinding]) -> Iterator[RuleFinding]:
    """Rules that decided for nobody in the newest run, those left out that cannot decide at all."""
    with store.read() as connection:
        rows = connection.execute(select(rule_hit.c.policy, rule_hit.c.rule).where(rule_hit.c.run_id == live.id)).all()
        then = _policies(rulebooks.get(connection, str(live.version_id)).document)
    hits = {(row.policy, row.rule) for row in rows}
    dead = {
        (each.policy, each.finding.rows[0]) for each in found if each.finding.kind in ("unreachable", "impossible") and each.finding.rows
    }
    now = _policies(rulebook.document)
    for entry in rulebook.entries:
        if then.get(entry.key) != now[entry.key]:
            continue
        for rules in entry.policy.rule_sets():
            if not rules.counted:
                continue
            if not entry.enabled or not live.report["graded"].get(entry.key):
                yield RuleFinding(entry.key, rules.place, _nobody_asked(entry, live))
                continue
            for at, name in enumerate(rules.names):
                if (entry.key, at) not in hits and (entry.key, at + 1) not in dead:
                    text = Text(f"{name} decided for nobody in run {live.id}", f"运行 {live.id} 中没有客户由{_zh(name)}决定")
                    yield RuleFinding(entry.key, rules.place, Finding("TW361", "not hit", "note", text, (at + 1,)), 0)


def _policies(document: Mapping[str, Any]) -> dict[str, Any]:
    """What decides the outcome of each policy."""
    return {entry["key"]: deciding(entry) for entry in document["policies"]}


def _zh(name: str) -> str:
    """The name of a rule in Chinese: rows are numbered, segments have names of their own."""
    return f"第 {name.removeprefix('row ')} 行" if name.startswith("row ") else f"“{name}”"


def _nobody_asked(entry: PolicyEntry, live: RunRecord) -> Finding:
    if not entry.enabled:
        text = Text(f"no rule was evaluated in run {live.id}: the policy is disabled", f"运行 {live.id} 未执行任何规则：策略已停用")
    else:
        text = Text(
            f"no rule decided for anybody in run {live.id}: every customer was withheld",
            f"运行 {live.id} 中规则未对任何客户生效：全部无结果",
        )
    return Finding("TW362", "not asked", "warning", text)
