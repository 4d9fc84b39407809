"""A run that reads again only what changed equals the full run, whatever happened: on random streams of events."""

from __future__ import annotations

import shutil
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from sqlalchemy import create_engine, text

from engine.service import Engine
from tests.trust.company import LONG, trials
from tests.trust.streams import company, live, stream

FREE = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]}
seen: Counter[str] = Counter()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store to copy for every stream: making one takes longer than a stream."""
    path = tmp_path_factory.mktemp("template") / "store.db"
    company(f"sqlite:///{path}")
    return path


@settings(max_examples=trials(25, 1000), phases=[Phase.generate, *([Phase.shrink] if LONG else [])], **FREE)  # type: ignore[arg-type]
@given(happened=stream)
def test_streams_on_sqlite(template: Path, tmp_path: Path, happened: list[Any]) -> None:
    folder = tmp_path / uuid.uuid4().hex
    folder.mkdir()
    path = shutil.copyfile(template, folder / "store.db")
    shutil.copytree(f"{template}.cache", f"{path}.cache")
    with Engine.open(f"sqlite:///{path}", actor="stream") as engine:
        for record in live(engine, happened):
            seen["full" if record.reading and record.reading["full"] else "changed"] += 1
    shutil.rmtree(folder)


def test_most_of_these_runs_were_incremental(template: Path) -> None:
    if seen:
        assert seen["changed"] > seen["full"] / 2, seen


@pytest.fixture(scope="module")
def postgres_template(postgres_server: str) -> Iterator[tuple[str, str]]:
    """The same on PostgreSQL: the server, and the name of a database to copy."""
    name = f"template_{uuid.uuid4().hex[:12]}"
    admin = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"create database {name}"))
    company(postgres_server.rsplit("/", 1)[0] + f"/{name}")
    yield postgres_server, name
    with admin.connect() as connection:
        connection.execute(text(f"drop database {name} with (force)"))
    admin.dispose()


@settings(max_examples=trials(3, 50), phases=[Phase.generate], **FREE)  # type: ignore[arg-type]
@given(happened=stream)
def test_streams_on_postgresql(postgres_template: tuple[str, str], happened: list[Any]) -> None:
    server, template = postgres_template
    name = f"s{uuid.uuid4().hex[:12]}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"create database {name} template {template}"))
    try:
        with Engine.open(server.rsplit("/", 1)[0] + f"/{name}", actor="stream") as engine:
            live(engine, happened)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"drop database {name} with (force)"))
        admin.dispose()
