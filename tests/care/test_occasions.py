"""Days of care: both calendars, 29 February, quarters; against plain Python."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.care.control import difference, in_control
from engine.care.occasions import EPOCH, festival_on, lunar_date, period, period_starts, yearly_on

DATES = st.dates(dt.date(1910, 1, 1), dt.date(2090, 12, 31))


def number(date: dt.date) -> int:
    return (date - EPOCH).days


def plain(birth: dt.date, today: dt.date) -> bool:
    """The same in plain Python."""
    if birth.year >= today.year:
        return False
    try:
        kept = birth.replace(year=today.year)
    except ValueError:
        kept = dt.date(today.year, 2, 28)
    return kept == today


@given(st.lists(DATES, max_size=20), DATES)
def test_birthdays_are_those_of_plain_python(births: list[dt.date], today: dt.date) -> None:
    days = np.array([*map(number, births), number(today) - 365], np.int64)
    known = np.array([*[True] * len(births), False])
    assert yearly_on(days, today, known).tolist() == [*(plain(each, today) for each in births), False]


@pytest.mark.parametrize(("today", "kept"), [("2025-02-28", True), ("2025-03-01", False), ("2024-02-28", False), ("2024-02-29", True)])
def test_a_birthday_on_29_february_is_kept_on_28_in_common_years(today: str, kept: bool) -> None:
    assert yearly_on(np.array([number(dt.date(2000, 2, 29))]), dt.date.fromisoformat(today), np.array([True])).tolist() == [kept]


@pytest.mark.parametrize(
    ("year", "day", "date"),
    [
        (2024, (1, 1), "2024-02-10"),
        (2025, (1, 15), "2025-02-12"),
        (2025, (5, 5), "2025-05-31"),
        (2025, (7, 7), "2025-08-29"),
        (2025, (8, 15), "2025-10-06"),
        (2026, (8, 15), "2026-09-25"),
        (2025, (12, 30), "2026-02-16"),
        (2023, (12, 30), "2024-02-09"),
    ],
)
def test_lunar_festivals(year: int, day: tuple[int, int], date: str) -> None:
    """Published dates of Spring Festival, Lantern, Dragon Boat, Qixi, Mid-Autumn and New Year's Eve."""
    assert lunar_date(year, *day) == dt.date.fromisoformat(date)
    assert festival_on(dt.date.fromisoformat(date), *day, lunar=True)
    assert not festival_on(dt.date.fromisoformat(date) + dt.timedelta(days=1), *day, lunar=True)


def test_fixed_festivals() -> None:
    assert festival_on(dt.date(2025, 12, 25), 12, 25, lunar=False)
    assert festival_on(dt.date(2025, 2, 28), 2, 29, lunar=False)


@given(DATES, st.integers(1, 60))
def test_a_date_lies_in_its_period(today: dt.date, months: int) -> None:
    start = period_starts(today, months)
    assert start <= today
    assert start.strftime("%Y-%m") == period(today, months)
    assert (today.year - start.year) * 12 + today.month - start.month < months


@given(st.integers(1, 2**31), st.floats(0, 0.5))
def test_the_control_group_is_the_same_again_and_about_as_large(seed: int, share: float) -> None:
    keys = np.random.default_rng(seed).integers(-(2**63), 2**63 - 1, 20_000)
    first, again, other = in_control(keys, "a", share), in_control(keys, "a", share), in_control(keys, "b", share)
    assert (first == again).all()
    assert abs(first.mean() - share) < 0.02
    assert abs((first & other).mean() - share**2) < 0.02, "the groups of two plans do not hang together"


def test_a_difference_has_its_interval_and_counts() -> None:
    chance = np.random.default_rng(3)
    found = difference(chance.normal(12, 3, 900), chance.normal(10, 3, 100))
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.difference < found.high
    assert found.low < 2 < found.high
    assert (found.n_care, found.n_control) == (900, 100)
    assert difference(np.ones(40), np.ones(29)).low is None
    assert difference(np.empty(0), np.empty(0)).difference == 0
