"""Drafts, their saved states, reviews and publications in the store; inside the transaction that is open.

What may follow what is decided in `engine.drafts`; here rows are read and written, and the question is answered who the
authors of a content are.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from engine import clock
from engine.errors import DraftError
from engine.store import audit
from engine.store.models import draft, draft_edit, publication, review, rulebook_version, schedule, setting
from engine.store.session import Store

OPEN, SUBMITTED, APPROVED, SCHEDULED, PUBLISHED, DISCARDED = "open", "submitted", "approved", "scheduled", "published", "discarded"

FOUR_EYES = "four_eyes"
"""Where `setting` keeps whether a second person was required when the store was opened last."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A rulebook on its way to being live. authors: everyone who saved a state of it. Moments are UTC epoch seconds.

    status: open, submitted, approved, scheduled, published or discarded. submitted_hash: what is submitted or approved.
    """

    id: int
    title: str
    note: str
    status: str
    revision: int
    base: int | None
    document: Any
    authors: tuple[str, ...]
    created_by: str
    created_at: int
    updated_by: str
    updated_at: int
    submitted_hash: str | None = None
    version: int | None = None

    @property
    def name(self) -> str:
        """How the command line names it: d7."""
        return f"d{self.id}"

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {**asdict(self), "name": self.name, "authors": list(self.authors)}


@dataclass(frozen=True, slots=True)
class DraftEdit:
    """A saved state of a draft: its number, who saved it, when, and why."""

    revision: int
    actor: str
    at: int
    note: str

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Review:
    """What somebody decided on a content: submitted, approved, rejected, withdrawn or voided.

    report: what was known then: findings, obstacles, simulation, examples, and whether a second person was required.
    """

    id: int
    draft: int
    hash: str
    verdict: str
    actor: str
    authenticated: bool
    at: int
    note: str
    report: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {**asdict(self), "report": dict(self.report)}


@dataclass(frozen=True, slots=True)
class Publication:
    """A version becoming live. kind: publish or rollback. authors: of the content; empty where no draft brought it."""

    id: int
    version: int
    hash: str
    kind: str
    actor: str
    published_at: int
    authors: tuple[str, ...]
    approved_by: str | None
    self_approved: bool
    note: str
    draft: int | None

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {**asdict(self), "authors": list(self.authors)}


def person(name: str) -> str:
    """The form in which two names are compared: case, width and characters that nobody sees do not make another person."""
    seen = "".join(one for one in unicodedata.normalize("NFKC", name) if unicodedata.category(one) not in _UNSEEN)
    return " ".join(seen.casefold().split())


_UNSEEN = ("Cc", "Cf")
"""Control and format characters, such as the space of no width."""


def add(connection: Connection, *, title: str, note: str, base: int | None, document: Any, actor: str) -> int:
    """Keep a new draft with its first state."""
    now, text = clock.now(), _written(document)
    values = {
        "title": title, "note": note, "base_version_id": base, "document": text, "revision": 1, "status": OPEN,
        "created_by": actor, "created_at": now, "updated_by": actor, "updated_at": now,
    }  # fmt: skip
    number = int(connection.execute(insert(draft).values(values).returning(draft.c.id)).scalar_one())
    connection.execute(insert(draft_edit).values(draft_id=number, revision=1, actor=actor, at=now, note=note, document=text))
    return number


def save(connection: Connection, found: Draft, *, document: Any, title: str, note: str, actor: str) -> None:
    """Keep the next state of a draft; it is open again."""
    now, text, revision = clock.now(), _written(document), found.revision + 1
    values = {
        "document": text, "revision": revision, "status": OPEN, "title": title, "submitted_hash": None, "updated_by": actor, "updated_at": now,
    }  # fmt: skip
    connection.execute(update(draft).where(draft.c.id == found.id).values(values))
    connection.execute(insert(draft_edit).values(draft_id=found.id, revision=revision, actor=actor, at=now, note=note, document=text))


def change(connection: Connection, number: int, **values: Any) -> None:
    """Change what a draft is: status, submitted_hash, version_id."""
    connection.execute(update(draft).where(draft.c.id == number).values(values))


def get(connection: Connection, number: int) -> Draft:
    """A draft by its number. Raises `DraftError`."""
    row = connection.execute(select(draft).where(draft.c.id == number)).first()
    if row is None:
        newest = connection.scalar(select(func.max(draft.c.id)))
        raise DraftError(f"there is no draft d{number}; " + (f"the newest is d{newest}" if newest else "there is none yet"))
    return _draft(connection, row)


def listed(connection: Connection, status: str | None) -> list[Draft]:
    """Drafts, the newest first; of one status, or all but those discarded."""
    query = select(draft).order_by(draft.c.id.desc())
    query = query.where(draft.c.status == status) if status is not None else query.where(draft.c.status != DISCARDED)
    return [_draft(connection, row) for row in connection.execute(query).all()]


def edits(connection: Connection, number: int) -> list[DraftEdit]:
    """Every saved state, the newest first."""
    rows = connection.execute(select(draft_edit).where(draft_edit.c.draft_id == number).order_by(draft_edit.c.revision.desc()))
    return [DraftEdit(row.revision, row.actor, row.at, row.note) for row in rows]


def state(connection: Connection, number: int, revision: int) -> Any:
    """The document of a saved state, or None."""
    wanted = (draft_edit.c.draft_id == number) & (draft_edit.c.revision == revision)
    text = connection.scalar(select(draft_edit.c.document).where(wanted))
    return None if text is None else json.loads(text)


def authors(connection: Connection, number: int, document: Any) -> tuple[str, ...]:
    """Everyone who saved a state of the draft, and everyone who ever saved this very content in another."""
    mine = select(draft_edit.c.actor, draft_edit.c.at).where(
        (draft_edit.c.draft_id == number) | (draft_edit.c.document == _written(document))
    )
    rows = connection.execute(mine.order_by(draft_edit.c.at, draft_edit.c.draft_id, draft_edit.c.revision))
    return tuple(dict.fromkeys(row.actor for row in rows))


def written_by(connection: Connection, actor: str, *, outside: int) -> list[Any]:
    """Every document that a person ever saved in another draft than `outside`, each text once."""
    rows = connection.execute(select(draft_edit.c.actor, draft_edit.c.document).where(draft_edit.c.draft_id != outside).distinct()).all()
    return [json.loads(text) for text in dict.fromkeys(row.document for row in rows if person(row.actor) == person(actor))]


def decide(
    connection: Connection,
    number: int,
    verdict: str,
    *,
    hash_: str,
    actor: str,
    authenticated: bool,
    note: str = "",
    report: Mapping[str, Any] | None = None,
) -> None:
    """Keep a decision."""
    connection.execute(
        insert(review).values(
            draft_id=number, hash=hash_, verdict=verdict, actor=actor, authenticated=int(authenticated), at=clock.now(), note=note,
            report=json.dumps(report or {}, ensure_ascii=False),
        )
    )  # fmt: skip


def reviews(connection: Connection, number: int) -> list[Review]:
    """Every decision on a draft, the newest first."""
    rows = connection.execute(select(review).where(review.c.draft_id == number).order_by(review.c.id.desc()))
    return [
        Review(
            row.id, row.draft_id, row.hash, row.verdict, row.actor, bool(row.authenticated), row.at, row.note, json.loads(row.report)
        )
        for row in rows
    ]  # fmt: skip


def publications(connection: Connection) -> list[Publication]:
    """Every publication, the newest first. A version that was ever published by its author's own approval says so in each."""
    query = select(publication, rulebook_version.c.hash).join(rulebook_version).order_by(publication.c.id.desc())
    rows = connection.execute(query).all()
    marked = {row.version_id for row in rows if row.self_approved}
    by_draft: dict[int, list[str]] = {}
    for number, actor in connection.execute(select(draft_edit.c.draft_id, draft_edit.c.actor).order_by(draft_edit.c.revision)):
        by_draft.setdefault(number, []).append(actor)
    return [
        Publication(
            row.id, row.version_id, row.hash, row.kind or "publish", row.actor, row.published_at,
            tuple(dict.fromkeys(by_draft.get(row.draft_id, []))), row.approved_by, row.version_id in marked, row.note or "", row.draft_id,
        )
        for row in rows
    ]  # fmt: skip


def publish(
    connection: Connection,
    version: int,
    *,
    actor: str,
    kind: str,
    note: str,
    draft_id: int | None = None,
    approved_by: str | None = None,
    self_approved: bool = False,
) -> None:
    """Make a version live from now on."""
    connection.execute(
        insert(publication).values(
            version_id=version, actor=actor, published_at=clock.now(), kind=kind, note=note, draft_id=draft_id, approved_by=approved_by,
            self_approved=int(self_approved),
        )
    )  # fmt: skip


def former(history: Sequence[Publication]) -> Publication | None:
    """What one step back leads to: the publication before the live one, rolled back ones left out. history: the newest first."""
    stack: list[Publication] = []
    for one in reversed(history):
        there = next((at for at, old in enumerate(stack) if old.version == one.version), None)
        if one.kind == "rollback" and there is not None:
            del stack[there + 1 :]
        elif not stack or stack[-1].version != one.version:
            stack.append(one)
    return stack[-2] if len(stack) > 1 else None


def _draft(connection: Connection, row: Row[Any]) -> Draft:
    document = json.loads(row.document)
    return Draft(
        row.id, row.title, row.note, row.status, row.revision, row.base_version_id, document, authors(connection, row.id, document),
        row.created_by, row.created_at, row.updated_by, row.updated_at, row.submitted_hash, row.version_id,
    )  # fmt: skip


def _written(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False)


def unschedule(connection: Connection, number: int) -> None:
    """Take away what would publish a draft later."""
    waiting = connection.execute(
        select(schedule.c.id, schedule.c.options).where(schedule.c.kind == "publication", schedule.c.last_at.is_(None))
    )
    for row in waiting.all():
        if json.loads(row.options).get("draft") == number:
            connection.execute(schedule.delete().where(schedule.c.id == row.id))


def no_longer_scheduled(connection: Connection, number: int) -> None:
    """A scheduled draft is an approved one again."""
    connection.execute(update(draft).where(draft.c.id == number, draft.c.status == "scheduled").values(status="approved"))


def note_four_eyes(store: Store, four_eyes: bool, actor: str) -> None:
    """Keep that the second person was switched off or on since the store was opened last: a switch is an act."""
    wanted = "on" if four_eyes else "off"
    with store.read() as connection:
        kept = connection.scalar(select(setting.c.value).where(setting.c.key == FOUR_EYES))
    if (kept or "on") == wanted:
        return
    with store.write() as connection:
        connection.execute(setting.delete().where(setting.c.key == FOUR_EYES))
        connection.execute(insert(setting).values(key=FOUR_EYES, value=wanted))
        audit.record(connection, actor=actor, action=f"four_eyes.{wanted}", subject="store")
