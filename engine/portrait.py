"""Say where the members of a group differ from everybody else, feature by feature. No database.

One measure serves every kind of feature, so that they can be put in one order: the probability that a member has more
than another customer, less the probability that it has less (Cliff's delta, doi:10.1037/0033-2909.114.3.494). Of a text
or flag it is the difference of two shares. It asks nothing of the distribution, which for money is never normal.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.catalogue import Feature
from engine.columns import Array, Codes, Column, Flags, missing
from engine.policy import Text
from engine.progress import Tell, silent

Z = 1.959963984540054
"""The 97.5 % point of the normal distribution: intervals are of 95 %."""

MOST_VALUES = 12
"""Values of a text that are told; the rest differs less."""

FEWEST = 5
"""Members (and others) with a value below which a feature is not told: an interval would say nothing."""

QUARTILES = (0.25, 0.5, 0.75)


@dataclass(frozen=True, slots=True)
class Trait:
    """One way in which the members differ.

    value: of a text or flag, the value it is about; None for numbers. effect: Cliff's delta, from -1 to 1; low, high: its
    95 % interval. members_n, others_n: how many have a value. members, others: of numbers, the three quartiles; of a
    value, its share. standardised: of numbers, the difference of means in pooled standard deviations (Cohen's d), with
    its interval; lift: of a value, its share among members over its share among all. missing: shares without a value.
    """

    feature: str
    value: str | None
    effect: float
    low: float
    high: float
    members_n: int
    others_n: int
    members: tuple[float, ...]
    others: tuple[float, ...]
    missing: tuple[float, float]
    standardised: tuple[float, float, float] | None = None
    lift: float | None = None

    @property
    def certain(self) -> bool:
        """Whether the interval leaves no doubt about the direction."""
        return self.low > 0 or self.high < 0

    def sentence(self, title: Text) -> Text:
        """The trait in words."""
        if self.value is None:
            return self._of_number(title)
        (share,), (other,) = self.members, self.others
        lift_en = f", {self.lift:.1f} times as often as among all" if self.lift is not None else ""
        lift_zh = f"，是全体的 {self.lift:.1f} 倍" if self.lift is not None else ""
        return Text(
            f"{title.en} = {self.value}: {share:.0%} of the members, {other:.0%} of the others{lift_en}",
            f"{title.zh}为 {self.value}：成员中占 {share:.0%}，其他客户中占 {other:.0%}{lift_zh}",
        )

    def _of_number(self, title: Text) -> Text:
        chance = (1 + abs(self.effect)) / 2
        more_en, more_zh = ("more", "更多") if self.effect >= 0 else ("less", "更少")
        mine, theirs = f"{self.members[1]:,.10g}", f"{self.others[1]:,.10g}"
        return Text(
            f"{title.en}: half of the members have at least {mine}, of the others {theirs}; in {chance:.0%} of all pairs the member has {more_en}",
            f"{title.zh}：成员的中位数为 {mine}，其他客户为 {theirs}；两两比较，成员{more_zh}的占 {chance:.0%}",
        )

    def as_dict(self) -> dict[str, Any]:
        """Every figure as plain objects."""
        return {
            "feature": self.feature,
            "value": self.value,
            "effect": self.effect,
            "low": self.low,
            "high": self.high,
            "members_n": self.members_n,
            "others_n": self.others_n,
            "members": list(self.members),
            "others": list(self.others),
            "missing": list(self.missing),
            "standardised": list(self.standardised) if self.standardised else None,
            "lift": self.lift,
        }


@dataclass(frozen=True, slots=True)
class Portrait:
    """What tells a group apart, the strongest trait first; unclear: features whose interval includes no difference."""

    members: int
    others: int
    traits: tuple[Trait, ...]
    unclear: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Every figure as plain objects."""
        return {
            "members": self.members,
            "others": self.others,
            "traits": [trait.as_dict() for trait in self.traits],
            "unclear": list(self.unclear),
        }


def portrait(members: Flags, columns: Mapping[str, Column], features: Mapping[str, Feature] | None = None, tell: Tell = silent) -> Portrait:
    """Compare the members with all other rows. features: declarations, which say what is a flag. tell: called before each column."""
    traits: list[Trait] = []
    unclear: list[str] = []
    for at, (name, column) in enumerate(columns.items()):
        tell("portrait", at, len(columns))
        feature = features.get(name) if features else None
        found = list(_traits(name, column, members, flag=feature is not None and feature.dtype == "flag"))
        sure = [trait for trait in found if trait.certain]
        traits += sure
        if not sure:
            unclear.append(name)
    traits.sort(key=lambda trait: (-abs(trait.effect), trait.feature, trait.value or ""))
    count = int(members.sum())
    return Portrait(count, len(members) - count, tuple(traits), tuple(unclear))


def _traits(name: str, column: Column, members: Flags, *, flag: bool) -> Iterator[Trait]:
    absent = missing(column)
    inside, outside = members & ~absent, ~members & ~absent
    counts = int(inside.sum()), int(outside.sum())
    without = (
        float(absent[members].mean()) if members.any() else 0.0,
        float(absent[~members].mean()) if not members.all() else 0.0,
    )
    if min(counts) < FEWEST:
        return
    if isinstance(column, Codes):
        yield from _of_values(name, column.codes, column.values, inside, outside, without)
    elif flag or column.dtype == np.int8:
        yield from (trait for trait in _of_values(name, column, ("false", "true"), inside, outside, without) if trait.value == "true")
    else:
        numbers = column.astype("datetime64[D]").astype(np.int64) if column.dtype.kind == "M" else column
        yield _of_numbers(name, numbers[inside].astype(np.float64), numbers[outside].astype(np.float64), without)


def _of_values(
    name: str, codes: Array, values: Sequence[str], inside: Flags, outside: Flags, without: tuple[float, float]
) -> Iterator[Trait]:
    mine, theirs = (np.bincount(codes[rows].astype(np.int64), minlength=len(values)) for rows in (inside, outside))
    n, m = int(mine.sum()), int(theirs.sum())
    order = np.argsort(-np.abs(mine / n - theirs / m), kind="stable")[:MOST_VALUES]
    for at in order.tolist():
        a, b = int(mine[at]), int(theirs[at])
        low, high = newcombe(a, n, b, m)
        lift = (a / n) / ((a + b) / (n + m)) if a + b else None
        yield Trait(name, str(values[at]), a / n - b / m, low, high, n, m, (a / n,), (b / m,), without, lift=lift)


def _of_numbers(name: str, mine: Array, theirs: Array, without: tuple[float, float]) -> Trait:
    effect = cliffs_delta(mine, theirs)
    low, high = delta_interval(effect, len(mine), len(theirs))
    quartiles = [tuple(float(q) for q in np.quantile(values, QUARTILES)) for values in (mine, theirs)]
    return Trait(
        name, None, effect, low, high, len(mine), len(theirs), quartiles[0], quartiles[1], without, standardised=cohens_d(mine, theirs)
    )


def cliffs_delta(mine: Array, theirs: Array) -> float:
    """P(mine > theirs) - P(mine < theirs) over all pairs, ties halved away; exact, by sorting one side."""
    ordered = np.sort(theirs)
    queries = np.sort(mine)  # in order, so that the look-ups walk instead of jumping through memory
    below = np.searchsorted(ordered, queries, side="left").sum(dtype=np.int64)
    upto = np.searchsorted(ordered, queries, side="right").sum(dtype=np.int64)
    pairs = len(mine) * len(theirs)
    return float((int(below) - (pairs - int(upto))) / pairs)


def delta_interval(delta: float, n: int, m: int) -> tuple[float, float]:
    """The 95 % interval of Cliff's delta, by the standard error of Hanley and McNeil for the area under an ROC curve.

    doi:10.1148/radiology.143.1.7063747; area = (delta + 1) / 2. At an area of 0 or 1, where that error is 0, the bound of
    the "rule of three" for the smaller group is used.
    """
    area = (delta + 1) / 2
    q1, q2 = area / (2 - area), 2 * area * area / (1 + area)
    variance = (area * (1 - area) + (n - 1) * (q1 - area * area) + (m - 1) * (q2 - area * area)) / (n * m)
    half = 2 * Z * math.sqrt(max(variance, 0.0)) or 2 * min(3 / min(n, m), 1.0)
    return max(delta - half, -1.0), min(delta + half, 1.0)


def cohens_d(mine: Array, theirs: Array) -> tuple[float, float, float] | None:
    """The difference of means in pooled standard deviations, with the interval of Hedges and Olkin (1985, eq. 5.14).

    None where neither side varies.
    """
    n, m = len(mine), len(theirs)
    spread = ((n - 1) * mine.var(ddof=1) + (m - 1) * theirs.var(ddof=1)) / (n + m - 2)
    if not spread > 0:
        return None
    d = float((mine.mean() - theirs.mean()) / math.sqrt(spread))
    half = Z * math.sqrt((n + m) / (n * m) + d * d / (2 * (n + m)))
    return d, d - half, d + half


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927, doi:10.1080/01621459.1927.10502953)."""
    share, square = hits / n, Z * Z
    middle = share + square / (2 * n)
    half = Z * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    return (middle - half) / (1 + square / n), (middle + half) / (1 + square / n)


def newcombe(a: int, n: int, b: int, m: int) -> tuple[float, float]:
    """The 95 % interval of a/n - b/m: the hybrid score method (Newcombe 1998, method 10, doi:10.1002/(SICI)1097-0258(19980430)17:8<873)."""
    p, q = a / n, b / m
    (low1, high1), (low2, high2) = wilson(a, n), wilson(b, m)
    return p - q - math.hypot(p - low1, high2 - q), p - q + math.hypot(high1 - p, q - low2)
