"""From the computed value to the effective one: computed -> damped -> fixed by hand.

The effective value is the output that everybody else sees: dependents, current assignments, changes, exports. What was
computed, and since when, is kept beside it; that and the base run are all that damping remembers, so a run repeated at
its moment gives the same (ENGINE 6). Whole columns; nothing happens where nothing is damped or fixed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from engine.columns import Array, Codes, Column, Columns, Flags, freeze, take_rows
from engine.damping import DAY, Damping, Hold, Margin, period_start
from engine.outputs import check_outputs

if TYPE_CHECKING:
    from engine.plan import Step
    from engine.policy import Output, State
    from engine.run import Facts, PolicyOutcome

NO_MOMENT = 0
"""Since when nothing has been computed."""

NOT_FIXED = -2
"""The code of a customer whose value nobody fixed."""

COMPUTED, STANDING, COMPUTED_SINCE = MARKS = ("@computed", "@standing", "@computed_since")
"""What is kept beside an effective value, behind its address: in blocks and in the lines of the digest."""

DIGITS = 6
"""Decimals of a measure that a margin shifted: 110 less ten percent of the bound is 100, and not 99.99999999999999."""

Again = Callable[[Array, Margin, float], Array]
"""Codes of a label output for some rows, with the measure of a margin shifted down (-1) or up (+1)."""


@dataclass(frozen=True, slots=True)
class Stood:
    """How a damped output stood in the base run, row by row of this one.

    standing, computed: codes over the declared labels, -1 for none (or no longer declared). since: UTC seconds from
    which the computed value stood without a break. settled: the moment of the last run in which moves could happen.
    """

    standing: Array
    computed: Array
    since: Array
    settled: int


@dataclass(frozen=True, slots=True)
class Effects:
    """All that lies between computed and effective values in one run.

    stood: by address of a damped output that the base run had. fixed: by address, codes of the values fixed by hand,
    `NOT_FIXED` for everybody else; flags are 0 and 1.
    """

    as_of: int
    zone: ZoneInfo
    stood: Mapping[str, Stood] = field(default_factory=dict)
    fixed: Mapping[str, Array] = field(default_factory=dict)

    def taken(self, rows: Array) -> Effects:
        """The same for some rows, or for rows repeated."""
        stood = {
            address: Stood(one.standing[rows], one.computed[rows], one.since[rows], one.settled) for address, one in self.stood.items()
        }
        return replace(self, stood=stood, fixed={address: codes[rows] for address, codes in self.fixed.items()})


@dataclass(frozen=True, slots=True)
class Beside:
    """What is kept beside an effective value: the computed one; since when it has stood, if the output is damped.

    standing: the value after damping, kept only where values fixed by hand cover it.
    """

    computed: Column
    standing: Column | None = None
    since: Array | None = None


def settle(outcome: PolicyOutcome, facts: Facts, known: Mapping[str, Column]) -> None:
    """Turn the computed columns of one policy into the effective ones, and keep what was computed beside them.

    known: every column that the policy may have read, by name.
    """
    effects = facts.effects
    if effects is None:
        return
    for output in outcome.step.outputs:
        address = f"{outcome.step.entry.key}.{output.name}"
        damping, fixed = outcome.step.entry.damping.get(output.name), effects.fixed.get(address)
        if damping is None and fixed is None:
            continue
        computed = standing = outcome.columns[output.name]
        since = None
        if damping is not None:
            assert isinstance(computed, Codes)
            again = _again(outcome, output, known)
            codes, since = damped(damping, computed.codes, effects.stood.get(address), effects.as_of, effects.zone, again)
            standing = Codes(codes, computed.values, closed=computed.closed)
        outcome.columns[output.name] = standing if fixed is None else _fixed(standing, fixed)
        outcome.beside[output.name] = Beside(computed, None if fixed is None or damping is None else standing, since)


def _fixed(standing: Column, fixed: Array) -> Column:
    there = fixed != NOT_FIXED
    if isinstance(standing, Codes):
        return Codes(np.where(there, fixed, standing.codes).astype(standing.codes.dtype), standing.values, closed=standing.closed)
    return np.where(there, fixed, standing).astype(standing.dtype)


def damped(damping: Damping, computed: Array, stood: Stood | None, as_of: int, zone: ZoneInfo, again: Again) -> tuple[Array, Array]:
    """The damped value of each row, and since when its computed value has stood.

    computed: codes in the order of the labels, best first; -1 for none. stood: None in the first run of the output.
    """
    here = computed >= 0
    if stood is None:
        return computed, np.where(here, as_of, NO_MOMENT).astype(np.int64)
    held = here & (stood.standing >= 0)
    since = np.where(held & (computed == stood.computed), stood.since, np.where(here, as_of, NO_MOMENT)).astype(np.int64)
    standing = np.where(held, stood.standing, computed).astype(computed.dtype)
    for hold, rising in ((damping.up, True), (damping.down, False)):
        waits = held & ((computed < standing) if rising else (computed > standing))
        rows = np.flatnonzero(waits)
        if len(rows):
            rows = _allowed(hold, rows, computed, standing, since, stood.settled, as_of, zone, again, rising=rising)
            standing[rows] = computed[rows]
    return standing, since


def _allowed(
    hold: Hold | None,
    rows: Array,
    computed: Array,
    standing: Array,
    since: Array,
    settled: int,
    as_of: int,
    zone: ZoneInfo,
    again: Again,
    *,
    rising: bool,
) -> Array:
    """Those of the rows that may move now."""
    if hold is None:
        return rows
    if hold.every is not None and period_start(as_of, hold.every, zone) <= settled:
        return rows[:0]
    if hold.after_days is not None:
        rows = rows[as_of - since[rows] >= hold.after_days * DAY]
    if hold.margin is not None and len(rows):
        clear = np.ones(len(rows), dtype=bool)
        for shift in (-1, 1):
            codes = again(rows, hold.margin, shift)
            clear &= (codes < 0) | ((codes < standing[rows]) if rising else (codes > standing[rows]))
        rows = rows[clear]
    return rows


def shifted(measure: Array, margin: Margin, shift: float) -> Array:
    """A measure moved by the margin: by so much in its unit, or so that a bound is exceeded by the share of the bound."""
    values = measure.astype(np.float64)
    moved = values + shift * margin.by if margin.by is not None else values / (1 - shift * (margin.share or 0.0))
    rounded: Array = np.round(moved, DIGITS)
    return rounded


def _again(outcome: PolicyOutcome, output: Output, known: Mapping[str, Column]) -> Again:
    step, state = outcome.step, outcome.state
    own = dict(outcome.columns)

    def codes(rows: Array, margin: Margin, shift: float) -> Array:
        if margin.of in own:
            return _by_score(step, state, output, own, rows, margin, shift)
        columns = dict(take_rows({given.name: known[given.name] for given in step.inputs}, rows))
        measure = columns[margin.of]
        assert not isinstance(measure, Codes)
        columns[margin.of] = shifted(measure, margin, shift)
        result = check_outputs(step.entry.policy, step.entry.policy.apply(freeze(columns), state), len(rows))
        return _codes(result[output.name])

    return codes


def _by_score(step: Step, state: State | None, output: Output, own: Columns, rows: Array, margin: Margin, shift: float) -> Array:
    scores: dict[str, Any] = {name: own[name][rows] for name in step.entry.policy.graded_by}
    scores[margin.of] = shifted(scores[margin.of], margin, shift)
    given = step.entry.policy.regrade(freeze(scores), state)
    others = {each.name: own[each.name][rows] for each in step.outputs}
    return _codes(check_outputs(step.entry.policy, {**others, **given}, len(rows))[output.name])


def _codes(column: Column) -> Array:
    assert isinstance(column, Codes)
    return column.codes


def waiting(effective: Column, beside: Beside) -> Flags:
    """Where damping holds the computed value back."""
    standing = effective if beside.standing is None else beside.standing
    if beside.since is None or not isinstance(beside.computed, Codes) or not isinstance(standing, Codes):
        return np.zeros(len(beside.computed), dtype=bool)
    different: Flags = beside.computed.codes != standing.codes
    return different
