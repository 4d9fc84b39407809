"""Facts: bring them in, change one, take one out of every feature; each wrong row is answered with its reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import request
from marshmallow import fields, validate

from engine.api.answers.facts import Batch, Taken, Undone, Voided
from engine.api.answers.parts import listing
from engine.api.fields import Flag, Switch, text
from engine.api.kit import MB, Answer, Call, Routes, Strict, or_404
from engine.api.parsing import checked, read_json
from engine.api.problems import Problem, answer
from engine.errors import FactError

routes = Routes("facts", "Bring in what happened and what is known.")

KINDS = ("customers", "products", "orders", "lines", "rates")
MOST_ROWS = 100_000
NDJSON = "application/x-ndjson"
_NAMED = {"customers": "customer", "orders": "order", "products": "product"}


_ROW = {"order": "O-1001", "customer": "C1", "ordered_at": "2026-01-01T10:15", "amount": "129.90"}


class RowsBody(Strict):
    """Rows of one kind; their fields are those of the native mapping."""

    rows = fields.List(fields.Dict(keys=fields.String()), required=True, validate=validate.Length(1, MOST_ROWS))


class TakeQuery(Strict):
    """How rows are taken."""

    source = text(100, "Whose ids these are: the system the rows come from.", load_default="api")
    atomic = Switch("All rows or none.")
    regrade = Switch("Evaluate the customers touched, and answer what would change for them.")


class PatchBody(Strict):
    """Only the fields that change; null clears one."""

    fields_ = fields.Dict(keys=fields.String(), required=True, data_key="fields", validate=validate.Length(min=1))


class SourceQuery(Strict):
    """Whose id the path names."""

    source = text(100, "The system whose id it is.", load_default="api")


class VoidBody(Strict):
    """Take it out, or bring it back."""

    voided = Flag(required=True)


@routes.verb(
    "POST",
    "/facts/<kind>",
    "imports:write",
    query=TakeQuery,
    size=64 * MB,
    takes={"application/json": (RowsBody, {"rows": [_ROW]}), NDJSON: (None, f"{json.dumps(_ROW)}\n")},
    gives=Taken,
)
def take_facts(call: Call, kind: str) -> Any:
    """Add and update facts.

    The body is `{"rows": [...]}`, or NDJSON with one row per line, at most 100,000 rows. `kind` is customers, products,
    orders, lines or rates. The same row again changes nothing; a field that a row lacks stays as it is stored, null clears
    it. Rows that are wrong are answered by number, field and reason, and the others are kept, unless `atomic=true`.
    """
    _check_kind(kind)
    return _take(call, kind, _rows(), call.query["source"], atomic=call.query["atomic"], regrade=call.query["regrade"])


def _check_kind(kind: str, known: tuple[str, ...] = KINDS) -> None:
    if kind not in known:
        raise Problem("not_found", f"there is no kind of fact {kind[:40]!r}; expected one of {', '.join(known)}")


def _rows() -> list[dict[str, Any]]:
    data = request.get_data(cache=True)
    if request.mimetype == "application/json":
        rows: list[dict[str, Any]] = checked(RowsBody(), read_json(data), "body")["rows"]
    elif request.mimetype == NDJSON:
        rows = []
        for number, line in enumerate(data.splitlines(), 1):
            if not line.strip():
                continue
            if len(rows) >= MOST_ROWS:
                raise Problem("too_large", f"the body has more than {MOST_ROWS:,} rows; send several requests")
            row = read_json(line, f"line {number}")
            if not isinstance(row, dict):
                raise Problem(
                    "invalid", f"line {number}: expected an object", errors=[{"field": f"line {number}", "reason": "not an object"}]
                )
            rows.append(row)
        if not rows:
            raise Problem("invalid", "the body has no row")
    else:
        raise Problem("unsupported_media_type", f"found {request.mimetype[:60] or 'no type'!r}; expected application/json or {NDJSON}")
    for number, row in enumerate(rows, 1):
        for name, value in row.items():
            if isinstance(value, dict | list):
                place = f"row {number}.{name[:60]}"
                raise Problem(
                    "invalid",
                    f"{place}: expected a text, number, true, false or null",
                    errors=[{"field": place, "reason": "not a single value"}],
                )
    return rows


def _take(call: Call, kind: str, rows: list[Mapping[str, Any]] | list[dict[str, Any]], source: str, *, atomic: bool, regrade: bool) -> Any:
    if regrade:
        call.engine.__dict__["_evaluator"] = _warm().evaluator()
    taken = call.engine.exchange.take(kind, rows, source=source, whole=atomic, regrade=regrade)
    if not taken.kept:
        errors = [
            {"field": f"row {e.row}.{e.field}", "reason": e.reason, "row": e.row, "found": e.found, "expected": e.expected}
            for e in taken.errors
        ]
        return answer("fact_invalid", f"{len(errors)} of {taken.rows} rows are wrong, so none was kept", errors=errors[:1_000])
    return taken.as_dict()


def _warm() -> Any:
    from flask import current_app

    return current_app.extensions["tierwise-api"].warm


@routes.verb(
    "PATCH",
    "/facts/<kind>/<path:fact>",
    "imports:write",
    query=SourceQuery,
    body=PatchBody,
    example={"fields": {"region": "South"}},
    gives=Taken,
)
def patch_fact(call: Call, kind: str, fact: str) -> Any:
    """Change some fields of one customer, order or product that is stored; what is not named stays."""
    _check_kind(kind, tuple(_NAMED))
    changes = call.body["fields_"]
    if _NAMED[kind] in changes:
        raise Problem(
            "invalid",
            f"body.fields.{_NAMED[kind]}: the path names it",
            errors=[{"field": f"body.fields.{_NAMED[kind]}", "reason": "the path names it"}],
        )
    for name, value in changes.items():
        if isinstance(value, dict | list):
            raise Problem(
                "invalid",
                f"body.fields.{name[:60]}: expected a single value",
                errors=[{"field": f"body.fields.{name[:60]}", "reason": "not a single value"}],
            )
    with or_404(FactError):
        row = call.engine.exchange.row_to_patch(kind, call.query["source"], fact, changes)
    return _take(call, kind, [row], call.query["source"], atomic=True, regrade=False)


@routes.verb(
    "PUT", "/facts/<kind>/<path:fact>/voided", "imports:write", query=SourceQuery, body=VoidBody, example={"voided": True}, gives=Voided
)
def void_fact(call: Call, kind: str, fact: str) -> Any:
    """Take one order or customer out of every feature, or bring it back."""
    _check_kind(kind, ("customers", "orders"))
    with or_404(FactError):
        call.engine.exchange.row_to_patch(kind, call.query["source"], fact, {})
    changed = call.engine.void(kind.removesuffix("s"), call.query["source"], fact, back=not call.body["voided"])
    return {"changed": changed, "voided": call.body["voided"]}


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
