"""A small shop behind the HTTP API, and a client that shows a key."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from engine.api import create_app
from engine.permissions import AREAS
from engine.service import Engine
from tests.api.described import faults

AS_OF = "2025-12-31"
PASSWORD = "a lake above the tree line"
ALL_SCOPES = tuple(AREAS)


@dataclass
class Client:
    """The API as a program sees it, with one key."""

    app: Flask
    engine: Engine
    secret: str

    def __call__(
        self, method: str, path: str, *, code: int | None = None, headers: dict[str, str] | None = None, **options: Any
    ) -> TestResponse:
        shown = {"Authorization": f"Bearer {self.secret}"} if self.secret else {}
        response = self.app.test_client().open(f"/api/v1{path}", method=method, headers={**shown, **(headers or {})}, **options)
        if code is not None:
            assert response.status_code == code, response.get_data(as_text=True)[:2000]
        assert faults(self.app, method, path, response) == [], response.get_data(as_text=True)[:2000]
        if response.status_code >= 400:
            assert response.content_type.startswith("application/problem+json"), response.get_data(as_text=True)
            assert response.json["code"]
            assert response.json["request_id"] == response.headers["X-Request-Id"]
        return response

    def get(self, path: str, **options: Any) -> Any:
        return self("GET", path, code=options.pop("code", 200), **options).json

    def post(self, path: str, json: Any = None, **options: Any) -> Any:
        return self("POST", path, json=json, code=options.pop("code", 200), **options).json

    def as_(self, secret: str) -> Client:
        return Client(self.app, self.engine, secret)

    def key(self, *scopes: str, user: str = "chen", **options: Any) -> Client:
        """The same API with another key."""
        secret, _ = self.engine.people.make_key("test", user=user, scopes=scopes or ALL_SCOPES, **options)
        return self.as_(secret)

    def user(self, role: str, **options: Any) -> Client:
        """The API as a new user with one role sees it, with a key of every scope."""
        name = f"{role}-{len(self.engine.people.users())}"
        self.engine.people.add(name, roles=[role], **options)
        return self.key(user=name)


def fill(engine: Engine, customers: int = 24) -> None:
    """Customers, orders, the starter rulebook, a run, and an administrator."""
    engine.import_facts([{"customer": f"C{n}", "name": f"Name {n}", "email": f"c{n}@example.org"} for n in range(customers)], "customers")
    orders = [
        {
            "order": f"O{n}",
            "customer": f"C{n % customers}",
            "ordered_at": f"2025-{n % 12 + 1:02}-11",
            "amount": str(100 + n),
            "seller": f"S{n % 3}",
        }
        for n in range(customers * 5)
    ]
    engine.import_facts(orders, "orders")
    engine.publish("starter")
    engine.run(AS_OF)
    engine.people.first_administrator("chen", PASSWORD)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logger = logging.getLogger("tierwise.api")
    before = logger.level
    logger.setLevel(logging.WARNING)
    yield
    logger.setLevel(before)


def client_of(url: str, *, filled: bool = False) -> Iterator[Client]:
    with Engine.open(url, actor="operator") as engine:
        if not filled:
            fill(engine)
        app = create_app(engine)
        client = Client(app, engine, "")
        yield client.key()
        app.extensions["tierwise-api"].ledger.close()


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with its shop, made once: tests take a copy."""
    path = Path(tmp_path_factory.mktemp("filled")) / "store.db"
    with Engine.open(f"sqlite:///{path}", actor="operator") as engine:
        fill(engine)
        with engine.store.sql.connect() as connection:
            connection.exec_driver_sql("pragma wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def api(sqlite_url: str, filled: Path) -> Iterator[Client]:
    """The API on SQLite, shown a key that may everything."""
    shutil.copy(filled, sqlite_url.removeprefix("sqlite:///"))
    yield from client_of(sqlite_url, filled=True)


@pytest.fixture
def api_both(store_url: str) -> Iterator[Client]:
    """The API on each database."""
    yield from client_of(store_url)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, filled: Path) -> Iterator[Client]:
    """One API for tests that leave nothing behind that others would notice."""
    path = Path(tmp_path_factory.mktemp("api")) / "store.db"
    shutil.copy(filled, path)
    yield from client_of(f"sqlite:///{path}", filled=True)
