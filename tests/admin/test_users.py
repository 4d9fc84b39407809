"""People through the console: added with a password for one time, changed, locked out; what roles may; keys; sessions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from engine.errors import NotAllowed
from engine.service import Engine
from tests.admin.conftest import PASSWORD, Browser, open_app

NEW = "nine green bottles of ink"


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    with Engine.open(sqlite_url) as engine:
        engine.people.first_administrator("ada", PASSWORD, display_name="Ada Min")
        yield engine


@pytest.fixture
def app(engine: Engine) -> Flask:
    return open_app(engine)


@pytest.fixture
def ada(app: Flask) -> Browser:
    return Browser(app).sign_in("ada")


def secret_of(answer: Any) -> str:
    found = re.search(r'<code id="secret"[^>]*>([^<]+)</code>', answer.text)
    assert found is not None
    return found[1]


def person(**changes: Any) -> dict[str, Any]:
    return {"name": "lin", "display_name": "林慧", "roles": ["analyst"], "reach": "all", "language": "zh", "kind": "person", **changes}


def test_a_person_is_added_and_chooses_a_password(app: Flask, engine: Engine, ada: Browser) -> None:
    answer = ada.post("/users/add", person())
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    once = secret_of(answer)
    assert once not in ada.get("/users/2").text
    lin = Browser(app)
    page = lin.post("/login", {"name": "lin", "password": once})
    assert (page.status_code, 'action="/choose"' in page.text) == (200, True)
    assert lin.get("/").status_code == 302, "nobody is signed in by it"
    choice = {"name": "lin", "password": once, "new": NEW, "again": NEW}
    assert lin.post("/choose", {**choice, "again": "x"}).status_code == 400
    assert lin.post("/choose", {**choice, "new": "short", "again": "short"}).status_code == 400
    assert lin.post("/choose", {**choice, "password": "wrong"}).status_code == 401
    answer = lin.post("/choose", {**choice, "next": "https://evil.example/"})
    assert (answer.status_code, answer.location) == (302, "/")
    assert 'lang="zh-Hans"' in lin.get("/").text
    assert Browser(app).post("/choose", choice).status_code == 401, "used up"
    assert engine.people.user("lin").roles == ("analyst",)


def test_a_program_has_no_password_and_gets_a_key(engine: Engine, ada: Browser) -> None:
    answer = ada.post("/users/add", person(name="till", kind="program", roles=["service"]))
    assert answer.location == "/users/keys?user=till"
    assert not engine.people.user("till").has_password
    answer = ada.post("/users/keys", {"title": "harbour", "user": "till", "scopes": ["results:read"], "days": "30"})
    secret = secret_of(answer)
    caller = engine.people.verify_key(secret)
    assert (caller.user.name, caller.key.scopes) == ("till", ("results:read",))
    assert caller.key.expires_at is not None
    page = ada.get("/users/keys").text
    assert secret not in page
    assert "harbour" in page
    assert ada.post(f"/users/keys/{caller.key.id}/revoke").status_code == 302
    assert engine.people.keys()[0].disabled_at is not None
    assert "revoked" in ada.get("/users/keys").text


@pytest.mark.parametrize(
    ("path", "form", "said"),
    [
        ("/users/add", {"name": "l"}, "cannot be a login name"),
        ("/users/add", {"name": "ada"}, "already"),
        ("/users/add", {"roles": ["king"]}, "there is no role"),
        ("/users/add", {"reach": "unit", "unit": ""}, "needs the word"),
        ("/users/add", {"reach": "moon"}, "there is no reach"),
        ("/users/add", {"language": "fr"}, "there is no language"),
        ("/users/add", {"display_name": "x" * 201}, "printable characters"),
        ("/users/keys", {"title": "", "user": "ada", "scopes": ["results"], "days": "30"}, "printable characters"),
        ("/users/keys", {"title": "t", "user": "nobody", "scopes": ["results"], "days": "30"}, "there is no user"),
        ("/users/keys", {"title": "t", "user": "ada", "scopes": [], "days": "30"}, "needs a scope"),
        ("/users/keys", {"title": "t", "user": "ada", "scopes": ["moon:read"], "days": "30"}, "there is no scope"),
        ("/users/keys", {"title": "t", "user": "ada", "scopes": ["results"], "days": "-1"}, "within ten years"),
        ("/users/keys", {"title": "t", "user": "ada", "scopes": ["results"], "days": "1e9"}, "within ten years"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_changes(engine: Engine, ada: Browser, path: str, form: dict[str, Any], said: str) -> None:
    given = person(**form) if path == "/users/add" else form
    answer = ada.post(path, given)
    assert answer.status_code == 400
    assert said in answer.text
    assert len(engine.people.users()) == 1
    assert engine.people.keys() == []
    chinese = ada.speak("zh").post(path, given).text
    assert said not in chinese, "the reason is in the reader's language"


def test_a_user_is_edited_by_who_saw_the_newest(engine: Engine, ada: Browser) -> None:
    engine.people.add("lin", roles=["viewer"])
    form = {"display_name": "Lin", "roles": ["viewer", "approver"], "reach": "unit", "unit": "North", "language": "en", "revision": "1"}
    assert ada.post("/users/2", form).status_code == 302
    lin = engine.people.user("lin")
    assert (lin.roles, lin.reach, lin.unit) == (("viewer", "approver"), "unit", "North")
    assert ada.post("/users/2", {**form, "display_name": "Late"}).status_code == 400
    assert engine.people.user("lin").display_name == "Lin"
    assert ada.get("/users/99").status_code == 404
    assert ada.post("/users/99", form).status_code == 404


def test_the_last_administrator_stays(engine: Engine, ada: Browser) -> None:
    page = ada.get("/users/1").text
    assert "you are the only administrator" in page
    assert ada.post("/users/1/disable").status_code == 400
    form = {"display_name": "Ada", "roles": ["viewer"], "reach": "all", "language": "en"}
    assert ada.post("/users/1", form).status_code == 400
    assert engine.people.user("ada").roles == ("administrator",)
    assert not engine.people.user("ada").disabled


def test_disabling_ends_everything_at_once(app: Flask, engine: Engine, ada: Browser) -> None:
    engine.people.add("lin", roles=["viewer"], password=NEW)
    lin = Browser(app).sign_in("lin", NEW)
    secret, _ = engine.people.make_key("k", user="lin", scopes=["results:read"])
    assert lin.get("/").status_code == 200
    assert ada.post("/users/2/disable").status_code == 302
    assert lin.get("/").status_code == 302
    with pytest.raises(NotAllowed):
        engine.people.verify_key(secret)
    assert "disabled" in ada.get("/users/2").text
    assert ada.post("/users/2/enable").status_code == 302
    assert lin.get("/").status_code == 302, "its sessions stay ended"


def test_sessions_are_seen_and_ended(app: Flask, engine: Engine, ada: Browser) -> None:
    engine.people.add("lin", roles=["viewer"], password=NEW)
    first, second = Browser(app).sign_in("lin", NEW), Browser(app).sign_in("lin", NEW)
    assert "2 people are signed in" in ada.get("/users/sessions").text
    one = min(session.id for session in engine.people.sessions("lin"))
    assert ada.post(f"/users/sessions/{one}/end", {"user": "2"}).location == "/users/2"
    assert (first.get("/").status_code, second.get("/").status_code) == (302, 200)
    assert ada.post("/users/2/end").status_code == 302
    assert second.get("/").status_code == 302
    assert ada.get("/").status_code == 200


def test_a_password_is_reset_for_one_time(app: Flask, engine: Engine, ada: Browser) -> None:
    engine.people.add("lin", roles=["viewer"], password=NEW)
    lin = Browser(app).sign_in("lin", NEW)
    once = secret_of(ada.post("/users/2/reset"))
    assert lin.get("/").status_code == 302
    assert Browser(app).post("/login", {"name": "lin", "password": NEW}).status_code == 401
    assert "/choose" in Browser(app).post("/login", {"name": "lin", "password": once}).text


def test_the_matrix_shows_and_changes_what_roles_may(app: Flask, engine: Engine, ada: Browser) -> None:
    page = ada.get("/users/roles").text
    boxes = dict.fromkeys(re.findall(r'name="(\w+\.\w+\.\w+)" checked', page), "on")
    assert ada.post("/users/roles", boxes).status_code == 400, "a form that was cut off"
    shipped = {f"{role}.{area}.{level}" for role, areas in engine.people.roles().items() for area, may in areas.items() for level in may}
    assert set(boxes) == {name for name in shipped if not name.startswith("administrator.")}
    boxes["matrix"] = "whole"
    del boxes["viewer.customers.read"]
    assert ada.post("/users/roles", boxes).status_code == 302
    assert not engine.people.roles()["viewer"]["customers"]
    assert "One permission differs" in ada.get("/users/roles").text
    assert ada.post("/users/roles", {**boxes, "viewer.settings.write": "on"}).status_code == 400, "writing needs reading"
    assert ada.post("/users/roles", {"matrix": "whole"}).status_code == 302
    assert engine.people.user("ada").may("people", write=True), "administrators keep everything"


def test_who_may_only_read_people_changes_nothing(app: Flask, engine: Engine) -> None:
    engine.people.set_permission("viewer", "people", read=True, write=False)
    engine.people.add("lin", roles=["viewer"], password=NEW)
    lin = Browser(app).sign_in("lin", NEW)
    for path in ("/users/", "/users/1", "/users/roles", "/users/keys", "/users/sessions"):
        page = lin.get(path)
        assert page.status_code == 200, path
        assert (
            not re.findall(r'<form method="post"[^>]*action="/users', page.text) or 'fieldset class="plain-set form" disabled' in page.text
        )
    for path in ("/users/add", "/users/1", "/users/1/reset", "/users/1/disable", "/users/roles", "/users/keys", "/users/keys/1/revoke"):
        assert lin.post(path).status_code == 403, path


def test_nobody_gives_what_they_do_not_have(app: Flask, engine: Engine) -> None:
    for level in ("people", "audit"):
        engine.people.set_permission("viewer", level, read=True, write=True)
    engine.people.add("lin", roles=["viewer"], password=NEW)
    lin = Browser(app).sign_in("lin", NEW)
    form = person(name="eve", roles=["administrator"])
    assert lin.post("/users/add", form).status_code == 400
    assert lin.post("/users/1/reset").status_code == 400
    assert lin.post("/users/keys", {"title": "k", "user": "ada", "scopes": ["people"], "days": "30"}).status_code == 400
    assert lin.post("/users/roles", {"matrix": "whole", "viewer.settings.read": "on"}).status_code == 400
    assert [user.name for user in engine.people.users()] == ["ada", "lin"]
    assert Browser(app).sign_in("ada").get("/").status_code == 200
