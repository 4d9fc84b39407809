"""Calendars of working time: windows of a day by weekday, holidays and make-up workdays, exceptions by date, a time zone.

A moment is working time when the wall clock of the zone stands in a window of its day. So where clocks go back an hour
inside a window it counts twice, and where they go forward the missing hour counts not at all, as people live it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from engine.errors import CalendarError, Fault, did_you_mean

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES = 1_440
_WINDOW = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})\Z", re.ASCII)
_KEYS = ("timezone", "week", "holidays", "make_up", "exceptions")

Windows = tuple[tuple[int, int], ...]
"""Working windows of a day as minutes since its 00:00, (from, to), ascending and apart from each other."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """A checked calendar. Read with `Calendar.read(document)`.

    week: windows of Monday to Sunday. holidays: a country's code by ISO 3166, "" for none; on its public holidays nobody
    works. make_up: windows of the weekend days on which a country works in exchange for a bridged holiday (调休).
    exceptions: windows of single dates; they win over everything.
    """

    zone: ZoneInfo
    week: tuple[Windows, ...]
    holidays: str
    make_up: Windows
    exceptions: Mapping[dt.date, Windows]

    @classmethod
    def read(cls, document: Any) -> Calendar:
        """Check a document. Raises `CalendarError` with every fault and its place.

        timezone: "Asia/Shanghai". week: {"mon-fri": ["09:00-12:00", "13:00-18:00"]}; days that are not named are free.
        holidays: "CN" (default none). make_up: windows of make-up workdays (default: those of Monday). exceptions:
        {"2025-12-31": ["09:00-12:00"], "2026-01-02": []}.
        """
        return _Reader().calendar(document)

    def windows(self, day: dt.date) -> Windows:
        """The windows of a date."""
        if day in self.exceptions:
            return self.exceptions[day]
        if self.holidays:
            known = _holidays(self.holidays, day.year)
            if day in known.weekend_workdays:
                return self.make_up
            if day in known:
                return ()
        return self.week[day.weekday()]

    def intervals(self, day: dt.date) -> Iterator[tuple[int, int]]:
        """The working time of a date as UTC epoch seconds [from, to), ascending."""
        windows = self.windows(day)
        if not windows:
            return
        for first, last, offset in _segments(day, self.zone):
            midnight = int(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp()) - offset
            for start, end in windows:
                low, high = max(first, midnight + start * 60), min(last, midnight + end * 60)
                if low < high:
                    yield low, high


def _holidays(country: str, year: int) -> Any:
    """The public holidays of a country, with the weekend days on which it works instead (python-holidays, kept per year)."""
    import holidays

    found = _KNOWN.get((country, year))
    if found is None:
        found = _KNOWN[country, year] = holidays.country_holidays(country, years=[year])
    return found


_KNOWN: dict[tuple[str, int], Any] = {}


def _segments(day: dt.date, zone: ZoneInfo) -> list[tuple[int, int, int]]:
    """A local date as UTC seconds [from, to) with the zone's offset in them; several where the clocks change on that date."""
    low = int(dt.datetime.combine(day, dt.time(), zone).timestamp())
    high = int(dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), zone).timestamp())
    found = []
    while low < high:
        offset, end = _offset(low, zone), high
        if _offset(high - 1, zone) != offset:
            inside, outside = low, high - 1
            while outside - inside > 1:  # the second of the change, by halving: a zone changes at most once a day
                middle = (inside + outside) // 2
                inside, outside = (middle, outside) if _offset(middle, zone) == offset else (inside, middle)
            end = outside
        found.append((low, end, offset))
        low = end
    return found


def _offset(moment: int, zone: ZoneInfo) -> int:
    offset = dt.datetime.fromtimestamp(moment, zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


class _Reader:
    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def fault(self, place: str, found: str, expected: str) -> None:
        self.faults.append(Fault("TW401", place, found, expected))

    def calendar(self, document: Any) -> Calendar:
        if not isinstance(document, Mapping):
            raise CalendarError("a calendar is an object with timezone and week")
        for key in document:
            if key not in _KEYS:
                self.fault(str(key), f"the unknown key {key!r}", did_you_mean(str(key), _KEYS) or f"known keys are {', '.join(_KEYS)}")
        zone = self.zone(document.get("timezone"))
        week = self.week(document.get("week"))
        country = self.country(document.get("holidays", ""))
        make_up = self.windows(document["make_up"], "make_up") if "make_up" in document else week[0]
        exceptions = self.exceptions(document.get("exceptions", {}))
        if not self.faults and not any((*week, *exceptions.values())):
            self.fault("week", "no working time at all", "at least one window")
        if self.faults or zone is None:
            raise CalendarError("the calendar is wrong", self.faults)
        return Calendar(zone, week, country, make_up, exceptions)

    def zone(self, name: Any) -> ZoneInfo | None:
        try:
            return ZoneInfo(name)
        except (TypeError, ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
            from zoneinfo import available_timezones

            self.fault(
                "timezone", f"{name!r}, which is no time zone", did_you_mean(str(name), available_timezones()) or "such as Asia/Shanghai"
            )
            return None

    def week(self, given: Any) -> tuple[Windows, ...]:
        found: list[Windows] = [()] * 7
        if not isinstance(given, Mapping) or not given:
            self.fault("week", f"{given!r}", 'expected windows by day, such as {"mon-fri": ["09:00-18:00"]}')
            return tuple(found)
        seen: dict[int, str] = {}
        for key, windows in given.items():
            place = f"week.{key}"
            first, _, last = str(key).partition("-")
            if first not in DAYS or (last or first) not in DAYS or DAYS.index(last or first) < DAYS.index(first):
                self.fault(place, f"the day {key!r}", f"expected one of {', '.join(DAYS)}, or a span such as mon-fri")
                continue
            read = self.windows(windows, place)
            for day in range(DAYS.index(first), DAYS.index(last or first) + 1):
                if day in seen:
                    self.fault(place, f"{DAYS[day]}, which {seen[day]} names too", "each day once")
                seen[day] = str(key)
                found[day] = read
        return tuple(found)

    def country(self, code: Any) -> str:
        if code in ("", None):
            return ""
        import holidays

        known = holidays.list_supported_countries()
        if not isinstance(code, str) or code not in known:
            self.fault("holidays", f"{code!r}, of which no holidays are known", did_you_mean(str(code), known) or "a country such as CN")
            return ""
        return code

    def exceptions(self, given: Any) -> dict[dt.date, Windows]:
        found: dict[dt.date, Windows] = {}
        if not isinstance(given, Mapping):
            self.fault("exceptions", f"{given!r}", 'expected windows by date, such as {"2025-12-31": []}')
            return found
        for key, windows in given.items():
            place = f"exceptions.{key}"
            try:
                day = key if isinstance(key, dt.date) else dt.date.fromisoformat(str(key))
            except ValueError:
                self.fault(place, f"the date {key!r}", "expected a date such as 2025-12-31")
                continue
            found[day] = self.windows(windows, place)
        return found

    def windows(self, given: Any, place: str) -> Windows:
        if not isinstance(given, list | tuple):
            self.fault(place, f"{given!r}", 'expected a list of windows such as ["09:00-12:00", "13:00-18:00"]')
            return ()
        found: list[tuple[int, int]] = []
        for at, each in enumerate(given):
            match = _WINDOW.match(each) if isinstance(each, str) else None
            hour, minute, end_hour, end_minute = map(int, match.groups()) if match else (99, 0, 0, 0)
            start, end = hour * 60 + minute, end_hour * 60 + end_minute
            if minute > 59 or end_minute > 59 or not 0 <= start < end <= MINUTES:
                self.fault(f"{place}[{at}]", f"the window {each!r}", "expected HH:MM-HH:MM within a day, the end after the start")
                continue
            found.append((start, end))
        found.sort()
        for (_, end), (start, _) in pairwise(found):
            if start < end:
                self.fault(place, f"windows that overlap at {start // 60:02}:{start % 60:02}", "windows apart from each other")
        return tuple(found)
