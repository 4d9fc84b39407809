"""Tickets as rows, inside the transaction that is open."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine.desk.clock import NEVER
from engine.desk.states import ENDED, LIVE
from engine.store.models import customer, ticket, ticket_clock, ticket_event
from engine.store.sight import Sight

CHUNK = 500
"""Values in one list of a statement."""


@dataclass(frozen=True, slots=True)
class TicketClock:
    """A promise of a ticket: working seconds, when they are over (None while it stands), when it was kept or missed.

    left: working seconds that are left, where they were asked for; None for a clock that stopped.
    """

    clock: str
    seconds: int
    due_at: int | None
    stopped_at: int | None
    calendar_id: int | None
    left: int | None = None

    def met(self, now: int) -> bool | None:
        """Whether the promise was kept; None while that is open."""
        if self.stopped_at is not None:
            return self.due_at is None or self.stopped_at <= self.due_at
        return False if self.due_at is not None and self.due_at < now else None


@dataclass(frozen=True, slots=True)
class Ticket:
    """A request of a customer. Moments are UTC epoch seconds, compensation is in minor units. customer: by its own id.

    name: of the customer, subject and reason: masked for those who may not see them. level, grade: by which it was promised.
    """

    id: int
    customer_id: int
    customer: str
    name: str | None
    reference: str | None
    kind: str
    category: str
    cause: str
    priority: str
    channel: str
    language: str
    subject: str
    state: str
    reason: str
    owner: str
    level: str
    grade: str
    compensation: int
    opened_at: int
    opened_by: str
    changed_at: int
    answered_at: int | None
    resolved_at: int | None
    closed_at: int | None
    revision: int
    clocks: tuple[TicketClock, ...] = field(default=())

    @property
    def live(self) -> bool:
        """Whether somebody has still to do something."""
        return self.state in LIVE

    def clock(self, name: str) -> TicketClock | None:
        """One of its clocks."""
        return next((each for each in self.clocks if each.clock == name), None)

    @property
    def first(self) -> TicketClock | None:
        """The running clock that is over first; one that stands comes last."""
        running = [each for each in self.clocks if each.stopped_at is None]
        return min(running, key=lambda each: (each.due_at is None, each.due_at or 0), default=None)

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON; without the internal keys."""
        told = {name: value for name, value in asdict(self).items() if name != "customer_id"}
        told["clocks"] = [{name: value for name, value in each.items() if name != "calendar_id"} for each in told["clocks"]]
        return told


@dataclass(frozen=True, slots=True)
class TicketEvent:
    """Something that was said or happened. kind: "message_in", "message_out", "note", "state", "promise", ..."""

    id: int
    at: int
    actor: str
    kind: str
    text: str
    details: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return asdict(self)


_OWN = [name for name in Ticket.__dataclass_fields__ if name not in ("customer", "name", "clocks")]


def wanted() -> Select[Any]:
    """Tickets with the customers they are of, also of those who were joined into another."""
    own = [ticket.c[name] for name in _OWN]
    return select(*own, customer.c.external_id.label("customer"), customer.c.name).join(customer, customer.c.id == ticket.c.customer_id)


def of_customer(key: int) -> ColumnElement[bool]:
    """The condition on it: of a customer, or of one that was joined into it."""
    return or_(ticket.c.customer_id == key, customer.c.merged_into == key)


def add(connection: Connection, values: Mapping[str, Any]) -> int | None:
    """Keep a new ticket; its number, or None when its reference is known already."""
    make = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert
    stored = make(ticket).values({"revision": 1, **values}).on_conflict_do_nothing(index_elements=["reference"]).returning(ticket.c.id)
    number: int | None = connection.scalar(stored)
    return number


def of_reference(connection: Connection, reference: str) -> tuple[int, str]:
    """The number of the ticket with a reference, and the hash of what it was opened with."""
    row = connection.execute(select(ticket.c.id, ticket.c.request).where(ticket.c.reference == reference)).one()
    return row.id, row.request


def hold(connection: Connection, number: int) -> None:
    """Wait until nobody else changes this ticket: SQLite's one writer, or its row on PostgreSQL."""
    connection.execute(select(ticket.c.id).where(ticket.c.id == number).with_for_update())


def get(connection: Connection, number: int, sight: Sight) -> Ticket | None:
    """One by its number, if its customer is within sight."""
    found = read(connection, wanted().where(ticket.c.id == number, sight.where()), sight)
    return found[0] if found else None


def read(connection: Connection, chosen: Select[Any], sight: Sight) -> list[Ticket]:
    """The tickets of a query, with their clocks."""
    rows = connection.execute(chosen).mappings().all()
    clocks = clocks_of(connection, [row["id"] for row in rows])
    return [_ticket(row, clocks.get(row["id"], ()), sight) for row in rows]


def clocks_of(connection: Connection, numbers: Sequence[int]) -> dict[int, tuple[TicketClock, ...]]:
    """The clocks of some tickets, the first answer before the resolution."""
    found: dict[int, list[TicketClock]] = {}
    c = ticket_clock.c
    for start in range(0, len(numbers), CHUNK):
        chosen = select(ticket_clock).where(c.ticket_id.in_(numbers[start : start + CHUNK])).order_by(c.ticket_id, c.clock)
        for row in connection.execute(chosen):
            found.setdefault(row.ticket_id, []).append(TicketClock(row.clock, row.seconds, row.due_at, row.stopped_at, row.calendar_id))
    return {number: tuple(each) for number, each in found.items()}


def queue_order(chosen: Select[Any]) -> Select[Any]:
    """The same with what breaks first on top: by the first due moment of a running clock, standing ones at the end."""
    return chosen.order_by(ticket.c.queue_at, ticket.c.id)


def live() -> ColumnElement[bool]:
    """The condition on it: somebody has still to do something. Every live ticket has a place in the queue, and no other."""
    return ticket.c.queue_at.is_not(None)


def keep_place(connection: Connection, numbers: Sequence[int] | None) -> None:
    """Write when the first running clock of some tickets (None: all live ones) is over: their place in the queue."""
    if numbers is not None and len(numbers) > CHUNK:
        for start in range(0, len(numbers), CHUNK):
            keep_place(connection, numbers[start : start + CHUNK])
        return
    c = ticket_clock.c
    first = select(func.min(c.due_at)).where(c.ticket_id == ticket.c.id, c.stopped_at.is_(None)).scalar_subquery()
    place = case((ticket.c.state.in_(ENDED), None), else_=func.coalesce(first, NEVER))
    some = ticket.c.state.in_(LIVE) if numbers is None else ticket.c.id.in_(numbers)
    connection.execute(update(ticket).where(some).values(queue_at=place))


def change(connection: Connection, number: int, **values: Any) -> None:
    """Change a ticket; its revision goes up."""
    connection.execute(update(ticket).where(ticket.c.id == number).values(**values, revision=ticket.c.revision + 1))


def note(
    connection: Connection,
    number: int,
    kind: str,
    *,
    at: int,
    posted_at: int,
    actor: str,
    text: str = "",
    details: Mapping[str, Any] | None = None,
) -> int:
    """Write something into the time line of a ticket; its number."""
    row: dict[str, Any] = {"ticket_id": number, "at": at, "posted_at": posted_at, "actor": actor, "kind": kind, "text": text}
    row["details"] = json.dumps(dict(details or {}), ensure_ascii=False)
    return int(connection.execute(insert(ticket_event).values(row).returning(ticket_event.c.id)).scalar_one())


def events(connection: Connection, number: int, sight: Sight) -> list[TicketEvent]:
    """The time line of a ticket, the oldest first."""
    e = ticket_event.c
    return [
        TicketEvent(row.id, row.at, row.actor, row.kind, sight.shown(e.text, row.text or None) or "", json.loads(row.details))
        for row in connection.execute(select(ticket_event).where(e.ticket_id == number).order_by(e.at, e.id))
    ]


def last_event(connection: Connection, number: int) -> int:
    """When something was last said or done about a ticket; what a worker sent meanwhile is not waited for."""
    own = (ticket_event.c.ticket_id == number, ticket_event.c.kind != "delivery")
    return int(connection.scalar(select(func.max(ticket_event.c.at)).where(*own)) or 0)


def _ticket(row: Mapping[Any, Any], clocks: Sequence[TicketClock], sight: Sight) -> Ticket:
    values = dict(row)
    values["name"] = sight.shown(customer.c.name, values["name"])
    for name in ("subject", "reason"):
        values[name] = sight.shown(ticket.c[name], values[name] or None) or ""
    return Ticket(**values, clocks=tuple(clocks))
