"""Segments: membership in the first or in all, missing values, explanations, wrong parameters, and the contract."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from engine import Codes, Condition
from engine.outputs import check_outputs
from engine.testing import check_policy, contract_tests
from engine.wording import Words
from plugins.segments import Segments


def leaf(feature: str, op: str, value: Any) -> dict[str, Any]:
    return {"feature": feature, "op": op, "value": value}


VIP = {"key": "vip", "title": {"en": "VIP", "zh": "贵宾"}, "step": 1, "when": leaf("orders.amount", ">=", 1000)}
NORTH = {"key": "north", "title": "North", "when": leaf("profile.region", "=", "north")}
YOUNG = {"key": "young", "when": {"all": [leaf("profile.age", "<", 30), {"feature": "orders.count", "op": "is_present"}]}}

TestContract = contract_tests(
    Segments,
    {},
    {"mode": "all"},
    {"segments": [VIP, NORTH, YOUNG], "otherwise": [{"key": "rest"}]},
    {"segments": [VIP, NORTH, YOUNG], "mode": "all"},
)

COLUMNS: dict[str, Any] = {
    "orders.amount": np.array([2000.0, 10, 10, np.nan]),
    "profile.region": Codes.of(["north", "north", "south", None]),
    "profile.age": np.array([40.0, 20, 20, np.nan]),
    "orders.count": np.array([1.0, 1, 1, 1]),
}


def result(params: dict[str, Any]) -> Any:
    policy = Segments({"segments": [VIP, NORTH, YOUNG], **params})
    return check_outputs(policy, policy.apply(COLUMNS, None), 4)


def test_the_first_that_fits_decides_and_unknown_does_not_fit() -> None:
    found = result({})
    assert found["segment"].texts() == ["vip", "north", "young", None]
    assert found["rule"].tolist() == [0, 1, 2, -1]
    assert found["withheld"].tolist() == [-1, -1, -1, 0]
    assert Segments({}).reasons()[0].text.zh == "不符合任何分群"


def test_everybody_else_may_have_a_label() -> None:
    found = result({"otherwise": [{"key": "rest", "title": "Rest"}]})
    assert found["segment"].texts()[3] == "rest"
    assert found["rule"].tolist()[3] == -1
    assert "withheld" not in found


def test_a_customer_may_be_in_several() -> None:
    assert result({"mode": "all"})["segments"].tolist() == [0b011, 0b110, 0b100, 0]


LEAVES = st.builds(
    leaf, st.sampled_from(["orders.count", "orders.amount"]), st.sampled_from(["<", "<=", ">", ">=", "=", "!="]), st.integers(-5, 2000)
)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda kind, items: {kind: items}, st.sampled_from(["all", "any"]), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda item: {"not": item}, inner),
    ),
    max_leaves=4,
)


@settings(max_examples=25, deadline=None)
@given(st.lists(DOCUMENTS, min_size=1, max_size=5), st.booleans(), st.booleans())
def test_any_conditions_keep_the_contract(documents: list[Any], first: bool, rest: bool) -> None:
    params: dict[str, Any] = {
        "mode": "first" if first else "all",
        "segments": [{"key": f"s{i}", "when": d} for i, d in enumerate(documents)],
    }
    if first and rest:
        params["otherwise"] = [{"key": "rest"}]
    check_policy(Segments, params, rows=23)


@settings(max_examples=25, deadline=None)
@given(st.lists(DOCUMENTS, min_size=1, max_size=4), st.lists(st.tuples(st.integers(0, 9), st.integers(-9, 2100)), min_size=1, max_size=20))
def test_both_modes_agree_with_the_conditions_themselves(documents: list[Any], customers: list[Any]) -> None:
    count, amount = zip(*customers, strict=True)
    columns = {"orders.count": np.array(count, dtype=float), "orders.amount": np.array(amount, dtype=float)}
    segments = [{"key": f"s{i}", "when": document} for i, document in enumerate(documents)]
    true = [Condition.load(document).evaluate(columns).tolist() for document in documents]
    first = Segments({"segments": segments}).apply(columns, None)["segment"].tolist()
    many = Segments({"segments": segments, "mode": "all"}).apply(columns, None)["segments"].tolist()
    for at, (one, bits) in enumerate(zip(first, many, strict=True)):
        held = [i for i, verdicts in enumerate(true) if verdicts[at]]
        assert one == (held[0] if held else -1)
        assert bits == sum(1 << i for i in held)


def said(row: int, language: str = "en", **params: Any) -> list[str]:
    policy = Segments({"segments": [VIP, NORTH, YOUNG], **params})
    one = {name: column[row : row + 1] for name, column in COLUMNS.items()}
    return [Words(language).reason(reason) for reason in policy.explain(one, None)]


def test_an_explanation_goes_down_to_the_segment_that_fits() -> None:
    assert said(1) == ["Not VIP: orders.amount = 10 (not ≥ 1,000).", "North: profile.region = north (= north)."]
    assert said(1, "zh") == ["不属于贵宾：orders.amount = 10（非 ≥ 1,000）。", "North：profile.region = north（= north）。"]
    assert said(3, otherwise=[{"key": "rest", "title": {"en": "Rest", "zh": "其余"}}])[-1] == "No condition is true, so Rest."
    assert said(3)[0] == "Not VIP: orders.amount is missing (≥ 1,000 cannot be told)."
    assert len(said(0, mode="all")) == 3


@pytest.mark.parametrize(
    ("params", "field", "message"),
    [
        ({"segments": []}, "segments", "Length must be between"),
        ({"segments": [VIP, VIP]}, "segments", "the key 'vip' stands twice"),
        ({"segments": [{"key": " x", "when": VIP["when"]}]}, "segments", "must be a printable text"),
        ({"segments": [{**VIP, "step": 9}]}, "segments", "step 9 must be a whole number"),
        ({"segments": [{**VIP, "title": {"en": "x"}}]}, "segments", "must be a text, or"),
        ({"segments": [{"key": "x"}]}, "segments", "Missing data"),
        ({"segments": [{"key": "x", "when": {"feature": "a.b", "op": "=>", "value": 1}}]}, "segments", "TW303"),
        ({"mode": "all", "otherwise": [{"key": "x"}]}, "otherwise", "there is no 'everybody else'"),
        ({"segments": [VIP], "otherwise": [{"key": "vip"}]}, "otherwise", "stands among the segments"),
        ({"otherwise": [{"key": "x"}, {"key": "y"}]}, "otherwise", "Longer than maximum length 1"),
        ({"mode": "all", "segments": [{**VIP, "key": f"s{i}"} for i in range(65)]}, "segments", "65 segments"),
    ],
)
def test_wrong_parameters_are_refused(params: dict[str, Any], field: str, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Segments(params)
    messages: Any = caught.value.messages
    assert set(messages) == {field}
    assert message in str(messages[field])


def test_bounds_and_pictures() -> None:
    policy = Segments({"segments": [VIP, NORTH, YOUNG]})
    assert policy.bounds(None) == {"orders.amount": [1000], "profile.age": [30]}
    drawn = policy.pictures()[0].data({**COLUMNS, **result({})}, None)
    assert dict(zip(drawn["label"].tolist(), drawn["customers"].tolist(), strict=True)) == {"vip": 1, "north": 1, "young": 1}
    several = Segments({"segments": [VIP, NORTH, YOUNG], "mode": "all"})
    assert several.pictures()[0].data(result({"mode": "all"}), None)["customers"].tolist() == [1, 2, 2]


def test_a_hundred_and_fifty_segments_in_order() -> None:
    segments = [{"key": f"s{i}", "when": leaf("orders.count", "=", i)} for i in range(150)]
    policy = Segments({"segments": segments})
    assert policy.apply({"orders.count": np.arange(150)}, None)["segment"].tolist() == list(range(150))
