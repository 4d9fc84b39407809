"""Overlaps: which pairs of rows can hit together, and which rows lie inside others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from engine.columns import Array
from engine.covers import Box

ROWS = 256
"""Rows compared at a time with all later ones, so that memory stays small at 10,000 rows."""


def overlapping_pairs(boxes: Sequence[Box], groups: Array | None = None) -> Iterator[tuple[int, int]]:
    """All pairs (earlier, later) of boxes that share a point; with `groups`, only pairs of different groups."""
    columns = _columns(boxes)
    for rows in _parts(len(boxes)):
        shared = np.arange(len(boxes)) > rows[:, None]
        if groups is not None:
            shared &= groups[rows][:, None] != groups
        for column in columns:
            column.sharing(shared, rows)
        for at, other in zip(*np.nonzero(shared), strict=True):
            yield int(rows[at]), int(other)


def contained_pairs(boxes: Sequence[Box]) -> Iterator[tuple[int, int]]:
    """All pairs (row, other) where the other box holds everything of the row's."""
    columns = _columns(boxes)
    for rows in _parts(len(boxes)):
        inside = np.arange(len(boxes)) != rows[:, None]
        for column in columns:
            column.containing(inside, rows)
        for at, other in zip(*np.nonzero(inside), strict=True):
            yield int(rows[at]), int(other)


def _columns(boxes: Sequence[Box]) -> list[_Column]:
    return [_Column([box[at] for box in boxes]) for at in range(len(boxes[0]))]


def _parts(count: int) -> Iterator[Array]:
    return (np.arange(start, min(start + ROWS, count)) for start in range(0, count, ROWS))


class _Column:
    """The sets of one column: as intervals of bins where all are, else as packed bits."""

    def __init__(self, masks: Sequence[int]) -> None:
        low = [(mask & -mask).bit_length() - 1 for mask in masks]
        high = [mask.bit_length() for mask in masks]
        self._empty = np.array([mask == 0 for mask in masks])
        self._low, self._high = np.array(low), np.array(high)
        whole = all((mask >> start) + 1 == 1 << (stop - start) for mask, start, stop in zip(masks, low, high, strict=True) if mask)
        words = -(-max(high, default=0) // 64) or 1
        self._bits = None if whole else np.array([np.frombuffer(mask.to_bytes(words * 8, "little"), dtype="<u8") for mask in masks])

    def containing(self, inside: Array, rows: Array) -> None:
        """Keep the pairs where the set of the other holds the set of the row; the empty set is in every set."""
        within = (self._low <= self._low[rows][:, None]) & (self._high[rows][:, None] <= self._high)
        inside &= within | self._empty[rows][:, None]
        if self._bits is not None:
            for at, row in enumerate(rows):
                others = np.flatnonzero(inside[at])
                inside[at, others] = ((self._bits[row] & ~self._bits[others]) == 0).all(axis=1)

    def sharing(self, shared: Array, rows: Array) -> None:
        """Keep the pairs (rows × all) that share a bin of this column."""
        shared &= (self._low[rows][:, None] < self._high) & (self._low < self._high[rows][:, None])
        shared &= ~(self._empty[rows][:, None] | self._empty)
        if self._bits is not None:
            for at, row in enumerate(rows):
                others = np.flatnonzero(shared[at])
                shared[at, others] = (self._bits[others] & self._bits[row]).any(axis=1)
