"""The level of every member on a day, from the days of its history: a pure fold over columns.

What holds: on each day with a qualifying fact the amount of the running period is compared with the thresholds, and the
member rises at once. At each review what was reached is compared: the amount of the year that ended, or what still counts; who
falls short falls after the days of grace, to the level of that amount or by one step, and never below its floor. What
qualifies meanwhile counts: a member that reaches the level anew within the days of grace keeps it.

Members go through their events side by side, one event of each per step: rises, reviews and falls, a few per member and year.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from engine import Days

Array: TypeAlias = npt.NDArray[Any]

NOTHING = -(2**62)
NEVER = 2**40
"""A day that does not come."""

Period: TypeAlias = Literal["year", "rolling", "joining"]


@dataclass(frozen=True)
class Floor:
    """Never below `level` again, once a level (`reached`) is held, or all that ever counted comes to `lifetime`."""

    level: int
    reached: int | None = None
    lifetime: float | None = None


@dataclass(frozen=True)
class Levels:
    """The rules of levels 0 (lowest), 1, ...

    starts: the amount at which each level begins, ascending; the first is 0. window_days: of a rolling period.
    step: whether a member that falls short falls by one level only. version: raised whenever results change, because what was read
        is kept under what `repr` says.
    """

    starts: tuple[float, ...]
    period: Period = "year"
    window_days: int = 365
    grace_days: int = 0
    step: bool = False
    floors: tuple[Floor, ...] = ()
    version: int = 1

    def fold(self, days: Days) -> Mapping[str, Array]:
        """Where every member stands at the end of `today`; see `PARTS` for the names."""
        return _Walk(self, days).result()


PARTS = ("level_number", "qualifying_balance", "raised_on", "floor_number", "falls_on", "falls_to_number", "keep_by_date", "keep_balance")
"""What the fold returns: the level; the amount of the running period; the day of the last rise; the level it never falls
below; the first day on which it holds a lower one if nothing more happens, which, the last day on which that can be turned, and the amount that turns it."""


@dataclass
class _State:
    """Where each member is on its way. to: the level that a fall in the days of grace leads to, -1 for none."""

    level: Array
    raised: Array
    reached: Array
    review: Array
    fall: Array
    to: Array
    next: Array

    @classmethod
    def of(cls, members: int) -> _State:
        none = np.full(members, NEVER, dtype=np.int64)
        zero = np.zeros(members, dtype=np.int64)
        return cls(zero, np.full(members, NOTHING), zero.copy(), none, none.copy(), np.full(members, -1), none.copy())


@dataclass
class _Walk:
    """The members of some days, walking through their events."""

    rules: Levels
    days: Days
    state: _State = field(init=False)

    def __post_init__(self) -> None:
        self.members = np.arange(len(self.days))
        self.last = self.days.start[1:]
        self.starts = np.array([round(start * self.days.scale) for start in self.rules.starts], dtype=np.int64)
        self.floor_of = np.zeros(len(self.starts), dtype=np.int64)
        for floor in self.rules.floors:
            if floor.reached is not None:
                self.floor_of[floor.reached :] = np.maximum(self.floor_of[floor.reached :], floor.level)
        self.life = self._life()
        self.band = np.maximum(self._band(self._running()), self.life)
        self.above = [np.flatnonzero(self.band > level) for level in range(len(self.starts))]
        self.state = _State.of(len(self.days))

    def result(self) -> dict[str, Array]:
        """Walk to the end of today, then look at what comes if nothing more happens."""
        state = self.state
        state.next = self._next_above(self.members, np.zeros_like(state.level), self.days.start[:-1])
        who = np.flatnonzero(state.next < NEVER)
        while len(who):
            who = who[self._step(who)]
        floor = np.maximum(state.reached, self._life_until(self.members, np.full(len(self.members), self.days.today + 1)))
        amount = self._counting(self.members, np.full(len(self.members), self.days.today))
        found = {"level_number": state.level.copy(), "qualifying_balance": amount, "raised_on": state.raised, "floor_number": floor}
        return found | self._ahead(floor)

    # --- amounts ----------------------------------------------------------------------------------------------

    def _running(self) -> Array:
        """The amount of the running period after each row."""
        days, until = self.days, self.days.before[1:]
        if self.rules.period == "rolling":
            begin = days.place(days.owner, days.day - (self.rules.window_days - 1))
            return np.asarray(until - days.before[begin])
        group = days.owner if self.rules.period == "joining" else (days.owner << 16) + _year(days.day)
        first = np.flatnonzero(np.diff(group, prepend=-1))
        return np.asarray(until - np.repeat(days.before[first], np.diff(first, append=len(group))))

    def _life(self) -> Array:
        """The floor that all that ever counted gives, from the day on which it first came to it."""
        days = self.days
        life = np.zeros(len(days.day), dtype=np.int64)
        total = days.before[1:] - days.before[days.start[days.owner]]
        for floor in self.rules.floors:
            if floor.lifetime is None:
                continue
            there = np.flatnonzero(total >= round(floor.lifetime * days.scale))
            owner = days.owner[there]
            first = there[np.flatnonzero(np.diff(owner, prepend=-1))]
            begins = np.full(len(days), NEVER, dtype=np.int64)
            begins[days.owner[first]] = first
            inside = np.arange(len(life)) >= begins[days.owner]
            life[inside] = np.maximum(life[inside], floor.level)
        return life

    def _band(self, amount: Array) -> Array:
        return np.searchsorted(self.starts[1:], amount, side="right").astype(np.int64)

    def _counting(self, who: Array, day: Array) -> Array:
        """The amount of the running period at the end of a day."""
        match self.rules.period:
            case "rolling":
                first = day - self.rules.window_days + 1
            case "year":
                first = _new_year(_year(day))
            case _:
                first = np.full(len(who), -(2**31), dtype=np.int64)
        return self.days.total(who, first, day)

    def _ended(self, who: Array, review: Array) -> Array:
        """What a review compares: the year that ended, or what still counts as the day begins, without the day of the rise."""
        if self.rules.period == "rolling":
            return self.days.total(who, review - self.rules.window_days + 1, review - 1)
        return self._counting(who, review - 1)

    def _life_until(self, who: Array, day: Array) -> Array:
        """The floor of what counted before a day."""
        last = self.days.place(who, day) - 1
        there = last >= self.days.start[who]
        return np.where(there, self.life[last] if len(self.life) else 0, 0)

    def _next_above(self, who: Array, level: Array, row: Array) -> Array:
        """The next row, from `row` on, of these members that compares above a level; NEVER for none."""
        found = np.full(len(who), NEVER, dtype=np.int64)
        for at, rows in enumerate(self.above[:-1]):
            mine = np.flatnonzero(level == at)
            place = np.searchsorted(rows, row[mine])
            there = place < len(rows)
            mine, place = mine[there], rows[place[there]]
            inside = place < self.last[who[mine]]
            found[mine[inside]] = place[inside]
        return found

    # --- events -----------------------------------------------------------------------------------------------

    def _step(self, who: Array) -> npt.NDArray[np.bool_]:
        """Let each member go through its next event up to today; whether there was one. Falls and reviews open a day."""
        state, today = self.state, self.days.today
        row = state.next[who]
        bought = np.full(len(who), NEVER, dtype=np.int64)
        bought[row < NEVER] = self.days.day[row[row < NEVER]]
        due = np.minimum(state.fall[who], state.review[who])
        timely = (due <= bought) & (due <= today)
        rising = ~timely & (bought <= today)
        self._time(who[timely])
        self._rise(who[rising])
        return timely | rising

    def _rise(self, who: Array) -> None:
        state = self.state
        row = state.next[who]
        band, day = self.band[row], self.days.day[row]
        up = band > state.level[who]
        risen = who[up]
        state.level[risen], state.raised[risen] = band[up], day[up]
        state.reached[risen] = np.maximum(state.reached[risen], self.floor_of[band[up]])
        state.review[risen] = self._review_after(day[up])
        state.fall[risen], state.to[risen] = NEVER, -1
        state.to[who[~up]] = np.where(state.to[who[~up]] >= 0, np.maximum(state.to[who[~up]], band[~up]), -1)
        self._look_on(who, row + 1)

    def _time(self, who: Array) -> None:
        falling = self.state.fall[who] <= self.state.review[who]
        self._fall(who[falling])
        self._review(who[~falling])

    def _fall(self, who: Array) -> None:
        state = self.state
        day = state.fall[who]
        floor = np.maximum(state.reached[who], self._life_until(who, day))
        state.level[who] = np.maximum(np.minimum(state.to[who], state.level[who]), floor)
        state.fall[who], state.to[who] = NEVER, -1
        state.review[who[state.level[who] == 0]] = NEVER
        self._look_on(who, self.days.place(who, day))

    def _review(self, who: Array) -> Array:
        """Compare what was reached; returns that amount."""
        state = self.state
        day = state.review[who]
        amount = self._ended(who, day)
        floor = np.maximum(state.reached[who], self._life_until(who, day))
        earned = self._band(amount)
        to = np.maximum(np.maximum(earned, state.level[who] - 1) if self.rules.step else earned, floor)
        short = to < state.level[who]
        state.fall[who[short]], state.to[who[short]] = day[short] + self.rules.grace_days, to[short]
        state.review[who] = self._review_after(day)
        self._look_on(who, self.days.place(who, day))
        return amount

    def _look_on(self, who: Array, row: Array) -> None:
        """Find the next row that matters: above the level, or, before a fall, above where that leads."""
        at = np.where(self.state.to[who] >= 0, self.state.to[who], self.state.level[who])
        self.state.next[who] = self._next_above(who, at, row)

    def _review_after(self, day: Array) -> Array:
        match self.rules.period:
            case "rolling":
                return day + self.rules.window_days
            case "year":
                return _new_year(_year(day) + 1)
        return np.full(len(day), NEVER, dtype=np.int64)

    # --- what comes -------------------------------------------------------------------------------------------

    def _ahead(self, floor: Array) -> dict[str, Array]:
        """The first fall if nothing more happens."""
        state, none = self.state, np.full(len(self.members), NOTHING)
        falls, to, keep_by, keep = none, none.copy(), none.copy(), none.copy()
        target = np.maximum(state.to, floor)
        grace = np.flatnonzero((state.to >= 0) & (target < state.level))
        falls[grace], to[grace], keep_by[grace] = state.fall[grace], target[grace], state.fall[grace] - 1
        keep[grace] = self.starts[state.level[grace]] - self._counting(grace, state.fall[grace] - 1)
        who = np.flatnonzero((falls == NOTHING) & (state.level > floor) & (state.review < NEVER))
        state.fall[who], state.to[who] = NEVER, -1
        while len(who):
            day = state.review[who]
            ended = self._review(who)
            short = state.to[who] >= 0
            found = who[short]
            falls[found], to[found], keep_by[found] = state.fall[found], state.to[found], day[short] - 1
            keep[found] = self.starts[state.level[found]] - ended[short]
            who = who[~short]
        return {"falls_on": falls, "falls_to_number": to, "keep_by_date": keep_by, "keep_balance": keep}


def _year(day: Array) -> Array:
    """The calendar year of each day."""
    return np.asarray(day.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970)


def _new_year(year: Array) -> Array:
    """1 January of each year."""
    return np.asarray((year - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64))
