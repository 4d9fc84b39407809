"""Covers: is there a point in one row that no excluded row covers? By SAT, or by splitting boxes when there is no solver.

A row is a box: one set of bins per column, as bits. With bins in order, variable v_j means "the bin is before j"; an
interval is two literals and the negation of a row is one clause. 1,000 rows × 10 columns take well under a second, and
10,000 rows some seconds, where splitting boxes may not end; so the splitter has a node budget and then says "undecided".
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeAlias

Box: TypeAlias = tuple[int, ...]
Point: TypeAlias = tuple[int, ...]

CONFLICT_BUDGET = 1_000_000
NODE_BUDGET = 100_000


class Undecided(Exception):
    """The budget was used up before an answer was found."""


class Cover(Protocol):
    """Rows that are already covered."""

    def find(self, box: Box) -> Point | None:
        """A point of the box, as bin numbers, that no excluded row covers; None if all is covered. Raises `Undecided`."""

    def exclude(self, box: Box) -> None:
        """Cover a box."""


def new_cover(sizes: Sequence[int], *, solver: bool = True, budget: int = NODE_BUDGET) -> Cover:
    """A cover over columns with so many bins: with a SAT solver, or without one where none is installed."""
    if solver:
        try:
            return SatCover(sizes)
        except ImportError:
            pass
    return SplittingCover(sizes, budget=budget)


def runs(mask: int) -> Iterator[tuple[int, int]]:
    """The runs of set bits: start, and the position after the end."""
    start = 0
    while mask:
        skip = (mask & -mask).bit_length() - 1
        mask >>= skip
        size = (~mask & (mask + 1)).bit_length() - 1
        yield start + skip, start + skip + size
        mask >>= size
        start += skip + size


class SatCover:
    """Bins in order encoding, rows as clauses. Needs python-sat."""

    def __init__(self, sizes: Sequence[int]) -> None:
        from pysat.solvers import Solver  # imported here: optional, and 0.1 s

        self._solver: Any = Solver(name="glucose4")
        self._sizes = tuple(sizes)
        self._first: list[int] = []
        self._literals: dict[tuple[int, int], int] = {}
        self._count = 0
        for size in sizes:
            self._first.append(self._count + 1)
            self._count += size + 1  # v_0 .. v_size
            self._solver.add_clause([-self._first[-1]])
            self._solver.add_clause([self._first[-1] + size])
            for at in range(size):
                self._solver.add_clause([-(self._first[-1] + at), self._first[-1] + at + 1])

    def _inside(self, column: int, mask: int) -> int:
        """The literal that says: the column's bin is in the set."""
        literal = self._literals.get((column, mask))
        if literal is None:
            parts = [self._run(column, *run) for run in runs(mask)]
            literal = parts[0] if len(parts) == 1 else self._either(parts)
            self._literals[column, mask] = literal
        return literal

    def _new(self) -> int:
        self._count += 1
        return self._count

    def _run(self, column: int, start: int, stop: int) -> int:
        first = self._first[column]
        if start == 0:
            return first + stop
        if stop == self._sizes[column]:
            return -(first + start)
        literal = self._new()
        for clause in ([-literal, -(first + start)], [-literal, first + stop], [literal, first + start, -(first + stop)]):
            self._solver.add_clause(clause)
        return literal

    def _either(self, parts: list[int]) -> int:
        literal = self._new()
        self._solver.add_clause([-literal, *parts])
        for part in parts:
            self._solver.add_clause([literal, -part])
        return literal

    def find(self, box: Box) -> Point | None:
        """A point of the box that no excluded row covers."""
        if not all(box):
            return None
        wanted = [self._inside(column, mask) for column, mask in enumerate(box) if mask != (1 << self._sizes[column]) - 1]
        self._solver.conf_budget(CONFLICT_BUDGET)
        answer = self._solver.solve_limited(assumptions=wanted)
        if answer is None:
            raise Undecided
        if not answer:
            return None
        model = self._solver.get_model()
        return tuple(_bin(model, first, size) for first, size in zip(self._first, self._sizes, strict=True))

    def exclude(self, box: Box) -> None:
        """Cover a box."""
        if all(box):
            sets = [(column, mask) for column, mask in enumerate(box) if mask != (1 << self._sizes[column]) - 1]
            self._solver.add_clause([-self._inside(column, mask) for column, mask in sets])


def _bin(model: Sequence[int], first: int, size: int) -> int:
    """The bin that a model chooses: v_j is true from the one after it on."""
    return bisect_left(range(size + 1), True, key=lambda at: model[first + at - 1] > 0) - 1


class SplittingCover:
    """Cut every excluded row out of the box, one column at a time, until something or nothing is left."""

    def __init__(self, sizes: Sequence[int], *, budget: int = NODE_BUDGET) -> None:
        self._sizes = tuple(sizes)
        self._excluded: list[Box] = []
        self._budget = budget

    def exclude(self, box: Box) -> None:
        """Cover a box."""
        if all(box):
            self._excluded.append(box)

    def find(self, box: Box) -> Point | None:
        """A point of the box that no excluded row covers."""
        if not all(box):
            return None
        waiting, nodes = [(box, 0)], 0
        while waiting:
            part, at = waiting.pop()
            nodes += 1
            if nodes > self._budget:
                raise Undecided
            at = self._next_hit(part, at)
            if at == len(self._excluded):
                return tuple((mask & -mask).bit_length() - 1 for mask in part)
            waiting += [(rest, at + 1) for rest in _without(part, self._excluded[at])]
        return None

    def _next_hit(self, part: Box, at: int) -> int:
        while at < len(self._excluded) and not all(one & two for one, two in zip(part, self._excluded[at], strict=True)):
            at += 1
        return at


def _without(box: Box, hole: Box) -> Iterator[Box]:
    """The box minus the hole, as disjoint boxes."""
    inner = list(box)
    for column, mask in enumerate(hole):
        rest = inner[column] & ~mask
        if rest:
            yield (*inner[:column], rest, *inner[column + 1 :])
        inner[column] &= mask
