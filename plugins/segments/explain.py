"""Why a customer is in a segment, and why not in those before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine import Condition, Label, Reason, Text

if TYPE_CHECKING:
    from plugins.segments.policy import Segments

MOST = 12
"""Segments that are said; the one that decided always is."""

_HOLDS = Text("{segment}: {why}.", "{segment_zh}：{why}。")
_HOLDS_NOT = Text("Not {segment}: {why}.", "不属于{segment_zh}：{why}。")
_REST = Text("No condition is true, so {segment}.", "没有条件成立，因此为{segment_zh}。")


def explain(policy: Segments, columns: Mapping[str, Any]) -> list[Reason]:
    """One reason per segment that was looked at; where the first decides, none after it."""
    verdicts = [bool(condition.evaluate(columns)[0]) for condition in policy.conditions]
    decided = verdicts.index(True) if policy.first and True in verdicts else len(verdicts)
    looked = list(range(min(decided + 1, len(verdicts))))
    said = looked if len(looked) <= MOST else [*looked[: MOST - 1], looked[-1]]
    reasons = [_reason(policy.conditions[at], policy.labels[at], columns, verdicts[at]) for at in said]
    if policy.params.otherwise and True not in verdicts:
        label = policy.labels[-1]
        reasons.append(Reason("otherwise", _REST, {"segment": label.title.en, "segment_zh": label.title.zh}))
    return reasons


def _reason(condition: Condition, label: Label, columns: Mapping[str, Any], holds: bool) -> Reason:
    values = {"segment": label.title.en, "segment_zh": label.title.zh, "why": condition.decided(columns)}
    return Reason(label.key, _HOLDS if holds else _HOLDS_NOT, values)
