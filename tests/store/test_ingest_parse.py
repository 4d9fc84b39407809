"""Decimals and moments: exact against Python's own arithmetic, whatever the notation."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.store.ingest.decimals import read_decimals
from engine.store.ingest.keys import KeyIndex
from engine.store.ingest.moments import business_days, format_fault, read_days, read_moments
from engine.store.ingest.money import convert, half_even, line_amounts
from engine.store.ingest.parsed import FAULTS, NONE

ZONES = ("UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
LIMIT = 10**15


@given(st.lists(st.decimals(-(10**13), 10**13, places=4), min_size=1, max_size=20), st.integers(0, 4), st.booleans())
def test_decimals_are_exact(values: list[Decimal], digits: int, rounding: bool) -> None:
    column = read_decimals(pa.array([str(value) for value in values]), digits, limit=LIMIT, rounding=rounding)
    for value, found, fault in zip(values, column.values.tolist(), column.fault.tolist(), strict=True):
        scaled = value.scaleb(digits)
        rounded = int(scaled.to_integral_value(ROUND_HALF_EVEN))
        if rounded != scaled and not rounding:
            assert FAULTS[fault] == "too many digits after the point"
        elif abs(rounded) > LIMIT:
            assert FAULTS[fault] == "too large"
        else:
            assert (found, fault) == (rounded, 0)


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=20), st.integers(0, 4))
def test_doubles_of_short_decimals_are_exact(values: list[int], digits: int) -> None:
    column = read_decimals(pa.array([value / 10**digits for value in values], pa.float64()), digits, limit=LIMIT)
    assert column.values.tolist() == values


@pytest.mark.parametrize(
    ("text", "value", "fault"),
    [
        ("1e3", 100_000, ""),
        ("99999999999999999", NONE, "too large"),
        ("-92233720368547758.09", NONE, "too large"),
        ("9e16", NONE, "too large"),
        (" 7.50 ", 750, ""),
        ("+.5", 50, ""),
        ("5.", 500, ""),
        ("-0", 0, ""),
        ("1.2300000", 123, ""),
        ("1_000", NONE, "not a number"),
        ("0x10", NONE, "not a number"),
        ("1,5", NONE, "not a number"),
        ("٣", NONE, "not a number"),
        ("--1", NONE, "not a number"),
        ("-Infinity", NONE, "not a finite number"),
        ("1e400", NONE, "too large"),
        ("1e999999", NONE, "too large"),
        ("1e-400", NONE, "too many digits after the point"),
        ("9" * 30, NONE, "too large"),
    ],
)
def test_notations_of_numbers(text: str, value: int, fault: str) -> None:
    column = read_decimals(pa.array([text]), 2, limit=LIMIT)
    assert (int(column.values[0]), FAULTS[column.fault[0]]) == (value, fault)


@given(st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 10**15)), min_size=1, max_size=10), st.integers(0, 4))
@example([(10**12, 10**15), (1, 5000), (3, 5000)], 2)
def test_line_amounts_round_half_even(pairs: list[tuple[int, int]], digits: int) -> None:
    quantity, price = (np.array(column, np.int64) for column in zip(*pairs, strict=True))
    for (q, u), found in zip(pairs, line_amounts(quantity, price, digits).tolist(), strict=True):
        assert min(found, LIMIT + 1) == min(round(Fraction(q * u, 10 ** (7 - digits))), LIMIT + 1)


@given(st.lists(st.tuples(st.integers(0, LIMIT), st.integers(1, 10**12)), min_size=1, max_size=10))
def test_conversion_is_exact(pairs: list[tuple[int, int]]) -> None:
    amounts, rates = (np.array(column, np.int64) for column in zip(*pairs, strict=True))
    found, large = convert(amounts, rates)
    for (amount, rate), value, over in zip(pairs, found.tolist(), large.tolist(), strict=True):
        exact = round(Fraction(amount * rate, 10**6))
        assert over == (exact > LIMIT) or abs(exact - LIMIT) <= 1
        if not over:
            assert value == exact


@given(st.lists(st.integers(0, 10**17), min_size=1), st.integers(1, 10**7))
def test_half_even(values: list[int], divisor: int) -> None:
    assert half_even(np.array(values, np.int64), divisor).tolist() == [round(Fraction(value, divisor)) for value in values]


MOMENTS = st.lists(st.datetimes(dt.datetime(1950, 1, 1), dt.datetime(2100, 1, 1)), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(MOMENTS, st.sampled_from(ZONES))
@example([dt.datetime(2024, 3, 31, 2, 30), dt.datetime(2024, 10, 27, 2, 30)], "Europe/Berlin")
@example([dt.datetime(2024, 4, 7, 1, 45), dt.datetime(2024, 10, 6, 2, 15)], "Australia/Lord_Howe")
def test_local_times_become_utc_as_in_python(values: list[dt.datetime], name: str) -> None:
    zone = ZoneInfo(name)
    expected = [int(value.replace(tzinfo=zone, microsecond=0).timestamp()) for value in values]
    texts = read_moments(pa.array([value.isoformat(" ") for value in values]), (), zone)
    assert texts.values.tolist() == expected
    stamps = read_moments(pa.array(values, pa.timestamp("us")), (), zone)
    assert stamps.values.tolist() == expected


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-(10**9), 4 * 10**9), min_size=1, max_size=8), st.sampled_from(ZONES))
def test_business_days_as_in_python(moments: list[int], name: str) -> None:
    zone = ZoneInfo(name)
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    expected = [((epoch + dt.timedelta(seconds=moment)).astimezone(zone).date() - dt.date(1970, 1, 1)).days for moment in moments]
    assert business_days(np.array(moments, np.int64), zone).tolist() == expected


@pytest.mark.parametrize(
    ("text", "formats", "moment", "fault"),
    [
        ("2025-01-31", (), "2025-01-31T00:00", ""),
        ("2025-01-31T10:20:30.999Z", (), "2025-01-31T10:20:30", ""),
        ("2025-01-31 10:20+08:00", (), "2025-01-31T02:20", ""),
        ("2025-01-31 10:20 -0530", (), "2025-01-31T15:50", ""),
        ("1/2/2025 3:04", ("%d/%m/%Y %H:%M",), "2025-02-01T03:04", ""),
        ("2/1/25 12:30 AM", ("%m/%d/%y %I:%M %p",), "2025-02-01T00:30", ""),
        ("20250201", ("%Y%m%d",), "2025-02-01T00:00", ""),
        ("2025-02-01", ("%Y%m%d",), "2025-02-01T00:00", ""),
        ("2025-02-29", (), None, "impossible date"),
        ("2025-13-01", (), None, "impossible date"),
        ("2025-01-01 24:00", (), None, "impossible date"),
        ("1849-12-31", (), None, "impossible date"),
        ("9999-12-31", (), None, "impossible date"),
        ("2025-1-1", (), None, "not a date"),
        ("2025-01-01 10:20 trailing", (), None, "not a date"),
        ("45000", (), None, "not a date"),
    ],
)
def test_notations_of_moments(text: str, formats: tuple[str, ...], moment: str | None, fault: str) -> None:
    column = read_moments(pa.array([text, None, ""]), formats, ZoneInfo("UTC"))
    expected = NONE if moment is None else int(np.datetime64(moment, "s").astype(np.int64))
    assert (int(column.values[0]), FAULTS[column.fault[0]]) == (expected, fault)
    assert column.present.tolist() == [True, False, False]
    assert column.fault.tolist()[1:] == [0, 0]


def test_days_are_counted_from_1970() -> None:
    assert read_days(pa.array(["1970-01-01", "1969-12-31", "1980-02-29"]), ()).values.tolist() == [0, -1, 3711]


@pytest.mark.parametrize(
    ("text", "said"), [(5, "a text such as"), ("%d.%m", "expected year"), ("%Y-%m-%d %Y", "twice"), ("%Y-%j", "%j is not known")]
)
def test_a_date_format_is_checked(text: object, said: str) -> None:
    assert said in format_fault(text)


@given(st.lists(st.one_of(st.integers(0, 50).map(str), st.text(min_size=1, max_size=3)), unique=True, max_size=30), st.data())
def test_keys_are_found_as_in_a_dict(texts: list[str], data: st.DataObject) -> None:
    split = data.draw(st.integers(0, len(texts)))
    index = KeyIndex()
    for part, start in ((texts[:split], 1), (texts[split:], split + 1)):
        index.add(pa.array(part, pa.string()), np.arange(start, start + len(part)))
    known = {text: key for key, text in enumerate(texts, 1)}
    wanted = [*texts, "007", "x", "-1", "12345678901234567890123"]
    assert index.find(pa.array(wanted, pa.string())).tolist() == [known.get(text, -1) for text in wanted]
