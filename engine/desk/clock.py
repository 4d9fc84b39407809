"""The service clock: working time between moments, the moment by which so much of it has passed, pauses and new promises.

All arithmetic is in UTC seconds over the working intervals of a calendar, which are laid out year by year and summed up
once; every question is then a search in a sorted list, for one promise or a whole queue.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.columns import Array
from engine.desk.calendars import Calendar
from engine.errors import CalendarError

YEARS = 10
"""How far a deadline may lie ahead; a calendar that gives less working time than promised in so long keeps no promise."""


NEVER = 2**53
"""Stands in a column of moments for one that does not come."""


class WorkingTime:
    """The working time of a calendar from a moment on. Grows as it is asked for later moments, and refuses earlier ones."""

    def __init__(self, calendar: Calendar, since: int) -> None:
        self.calendar = calendar
        self._day = dt.datetime.fromtimestamp(since, calendar.zone).date() - dt.timedelta(days=1)
        self._first = int(dt.datetime.combine(self._day, dt.time(), calendar.zone).timestamp())
        self._spans: list[tuple[int, int]] = []
        self._lay(self._day + dt.timedelta(days=366))

    def between(self, start: int | Array, end: int | Array) -> Array:
        """Working seconds from one moment to another (single moments or columns); negative where the end is before the start.

        Raises `CalendarError` for a moment more than a day before that since which the working time is known.
        """
        for moments in (start, end):
            if np.size(moments):
                self._until(int(np.max(moments)))
        return self._passed(np.asarray(end)) - self._passed(np.asarray(start))

    def after(self, start: int, seconds: int) -> int:
        """The first moment by which so many working seconds have passed since another.

        0 seconds are over at once. Raises `CalendarError` where the calendar has not so much working time in ten years.
        """
        if seconds <= 0:
            return start
        self._until(start)
        wanted = int(self._passed(np.asarray(start))) + seconds
        while self._total[-1] < wanted:
            if self._day.year > dt.datetime.fromtimestamp(start, dt.UTC).year + YEARS:
                raise CalendarError(f"the calendar has less than {seconds / 3600:g} working hours in {YEARS} years")
            self._lay(self._day + dt.timedelta(days=366))
        at = int(np.searchsorted(self._total, wanted, side="left")) - 1
        return int(self._starts[at] + wanted - self._total[at])

    def after_each(self, starts: Array, seconds: Array) -> Array:
        """The same for columns; `NEVER` where the calendar has not so much working time in ten years."""
        if not len(starts):
            return np.zeros(0, dtype=np.int64)
        self._until(int(np.max(starts)))
        wanted = self._passed(starts) + np.maximum(seconds, 0)
        last = dt.datetime.fromtimestamp(int(np.max(starts)), dt.UTC).year + YEARS
        while self._total[-1] < np.max(wanted) and self._day.year <= last:
            self._lay(self._day + dt.timedelta(days=366))
        at = np.clip(np.searchsorted(self._total, wanted, side="left") - 1, 0, len(self._starts) - 1)
        found = np.where(wanted > self._total[-1], NEVER, self._starts[at] + wanted - self._total[at])
        over: Array = np.where(seconds <= 0, starts, found)
        return over

    def _passed(self, moments: Array) -> Array:
        """Working seconds from the beginning to each moment."""
        if np.size(moments) and int(np.min(moments)) < self._first:
            raise CalendarError("a moment before the time for which working time was laid out")
        at = np.searchsorted(self._starts, moments, side="right") - 1
        inside = np.minimum(moments, self._ends[at]) - self._starts[at]
        passed: Array = np.where(at < 0, 0, self._total[at] + inside)
        return passed

    def _until(self, moment: int) -> None:
        wanted = dt.datetime.fromtimestamp(moment, self.calendar.zone).date() + dt.timedelta(days=1)
        if wanted > self._day:
            self._lay(wanted + dt.timedelta(days=366))

    def _lay(self, until: dt.date) -> None:
        while self._day < until:
            self._spans += self.calendar.intervals(self._day)
            self._day += dt.timedelta(days=1)
        spans = np.array(self._spans or [(0, 0)], dtype=np.int64)
        self._starts, self._ends = spans[:, 0], spans[:, 1]
        self._total = np.concatenate([[0], np.cumsum(self._ends - self._starts)])


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which the clock stands, such as waiting for the customer. until: None while it lasts."""

    start: int
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """What was promised from a moment on: so many working seconds since the opening. The newest one holds."""

    since: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What a clock says at a moment. spent, left: working seconds; left is 0 or less after a breach. due: None while it stands.

    breached: the due moment is past. That is so at night too, when no working time passes after it.
    """

    spent: int
    left: int
    due: int | None
    breached: bool


class ServiceClock:
    """One promise: opened at a moment, promised anew when priority or grade change, standing in pauses.

    Time that was spent stays spent when the promise changes: a shorter promise may be broken at once, a longer one gives more
    time. promises: ascending; the first since the opening.
    """

    def __init__(self, time: WorkingTime, opened: int, promises: Sequence[Promise], pauses: Sequence[Pause] = ()) -> None:
        if not promises or promises[0].since > opened:
            raise CalendarError("a clock needs a promise from its opening on")
        self._time, self._opened = time, opened
        self._promises = sorted(promises, key=lambda each: each.since)
        self._pauses = apart(pauses, opened)

    def spent(self, at: int) -> int:
        """Working seconds outside of pauses from the opening to a moment."""
        if at <= self._opened:
            return 0
        whole = int(self._time.between(self._opened, at))
        stood = sum(
            int(self._time.between(pause.start, min(at, at if pause.until is None else pause.until)))
            for pause in self._pauses
            if pause.start < at
        )
        return whole - stood

    def read(self, at: int) -> Reading:
        """What the clock says at a moment, knowing what happened until then."""
        promise = next((each for each in reversed(self._promises) if each.since <= at), self._promises[0])
        spent = self.spent(at)
        left = promise.seconds - spent
        standing = any(pause.start <= at and (pause.until is None or at < pause.until) for pause in self._pauses)
        due = None if standing and left > 0 else self._due(promise.seconds, at)
        return Reading(spent, left, due, due is not None and due < at)

    def _due(self, seconds: int, at: int) -> int:
        """When the promise is over, by the pauses that began until a moment."""
        start, left = self._opened, seconds
        for pause in self._pauses:
            if pause.start > at:
                break
            run = int(self._time.between(start, pause.start))
            if run >= left:
                break
            left -= run
            start = at if pause.until is None else pause.until
        return self._time.after(start, left)


def apart(pauses: Sequence[Pause], opened: int) -> list[Pause]:
    """Pauses in order, none before the opening, overlapping ones joined."""
    found: list[Pause] = []
    for each in sorted(pauses, key=lambda pause: pause.start):
        if each.until is not None and each.until < each.start:
            raise CalendarError("a pause ends before it begins")
        start = max(each.start, opened)
        if each.until is not None and each.until <= start:
            continue
        last = found[-1] if found else None
        if last is not None and (last.until is None or start <= last.until):
            until = None if last.until is None or each.until is None else max(last.until, each.until)
            found[-1] = Pause(last.start, until)
        else:
            found.append(Pause(start, each.until))
    return found
