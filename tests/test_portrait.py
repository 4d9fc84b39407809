"""A portrait names what was put into the data, in the order of its strength, with intervals that hold."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.columns import Codes
from engine.errors import RunError
from engine.policy import Text
from engine.portrait import cliffs_delta, cohens_d, delta_interval, newcombe, portrait, wilson
from tests.test_dividing import book, opened


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=30), st.lists(st.integers(-3, 3), min_size=1, max_size=30))
def test_the_effect_is_that_of_all_pairs(mine: list[int], theirs: list[int]) -> None:
    pairs = [np.sign(a - b) for a in mine for b in theirs]
    assert math.isclose(cliffs_delta(np.array(mine), np.array(theirs)), sum(pairs) / len(pairs), abs_tol=1e-12)


def test_intervals_of_the_literature() -> None:
    # Newcombe 1998, table II, contrast (a): 56/70 - 48/80, method 10
    low, high = newcombe(56, 70, 48, 80)
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)
    # Newcombe 1998, contrast (d): 5/56 - 0/29
    low, high = newcombe(5, 56, 0, 29)
    assert (round(low, 4), round(high, 4)) == (-0.0381, 0.1926)
    assert [round(bound, 4) for bound in wilson(81, 263)] == [0.2553, 0.3662]


@pytest.mark.parametrize("shift", [0.0, 0.3, 1.0])
def test_intervals_cover_the_truth(shift: float) -> None:
    chance = np.random.default_rng(3)
    truth = math.erf(shift / 2)  # of normals of variance 1: 2 * Phi(shift / sqrt 2) - 1
    covered = held = 0
    for _ in range(400):
        mine, theirs = chance.normal(shift, 1, 60), chance.normal(0, 1, 200)
        low, high = delta_interval(cliffs_delta(mine, theirs), 60, 200)
        covered += low <= truth <= high
        d = cohens_d(mine, theirs)
        assert d is not None
        held += d[1] <= shift <= d[2]
    assert covered >= 0.92 * 400
    assert held >= 0.92 * 400


def test_what_was_put_in_is_found_strongest_first() -> None:
    chance = np.random.default_rng(1)
    members = np.arange(5000) < 1000
    columns = {
        "orders.amount": np.where(members, chance.lognormal(7, 1, 5000), chance.lognormal(5, 1, 5000)),
        "orders.count": chance.poisson(5, 5000),
        "profile.age": np.where(chance.random(5000) < 0.3, np.nan, chance.normal(np.where(members, 45, 40), 10)),
        "profile.region": Codes(
            np.where(members, chance.integers(0, 2, 5000), chance.integers(0, 4, 5000)), ("east", "north", "south", "west")
        ),
        "custom.vip": np.where(members, chance.random(5000) < 0.5, chance.random(5000) < 0.4).astype(np.int8),
        "custom.empty": np.full(5000, np.nan),
    }
    found = portrait(members, columns)
    assert (found.members, found.others) == (1000, 4000)
    assert found.traits[0].feature == "orders.amount"
    strengths = [abs(trait.effect) for trait in found.traits]
    assert strengths == sorted(strengths, reverse=True)
    assert {"orders.count", "custom.empty"} == set(found.unclear)
    east = next(trait for trait in found.traits if trait.value == "east")
    assert east.lift is not None
    assert 1.5 < east.lift < 1.8
    assert all(trait.low <= trait.effect <= trait.high for trait in found.traits)
    age = next(trait for trait in found.traits if trait.feature == "profile.age")
    assert 0.25 < age.missing[0] < 0.35
    assert age.members_n < 1000
    json.dumps(found.as_dict())


def test_sentences_in_both_languages() -> None:
    members = np.arange(100) < 40
    numbers = portrait(members, {"x": np.where(members, 12.0, 3.0) + np.arange(100) / 1000}).traits[0]
    assert (
        numbers.sentence(Text("Orders", "订单数")).en
        == "Orders: half of the members have at least 12.0195, of the others 3.0695; in 100% of all pairs the member has more"
    )
    assert "成员更多的占 100%" in numbers.sentence(Text("Orders", "订单数")).zh
    text = portrait(members, {"r": Codes(np.where(members, 0, 1), ("east", "west"))}).traits[0]
    assert (
        text.sentence(Text("Region", "地区")).en == "Region = east: 100% of the members, 0% of the others, 2.5 times as often as among all"
    )
    assert text.sentence(Text("Region", "地区")).zh == "地区为 east：成员中占 100%，其他客户中占 0%，是全体的 2.5 倍"


def test_nobody_and_everybody_have_no_portrait() -> None:
    column = {"x": np.arange(50.0)}
    for members in (np.zeros(50, dtype=bool), np.ones(50, dtype=bool)):
        assert portrait(members, column).traits == ()


def test_of_a_stored_label(store_url: str) -> None:
    with opened(store_url, book()) as engine:
        found = engine.insight.portrait("abc.class", "A", features=["orders.average_amount", "profile.region"])
        assert found.traits[0].feature in ("orders.amount", "orders.amount_365d")
        assert found.traits[0].effect == 1.0
        assert found.members == engine.run_record().outputs["abc.class"]["A"]
        assert "profile.region" in found.unclear
        with pytest.raises(RunError, match=r"no label 'D'"):
            engine.insight.portrait("abc.class", "D")
        with pytest.raises(RunError, match=r"no label 'abc.klass'; did you mean"):
            engine.insight.portrait("abc.klass", "A")
