"""The points of a day: what sales earn, returns and corrections that follow, maturity and expiry, against plain arithmetic."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from fractions import Fraction
from math import floor
from typing import Any

import pytest
from sqlalchemy import select, text, update

from engine import clock
from engine.errors import PointsError
from engine.job_kinds import perform
from engine.moments import written
from engine.points import DAY
from engine.service import Engine
from engine.store.models import orders, points_act, points_day, points_lot
from tests.small_store import add_customers, open_store

ROUNDS = 60 if os.environ.get("TIERWISE_TRIALS") == "long" else 6


LEVELS = [
    {"key": "basic", "title": {"en": "Basic", "zh": "普通"}, "from": 0, "below": 100},
    {"key": "gold", "title": {"en": "Gold", "zh": "金卡"}, "from": 100},
]
MEMBERS = {"key": "club", "type": "membership", "params": {"measure": "orders.amount_365d", "levels": LEVELS}}
BY_LEVEL = {"level": "club.level", "levels": [{"label": "gold", "factor": 2}]}


def publish(engine: Engine, *others: dict[str, Any], **params: Any) -> None:
    points = {"key": "points", "type": "points", "params": {"expiry": "never", "hold_days": 0, **params}}
    engine.publish({"name": "Test", "policies": [*others, points], "guards": {"customers": None, "amount": None, "label": None}})


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    with open_store(store_url) as store:
        add_customers(store, range(1, 6))
    with Engine.open(store_url, actor="li") as opened:
        publish(opened)
        yield opened


def sale(number: str, customer: str, amount: str, days_ago: float = 1, **more: Any) -> dict[str, Any]:
    return {"order": number, "customer": customer, "ordered_at": clock.now() - int(days_ago * DAY), "amount": amount, **more}


def bring(engine: Engine, *rows: dict[str, Any], kind: str = "orders") -> None:
    from engine.store import ingest

    rows = tuple(
        {**row, "ordered_at": written(row["ordered_at"], engine.zone)} if isinstance(row.get("ordered_at"), int) else row for row in rows
    )
    report = ingest.import_rows(engine.store, kind, list(rows), source="test", actor="li")
    assert report.rejected_rows == 0


def spendable(engine: Engine, customer: str = "C1") -> int:
    return engine.points.balance(customer).spendable


def test_sales_earn_once_returns_take_back_in_proportion_and_voided_sales_everything(engine: Engine) -> None:
    bring(engine, sale("A", "C1", "99.99"), sale("B", "C1", "50"), sale("C", "C2", "10.50"))
    first = engine.points.day()
    assert (first.sales, first.points, first.matured) == (3, 99 + 50 + 10, 3)
    assert engine.points.day().as_dict() == {"sales": 0, "changed": 0, "points": 0, "matured": 0, "expired": 0}
    bring(engine, sale("A-", "C1", "33.33", 0.5, kind="refund", refund_of="A"))
    assert (engine.points.day().points, spendable(engine)) == (66 - 99, 66 + 50)
    bring(engine, sale("B", "C1", "80"))
    assert (engine.points.day().points, spendable(engine)) == (30, 66 + 80)
    engine.void("order", "test", "A")
    assert (engine.points.day().points, spendable(engine)) == (-66, 80)
    engine.void("order", "test", "A", back=True)
    assert (engine.points.day().points, spendable(engine)) == (66, 146)
    assert engine.points.verify() == ([], [])


def test_a_return_takes_back_what_was_spent_and_the_rest_is_owed(engine: Engine) -> None:
    bring(engine, sale("A", "C1", "100"))
    engine.points.day()
    engine.points.redeem("C1", 80, key="gift")
    bring(engine, sale("A-", "C1", "100", 0.5, kind="refund", refund_of="A"))
    engine.points.day()
    account = engine.points.balance("C1")
    assert (account.spendable, account.owed) == (0, 80)
    bring(engine, sale("B", "C1", "100", 0.1))
    engine.points.day()
    account = engine.points.balance("C1")
    assert (account.spendable, account.owed) == (20, 0)
    assert engine.points.verify() == ([], [])


def test_a_sale_that_an_undone_import_brought_earns_nothing(engine: Engine) -> None:
    from engine.store import ingest

    report = ingest.import_rows(
        engine.store, "orders", [{"order": "A", "customer": "C1", "ordered_at": "2026-01-05", "amount": "7"}], source="test", actor="li"
    )
    engine.points.day()
    assert spendable(engine) == 7
    assert report.batch is not None
    engine.undo_import(report.batch)
    engine.points.day()
    assert spendable(engine) == 0
    bring(engine, sale("Z", "C1", "5"))
    engine.points.day()
    assert (spendable(engine), engine.points.verify()) == (5, ([], []))


def test_factors_by_campaign_birthday_category_and_level(engine: Engine) -> None:
    publish(
        engine,
        since="2024-01-01",
        birthday=3,
        campaigns=[{"first": "2024-02-10", "last": "2024-02-11", "factor": 2}],
        categories=[{"category": "Tea", "factor": 1.5}, {"category": "Cards", "factor": 0}],
    )
    bring(engine, {"customer": "C1", "birth_date": "2004-02-29"}, kind="customers")
    for n, (day, points) in enumerate(
        [("2024-02-10", 200), ("2024-02-12", 100), ("2024-02-29", 300), ("2025-02-28", 300), ("2023-12-31", 0)]
    ):
        before = spendable(engine)
        bring(engine, {"order": f"S{n}", "customer": "C1", "ordered_at": f"{day}T12:00:00+00:00", "amount": "100"})
        engine.points.day()
        assert spendable(engine) - before == points, day
    bring(engine, {"product": "T", "category": "Tea"}, {"product": "G", "category": "Cards"}, {"product": "X"}, kind="products")
    line = {"order": "L", "customer": "C2", "ordered_at": "2024-03-05T12:00:00+00:00", "quantity": "1"}
    bring(engine, *({**line, "product": name, "unit_price": "9.99"} for name in "TGX"), kind="lines")
    engine.points.day()
    assert spendable(engine, "C2") == floor(Fraction("9.99") * Fraction(3, 2) + Fraction("9.99"))
    publish(
        engine,
        since="2024-01-01",
        categories=[{"category": "Tea", "factor": 1.5}, {"category": "Cards", "factor": 0}],
        products=[{"product": "T", "factor": 3}, {"product": "X", "factor": 0.5}],
    )
    bring(engine, *({**line, "order": "M", "customer": "C3", "product": name, "unit_price": "9.99"} for name in "TGX"), kind="lines")
    engine.points.day()
    assert spendable(engine, "C3") == floor(Fraction("9.99") * 3 + Fraction("9.99") / 2), "a product goes before its category"


def test_a_sale_earns_by_the_level_of_its_own_moment_however_late_it_comes(engine: Engine) -> None:
    publish(engine, MEMBERS, **BY_LEVEL)
    bring(engine, sale("A", "C1", "60", 50), sale("B", "C1", "60", 20))
    now = clock.now()
    for days in (40, 10):
        engine.run(now - days * DAY)
    engine.points.day()
    assert spendable(engine) == 120, "basic until the run of 10 days ago saw both sales"
    for name, days, points in (("C", 45, 60), ("D", 25, 60), ("E", 11, 60), ("F", 9, 120), ("G", 0.1, 120)):
        before = spendable(engine)
        bring(engine, sale(name, "C1", "60", days))
        engine.points.day()
        assert spendable(engine) - before == points, name
    engine.void("order", "test", "C")
    engine.points.day()
    assert engine.points.verify() == ([], [])


def test_before_the_first_run_a_look_back_says_the_level_and_nothing_else_does(engine: Engine) -> None:
    publish(engine, MEMBERS, **BY_LEVEL)
    now = clock.now()
    bring(engine, sale("A", "C1", "100", 50), sale("A2", "C2", "100", 50))
    engine.run(now - 10 * DAY)
    bring(engine, sale("B", "C1", "10", 30))
    engine.points.day()
    assert spendable(engine) == 110, "nobody said a level then"
    engine.run(now - 40 * DAY, historical=True)
    bring(engine, sale("C", "C1", "10", 30), sale("D", "C1", "10", 45), sale("E", "C2", "10", 5), sale("F", "C3", "10", 5))
    engine.points.day()
    assert (spendable(engine), spendable(engine, "C2"), spendable(engine, "C3")) == (110 + 20 + 10, 100 + 20, 10)


def test_a_level_that_stood_before_its_policy_went_still_counts_for_its_days(engine: Engine) -> None:
    publish(engine, MEMBERS, **BY_LEVEL)
    now = clock.now()
    bring(engine, sale("A", "C1", "100", 50))
    engine.run(now - 40 * DAY)
    publish(engine)
    engine.run(now - 20 * DAY)
    publish(engine, MEMBERS, **BY_LEVEL)
    engine.points.day()
    before = spendable(engine)
    bring(engine, sale("B", "C1", "10", 30), sale("C", "C1", "10", 15))
    engine.points.day()
    assert spendable(engine) - before == 20 + 10


def test_points_wait_for_the_return_period_and_expire_at_the_end_of_the_year(engine: Engine) -> None:
    publish(engine, hold_days=14, expiry="year_end", expiry_years=0)
    bring(engine, sale("A", "C1", "40"), {"order": "old", "customer": "C1", "ordered_at": "2024-05-01T00:00:00+00:00", "amount": "60"})
    report = engine.points.day()
    assert (report.sales, report.matured, report.expired) == (2, 1, 1)
    account = engine.points.balance("C1")
    assert (account.spendable, account.pending) == (0, 40)
    found = engine.points.liability()
    assert (found.spendable, found.pending, found.cost, found.expired, len(found.months)) == (0, 40, 40, 60, 1)
    assert found.redeemed_share == 0


def test_a_worker_posts_at_most_once_an_hour_and_only_what_waits(engine: Engine) -> None:
    assert engine.points.due()
    engine.points.day()
    bring(engine, sale("A", "C1", "10"))
    assert not engine.points.due(), "within the hour"
    with engine.store.write() as connection:
        connection.execute(update(points_day).values(posted_at=clock.now() - 3_600))
    assert engine.points.due()
    job = engine.jobs.submit("tick")
    assert perform(engine, job.kind, {}, lambda *told: None)["points"]["sales"] == 1
    with engine.store.write() as connection:
        connection.execute(update(points_day).values(posted_at=0))
    assert not engine.points.due(), "nothing came in, and nothing falls due"


def test_corrections_by_hand_have_a_reason_and_a_limit_and_events_their_points(engine: Engine) -> None:
    publish(engine, manual=100, survey=25)
    points = engine.points
    assert points.correct("C1", 100, reason="complaint 17", key="a").spendable == 100
    assert points.correct("C1", -30, reason="typing error", key="b").spendable == 70
    assert points.event("C1", "survey", key="s1").spendable == 95
    for act in (
        lambda: points.correct("C1", 101, reason="too much", key="c"),
        lambda: points.correct("C1", 5, reason=" ", key="d"),
        lambda: points.correct("C1", -96, reason="more than there is", key="e"),
        lambda: points.event("C1", "referral", key="f"),
        lambda: points.event("C1", "birthday", key="g"),
    ):
        with pytest.raises(PointsError):
            act()
    assert [(act["kind"], act["points"], act["note"]) for act in points.history("C1") if act["kind"] != "settle"] == [
        ("earn", 25, "survey"), ("correct", -30, "typing error"), ("correct", 100, "complaint 17"),
    ]  # fmt: skip
    assert points.verify() == ([], [])


def test_corrections_and_events_are_taken_back_as_such_and_once(engine: Engine) -> None:
    publish(engine, manual=100, survey=25)
    points = engine.points
    given = points.correct("C1", 100, reason="complaint 17", key="a")
    taken = points.correct("C1", -30, reason="typing error", key="b")
    event = points.event("C1", "survey", key="s")
    publish(engine, manual=1)
    assert points.undo("C1", taken.number, reason="it was right", key="u1").spendable == 125
    assert points.undo("C1", taken.number, reason="it was right", key="u1").spendable == 125
    points.redeem("C1", 60, key="gift")
    untouched = points.history("C1")
    for act, key, said in (
        (taken.number, "u2", "was taken back already"),
        (given.number, "u3", "100 points are more than the 65 that can be taken back; 35 were spent"),
        (points.history("C1")[0]["number"], "u4", "there is no correction or event"),
        (10**9, "u5", "there is no correction or event"),
    ):
        with pytest.raises(PointsError, match=said):
            points.undo("C1", act, reason="a mistake", key=key)
    with pytest.raises(PointsError, match="reason"):
        points.undo("C1", event.number, reason="", key="u6")
    with pytest.raises(PointsError, match="there is no correction or event"):
        points.undo("C2", event.number, reason="somebody else's", key="u7")
    assert points.history("C1") == untouched
    assert points.undo("C1", event.number, reason="answered twice", key="u8").spendable == 40
    told = {act["number"]: (act["kind"], act["about"], act["taken_back_by"] is not None, act["undoable"]) for act in points.history("C1")}
    assert told[event.number] == ("earn", None, True, False)
    assert told[given.number] == ("correct", None, False, True)
    assert [(kind, about) for kind, about, _, _ in told.values() if kind == "undo"] == [("undo", event.number), ("undo", taken.number)]
    assert points.verify() == ([], [])
    assert [json.loads(entry.details)["of"] for entry in engine.audit.entries(limit=50) if entry.action == "points.undo"] == [
        event.number,
        taken.number,
    ]


def test_a_gift_that_paid_a_debt_is_owed_again_when_it_is_taken_back(engine: Engine) -> None:
    publish(engine, manual=100)
    bring(engine, sale("A", "C1", "100"))
    engine.points.day()
    engine.points.redeem("C1", 100, key="gift")
    bring(engine, sale("A-", "C1", "100", 0.5, kind="refund", refund_of="A"))
    engine.points.day()
    given = engine.points.correct("C1", 70, reason="goodwill", key="g")
    assert given.owed == 30
    assert engine.points.undo("C1", given.number, reason="wrong member", key="u").owed == 100
    assert engine.points.verify() == ([], [])


def test_a_transfer_keeps_the_expiry_and_a_closed_account_takes_nothing(engine: Engine) -> None:
    points = engine.points
    points.earn("C1", 50, key="a", valid_days=30)
    points.earn("C1", 50, key="b")
    expiry = sorted(lot.expires_at or 0 for lot in points.balance("C1").lots.values())
    assert points.transfer("C1", "C2", 70, key="t").spendable == 30
    assert points.transfer("C1", "C2", 70, key="t").spendable == 30
    assert sorted((lot.expires_at or 0, lot.member) for lot in points.balance("C2").lots.values()) == [(0, 20), (expiry[1], 50)]
    points.close("C2")
    for act in (
        lambda: points.redeem("C2", 1, key="x"),
        lambda: points.earn("C2", 1, key="y"),
        lambda: points.transfer("C1", "C2", 1, key="z"),
        lambda: points.transfer("C1", "C1", 1, key="w"),
    ):
        with pytest.raises(PointsError):
            act()
    points.close("C2", back=True)
    assert points.redeem("C2", 70, key="x").spendable == 0
    assert points.verify() == ([], [])


def test_joined_customers_have_one_account_and_separate_ones_their_own(engine: Engine) -> None:
    points = engine.points
    points.earn("C1", 40, key="one")
    points.earn("C2", 60, key="two")
    engine.join_customers("C1", "C2")
    assert spendable(engine, "C2") == spendable(engine, "C1") == 100
    assert points.redeem("C2", 70, key="gift").spendable == 30
    assert points.redeem("C1", 70, key="gift").spendable == 30
    engine.separate_customer("C2")
    assert spendable(engine, "C1") + spendable(engine, "C2") == 30
    assert points.verify() == ([], [])


def test_the_balance_at_a_past_moment_is_the_fold_of_what_was_written_until_then(engine: Engine) -> None:
    engine.points.earn("C1", 10, key="a")
    before = clock.now()
    assert engine.points.balance("C1", at=before).spendable == 10
    assert engine.points.balance("C1", at=before - DAY).spendable == 0


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_random_facts_and_days_against_plain_arithmetic(engine: Engine, seed: int) -> None:
    """Whatever is sold, returned, corrected and voided between days: every sale stands for its share of its first points."""
    chance = random.Random(seed)
    rules = {"rate": chance.choice([0.5, 1, 3]), "expiry_days": chance.choice([20, 400]), "hold_days": chance.choice([0, 10])}
    factor = chance.choice([1.5, 2])
    publish(engine, MEMBERS, expiry="days", level="club.level", levels=[{"label": "gold", "factor": factor}], **rules)
    golden: dict[int, set[str]] = {}
    sold_by: dict[str, tuple[str, int]] = {}
    rate = Fraction(str(engine.points.programme().rate)) / 100  # type: ignore[union-attr]
    first: dict[str, int] = {}
    amounts: dict[str, int] = {}
    back: dict[str, int] = {}
    voided: set[str] = set()
    posted: dict[str, tuple[int, int]] = {}
    for step in range(5):
        rows = []
        for n in range(chance.randint(1, 6)):
            name = f"{step}-{n}"
            amounts[name] = chance.randint(0, 20_000)
            rows.append(sale(name, f"C{chance.randint(1, 5)}", str(amounts[name] / 100), chance.randint(1, 60)))
            sold_by[name] = rows[-1]["customer"], rows[-1]["ordered_at"]
        bring(engine, *rows)
        with engine.store.read() as connection:
            owner = {row.external_id: f"C{row.customer_id}" for row in connection.execute(select(orders))}
        for name in chance.sample(sorted(posted), min(2, len(posted))):
            left = amounts[name] - back.get(name, 0)
            if left > 0 and name not in voided:
                part = chance.randint(1, left)
                back[name] = back.get(name, 0) + part
                bring(engine, sale(f"{name}-r{step}", owner[name], str(part / 100), 0, kind="refund", refund_of=name))
        for name in chance.sample(sorted(posted), min(1, len(posted))):
            engine.void("order", "test", name, back=name in voided)
            voided ^= {name}
        for customer in range(1, 6):
            free = spendable(engine, f"C{customer}")
            if free and chance.random() < 0.5:
                engine.points.redeem(f"C{customer}", chance.randint(1, free), key=f"r{step}")
        engine.points.day()
        for name, amount in amounts.items():
            customer, moment = sold_by[name]
            held = golden.get(max((each for each in golden if each <= moment), default=0), set())
            times = Fraction(str(factor)) if customer in held else Fraction(1)
            first.setdefault(name, floor(Fraction(amount, 100) * rate * times))
            posted.setdefault(name, (amount, back.get(name, 0)))
        with engine.store.read() as connection:
            names = {row.id: row.external_id for row in connection.execute(select(orders))}
            lots = connection.execute(select(points_lot).where(points_lot.c.order_id.is_not(None))).all()
        for lot in lots:
            name = names[lot.order_id]
            kept = 0 if name in voided else amounts[name] - back.get(name, 0)
            assert lot.issued == (first[name] * kept // amounts[name] if amounts[name] else 0), name
        assert len(lots) == len(amounts)
        assert engine.points.verify() == ([], [])
        with engine.store.read() as connection:
            newest = connection.execute(select(points_act).order_by(points_act.c.id.desc())).all()
        for customer in range(1, 6):
            account = engine.points.balance(f"C{customer}")
            last = next((act for act in newest if act.customer_id == customer), None)
            assert (account.spendable, account.pending, account.owed) == ((last.spendable, last.pending, last.owed) if last else (0, 0, 0))
        if chance.random() < 0.7:  # a level from here on, told by the table of this moment; later posting must find it again
            moment = clock.now() - (50 - 10 * step) * DAY
            engine.run(moment)
            with engine.store.read() as connection:
                told = "select external_id from assignment a join customer c on c.id = a.customer_id where address = 'club.level' and value = 'gold'"
                golden[moment] = set(connection.scalars(text(told)))
