"""The clocks of tickets as rows: promises, pauses, steps of escalation, and the moments that follow from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine.desk.clock import Pause
from engine.store.models import ticket, ticket_clock, ticket_pause, ticket_step
from engine.store.tickets import CHUNK


@dataclass(frozen=True, slots=True)
class Running:
    """A clock that has not stopped: of a ticket opened at a moment, with its pauses and the steps that were taken."""

    ticket_id: int
    clock: str
    calendar_id: int | None
    seconds: int
    opened_at: int
    pauses: tuple[Pause, ...]
    taken: frozenset[str]


def _insert(connection: Connection) -> Any:
    return (sqlite if connection.dialect.name == "sqlite" else postgresql).insert


def promise(connection: Connection, number: int, clock: str, seconds: int | None, calendar_id: int | None) -> None:
    """Promise so many working seconds, or nothing (None); a clock that has stopped stays as it is."""
    own = (ticket_clock.c.ticket_id == number, ticket_clock.c.clock == clock)
    if seconds is None:
        connection.execute(delete(ticket_clock).where(*own, ticket_clock.c.stopped_at.is_(None)))
        return
    values = {"calendar_id": calendar_id, "seconds": seconds}
    make = _insert(connection)(ticket_clock).values(ticket_id=number, clock=clock, **values)
    connection.execute(
        make.on_conflict_do_update(index_elements=["ticket_id", "clock"], set_=values, where=ticket_clock.c.stopped_at.is_(None))
    )


def stop(connection: Connection, number: int, clock: str, at: int) -> None:
    """Stop a running clock."""
    own = (ticket_clock.c.ticket_id == number, ticket_clock.c.clock == clock, ticket_clock.c.stopped_at.is_(None))
    connection.execute(update(ticket_clock).where(*own).values(stopped_at=at, next_at=None))


def go_on(connection: Connection, number: int, clock: str) -> None:
    """Let a clock that was stopped run again."""
    connection.execute(
        update(ticket_clock).where(ticket_clock.c.ticket_id == number, ticket_clock.c.clock == clock).values(stopped_at=None)
    )


def pause(connection: Connection, number: int, start: int, until: int | None = None) -> None:
    """Let the clocks of a ticket stand from a moment on."""
    make = _insert(connection)(ticket_pause).values(ticket_id=number, start_at=start, until_at=until)
    connection.execute(make.on_conflict_do_update(index_elements=["ticket_id", "start_at"], set_={"until_at": until}))


def resume(connection: Connection, number: int, at: int) -> None:
    """Let them run again."""
    own = (ticket_pause.c.ticket_id == number, ticket_pause.c.until_at.is_(None))
    connection.execute(update(ticket_pause).where(*own).values(until_at=at))


def standing(connection: Connection, number: int) -> bool:
    """Whether the clocks of a ticket stand."""
    own = (ticket_pause.c.ticket_id == number, ticket_pause.c.until_at.is_(None))
    return connection.execute(select(ticket_pause.c.start_at).where(*own)).first() is not None


def running(connection: Connection, numbers: Sequence[int] | None = None) -> list[Running]:
    """The clocks that have not stopped, of some tickets or of all."""
    if numbers is not None and len(numbers) > CHUNK:
        return [each for start in range(0, len(numbers), CHUNK) for each in running(connection, numbers[start : start + CHUNK])]
    c, p, s = ticket_clock.c, ticket_pause.c, ticket_step.c
    some = c.stopped_at.is_(None) if numbers is None else c.stopped_at.is_(None) & c.ticket_id.in_(numbers)
    rows = connection.execute(select(ticket_clock, ticket.c.opened_at).join(ticket, ticket.c.id == c.ticket_id).where(some)).all()
    own = select(c.ticket_id).where(some)
    pauses: dict[int, list[Pause]] = {}
    for row in connection.execute(select(ticket_pause).where(p.ticket_id.in_(own)).order_by(p.ticket_id, p.start_at)):
        pauses.setdefault(row.ticket_id, []).append(Pause(row.start_at, row.until_at))
    taken: dict[tuple[int, str], set[str]] = {}
    for row in connection.execute(select(ticket_step).where(s.ticket_id.in_(own))):
        taken.setdefault((row.ticket_id, row.clock), set()).add(row.step)
    return [
        Running(
            row.ticket_id,
            row.clock,
            row.calendar_id,
            row.seconds,
            row.opened_at,
            tuple(pauses.get(row.ticket_id, ())),
            frozenset(taken.get((row.ticket_id, row.clock), ())),
        )
        for row in rows
    ]


def keep_moments(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write when clocks are over and when their next step is due. rows: number, name, due, following."""
    if rows:
        own = (ticket_clock.c.ticket_id == bindparam("number"), ticket_clock.c.clock == bindparam("name"))
        connection.execute(update(ticket_clock).where(*own).values(due_at=bindparam("due"), next_at=bindparam("following")), list(rows))


def ready(connection: Connection, now: int, limit: int) -> list[int]:
    """Tickets of which a step is due, the longest first."""
    c = ticket_clock.c
    found = select(c.ticket_id).where(c.next_at <= now, c.stopped_at.is_(None)).order_by(c.next_at, c.ticket_id).limit(limit)
    return list(dict.fromkeys(connection.scalars(found)))


def take(connection: Connection, number: int, clock: str, step: str, at: int, due_at: int) -> bool:
    """Take a step of escalation; False when it was taken before."""
    make = _insert(connection)(ticket_step).values(ticket_id=number, clock=clock, step=step, at=at, due_at=due_at)
    return connection.execute(make.on_conflict_do_nothing().returning(ticket_step.c.step)).first() is not None


def has_any(connection: Connection) -> bool:
    """Whether any clock runs."""
    return connection.execute(select(ticket_clock.c.ticket_id).where(ticket_clock.c.stopped_at.is_(None)).limit(1)).first() is not None
