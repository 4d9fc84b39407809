"""How the service desk is set up: `engine.desk.setup()`, prepared answers, and the levels that the live rulebook promises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from engine import clock
from engine.desk.answers import Answer
from engine.desk.reading import Reading
from engine.desk.setup import USUAL, Setup
from engine.errors import DeskError, RulebookError, did_you_mean
from engine.levels import ServiceLevel
from engine.store import audit, desk, outcomes
from engine.store.members import open_outputs
from engine.store.models import current, slot_name
from engine.store.session import one_writer
from engine.store.tickets import CHUNK

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.service import Engine

SETUP, ANSWER = "setup", "answer"
NAME = "desk"


@dataclass(frozen=True, slots=True)
class StoredSetup:
    """The setup with its revision; 0 for the usual one that nobody changed."""

    setup: Setup
    revision: int
    author: str
    at: int | None


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """A prepared answer with its revision."""

    answer: Answer
    document: Mapping[str, Any]
    revision: int
    author: str
    at: int

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {"name": self.answer.name, **self.document, "revision": self.revision, "author": self.author, "at": self.at}


@dataclass(frozen=True, slots=True)
class LiveLevels:
    """The service levels of the live rulebook. address: of the output that gives them, "" where no policy does.

    grade: address of the output that the policy reads first, "" for none.
    """

    address: str
    grade: str
    levels: Mapping[str, ServiceLevel]


NONE = LiveLevels("", "", {})


class ServiceDesk:
    """The verbs, in the name of the engine's actor."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._levels: tuple[int, LiveLevels] | None = None

    # --- setup -------------------------------------------------------------------------------------------------

    def setup(self) -> Setup:
        """What holds now."""
        return self.stored_setup().setup

    def stored_setup(self) -> StoredSetup:
        """The same with its revision."""
        with self.engine.store.read() as connection:
            return self.setup_in(connection)

    def setup_in(self, connection: Connection) -> StoredSetup:
        """The same inside a transaction that is open already."""
        found = desk.find(connection, SETUP, NAME)
        if found is None:
            return StoredSetup(Setup.read(USUAL), 0, "", None)
        return StoredSetup(Setup.read(found.document), found.revision, found.author, found.at)

    def save_setup(self, document: Mapping[str, Any], *, revision: int | None = None) -> StoredSetup:
        """Change the setup; running clocks take over the new steps. revision: what the caller saw.

        Raises `DeskError` with every fault, also for a calendar that is not stored.
        """
        checked = Setup.read(document)
        with self.engine.store.write() as connection:
            one_writer(connection)
            former = self.setup_in(connection)
            if revision is not None and revision != former.revision:
                raise DeskError("the setup of the service desk was changed by somebody else meanwhile; look again")
            self._calendar_there(connection, checked.calendar)
            if dict(former.setup.document) != dict(checked.document):
                kept = desk.save(connection, SETUP, NAME, document, self.engine.settings.actor, clock.now())
                self.engine.tickets.clocks.refresh(connection, None, clock.now())
                self._note(connection, "desk.setup", f"setup:{NAME}", revision=kept.revision)
            return self.setup_in(connection)

    def check_setup(self, document: Any) -> Setup:
        """What `save_setup` would keep, and nothing is kept. Raises `DeskError` with every fault."""
        checked = Setup.read(document)
        with self.engine.store.read() as connection:
            self._calendar_there(connection, checked.calendar)
        return checked

    def _calendar_there(self, connection: Connection, name: str) -> None:
        if name and desk.find(connection, "calendar", name) is None:
            reading = Reading("TW402", "the setup of the service desk is wrong")
            known = [each.name for each in desk.newest(connection, "calendar")]
            reading.fault("calendar", f"there is no calendar {name!r}", did_you_mean(name, known) or "save the calendar first")
            reading.done()

    # --- answers -----------------------------------------------------------------------------------------------

    def answers(self) -> Sequence[StoredAnswer]:
        """Every prepared answer, by name."""
        with self.engine.store.read() as connection:
            return self.answers_in(connection)

    def answers_in(self, connection: Connection) -> list[StoredAnswer]:
        """The same inside a transaction that is open already."""
        found = desk.newest(connection, ANSWER)
        return [
            StoredAnswer(Answer.kept(each.name, each.document or {}), each.document or {}, each.revision, each.author, each.at)
            for each in found
        ]

    def answer(self, name: str) -> StoredAnswer:
        """One by its name. Raises `DeskError` naming those there are."""
        found = {each.answer.name: each for each in self.answers()}
        if name not in found:
            hint = did_you_mean(name, found) or (f"there are {', '.join(found)}" if found else "none is stored yet")
            raise DeskError(f"there is no answer {str(name)[:64]!r}; {hint}")
        return found[name]

    def save_answer(self, name: str, document: Mapping[str, Any], *, revision: int | None = None) -> StoredAnswer:
        """Keep a prepared answer, new or changed. revision: what the caller saw, 0 for one that must be new."""
        reading = Reading("TW403", "the answer is wrong")
        reading.key("name", name)
        reading.done()
        with self.engine.store.write() as connection:
            one_writer(connection)
            setup = self.setup_in(connection).setup
            checked = Answer.read(name, document, setup.kinds, setup.categories)
            former = desk.find(connection, ANSWER, name)
            stands = 0 if former is None else former.revision
            if revision is not None and revision != stands:
                raise DeskError(f"answer {name} was changed by somebody else meanwhile; look again")
            if former is None or dict(former.document or {}) != dict(document):
                former = desk.save(connection, ANSWER, name, document, self.engine.settings.actor, clock.now())
                self._note(connection, "answer.save", f"answer:{name}", revision=former.revision)
            return StoredAnswer(checked, former.document or {}, former.revision, former.author, former.at)

    def remove_answer(self, name: str) -> None:
        """Take a prepared answer away; what was sent stays in the tickets."""
        self.answer(name)
        with self.engine.store.write() as connection:
            one_writer(connection)
            desk.save(connection, ANSWER, name, None, self.engine.settings.actor, clock.now())
            self._note(connection, "answer.remove", f"answer:{name}")

    # --- levels ------------------------------------------------------------------------------------------------

    def levels(self) -> LiveLevels:
        """What the live rulebook promises: the first policy that has service levels; nothing where none has, or nothing is live."""
        try:
            number = self.engine.version().number
        except RulebookError:
            return NONE
        if self._levels is None or self._levels[0] != number:
            self._levels = (number, self._read_levels())
        return self._levels[1]

    def _read_levels(self) -> LiveLevels:
        try:
            plan = self.engine.rulebook().plan
        except RulebookError:
            return NONE
        labelled = {f"{step.entry.key}.{output.name}" for step in plan.steps for output in step.outputs if output.labels}
        for step in plan.steps:
            for name, levels in step.entry.policy.service_levels().items():
                grade = next((given.name for given in step.inputs if given.name in labelled), "")
                return LiveLevels(f"{step.entry.key}.{name}", grade, {level.key: level for level in levels})
        return NONE

    def levels_by_calendar(self) -> dict[str, list[str]]:
        """By calendar, what names it: levels of the live rulebook, the setup."""
        found: dict[str, list[str]] = {}
        for level in self.levels().levels.values():
            if level.calendar:
                found.setdefault(level.calendar, []).append(f"level {level.key}")
        calendar = self.setup().calendar
        if calendar:
            found.setdefault(calendar, []).append("setup")
        return found

    def standing_of(self, connection: Connection, customers: Sequence[int]) -> dict[int, tuple[str, str]]:
        """Level and grade of customers by internal key as they are assigned now; "" for none."""
        live = self.levels()
        outputs = open_outputs(connection)
        wanted = [address for address in (live.address, live.grade) if address in outputs]
        if not wanted:
            return {}
        known = outcomes.all_labels(connection)
        words = {address: {number: key for key, number in known.get((address, outputs[address][2]), {}).items()} for address in wanted}
        columns = [current.c[slot_name(outputs[address][0])].label(f"v{at}") for at, address in enumerate(wanted)]
        found: dict[int, tuple[str, str]] = {}
        for start in range(0, len(customers), CHUNK):
            query = select(current.c.customer_id, *columns).where(current.c.customer_id.in_(customers[start : start + CHUNK]))
            for row in connection.execute(query):
                value = {address: words[address].get(row[at + 1], "") for at, address in enumerate(wanted)}
                found[row.customer_id] = (value.get(live.address, ""), value.get(live.grade, ""))
        return found

    def _note(self, connection: Connection, action: str, subject: str, **details: Any) -> None:
        audit.record(connection, **self.engine.acting, action=action, subject=subject, details=details)
