"""What a run tells about itself: counts and amounts per label, reasons of withholding, faults, versions, states."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine.columns import Array, Codes, Column
from engine.effective import waiting
from engine.policy import Label, Output, Text
from engine.registry import Registry
from engine.rulebook import Rulebook
from engine.run import Outcome

REVENUE = "orders.amount"
"""What counts as a customer's revenue in summaries and guards: all sales up to as_of."""


def make_report(
    outcome: Outcome,
    rulebook: Rulebook,
    registry: Registry,
    lanes: Mapping[str, tuple[int, int]],
    last_order: int | None,
    minor_digits: int,
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Summary rows per label, their amounts in minor units of the business currency, and the run's report as JSON."""
    report: dict[str, Any] = {
        "outputs": {},
        "withheld": {},
        "faults": {},
        "stale": {},
        "types": {},
        "kinds": {},
        "declared": {},
        "graded": {},
    }
    amount = outcome.facts.columns[REVENUE]
    assert not isinstance(amount, Codes)
    scale = 10**minor_digits
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
            report["declared"][address] = {
                "kind": output.kind,
                "decimals": output.decimals,
                "keys": list(output.keys),
                "history": output.history,
            }
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
    report["last_order"] = last_order
    report["policy_seconds"] = {k: [round(p.fit_seconds, 4), round(p.apply_seconds, 4)] for k, p in outcome.policies.items()}
    report["changes"] = report["moved"] = 0
    return summary, report


def effective_report(outcome: Outcome, former: Mapping[str, Any], fixed: Sequence[int]) -> dict[str, Any]:
    """What a run tells of effective values: how many computed ones wait, values fixed by hand that it read, when outputs settled.

    former: the report of the run whose columns stand in for policies that failed. fixed: numbers of fixed values.
    """
    waits: dict[str, int] = {}
    settled: dict[str, int] = {}
    for key, policy in outcome.policies.items():
        for name in policy.step.entry.damping:
            address = f"{key}.{name}"
            if policy.sound and name in policy.beside and outcome.facts.effects:
                waits[address] = int(waiting(policy.columns[name], policy.beside[name]).sum())
                settled[address] = outcome.facts.effects.as_of
            elif address in former.get("settled", {}):
                settled[address] = former["settled"][address]
    return {"waiting": waits, "settled": settled, "fixed": list(fixed)}


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


def rule_hits(outcome: Outcome) -> list[dict[str, Any]]:
    rows = []
    for key, policy in outcome.policies.items():
        if policy.sound and policy.rule is not None:
            numbers, counts = np.unique(policy.rule[policy.rule >= 0], return_counts=True)
            rows += [{"policy": key, "rule": int(number), "customers": int(n)} for number, n in zip(numbers, counts, strict=True)]
    return rows


def states(outcome: Outcome, registry: Registry) -> list[dict[str, Any]]:
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


def warnings(outcome: Outcome) -> list[str]:
    found = []
    if not outcome.facts.rows:
        found.append("there are no customers yet; import some with: tierwise import FILE --mapping NAME")
    for key, policy in outcome.policies.items():
        if policy.sound and outcome.facts.rows and policy.reason is not None and bool((policy.reason >= 0).all()):
            found.append(f"{key} graded nobody: every customer was withheld")
    return found


def declared_output(address: str, report: Mapping[str, Any]) -> Output:
    """The declaration of an output as the run had it, titles aside: enough to read its block."""
    kept = report["declared"][address]
    labels = tuple(Label(key, Text(key, key)) for key in kept["keys"])
    return Output(address.partition(".")[2], kept["kind"], labels, decimals=kept["decimals"], history=kept["history"])


def label_counts(column: Column) -> dict[str, int]:
    """How many customers each label (or flag) has, those with none included."""
    codes, keys = (column.codes, column.values) if isinstance(column, Codes) else (column, ("false", "true"))
    counts = np.bincount(codes.astype(np.int64) + 1, minlength=len(keys) + 1)[1:]
    return {key: int(counts[i]) for i, key in enumerate(keys)}
