"""The audit trail as verbs: `engine.audit.verify()`, `engine.audit.entries(...)`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from engine import audit_words
from engine.audit_breaches import Breach
from engine.audit_chain import GENESIS, Entry, Head, seal_of
from engine.errors import TierwiseError
from engine.exporting.table import Field, FieldKind, Table
from engine.moments import Moment, as_moment
from engine.policy import Text
from engine.store import audit

if TYPE_CHECKING:
    from engine.service import Engine


PIECE = 5_000
"""Entries that are read at once while a table is written."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What reading the whole trail found. head: what to keep elsewhere ("8214:9f3c..."); sealed: whether by a key."""

    entries: int
    head: str
    sealed: bool
    breaches: Sequence[Breach]

    @property
    def whole(self) -> bool:
        """Whether the trail is what was recorded."""
        return not self.breaches

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "whole": self.whole,
            "entries": self.entries,
            "head": self.head,
            "sealed": self.sealed,
            "breaches": [breach.as_dict() for breach in self.breaches],
        }


class Audit:
    """Who did what: reading and verifying. Entries are written by the verbs themselves, in their own transactions."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def verify(self, *, head: str | None = None) -> Verification:
        """Read every entry and say which was altered, deleted, inserted, moved, or cut off.

        head: one that `verify` gave earlier and that was kept elsewhere; the trail has to go on from it. Raises
        `TierwiseError` when entries are sealed with a key that is not given.
        """
        outside = None if head is None else _head(head)
        with self._engine.store.read() as connection:
            kept, breaches, unknown = audit.verify(connection, self._engine.settings.audit_keys, outside)
        if unknown:
            names = ", ".join(sorted(unknown))
            raise TierwiseError(f"entries are sealed with a key named {names}, which TIERWISE_AUDIT_KEY does not hold; nothing is verified")
        kept = kept or Head(0, GENESIS)
        return Verification(kept.count, str(kept), seal_of(kept.seal) is not None, breaches)

    def entries(
        self,
        subject: str | None = None,
        actor: str | None = None,
        action: str | None = None,
        after: int | None = None,
        limit: int = 100,
        since: Moment = None,
        until: Moment = None,
    ) -> list[Entry]:
        """The newest entries first.

        subject: to what ("draft:7"). action: one ("rulebook.publish"), or a whole area ("rulebook"). after: only entries
        before this number, for the next page. since, until: only what was done from the first moment on, before the second.
        """
        zone = self._engine.zone
        bounds = {name: None if at is None else as_moment(at, zone, name) for name, at in (("since", since), ("until", until))}
        with self._engine.store.read() as connection:
            return audit.entries(connection, subject=subject, actor=actor, action=action, after=after, limit=limit, **bounds)

    @property
    def head(self) -> str:
        """Where the trail ends, "8214:9f3c...": what to keep elsewhere. Read, not verified."""
        with self._engine.store.read() as connection:
            return str(audit.read_head(connection) or Head(0, GENESIS))

    def sentence(self, entry: Entry) -> Text:
        """An entry in words, in both languages; moments in the business zone."""
        return audit_words.sentence(entry, self._engine.zone)

    @property
    def actions(self) -> Mapping[str, tuple[Text, Mapping[str, Text]]]:
        """What can be looked for: group to its title and its actions with theirs."""
        return {
            group: (shown, {action: audit_words.title(action) for action in audit_words.ACTIONS if action.partition(".")[0] == group})
            for group, shown in audit_words.GROUPS.items()
        }

    def table(self, language: str, **asked: Any) -> Table:
        """Entries as a table to write out (number, time, who, proven, action, subject, in words, details), the newest first.

        asked: as `entries` takes them; read in pieces while it is written.
        """
        names = ("number", "time", "actor", "proven", "action", "subject", "in_words", "details")
        kinds: tuple[FieldKind, ...] = ("integer", "text", "text", "text", "text", "text", "text", "text")
        fields = tuple(Field(name, kind) for name, kind in zip(names, kinds, strict=True))
        return Table("audit", fields, self._pieces(language, asked))

    def write(self, format_: str, stream: BinaryIO, language: str, **asked: Any) -> int:
        """Write entries to a stream as CSV, XLSX, Parquet or JSON Lines; returns how many. asked: as `entries` takes them."""
        from engine.export import write_table

        return write_table(self.table(language, **asked), format_, stream)

    def _pieces(self, language: str, asked: Mapping[str, Any]) -> Iterator[Sequence[Sequence[Any]]]:
        after = asked.get("after")
        while found := self.entries(**{**asked, "after": after, "limit": PIECE}):
            yield list(
                zip(
                    *(
                        (
                            entry.seq,
                            self._engine.written(entry.at),
                            entry.actor,
                            "yes" if entry.authenticated else "no",
                            entry.action,
                            entry.subject,
                            self.sentence(entry).in_(language),
                            entry.details,
                        )
                        for entry in found
                    ),
                    strict=True,
                )
            )
            after = found[-1].seq


def _head(written: str) -> Head:
    count, colon, hash_ = written.strip().partition(":")
    if not colon or not count.isascii() or not count.isdigit() or len(count) > 18 or not hash_:
        raise TierwiseError(f"--head: found {written!r}; expected NUMBER:HASH, as tierwise audit verify prints it")
    return Head(int(count), hash_)
