"""What it would take: the smallest change of one feature that gives another outcome, found by applying the plan again.

The distance of a change is its size as a share of how widely the feature spreads over the population: the tenth to the
ninetieth percentile. Another text or flag, and a value where there was none, count as one spread.

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

UNKNOWN = 4096
"""Steps that are tried at least where nothing says at which values the outcome changes."""

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


class Population:
    """Values of many customers by feature name, to take candidates and spreads from; may lack any feature.

    What is computed of a feature is kept, so that one population serves many customers.
    """

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._samples: dict[str, Array] = {}

    def texts(self, name: str) -> Codes | None:
        """The column of a text, which holds every value that occurs."""
        column = self._columns.get(name)
        return column if isinstance(column, Codes) else None

    def sample(self, name: str) -> Array:
        """Values that occur, ascending; none of a text, or of a feature that is not there."""
        if name not in self._samples:
            column = self._columns.get(name)
            self._samples[name] = np.sort(_sampled(column)) if isinstance(column, np.ndarray) else np.zeros(0)
        return self._samples[name]

    def quantiles(self, name: str) -> list[float]:
        """At most QUANTILES + 1 observed values, evenly spread over the customers."""
        values = self.sample(name)
        if not len(values):
            return []
        places = np.unique(np.linspace(0, len(values) - 1, QUANTILES + 1).round().astype(np.int64))
        return [float(value) for value in np.unique(values[places])]

    def spread(self, name: str, current: float, step: float) -> float:
        """How widely the middle of the population spreads; else all of it; else the value itself."""
        values = self.sample(name)
        if len(values):
            low, high = values[int(0.1 * (len(values) - 1))], values[int(0.9 * (len(values) - 1))]
            for width in (float(high - low), float(values[-1] - values[0])):
                if width > 0:
                    return width
        return max(abs(current), step) if math.isfinite(current) else step


def _sampled(values: Array) -> Array:
    values = values[:: max(1, len(values) // SAMPLE)]
    absent = missing(values)
    values = values.astype(np.int64) if values.dtype.kind == "M" else values
    return values[~absent].astype(np.float64)


@dataclass(slots=True)
class Search:
    """One customer, the plan up to one output, and the ways in which the customer's features may move.

    free: also against what features declare: up and down, and what nobody can change.
    """

    trial: Trial
    axes: list[Axis]
    choices: list[Choice]

    @classmethod
    def of(
        cls,
        trial: Trial,
        features: Mapping[str, Feature],
        population: Population,
        *,
        free: bool = False,
    ) -> Search:
        """Lay out the candidates of every feature of the chain. features: by name."""
        bounds = bounds_of(trial.chain, trial.states)
        search = cls(trial, [], [])
        for name in trial.chain.features:
            feature, column = features[name], trial.facts.columns[name]
            if feature.actionable == "no" and not free:
                continue
            absent = bool(missing(column)[0])
            if absent and feature.actionable == "down" and not free:
                continue  # nobody becomes "silent for 94 days" by doing something
            if isinstance(column, Codes) or column.dtype == np.int8 or absent:
                choice = _choice(feature, column, bounds.get(name, ()), population)
                if choice is not None:
                    search.choices.append(choice)
            else:
                axis = Axis(feature, column, population, free=free)
                axis.take(bounds.get(name, ()), population.quantiles(name))
                search.axes.append(axis)
        return search

    def singles(self, here: int) -> list[tuple[int, Nearest]]:
        """The nearest value of every feature for every other outcome, by its code."""
        return [*_along_grids(self.trial, here, self.axes), *_among_values(self.trial, here, self.choices)]


def nearest_changes(
    chain: Plan, facts: Facts, states: Mapping[str, State | None], address: str, features: Mapping[str, Feature], population: Population
) -> list[Nearest]:
    """The nearest single change to each other outcome of a label or flag output, the nearest first.

    chain: the plan up to the policy of `address`. facts: the customer as a single row.
    """
    trial = Trial(chain, facts, states, address)
    found = best_of(Search.of(trial, features, population).singles(trial.here))
    return sorted(found.values(), key=lambda change: (change.distance, change.feature))


def best_of(found: Sequence[tuple[int, Nearest]]) -> dict[int, Nearest]:
    """The nearest change to each outcome."""
    best: dict[int, Nearest] = {}
    for code, change in found:
        if code not in best or (change.distance, change.feature) < (best[code].distance, best[code].feature):
            best[code] = change
    return best


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


class Trial:
    """The plan with frozen states, applied to variants of one customer.

    member: of an output that is a set, the label whose membership is the outcome.
    """

    def __init__(self, chain: Plan, facts: Facts, states: Mapping[str, State | None], address: str, member: str = "") -> None:
        self.chain, self.facts, self.states, self.address = chain, facts, states, address
        key, _, name = address.partition(".")
        self._key, self._name = key, name
        self.output = next(output for output in chain.step(key).outputs if output.name == name)
        self._bit = np.uint64(self.output.keys.index(member)) if member else None
        self.here = int(self.codes({}, 1)[0])

    def codes(self, changed: Mapping[str, Column], rows: int) -> Array:
        """The outcome of each variant as a code, -1 for none. changed: whole columns of `rows` values."""
        same = np.zeros(rows, dtype=np.int64)
        columns = {name: changed[name] if name in changed else self.facts.columns[name][same] for name in self.chain.features}
        previous = {name: column[same] for name, column in self.facts.previous.items()}
        flagged = self.facts.not_graded[same] if self.facts.not_graded is not None else None
        effects = self.facts.effects.taken(same) if self.facts.effects else None
        facts = Facts(self.facts.customer_id[same], self.facts.key_hash[same], freeze(columns), flagged, freeze(previous), effects)
        policy = compute(self.chain, facts, states=self.states).policies[self._key]
        if not policy.sound or policy.reason is None:
            return np.full(rows, -1, dtype=np.int64)
        beside = policy.beside.get(self._name)  # the search is for what would be computed, whatever is damped or fixed here
        column = policy.columns[self._name] if beside is None else beside.computed
        if isinstance(column, Codes):
            found: Array = column.codes.astype(np.int64)
        elif self._bit is not None:
            found = (column >> self._bit & np.uint64(1)).astype(np.int64)
        else:
            found = column.astype(np.int64)
        return np.where(policy.reason >= 0, -1, found)

    def key(self, code: int) -> str:
        """The outcome that a code stands for."""
        return self.output.keys[code] if self.output.kind == "label" else ("false", "true")[code]


class Axis:
    """A numeric feature on its grid: values are whole multiples of the step, held as integers."""

    def __init__(self, feature: Feature, column: Array, population: Population, *, free: bool = False) -> None:
        step = feature.step or _UNSTEPPED.get(feature.dtype, 0.0001)
        self.feature, self.dtype = feature, column.dtype
        self.per_unit = round(1 / step) if step < 1 else 1 / step
        self.is_date = column.dtype.kind == "M"
        self.current = float(column.astype(np.int64)[0]) if self.is_date else float(column[0])
        self.spread = population.spread(feature.name, self.current, 1 / self.per_unit)
        self.up, self.down = free or feature.actionable in ("up", "any"), free or feature.actionable in ("down", "any")
        self.least = -math.inf if feature.minimum is None or self.is_date else feature.minimum * self.per_unit
        self.candidates: dict[int, Array] = {}
        self.corners: Array = np.zeros(0, dtype=np.int64)

    def take(self, bounds: Sequence[float], observed: Sequence[float]) -> None:
        """Collect the candidates above (+1) and below (-1) the current value, the nearest first."""
        here = self.current * self.per_unit
        at = [math.floor(bound * self.per_unit + 1e-9) for bound in bounds if abs(bound) < 2**52 / self.per_unit]
        corners = {k + shift for k in at for shift in (-1, 0, 1)}
        grid = corners | {k + 2 for k in at} | {round(value * self.per_unit) for value in observed}
        reach = max((abs(k - here) for k in grid), default=0.0)
        reach = reach if at else max(reach, UNKNOWN)
        start = math.floor(here)
        ladder = [2**i for i in range(53) if 2**i <= reach]
        grid |= {start + jump for jump in ladder} | {start - jump for jump in ladder} | {start, start + 1, start - 1}
        ordered = self._allowed(grid)
        self.candidates[1] = ordered[ordered > here]
        self.candidates[-1] = ordered[ordered < here][::-1]
        self.corners = self._allowed(corners)

    def _allowed(self, grid: set[int]) -> Array:
        """Grid positions that the feature may take, ascending."""
        here = self.current * self.per_unit
        ordered = np.array(sorted(k for k in grid if k >= self.least), dtype=np.int64)
        keep = (ordered > here + 1e-6) if self.up else np.zeros(len(ordered), dtype=bool)
        return ordered[keep | (ordered < here - 1e-6)] if self.down else ordered[keep]

    def nearest(self, limit: int) -> Array:
        """The nearest candidates of both sides: first those at bounds, then the others."""
        here = self.current * self.per_unit
        every = np.concatenate([self.candidates[1], self.candidates[-1]])
        others = np.setdiff1d(every, self.corners)
        parts = [part[np.argsort(np.abs(part - here), kind="stable")] for part in (self.corners, others)]
        return np.concatenate(parts)[:limit]

    def column(self, grid: Array) -> Array:
        """Grid positions as values of the feature, each one float64 division."""
        if self.is_date:
            return grid.astype("datetime64[D]")
        return (grid / self.per_unit).astype(self.dtype)

    def origin(self, side: int) -> int:
        """The grid position at or just before the current value, seen from the candidates of a side."""
        here = self.current * self.per_unit
        return math.floor(here + 1e-6) if side > 0 else math.ceil(here - 1e-6)

    def distance(self, grid: int) -> float:
        """How far a grid position is from the current value."""
        return abs(grid / self.per_unit - self.current) / self.spread


@dataclass(frozen=True, slots=True)
class Choice:
    """A feature without an order to move along: its other values, all equally far."""

    feature: Feature
    values: Column


def _choice(feature: Feature, column: Column, bounds: Sequence[float], population: Population) -> Choice | None:
    """Another text, the other flag, or a number where there was none: at bounds and at what others have."""
    if isinstance(column, Codes):
        seen = population.texts(feature.name)
        known = column.values if seen is None or column.closed else tuple(dict.fromkeys((*column.values, *seen.values)))
        others = [value for value in known if value != column.texts()[0]]
        return Choice(feature, Codes.of(others, known) if others else column[:0]) if others else None
    if column.dtype == np.int8:
        return Choice(feature, np.array([value for value in (1, 0) if value != column[0]], dtype=np.int8))
    step = feature.step or _UNSTEPPED.get(feature.dtype, 0.0001)
    grid = {math.floor(bound / step + 1e-9) + shift for bound in bounds if abs(bound) < 2**52 * step for shift in (0, 1)}
    grid |= {round(value / step) for value in population.quantiles(feature.name)}
    per_unit = round(1 / step) if step < 1 else 1 / step
    least = -math.inf if feature.minimum is None else feature.minimum
    values = np.array(sorted(k for k in grid if k / per_unit >= least), dtype=np.int64)
    if not len(values):
        return None
    return Choice(feature, values.astype("datetime64[D]") if column.dtype.kind == "M" else values / per_unit)


@dataclass(slots=True)
class _Hit:
    """A candidate with another outcome: `near` does not give it, `far` does."""

    axis: Axis
    side: int
    code: int
    near: int
    far: int


def _along_grids(trial: Trial, here: int, axes: Sequence[Axis]) -> list[tuple[int, Nearest]]:
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


def _tried(trial: Trial, parts: Sequence[tuple[Axis, Array]]) -> list[Array]:
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


def _narrow(trial: Trial, hits: Sequence[_Hit]) -> None:
    """Bisect all hits together until `near` and `far` are neighbours on the grid."""
    while open_ := [hit for hit in hits if abs(hit.far - hit.near) > 1]:
        middles = [(hit.near + hit.far) // 2 for hit in open_]
        codes = _tried(trial, [(hit.axis, np.array([middle])) for hit, middle in zip(open_, middles, strict=True)])
        for hit, middle, code in zip(open_, middles, codes, strict=True):
            if code[0] == hit.code:
                hit.far = middle
            else:
                hit.near = middle


def _nearest(trial: Trial, hit: _Hit) -> Nearest:
    axis = hit.axis
    now = axis.column(np.array([hit.far]))
    was = value_at(trial.facts.columns[axis.feature.name], 0)
    return Nearest(axis.feature.name, was, value_at(now, 0), trial.key(hit.code), axis.distance(hit.far))


def _among_values(trial: Trial, here: int, choices: Sequence[Choice]) -> list[tuple[int, Nearest]]:
    """Every other value of features that have no order. All are equally far: one spread."""
    found = []
    for choice in choices:
        name = choice.feature.name
        codes = trial.codes({name: choice.values}, len(choice.values))
        for code in set(codes.tolist()) - {here, -1}:
            first = int(np.argmax(codes == code))
            was = value_at(trial.facts.columns[name], 0)
            found.append((code, Nearest(name, was, value_at(choice.values, first), trial.key(code), 1.0)))
    return found
