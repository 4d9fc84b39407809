"""A simulation says which levels move and which rights are gained and lost; a publication then does exactly that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engine.service import Engine
from tests.small_store import AS_OF, DAY, Order, add_customers, add_orders, open_store

SPENT = [0, 50, 150, 150, 300, 900]


def book(gold: float, *rights: str) -> dict[str, Any]:
    levels = [
        {"key": "basic", "from": 0, "below": gold},
        {"key": "gold", "from": gold, "rights": [{"en": right, "zh": f"权益 {right}"} for right in rights]},
    ]
    return {
        "name": "Members",
        "guards": {"customers": None, "amount": None, "label": None, "silent_days": None},
        "policies": [{"key": "members", "type": "membership", "params": {"levels": levels}}],
    }


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    store = open_store(store_url)
    add_customers(store, range(1, len(SPENT) + 1))
    add_orders(store, [Order(n, AS_OF - DAY, amount * 100) for n, amount in enumerate(SPENT, 1)])
    store.close()
    with Engine.open(store_url) as opened:
        opened.publish(book(200, "lounge", "breakfast"))
        opened.run(as_of=AS_OF)
        yield opened


def rights(engine: Engine, draft: dict[str, Any]) -> dict[str, tuple[int, int]]:
    found = engine.simulate(draft, as_of=AS_OF).rights
    return {each.right.en: (each.gained, each.lost) for each in found.get("members", [])}


def test_a_lower_threshold_gives_rights_to_those_who_rise(engine: Engine) -> None:
    assert rights(engine, book(200, "lounge", "breakfast")) == {}
    assert rights(engine, book(100, "lounge", "breakfast")) == {"lounge": (2, 0), "breakfast": (2, 0)}
    assert rights(engine, book(500, "lounge", "breakfast")) == {"lounge": (0, 1), "breakfast": (0, 1)}


def test_other_rights_of_a_level_are_gained_and_lost_although_nobody_moves(engine: Engine) -> None:
    assert rights(engine, book(200, "lounge", "sauna")) == {"breakfast": (0, 2), "sauna": (2, 0)}


def test_a_programme_that_comes_or_goes_gives_or_takes_everything(engine: Engine) -> None:
    other = {**book(200), "policies": [{"key": "abc", "type": "abc"}]}
    assert rights(engine, other) == {"lounge": (0, 2), "breakfast": (0, 2)}
    engine.publish(other)
    assert rights(engine, book(100, "lounge")) == {"lounge": (4, 0)}


def test_what_is_simulated_is_what_the_run_then_gives(engine: Engine) -> None:
    found = engine.simulate(book(100, "lounge"), as_of=AS_OF).migrations["members.level"]
    assert (found.up, found.down) == (2, 0)
    engine.publish(book(100, "lounge"))
    assert engine.run(as_of=AS_OF).outputs["members.level"] == {"gold": 4, "basic": 2}
    overview = engine.membership.overview("members")
    assert overview is not None
    assert overview.counts == {"gold": 4, "basic": 2}
