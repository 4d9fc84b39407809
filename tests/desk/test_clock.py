"""Calendars and the service clock against a plain count of minutes: windows, holidays, make-up days, daylight saving, pauses."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.desk.calendars import Calendar
from engine.desk.clock import Pause, Promise, ServiceClock, WorkingTime
from engine.errors import CalendarError
from tests.trust.company import trials

ZONES = (
    "Asia/Shanghai", "Europe/London", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Sydney", "Australia/Lord_Howe",
    "Pacific/Auckland", "Pacific/Apia", "Asia/Kathmandu", "Africa/Casablanca", "America/St_Johns", "Asia/Tehran", "Europe/Dublin",
    "America/Santiago", "Pacific/Chatham", "Asia/Gaza", "Africa/Cairo", "America/Havana", "Atlantic/Azores",
)  # fmt: skip
OFFICE = {"timezone": "Asia/Shanghai", "week": {"mon-fri": ["09:00-12:00", "13:00-18:00"]}, "holidays": "CN"}
EIGHT = {"timezone": "Asia/Shanghai", "week": {"mon-fri": ["08:00-12:00", "13:00-17:00"]}}
HOUR = 3_600


def at(text: str, zone: str = "Asia/Shanghai") -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


def clock(document: dict[str, Any], opened: str, hours: float, *pauses: Pause, promises: tuple[Promise, ...] = ()) -> ServiceClock:
    zone = document["timezone"]
    start = at(opened, zone)
    return ServiceClock(WorkingTime(Calendar.read(document), start), start, [Promise(start, int(hours * HOUR)), *promises], pauses)


def due(document: dict[str, Any], opened: str, hours: float) -> str:
    found = clock(document, opened, hours).read(at(opened, document["timezone"])).due
    assert found is not None
    return dt.datetime.fromtimestamp(found, ZoneInfo(document["timezone"])).replace(tzinfo=None).isoformat(" ", "minutes")


@pytest.mark.parametrize(
    ("document", "opened", "hours", "expected"),
    [
        (EIGHT, "2025-03-28 12:00", 24, "2025-04-02 12:00"),  # DOMAIN: 24 working hours from Friday noon
        (OFFICE, "2025-06-02 11:00", 2, "2025-06-03 11:00"),  # 2 June 2025 is Dragon Boat, a holiday
        (OFFICE, "2025-06-03 11:00", 2, "2025-06-03 14:00"),  # over a lunch break
        (OFFICE, "2025-06-03 11:00", 1, "2025-06-03 12:00"),  # over before the break, not after it
        (OFFICE, "2025-09-26 17:00", 2, "2025-09-28 10:00"),  # Sunday 28 September 2025 is worked
        (OFFICE, "2025-09-30 17:00", 2, "2025-10-09 10:00"),  # the golden week
        (OFFICE, "2025-10-10 17:00", 2, "2025-10-11 10:00"),  # Saturday 11 October 2025 is worked
        (OFFICE, "2026-02-13 17:00", 2, "2026-02-14 10:00"),  # Saturday 14 February 2026 is worked
        (OFFICE, "2026-02-14 17:00", 2, "2026-02-24 10:00"),  # the spring festival
        (OFFICE, "2025-06-07 10:00", 0, "2025-06-07 10:00"),  # nothing promised is over at once
        ({**OFFICE, "exceptions": {"2025-06-04": []}}, "2025-06-03 17:00", 2, "2025-06-05 10:00"),
        ({**OFFICE, "exceptions": {"2025-06-07": ["10:00-11:00"]}}, "2025-06-06 18:00", 1, "2025-06-07 11:00"),
    ],
)
def test_when_a_promise_is_due(document: dict[str, Any], opened: str, hours: float, expected: str) -> None:
    assert due(document, opened, hours) == expected


@pytest.mark.parametrize("day", ["2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11", "2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"])  # fmt: skip
def test_make_up_days_of_2025_and_2026_are_worked(day: str) -> None:
    assert Calendar.read(OFFICE).windows(dt.date.fromisoformat(day)) == ((540, 720), (780, 1080))


def minutes(calendar: Calendar, start: int, count: int) -> list[bool]:
    """Whether each minute from a moment on is worked, by looking at the wall clock at its beginning."""
    found = []
    for number in range(count):
        local = dt.datetime.fromtimestamp(start + number * 60, calendar.zone)
        minute = local.hour * 60 + local.minute
        found.append(any(low <= minute < high for low, high in calendar.windows(local.date())))
    return found


@st.composite
def calendars(draw: st.DrawFn) -> dict[str, Any]:
    def windows() -> list[str]:
        edges = sorted(draw(st.sets(st.integers(0, 96), max_size=6)))
        pairs = list(zip(edges[::2], edges[1::2], strict=False))
        return [f"{low // 4:02}:{low % 4 * 15:02}-{high // 4:02}:{high % 4 * 15:02}" for low, high in pairs]

    week = {day: windows() for day in ("mon", "tue-thu", "fri", "sat", "sun")}
    days = draw(st.lists(st.dates(dt.date(2025, 3, 1), dt.date(2025, 4, 20)), max_size=3))
    return {
        "timezone": draw(st.sampled_from(ZONES)), "week": {**week, "sun": ["10:00-11:00"]}, "holidays": draw(st.sampled_from(["", "CN", "GB"])),
        "exceptions": {day.isoformat(): windows() for day in days},
    }  # fmt: skip


@settings(max_examples=trials(60, 10_000), deadline=None)
@given(document=calendars(), start=st.integers(0, 40 * 1_440), span=st.integers(1, 6 * 1_440), promised=st.integers(1, 900))
def test_it_is_what_counting_minutes_gives(document: dict[str, Any], start: int, span: int, promised: int) -> None:
    calendar = Calendar.read(document)
    opened = at("2025-03-02 00:00", "UTC") + start * 60
    time = WorkingTime(calendar, opened)
    worked = minutes(calendar, opened, span)
    assert int(time.between(opened, opened + span * 60)) == 60 * sum(worked)
    total = np.cumsum(worked)
    reached = np.flatnonzero(total >= promised)
    if len(reached):
        assert time.after(opened, promised * 60) == opened + (int(reached[0]) + 1) * 60
    else:
        assert time.after(opened, promised * 60) > opened + span * 60


@pytest.mark.parametrize("zone", ZONES)
def test_both_changes_of_the_clocks(zone: str) -> None:
    """A day and a night around the clock, each quarter of 2025: the working seconds are the minutes that the wall clock shows."""
    calendar = Calendar.read({"timezone": zone, "week": {"mon-sun": ["00:00-04:00", "22:30-24:00"]}})
    for month in range(1, 13, trials(3, 1)):
        for day in range(1, 29, trials(9, 1)):
            start = at(f"2025-{month:02}-{day:02} 00:00", zone)
            assert int(WorkingTime(calendar, start).between(start, start + 2 * 86_400)) == 60 * sum(minutes(calendar, start, 2 * 1_440))


def test_an_hour_that_comes_twice_counts_twice_and_a_missing_one_not_at_all() -> None:
    night = {"timezone": "Europe/Berlin", "week": {"mon-sun": ["01:00-04:00"]}}
    for day, hours in (("2025-03-30", 2), ("2025-10-26", 4), ("2025-06-01", 3)):
        start = at(f"{day} 00:00", "Europe/Berlin")
        assert int(WorkingTime(Calendar.read(night), start).between(start, start + 12 * HOUR)) == hours * HOUR


def test_columns_of_moments_are_single_moments() -> None:
    start = at("2025-06-02 00:00")
    time = WorkingTime(Calendar.read(OFFICE), start)
    starts = start + np.arange(0, 20 * 86_400, 5_000)
    ends = starts + 40_000
    assert time.between(starts, ends).tolist() == [int(time.between(int(a), int(b))) for a, b in zip(starts, ends, strict=True)]


def test_a_pause_across_a_change_of_priority() -> None:
    """Opened 09:00 with 8 hours; waits 10:00 to 14:00 (3 working hours); at 11:00, while it stands, the promise becomes 4 hours."""
    opened = at("2025-06-03 09:00")
    ticket = clock(
        OFFICE, "2025-06-03 09:00", 8, Pause(at("2025-06-03 10:00"), at("2025-06-03 14:00")),
        promises=(Promise(at("2025-06-03 11:00"), 4 * HOUR),),
    )  # fmt: skip
    assert ticket.read(opened).due == at("2025-06-03 18:00")
    standing = ticket.read(at("2025-06-03 11:30"))
    assert (standing.spent, standing.left, standing.due, standing.breached) == (HOUR, 3 * HOUR, None, False)
    after = ticket.read(at("2025-06-03 14:30"))
    assert (after.spent, after.left, after.due) == (int(1.5 * HOUR), int(2.5 * HOUR), at("2025-06-03 17:00"))
    assert ticket.read(at("2025-06-03 17:00")).breached is False
    assert ticket.read(at("2025-06-03 17:01")).breached is True


def test_a_shorter_promise_may_be_broken_at_once_and_a_longer_one_gives_time() -> None:
    later = at("2025-06-03 12:00")
    shorter = clock(OFFICE, "2025-06-03 09:00", 8, promises=(Promise(later, 2 * HOUR),))
    assert (shorter.read(later).left, shorter.read(later).breached, shorter.read(later).due) == (-HOUR, True, at("2025-06-03 11:00"))
    longer = clock(OFFICE, "2025-06-03 09:00", 2, promises=(Promise(later, 8 * HOUR),))
    assert (longer.read(later).breached, longer.read(later).due) == (False, at("2025-06-03 18:00"))


def test_what_is_due_at_the_end_of_a_day_is_broken_in_the_evening() -> None:
    ticket = clock(OFFICE, "2025-06-03 09:00", 8)
    assert ticket.read(at("2025-06-03 18:00")).breached is False
    evening = ticket.read(at("2025-06-03 20:00"))
    assert (evening.left, evening.due, evening.breached) == (0, at("2025-06-03 18:00"), True)
    waits = clock(OFFICE, "2025-06-03 09:00", 8, Pause(at("2025-06-03 17:00")))
    assert waits.read(at("2025-06-03 20:00")).breached is False


def test_a_moment_far_ahead_or_before_the_beginning_is_never_counted_short() -> None:
    start = at("2025-06-03 09:00")
    later = start + 900 * 86_400
    calendar = Calendar.read(OFFICE)
    forward = int(WorkingTime(calendar, start).between(start, later))
    assert int(WorkingTime(calendar, start).between(later, start)) == -forward
    with pytest.raises(CalendarError, match="a moment before the time"):
        WorkingTime(calendar, start).between(start - 30 * 86_400, start)
    with pytest.raises(CalendarError, match="a moment before the time"):
        WorkingTime(calendar, start).after(start - 30 * 86_400, 60)


def test_overlapping_pauses_count_once() -> None:
    ticket = clock(
        OFFICE, "2025-06-03 09:00", 8, Pause(at("2025-06-03 10:00"), at("2025-06-03 11:30")), Pause(at("2025-06-03 11:00"), at("2025-06-03 12:00")),
        Pause(at("2025-06-01 00:00"), at("2025-06-02 00:00")),
    )  # fmt: skip
    assert ticket.spent(at("2025-06-03 12:00")) == HOUR
    with pytest.raises(CalendarError, match="ends before it begins"):
        clock(OFFICE, "2025-06-03 09:00", 8, Pause(5, 4))


@pytest.mark.parametrize(
    ("document", "faults"),
    [
        ({"timezone": "Asia/Shangai", "week": {"mon": ["09:00-10:00"]}}, ["timezone: 'Asia/Shangai', which is no time zone; did you mean 'Asia/Shanghai'?"]),
        ({**OFFICE, "week": {"mon": ["09:00-12:00", "11:00-13:00"]}}, ["week.mon: windows that overlap at 11:00; windows apart from each other"]),
        ({**OFFICE, "week": {"mon": ["9-12"], "mom": []}}, ["week.mon[0]: the window '9-12'", "week.mom: the day 'mom'"]),
        ({**OFFICE, "week": {"mon": ["12:00-09:00"]}}, ["week.mon[0]: the window '12:00-09:00'"]),
        ({**OFFICE, "week": {"mon-fri": ["09:00-10:00"], "wed": []}}, ["week.wed: wed, which mon-fri names too"]),
        ({**OFFICE, "holidays": "XX"}, ["holidays: 'XX', of which no holidays are known"]),
        ({**OFFICE, "exceptions": {"2025-02-30": []}}, ["exceptions.2025-02-30: the date '2025-02-30'"]),
        ({**OFFICE, "weeks": {}}, ["weeks: the unknown key 'weeks'; did you mean 'week'?"]),
        ({"timezone": "UTC", "week": {"mon": []}}, ["week: no working time at all"]),
    ],
)  # fmt: skip
def test_every_fault_of_a_calendar_is_told_with_its_place(document: dict[str, Any], faults: list[str]) -> None:
    with pytest.raises(CalendarError) as caught:
        Calendar.read(document)
    told = [str(fault).removeprefix("TW401 ") for fault in caught.value.faults]
    assert len(told) == len(faults)
    assert all(found.startswith(expected) for found, expected in zip(told, faults, strict=True)), told


def test_a_promise_that_no_calendar_keeps_is_refused() -> None:
    once = {"timezone": "UTC", "week": {"mon": []}, "exceptions": {"2025-06-03": ["09:00-10:00"]}}
    with pytest.raises(CalendarError, match="less than 2 working hours in 10 years"):
        due(once, "2025-06-03 09:00", 2)
