"""What OpenAPI says of a route, from its declaration."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from marshmallow import Schema

from engine.api.answers.parts import example_of
from engine.api.needs import ANY_KEY, OPEN, Need, Takes
from engine.api.problems import CODES, document

HEADERS: Mapping[str, str] = {
    "X-Request-Id": "The number of the request, as the log has it.",
    "ETag": "What was seen, for If-Match.",
    "Location": "Where what was made can be read.",
    "Dry-Run": "true where nothing was kept.",
    "Idempotent-Replayed": "true where the request had been done already, and this is the answer of then.",
    "Tierwise-Cursor": "Where the feed of changes goes on from this file.",
    "Tierwise-Rows": "How many rows the file has.",
    "Content-Disposition": "The name of the file.",
}
"""The headers of answers that a route may declare, and what they say."""

BINARY = ("application/vnd.apache.parquet", "image/png")


def described(
    need: Need,
    query: Schema,
    body: Schema | None,
    *,
    gives: type[Schema] | Schema | None,
    status: int,
    example: Any,
    stream: str,
    takes: Takes,
    sends: tuple[str, ...],
    keyed: bool,
    later: type[Schema] | None = None,
) -> dict[str, Any]:
    """The operation object of a route."""
    doc: dict[str, Any] = {"parameters": [{"in": "query", "schema": query}] if query.fields else []}
    if need.scope == OPEN:
        doc["security"] = []
    else:
        doc |= {"security": [{"key": []}], "x-scope": " or ".join(need.scopes)}
    if need.mutates:
        words = "A name of your own for this request: however often it is sent within 30 days, it is done once."
        doc["parameters"].append(_header("Idempotency-Key", words, required=keyed))
    if need.stale:
        doc["parameters"].append(_header("If-Match", "The ETag that you saw.", required=True))
    bodies = {"application/json": _content(body, example)} if body is not None else {}
    bodies |= {kind: _content(schema, shown) for kind, (schema, shown) in takes.items()}
    if bodies:
        doc["requestBody"] = {"required": True, "content": bodies}
    doc["responses"] = {str(status): _good(need, gives, stream, sends)} | _refusals(need, bool(bodies))
    if later is not None:
        doc["responses"]["202"] = {**_good(need, later, "", (*sends, "Location")), "description": "A job computes it"}
    return {"manual_doc": doc}


def _content(schema: type[Schema] | Schema | None, example: Any) -> dict[str, Any]:
    said: dict[str, Any] = {"schema": schema if schema is not None else {"type": "string"}}
    return said if example is None else {**said, "example": example}


def _good(need: Need, gives: type[Schema] | Schema | None, stream: str, sends: tuple[str, ...]) -> dict[str, Any]:
    names = ["X-Request-Id", *(("ETag",) if need.stale else ()), *sends, *(("Dry-Run", "Idempotent-Replayed") if need.mutates else ())]
    headers = {name: {"description": HEADERS[name], "schema": {"type": "string"}} for name in names}
    content: dict[str, Any] = {}
    if gives is not None:
        content["application/json"] = {"schema": gives}
        with suppress(LookupError):  # a test finds a field without an example
            content["application/json"]["example"] = example_of(gives)
    for kind in filter(None, (each.strip() for each in stream.split(","))):
        content[kind] = {} if kind in BINARY else {"schema": {"type": "string"}}
    return {"description": "Done" if need.mutates else "Found", "headers": headers, "content": content}


def _refusals(need: Need, has_body: bool) -> dict[str, Any]:
    codes = ["bad_request", "not_found", "method_not_allowed", "rate_limited", "internal", "unavailable"]
    if need.scope != OPEN:
        codes += ["unauthenticated", "invalid"]
    if need.scope not in (OPEN, ANY_KEY):
        codes += ["forbidden", "conflict", "gone"]
    if need.stale:
        codes += ["precondition_failed", "precondition_required"]
    if has_body:
        codes += ["too_large", "unsupported_media_type"]
    return {str(CODES[code][0]): {"$ref": f"#/components/responses/{code}"} for code in codes}


def refusals() -> dict[str, Any]:
    """The refusals that routes refer to, by code."""
    return {code: {"description": title, "content": _problem(code, title)} for code, (_, title) in CODES.items()}


def _problem(code: str, title: str) -> dict[str, Any]:
    shown = document(code, title, request_id="9f1c2b7a60d34e55")
    return {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}, "example": shown}}


def _header(name: str, words: str, *, required: bool = False) -> dict[str, Any]:
    kind = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
    return {"in": "header", "name": name, "required": required, "description": words, "schema": kind}
