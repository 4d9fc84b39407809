"""The description is whole and true: every answer and body has a schema and an example, and every route answers as it says.

What the other tests of this folder ask for is held against the description too, by their client.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from marshmallow import Schema, fields
from sqlalchemy import update

from engine.api import answers, views
from engine.api.answers.parts import Given, example_of, integer, many, string
from engine.store.models import coupon
from tests.api import test_once as once
from tests.api.conftest import Client
from tests.api.described import description, resolved, written
from tests.api.test_access import ROUTES

JSON = "application/json"


def operations(whole: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each operation with its name."""
    for path, methods in whole["paths"].items():
        for method, operation in methods.items():
            if method in ("get", "post", "put", "patch", "delete"):
                yield f"{method.upper()} {path.removeprefix('/api/v1')}", operation


def contents(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the good answers of an operation hold, by kind."""
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            yield from answer.get("content", {}).items()


def validator(whole: dict[str, Any], schema: dict[str, Any]) -> Any:
    return jsonschema_rs.Draft202012Validator({**schema, "components": whole["components"]})


def test_it_is_openapi_3_1(shared: Client) -> None:
    whole = shared.get("/openapi.json")
    assert whole["openapi"] == "3.1.0"
    schemathesis.openapi.from_dict(whole).validate()
    for name, schema in whole["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid({**schema, "$schema": "https://json-schema.org/draft/2020-12/schema"}), name


def test_every_route_stands_in_it(shared: Client) -> None:
    described = {name for name, _ in operations(description(shared.app))}
    assert described == {f"{method} {written(path).removeprefix('/api/v1')}" for method, path in ROUTES}


def test_every_answer_has_a_schema_and_an_example_of_it(shared: Client) -> None:
    whole = description(shared.app)
    bare = [name for name, operation in operations(whole) if not list(contents(operation))]
    assert bare == [], "declare `gives` (or `stream`) of these routes"
    wrong = []
    for name, operation in operations(whole):
        for kind, content in contents(operation):
            if kind != JSON:
                continue
            if not content.get("schema") or "example" not in content:
                wrong.append(f"{name}: a field of its answer has no example")
                continue
            wrong += [f"{name} {error}" for error in validator(whole, content["schema"]).iter_errors(content["example"])]
    assert wrong == []


def test_answers_hold_nothing_that_is_not_said(shared: Client) -> None:
    schemas = description(shared.app)["components"]["schemas"]
    strict = {name for name, schema in schemas.items() if schema.get("additionalProperties") is False}
    loose = sorted(name for name in set(schemas) - strict - {"Problem"} if not name.endswith("Body"))
    assert loose == ["Description"], "an OpenAPI document has more than is named here"


def test_every_body_has_an_example_that_is_taken(shared: Client) -> None:
    whole = description(shared.app)
    wrong = []
    for name, operation in operations(whole):
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            if "example" not in content:
                wrong.append(f"{name} {kind}: no example")
            elif kind == JSON:
                wrong += [f"{name} {error}" for error in validator(whole, content["schema"]).iter_errors(content["example"])]
    assert wrong == []


def test_every_default_is_a_value_that_is_taken(shared: Client) -> None:
    whole = description(shared.app)
    wrong = []

    def look(part: Any, place: str) -> None:
        if isinstance(part, dict):
            if "default" in part and ("type" in part or "enum" in part) and not validator(whole, part).is_valid(part["default"]):
                wrong.append(f"{place}: {part['default']!r}")
            for name, inner in part.items():
                look(inner, f"{place}.{name}") if name not in ("example", "examples") else None
        elif isinstance(part, list):
            for at, inner in enumerate(part):
                look(inner, f"{place}[{at}]")

    look(whole["paths"], "paths")
    look(whole["components"], "components")
    assert wrong == []


def test_every_refusal_shows_its_problem(shared: Client) -> None:
    whole = description(shared.app)
    for name, operation in operations(whole):
        refusals = {status: answer for status, answer in operation["responses"].items() if not status.startswith("2")}
        assert refusals, name
        for status, answer in refusals.items():
            content = resolved(whole, answer)["content"]["application/problem+json"]
            assert validator(whole, content["schema"]).is_valid(content["example"]), (name, status)


def shop(api: Client) -> None:
    """One of everything that there is to read."""
    api.engine.people.start_session(api.engine.people.user("chen"))
    once.managed(api, assigned=True)
    api.engine.managers.add("Wu", capacity=3)
    api.engine.managers.give(["C2"], "Wu", reason="known")
    api.engine.managers.release(["C2"], reason="far")
    once.fix(api, approved=True)
    once.draft(api, "edit", "submit", "approve", "publish")
    draft = api.engine.drafts.new(title="two")
    api.engine.drafts.edit(draft.id, revision=draft.revision, document={**draft.document, "name": "Another"})
    api.engine.care.save("birthday", once.CARE)
    once.gateway(api)
    api.engine.interactions.add("C1", channel="phone", note="well")
    api.engine.care.save("quiet", {"trigger": "silence", "days": 1, "text": "x", "delivery": "webhook", "consent": "none"})
    assert api.engine.care.run().made
    wrong = {"order": "WRONG", "customer": "C1", "ordered_at": "2026-13-01", "amount": "5.00"}
    api.engine.import_facts([wrong, {**wrong, "order": "RIGHT", "ordered_at": "2025-12-01"}], "orders")
    chen = api.engine.acting_as("chen")
    chen.comments.add(draft.id, "Why so few?")
    api.engine.drafts.submit(draft.id)
    chen.views.save("customers", "mine", {"filters": ["abc.class=A"]})
    api.engine.tags.add("vip")
    api.engine.tags.give("tags.vip", ["C1"])
    once.ticket(api)
    api.engine.tickets.say(1, "It arrives tomorrow.")
    api.engine.calendars.save("office", once.OFFICE)
    api.engine.desk.save_answer("sorry", {"title": "Sorry", "text": "We are sorry."})
    api.engine.tasks.add("Call about the renewal", customer="C1")
    api.engine.points.earn("C1", 120, key="one")
    once.reward(api, "reserve")
    once.offer(api)
    api.engine.offers.issue("coupon", 1)
    with api.engine.store.write() as connection:
        connection.execute(update(coupon).values(code="ABCDEFGHJKMN"))
    api.engine.schedules.add_run("0 2 * * *")
    once.webhook(api, delivered=True)
    once.job(api)
    live = api.engine.version().document
    api.engine.publish(
        {**live, "policies": [*live["policies"], {"key": "membership", "type": "membership", "owner": "chen", "review_by": "2999-01-01"}]}
    )
    api.engine.run("2026-01-05")
    api("GET", "/exports/assignments", code=200).close()


READ: dict[tuple[str, str], tuple[str, Any]] = {
    ("GET", "/docs/<name>"): ("/docs/tierwise.js", None),
    ("GET", "/customers/<path:customer>"): ("/customers/C1?explain=true", None),
    ("GET", "/loyalty/members/<path:customer>"): ("/loyalty/members/C1?plus=12.50", None),
    ("GET", "/customers/<path:customer>/points"): ("/customers/C1/points", None),
    ("GET", "/customers/<path:customer>/points/history"): ("/customers/C1/points/history", None),
    ("GET", "/loyalty/rewards/<reward>"): ("/loyalty/rewards/mug", None),
    ("GET", "/loyalty/codes/<code>"): ("/loyalty/codes/ABCDEFGHJKMN", None),
    ("GET", "/customers/<path:customer>/rewards"): ("/customers/C1/rewards", None),
    ("POST", "/customers/<path:customer>/offers"): ("/customers/C1/offers", {"basket": 500}),
    ("GET", "/customers/<path:customer>/explanations"): ("/customers/C1/explanations?to=active&policy=lifecycle", None),
    ("GET", "/customers/<path:customer>/evidence"): ("/customers/C1/evidence?feature=orders.count_365d", None),
    ("GET", "/customers/<path:customer>/timeline"): ("/customers/C1/timeline", None),
    ("GET", "/customers/<path:customer>/orders"): ("/customers/C1/orders?limit=2", None),
    ("GET", "/moves/<output>"): ("/moves/lifecycle.stage", None),
    ("GET", "/customer-columns/<name>/choices"): ("/customer-columns/lifecycle.stage/choices", None),
    ("GET", "/customers"): ("/customers?filter=tags.vip=true&sort=-orders.count", None),
    ("GET", "/drafts/<int:draft>/comments"): ("/drafts/2/comments", None),
    ("GET", "/insight/portraits/<output>"): ("/insight/portraits/lifecycle.stage?label=dormant", None),
    ("GET", "/insight/radar/<output>"): ("/insight/radar/lifecycle.stage?days=30&every=7", None),
    ("POST", "/rulebooks/compare"): ("/rulebooks/compare", {"documents": {"first": "starter"}}),
    ("POST", "/rulebooks/wanted"): (
        "/rulebooks/wanted",
        {"document": "starter", "place": "abc.cuts[0]", "output": "abc.class", "label": "A", "count": 10},
    ),
    ("GET", "/pictures/<picture>"): ("/pictures/lifecycle.stages", None),
    ("GET", "/trends/<output>"): ("/trends/lifecycle.stage", None),
    ("GET", "/flows/<output>"): ("/flows/lifecycle.stage?first=1", None),
    ("GET", "/members"): ("/members?where=orders.count>=1", None),
    ("GET", "/service/customers/<customer>/manager"): ("/service/customers/C1/manager", None),
    ("GET", "/service/managers/<name>"): ("/service/managers/Sun", None),
    ("GET", "/service/care/<key>"): ("/service/care/birthday", None),
    ("GET", "/customers/<path:customer>/interactions"): ("/customers/C1/interactions", None),
    ("GET", "/service/gateways/<key>"): ("/service/gateways/sms", None),
    ("POST", "/service/gateways/<key>/trial"): ("/service/gateways/sms/trial", {"to": "+86 138"}),
    ("GET", "/service/care/<key>/effect"): ("/service/care/birthday/effect", None),
    ("GET", "/service/calendars/<name>"): ("/service/calendars/office", None),
    ("GET", "/service/tickets/<int:ticket>"): ("/service/tickets/1", None),
    ("GET", "/service/tickets/<int:ticket>/timeline"): ("/service/tickets/1/timeline", None),
    ("GET", "/service/tickets/<int:ticket>/answers"): ("/service/tickets/1/answers", None),
    ("GET", "/service/tasks/<int:task>"): ("/service/tasks/1", None),
    ("GET", "/batches/<int:batch>/rejected"): ("/batches/3/rejected", None),
    ("GET", "/runs/<int:run>"): ("/runs/1", None),
    ("GET", "/jobs/<int:job>"): ("/jobs/1", None),
    ("GET", "/rulebooks/<name>"): ("/rulebooks/live", None),
    ("GET", "/rulebooks/<name>/diff"): ("/rulebooks/2/diff?against=1", None),
    ("GET", "/drafts/<int:draft>"): ("/drafts/1", None),
    ("GET", "/drafts/<int:draft>/history"): ("/drafts/1/history", None),
    ("GET", "/drafts/<int:draft>/check"): ("/drafts/1/check", None),
    ("GET", "/drafts/<int:draft>/diff"): ("/drafts/2/diff", None),
    ("GET", "/policy-types/<name>"): ("/policy-types/abc", None),
    ("GET", "/users/<name>"): ("/users/till", None),
    ("GET", "/webhooks/<int:webhook>"): ("/webhooks/1", None),
    ("GET", "/webhooks/<int:webhook>/deliveries"): ("/webhooks/1/deliveries", None),
    ("POST", "/drafts/<int:draft>/simulate"): ("/drafts/1/simulate", {"movers": 5}),
    ("POST", "/rulebooks/check"): ("/rulebooks/check", "live"),
    ("POST", "/rulebooks/simulate"): ("/rulebooks/simulate", "starter"),
    ("POST", "/evaluate"): ("/evaluate", {"customers": ["C1", "C2"], "explain": True}),
}
"""How each route is asked that changes nothing; those of a plain path are asked as they are."""

READING = sorted((method, path.removeprefix("/api/v1")) for (method, path), need in ROUTES.items() if not need.mutates)


@pytest.fixture(scope="module")
def stocked(shared: Client) -> Client:
    """An API with one of everything."""
    shop(shared)
    shared.app.extensions["tierwise-api"].gate.heavy = 10**9
    return shared


def documents(api: Client) -> dict[str, Callable[[], Any]]:
    """Documents that bodies name: the live rules, and those that were live first, with other cuts."""

    def first() -> Any:
        kept = ("format", "name", "policies", "guards")
        found = {key: value for key, value in api.engine.version("1").document.items() if key in kept}
        next(entry for entry in found["policies"] if entry["type"] == "abc")["params"]["cuts"] = [0.3, 0.6]
        return found

    return {"live": lambda: api.engine.version().document, "starter": first}


@pytest.mark.parametrize("route", READING, ids=[" ".join(route) for route in READING])
def test_every_route_answers_as_it_says(stocked: Client, route: tuple[str, str]) -> None:
    path, body = READ.get(route, (route[1], None))
    assert "<" not in path, "say in READ how this route is asked"
    if isinstance(body, str):
        body = {"document": body}
    body = _filled(body, documents(stocked))
    answer = stocked(route[0], path, code=200, **({} if body is None else {"json": body}))
    found = answer.json if answer.is_json else None
    if isinstance(found, dict) and "items" in found:
        assert found["items"] or route[1] in EMPTY, "an empty list proves nothing: let `shop` make one"
    answer.close()


def _filled(body: Any, known: dict[str, Callable[[], Any]]) -> Any:
    """A body with its documents written out."""
    if isinstance(body, dict):
        return {name: _filled(value, known) if name in ("document", "documents", "first") else value for name, value in body.items()}
    return known[body]() if isinstance(body, str) else body


EMPTY: tuple[str, ...] = ("/service/levels",)
"""Lists that have nothing in them here."""


def test_no_two_answers_or_bodies_have_one_name() -> None:
    names = [
        name
        for package in (answers, views)
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
        for name, found in vars(importlib.import_module(module.name)).items()
        if isinstance(found, type) and issubclass(found, Schema) and found.__module__ == module.name and not name.endswith("Query")
    ]
    assert [name for name, count in Counter(names).items() if count > 1] == [], "they stand side by side in one description"


def test_an_example_is_composed_of_its_parts() -> None:
    class Part(Given):
        name = string("one")

    class Whole(Given):
        count = integer(2)
        parts = many(Part)
        none = string(None, null=True)

    assert example_of(Whole) == {"count": 2, "parts": [{"name": "one"}], "none": None}

    class Silent(Given):
        name = fields.String()

    with pytest.raises(LookupError, match="name has no example"):
        example_of(Silent)


def test_lists_go_on_where_the_page_before_ended(api: Client) -> None:
    for title in ("one", "two", "three"):
        api.engine.drafts.new(title=title)
    api.engine.run("2026-01-01")
    api.engine.run("2026-01-02")
    for path, key, count in (("/drafts", "id", 3), ("/runs", "run", 3)):
        seen, after = [], ""
        while True:
            page = api.get(f"{path}?limit=1{after}")
            seen += [item[key] for item in page["items"]]
            if "next" not in page:
                break
            after = f"&after={page['next']}"
        assert seen == list(range(count, 0, -1))
        api("GET", f"{path}?after=x", code=422)
