"""ABC: the published case, ties and negatives, and the contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from engine import bands
from engine.outputs import check_outputs
from engine.testing import contract_tests
from engine.wording import Words
from plugins.abc import ABC

CROSSINGS = ("lower", "upper", "own")

TestContract = contract_tests(
    ABC, {}, {"cuts": [0.5], "crossing": "own"}, {"measure": "orders.net_amount_90d", "crossing": "upper"}, {"measure": "rfm.total"}
)


def graded(params: dict[str, Any], amounts: Any, count: Any = None) -> Any:
    """Fit and apply on amounts of customers who have an order unless `count` says otherwise."""
    amounts = np.array(amounts, dtype=float)
    policy = ABC(params)
    columns = {policy.params.measure: amounts, "orders.count": np.ones(len(amounts), dtype=int) if count is None else np.array(count)}
    return check_outputs(policy, policy.apply(columns, policy.fit(columns)), len(amounts))


def test_online_retail_has_1132_customers_in_a(data_dir: Path) -> None:
    import pyarrow.parquet as pq

    lines = pq.read_table(data_dir / "online_retail.parquet").to_pandas()
    sales = lines[
        lines.CustomerID.notna() & ~lines.InvoiceNo.astype(str).str.startswith("C") & (lines.Quantity > 0) & (lines.UnitPrice > 0)
    ]
    amounts = (sales.Quantity * sales.UnitPrice * 100).round().groupby(sales.CustomerID).sum().to_numpy() / 100
    assert (len(amounts), round(amounts.sum(), 2)) == (4338, 8_911_407.90)
    assert np.bincount(graded({}, amounts)["class"].codes).tolist() == [1132, 1469, 1737]
    assert np.bincount(graded({"crossing": "upper"}, amounts)["class"].codes).tolist() == [1133, 1469, 1736]


def test_classes_are_cut_by_share_and_say_what_is_missing() -> None:
    result = graded({"cuts": [0.6, 0.9]}, [60, 25, 10, 5, 0])
    assert result["class"].texts() == ["A", "B", "C", "C", "C"]
    assert result["to_next"].tolist()[1:] == [35, 15, 20, 25]
    assert np.isnan(result["to_next"][0])


def test_nobody_is_in_a_class_that_one_customer_would_overfill() -> None:
    result = graded({}, [90, 4, 3, 3])
    assert result["class"].texts() == ["B", "B", "C", "C"]
    assert np.isnan(result["to_next"][0])


def test_who_never_ordered_has_no_class_but_a_reason() -> None:
    result = graded({}, [60, 0, 0, 40], count=[1, 0, 2, 1])
    assert result["class"].texts()[1:3] == [None, "C"]
    assert result["withheld"].tolist() == [-1, 0, -1, -1]


def test_a_measure_of_another_source_asks_for_no_orders() -> None:
    assert ABC({"measure": "rfm.total"}).inputs() == ("rfm.total",)
    assert ABC({"measure": "orders.count"}).inputs() == ("orders.count",)
    assert "withheld" not in graded({"measure": "rfm.total"}, [3, 2, 1])


AMOUNTS = st.lists(st.integers(-300, 3000).map(lambda cents: cents / 100), min_size=1, max_size=40)


@given(AMOUNTS, st.sampled_from(CROSSINGS), st.sampled_from([[0.8, 0.95], [0.5], [0.2, 0.4, 0.6, 0.8]]))
def test_equal_amounts_share_a_class_and_more_is_never_worse(amounts: list[float], crossing: str, cuts: list[float]) -> None:
    codes = graded({"crossing": crossing, "cuts": cuts}, amounts)["class"].codes.tolist()
    for one, first in zip(amounts, codes, strict=True):
        for other, second in zip(amounts, codes, strict=True):
            assert one != other or first == second
            assert one <= other or first <= second
        assert one > 0 or first == len(cuts)


@given(AMOUNTS)
def test_with_the_crossing_customer_below_no_class_exceeds_its_share(amounts: list[float]) -> None:
    codes = graded({}, amounts)["class"].codes
    cents = np.rint(np.maximum(amounts, 0) * 100).astype(int)
    assert cents[codes == 0].sum() * 100 <= cents.sum() * 80
    assert cents[codes <= 1].sum() * 100 <= cents.sum() * 95


@given(AMOUNTS, st.sampled_from([0.01, 0.25, 7, 100]))
def test_the_unit_of_the_amount_does_not_matter(amounts: list[float], unit: float) -> None:
    scaled = [round(amount * 100) * unit / 100 for amount in amounts]
    assert graded({}, scaled)["class"].texts() == graded({}, [round(amount * 100) / 100 for amount in amounts])["class"].texts()


@pytest.mark.parametrize(
    ("params", "faults"),
    [
        ({"cuts": [0.95, 0.8]}, {"cuts": "cuts must ascend, but 0.95 stands before 0.8"}),
        ({"cuts": [80, 95]}, {"cuts": "each cut must lie between 0 and 1, found 80; 80 % is 0.8"}),
        ({"cuts": []}, {"cuts": "Length must be between 1 and 6"}),
        ({"cuts": ["0.8"]}, {"cuts": "Not a valid number"}),
        ({"labels": [{"key": "A"}]}, {"labels": "2 cuts make 3 classes, but there are 1 labels"}),
        ({"measure": "amount"}, {"measure": "must be a feature or an output"}),
        ({"crossing": "sideways"}, {"crossing": "Must be one of: lower, upper, own"}),
    ],
)
def test_wrong_parameters_are_refused(params: dict[str, Any], faults: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as caught:
        ABC(params)
    messages: Any = caught.value.messages
    assert set(messages) == set(faults)
    for name, message in faults.items():
        assert message in str(messages[name])


def test_classes_can_be_named() -> None:
    labels = [{"key": "core", "title": {"en": "Core", "zh": "核心"}, "step": 1}, {"key": "other", "title": "Other"}]
    assert graded({"cuts": [0.8], "labels": labels}, [80, 20])["class"].texts() == ["core", "other"]
    assert ABC.full_params({"cuts": [0.8]})["labels"][1] == {"key": "B", "title": {"en": "Class B", "zh": "B 类"}, "step": 8}


def test_explanations_name_cut_offs_on_both_sides() -> None:
    policy, state = ABC(), {"cutoffs": [1000.0, 100.0]}

    def said(amount: float) -> list[str]:
        return [Words("en").reason(r) for r in policy.explain({"orders.amount": np.array([amount])}, state)]

    assert said(1000.0) == ["1,000 is at least 1,000, the smallest amount within the first 80 % of the total, so Class A."]
    assert said(250.0)[1] == "Class A begins at 1,000; 750 is missing."
    assert said(50.0) == ["50 lies below every cut, so Class C.", "Class B begins at 100; 50 is missing."]
    assert said(-5.0)[0] == "-5 is not above zero, so Class C."
    assert policy.explain({"orders.amount": np.array([5.0])}, None) == []


def test_the_bounds_are_the_cut_offs_that_somebody_reaches() -> None:
    assert ABC().bounds({"cutoffs": [bands.NOBODY, 100.0]}) == {"orders.amount": [100.0]}
    assert ABC().bounds(None) == {}


def test_the_pareto_curve_rises_to_one_and_passes_the_cuts() -> None:
    policy = ABC({"cuts": [0.6, 0.9]})
    columns = {"orders.amount": np.array([60.0, 30.0, 10.0, -4.0]), "orders.count": np.ones(4)}
    state = policy.fit(columns)
    drawn = policy.pictures()[0].data({**columns, **check_outputs(policy, policy.apply(columns, state), 4)}, state)
    assert (drawn["x"][[0, -1]].tolist(), drawn["y"][[0, -1]].tolist()) == ([0, 1], [0, 1])
    assert drawn["x"][drawn["bound"]].tolist() == [0.25, 0.5]
    assert drawn["y"][drawn["bound"]].tolist() == pytest.approx([0.6, 0.9])
    assert drawn["value"][drawn["bound"]].tolist() == [60, 30]
    assert drawn["customers"][drawn["bound"]].tolist() == [1, 2]
    assert drawn["label"].tolist() == ["A", "A", "B", "C", "C"]
