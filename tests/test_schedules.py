"""Schedules: what is due is done once, by whichever worker; missed times once; results kept; DST in the business zone."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from engine.errors import TierwiseError
from engine.schedules import LEASE, Done, day_start
from engine.service import Engine
from engine.store.models import schedule
from tests.small_store import AS_OF, DAY, Order, add_customers, add_orders, open_store
from tests.test_runner import BOOK

HOUR = 3600
POLICIES = [{"key": "abc", "type": "abc"}]
NIGHT = AS_OF + 2 * HOUR


def filled(url: str, zone: str = "UTC") -> Engine:
    store = open_store(url, zone)
    add_customers(store, range(1, 6))
    add_orders(store, [Order(n, AS_OF - n * DAY, 1000 * n) for n in range(1, 6)])
    store.close()
    engine = Engine.open(url, actor="planner")
    engine.publish({**BOOK, "policies": POLICIES})
    return engine


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    with filled(store_url) as opened:
        yield opened


def due_at(engine: Engine, number: int, at: int | None, **values: Any) -> None:
    """Set when a schedule is due, so that no test waits."""
    with engine.store.write() as connection:
        connection.execute(update(schedule).where(schedule.c.id == number).values(next_at=at, **values))


def nightly(engine: Engine, at: int = NIGHT, **options: Any) -> int:
    added = engine.schedules.add_run("0 2 * * *", title="every night", **options)
    due_at(engine, added.id, at)
    return added.id


def test_what_is_due_is_run_at_the_start_of_its_day_and_kept(engine: Engine) -> None:
    number = nightly(engine)
    assert engine.schedules.tick(NIGHT - 1) == []
    assert [each.id for each in engine.schedules.due(NIGHT)] == [number]
    done = engine.schedules.tick(NIGHT)
    record = engine.run_record()
    assert done == [Done(number, "run", NIGHT, "done", run=record.id)]
    assert (record.as_of, record.status) == (AS_OF, "visible")
    kept = engine.schedules.get(number)
    assert (kept.next_at, kept.last_at) == (NIGHT + DAY, NIGHT)
    assert kept.last_result == {"status": "done", "due": NIGHT, "run": record.id}
    assert engine.schedules.tick(NIGHT) == []
    assert kept.as_dict()["cron"] == "0 2 * * *"


def test_a_run_may_grade_at_the_moment_itself(engine: Engine) -> None:
    nightly(engine, as_of="now")
    engine.schedules.tick(NIGHT + 60)
    assert engine.run_record().as_of == NIGHT


def test_missed_times_are_made_up_for_once(engine: Engine) -> None:
    number = nightly(engine)
    now = NIGHT + 3 * DAY + HOUR
    done = engine.schedules.tick(now)
    assert [(each.due, each.status) for each in done] == [(NIGHT + 3 * DAY, "done")]
    assert engine.schedules.get(number).next_at == NIGHT + 4 * DAY
    assert len(engine.runs()) == 1
    assert engine.run_record().as_of == AS_OF + 3 * DAY


def test_two_workers_at_once_do_it_once(store_url: str) -> None:
    with filled(store_url) as first, Engine.open(store_url, actor="other worker") as second:
        numbers = {nightly(first) for _ in range(4)}
        done: list[Done] = []
        barrier = threading.Barrier(2)

        def work(engine: Engine) -> None:
            barrier.wait()
            done.extend(engine.schedules.tick(NIGHT))

        threads = [threading.Thread(target=work, args=(engine,)) for engine in (first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(each.schedule for each in done) == sorted(numbers)
        assert {each.status for each in done} == {"done"}
        assert {each.run for each in done} == {first.run_record().id}, "the same run, found finished"


def test_what_a_killed_worker_had_started_is_done_again_after_the_lease(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    number = nightly(engine)

    def killed(*args: Any, **options: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("engine.service.Engine.run", killed)
        engine.schedules.tick(NIGHT)
    assert engine.schedules.get(number).last_result == {"status": "started", "due": NIGHT}
    assert engine.schedules.tick(NIGHT + LEASE - 1) == []
    done = engine.schedules.tick(NIGHT + LEASE)
    assert [(each.due, each.status) for each in done] == [(NIGHT, "done")]
    assert engine.schedules.get(number).next_at == NIGHT + DAY


def test_a_failure_is_kept_and_stops_no_other(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.run(AS_OF + 10 * DAY)
    early, late = nightly(engine), nightly(engine, NIGHT + 11 * DAY)
    done = engine.schedules.tick(NIGHT + 11 * DAY)
    assert [(each.schedule, each.status) for each in done] == [(early, "done"), (late, "done")]
    due_at(engine, early, NIGHT)
    due_at(engine, late, None)
    failed = engine.schedules.tick(NIGHT)[0]
    assert failed.status == "failed"
    assert "historical" in failed.message
    assert engine.schedules.get(early).last_result["message"] == failed.message

    def bug(*args: Any, **options: Any) -> Any:
        raise ZeroDivisionError("x")

    monkeypatch.setattr("engine.service.Engine.run", bug)
    due_at(engine, early, NIGHT)
    assert engine.schedules.tick(NIGHT)[0].message == "ZeroDivisionError: x"


def test_a_held_run_says_so(engine: Engine) -> None:
    engine.publish({"format": 1, "name": "Strict", "guards": {"label": None, "customers": 0.01, "amount": 0.01}, "policies": POLICIES})
    engine.run(AS_OF)
    add_orders(engine.store, [Order(1, AS_OF + HOUR, 900_000)], first_id=100)
    nightly(engine, NIGHT + DAY)
    done = engine.schedules.tick(NIGHT + DAY)[0]
    assert done.status == "held"
    assert "the limit is 1%" in done.message


def test_rows_are_listed_disabled_enabled_and_removed(engine: Engine) -> None:
    number = nightly(engine)
    assert not engine.schedules.disable(number).enabled
    assert engine.schedules.tick(NIGHT) == []
    again = engine.schedules.enable(number)
    assert again.enabled
    assert again.next_at is not None
    assert again.next_at > NIGHT + 365 * DAY, "what was missed while it was disabled stays undone"
    assert [each.id for each in engine.schedules.list()] == [number]
    engine.schedules.remove(number)
    assert engine.schedules.list() == []
    with pytest.raises(TierwiseError, match=f"there is no schedule {number}; schedules are none"):
        engine.schedules.get(number)


def test_bad_input_is_refused_and_nothing_kept(engine: Engine) -> None:
    for wrong, said in (
        (lambda: engine.schedules.add_run("*/5 * * * *"), "at most once an hour"),
        (lambda: engine.schedules.add_run("0 2 * * *", as_of="noon"), "expected day or now"),
        (lambda: engine.schedules.add_run("0 2 * * *", title="x" * 201), "one line of up to 200"),
        (lambda: engine.schedules.add_run("0 2 * * *", title="a\nb"), "one line of up to 200"),
        (lambda: engine.schedules.add_publication(0, "2026-01-01"), "expected the number of a draft"),
        (lambda: engine.schedules.add_publication(1, None), "expected the moment"),
        (lambda: engine.schedules.add_publication(1, "soon"), "is not a moment"),
        (lambda: engine.schedules.remove(77), "there is no schedule 77"),
        (lambda: engine.schedules.enable(77), "there is no schedule 77"),
        (lambda: engine.schedules.disable(77), "there is no schedule 77"),
    ):
        with pytest.raises(TierwiseError, match=said):
            wrong()
    assert engine.schedules.list() == []


def test_only_an_approved_draft_is_scheduled(engine: Engine) -> None:
    soon = int(time.time()) + HOUR
    with pytest.raises(TierwiseError, match="there is no draft d4711"):
        engine.schedules.add_publication(4711, soon)
    draft = engine.drafts.submit(engine.drafts.new(document={**BOOK, "policies": POLICIES, "name": "next"}).id)
    with pytest.raises(TierwiseError, match="is submitted"):
        engine.schedules.add_publication(draft.id, soon)
    engine.drafts.approve(draft.id)
    with pytest.raises(TierwiseError, match="is past"):
        engine.schedules.add_publication(draft.id, "2025-01-01")
    assert engine.schedules.list() == []
    added = engine.schedules.add_publication(draft.id, soon, title="new year")
    assert (added.title, added.next_at, engine.drafts.get(draft.id).status) == ("new year", soon, "scheduled")
    engine.schedules.remove(added.id)
    assert engine.drafts.get(draft.id).status == "approved"


def test_what_is_published_before_its_time_is_not_published_again(engine: Engine) -> None:
    draft = engine.drafts.submit(engine.drafts.new(document={**BOOK, "policies": POLICIES, "name": "next"}).id)
    engine.drafts.approve(draft.id)
    engine.schedules.add_publication(draft.id, int(time.time()) + HOUR)
    engine.drafts.publish(draft.id)
    assert engine.schedules.list() == []


def test_a_publication_happens_once(engine: Engine) -> None:
    draft = engine.drafts.submit(engine.drafts.new(document={**BOOK, "policies": POLICIES, "name": "next"}).id)
    engine.drafts.approve(draft.id)
    added = engine.schedules.add_publication(draft.id, int(time.time()) + HOUR)
    due_at(engine, added.id, NIGHT)
    assert [(each.kind, each.status) for each in engine.schedules.tick(NIGHT)] == [("publication", "done")]
    assert engine.schedules.get(added.id).next_at is None
    with pytest.raises(TierwiseError, match="happens once; add another one"):
        engine.schedules.enable(added.id)


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_the_days_on_which_clocks_change_are_graded_once_at_their_midnight(sqlite_url: str, day: str) -> None:
    zone = ZoneInfo("Europe/Berlin")
    midnight = dt.datetime.combine(dt.date.fromisoformat(day), dt.time(), zone)
    with filled(sqlite_url, "Europe/Berlin") as engine:
        added = engine.schedules.add_run("30 2 * * *")
        due_at(engine, added.id, int((midnight + dt.timedelta(hours=-21, minutes=-30)).timestamp()))
        graded = []
        for minutes in range(0, 30 * 60, 15):
            now = int(midnight.timestamp()) + minutes * 60
            graded += [engine.written(engine.run_record(done.run).as_of) for done in engine.schedules.tick(now)]
        assert graded[1:] == [midnight.isoformat(), (midnight + dt.timedelta(days=1)).isoformat()]
        assert day_start(int(midnight.timestamp()) + 2 * HOUR, engine) == midnight.timestamp()


def test_every_step_is_in_the_audit_trail(engine: Engine) -> None:
    number = nightly(engine)
    engine.schedules.tick(NIGHT)
    engine.schedules.disable(number)
    engine.schedules.enable(number)
    engine.schedules.remove(number)
    found = engine.audit.entries(subject=f"schedule:{number}")
    assert [each.action for each in reversed(found)] == [f"schedule.{step}" for step in ("add", "run", "disable", "enable", "remove")]
    assert {each.actor for each in found} == {"planner"}
    assert engine.audit.verify().whole
