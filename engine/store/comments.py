"""Comments on drafts: rows of `draft_comment`, inside the transaction that is open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from engine.errors import DraftError
from engine.store.models import draft, draft_comment, draft_edit


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody said about a draft. revision: of the state it is about; place: in its document, or "".

    settled_by, settled_at: who was satisfied, and when; None while it is open. Moments are UTC epoch seconds.
    """

    id: int
    draft: int
    revision: int
    place: str
    text: str
    actor: str
    at: int
    settled_by: str | None
    settled_at: int | None

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def add(connection: Connection, values: Mapping[str, Any]) -> Comment:
    """Keep a comment."""
    number = int(connection.execute(insert(draft_comment).values(values).returning(draft_comment.c.id)).scalar_one())
    return get(connection, number)


def get(connection: Connection, number: int) -> Comment:
    """One by its number. Raises `DraftError`."""
    row = connection.execute(select(draft_comment).where(draft_comment.c.id == number)).first()
    if row is None:
        raise DraftError(f"there is no comment {number}")
    return _comment(row)


def listed(connection: Connection, draft_id: int) -> list[Comment]:
    """Those of a draft, the oldest first."""
    query = select(draft_comment).where(draft_comment.c.draft_id == draft_id).order_by(draft_comment.c.id)
    return [_comment(row) for row in connection.execute(query)]


def open_for(connection: Connection, actor: str, states: Sequence[str]) -> list[tuple[Comment, str]]:
    """Open comments of others on drafts in some states that a person wrote: each with the title of its draft, the newest first."""
    mine = select(draft_edit.c.draft_id).where(draft_edit.c.actor == actor)
    query = (
        select(draft_comment, draft.c.title.label("title"))
        .join(draft, draft.c.id == draft_comment.c.draft_id)
        .where(draft_comment.c.settled_by.is_(None), draft_comment.c.actor != actor, draft.c.status.in_(list(states)), draft.c.id.in_(mine))
        .order_by(draft_comment.c.id.desc())
        .limit(100)
    )
    return [(_comment(row), row.title) for row in connection.execute(query)]


def settle(connection: Connection, number: int, actor: str | None, at: int) -> Comment:
    """Mark a comment as settled by somebody, or as open (actor: None)."""
    values = {"settled_by": actor, "settled_at": at if actor is not None else None}
    connection.execute(update(draft_comment).where(draft_comment.c.id == number).values(values))
    return get(connection, number)


def _comment(row: Row[Any]) -> Comment:
    return Comment(row.id, row.draft_id, row.revision, row.place, row.text, row.actor, row.at, row.settled_by, row.settled_at)
