"""Dates of the business as people read them, and months as weeks."""

from __future__ import annotations

import calendar
import datetime as dt

from flask import g

WEEKDAYS = (("Mon", "周一"), ("Tue", "周二"), ("Wed", "周三"), ("Thu", "周四"), ("Fri", "周五"), ("Sat", "周六"), ("Sun", "周日"))


def day(date: dt.date, *, year: bool = True) -> str:
    """10 Dec 2025, 2025年12月10日."""
    return str(g.formats.date(dt.datetime.combine(date, dt.time(12), g.formats.zone), year=year))


def month_of(text: str | None, today: dt.date) -> dt.date:
    """The first of a month written as 2026-03; of this month when it is none."""
    try:
        found = dt.date.fromisoformat(f"{text}-01")
    except ValueError:
        found = today.replace(day=1)
    return found if 1971 <= found.year <= 2200 else today.replace(day=1)


def weeks(month: dt.date) -> list[list[dt.date]]:
    """The weeks of a month from Monday on, with the days of its neighbours that fill them."""
    return calendar.Calendar().monthdatescalendar(month.year, month.month)


def beside(month: dt.date, by: int) -> str:
    """The month before or after, as an address has it."""
    number = month.year * 12 + month.month - 1 + by
    return f"{number // 12:04}-{number % 12 + 1:02}"
