"""Lifecycle stages: business cases as files, the contract, and what the parameters refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from marshmallow import ValidationError

from engine.outputs import check_outputs
from engine.testing import contract_tests
from plugins.lifecycle import Lifecycle

CASES = sorted((Path(__file__).parents[1] / "cases" / "lifecycle").glob("*.yaml"))
POPULATION = {"interval_days": 40.0}
"""What `fit` learnt in the rhythm cases: others buy every 40 days."""

TestContract = contract_tests(
    Lifecycle,
    {},
    {"loyal_window_days": None, "won_back_from": "lost"},
    {"basis": "rhythm"},
    {"basis": "rhythm", "interval": "median", "rhythm_purchase_days": 2},
)


def columns_of(policy: Lifecycle, customers: list[dict[str, Any]]) -> dict[str, Any]:
    """The inputs of some customers, from the short names of the case files."""
    names = {
        "recency": "orders.recency_days",
        "tenure": "orders.tenure_days",
        "gap": policy.gap,
        "count": policy.count,
        "interval": policy.interval,
        "days": "orders.purchase_days",
    }
    inputs = {name.removesuffix("?") for name in policy.inputs()}
    return {long: np.array([c.get(short, np.nan) for c in customers], dtype=float) for short, long in names.items() if long in inputs}


def stages(policy: Lifecycle, columns: dict[str, Any], state: Any) -> list[str]:
    result: Any = check_outputs(policy, policy.apply(columns, state), len(columns["orders.recency_days"]))
    return list(result["stage"].texts())


def said(policy: Lifecycle, customer: dict[str, Any], language: str = "en") -> list[str]:
    reasons = policy.explain(columns_of(policy, [customer]), POPULATION)
    return [reason.text.in_(language).format(**(reason.values or {})) for reason in reasons]


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
def test_case(path: Path) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    policy = Lifecycle(case.get("params"))
    columns = columns_of(policy, case["customers"])
    assert stages(policy, columns, POPULATION) == [customer["stage"] for customer in case["customers"]]


def test_the_cases_cover_every_stage() -> None:
    stages = {customer["stage"] for path in CASES for customer in yaml.safe_load(path.read_text(encoding="utf-8"))["customers"]}
    assert stages == set(Lifecycle().outputs()[0].keys)


def test_the_population_interval_is_the_median_of_own_rhythms() -> None:
    policy = Lifecycle({"basis": "rhythm"})
    customers = [{"interval": i, "days": d} for i, d in [(10, 5), (30, 3), (50, 9), (1, 2), (np.nan, 4)]]
    assert policy.fit(columns_of(policy, customers)) == {"interval_days": 30.0}


def test_where_nobody_has_a_rhythm_the_days_stand_in() -> None:
    policy = Lifecycle({"basis": "rhythm", "active_days": 60, "active_times": 2})
    customers = [{"recency": 60, "tenure": 99, "count": 1, "days": 1}, {"recency": 61, "tenure": 99, "count": 1, "days": 1}]
    columns = columns_of(policy, customers)
    state = policy.fit(columns)
    assert state == {"interval_days": 30.0}
    for known in (state, None):
        assert stages(policy, columns, known) == ["active", "at_risk"]


def test_silence_is_told_in_expected_intervals() -> None:
    policy = Lifecycle({"basis": "rhythm"})
    columns = columns_of(policy, [{"recency": 30, "interval": 20, "days": 9}, {"count": 0, "days": 0}])
    result: Any = check_outputs(policy, policy.apply(columns, POPULATION), 2)
    assert (result["interval"][0], result["silence"][0]) == (20, 1.5)
    assert np.isnan(result["interval"][1])
    assert np.isnan(result["silence"][1])


def test_a_gap_is_read_only_where_the_last_order_is_recent() -> None:
    assert "orders.gap_days_45d?" in Lifecycle({"active_days": 45}).inputs()
    assert "orders.gap_days?" in Lifecycle({"basis": "rhythm"}).inputs()
    assert "orders.interval_days?" not in Lifecycle().inputs()


@pytest.mark.parametrize(
    ("params", "faults"),
    [
        ({"new_days": 91}, {"new_days": "is 91, but must not be above active_days, which is 90"}),
        ({"active_days": 180}, {"dormant_days": "is 180, but must be above active_days, which is 180"}),
        (
            {"dormant_days": 400, "lost_times": 2.5},
            {
                "lost_days": "is 365, but must be above dormant_days, which is 400",
                "lost_times": "is 2.5, but must be above dormant_times, which is 3",
            },
        ),
        ({"loyal_orders": 0}, {"loyal_orders": "Must be greater than or equal to 1"}),
        ({"active_days": "90"}, {"active_days": "Not a valid integer"}),
        ({"active_times": True}, {"active_times": "Not a valid number"}),
        ({"lost_times": float("nan")}, {"lost_times": "Special numeric values"}),
        ({"basis": "moon"}, {"basis": "Must be one of: fixed, rhythm"}),
    ],
)
def test_wrong_parameters_are_refused_all_at_once(params: dict[str, Any], faults: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as caught:
        Lifecycle(params)
    messages: Any = caught.value.messages
    assert set(messages) == set(faults)
    for name, message in faults.items():
        assert message in messages[name][0]


def test_explanations_name_what_decided() -> None:
    fixed, rhythm = Lifecycle(), Lifecycle({"basis": "rhythm"})
    assert said(fixed, {"count": 0}) == ["No order yet."]
    assert said(fixed, {"recency": 5, "tenure": 10, "count": 1})[0] == "The first order was 10 days ago, within 30 days."
    assert said(fixed, {"recency": 100, "tenure": 900, "count": 1}) == ["The last order was 100 days ago: more than 90, up to 180 days."]
    assert said(fixed, {"recency": 5, "tenure": 900, "gap": 200, "count": 2})[0].startswith(
        "Before the last order it was silent for 200 days"
    )
    assert (
        said(fixed, {"recency": 5, "tenure": 900, "gap": 9, "count": 7})[-1] == "7 orders in 365 days, at least the 5 of a loyal customer."
    )
    assert said(fixed, {"recency": 1, "tenure": 40, "count": 1}) == [
        "The last order was 1 day ago: up to 90 days.",
        "1 order in 365 days, fewer than the 5 of a loyal customer.",
    ]
    assert said(rhythm, {"recency": 30, "tenure": 900, "interval": 10, "days": 9, "count": 2}) == [
        "The last order was 30 days ago, 3 × its own expected interval of 10 days: more than 1.5, up to 3 ×."
    ]
    assert "总体的预期间隔 40 天" in said(rhythm, {"recency": 30, "tenure": 900, "days": 1, "count": 1}, "zh")[0]


def test_the_outcome_changes_just_beyond_every_bound() -> None:
    policy = Lifecycle()
    customer = {"recency": 5, "tenure": 900, "gap": 9, "count": 2}
    short = {"orders.recency_days": "recency", "orders.tenure_days": "tenure", policy.gap: "gap", policy.count: "count"}
    for name, bounds in policy.bounds({}).items():
        for bound in bounds:
            pair = columns_of(policy, [{**customer, short[name]: bound}, {**customer, short[name]: bound + 1}])
            at, beyond = policy.apply(pair, {})["stage"].tolist()
            assert at != beyond, f"{name} at {bound}"


def test_pictures_count_every_stage_and_who_came_back() -> None:
    policy = Lifecycle()
    columns = columns_of(policy, [{"count": 0}, {"recency": 1, "tenure": 1, "count": 1}, {"recency": 2, "tenure": 2, "count": 1}])
    result: Any = check_outputs(policy, policy.apply(columns, {}), 3)
    funnel, stages = policy.pictures()
    drawn = stages.data({**columns, **result, "orders.amount": np.array([0.0, 20.0, 5.0])}, {})
    assert drawn["customers"].tolist() == [1, 2, 0, 0, 0, 0, 0, 0]
    assert drawn["amount"].tolist() == [0, 25, 0, 0, 0, 0, 0, 0]
    steps = funnel.data({**columns, **result, "orders.count": np.array([0, 1, 3])}, {})
    assert list(zip(steps["x"].tolist(), steps["customers"].tolist(), strict=True)) == [(1, 2), (2, 1), (3, 1), (6, 0), (10, 0)]
    assert len(funnel.data(result, {})["x"]) == 0
