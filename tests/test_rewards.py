"""Rewards: who may have one, reservations that take points and stock at once, and nobody getting what is not there."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import update

from engine import clock
from engine.errors import PointsError
from engine.repeats import KeyReused
from engine.service import Engine
from engine.store import ingest
from engine.store.models import reward_claim
from engine.store.reach import Reach
from engine.store.sight import Sight
from tests.small_store import add_customers, open_store

MUG: dict[str, Any] = {"title": {"en": "Mug", "zh": "马克杯"}, "points": 30, "worth": 1200}
TRIALS = 400 if os.environ.get("TIERWISE_TRIALS") == "long" else 6


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    with open_store(store_url) as store:
        add_customers(store, range(1, 9))
    with Engine.open(store_url, actor="li") as opened:
        opened.points.earn("C1", 100, key="first")
        yield opened


def why_not(engine: Engine, customer: str = "C1") -> dict[str, list[str]]:
    return {listed.reward.key: [each.key for each in against] for listed, against in engine.rewards.offered(customer)}


def test_a_reward_is_reserved_confirmed_and_cancelled(engine: Engine) -> None:
    engine.rewards.save("mug", {**MUG, "stock": 2, "coupon": True})
    claim = engine.rewards.reserve("C1", "mug", key="a")
    assert (claim.status, claim.points, engine.points.balance("C1").spendable) == ("reserved", 30, 70)
    assert engine.rewards.reserve("C1", "mug", key="a") == claim
    confirmed = engine.rewards.confirm(claim.number)
    assert confirmed.status == "confirmed"
    assert len(confirmed.code or "") == 12
    assert engine.rewards.confirm(claim.number) == confirmed
    assert engine.rewards.cancel(claim.number).status == "cancelled"
    assert engine.points.balance("C1").spendable == 100
    assert engine.rewards.get("mug").taken == 0
    with pytest.raises(PointsError, match="is cancelled already"):
        engine.rewards.confirm(claim.number)
    assert [each.status for each in engine.rewards.claims("C1")] == ["cancelled"]
    assert engine.points.verify() == ([], [])


def test_everything_that_keeps_a_member_from_a_reward_is_said(engine: Engine) -> None:
    rewards = engine.rewards
    rewards.save("dear", {**MUG, "points": 420})
    rewards.save("future", {**MUG, "first": "2999-01-01"})
    rewards.save("gone", {**MUG, "stock": 0})
    rewards.save("gold", {**MUG, "output": "membership.level", "labels": ["gold"]})
    rewards.save("once", {**MUG, "each": 1})
    rewards.save("past", {**MUG, "last": "2020-01-01"})
    rewards.save("retired", MUG, active=False)
    rewards.reserve("C1", "once", key="a")
    assert why_not(engine) == {
        "dear": ["points"],
        "future": ["not_yet"],
        "gold": ["level"],
        "gone": ["stock"],
        "once": ["limit"],
        "past": ["over"],
    }
    (listed, (hurdle,)) = rewards.offered("C1")[0]
    assert (listed.reward.key, hurdle.text.en, hurdle.text.zh) == ("dear", "needs 350 more points", "还差 350 积分")
    for key, said in (
        ("dear", "needs 350 more"),
        ("past", "ended on 2020-01-01"),
        ("retired", "not offered"),
        ("mugg", "there is no reward"),
    ):
        with pytest.raises(PointsError, match=said):
            rewards.reserve("C1", key, key=f"b {key}")
    with pytest.raises(KeyReused):
        rewards.reserve("C1", "gold", key="a")
    assert engine.points.balance("C1").spendable == 70


def test_a_reservation_that_nobody_confirms_gives_everything_back(engine: Engine) -> None:
    engine.rewards.save("mug", {**MUG, "stock": 1, "hold_minutes": 5})
    claim = engine.rewards.reserve("C1", "mug", key="a")
    assert engine.rewards.release() == 0
    with engine.store.write() as connection:
        connection.execute(update(reward_claim).values(until=clock.now()))
    with pytest.raises(PointsError, match="has lapsed"):
        engine.rewards.confirm(claim.number)
    engine.points.earn("C2", 50, key="x")
    assert engine.rewards.reserve("C2", "mug", key="b").status == "reserved"
    assert (engine.points.balance("C1").spendable, engine.rewards.claims("C1")[0].status) == (100, "lapsed")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"points": -1}, "points"),
        ({"points": 1.5}, "points"),
        ({"title": {"en": "Mug"}}, "title.zh"),
        ({"first": "2026-02-02", "last": "2026-02-01"}, "last"),
        ({"labels": ["gold"]}, "labels"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_document_is_refused_with_the_place(engine: Engine, change: dict[str, Any], said: str) -> None:
    with pytest.raises(PointsError, match=f"reward mug: .*{said}"):
        engine.rewards.save("mug", {**MUG, **change})
    assert engine.rewards.list() == []


def test_an_edit_on_what_somebody_changed_is_refused(engine: Engine) -> None:
    assert engine.rewards.save("mug", MUG, revision=0).revision == 1
    assert engine.rewards.save("mug", {**MUG, "points": 40}, revision=1).revision == 2
    with pytest.raises(PointsError, match="by somebody else"):
        engine.rewards.save("mug", MUG, revision=1)
    assert engine.rewards.get("mug").reward.points == 40


def grab(url: str, name: int, trials: int) -> list[int]:
    got = []
    with Engine.open(url, actor=f"p{name}") as engine:
        for trial in range(trials):
            try:
                claim = engine.rewards.reserve(f"C{name + 1}", "mug", key=f"{trial}")
                got.append(claim.number)
                if trial % 3 == 2:
                    engine.rewards.cancel(claim.number)
                    got.pop()
            except PointsError:
                continue
    return got


def test_processes_at_the_same_time_never_take_more_than_the_stock(engine: Engine, store_url: str) -> None:
    stock = TRIALS * 3
    engine.rewards.save("mug", {**MUG, "points": 1, "stock": stock, "hold_minutes": 600})
    for n in range(1, 9):
        engine.points.earn(f"C{n}", 10_000, key="many")
    with multiprocessing.get_context("spawn").Pool(8) as pool:
        got = [number for each in pool.starmap(grab, [(store_url, name, TRIALS) for name in range(8)]) for number in each]
    held = [claim for claim in engine.rewards.claims(limit=1_000) if claim.status == "reserved"] if stock < 1_000 else got
    assert len(got) == len(set(got)) == engine.rewards.get("mug").taken <= stock
    assert len(held) == len(got)
    assert engine.points.verify() == ([], [])


def lapse(engine: Engine) -> None:
    with engine.store.write() as connection:
        connection.execute(update(reward_claim).values(until=1))


def test_points_that_paid_a_reward_come_back_with_the_reward_only(engine: Engine) -> None:
    engine.rewards.save("mug", MUG)
    claim = engine.rewards.reserve("C1", "mug", key="a")
    assert claim.act is not None
    with pytest.raises(PointsError, match=f"act {claim.act} paid the reward of claim {claim.number}; cancel the claim"):
        engine.points.cancel("C1", claim.act, key="b")
    engine.rewards.cancel(claim.number)
    assert engine.points.balance("C1").spendable == 100


def test_nothing_of_another_customer_keeps_a_reward_from_anybody(engine: Engine) -> None:
    """Reservations that are over go first: of customers out of sight, whose id is no longer one of one customer, whose keys somebody took."""
    engine.rewards.save("mug", {**MUG, "stock": 1})
    engine.points.earn("C2", 100, key="first")
    claim = engine.rewards.reserve("C1", "mug", key="a")
    engine.points.redeem("C1", 30, key="reward b")
    engine.points.redeem("C1", 1, key=f"claim {claim.number} lapsed")
    engine.import_facts([{"customer": "C1", "name": "Somebody else"}], "customers")
    order = {"order": "X", "customer": "C2", "ordered_at": "2026-01-05", "amount": "7", "seller": "Sun"}
    ingest.import_rows(engine.store, "orders", [order], source="test", actor="li")
    lapse(engine)
    seller = engine.acting_as("sun", sight=Sight(Reach("own", "Sun"), personal=False))
    assert seller.rewards.reserve("C2", "mug", key="b").status == "reserved"
    assert engine.points.balance("C2").spendable == 70
    assert engine.points.verify() == ([], [])


def test_joined_customers_have_the_limits_and_the_keys_of_one(engine: Engine) -> None:
    engine.rewards.save("mug", {**MUG, "each": 1})
    claim = engine.rewards.reserve("C1", "mug", key="a")
    engine.points.earn("C2", 100, key="first")
    engine.join_customers("C2", "C1")
    assert engine.rewards.reserve("C2", "mug", key="a") == claim
    with pytest.raises(PointsError, match="taken 1 times already"):
        engine.rewards.reserve("C2", "mug", key="b")
    assert [each.number for each in engine.rewards.claims("C2")] == [claim.number]


def test_a_closed_account_reserves_nothing_even_for_nothing(engine: Engine) -> None:
    engine.rewards.save("gift", {**MUG, "points": 0})
    engine.points.close("C1")
    with pytest.raises(PointsError, match="account of C1 is closed"):
        engine.rewards.reserve("C1", "gift", key="a")
