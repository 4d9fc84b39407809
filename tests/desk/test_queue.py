"""The clocks of a queue against a count of minutes: several pauses and new promises, single clocks and columns alike."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.desk.calendars import Calendar
from engine.desk.clock import NEVER, Pause, Promise, ServiceClock, WorkingTime
from engine.desk.queue import ClockQueue
from tests.desk.test_clock import HOUR, OFFICE, at, calendars, minutes
from tests.trust.company import trials

SPAN = 3 * 1_440
BEYOND = 5 * 1_440
BEGIN = at("2025-03-02 00:00", "UTC")


class Request:
    """A request with its pauses and promises, in minutes since its opening, and what counting its minutes gives."""

    def __init__(self, opened: int, pauses: list[tuple[int, int | None]], promises: list[tuple[int, int]]) -> None:
        self.opened, self.pauses, self.promises = opened, pauses, promises

    def moment(self, minute: int) -> int:
        return self.opened + minute * 60

    @property
    def stood(self) -> list[Pause]:
        return [Pause(self.moment(a), None if b is None else self.moment(b)) for a, b in self.pauses]

    @property
    def promised(self) -> list[Promise]:
        return [Promise(self.moment(a), b * 60) for a, b in self.promises]

    def told(self, worked: list[bool], minute: int) -> tuple[int, int, int | None, bool]:
        """Spent, left, due and breached at a minute, by looking at every minute."""
        promise = [length for since, length in self.promises if since <= minute][-1]
        known = [(a, b) for a, b in self.pauses if a <= minute]
        runs = [works and not any(a <= each and (b is None or each < b) for a, b in known) for each, works in enumerate(worked)]
        spent = sum(runs[:minute])
        reached = np.flatnonzero(np.cumsum(runs) == promise)
        stands = any(b is None or minute < b for _, b in known)
        due = None if (stands and promise > spent) or not len(reached) else self.moment(int(reached[0]) + 1)
        return spent * 60, (promise - spent) * 60, due, due is not None and due < self.moment(minute)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    edges = sorted(draw(st.sets(st.integers(0, SPAN), max_size=8)))
    pauses: list[tuple[int, int | None]] = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    if len(edges) % 2 and draw(st.booleans()):
        pauses.append((edges[-1], None))
    later = sorted(draw(st.sets(st.integers(1, SPAN), max_size=4)))
    promises = [(since, draw(st.integers(1, 700))) for since in (0, *later)]
    return Request(BEGIN + draw(st.integers(0, 20 * 1_440)) * 60, pauses, promises)


@settings(max_examples=trials(25, 3_400), deadline=None)
@given(document=calendars(), asked=st.lists(requests(), min_size=3, max_size=3), minute=st.integers(0, SPAN))
def test_pauses_and_new_promises_are_what_counting_minutes_gives(document: dict[str, Any], asked: list[Request], minute: int) -> None:
    """3 requests in each calendar: the long form looks at 10,200 of them."""
    calendar = Calendar.read(document)
    time = WorkingTime(calendar, min(each.opened for each in asked))
    expected = []
    for each in asked:
        told = each.told(minutes(calendar, each.opened, SPAN + BEYOND), minute)
        clock = ServiceClock(time, each.opened, each.promised, each.stood)
        found = clock.read(each.moment(minute))
        if told[2] is None and found.due is not None:  # further ahead than minutes were counted
            assert found.due > each.moment(SPAN + BEYOND)
            told = (*told[:2], found.due, told[3])
        assert (found.spent, found.left, found.due, found.breached) == told
        expected.append(told)
    for each, (spent, left, due, breached) in zip(asked, expected, strict=True):
        seconds = next(length for since, length in reversed(each.promises) if since <= minute) * 60
        known = [pause for pause in each.stood if pause.start <= each.moment(minute)]
        queue = ClockQueue(time, np.array([each.opened]), np.array([seconds]), [known]).read(each.moment(minute))
        columns = (queue.spent, queue.left, queue.due, queue.breached)
        assert [column.tolist()[0] for column in columns] == [spent, left, NEVER if due is None else due, breached]


def test_a_whole_queue_is_read_at_once() -> None:
    calendar = Calendar.read(OFFICE)
    opened = at("2025-06-03 09:00") + np.arange(400) * 1_200
    pauses = [
        [Pause(int(start) + 600, None if n % 7 == 0 else int(start) + 600 * n) for _ in range(n % 3)] if n > 1 else []
        for n, start in enumerate(opened)
    ]
    seconds = (np.arange(400) % 9 + 1) * HOUR
    moment = at("2025-06-05 15:00")
    time = WorkingTime(calendar, int(opened[0]))
    found = ClockQueue(time, opened, seconds, pauses).read(moment)
    for n in range(400):
        clock = ServiceClock(time, int(opened[n]), [Promise(int(opened[n]), int(seconds[n]))], pauses[n]).read(moment)
        if opened[n] <= moment:
            assert (int(found.spent[n]), int(found.left[n]), bool(found.breached[n])) == (clock.spent, clock.left, clock.breached)
            assert int(found.due[n]) == (NEVER if clock.due is None else clock.due)


def test_a_calendar_that_runs_out_never_ends_a_promise_and_an_empty_queue_is_empty() -> None:
    once = Calendar.read({"timezone": "UTC", "week": {"mon": []}, "exceptions": {"2025-06-03": ["09:00-10:00"]}})
    opened = np.array([at("2025-06-03 08:00", "UTC")] * 2)
    found = ClockQueue(WorkingTime(once, int(opened[0])), opened, np.array([1_800, 7_200]), [[], []]).read(int(opened[0]))
    assert found.due.tolist() == [at("2025-06-03 09:30", "UTC"), NEVER]
    nothing = np.zeros(0, dtype=np.int64)
    assert ClockQueue(WorkingTime(once, int(opened[0])), nothing, nothing, []).read(int(opened[0])).due.tolist() == []
