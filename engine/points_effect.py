"""What a draft does to points: how many a year of sales would earn by it, and what they would cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from engine.run import Outcome

YEARLY = "yearly"
"""The output of a policy that earns points that says what a customer's last 365 days would earn."""

HUNDREDTHS = 100


@dataclass(frozen=True, slots=True)
class PointsMoved:
    """A policy's points of a year over every customer, by the live rulebook and by the draft; None where one has no such policy.

    cost: of the points when they are redeemed, business currency. more, fewer: customers who would earn more, and less.
    """

    live: int | None
    draft: int | None
    live_cost: float | None
    draft_cost: float | None
    more: int
    fewer: int


def points_moved(live: Outcome, draft: Outcome) -> dict[str, PointsMoved]:
    """By policy of either rulebook that earns points; those that nothing changes are left out. Both outcomes are over the same rows."""
    found = {}
    for key in dict.fromkeys([*draft.policies, *live.policies]):
        was, now = _points(live, key), _points(draft, key)
        if was is None and now is None:
            continue
        rows = live.facts.rows
        before, after = (np.nan_to_num(side[0]) if side else np.zeros(rows) for side in (was, now))
        sums = [None if side is None else int(np.nansum(side[0])) for side in (was, now)]
        costs = [
            None if side is None or total is None else round(total * side[1] / HUNDREDTHS**2, 2)
            for side, total in zip((was, now), sums, strict=True)
        ]
        moved = PointsMoved(sums[0], sums[1], costs[0], costs[1], int((after > before).sum()), int((after < before).sum()))
        if moved.live != moved.draft or moved.live_cost != moved.draft_cost or moved.more or moved.fewer:
            found[key] = moved
    return found


def plain(found: Mapping[str, PointsMoved]) -> dict[str, dict[str, Any]]:
    """As plain data."""
    return {key: asdict(each) for key, each in found.items()}


def _points(outcome: Outcome, key: str) -> tuple[Any, int] | None:
    """Points of each customer, and what 100 of them cost in hundredths of a unit."""
    policy = outcome.policies.get(key)
    earning = policy.step.entry.policy.earning() if policy and policy.sound else None
    if policy is None or earning is None or YEARLY not in policy.columns:
        return None
    return np.asarray(policy.columns[YEARLY], dtype=float), earning.worth
