"""Hold answers against the API's own description of them."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import jsonschema_rs
from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse


@cache
def _description(app: Flask) -> dict[str, Any]:
    found: dict[str, Any] = app.extensions["tierwise-api"].spec.to_dict()
    return found


@cache
def _validator(app: Flask, method: str, path: str, status: str, kind: str) -> Any:
    """The validator of one kind of answer; a text where the description does not know of it."""
    whole = _description(app)
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
    found = _validator(app, method, path, str(status), kind)
    if isinstance(found, str):
        return [found]
    return (
        [f"{error.instance_path}: {error.message}"[:500] for error in found.iter_errors(body)]
        if kind == "application/json" or kind.endswith("+json")
        else []
    )


def description(app: Flask) -> dict[str, Any]:
    """The description, made once per application."""
    return _description(app)


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
