"""Everything that can go wrong, as one family of exceptions, and the faults that documents are checked for.

An error message names the place, what was found there, and what would be right. The command line turns every
`TierwiseError` into a message and exit code 2; anything else is a bug and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a document, found before anything runs.

    code: stable id ("TW012"), listed in docs/reference/faults.md.
    place: where in the document ("policies[2].params.bins", "row 3, column orders.count").
    found: what stands there, in the user's words.
    expected: what would be right; may hold a "did you mean".
    """

    code: str
    place: str
    found: str
    expected: str = ""

    def __str__(self) -> str:
        tail = f"; {self.expected}" if self.expected else ""
        return f"{self.code} {self.place}: {self.found}{tail}"

    def words(self, language: str) -> str:
        """What was found and what would be right, in "en" or "zh", without id and place."""
        if language != "zh":
            return "; ".join(part for part in (self.found, self.expected) if part)
        from engine.chinese import message_zh

        return "；".join(message_zh(part) for part in (self.found, self.expected) if part)


class TierwiseError(Exception):
    """The base of all errors a caller may want to catch. `exit_code` is what the command line ends with."""

    exit_code = 2


class FactError(TierwiseError):
    """Facts cannot be read or stored: a file, a mapping, a row."""


class FeatureError(TierwiseError):
    """A feature is unknown, has the wrong type, or cannot be computed."""


class PeopleError(TierwiseError):
    """A user, role, session or key is not there, or cannot be what was asked for."""


class NotAllowed(PeopleError):
    """Somebody is not who they say, or may not do what they asked for."""


class MustChoose(NotAllowed):
    """The password is right, but it was given for one time: a password of one's own has to be chosen now."""


class TooManyTries(PeopleError):
    """A password was tried too often. `wait` is how many seconds to wait."""

    def __init__(self, message: str, wait: int = 0) -> None:
        super().__init__(message)
        self.wait = wait

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (str(self), self.wait))


class PluginError(TierwiseError):
    """A plugin cannot be loaded, or breaks the plugin contract."""


class PolicyFault(PluginError):
    """A policy failed while it was fitted or applied; only its own outputs and their dependents are lost."""


class RulebookError(TierwiseError):
    """A rulebook is wrong. `faults` lists every fault found, not only the first."""

    def __init__(self, message: str, faults: Iterable[Fault] = ()) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join([message, *(f"  {fault}" for fault in self.faults)]))
        self._message = message

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self._message, self.faults))


class CalendarError(RulebookError):
    """A calendar of working time is wrong (`faults` lists all of it), or a clock cannot run by it."""


class ManagerError(RulebookError):
    """Account managers, or the policy by which they get customers, cannot be like this; `faults` lists all of it."""


class CareError(RulebookError):
    """A care plan is wrong (`faults` lists all of it), is not there, or cannot be carried out."""


class DeskError(RulebookError):
    """The setup of the service desk or a prepared answer is wrong (`faults` lists all of it), is not there, or is in use."""


class TicketError(TierwiseError):
    """A ticket is not there, or cannot be what was asked for; it is unchanged."""


class RunError(TierwiseError):
    """A run cannot start, or cannot be made visible."""


class FixedValueError(TierwiseError):
    """A value cannot be fixed by hand like this, or not by this person."""


class PointsError(TierwiseError):
    """Points cannot be earned, spent or taken back like this; the ledger is untouched."""


class TaskError(TierwiseError):
    """A task is not there, or cannot be what was asked for."""


class InteractionError(RulebookError):
    """An interaction cannot be written down, is not there, or a file of them is wrong (`faults` lists all of it)."""


class StoreError(TierwiseError):
    """The database is locked, full, missing, of another version, or not usable as a store."""


class DraftError(TierwiseError):
    """A draft is not in a state in which this can be done, or not by this person."""


class StaleDraft(DraftError):
    """Somebody else saved the draft meanwhile. Nothing is lost: both contents are here.

    yours: what was to be saved. theirs: what stands there now. revision: the number to read before saving again.
    """

    def __init__(self, message: str, yours: object = None, theirs: object = None, revision: int = 0, updated_by: str = "") -> None:
        super().__init__(message)
        self.yours = yours
        self.theirs = theirs
        self.revision = revision
        self.updated_by = updated_by

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (str(self), self.yours, self.theirs, self.revision, self.updated_by))


class ApprovalNeeded(DraftError):
    """The rulebook is submitted as a draft and waits for a second person. draft: its number."""

    def __init__(self, message: str, draft: int = 0) -> None:
        super().__init__(message)
        self.draft = draft

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (str(self), self.draft))


class ListError(TierwiseError):
    """A list cannot be made: an unknown filter, column, order or format, or one that needs another right."""


class UnknownCustomer(TierwiseError):
    """No stored customer has this id."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return "did you mean 'x'?" for the nearest known name, or an empty string when nothing is near."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else ""
