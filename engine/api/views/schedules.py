"""Schedules: runs again and again, publications once."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, validates_schema

from engine.api.answers.parts import listing
from engine.api.answers.schedules import Removed
from engine.api.answers.schedules import Schedule as ScheduleGiven
from engine.api.fields import Flag, choice, text, whole
from engine.api.kit import Answer, Call, Routes, Strict, or_404
from engine.api.views.runs import number
from engine.errors import TierwiseError
from engine.store.schedules import Schedule

routes = Routes("schedules", "What happens by itself.")


class ScheduleBody(Strict):
    """A run by cron, or a publication at a moment."""

    cron = text(100, "Five fields in the business zone, such as `0 2 * * *`.")
    as_of = choice("day", "now", words="At which moment a scheduled run grades.", load_default="day")
    draft = whole(1, 2**31 - 1, None, "The approved draft to publish.", strict=True)
    at = text(40, "When to publish it.")
    title = text(200, load_default="", least=0)

    @validates_schema
    def _either(self, data: dict[str, Any], **kwargs: Any) -> None:
        if ("cron" in data) == ("draft" in data):
            raise ValidationError("expected either cron (a run) or draft and at (a publication)")
        if "draft" in data and "at" not in data:
            raise ValidationError("expected the moment of the publication", "at")


class EnabledBody(Strict):
    """Whether it happens."""

    enabled = Flag(required=True)


def _answer(found: Schedule, call: Call) -> dict[str, Any]:
    plain = call.dated(found.as_dict(), "next_at", "created_at", "last_at")
    return {**plain, "last_result": call.dated(plain["last_result"], "due")}


@routes.verb("GET", "/schedules", "runs:read", gives=listing(ScheduleGiven))
def list_schedules(call: Call) -> Any:
    """Every schedule."""
    return {"items": [_answer(each, call) for each in call.engine.schedules.list()]}


@routes.verb(
    "POST",
    "/schedules",
    "runs:write",
    body=ScheduleBody,
    status=201,
    example={"cron": "0 2 * * *", "title": "every night"},
    gives=ScheduleGiven,
)
def add_schedule(call: Call) -> Any:
    """Add a schedule. To schedule a publication needs `reviews:write` too."""
    body = call.body
    if "cron" in body:
        return Answer(_answer(call.engine.schedules.add_run(body["cron"], title=body["title"], as_of=body["as_of"]), call), 201)
    call.need("reviews", write=True)
    return Answer(_answer(call.engine.schedules.add_publication(body["draft"], body["at"], title=body["title"]), call), 201)


@routes.verb("PUT", "/schedules/<int:schedule>/enabled", "runs:write", body=EnabledBody, example={"enabled": False}, gives=ScheduleGiven)
def enable_schedule(call: Call, schedule: int) -> Any:
    """Let a schedule rest, or happen again."""
    with or_404(TierwiseError):
        call.engine.schedules.get(number(schedule))
    verb = call.engine.schedules.enable if call.body["enabled"] else call.engine.schedules.disable
    return _answer(verb(schedule), call)


@routes.verb("DELETE", "/schedules/<int:schedule>", "runs:write", gives=Removed)
def remove_schedule(call: Call, schedule: int) -> Any:
    """Take a schedule away."""
    with or_404(TierwiseError):
        call.engine.schedules.get(number(schedule))
    call.engine.schedules.remove(schedule)
    return {"removed": schedule}
