"""Make feature columns of the integers that the store returned: the divisions, moments and texts of the catalogue.

Each division is one float64 division of integers (ENGINE 10), so that both databases, any partition and one customer
alone give the same bits.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from engine.catalogue import Feature
from engine.columns import Array, Codes, Column, Columns, freeze
from engine.store.facts import StoreSettings
from engine.store.feature_calendar import Calendar
from engine.store.feature_rows import Raw
from engine.store.feature_sql import DAY, NULL, Piece, Plan

TextsOf = Callable[[Array], Mapping[int, str]]
"""The texts behind dictionary ids."""

QUANTITY_SCALE = 1000
NUMBER_SCALE = 10_000


class Maker:
    """Makes the columns of some customers as of a moment."""

    def __init__(self, plan: Plan, as_of: int, settings: StoreSettings, raw: Raw) -> None:
        self.plan = plan
        self.as_of = as_of
        self.settings = settings
        self.raw = raw

    def columns(self, names: Sequence[str], texts: TextsOf) -> Columns:
        """The named features."""
        made: dict[str, Column] = {}
        for feature in self.plan.features:
            made[feature.name] = self._column(feature, made, texts)
        return freeze({name: made[name] for name in names})

    @property
    def _money(self) -> int:
        return int(10**self.settings.minor_digits)

    def _column(self, feature: Feature, made: Mapping[str, Column], texts: TextsOf) -> Column:
        if feature.terms:
            return self._combined(feature, made)
        if feature.source in ("profile", "custom"):
            return self._own(feature, texts)
        if feature.aggregate == "fold":
            return self._folded(feature)
        values = [self.raw.pieces[piece] for piece in self.plan.pieces[feature.name]]
        if feature.source == "tags":
            return values[0].astype(np.int8)
        end = self.as_of - feature.ends_days_before * DAY
        match feature.aggregate:
            case "sum":
                total = values[0] - values[1] if feature.of == "net_amount" else values[0]
                return total / self._scale(feature)
            case "average":
                return _unless(values[1] == 0, values[0] / np.maximum(values[1] * self._scale(feature), 1))
            case "recency" | "tenure":
                return _unless(values[0] == NULL, (end - values[0]) // DAY)
            case "last":
                days = Calendar(self.settings, self.as_of).days(np.where(values[0] == NULL, 0, values[0]))
                return np.where(values[0] == NULL, np.datetime64("NaT"), days.astype("datetime64[D]"))
            case "interval":
                first, last, days = values
                return _unless(days < 2, (last - first) / np.maximum(days - 1, 1))
            case "gap":
                return _unless(values[1] == NULL, (values[0] - values[1]) // DAY)
        return values[0]

    def _folded(self, feature: Feature) -> Column:
        """What a fold returned, in the unit of the feature."""
        values = self.raw.pieces[self.plan.pieces[feature.name][0]]
        if feature.dtype == "date":
            return np.where(values == NULL, np.datetime64("NaT"), values.astype("datetime64[D]"))
        if not feature.nullable and feature.dtype == "count":
            return values
        return _unless(values == NULL, values / (self._money if feature.dtype == "amount" else 1))

    def _scale(self, feature: Feature) -> int:
        return QUANTITY_SCALE if feature.of == "quantity" else self._money

    def _own(self, feature: Feature, texts: TextsOf) -> Column:
        """A column of the customer record or of a custom field."""
        if feature.source == "custom":
            values, scale = self.raw.pieces[Piece("custom", "value", feature.of)], NUMBER_SCALE
        else:
            values, scale = self.raw.profile[feature.of], 1
        absent = values == NULL
        if feature.aggregate == "tenure":
            return _unless(absent | (values > self.as_of), (self.as_of - values) // DAY)
        if feature.aggregate in ("age", "month", "birthday"):
            return self._calendar(values, absent, feature.aggregate)
        match feature.dtype:
            case "text" if feature.values:
                return Codes(np.where(absent, -1, values).astype(np.int8), feature.values)
            case "text":
                return _codes(values, absent, texts)
            case "amount":
                return _unless(absent, values / self._money)
            case "date":
                return np.where(absent, np.datetime64("NaT"), values.astype("datetime64[D]"))
            case "flag":
                return np.where(absent, -1, values).astype(np.int8)
        return _unless(absent, values / scale)

    def _calendar(self, values: Array, absent: Array, aggregate: str) -> Array:
        """Age in whole years, month, or days to the next of a birthday, on the business day of `as_of`.

        Who was born on 29 February ages on 1 March of a common year, and has its birthday on 28 February.
        """
        born = np.where(absent, 0, values).astype("datetime64[D]")
        months = born.astype("datetime64[M]").astype(np.int64)
        if aggregate == "month":
            return _unless(absent, months % 12 + 1)
        today = dt.datetime.fromtimestamp(self.as_of, self.settings.timezone).date()
        if aggregate == "birthday":
            return _unless(absent, days_to_birthday(born, np.datetime64(today)))
        day_of_month = (born - born.astype("datetime64[M]")).astype(np.int64) + 1
        years = today.year - (months // 12 + 1970)
        before_birthday = (months % 12 + 1) * 100 + day_of_month > today.month * 100 + today.day
        years = years - before_birthday
        return _unless(absent | (years < 0), years)

    def _combined(self, feature: Feature, made: Mapping[str, Column]) -> Array:
        """A ratio or difference; missing where a part is, where the divisor is 0, or where too few rows were counted."""
        first, second = (made[name] for name in feature.terms or ())
        assert not isinstance(first, Codes)
        assert not isinstance(second, Codes)
        few = self.raw.pieces[self.plan.pieces[feature.name][0]] < feature.min_count if feature.min_count else np.False_
        if feature.aggregate == "difference":
            return _unless(few, first - second)
        return _unless(few | (second == 0), first / np.where(second == 0, 1, second))


def _unless(absent: Array | np.bool_, values: Array) -> Array:
    """Values as float64, NaN where absent."""
    column = values.astype(np.float64)
    column[np.broadcast_to(absent, column.shape)] = np.nan
    return column


def days_to_birthday(born: Array, today: np.datetime64) -> Array:
    """Days from today to the next birthday, 0 on the day itself; 29 February is 28 February in common years."""
    month = born.astype("datetime64[M]")
    offset = month.astype(np.int64) % 12
    day = (born - month).astype(np.int64)
    year = today.astype("datetime64[Y]")

    def birthday(of_year: np.datetime64) -> Array:
        first = of_year.astype("datetime64[M]") + offset
        last = ((first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")).astype(np.int64) - 1
        return np.asarray(first.astype("datetime64[D]") + np.minimum(day, last))

    this, following = birthday(year), birthday(year + np.timedelta64(1, "Y"))
    return np.asarray((np.where(this >= today, this, following) - today).astype(np.int64))


def _codes(values: Array, absent: Array, texts: TextsOf) -> Codes:
    """Ids as codes over the texts that occur, sorted by code point (ENGINE 9)."""
    seen = np.zeros(int(values.max(initial=0)) + 1, dtype=bool)
    seen[values[~absent]] = True
    said = texts(np.flatnonzero(seen))
    known = sorted(set(said.values()))
    position = {text: number for number, text in enumerate(known)}
    table = np.full(len(seen), -1, dtype=np.int32)
    for number, text in said.items():
        table[number] = position[text]
    return Codes(np.where(absent, -1, table[np.where(absent, 0, values)]), known, closed=False)


__all__ = ["Maker", "TextsOf"]
