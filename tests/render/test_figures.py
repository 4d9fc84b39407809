"""Figures as people read them: exact where they must be, never rounded into a lie."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style

from engine.render import figures, scale


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 100, "0%"),
        (1, 100, "1.0%"),
        (26, 100, "26%"),
        (1, 10_000, "<0.1%"),
        (9_999, 10_000, ">99%"),
        (100, 100, "100%"),
        (5, 0, "–"),
        (-3, 100, "−3.0%"),
        (995, 10_000, "9.9%"),
        (9_960, 100_000, "10%"),
    ],
)
def test_a_share(part: int, whole: int, text: str):
    assert figures.share(part, whole) == text


@given(st.integers(0, 10**9), st.integers(1, 10**9))
def test_a_share_never_says_nothing_for_something_nor_all_for_less(part: int, whole: int):
    part = min(part, whole)
    text = figures.share(part, whole)
    assert (text == "0%") == (part == 0)
    assert (text == "100%") == (part == whole)
    assert len(text) <= 5


@pytest.mark.parametrize(
    ("minor", "digits", "currency", "text"),
    [
        (155_366, 2, "GBP", "£1,553.66"),
        (-1_500, 2, "CNY", "−¥15.00"),
        (1_250, 2, "CHF", "CHF 12.50"),
        (5_000, 0, "JPY", "¥5,000"),
        (5, 2, "USD", "$0.05"),
        (0, 2, "EUR", "€0.00"),
    ],
)
def test_money(minor: int, digits: int, currency: str, text: str):
    assert figures.money(minor, digits, currency) == text


@given(st.integers(-(10**15), 10**15), st.sampled_from([0, 2, 3]))
def test_exact_money_reads_back(minor: int, digits: int):
    text = figures.amount(minor, digits).replace(",", "").replace("−", "-").replace(".", "")
    assert int(text) == minor


@given(st.integers(-(10**15), 10**15))
def test_rounded_money_is_never_more_than_half_a_unit_off(minor: int):
    rounded = int(figures.amount(minor, 2, exact=False).replace(",", "").replace("−", "-"))
    assert abs(rounded * 100 - minor) <= 50


@pytest.mark.parametrize(
    ("iso", "full", "en", "zh"),
    [
        ("2025-12-10T02:00:00+08:00", False, "10 Dec 2025, 02:00", "2025年12月10日 02:00"),
        ("2025-12-10T02:00:07+08:00", False, "10 Dec 2025, 02:00:07", "2025年12月10日 02:00:07"),
        ("2025-12-31T00:00:00+08:00", True, "31 Dec 2025, 00:00:00 (UTC+08:00)", "2025年12月31日 00:00:00（UTC+08:00）"),
        ("2025-12-31T00:00:00+00:00", True, "31 Dec 2025, 00:00:00 (UTC)", "2025年12月31日 00:00:00（UTC）"),
        ("2025-12-31", True, "31 Dec 2025", "2025年12月31日"),
        ("once upon a time", False, "once upon a time", "once upon a time"),
    ],
)
def test_a_moment(iso: str, full: bool, en: str, zh: str):
    assert figures.moment(iso, "en", full=full) == en
    assert figures.moment(iso, "zh", full=full) == zh


@pytest.mark.parametrize(
    ("seconds", "en"), [(0.04, "40 ms"), (0.0994, "99 ms"), (0.0996, "0.1 s"), (1.64, "1.6 s"), (99.6, "1 min 40 s"), (192.2, "3 min 12 s")]
)
def test_a_duration(seconds: float, en: str):
    assert figures.duration(seconds, "en") == en
    assert re.search("毫秒|秒", figures.duration(seconds, "zh"))


@pytest.mark.parametrize(("value", "text"), [(66, "+66"), (-1_066, "−1,066"), (0, "=")])
def test_a_difference(value: int, text: str):
    assert figures.change(value) == text


@given(st.floats(0, 1), st.integers(1, 60))
def test_a_bar_fits_grows_and_shows_whatever_there_is(part: float, width: int):
    bar = figures.bar(part, 1.0, width)
    assert len(bar) <= width
    assert bool(bar) == (part > 0)
    assert len(figures.bar(min(1.0, part + 0.5), 1.0, width)) >= len(bar)
    assert figures.bar(1.0, 1.0, width) == "█" * width


def test_no_bar_where_there_is_no_room_or_nothing_to_compare():
    assert figures.bar(0.5, 1.0, 0) == figures.bar(0.5, 0.0, 10) == figures.bar(-1.0, 1.0, 10) == ""


def luminance(colour: str) -> float:
    """Relative luminance of a colour by WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colour", [*scale.STEPS, scale.BRAND, scale.UP, scale.DOWN, scale.OK, scale.WARN, scale.BAD])
def test_every_colour_can_be_read_on_dark_and_on_light(colour: str):
    assert contrast(colour, "#FFFFFF") >= 3
    assert contrast(colour, "#1E1E1E") >= 3


def test_the_scale_is_ordered_by_lightness():
    values = [luminance(step) for step in scale.STEPS]
    assert values == sorted(values)
    gaps = [after - before for before, after in pairwise(values)]
    assert max(gaps) < 2 * min(gaps)


@pytest.mark.parametrize("step", range(1, 9))
def test_a_badge_names_the_label_in_readable_colours(step: int):
    badge = scale.badge("冠军客户", step)
    assert badge.plain.strip() == "冠军客户"
    style = Style.parse(str(badge.style))
    assert style.color
    assert style.bgcolor
    assert contrast(style.color.name, style.bgcolor.name) >= 3


@pytest.mark.parametrize(("count", "steps"), [(1, [1]), (2, [1, 8]), (4, [1, 3, 6, 8]), (8, list(range(1, 9)))])
def test_labels_without_a_colour_are_spread_evenly(count: int, steps: list[int]):
    assert [scale.even_step(at, count) for at in range(count)] == steps
