"""Care plans: what customers are to hear when, what is due, and what it changed."""

from __future__ import annotations

from typing import Any

from marshmallow import INCLUDE, Schema

from engine.api.answers.care import CareEffect, CareReport, KeptPlan, RemovedPlan
from engine.api.answers.jobs import Job
from engine.api.answers.parts import listing
from engine.api.fields import Flag, text, whole
from engine.api.kit import Answer, Call, Routes, Strict, or_404, tagged
from engine.api.problems import Problem
from engine.api.views.jobs import job_answer
from engine.caring import Kept
from engine.errors import CareError

routes = Routes("care", "Care plans, carried out once per occasion.")


class CarePlanBody(Schema):
    """A care plan as a document: the engine checks it completely and tells every fault."""

    class Meta:
        """Whatever is unknown is told by the engine, with its place."""

        unknown = INCLUDE


class CareEnabledBody(Strict):
    """Whether a plan acts."""

    enabled = Flag(required=True)


class CareRunBody(Strict):
    """Which day."""

    date = text(40, "A date; absent: today. One that has not come needs dry_run.", load_default=None, allow_none=True)


class DaysQuery(Strict):
    """How many days."""

    days = whole(1, 366, 30)


class PreviewQuery(DaysQuery):
    """How many days ahead, of which plan."""

    plan = text(60, "Only this plan.", load_default=None)


def _plan(found: Kept, call: Call) -> dict[str, Any]:
    return call.dated(found.as_dict(), "updated_at")


EXAMPLE = {"trigger": "birthday", "text": {"en": "Happy birthday, ${name}!", "zh": "${name}，生日快乐！"}, "channel": "phone"}


@routes.verb("GET", "/service/care", "service:read", gives=listing(KeptPlan))
def list_care_plans(call: Call) -> Any:
    """Every care plan, and what it did so far."""
    return {"items": [_plan(each, call) for each in call.engine.care.list()]}


@routes.verb("GET", "/service/care/<key>", "service:read", gives=KeptPlan)
def get_care_plan(call: Call, key: str) -> Any:
    """One care plan, with its ETag."""
    found = _found(call, key)
    return tagged(_plan(found, call), found.revision)


@routes.verb("PUT", "/service/care/<key>", "service:write", body=CarePlanBody, gives=KeptPlan, example=EXAMPLE)
def save_care_plan(call: Call, key: str) -> Any:
    """Check a care plan completely and keep it. With If-Match only over what the caller saw."""
    from flask import request

    if "If-Match" in request.headers:
        known = {each.plan.key: each.revision for each in call.engine.care.list()}
        if call.revision() != known.get(key, 0):
            raise Problem("conflict", f"care plan {key} was changed meanwhile; read it again")
    found = call.engine.care.save(key, call.body)
    return Answer(_plan(found, call), 200, {"ETag": f'"{found.revision}"'})


@routes.verb("PUT", "/service/care/<key>/enabled", "service:write", body=CareEnabledBody, gives=KeptPlan, example={"enabled": False})
def enable_care_plan(call: Call, key: str) -> Any:
    """Let a care plan act, or rest."""
    _found(call, key)
    return _plan(call.engine.care.enable(key, call.body["enabled"]), call)


@routes.verb("DELETE", "/service/care/<key>", "service:write", gives=RemovedPlan)
def remove_care_plan(call: Call, key: str) -> Any:
    """Remove a care plan; what it did stays known."""
    _found(call, key)
    call.engine.care.remove(key)
    return {"removed": key}


@routes.verb("POST", "/service/care-run", "service:write", body=CareRunBody, gives=CareReport, heavy=True, example={})
def run_care(call: Call) -> Any:
    """Carry out what is due on a day, each occasion once."""
    if not call.engine.sight.reach.everybody:
        raise Problem("forbidden", "only somebody who sees every customer can do this")
    return {**call.engine.care.run(call.body["date"], dry_run=call.dry_run).as_dict()}


@routes.verb("GET", "/service/care-preview", "service:read", query=PreviewQuery, gives=listing(CareReport), heavy=True, later=Job)
def preview_care(call: Call) -> Any:
    """What would be due on the next days, if nothing happened meanwhile; with many customers the job that computes it."""
    if call.query["plan"] is not None:
        _found(call, call.query["plan"])
    asked = {"days": call.query["days"], "key": call.query["plan"]}
    found = call.engine.questions.ask("care", asked, title=f"care, by key {call.caller.key.id}")
    if found.answer is None:
        assert found.job is not None
        return Answer(job_answer(found.job, call), 202, {"Location": f"/api/v1/jobs/{found.job.id}"})
    return {"items": [each.as_dict() for each in found.answer]}


@routes.verb("GET", "/service/care/<key>/effect", "service:read", query=DaysQuery, gives=CareEffect, heavy=True)
def care_effect(call: Call, key: str) -> Any:
    """What a care plan changed: those cared for less the control group, with intervals of 95 %."""
    _found(call, key)
    return call.engine.care.effect(key, days=call.query["days"]).as_dict()


def _found(call: Call, key: str) -> Kept:
    with or_404(CareError):
        return call.engine.care.get(key)
