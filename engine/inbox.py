"""What waits for a person: `engine.inbox()`. Who may do it is for whoever knows the person's roles.

Drafts to approve and to publish, own drafts that came back, comments on them, runs that are held, values to be fixed,
promises to customers that are broken or close to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import func, select

from engine.store import comments, fixed_values, outcomes
from engine.store.drafts import APPROVED, OPEN, SCHEDULED, SUBMITTED, person
from engine.store.models import draft, draft_edit, review, task

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.service import Engine

Kind = Literal["approve", "publish", "returned", "comment", "held", "fix", "escalation"]

RUNS = 20
"""Runs that are looked at for held ones."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits. number: of the draft, run, fixed value or ticket; title, by, at: what it is, from whom, since when.

    own: whether the actor made it, and so cannot decide on it where a second person is required. note: what was said.
    """

    kind: Kind
    number: int
    title: str
    by: str
    at: int
    own: bool = False
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def inbox(engine: Engine) -> Sequence[Waiting]:
    """Everything that waits, what waits longest first within each kind."""
    actor = engine.settings.actor
    with engine.store.read() as connection:
        found = [*_drafts(connection, actor), *_comments(connection, actor), *_held(connection), *_fixed(connection, actor)]
        found += _escalations(connection, actor)
    order = ("returned", "escalation", "approve", "publish", "held", "fix", "comment")
    return sorted(found, key=lambda each: (order.index(each.kind), each.at))


def _drafts(connection: Connection, actor: str) -> Iterator[Waiting]:
    """Drafts by what was decided on them last; their documents stay unread."""
    newest = select(review.c.draft_id, func.max(review.c.id).label("id")).group_by(review.c.draft_id).subquery()
    query = (
        select(draft.c.id, draft.c.title, draft.c.status, review.c.verdict, review.c.actor, review.c.at, review.c.note)
        .join(newest, newest.c.draft_id == draft.c.id)
        .join(review, review.c.id == newest.c.id)
        .where(draft.c.status.in_([OPEN, SUBMITTED, APPROVED]))
    )
    rows = connection.execute(query).all()
    authors = _authors(connection, [row.id for row in rows])
    for row in rows:
        own = person(actor) in authors.get(row.id, ())
        if row.status == SUBMITTED:
            yield Waiting("approve", row.id, row.title, row.actor, row.at, own, row.note)
        elif row.status == APPROVED:
            yield Waiting("publish", row.id, row.title, row.actor, row.at, own, row.note)
        elif row.verdict == "rejected" and own:
            yield Waiting("returned", row.id, row.title, row.actor, row.at, own, row.note)


def _authors(connection: Connection, drafts: list[int]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    query = select(draft_edit.c.draft_id, draft_edit.c.actor).where(draft_edit.c.draft_id.in_(drafts)).distinct()
    for number, actor in connection.execute(query):
        found.setdefault(number, set()).add(person(actor))
    return found


def _comments(connection: Connection, actor: str) -> Iterator[Waiting]:
    for one, title in comments.open_for(connection, actor, (OPEN, SUBMITTED, APPROVED, SCHEDULED)):
        yield Waiting("comment", one.draft, title, one.actor, one.at, True, one.text)


def _held(connection: Connection) -> Iterator[Waiting]:
    for run in outcomes.runs(connection, RUNS):
        if run.status == "held":
            yield Waiting("held", run.id, "", run.actor, run.finished_at or run.started_at, False, "; ".join(run.held))


def _fixed(connection: Connection, actor: str) -> Iterator[Waiting]:
    """Requests; whose customer and which value is told by the page that may show it."""
    for one in fixed_values.find(connection, status="requested"):
        yield Waiting("fix", one.id, one.address, one.author, one.requested_at, person(one.author) == person(actor))


def _escalations(connection: Connection, actor: str) -> Iterator[Waiting]:
    """Tickets whose promise is broken or close to its end, of which this person was told."""
    own = (task.c.owner == actor, task.c.kind == "escalation", task.c.status == "open")
    for row in connection.execute(select(task).where(*own).order_by(task.c.id)):
        number = str(row.once or "").split(":")[1:2]
        if number and number[0].isdigit():
            yield Waiting("escalation", int(number[0]), row.title, row.created_by, row.created_at, True)
