"""Insight: why labels grew and shrank, where members differ, who falls when, and drafts side by side."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from engine.api.answers.insight import Division, Portrait, Radar, SideBySide, WantedCut
from engine.api.answers.jobs import Job
from engine.api.fields import Flag, text, whole
from engine.api.kit import MB, Answer, Call, Routes, Strict, or_404
from engine.api.views.jobs import job_answer
from engine.api.views.rulebooks import DocumentBody
from engine.api.views.runs import number
from engine.errors import RunError

routes = Routes(
    "insight", "What only an engine that holds every customer can answer. Figures are of all; customers are named within reach."
)

_EXAMPLE = {
    "format": 1,
    "name": "Retail",
    "policies": [{"key": "abc", "type": "abc", "title": {"en": "ABC", "zh": "ABC 分类"}, "params": {"cuts": [0.6, 0.9]}}],
}


class DivisionQuery(Strict):
    """Between which runs."""

    run = whole(1, 2**31 - 1, None, "The later run; absent: the newest visible one.", load_default=None)
    since = whole(1, 2**31 - 1, None, "The run to compare with; absent: the one before.", load_default=None)
    most = whole(0, 200, 20, "How many single customers to name.")


class PortraitQuery(Strict):
    """Of whom."""

    run = whole(1, 2**31 - 1, None, "The run; absent: the newest visible one.", load_default=None)
    label = text(200, required=True)
    feature = fields.List(
        text(200),
        load_default=list,
        validate=validate.Length(max=50),
        metadata={"description": "A further feature to look at; may be given several times."},
    )


class RadarQuery(Strict):
    """How far."""

    label = text(200, "Name single customers of this label only.", load_default=None)
    days = whole(1, 400, 91, "How far to look.")
    every = whole(1, 100, 1, "Days between two looks.")
    most = whole(0, 200, 20, "How many single customers to name.")


class CompareBody(Strict):
    """Rulebooks by the name that each shall have."""

    documents = fields.Dict(keys=text(60), values=fields.Dict(keys=fields.String()), required=True, validate=validate.Length(1, 5))
    as_of = text(40, "As of when; absent: the moment of the newest visible run.", load_default=None, allow_none=True)


class WantedBody(DocumentBody):
    """Which number is looked for."""

    place = text(300, "Such as abc.cuts[0].", required=True)
    output = text(200, "Such as abc.class.", required=True)
    label = text(200, "Such as A.", required=True)
    count = whole(0, 10**9, None, "How many customers it should have.", required=True, strict=True)
    beyond = Flag(load_default=False, metadata={"description": "More than the count is fine, where that is nearer."})
    as_of = text(40, "As of when; absent: the moment of the newest visible run.", load_default=None, allow_none=True)


@routes.verb("GET", "/insight/division", "results:read", query=DivisionQuery, gives=Division, heavy=True, later=Job)
def divide_change(call: Call) -> Any:
    """Why labels grew and shrank between two runs: time, new facts, corrections, thresholds, rules."""
    query = call.query
    for run in (query["run"], query["since"]):
        with or_404(RunError):
            if run is not None:
                call.engine.run_record(number(run))
    return _answered(call, "division", {"run_id": query["run"], "since": query["since"], "most": query["most"]})


@routes.verb("GET", "/insight/portraits/<output>", "results:read", query=PortraitQuery, gives=Portrait, heavy=True, later=Job)
def get_portrait(call: Call, output: str) -> Any:
    """Where the customers with a label differ from all others, the strongest difference first."""
    query = call.query
    asked = {"address": output, "label": query["label"], "run_id": query["run"], "features": query["feature"] or None}
    return _answered(call, "portrait", asked)


@routes.verb("GET", "/insight/radar/<output>", "results:read", query=RadarQuery, gives=Radar, heavy=True, later=Job)
def get_radar(call: Call, output: str) -> Any:
    """Who loses a label on which day, if everyone stays silent from the newest visible run on."""
    return _answered(call, "radar", {"address": output, **call.query})


@routes.verb(
    "POST",
    "/rulebooks/compare",
    "rules:read",
    body=CompareBody,
    gives=SideBySide,
    mutates=False,
    heavy=True,
    size=8 * MB,
    example={"documents": {"wider": _EXAMPLE}},
)
def compare_rulebooks(call: Call) -> Any:
    """Lay up to five rulebooks and the live one side by side, over every customer; nothing is stored."""
    return call.dated(call.engine.insight.compare(call.body["documents"], as_of=call.body["as_of"]).as_dict(), "as_of")


@routes.verb(
    "POST",
    "/rulebooks/wanted",
    "rules:read",
    body=WantedBody,
    gives=WantedCut,
    later=Job,
    mutates=False,
    heavy=True,
    size=8 * MB,
    example={"document": _EXAMPLE, "place": "abc.cuts[0]", "output": "abc.class", "label": "A", "count": 100},
)
def find_wanted(call: Call) -> Any:
    """Find the number at a place of a rulebook with which a label has a wanted count of customers; nothing is stored."""
    body = call.body
    asked = {name: body[name] for name in ("place", "label", "count", "beyond", "as_of")}
    return _answered(call, "wanted", {**asked, "draft": body["document"], "address": body["output"]})


def _answered(call: Call, question: str, asked: dict[str, Any]) -> Any:
    """The answer, or with 202 the job that computes it: the same for everybody who asks the same."""
    found = call.engine.questions.ask(question, asked, title=f"{question}, by key {call.caller.key.id}")
    if found.answer is None:
        assert found.job is not None
        return Answer(job_answer(found.job, call), 202, {"Location": f"/api/v1/jobs/{found.job.id}"})
    if question != "wanted":
        return call.dated(found.answer.as_dict(), "as_of", "first_as_of", "second_as_of")
    plain = {name: value for name, value in found.answer.items() if name not in ("document", "finding")}
    return {**plain, "simulation": plain["simulation"] and call.dated(plain["simulation"], "as_of")}
