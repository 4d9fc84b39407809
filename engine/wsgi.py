"""The whole web application, console and HTTP API, for a WSGI server: `gunicorn 'engine.wsgi:app()'`.

Workers of jobs are processes of their own: `tierwise worker`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    return made
