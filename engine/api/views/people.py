"""Users, roles, keys and sessions."""

from __future__ import annotations

from typing import Any

from flask import current_app
from marshmallow import fields, validate

from engine.api.answers.parts import listing
from engine.api.answers.people import Ended, KeyMade, Me, PasswordSet, Permission, Role, Session
from engine.api.answers.people import Key as KeyGiven
from engine.api.answers.people import User as UserGiven
from engine.api.fields import Flag, choice, text
from engine.api.kit import Answer, Call, Routes, Strict, or_404, tagged
from engine.api.needs import ANY_KEY
from engine.api.problems import Problem
from engine.api.views.runs import number
from engine.errors import PeopleError
from engine.moments import as_moment
from engine.people import Key, User
from engine.permissions import REACHES, ROLES, SCOPES, check_area, check_roles

routes = Routes("people", "Who may do what: users, roles, keys, sessions.")


class UserBody(Strict):
    """A new user."""

    name = text(100, "The login name.", required=True)
    display_name = text(200, load_default="", least=0)
    roles = fields.List(choice(*ROLES), required=True, validate=validate.Length(max=len(ROLES)))
    password = text(1024, "Absent: nobody signs in as it; it is for keys.", load_default=None)
    language = choice("en", "zh", load_default="en")
    theme = choice("system", "light", "dark", load_default="system")
    reach = choice(*REACHES, words="Whose customers it sees.", load_default="all")
    unit = text(200, load_default=None)
    owner = text(200, load_default=None)


class UserEdit(Strict):
    """What changes."""

    display_name = text(200)
    roles = fields.List(choice(*ROLES), validate=validate.Length(max=len(ROLES)))
    language = choice("en", "zh")
    theme = choice("system", "light", "dark")
    reach = choice(*REACHES)
    unit = text(200, allow_none=True)
    owner = text(200, allow_none=True)


class PermissionBody(Strict):
    """What a role may in an area."""

    read = Flag(required=True)
    write = Flag(required=True)


class KeyBody(Strict):
    """A new key."""

    title = text(200, required=True)
    user = text(100, "As whom it acts.", required=True)
    scopes = fields.List(choice(*SCOPES), required=True, validate=validate.Length(1, len(SCOPES)))
    expires_at = text(40, "A moment, such as 2030-01-01; absent: never.", load_default=None, allow_none=True)
    test = Flag(load_default=False)


class PasswordBody(Strict):
    """A new password."""

    password = text(1024, required=True)


def _user(user: User, call: Call) -> dict[str, Any]:
    return call.dated(user.as_dict(), "created_at", "signed_in_at")


def _key(key: Key, call: Call) -> dict[str, Any]:
    return call.dated(key.as_dict(), "created_at", "expires_at", "disabled_at", "used_at")


def _there(call: Call, name: str) -> User:
    with or_404(PeopleError):
        return call.engine.people.user(name)


@routes.verb("GET", "/me", ANY_KEY, gives=Me)
def whoami(call: Call) -> Any:
    """Who this key is, and what it may do."""
    may = [scope for scope in call.caller.key.scopes if call.caller.may(scope.partition(":")[0], write=scope.endswith(":write"))]
    return {
        "user": call.caller.user.name,
        "key": call.caller.key.id,
        "scopes": may,
        "reach": call.caller.user.reach,
        "test": call.caller.key.test,
    }


@routes.verb("GET", "/users", "people:read", gives=listing(UserGiven))
def list_users(call: Call) -> Any:
    """Every user, by name."""
    return {"items": [_user(user, call) for user in call.engine.people.users()]}


@routes.verb(
    "POST",
    "/users",
    "people:write",
    body=UserBody,
    status=201,
    example={"name": "till", "roles": ["service"]},
    gives=UserGiven,
    sends=("ETag",),
)
def add_user(call: Call) -> Any:
    """Add a user. Nobody can give roles that may more than they may themselves."""
    user = call.engine.people.add(**call.body)
    return tagged(_user(user, call), user.revision, 201)


@routes.verb("GET", "/users/<name>", "people:read", gives=UserGiven, sends=("ETag",))
def get_user(call: Call, name: str) -> Any:
    """One user; the ETag is for If-Match."""
    user = _there(call, name)
    return tagged(_user(user, call), user.revision)


@routes.verb("PATCH", "/users/<name>", "people:write", body=UserEdit, etag=True, example={"roles": ["viewer"]}, gives=UserGiven)
def edit_user(call: Call, name: str) -> Any:
    """Change a user."""
    user, seen = _there(call, name), call.revision()
    if user.revision != seen:
        raise Problem("precondition_failed", "the user was changed meanwhile; read it again")
    user = call.engine.people.edit(name, revision=seen, **call.body)
    current_app.extensions["tierwise-api"].gate.forget()
    return tagged(_user(user, call), user.revision)


@routes.verb("POST", "/users/<name>/disable", "people:write", gives=UserGiven, sends=("ETag",))
def disable_user(call: Call, name: str) -> Any:
    """Let a user in no more: sessions end, keys are dead."""
    _there(call, name)
    user = call.engine.people.disable(name)
    current_app.extensions["tierwise-api"].gate.forget()
    return tagged(_user(user, call), user.revision)


@routes.verb("POST", "/users/<name>/enable", "people:write", gives=UserGiven, sends=("ETag",))
def enable_user(call: Call, name: str) -> Any:
    """Let a user in again."""
    _there(call, name)
    user = call.engine.people.disable(name, back=True)
    return tagged(_user(user, call), user.revision)


@routes.verb(
    "PUT",
    "/users/<name>/password",
    "people:write",
    body=PasswordBody,
    example={"password": "another lake, further down"},
    gives=PasswordSet,
)
def set_user_password(call: Call, name: str) -> Any:
    """Give a user a new password; its sessions end."""
    _there(call, name)
    call.engine.people.set_password(name, call.body["password"])
    return {"name": name, "changed": True}


@routes.verb("GET", "/roles", "people:read", gives=listing(Role))
def list_roles(call: Call) -> Any:
    """Every role, and what it may read and write."""
    found = call.engine.people.roles()
    items = [
        {
            "role": key,
            "title": {"en": ROLES[key].title.en, "zh": ROLES[key].title.zh},
            "grants": {area: sorted(may) for area, may in grants.items()},
        }
        for key, grants in found.items()
    ]
    return {"items": items}


@routes.verb("PUT", "/roles/<role>/<area>", "people:write", body=PermissionBody, example={"read": True, "write": False}, gives=Permission)
def set_permission(call: Call, role: str, area: str) -> Any:
    """Change what a role may in an area."""
    with or_404(PeopleError):
        check_roles([role])
        check_area(area)
    call.engine.people.set_permission(role, area, **call.body)
    current_app.extensions["tierwise-api"].gate.forget()
    return {"role": role, "area": area, **call.body}


@routes.verb("GET", "/keys", "people:read", gives=listing(KeyGiven))
def list_keys(call: Call) -> Any:
    """Every key, the newest first; the secrets are not kept."""
    return {"items": [_key(key, call) for key in call.engine.people.keys(None)]}


@routes.verb(
    "POST",
    "/keys",
    "people:write",
    body=KeyBody,
    status=201,
    secret=True,
    example={"title": "the till", "user": "till", "scopes": ["results:read"]},
    gives=KeyMade,
)
def make_key(call: Call) -> Any:
    """Make a key. Its `secret` is answered this once, and again to the same idempotency key."""
    asked = {**call.body}
    if asked["expires_at"] is not None:
        asked["expires_at"] = as_moment(asked["expires_at"], call.engine.zone, "expires_at")
    secret, key = call.engine.people.make_key(**asked, make=call.secret)
    return Answer({"secret": secret, **_key(key, call)}, 201)


@routes.verb("DELETE", "/keys/<int:key>", "people:write", gives=KeyGiven)
def revoke_key(call: Call, key: int) -> Any:
    """Make a key dead."""
    with or_404(PeopleError):
        found = call.engine.people.revoke_key(number(key))
    current_app.extensions["tierwise-api"].gate.forget()
    return _key(found, call)


@routes.verb("GET", "/sessions", "people:read", gives=listing(Session))
def list_sessions(call: Call) -> Any:
    """Sessions that are alive, the latest first."""
    return {"items": [call.dated(each.as_dict(), "created_at", "seen_at") for each in call.engine.people.sessions()]}


@routes.verb("DELETE", "/sessions/<int:session>", "people:write", gives=Ended)
def end_session(call: Call, session: int) -> Any:
    """End a session, for every process at once."""
    return {"ended": call.engine.people.end_session(number(session))}
