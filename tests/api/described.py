"""Hold answers against the API's own description of them."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import jsonschema_rs
from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

_DESCRIPTIONS: dict[bool, dict[str, Any]] = {}
"""By whether the application is a sandbox, which has routes of its own: all others describe themselves alike."""


def _sandbox(app: Flask) -> bool:
    return "/api/v1/sandbox/clock" in {rule.rule for rule in app.url_map.iter_rules()}


def description(app: Flask) -> dict[str, Any]:
    """The description, made once for all applications of a kind: it is large, and most tests have an application of their own."""
    kind = _sandbox(app)
    if kind not in _DESCRIPTIONS:
        _DESCRIPTIONS[kind] = app.extensions["tierwise-api"].spec.to_dict()
    return _DESCRIPTIONS[kind]


@cache
def _validator(sandbox: bool, method: str, path: str, status: str, kind: str) -> Any:
    """The validator of one kind of answer; a text where the description does not know of it."""
    whole = _DESCRIPTIONS[sandbox]
    operation = whole["paths"].get(path, {}).get(method.lower())
    if operation is None:
        return f"the description has no {method} {path}"
    answer = operation["responses"].get(status)
    if answer is None:
        return f"{method} {path} does not say that it answers {status}"
    content = resolved(whole, answer).get("content", {})
    if kind not in content:
        return f"{method} {path} {status} says {', '.join(content) or 'no content'}, not {kind}"
    return jsonschema_rs.Draft202012Validator({**content[kind].get("schema", {}), "components": whole["components"]})


def resolved(whole: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """A part of the description, looked up where it only refers to one."""
    for name in part["$ref"].removeprefix("#/").split("/") if "$ref" in part else ():
        whole = whole[name]
    return whole if "$ref" in part else part


def faults(app: Flask, method: str, path: str, answer: TestResponse) -> list[str]:
    """Where an answer of a route is not what the description says of it. path: as it was asked, below /api/v1."""
    known = openapi_path(app, method, path)
    if known is None or method in ("OPTIONS", "HEAD"):
        return []
    return _faults(app, method, known, answer.status_code, answer.mimetype, answer.get_json() if answer.is_json else None)


def mismatches(app: Flask, method: str, path: str, answer: Any) -> list[str]:
    """The same of an answer of schemathesis. path: as the description writes it."""
    kind = answer.headers.get("content-type", [""])[0].partition(";")[0]
    return _faults(
        app, method, path, answer.status_code, kind, answer.json() if kind == "application/json" or kind.endswith("+json") else None
    )


def _faults(app: Flask, method: str, path: str, status: int, kind: str, body: Any) -> list[str]:
    if status == 204:
        return []
    description(app)
    found = _validator(_sandbox(app), method, path, str(status), kind)
    if isinstance(found, str):
        return [found]
    return (
        [f"{error.instance_path}: {error.message}"[:500] for error in found.iter_errors(body)]
        if kind == "application/json" or kind.endswith("+json")
        else []
    )


def openapi_path(app: Flask, method: str, path: str) -> str | None:
    """The route that answers, as OpenAPI writes it; None where no route does."""
    try:
        rule, _ = app.url_map.bind("localhost").match(f"/api/v1{path.partition('?')[0]}", method=method, return_rule=True)
    except HTTPException:
        return None
    return written(str(rule))


def written(rule: str) -> str:
    """A rule of Flask as a path of OpenAPI."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)
