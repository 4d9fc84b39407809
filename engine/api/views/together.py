"""What people share: tags and groups, kept lists, comments on drafts, and the inbox of what waits for whom."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from engine.api.answers.parts import listing
from engine.api.answers.together import Comment as CommentGiven
from engine.api.answers.together import SavedView as SavedViewGiven
from engine.api.answers.together import Tag as TagShown
from engine.api.answers.together import TagGiven, TagRemoved, Waiting
from engine.api.fields import Flag, choice, text
from engine.api.kit import Answer, Call, Routes, Strict, or_404
from engine.api.needs import ANY_KEY
from engine.api.views.runs import number
from engine.errors import DraftError, ListError
from engine.store.comments import Comment
from engine.store.tags import Tag
from engine.tags import KINDS
from engine.views import PAGES, SavedView

routes = Routes("together", "What people share: tags and groups, kept lists, comments, and what waits for whom.")

AREAS = {
    "escalation": "service",
    "approve": "reviews",
    "publish": "reviews",
    "returned": "rules",
    "comment": "rules",
    "held": "runs",
    "fix": "customers",
}
"""What somebody has to be able to read to be told of what waits."""


class TagBody(Strict):
    """A new tag or group."""

    name = text(60, "How rules name it, for ever: lower-case letters, digits and _.", required=True)
    kind = choice(*KINDS, load_default="tag")
    title = text(100, "How people name it.", load_default="", least=0)
    note = text(1_000, load_default="", least=0)


class TagEdit(Strict):
    """What changes; the name stays, since rules use it."""

    title = text(100)
    note = text(1_000, least=0)


class BearersBody(Strict):
    """Who bears it now, and who no longer."""

    give = fields.List(text(200), load_default=list, validate=validate.Length(max=10_000))
    take = fields.List(text(200), load_default=list, validate=validate.Length(max=10_000))
    give_all = fields.Dict(keys=fields.String(), metadata={"description": "Or: all of a list of customers, by filters and search."})
    take_all = fields.Dict(keys=fields.String())


class ViewBody(Strict):
    """A list to keep; one of the same title is replaced."""

    page = choice(*PAGES, load_default="customers")
    title = text(100, required=True)
    query = fields.Dict(
        keys=fields.String(), required=True, metadata={"description": "What the page reads; of customers: filters, search, sort."}
    )
    shared = Flag(load_default=False)


class SharedBody(Strict):
    """Whether others find it."""

    shared = Flag(required=True)


class CommentBody(Strict):
    """What is said."""

    place = text(300, "In the document, such as policies[rfm].params.bins.", load_default="", least=0)
    text = text(4_000, required=True)


class SettledBody(Strict):
    """Whether it is settled."""

    settled = Flag(required=True)


@routes.verb("GET", "/inbox", ANY_KEY, gives=listing(Waiting))
def read_inbox(call: Call) -> Any:
    """What waits for the caller, or for anybody who may do it: what waits longest first within each kind."""
    found = [each for each in call.engine.inbox() if call.caller.may(AREAS[each.kind])]
    return {"items": [call.dated(each.as_dict(), "at") for each in found]}


@routes.verb("GET", "/drafts/<int:draft>/comments", "rules:read", gives=listing(CommentGiven))
def list_comments(call: Call, draft: int) -> Any:
    """Everything said about a draft, the oldest first."""
    with or_404(DraftError):
        return {"items": [_comment(each, call) for each in call.engine.comments.list(number(draft))]}


@routes.verb(
    "POST",
    "/drafts/<int:draft>/comments",
    "rules:write",
    also="reviews:write",
    body=CommentBody,
    gives=CommentGiven,
    status=201,
    example={"text": "Why so few?"},
)
def add_comment(call: Call, draft: int) -> Any:
    """Say something about a draft as it is now."""
    with or_404(DraftError):
        call.engine.drafts.get(number(draft))
    return Answer(_comment(call.engine.comments.add(draft, call.body["text"], place=call.body["place"]), call), 201)


@routes.verb(
    "PUT",
    "/comments/<int:comment>/settled",
    "rules:write",
    also="reviews:write",
    body=SettledBody,
    gives=CommentGiven,
    example={"settled": True},
)
def settle_comment(call: Call, comment: int) -> Any:
    """Mark a comment as settled, or open it again."""
    with or_404(DraftError):
        return _comment(call.engine.comments.settle(number(comment), open_again=not call.body["settled"]), call)


@routes.verb("GET", "/tags", "customers:read", gives=listing(TagShown))
def list_tags(call: Call) -> Any:
    """Every tag, then every group, with how many customers bear it."""
    return {"items": [_tag(each, call) for each in call.engine.tags.list()]}


@routes.verb("POST", "/tags", "customers:write", body=TagBody, gives=TagShown, status=201, example={"name": "vip", "title": "VIP"})
def add_tag(call: Call) -> Any:
    """Make a tag or a group; rules read it as a feature, such as tags.vip."""
    body = dict(call.body)
    return Answer(_tag(call.engine.tags.add(body.pop("name"), **body), call), 201)


@routes.verb("PATCH", "/tags/<feature>", "customers:write", body=TagEdit, gives=TagShown, example={"title": "Key account"})
def edit_tag(call: Call, feature: str) -> Any:
    """Change what people read of a tag or group."""
    _there(call, feature)
    return _tag(call.engine.tags.edit(feature, **call.body), call)


@routes.verb("DELETE", "/tags/<feature>", "customers:write", gives=TagRemoved)
def remove_tag(call: Call, feature: str) -> Any:
    """Remove a tag or group, and take it from everybody; refused while the live rulebook reads it."""
    _there(call, feature)
    return {"removed": feature, "customers": call.engine.tags.remove(feature)}


@routes.verb("PUT", "/tags/<feature>/customers", "customers:write", body=BearersBody, gives=TagGiven, example={"give": ["C1", "C2"]})
def give_tag(call: Call, feature: str) -> Any:
    """Have customers bear a tag or group, or no longer: all that are named, or none."""
    _there(call, feature)
    tags, body, asked_for = call.engine.tags, call.body, call.engine.customers.asked_for
    given, taken = tags.give(feature, body["give"]), tags.take(feature, body["take"])
    given += tags.give_all(feature, asked_for(body["give_all"])) if "give_all" in body else 0
    taken += tags.take_all(feature, asked_for(body["take_all"])) if "take_all" in body else 0
    return {"given": given, "taken": taken}


@routes.verb("GET", "/views", "customers:read", gives=listing(SavedViewGiven))
def list_views(call: Call) -> Any:
    """Kept lists: the caller's own, then what others share."""
    return {"items": [_view(each, call) for each in call.engine.views.list()]}


@routes.verb(
    "POST",
    "/views",
    "customers:write",
    body=ViewBody,
    gives=SavedViewGiven,
    status=201,
    example={"title": "A customers", "query": {"filters": ["abc.class=A"]}},
)
def keep_view(call: Call) -> Any:
    """Keep a list under a title."""
    body = call.body
    return Answer(_view(call.engine.views.save(body["page"], body["title"], body["query"], shared=body["shared"]), call), 201)


@routes.verb("PUT", "/views/<int:view>/shared", "customers:write", body=SharedBody, gives=SavedViewGiven, example={"shared": True})
def share_view(call: Call, view: int) -> Any:
    """Let others find one's own list, or no longer."""
    with or_404(ListError):
        return _view(call.engine.views.share(number(view), shared=call.body["shared"]), call)


@routes.verb("DELETE", "/views/<int:view>", "customers:write", gives=SavedViewGiven)
def remove_view(call: Call, view: int) -> Any:
    """Remove one's own list."""
    with or_404(ListError):
        found = call.engine.views.get(number(view))
        call.engine.views.remove(found.id)
    return _view(found, call)


def _there(call: Call, feature: str) -> None:
    with or_404(ListError):
        call.engine.tags.get(feature)


def _tag(found: Tag, call: Call) -> dict[str, Any]:
    return call.dated(found.as_dict(), "created_at")


def _comment(found: Comment, call: Call) -> dict[str, Any]:
    return call.dated(found.as_dict(), "at", "settled_at")


def _view(found: SavedView, call: Call) -> dict[str, Any]:
    return call.dated(found.as_dict(), "created_at", "updated_at")
