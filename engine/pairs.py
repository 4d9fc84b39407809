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

NARROWED = 24
"""Pairs that are narrowed, the nearest first."""


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
    for pair in found[:NARROWED]:
        narrow = _narrowed(trial, pair, goal)
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
    found = []
    for place in np.argsort(distances, kind="stable")[:NARROWED].tolist():
        one, other = pairs[of[place]]
        at = int(hit[place] - starts[of[place]])
        found.append((one[at // len(other)], other[at % len(other)]))
    return found


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
    side = 1 if move.at > axis.origin(1) else -1
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
