"""The clocks of tickets: what is promised, when it is over, and what follows when a customer's level changes.

Moments are worked out for many tickets at once, one calendar after the other, and kept with each clock: so the queue is
an index look-up, and a tick looks at those alone of which something is due.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import func, select

from engine.desk.calendars import Calendar
from engine.desk.clock import NEVER, WorkingTime
from engine.desk.queue import ClockQueue
from engine.desk.setup import ANSWER, RESOLUTION, Setup
from engine.desk.states import ENDED
from engine.levels import ServiceLevel, first_fitting
from engine.store import desk, ticket_clocks
from engine.store import tickets as rows
from engine.store.models import customer, ticket
from engine.store.ticket_clocks import Running

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.service import Engine

ALWAYS = Calendar.read({"timezone": "UTC", "week": {"mon-sun": ["00:00-24:00"]}})
"""Around the clock: what promises run by where no calendar is named."""


EARLIER = 30 * 86_400
"""Working time is laid out from so long before the oldest ticket at hand, so that the next one needs no other."""


class TicketClocks:
    """Promises of an engine's tickets, inside transactions that are open."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._calendars: dict[int, Calendar] = {}
        self._laid = threading.local()  # working time grows as it is asked, so each thread has its own

    def promise(
        self,
        connection: Connection,
        number: int,
        setup: Setup,
        level: ServiceLevel | None,
        kind: str,
        priority: str,
        *,
        at: int,
        posted_at: int,
    ) -> None:
        """Promise what a level (None: the setup) gives for a kind and priority, and write it into the time line."""
        target = level.target(kind, priority) if level is not None else first_fitting(setup.targets, kind, priority)
        name = (level.calendar if level is not None else "") or setup.calendar
        kept = desk.find(connection, "calendar", name) if name else None
        promised = {ANSWER: target.answer if target else None, RESOLUTION: target.resolution if target else None}
        for clock, seconds in promised.items():
            ticket_clocks.promise(connection, number, clock, seconds, None if kept is None else kept.id)
        details = {**promised, "calendar": "" if kept is None else kept.name, "level": level.key if level else "", "priority": priority}
        actor = self.engine.settings.actor
        rows.note(connection, number, "promise", at=at, posted_at=posted_at, actor=actor, details=details)

    def refresh(self, connection: Connection, numbers: Sequence[int] | None, at: int) -> None:
        """Work out anew when the running clocks of some tickets (None: all) are over, when their next step is due, and their place
        in the queue; after everything that changes a clock or a state.
        """
        setup = self.engine.desk.setup_in(connection).setup
        for queue, clocks in self._queues(connection, numbers, at):
            due = queue.read(at).due
            following = np.full(len(clocks), NEVER, dtype=np.int64)
            for moments in self.steps(setup, queue, clocks, at).values():
                following = np.minimum(following, moments)
            ticket_clocks.keep_moments(
                connection,
                [
                    {"number": each.ticket_id, "name": each.clock, "due": _or_none(over), "following": _or_none(then)}
                    for each, over, then in zip(clocks, due.tolist(), following.tolist(), strict=True)
                ],
            )
        rows.keep_place(connection, numbers)

    def steps(self, setup: Setup, queue: ClockQueue, clocks: Sequence[Running], at: int) -> Mapping[tuple[str, str], Any]:
        """By clock and step, when it is due for each clock of a queue; `NEVER` for another clock, and where it was taken."""
        promised = np.array([each.seconds for each in clocks], dtype=np.int64)
        found = {}
        for step in setup.steps:
            seconds = np.array([step.seconds(int(each)) for each in promised], dtype=np.int64)
            moments = queue.when(seconds, at) + (1 if step.breach else 0)  # what ends with a second is broken by the next one
            other = np.array([each.clock != step.clock or step.key in each.taken for each in clocks], dtype=bool)
            found[step.clock, step.key] = np.where(other | (moments > NEVER), NEVER, moments)
        return found

    def read(self, connection: Connection, numbers: Sequence[int], at: int) -> dict[tuple[int, str], int]:
        """Working seconds that are left of running clocks, by ticket and clock."""
        return {
            (each.ticket_id, each.clock): int(left)
            for queue, clocks in self._queues(connection, numbers, at)
            for each, left in zip(clocks, queue.read(at).left.tolist(), strict=True)
        }

    def due_steps(self, connection: Connection, numbers: Sequence[int], at: int) -> list[tuple[Running, str, int]]:
        """Steps that are due of some tickets: the clock, the step's key, and when it was due."""
        setup = self.engine.desk.setup_in(connection).setup
        found = []
        for queue, clocks in self._queues(connection, numbers, at):
            for (clock, key), moments in self.steps(setup, queue, clocks, at).items():
                for place in np.flatnonzero(moments <= at).tolist():
                    if clocks[place].clock == clock:
                        found.append((clocks[place], key, int(moments[place])))
        return sorted(found, key=lambda each: (each[2], each[0].ticket_id, each[0].clock))

    def retarget(self, connection: Connection, at: int) -> list[int]:
        """Promise anew for live tickets whose customer has another level or grade now; their numbers."""
        live = self.engine.desk.levels()
        if not live.address or not ticket_clocks.has_any(connection):
            return []
        owner = func.coalesce(customer.c.merged_into, ticket.c.customer_id).label("owner")
        query = select(ticket.c.id, ticket.c.kind, ticket.c.priority, ticket.c.level, ticket.c.grade, owner)
        query = query.join(customer, customer.c.id == ticket.c.customer_id).where(ticket.c.state.not_in(ENDED)).order_by(ticket.c.id)
        found = connection.execute(query).all()
        standing = self.engine.desk.standing_of(connection, sorted({row.owner for row in found}))
        setup, changed = self.engine.desk.setup_in(connection).setup, []
        for row in found:
            level, grade = standing.get(row.owner, ("", ""))
            if (level, grade) == (row.level, row.grade) or not level:
                continue
            rows.change(connection, row.id, level=level, grade=grade)
            actor = self.engine.settings.actor
            details = {"was": row.level, "now": level, "was_grade": row.grade, "now_grade": grade}
            rows.note(connection, row.id, "level", at=at, posted_at=at, actor=actor, details=details)
            if level != row.level:
                self.promise(connection, row.id, setup, live.levels.get(level), row.kind, row.priority, at=at, posted_at=at)
                changed.append(row.id)
        if changed:
            self.refresh(connection, changed, at)
        return changed

    def _queues(self, connection: Connection, numbers: Sequence[int] | None, at: int) -> list[tuple[ClockQueue, list[Running]]]:
        """The running clocks by calendar, laid out as columns."""
        groups: dict[int | None, list[Running]] = {}
        for each in ticket_clocks.running(connection, numbers):
            groups.setdefault(each.calendar_id, []).append(each)
        found = []
        for calendar, clocks in groups.items():
            opened = np.array([each.opened_at for each in clocks], dtype=np.int64)
            seconds = np.array([each.seconds for each in clocks], dtype=np.int64)
            time = self._working_time(connection, calendar, int(min(opened.min(), at)))
            found.append((ClockQueue(time, opened, seconds, [each.pauses for each in clocks]), clocks))
        return found

    def _working_time(self, connection: Connection, number: int | None, since: int) -> WorkingTime:
        """The working time of a calendar from a moment on, laid out once for many questions."""
        known: dict[Any, tuple[int, WorkingTime]] = self._laid.__dict__
        if number not in known or known[number][0] > since:
            early = since - EARLIER
            known[number] = (early, WorkingTime(self._calendar(connection, number), early))
        return known[number][1]

    def _calendar(self, connection: Connection, number: int | None) -> Calendar:
        if number is None:
            return ALWAYS
        if number not in self._calendars:
            self._calendars[number] = Calendar.read(desk.revision(connection, number).document)
        return self._calendars[number]


def _or_none(moment: int) -> int | None:
    return None if moment >= NEVER else moment
