"""Users, roles, keys and sessions."""

from __future__ import annotations

from typing import Any

from flask import current_app
from marshmallow import fields, validate

from engine.api.fields import Flag, choice, text, whole
from engine.api.kit import ANY_KEY, Answer, Call, Routes, Strict, or_404, tagged
from engine.api.problems import Problem
from engine.api.views.runs import number
from engine.errors import PeopleError
from engine.people import User
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
    expires_at = whole(0, 253_402_214_400, None, "UTC epoch seconds; absent: never.", strict=True, load_default=None, allow_none=True)
    test = Flag(load_default=False)


class PasswordBody(Strict):
    """A new password."""

    password = text(1024, required=True)


def _user(user: User) -> dict[str, Any]:
    return user.as_dict()


def _there(call: Call, name: str) -> User:
    with or_404(PeopleError):
        return call.engine.people.user(name)


@routes.verb("GET", "/me", ANY_KEY)
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


@routes.verb("GET", "/users", "people:read")
def list_users(call: Call) -> Any:
    """Every user, by name."""
    return {"items": [_user(user) for user in call.engine.people.users()]}


@routes.verb("POST", "/users", "people:write", body=UserBody, status=201, example={"name": "till", "roles": ["service"]})
def add_user(call: Call) -> Any:
    """Add a user. Nobody can give roles that may more than they may themselves."""
    user = call.engine.people.add(**call.body)
    return tagged(_user(user), user.revision, 201)


@routes.verb("GET", "/users/<name>", "people:read")
def get_user(call: Call, name: str) -> Any:
    """One user; the ETag is for If-Match."""
    user = _there(call, name)
    return tagged(_user(user), user.revision)


@routes.verb("PATCH", "/users/<name>", "people:write", body=UserEdit, etag=True, example={"roles": ["viewer"]})
def edit_user(call: Call, name: str) -> Any:
    """Change a user."""
    user, seen = _there(call, name), call.revision()
    if user.revision != seen:
        raise Problem("precondition_failed", "the user was changed meanwhile; read it again")
    user = call.engine.people.edit(name, revision=seen, **call.body)
    current_app.extensions["tierwise-api"].gate.forget()
    return tagged(_user(user), user.revision)


@routes.verb("POST", "/users/<name>/disable", "people:write")
def disable_user(call: Call, name: str) -> Any:
    """Let a user in no more: sessions end, keys are dead."""
    _there(call, name)
    user = call.engine.people.disable(name)
    current_app.extensions["tierwise-api"].gate.forget()
    return tagged(_user(user), user.revision)


@routes.verb("POST", "/users/<name>/enable", "people:write")
def enable_user(call: Call, name: str) -> Any:
    """Let a user in again."""
    _there(call, name)
    user = call.engine.people.disable(name, back=True)
    return tagged(_user(user), user.revision)


@routes.verb("PUT", "/users/<name>/password", "people:write", body=PasswordBody)
def set_user_password(call: Call, name: str) -> Any:
    """Give a user a new password; its sessions end."""
    _there(call, name)
    call.engine.people.set_password(name, call.body["password"])
    return {"name": name, "changed": True}


@routes.verb("GET", "/roles", "people:read")
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


@routes.verb("PUT", "/roles/<role>/<area>", "people:write", body=PermissionBody, example={"read": True, "write": False})
def set_permission(call: Call, role: str, area: str) -> Any:
    """Change what a role may in an area."""
    with or_404(PeopleError):
        check_roles([role])
        check_area(area)
    call.engine.people.set_permission(role, area, **call.body)
    current_app.extensions["tierwise-api"].gate.forget()
    return {"role": role, "area": area, **call.body}


@routes.verb("GET", "/keys", "people:read")
def list_keys(call: Call) -> Any:
    """Every key, the newest first; the secrets are not kept."""
    return {"items": [key.as_dict() for key in call.engine.people.keys(None)]}


@routes.verb(
    "POST",
    "/keys",
    "people:write",
    body=KeyBody,
    status=201,
    secret=True,
    example={"title": "the till", "user": "till", "scopes": ["results:read"]},
)
def make_key(call: Call) -> Any:
    """Make a key. Its `secret` is answered this once, and again to the same idempotency key."""
    secret, key = call.engine.people.make_key(**call.body, make=call.secret)
    return Answer({"secret": secret, **key.as_dict()}, 201)


@routes.verb("DELETE", "/keys/<int:key>", "people:write")
def revoke_key(call: Call, key: int) -> Any:
    """Make a key dead."""
    with or_404(PeopleError):
        found = call.engine.people.revoke_key(number(key))
    current_app.extensions["tierwise-api"].gate.forget()
    return found.as_dict()


@routes.verb("GET", "/sessions", "people:read")
def list_sessions(call: Call) -> Any:
    """Sessions that are alive, the latest first."""
    return {"items": [session.as_dict() for session in call.engine.people.sessions()]}


@routes.verb("DELETE", "/sessions/<int:session>", "people:write")
def end_session(call: Call, session: int) -> Any:
    """End a session, for every process at once."""
    return {"ended": call.engine.people.end_session(number(session))}
