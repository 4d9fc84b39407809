"""The HTTP API for programs, under /api/v1: the verbs of the engine, translated.

`create_app(engine)` is a whole application; `create_api(app, engine)` adds the API to one that has other pages. Nothing
here decides anything: views read what was asked, call a verb, and write what it gave.
"""

from engine.api.app import create_api, create_app

__all__ = ["create_api", "create_app"]
