"""How well promises are kept: `engine.attainment.read(by="grade")`, counted in the store by one statement.

A promise counts in the time in which it ended: its clock stopped, or it was broken while it ran. It is met when the clock
stopped by the due moment, or while it stood with time left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, func, or_, select

from engine import clock
from engine.errors import TicketError, did_you_mean
from engine.moments import Moment, as_moment
from engine.store.models import customer, ticket, ticket_clock

if TYPE_CHECKING:
    from engine.service import Engine

AXES = ("level", "grade", "owner", "kind", "priority", "channel", "category")
DAYS = 30
DAY = 86_400
NEAR = 3_600
"""Seconds before the due moment from which a running promise counts as near its breach."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Promises of one value of an axis. near: running ones due within the hour; they count in no total. key "": none."""

    key: str
    clock: str
    total: int
    met: int
    breached: int
    near: int

    @property
    def share(self) -> float | None:
        """Met of all that ended; None where none did."""
        return self.met / self.total if self.total else None


@dataclass(frozen=True, slots=True)
class AttainmentReport:
    """Rows by value and clock, of promises that ended in [since, until)."""

    since: int
    until: int
    by: str
    rows: Sequence[Kept]

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        items = [{**asdict(each), "share": each.share} for each in self.rows]
        return {"since": self.since, "until": self.until, "by": self.by, "items": items}


class Attainment:
    """The verb, over tickets of customers within sight."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def read(self, *, by: str = "level", since: Moment = None, until: Moment = None) -> AttainmentReport:
        """Count the promises of a time by level, grade, owner, kind, priority, channel or category.

        until: None is now, this second included; since: None is 30 days before. Raises `TicketError` for an unknown axis and a time that ends before
        it begins.
        """
        if by not in AXES:
            raise TicketError(f"by: found {str(by)[:40]!r}; {did_you_mean(str(by), AXES) or 'expected one of ' + ', '.join(AXES)}")
        now = clock.now()
        end = now + 1 if until is None else as_moment(until, self.engine.zone, "until")
        start = end - DAYS * DAY if since is None else as_moment(since, self.engine.zone, "since")
        if start > end:
            raise TicketError("since: the time ends before it begins")
        c = ticket_clock.c
        ended = or_(
            and_(c.stopped_at >= start, c.stopped_at < end), and_(c.stopped_at.is_(None), c.due_at >= start, c.due_at < min(end, now))
        )
        met = and_(ended, c.stopped_at.is_not(None), or_(c.due_at.is_(None), c.stopped_at <= c.due_at))
        near = and_(c.stopped_at.is_(None), c.due_at >= now, c.due_at < now + NEAR)
        counts = [func.sum(case((which, 1), else_=0)) for which in (ended, met, near)]
        query = select(ticket.c[by], c.clock, *counts).select_from(ticket_clock)
        query = query.join(ticket, ticket.c.id == c.ticket_id).join(customer, customer.c.id == ticket.c.customer_id)
        query = query.where(or_(ended, near), self.engine.sight.where()).group_by(ticket.c[by], c.clock).order_by(ticket.c[by], c.clock)
        with self.engine.store.read() as connection:
            found = connection.execute(query).all()
        rows = [Kept(key, name, int(total), int(kept), int(total - kept), int(close)) for key, name, total, kept, close in found]
        return AttainmentReport(start, end, by, rows)
