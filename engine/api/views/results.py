"""Results: who holds which label, everything as a file, and what changes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Any, BinaryIO

from flask import Response
from marshmallow import fields, validate

from engine.api.answers.results import Assignments, Changes
from engine.api.fields import Page, after_number, choice, text, whole
from engine.api.kit import Call, Routes, Strict
from engine.api.problems import Problem
from engine.api.views.evaluate import reach_of
from engine.feed import FeedGone
from engine.store.profile import mask

routes = Routes("results", "Current assignments, members of labels, and the feed of changes.")

TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson", "parquet": "application/vnd.apache.parquet"}
_KINDS = ", ".join(kind.partition(";")[0] for kind in TYPES.values())
_SENT = ("Tierwise-Cursor", "Tierwise-Rows", "Content-Disposition")


class AssignmentsQuery(Page):
    """Which customers; `label` may be given several times, then a customer holds each."""

    label = fields.List(
        fields.String(
            validate=validate.Regexp(r"^[^:\s]{1,200}:[^\n]{1,200}\Z", error="expected output:label, such as rfm.segment:champions")
        ),
        load_default=list,
        validate=validate.Length(max=8),
        metadata={"description": "output:label, such as rfm.segment:champions"},
    )


@routes.verb("GET", "/assignments", "results:read", query=AssignmentsQuery, gives=Assignments)
def list_assignments(call: Call) -> Any:
    """Customers and their current assignments, page by page: all of them, or those who hold some labels."""
    labels = [tuple(each.split(":", 1)) for each in call.query["label"]]
    cursor = call.engine.feed.cursor()
    limit = call.query["limit"]
    found = call.engine.exchange.members(labels=labels, after=after_number(call.query["after"]), limit=limit + 1, reach=reach_of(call))
    items = [
        {"customer": each.customer, "name": each.name if call.personal else mask(each.name), "values": dict(each.values)}
        for each in found[:limit]
    ]
    answer: dict[str, Any] = {"items": items, "cursor": cursor}
    if len(found) > limit:
        answer["next"] = str(found[limit - 1].key)
    return answer


class ExportQuery(Strict):
    """What the file holds, and its form."""

    format = choice("csv", "jsonl", "parquet", words="The form of the file.", load_default="csv")
    policy = text(100, "Only this policy.", load_default=None)
    value = text(200, "Only this label.", load_default=None)


@routes.verb("GET", "/exports/assignments", "results:read", query=ExportQuery, heavy=True, stream=_KINDS, sends=_SENT)
def export_assignments(call: Call) -> Response:
    """Every current assignment as one file: CSV, JSON Lines or Parquet.

    The header `Tierwise-Cursor` says where the feed of changes goes on: apply what it gives, and nothing is missed.
    """
    return _export(call, "assignments")


class ChangesExportQuery(Strict):
    """Which run, and the form."""

    format = choice("csv", "jsonl", "parquet", words="The form of the file.", load_default="csv")
    run = whole(1, 2**31 - 1, None, "The run; default: the newest visible one.", load_default=None)


@routes.verb("GET", "/exports/changes", "results:read", query=ChangesExportQuery, heavy=True, stream=_KINDS, sends=_SENT)
def export_changes(call: Call) -> Response:
    """What moved in one run, as one file."""
    return _export(call, "changes")


def _export(call: Call, what: str) -> Response:
    reach = reach_of(call)
    if not reach.everybody:
        raise Problem("forbidden", "whole files are for those who see every customer; read pages of /assignments instead")
    file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115  # closed when the answer has been sent
    try:
        rows, cursor, name = call.engine.exchange.write(what, file, call.query)
    except BaseException:
        file.close()
        raise
    call.engine.people.log_export(
        what, format=call.query["format"], personal=False, rows_=rows, filters={k: v for k, v in call.query.items() if v}
    )
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Tierwise-Rows": str(rows), "Tierwise-Cursor": cursor}
    headers["Content-Length"] = str(file.tell())
    return Response(parts_of(file), headers=headers, content_type=TYPES[call.query["format"]])


def parts_of(file: BinaryIO) -> Iterator[bytes]:
    """A file in parts, from its beginning; it is closed after the last."""
    with file:
        file.seek(0)
        while part := file.read(256 * 1024):
            yield part


class ChangesQuery(Strict):
    """Where to go on."""

    cursor = text(
        40, "From an export, a page of assignments, or the page of changes before; absent: from the first run on.", load_default=None
    )
    limit = whole(1, 5_000, 500, "How many changes at most.")


@routes.verb("GET", "/changes", "results:read", query=ChangesQuery, gives=Changes)
def list_changes(call: Call) -> Any:
    """The feed of changes, in the order in which they became visible, without gaps or repetitions.

    Items have a `type`: `run` (another run is visible now), `closed` (an output is gone), `change` (one assignment moved).
    """
    try:
        return call.engine.feed.page(call.query["cursor"], limit=call.query["limit"], reach=reach_of(call)).as_dict()
    except FeedGone as error:
        raise Problem("gone", str(error)) from None
