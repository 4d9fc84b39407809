"""Numbers that no computer likes, in every numeric parameter, path and field that the API describes: 4xx, and nothing changed."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from engine.store.models import metadata
from tests.api.conftest import Client
from tests.api.described import resolved

EVIL = {
    "2^63": "9223372036854775808",
    "-2^63-1": "-9223372036854775809",
    "-1": "-1",
    "10^20": "1" + "0" * 20,
    "10^400": "1" + "0" * 400,
    "NaN": "NaN",
    "Infinity": "Infinity",
    "1e309": "1e309",
    "-1e309": "-1e309",
    "1.9": "1.9",
    "a full-width digit": "１",
    "hexadecimal": "0x10",
    "with an underscore": "1_0",
}
NO_JSON = {"a full-width digit", "hexadecimal", "with an underscore"}
SKIPPED = {"api_key", "idempotency_key", "audit_entry", "export_log", "setting"}
"""Moments of use, evaluations and exports are noted; the head of the trail is a setting."""


def operations(api: Client) -> Iterator[tuple[str, str, dict[str, Any]]]:
    whole = api.app.extensions["tierwise-api"].spec.to_dict()
    for path, methods in whole["paths"].items():
        for method, operation in methods.items():
            if method != "parameters":
                shared = methods.get("parameters", [])
                yield method.upper(), path.removeprefix("/api/v1"), {**operation, "parameters": [*shared, *operation.get("parameters", [])]}


def numeric(schema: dict[str, Any]) -> bool:
    kinds = schema.get("type", [])
    return bool({"integer", "number"} & set([kinds] if isinstance(kinds, str) else kinds))


def places(
    whole: dict[str, Any], schema: dict[str, Any], at: tuple[str | int, ...] = (), depth: int = 0
) -> Iterator[tuple[str | int, ...]]:
    """Where numbers stand in a body of this schema."""
    schema = resolved(whole, schema)
    if numeric(schema):
        yield at
    if depth < 4:
        for name, inner in schema.get("properties", {}).items():
            yield from places(whole, inner, (*at, name), depth + 1)
        if "items" in schema:
            yield from places(whole, schema["items"], (*at, 0), depth + 1)


def put(body: Any, at: tuple[str | int, ...], value: Any) -> Any:
    """A body with a value somewhere; what leads there is made."""
    if not at:
        return value
    step, *rest = at
    if isinstance(step, int):
        known = body[0] if isinstance(body, list) and body else None
        return [put(known, tuple(rest), value)]
    known = dict(body) if isinstance(body, dict) else {}
    return {**known, step: put(known.get(step), tuple(rest), value)}


def named(path: str, **values: str) -> str:
    """A path with its parameters filled in."""
    import re

    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], "999999"), path)


def contents(api: Client) -> dict[str, Any]:
    with api.engine.store.read() as connection:
        return {table.name: connection.execute(select(table)).all() for table in metadata.sorted_tables if table.name not in SKIPPED}


@pytest.fixture(scope="module")
def open_gate(shared: Client) -> Client:
    gate = shared.app.extensions["tierwise-api"].gate
    gate.heavy = gate.light = 10**9
    return shared


def test_every_numeric_parameter(open_gate: Client) -> None:
    before, wrong, tried = contents(open_gate), [], 0
    for method, path, operation in operations(open_gate):
        for parameter in operation["parameters"]:
            if parameter["in"] == "header" or not numeric(parameter.get("schema", {})):
                continue
            for name, value in EVIL.items():
                if parameter["in"] == "path" and name == "a full-width digit":
                    continue  # a number to routers, and the same one
                tried += 1
                if parameter["in"] == "path":
                    answer = open_gate(method, named(path, **{parameter["name"]: value}), headers={"If-Match": '"1"'}, json={})
                else:
                    answer = open_gate(method, named(path), query_string={parameter["name"]: value}, headers={"If-Match": '"1"'})
                if not 400 <= answer.status_code < 500:
                    wrong.append((method, path, parameter["name"], name, answer.status_code))
                answer.close()
    assert wrong == [], wrong[:20]
    assert tried > 300
    assert contents(open_gate) == before


def test_every_number_of_a_body(open_gate: Client) -> None:
    whole = open_gate.app.extensions["tierwise-api"].spec.to_dict()
    before, wrong, tried = contents(open_gate), [], 0
    for method, path, operation in operations(open_gate):
        described = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if described is None:
            continue
        for at in places(whole, described.get("schema", {})):
            for name, value in EVIL.items():
                if name in NO_JSON:
                    continue
                tried += 1
                body = json.dumps(put(copy.deepcopy(described.get("example")), at, "EVIL")).replace('"EVIL"', value)
                answer = open_gate(method, named(path), data=body, content_type="application/json", headers={"If-Match": '"1"'})
                if not 400 <= answer.status_code < 500:
                    wrong.append((method, path, at, name, answer.status_code, answer.get_data(as_text=True)[:100]))
                answer.close()
    assert wrong == [], wrong[:20]
    assert tried > 100
    assert contents(open_gate) == before


@pytest.mark.parametrize(
    "token", ["9" * 400, "1e309", "-1e309", "NaN", "Infinity", "9223372036854775808", "1" + "0" * 4_299, "1" + "0" * 5_000]
)
@pytest.mark.parametrize(
    ("kind", "field"), [("orders", "amount"), ("lines", "quantity"), ("rates", "rate"), ("customers", "income"), ("products", "cost")]
)
def test_every_number_of_a_fact(open_gate: Client, kind: str, field: str, token: str) -> None:
    from tests.api.test_facts import GIVEN

    before = contents(open_gate)
    row = json.dumps({**GIVEN[kind][0], field: "EVIL"})
    for text in (token, json.dumps(token)):
        for form in (f'{{"rows": [{row}]}}', row):
            body, kind_of = form.replace('"EVIL"', text), "application/json" if form is not row else "application/x-ndjson"
            answer = open_gate("POST", f"/facts/{kind}?source=api&atomic=true", data=body, content_type=kind_of)
            assert answer.status_code in (400, 422), answer.get_data(as_text=True)[:300]
    assert contents(open_gate) == before


@pytest.mark.parametrize(
    "body",
    [b"[" * 200_000, b'{"a":' * 200_000, b'{"rows": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}", b'"' + b"\\u0000" * 1_000 + b'"',
     b'{"rows": [{"customer": "\\ud800"}]}', b"\x1f\x8b" + bytes(500), b"PK\x03\x04" + bytes(500), b"<?xml version='1.0'?><!DOCTYPE a []><a/>",
     b"!!python/object/apply:os.system [id]", b"\x80\x04\x95pickle", b"{}" * 1_000, b'{"rows": "all"}', b'{"rows": {"customer": "C1"}}'],
)  # fmt: skip
def test_bodies_that_are_none(open_gate: Client, body: bytes) -> None:
    before, wrong = contents(open_gate), []
    for method, path, operation in operations(open_gate):
        if "requestBody" not in operation:
            continue
        for kind in ("application/json", "application/x-ndjson"):
            answer = open_gate(method, named(path), data=body, content_type=kind, headers={"If-Match": '"1"'})
            if not 400 <= answer.status_code < 500:
                wrong.append((method, path, kind, answer.status_code))
        answer = open_gate(
            method, named(path), data=body, content_type="application/json", headers={"Content-Encoding": "gzip", "If-Match": '"1"'}
        )
        if not 400 <= answer.status_code < 500:
            wrong.append((method, path, "gzip", answer.status_code))
    assert wrong == []
    assert contents(open_gate) == before
