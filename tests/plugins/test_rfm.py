"""RFM: published counts, ties, the three ways of binning, the segment map, and the contract."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from engine.outputs import check_outputs
from engine.testing import contract_tests
from engine.wording import Words
from plugins.rfm import RFM
from plugins.rfm.segments import USUAL_LABELS, scores, segment_map, usual_map

KEYS = [label.key for label in USUAL_LABELS]

TestContract = contract_tests(
    RFM,
    {},
    {"window_days": None, "edges": "observed"},
    {"binning": "nested", "bins": 3, "monetary": "average"},
    {"binning": "fixed", "frequency": "purchase_days", "monetary": "net", "weights": {"r": 3, "f": 2.5, "m": 0}},
)


def columns_of(policy: RFM, recency: Any, frequency: Any, money: Any) -> dict[str, Any]:
    return {
        "orders.recency_days": np.array(recency, dtype=float),
        policy.frequency: np.array(frequency),
        policy.money: np.array(money, dtype=float),
    }


def scored(params: dict[str, Any], recency: Any, frequency: Any, money: Any) -> Any:
    policy = RFM(params)
    columns = columns_of(policy, recency, frequency, money)
    return check_outputs(policy, policy.apply(columns, policy.fit(columns)), len(recency))


def test_online_retail_scores_as_published(data_dir: Path) -> None:
    import pandas as pd

    lines = pd.read_parquet(data_dir / "online_retail.parquet")
    sales = lines[
        lines.CustomerID.notna() & ~lines.InvoiceNo.astype(str).str.startswith("C") & (lines.Quantity > 0) & (lines.UnitPrice > 0)
    ]
    orders = sales.assign(cents=(sales.Quantity * sales.UnitPrice * 100).round()).groupby("CustomerID")
    recency = (pd.Timestamp("2011-12-09 12:50") - orders.InvoiceDate.max()).dt.total_seconds() // 86_400
    result = scored({"window_days": None}, recency, orders.InvoiceNo.nunique(), orders.cents.sum() / 100)
    assert np.bincount(result["f"].astype(int)).tolist() == [0, 1493, 835, 508, 802, 700]
    assert {key: int((result["segment"] == key).sum()) for key in ("champions", "loyal", "lost")} == {
        "champions": 604,
        "loyal": 695,
        "lost": 623,
    }


def test_the_best_customer_is_a_champion_and_the_worst_is_lost() -> None:
    result = scored({}, [1, 50, 100, 200, 300], [9, 7, 5, 3, 1], [900, 700, 500, 300, 100])
    assert result["code"].texts() == ["5-5-5", "4-4-4", "3-3-3", "2-2-2", "1-1-1"]
    assert result["segment"].texts() == ["champions", "loyal", "need_attention", "hibernating", "lost"]
    assert result["total"].tolist() == [5, 4, 3, 2, 1]
    assert result["rule"].tolist() == [0, 1, 5, 11, 10]


def test_who_never_bought_has_no_rfm_but_a_reason() -> None:
    result = scored({}, [np.nan, 500, 10], [0, 0, 3], [0, 0, 90])
    assert result["withheld"].tolist() == [0, 2, -1]
    assert result["segment"].texts()[:2] == [None, None]
    assert result["code"].texts()[:2] == [None, None]
    assert np.isnan(result["r"]).tolist() == [True, True, False]
    assert result["rule"].tolist()[:2] == [-1, -1]
    assert RFM({"window_days": 90}).reasons()[2].text.en == "no order within 90 days"
    assert [reason.key for reason in RFM({"window_days": None}).reasons()] == ["no_order", "nobody"]


def test_where_nobody_bought_there_is_nobody_to_compare_with() -> None:
    policy = RFM()
    assert policy.fit(columns_of(policy, [np.nan], [0], [0])) == {}
    late = columns_of(policy, [3, np.nan], [1, 0], [50, 0])
    assert check_outputs(policy, policy.apply(late, {}), 2)["withheld"].tolist() == [1, 0]  # type: ignore[union-attr]


TIED = st.lists(st.tuples(st.integers(0, 6), st.integers(1, 5), st.integers(-3, 9)), min_size=1, max_size=60)


@given(TIED, st.integers(2, 9), st.sampled_from(["linear", "observed"]))
def test_equal_values_get_equal_scores_and_better_is_never_worse(customers: list[Any], bins: int, edges: str) -> None:
    columns = list(zip(*customers, strict=True))
    result = scored({"bins": bins, "edges": edges}, *columns)
    for values, name, better in zip(columns, "rfm", (-1, 1, 1), strict=True):
        pairs = sorted(zip((better * value for value in values), result[name].tolist(), strict=True))
        assert all(a[1] <= b[1] and (a[0] != b[0] or a[1] == b[1]) for a, b in itertools.pairwise(pairs))


@given(TIED, st.integers(2, 5))
def test_nested_binning_is_quantiles_within_each_group(customers: list[Any], bins: int) -> None:
    recency, frequency, money = (np.array(column, dtype=float) for column in zip(*customers, strict=True))
    result = scored({"bins": bins, "binning": "nested"}, recency, frequency, money)
    r, f = result["r"], result["f"]
    assert r.tolist() == scored({"bins": bins}, recency, frequency, money)["r"].tolist()
    for group in np.unique(r):
        own = r == group
        assert f[own].tolist() == scored({"bins": bins}, recency[own], frequency[own], money[own])["f"].tolist()
        for inner in np.unique(f[own]):
            both = own & (f == inner)
            assert result["m"][both].tolist() == scored({"bins": bins}, recency[both], frequency[both], money[both])["m"].tolist()


def test_fixed_cuts_need_no_population() -> None:
    params = {"binning": "fixed", "bins": 3, "r_cuts": [30, 90], "f_cuts": [1, 4], "m_cuts": [100, 500.5]}
    result = scored(params, [30, 31, 91], [5, 4, 1], [500.51, 500.5, 100])
    assert result["code"].texts() == ["3-3-3", "2-2-2", "1-1-1"]


def test_weights_make_the_total() -> None:
    result = scored({"weights": {"r": 0, "f": 1, "m": 3}}, [1, 50, 100, 200, 300], [9, 7, 5, 3, 1], [100, 300, 500, 700, 900])
    assert result["total"].tolist() == [2, 2.5, 3, 3.5, 4]


@pytest.mark.parametrize(
    ("params", "inputs"),
    [
        ({}, ("orders.recency_days?", "orders.count_365d", "orders.amount_365d")),
        ({"window_days": None}, ("orders.recency_days?", "orders.count", "orders.amount")),
        (
            {"frequency": "purchase_days", "monetary": "net"},
            ("orders.recency_days?", "orders.purchase_days_365d", "orders.net_amount_365d"),
        ),
        ({"monetary": "average"}, ("orders.recency_days?", "orders.count_365d", "orders.average_amount_365d?")),
    ],
)
def test_inputs_follow_the_parameters(params: dict[str, Any], inputs: tuple[str, ...]) -> None:
    assert RFM(params).inputs() == inputs


@pytest.mark.parametrize("bins", range(2, 10))
def test_the_usual_map_has_no_gap_and_no_dead_row_at_any_number_of_bins(bins: int) -> None:
    document = usual_map(bins)
    found = segment_map(document, bins, KEYS)
    assert len(found.segment) == bins**3 + 1
    assert found.segment[:-1].min() >= 0
    assert set(found.rule[:-1].tolist()) == set(range(len(document["rows"])))
    assert (KEYS[found.segment[0]], KEYS[found.segment[-2]]) == ("champions", "lost")


@pytest.mark.parametrize("bins", [5, 6, 7, 8, 9])
def test_from_five_bins_on_all_eleven_segments_occur(bins: int) -> None:
    assert set(segment_map(usual_map(bins), bins, KEYS).segment[:-1].tolist()) == set(range(11))


def test_the_map_at_five_bins_equals_its_description() -> None:
    """The common map over R and F; M only moves a big spender to "cannot lose" and tells lost from hibernating."""
    by_rf = {
        **{(5, f): "champions" for f in (4, 5)},
        **{(r, f): "loyal" for r in (3, 4) for f in (4, 5)},
        **{(r, f): "potential_loyalist" for r in (4, 5) for f in (2, 3)},
        (5, 1): "new",
        (4, 1): "promising",
        (3, 3): "need_attention",
        **{(3, f): "about_to_sleep" for f in (1, 2)},
        **{(r, 5): "cannot_lose" for r in (1, 2)},
        **{(r, f): "at_risk" for r in (1, 2) for f in (3, 4)},
        **{(r, f): "hibernating" for r in (1, 2) for f in (1, 2)},
    }
    found = segment_map(usual_map(5), 5, KEYS).segment
    for at, (r, f, m) in enumerate(zip(*scores(5).values(), strict=True)):
        expected = by_rf[int(r), int(f)]
        if expected == "at_risk" and m == 5:
            expected = "cannot_lose"
        if r == 1 and f <= 2 and m <= 2:
            expected = "lost"
        assert KEYS[found[at]] == expected, f"{r}-{f}-{m}"


def table(rows: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"inputs": ["r"], "outputs": ["segment"], "hit_policy": "first", "rows": rows, **more}


TWO = [{"key": "in", "title": "In"}, {"key": "out", "title": {"en": "Out", "zh": "外"}}]


def test_the_map_and_its_labels_can_be_replaced() -> None:
    params = {"labels": TWO, "segments": table([{"when": [">= 4"], "then": ["in"]}], default=["out"])}
    result = scored(params, [1, 50, 100, 200, 300], [9, 7, 5, 3, 1], [900, 700, 500, 300, 100])
    assert result["segment"].texts() == ["in", "in", "out", "out", "out"]
    assert result["rule"].tolist() == [0, 0, -1, -1, -1]


@pytest.mark.parametrize(
    ("params", "faults"),
    [
        ({"bins": 10}, {"bins": "Must be greater than or equal to 2 and less than or equal to 9"}),
        ({"binning": "fixed", "bins": 4}, dict.fromkeys(("r_cuts", "f_cuts", "m_cuts"), "4 bins need 3 cuts, found 4")),
        ({"binning": "fixed", "window_days": 200}, {"r_cuts": "240 lies outside the window of 200 days"}),
        ({"m_cuts": [5, 5]}, {"m_cuts": "cuts must ascend, but 5 stands before 5"}),
        ({"weights": {"r": 1, "f": 1}}, {"weights": "the weight of 'm' is missing"}),
        ({"weights": {"r": 0, "f": 0, "m": 0}}, {"weights": "one of them above zero"}),
        ({"labels": TWO}, {"labels": "has no label; labels are in, out"}),
        (
            {"labels": TWO, "segments": table([{"when": [">= 4"], "then": ["in"]}])},
            {"segments": "75 combinations have no segment, such as r = 3, f = 5, m = 5; add a row or a default"},
        ),
        ({"labels": TWO, "segments": table([{"when": ["-"], "then": ["inn"]}])}, {"segments": "segment 'inn' has no label"}),
        ({"segments": table([{"when": ["-"], "then": [1]}])}, {"segments": "segments are texts"}),
        ({"segments": table([{"when": ["5 to 4"], "then": ["lost"]}])}, {"segments": "row 1"}),
        ({"segments": {**usual_map(5), "hit_policy": "unique"}}, {"segments": '"hit_policy": "first", found \'unique\''}),
        ({"segments": {**usual_map(5), "inputs": ["r", "f", "x"]}}, {"segments": "decides over r, f and m"}),
        ({"segments": {**usual_map(5), "outputs": ["grade"]}}, {"segments": "the one output 'segment'"}),
        ({"segments": {}}, {"segments": "hit_policy"}),
    ],
)
def test_wrong_parameters_are_refused(params: dict[str, Any], faults: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as caught:
        RFM(params)
    messages: Any = caught.value.messages
    assert set(messages) == set(faults)
    for name, message in faults.items():
        assert message in str(messages[name][0])


def test_the_default_map_is_written_out_so_that_it_can_be_edited() -> None:
    full = RFM.full_params({"bins": 3})
    assert full["segments"]["rows"][0] == {"when": ["3", "3", "-"], "then": ["champions"]}
    assert [label["key"] for label in full["labels"]] == KEYS


def test_explanations_name_value_interval_and_row() -> None:
    policy = RFM()
    columns = columns_of(policy, [25], [10], [2265.12])
    state = {"r": [12, 32, 71, 178], "f": [1, 2, 3, 6], "m": [250, 490, 942, 2058.5]}
    reasons = policy.explain(columns, state)
    assert [Words("en").reason(r) for r in reasons] == [
        "Last order 25 days ago: score 4 of 5, more than 12, up to 32.",
        "10 orders in 365 days: score 5 of 5, more than 6.",
        "Sales of 2,265.12 in 365 days: score 5 of 5, more than 2,058.5.",
        "4-5-5 is first matched by row 2 (r [3..4], f [4..5]): Loyal.",
    ]
    assert Words("zh").reason(reasons[1]) == "365 天内订单 10：得 5 分（共 5 分），超过 6。"
    assert policy.explain(columns_of(policy, [np.nan], [0], [0]), state) == []
    once = policy.explain(columns_of(policy, [1], [1], [10]), state)
    assert [Words("en").reason(r) for r in once][:2] == [
        "Last order 1 day ago: score 5 of 5, up to 12.",
        "1 order in 365 days: score 1 of 5, up to 1.",
    ]


def test_a_nested_explanation_uses_the_edges_of_the_group() -> None:
    policy = RFM({"binning": "nested", "bins": 2})
    columns = columns_of(policy, [1, 1, 9, 9], [1, 3, 5, 9], [1, 2, 3, 4])
    state = policy.fit(columns)
    one = {name: column[2:3] for name, column in columns.items()}
    frequency = policy.explain(one, state)[1]
    assert Words("en").reason(frequency) == "5 orders in 365 days: score 1 of 2, up to 7 among equal recency."
    assert policy.bounds(state)[policy.frequency] == [2, 7]


def test_the_heat_map_counts_recency_against_frequency() -> None:
    policy = RFM({"binning": "fixed", "bins": 2, "r_cuts": [30], "f_cuts": [1], "m_cuts": [100]})
    columns = columns_of(policy, [5, 5, 60, np.nan], [2, 3, 1, 0], [10, 20, 40, 0])
    state = policy.fit(columns)
    result = check_outputs(policy, policy.apply(columns, state), 4)
    heat_map, treemap = (picture.data({**columns, **result}, state) for picture in policy.pictures())
    cells = zip(*(heat_map[name].tolist() for name in ("x", "y", "customers", "amount")), strict=True)
    assert set(cells) == {(1, 1, 1, 40), (2, 1, 0, 0), (1, 2, 0, 0), (2, 2, 2, 30)}
    assert treemap["customers"].sum() == 3
    ends = zip(*(heat_map[name].tolist() for name in ("x_above", "x_up_to", "y_above", "y_up_to")), strict=True)
    assert str(next(ends)) == "(nan, 1.0, 30.0, nan)"


def test_nested_scores_have_no_interval_of_their_own() -> None:
    policy = RFM({"binning": "nested", "bins": 2})
    columns = columns_of(policy, [1, 1, 9, 9], [1, 3, 5, 9], [1, 2, 3, 4])
    state = policy.fit(columns)
    drawn = policy.pictures()[0].data({**columns, **check_outputs(policy, policy.apply(columns, state), 4)}, state)
    assert "x_above" not in drawn
