"""Feature definitions of a rulebook: what they become, and every fault with its place."""

from __future__ import annotations

from typing import Any

import pytest

from engine.catalogue import Catalogue, Feature
from engine.errors import FeatureError
from engine.feature_documents import KEYS, check_feature, parse_features
from engine.policy import Text

BUILT_IN = Catalogue.built_in()
WEB = {"feature": "channel", "op": "=", "value": "web"}


def parsed(*documents: Any) -> list[Feature]:
    features, faults = parse_features(list(documents), BUILT_IN)
    assert not faults, [str(fault) for fault in faults]
    return features


def faults(*documents: Any) -> list[tuple[str, str]]:
    return [(fault.place, f"{fault.found}; {fault.expected}") for fault in parse_features(list(documents), BUILT_IN)[1]]


def test_a_filtered_sum_is_an_amount_and_has_windows_of_its_own() -> None:
    (web,) = parsed(
        {
            "name": "orders.web_amount",
            "source": "orders",
            "aggregate": "sum",
            "of": "amount",
            "where": WEB,
            "title": {"en": "Web", "zh": "网店"},
        }
    )
    assert (web.dtype, web.unit, web.step, web.nullable, web.title) == ("amount", "money", 0.01, False, Text("Web", "网店"))
    assert BUILT_IN.with_features([web]).resolve("orders.web_amount_30d").where == WEB


def test_this_quarter_against_the_one_before() -> None:
    before, trend, growth = parsed(
        {"name": "orders.before", "source": "orders", "aggregate": "sum", "of": "amount", "window_days": 90, "ends_days_before": 90},
        {"name": "trend.quarter", "ratio": ["orders.amount_90d", "orders.before"], "min_count": 3, "title": "Trend"},
        {"name": "trend.growth", "difference": ["orders.amount_90d", "orders.before"]},
    )
    assert (before.window_days, before.ends_days_before, before.windowable) == (90, 90, False)
    assert (trend.terms, trend.min_count, trend.dtype, trend.nullable) == (("orders.amount_90d", "orders.before"), 3, "number", True)
    assert (growth.dtype, growth.unit) == ("amount", "money")


@pytest.mark.parametrize("aggregate", ["count", "days", "recency", "tenure", "interval", "interval_median", "gap"])
def test_every_aggregate_of_orders_can_be_filtered(aggregate: str) -> None:
    (found,) = parsed(
        {"name": "orders.x", "source": "orders", "aggregate": aggregate, "where": {"any": [WEB, {"not": {**WEB, "value": "shop"}}]}}
    )
    assert found.nullable == (aggregate not in ("count", "days"))
    assert found.where == {"any": [WEB, {"not": {**WEB, "value": "shop"}}]}


COUNT = {"name": "orders.x", "source": "orders", "aggregate": "count"}


@pytest.mark.parametrize(
    ("document", "place", "words"),
    [
        (7, "features[0]", "expected an object"),
        ({**COUNT, "name": "Orders.X"}, "features[0].name", "lower-case"),
        ({**COUNT, "name": "orders.x\n"}, "features[0].name", "lower-case"),
        ({**COUNT, "name": "orders.count"}, "features[0].name", "there is already"),
        ({**COUNT, "name": "orders.count_30d"}, "features[0].name", "there is already"),
        ({**COUNT, "name": "previous.x"}, "features[0].name", "another first part"),
        ({**COUNT, "title": {"de": "X"}}, "features[0].title", "en and zh"),
        ({**COUNT, "unit": 3}, "features[0].unit", "expected a text"),
        ({**COUNT, "windows": 3}, "features[0].windows", "did you mean 'window_days'"),
        ({**COUNT, "source": "ordres"}, "features[0].source", "did you mean 'orders'"),
        ({**COUNT, "source": ["orders"]}, "features[0].source", "expected one of orders"),
        ({**COUNT, "aggregate": "cuont"}, "features[0].aggregate", "did you mean 'count'"),
        ({**COUNT, "of": "amount"}, "features[0].of", "takes no column"),
        ({**COUNT, "aggregate": "sum"}, "features[0].of", "expected one of amount"),
        ({**COUNT, "aggregate": "sum", "of": "amout"}, "features[0].of", "did you mean 'amount'"),
        ({**COUNT, "aggregate": "average", "of": "net_amount"}, "features[0].of", "amount"),
        ({**COUNT, "window_days": 0}, "features[0].window_days", "from 1 to 36,500"),
        ({**COUNT, "window_days": True}, "features[0].window_days", "from 1 to 36,500"),
        ({**COUNT, "ends_days_before": -1}, "features[0].ends_days_before", "from 0 to 36,500"),
        ({**COUNT, "min_count": 3}, "features[0].min_count", "without ratio"),
        ({**COUNT, "where": {**WEB, "feature": "chanel"}}, "features[0].where.feature", "did you mean 'channel'"),
        ({**COUNT, "where": {**WEB, "feature": "category"}}, "features[0].where.feature", "category"),
        ({**COUNT, "where": {**WEB, "op": "contains"}}, "features[0].where.op", "cannot use contains"),
        ({**COUNT, "where": {**WEB, "value": 7}}, "features[0].where.value", "7"),
        (
            {**COUNT, "where": {"all": [WEB, {"feature": "store", "op": "=", "other": "channel"}]}},
            "features[0].where.all[1].op",
            "two columns",
        ),
        ({**COUNT, "where": []}, "features[0].where", "no condition"),
        ({"name": "x.y", "ratio": ["orders.count"]}, "features[0].ratio", "two feature names"),
        ({"name": "x.y", "ratio": ["orders.cuont", "orders.count"]}, "features[0].ratio", "did you mean 'orders.count'"),
        ({"name": "x.y", "ratio": ["orders.count", "profile.region"]}, "features[0].ratio", "expected two numbers"),
        ({"name": "x.y", "ratio": ["orders.count", "profile.age"], "min_count": 2}, "features[0].min_count", "counts no rows"),
        ({"name": "x.y", "ratio": ["orders.count", "x.y"]}, "features[0].ratio", "defined before"),
        ({"name": "x.y", "ratio": ["orders.count", "orders.amount"], "window_days": 3}, "features[0].window_days", "beside ratio"),
    ],
)
def test_a_fault_names_its_place_and_what_would_be_right(document: Any, place: str, words: str) -> None:
    found = faults(document)
    assert [where for where, _ in found] == [place], found
    assert words in found[0][1]


def test_all_faults_of_all_definitions_come_at_once() -> None:
    found = faults({**COUNT, "name": "x", "window_days": 0, "where": {**WEB, "op": "~"}}, {**COUNT}, {**COUNT}, {"name": "x.y", "ratio": 3})
    assert [place for place, _ in found] == [
        "features[0].name",
        "features[0].window_days",
        "features[0].where.op",
        "features[2].name",
        "features[3].ratio",
    ]


@pytest.mark.parametrize(
    ("feature", "words"),
    [
        (Feature("web", "orders", "count", Text("", "")), "expected a name such as"),
        (Feature("orders.web", "order", "count", Text("", "")), "expected one of orders, refunds, lines"),
        (Feature("orders.web", "orders", "distinct", Text("", "")), "expected one of count"),
        (Feature("orders.web", "orders", "sum", Text("", ""), of="price"), "expected one of amount"),
        (
            Feature("orders.web", "orders", "count", Text("", ""), where={"feature": "chanel", "op": "=", "value": "x"}),
            "did you mean 'channel'",
        ),
    ],
)
def test_a_plugin_s_feature_is_checked_too(feature: Feature, words: str) -> None:
    with pytest.raises(FeatureError, match=words):
        check_feature(feature)
    check_feature(Feature("orders.web", "orders", "count", Text("", ""), where=WEB))


def test_the_reference_page_names_every_key() -> None:
    from pathlib import Path

    page = (Path(__file__).parents[1] / "docs" / "reference" / "features.md").read_text(encoding="utf-8")
    for key in KEYS:
        assert f"`{key}`" in page, key
    for feature in BUILT_IN.list():
        assert f"`{feature.name}`" in page, feature.name
