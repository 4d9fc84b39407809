"""The service desk: its calendars, prepared answers, setup and levels, and how well promises are kept."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from marshmallow import fields

from engine.api.fields import choice, text
from engine.api.kit import Call, Routes, Strict, or_404, tagged
from engine.api.problems import Problem
from engine.attainment import AXES
from engine.errors import CalendarError, DeskError
from engine.service_desk import StoredSetup

routes = Routes("service desk", "Calendars, prepared answers, setup, and how well promises are kept.")

DOCUMENT = fields.Dict(keys=fields.String(), required=True, metadata={"description": "See docs/reference/service-desk.md."})


class CalendarBody(Strict):
    """A calendar of working time."""

    document = DOCUMENT


class CalendarGiven(Strict):
    """A stored calendar."""

    name = fields.String()
    revision = fields.Integer()
    document = fields.Dict()
    author = fields.String()
    at = fields.Integer()
    used_by = fields.List(fields.String())


class CalendarsGiven(Strict):
    """Every calendar."""

    items = fields.List(fields.Nested(CalendarGiven))


class AnswerBody(Strict):
    """A prepared answer."""

    document = DOCUMENT


class AnswerGiven(Strict):
    """A prepared answer."""

    name = fields.String()
    title = fields.Raw()
    text = fields.Raw()
    kinds = fields.List(fields.String())
    categories = fields.List(fields.String())
    automatic = fields.Boolean()
    revision = fields.Integer()
    author = fields.String()
    at = fields.Integer()


class AnswersGiven(Strict):
    """Every prepared answer."""

    items = fields.List(fields.Nested(AnswerGiven))


class RemovedGiven(Strict):
    """What is gone."""

    removed = fields.String()


class SetupGiven(Strict):
    """How the service desk is set up."""

    document = fields.Dict()
    revision = fields.Integer(metadata={"description": "0 for the usual setup that nobody changed."})
    author = fields.String()
    at = fields.Integer(allow_none=True)


class AttainmentQuery(Strict):
    """Of which time, by what."""

    since = text(40, "From this moment on; absent: 30 days before the end.", load_default=None)
    until = text(40, "Before this moment; absent: now.", load_default=None)
    by = choice(*AXES, words="What the rows are.", load_default=AXES[0])


class AttainmentRow(Strict):
    """Promises of one value: how many were kept, how many broken, how many are close to it."""

    key = fields.String()
    clock = fields.String()
    total = fields.Integer()
    met = fields.Integer()
    breached = fields.Integer()
    near = fields.Integer()
    share = fields.Float(allow_none=True)


class AttainmentGiven(Strict):
    """How well promises were kept."""

    since = fields.Integer()
    until = fields.Integer()
    by = fields.String()
    items = fields.List(fields.Nested(AttainmentRow))


class LevelsGiven(Strict):
    """What the live rulebook promises."""

    address = fields.String(metadata={"description": "The output that gives the level; empty where no policy does."})
    grade = fields.String()
    items = fields.List(fields.Dict())


@routes.verb("GET", "/service/calendars", "service:read", gives=CalendarsGiven)
def list_calendars(call: Call) -> Any:
    """Every stored calendar, with what uses it."""
    return {"items": [each.as_dict() for each in call.engine.calendars.list()]}


@routes.verb("GET", "/service/calendars/<name>", "service:read", gives=CalendarGiven)
def get_calendar(call: Call, name: str) -> Any:
    """One calendar, with its ETag."""
    with or_404(CalendarError):
        found = call.engine.calendars.show(name)
    return tagged(found.as_dict(), found.revision)


@routes.verb(
    "PUT",
    "/service/calendars/<name>",
    "service:write",
    body=CalendarBody,
    gives=CalendarGiven,
    example={"document": {"timezone": "Asia/Shanghai", "week": {"mon-fri": ["09:00-12:00", "13:00-18:00"]}, "holidays": "CN"}},
)
def save_calendar(call: Call, name: str) -> Any:
    """Keep a calendar, new or changed; promises that were made run on by the revision they were made by."""
    found = call.engine.calendars.save(name, call.body["document"])
    return tagged(found.as_dict(), found.revision)


@routes.verb("DELETE", "/service/calendars/<name>", "service:write", gives=RemovedGiven)
def remove_calendar(call: Call, name: str) -> Any:
    """Take a calendar away that nothing uses."""
    with or_404(CalendarError):
        call.engine.calendars.show(name)
    call.engine.calendars.remove(name)
    return {"removed": name}


@routes.verb("GET", "/service/answers", "service:read", gives=AnswersGiven)
def list_answers(call: Call) -> Any:
    """Every prepared answer."""
    return {"items": [each.as_dict() for each in call.engine.desk.answers()]}


@routes.verb(
    "PUT",
    "/service/answers/<name>",
    "service:write",
    body=AnswerBody,
    gives=AnswerGiven,
    example={
        "document": {"title": {"en": "Sorry", "zh": "致歉"}, "text": {"en": "We are sorry.", "zh": "非常抱歉。"}, "kinds": ["complaint"]}
    },
)
def save_answer(call: Call, name: str) -> Any:
    """Keep a prepared answer, new or changed."""
    found = call.engine.desk.save_answer(name, call.body["document"])
    return tagged(found.as_dict(), found.revision)


@routes.verb("DELETE", "/service/answers/<name>", "service:write", gives=RemovedGiven)
def remove_answer(call: Call, name: str) -> Any:
    """Take a prepared answer away."""
    with or_404(DeskError):
        call.engine.desk.remove_answer(name)
    return {"removed": name}


@routes.verb("GET", "/service/setup", "service:read", gives=SetupGiven)
def get_setup(call: Call) -> Any:
    """How the service desk is set up, with its ETag."""
    return _setup(call.engine.desk.stored_setup())


@routes.verb(
    "PUT",
    "/service/setup",
    "settings:write",
    body=AnswerBody,
    gives=SetupGiven,
    etag=True,
    example={"document": {"kinds": [{"key": "complaint", "title": {"en": "Complaint", "zh": "投诉"}}]}},
)
def save_setup(call: Call) -> Any:
    """Change kinds, channels, categories, causes, promises without a level, and escalation."""
    seen = call.revision()
    if seen != call.engine.desk.stored_setup().revision:
        raise Problem("precondition_failed", "the setup of the service desk was changed meanwhile; read it again")
    return _setup(call.engine.desk.save_setup(call.body["document"], revision=seen))


@routes.verb("GET", "/service/levels", "service:read", gives=LevelsGiven)
def list_levels(call: Call) -> Any:
    """The service levels of the live rulebook, best first."""
    live = call.engine.desk.levels()
    return {"address": live.address, "grade": live.grade, "items": [asdict(each) for each in live.levels.values()]}


@routes.verb("GET", "/service/attainment", "service:read", query=AttainmentQuery, gives=AttainmentGiven)
def read_attainment(call: Call) -> Any:
    """Promises that ended in a time: kept and broken, by grade, level, owner, kind or priority; and those that are close to it."""
    return call.engine.attainment.read(**call.query).as_dict()


def _setup(found: StoredSetup) -> Any:
    body = {"document": dict(found.setup.document), "revision": found.revision, "author": found.author, "at": found.at}
    return tagged(body, found.revision)
