"""When people buy: month, weekday and festival weights of each day, as a clock that runs faster on busy days.

Purchase rhythms are drawn in the time of this clock and read off on the calendar. So a customer keeps its own rhythm,
while all together make Double 11, the quiet days of the spring festival, and Christmas.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from engine.columns import Array

FIRST_DAY = dt.date(2023, 1, 1)
DAYS = 1095
"""Days of business: 2023-01-01 up to and with 2025-12-30."""

_START = (FIRST_DAY - dt.date(1970, 1, 1)).days
END = (_START + DAYS) * 86_400
"""Local seconds since 1970 at which the files end: 2025-12-31, 00:00."""

SPRING_FESTIVALS = (dt.date(2023, 1, 22), dt.date(2024, 2, 10), dt.date(2025, 1, 29), dt.date(2026, 2, 17))

_MONTHS = {
    "CN": (1.05, 0.9, 0.95, 0.95, 1.0, 1.1, 0.9, 0.9, 1.05, 1.0, 1.2, 1.05),
    "west": (0.8, 0.85, 0.9, 0.95, 1.0, 0.95, 0.9, 0.9, 0.95, 1.0, 1.25, 1.4),
}


def day_weights(market: str) -> Array:
    """How busy each day is in the market "CN" or "west"; 1 is usual."""
    days = [FIRST_DAY + dt.timedelta(n) for n in range(DAYS)]
    weights = np.array([_MONTHS[market][day.month - 1] * (1.15 if day.weekday() >= 5 else 0.95) for day in days])
    festivals = _chinese_days(days) if market == "CN" else _western_days(days)
    return weights * festivals


def _chinese_days(days: list[dt.date]) -> Array:
    special = {(6, 16): 1.8, (6, 17): 2.2, (6, 18): 4.0, (11, 10): 2.5, (11, 11): 8.0, (11, 12): 2.2, (12, 24): 1.4}
    weights = np.array([special.get((day.month, day.day), 1.0) for day in days])
    for festival in SPRING_FESTIVALS:
        away = np.array([(day - festival).days for day in days])
        weights[(away >= -24) & (away <= -5)] *= 1.5
        weights[(away >= -3) & (away <= 6)] *= 0.2
    return weights


def _western_days(days: list[dt.date]) -> Array:
    def weight(day: dt.date) -> float:
        if day.month == 11 and day.weekday() == 4 and 23 <= day.day <= 29:
            return 4.0  # Black Friday
        if day.month == 12 and day.day <= 18:
            return 1.7
        return 0.4 if day.month == 12 and 24 <= day.day <= 27 else 1.0

    return np.array([weight(day) for day in days])


class Clock:
    """The clock of a market: `running` turns days since `FIRST_DAY` into its time, `day` turns them back."""

    def __init__(self, market: str) -> None:
        self._days = np.arange(DAYS + 1, dtype=float)
        self._time = np.concatenate([[0.0], np.cumsum(day_weights(market))]) * DAYS / day_weights(market).sum()

    def running(self, day: Array) -> Array:
        """Clock time of a day (with fraction); after the last day it runs evenly on."""
        return np.where(day > DAYS, day, np.interp(day, self._days, self._time))

    def day(self, time: Array) -> Array:
        """Day (with fraction) of a clock time."""
        return np.where(time > DAYS, time, np.interp(time, self._time, self._days))


def moments(days: Array, second: Array) -> Array:
    """Local seconds since 1970 of days (since `FIRST_DAY`) and seconds of the day."""
    return (np.floor(days).astype(np.int64) + _START) * 86_400 + second.astype(np.int64)


@lru_cache
def clock(market: str) -> Clock:
    """The clock of a market, made once."""
    return Clock(market)


def by_market(market: Array, turn: Callable[[Clock], Array]) -> Array:
    """What `turn` makes of each market's clock, taken where `market` is 0 (China) or 1 (west)."""
    return np.where(market == 0, turn(clock("CN")), turn(clock("west")))
