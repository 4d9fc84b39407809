"""Schedules on the command line: added, listed in both languages, done, refused."""

from __future__ import annotations

from sqlalchemy import update

from engine.service import Engine
from engine.store.models import draft, schedule
from tests.cli.conftest import Shop


def due_now(shop: Shop) -> None:
    with Engine.open(shop.url) as engine, engine.store.write() as connection:
        connection.execute(update(schedule).values(next_at=1_767_200_000))


def test_a_nightly_run_from_plan_to_result(shop: Shop) -> None:
    assert "nothing is planned" in shop("schedules", "list")
    assert "schedule 1: next 20" in shop("schedules", "add", "0 2 * * *", "--title", "every night")
    assert "nothing is due" in shop("schedules", "tick")
    due_now(shop)
    said = shop("schedules", "tick", code=3)
    assert "schedule 1: held, run 2" in said
    assert "the newest order is" in said, "the orders of the shop are old by now"
    listed = shop("schedules", "list")
    assert "every night" in listed
    assert "held, run 2" in listed
    assert "已暂扣，运行 2" in shop("--language", "zh", "schedules", "list")
    found = shop.json("schedules", "list")[0]
    assert found["last_result"]["status"] == "held"
    assert found["next_at"].endswith("T02:00:00+08:00")


def test_disabled_enabled_removed(shop: Shop) -> None:
    shop("schedules", "add", "0 2 * * *")
    assert "disabled" in shop("schedules", "disable", "1")
    assert shop.json("schedules", "enable", "1")["enabled"]
    assert "已删除" in shop("--language", "zh", "schedules", "remove", "1")
    assert "there is no schedule 1" in shop.fails("schedules", "remove", "1")


def test_a_failure_ends_with_its_code(shop: Shop) -> None:
    assert "there is no draft d99" in shop.fails("schedules", "add", "--draft", "99", "--at", "2099-12-31")
    shop("rulebook", "new")
    shop("schedules", "add", "--draft", "1", "--at", "2099-12-31")
    assert "publish draft 1" in shop("schedules", "list")
    with Engine.open(shop.url) as engine, engine.store.write() as connection:
        connection.execute(update(draft).values(status="discarded"))
    due_now(shop)
    said = shop.json("schedules", "tick", code=1)
    assert [(one["kind"], one["status"]) for one in said] == [("publication", "failed")]
    assert "failed" in shop("schedules", "list")


def test_mistakes_are_named(shop: Shop) -> None:
    assert "at most once an hour" in shop.fails("schedules", "add", "*/5 * * * *")
    assert "give either the times of a run" in shop.fails("schedules", "add")
    assert "give either the times of a run" in shop.fails("schedules", "add", "0 2 * * *", "--draft", "1")
    assert "--draft needs --at" in shop.fails("schedules", "add", "--draft", "1")
    assert "is not a moment" in shop.fails("schedules", "add", "--draft", "1", "--at", "soon")
    assert shop.json("schedules", "list") == []
