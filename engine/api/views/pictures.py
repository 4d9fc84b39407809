"""Pictures: what policies declare to be drawn of a run, trends, flows between two runs, and who stands behind a mark."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from engine.api.answers.pictures import BehindMark, Flow, RunPicture, RunPictures, Trend
from engine.api.fields import Page, after_number, text, whole
from engine.api.kit import Call, Routes, Strict, or_404
from engine.api.views.runs import number
from engine.errors import RunError

routes = Routes("pictures", "Runs as pictures: small tables that are drawn, and the customers behind each mark.")


def _run(words: str, **options: Any) -> fields.Integer:
    return whole(1, 2**31 - 1, None, words, **options)


class RunQuery(Strict):
    """Of which run."""

    run = _run("The run; absent: the newest visible one.", load_default=None)


class TrendQuery(Strict):
    """How far back."""

    most = whole(1, 366, 60, "How many runs at most, the newest ones.")


class FlowQuery(Strict):
    """Between which runs."""

    first = _run("The earlier run.", required=True)
    second = _run("The later one; absent: the newest visible one.", load_default=None)


class MembersQuery(Page):
    """Which customers; `where` may be given several times, then each holds."""

    where = fields.List(
        text(300),
        load_default=list,
        validate=validate.Length(max=8),
        metadata={
            "description": "Such as abc.class=A, orders.count>=2, or abc.class~B for what it was in the run `since`; empty is no value."
        },
    )
    run = _run("The run; absent: the newest visible one.", load_default=None)
    since = _run("The earlier run that `~` looks at.", load_default=None)


def _there(call: Call, *runs: int | None) -> None:
    for run in runs:
        with or_404(RunError):
            if run is not None:
                call.engine.run_record(number(run))


@routes.verb("GET", "/pictures", "results:read", query=RunQuery, gives=RunPictures, heavy=True)
def list_pictures(call: Call) -> Any:
    """Every picture that the policies of a run declare, as small tables; one that fails carries its fault."""
    _there(call, call.query["run"])
    return call.engine.pictures.of_run(call.query["run"]).as_dict(call.engine.written)


@routes.verb("GET", "/pictures/<picture>", "results:read", query=RunQuery, gives=RunPicture)
def get_picture(call: Call, picture: str) -> Any:
    """One picture, by policy and name, such as rfm.grid."""
    _there(call, call.query["run"])
    found = call.engine.pictures.of_run(call.query["run"])
    with or_404(RunError):
        return {**found.get(picture).as_dict(), "run": found.run.id, "as_of": call.engine.written(found.run.as_of)}


@routes.verb("GET", "/trends/<output>", "results:read", query=TrendQuery, gives=Trend)
def get_trend(call: Call, output: str) -> Any:
    """Customers of every label of an output, run by run, the oldest first."""
    _there_is(call, output, None)
    return call.engine.pictures.trend(output, most=call.query["most"]).as_dict(call.engine.written)


@routes.verb("GET", "/flows/<output>", "results:read", query=FlowQuery, gives=Flow, heavy=True)
def get_flow(call: Call, output: str) -> Any:
    """What became of each label's customers between two runs."""
    first, second = call.query["first"], call.query["second"]
    _there(call, first, second)
    _there_is(call, output, second)
    return call.engine.pictures.flow(output, first, second).as_dict(call.engine.written)


@routes.verb("GET", "/members", "results:read", query=MembersQuery, gives=BehindMark, heavy=True)
def list_members(call: Call) -> Any:
    """The customers behind a mark of a picture: those within reach for whom every condition holds, the largest sales first."""
    query, pictures = call.query, call.engine.pictures
    _there(call, query["run"], query["since"])
    skip = after_number(query["after"])
    where = [pictures.condition(each) for each in query["where"]]
    found = pictures.members(where, run_id=query["run"], since=query["since"], skip=skip, most=query["limit"])
    answer = found.as_dict()
    if skip + len(found.page) < found.customers and found.page:
        answer["next"] = str(skip + len(found.page))
    return answer


def _there_is(call: Call, output: str, run: int | None) -> None:
    with or_404(RunError):
        call.engine.pictures.labels(output, run)
