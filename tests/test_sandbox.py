"""Sandboxes: stores of their own with a clock that goes ahead, which every "now" follows; nothing else moves a clock."""

from __future__ import annotations

import ast
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import clock
from engine.errors import NotAllowed, TierwiseError
from engine.service import Engine
from tests.small_store import add_customers, open_store

ROOT = Path(__file__).parents[1]
DAY = 86_400
MACHINE = {"engine.clock", "engine.jobs", "engine.webhooks", "engine.api.access", "engine.api.evaluations"}
"""Where the machine's own clock is asked: leases of jobs, signatures and pauses of webhooks, limits per minute, seconds taken."""


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    open_store(store_url).close()
    with Engine.open(store_url, actor="mei") as opened:
        opened.sandbox.make()
        yield opened
    clock.set_ahead(0)


def test_every_now_of_the_engine_is_asked_of_one_clock() -> None:
    wrong = []
    for package in ("engine", "plugins", "admin"):
        for path in (ROOT / package).rglob("*.py"):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                asks = isinstance(node, ast.Attribute) and ast.unparse(node) in {
                    "time.time", "time.time_ns", "dt.datetime.now", "dt.datetime.utcnow", "dt.date.today", "dt.datetime.today",
                }  # fmt: skip
                if asks and module not in MACHINE:
                    wrong.append(f"{module}:{node.lineno}")  # type: ignore[attr-defined]
    assert wrong == []


def test_everything_follows_the_clock(engine: Engine) -> None:
    engine.people.add("li", roles=["analyst"])
    secret, _ = engine.people.make_key("k", user="li", scopes=["results:read"], expires_at=clock.now() + DAY, test=True)
    engine.people.verify_key(secret)
    engine.schedules.add_run("0 2 * * *")
    assert engine.schedules.due() == []
    moved = engine.sandbox.move(seconds=2 * DAY)
    assert moved["ahead_seconds"] == 2 * DAY
    assert abs(clock.now() - time.time() - 2 * DAY) < 5
    assert len(engine.schedules.due()) == 1
    with pytest.raises(NotAllowed):
        engine.people.verify_key(secret)
    engine.schedules.disable(1)
    assert engine.audit.entries(limit=1)[0].at >= time.time() + DAY, "what is done now is done then"
    assert engine.audit.verify().whole


def test_another_process_finds_the_clock_where_it_was_put(engine: Engine) -> None:
    engine.sandbox.move(to="2099-01-01" if clock.now() > 4_000_000_000 else clock.now() + 5 * DAY)
    clock.set_ahead(0)
    with Engine.open(engine.settings.database_url) as again:
        assert clock.ahead() >= 5 * DAY - 5
        assert again.sandbox.clock()["ahead_seconds"] == clock.ahead()


def test_a_clock_only_goes_ahead(engine: Engine) -> None:
    engine.sandbox.move(seconds=10)
    for asked, said in (
        ({"to": "2020-01-01"}, "only moves ahead"),
        ({"seconds": -1}, "only moves ahead"),
        ({"seconds": 10**12}, "at most 20 years"),
        ({"to": "soon"}, "is not a moment"),
        ({}, "give either"),
        ({"to": 5, "seconds": 5}, "give either"),
    ):
        with pytest.raises(TierwiseError, match=said):
            engine.sandbox.move(**asked)  # type: ignore[arg-type]
    assert engine.sandbox.clock()["ahead_seconds"] == 10


def test_a_store_in_use_is_no_sandbox(store_url: str) -> None:
    with open_store(store_url) as store:
        add_customers(store, [1])
    with Engine.open(store_url) as engine:
        assert not engine.sandbox.is_one
        with pytest.raises(TierwiseError, match="has customers or keys and is no sandbox"):
            engine.sandbox.make()
        for verb in (engine.sandbox.clock, lambda: engine.sandbox.move(seconds=5)):
            with pytest.raises(TierwiseError, match="its clock is the real one"):
                verb()
        assert clock.ahead() == 0


def test_its_key_works_and_takes_the_place_of_the_one_before(engine: Engine) -> None:
    first, second = engine.sandbox.new_key(), engine.sandbox.new_key()
    assert second.startswith("tw_test_")
    assert engine.people.verify_key(second).key.test
    with pytest.raises(NotAllowed):
        engine.people.verify_key(first)
