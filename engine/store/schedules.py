"""Schedules in the store: rows, and the claim by which exactly one worker does what is due."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, insert, or_, select, update

from engine.errors import TierwiseError
from engine.store.models import schedule
from engine.store.session import one_writer

STARTED = "started"


@dataclass(frozen=True, slots=True)
class Schedule:
    """Something that happens by itself. Moments are UTC epoch seconds.

    kind: "run" (again and again, by cron) or "publication" (once). next_at: when it is due next; None when nothing is
    left to do. last_at, last_result: when it was done last, and what came of it: `status` (started, done, held, failed),
    `due`, and `run`, `version` or `message`.
    """

    id: int
    kind: str
    title: str
    cron: str | None
    next_at: int | None
    options: Mapping[str, Any]
    enabled: bool
    created_by: str
    created_at: int
    last_at: int | None = None
    last_result: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


def add(connection: Connection, values: Mapping[str, Any]) -> int:
    """Keep a schedule and return its number. options: plain values."""
    one_writer(connection)
    row = {**values, "options": json.dumps(values.get("options", {}), ensure_ascii=False)}
    return int(connection.execute(insert(schedule).values(row).returning(schedule.c.id)).scalar_one())


def listed(connection: Connection) -> Sequence[Schedule]:
    """Every schedule, by number."""
    return [_schedule(row) for row in connection.execute(select(schedule).order_by(schedule.c.id))]


def get(connection: Connection, number: int) -> Schedule:
    """One schedule. Raises `TierwiseError` naming those there are."""
    row = connection.execute(select(schedule).where(schedule.c.id == number)).one_or_none()
    if row is None:
        known = ", ".join(str(each) for each in connection.scalars(select(schedule.c.id).order_by(schedule.c.id).limit(20))) or "none"
        raise TierwiseError(f"there is no schedule {number}; schedules are {known}")
    return _schedule(row)


def change(connection: Connection, number: int, **values: Any) -> None:
    """Set columns of one schedule."""
    connection.execute(update(schedule).where(schedule.c.id == number).values(values))


def remove(connection: Connection, number: int) -> None:
    """Take a schedule away."""
    connection.execute(delete(schedule).where(schedule.c.id == number))


def due(connection: Connection, now: int, lease: int, *, claim: bool = False) -> Sequence[Schedule]:
    """What is due: enabled and its time has come, or started longer than `lease` seconds ago and never ended.

    claim: lock the rows, leaving out those that another worker holds at this moment.
    """
    waiting = and_(schedule.c.enabled == 1, schedule.c.next_at <= now)
    lost = and_(schedule.c.last_result.startswith(f'{{"status": "{STARTED}"'), schedule.c.last_at <= now - lease)
    query = select(schedule).where(or_(waiting, lost)).order_by(schedule.c.next_at, schedule.c.id)
    rows = connection.execute(query.with_for_update(skip_locked=True) if claim else query).all()
    return [_schedule(row) for row in rows]


def claim(connection: Connection, now: int, lease: int, advance: Callable[[Schedule], tuple[int, int | None]]) -> Sequence[Schedule]:
    """Take what is due for oneself, in this writing transaction: whoever comes next finds it claimed.

    advance: gives for a schedule the time that is done now, and the next one.
    """
    found = due(connection, now, lease, claim=True)
    taken = []
    for each in found:
        lost = each.last_result.get("status") == STARTED and not (each.enabled and each.next_at is not None and each.next_at <= now)
        time, following = (int(each.last_result["due"]), each.next_at) if lost else advance(each)
        result = {"status": STARTED, "due": time}
        change(connection, each.id, next_at=following, last_at=now, last_result=_written(result))
        taken.append(get(connection, each.id))
    return taken


def finish(connection: Connection, number: int, claimed_at: int, result: Mapping[str, Any]) -> bool:
    """Keep what came of a claim; False when another worker has taken it over meanwhile, or the schedule is gone."""
    mine = (schedule.c.id == number) & (schedule.c.last_at == claimed_at)
    return connection.execute(update(schedule).where(mine).values(last_result=_written(result))).rowcount == 1


def _written(result: Mapping[str, Any]) -> str:
    """status first: `due` looks for it at the beginning."""
    return json.dumps({"status": result["status"], **result}, ensure_ascii=False)


def _schedule(row: Row[Any]) -> Schedule:
    options, result = json.loads(row.options or "{}"), json.loads(row.last_result or "{}")
    return Schedule(
        row.id,
        row.kind,
        row.title,
        row.cron,
        row.next_at,
        options,
        bool(row.enabled),
        row.created_by,
        row.created_at,
        row.last_at,
        result,
    )
