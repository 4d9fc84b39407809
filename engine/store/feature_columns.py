"""Make feature columns of the integers that the store returned: the divisions, moments and texts of the catalogue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.catalogue import Feature
from engine.columns import Array, Codes, Column
from engine.store.facts import StoreSettings
from engine.store.feature_sql import DAY, NULL, PROFILE_COLUMNS, Piece

CHOICES = {"kind": ("person", "company"), "gender": ("female", "male")}
QUANTITY_SCALE = 1000
NUMBER_SCALE = 10_000


@dataclass(slots=True)
class Builder:
    """Columns over all customers, in the order of `ids`, from the answers of the queries.

    customers: the answer of the customer query by column. ids_sorted: whether `ids` ascends (SQLite by row id).
    """

    settings: StoreSettings
    as_of: int
    texts: Mapping[str, Mapping[int, str]]
    custom: Mapping[str, tuple[int, str]]
    ids: Array
    ids_sorted: bool
    customers: Mapping[str, Array]
    pieces: dict[Piece, Array] = field(default_factory=dict)
    answers: dict[str, tuple[Array, Array]] = field(default_factory=dict)

    def add(self, name: str, pieces: Sequence[Piece], answer: Mapping[str, Array]) -> None:
        """Take over the answer of one query: customers that it does not hold have nothing."""
        if name == "purchase-days":
            self.answers[name] = (answer["customer_id"], answer["p0"])
            return
        rows, known = self._rows(answer["customer_id"])
        for number, piece in enumerate(pieces):
            empty = NULL if piece.what in _NULLABLE or piece.source == "custom" else 0
            spread = np.full(len(self.ids), empty, dtype=np.int64)
            spread[rows] = answer[f"p{number}"][known]
            self.pieces[piece] = spread

    def _rows(self, customers: Array) -> tuple[Array, Array]:
        """Where these customers stand in `ids`; customers that are no row (merged, voided) are left out."""
        if not len(self.ids):
            return np.zeros(0, dtype=np.int64), np.zeros(len(customers), dtype=bool)
        if self.ids_sorted:
            at = np.searchsorted(self.ids, customers).clip(max=len(self.ids) - 1)
        else:
            order = np.argsort(self.ids, kind="stable")
            at = order[np.searchsorted(self.ids, customers, sorter=order).clip(max=len(self.ids) - 1)]
        known = self.ids[at] == customers
        return at[known], known

    def column(self, feature: Feature, pieces: Sequence[Piece], earlier: Mapping[str, Column]) -> Column:
        """The column of a feature. earlier: columns already made, for ratios and differences."""
        values = [self.pieces[piece] for piece in pieces]
        match feature.aggregate:
            case "count" | "days" | "distinct":
                return values[0]
            case "sum":
                total = values[0] - values[1] if feature.of == "net_amount" else values[0]
                return total / (QUANTITY_SCALE if feature.of == "quantity" else self._money)
            case "average":
                with np.errstate(invalid="ignore"):
                    return values[0] / (values[1] * self._money).astype(np.float64)
            case "recency" | "tenure":
                moments = values[0] if values else self.customers[feature.of]
                return _derived((self.as_of - moments) // DAY, moments == NULL)
            case "interval":
                first, last, days = values
                return _derived((last - first) / np.maximum(days - 1, 1), days < 2)
            case "gap":
                last, before = values
                outside = (before == NULL) | (last <= self.as_of - feature.window_days * DAY if feature.window_days else before == NULL)
                return _derived((last - before) // DAY, outside)
            case "interval_median":
                return self._medians()
            case "ratio" | "difference":
                return _combined(feature, earlier)
            case "age" | "month":
                return self._calendar(feature)
        return self._value(feature)

    @property
    def _money(self) -> int:
        return int(10**self.settings.minor_digits)

    def _value(self, feature: Feature) -> Column:
        if feature.source == "custom":
            kind = self.custom.get(feature.of, (0, feature.dtype))[1]
            values = self.pieces[Piece("custom", feature.of)]
            texts = self.texts.get(feature.name, {})
        else:
            kind, values, texts = feature.dtype, self.customers[feature.of], self.texts.get(feature.of, {})
            if feature.of in CHOICES:
                return Codes(np.where(values == NULL, -1, values).astype(np.int8), CHOICES[feature.of])
        absent = values == NULL
        match kind:
            case "text":
                return _codes(values, texts)
            case "amount":
                return _derived(values / self._money, absent)
            case "date":
                return np.where(absent, np.datetime64("NaT"), values.astype("datetime64[D]"))
            case "flag":
                return np.where(absent, -1, values).astype(np.int8)
        return _derived(values / (NUMBER_SCALE if feature.source == "custom" else 1), absent)

    def _calendar(self, feature: Feature) -> Array:
        """Age in whole years, or month, of a birthday, on the business day of `as_of`; born on 29 February ages on 1 March."""
        days = self.customers[feature.of]
        absent = days == NULL
        born = np.where(absent, 0, days).astype("datetime64[D]")
        months = born.astype("datetime64[M]").astype(np.int64)
        if feature.aggregate == "month":
            return _derived(months % 12 + 1, absent)
        today = dt.datetime.fromtimestamp(self.as_of, self.settings.timezone).date()
        day_of_month = (born - born.astype("datetime64[M]")).astype(np.int64) + 1
        years = today.year - (months // 12 + 1970)
        before_birthday = (months % 12 + 1) * 100 + day_of_month > today.month * 100 + today.day
        return _derived(years - before_birthday, absent | (years < 0))

    def _medians(self) -> Array:
        """The median gap between purchase days of each customer with two or more."""
        customers, days = self.answers["purchase-days"]
        order = np.lexsort((days, customers))
        customers, days = customers[order], days[order]
        same = customers[1:] == customers[:-1]
        owner, gaps = customers[1:][same], (days[1:] - days[:-1])[same]
        order = np.lexsort((gaps, owner))
        owner, gaps = owner[order], gaps[order]
        found, start, count = np.unique(owner, return_index=True, return_counts=True)
        middle = (gaps[start + (count - 1) // 2] + gaps[start + count // 2]) / 2 if len(found) else np.zeros(0)
        rows, known = self._rows(found)
        column = np.full(len(self.ids), np.nan)
        column[rows] = middle[known]
        return column


_NULLABLE = frozenset({"first", "last", "day_first", "day_last", "before"})


def _derived(values: Array, absent: Array) -> Array:
    return np.where(absent, np.nan, values).astype(np.float64)


def _codes(values: Array, texts: Mapping[int, str]) -> Codes:
    """Ids as codes over the texts, sorted by code point; the tuple holds every text of the dictionary (ENGINE 9)."""
    known = sorted(set(texts.values()))
    position = {text: number for number, text in enumerate(known)}
    table = np.full(max(texts, default=0) + 2, -1, dtype=np.int32)
    for number, text in texts.items():
        table[number] = position[text]
    return Codes(table[np.where(values == NULL, -1, values)], known, closed=False)


def _combined(feature: Feature, earlier: Mapping[str, Column]) -> Array:
    first, second = (earlier[name] for name in feature.terms or ())
    if isinstance(first, Codes) or isinstance(second, Codes):
        raise TypeError(f"{feature.name} combines texts")  # the rulebook check refuses it
    if feature.aggregate == "difference":
        return (first - second).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(second == 0, np.nan, first / second).astype(np.float64)


__all__ = ["CHOICES", "PROFILE_COLUMNS", "Builder"]
