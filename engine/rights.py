"""What a draft gives members and takes from them: rights, by policy, over every customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.columns import Codes
from engine.loyalty.programme import MemberLevel, RightMoved, rights_between
from engine.run import Outcome

LEVEL = "level"
"""The output of a policy with members that says the level."""


def rights_moved(live: Outcome, draft: Outcome) -> dict[str, list[RightMoved]]:
    """Rights gained and lost by policy of either rulebook, the most affected first. Both outcomes are over the same rows."""
    found: dict[str, list[RightMoved]] = {}
    for key in dict.fromkeys([*draft.policies, *live.policies]):
        was, now = _levels(live, key), _levels(draft, key)
        moved = rights_between(was, now, _moves(live, draft, key)) if was or now else []
        if moved:
            found[key] = moved
    return found


def _levels(outcome: Outcome, key: str) -> Mapping[str, MemberLevel]:
    policy = outcome.policies.get(key)
    programme = policy.step.entry.policy.membership() if policy and policy.sound else None
    return {level.key: level for level in programme.levels} if programme else {}


def _moves(live: Outcome, draft: Outcome, key: str) -> dict[tuple[str, str], int]:
    """Customers by level before and after; "" for none."""
    (was, before), (now, after) = _codes(live, key), _codes(draft, key)
    pairs, counts = np.unique(np.stack([was, now]), axis=1, return_counts=True)
    return {(before[one], after[other]): count for (one, other), count in zip(pairs.T.tolist(), counts.tolist(), strict=True)}


def _codes(outcome: Outcome, key: str) -> tuple[Any, tuple[str, ...]]:
    """Positions in the levels of an outcome, the last of which stands for none."""
    policy = outcome.policies.get(key)
    column = policy.columns.get(LEVEL) if policy and policy.sound else None
    if not isinstance(column, Codes):
        return np.zeros(outcome.facts.rows, dtype=np.int64), ("",)
    return np.where(column.codes < 0, len(column.values), column.codes).astype(np.int64), (*column.values, "")


def plain(found: Mapping[str, list[RightMoved]]) -> dict[str, list[dict[str, Any]]]:
    """As plain data."""
    return {
        key: [{"right": {"en": each.right.en, "zh": each.right.zh}, "gained": each.gained, "lost": each.lost} for each in moved]
        for key, moved in found.items()
    }


__all__ = ["plain", "rights_moved"]
