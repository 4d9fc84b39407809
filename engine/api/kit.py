"""How a route is declared: what it needs, takes and gives, in one place; everything else follows from that.

Each route says the scope it needs (or that it is open), its schemas, and whether it changes anything. From that come: the
check of the key, the limits, the checked parameters, `dry_run`, Idempotency-Key, and the page of documentation. A route
without a declaration fails a test.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from functools import wraps
from types import MappingProxyType
from typing import Any

from flask import Response, current_app, g, request
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields

from engine.api.described import described
from engine.api.needs import OPEN, Need, Takes
from engine.api.parsing import body_of, query_of
from engine.api.problems import Problem, of_bug, of_error, of_problem
from engine.api.spool import spooled
from engine.errors import TierwiseError
from engine.people import Caller
from engine.repeats import Kept, once
from engine.service import Engine

KB = 1024
MB = 1024 * KB

NDJSON = "application/x-ndjson"


class Strict(Schema):
    """A schema that refuses what it does not know."""

    class Meta:
        """Unknown fields are faults: a misspelt one must not be ignored."""

        unknown = RAISE


class DryRun(Strict):
    """The parameter of every route that changes something."""

    dry_run = fields.Boolean(
        load_default=False,
        truthy={"true", "1"},
        falsy={"false", "0"},
        metadata={"description": "Do everything, keep nothing: the answer is the one it would be."},
    )


@dataclass(slots=True)
class Call:
    """One request on its way to the engine: in whose name, with which checked body and parameters."""

    engine: Engine
    caller: Caller
    query: dict[str, Any]
    body: Any
    dry_run: bool = False

    @property
    def personal(self) -> bool:
        """Whether the caller may see personal data unmasked."""
        return self.engine.sight.personal

    @property
    def once_key(self) -> str | None:
        """A name for this request that is the same when it is repeated; None without an idempotency key."""
        key = request.headers.get("Idempotency-Key")
        return f"api:{self.caller.key.id}:{key}" if key else None

    def dated(self, found: Mapping[str, Any], *names: str) -> dict[str, Any]:
        """The same with these moments, epoch seconds or None, written in full in the business zone."""
        seconds = {name: found[name] for name in names if found.get(name) is not None}
        return {**found, **{name: self.engine.written(moment) for name, moment in seconds.items()}}

    def secret(self, prefix: str) -> str:
        """A new secret: of a repeated request the same again, since it is made of the caller's own and the idempotency key."""
        key = request.headers.get("Idempotency-Key")
        if not key:
            return f"{prefix}_{secrets.token_urlsafe(32)}"
        own = request.headers["Authorization"].partition(" ")[2].strip()
        made = hmac.digest(own.encode(), f"{prefix}\n{key}".encode(), "sha256")
        return f"{prefix}_{base64.urlsafe_b64encode(made).decode().rstrip('=')}"

    def need(self, area: str, *, write: bool = False) -> None:
        """Refuse a caller who lacks a further scope that this request turns out to need."""
        current_app.extensions["tierwise-api"].gate.check(self.caller, area, write)

    def revision(self) -> int:
        """The number in If-Match. Raises `Problem` when there is none."""
        given = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
        if not given:
            raise Problem("precondition_required", 'send If-Match with the ETag that you saw, such as If-Match: "3"')
        if not (given.isascii() and given.isdigit() and len(given) < 10):
            raise Problem("precondition_failed", f'If-Match: found {given[:40]!r}; expected an ETag such as "3"')
        return int(given)


@dataclass(slots=True)
class Answer:
    """What a view gives when a plain object is not enough."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def tagged(body: Mapping[str, Any], revision: int, status: int = 200) -> Answer:
    """An answer with the ETag of what it shows."""
    return Answer(dict(body), status, {"ETag": f'"{revision}"'})


@contextmanager
def or_404(*kinds: type[TierwiseError]) -> Iterator[None]:
    """What the path names is not there: these errors of a look-up are answered with 404."""
    try:
        yield
    except kinds as error:
        raise Problem("not_found", str(error)) from None


View = Callable[..., Any]


class Routes(Blueprint):  # type: ignore[misc]  # flask-smorest has no types
    """The routes of one subject, under /api/v1."""

    def __init__(self, name: str, description: str) -> None:
        super().__init__(name, __name__, url_prefix="/api/v1", description=description)
        self.register_error_handler(Problem, of_problem)
        self.register_error_handler(TierwiseError, of_error)
        self.register_error_handler(Exception, of_bug)

    def verb(
        self,
        method: str,
        path: str,
        scope: str,
        *,
        query: type[Schema] | None = None,
        body: type[Schema] | Schema | None = None,
        gives: type[Schema] | Schema | None = None,
        status: int = 200,
        mutates: bool | None = None,
        heavy: bool = False,
        size: int = MB,
        etag: bool = False,
        outside: bool = False,
        example: Any = None,
        stream: str = "",
        takes: Takes = MappingProxyType({}),
        lines: int = 0,
        sends: tuple[str, ...] = (),
        keyed: bool = False,
        also: str = "",
        secret: bool = False,
        later: type[Schema] | None = None,
        first: Callable[[Call], None] | None = None,
    ) -> Callable[[View], View]:
        """Declare a route.

        mutates: default, every method but GET. heavy: counts against the lower limit. size: bytes that the body may have.
        etag: the route edits something that others edit too, so If-Match is needed. outside: what it does is not in the
        store's transaction (jobs); then the view sees to it that repeating is harmless. stream: content type of an
        answer that is no JSON. takes: bodies that the view reads itself. lines: bytes that a body of `NDJSON` may have, which is
        spooled. sends: headers of the answer, of `described.HEADERS`. also: another scope of the same kind that is
        enough. keyed: the view refuses a request without an idempotency key.
        secret: the answer's `secret` is
        made by `Call.secret`, is not kept with an answer to be repeated, and is made again for the repetition.
        later: what is answered with 202 and `Location` where a job computes the answer.
        first: what is done before the transaction of the change begins, since it may take long.
        """
        changes = method != "GET" if mutates is None else mutates
        need = Need(scope, changes, heavy, size, etag, also)
        asked = (query or Strict)()
        if changes:
            asked = _with_dry_run(query)()
        wanted = body() if isinstance(body, type) else body
        usual: dict[str, Any] | None = None if any(each.required for each in asked.fields.values()) else asked.load({})

        def decorate(view: View) -> View:
            @wraps(view)
            def wrapper(**path_values: Any) -> Response:
                request.max_content_length = need.size
                if any("\0" in value or "\ufffd" in value for value in path_values.values() if isinstance(value, str)):
                    raise Problem("not_found", "nothing has such a name")
                api = current_app.extensions["tierwise-api"]
                if need.scope == OPEN:
                    return respond(view(**path_values), status)
                call = api.admit(need)
                call.query = query_of(request, asked) if request.query_string or usual is None else copy(usual)
                call.dry_run = bool(call.query.pop("dry_run", False))
                if wanted is not None:
                    call.body = body_of(request, wanted)
                if lines and request.mimetype == NDJSON:
                    request.max_content_length = lines
                    spooled(request)
                if etag:
                    call.revision()
                if not changes:
                    return respond(view(call, **path_values), status)
                if first is not None:
                    first(call)
                return _change(call, lambda: respond(view(call, **path_values), status), outside, secret)

            wrapper.__need__ = need  # type: ignore[attr-defined]
            wrapper._apidoc = described(  # type: ignore[attr-defined]
                need,
                asked,
                wanted,
                gives=gives,
                status=status,
                example=example,
                stream=stream,
                takes=takes,
                sends=sends,
                keyed=keyed,
                later=later,
            )
            self.route(path, methods=[method], endpoint=f"{view.__name__}")(wrapper)
            return wrapper

        return decorate


def _with_dry_run(query: type[Schema] | None) -> type[Schema]:
    return DryRun if query is None else type(f"{query.__name__}DryRun", (query, DryRun), {})


def respond(found: Any, status: int) -> Response:
    """What a view gave, as a response."""
    if isinstance(found, Response):
        return found
    headers: dict[str, str] = {}
    if isinstance(found, Answer):
        found, status, headers = found.body, found.status, found.headers
    if found is None:
        return Response(status=204)
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Response(text, status, headers, content_type="application/json; charset=utf-8")


def _change(call: Call, act: Callable[[], Response], outside: bool, secret: bool) -> Response:
    """Do what changes something: rehearsed, once for an idempotency key, or plainly."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (1 <= len(key) <= 255 and key.isascii() and key.isprintable()):
        raise Problem("bad_request", "Idempotency-Key: expected 1 to 255 printable ASCII characters")
    if call.dry_run:
        if outside:
            return act()
        with call.engine.store.together() as whole:
            response = act()
            whole.undo()
        response.headers["Dry-Run"] = "true"
        return response
    if key is None:
        return act()
    kept, again = once(call.engine.store, f"key:{call.caller.key.id}", key, _fingerprint(), lambda: _kept(act(), secret))
    body = kept.body
    if secret:
        plain = json.loads(body)
        body = json.dumps({"secret": call.secret(plain["prefix"]), **plain}, ensure_ascii=False, separators=(",", ":")).encode()
    response = Response(body, kept.status, dict(kept.headers))
    if again:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _fingerprint() -> str:
    digest = hashlib.sha256(f"{request.method} {request.full_path}\n{request.headers.get('If-Match', '')}\n".encode("utf-8", "replace"))
    digest.update(g.spool.digest if "spool" in g else request.get_data(cache=True))
    return digest.hexdigest()


def _kept(response: Response, secret: bool) -> Kept:
    headers = {name: value for name, value in response.headers if name in ("Content-Type", "ETag", "Location")}
    body = response.get_data()
    if secret:
        plain = json.loads(body)
        del plain["secret"]
        body = json.dumps(plain, ensure_ascii=False).encode()
    return Kept(_fingerprint(), response.status_code, headers, body)


def caller_name() -> str:
    """Who calls, for the log: the number of the key, not a name."""
    return str(g.get("key_id", "-"))
