"""Make feature columns of the integers that the store returned: the divisions, moments and texts of the catalogue.

Each division is one float64 division of integers (ENGINE 10), so that both databases, any partition and one customer
alone give the same bits.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from engine.catalogue import Feature
from engine.columns import Array, Codes, Column, Columns, freeze
from engine.store.facts import StoreSettings
from engine.store.feature_sql import DAY, NOTHING, NULL, PROFILE_COLUMNS, Piece, Plan, Query

Answer = Mapping[str, Array]
"""The columns of one answered query: customer_id, p0, p1, ...; of customers also key_hash, not_graded, profile columns."""

TextsOf = Callable[[Array], Mapping[int, str]]
"""The texts behind dictionary ids."""

QUANTITY_SCALE = 1000
NUMBER_SCALE = 10_000


class Rows:
    """The customers of a read, one row each, sorted by key hash; says where a customer's row is."""

    def __init__(self, parts: Sequence[Answer]) -> None:
        self._raw = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        ids, hashes = self._raw["customer_id"], self._raw["key_hash"]
        self._order: Array = np.argsort(hashes)
        self.key_hash: Array = hashes[self._order]
        if (self.key_hash[1:] == self.key_hash[:-1]).any():  # never seen, but the order must not depend on the sort
            self._order = np.lexsort((ids, hashes))
        self.customer_id: Array = ids[self._order]
        self._first = int(ids.min()) if len(ids) else 0
        self._place = self._places(ids)

    def __len__(self) -> int:
        return len(self.customer_id)

    def column(self, name: str) -> Array:
        """A column of the customers themselves."""
        return self._raw[name][self._order]

    def spread(self, values: Array, place: Array, empty: int) -> Array:
        """Values to the rows given by `place`; every other row has `empty`."""
        column = np.full(len(self) + 1, empty, dtype=np.int64)  # the last row takes in what belongs to nobody
        column[place] = values
        return column[:-1]

    def place(self, customers: Array) -> Array:
        """The rows of these customers; one past the end for who is no row (merged, voided)."""
        if self._place is None:
            at = np.searchsorted(self.customer_id, customers, sorter=self._by_id).clip(max=max(len(self) - 1, 0))
            rows = self._by_id[at]
            return np.asarray(np.where(self.customer_id[rows] == customers, rows, len(self)))
        return np.asarray(self._place[np.clip(customers - self._first, -1, len(self._place) - 2)])

    def _places(self, ids: Array) -> Array | None:
        """A table from id to row, where ids are dense enough; looking up is then one step. Ends in "nobody", twice."""
        span = int(ids.max()) - self._first + 1 if len(ids) else 0
        if span > 8 * len(ids) + 1000:
            self._by_id = np.argsort(self.customer_id)
            return None
        table = np.full(span + 2, len(self), dtype=np.int64)
        table[self.customer_id - self._first] = np.arange(len(self))
        return table


class Builder:
    """Takes the answers as they come, in any order, and makes the columns."""

    def __init__(self, plan: Plan, as_of: int, settings: StoreSettings) -> None:
        self.plan = plan
        self.as_of = as_of
        self.settings = settings
        self.fields: Mapping[str, int] = {}
        self._customers: list[Answer] = []
        self._waiting: list[tuple[Query, Answer]] = []
        self._pieces: dict[Piece, Array] = {}
        self._days: dict[Piece, list[Answer]] = {}
        self._rows: Rows | None = None

    def take(self, answers: Iterable[tuple[Query, Answer]], parts: int) -> None:
        """Take all answers. parts: how many answers the customer query has; facts wait until these are there."""
        for query, answer in answers:
            if query.name != "customers":
                self._waiting.append((query, answer))
            else:
                self._customers.append(answer)
                if len(self._customers) == parts:
                    self._rows = Rows(self._customers)
            if self._rows is not None:
                for waiting in self._waiting:
                    self._spread(*waiting)
                self._waiting.clear()

    @property
    def rows(self) -> Rows:
        """The customers."""
        assert self._rows is not None
        return self._rows

    def columns(self, names: Sequence[str], texts: TextsOf) -> Columns:
        """The named features."""
        made: dict[str, Column] = {}
        for feature in self.plan.features:
            made[feature.name] = self._column(feature, made, texts)
        return freeze({name: made[name] for name in names})

    def not_graded(self, reasons: Callable[[], Mapping[int, str]]) -> Codes | None:
        """Why customers are in no policy, None when there is nobody such. reasons: asked only if there is somebody."""
        flagged = np.flatnonzero(self.rows.column("not_graded"))
        if not len(flagged):
            return None
        said = reasons()
        known = sorted(set(said.values()))
        position = {reason: number for number, reason in enumerate(known)}
        codes = np.full(len(self.rows), -1, dtype=np.int32)
        codes[flagged] = [position[said[customer]] for customer in self.rows.customer_id[flagged].tolist()]
        return Codes(codes, known)

    # --- answers -----------------------------------------------------------------------------------------------

    def _spread(self, query: Query, answer: Answer) -> None:
        if query.pieces[0].what == "day":
            self._days.setdefault(query.pieces[0], []).append(answer)
            return
        place = self.rows.place(answer["customer_id"])
        for number, piece in enumerate(query.pieces):
            if query.name == "custom":
                mine = answer["p0"] == self.fields.get(piece.of, -1)
                self._put(piece, answer["p1"][mine], place[mine])
            else:
                self._put(piece, answer[f"p{number}"], place)

    def _put(self, piece: Piece, values: Array, place: Array) -> None:
        if piece in self._pieces:
            inside = place < len(self.rows)
            self._pieces[piece][place[inside]] = values[inside]
        else:
            self._pieces[piece] = self.rows.spread(values, place, NOTHING.get(piece.what, 0))

    # --- columns -----------------------------------------------------------------------------------------------

    @property
    def _money(self) -> int:
        return int(10**self.settings.minor_digits)

    def _column(self, feature: Feature, made: Mapping[str, Column], texts: TextsOf) -> Column:
        if feature.terms:
            return self._combined(feature, made)
        if feature.source in ("profile", "custom"):
            return self._own(feature, texts)
        values = [self._pieces[piece] for piece in self.plan.pieces[feature.name] if piece.what != "day"]
        end = self.as_of - feature.ends_days_before * DAY
        match feature.aggregate:
            case "sum":
                total = values[0] - values[1] if feature.of == "net_amount" else values[0]
                return total / self._scale(feature)
            case "average":
                return _unless(values[1] == 0, values[0] / np.maximum(values[1] * self._scale(feature), 1))
            case "recency" | "tenure":
                return _unless(values[0] == NULL, (end - values[0]) // DAY)
            case "interval":
                first, last, days = values
                return _unless(days < 2, (last - first) / np.maximum(days - 1, 1))
            case "gap":
                return _unless(values[1] == NULL, (values[0] - values[1]) // DAY)
            case "interval_median":
                return self._medians(self.plan.pieces[feature.name][0])
        return values[0]

    def _scale(self, feature: Feature) -> int:
        return QUANTITY_SCALE if feature.of == "quantity" else self._money

    def _own(self, feature: Feature, texts: TextsOf) -> Column:
        """A column of the customer record or of a custom field."""
        if feature.source == "custom":
            values, scale = self._pieces[Piece("custom", "value", feature.of)], NUMBER_SCALE
        else:
            values, scale = self.rows.column(feature.of), 1
        absent = values == NULL
        if feature.aggregate == "tenure":
            return _unless(absent | (values > self.as_of), (self.as_of - values) // DAY)
        if feature.aggregate in ("age", "month"):
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
        """Age in whole years, or month, of a birthday, on the business day of `as_of`; born on 29 February ages on 1 March."""
        born = np.where(absent, 0, values).astype("datetime64[D]")
        months = born.astype("datetime64[M]").astype(np.int64)
        if aggregate == "month":
            return _unless(absent, months % 12 + 1)
        today = dt.datetime.fromtimestamp(self.as_of, self.settings.timezone).date()
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
        few = self._pieces[self.plan.pieces[feature.name][0]] < feature.min_count if feature.min_count else np.False_
        if feature.aggregate == "difference":
            return _unless(few, first - second)
        return _unless(few | (second == 0), first / np.where(second == 0, 1, second))

    def _medians(self, piece: Piece) -> Array:
        """The median gap between the purchase days of each customer who has two or more."""
        answers = self._days[piece]
        place = np.concatenate([self.rows.place(answer["customer_id"]) for answer in answers])
        days = np.concatenate([answer["p0"] for answer in answers])
        key = np.sort((place << 32) + days.astype(np.int64) + 2**31)  # by row, then by day: one sort of integers
        key = key[np.diff(key, prepend=-1) != 0]  # each day once; SQL's own distinct takes longer than all of this
        same = (key[1:] >> 32) == (key[:-1] >> 32)
        gaps = np.sort(((key[1:] >> 32) << 32)[same] + np.diff(key)[same])
        owner = gaps >> 32
        start = np.flatnonzero(np.diff(owner, prepend=-1))
        count = np.diff(start, append=len(owner))
        low, high = (gaps[start + at] & 0xFFFFFFFF for at in ((count - 1) // 2, count // 2))
        column = np.full(len(self.rows) + 1, np.nan)
        column[owner[start]] = (low + high) / 2
        return column[:-1]


def _unless(absent: Array | np.bool_, values: Array) -> Array:
    """Values as float64, NaN where absent."""
    column = values.astype(np.float64)
    column[np.broadcast_to(absent, column.shape)] = np.nan
    return column


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


__all__ = ["PROFILE_COLUMNS", "Answer", "Builder", "Rows"]
