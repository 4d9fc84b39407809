"""The audit trail as verbs: `engine.audit.verify()`, `engine.audit.entries(...)`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.audit_breaches import Breach
from engine.audit_chain import GENESIS, Entry, Head, seal_of
from engine.errors import TierwiseError
from engine.store import audit

if TYPE_CHECKING:
    from engine.service import Engine


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
    ) -> list[Entry]:
        """The newest entries first.

        subject: to what ("draft:7"). action: one ("rulebook.publish"), or a whole area ("rulebook"). after: only entries
        before this number, for the next page.
        """
        with self._engine.store.read() as connection:
            return audit.entries(connection, subject=subject, actor=actor, action=action, after=after, limit=limit)


def _head(written: str) -> Head:
    count, colon, hash_ = written.strip().partition(":")
    if not colon or not count.isascii() or not count.isdigit() or len(count) > 18 or not hash_:
        raise TierwiseError(f"--head: found {written!r}; expected NUMBER:HASH, as tierwise audit verify prints it")
    return Head(int(count), hash_)
