"""The service desk: its calendars, prepared answers, setup and levels, and how well promises are kept."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from marshmallow import fields

from engine.api.answers.parts import listing
from engine.api.answers.service_desk import Calendar, Levels, NameRemoved, PreparedAnswer, Setup
from engine.api.answers.tickets import Attainment
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


class AnswerBody(Strict):
    """A prepared answer."""

    document = DOCUMENT


class AttainmentQuery(Strict):
    """Of which time, by what."""

    since = text(40, "From this moment on; absent: 30 days before the end.", load_default=None)
    until = text(40, "Before this moment; absent: now.", load_default=None)
    by = choice(*AXES, words="What the rows are.", load_default=AXES[0])


@routes.verb("GET", "/service/calendars", "service:read", gives=listing(Calendar))
def list_calendars(call: Call) -> Any:
    """Every stored calendar, with what uses it."""
    return {"items": [call.dated(each.as_dict(), "at") for each in call.engine.calendars.list()]}


@routes.verb("GET", "/service/calendars/<name>", "service:read", gives=Calendar)
def get_calendar(call: Call, name: str) -> Any:
    """One calendar, with its ETag."""
    with or_404(CalendarError):
        found = call.engine.calendars.show(name)
    return tagged(call.dated(found.as_dict(), "at"), found.revision)


@routes.verb(
    "PUT",
    "/service/calendars/<name>",
    "service:write",
    body=CalendarBody,
    gives=Calendar,
    example={"document": {"timezone": "Asia/Shanghai", "week": {"mon-fri": ["09:00-12:00", "13:00-18:00"]}, "holidays": "CN"}},
)
def save_calendar(call: Call, name: str) -> Any:
    """Keep a calendar, new or changed; promises that were made run on by the revision they were made by."""
    found = call.engine.calendars.save(name, call.body["document"])
    return tagged(call.dated(found.as_dict(), "at"), found.revision)


@routes.verb("DELETE", "/service/calendars/<name>", "service:write", gives=NameRemoved)
def remove_calendar(call: Call, name: str) -> Any:
    """Take a calendar away that nothing uses."""
    with or_404(CalendarError):
        call.engine.calendars.show(name)
    call.engine.calendars.remove(name)
    return {"removed": name}


@routes.verb("GET", "/service/answers", "service:read", gives=listing(PreparedAnswer))
def list_answers(call: Call) -> Any:
    """Every prepared answer."""
    return {"items": [call.dated(each.as_dict(), "at") for each in call.engine.desk.answers()]}


@routes.verb(
    "PUT",
    "/service/answers/<name>",
    "service:write",
    body=AnswerBody,
    gives=PreparedAnswer,
    example={
        "document": {"title": {"en": "Sorry", "zh": "致歉"}, "text": {"en": "We are sorry.", "zh": "非常抱歉。"}, "kinds": ["complaint"]}
    },
)
def save_answer(call: Call, name: str) -> Any:
    """Keep a prepared answer, new or changed."""
    found = call.engine.desk.save_answer(name, call.body["document"])
    return tagged(call.dated(found.as_dict(), "at"), found.revision)


@routes.verb("DELETE", "/service/answers/<name>", "service:write", gives=NameRemoved)
def remove_answer(call: Call, name: str) -> Any:
    """Take a prepared answer away."""
    with or_404(DeskError):
        call.engine.desk.remove_answer(name)
    return {"removed": name}


@routes.verb("GET", "/service/setup", "service:read", gives=Setup)
def get_setup(call: Call) -> Any:
    """How the service desk is set up, with its ETag."""
    return _setup(call, call.engine.desk.stored_setup())


@routes.verb(
    "PUT",
    "/service/setup",
    "settings:write",
    body=AnswerBody,
    gives=Setup,
    etag=True,
    example={"document": {"kinds": [{"key": "complaint", "title": {"en": "Complaint", "zh": "投诉"}}]}},
)
def save_setup(call: Call) -> Any:
    """Change kinds, channels, categories, causes, promises without a level, and escalation."""
    seen = call.revision()
    if seen != call.engine.desk.stored_setup().revision:
        raise Problem("precondition_failed", "the setup of the service desk was changed meanwhile; read it again")
    return _setup(call, call.engine.desk.save_setup(call.body["document"], revision=seen))


@routes.verb("GET", "/service/levels", "service:read", gives=Levels)
def list_levels(call: Call) -> Any:
    """The service levels of the live rulebook, best first."""
    live = call.engine.desk.levels()
    return {"address": live.address, "grade": live.grade, "items": [asdict(each) for each in live.levels.values()]}


@routes.verb("GET", "/service/attainment", "service:read", query=AttainmentQuery, gives=Attainment)
def read_attainment(call: Call) -> Any:
    """Promises that ended in a time: kept and broken, by grade, level, owner, kind or priority; and those that are close to it."""
    return call.dated(call.engine.attainment.read(**call.query).as_dict(), "since", "until")


def _setup(call: Call, found: StoredSetup) -> Any:
    body = {"document": dict(found.setup.document), "revision": found.revision, "author": found.author, "at": found.at}
    return tagged(call.dated(body, "at"), found.revision)
