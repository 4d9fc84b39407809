"""Moments: what people write is read as UTC seconds in the business zone, and refused with the right form."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import TierwiseError
from engine.moments import as_moment, month_starts, written

SHANGHAI, BERLIN, UTC = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
ZONES = st.sampled_from(["UTC", "Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Pacific/Kiritimati", "Pacific/Pago_Pago"])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "1970-01-01T08:00:00+08:00"),
        ("2025-12-31", "2025-12-31T00:00:00+08:00"),
        (" 2025-12-31 ", "2025-12-31T00:00:00+08:00"),
        (dt.date(2025, 12, 31), "2025-12-31T00:00:00+08:00"),
        ("2025-12-31T08:00", "2025-12-31T08:00:00+08:00"),
        (dt.datetime(2025, 12, 31, 8), "2025-12-31T08:00:00+08:00"),
        ("2025-12-31T08:00:00+00:00", "2025-12-31T16:00:00+08:00"),
        ("2025-12-31T08:00:00Z", "2025-12-31T16:00:00+08:00"),
        (dt.datetime(2025, 12, 31, 8, tzinfo=dt.UTC), "2025-12-31T16:00:00+08:00"),
        ("2025-12-31T08:00:00.9", "2025-12-31T08:00:00+08:00"),
        ("9999-12-31", "9999-12-31T00:00:00+08:00"),
    ],
)
def test_a_moment_is_echoed_in_full(value: object, expected: str) -> None:
    assert written(as_moment(value, SHANGHAI), SHANGHAI) == expected  # type: ignore[arg-type]


def test_none_is_now() -> None:
    before = int(dt.datetime.now(dt.UTC).timestamp())
    assert before <= as_moment(None, SHANGHAI) <= int(dt.datetime.now(dt.UTC).timestamp())


@pytest.mark.parametrize(
    "value",
    [
        "",
        "soon",
        "2025-02-30",
        "31.12.2025",
        "2025-13-01",
        "1735603200",
        True,
        1.5,
        np.datetime64("2025-01-01"),
        [],
        "2025-12-31T25:00",
        "٢٠٢٥-١٢-٣١x",
    ],
)
def test_what_is_no_moment_is_refused_with_examples(value: object) -> None:
    with pytest.raises(
        TierwiseError, match=r"^start: .* is not a moment; expected 2025-12-31, 2025-12-31T08:00 or 2025-12-31T08:00:00\+08:00$"
    ):
        as_moment(value, SHANGHAI, "start")  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [-1, 10**12, 10**400, "1969-12-31", "1970-01-01", dt.datetime.max.replace(tzinfo=dt.UTC)])
def test_what_lies_outside_is_refused(value: object) -> None:
    with pytest.raises(TierwiseError, match=r"as_of: .* lies outside 1970 to 9999"):
        as_moment(value, SHANGHAI)  # type: ignore[arg-type]


@given(st.integers(0, 253_402_214_400), ZONES)
def test_writing_and_reading_give_the_same_moment(seconds: int, name: str) -> None:
    zone = ZoneInfo(name)
    assert as_moment(written(seconds, zone), zone) == seconds


def test_a_day_starts_at_midnight_of_the_business_zone_whatever_the_season() -> None:
    assert as_moment("2025-03-31", BERLIN) - as_moment("2025-03-30", BERLIN) == 23 * 3600
    assert as_moment("2025-10-27", BERLIN) - as_moment("2025-10-26", BERLIN) == 25 * 3600


def test_months_start_at_midnight_of_the_business_zone() -> None:
    before = as_moment("2026-02-15T10:00", SHANGHAI)
    assert [written(month, SHANGHAI) for month in month_starts(before, 3, SHANGHAI)] == [
        "2025-12-01T00:00:00+08:00",
        "2026-01-01T00:00:00+08:00",
        "2026-02-01T00:00:00+08:00",
    ]
    assert list(month_starts(before, 0, SHANGHAI)) == []


def test_a_month_that_starts_now_counts() -> None:
    first = as_moment("2026-02-01", SHANGHAI)
    assert list(month_starts(first, 1, SHANGHAI)) == [first]
    assert written(next(month_starts(first - 1, 1, SHANGHAI)), SHANGHAI) == "2026-01-01T00:00:00+08:00"


@given(st.integers(0, 253_402_214_400), st.integers(0, 40), ZONES)
def test_months_are_first_days_in_order_and_none_is_left_out(before: int, count: int, name: str) -> None:
    zone = ZoneInfo(name)
    days = [dt.datetime.fromtimestamp(month, zone) for month in month_starts(before, count, zone)]
    numbers = [day.year * 12 + day.month for day in days]
    assert all((day.day, day.time()) == (1, dt.time()) and day.timestamp() <= before for day in days)
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else True


def test_a_look_back_ends_where_moments_begin() -> None:
    assert len(list(month_starts(as_moment("1971-01-05", UTC), 5000, UTC))) == 13
