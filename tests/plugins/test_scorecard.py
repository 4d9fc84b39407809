"""Scorecards: points, weights, missing values, grades by score and by share, explanations, and the contract."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from engine import Codes
from engine.outputs import check_outputs
from engine.testing import check_policy, contract_tests
from engine.wording import Words
from plugins.scorecard import Scorecard

COUNT = {
    "feature": "orders.count",
    "weight": 1,
    "bands": [{"from": None, "points": 0}, {"from": 2, "points": 50}, {"from": 5, "points": 100}],
}
REGION = {
    "feature": "profile.region",
    "weight": 3,
    "values": [{"value": "north", "points": 80}, {"value": "south", "points": 20}],
    "other": 10,
}
EXAMPLES = {"profile.region": ["north", "south", "west", None], "orders.vip": [True, False, None]}

TestContract = contract_tests(
    Scorecard,
    {},
    {"items": [COUNT, {**REGION, "missing": "leave_out"}], "grading": "shares", "shares": [0.2, 0.5]},
    {"items": [{**COUNT, "missing": "leave_out"}, {**REGION, "missing": "leave_out"}], "total": "sum", "decimals": 0, "cuts": [100]},
    {"items": [COUNT, {**REGION, "missing": "withhold"}], "grading": "shares", "crossing": "lower"},
    {"items": [{"feature": "orders.vip", "values": [{"value": True, "points": 5}, {"value": False, "points": -5}]}], "cuts": [0]},
    examples=EXAMPLES,
)

COLUMNS: dict[str, Any] = {
    "orders.count": np.array([1.0, 2, 5, np.nan]),
    "profile.region": Codes.of(["north", "west", None, "south"]),
}


def result(columns: Any = None, **params: Any) -> Any:
    policy = Scorecard({"items": [COUNT, REGION], **params})
    columns = COLUMNS if columns is None else columns
    return check_outputs(policy, policy.apply(columns, policy.fit(columns)), len(columns["orders.count"]))


def test_points_are_weighted_and_a_number_begins_its_band() -> None:
    assert result()["score"].tolist() == [(0 + 240) / 4, (50 + 30) / 4, (100 + 0) / 4, (0 + 60) / 4]
    assert result(total="sum")["score"].tolist() == [240, 80, 100, 60]


def test_a_missing_value_gets_points_or_leaves_the_item_or_the_customer_out() -> None:
    paid = [{**COUNT, "missing_points": 8}, {**REGION, "missing_points": 40}]
    assert result(items=paid)["score"].tolist()[2:] == [(100 + 120) / 4, (8 + 60) / 4]
    left = [{**COUNT, "missing": "leave_out"}, {**REGION, "missing": "leave_out"}]
    assert result(items=left)["score"].tolist()[2:] == [100, 20]
    assert result(items=left, total="sum")["score"].tolist()[2:] == [400, 80]
    held = result(items=[{**COUNT, "missing": "withhold"}, {**REGION, "missing": "withhold"}])
    assert held["withheld"].tolist() == [-1, -1, 1, 0]
    assert np.isnan(held["score"]).tolist() == [False, False, True, True]
    policy = Scorecard({"items": [{**COUNT, "missing": "withhold"}, {**REGION, "missing": "withhold"}]})
    assert [reason.text.en for reason in policy.reasons()] == [
        "missing: orders.count",
        "missing: profile.region",
        "nothing to score",
        "nobody to compare with",
    ]
    nothing = result({"orders.count": np.array([np.nan]), "profile.region": Codes.of([None])}, items=left)
    assert nothing["withheld"].tolist() == [0]
    assert nothing["grade"].texts() == [None]


def test_a_score_equal_to_a_cut_has_the_better_grade() -> None:
    found = result(cuts=[15, 25, 60])
    assert found["grade"].texts() == ["A", "C", "B", "C"]
    assert found["rule"].tolist() == [0, 2, 1, 2]


def counts(values: Any) -> dict[str, Any]:
    return {"orders.count": np.array(values, dtype=float), "profile.region": Codes.of(["west"] * len(values))}


def test_grades_by_share_of_the_customers() -> None:
    columns = counts([9, 5, 5, 3, 3, 3, 1, 1, 1, 1])
    upper = result(columns, grading="shares", shares=[0.2, 0.5])["grade"].texts()
    assert upper == ["A"] * 3 + ["B"] * 3 + ["C"] * 4
    lower = result(columns, grading="shares", shares=[0.2, 0.5], crossing="lower")["grade"].texts()
    assert lower == ["B"] * 3 + ["C"] * 7
    assert Scorecard({"grading": "shares"}).fit({name: np.array([]) for name in Scorecard().reads}) == {}


def test_nobody_to_compare_with() -> None:
    policy = Scorecard({"items": [COUNT], "grading": "shares"})
    found = check_outputs(policy, policy.apply({"orders.count": np.array([3.0])}, {}), 1)
    assert found["withheld"].tolist() == [1]


NUMBERS = st.integers(-50, 50)


@st.composite
def items(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    for name in draw(
        st.lists(st.sampled_from(["orders.count", "orders.amount", "profile.region", "orders.vip"]), min_size=1, max_size=4, unique=True)
    ):
        item: dict[str, Any] = {"feature": name, "weight": draw(st.sampled_from([0.5, 1, 2.25])), "missing_points": draw(NUMBERS)}
        item["missing"] = draw(st.sampled_from(["points", "withhold", "leave_out"]))
        if name == "profile.region":
            item["values"] = [{"value": v, "points": draw(NUMBERS)} for v in ("north", "south")]
            item["other"] = draw(NUMBERS)
        elif name == "orders.vip":
            item["values"] = [{"value": v, "points": draw(NUMBERS)} for v in (True, False)]
        else:
            starts = sorted(draw(st.lists(NUMBERS, max_size=4, unique=True)))
            item["bands"] = [{"from": start, "points": draw(NUMBERS)} for start in (None, *starts)]
        found.append(item)
    return found


@settings(max_examples=25, deadline=None)
@given(items(), st.sampled_from(["mean", "sum"]), st.sampled_from(["cuts", "shares"]), st.integers(0, 4))
def test_any_scorecard_keeps_the_contract_and_its_range(many: list[Any], total: str, grading: str, decimals: int) -> None:
    check_policy(Scorecard, {"items": many, "total": total, "grading": grading, "decimals": decimals}, rows=19, examples=EXAMPLES)


@settings(max_examples=50, deadline=None)
@given(items(), st.lists(st.tuples(NUMBERS, st.sampled_from(["north", "south", "west", None])), min_size=1, max_size=9))
def test_the_score_equals_plain_arithmetic(many: list[Any], customers: list[Any]) -> None:
    numbers, regions = zip(*customers, strict=True)
    columns = {
        "orders.count": np.array(numbers, dtype=float),
        "orders.amount": np.where(np.array(numbers) % 5 == 0, np.nan, np.array(numbers)),
        "profile.region": Codes.of(regions),
        "orders.vip": np.array([n % 3 - 1 for n in numbers], dtype=np.int8),
    }
    policy = Scorecard({"items": many, "decimals": 4})
    score = check_outputs(policy, policy.apply(columns, policy.fit(columns)), len(numbers))["score"]
    for at in range(len(numbers)):
        assert score[at] == pytest.approx(
            by_hand(many, {name: column[at : at + 1] for name, column in columns.items()}), abs=1e-4, nan_ok=True
        )


def by_hand(many: list[Any], one: dict[str, Any]) -> float:
    total = weight = 0.0
    for item in many:
        column = one[item["feature"]]
        value: Any = column.texts()[0] if isinstance(column, Codes) else column[0]
        if item["feature"] == "orders.vip":
            value = None if value < 0 else bool(value)
        if value is None or value != value:
            if item["missing"] == "withhold":
                return math.nan
            points = item["missing_points"] if item["missing"] == "points" else None
        elif "bands" in item:
            points = [band["points"] for band in item["bands"] if band["from"] is None or band["from"] <= value][-1]
        else:
            points = next((entry["points"] for entry in item["values"] if entry["value"] == value), item.get("other", 0))
        if points is not None:
            total += item["weight"] * points
            weight += item["weight"]
    return total / weight if weight else math.nan


def said(row: int, language: str = "en", **params: Any) -> list[str]:
    policy = Scorecard({"items": [COUNT, {**REGION, "missing": "leave_out"}], **params})
    one = {name: column[row : row + 1] for name, column in COLUMNS.items()}
    return [Words(language).reason(reason) for reason in policy.explain(one, policy.fit(COLUMNS))]


def test_an_explanation_adds_up() -> None:
    assert said(1) == [
        "orders.count = 2 (≥ 2): 50 points, weight 1.",
        "profile.region: other value: 10 points, weight 3.",
        "Score 20, the weighted mean of the points.",
        "20 is at least 20, so Grade C.",
        "Grade B begins at 40; 20 is missing.",
    ]
    assert said(2)[1] == "profile.region is missing (null): left out, the other items count more."
    assert said(0, "zh")[2:4] == ["总分 60（加权平均）。", "60 不低于 40，因此为B 级。"]
    assert said(0, grading="shares", shares=[0.5])[3] == "60 is at least 60, the score of the best 50 % of the customers, so Grade A."
    assert said(3, cuts=[90])[3] == "15 lies below every cut, so Grade B."


def bands(*starts: Any) -> dict[str, Any]:
    return {"items": [{"feature": "orders.count", "bands": [{"from": start, "points": 1} for start in starts]}]}


@pytest.mark.parametrize(
    ("params", "field", "message"),
    [
        ({"items": []}, "items", "Length must be between"),
        (bands(1, 2), "items", "the first band begins at 1"),
        (bands(None, 3, 3), "items", "bands must ascend"),
        (bands(None, 3, None), "items", "bands must ascend"),
        ({"items": [{**COUNT, "values": REGION["values"]}]}, "items", "either bands or values"),
        ({"items": [{"feature": "orders.count"}]}, "items", "either bands or values"),
        ({"items": [COUNT, COUNT]}, "items", "orders.count stands twice"),
        ({"items": [{**COUNT, "weight": 0}]}, "items", "at least one weight"),
        ({"items": [{**COUNT, "weight": -1}]}, "items", "Must be greater"),
        ({"items": [{**COUNT, "feature": "count"}]}, "items", "must be a feature or an output"),
        ({"items": [{**REGION, "values": [{"value": "a", "points": 1}, {"value": True, "points": 1}]}]}, "items", "must all be texts"),
        ({"items": [{**REGION, "values": [{"value": "a", "points": 1}] * 2}]}, "items", "'a' stands twice"),
        ({"shares": [0.5, 1.5]}, "shares", "each share must lie between 0 and 1"),
        ({"cuts": [5, 3]}, "cuts", "cuts must ascend"),
        ({"cuts": [5], "labels": [{"key": "x"}]}, "labels", "1 cuts make 2 grades, but there are 1 labels"),
    ],
)
def test_wrong_parameters_are_refused(params: dict[str, Any], field: str, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Scorecard(params)
    messages: Any = caught.value.messages
    assert set(messages) == {field}
    assert message in str(messages[field])


def test_bounds_range_and_pictures() -> None:
    policy = Scorecard({"items": [COUNT, REGION], "cuts": [15, 25, 60]})
    assert policy.bounds(None) == {"orders.count": [2, 5]}
    assert (policy.outputs()[1].minimum, policy.outputs()[1].maximum) == (0, 85)
    grades, scores = (picture.data({**COLUMNS, **result(cuts=[15, 25, 60])}, None) for picture in policy.pictures())
    assert grades["customers"].tolist() == [1, 1, 2, 0]
    assert scores["customers"].sum() == 4


def test_a_grade_that_no_score_reaches_is_found() -> None:
    grades = Scorecard({"items": [COUNT], "cuts": [50, 120]}).rule_sets()[-1]
    from engine import ColumnKind

    score = ColumnKind.of_output(Scorecard({"items": [COUNT], "cuts": [50, 120]}).outputs()[1])
    assert score is not None
    assert "TW354 row 1 can never match: no possible value of score does" in [str(finding) for finding in grades.verify({"score": score})]


def test_texts_with_quotes_are_values() -> None:
    item = {"feature": "profile.region", "values": [{"value": 'a"\\b', "points": 7}]}
    policy = Scorecard({"items": [item]})
    assert policy.apply({"profile.region": Codes.of(['a"\\b', "b"])}, policy.fit({}))["score"].tolist() == [7, 0]
