"""Figures in the reader's form, row by row of the table in docs/explanation/console.md."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.formats import Formats

EN = Formats("en", ZoneInfo("Europe/London"), "GBP", 2)
ZH = Formats("zh", ZoneInfo("Asia/Shanghai"), "CNY", 2)
NIGHT = 1_765_332_000  # 2025-12-10T02:00:00Z


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (EN.number(4338), "4,338"),
        (ZH.number(4338), "4,338"),
        (EN.number(-12), "−12"),
        (EN.number(None), "none"),
        (ZH.number(None), "无"),
        (EN.number(12.345, 1), "12.3"),
        (EN.number(-0.01, 1), "0.0"),
        (EN.tile(860_000_000), "£8.60 M"),
        (EN.tile(93_400_000), "£934 k"),
        (EN.tile(9_999_999), "£100 k"),
        (EN.tile(1_437_900), "£14,379"),
        (EN.tile(12_345_678_900_00), "£12.3 bn"),
        (EN.tile(-860_000_000), "−£8.60 M"),
        (ZH.tile(8_599_500 * 100), "¥859.95 万"),
        (ZH.tile(320_000_000 * 100), "¥3.2 亿"),
        (ZH.tile(9_999 * 100), "¥9,999"),
        (EN.money(155_366), "£1,553.66"),
        (ZH.money(1_553_660), "¥15,536.60"),
        (EN.money(-1500), "−£15.00"),
        (EN.money(155_366, cents=False), "£1,554"),
        (EN.money(None), "none"),
        (Formats("en", ZoneInfo("UTC"), "JPY", 0).money(1500), "¥1,500"),
        (Formats("en", ZoneInfo("UTC"), "CHF", 2).money(1250), "CHF 12.50"),
        (EN.share(26, 100), "26%"),
        (EN.share(75, 1000), "7.5%"),
        (EN.share(1, 100_000), "<0.1%"),
        (EN.share(999, 1000), ">99%"),
        (EN.share(0, 10), "0%"),
        (EN.share(1, 0), "–"),
        (EN.date(NIGHT), "10 Dec 2025"),
        (EN.moment(NIGHT), "10 Dec 2025, 02:00"),
        (ZH.moment(NIGHT - 8 * 3600), "2025年12月10日 02:00"),
        (EN.moment("2025-12-10T02:00:00+00:00"), "10 Dec 2025, 02:00"),
        (EN.moment(None), "none"),
        (EN.duration(0.04), "40 ms"),
        (ZH.duration(0.04), "40 毫秒"),
        (EN.duration(1.6), "1.6 s"),
        (ZH.duration(1.6), "1.6 秒"),
        (EN.duration(192), "3 min 12 s"),
        (ZH.duration(180), "3 分钟"),
        (EN.duration(19_200), "5 h 20 min"),
        (EN.duration(9 * 86_400), "9 days"),
        (ZH.duration(9 * 86_400), "9 天"),
        (EN.days(1), "1 day"),
        (EN.change(66), "+66"),
        (EN.change(-66), "−66"),
        (EN.change(0), "="),
        (EN.size(812), "812 B"),
        (EN.size(1_400_000), "1.40 MB"),
    ],
)
def test_forms(found: str, expected: str) -> None:
    assert found == expected


@given(st.integers(-(10**15), 10**15))
def test_money_is_never_lost(minor: int) -> None:
    text = EN.money(minor)
    assert int(text.replace("£", "").replace(",", "").replace(".", "").replace("−", "-")) == minor


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_share_is_honest(part: int, more: int) -> None:
    text = EN.share(part, part + more)
    assert text != "100%"
    assert (text == "0%") == (part == 0)
