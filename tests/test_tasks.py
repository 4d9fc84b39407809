"""Tasks: made once for an occasion, seen by whom they concern, closed once, on both databases."""

from __future__ import annotations

import datetime as dt
import multiprocessing
from collections.abc import Iterator

import pytest

from engine.errors import TaskError, TierwiseError, UnknownCustomer
from engine.service import Engine
from tests.sighted import PASSWORD
from tests.small_store import add_customers, open_store


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    with open_store(store_url) as store:
        add_customers(store, [1, 2, 3])
    with Engine.open(store_url, actor="li") as opened:
        yield opened


def test_from_made_to_done(engine: Engine) -> None:
    tasks = engine.tasks
    call = tasks.add(" Call  about the renewal ", customer="C1", due="2026-03-01", owner="chen", channel="phone", text="ask for Ms Wu")
    assert (call.title, call.customer, call.due, call.status, call.revision) == (
        "Call about the renewal",
        "C1",
        dt.date(2026, 3, 1),
        "open",
        1,
    )
    tasks.add("Later", due="2026-03-05", owner="lin")
    tasks.add("First", due="2026-02-01", customer="C2")
    assert [each.title for each in tasks.list()] == ["First", "Call about the renewal", "Later"]
    assert [each.title for each in tasks.list(owner="chen")] == ["Call about the renewal"]
    assert [each.title for each in tasks.list(owner="")] == ["First"]
    assert [each.title for each in tasks.list(customer="C1")] == ["Call about the renewal"]
    assert [each.title for each in tasks.list(since="2026-03-01", until="2026-03-05")] == ["Call about the renewal", "Later"]
    first = tasks.list(limit=1)[0]
    assert [each.title for each in tasks.list(after=(first.due, first.id))] == ["Call about the renewal", "Later"]
    moved = tasks.edit(call.id, due="2026-03-05", owner="lin", revision=1)
    assert (moved.due, moved.owner, moved.revision) == (dt.date(2026, 3, 5), "lin", 2)
    with pytest.raises(TaskError, match="changed by somebody else"):
        tasks.edit(call.id, owner="wu", revision=1)
    closed = tasks.done(call.id, outcome="renewed")
    assert (closed.status, closed.outcome, closed.closed_by) == ("done", "renewed", "li")
    with pytest.raises(TaskError, match="is done already"):
        tasks.skip(call.id, reason="twice")
    skipped = tasks.skip(first.id, reason="moved away")
    assert (skipped.status, skipped.outcome) == ("skipped", "moved away")
    assert tasks.count() == 1
    assert tasks.count(status=None) == 3
    days = tasks.days("2026-01-01", "2026-12-31")
    assert {day.isoformat(): (n.open, n.done, n.skipped) for day, n in days.items()} == {"2026-02-01": (0, 0, 1), "2026-03-05": (1, 1, 0)}
    assert [each.action for each in engine.audit.entries(action="task")][:2] == ["task.skip", "task.done"]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"title": ""}, "title: expected 1 to 200"),
        ({"title": "x" * 201}, "title: expected 1 to 200"),
        ({"title": "x", "text": "x" * 4001}, "text: at most 4,000"),
        ({"title": "x", "channel": "Tele phone"}, "channel: found 'Tele phone'"),
        ({"title": "x", "kind": ""}, "kind: found ''"),
        ({"title": "x", "due": "tomorrow"}, "'tomorrow' is not a date"),
        ({"title": "x", "due": "1901-01-01"}, "outside 1970"),
        ({"title": "x", "owner": "a\x07"}, "owner: expected 1 to 200"),
    ],
)
def test_what_is_no_task_is_refused(sqlite_url: str, values: dict[str, str], says: str) -> None:
    with Engine.open(sqlite_url) as engine:
        with pytest.raises(TierwiseError, match=says):
            engine.tasks.add(**values)
        assert engine.tasks.count(status=None) == 0


def test_unknown_customers_states_and_changes_are_refused(engine: Engine) -> None:
    with pytest.raises(UnknownCustomer):
        engine.tasks.add("x", customer="C9")
    with pytest.raises(TaskError, match="status: found 'late'"):
        engine.tasks.list(status="late")
    with pytest.raises(TaskError, match="did you mean 'owner'"):
        engine.tasks.edit(1, onwer="x")
    with pytest.raises(TaskError, match="not chosen by 'colour'"):
        engine.tasks.count(colour="red")
    with pytest.raises(TaskError, match="there is no task 7"):
        engine.tasks.get(7)
    one = engine.tasks.add("x")
    with pytest.raises(TaskError, match="say why"):
        engine.tasks.skip(one.id, reason="  ")


def test_an_occasion_has_one_task(engine: Engine) -> None:
    first = engine.tasks.add("Escalation", once="ticket 4, step 1", kind="escalation")
    again = engine.tasks.add("Escalation, louder", once="ticket 4, step 1", kind="escalation")
    assert again == first
    assert engine.tasks.count() == 1


def ask(url: str, numbers: list[int]) -> None:
    with Engine.open(url, actor="program") as engine:
        for number in numbers:
            engine.tasks.add(f"Occasion {number}", once=f"occasion {number}")


def test_an_occasion_has_one_task_whoever_asks_at_the_same_time(engine: Engine, store_url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=ask, args=(store_url, [*range(n, 10), *range(n)])) for n in range(4)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
        assert each.exitcode == 0
    assert sorted(each.title for each in engine.tasks.list()) == [f"Occasion {n}" for n in range(10)]


def test_who_sees_own_customers_sees_their_tasks_and_their_own(engine: Engine) -> None:
    engine.people.first_administrator("ada", PASSWORD)
    engine.people.add("sun", roles=["service"], reach="own", owner="Sun")
    engine.people.add("viewer", roles=["viewer"])
    engine.tasks.add("about C2", customer="C2", text="phone 139")
    engine.tasks.add("hers", owner="Sun")
    engine.tasks.add("by login name", owner="sun", customer="C3")
    engine.tasks.add("nobody's")
    sun = engine.acting_as("sun").tasks
    assert {each.title for each in sun.list()} == {"hers", "by login name"}
    assert {each.title for each in engine.acting_as("ada").tasks.list(mine=True)} == set()
    assert {each.title for each in sun.list(mine=True)} == {"hers", "by login name"}
    with pytest.raises(TaskError, match="there is no task 1"):
        sun.done(1)
    with pytest.raises(UnknownCustomer):
        sun.add("x", customer="C2")
    assert engine.acting_as("viewer").tasks.get(1).text == "***"
