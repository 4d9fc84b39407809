"""Whether the service lives, what it counts, and its own description."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flask import Response, current_app, send_from_directory

from engine._version import __version__
from engine.api.answers.service import Alive, Description, Health
from engine.api.kit import Call, Routes
from engine.api.needs import ANY_KEY, OPEN
from engine.api.problems import Problem

routes = Routes("service", "Whether the service lives, what it counts, and this description.")

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Tierwise HTTP API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="docs/swagger-ui.css"><link rel="stylesheet" href="docs/tierwise.css"></head>
<body><form id="key"><label for="secret">Key</label><input id="secret" type="password" autocomplete="off" placeholder="tw_live_..." required>
<button>Show</button><span id="said" role="status"></span></form><div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script><script src="docs/tierwise.js"></script></body></html>
"""
_SCRIPT = """'use strict';
document.getElementById('key').addEventListener('submit', async function (event) {
  event.preventDefault();
  const secret = document.getElementById('secret').value.trim();
  const said = document.getElementById('said');
  const answer = await fetch('openapi.json', {headers: {Authorization: 'Bearer ' + secret}});
  if (!answer.ok) { said.textContent = (await answer.json()).detail; return; }
  said.textContent = '';
  SwaggerUIBundle({spec: await answer.json(), dom_id: '#swagger-ui', deepLinking: true, validatorUrl: null,
    requestInterceptor: function (request) { request.headers.Authorization = 'Bearer ' + secret; return request; }});
});
"""
_STYLE = """#key{display:flex;gap:.5rem;align-items:center;padding:.75rem 1rem;font:16px system-ui,sans-serif;border-bottom:1px solid #ccc}
#secret{flex:0 1 24rem;padding:.4rem}button{padding:.4rem 1rem}
"""
_CSP = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


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


@routes.verb("GET", "/openapi.json", ANY_KEY, gives=Description)
def openapi(call: Call) -> Response:
    """This description, as OpenAPI 3.1."""
    text = json.dumps(current_app.extensions["tierwise-api"].spec.to_dict(), ensure_ascii=False)
    return Response(text, content_type="application/json; charset=utf-8")


@routes.verb("GET", "/docs", OPEN, stream="text/html")
def docs() -> Response:
    """This description to read and try. It asks for a key, since what it shows needs one."""
    return Response(_PAGE, content_type="text/html; charset=utf-8", headers={"Content-Security-Policy": _CSP})


@routes.verb("GET", "/docs/<name>", OPEN, stream="text/css, text/javascript")
def docs_asset(name: str) -> Response:
    """The parts of that page; nothing is loaded from elsewhere."""
    own = {"tierwise.js": (_SCRIPT, "text/javascript"), "tierwise.css": (_STYLE, "text/css")}
    if name in own:
        return Response(own[name][0], content_type=f"{own[name][1]}; charset=utf-8")
    if name not in ("swagger-ui.css", "swagger-ui-bundle.js"):
        raise Problem("not_found", "there is no such part of the page")
    import flask_swagger_ui

    return send_from_directory(Path(str(flask_swagger_ui.__file__)).parent / "dist", name, max_age=86_400)
