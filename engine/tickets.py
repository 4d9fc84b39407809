"""Requests, complaints and objections of customers: `engine.tickets.open("C1", "complaint", "The parcel is late")`.

On opening, the customer's service level promises a first answer and a resolution in working time; pauses, priorities and
new levels move them. Whatever is done is one transaction, with its entry in the audit trail.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from engine import clock
from engine.desk.answers import Answer, acknowledgement, suggested
from engine.desk.events import event_words
from engine.desk.letters import letter
from engine.desk.setup import ANSWER, CLOCKS, RESOLUTION, Setup
from engine.desk.states import CUSTOMER, ENDED, LIVE, OPEN, REOPENED, RESOLVED, STATES, WAITING, WORKED, check_move
from engine.desk.words import checked_word, line, money, text_of
from engine.errors import Fault, RulebookError, RunError, TicketError, did_you_mean
from engine.interactions import DIRECTIONS, LONGEST_NOTE, word_of
from engine.levels import PRIORITIES
from engine.moments import Moment, as_moment, written
from engine.repeats import Kept, KeyReused, once
from engine.store import audit, interactions, ticket_clocks, ticket_letters
from engine.store import tickets as rows
from engine.store.identity import resolve_in
from engine.store.models import customer as customer_table
from engine.store.models import ticket
from engine.store.session import one_writer
from engine.store.tickets import Ticket, TicketEvent
from engine.texts import Text
from engine.ticket_clocks import TicketClocks
from engine.ticket_letters import deliver
from engine.ticket_ticks import Ticks

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

    from engine.service import Engine
    from engine.ticket_imports import TicketFile, TicketImport
    from engine.ticket_ticks import Escalation

SAID = ("in", "out", "note")
"""A message of the customer, one to the customer, a note for colleagues."""

EDITED = ("priority", "kind", "category", "cause", "channel", "owner", "compensation", "subject")
LANGUAGES = ("en", "zh")
MOST = 1_000
LONGEST_SUBJECT, LONGEST_TEXT, LONGEST_REASON, LONGEST_OWNER, LONGEST_REFERENCE, LONGEST_KEY = 300, 20_000, 300, 200, 200, 200


class Tickets:
    """The verbs on tickets of customers within sight, in the name of the engine's actor."""

    states = STATES
    """Every state with its title and those that may follow."""
    priorities = PRIORITIES
    """Every priority with its title, the most pressing first."""
    clock_titles = CLOCKS
    """What the two promises are called."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @staticmethod
    def words(event: TicketEvent) -> Text:
        """A line of the time line in both languages, without what people wrote."""
        return event_words(event)

    @cached_property
    def clocks(self) -> TicketClocks:
        """The promises of these tickets."""
        return TicketClocks(self.engine)

    # --- opening -----------------------------------------------------------------------------------------------

    def open(
        self,
        customer: str,
        kind: str,
        subject: str,
        text: str = "",
        *,
        priority: str | None = None,
        channel: str = "",
        category: str = "",
        owner: str = "",
        language: str | None = None,
        at: Moment = None,
        reference: str | None = None,
        acknowledge: bool = True,
    ) -> Ticket:
        """Open a ticket. text: what the customer said. priority: None is that of the customer's service level.

        at: when it came in (None: now). reference: the number by which another system knows it: a second opening with it
        and the same content is the first one again. acknowledge: send the prepared acknowledgement.
        Raises `TicketError`, `UnknownCustomer`, `KeyReused`.
        """
        setup, zone = self.engine.desk.setup(), self.engine.zone
        now = clock.now()
        opened = now if at is None else as_moment(at, zone, "at")
        if opened > now:
            raise TicketError(f"at: {written(opened, zone)} lies in the future; a ticket is opened when it has come in")
        values = {
            "kind": checked_word("kind", kind, setup.kinds),
            "category": checked_word("category", category, setup.categories, empty=True),
            "channel": checked_word("channel", channel, setup.channels, empty=True),
            "language": checked_word("language", language or self.engine.settings.language, LANGUAGES),
            "subject": line("subject", subject, LONGEST_SUBJECT),
            "owner": line("owner", owner, LONGEST_OWNER, empty=True),
        }
        said = text_of("text", text, LONGEST_TEXT, empty=True)
        wanted = None if priority is None else checked_word("priority", priority, PRIORITIES)
        reference = None if reference is None else line("reference", reference, LONGEST_REFERENCE)
        asked = [
            customer,
            values["kind"],
            values["category"],
            values["channel"],
            values["subject"],
            said,
            wanted,
            None if at is None else opened,
        ]
        request = _hash(asked)
        letters = self._letter(customer) if setup.kinds[kind].objection else None
        live = self.engine.desk.levels()
        with self.engine.store.write() as connection:
            key = resolve_in(connection, customer, reach=self.engine.sight.reach)
            level, grade = self.engine.desk.standing_of(connection, [key]).get(key, ("", ""))
            promises = live.levels.get(level)
            values["priority"] = wanted or (promises.priority if promises else "normal")
            moments = {"opened_at": opened, "posted_at": now, "changed_at": now, "opened_by": self._actor}
            fixed = {"cause": "", "reason": "", "compensation": 0, "state": OPEN, "customer_id": key, "level": level, "grade": grade}
            number = rows.add(connection, {**values, **fixed, **moments, "reference": reference, "request": request})
            if number is None:
                return self._known(connection, str(reference), request)
            self._note(connection, number, "opened", opened, text=said, details={"channel": channel})
            if letters is not None:
                self._note(connection, number, "letter", opened, text=letters[values["language"]], details={"grade": grade})
            self.clocks.promise(connection, number, setup, promises, kind, values["priority"], at=opened, posted_at=now)
            self.clocks.refresh(connection, [number], opened)
            if acknowledge:
                self._acknowledge(connection, number, customer, opened)
            if opened < now:
                self.clocks.refresh(connection, [number], now)
            self.engine.webhooks.tell(connection, "ticket.opened", f"ticket:{number}", now, self._told(connection, number))
            self._record(connection, "ticket.open", number, kind=kind, priority=values["priority"], level=level)
            return self._get(connection, number)

    def _known(self, connection: Connection, reference: str, request: str) -> Ticket:
        number, first = rows.of_reference(connection, reference)
        if first != request:
            raise KeyReused("this reference was used for another ticket; take a new one for a new ticket")
        return self._get(connection, number)

    def _letter(self, customer: str) -> Mapping[str, str] | None:
        """Why the customer has its grade, in both languages; nothing before the first run."""
        grade = self.engine.desk.levels().grade.partition(".")[0] or None
        try:
            return {language: letter(self.engine.explain(customer, grade, language=language), language) for language in LANGUAGES}
        except (RunError, RulebookError):
            return None

    def _acknowledge(self, connection: Connection, number: int, customer: str, at: int) -> None:
        """Let the prepared acknowledgement be sent, if there is one; it is no first answer."""
        found = self._get(connection, number)
        answers = [each.answer for each in self.engine.desk.answers_in(connection)]
        chosen = acknowledgement(answers, found.kind, found.category)
        if chosen is not None:
            values = self._values(found, customer)
            details = {"answer": chosen.name, "subject": chosen.headed(found.language, values)}
            event = self._note(connection, number, "acknowledgement", at, text=chosen.filled(found.language, values), details=details)
            ticket_letters.queue(connection, event, number, clock.now())

    def _values(self, found: Ticket, customer: str) -> dict[str, str]:
        first = found.clock(ANSWER)
        due = written(first.due_at, self.engine.zone)[:16].replace("T", " ") if first is not None and first.due_at is not None else "-"
        return {"ticket": str(found.id), "customer": customer, "due": due}

    # --- looking -----------------------------------------------------------------------------------------------

    def get(self, number: int) -> Ticket:
        """One by its number, with what is left of its clocks. Raises `TicketError`, also for one out of sight."""
        with self.engine.store.read() as connection:
            return self._with_left(connection, [self._get(connection, number)])[0]

    def timeline(self, number: int) -> Sequence[TicketEvent]:
        """What was said and what happened, the oldest first."""
        with self.engine.store.read() as connection:
            self._get(connection, number)
            return rows.events(connection, number, self.engine.sight)

    def queue(self, *, limit: int = 100, offset: int = 0, left: bool = False, **chosen: Any) -> Sequence[Ticket]:
        """Live tickets, what breaks first on top; chosen as in `list`. left: with what is left of their clocks."""
        with self.engine.store.read() as connection:
            wanted = rows.queue_order(self._chosen(connection, rows.wanted(), {"state": "live", **chosen}))
            found = rows.read(connection, wanted.limit(min(max(limit, 1), MOST)).offset(max(offset, 0)), self.engine.sight)
            return self._with_left(connection, found) if left else found

    def list(self, *, limit: int = 100, before: int | None = None, left: bool = False, **chosen: Any) -> Sequence[Ticket]:
        """The newest tickets first. state: one, "live" or "ended"; owner ("" for nobody's), customer, kind, priority, level.

        before: go on below this number. left: with what is left of their clocks.
        """
        with self.engine.store.read() as connection:
            wanted = self._chosen(connection, rows.wanted(), chosen).order_by(ticket.c.id.desc()).limit(min(max(limit, 1), MOST))
            found = rows.read(connection, wanted if before is None else wanted.where(ticket.c.id < before), self.engine.sight)
            return self._with_left(connection, found) if left else found

    def count(self, *, most: int | None = None, **chosen: Any) -> int:
        """How many tickets there are, chosen as in `list`. most: where to stop counting."""
        with self.engine.store.read() as connection:
            inner = self._chosen(connection, rows.wanted(), chosen).with_only_columns(ticket.c.id).limit(most).subquery()
            return connection.scalar(select(func.count()).select_from(inner)) or 0

    def suggest(self, number: int) -> Sequence[tuple[Answer, str]]:
        """Prepared answers that fit a ticket, the best first, each with its text in the ticket's language."""
        with self.engine.store.read() as connection:
            found = self._get(connection, number)
            answers = [each.answer for each in self.engine.desk.answers_in(connection)]
        values = self._values(found, found.customer)
        return [(each, each.filled(found.language, values)) for each in suggested(answers, found.kind, found.category)]

    def _chosen(self, connection: Connection, wanted: Select[Any], chosen: Mapping[str, Any]) -> Select[Any]:
        known = ("state", "owner", "customer", "kind", "priority", "level")
        for name in chosen:
            if name not in known:
                raise TicketError(
                    f"tickets are not chosen by {name!r}; {did_you_mean(name, known) or 'expected some of ' + ', '.join(known)}"
                )
        wanted = wanted.where(self.engine.sight.where())
        state = chosen.get("state")
        if state is not None:
            groups = {"live": LIVE, "ended": ENDED}
            if state not in (*STATES, *groups):
                names = (*groups, *STATES)
                raise TicketError(
                    f"there is no state {str(state)[:40]!r}; {did_you_mean(str(state), names) or 'states are ' + ', '.join(names)}"
                )
            wanted = wanted.where(rows.live() if state == "live" else ticket.c.state.in_(groups.get(state, (state,))))
        if chosen.get("customer") is not None:
            wanted = wanted.where(rows.of_customer(resolve_in(connection, chosen["customer"], reach=self.engine.sight.reach)))
        for name in ("owner", "kind", "priority", "level"):
            if chosen.get(name) is not None:
                wanted = wanted.where(ticket.c[name] == chosen[name])
        return wanted

    # --- doing -------------------------------------------------------------------------------------------------

    def say(
        self, number: int, text: str, *, direction: str = "out", answer: str | None = None, at: Moment = None, key: str | None = None
    ) -> Ticket:
        """Write down what was said. direction: "out" to the customer, the first of which is the first answer; "in" from the
        customer, which ends waiting for it; "note" for colleagues. answer: the prepared answer that was used.

        key: idempotency key: the same request with it is done once.
        """
        checked_word("direction", direction, SAID)
        said = text_of("text", text, LONGEST_TEXT)
        kind = "note" if direction == "note" else f"message_{direction}"

        def act(connection: Connection, found: Ticket, moment: int) -> Mapping[str, Any]:
            event = self._note(connection, number, kind, moment, text=said, details={"answer": answer} if answer else {})
            if direction != "note":
                self._contact(connection, found, f"ticket {number} {event}", moment, direction, said)
            if direction == "out" and found.answered_at is None:
                rows.change(connection, number, answered_at=moment)
                ticket_clocks.stop(connection, number, ANSWER, moment)
            if direction == "in" and found.state == CUSTOMER:
                self._enter(connection, found, WORKED, "", moment)
            return {"direction": direction}

        return self._act(number, "ticket.say", act, at, key, ["say", number, said, direction])

    def _contact(self, connection: Connection, found: Ticket, once: str, moment: int, direction: str, said: str) -> None:
        """What was said is an interaction with the customer."""
        by = word_of(self.engine) if direction == "out" else ""
        row = {"at": moment, "channel": found.channel, "direction": DIRECTIONS[direction], "by": by, "note": said[:LONGEST_NOTE]}
        key = interactions.customer_of(connection, ticket, found.id)
        self.engine.interactions.write(connection, [{**row, "customer_id": key, "origin": "ticket", "once": once}])

    def move(self, number: int, state: str, *, reason: str = "", at: Moment = None, key: str | None = None) -> Ticket:
        """Bring a ticket into another state. reason: needed for waiting and for opening again.

        Clocks stand in the states that the setup names, and after the resolution; opened again they go on. Raises
        `TicketError` for a state that does not follow, and for a moment before the last thing that happened.
        """
        why = line("reason", reason, LONGEST_REASON, empty=True)
        if state in (*WAITING, REOPENED) and not why:
            raise TicketError(f"reason: say why the ticket is {state}")

        def act(connection: Connection, found: Ticket, moment: int) -> Mapping[str, Any]:
            check_move(number, found.state, state)
            self._enter(connection, found, state, why, moment)
            return {"was": found.state, "now": state}

        return self._act(number, "ticket.move", act, at, key, ["move", number, state, why])

    def edit(self, number: int, *, revision: int | None = None, at: Moment = None, key: str | None = None, **changes: Any) -> Ticket:
        """Change priority, kind, category, cause, channel, owner, subject or compensation (minor units).

        A new priority or kind promises anew; time that was spent stays spent. revision: what the caller saw.
        """
        for name in changes:
            if name not in EDITED:
                raise TicketError(
                    f"{name!r} of a ticket cannot be changed; {did_you_mean(name, EDITED) or 'expected ' + ', '.join(EDITED)}"
                )
        setup = self.engine.desk.setup()
        values = {name: self._checked(setup, name, value) for name, value in changes.items()}

        def act(connection: Connection, found: Ticket, moment: int) -> Mapping[str, Any]:
            if revision is not None and revision != found.revision:
                raise TicketError(f"ticket {number} was changed by somebody else meanwhile; look again")
            fresh = {name: value for name, value in values.items() if name == "subject" or getattr(found, name) != value}
            if fresh:
                rows.change(connection, number, **fresh)
            for name, value in fresh.items():
                shown = {} if name == "subject" else {"was": getattr(found, name), "now": value}
                self._note(connection, number, name, moment, details=shown)
            if found.live and ("priority" in fresh or "kind" in fresh):
                level = self.engine.desk.levels().levels.get(found.level)
                kind, priority = fresh.get("kind", found.kind), fresh.get("priority", found.priority)
                self.clocks.promise(connection, number, setup, level, kind, priority, at=moment, posted_at=clock.now())
            return {"changed": sorted(fresh)}

        return self._act(number, "ticket.edit", act, at, key, ["edit", number, values])

    def _checked(self, setup: Setup, name: str, value: Any) -> Any:
        words = {
            "priority": PRIORITIES,
            "kind": setup.kinds,
            "category": setup.categories,
            "cause": setup.causes,
            "channel": setup.channels,
        }
        if name in words:
            return checked_word(name, value, words[name], empty=name not in ("priority", "kind"))
        if name == "compensation":
            return money(value)
        return line(name, value, LONGEST_OWNER if name == "owner" else LONGEST_SUBJECT, empty=name == "owner")

    def _enter(self, connection: Connection, found: Ticket, state: str, why: str, moment: int) -> None:
        """Enter a state: what it does to the clocks, and to the ticket."""
        stands = state in self.engine.desk.setup_in(connection).setup.stands
        if ticket_clocks.standing(connection, found.id):
            if not stands:
                ticket_clocks.resume(connection, found.id, moment)
                self.clocks.refresh(connection, [found.id], moment)
        elif stands:
            ticket_clocks.pause(connection, found.id, moment)
        values: dict[str, Any] = {"state": state, "reason": why}
        if state == RESOLVED:
            values |= {"resolved_at": moment, "answered_at": found.answered_at if found.answered_at is not None else moment}
            for name in (ANSWER, RESOLUTION):
                ticket_clocks.stop(connection, found.id, name, moment)
            self._settle_tasks(connection, found.id)
        elif state == REOPENED:
            assert found.resolved_at is not None
            values |= {"resolved_at": None, "closed_at": None}
            ticket_clocks.pause(connection, found.id, found.resolved_at, moment)
            ticket_clocks.go_on(connection, found.id, RESOLUTION)
        elif state == "closed":
            values["closed_at"] = moment
            self.engine.webhooks.tell(
                connection, "ticket.closed", f"ticket_closed:{found.id}:{found.revision}", moment, self._told(connection, found.id)
            )
        rows.change(connection, found.id, **values)
        self._note(connection, found.id, "state", moment, text=why, details={"was": found.state, "now": state})

    def _settle_tasks(self, connection: Connection, number: int) -> None:
        """Nobody has to look after an escalation of a ticket that is resolved."""
        from engine.store.tasks import settle_occasions

        settle_occasions(connection, f"ticket:{number}:", self._actor, clock.now(), f"ticket {number} is resolved")

    # --- by itself ---------------------------------------------------------------------------------------------

    def newest(self) -> int:
        """The number of the newest ticket; 0 before the first."""
        with self.engine.store.read() as connection:
            return int(connection.scalar(select(func.max(ticket.c.id))) or 0)

    def look_into(self, path: str | Path) -> TicketFile:
        """What a file of tickets holds: columns, first rows, and which column is proposed for which field."""
        from engine.ticket_imports import look

        return look(self.engine, Path(path))

    @property
    def needed(self) -> Sequence[str]:
        """Fields without which no ticket can be imported."""
        from engine.ticket_imports import NEEDED

        return NEEDED

    def try_rows(self, path: str | Path, columns: Mapping[str, str], most: int) -> tuple[int, Sequence[Fault]]:
        """How many of the first rows of a file were tried, and what is wrong with them; nothing is kept."""
        from engine.ticket_imports import try_rows

        return try_rows(self.engine, Path(path), columns, most)

    def import_file(
        self,
        path: str | Path,
        *,
        columns: Mapping[str, str] | None = None,
        acknowledge: bool = False,
        dry_run: bool = False,
    ) -> TicketImport:
        """Import tickets from a file, all of it or nothing. Raises `DeskError` with every fault.

        columns: by field the column of the file (CSV in any encoding, XLSX, Parquet, JSON lines); None: they are named as the
        fields, in CSV or JSON lines. acknowledge: send the prepared acknowledgement for those that nobody answered yet.
        """
        from engine.ticket_imports import import_file

        return import_file(self.engine, Path(path), columns, acknowledge=acknowledge, dry_run=dry_run)

    def deliver(self) -> int:
        """Send acknowledgements that wait; how many were handed over. A worker does it every few seconds."""
        return deliver(self.engine)

    def letters(self) -> Mapping[str, int]:
        """How many acknowledgements there are by state: waiting, sending, sent, failed, unknown, dropped."""
        with self.engine.store.read() as connection:
            return ticket_letters.states(connection)

    def due(self) -> bool:
        """Whether a tick has something to escalate."""
        with self.engine.store.read() as connection:
            return bool(ticket_clocks.ready(connection, clock.now(), 1))

    def tick(self, now: Moment = None) -> Sequence[Escalation]:
        """Promise anew where levels changed, and take every step of escalation that is due; each once, whoever ticks."""
        return Ticks(self.engine, self.clocks).tick(as_moment(now, self.engine.zone, "now"))

    def retarget(self) -> Sequence[int]:
        """Promise anew for live tickets whose customers have another level now; their numbers."""
        with self.engine.store.read() as connection:
            if not ticket_clocks.has_any(connection):  # most runs find none, and need not wait for the writer
                return []
        with self.engine.store.write() as connection:
            one_writer(connection)
            return self.retarget_in(connection)

    def retarget_in(self, connection: Connection) -> Sequence[int]:
        """The same inside a transaction that is open: a run that moves levels and the promises that follow are kept together."""
        found = self.clocks.retarget(connection, clock.now())
        if found:
            self._record(connection, "ticket.retarget", 0, tickets=len(found))
        return found

    # --- inside ------------------------------------------------------------------------------------------------

    def _act(
        self,
        number: int,
        action: str,
        act: Callable[[Connection, Ticket, int], Mapping[str, Any]],
        at: Moment,
        key: str | None,
        request: Sequence[Any],
    ) -> Ticket:
        """Do something to one ticket in one transaction, and work its clocks out anew; once for a key."""

        def whole() -> Ticket:
            now = clock.now()
            moment = now if at is None else as_moment(at, self.engine.zone, "at")
            with self.engine.store.write() as connection:
                rows.hold(connection, number)
                found = self._get(connection, number)
                self._check_moment(connection, found, moment, now)
                details = act(connection, found, moment)
                rows.change(connection, number, changed_at=now)
                self.clocks.refresh(connection, [number], moment)
                if moment < now:
                    self.clocks.refresh(connection, [number], now)
                self._record(connection, action, number, **details)
                return self._get(connection, number)

        if key is None:
            return whole()
        line("key", key, LONGEST_KEY)
        asked = _hash([*request, None if at is None else str(at)])
        kept = Kept(asked, 200, {}, b"")

        def first() -> Kept:
            whole()
            return kept

        once(self.engine.store, f"ticket:{self._actor}", key, asked, first)
        return self.get(number)

    def _check_moment(self, connection: Connection, found: Ticket, moment: int, now: int) -> None:
        zone = self.engine.zone
        if moment > now:
            raise TicketError(f"at: {written(moment, zone)} lies in the future; what happens is written down when it has happened")
        if moment < found.opened_at:
            raise TicketError(f"at: {written(moment, zone)} is before ticket {found.id} was opened, {written(found.opened_at, zone)}")
        last = rows.last_event(connection, found.id)
        if moment < last:
            raise TicketError(
                f"at: {written(moment, zone)} is before the last thing that happened to ticket {found.id}, {written(last, zone)}"
            )

    def _get(self, connection: Connection, number: int) -> Ticket:
        found = rows.get(connection, number, self.engine.sight) if 0 < number < 2**63 else None
        if found is None:
            raise TicketError(f"there is no ticket {number}")
        return found

    def _with_left(self, connection: Connection, found: Sequence[Ticket]) -> Sequence[Ticket]:
        left = self.clocks.read(connection, [each.id for each in found], clock.now()) if found else {}
        return [replace(each, clocks=tuple(replace(one, left=left.get((each.id, one.clock))) for one in each.clocks)) for each in found]

    def _told(self, connection: Connection, number: int) -> dict[str, Any]:
        """What other systems are told of a ticket: no texts, no names."""
        query = select(ticket, customer_table.c.external_id).join(customer_table, customer_table.c.id == ticket.c.customer_id)
        row = connection.execute(query.where(ticket.c.id == number)).one()
        names = ("kind", "category", "priority", "state", "level", "owner", "reference")
        return {"ticket": row.id, "customer": row.external_id, **{name: getattr(row, name) for name in names}}

    @property
    def _actor(self) -> str:
        return self.engine.settings.actor

    def _note(self, connection: Connection, number: int, kind: str, at: int, **said: Any) -> int:
        return rows.note(connection, number, kind, at=at, posted_at=clock.now(), actor=self._actor, **said)

    def _record(self, connection: Connection, action: str, number: int, **details: Any) -> None:
        audit.record(connection, **self.engine.acting, action=action, subject=f"ticket:{number}", details=details)


def _hash(asked: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(asked, ensure_ascii=False, default=str).encode("utf-8", "replace")).hexdigest()
