"""The page that shows the description of the API in a browser: Swagger UI and two files of our own, nothing from elsewhere."""

from __future__ import annotations

from pathlib import Path

from flask import Response, send_from_directory

from engine.api.problems import Problem

OWN = Path(__file__).parent / "page"
OWN_PARTS = {"tierwise.js": "text/javascript", "tierwise.css": "text/css"}
OF_SWAGGER = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")
"""What is taken of flask-swagger-ui's package."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the page may load. Styles may stand inline because Swagger UI writes them; scripts may not."""


def page() -> Response:
    """The page itself."""
    text = (OWN / "docs.html").read_text(encoding="utf-8")
    return Response(text, content_type="text/html; charset=utf-8", headers={"Content-Security-Policy": POLICY})


def part(name: str) -> Response:
    """A file that the page loads. Raises `Problem` for others."""
    if name in OWN_PARTS:
        return Response((OWN / name).read_bytes(), content_type=f"{OWN_PARTS[name]}; charset=utf-8")
    if name not in OF_SWAGGER:
        raise Problem("not_found", "there is no such part of the page")
    import flask_swagger_ui

    return send_from_directory(Path(str(flask_swagger_ui.__file__)).parent / "dist", name, max_age=86_400)
