"""What is old and over goes, in batches; what waits, what is young and what later work goes on from stays."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner
from sqlalchemy import insert, select

from engine import clock, retention
from engine.cli import cli
from engine.service import Engine
from engine.store import webhooks as rows
from engine.store.models import delivery, event, user_session
from tests.small_store import DAY, open_store

OLD, YOUNG = 91 * DAY, 89 * DAY


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    open_store(store_url).close()
    with Engine.open(store_url, actor="mei") as opened:
        opened.people.add("li", roles=["viewer"])
        now = clock.now()
        with opened.store.write() as connection:
            hook = rows.add(connection, {"title": "t", "url": "u", "secret": "s", "created_by": "mei", "created_at": 0}, ["run.visible"])
            for number, age in enumerate([OLD, OLD, OLD, OLD, OLD, YOUNG], 1):
                row = {"id": number, "kind": "run.visible", "ref": f"run:{number}", "at": now - age, "payload": "{}"}
                connection.execute(insert(event).values(row))
            for number, (status, age) in enumerate([("delivered", OLD), ("failed", OLD), ("waiting", OLD), ("delivered", YOUNG)], 1):
                more = {"attempts": 1, "lease_until": 0, "last_error": "", "created_at": now - age}
                connection.execute(insert(delivery).values(id=number, webhook_id=hook, event_id=number, status=status, **more))
            for number, (seen, ended) in enumerate([(OLD, OLD), (OLD, None), (YOUNG, YOUNG), (YOUNG, None)], 1):
                times = {"created_at": 0, "seen_at": now - seen, "ended_at": None if ended is None else now - ended}
                connection.execute(insert(user_session).values(id=number, token_hash=str(number), user_id=1, address="", agent="", **times))
        yield opened


def left(engine: Engine) -> list[list[int]]:
    with engine.store.read() as connection:
        return [list(connection.scalars(select(table.c.id).order_by(table.c.id))) for table in (delivery, event, user_session)]


def test_only_what_is_old_and_over_goes(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 1)
    before = left(engine)
    assert engine.retention.due() == {"deliveries": 2, "events": 1, "sessions": 2}
    assert left(engine) == before, "counting removes nothing"
    assert engine.retention.remove() == {"deliveries": 2, "events": 3, "sessions": 2}, "events whose deliveries went go with them"
    assert left(engine) == [[3, 4], [3, 4, 6], [3, 4]]
    assert engine.retention.due() == {"deliveries": 0, "events": 0, "sessions": 0}
    entry = engine.audit.entries(limit=1)[0]
    assert (entry.action, json.loads(entry.details)["events"]) == ("retention.remove", 3)
    assert engine.audit.verify().whole


def test_the_newest_event_of_a_kind_stays_however_old(engine: Engine) -> None:
    with engine.store.write() as connection:
        connection.execute(event.update().values(at=0))
        connection.execute(delivery.update().values(created_at=0, status="delivered"))
    engine.retention.remove()
    assert left(engine)[:2] == [[], [6]], "collecting goes on from it"


def test_the_command_removes_when_asked_to(engine: Engine) -> None:
    url = engine.settings.database_url
    told = CliRunner().invoke(cli, ["--database", url, "retention"])
    assert "2  webhook deliveries" in told.output
    assert "Nothing was removed" in told.output
    told = CliRunner().invoke(cli, ["--database", url, "retention", "--remove", "--json"])
    assert json.loads(told.output) == {"removed": True, "deliveries": 2, "events": 3, "sessions": 2}
    assert left(engine)[0] == [3, 4]
