"""The whole web application, console and HTTP API, for a WSGI server: `gunicorn 'engine.wsgi:app()'`.

Workers of jobs are processes of their own: `tierwise worker`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

    from engine.service import Engine


def app(url: str | None = None) -> Flask:
    """Open the store that the settings name and make the application of it."""
    from engine.service import Engine

    return application(Engine.open(url, create=False))


def application(engine: Engine) -> Flask:
    """The application of an open engine: the console, with the HTTP API in it where that is installed."""
    from admin.app import create_app

    made = create_app(engine, engine.settings)
    _with_api(made, engine)
    return made


def _with_api(console: Flask, engine: Engine) -> None:
    """Answer /api/ by an application of its own: no cookie, no CSRF check, no page of the console is part of it."""
    from engine.api import create_app

    pages, api = console.wsgi_app, create_app(engine, sandbox=engine.sandbox.is_one).wsgi_app

    def by_path(environ: Any, start_response: Any) -> Any:
        return (api if environ.get("PATH_INFO", "").startswith("/api/") else pages)(environ, start_response)

    console.wsgi_app = by_path  # type: ignore[method-assign]
