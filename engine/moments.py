"""Moments: read what people write as a point in time, and write it back in full.

A moment is UTC epoch seconds. A bare date is its 00:00 in the business time zone (ENGINE 13), echoed in full.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TypeAlias
from zoneinfo import ZoneInfo

from engine import clock
from engine.errors import TierwiseError

Moment: TypeAlias = int | str | dt.datetime | dt.date | None

EPOCH = dt.date(1970, 1, 1)
_LATEST = 253_402_214_400  # 9999-12-31T00:00:00Z, which every time zone can still write


def as_moment(value: Moment, zone: ZoneInfo, name: str = "as_of") -> int:
    """Epoch seconds of a moment; None is now, to the second. Raises `TierwiseError` saying what would be right."""
    if value is None:
        return clock.now()
    if isinstance(value, bool):
        raise _unreadable(value, name)
    if isinstance(value, int):
        seconds = value
    else:
        try:
            seconds = int(_parsed(value, zone).timestamp())
        except (TypeError, ValueError, OverflowError):
            raise _unreadable(value, name) from None
    if not 0 <= seconds <= _LATEST:
        raise TierwiseError(f"{name}: {value} lies outside 1970 to 9999")
    return seconds


def as_day(value: str | dt.date | None, zone: ZoneInfo, name: str = "day") -> dt.date:
    """A date; None is today. Raises `TierwiseError` for what is none, or lies outside 1970 to 9999."""
    if value is None:
        return clock.today(zone)
    try:
        found = value if isinstance(value, dt.date) and not isinstance(value, dt.datetime) else dt.date.fromisoformat(str(value).strip())
    except ValueError:
        raise TierwiseError(f"{name}: {str(value)[:60]!r} is not a date; expected a date such as 2025-12-31") from None
    if found < EPOCH:
        raise TierwiseError(f"{name}: {value} lies outside 1970 to 9999")
    return found


def day_number(day: dt.date) -> int:
    """A date as the store keeps it: days since 1970-01-01."""
    return (day - EPOCH).days


def day_of(number: int) -> dt.date:
    """The date of such a number."""
    return EPOCH + dt.timedelta(days=number)


def _parsed(value: str | dt.datetime | dt.date, zone: ZoneInfo) -> dt.datetime:
    if isinstance(value, str):
        value = dt.datetime.fromisoformat(value.strip())
    elif not isinstance(value, dt.datetime):
        value = dt.datetime.combine(value, dt.time())
    return value if value.tzinfo else value.replace(tzinfo=zone)


def _unreadable(value: object, name: str) -> TierwiseError:
    return TierwiseError(f"{name}: {str(value)[:60]!r} is not a moment; expected 2025-12-31, 2025-12-31T08:00 or 2025-12-31T08:00:00+08:00")


def written(seconds: int, zone: ZoneInfo) -> str:
    """A moment in full, in the business time zone: 2025-12-31T08:00:00+08:00."""
    return dt.datetime.fromtimestamp(seconds, zone).isoformat()


def month_starts(before: int, count: int, zone: ZoneInfo) -> Iterator[int]:
    """The last `count` first-of-months 00:00 up to a moment, the earliest first; none before 1970."""
    day = dt.datetime.fromtimestamp(before, zone).date().replace(day=1)
    months = [day.year * 12 + day.month - 1 - back for back in range(count)]
    for month in reversed([month for month in months if month >= 1970 * 12]):
        yield int(dt.datetime(month // 12, month % 12 + 1, 1, tzinfo=zone).timestamp())
