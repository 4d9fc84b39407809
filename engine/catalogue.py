"""The catalogue: every feature that can be known of a customer, declared; how it is read is the store's business.

A feature is `<source>.<measure>[_<N>d]`. Features of a fact source are aggregates over its rows up to `as_of`
(count, sum, first, last, days, gap), or are derived from aggregates by one NumPy division (recency, tenure, average,
interval); features of the customer record (`profile.*`) and custom fields (`custom.*`) are values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, TypeAlias

from engine.documents import content_hash
from engine.errors import FeatureError, did_you_mean
from engine.folds import Fold
from engine.policy import Text

Dtype: TypeAlias = Literal["count", "number", "amount", "days", "text", "flag", "date"]
Aggregate: TypeAlias = Literal[
    "count",
    "sum",
    "average",
    "days",
    "distinct",
    "recency",
    "tenure",
    "last",
    "interval",
    "interval_median",
    "gap",
    "value",
    "age",
    "month",
    "birthday",
    "fold",
    "ratio",
    "difference",
]
Actionable: TypeAlias = Literal["up", "down", "any", "no"]


@dataclass(frozen=True, slots=True)
class Feature:
    """A named, typed column with one value per customer at a moment.

    source: the fact source ("orders", "refunds", "lines", "contact", "points", "profile", "custom", "tags"), or "derived" for a ratio or difference.
    aggregate: what is computed of the source's rows. "days" counts distinct purchase days in the business zone;
        "recency" and "tenure" are whole elapsed days since the last and first row, "last" is the business day of the last; "interval" is the mean gap between
        purchase days, (last - first) / (days - 1); "gap" is the whole elapsed days between the moment of the last row
        and the moment before it; with a window, only where the last row lies in it. "month", "age" and "birthday" (days to the next)
        are calendar notions in the business zone; "fold" is a number that `fold` makes of every day on which there was something.
    of: the column summed or taken ("amount", "net_amount", "cost", "quantity"; for profile the field name).
    where: a condition on the source's own columns (kind, channel, store, seller, status, category, product).
    window_days: only rows in (end - N days, end]; None is everything up to the end.
    ends_days_before: the end is `as_of` minus so many days; 0 is `as_of` itself.
    fold, part: of a fold, what makes it, and under which name it returns it (`engine.folds`).
    terms: of a ratio or difference, the two features it is made of. min_count: where the second of them rests on fewer
        rows, the result is missing.
    values: of a text, everything that can occur, in the order of its codes; empty when anything can.
    dtype: counts and days are whole numbers; amounts are major units of the business currency.
    nullable: whether a customer can have none. Counts and sums of nothing are 0; everything else of nothing is missing.
    actionable: which way a customer (or we) can move it; explanations never propose to be twelve years younger.
    """

    name: str
    source: str
    aggregate: Aggregate
    title: Text
    of: str = ""
    meaning: Text | None = None
    where: Mapping[str, Any] | None = None
    window_days: int | None = None
    ends_days_before: int = 0
    terms: tuple[str, str] | None = None
    min_count: int = 0
    values: tuple[str, ...] = ()
    dtype: Dtype = "count"
    unit: str = ""
    minimum: float | None = 0
    step: float | None = 1
    nullable: bool = False
    actionable: Actionable = "up"
    windowable: bool = False
    fold: Fold | None = None
    part: str = ""


LONGEST_WINDOW = 36_500
"""Days. A window of a century is everything."""


class Catalogue:
    """Every feature by its name; windowed spellings ("orders.amount_30d") are made when asked for."""

    def __init__(self, features: Iterable[Feature]) -> None:
        """Raises `FeatureError` when two features have one name."""
        self._features: dict[str, Feature] = {}
        for feature in features:
            if feature.name in self._features:
                raise FeatureError(f"the feature {feature.name} is declared twice; every feature has a name of its own")
            self._features[feature.name] = feature

    @classmethod
    def built_in(cls) -> Catalogue:
        """The features that ship with Tierwise."""
        from engine.builtin_features import BUILT_IN

        return cls(BUILT_IN)

    def with_features(self, more: Iterable[Feature]) -> Catalogue:
        """This catalogue and some more features. Raises `FeatureError` for a name that is taken."""
        return Catalogue([*self._features.values(), *more])

    def __contains__(self, name: str) -> bool:
        try:
            self.resolve(name)
        except FeatureError:
            return False
        return True

    @cached_property
    def sources(self) -> frozenset[str]:
        """The first parts of feature names; no policy may take one as its key."""
        return frozenset(name.partition(".")[0] for name in self._features) | {
            "profile",
            "custom",
            "orders",
            "lines",
            "tags",
            "groups",
            "history",
        }

    @cached_property
    def hash(self) -> str:
        """A hash of everything that decides how features are computed; words do not count."""
        return content_hash([[repr(replace(f, title=_NO_TEXT, meaning=None, unit=""))] for _, f in sorted(self._features.items())])

    def list(self) -> Sequence[Feature]:
        """All features by name, windowed spellings aside."""
        return [self._features[name] for name in sorted(self._features)]

    def resolve(self, name: str) -> Feature:
        """The feature of this name. Raises `FeatureError` with the nearest name."""
        found = self._features.get(name)
        if found is not None:
            return found
        base, days = _split(name)
        plain = self._features.get(base)
        if plain is not None and days is not None and name == f"{base}_{days}d":
            return _windowed(plain, name, days)
        hint = self._hint(base, days) or "tierwise features lists what there is"
        raise FeatureError(f"there is no feature {name!r}; {hint}")

    def _hint(self, base: str, days: int | None) -> str:
        if days is None:
            return did_you_mean(base, self._features)
        windowable = {f"{name}_{days}d": name for name, feature in self._features.items() if feature.windowable}
        return did_you_mean(f"{base}_{days}d", windowable)


def _split(name: str) -> tuple[str, int | None]:
    """A name without its window, and the window's days."""
    found = _WINDOW.match(name)
    return (found[1], int(found[2])) if found else (name, None)


_WINDOW = re.compile(r"(.+)_([0-9]{1,9})d\Z")
_NO_TEXT = Text("", "")


def _windowed(plain: Feature, name: str, days: int) -> Feature:
    if not plain.windowable:
        raise FeatureError(f"{plain.name} has no windows, so there is no {name!r}; use {plain.name}")
    if not 1 <= days <= LONGEST_WINDOW:
        raise FeatureError(f"{name!r} has a window of {days} days; expected 1 to {LONGEST_WINDOW:,}")
    title = Text(f"{plain.title.en}, {days} days", f"{days} 天内{plain.title.zh}")
    return replace(plain, name=name, title=title, window_days=days)
