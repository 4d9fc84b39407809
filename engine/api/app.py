"""Put the API together: its routes, who is let in, how it answers, what it counts and logs."""

from __future__ import annotations

import secrets
import time
from typing import Any

import apispec
from flask import Flask, Response, current_app, g, request
from flask_smorest import Api
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from engine._version import __version__
from engine.api import problems
from engine.api.access import Gate
from engine.api.described import refusals
from engine.api.evaluations import Ledger
from engine.api.kit import Call
from engine.api.needs import ANY_KEY, Need
from engine.api.spool import unspool
from engine.api.telemetry import Telemetry
from engine.api.views import ALL
from engine.api.views import sandbox as sandbox_view
from engine.coalesce import Coalescer
from engine.service import Engine
from engine.store.sight import Sight
from engine.warm import Warm

PREFIX = "/api/"

DESCRIPTION = """
Grade customers, load facts, follow changes, and change the rules: the same verbs as the console.

Every request but `/health` and `/ready` shows a key: `Authorization: Bearer tw_live_...`. Errors are problem documents
(RFC 9457) with a stable `code`. Every route that changes something takes `Idempotency-Key` and `dry_run=true`.
""".strip()


class _Api(Api):  # type: ignore[misc]  # flask-smorest has no types
    """flask-smorest registers its errors for the whole application; here they are the API's alone."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def handle_http_exception(self, error: HTTPException) -> Any:
        return problems.of_http(error) if request.path.startswith(PREFIX) else error


class TierwiseApi:
    """What the routes share: the engine, who is let in, what is kept warm. `app.extensions["tierwise-api"]`."""

    def __init__(self, engine: Engine, *, sandbox: bool = False) -> None:
        self.engine = engine
        self.sandbox = sandbox
        settings = engine.settings
        self.gate = Gate(engine.people, light=settings.api_rate, heavy=settings.api_heavy_rate, sandbox=sandbox)
        self.warm = Warm(engine)
        self.together = Coalescer()
        self.telemetry = Telemetry()
        self.ledger = Ledger(engine, self.gate.used)
        self.spec: apispec.APISpec | None = None

    def admit(self, need: Need) -> Call:
        """Let a request in that shows a key which may do this. Raises `Problem`."""
        caller = self.gate.caller(request)
        g.key_id = caller.key.id
        if self.gate.used:
            self.ledger.start()
        if need.scope != ANY_KEY and not (need.also and caller.may(need.also.partition(":")[0], write=need.write)):
            self.gate.check(caller, need.area, need.write)
        self.gate.count(caller, need.heavy)
        return Call(self.engine.acting_as(caller.user.name, sight=Sight.of(caller)), caller, {}, None)


def create_api(app: Flask, engine: Engine, *, sandbox: bool = False) -> TierwiseApi:
    """Add the API to an application. The engine is shared by all requests; each acts in the name of its key's user."""
    api = TierwiseApi(engine, sandbox=sandbox)
    app.extensions["tierwise-api"] = api
    for key, value in {"API_TITLE": "Tierwise", "API_VERSION": "v1", "OPENAPI_VERSION": "3.1.0"}.items():
        app.config.setdefault(key, value)
    smorest = _Api(app, spec_kwargs={"info": {"description": DESCRIPTION, "version": __version__}})
    _describe(smorest)
    for routes in (*ALL, *((sandbox_view.routes,) if sandbox else ())):
        smorest.register_blueprint(routes)
    api.spec = smorest.spec
    app.before_request(_begin)
    app.after_request(_finish)
    app.teardown_request(lambda error: unspool())
    return api


def create_app(engine: Engine, *, sandbox: bool = False) -> Flask:
    """An application that is the API and nothing else."""
    app = Flask("tierwise", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.config["PROPAGATE_EXCEPTIONS"] = False
    create_api(app, engine, sandbox=sandbox)
    proxies = engine.settings.proxies
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]
    return app


def _describe(smorest: Api) -> None:
    parts = smorest.spec.components
    parts.security_scheme("key", {"type": "http", "scheme": "bearer", "description": "A key made with `tierwise keys make`."})
    smorest.ma_plugin.converter.add_attribute_function(_ecma_pattern)
    for name in ("Error", "PaginationMetadata"):  # flask-smorest's own, for answers of another kind
        parts.schemas.pop(name, None)
    for code, refusal in refusals().items():
        parts.response(code, refusal)
    texts = {name: {"type": "string"} for name in ("type", "title", "detail", "request_id")}
    codes = sorted(problems.CODES)
    error = {"type": "object", "description": "What is wrong where: a field with a reason, or a fault of a rulebook."}
    parts.schema(
        "Problem",
        {
            "type": "object",
            "required": ["type", "title", "status", "code", "detail", "request_id"],
            "properties": {
                **texts,
                "status": {"type": "integer"},
                "code": {"type": "string", "enum": codes},
                "errors": {"type": "array", "items": error},
            },
        },
    )


def _ecma_pattern(converter: Any, field: Any, ret: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    r"""The pattern of a field as JSON Schema writes it (ECMA-262): the end of a text is `$` there, and `\Z` nothing."""
    pattern = str(ret.get("pattern", ""))
    return {"pattern": pattern[:-2] + "$"} if pattern.endswith(r"\Z") else {}


def _begin() -> None:
    if not request.path.startswith(PREFIX):
        return
    g.began = time.perf_counter()
    api: TierwiseApi = current_app.extensions["tierwise-api"]
    if api.sandbox:
        api.engine.sandbox.synchronise()
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if 8 <= len(given) <= 64 and given.isascii() and given.replace("-", "").isalnum() else secrets.token_hex(8)


def _finish(response: Response) -> Response:
    if not request.path.startswith(PREFIX):
        return response
    headers = response.headers
    headers["X-Request-Id"] = g.get("request_id", "")
    headers.setdefault("Cache-Control", "no-store")
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    headers["X-Frame-Options"] = "DENY"
    current_app.extensions["tierwise-api"].telemetry.count(request, response)
    return response
