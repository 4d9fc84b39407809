"""Fail the k-th statement of every writing verb, for every k: what was stands untouched, and trying again succeeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, text

from engine.service import Engine
from engine.store import bulk, session
from tests.small_store import Order, add_orders
from tests.trust.company import AS_OF, BOOK, DAY, LATER, POLICIES, assert_whole, cells, changed, company, difference, told


class DiskGone(Exception):
    """The failure that is put in."""


class Counter:
    """Counts statements, those that go to the driver directly among them, and fails one of them; 0 fails none."""

    def __init__(self, fail: int = 0) -> None:
        self.fail = fail
        self.said: list[str] = []

    def say(self, statement: str) -> None:
        self.said.append(statement)
        if len(self.said) == self.fail:
            raise DiskGone(f"statement {self.fail}: {statement[:80]}")


class Driver:
    """The driver's connection (or cursor) with its statements counted."""

    def __init__(self, real: Any, counter: Counter) -> None:
        self._real, self._counter = real, counter

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def execute(self, statement: str, *rest: Any) -> Any:
        self._counter.say(statement)
        return self._real.execute(statement, *rest)

    def executemany(self, statement: str, rows: Any) -> Any:
        self._real.executemany(statement, rows)
        self._counter.say(statement)  # fails after its rows are written, which is worse

    @contextmanager
    def cursor(self) -> Iterator[Any]:
        with self._real.cursor() as cursor:
            yield Driver(cursor, self._counter)

    @contextmanager
    def copy(self, statement: str) -> Iterator[Any]:
        with self._real.copy(statement) as copy:
            yield copy
            self._counter.say(statement)


@contextmanager
def counting(engine: Engine, counter: Counter) -> Iterator[Counter]:
    """Tell the counter every statement of the engine's store, commits included."""

    def before(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        counter.say(statement)

    def commit(connection: Any) -> None:
        counter.say("commit")

    sql = engine.store.sql
    event.listen(sql, "before_cursor_execute", before)
    event.listen(sql, "commit", commit)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "driver", lambda connection: Driver(session.driver(connection), counter))
        try:
            yield counter
        finally:
            event.remove(sql, "before_cursor_execute", before)
            event.remove(sql, "commit", commit)


def fail_everywhere(engine: Engine, verb: Callable[[], Any]) -> list[str]:
    """Fail the verb at its 1st, 2nd, ... statement; each time nothing may have changed. Returns the statements of success."""
    before = told(engine)
    number = 0
    while True:
        number += 1
        with counting(engine, Counter(number)) as counter:
            try:
                verb()
            except DiskGone:
                failed = True
            else:
                failed = False
        if not failed:
            assert len(counter.said) < number
            return counter.said
        assert told(engine) == before, f"statement {number} left something behind: {counter.said[-1]}"


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    company(store_url, customers=40)
    with Engine.open(store_url, actor="tester") as opened:
        yield opened


def test_a_first_run_is_all_or_nothing(engine: Engine) -> None:
    said = fail_everywhere(engine, lambda: engine.run(AS_OF))
    assert sum(statement == "commit" for statement in said) >= 2
    assert any("insert into current" in statement or "copy current" in statement for statement in said)
    assert_whole(engine)
    assert cells(engine)


def test_the_next_run_is_all_or_nothing(engine: Engine) -> None:
    engine.run(AS_OF)
    before = cells(engine)
    said = fail_everywhere(engine, lambda: engine.run(LATER))
    assert any("change" in statement and ("insert" in statement or "copy" in statement) for statement in said)
    assert_whole(engine)
    assert changed(engine, engine.run_record().id) == difference(before, cells(engine)) != {}


def test_superseding_a_run_is_all_or_nothing(engine: Engine) -> None:
    engine.run(AS_OF)
    engine.run(LATER)
    add_orders(engine.store, [Order(3, LATER - DAY, 500_000)], first_id=9000)
    said = fail_everywhere(engine, lambda: engine.run(LATER))
    assert any("DELETE FROM change" in statement for statement in said)
    assert_whole(engine)


def test_releasing_a_held_run_is_all_or_nothing(engine: Engine) -> None:
    engine.publish({**BOOK, "policies": POLICIES, "guards": {"customers": 0.01}})
    engine.run(AS_OF)
    held = engine.run(LATER)
    assert held.status == "held"
    fail_everywhere(engine, lambda: engine.release(held.id))
    assert engine.run_record().id == held.id
    assert_whole(engine)


def test_a_look_back_is_all_or_nothing(engine: Engine) -> None:
    engine.run(LATER)
    engine.run(AS_OF, historical=True)
    before = cells(engine)
    fail_everywhere(engine, lambda: engine.run(AS_OF, historical=True, recompute=True))
    assert cells(engine) == before
    assert_whole(engine)


def test_publishing_is_all_or_nothing(engine: Engine) -> None:
    def published() -> list[Any]:
        with engine.store.read() as connection:
            return [connection.execute(text(f"select count(*) from {table}")).scalar_one() for table in ("rulebook_version", "publication")]

    before, number = published(), 0
    while True:
        number += 1
        with counting(engine, Counter(number)):
            try:
                engine.publish({**BOOK, "name": "Next", "policies": POLICIES})
            except DiskGone:
                assert published() == before
            else:
                break
    assert published() == [count + 1 for count in before]
    assert number > 4


def test_every_step_of_a_draft_is_all_or_nothing(engine: Engine) -> None:
    """Begin, edit, submit, approve, publish, roll back: each fails at each of its statements and leaves nothing behind."""
    tables = ("rulebook_version", "publication", "draft", "draft_edit", "review", "audit_entry", "setting")

    def kept() -> list[str]:
        with engine.store.read() as connection:
            return [repr(sorted(map(repr, connection.execute(text(f"select * from {table}")).all()))) for table in tables]

    steps: list[Callable[[], Any]] = [
        lambda: engine.drafts.new(document={**BOOK, "name": "Next", "policies": POLICIES}),
        lambda: engine.drafts.edit(newest(), revision=1, changes=[{"place": "name", "value": "Other"}]),
        lambda: engine.drafts.submit(newest()),
        lambda: engine.drafts.edit(newest(), revision=2, changes=[{"place": "name", "value": "Another"}]),
        lambda: engine.drafts.submit(newest()),
        lambda: engine.drafts.approve(newest()),
        lambda: engine.drafts.publish(newest()),
        lambda: engine.drafts.rollback(),
    ]

    def newest() -> int:
        with engine.store.read() as connection:
            return int(connection.execute(text("select max(id) from draft")).scalar_one())

    for step in steps:
        before, number = kept(), 0
        while True:
            number += 1
            with counting(engine, Counter(number)) as counter:
                try:
                    step()
                except DiskGone:
                    assert kept() == before, counter.said[-1]
                else:
                    break
        assert kept() != before
    assert engine.audit.verify().whole
