"""Histories are read alike by all ways: both databases, the reader process, one customer, what changed, hypothetical facts, points."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine import clock
from engine.columns import Codes
from engine.errors import FeatureError, RulebookError
from engine.feature_folds import check_fold, with_own
from engine.reading import reading_of
from engine.service import Engine
from engine.store import feature_fetch
from engine.store.features import read_features, read_one
from plugins.membership import Membership
from tests.small_store import AS_OF, DAY, Order, add_customers, add_orders, open_store

BOOK: dict[str, Any] = {
    "name": "Members",
    "guards": {"customers": None, "amount": None, "label": None, "silent_days": None},
    "policies": [{"key": "members", "type": "membership"}],
}
CUSTOMERS = 60


def some_orders() -> list[Order]:
    random = np.random.default_rng(11)
    return [
        Order(int(who), int(at), int(amount), int(kind))
        for who, at, amount, kind in zip(
            random.integers(1, CUSTOMERS, 900),
            AS_OF - random.integers(0, 1_100 * DAY, 900),
            random.integers(100, 90_000, 900),
            random.random(900) < 0.1,
            strict=True,
        )
    ]


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    store = open_store(store_url)
    add_customers(store, range(1, CUSTOMERS + 1))
    add_orders(store, some_orders())
    store.close()
    with Engine.open(store_url) as opened:
        opened.publish(BOOK)
        yield opened


def columns_of(engine: Engine, **how: Any) -> dict[str, list[Any]]:
    policy = Membership({})
    catalogue = with_own(engine.catalogue, policy.features())
    table, _ = read_features(engine.store, list(policy.names.values()), AS_OF, catalogue=catalogue, keep=False, **how)
    return {name: [str(value) for value in column] for name, column in table.columns.items() if not isinstance(column, Codes)}


def test_partitions_and_single_customers_give_what_the_whole_gives(engine: Engine) -> None:
    whole = columns_of(engine)
    assert columns_of(engine, partitions=5) == whole
    policy = Membership({})
    catalogue = with_own(engine.catalogue, policy.features())
    table, _ = read_features(engine.store, list(whole), AS_OF, catalogue=catalogue, keep=False)
    for row, customer in enumerate(table.customer_id.tolist()):
        one = read_one(engine.store, customer, list(whole), AS_OF, catalogue=catalogue)
        assert {name: str(one.columns[name][0]) for name in whole} == {name: column[row] for name, column in whole.items()}


def test_the_other_readers_give_the_same(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = columns_of(engine)
    monkeypatch.setattr(feature_fetch, "PLAIN_UP_TO", 0)
    assert columns_of(engine) == whole


def test_a_later_moment_of_the_day_reads_again_only_who_bought_and_the_next_day_everybody(engine: Engine) -> None:
    engine.run(as_of=AS_OF, changed=True)
    for later, why in ((AS_OF + 3_600, ""), (AS_OF + DAY, "day")):
        record = engine.run(as_of=later, changed=True)
        assert record.reading is not None
        assert reading_of(record.reading).why == why
        assert engine.run(as_of=later).digest == record.digest


def test_the_level_of_a_moment_does_not_depend_on_the_runs_before_it(engine: Engine) -> None:
    alone = engine.run(as_of=AS_OF).digest
    for days in (400, 200, 100, 3):
        engine.run(as_of=AS_OF - days * DAY, historical=True)
    engine.run(as_of=AS_OF + DAY)
    assert engine.run(as_of=AS_OF, historical=True, recompute=True).digest == alone


def test_hypothetical_facts_raise_a_level_and_nothing_is_stored(engine: Engine) -> None:
    before = engine.run(as_of=AS_OF).digest
    supposed = engine.exchange.suppose(f"C{CUSTOMERS}", "orders", [{"amount": "1000"}], as_of=AS_OF).values
    assert (supposed["members.level"], supposed["members.to_next"]) == ("silver", 4000.0)
    assert engine.run(as_of=AS_OF).digest == before


def test_points_earned_make_a_level_and_count_on_the_day_of_the_sale(engine: Engine) -> None:
    levels = [{"key": "basic", "from": 0, "below": 100}, {"key": "gold", "from": 100}]
    engine.publish({**BOOK, "policies": [{"key": "members", "type": "membership", "params": {"measure": "points", "levels": levels}}]})
    earned = engine.points.earn("C1", 150, key="one", at=AS_OF - 5 * DAY)
    engine.points.earn("C2", 99, key="two", at=AS_OF - 5 * DAY)
    record = engine.run(as_of=AS_OF)
    assert record.outputs["members.level"] == {"gold": 1, "basic": CUSTOMERS - 1}
    engine.points.reverse("C1", earned.number, 60, key="three")
    assert engine.run(as_of=AS_OF).outputs["members.level"] == {"gold": 1, "basic": CUSTOMERS - 1}, "taken back today, long after"
    (now,) = engine.evaluate(["C1"], as_of=clock.now())
    assert (now.values["members.level"], now.values["members.qualifying"]) == ("basic", -60.0), "only the return counts in this year"


def test_features_that_are_no_folds_are_refused(engine: Engine) -> None:
    feature = Membership({}).features()[0]
    for wrong, said in (
        ({"name": "orders.mine"}, "expected a name such as history."),
        ({"aggregate": "sum"}, "expected the aggregate 'fold'"),
        ({"source": "lines"}, "'lines' of 'net_amount'; expected orders of"),
    ):
        with pytest.raises(FeatureError, match=said):
            check_fold(replace(feature, **wrong))
    with pytest.raises(FeatureError, match="declared twice with different meanings"):
        with_own(with_own(engine.catalogue, (feature,)), (replace(feature, part="other"),))


@pytest.mark.parametrize(
    ("levels", "said"),
    [
        ([("basic", 0, 800), ("gold", 1000, None)], r"levels\[0\].below.*leaves a gap up to 1000"),
        ([("basic", 0, 1200), ("gold", 1000, None)], r"levels\[0\].below.*overlaps gold"),
        ([("basic", 0, 1000), ("gold", 1000, 500), ("top", 500, None)], r"levels\[2\].from.*must be above 1000"),
        ([("basic", 5, 1000), ("gold", 1000, None)], r"levels\[0\].from.*must begin at 0"),
        ([("basic", 0, 1000), ("gold", 1000, 9000)], r"levels\[1\].below.*the highest level has no end"),
        ([("basic", 0, 1000), ("basic", 1000, None)], r"levels\[1\].key.*an earlier level has too"),
    ],
)
def test_ranges_with_a_gap_an_overlap_or_out_of_order_are_refused_with_the_place(
    tmp_path: Path, levels: list[tuple[str, float, float | None]], said: str
) -> None:
    written = [{"key": key, "from": start, "below": below} for key, start, below in levels]
    with Engine.open(f"sqlite:///{tmp_path}/s.db") as engine, pytest.raises(RulebookError) as caught:
        engine.publish({**BOOK, "policies": [{"key": "members", "type": "membership", "params": {"levels": written}}]})
    assert re.search(said, "\n".join(map(str, caught.value.faults)))


def test_the_radar_sees_a_level_fall_on_the_day_that_was_foretold(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/radar.db"
    store = open_store(url)
    add_customers(store, [1, 2])
    add_orders(store, [Order(1, AS_OF - 360 * DAY, 200_000), Order(2, AS_OF - 40 * DAY, 200_000)])
    store.close()
    with Engine.open(url) as engine:
        params = {"period": "rolling", "grace_days": 3}
        engine.publish({**BOOK, "policies": [{"key": "members", "type": "membership", "params": params}]})
        engine.run(as_of=AS_OF)
        (foretold,) = engine.evaluate(["C1"], as_of=AS_OF)
        assert foretold.values["members.falls_on"] == str(np.datetime64(AS_OF // DAY + 8, "D"))
        found = engine.insight.radar("members.level", "silver", days=14)
        assert [(fall.external_id, fall.day) for fall in found.falls] == [("C1", 8)]
