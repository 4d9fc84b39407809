"""What somebody is to do by a day: `engine.tasks`.

task = engine.tasks.add("Call about the renewal", customer="C1", due="2026-03-01", owner="chen")
engine.tasks.done(task.id, outcome="renewed for a year")

An owner is named by the word by which facts name a person (`owner` of a user), or by a login name.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine import clock
from engine.errors import PeopleError, TaskError, did_you_mean
from engine.interactions import word_of
from engine.moments import as_day, day_number
from engine.store import audit, interactions
from engine.store import tasks as rows
from engine.store.identity import resolve_in
from engine.store.models import task
from engine.store.session import one_writer
from engine.store.tasks import DONE, OPEN, SKIPPED, Day, Task

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

    from engine.service import Engine

STATES = (OPEN, DONE, SKIPPED)
LONGEST_TITLE, LONGEST_TEXT, LONGEST_OWNER, LONGEST_ONCE = 200, 4_000, 200, 300
MOST = 1_000
_WORD = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_EDITED = ("title", "text", "channel", "owner", "due")


class Tasks:
    """The verbs on tasks about customers within sight, and on one's own, in the name of the engine's actor."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def add(
        self,
        title: str,
        *,
        customer: str | None = None,
        due: str | dt.date | None = None,
        owner: str = "",
        channel: str = "",
        text: str = "",
        kind: str = "manual",
        once: str | None = None,
    ) -> Task:
        """Make a task. due: a date, None is today. kind, channel: short words such as escalation and phone.

        once: names the occasion; a second task for it is not made, the first one is returned instead.
        """
        values = {
            "title": self._line(title, "title", LONGEST_TITLE),
            "text": self._text(text, "text"),
            "channel": self._word(channel, "channel") if channel else "",
            "kind": self._word(kind, "kind"),
            "owner": self._owner(owner),
            "due_on": day_number(as_day(due, self.engine.zone, "due")),
            "once": None if once is None else self._line(once, "once", LONGEST_ONCE),
        }
        with self.engine.store.write() as connection:
            if customer is not None:
                values["customer_id"] = resolve_in(connection, customer, reach=self.engine.sight.reach)
            number = rows.add(connection, {**values, "created_by": self._actor, "created_at": clock.now()})
            if number is None:
                known = rows.of_occasion(connection, str(values["once"]))
                assert known is not None
                return self._get(connection, known)
            self._note(connection, "task.add", number, kind=values["kind"])
            return self._get(connection, number)

    def get(self, number: int) -> Task:
        """One by its number. Raises `TaskError`, also for one out of sight."""
        with self.engine.store.read() as connection:
            return self._get(connection, number)

    def list(
        self,
        *,
        status: str | None = OPEN,
        owner: str | None = None,
        mine: bool = False,
        customer: str | None = None,
        kind: str | None = None,
        since: str | dt.date | None = None,
        until: str | dt.date | None = None,
        after: tuple[dt.date, int] | None = None,
        limit: int = 100,
    ) -> Sequence[Task]:
        """Tasks by due date. status None: in every state; owner "": those of nobody; since, until: due dates, both included.

        after: go on behind the task with this due date and number.
        """
        chosen = {"status": status, "owner": owner, "mine": mine, "customer": customer, "kind": kind, "since": since, "until": until}
        behind = None if after is None else (day_number(after[0]), after[1])
        with self.engine.store.read() as connection:
            where = self._where(connection, chosen)
            return rows.find(connection, where, self.engine.sight, after=behind, limit=min(max(limit, 1), MOST))

    def count(self, **chosen: Any) -> int:
        """How many tasks there are, chosen as in `list`."""
        with self.engine.store.read() as connection:
            return rows.count(connection, self._where(connection, {"status": OPEN, **chosen}))

    def days(self, since: str | dt.date, until: str | dt.date, **chosen: Any) -> Mapping[dt.date, Day]:
        """How many tasks are open, done and skipped by due date, for a calendar; chosen as in `list`."""
        with self.engine.store.read() as connection:
            return rows.days(connection, self._where(connection, {"status": None, **chosen, "since": since, "until": until}))

    def edit(self, number: int, *, revision: int | None = None, **changes: Any) -> Task:
        """Change title, text, channel, owner or due date of an open task. revision: what the caller saw."""
        for name in changes:
            if name not in _EDITED:
                raise TaskError(f"{name!r} of a task cannot be changed; {did_you_mean(name, _EDITED) or 'expected ' + ', '.join(_EDITED)}")
        values: dict[str, Any] = {}
        if "title" in changes:
            values["title"] = self._line(changes["title"], "title", LONGEST_TITLE)
        if "text" in changes:
            values["text"] = self._text(changes["text"], "text")
        if "channel" in changes:
            values["channel"] = self._word(changes["channel"], "channel") if changes["channel"] else ""
        if "owner" in changes:
            values["owner"] = self._owner(changes["owner"])
        if "due" in changes:
            values["due_on"] = day_number(as_day(changes["due"], self.engine.zone, "due"))
        return self._change(number, "task.edit", values, revision, changed=sorted(changes))

    def done(self, number: int, *, outcome: str = "", revision: int | None = None) -> Task:
        """Close a task: it is done. outcome: what came of it."""
        return self._close(number, DONE, self._text(outcome, "outcome"), revision)

    def skip(self, number: int, *, reason: str, revision: int | None = None) -> Task:
        """Close a task without doing it, for a reason."""
        said = self._text(reason, "reason")
        if not said:
            raise TaskError("reason: say why the task is skipped")
        return self._close(number, SKIPPED, said, revision)

    # --- inside ------------------------------------------------------------------------------------------------

    def _close(self, number: int, status: str, outcome: str, revision: int | None) -> Task:
        values = {"status": status, "outcome": outcome, "closed_by": self._actor, "closed_at": clock.now()}
        return self._change(number, "task.done" if status == DONE else "task.skip", values, revision)

    def _told(self, connection: Connection, found: Task, values: Mapping[str, Any]) -> None:
        """A task about a customer that is done was a contact: one of a care plan, or one that names a channel."""
        key = interactions.customer_of(connection, task, found.id)
        if values.get("status") != DONE or key is None or not (found.channel or found.kind == "care"):
            return
        fixed = {"direction": interactions.OUT, "origin": "task", "once": f"task {found.id}", "at": values["closed_at"]}
        by = word_of(self.engine)
        row = {**fixed, "customer_id": key, "channel": found.channel, "by": by, "note": values["outcome"]}
        self.engine.interactions.write(connection, [row])

    def _change(self, number: int, action: str, values: dict[str, Any], revision: int | None, **details: Any) -> Task:
        with self.engine.store.write() as connection:
            one_writer(connection)
            found = self._get(connection, number)
            if revision is not None and revision != found.revision:
                raise TaskError(f"task {number} was changed by somebody else meanwhile; look again")
            if found.status != OPEN:
                raise TaskError(f"task {number} is {found.status} already")
            rows.change(connection, number, values)
            self._told(connection, found, values)
            self._note(connection, action, number, **details)
            return self._get(connection, number)

    def _get(self, connection: Connection, number: int) -> Task:
        found = rows.get(connection, number, rows.seen(self.engine.sight.reach, self._me()), self.engine.sight)
        if found is None:
            raise TaskError(f"there is no task {number}")
        return found

    def _where(self, connection: Connection, chosen: Mapping[str, Any]) -> Sequence[ColumnElement[bool]]:
        unknown = sorted(set(chosen) - {"status", "owner", "mine", "customer", "kind", "since", "until"})
        if unknown:
            raise TaskError(f"tasks are not chosen by {unknown[0]!r}")
        reach = self.engine.sight.reach
        where = [rows.seen(reach, self._me())]
        status = chosen.get("status")
        if status is not None:
            if status not in STATES:
                raise TaskError(f"status: found {str(status)[:30]!r}; expected one of {', '.join(STATES)}")
            where.append(task.c.status == status)
        if chosen.get("owner") is not None:
            where.append(task.c.owner == chosen["owner"])
        if chosen.get("mine"):
            where.append(task.c.owner.in_(sorted(self._me())))
        if chosen.get("customer") is not None:
            where.append(task.c.customer_id == resolve_in(connection, chosen["customer"], reach=reach))
        if chosen.get("kind") is not None:
            where.append(task.c.kind == chosen["kind"])
        if chosen.get("since") is not None:
            where.append(task.c.due_on >= day_number(as_day(chosen["since"], self.engine.zone, "since")))
        if chosen.get("until") is not None:
            where.append(task.c.due_on <= day_number(as_day(chosen["until"], self.engine.zone, "until")))
        return where

    def _me(self) -> set[str]:
        """The words by which the acting person is named."""
        words = {self._actor}
        try:
            owner = self.engine.people.user(self._actor).owner
        except PeopleError:  # the command line may act for somebody who is no user
            return words
        return words | ({owner} if owner else set())

    def _owner(self, owner: str) -> str:
        return self._line(owner, "owner", LONGEST_OWNER) if str(owner).strip() else ""

    @staticmethod
    def _word(value: str, name: str) -> str:
        if not isinstance(value, str) or not _WORD.match(value):
            raise TaskError(f"{name}: found {str(value)[:60]!r}; expected up to 40 lower-case letters, digits and _, such as phone")
        return value

    @staticmethod
    def _line(value: str, name: str, most: int) -> str:
        tidy = " ".join(str(value).split())
        if not 1 <= len(tidy) <= most or not tidy.isprintable():
            raise TaskError(f"{name}: expected 1 to {most} printable characters")
        return tidy

    @staticmethod
    def _text(value: str, name: str) -> str:
        tidy = str(value).strip()
        if len(tidy) > LONGEST_TEXT or "\0" in tidy:
            raise TaskError(f"{name}: at most {LONGEST_TEXT:,} characters")
        return tidy

    @property
    def _actor(self) -> str:
        return self.engine.settings.actor

    def _note(self, connection: Connection, action: str, number: int, **details: Any) -> None:
        audit.record(connection, **self.engine.acting, action=action, subject=f"task:{number}", details=details or None)
