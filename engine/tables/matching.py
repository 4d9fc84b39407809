"""Matching: which rows each customer hits, for small tables. Two ways with the same result.

*Direct*: blocks of 16 k customers that stay in cache, each distinct cell computed once per block, the last row first so
that the first hit is what remains. *Lookup*: when all inputs are categories, every combination is decided once by the
direct way and each customer is one table lookup.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Protocol

import numpy as np

from engine.columns import Array, Flags
from engine.tables.binding import BoundTable

BLOCK = 16_384
"""Customers per block: a float64 column of it is 128 kB, so a few columns and masks stay in the second-level cache."""

LOOKUP_LIMIT = 1_000_000
"""Combinations that a lookup table may hold."""


@dataclass(frozen=True, slots=True)
class Hits:
    """Every hit: customer i hits `rows[offsets[i]:offsets[i+1]]`, ascending."""

    offsets: Array
    rows: Array


class Matching(Protocol):
    """A way to find the rows that customers hit."""

    def first(self, arrays: Sequence[Array]) -> Array:
        """The first row that each customer hits, int32; -1 for none."""

    def first_and_count(self, arrays: Sequence[Array]) -> tuple[Array, Array]:
        """The first row, and how many rows each customer hits."""

    def hits(self, arrays: Sequence[Array]) -> Hits:
        """All rows that each customer hits."""


def blocks(count: int, size: int = BLOCK) -> Iterator[slice]:
    """Cut `count` rows into slices of at most `size`."""
    return (slice(start, min(start + size, count)) for start in range(0, count, size))


class Direct:
    """Compare block by block."""

    def __init__(self, table: BoundTable) -> None:
        self._table = table

    def _masks(self, arrays: Sequence[Array], part: slice) -> Iterator[tuple[int, Flags | None]]:
        """Each row's matches in this block, last row first; None where every customer matches."""
        done: dict[tuple[int, int], Flags] = {}
        block = [array[part] for array in arrays]
        buffer = np.empty(part.stop - part.start, dtype=bool)
        for row in range(len(self._table.rows) - 1, -1, -1):
            mask: Flags | None = None
            for test in self._table.rows[row]:
                cell = done.get(test)
                if cell is None:
                    cell = done[test] = self._table.matchers[test[0]][test[1]](block[test[0]])
                mask = cell if mask is None else np.logical_and(mask, cell, out=buffer)
            yield row, mask

    def first(self, arrays: Sequence[Array]) -> Array:
        """The first row that each customer hits; -1 for none."""
        first = np.full(len(arrays[0]), -1, dtype=np.int32)
        for part in blocks(len(first)):
            found = first[part]
            for row, mask in self._masks(arrays, part):
                np.copyto(found, row, where=True if mask is None else mask)
        return first

    def first_and_count(self, arrays: Sequence[Array]) -> tuple[Array, Array]:
        """The first row, and how many rows each customer hits."""
        first = np.full(len(arrays[0]), -1, dtype=np.int32)
        count = np.zeros(len(first), dtype=np.int32)
        for part in blocks(len(first)):
            found, hits = first[part], count[part]
            for row, mask in self._masks(arrays, part):
                np.copyto(found, row, where=True if mask is None else mask)
                hits += True if mask is None else mask
        return first, count

    def hits(self, arrays: Sequence[Array]) -> Hits:
        """All rows that each customer hits."""
        counts, rows = [], []
        for part in blocks(len(arrays[0])):
            matrix = np.ones((part.stop - part.start, len(self._table.rows)), dtype=bool)
            for row, mask in self._masks(arrays, part):
                if mask is not None:
                    matrix[:, row] = mask
            counts.append(matrix.sum(axis=1))
            rows.append(np.nonzero(matrix)[1].astype(np.int32))
        return gather(counts, rows)


class Lookup:
    """Decide every combination of categories once, then look up each customer's combination."""

    def __init__(self, direct: Direct, sizes: Sequence[int]) -> None:
        self._sizes = [size + 1 for size in sizes]
        combinations = np.indices(self._sizes, dtype=np.int32).reshape(len(sizes), -1) - 1
        self._first, self._count = direct.first_and_count(list(combinations))
        self._direct = direct

    @staticmethod
    def serves(table: BoundTable, sizes: Sequence[int | None], customers: int) -> bool:
        """Whether all inputs are categories with few enough combinations for so many customers."""
        combinations = prod(size + 1 if size is not None else LOOKUP_LIMIT + 1 for size in sizes)
        return combinations <= min(LOOKUP_LIMIT, customers)

    def _combination(self, arrays: Sequence[Array], part: slice) -> Array:
        at = arrays[0][part].astype(np.intp) + 1
        for array, size in zip(arrays[1:], self._sizes[1:], strict=True):
            at *= size
            at += array[part]
            at += 1
        return at

    def first(self, arrays: Sequence[Array]) -> Array:
        """The first row that each customer hits; -1 for none."""
        found = np.empty(len(arrays[0]), dtype=np.int32)
        for part in blocks(len(found)):
            np.take(self._first, self._combination(arrays, part), out=found[part], mode="clip")
        return found

    def first_and_count(self, arrays: Sequence[Array]) -> tuple[Array, Array]:
        """The first row, and how many rows each customer hits."""
        found, count = np.empty(len(arrays[0]), dtype=np.int32), np.empty(len(arrays[0]), dtype=np.int32)
        for part in blocks(len(found)):
            at = self._combination(arrays, part)
            np.take(self._first, at, out=found[part], mode="clip")
            np.take(self._count, at, out=count[part], mode="clip")
        return found, count

    def hits(self, arrays: Sequence[Array]) -> Hits:
        """All rows that each customer hits."""
        return self._direct.hits(arrays)


def gather(counts: list[Array], rows: list[Array]) -> Hits:
    """Put the hits of all blocks together."""
    count = np.concatenate(counts) if counts else np.zeros(0, dtype=np.int64)
    offsets = np.zeros(len(count) + 1, dtype=np.int64)
    np.cumsum(count, out=offsets[1:])
    return Hits(offsets, np.concatenate(rows) if rows else np.zeros(0, dtype=np.int32))
