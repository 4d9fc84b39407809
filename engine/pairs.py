"""The smallest pair of changes that gives a named outcome, where no single one does (ENGINE 20).

Tried are all pairs of the nearest candidates of the features that may move: first the values at bounds of the chain,
where outcomes change, then values that customers have. The best pairs are then narrowed, one feature at a time, until a
step less in either does not do. The distance of a pair is the sum of its two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from typing import Any

import numpy as np

from engine.columns import Array, Codes, Column
from engine.nearest import Axis, Choice, Search, Trial
from engine.values import value_at

FEATURES = 8
"""Features whose pairs are tried; those with bounds in the chain come first."""

CANDIDATES = 64
"""Values per feature."""

LOOKED_AT = 4_096
"""Pairs that give the outcome and are compared with each other, the nearest first."""

NARROWED = 24
"""Of these, pairs that are narrowed: no other moves the same features less."""


@dataclass(frozen=True, slots=True)
class Move:
    """One feature of a pair at one of its values. grid: its place on the axis; None of a choice."""

    of: Axis | Choice
    at: int
    distance: float

    @property
    def name(self) -> str:
        """The feature."""
        return self.of.feature.name

    @property
    def side(self) -> int:
        """Up (1) or down (-1); 0 of a choice."""
        return 0 if not isinstance(self.of, Axis) else 1 if self.at > self.of.origin(1) else -1

    @property
    def column(self) -> Column:
        """The value as a column of one."""
        return self.of.column(np.array([self.at])) if isinstance(self.of, Axis) else self.of.values[np.array([self.at])]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two features changed, all else equal. was, now: their values in the same order."""

    features: tuple[str, str]
    was: tuple[Any, Any]
    now: tuple[Any, Any]
    distance: float


def nearest_pair(search: Search, goal: int) -> Pair | None:
    """The nearest pair that gives the outcome with this code; None when no pair does."""
    trial = search.trial
    every: list[Axis | Choice] = [*search.axes, *search.choices]
    movers = sorted(every, key=lambda mover: 0 if _has_bounds(mover) else 1)[:FEATURES]
    moves = [_moves(mover) for mover in movers]
    found = _hits(trial, moves, goal)
    best: tuple[Move, Move] | None = None
    loose = _gives_way(trial, found, goal)
    for pair, gives in zip(found, loose, strict=True):
        narrow = _narrowed(trial, pair, goal) if gives else pair
        if best is None or _rank(narrow) < _rank(best):
            best = narrow
    if best is None:
        return None
    was = tuple(value_at(trial.facts.columns[move.name], 0) for move in best)
    now = tuple(value_at(move.column, 0) for move in best)
    return Pair((best[0].name, best[1].name), (was[0], was[1]), (now[0], now[1]), best[0].distance + best[1].distance)


def _has_bounds(mover: Axis | Choice) -> bool:
    return isinstance(mover, Choice) or len(mover.corners) > 0


def _rank(pair: tuple[Move, Move]) -> tuple[float, float, str, str]:
    one, other = pair
    return (round(one.distance + other.distance, 9), round(max(one.distance, other.distance), 9), one.name, other.name)


def _moves(mover: Axis | Choice) -> list[Move]:
    if isinstance(mover, Choice):
        return [Move(mover, at, 1.0) for at in range(min(len(mover.values), CANDIDATES))]
    return [Move(mover, int(at), mover.distance(int(at))) for at in mover.nearest(CANDIDATES)]


def _hits(trial: Trial, moves: Sequence[list[Move]], goal: int) -> list[tuple[Move, Move]]:
    """Every pair of moves that gives the outcome, the nearest first, all tried in one call of the plan."""
    pairs = [(one, other) for one, other in combinations(moves, 2) if one and other]
    sizes = [len(one) * len(other) for one, other in pairs]
    rows = sum(sizes)
    if not rows:
        return []
    starts = np.concatenate([[0], np.cumsum(sizes)])
    changed: dict[str, Column] = {}
    for number, (one, other) in enumerate(pairs):
        part = slice(int(starts[number]), int(starts[number + 1]))
        _put(trial, changed, rows, part, one, np.repeat(np.arange(len(one)), len(other)))
        _put(trial, changed, rows, part, other, np.tile(np.arange(len(other)), len(one)))
    hit = np.flatnonzero(trial.codes(changed, rows) == goal)
    if not len(hit):
        return []
    of = np.searchsorted(starts, hit, side="right") - 1
    distances = np.concatenate(
        [np.add.outer([move.distance for move in one], [move.distance for move in other]).ravel() for one, other in pairs]
    )[hit]
    found: list[tuple[Move, Move]] = []
    for place in np.argsort(distances, kind="stable")[:LOOKED_AT].tolist():
        one, other = pairs[of[place]]
        at = int(hit[place] - starts[of[place]])
        pair = (one[at // len(other)], other[at % len(other)])
        if not any(_nearer_in_both(kept, pair) for kept in found):
            found.append(pair)
            if len(found) == NARROWED:
                break
    return found


def _nearer_in_both(kept: tuple[Move, Move], pair: tuple[Move, Move]) -> bool:
    """Whether a pair that is kept moves the same features the same ways, neither of them further."""
    return all(
        mine.of is other.of and mine.distance <= other.distance and (not isinstance(mine.of, Axis) or mine.side == other.side)
        for mine, other in zip(kept, pair, strict=True)
    )


def _gives_way(trial: Trial, pairs: Sequence[tuple[Move, Move]], goal: int) -> list[bool]:
    """Which pairs still give the outcome with either feature a step nearer; all asked in one call of the plan."""
    variants, of = [], []
    for number, pair in enumerate(pairs):
        for place in (0, 1):
            move = pair[place]
            if not isinstance(move.of, Axis):
                continue
            side = move.side
            if abs(move.at - move.of.origin(side)) > 1:
                variants.append((replace(move, at=move.at - side), pair[1 - place]))
                of.append(number)
    if not variants:
        return [False] * len(pairs)
    changed: dict[str, Column] = {}
    for row, variant in enumerate(variants):
        for move in variant:
            _put(trial, changed, len(variants), slice(row, row + 1), [move], np.zeros(1, dtype=np.int64))
    reached = trial.codes(changed, len(variants)) == goal
    loose = {number for number, reaches in zip(of, reached.tolist(), strict=True) if reaches}
    return [number in loose for number in range(len(pairs))]


def _put(trial: Trial, changed: dict[str, Column], rows: int, part: slice, moves: list[Move], which: Array) -> None:
    """Write the values of some moves into part of a column of variants."""
    mover, name = moves[0].of, moves[0].name
    at = np.array([move.at for move in moves])
    values: Column = mover.column(at) if isinstance(mover, Axis) else mover.values[at]
    if isinstance(values, Codes):
        column = changed.get(name)
        if column is None:
            column = changed[name] = _coded(trial, name, values, rows)
        assert isinstance(column, Codes)
        column.codes[part] = values.codes[which]
        return
    array = changed.get(name)
    if array is None:
        original = trial.facts.columns[name]
        assert not isinstance(original, Codes)
        array = changed[name] = original[np.zeros(rows, dtype=np.int64)].astype(np.result_type(original.dtype, values.dtype))
    assert not isinstance(array, Codes)
    array[part] = values[which]


def _coded(trial: Trial, name: str, values: Codes, rows: int) -> Codes:
    """The customer's own text in every row, among all values of a choice."""
    original = trial.facts.columns[name]
    assert isinstance(original, Codes)
    own = Codes.of(original.texts(), values.values).codes[0] if original.texts()[0] is not None else -1
    return Codes(np.full(rows, own, dtype=np.int32), values.values, closed=values.closed)


def _narrowed(trial: Trial, pair: tuple[Move, Move], goal: int) -> tuple[Move, Move]:
    """Bring each numeric feature as near to where the customer is as the other allows, until neither gives way."""
    moves = list(pair)
    for _ in range(8):
        before = tuple(moves)
        for place in (0, 1):
            moves[place] = _nearer(trial, moves[place], moves[1 - place], goal)
        if before == tuple(moves):
            break
    return moves[0], moves[1]


def _nearer(trial: Trial, move: Move, other: Move, goal: int) -> Move:
    """The same feature nearer by bisection, the other one held."""
    axis = move.of
    if not isinstance(axis, Axis):
        return move
    side = move.side
    near, far = axis.origin(side), move.at
    if abs(far - near) > 1 and not _reaches(trial, axis, [far - side], other, goal)[0]:
        return move  # at a bound already, as nearly always
    while abs(far - near) > 1:
        steps = sorted({near + (far - near) * part // 8 for part in range(1, 8)} - {near, far}, reverse=side < 0)
        reached = _reaches(trial, axis, steps, other, goal)
        for (low, _), (high, reaches) in pairwise([(near, False), *zip(steps, reached, strict=True), (far, True)]):
            if reaches:
                near, far = low, high
                break
    return replace(move, at=far, distance=axis.distance(far))


def _reaches(trial: Trial, axis: Axis, grid: Sequence[int], other: Move, goal: int) -> list[bool]:
    rows = np.zeros(len(grid), dtype=np.int64)
    codes = trial.codes({axis.feature.name: axis.column(np.array(grid)), other.name: other.column[rows]}, len(grid))
    return [bool(code == goal) for code in codes]
