"""A key of somebody who sees only their own customers, or those of their unit, tells of no other on any route that reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.permissions import ROLES
from tests.api.conftest import Client, client_of
from tests.api.test_answers import READ, READING, shop

OWNER = "S0"
"""Sells to C0, C3, C6, ...; what `shop` makes is about C1 and C2, whom others sell to."""

OF_ALL = {
    "/openapi.json": "examples, not data",
    "/service/pool": "customers nobody looks after are offered to all who may claim, by id alone",
}

OTHERS = re.compile(r"\bC(\d+)\b|\bName (\d+)\b|\bc(\d+)@example\.org")


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory, filled: Path) -> Iterator[Client]:
    import shutil

    path = Path(tmp_path_factory.mktemp("reach")) / "store.db"
    shutil.copy(filled, path)
    for client in client_of(f"sqlite:///{path}", filled=True):
        shop(client)
        client.app.extensions["tierwise-api"].gate.heavy = 10**9
        client.app.extensions["tierwise-api"].gate.light = 10**9
        yield client


@pytest.fixture(scope="module")
def scoped(stocked: Client) -> dict[str, Client]:
    """A key of every scope for each role, held by somebody who sees what `OWNER` sells."""
    found = {f"{role} own": stocked.user(role, reach="own", owner=OWNER) for role in ROLES}
    found["analyst unit"] = stocked.user("analyst", reach="unit", unit="nowhere")
    found["administrator unit"] = stocked.user("administrator", reach="unit", unit="nowhere")
    return found


def others(text: str, who: str) -> list[str]:
    """Customers in a text whom this person does not see."""
    found = [(match.group(), int(match[1] or match[2] or match[3])) for match in OTHERS.finditer(text)]
    return sorted({name for name, number in found if who.endswith("unit") or number % 3})


@pytest.mark.parametrize("route", READING, ids=[" ".join(route) for route in READING])
def test_no_route_tells_of_other_customers(stocked: Client, scoped: dict[str, Client], route: tuple[str, str]) -> None:
    path, body = READ.get(route, (route[1], None))
    if path in OF_ALL:
        path = "/me"
    asked = set(OTHERS.findall(path + json.dumps(body)))
    for who, client in scoped.items():
        answer = client(route[0], path, **({} if body is None else {"json": body}))
        assert answer.status_code < 500, (who, route)
        text = answer.get_data(as_text=True)
        answer.close()
        told = others(text, who)
        if answer.status_code >= 400:  # it may say again what was asked for
            told = [name for name in told if OTHERS.findall(name)[0] not in asked]
        else:
            assert not any(name[0] for name in asked if int(name[0] or 0) % 3 and f"/C{name[0]}" in path), (
                who,
                route,
                "answered a stranger",
            )
        assert told == [], (who, route, text[:500])


@pytest.mark.parametrize("where", ["C1", "C2", "C4", "C%31", "c1"])
def test_an_id_of_somebody_else_is_as_unknown_as_none(stocked: Client, scoped: dict[str, Client], where: str) -> None:
    for who, client in scoped.items():
        for path, method, body in (
            (f"/customers/{where}", "GET", None),
            ("/evaluate", "POST", {"customers": [where.replace("%31", "1")]}),
            (
                "/fixed-values",
                "POST",
                {"customer": where.replace("%31", "1"), "output": "abc.class", "value": "A", "reason": "x", "until": "2999-01-01"},
            ),
        ):
            known = client(method, path, **({} if body is None else {"json": body}))
            other = path.replace(where, "C9999")
            nobody = client(
                method,
                other,
                **({} if body is None else {"json": json.loads(json.dumps(body).replace(where.replace("%31", "1"), "C9999"))}),
            )
            assert known.status_code == nobody.status_code, (
                who,
                path,
                known.get_data(as_text=True)[:200],
                nobody.get_data(as_text=True)[:200],
            )
            assert known.status_code in (403, 404, 422), (who, path)


def objects(stocked: Client) -> dict[str, tuple[str, Any]]:
    """What belongs to chen, and how one would change it."""
    people = stocked.engine.people
    keys = [key.id for key in people.keys() if key.user == "chen"]  # noqa: SIM118  # a verb, no mapping
    sessions = [session.id for session in people.sessions()]
    return {
        "a key": (f"DELETE /keys/{keys[0]}", None),
        "a session": (f"DELETE /sessions/{sessions[0]}", None),
        "a password": ("PUT /users/chen/password", {"password": "another lake, further down"}),
        "a user": ("POST /users/chen/disable", None),
        "rights": ("PUT /roles/viewer/people", {"read": True, "write": True}),
        "a webhook": ("PATCH /webhooks/1", {"enabled": False}),
        "an approval": ("POST /drafts/2/approve", {}),
    }


AREA = {
    "a key": "people",
    "a session": "people",
    "a password": "people",
    "a user": "people",
    "rights": "people",
    "a webhook": "settings",
    "an approval": "reviews",
}


def state(stocked: Client) -> Any:
    """Who there is, and who may do what."""
    people = stocked.engine.people
    keys = [(key.id, key.disabled_at) for key in people.keys()]  # noqa: SIM118  # a verb, no mapping
    return people.users(), keys, [session.id for session in people.sessions()]


@pytest.mark.parametrize("what", list(AREA))
def test_what_belongs_to_somebody_else_stays(stocked: Client, scoped: dict[str, Client], what: str) -> None:
    before, (asked, body) = state(stocked), objects(stocked)[what]
    method, path = asked.split(" ")
    for who, client in scoped.items():
        if "write" not in ROLES[who.split(" ")[0]].grants[AREA[what]]:
            client(method, path, headers={"If-Match": '"1"'}, code=403, **({} if body is None else {"json": body}))
    assert state(stocked) == before
