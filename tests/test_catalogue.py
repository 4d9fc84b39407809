"""The catalogue: names, windows, hints, and a hash of everything that decides a result and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.catalogue import LONGEST_WINDOW, Catalogue, Feature
from engine.errors import FeatureError
from engine.kinds import ColumnKind
from engine.policy import Text

BUILT_IN = Catalogue.built_in()
WINDOWABLE = [feature.name for feature in BUILT_IN.list() if feature.windowable]


@pytest.mark.parametrize("feature", BUILT_IN.list(), ids=lambda feature: feature.name)
def test_every_built_in_feature_says_what_rules_and_people_need(feature: Feature) -> None:
    assert feature.title.en.strip()
    assert any("一" <= letter <= "鿿" for letter in feature.title.zh)
    assert feature.name.partition(".")[0] in BUILT_IN.sources
    assert ColumnKind.of_feature(feature).nullable == feature.nullable
    never_missing = feature.aggregate in ("count", "sum", "days", "distinct")
    assert feature.nullable != never_missing


@given(name=st.sampled_from(WINDOWABLE), days=st.integers(1, LONGEST_WINDOW))
def test_every_window_of_a_measure_has_a_name(name: str, days: int) -> None:
    plain, found = BUILT_IN.resolve(name), BUILT_IN.resolve(f"{name}_{days}d")
    assert found == replace(plain, name=f"{name}_{days}d", window_days=days, title=found.title)
    assert str(days) in found.title.en
    assert str(days) in found.title.zh


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("orders.amuont", "did you mean 'orders.amount'"),
        ("orders.amuont_30d", "did you mean 'orders.amount_30d'"),
        ("orders.recency_days_30d", "has no windows"),
        ("profile.age_30d", "has no windows"),
        ("orders.count_0d", "1 to 36,500"),
        ("orders.count_36501d", "1 to 36,500"),
        ("orders.count_030d", "did you mean 'orders.count_30d'"),
        ("orders.count_٣d", "no feature"),
        ("orders.count_30d_30d", "no feature"),
        ("", "no feature"),
        ("zebra", "tierwise features lists"),
    ],
)
def test_a_wrong_name_says_what_would_be_right(name: str, words: str) -> None:
    with pytest.raises(FeatureError, match=words):
        BUILT_IN.resolve(name)
    assert name not in BUILT_IN


def test_more_features_make_another_catalogue() -> None:
    web = Feature("orders.web", "orders", "count", Text("Web", "网店"), where={"feature": "channel", "op": "=", "value": "web"})
    more = BUILT_IN.with_features([web])
    assert more.resolve("orders.web") is web
    assert "orders.web" not in BUILT_IN
    assert web in more.list()
    assert "custom" in BUILT_IN.sources


def test_a_name_that_is_taken_is_refused() -> None:
    with pytest.raises(FeatureError, match=r"orders.count is declared twice"):
        BUILT_IN.with_features([Feature("orders.count", "orders", "sum", Text("", ""), of="amount")])


def test_the_hash_changes_with_what_is_computed_and_not_with_words() -> None:
    one = Feature("orders.web", "orders", "count", Text("Web", "网店"), where={"feature": "channel", "op": "=", "value": "web"})
    hashes = {
        BUILT_IN.with_features([feature]).hash
        for feature in (one, replace(one, title=Text("Other", "别的")), replace(one, meaning=Text("a", "b")), replace(one, unit="orders"))
    }
    assert len(hashes) == 1
    changed = [replace(one, window_days=3), replace(one, ends_days_before=1), replace(one, where=None), replace(one, aggregate="days")]
    assert len({BUILT_IN.with_features([feature]).hash for feature in changed} | hashes | {BUILT_IN.hash}) == 6
    assert Catalogue.built_in().hash == BUILT_IN.hash
    assert Catalogue(reversed(BUILT_IN.list())).hash == BUILT_IN.hash
