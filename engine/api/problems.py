"""Errors as problem documents (RFC 9457): a stable code, what is wrong, where, and the number of the request."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, current_app, g, request
from werkzeug.exceptions import HTTPException

from engine.errors import (
    CalendarError,
    CareError,
    DeskError,
    DraftError,
    FactError,
    FeatureError,
    InteractionError,
    ManagerError,
    NotAllowed,
    PeopleError,
    PluginError,
    RulebookError,
    RunError,
    StoreError,
    TierwiseError,
    TooManyTries,
    UnknownCustomer,
)
from engine.repeats import KeyReused

CODES: Mapping[str, tuple[int, str]] = {
    "invalid_json": (400, "The body is not JSON that can be read"),
    "bad_request": (400, "The request cannot be read"),
    "unauthenticated": (401, "A valid key is needed"),
    "forbidden": (403, "This key may not do that"),
    "not_found": (404, "There is no such thing"),
    "unknown_customer": (404, "No customer has this id"),
    "method_not_allowed": (405, "This path has other methods"),
    "not_acceptable": (406, "There is no such form of answer"),
    "conflict": (409, "It cannot be done as things stand"),
    "key_reused": (409, "The idempotency key belongs to another request"),
    "run_needed": (409, "A run is needed first"),
    "gone": (410, "It is no longer kept"),
    "precondition_failed": (412, "It was changed meanwhile"),
    "too_large": (413, "The request is too large"),
    "unsupported_media_type": (415, "The body has another type than expected"),
    "invalid": (422, "Something in the request is wrong"),
    "rulebook_invalid": (422, "The rulebook is wrong"),
    "fact_invalid": (422, "A fact is wrong"),
    "feature_invalid": (422, "A feature is wrong"),
    "precondition_required": (428, "If-Match is needed"),
    "rate_limited": (429, "Too many requests"),
    "internal": (500, "A bug in Tierwise"),
    "unavailable": (503, "The store cannot be used now"),
}
"""Every code: its status, and what it means."""

_BY_STATUS = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    406: "not_acceptable",
    429: "rate_limited",
    503: "unavailable",
}

_BY_ERROR: Sequence[tuple[type[TierwiseError], str]] = (
    (KeyReused, "key_reused"),
    (UnknownCustomer, "unknown_customer"),
    (NotAllowed, "forbidden"),
    (TooManyTries, "rate_limited"),
    (StoreError, "unavailable"),
    (CalendarError, "invalid"),
    (DeskError, "invalid"),
    (CareError, "invalid"),  # documents of their own, with faults as a rulebook has
    (InteractionError, "invalid"),
    (ManagerError, "invalid"),
    (RulebookError, "rulebook_invalid"),
    (FactError, "fact_invalid"),
    (FeatureError, "feature_invalid"),
    (PluginError, "invalid"),
    (RunError, "conflict"),
    (DraftError, "conflict"),
    (PeopleError, "invalid"),
    (TierwiseError, "invalid"),
)


class Problem(Exception):
    """Something that ends a request with a problem document."""

    def __init__(
        self, code: str, detail: str, *, errors: Sequence[Mapping[str, Any]] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.code, self.detail, self.errors, self.headers = code, detail, list(errors), dict(headers or {})


def document(code: str, detail: str, *, request_id: str, errors: Sequence[Mapping[str, Any]] = (), status: int = 0) -> dict[str, Any]:
    """A problem document. status: another than that of the code."""
    known, title = CODES[code]
    body: dict[str, Any] = {
        "type": f"urn:tierwise:problem:{code}",
        "title": title,
        "status": status or known,
        "code": code,
        "detail": detail,
        "request_id": request_id,
    }
    return {**body, "errors": list(errors)} if errors else body


def answer(
    code: str, detail: str, *, errors: Sequence[Mapping[str, Any]] = (), headers: Mapping[str, str] | None = None, status: int = 0
) -> Response:
    """A problem document as a response."""
    body = document(code, detail, request_id=g.get("request_id", ""), errors=errors, status=status)
    text = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    return Response(text, body["status"], dict(headers or {}), content_type="application/problem+json; charset=utf-8")


def of_problem(problem: Problem) -> Response:
    """The response to a `Problem`."""
    g.problem = problem.code
    return answer(problem.code, problem.detail, errors=problem.errors, headers=problem.headers)


def of_error(error: TierwiseError) -> Response:
    """The response to an error of the engine."""
    code = next(code for kind, code in _BY_ERROR if isinstance(error, kind))
    g.problem = code
    headers: dict[str, str] = {}
    if isinstance(error, TooManyTries):
        headers["Retry-After"] = str(error.wait)
    detail = str(error)
    if isinstance(error, StoreError):
        headers["Retry-After"] = "2"
        detail = "the store is busy or cannot be reached; nothing was changed, try again"  # its address and its words are nobody's business
    errors = []
    if isinstance(error, RulebookError):
        detail = detail.split("\n", 1)[0]
        errors = [{"code": f.code, "place": f.place, "found": f.found, "expected": f.expected} for f in error.faults]
    return answer(code, detail, errors=errors, headers=headers)


def of_http(error: HTTPException) -> Response:
    """The response to what Flask and Werkzeug refuse: no such path, another method, too large."""
    status = error.code or 500
    if status < 400 and error.response is None:  # a redirect of the router
        return Response(error.get_body(), status, error.get_headers())
    code = _BY_STATUS.get(status, "bad_request" if status < 500 else "internal")
    g.problem = code
    headers = {}
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        headers["Allow"] = ", ".join(sorted(allowed))
    detail = {"not_found": f"there is nothing at {request.path[:200]}", "too_large": "the body is larger than this path takes"}.get(
        code, str(error.description or "").split("\n")[0]
    )
    return answer(code, detail, headers=headers, status=status)


def of_bug(error: Exception) -> Response:
    """The response to an exception that nobody expected: the log has it, the answer only its number."""
    if isinstance(error, HTTPException):
        return of_http(error)
    current_app.extensions["tierwise-api"].telemetry.bug(error)
    g.problem = "internal"
    return answer("internal", "this is a bug in Tierwise, or in a plugin; the log has it under this request's number")
