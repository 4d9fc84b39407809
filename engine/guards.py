"""Guards: what keeps a run invisible until a person releases it.

Two missing weeks of orders move six times the usual number of customers; one week imported in the wrong unit empties
class A. Such a run is finished but held, with the reasons in words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.columns import Array

SMALL_LABEL = 50
"""Labels that held fewer customers than this in the base run are not watched: they jump by chance."""

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Movement:
    """How one output moved against the base run: who moved, and the size of each label before and after.

    moved: over the new run's customers. amount: of each customer, in major units.
    """

    address: str
    moved: Array
    amount: Array
    before: Mapping[str, int]
    after: Mapping[str, int]


def holds(guards: Mapping[str, Any], movements: list[Movement]) -> list[str]:
    """Say in words which limits the movements break; nothing means that the run may be seen."""
    found = []
    for movement in movements:
        found += _share_moved(guards, movement)
        found += _labels_moved(guards, movement)
    return found


def _share_moved(guards: Mapping[str, Any], movement: Movement) -> list[str]:
    found = []
    rows = len(movement.moved)
    limit = guards.get("customers")
    share = float(np.count_nonzero(movement.moved)) / rows if rows else 0.0
    if limit is not None and share > limit:
        found.append(f"{movement.address} would change for {share:.1%} of the customers; the limit is {limit:.0%}")
    limit = guards.get("amount")
    total = float(np.abs(movement.amount).sum())
    share = float(np.abs(movement.amount[movement.moved]).sum()) / total if total else 0.0
    if limit is not None and share > limit:
        found.append(f"{movement.address} would change for customers with {share:.1%} of the revenue; the limit is {limit:.0%}")
    return found


def _labels_moved(guards: Mapping[str, Any], movement: Movement) -> list[str]:
    limit = guards.get("label")
    found = []
    for key, before in movement.before.items():
        after = movement.after.get(key, 0)
        if limit is not None and before >= SMALL_LABEL and abs(after - before) / before > limit:
            found.append(f"{movement.address} {key} would go from {before:,} to {after:,} customers; the limit is {limit:.0%} either way")
    return found


def silence(guards: Mapping[str, Any], as_of: int, last: int | None, base_as_of: int, base_last: int | None) -> list[str]:
    """Say when the orders have gone silent since the base run: none for longer than the limit, while it was not so then."""
    days = guards.get("silent_days")
    if days is None or base_last is None or last is None:
        return []
    quiet, quiet_then = (as_of - last) / DAY, (base_as_of - base_last) / DAY
    if quiet > days >= quiet_then:
        return [f"the newest order is {quiet:.0f} days old; the limit is {days:g} days, and it was {quiet_then:.1f} at the run before"]
    return []
