"""What happens by itself, as verbs: `engine.schedules.add_run("0 2 * * *")`, `engine.schedules.tick()`.

A worker calls `tick` every minute. What is due is claimed in one transaction and done after it, so that it is done once
however many workers there are. Times that were missed are made up for once. What is due at a time of day is due on every
day once, also on the days when clocks change (`engine.cron`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine import clock
from engine.cron import Cron
from engine.errors import TierwiseError
from engine.moments import Moment, as_moment
from engine.store import audit, drafts
from engine.store import schedules as rows
from engine.store.schedules import Schedule

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.service import Engine

LEASE = 6 * 3600
"""Seconds after which something that was started and never ended is done again: its worker was killed."""

AS_OF = ("day", "now")
"""What a scheduled run may grade at: 00:00 of the business day in which it is due, or the moment itself."""

LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True)
class Done:
    """What came of one schedule in a tick. status: "done", "held" (a run that waits for a person), or "failed"."""

    schedule: int
    kind: str
    due: int
    status: str
    run: int | None = None
    version: int | None = None
    message: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


class Schedules:
    """Runs and publications that happen by themselves."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add_run(self, cron: str, *, title: str = "", as_of: str = "day") -> Schedule:
        """Run the live rulebook again and again. cron: five fields in the business zone, at most once an hour.

        as_of: "day", 00:00 of the business day in which it is due, or "now". Raises `TierwiseError` naming the field.
        """
        checked = Cron.read(cron, self._engine.zone)
        if as_of not in AS_OF:
            raise TierwiseError(f"as_of: found {str(as_of)[:40]!r}; expected day or now")
        return self._add("run", title, checked.text, checked.after(clock.now()), {"as_of": as_of})

    def add_publication(self, draft_id: int, at: Moment, *, title: str = "") -> Schedule:
        """Publish an approved draft at a moment; as `engine.drafts.publish(draft, at=...)`. It is checked again when it has come."""
        if isinstance(draft_id, bool) or not isinstance(draft_id, int) or draft_id < 1:
            raise TierwiseError(f"draft: found {str(draft_id)[:40]!r}; expected the number of a draft")
        if at is None:
            raise TierwiseError("at: found nothing; expected the moment of the publication, such as 2026-01-01T00:00")
        moment = as_moment(at, self._engine.zone, "at")
        self._engine.drafts.publish(draft_id, at=moment, schedule_title=_title(title))
        return next(each for each in self.list() if each.options.get("draft") == draft_id and each.next_at == moment)

    def of_publication(self, connection: Connection, draft_id: int, moment: int, title: str = "") -> None:
        """The schedule of a draft, inside the transaction that makes it a scheduled one."""
        self._insert(connection, "publication", title, None, moment, {"draft": draft_id})

    def _add(self, kind: str, title: str, cron: str | None, next_at: int, options: dict[str, Any]) -> Schedule:
        with self._engine.store.write() as connection:
            return self._insert(connection, kind, title, cron, next_at, options)

    def _insert(self, connection: Connection, kind: str, title: str, cron: str | None, next_at: int, options: dict[str, Any]) -> Schedule:
        values = {"kind": kind, "title": _title(title), "cron": cron, "next_at": next_at, "options": options, "enabled": 1}
        values |= {"created_by": self._engine.settings.actor, "created_at": clock.now(), "last_result": ""}
        number = rows.add(connection, values)
        self._record(connection, "schedule.add", number, {"kind": kind, "cron": cron, **options, "next_at": next_at})
        return rows.get(connection, number)

    def list(self) -> Sequence[Schedule]:
        """Every schedule, by number."""
        with self._engine.store.read() as connection:
            return rows.listed(connection)

    def get(self, number: int) -> Schedule:
        """One schedule. Raises `TierwiseError` naming those there are."""
        with self._engine.store.read() as connection:
            return rows.get(connection, number)

    def enable(self, number: int) -> Schedule:
        """Let a schedule happen again from now on; what was missed while it was disabled stays undone."""
        with self._engine.store.write() as connection:
            found = rows.get(connection, number)
            if found.cron is not None:
                following: int | None = Cron.read(found.cron, self._engine.zone).after(clock.now())
            elif found.next_at is None:
                raise TierwiseError(f"schedule {number} is done: a publication happens once; add another one")
            else:
                following = found.next_at
            rows.change(connection, number, enabled=1, next_at=following)
            self._record(connection, "schedule.enable", number, {"next_at": following})
            return rows.get(connection, number)

    def disable(self, number: int) -> Schedule:
        """Let a schedule rest. What it has started goes on."""
        with self._engine.store.write() as connection:
            rows.get(connection, number)
            rows.change(connection, number, enabled=0)
            self._record(connection, "schedule.disable", number, {})
            return rows.get(connection, number)

    def remove(self, number: int) -> None:
        """Take a schedule away; a draft that it would have published is an approved one again."""
        with self._engine.store.write() as connection:
            found = rows.get(connection, number)
            rows.remove(connection, number)
            if found.kind == "publication" and found.next_at is not None:
                drafts.no_longer_scheduled(connection, found.options["draft"])
            self._record(connection, "schedule.remove", number, {"kind": found.kind, "cron": found.cron})

    def due(self, now: Moment = None) -> Sequence[Schedule]:
        """What the next tick would do."""
        with self._engine.store.read() as connection:
            return rows.due(connection, as_moment(now, self._engine.zone, "now"), LEASE)

    def tick(self, now: Moment = None) -> Sequence[Done]:
        """Do everything that is due, once, whoever else ticks at the same time; one that fails keeps none of the others.

        now: None is now. Returns what came of each; the same is kept with the schedule and in the audit trail.
        """
        moment = as_moment(now, self._engine.zone, "now")
        if not self.due(moment):  # without a write lock: most minutes have nothing to do
            return []
        with self._engine.store.write() as connection:
            claimed = rows.claim(connection, moment, LEASE, lambda each: self._advance(each, moment))
        return [self._perform(each, moment) for each in claimed]

    def _advance(self, each: Schedule, now: int) -> tuple[int, int | None]:
        """The time that is done now, the last of those missed, and the next one."""
        assert each.next_at is not None
        if each.cron is None:
            return each.next_at, None
        cron = Cron.read(each.cron, self._engine.zone)
        return cron.last(each.next_at, now), cron.after(now)

    def _perform(self, each: Schedule, now: int) -> Done:
        due = int(each.last_result["due"])
        try:
            done = self._run(each, due) if each.kind == "run" else self._publish(each, due)
        except TierwiseError as error:
            done = Done(each.id, each.kind, due, "failed", message=str(error))
        except Exception as error:  # a bug must not keep the other schedules from happening
            done = Done(each.id, each.kind, due, "failed", message=f"{type(error).__name__}: {error}")
        kept = {"status": done.status, "due": due, "run": done.run, "version": done.version, "message": done.message[:2000]}
        result = {name: value for name, value in kept.items() if value not in (None, "")}
        with self._engine.store.write() as connection:
            if rows.finish(connection, each.id, now, result):
                action = "schedule.run" if each.kind == "run" else "schedule.publish"
                told = {name: value for name, value in result.items() if name != "message"}  # what failed may name customers
                self._record(connection, action, each.id, told | {"for": each.created_by})
        return done

    def _run(self, each: Schedule, due: int) -> Done:
        as_of = due if each.options.get("as_of") == "now" else day_start(due, self._engine)
        record = self._engine.acting_as(each.created_by, authenticated=False).run(as_of)
        faults = "; ".join(f"{policy}: {why}" for policy, why in record.faults.items())
        message = "; ".join(record.held) if record.status == "held" else faults
        return Done(each.id, each.kind, due, "held" if record.status == "held" else "done", run=record.id, message=message)

    def _publish(self, each: Schedule, due: int) -> Done:
        engine = self._engine.acting_as(each.created_by, authenticated=False)
        version = engine.drafts.publish_due(each.options["draft"], due)
        return Done(each.id, each.kind, due, "done", version=version.number)

    def _record(self, connection: Connection, action: str, number: int, details: dict[str, Any]) -> None:
        """Keep who did what, in the act's own transaction."""
        settings = self._engine.settings
        audit.record(
            connection,
            actor=settings.actor,
            authenticated=settings.authenticated,
            action=action,
            subject=f"schedule:{number}",
            details=details,
        )


def day_start(moment: int, engine: Engine) -> int:
    """00:00 of the business day in which a moment lies."""
    day = dt.datetime.fromtimestamp(moment, engine.zone).date()
    return int(dt.datetime.combine(day, dt.time(), engine.zone).timestamp())


def _title(title: str) -> str:
    if not isinstance(title, str) or len(title) > LONGEST_TITLE or not title.isprintable():
        raise TierwiseError(f"title: expected a text in one line of up to {LONGEST_TITLE} characters")
    return title.strip()
