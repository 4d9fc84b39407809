"""What people say to each other about a draft: `engine.comments.add("d7", "Why 5,000?")`.

A comment names the revision it was written about, and may name a place in the document. It is never altered; whoever is
satisfied settles it, and it can be opened again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine import clock
from engine.errors import DraftError
from engine.store import audit, drafts
from engine.store import comments as rows
from engine.store.comments import Comment
from engine.store.session import one_writer

if TYPE_CHECKING:
    from engine.drafts import DraftName
    from engine.service import Engine

LONGEST = 4_000
LONGEST_PLACE = 300


class Comments:
    """The verbs, in the name of the engine's actor."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._store = engine.store

    def add(self, draft: DraftName, text: str, *, place: str = "") -> Comment:
        """Say something about a draft as it is now. place: in the document, such as "policies[rfm].params.bins".

        Raises `DraftError` for a draft that is not there, no text, or one of more than 4,000 characters.
        """
        said, where = _text(text), _place(place)
        number = self._engine.drafts.number(draft)
        with self._store.write() as connection:
            one_writer(connection)
            found = drafts.get(connection, number)
            values = {"draft_id": found.id, "revision": found.revision, "place": where, "text": said}
            made = rows.add(connection, {**values, "actor": self._engine.settings.actor, "at": clock.now()})
            audit.record(connection, **self._engine.acting, action="comment.add", subject=f"draft:{found.id}", details={"comment": made.id})
        return made

    def list(self, draft: DraftName) -> Sequence[Comment]:
        """Everything said about a draft, the oldest first."""
        number = self._engine.drafts.number(draft)
        with self._store.read() as connection:
            return rows.listed(connection, drafts.get(connection, number).id)

    def settle(self, number: int, *, open_again: bool = False) -> Comment:
        """Mark a comment as settled, or open it again. Raises `DraftError`; one that is so already stays as it is."""
        with self._store.write() as connection:
            one_writer(connection)
            found = rows.get(connection, number)
            if (found.settled_by is None) == open_again:
                return found
            made = rows.settle(connection, number, None if open_again else self._engine.settings.actor, clock.now())
            action = "comment.reopen" if open_again else "comment.settle"
            audit.record(connection, **self._engine.acting, action=action, subject=f"draft:{found.draft}", details={"comment": number})
        return made


def _text(text: str) -> str:
    said = str(text or "").replace("\r\n", "\n").replace("\x00", "").strip()
    if not said:
        raise DraftError("a comment needs a text; say what you think of the draft")
    if len(said) > LONGEST:
        raise DraftError(f"the comment has {len(said):,} characters; up to {LONGEST:,} are kept")
    return said


def _place(place: str) -> str:
    where = str(place or "").strip()
    if len(where) > LONGEST_PLACE or not where.isprintable():
        raise DraftError(f"place: expected a place such as policies[rfm].params.bins, in one line of up to {LONGEST_PLACE} characters")
    return where
