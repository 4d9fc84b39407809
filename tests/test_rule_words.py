"""What a condition or a row found, in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine import Codes, Condition, DecisionTable

COLUMNS: dict[str, Any] = {
    "orders.count": np.array([7.0]),
    "orders.amount": np.array([6000.5]),
    "profile.region": Codes.of(["north"]),
    "profile.age": np.array([np.nan]),
    "profile.birthday": np.array(["1990-05-17"], dtype="datetime64[D]"),
}
COUNT = {"feature": "orders.count", "op": ">=", "value": 5}
AMOUNT = {"feature": "orders.amount", "op": "<", "value": 5000}
AGE = {"feature": "profile.age", "op": ">", "value": 30}


@pytest.mark.parametrize(
    ("document", "en", "zh"),
    [
        (COUNT, "orders.count = 7 (≥ 5)", "orders.count = 7（≥ 5）"),
        (AMOUNT, "orders.amount = 6,000.5 (not < 5,000)", "orders.amount = 6,000.5（非 < 5,000）"),
        (AGE, "profile.age is missing (> 30 cannot be told)", "profile.age 缺失（无法判断是否 > 30）"),
        ({"all": [COUNT, AMOUNT, AGE]}, "orders.amount = 6,000.5 (not < 5,000)", "orders.amount = 6,000.5（非 < 5,000）"),
        ({"any": [AMOUNT, COUNT]}, "orders.count = 7 (≥ 5)", "orders.count = 7（≥ 5）"),
        ({"any": [AMOUNT, AGE]}, "profile.age is missing (> 30 cannot be told)", "profile.age 缺失（无法判断是否 > 30）"),
        ({"not": AMOUNT}, "orders.amount = 6,000.5 (not < 5,000)", "orders.amount = 6,000.5（非 < 5,000）"),
        ({"feature": "profile.age", "op": "is_missing"}, "profile.age is missing (missing)", "profile.age 缺失（缺失）"),
        (
            {"feature": "profile.region", "op": "in", "value": ["north", "west"]},
            "profile.region = north (one of north, west)",
            "profile.region = north（属于 north、west）",
        ),
        (
            {"feature": "orders.amount", "op": ">", "other": "orders.count"},
            "orders.amount = 6,000.5 (> orders.count (7))",
            "orders.amount = 6,000.5（> orders.count（7））",
        ),
        (
            {"feature": "profile.birthday", "op": "within_days_of", "value": "1990-05-20", "days": 3},
            "profile.birthday = 1990-05-17 (near 1990-05-20 ± 3 days)",
            "profile.birthday = 1990-05-17（相近于 1990-05-20 ± 3 天）",
        ),
    ],
)
def test_a_condition_says_what_decided(document: Any, en: str, zh: str) -> None:
    words = Condition.load(document).words(COLUMNS)
    assert (words.en, words.zh) == (en, zh)


def test_many_comparisons_are_cut_short() -> None:
    many = {"all": [{"feature": "orders.count", "op": ">", "value": value} for value in range(-5, 5)]}
    assert Condition.load(many).words(COLUMNS).en.endswith("(> 2), and 2 more")


def test_a_table_names_the_cells_of_the_deciding_row() -> None:
    table = DecisionTable.load(
        {
            "inputs": ["orders.count", "profile.region", "profile.age"],
            "outputs": ["grade"],
            "hit_policy": "first",
            "rows": [{"when": ["> 9", "-", "-"], "then": ["A"]}, {"when": ["[1..9]", "-", "null"], "then": ["B"]}],
        }
    )
    words = table.words(COLUMNS)
    assert words.en == "orders.count = 7 ([1..9]), profile.age is missing (null)"
    assert table.words({**COLUMNS, "orders.count": np.array([0])}).en == ""
