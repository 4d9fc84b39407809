"""A sandbox over the API: test keys only, and a clock that goes ahead; elsewhere there is no such clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import clock
from engine.api import create_app
from engine.service import Engine
from tests.api.conftest import Client
from tests.small_store import open_store


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Client]:
    url = f"sqlite:///{tmp_path / 's.db'}"
    open_store(url).close()
    with Engine.open(url, create=False) as engine:
        engine.sandbox.make()
        yield Client(create_app(engine, sandbox=True), engine, engine.sandbox.new_key())
    clock.set_ahead(0)


def test_the_clock_is_read_and_moved(sandbox: Client) -> None:
    assert sandbox.get("/sandbox/clock")["ahead_seconds"] == 0
    tried = sandbox("PUT", "/sandbox/clock", code=200, json={"advance_seconds": 500}, query_string={"dry_run": "true"})
    assert tried.json["ahead_seconds"] == 500
    assert sandbox.get("/sandbox/clock")["ahead_seconds"] == 0
    moved = sandbox("PUT", "/sandbox/clock", code=200, json={"advance_seconds": 86_400}).json
    assert sandbox.get("/sandbox/clock") == moved
    assert moved["ahead_seconds"] == 86_400


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"now": "2020-01-01"}, "only moves ahead"),
        ({"now": "soon"}, "is not a moment"),
        ({}, "either now or advance_seconds"),
        ({"now": "2099-01-01", "advance_seconds": 1}, "either now or advance_seconds"),
        ({"advance_seconds": -1}, "advance_seconds"),
    ],
)
def test_what_is_no_move_is_refused(sandbox: Client, body: dict[str, object], said: str) -> None:
    assert said in sandbox("PUT", "/sandbox/clock", code=422, json=body).get_data(as_text=True)
    assert sandbox.get("/sandbox/clock")["ahead_seconds"] == 0


def test_a_repeated_move_is_done_once(sandbox: Client) -> None:
    for _ in range(2):
        sandbox("PUT", "/sandbox/clock", code=200, json={"advance_seconds": 600}, headers={"Idempotency-Key": "one"})
    assert sandbox.get("/sandbox/clock")["ahead_seconds"] == 600


def test_keys_do_not_cross(sandbox: Client) -> None:
    live, _ = sandbox.engine.people.make_key("live", user="sandbox", scopes=["results:read"])
    assert "test keys only" in sandbox.as_(live)("GET", "/sandbox/clock", code=401).json["detail"]


def test_elsewhere_there_is_no_clock(api: Client) -> None:
    api("GET", "/sandbox/clock", code=404)
    api("PUT", "/sandbox/clock", code=404, json={"advance_seconds": 5})
    assert clock.ahead() == 0
