"""Every route × role × method, from the URL map: a route that declares nothing fails here."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.exceptions import MethodNotAllowed

from engine.api.needs import ANY_KEY, OPEN, Need
from engine.api.views import ALL
from engine.permissions import AREAS, ROLES, SCOPES
from tests.api.conftest import Client

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def declared() -> dict[tuple[str, str], Need]:
    """(method, path) to what the route declares; made without a store."""
    from flask import Flask

    app = Flask("routes", static_folder=None)
    found = {}
    for routes in ALL:
        app.register_blueprint(routes)
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            found[(method, str(rule))] = getattr(app.view_functions[rule.endpoint], "__need__", None)
    return found  # type: ignore[return-value]


ROUTES = declared()
PATHS = sorted({path for _, path in ROUTES})


def url(path: str) -> str:
    """A path with ids that nothing has."""
    import re

    return re.sub(r"<(int:)?(path:)?\w+>", lambda m: "999999" if m[1] else "nothing", path).removeprefix("/api/v1")


def test_every_route_declares_what_it_needs() -> None:
    assert [route for route, need in ROUTES.items() if need is None] == []
    assert {need.scope for need in ROUTES.values()} <= {*SCOPES, ANY_KEY, OPEN}
    wrong = [route for route, need in ROUTES.items() if need.mutates and route[0] == "GET"]
    assert wrong == []
    assert [route for route, need in ROUTES.items() if need.mutates and not need.write] == []
    assert {path for (_, path), need in ROUTES.items() if need.scope == OPEN} == {
        "/api/v1/health", "/api/v1/ready", "/api/v1/docs", "/api/v1/docs/<name>",
    }  # fmt: skip


@pytest.fixture(scope="module")
def people(shared: Client) -> dict[str, Client]:
    """A client per role, each with a key of every scope, and one per way of having no right at all."""
    shared.app.extensions["tierwise-api"].gate.heavy = 10**9
    found: dict[str, Client] = {role: shared.user(role) for role in ROLES}
    found["nobody"] = shared.as_("")
    found["powerless"] = shared.key(*[f"{area}:read" for area in AREAS], user=_without_roles(shared))
    return found


def _without_roles(shared: Client) -> str:
    shared.engine.people.add("powerless", roles=[])
    return "powerless"


def expected(role: str, need: Need) -> set[int]:
    if need.scope == OPEN:
        return set(range(200, 500)) - {401, 403}
    if role == "nobody":
        return {401}
    if need.scope == ANY_KEY:
        return {200}
    how = "write" if need.write else "read"
    may = role in ROLES and any(how in ROLES[role].grants[scope.partition(":")[0]] for scope in need.scopes)
    return set(range(200, 500)) - {401, 403} if may else {403}


def need_of(api: Client, method: str, path: str) -> Need | None:
    """What the route declares that answers this path; None when none does."""
    try:
        rule, _ = api.app.url_map.bind("localhost").match(path, method=method, return_rule=True)
    except MethodNotAllowed:
        return None
    return ROUTES[(method, str(rule))]


@pytest.mark.parametrize("path", PATHS)
def test_each_role_may_exactly_what_is_declared(shared: Client, people: dict[str, Client], path: str) -> None:
    for role, client in people.items():
        for method in METHODS:
            need = need_of(shared, method, f"/api/v1{url(path)}")
            query = {"dry_run": "true"} if need is not None and need.mutates else {}
            options: dict[str, Any] = {} if method == "GET" else {"json": {}}
            response = client(method, url(path), query_string=query, headers={"If-Match": '"1"'}, **options)
            known = {405} if need is None else expected(role, need)
            assert response.status_code in known, (role, method, path, response.get_data(as_text=True)[:300])
            assert "Access-Control-Allow-Origin" not in response.headers
            response.close()


@pytest.mark.parametrize("path", PATHS)
def test_no_other_site_may_ask(shared: Client, path: str) -> None:
    for origin in ("https://evil.example", "null", "http://localhost.evil.example"):
        response = shared("OPTIONS", url(path), headers={"Origin": origin, "Access-Control-Request-Method": "POST"})
        assert not [name for name, _ in response.headers if name.lower().startswith("access-control")]
        response.close()


def test_reading_changes_nothing(shared: Client, people: dict[str, Client]) -> None:
    from sqlalchemy import func, select

    from engine.store.models import metadata

    def counts() -> dict[str, int]:
        with shared.engine.store.read() as connection:
            return {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in metadata.sorted_tables}

    before = counts()
    for method, path in ROUTES:
        if method == "GET" and not path.startswith("/api/v1/exports"):
            people["administrator"]("GET", url(path)).close()
    assert counts() == before
