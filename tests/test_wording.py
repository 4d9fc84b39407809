"""Values and reasons in words, in both languages."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from engine.catalogue import Catalogue
from engine.policy import Label, Output, Reason, Text
from engine.run import Withholding
from engine.wording import Words, reason_text

EN, ZH = Words("en", "CNY", 2), Words("zh", "CNY", 2)
CATALOGUE = Catalogue.built_in()
TIER = Output("tier", labels=(Label("gold", Text("Gold", "金卡")), Label("none", Text("None", "无"))))


@pytest.mark.parametrize(
    ("name", "value", "english", "chinese"),
    [
        ("orders.amount_365d", 4210.0, "4,210.00 CNY", "4,210.00 CNY"),
        ("orders.recency_days", 42, "42 days", "42 天"),
        ("orders.recency_days", 1, "1 day", "1 天"),
        ("orders.count", 12345, "12,345 orders", "12,345 单"),
        ("orders.interval_days", 30.25, "30.25 days", "30.25 天"),
        ("orders.recency_days", None, "missing", "缺失"),
        ("profile.region", "北方", "北方", "北方"),
    ],
)
def test_features_with_their_unit(name: str, value: Any, english: str, chinese: str) -> None:
    feature = CATALOGUE.resolve(name)
    assert (EN.with_unit(value, feature), ZH.with_unit(value, feature)) == (english, chinese)


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        ("gold", "Gold", "金卡"),
        ("gone", "gone", "gone"),
        (True, "yes", "是"),
        (["gold", "none"], "Gold, None", "金卡、无"),
        ([], "none", "无"),
        (dt.date(2025, 2, 28), "2025-02-28", "2025-02-28"),
        (3.0, "3", "3"),
    ],
)
def test_outputs_by_title(value: Any, english: str, chinese: str) -> None:
    assert (EN.value(value, output=TIER), ZH.value(value, output=TIER)) == (english, chinese)


def test_amounts_have_the_digits_of_the_currency() -> None:
    amount = Output("missing", kind="amount")
    assert EN.value(1234.5, output=amount) == "1,234.50"
    assert Words("en", "JPY", 0).value(1234.0, output=amount) == "1,234"


def test_a_reason_is_filled_in_and_is_no_program() -> None:
    reason = Reason("r", Text("{n} of {who}, {0.__class__} %(n)s {missing} {n!r}", "{who}：{n}"), {"n": 12345.678, "who": "{n}"})
    assert EN.reason(reason) == "12,345.678 of {n}, {0.__class__} %(n)s {missing} {n!r}"
    assert ZH.reason(reason) == "{n}：12,345.678"


def test_a_chain_of_reasons_is_said_to_its_end_in_both_languages() -> None:
    first = Withholding("rfm", "missing", "orders.count")
    second = Withholding("tier", "upstream", "rfm.segment", str(first))
    third = Withholding("care", "upstream", "tier.level", str(second))
    text = reason_text(third, [first, second, third], None)  # type: ignore[arg-type]  # no plugin's reason: no rulebook needed
    assert text == Text("tier.level: rfm.segment: missing: orders.count", "tier.level：rfm.segment：缺少：orders.count")
    assert text.en == str(third)
