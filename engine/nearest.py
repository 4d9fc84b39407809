"""What it would take: the smallest change of one feature that gives another outcome, found by applying the plan again.

Candidates are every bound that occurs in the chain of policies with a step to either side, values that customers have,
and a ladder of doublings from where the customer stands; all of them go through the frozen plan in one call, then each
hit is narrowed by bisection until one step less does not do (ENGINE 20). Nothing is asked of a plugin: `apply` is
row-wise and cheap. Linked features are varied alone, so every answer means "all else equal".
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.catalogue import Feature
from engine.columns import Array, Codes, Column, Columns, freeze, missing
from engine.plan import Plan
from engine.policy import State
from engine.run import Facts, compute
from engine.values import value_at

QUANTILES = 256
"""How many values of the population are tried per feature."""

SAMPLE = 100_000
"""Customers whose values are looked at: the candidates only have to lie close enough for bisection."""

_UNSTEPPED: dict[str, float] = {"amount": 0.01, "days": 0.01}
"""The grid of features that are continuous, by dtype; others are tried to four decimals."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """One feature changed, all else equal, and the outcome this gives.

    distance: the change as a share of how widely the feature spreads over the population.
    """

    feature: str
    was: Any
    now: Any
    outcome: str
    distance: float


def nearest_changes(
    chain: Plan, facts: Facts, states: Mapping[str, State | None], address: str, features: Mapping[str, Feature], population: Columns
) -> list[Nearest]:
    """The nearest single change to each other outcome of a label or flag output, the nearest first.

    chain: the plan up to the policy of `address`. facts: the customer as a single row. population: values of many
    customers by feature name, to take candidates and spreads from; may lack any of them.
    """
    trial = _Trial(chain, facts, states, address)
    here = trial.codes({}, 1)[0]
    axes = [axis for name in chain.features if (axis := _axis(features[name], facts.columns[name], population.get(name))) is not None]
    bounds = bounds_of(chain, states)
    for axis in axes:
        axis.take(bounds.get(axis.feature.name, ()), population.get(axis.feature.name))
    best: dict[int, Nearest] = {}
    for found in [*_along_grids(trial, here, axes), *_among_values(trial, here, chain, facts, features)]:
        code, change = found
        if code not in best or (change.distance, change.feature) < (best[code].distance, best[code].feature):
            best[code] = change
    return sorted(best.values(), key=lambda change: (change.distance, change.feature))


def bounds_of(chain: Plan, states: Mapping[str, State | None]) -> dict[str, list[float]]:
    """Every number that some policy of the chain, or its population, compares a feature with; dates as days."""
    found: dict[str, list[float]] = {}
    for step in chain.steps:
        entry = step.entry
        sources: list[Mapping[str, Sequence[Any]]] = [entry.population.bounds()] if entry.population else []
        try:
            sources.append(entry.policy.bounds(states.get(entry.key)))
        except Exception:  # a plugin is foreign code: without its bounds the search is slower, not wrong
            sources.append({})
        for source in sources:
            for name, values in source.items():
                found.setdefault(name, []).extend(number for value in values if (number := _number(value)) is not None)
    return found


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if math.isfinite(value) else None
    try:
        return float((dt.date.fromisoformat(value) - dt.date(1970, 1, 1)).days)
    except (TypeError, ValueError):
        return None


class _Trial:
    """The plan with frozen states, applied to variants of one customer."""

    def __init__(self, chain: Plan, facts: Facts, states: Mapping[str, State | None], address: str) -> None:
        self.chain, self.facts, self.states, self.address = chain, facts, states, address

    def codes(self, changed: Mapping[str, Column], rows: int) -> Array:
        """The outcome of each variant as a code, -1 for none. changed: whole columns of `rows` values."""
        same = np.zeros(rows, dtype=np.int64)
        columns = {name: changed.get(name, column[same]) for name, column in self.facts.columns.items() if name in self.chain.features}
        previous = {name: column[same] for name, column in self.facts.previous.items()}
        flagged = self.facts.not_graded[same] if self.facts.not_graded is not None else None
        facts = Facts(self.facts.customer_id[same], self.facts.key_hash[same], freeze(columns), flagged, freeze(previous))
        outcome = compute(self.chain, facts, states=self.states)
        key, _, name = self.address.partition(".")
        if not outcome.policies[key].sound:
            return np.full(rows, -1, dtype=np.int64)
        column = outcome.policies[key].columns[name]
        codes: Array = (column.codes if isinstance(column, Codes) else column).astype(np.int64)
        return codes

    def key(self, code: int) -> str:
        """The outcome that a code stands for."""
        step = self.chain.steps[-1]
        output = next(output for output in step.outputs if output.name == self.address.partition(".")[2])
        return output.keys[code] if output.kind == "label" else ("false", "true")[code]


class _Axis:
    """A numeric feature on its grid: values are whole multiples of the step, held as integers."""

    def __init__(self, feature: Feature, column: Array, population: Array | None) -> None:
        step = feature.step or _UNSTEPPED.get(feature.dtype, 0.0001)
        self.feature, self.dtype = feature, column.dtype
        self.per_unit = round(1 / step) if step < 1 else 1 / step
        self.is_date = column.dtype.kind == "M"
        self.current = float(column.astype(np.int64)[0]) if self.is_date else float(column[0])
        self.spread = _spread(population, self.current, 1 / self.per_unit)
        self.up, self.down = feature.actionable in ("up", "any"), feature.actionable in ("down", "any")
        self.least = -math.inf if feature.minimum is None or self.is_date else feature.minimum * self.per_unit
        self.candidates: dict[int, Array] = {}

    def take(self, bounds: Sequence[float], population: Column | None) -> None:
        """Collect the candidates above (+1) and below (-1) the current value, the nearest first."""
        here = self.current * self.per_unit
        at = [math.floor(bound * self.per_unit) for bound in bounds if abs(bound) < 2**52 / self.per_unit]
        grid = {k + shift for k in at for shift in (-1, 0, 1, 2)}
        if population is not None and not isinstance(population, Codes):
            grid |= {round(value * self.per_unit) for value in _quantiles(population)}
        reach = max((abs(k - here) for k in grid), default=0.0)
        start = math.floor(here)
        ladder = [2**i for i in range(53) if 2**i <= reach]
        grid |= {start + jump for jump in ladder} | {start - jump for jump in ladder} | {start, start + 1, start - 1}
        ordered = np.array(sorted(k for k in grid if k >= self.least), dtype=np.int64)
        self.candidates[1] = ordered[ordered > here + 1e-6] if self.up else ordered[:0]
        self.candidates[-1] = ordered[ordered < here - 1e-6][::-1] if self.down else ordered[:0]

    def column(self, grid: Array) -> Array:
        """Grid positions as values of the feature, each one float64 division."""
        if self.is_date:
            return grid.astype("datetime64[D]")
        return (grid / self.per_unit).astype(self.dtype)

    def origin(self, side: int) -> int:
        """The grid position at or just before the current value, seen from the candidates of a side."""
        here = self.current * self.per_unit
        return math.floor(here + 1e-6) if side > 0 else math.ceil(here - 1e-6)


def _axis(feature: Feature, column: Column, population: Column | None) -> _Axis | None:
    """The axis of a feature that may move and has a number to move from."""
    if feature.actionable == "no" or isinstance(column, Codes) or column.dtype == np.int8 or missing(column)[0]:
        return None
    return _Axis(feature, column, population if isinstance(population, np.ndarray) else None)


def _sampled(values: Array) -> Array:
    values = values[:: max(1, len(values) // SAMPLE)]
    values = values.astype(np.int64) if values.dtype.kind == "M" else values
    return values[np.isfinite(values)].astype(np.float64)


def _quantiles(population: Array) -> list[float]:
    values = _sampled(population)
    if not len(values):
        return []
    shares = np.linspace(0, 1, QUANTILES + 1)
    return [float(value) for value in np.unique(np.quantile(values, shares, method="inverted_cdf"))]


def _spread(population: Array | None, current: float, step: float) -> float:
    """How widely the middle of the population spreads; else all of it; else the value itself."""
    if population is not None and len(values := _sampled(population)):
        low, high = np.quantile(values, [0.1, 0.9])
        for width in (float(high - low), float(values.max() - values.min())):
            if width > 0:
                return width
    return max(abs(current), step)


@dataclass(slots=True)
class _Hit:
    """A candidate with another outcome: `near` does not give it, `far` does."""

    axis: _Axis
    side: int
    code: int
    near: int
    far: int


def _along_grids(trial: _Trial, here: int, axes: Sequence[_Axis]) -> list[tuple[int, Nearest]]:
    """The nearest value of each numeric feature for each other outcome."""
    runs = [(axis, side, axis.candidates[side]) for axis in axes for side in (1, -1) if len(axis.candidates[side])]
    if not runs:
        return []
    codes = _tried(trial, [(axis, grid) for axis, _, grid in runs])
    hits = []
    for (axis, side, grid), found in zip(runs, codes, strict=True):
        for code in set(found.tolist()) - {here, -1}:
            first = int(np.argmax(found == code))
            near = int(grid[first - 1]) if first else axis.origin(side)
            hits.append(_Hit(axis, side, code, near, int(grid[first])))
    _narrow(trial, hits)
    return [(hit.code, _nearest(trial, hit)) for hit in hits]


def _tried(trial: _Trial, parts: Sequence[tuple[_Axis, Array]]) -> list[Array]:
    """The outcomes of several axes' values in one call of the plan."""
    rows = sum(len(grid) for _, grid in parts)
    same = np.zeros(rows, dtype=np.int64)
    changed: dict[str, Array] = {}
    start, ends = 0, []
    for axis, grid in parts:
        name = axis.feature.name
        if name not in changed:
            original = trial.facts.columns[name]
            assert not isinstance(original, Codes)
            changed[name] = original[same]
        changed[name][start : start + len(grid)] = axis.column(grid)
        start += len(grid)
        ends.append(start)
    return np.split(trial.codes(changed, rows), ends[:-1])


def _narrow(trial: _Trial, hits: Sequence[_Hit]) -> None:
    """Bisect all hits together until `near` and `far` are neighbours on the grid."""
    while open_ := [hit for hit in hits if abs(hit.far - hit.near) > 1]:
        middles = [(hit.near + hit.far) // 2 for hit in open_]
        codes = _tried(trial, [(hit.axis, np.array([middle])) for hit, middle in zip(open_, middles, strict=True)])
        for hit, middle, code in zip(open_, middles, codes, strict=True):
            if code[0] == hit.code:
                hit.far = middle
            else:
                hit.near = middle


def _nearest(trial: _Trial, hit: _Hit) -> Nearest:
    axis = hit.axis
    now = axis.column(np.array([hit.far]))
    distance = abs(float(now.astype(np.int64)[0] if axis.is_date else now[0]) - axis.current) / axis.spread
    was = value_at(trial.facts.columns[axis.feature.name], 0)
    return Nearest(axis.feature.name, was, value_at(now, 0), trial.key(hit.code), distance)


def _among_values(trial: _Trial, here: int, chain: Plan, facts: Facts, features: Mapping[str, Feature]) -> list[tuple[int, Nearest]]:
    """Texts and flags: every other value there is. All are equally far: one spread."""
    found = []
    for name in chain.features:
        column = facts.columns[name]
        if features[name].actionable == "no" or missing(column)[0]:
            continue
        others = _others(column)
        if others is None or not len(others):
            continue
        codes = trial.codes({name: others}, len(others))
        for code in set(codes.tolist()) - {here, -1}:
            first = int(np.argmax(codes == code))
            found.append((code, Nearest(name, value_at(column, 0), value_at(others, first), trial.key(code), 1.0)))
    return found


def _others(column: Column) -> Column | None:
    if isinstance(column, Codes):
        codes = np.arange(len(column.values))
        return Codes(codes[codes != column.codes[0]].astype(np.int32), column.values, closed=column.closed)
    return np.array([1 - column[0]], dtype=np.int8) if column.dtype == np.int8 else None
