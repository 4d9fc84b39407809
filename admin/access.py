"""Who may open what: every route declares its area, and what is not declared is refused.

An area is read by safe methods and written by the others, unless the route says otherwise. Three areas are no part of
any role: `PUBLIC` (anyone), `SIGNED_IN` (whoever is signed in), `OWN_GATE` (the route checks by itself, as the API does).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Flask, abort, current_app, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from engine.service import Engine

PUBLIC, SIGNED_IN, OWN_GATE = "public", "signed in", "own gate"
SAFE = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Access:
    """What a route asks for. safe, unsafe: the level ("read" or "write") for GET and for the methods that change things."""

    area: str
    safe: str = "read"
    unsafe: str = "write"

    def level(self, method: str) -> str:
        """The level that a method needs."""
        return self.safe if method in SAFE else self.unsafe


def declare(app: Flask, endpoint: str, area: str, *, safe: str = "read", unsafe: str = "write") -> None:
    """Say who may open an endpoint. Without it every request is refused."""
    app.extensions.setdefault("tierwise_access", {})[endpoint] = Access(area, safe, unsafe)


def declared(app: Flask, endpoint: str | None) -> Access | None:
    """What an endpoint asks for: declared for itself, or for its whole blueprint as "name.*"."""
    known: dict[str, Access] = app.extensions.get("tierwise_access", {})
    if endpoint is None:
        return None
    return known.get(endpoint) or known.get(f"{endpoint.partition('.')[0]}.*")


def person() -> Any:
    """The signed-in user, or None."""
    return g.get("person")


def acting() -> Engine:
    """The engine in the name of the signed-in user: what every page calls its verbs on."""
    engine: Engine = g.acting
    return engine


def may(area: str, level: str = "read") -> bool:
    """Whether the signed-in user may read or write an area."""
    if area == PUBLIC:
        return True
    who = person()
    return who is not None and (area in (SIGNED_IN, OWN_GATE) or bool(who.may(area, write=level == "write")))


def gate() -> Response | None:
    """Before every request: let it in, send it to the login, or refuse it."""
    if request.endpoint is None:
        return None  # no route: a 404, for anybody
    asked = declared(current_app, request.endpoint)
    if asked is None:
        current_app.logger.error("route %s declares no area and is refused", request.endpoint)
        abort(403)
    if asked.area in (PUBLIC, OWN_GATE):
        return None
    if person() is None:
        return _to_login()
    if not may(asked.area, asked.level(request.method)):
        abort(403)
    return None


def _to_login() -> Response:
    if request.method != "GET" or wants_json():
        abort(401)
    target = request.full_path.rstrip("?")
    if current_app.extensions["tierwise_engine"].people.needs_administrator:
        return redirect(url_for("account.first"))
    return redirect(url_for("account.login", next=target if target != "/" else None))


def wants_json() -> bool:
    """Whether a script asks rather than a person's browser."""
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], "text/html")
    return best == "application/json" or request.is_json


def forget() -> None:
    """Empty the cookie of this visit but for its language: before and after every change of who somebody is."""
    kept = session.get("language")
    session.clear()
    if kept:
        session["language"] = kept
