"""Stored calendars of working time: `engine.calendars.save("office", {...})`; service levels name them.

Every revision stays. A promise runs by the revision that it was made by; a promise made later takes the newest one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from engine import clock
from engine.desk.calendars import Calendar
from engine.desk.reading import Reading
from engine.errors import CalendarError, did_you_mean
from engine.store import audit, desk
from engine.store.desk import Kept
from engine.store.models import desk_document, ticket_clock
from engine.store.session import one_writer

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.service import Engine

KIND = "calendar"


@dataclass(frozen=True, slots=True)
class StoredCalendar:
    """A calendar by its name. used_by: what names it, such as "level premium"; "promises" for clocks that run by it."""

    name: str
    revision: int
    document: Mapping[str, Any]
    author: str
    at: int
    used_by: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {**asdict(self), "used_by": list(self.used_by)}


class Calendars:
    """The verbs, in the name of the engine's actor."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def list(self) -> Sequence[StoredCalendar]:
        """Every calendar by name, with what uses it."""
        levels = self.engine.desk.levels_by_calendar()
        with self.engine.store.read() as connection:
            running = self._running(connection)
            return [self._stored(each, levels, running) for each in desk.newest(connection, KIND)]

    def show(self, name: str) -> StoredCalendar:
        """One by its name. Raises `CalendarError` naming those there are."""
        levels = self.engine.desk.levels_by_calendar()
        with self.engine.store.read() as connection:
            return self._stored(self._there(connection, name), levels, self._running(connection))

    def history(self, name: str) -> Sequence[Kept]:
        """Every revision of a calendar, the newest first."""
        with self.engine.store.read() as connection:
            return desk.history(connection, KIND, name)

    def save(self, name: str, document: Mapping[str, Any], *, revision: int | None = None) -> StoredCalendar:
        """Keep a calendar, new or changed. revision: what the caller saw, 0 for one that must be new.

        Raises `CalendarError` with every fault of the document, `DeskError` for a name that is none.
        """
        reading = Reading("TW401", "the calendar cannot be kept")
        reading.key("name", name)
        reading.done()
        Calendar.read(document)
        with self.engine.store.write() as connection:
            one_writer(connection)
            former = desk.find(connection, KIND, name)
            stands = 0 if former is None else former.revision
            if revision is not None and revision != stands:
                raise CalendarError(f"calendar {name} was changed by somebody else meanwhile; look again")
            if former is None or dict(former.document or {}) != dict(document):
                former = desk.save(connection, KIND, name, document, self.engine.settings.actor, clock.now())
                details = {"revision": former.revision}
                audit.record(connection, **self.engine.acting, action="calendar.save", subject=f"calendar:{name}", details=details)
            return StoredCalendar(former.name, former.revision, former.document or {}, former.author, former.at)

    def remove(self, name: str) -> None:
        """Take a calendar away that nothing uses. Raises `CalendarError` naming what does."""
        levels = self.engine.desk.levels_by_calendar()
        with self.engine.store.write() as connection:
            one_writer(connection)
            found = self._stored(self._there(connection, name), levels, self._running(connection))
            if found.used_by:
                raise CalendarError(f"calendar {name} is used by {', '.join(found.used_by)}; let them use another one first")
            desk.save(connection, KIND, name, None, self.engine.settings.actor, clock.now())
            audit.record(connection, **self.engine.acting, action="calendar.remove", subject=f"calendar:{name}")

    def days(self, document: Mapping[str, Any], first: dt.date | None = None, count: int = 14) -> Sequence[tuple[dt.date, Sequence[str]]]:
        """The windows of some days by a document, from a day on (None: today). Raises `CalendarError`."""
        found = Calendar.read(document)
        start = first or clock.today(found.zone)
        days = [start + dt.timedelta(days=n) for n in range(count)]
        return [(day, [f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in found.windows(day)]) for day in days]

    # --- inside ------------------------------------------------------------------------------------------------

    def _there(self, connection: Connection, name: str) -> Kept:
        found = desk.find(connection, KIND, name)
        if found is None:
            known = [each.name for each in desk.newest(connection, KIND)]
            hint = did_you_mean(name, known) or (f"there are {', '.join(known)}" if known else "none is stored yet")
            raise CalendarError(f"there is no calendar {str(name)[:64]!r}; {hint}")
        return found

    def _running(self, connection: Connection) -> set[str]:
        """Calendars by which clocks run."""
        query = select(desk_document.c.slug).join(ticket_clock, ticket_clock.c.calendar_id == desk_document.c.id)
        return set(connection.scalars(query.where(ticket_clock.c.stopped_at.is_(None)).distinct()))

    def _stored(self, kept: Kept, levels: Mapping[str, Sequence[str]], running: set[str]) -> StoredCalendar:
        used = [*levels.get(kept.name, ()), *(["promises"] if kept.name in running else [])]
        return StoredCalendar(kept.name, kept.revision, kept.document or {}, kept.author, kept.at, tuple(used))
