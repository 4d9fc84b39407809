"""On which days care is due: birthdays, festivals by either calendar, anniversaries, quarters; in columns."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import numpy as np

from engine.columns import Array, Flags

EPOCH = dt.date(1970, 1, 1)


def lunar_days() -> int:
    """The most days that a month of the Chinese calendar has."""
    return 30


@lru_cache(maxsize=4_096)
def lunar_date(year: int, month: int, day: int) -> dt.date:
    """The date of a day of the Chinese lunar year that begins in `year`; the last day where the month has only 29 (除夕 is 12-30).

    Leap months are no festivals: the month itself counts.
    """
    from lunar_python import LunarMonth

    days = LunarMonth.fromYm(year, month).getDayCount()
    from lunar_python import Lunar

    solar = Lunar.fromYmd(year, month, min(day, days)).getSolar()
    return dt.date(solar.getYear(), solar.getMonth(), solar.getDay())


def festival_on(today: dt.date, month: int, day: int, *, lunar: bool) -> bool:
    """Whether a festival falls on a date; one on 29 February is kept on 28 February in common years."""
    if lunar:
        return any(lunar_date(year, month, day) == today for year in (today.year - 1, today.year) if 1900 < year < 2100)
    return (today.month, today.day) == kept_on(month, day, today.year)


def kept_on(month: int, day: int, year: int) -> tuple[int, int]:
    """Month and day on which a yearly day is kept in a year."""
    return (2, 28) if (month, day) == (2, 29) and not leap(year) else (month, day)


def leap(year: int) -> bool:
    """Whether a year has a 29 February."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def yearly_on(days: Array, today: dt.date, known: Flags) -> Flags:
    """Where a day (days since 1970) has its anniversary on a date, at least a year later; of 29 February, on 28 in common years."""
    dates = np.where(known, days, 0).astype("datetime64[D]")
    months = dates.astype("datetime64[M]").astype(np.int64) % 12 + 1
    numbers = (dates - dates.astype("datetime64[M]")).astype(np.int64) + 1
    years = dates.astype("datetime64[Y]").astype(np.int64) + 1970
    here = (months == today.month) & (numbers == today.day)
    if (today.month, today.day) == (2, 28) and not leap(today.year):
        here |= (months == 2) & (numbers == 29)
    kept: Flags = known & here & (years < today.year)
    return kept


def period(today: dt.date, months: int) -> str:
    """The span of so many months that a date lies in: "2026-04" for the quarter that begins in April."""
    number = (today.year * 12 + today.month - 1) // months * months
    return f"{number // 12}-{number % 12 + 1:02}"


def period_starts(today: dt.date, months: int) -> dt.date:
    """Its first day."""
    number = (today.year * 12 + today.month - 1) // months * months
    return dt.date(number // 12, number % 12 + 1, 1)
