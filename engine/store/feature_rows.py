"""Gather the answers of feature queries, in any order, into one row per customer: still integers, as the store has them.

These integers say more than the features made of them: the moment of the last order, not the days since. So they are
what is kept from one run to the next, and brought up to date (`engine.store.refresh`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.columns import Array, Codes
from engine.errors import FeatureError
from engine.folds import days_of
from engine.store.feature_calendar import Calendar
from engine.store.feature_sql import LEDGER, NOTHING, Piece, Plan, Query

Answer = Mapping[str, Array]
"""The columns of one answered query: customer_id, p0, p1, ...; of customers also key_hash, not_graded, profile columns."""


@dataclass(frozen=True, slots=True)
class Raw:
    """What features are made of, one row per customer, sorted by key hash.

    profile: columns of the customers themselves. pieces: the aggregates; of purchase days, which are rows, the median gap.
    """

    customer_id: Array
    key_hash: Array
    not_graded: Codes | None
    profile: Mapping[str, Array]
    pieces: Mapping[Piece, Array]

    def __len__(self) -> int:
        return len(self.customer_id)


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
    """Takes the answers as they come, in any order.

    calendar: moments and days of the business, needed where there are folds.
    """

    def __init__(self, plan: Plan, calendar: Calendar) -> None:
        self.plan = plan
        self.calendar = calendar
        self.fields: Mapping[str, int] = {}
        self._customers: list[Answer] = []
        self._waiting: list[tuple[Query, Answer]] = []
        self._pieces: dict[Piece, Array] = {}
        self._days: dict[Piece, list[Answer]] = {}
        self._streams: dict[Query, list[Answer]] = {}
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

    def raw(self, reasons: Callable[[Array], Mapping[int, str]]) -> Raw:
        """Everything taken. reasons: why these customers are not graded; asked only if there is somebody such."""
        pieces = {**self._pieces, **{piece: self._medians(piece) for piece in self._days}}
        for query in self._streams:
            pieces |= self._folded(query)
        profile = {name: self.rows.column(name) for name in self.plan.profile}
        return Raw(self.rows.customer_id, self.rows.key_hash, self._not_graded(reasons), profile, pieces)

    def _not_graded(self, reasons: Callable[[Array], Mapping[int, str]]) -> Codes | None:
        """Why customers are in no policy, None when there is nobody such."""
        flagged = np.flatnonzero(self.rows.column("not_graded"))
        if not len(flagged):
            return None
        customers = self.rows.customer_id[flagged]
        said = reasons(customers)
        mine = [said[customer] for customer in customers.tolist()]
        known = sorted(set(mine))
        position = {reason: number for number, reason in enumerate(known)}
        codes = np.full(len(self.rows), -1, dtype=np.int32)
        codes[flagged] = [position[reason] for reason in mine]
        return Codes(codes, known)

    def _spread(self, query: Query, answer: Answer) -> None:
        if query.pieces[0].what == "fold":
            self._streams.setdefault(query, []).append(answer)
            return
        if query.pieces[0].what == "day":
            self._days.setdefault(query.pieces[0], []).append(answer)
            return
        place = self.rows.place(answer["customer_id"])
        for number, piece in enumerate(query.pieces):
            if query.name in ("custom", "tags"):
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

    def _folded(self, query: Query) -> dict[Piece, Array]:
        """What the folds of one stream return for each customer; who has no day at all gets what an empty history gives."""
        answers = self._streams[query]
        customers, moments, values = (np.concatenate([answer[name] for answer in answers]) for name in ("customer_id", "p0", "p1"))
        days = self.calendar.days(moments) if query.pieces[0].source == LEDGER else moments
        owners, found = days_of(customers, days, values, self.calendar.today, self.calendar.scale(query.pieces[0].of))
        place = self.rows.place(owners)
        columns: dict[Piece, Array] = {}
        for fold in dict.fromkeys(piece.fold for piece in query.pieces):
            assert fold is not None
            made = fold.fold(found)
            for piece in query.pieces:
                if piece.fold == fold:
                    columns[piece] = self._of_fold(made, piece, place, len(found))
        return columns

    def _of_fold(self, made: Mapping[str, Array], piece: Piece, place: Array, members: int) -> Array:
        values = made.get(piece.part)
        if values is None or values.shape != (members,) or values.dtype.kind != "i":
            raise FeatureError(f"the fold {type(piece.fold).__name__} returned no column {piece.part!r} of {members} whole numbers")
        return self.rows.spread(values[:-1], place, int(values[-1]))

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


__all__ = ["Answer", "Builder", "Raw", "Rows"]
