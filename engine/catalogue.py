"""The catalogue: every feature that can be known of a customer, declared; how it is read is the store's business.

A feature is `<source>.<measure>[_<N>d]`. Features of a fact source are aggregates over its rows up to `as_of`
(count, sum, first, last, days, gap), or are derived from aggregates by one NumPy division (recency, tenure, average,
interval); features of the customer record (`profile.*`) and custom fields (`custom.*`) are values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from engine.policy import Text

Dtype: TypeAlias = Literal["count", "number", "amount", "days", "text", "flag", "date"]
Aggregate: TypeAlias = Literal[
    "count", "sum", "average", "days", "recency", "tenure", "interval", "interval_median", "gap", "value", "age", "ratio", "difference"
]
Actionable: TypeAlias = Literal["up", "down", "any", "no"]


@dataclass(frozen=True, slots=True)
class Feature:
    """A named, typed column with one value per customer at a moment.

    source: the fact source ("orders", "lines", "profile", "custom"), or "derived" for a ratio or difference.
    aggregate: what is computed of the source's rows. "days" counts distinct purchase days in the business zone;
        "recency" and "tenure" are whole elapsed days since the last and first row; "interval" is the mean gap between
        purchase days, (last - first) / (days - 1); "gap" is the days between the last row and the one before it.
    of: the column summed or taken ("amount", "net_amount", "cost", "quantity"; for profile the field name).
    where: a condition on the source's own columns (kind, channel, store, seller, status, category, product).
    window_days: only rows in (end - N days, end]; None is everything up to the end.
    ends_days_before: the end is `as_of` minus so many days; 0 is `as_of` itself.
    terms: of a ratio or difference, the two features it is made of.
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
    dtype: Dtype = "count"
    unit: str = ""
    minimum: float | None = 0
    step: float | None = 1
    nullable: bool = False
    actionable: Actionable = "up"
