"""Who is left out to compare with, and what care changed: a difference of means with its confidence interval."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any

import numpy as np

from engine.columns import Array, Flags

Z95 = 1.959964
"""The normal quantile of a two-sided interval of 95 %."""

LEAST = 30
"""Customers that each group needs before an interval is worth showing."""


def in_control(key_hash: Array, plan: str, share: float) -> Flags:
    """Who is in the control group of a plan: the same customers every time, others for another plan.

    key_hash: 64 bits made of the customer's own id. They are mixed with the plan's name by SplitMix64 (Steele, Lea, Flood 2014).
    """
    seed = int.from_bytes(blake2b(plan.encode(), digest_size=8).digest(), "big")
    mixed = key_hash.astype(np.int64).view(np.uint64) ^ np.uint64(seed)
    with np.errstate(over="ignore"):
        mixed = mixed + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed = mixed ^ (mixed >> np.uint64(31))
    chosen: Flags = mixed < np.uint64(min(int(share * 2**64), 2**64 - 1))
    return chosen


@dataclass(frozen=True, slots=True)
class Difference:
    """Mean of those cared for less that of the control group. low, high: 95 %; None with fewer than 30 in a group."""

    care: float
    control: float
    difference: float
    low: float | None
    high: float | None
    n_care: int
    n_control: int

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def difference(care: Array, control: Array) -> Difference:
    """Compare two groups by their means (Welch's standard error, normal quantile)."""
    means = [float(each.mean()) if len(each) else 0.0 for each in (care, control)]
    found = means[0] - means[1]
    low = high = None
    if min(len(care), len(control)) >= LEAST:
        error = math.sqrt(float(care.var(ddof=1)) / len(care) + float(control.var(ddof=1)) / len(control))
        low, high = found - Z95 * error, found + Z95 * error
    return Difference(means[0], means[1], found, low, high, len(care), len(control))
