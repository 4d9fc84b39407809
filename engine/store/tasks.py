"""Tasks as rows, inside the transaction that is open."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, or_, select, true, update
from sqlalchemy.dialects import postgresql, sqlite

from engine.moments import day_of
from engine.store.models import customer, task
from engine.store.reach import Reach
from engine.store.sight import Sight

OPEN, DONE, SKIPPED = "open", "done", "skipped"


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do. customer: by its own id, None for a task about nobody; owner: "" for nobody yet.

    outcome: what came of it, or why it was skipped. once: the occasion it was made for. Moments are UTC epoch seconds.
    """

    id: int
    customer: str | None
    kind: str
    title: str
    text: str
    channel: str
    owner: str
    due: dt.date
    status: str
    outcome: str
    once: str | None
    created_by: str
    created_at: int
    closed_by: str | None
    closed_at: int | None
    revision: int

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {**asdict(self), "due": self.due.isoformat()}


@dataclass(frozen=True, slots=True)
class Day:
    """How many tasks of a date are open, done and skipped."""

    open: int
    done: int
    skipped: int


def seen(reach: Reach, me: Collection[str]) -> ColumnElement[bool]:
    """The condition on `task`: about customers within reach, or one's own."""
    if reach.everybody:
        return true()
    within = select(customer.c.id).where(reach.clause()).correlate(None)
    return or_(task.c.owner.in_(sorted(me)), task.c.customer_id.in_(within))


def add(connection: Connection, values: Mapping[str, Any]) -> int | None:
    """Keep a new task; its number, or None when its occasion has one already."""
    make = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert
    row = {"status": OPEN, "outcome": "", "revision": 1, **values}
    query = make(task).values(row).on_conflict_do_nothing(index_elements=["once"]).returning(task.c.id)
    number: int | None = connection.scalar(query)
    return number


def of_occasion(connection: Connection, once: str) -> int | None:
    """The number of the task of an occasion."""
    return connection.scalar(select(task.c.id).where(task.c.once == once))


def get(connection: Connection, number: int, where: ColumnElement[bool], sight: Sight) -> Task | None:
    """One by its number."""
    row = connection.execute(_query().where(task.c.id == number, where)).first()
    return None if row is None else _task(row, sight)


def find(
    connection: Connection, where: Sequence[ColumnElement[bool]], sight: Sight, *, after: tuple[int, int] | None = None, limit: int = 100
) -> list[Task]:
    """Some tasks by due date. after: go on behind this (due day, number)."""
    query = _query().where(*where).order_by(task.c.due_on, task.c.id).limit(limit)
    if after is not None:
        due, number = after
        query = query.where(or_(task.c.due_on > due, and_(task.c.due_on == due, task.c.id > number)))
    return [_task(row, sight) for row in connection.execute(query)]


def days(connection: Connection, where: Sequence[ColumnElement[bool]]) -> dict[dt.date, Day]:
    """How many tasks there are by due date."""
    sums = [func.sum(case((task.c.status == state, 1), else_=0)) for state in (OPEN, DONE, SKIPPED)]
    query = select(task.c.due_on, *sums).where(*where).group_by(task.c.due_on).order_by(task.c.due_on)
    return {day_of(due): Day(*map(int, counts)) for due, *counts in connection.execute(query)}


def count(connection: Connection, where: Sequence[ColumnElement[bool]]) -> int:
    """How many tasks there are."""
    return connection.scalar(select(func.count()).select_from(task).where(*where)) or 0


def change(connection: Connection, number: int, values: Mapping[str, Any]) -> None:
    """Change one; its revision goes up."""
    connection.execute(update(task).where(task.c.id == number).values(**values, revision=task.c.revision + 1))


def settle_occasions(connection: Connection, prefix: str, actor: str, at: int, outcome: str) -> int:
    """Close the open tasks whose occasion begins like this, since what they were about is settled; how many."""
    query = update(task).where(task.c.once.startswith(prefix, autoescape=True), task.c.status == OPEN)
    closed = {"status": DONE, "outcome": outcome, "closed_by": actor, "closed_at": at}
    return int(connection.execute(query.values(**closed, revision=task.c.revision + 1)).rowcount)


def give_open(connection: Connection, owner: str, to: str) -> int:
    """Give every open task of an owner to another; how many."""
    query = update(task).where(task.c.owner == owner, task.c.status == OPEN)
    return int(connection.execute(query.values(owner=to, revision=task.c.revision + 1)).rowcount)


def _query() -> Any:
    return select(task, customer.c.external_id).join(customer, customer.c.id == task.c.customer_id, isouter=True)


def _task(row: Row[Any], sight: Sight) -> Task:
    return Task(
        id=row.id,
        customer=row.external_id,
        kind=row.kind,
        title=row.title,
        text=sight.shown(task.c.text, row.text or None) or "",
        channel=row.channel,
        owner=row.owner,
        due=day_of(row.due_on),
        status=row.status,
        outcome=sight.shown(task.c.outcome, row.outcome or None) or "",
        once=row.once,
        created_by=row.created_by,
        created_at=row.created_at,
        closed_by=row.closed_by,
        closed_at=row.closed_at,
        revision=row.revision,
    )
