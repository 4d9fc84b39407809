"""A simulation says what a draft does to points: how many a year earns, what they cost, who earns more and who less."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engine.service import Engine
from tests.small_store import AS_OF, DAY, Order, add_customers, add_orders, open_store


def book(**params: Any) -> dict[str, Any]:
    return {"name": "Test", "policies": [{"key": "abc", "type": "abc"}, {"key": "points", "type": "points", "params": params}]}


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    with open_store(sqlite_url) as store:
        add_customers(store, range(1, 5))
        add_orders(store, [Order(n, AS_OF - 9 * DAY, 10_000 * n) for n in range(1, 4)])
    with Engine.open(sqlite_url, actor="li") as opened:
        opened.publish(book(worth=2))
        opened.run(AS_OF)
        yield opened


def test_a_higher_rate_is_told_with_its_cost(engine: Engine) -> None:
    assert engine.simulate(book(worth=2), as_of=AS_OF).points == {}
    moved = engine.simulate(book(rate=1.5, worth=2), as_of=AS_OF).points["points"]
    assert (moved.live, moved.draft, moved.live_cost, moved.draft_cost) == (600, 900, 12.0, 18.0)
    assert (moved.more, moved.fewer) == (3, 0)
    plain = engine.simulate(book(rate=0.5, worth=2), as_of=AS_OF).as_dict()["points"]["points"]
    assert (plain["draft"], plain["draft_cost"], plain["fewer"]) == (300, 6.0, 3)


def test_a_draft_that_takes_the_programme_away_owes_nothing_new(engine: Engine) -> None:
    moved = engine.simulate({"name": "Test", "policies": [{"key": "abc", "type": "abc"}]}, as_of=AS_OF).points["points"]
    assert (moved.live, moved.draft, moved.draft_cost, moved.fewer) == (600, None, None, 3)
