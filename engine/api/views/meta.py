"""Whether the service lives, what it counts, and its own description."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from flask import Response, current_app

from engine._version import __version__
from engine.api import docs_page
from engine.api.answers.parts import listing
from engine.api.answers.service import Alive, Description, Health
from engine.api.answers.together import Setting, StoreFigures
from engine.api.kit import Call, Routes
from engine.api.needs import ANY_KEY, OPEN

routes = Routes("service", "Whether the service lives, what it counts, and this description.")


@routes.verb("GET", "/health", OPEN, gives=Alive)
def health() -> dict[str, Any]:
    """The process lives. Says nothing about the store."""
    return {"status": "ok", "version": __version__}


@routes.verb("GET", "/ready", OPEN, gives=Health)
def ready() -> dict[str, Any]:
    """The store answers: requests can be sent here. 503 when it does not."""
    current_app.extensions["tierwise-api"].engine.feed.cursor()
    return {"status": "ok"}


@routes.verb("GET", "/metrics", "settings:read", stream="text/plain")
def metrics(call: Call) -> Response:
    """Counters and timings for Prometheus."""
    page = current_app.extensions["tierwise-api"].telemetry.page(call.engine)
    return Response(page, content_type="text/plain; version=0.0.4; charset=utf-8")


@routes.verb("GET", "/settings", "settings:read", gives=listing(Setting))
def list_settings(call: Call) -> Any:
    """Every setting of the installation with its value and help; secrets are not told."""
    items = [{**asdict(each), "help": {"en": each.help.en, "zh": each.help.zh}} for each in call.engine.installation.settings()]
    return {"items": items}


@routes.verb("GET", "/store", "settings:read", gives=StoreFigures)
def get_store(call: Call) -> Any:
    """The store in numbers: what it holds and how large it is."""
    return call.engine.installation.store().as_dict()


@routes.verb("GET", "/openapi.json", ANY_KEY, gives=Description)
def openapi(call: Call) -> Response:
    """This description, as OpenAPI 3.1."""
    text = json.dumps(current_app.extensions["tierwise-api"].spec.to_dict(), ensure_ascii=False)
    return Response(text, content_type="application/json; charset=utf-8")


@routes.verb("GET", "/docs", OPEN, stream="text/html")
def docs() -> Response:
    """This description to read and try. It asks for a key, since what it shows needs one."""
    return docs_page.page()


@routes.verb("GET", "/docs/<name>", OPEN, stream="text/css, text/javascript, image/png")
def docs_asset(name: str) -> Response:
    """The parts of that page; nothing is loaded from elsewhere."""
    return docs_page.part(name)
