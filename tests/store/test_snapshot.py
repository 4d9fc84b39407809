"""Everything that a read returns is of one moment, and reading costs no writer a commit: another process writes all the time."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from typing import Any

import pytest
from sqlalchemy import func, select, update

from engine.catalogue import Catalogue
from engine.columns import Array, Codes
from engine.store import feature_fetch
from engine.store.facts import next_fact_seq
from engine.store.features import FeatureTable, read_features
from engine.store.models import fact_clock, orders
from engine.store.session import Store
from tests.store.shop import AS_OF, DAY, REFUND, Order, Shop, fill, open_store

TOTAL = 10**9
NAMES = ["orders.amount", "orders.refund_amount", "orders.cost"]
"""Three queries: sales and refunds by the index, cost by the rows."""


def move(store: Store, times: int | None, stop: Event | None, acknowledged: Any) -> None:
    """Move one unit from the sale of customer 1 to the refund of customer 9 and the cost of customer 5, in one commit."""
    done = 0
    while (stop is None or not stop.is_set()) and done != times:
        with store.write() as connection:
            next_fact_seq(connection)
            connection.execute(update(orders).where(orders.c.id == 1).values(amount=orders.c.amount - 2))
            connection.execute(update(orders).where(orders.c.id == 2).values(amount=orders.c.amount + 1))
            connection.execute(update(orders).where(orders.c.id == 3).values(cost=orders.c.cost + 1))
        done += 1
        acknowledged.value += 1
        time.sleep(0.001)


def write_in_another_process(url: str, stop: Event, acknowledged: Any) -> None:
    with Store.open(url) as store:
        move(store, None, stop, acknowledged)


@contextmanager
def a_writer(url: str) -> Iterator[Any]:
    context = multiprocessing.get_context("spawn")
    stop, acknowledged = context.Event(), context.Value("q", 0)
    process = context.Process(target=write_in_another_process, args=(url, stop, acknowledged))
    process.start()
    try:
        while acknowledged.value == 0 and process.is_alive():
            stop.wait(0.005)
        yield acknowledged
    finally:
        stop.set()
        process.join()


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """Nine customers over several ranges; what moves is with the first, the middle and the last."""
    with open_store(store_url) as opened:
        fill(opened, Shop(9, [Order(1, DAY, TOTAL), Order(9, DAY, 0, REFUND), Order(5, DAY, 0, cost=0)]))
        yield opened


def total(table: FeatureTable) -> int:
    return round(sum(float(array(table, name).sum()) for name in NAMES) * 100)


def array(table: FeatureTable, name: str) -> Array:
    column = table.columns[name]
    assert not isinstance(column, Codes)
    return column


def moved(connection: Any) -> int:
    return int(connection.scalar(select(orders.c.amount).where(orders.c.id == 2)))


@pytest.mark.parametrize("least", [0, 50_000])
def test_no_read_is_torn_and_no_commit_is_lost(store: Store, store_url: str, least: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_fetch, "PLAIN_UP_TO", least)
    with store.read() as connection:
        before = connection.scalar(select(fact_clock.c.seq)) or 0
    seen = set()
    with a_writer(store_url) as acknowledged:
        for _ in range(40 if least else 8):
            table, beside = read_features(store, NAMES, AS_OF, catalogue=Catalogue.built_in(), also=moved)
            assert total(table) == TOTAL
            assert round(array(table, "orders.refund_amount").sum() * 100) == beside
            assert table.fact_seq == before + beside
            seen.add(beside)
    assert len(seen) > 1, "the writer never committed between reads, so nothing was shown"
    with store.read() as connection:
        assert moved(connection) == acknowledged.value
        assert connection.scalar(select(fact_clock.c.seq)) == before + acknowledged.value
        assert connection.scalar(select(func.count()).select_from(orders)) == 3


def test_the_same_queries_each_on_its_own_are_torn(store: Store) -> None:
    """The control that makes the test above worth something."""
    counter = multiprocessing.get_context("spawn").Value("q", 0)
    found = 0
    for column, number in ((orders.c.amount, 1), (orders.c.amount, 2), (orders.c.cost, 3)):
        with store.read() as connection:
            found += connection.scalar(select(column).where(orders.c.id == number)) or 0
        move(store, 1, None, counter)
    assert found != TOTAL


def test_a_writer_that_holds_the_lock_delays_a_read_but_does_not_tear_it(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another connection is in the middle of a commit's worth of changes, none of them is seen."""
    monkeypatch.setattr(feature_fetch, "PLAIN_UP_TO", 0)
    monkeypatch.setattr(feature_fetch, "LOCK_SECONDS", 0.2)
    with open_store(sqlite_url) as store:
        fill(store, Shop(9, [Order(1, DAY, TOTAL), Order(9, DAY, 0, REFUND), Order(5, DAY, 0, cost=0)]))
        with store.write() as half:
            half.execute(update(orders).where(orders.c.id == 1).values(amount=5))
            table, _ = read_features(store, NAMES, AS_OF, catalogue=Catalogue.built_in())
            assert total(table) == TOTAL
