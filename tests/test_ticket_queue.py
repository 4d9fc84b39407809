"""The place of a ticket in the queue: after any sequence of what may happen it is the one worked out anew from its promises and pauses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import event, select, text

from engine import clock
from engine.desk.calendars import Calendar
from engine.desk.clock import NEVER, Pause, Promise, ServiceClock, WorkingTime
from engine.desk.states import ENDED, STATES
from engine.service import Engine
from engine.store import desk
from engine.store.models import ticket, ticket_clock, ticket_pause
from engine.store.tickets import queue_order, wanted
from engine.ticket_clocks import ALWAYS
from tests.small_desk import AS_OF, OFFICE, book, fill_desk
from tests.test_tickets import SETUP
from tests.trust.company import trials

HOUR = 3_600
WEEKS = [{"mon-fri": ["09:00-12:00", "13:00-18:00"]}, {"mon-sun": ["00:00-24:00"]}, {"sat-sun": ["10:00-11:00"]}]
CUSTOMERS = ("A1", "B1", "C1", "C2")


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    yield
    clock.set_ahead(0)


def expected(engine: Engine) -> dict[int, int | None]:
    """By ticket its place, from what was promised and when it stood; nothing that was kept of due moments is read."""
    now = clock.now()
    with engine.store.read() as connection:
        found: dict[int, int | None] = {}
        calendars = {None: ALWAYS}
        pauses = connection.execute(select(ticket_pause)).all()
        clocks = connection.execute(select(ticket_clock).where(ticket_clock.c.stopped_at.is_(None))).all()
        for row in connection.execute(select(ticket.c.id, ticket.c.state, ticket.c.opened_at)).all():
            if row.state in ENDED:
                found[row.id] = None
                continue
            moments = [NEVER]
            for each in clocks:
                if each.ticket_id != row.id:
                    continue
                if each.calendar_id not in calendars:
                    calendars[each.calendar_id] = Calendar.read(desk.revision(connection, each.calendar_id).document)
                stood = [Pause(one.start_at, one.until_at) for one in pauses if one.ticket_id == row.id]
                own = ServiceClock(WorkingTime(calendars[each.calendar_id], row.opened_at), row.opened_at, [Promise(row.opened_at, each.seconds)], stood)  # fmt: skip
                due = own.read(now).due
                moments.append(NEVER if due is None else due)
            found[row.id] = min(moments)
        return found


def stored(engine: Engine) -> dict[int, int | None]:
    """By ticket the place that is kept."""
    with engine.store.read() as connection:
        return {row.id: row.queue_at for row in connection.execute(select(ticket.c.id, ticket.c.queue_at))}


class Desk(RuleBasedStateMachine):
    """A desk on which everything happens that moves a promise."""

    engine: Engine

    @initialize()
    def empty(self) -> None:
        self.ahead = clock.ahead()

    def numbers(self) -> list[int]:
        return [each.id for each in self.engine.tickets.list(limit=200)]

    def one(self, at: int) -> Any:
        known = self.numbers()
        return self.engine.tickets.get(known[at % min(len(known), 8)]) if known else None

    @rule(customer=st.sampled_from(CUSTOMERS), kind=st.sampled_from(["complaint", "question"]), ago=st.integers(0, 90 * HOUR), priority=st.sampled_from([None, "urgent", "low"]))  # fmt: skip
    def open_one(self, customer: str, kind: str, ago: int, priority: str | None) -> None:
        self.engine.tickets.open(customer, kind, "s", priority=priority, at=clock.now() - ago)

    @rule(at=st.integers(0, 7), state=st.sampled_from(list(STATES)))
    def move(self, at: int, state: str) -> None:
        found = self.one(at)
        if found is not None and state in STATES[found.state].then:
            self.engine.tickets.move(found.id, state, reason="r")

    @rule(at=st.integers(0, 7), direction=st.sampled_from(["in", "out", "note"]))
    def say(self, at: int, direction: str) -> None:
        found = self.one(at)
        if found is not None:
            self.engine.tickets.say(found.id, "t", direction=direction)

    @rule(at=st.integers(0, 7), priority=st.sampled_from(["urgent", "high", "normal", "low"]), kind=st.sampled_from(["complaint", "question"]))  # fmt: skip
    def edit(self, at: int, priority: str, kind: str) -> None:
        found = self.one(at)
        if found is not None:
            self.engine.tickets.edit(found.id, priority=priority, kind=kind)

    @rule(week=st.sampled_from(WEEKS), stands=st.sampled_from([[], ["waiting_customer"], ["waiting_customer", "waiting_third_party"]]), minutes=st.integers(1, 5_000))  # fmt: skip
    def set_up(self, week: Any, stands: list[str], minutes: int) -> None:
        self.engine.calendars.save("office", {**OFFICE, "week": week})
        self.engine.desk.save_setup({**SETUP, "calendar": "office", "stands": stands, "targets": [{"answer_minutes": minutes, "resolution_minutes": 5_000}]})  # fmt: skip

    @rule(customer=st.sampled_from(CUSTOMERS), amount=st.integers(1, 90_000))
    def regrade(self, customer: str, amount: int) -> None:
        clock.set_ahead(clock.ahead() + 1)
        self.engine.import_facts([{"order": f"P{clock.ahead()}", "customer": customer, "ordered_at": "2025-12-01", "amount": str(amount)}], "orders")  # fmt: skip
        self.engine.run(AS_OF)

    @rule(seconds=st.integers(1, 40 * HOUR))
    def wait(self, seconds: int) -> None:
        clock.set_ahead(clock.ahead() + seconds)
        self.engine.tickets.tick()

    @invariant()
    def the_place_is_the_one_worked_out_anew(self) -> None:
        kept = stored(self.engine)
        assert kept == expected(self.engine)
        order = sorted((place, number) for number, place in kept.items() if place is not None)
        assert [each.id for each in self.engine.tickets.queue(limit=1_000)] == [number for _, number in order]


def test_the_place_in_the_queue_is_right_after_anything(store_url: str) -> None:
    with Engine.open(store_url, actor="lin") as engine:
        fill_desk(engine)
        engine.calendars.save("office", OFFICE)
        engine.publish(book(calendar="office"))
        engine.run(AS_OF)
        engine.desk.save_setup(SETUP)

        class Here(Desk):
            pass

        Here.engine = engine
        many = trials(6, 40)
        run_state_machine_as_test(Here, settings=settings(max_examples=many, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)))  # fmt: skip


def test_the_first_page_is_an_index_look_up(store_url: str) -> None:
    """Neither database sorts or reads all tickets for it, whoever's queue it is."""
    with Engine.open(store_url, actor="lin") as engine:
        fill_desk(engine)
        for n in range(60):
            engine.tickets.open("A1", "complaint", "late", owner=("", "lin")[n % 2], at=int(time.time()) - n)
        said: list[tuple[str, Any]] = []
        event.listen(engine.store.sql, "before_cursor_execute", lambda c, cur, statement, params, *_: said.append((statement, params)))
        for chosen in ({}, {"owner": "lin"}, {"kind": "complaint"}):
            said.clear()
            engine.tickets.queue(limit=5, **chosen)
            statement, params = next(each for each in said if "ORDER BY ticket.queue_at" in each[0])
            with engine.store.read() as connection:
                if engine.store.is_sqlite:
                    plan = " ".join(str(row) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", params))
                    assert "ix_ticket_queue" in plan
                    assert "TEMP B-TREE" not in plan
                else:
                    connection.execute(text("SET LOCAL enable_seqscan = off"))
                    connection.execute(text("SET LOCAL enable_sort = off"))
                    plan = " ".join(str(row) for row in connection.exec_driver_sql(f"EXPLAIN {statement}", params))
                    assert "ix_ticket_queue" in plan
                    assert "Sort" not in plan
        assert "queue_at" in str(queue_order(wanted()))


def test_tickets_from_before_get_their_place(sqlite_url: str) -> None:
    from alembic import command

    from tests.store.test_models import migrating

    with Engine.open(sqlite_url, actor="lin") as engine:
        fill_desk(engine)
        numbers = [engine.tickets.open(name, "complaint", "late").id for name in CUSTOMERS]
        engine.tickets.move(numbers[0], "waiting_customer", reason="photo")
        engine.tickets.move(numbers[1], "resolved")
        before = stored(engine)
        assert sorted(map(str, before.values())) == sorted(map(str, expected(engine).values()))
        with migrating(engine.store) as (config, _):
            command.downgrade(config, "0018")
            command.upgrade(config, "head")
        assert stored(engine) == before
