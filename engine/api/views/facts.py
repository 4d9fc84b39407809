"""Facts: bring them in, change some, take some out of every feature; each wrong row is answered with its reason."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flask import request
from marshmallow import fields, validate

from engine.api.answers.facts import Batch, RejectedRow, Taken, Undone, Voided
from engine.api.answers.parts import listing, page
from engine.api.fields import Flag, Page, Switch, after_number, text
from engine.api.kit import MB, NDJSON, Answer, Call, Routes, Strict, or_404
from engine.api.parsing import checked, read_json
from engine.api.problems import Problem, answer
from engine.api.spool import spooled
from engine.api.views.evaluate import reach_of
from engine.errors import FactError
from engine.exchange import Taken as Result
from engine.exchange import not_there
from engine.store.ingest.naming import fact_row

routes = Routes("facts", "Bring in what happened and what is known.")

KINDS = ("customers", "products", "orders", "lines", "rates")
MOST_ROWS = 100_000
MOST_LINES = 2_000_000


class RowsBody(Strict):
    """Rows of one kind; their fields are those of the native mapping."""

    rows = fields.List(fields.Dict(keys=fields.String()), required=True, validate=validate.Length(1, MOST_ROWS))


def _rows_of(example: dict[str, Any]) -> dict[str, Any]:
    """What a route declares that takes rows."""
    takes = {"application/json": (RowsBody, {"rows": [example]}), NDJSON: (None, f"{json.dumps(example)}\n")}
    return {"size": 64 * MB, "lines": 512 * MB, "takes": takes}


_ROW = {"order": "O-1001", "customer": "C1", "ordered_at": "2026-01-01T10:15", "amount": "129.90"}
_CHANGE = {"order": "O-1001", "seller": "Li"}
_NAMED = {"order": "O-1001"}


class SourceQuery(Strict):
    """Whose ids these are."""

    source = text(100, "The system whose ids these are.", load_default="api")


class RowsQuery(SourceQuery):
    """How rows are taken."""

    atomic = Switch("All rows or none.")


class TakeQuery(RowsQuery):
    """How rows are taken, and what is told of them."""

    regrade = Switch("Evaluate the customers touched, and answer what would change for them.")


class PatchBody(Strict):
    """Only the fields that change; null clears one."""

    fields_ = fields.Dict(keys=fields.String(), required=True, data_key="fields", validate=validate.Length(min=1))


class VoidQuery(RowsQuery):
    """How rows are voided."""

    back = Switch("Bring them back instead.")


class VoidBody(Strict):
    """Take it out, or bring it back."""

    voided = Flag(required=True)


@routes.verb("POST", "/facts/<kind>", "imports:write", query=TakeQuery, gives=Taken, **_rows_of(_ROW))
def take_facts(call: Call, kind: str) -> Any:
    """Add and update facts.

    The body is `{"rows": [...]}` with at most 100,000 rows, or NDJSON with one row per line, at most 2,000,000, which is
    read in blocks. `kind` is customers, products, orders, lines or rates. The same row again changes nothing; a field that a
    row lacks stays as it is stored, null clears it. Rows that are wrong are answered by number (of NDJSON the line), field
    and reason, and the others are kept, unless `atomic=true`.
    """
    _check_kind(kind)
    _warm_up(call)
    options = {"source": call.query["source"], "whole": call.query["atomic"], "regrade": call.query["regrade"], "reach": reach_of(call)}
    return _told(call.engine.exchange.take(kind, _rows(), **options))


@routes.verb("PATCH", "/facts/<kind>", "imports:write", query=TakeQuery, gives=Taken, **_rows_of(_CHANGE))
def patch_facts(call: Call, kind: str) -> Any:
    """Change some fields of many stored facts; what a row does not name stays.

    Rows name their fact: `customer`, `product`, `order`, `order` and `line` (its place in the order, from 1), or `currency`
    and `day`. A fact that is not stored is answered as a wrong row. Of an order with lines, amounts are changed by its lines.
    """
    _check_kind(kind)
    _warm_up(call)
    options = {"source": call.query["source"], "whole": call.query["atomic"], "regrade": call.query["regrade"], "reach": reach_of(call)}
    return _told(call.engine.exchange.amend(kind, _rows(), **options))


@routes.verb("PUT", "/facts/<kind>/voided", "imports:write", query=VoidQuery, gives=Taken, **_rows_of(_NAMED))
def void_facts(call: Call, kind: str) -> Any:
    """Take many facts out of every feature, or bring them back (`back=true`); rows name them as for changes.

    They stay stored, and stay void when their source sends them again. `updated` counts those that changed.
    """
    _check_kind(kind)
    options = {"source": call.query["source"], "whole": call.query["atomic"], "back": call.query["back"], "reach": reach_of(call)}
    return _told(call.engine.exchange.void(kind, _rows(), **options))


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise Problem("not_found", f"there is no kind of fact {kind[:40]!r}; expected one of {', '.join(KINDS)}")


def _rows() -> Iterable[tuple[int, dict[str, Any]]]:
    """The rows of the body, numbered; those of NDJSON are read while they are taken."""
    if request.mimetype == NDJSON:
        return _streamed()
    if request.mimetype != "application/json":
        raise Problem("unsupported_media_type", f"found {request.mimetype[:60] or 'no type'!r}; expected application/json or {NDJSON}")
    rows: list[dict[str, Any]] = checked(RowsBody(), read_json(request.get_data(cache=True)), "body")["rows"]
    for number, row in enumerate(rows, 1):
        _check_row(row, f"row {number}")
    return enumerate(rows, 1)


def _streamed() -> Iterator[tuple[int, dict[str, Any]]]:
    count = 0
    for number, row in spooled(request).objects():
        count += 1
        if count > MOST_LINES:
            raise Problem("too_large", f"the body has more than {MOST_LINES:,} rows; send several requests")
        _check_row(row, f"line {number}")
        yield number, row
    if not count:
        raise Problem("invalid", "the body has no row", errors=[{"field": "body", "reason": "no row"}])


def _check_row(row: Mapping[str, Any], where: str) -> None:
    for name, value in row.items():
        if isinstance(value, dict | list):
            place = f"{where}.{name[:60]}"
            errors = [{"field": place, "reason": "not a single value"}]
            raise Problem("invalid", f"{place}: expected a text, number, true, false or null", errors=errors)


def _told(taken: Result) -> Any:
    if taken.kept:
        return taken.as_dict()
    errors = [
        {"field": f"row {e.row}.{e.field}", "reason": e.reason, "row": e.row, "found": e.found, "expected": e.expected}
        for e in taken.errors
    ]
    return answer("fact_invalid", f"{taken.rejected} of {taken.rows} rows are wrong, so none was kept", errors=errors)


def _warm_up(call: Call) -> None:
    if call.query["regrade"]:
        from flask import current_app

        call.engine.__dict__["_evaluator"] = current_app.extensions["tierwise-api"].warm.evaluator()


@routes.verb(
    "PATCH",
    "/facts/<kind>/<path:fact>",
    "imports:write",
    query=SourceQuery,
    body=PatchBody,
    gives=Taken,
    example={"fields": {"region": "South"}},
)
def patch_fact(call: Call, kind: str, fact: str) -> Any:
    """Change some fields of one stored fact; what is not named stays.

    The path names it: an id, of lines the order and the place of the line (`O1/2`), of rates currency and day
    (`EUR/2025-01-31`).
    """
    _check_kind(kind)
    with or_404(FactError):
        named = fact_row(kind, fact)
    changes = call.body["fields_"]
    for name in named:
        if name in changes:
            field = f"body.fields.{name}"
            raise Problem("invalid", f"{field}: the path names it", errors=[{"field": field, "reason": "the path names it"}])
    _check_row(changes, "body.fields")
    return _one(
        kind, call.engine.exchange.amend(kind, [{**named, **changes}], source=call.query["source"], whole=True, reach=reach_of(call))
    )


def _one(kind: str, taken: Result) -> Any:
    """What became of the one fact that a path names."""
    if not taken.kept and not_there(kind, taken.errors[0]):
        raise Problem("not_found", f"{taken.errors[0].reason} {taken.errors[0].found[:60]!r}")
    return _told(taken)


@routes.verb(
    "PUT", "/facts/<kind>/<path:fact>/voided", "imports:write", query=SourceQuery, body=VoidBody, gives=Voided, example={"voided": True}
)
def void_fact(call: Call, kind: str, fact: str) -> Any:
    """Take one fact out of every feature, or bring it back; the path names it as for changes."""
    _check_kind(kind)
    with or_404(FactError):
        named = fact_row(kind, fact)
    back = not call.body["voided"]
    taken = call.engine.exchange.void(kind, [named], source=call.query["source"], whole=True, back=back, reach=reach_of(call))
    if not taken.kept:
        return _one(kind, taken)
    return {"changed": taken.updated > 0, "voided": call.body["voided"]}


@routes.verb("GET", "/batches", "imports:read", gives=listing(Batch))
def list_batches(call: Call) -> Any:
    """Every import, the newest first."""
    return {"items": call.engine.exchange.batches()}


@routes.verb("POST", "/batches/<int:batch>/undo", "imports:write", gives=Undone)
def undo_batch(call: Call, batch: int) -> Any:
    """Take back everything that an import brought or changed."""
    if batch >= 2**63:
        raise Problem("not_found", "there is no such batch")
    report = call.engine.undo_import(batch)
    return Answer({"batch": report.batch, "removed": report.removed, "restored": report.restored})


@routes.verb("GET", "/batches/<int:batch>/rejected", "imports:read", query=Page, gives=page(RejectedRow))
def list_rejected_rows(call: Call, batch: int) -> Any:
    """Every row that an import refused, page by page; what they hold is masked for those who may not see all of it."""
    if batch >= 2**63:
        raise Problem("not_found", "there is no such batch")
    limit = call.query["limit"]
    with or_404(FactError):
        found = call.engine.exchange.rejected(batch, after=after_number(call.query["after"]), limit=limit + 1)
    shown: dict[str, Any] = {"items": [row for _, row in found[:limit]]}
    if len(found) > limit:
        shown["next"] = str(found[limit - 1][0])
    return shown
