"""Points of sales that become another customer's, are returned by another, come before their time, or begin as nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event

from engine import clock
from engine.errors import RulebookError
from engine.points import DAY
from engine.service import Engine
from engine.store import ingest
from tests.small_store import add_customers, open_store
from tests.test_points_day import MEMBERS, bring, publish, sale, spendable


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    with open_store(store_url) as store:
        add_customers(store, range(1, 4))
    with Engine.open(store_url, actor="li") as opened:
        publish(opened)
        yield opened


def all_of(engine: Engine) -> tuple[int, ...]:
    """What the customers can spend, after a check that everything adds up."""
    assert engine.points.verify() == ([], [])
    found = tuple(spendable(engine, f"C{n}") for n in (1, 2, 3))
    assert engine.points.liability().spendable == sum(found)
    return found


def test_a_sale_that_becomes_another_customers_takes_its_points_along(engine: Engine) -> None:
    bring(engine, sale("A", "C1", "100"))
    engine.points.day()
    for buyer, points in (("C2", (0, 100, 0)), ("C1", (100, 0, 0)), ("C3", (0, 0, 100))):
        bring(engine, sale("A", buyer, "100"))
        engine.points.day()
        assert all_of(engine) == points
    engine.points.redeem("C3", 70, key="gift")
    bring(engine, sale("A", "C2", "100"))
    engine.points.day()
    assert (all_of(engine), engine.points.balance("C3").owed) == ((0, 100, 0), 70)


def test_a_return_counts_in_whosever_name_it_is_booked(engine: Engine) -> None:
    bring(engine, sale("A", "C1", "100"))
    engine.points.day()
    bring(engine, sale("A-", "C2", "40", 0.5, kind="refund", refund_of="A"))
    engine.points.day()
    assert all_of(engine) == (60, 0, 0)
    bring(engine, sale("B", "C1", "10"))
    engine.points.day()
    assert all_of(engine) == (70, 0, 0), "another fact of the buyer gives nothing back"
    engine.void("order", "test", "A-")
    engine.points.day()
    assert all_of(engine) == (110, 0, 0)


def test_a_sale_dated_later_earns_when_its_moment_has_come(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    bring(engine, sale("A", "C1", "100", -0.5))
    assert engine.points.day().sales == 0
    assert not engine.points.due()
    later = clock.now() + DAY
    monkeypatch.setattr(clock, "now", lambda: later)
    assert engine.points.due()
    engine.points.day()
    assert all_of(engine) == (100, 0, 0)


def test_a_sale_that_began_as_nothing_earns_for_what_it_became(engine: Engine) -> None:
    bring(engine, sale("A", "C1", "0"), sale("B", "C1", "0.50"))
    engine.points.day()
    assert all_of(engine) == (0, 0, 0)
    bring(engine, sale("A", "C1", "30"), sale("B", "C1", "200"))
    engine.points.day()
    assert all_of(engine) == (230, 0, 0)
    assert engine.points.day().points == 0


def test_a_key_that_somebody_took_does_not_stop_the_posting_of_sales(engine: Engine) -> None:
    bring(engine, sale("A", "C1", "100"))
    engine.points.day()
    for number in range(1, 5):
        engine.points.redeem("C1", 1, key=f"order {number}")
    bring(engine, sale("B", "C1", "100"))
    engine.points.day()
    assert all_of(engine) == (196, 0, 0)


def test_an_order_never_passes_for_one_that_an_undone_import_brought(engine: Engine) -> None:
    row = {"order": "A", "customer": "C1", "ordered_at": "2026-01-05", "amount": "7"}
    batch = ingest.import_rows(engine.store, "orders", [row], source="test", actor="li").batch
    assert batch is not None
    engine.points.day()
    engine.undo_import(batch)
    bring(engine, sale("Z", "C2", "7"))
    engine.points.day()
    assert all_of(engine) == (0, 7, 0)


def test_lines_that_were_voided_before_the_posting_earn_nothing(engine: Engine) -> None:
    publish(engine, categories=[{"category": "Tea", "factor": 2}])
    bring(engine, {"product": "T", "category": "Tea"}, {"product": "G", "category": "Cards"}, kind="products")
    line = {"order": "L", "customer": "C1", "ordered_at": "2024-03-05T12:00:00+00:00", "quantity": "1", "unit_price": "10"}
    bring(engine, {**line, "product": "T"}, {**line, "product": "G"}, kind="lines")
    engine.void("line", "test", "L/1")
    engine.points.day()
    assert all_of(engine) == (10, 0, 0)


def test_an_earlier_first_day_of_the_programme_counts_for_everybody(engine: Engine) -> None:
    publish(engine, since="2026-01-01")
    for customer in ("C1", "C2"):
        bring(engine, {"order": f"S{customer}", "customer": customer, "ordered_at": "2025-06-01T12:00:00+00:00", "amount": "10"})
    engine.points.day()
    assert all_of(engine) == (0, 0, 0)
    publish(engine, since="2025-01-01")
    bring(engine, sale("N", "C1", "1"))
    engine.points.day()
    assert all_of(engine) == (11, 10, 0)


def test_sales_of_a_closed_account_stay_without_points_when_it_is_opened_again(engine: Engine) -> None:
    bring(engine, sale("A", "C1", "100"))
    engine.points.day()
    engine.points.close("C1")
    bring(engine, sale("B", "C1", "50", 0))
    engine.points.day()
    engine.points.close("C1", back=True)
    bring(engine, sale("C", "C1", "7", 0), sale("B", "C1", "60", 0))
    engine.points.day()
    assert all_of(engine) == (107, 0, 0)


def test_joined_customers_lose_a_return_from_one_account_and_separate_with_their_own_sales(engine: Engine) -> None:
    bring(engine, sale("A", "C1", "100"), sale("B", "C2", "100"))
    engine.points.day()
    engine.points.redeem("C1", 90, key="gift")
    engine.join_customers("C2", "C1")
    bring(engine, sale("A-", "C1", "100", 0.5, kind="refund", refund_of="A"), sale("D", "C1", "30"))
    engine.points.day()
    account = engine.points.balance("C2")
    assert (account.spendable, account.owed) == (40, 0)
    engine.separate_customer("C1")
    engine.points.day()
    assert all_of(engine) == (30, 10, 0)


def test_what_was_spent_together_is_known_of_each_after_a_separation(engine: Engine) -> None:
    bring(engine, sale("A", "C1", "100"), sale("B", "C2", "100"))
    engine.points.day()
    engine.join_customers("C2", "C1")
    engine.points.redeem("C2", 150, key="gift")
    engine.separate_customer("C1")
    for customer, points in (("C1", 0), ("C2", 50)):
        assert engine.points.balance(customer).spendable == points
        assert engine.points.balance(customer, at=clock.now()).spendable == points


def test_a_debt_is_paid_by_the_points_of_the_customer_joined_with_it(engine: Engine) -> None:
    bring(engine, sale("A", "C1", "100"), sale("B", "C2", "100"))
    engine.points.day()
    engine.points.redeem("C1", 80, key="gift")
    bring(engine, sale("A-", "C1", "100", 0.5, kind="refund", refund_of="A"))
    engine.points.day()
    engine.join_customers("C2", "C1")
    engine.points.day()
    account = engine.points.balance("C2")
    assert (account.spendable, account.owed) == (20, 0)
    assert (engine.points.liability().spendable, engine.points.verify()) == (20, ([], []))
    engine.separate_customer("C1")
    assert [engine.points.balance("C2", at=at).spendable for at in (None, clock.now())] == [20, 20]
    assert [engine.points.balance("C1", at=at).owed for at in (None, clock.now())] == [0, 0], "it stays paid"
    assert (engine.points.liability().owed, engine.points.verify()) == (0, ([], []))


def test_the_history_of_joined_customers_tells_what_there_was_after_each_act(engine: Engine) -> None:
    publish(engine, hold_days=1)
    bring(engine, sale("A", "C1", "100", 3), sale("B", "C2", "50", 2))
    engine.points.day()
    engine.join_customers("C2", "C1")
    bring(engine, sale("C", "C1", "5", 2), sale("D", "C2", "6", 2))
    engine.points.day()
    acts = engine.points.history("C2")
    assert [(act["spendable"], act["pending"]) for act in reversed(acts[:4])] == [(150, 5), (150, 11), (155, 6), (161, 0)]


def test_who_spends_while_points_of_a_day_mature_loses_and_gains_nothing(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A member without any act before: PostgreSQL has no row to hold yet."""
    publish(engine, hold_days=1)
    bring(engine, sale("A", "C1", "100", 0.5))
    engine.points.day()
    later = clock.now() + DAY
    monkeypatch.setattr(clock, "now", lambda: later)
    spender = threading.Thread(target=lambda: engine.points.redeem("C1", 60, key="gift"))

    def meanwhile(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        if "points_lot.expired" in statement and not spender.ident:
            spender.start()
            spender.join(1)

    event.listen(engine.store.sql, "after_cursor_execute", meanwhile)
    try:
        engine.points.day()
    finally:
        event.remove(engine.store.sql, "after_cursor_execute", meanwhile)
    spender.join()
    assert all_of(engine) == (40, 0, 0)


def test_a_factor_for_a_level_that_nobody_can_have_is_refused(engine: Engine) -> None:
    level = {"level": "club.level", "levels": [{"label": "gold", "factor": 2}, {"label": "platin", "factor": 3}]}
    with pytest.raises(
        RulebookError, match=r"TW327 .*levels\[1\].label: 'platin' is not a value of club.level; its values are gold, basic"
    ):
        publish(engine, MEMBERS, **level)
    with pytest.raises(RulebookError, match=r"TW326 .*orders\.count is no output with labels"):
        publish(engine, **{**level, "level": "orders.count"})
