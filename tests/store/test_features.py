"""Features equal a plain-Python oracle, on both databases, by every way of reading, from one snapshot."""

from __future__ import annotations

import math
import multiprocessing
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update

from engine.catalogue import Catalogue
from engine.columns import Codes
from engine.errors import FeatureError
from engine.feature_documents import parse_features
from engine.store import features as reading
from engine.store.features import read_features, read_one
from engine.store.models import customer, fact_clock, orders
from engine.store.session import Store
from tests.small_store import AS_OF, DAY, Order, add_customers, add_orders, open_store

NAMES = [
    "orders.count",
    "orders.count_30d",
    "orders.amount",
    "orders.amount_30d",
    "orders.net_amount",
    "orders.net_amount_30d",
    "orders.average_amount",
    "orders.refund_count",
    "orders.purchase_days",
    "orders.purchase_days_30d",
    "orders.recency_days",
    "orders.tenure_days",
    "orders.interval_days",
    "orders.interval_median_days",
    "orders.gap_days",
    "orders.gap_days_30d",
]

moments = st.one_of(
    st.sampled_from([AS_OF, AS_OF + 1, AS_OF - 30 * DAY, AS_OF - 30 * DAY + 1, AS_OF - DAY, AS_OF - DAY + 1]),
    st.integers(AS_OF - 60 * DAY, AS_OF + 5 * DAY),
)
some_orders = st.lists(
    st.builds(Order, customer=st.integers(1, 4), at=moments, amount=st.integers(0, 10**6), kind=st.sampled_from([0, 0, 0, 1, -1, -2])), max_size=14
)


def oracle(name: str, mine: list[Order]) -> float:
    """What a feature is, in plain Python, from the definitions of the domain."""
    base, _, window = name.removeprefix("orders.").rpartition("_")
    measure, start = (base, AS_OF - 30 * DAY) if window == "30d" else (name.removeprefix("orders."), -math.inf)
    past = [order for order in mine if order.at <= AS_OF]
    every_sale = sorted(order.at for order in past if order.kind == 0)
    sales = [order for order in past if order.kind == 0 and order.at > start]
    refunds = [order for order in past if order.kind == 1 and order.at > start]
    days = sorted({order.at // DAY for order in sales})
    gaps = sorted(later - earlier for earlier, later in zip(days, days[1:], strict=False))
    match measure:
        case "count":
            return len(sales)
        case "amount":
            return sum(order.amount for order in sales) / 100
        case "net_amount":
            return (sum(order.amount for order in sales) - sum(order.amount for order in refunds)) / 100
        case "average_amount":
            return sum(order.amount for order in sales) / (len(sales) * 100) if sales else math.nan
        case "refund_count":
            return len(refunds)
        case "purchase_days":
            return len(days)
        case "recency_days":
            return (AS_OF - every_sale[-1]) // DAY if every_sale else math.nan
        case "tenure_days":
            return (AS_OF - every_sale[0]) // DAY if every_sale else math.nan
        case "interval_days":
            return (days[-1] - days[0]) / (len(days) - 1) if len(days) > 1 else math.nan
        case "interval_median_days":
            return (gaps[(len(gaps) - 1) // 2] + gaps[len(gaps) // 2]) / 2 if gaps else math.nan
    distinct = sorted(set(every_sale))
    recent = len(distinct) > 1 and distinct[-1] > start
    return (distinct[-1] - distinct[-2]) // DAY if recent else math.nan


def read(store: Store, names: list[str], catalogue: Catalogue | None = None, **options: Any) -> reading.FeatureTable:
    return read_features(store, names, AS_OF, catalogue=catalogue or Catalogue.built_in(), also=lambda connection: None, **options)[0]


@pytest.fixture(scope="module")
def shared_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('features') / 'store.db'}")
    add_customers(store, range(1, 6))
    return store


def _check(store: Store, many: list[Order], table: reading.FeatureTable) -> None:
    for row, owner in enumerate(table.customer_id.tolist()):
        mine = [order for order in many if order.customer == owner]
        for name in NAMES:
            column = table.columns[name]
            assert not isinstance(column, Codes)
            np.testing.assert_equal(float(column[row]), float(oracle(name, mine)), err_msg=f"{name} of customer {owner}")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(many=some_orders)
def test_features_equal_the_oracle(shared_sqlite: Store, many: list[Order]) -> None:
    with shared_sqlite.write() as connection:
        connection.execute(delete(orders))
    add_orders(shared_sqlite, many)
    _check(shared_sqlite, many, read(shared_sqlite, NAMES))
    alone = read_one(shared_sqlite, 2, NAMES, AS_OF, catalogue=Catalogue.built_in())
    _check(shared_sqlite, many, alone)


MANY = [Order(1 + n * 7 % 4, AS_OF - n * 3 * DAY - n * 1111, 100 + n, kind=(0, 0, 0, 1, -1)[n % 5], channel=("web", "shop", None)[n % 3]) for n in range(40)]


@pytest.fixture
def filled(store_url: str) -> Store:
    store = open_store(store_url)
    add_customers(store, range(1, 6))
    add_orders(store, MANY)
    return store


def test_both_databases_and_all_ways_of_reading_agree(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = read(filled, NAMES)
    _check(filled, MANY, plain)
    monkeypatch.setattr(reading, "PLAIN_UP_TO", 0)
    for partitions in (1, 3, 7):
        other = read(filled, NAMES, partitions=partitions)
        np.testing.assert_array_equal(other.customer_id, plain.customer_id)
        for name in NAMES:
            np.testing.assert_array_equal(other.columns[name], plain.columns[name], err_msg=name)
    assert (np.diff(plain.key_hash) >= 0).all()


def test_every_stored_customer_is_a_row_and_the_flagged_say_why(filled: Store) -> None:
    with filled.write() as connection:
        connection.execute(update(customer).where(customer.c.id == 3).values(not_graded="staff"))
        connection.execute(update(customer).where(customer.c.id == 2).values(merged_into=1))
        connection.execute(update(customer).where(customer.c.id == 4).values(voided_at=1))
    table = read(filled, ["orders.count"])
    assert sorted(table.customer_id.tolist()) == [1, 3, 5]
    assert table.not_graded is not None
    assert dict(zip(table.customer_id.tolist(), table.not_graded.texts(), strict=True)) == {1: None, 3: "staff", 5: None}


def test_features_that_a_rulebook_defines(filled: Store) -> None:
    documents = [
        {"name": "orders.web_60d", "source": "orders", "aggregate": "count", "window_days": 60, "where": {"feature": "channel", "op": "=", "value": "web"}},
        {"name": "orders.not_web", "source": "orders", "aggregate": "sum", "of": "amount", "where": {"not": {"feature": "channel", "op": "in", "value": ["web"]}}},
        {"name": "orders.month_before", "source": "orders", "aggregate": "count", "window_days": 30, "ends_days_before": 30},
        {"name": "orders.trend", "ratio": ["orders.count_30d", "orders.month_before"]},
    ]
    more, faults = parse_features(documents, Catalogue.built_in())
    assert not faults
    table = read(filled, [feature.name for feature in more], Catalogue.built_in().with_features(more))
    for row, owner in enumerate(table.customer_id.tolist()):
        mine = [order for order in MANY if order.customer == owner and order.kind == 0 and order.at <= AS_OF]
        assert table.columns["orders.web_60d"][row] == sum(order.channel == "web" and order.at > AS_OF - 60 * DAY for order in mine)
        assert table.columns["orders.not_web"][row] == sum(order.amount for order in mine if order.channel != "web") / 100
        before = sum(AS_OF - 60 * DAY < order.at <= AS_OF - 30 * DAY for order in mine)
        assert table.columns["orders.month_before"][row] == before
        now = sum(order.at > AS_OF - 30 * DAY for order in mine)
        np.testing.assert_equal(table.columns["orders.trend"][row], now / before if before else math.nan)


def test_faults_of_feature_definitions_come_all_at_once() -> None:
    documents = [
        {"name": "Orders.X", "source": "orders", "aggregate": "count"},
        {"name": "orders.a", "source": "ordres", "aggregate": "count"},
        {"name": "orders.b", "source": "orders", "aggregate": "sum", "of": "amout", "window_days": 0},
        {"name": "orders.c", "source": "orders", "aggregate": "count", "where": {"feature": "chanel", "op": "~", "value": 7}},
        {"name": "orders.count", "source": "orders", "aggregate": "count"},
        {"name": "orders.d", "ratio": ["orders.count", "profile.region"]},
        {"name": "orders.e", "source": "orders", "aggregate": "count", "windows": 3},
        7,
    ]
    found, faults = parse_features(documents, Catalogue.built_in())
    words = [str(fault) for fault in faults]
    assert len(words) == 11, words
    for expected in ("did you mean 'orders'", "did you mean 'amount'", "did you mean 'channel'", "did you mean 'window_days'", "there is already"):
        assert any(expected in word for word in words), expected


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("orders.amuont", "did you mean 'orders.amount'"),
        ("orders.recency_days_30d", "has no windows"),
        ("orders.count_0d", "1 to 36,500"),
        ("orders.count_٣d", "no feature"),
    ],
)
def test_a_wrong_name_says_what_would_be_right(name: str, words: str) -> None:
    with pytest.raises(FeatureError, match=words):
        Catalogue.built_in().resolve(name)


def _write_while_reading(url: str, stop: Any, acknowledged: Any) -> None:
    """Another process: move one unit of amount from customer 1 to customer 2, over and over, counting commits."""
    store = Store.open(url)
    while not stop.is_set():
        with store.write() as connection:
            connection.execute(update(orders).where(orders.c.id == 1).values(amount=orders.c.amount - 1))
            connection.execute(update(orders).where(orders.c.id == 2).values(amount=orders.c.amount + 1))
            connection.execute(update(fact_clock).values(seq=fact_clock.c.seq + 1))
        acknowledged.value += 1
    store.close()


@pytest.mark.parametrize("through_reader", [False, True])
def test_no_read_is_torn_and_no_commit_is_lost(store_url: str, through_reader: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums over sales and over refunds are two queries: a commit between them would show as a wrong total."""
    store = open_store(store_url)
    add_customers(store, [1, 2])
    add_orders(store, [Order(1, AS_OF - DAY, 10**9), Order(2, AS_OF - DAY, 0, kind=1)])
    if through_reader:
        monkeypatch.setattr(reading, "PLAIN_UP_TO", 0)
    context = multiprocessing.get_context("spawn")
    stop, acknowledged = context.Event(), context.Value("q", 0)
    writer = context.Process(target=_write_while_reading, args=(store_url, stop, acknowledged))
    with store.read() as connection:
        before = connection.scalar(select(fact_clock.c.seq))
    writer.start()
    try:
        while acknowledged.value < 1:
            time.sleep(0.01)
        seen = set()
        for _ in range(6 if through_reader else 40):
            table, also = read_features(
                store,
                ["orders.amount", "orders.refund_amount"],
                AS_OF,
                catalogue=Catalogue.built_in(),
                also=lambda connection: connection.scalar(select(func.sum(orders.c.amount).filter(orders.c.id == 2))),
            )
            total = float(table.columns["orders.amount"].sum()) + float(table.columns["orders.refund_amount"].sum())
            assert total == 10**7
            assert float(table.columns["orders.refund_amount"].sum()) == (also or 0) / 100
            seen.add(also)
    finally:
        stop.set()
        writer.join()
    assert len(seen) > 1, "the writer never committed between reads; the test shows nothing"
    with store.read() as connection:
        assert connection.scalar(select(fact_clock.c.seq)) == (before or 0) + acknowledged.value
        moved = connection.scalar(select(orders.c.amount).where(orders.c.id == 2))
    assert moved == acknowledged.value


def test_the_reader_process_loads_no_second_sqlite() -> None:
    code = "import sys, engine.store.reader; print([m for m in ('sqlite3', '_sqlite3', 'sqlalchemy') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_the_files_of_a_read_are_gone_afterwards(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(sqlite_url)
    add_customers(store, [1])
    monkeypatch.setattr(reading, "PLAIN_UP_TO", 0)
    read(store, ["orders.count"])
    assert list(store.cache_dir.iterdir()) == []


def test_a_reader_that_fails_says_so(sqlite_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    store = open_store(sqlite_url)
    add_customers(store, [1])
    monkeypatch.setattr(reading, "PLAIN_UP_TO", 0)
    real = reading.finished
    monkeypatch.setattr(reading, "finished", lambda query, **options: real(query, **options).replace("customer", "kustomer"))
    with pytest.raises(Exception, match="reader process of the store failed"):
        read(store, ["orders.count"])
    assert os.path.exists(store.path)
    assert sqlite3.connect(store.path).execute("pragma integrity_check").fetchone() == ("ok",)
