"""Read what a request brings, strictly: JSON without surprises, each parameter once, nothing unknown, faults by field."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Request
from marshmallow import Schema, ValidationError

from engine.api.problems import Problem

DEEPEST = 40
"""How deep JSON may be nested."""


def read_json(data: bytes, place: str = "body") -> Any:
    """JSON of UTF-8; refused are keys that stand twice, NaN and Infinity, numbers beyond float64, and deep nesting."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Problem("invalid_json", f"{place}: not UTF-8 at byte {error.start}") from None
    depth = deepest = 0
    for bracket in text if text.count("[") + text.count("{") > DEEPEST else "":
        depth += (bracket in "[{") - (bracket in "]}")
        deepest = max(deepest, depth)
    if deepest > DEEPEST:
        raise Problem("invalid_json", f"{place}: nested deeper than {DEEPEST}")
    try:
        found = json.loads(text, object_pairs_hook=_pairs, parse_constant=_constant, parse_float=_float, parse_int=_int)
        if "\\u" in text:
            _check_texts(found)
        return found
    except (ValueError, RecursionError) as error:
        raise Problem("invalid_json", f"{place}: {str(error)[:200]}") from None


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {twice[:60]!r} stands twice in one object")
    return found


def _check_texts(value: Any) -> None:
    """No text that a database cannot hold; only an escape can bring one."""
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError("a text holds the character NUL")
        if any("\ud800" <= c <= "\udfff" for c in value):
            raise ValueError("a text holds half of a character")
    elif isinstance(value, dict):
        for key, inner in value.items():
            _check_texts(key)
            _check_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_texts(inner)


def _constant(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:40]} is too large")
    return value


def _int(text: str) -> int:
    if len(text) > 20 or not -(2**63) <= int(text) < 2**63:
        raise ValueError(f"the number {text[:40]} is too large")
    return int(text)


def body_of(request: Request, schema: Schema) -> Any:
    """The JSON body of a request, checked by a schema. Raises `Problem`."""
    if request.mimetype != "application/json":
        raise Problem("unsupported_media_type", f"found {request.mimetype[:60] or 'no type'!r}; expected Content-Type: application/json")
    if request.content_encoding:
        raise Problem("unsupported_media_type", "the body may not be compressed")
    return checked(schema, read_json(request.get_data(cache=True)), "body")


def query_of(request: Request, schema: Schema) -> dict[str, Any]:
    """The parameters of the address, each at most once (or several times where it is a list), checked by a schema."""
    lists = {name for name, field in schema.fields.items() if hasattr(field, "inner")}
    found: dict[str, Any] = {}
    for name, values in request.args.lists():
        if name in lists:
            found[name] = values
        elif len(values) > 1:
            raise Problem(
                "invalid",
                f"the parameter {name[:60]!r} stands {len(values)} times",
                errors=[{"field": name[:60], "reason": "given more than once"}],
            )
        else:
            found[name] = values[0]
        if any("\0" in value or "\ufffd" in value for value in values):
            raise Problem(
                "invalid",
                f"the parameter {name[:60]!r} is no text of UTF-8",
                errors=[{"field": name[:60], "reason": "not UTF-8, or NUL in it"}],
            )
    loaded: dict[str, Any] = checked(schema, found, "query")
    return loaded


def checked(schema: Schema, value: Any, place: str) -> Any:
    """A value as a schema reads it. Raises `Problem` with every fault, by field."""
    try:
        return schema.load(value)
    except ValidationError as error:
        errors = list(_flat(error.messages, place))[:100]
        raise Problem("invalid", f"{errors[0]['field']}: {errors[0]['reason']}", errors=errors) from None


def _flat(messages: Any, path: str) -> Iterator[Mapping[str, str]]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from _flat(inner, path if key == "_schema" else f"{path}.{str(key)[:60]}")
    elif isinstance(messages, list):
        for inner in messages:
            yield from _flat(inner, path)
    else:
        yield {"field": path, "reason": str(messages)[:300]}
