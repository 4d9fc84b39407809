"""Drafts: a rulebook on its way to being live, with the same steps and the same second person as in the console."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from engine.api.answers.drafts import STATES, DraftHead, History, Publication
from engine.api.answers.drafts import Draft as DraftGiven
from engine.api.answers.findings import Differences, DraftChecked
from engine.api.answers.parts import listing, page
from engine.api.answers.rulebooks import Version
from engine.api.answers.simulations import Simulation
from engine.api.fields import Page, choice, text, whole
from engine.api.kit import MB, Answer, Call, Routes, Strict, or_404, tagged
from engine.api.pages import paged
from engine.api.problems import Problem
from engine.api.views.rulebooks import difference_answer, version_answer
from engine.api.views.runs import number
from engine.errors import DraftError, StaleDraft
from engine.store.drafts import Draft

routes = Routes("drafts", "Change the rules: draft, check, simulate, submit, approve, publish, roll back.")


class DraftBody(Strict):
    """A new draft: from a version, or with a document."""

    title = text(200, load_default="", least=0)
    note = text(2_000, load_default="", least=0)
    base = text(64, "The version it starts from.", load_default="live")
    document = fields.Dict(keys=fields.String(), load_default=None)


class DraftEdit(Strict):
    """The next state: a whole document, or changes by place."""

    document = fields.Dict(keys=fields.String())
    changes = fields.List(fields.Dict(keys=fields.String()), validate=validate.Length(1, 1_000))
    title = text(200, least=0)
    note = text(2_000, load_default="", least=0)

    @validates_schema
    def _something(self, data: dict[str, Any], **kwargs: Any) -> None:
        if "document" in data and "changes" in data:
            raise ValidationError("expected either document or changes")
        if not {"document", "changes", "title"} & data.keys():
            raise ValidationError("expected document, changes or title")


class NoteBody(Strict):
    """A note."""

    note = text(2_000, load_default="", least=0)


class ApproveBody(NoteBody):
    """What was read and is approved."""

    hash = text(64, "The `submitted_hash` that was read: something else is not approved.", required=True)


class PublishBody(NoteBody):
    """When."""

    at = text(40, "When; absent: now.", load_default=None, allow_none=True)


class RollbackBody(NoteBody):
    """To which version."""

    to = text(64, "A version that was live once; absent: the one before.", load_default=None, allow_none=True)


class UndoBody(NoteBody):
    """Back to which state."""

    to = whole(1, 2**31 - 1, None, "The revision to bring back.", required=True, strict=True)


class DraftsQuery(Page):
    """Which drafts."""

    status = choice(*STATES, load_default=None)


class DraftSimulateBody(Strict):
    """How to compare."""

    as_of = text(40, "As of when; default: the moment of the newest visible run.", load_default=None, allow_none=True)
    movers = whole(0, 200, 20, "How many single customers to name.", strict=True)


def draft_answer(draft: Draft, call: Call) -> Answer:
    """A draft with the ETag of its revision."""
    return tagged(call.dated(draft.as_dict(), "created_at", "updated_at"), draft.revision)


def _draft(call: Call, draft: int) -> Draft:
    with or_404(DraftError):
        return call.engine.drafts.get(number(draft))


@routes.verb("GET", "/drafts", "rules:read", query=DraftsQuery, gives=page(DraftHead))
def list_drafts(call: Call) -> Any:
    """Drafts, the newest first, without their documents."""

    def item(draft: Draft) -> dict[str, Any]:
        found = draft_answer(draft, call).body
        del found["document"]
        return dict(found)

    return paged(call.engine.drafts.list(call.query["status"]), call, lambda draft: draft.id, item)


@routes.verb(
    "POST",
    "/drafts",
    "rules:write",
    body=DraftBody,
    status=201,
    size=8 * MB,
    example={"title": "Wider bands"},
    gives=DraftGiven,
    sends=("ETag", "Location"),
)
def new_draft(call: Call) -> Any:
    """Begin a draft, from the live version or with a document of one's own."""
    body = call.body
    draft = call.engine.drafts.new(base=body["base"], document=body["document"], title=body["title"], note=body["note"])
    answer = draft_answer(draft, call)
    answer.status = 201
    answer.headers["Location"] = f"/api/v1/drafts/{draft.id}"
    return answer


@routes.verb("GET", "/drafts/<int:draft>", "rules:read", gives=DraftGiven, sends=("ETag",))
def get_draft(call: Call, draft: int) -> Any:
    """A draft with its document; the ETag is for If-Match."""
    return draft_answer(_draft(call, draft), call)


@routes.verb(
    "PATCH",
    "/drafts/<int:draft>",
    "rules:write",
    body=DraftEdit,
    etag=True,
    size=8 * MB,
    example={"changes": [{"place": "policies[rfm].params.bins", "value": 4}], "note": "coarser"},
    gives=DraftGiven,
)
def edit_draft(call: Call, draft: int) -> Any:
    """Save the next state of a draft. What was submitted or approved is open again, and what was decided on it void."""
    _draft(call, draft)
    body = call.body
    try:
        found = call.engine.drafts.edit(
            draft,
            revision=call.revision(),
            document=body.get("document"),
            changes=body.get("changes"),
            title=body.get("title"),
            note=body["note"],
        )
    except StaleDraft as error:
        raise Problem("precondition_failed", str(error)) from None
    return draft_answer(found, call)


@routes.verb("DELETE", "/drafts/<int:draft>", "rules:write", gives=DraftGiven, sends=("ETag",))
def discard_draft(call: Call, draft: int) -> Any:
    """Take a draft off the table."""
    return draft_answer(call.engine.drafts.discard(_draft(call, draft).id), call)


@routes.verb("GET", "/drafts/<int:draft>/history", "rules:read", gives=History)
def get_draft_history(call: Call, draft: int) -> Any:
    """Every saved state, every decision, and the states that `back` and `forth` would bring again."""
    found = _draft(call, draft)
    edits = [call.dated(each.as_dict(), "at") for each in call.engine.drafts.history(found.id)]
    steps = call.engine.drafts.steps(found.id)
    return {
        "states": edits,
        "back": steps.back,
        "forth": steps.forth,
        "reviews": [call.dated(each.as_dict(), "at") for each in call.engine.drafts.reviews(found.id)],
    }


@routes.verb("POST", "/drafts/<int:draft>/undo", "rules:write", body=UndoBody, etag=True, example={"to": 1}, gives=DraftGiven)
def undo_draft(call: Call, draft: int) -> Any:
    """Save an earlier state again as the newest one."""
    _draft(call, draft)
    try:
        return draft_answer(call.engine.drafts.undo(draft, call.body["to"], revision=call.revision(), note=call.body["note"]), call)
    except StaleDraft as error:
        raise Problem("precondition_failed", str(error)) from None


@routes.verb("POST", "/drafts/<int:draft>/back", "rules:write", etag=True, gives=DraftGiven)
def take_draft_back(call: Call, draft: int) -> Any:
    """Undo the last edit of a draft, whoever made it."""
    return _stepped(call, draft, "back")


@routes.verb("POST", "/drafts/<int:draft>/forth", "rules:write", etag=True, gives=DraftGiven)
def bring_draft_forth(call: Call, draft: int) -> Any:
    """Redo what was undone last."""
    return _stepped(call, draft, "forth")


def _stepped(call: Call, draft: int, verb: str) -> Answer:
    _draft(call, draft)
    try:
        return draft_answer(getattr(call.engine.drafts, verb)(draft, revision=call.revision()), call)
    except StaleDraft as error:
        raise Problem("precondition_failed", str(error)) from None


@routes.verb("GET", "/drafts/<int:draft>/check", "rules:read", heavy=True, gives=DraftChecked)
def check_draft(call: Call, draft: int) -> Any:
    """Every fault of a draft, what its rules lack or contradict, and what would block its publication."""
    return call.engine.drafts.check(_draft(call, draft).id).as_dict()


@routes.verb("GET", "/drafts/<int:draft>/diff", "rules:read", gives=Differences)
def diff_draft(call: Call, draft: int) -> Any:
    """What differs from the live version (`was`) to this draft (`now`)."""
    found = call.engine.drafts.diff(_draft(call, draft).id)
    return {"items": [difference_answer(each) for each in found]}


@routes.verb(
    "POST",
    "/drafts/<int:draft>/simulate",
    "rules:read",
    body=DraftSimulateBody,
    mutates=False,
    heavy=True,
    example={"movers": 5},
    gives=Simulation,
)
def simulate_draft(call: Call, draft: int) -> Any:
    """What a draft would change, over every customer; nothing is stored."""
    found = call.engine.drafts.simulate(_draft(call, draft).id, as_of=call.body["as_of"], movers=call.body["movers"])
    return {**found.as_dict(), "as_of": call.engine.written(found.as_of)}


@routes.verb(
    "POST",
    "/drafts/<int:draft>/submit",
    "rules:write",
    body=NoteBody,
    heavy=True,
    etag=True,
    example={"note": "as agreed"},
    gives=DraftGiven,
)
def submit_draft(call: Call, draft: int) -> Any:
    """Hand a draft to a second person."""
    _draft(call, draft)
    try:
        return draft_answer(call.engine.drafts.submit(draft, revision=call.revision(), note=call.body["note"]), call)
    except StaleDraft as error:
        raise Problem("precondition_failed", str(error)) from None


@routes.verb(
    "POST", "/drafts/<int:draft>/withdraw", "rules:write", body=NoteBody, example={"note": "not yet"}, gives=DraftGiven, sends=("ETag",)
)
def withdraw_draft(call: Call, draft: int) -> Any:
    """Take a submitted, approved or scheduled draft back."""
    return draft_answer(call.engine.drafts.withdraw(_draft(call, draft).id, note=call.body["note"]), call)


@routes.verb(
    "POST",
    "/drafts/<int:draft>/approve",
    "reviews:write",
    body=ApproveBody,
    heavy=True,
    example={"hash": "9f3c", "note": "checked"},
    gives=DraftGiven,
    sends=("ETag",),
)
def approve_draft(call: Call, draft: int) -> Any:
    """Approve what is submitted; never by one of its authors, with whatever key."""
    return draft_answer(call.engine.drafts.approve(_draft(call, draft).id, hash=call.body["hash"], note=call.body["note"]), call)


@routes.verb(
    "POST",
    "/drafts/<int:draft>/reject",
    "reviews:write",
    body=NoteBody,
    example={"note": "too many move"},
    gives=DraftGiven,
    sends=("ETag",),
)
def reject_draft(call: Call, draft: int) -> Any:
    """Send a draft back to its authors."""
    return draft_answer(call.engine.drafts.reject(_draft(call, draft).id, note=call.body["note"]), call)


@routes.verb(
    "POST",
    "/drafts/<int:draft>/publish",
    "reviews:write",
    body=PublishBody,
    heavy=True,
    example={"note": "from Monday"},
    gives=DraftGiven,
    sends=("ETag",),
)
def publish_draft(call: Call, draft: int) -> Any:
    """Make an approved draft live, now or at a moment."""
    return draft_answer(call.engine.drafts.publish(_draft(call, draft).id, at=call.body["at"], note=call.body["note"]), call)


@routes.verb(
    "POST", "/rulebooks/rollback", "reviews:write", body=RollbackBody, heavy=True, example={"note": "the new one was wrong"}, gives=Version
)
def roll_back(call: Call) -> Any:
    """Make the version that was live before live again, or a named one that was live once."""
    return version_answer(call.engine.drafts.rollback(call.body["to"], note=call.body["note"]), call)


@routes.verb("GET", "/publications", "rules:read", gives=listing(Publication))
def list_publications(call: Call) -> Any:
    """What was live when, and who made it so, the newest first."""
    return {"items": [call.dated(each.as_dict(), "published_at") for each in call.engine.drafts.log()]}
