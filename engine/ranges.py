"""Ranges: a set of numbers as cuts and what lies between and on them.

With cuts c0 < c1 < ... there are bins: bin 2i is everything between cut i-1 and cut i, bin 2i+1 is cut i itself. A set
is one truth per bin; so open and closed ends, points, unions and complements are all exact, without an epsilon.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from engine.columns import Array, Flags

Number: TypeAlias = int | float
Mask: TypeAlias = Callable[[Array], Flags]

SPANS_UP_TO = 6
"""Up to here, comparing span by span beats a binary search per value."""


@dataclass(frozen=True, slots=True)
class Span:
    """An interval; a bound that is None is unlimited."""

    low: Number | None
    low_in: bool
    high: Number | None
    high_in: bool

    def __contains__(self, value: Number) -> bool:
        above = self.low is None or value > self.low or (self.low_in and value == self.low)
        below = self.high is None or value < self.high or (self.high_in and value == self.high)
        return above and below


@dataclass(frozen=True, slots=True)
class Ranges:
    """A set of numbers: `cuts` ascending, and `member` with one truth for each of the 2·len(cuts)+1 bins."""

    cuts: tuple[Number, ...]
    member: tuple[bool, ...]

    @classmethod
    def of(cls, spans: Iterable[Span]) -> Ranges:
        """The union of intervals."""
        spans = list(spans)
        cuts = sorted({bound for span in spans for bound in (span.low, span.high) if bound is not None})
        place = {cut: 2 * i + 1 for i, cut in enumerate(cuts)}
        member = [False] * (2 * len(cuts) + 1)
        for span in spans:
            start = 0 if span.low is None else place[span.low] + (not span.low_in)
            stop = len(member) if span.high is None else place[span.high] + span.high_in
            member[start:stop] = [True] * (stop - start)
        return cls(tuple(cuts), tuple(member))._slim()

    def complement(self) -> Ranges:
        """Everything that is not in this set."""
        return Ranges(self.cuts, tuple(not inside for inside in self.member))

    def bin(self, value: Number) -> int:
        """The bin that a value falls into."""
        at = bisect_left(self.cuts, value)
        return 2 * at + (at < len(self.cuts) and self.cuts[at] == value)

    def __contains__(self, value: Number) -> bool:
        return self.member[self.bin(value)]

    def spans(self) -> Iterator[Span]:
        """The disjoint intervals of the set, ascending."""
        start = None
        for at, inside in enumerate((*self.member, False)):
            if inside and start is None:
                start = at
            elif not inside and start is not None:
                yield self._span(start, at - 1)
                start = None

    def _span(self, first: int, last: int) -> Span:
        low = None if first == 0 else self.cuts[(first - 1) // 2]
        high = None if last == 2 * len(self.cuts) else self.cuts[last // 2]
        return Span(low, first % 2 == 1, high, last % 2 == 1)

    def _slim(self) -> Ranges:
        """The same set without cuts that separate nothing."""
        keep = [i for i in range(len(self.cuts)) if len(set(self.member[2 * i : 2 * i + 3])) > 1]
        bins = [0, *(b for i in keep for b in (2 * i + 1, 2 * i + 2))]
        return Ranges(tuple(self.cuts[i] for i in keep), tuple(self.member[b] for b in bins))

    def runs_on(self, cuts: Array) -> Iterator[tuple[int, int]]:
        """The set as runs of bins (start, stop) of a finer grid, which holds all cuts of this set."""
        for span in self.spans():
            start = 0 if span.low is None else 2 * int(np.searchsorted(cuts, span.low)) + 1 + (not span.low_in)
            stop = 2 * len(cuts) + 1 if span.high is None else 2 * int(np.searchsorted(cuts, span.high)) + 1 + span.high_in
            yield start, stop

    def on(self, cuts: Array) -> Flags:
        """The set's truth for each bin of a finer grid."""
        truth = np.zeros(2 * len(cuts) + 1, dtype=bool)
        for start, stop in self.runs_on(cuts):
            truth[start:stop] = True
        return truth

    def mask(self, *, dates: bool = False) -> Mask:
        """A function array -> where its values are in the set; missing values (NaN, NaT) never are.

        dates: the cuts are days since 1970-01-01 and the arrays hold datetime64.
        """
        spans = list(self.spans())
        if not spans:
            return lambda x: np.zeros(len(x), dtype=bool)
        if len(spans) > SPANS_UP_TO:
            return self._lookup(dates)
        parts = [_span_mask(span, dates) for span in spans]
        return parts[0] if len(parts) == 1 else lambda x: _or(parts, x)

    def _lookup(self, dates: bool) -> Mask:
        cuts = np.array(self.cuts, dtype="datetime64[D]") if dates else np.array(self.cuts)
        member = np.array(self.member)
        return lambda x: member[bins(x, cuts)] & (x == x)


def bins(values: Array, cuts: Array) -> Array:
    """The bin of each value among ascending cuts; a missing value falls into the last."""
    if not len(cuts):
        return np.zeros(len(values), dtype=np.intp)
    at = np.searchsorted(cuts, values)
    places: Array = 2 * at + (cuts[np.minimum(at, len(cuts) - 1)] == values)
    return places


def _or(parts: list[Mask], x: Array) -> Flags:
    result = parts[0](x)
    for part in parts[1:]:
        result |= part(x)
    return result


def _span_mask(span: Span, dates: bool) -> Mask:
    low: Any = np.datetime64(int(span.low), "D") if dates and span.low is not None else span.low
    high: Any = np.datetime64(int(span.high), "D") if dates and span.high is not None else span.high
    at_least, at_most = np.greater_equal if span.low_in else np.greater, np.less_equal if span.high_in else np.less
    if low is None and high is None:
        return lambda x: np.equal(x, x)
    if low is None:
        return lambda x: at_most(x, high)
    if high is None:
        return lambda x: at_least(x, low)
    if low == high:
        return lambda x: np.equal(x, low)

    def inside(x: Array) -> Flags:
        result: Flags = at_least(x, low)
        result &= at_most(x, high)
        return result

    return inside
