"""A console over a small graded company, with one person per role."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from waitress.server import create_server

from engine.service import Engine
from engine.wsgi import application
from tests.small_store import AS_OF
from tests.trust.company import LATER, company

PASSWORD = "seven dry winters of barley"
ROLES = ("viewer", "analyst", "rule_author", "approver", "service", "administrator")


def open_app(engine: Engine) -> Flask:
    """The application for tests: a fixed key, errors as pages."""
    engine.settings = replace(engine.settings, secret_key="0123456789abcdef-qwertzuiop-ASDFGH")
    made = application(engine)
    made.config.update(PROPAGATE_EXCEPTIONS=False)
    made.extensions["tierwise_limiter"].enabled = False
    return made


@contextmanager
def served(app: Flask, threads: int = 4) -> Iterator[str]:
    """The application on a port of this machine, for a real browser; its address."""
    server: Any = create_server(app, host="127.0.0.1", port=0, threads=threads)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.close()
        thread.join(5)


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A company with two runs and a person for every role, named after it."""
    url = f"sqlite:///{tmp_path_factory.mktemp('console') / 'store.db'}"
    company(url)
    with Engine.open(url, actor="setup") as engine:
        engine.run(AS_OF)
        engine.run(LATER)
        engine.people.first_administrator("administrator", PASSWORD, display_name="Ada Min")
        for role in ROLES[:-1]:
            engine.people.add(role, roles=[role], display_name=role.replace("_", " ").title(), password=PASSWORD)
        yield engine


@pytest.fixture(scope="module")
def app(graded: Engine) -> Flask:
    """The console of that company."""
    return open_app(graded)


@pytest.fixture
def empty(sqlite_url: str) -> Iterator[Flask]:
    """The console of a new installation."""
    with Engine.open(sqlite_url) as engine:
        yield open_app(engine)


_ADDRESSES = itertools.count(1)


STOCK = re.compile(r"/(new|edit|details|delete|action|export|ajax)/|^/static|^/first$|^/login$|/(choices|evidence|file)$")


def pages(app: Flask) -> list[str]:
    """The address of every page that needs nothing to be named: what tests of all pages go through, new ones by themselves."""
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments]
    return sorted({rule.rule for rule in rules if not STOCK.search(rule.rule) and rule.rule != "/search/"})


class Browser:
    """A test client with an address of its own that knows its CSRF token, as a browser's page does."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client: FlaskClient = app.test_client()
        self.client.environ_base["REMOTE_ADDR"] = f"198.51.{next(_ADDRESSES) // 250}.{next(_ADDRESSES) % 250}"

    def token(self) -> str:
        """The token of a page of this visit."""
        page = self.client.get("/login", follow_redirects=True).text
        found = re.search(r'name="csrf-token" content="([^"]+)"|name="csrf_token" value="([^"]+)"', page)
        assert found is not None
        return found[1] or found[2]

    def get(self, path: str, **options: Any) -> Any:
        """GET a path."""
        return self.client.get(path, buffered=True, **options)

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> Any:
        """POST a form with its token."""
        return self.client.post(path, data={**(data or {}), "csrf_token": self.token()}, **options)

    def sign_in(self, name: str, password: str = PASSWORD) -> Browser:
        """Sign in, and be this person."""
        assert self.post("/login", {"name": name, "password": password}).status_code == 302
        return self

    def speak(self, language: str) -> Browser:
        """Choose a language."""
        self.post("/preferences", {"language": language})
        return self


@pytest.fixture
def stranger(app: Flask) -> Browser:
    """Somebody who is not signed in."""
    return Browser(app)


@pytest.fixture(scope="module")
def people(app: Flask) -> dict[str, Browser]:
    """One signed-in browser per role."""
    return {role: Browser(app).sign_in(role) for role in ROLES}
