"""Points in the store: what is kept equals the fold of its entries, a key works once, and nobody spends more than there is."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from engine import clock
from engine.errors import PointsError
from engine.loyalty.ledger import Entry, fold
from engine.points import DAY
from engine.repeats import KeyReused
from engine.service import Engine
from engine.store.models import points_act, points_entry, points_lot
from tests.small_store import add_customers, open_store

TRIALS = 12_500 if os.environ.get("TIERWISE_TRIALS") == "long" else 10
PROCESSES = 8


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    with open_store(store_url) as store:
        add_customers(store, [1, 2])
    with Engine.open(store_url, actor="li") as opened:
        yield opened


def test_a_purchase_earns_a_reward_is_redeemed_cancelled_and_a_return_is_owed(engine: Engine) -> None:
    points = engine.points
    sale = points.earn("C1", 100, key="sale", valid_days=365)
    late = points.earn("C1", 50, key="late", at=clock.now() - 20 * DAY, hold_days=14)
    assert points.earn("C1", 30, key="held", hold_days=14).kind == "earn"
    spent = points.redeem("C1", 120, key="gift")
    assert (spent.spendable, spent.pending, spent.owed) == (30, 30, 0)
    points.cancel("C1", spent.number, key="no gift")
    with pytest.raises(PointsError, match="was cancelled already"):
        points.cancel("C1", spent.number, key="no gift again")
    points.redeem("C1", 150, key="all")
    assert points.reverse("C1", sale.number, 100, key="return").owed == 100
    with pytest.raises(PointsError, match="100 points are more than the 0 that the sale earned"):
        points.reverse("C1", sale.number, 100, key="return twice")
    with pytest.raises(PointsError, match="there is no earning"):
        points.reverse("C2", late.number, 1, key="not hers")
    points.earn("C1", 120, key="next")
    account = points.balance("C1")
    assert (account.spendable, account.pending, account.owed) == (20, 30, 0)
    assert points.verify() == ([], [])
    with engine.store.read() as connection:
        lots = {row.id: row for row in connection.execute(select(points_lot))}
        entries = [Entry(row.account, row.lot_id, row.points) for row in connection.execute(select(points_entry))]
    whole = fold([(n, row.matures_at, row.expires_at) for n, row in lots.items()], entries)
    assert {n: (lot.pending, lot.member, lot.expired, lot.issued) for n, lot in whole.lots.items()} == {
        n: (row.pending, row.member, row.expired, row.issued) for n, row in lots.items()
    }


def test_a_key_works_once_for_each_customer(engine: Engine) -> None:
    engine.points.earn("C1", 100, key="sale")
    first = engine.points.redeem("C1", 60, key="gift")
    assert engine.points.redeem("C1", 60, key="gift") == first
    with pytest.raises(KeyReused):
        engine.points.redeem("C1", 61, key="gift")
    assert engine.points.balance("C1").spendable == 40
    engine.points.earn("C2", 5, key="sale")
    assert engine.points.balance("C2").spendable == 5


def test_what_is_refused_leaves_no_trace(engine: Engine) -> None:
    engine.points.earn("C1", 10, key="sale")
    for act in (
        lambda: engine.points.redeem("C1", 11, key="a"),
        lambda: engine.points.redeem("C1", 1, key=""),
        lambda: engine.points.cancel("C1", 999, key="b"),
        lambda: engine.points.earn("C1", 1, key="c", at=clock.now() + DAY),
        lambda: engine.points.earn("C1", 1, key="d", valid_days=0),
        lambda: engine.points.earn("C1", 1, key="e", hold_days=-1),
    ):
        with pytest.raises(PointsError):
            act()
    with engine.store.read() as connection:
        assert connection.scalars(select(points_act.c.kind).order_by(points_act.c.id)).all() == ["earn", "settle"]
    assert engine.points.redeem("C1", 10, key="a").spendable == 0


def test_a_number_that_somebody_changed_is_found(engine: Engine) -> None:
    lot = engine.points.earn("C1", 10, key="sale").number
    with engine.store.write() as connection:
        connection.execute(update(points_lot).values(member=11))
    assert engine.points.verify() == ([], [lot])
    for table in ("points_act", "points_entry"):
        with pytest.raises(DBAPIError, match="are kept as they are"), engine.store.write() as connection:
            connection.execute(text(f"delete from {table}"))
    with engine.store.write() as connection:
        sqlite = connection.dialect.name == "sqlite"
        connection.execute(text("drop trigger points_entry_no_update" if sqlite else "drop trigger points_entry_keep on points_entry"))
        connection.execute(update(points_entry).where(points_entry.c.account == "member").values(points=11))
    assert [len(found) for found in engine.points.verify()] == [1, 0]


def spend(url: str, name: int, trials: int) -> list[int]:
    granted = []
    with Engine.open(url, actor=f"p{name}") as engine:
        for trial in range(trials):
            try:
                granted.append(engine.points.redeem("C1", 10, key=f"{trial // 2} of {name % 4}").number)
            except PointsError:
                granted.append(0)
    return granted


def test_processes_at_the_same_time_never_spend_more_than_there_is(engine: Engine, store_url: str) -> None:
    """Eight processes ask for more than there is; pairs of them share keys, and each key is asked for twice by both."""
    engine.points.earn("C1", TRIALS // 2 * 10, key="sale")
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        answers = pool.starmap(spend, [(store_url, name, TRIALS) for name in range(PROCESSES)])
    granted = {number for each in answers for number in each if number}
    assert len(granted) == TRIALS // 2
    assert engine.points.balance("C1").spendable == 0
    with engine.store.read() as connection:
        assert set(connection.scalars(select(points_act.c.id).where(points_act.c.kind == "redeem"))) == granted
    assert engine.points.verify() == ([], [])


def test_of_many_who_take_one_correction_back_at_once_one_does(store_url: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with open_store(store_url) as store:
        add_customers(store, range(1, 3))
    with Engine.open(store_url, actor="li") as engine:
        engine.publish({"name": "Test", "policies": [{"key": "points", "type": "points", "params": {"expiry": "never", "manual": 100}}]})
        given = engine.points.correct("C1", 100, reason="complaint", key="a").number
        taken = engine.points.correct("C1", -40, reason="too much", key="b").number

        def undo(number: int) -> bool:
            try:
                engine.acting_as(f"w{number}").points.undo("C1", (given, taken)[number % 2], reason="a mistake", key=f"u{number}")
            except PointsError:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            done = list(pool.map(undo, range(16)))
        undone = [act["about"] for act in engine.points.history("C1") if act["kind"] == "undo"]
        assert sum(done) == len(undone) == len(set(undone))
        assert taken in undone, "nothing stands against giving back"
        account = engine.points.balance("C1")
        assert (account.spendable, account.owed) == (100 - 100 * (given in undone) - 40 * (taken not in undone), 0)
        assert engine.points.verify() == ([], [])
