"""Offers: priorities, stacking, budgets, limits and codes, each with the reason where it does not apply."""

from __future__ import annotations

import datetime as dt
import multiprocessing
from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import clock
from engine.errors import PointsError
from engine.loyalty.offers import Offer, Used, judge
from engine.repeats import KeyReused
from engine.service import Engine
from engine.texts import Text
from tests.small_store import DAY, Order, add_customers, add_orders, open_store

TODAY = dt.date(2026, 3, 1)
EVERYBODY = {"feature": "orders.count", "op": ">=", "value": 0}


def offer(key: str, **rest: Any) -> Offer:
    return Offer(key, Text(key, key), **{"kind": "amount", "value": 1000, **rest})


def judged(*offers: Offer, basket: int = 10_000, **rest: Any) -> dict[str, Any]:
    options = {"open_to": {each.key: None for each in offers}, "used": {}, **rest}
    return {each.offer.key: each.saves if each.applies else each.against[0].key for each in judge(offers, basket, TODAY, **options)}


def test_the_larger_priority_goes_first_and_each_is_reckoned_on_what_is_left() -> None:
    half, tenner = offer("half", kind="share", value=5000), offer("tenner", priority=5)
    assert judged(half, tenner) == {"tenner": 1000, "half": 4500}
    assert judged(offer("all", value=20_000), half) == {"all": 10_000, "half": "nothing"}
    assert judged(offer("capped", kind="share", value=5000, most=700)) == {"capped": 700}


def test_what_stands_alone_applies_only_as_the_first() -> None:
    alone = offer("alone", alone=True)
    assert judged(alone, offer("b")) == {"alone": 1000, "b": "alone"}
    assert judged(alone, offer("b", priority=1)) == {"b": 1000, "alone": "alone"}


def test_each_limit_says_itself() -> None:
    assert judged(offer("a", first=dt.date(2026, 3, 2)), offer("b", last=dt.date(2026, 2, 28))) == {"a": "not_yet", "b": "over"}
    assert judged(offer("a", minimum=10_001), offer("b", minimum=10_000)) == {"a": "minimum", "b": 1000}
    assert judged(offer("a", budget=1500), used={"a": Used(600, 0)}) == {"a": "budget"}
    assert judged(offer("a", budget=1600), used={"a": Used(600, 0)}) == {"a": 1000}
    assert judged(offer("a", each=2), used={"a": Used(0, 2)}) == {"a": "limit"}
    assert judged(offer("a", coded=True)) == {"a": "code"}
    assert judged(offer("a", coded=True), coded=frozenset("a")) == {"a": 1000}
    assert judged(offer("a"), open_to={"a": Text("needs 3 orders", "需 3 笔订单")}) == {"a": "condition"}


OFFERS = st.builds(
    lambda n, kind, value, alone, priority: offer(f"o{n}", kind=kind, value=value, alone=alone, priority=priority),
    st.integers(0, 99), st.sampled_from(["amount", "share"]), st.integers(1, 9_999), st.booleans(), st.integers(-2, 2),
)  # fmt: skip


@given(st.lists(OFFERS, min_size=1, max_size=4, unique_by=lambda each: each.key), st.integers(0, 20_000))
def test_no_more_is_saved_than_the_basket_and_the_order_of_the_list_changes_nothing(offers: list[Offer], basket: int) -> None:
    found = [judged(*each, basket=basket) for each in permutations(offers)]
    assert all(each == found[0] for each in found)
    applied = {key: value for key, value in found[0].items() if isinstance(value, int)}
    assert 0 <= sum(applied.values()) <= basket
    assert len(applied) == 1 or not any(each.alone for each in offers if each.key in applied)


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    with open_store(store_url) as store:
        add_customers(store, range(1, 9))
        add_orders(store, [Order(n, clock.now() - 5 * DAY, 5_000 * n) for n in range(1, 5)])
    given_ = [
        {
            "key": "tenth",
            "title": {"en": "A tenth", "zh": "九折"},
            "when": EVERYBODY,
            "kind": "share",
            "value": 0.1,
            "budget": 25,
            "each": 2,
        },
        {"key": "good", "when": {"feature": "orders.amount", "op": ">=", "value": 100}, "value": 3, "priority": 1},
        {"key": "code", "when": EVERYBODY, "kind": "points", "value": 50, "coded": True, "priority": -1},
    ]
    with Engine.open(store_url, actor="li") as opened:
        opened.publish({"name": "Test", "policies": [{"key": "offers", "type": "offers", "params": {"offers": given_}}]})
        opened.run()
        yield opened


def test_offers_are_used_once_for_a_key_and_given_back(engine: Engine) -> None:
    found = {each.offer.key: (each.saves, [str(against.text) for against in each.against]) for each in engine.offers.of("C2", 10_000)}
    assert found["good"] == (300, [])
    assert found["tenth"] == (970, [])
    assert found["code"] == (0, ["needs a code"])
    used = engine.offers.use("C2", 10_000, key="receipt 1")
    assert [(each.offer, each.saved) for each in used] == [("good", 300), ("tenth", 970)]
    assert engine.offers.use("C2", 10_000, key="receipt 1") == used
    with pytest.raises(KeyReused):
        engine.offers.use("C2", 10_001, key="receipt 1")
    assert {each.key: spent for each, spent, _ in engine.offers.list()} == {"tenth": 970, "good": 300, "code": 0}
    assert engine.offers.cancel("C2", "receipt 1") == 2
    assert engine.offers.cancel("C2", "receipt 1") == 0
    assert {spent for _, spent, _ in engine.offers.list()} == {0}


def test_a_customer_whom_a_condition_leaves_out_is_told_what_is_missing(engine: Engine) -> None:
    good = next(each for each in engine.offers.of("C1", 1_000) if each.offer.key == "good")
    assert [against.key for against in good.against] == ["condition"]
    assert "100" in good.against[0].text.en
    assert "50" in good.against[0].text.zh


def test_codes_work_once_and_only_for_whom_they_were_made(engine: Engine) -> None:
    (mine,) = engine.offers.issue("code", 1, customer="C3")
    anybody = engine.offers.issue("code", 2)
    with pytest.raises(PointsError, match="for another customer"):
        engine.offers.use("C4", 100, key="a", codes=[mine])
    assert [(each.offer, each.points, each.code) for each in engine.offers.use("C3", 0, key="b", codes=[mine.lower()])] == [
        ("code", 50, mine)
    ]
    assert engine.points.balance("C3").spendable == 50
    with pytest.raises(PointsError, match="was used already"):
        engine.offers.use("C3", 0, key="c", codes=[mine])
    assert engine.offers.cancel("C3", "b") == 1
    assert (engine.points.balance("C3").spendable, engine.offers.coupon(mine).used_at) == (0, None)
    for offer_, count, until in (("good", 1, None), ("code", 0, None), ("code", 1, "2020-01-01"), ("nothing", 1, None)):
        with pytest.raises(PointsError):
            engine.offers.issue(offer_, count, until=until)
    with pytest.raises(PointsError, match="there is no code"):
        engine.offers.use("C3", 0, key="d", codes=[anybody[0] + "X"])


def test_a_closed_account_gets_no_points_and_keeps_its_other_offers(engine: Engine) -> None:
    (code,) = engine.offers.issue("code", 1)
    engine.points.close("C2")
    against = {each.offer.key: [str(why.text) for why in each.against] for each in engine.offers.of("C2", 10_000, codes=[code])}
    assert against == {"good": [], "tenth": [], "code": ["the points account is closed"]}
    assert [each.offer for each in engine.offers.use("C2", 10_000, key="receipt", codes=[code])] == ["good", "tenth"]
    assert engine.offers.coupon(code).used_at is None
    assert (engine.points.balance("C2").spendable, engine.points.verify()) == (0, ([], []))


def buy(url: str, name: int) -> int:
    with Engine.open(url, actor=f"p{name}") as engine:
        return sum(each.saved for n in range(4) for each in engine.offers.use(f"C{name + 1}", 10_000, key=str(n)) if each.offer == "tenth")


def test_processes_at_the_same_time_never_spend_more_than_the_budget(engine: Engine, store_url: str) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        saved = sum(pool.starmap(buy, [(store_url, name) for name in range(4)]))
    assert 0 < saved <= 2_500
    assert {each.key: spent for each, spent, _ in engine.offers.list()}["tenth"] == saved
