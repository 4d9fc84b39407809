"""A full disk and a locked store: a clear error, the former outcome stands, and it works again when there is room."""

from __future__ import annotations

import itertools
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from engine.errors import StoreError
from engine.service import Engine
from tests.small_store import AS_OF
from tests.trust.company import LATER, assert_whole, cells, changed, company, difference, told, trials


@contextmanager
def room_for(engine: Engine, pages: int) -> Iterator[None]:
    """The SQLite store may grow by so many pages of 4 KiB only; SQLite itself answers as it does on a full disk."""
    with engine.store.read() as connection:
        free = int(connection.scalar(text("pragma freelist_count")) or 0)
        most = int(connection.scalar(text("pragma page_count")) or 0) - free + pages
    sql = engine.store.sql

    def limit(connection: sqlite3.Connection, record: object) -> None:
        connection.execute(f"pragma max_page_count={most}")

    event.listen(sql, "connect", limit)
    sql.dispose()
    try:
        yield
    finally:
        event.remove(sql, "connect", limit)
        sql.dispose()


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    """A store with one visible run."""
    company(store_url)
    with Engine.open(store_url) as opened:
        opened.run(AS_OF)
        yield opened


@pytest.fixture
def undisturbed(tmp_path: Path) -> str:
    """The digest of the next run where nothing goes wrong."""
    url = f"sqlite:///{tmp_path / 'undisturbed.db'}"
    company(url)
    with Engine.open(url) as engine:
        engine.run(AS_OF)
        return engine.run(LATER).digest


def full(engine: Engine, pages: int, whole: Any) -> bool:
    """Try to run with room for so many pages; whether the disk was full. Then nothing has changed."""
    with room_for(engine, pages):
        try:
            engine.run(LATER)
        except StoreError as error:
            told_words = str(error)
        else:
            return False
    assert told_words == f"the disk of the store {engine.store.sql.url} is full; nothing was changed, free some space and try again"
    assert told(engine) == whole
    assert_whole(engine)
    return True


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_full_disk_is_named_and_changes_nothing(engine: Engine, undisturbed: str) -> None:
    before = cells(engine)
    whole = told(engine)
    refused = list(itertools.takewhile(lambda pages: full(engine, pages, whole), range(0, 200, trials(3, 1))))
    assert len(refused) >= 2
    done = engine.run(LATER)
    assert done.digest == undisturbed
    assert changed(engine, done.id) == difference(before, cells(engine))
    assert_whole(engine)
    with engine.store.read() as connection:
        assert connection.scalar(text("pragma integrity_check")) == "ok"


NO_SPACE = """
create function no_space() returns trigger language plpgsql as $$ begin
raise exception using errcode = 'disk_full', message = 'could not extend file "base/1/2": No space left on device'; end $$
"""


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("table", ["run", "block", "run_state", "label_summary", "current", "change"])
def test_a_server_without_space_is_named_and_changes_nothing(engine: Engine, undisturbed: str, table: str) -> None:
    """The server raises its own error (SQLSTATE 53100) in the middle of the run's transaction, COPY included."""
    whole = told(engine)
    with engine.store.write() as connection:
        connection.execute(text(NO_SPACE))
        connection.execute(text(f"create trigger full_disk before insert or update on {table} execute function no_space()"))
    with pytest.raises(StoreError, match=r"^the disk of the store .* is full; nothing was changed, free some space and try again"):
        engine.run(LATER)
    assert told(engine) == whole
    with engine.store.write() as connection:
        connection.execute(text(f"drop trigger full_disk on {table}"))
    assert engine.run(LATER).digest == undisturbed
    assert_whole(engine)


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_full_disk_while_a_store_is_made_leaves_a_store_to_make(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = sqlite3.connect

    def small(*args: object, **kwargs: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = real(*args, **kwargs)  # type: ignore[call-overload]
        connection.execute("pragma max_page_count=9")
        return connection

    with monkeypatch.context() as patch:
        patch.setattr("sqlite3.dbapi2.connect", small)
        with pytest.raises(StoreError, match="is full; nothing was changed"):
            Engine.open(store_url)
    with Engine.open(store_url) as engine:
        assert engine.runs() == []


HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("begin immediate")
print("held", flush=True)
sys.stdin.readline()
connection.execute("rollback")
print("free", flush=True)
"""


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_store_that_another_process_writes_says_what_to_do(engine: Engine, store_url: str) -> None:
    whole = told(engine)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(engine.store.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with Engine.open(f"{store_url}?timeout=0.1") as waiting:
        with pytest.raises(
            StoreError, match=r"is being written by another process and stayed locked for 0.1 s; nothing was changed, try again"
        ):
            waiting.run(LATER)
        assert told(waiting) == whole
        assert waiting.evaluate(["C1"]), "readers do not wait for a writer"
        holder.communicate("go\n")
        assert waiting.run(LATER).status == "visible"
        assert_whole(waiting)


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_a_server_whose_table_is_locked_says_what_to_do(engine: Engine, store_url: str) -> None:
    whole = told(engine)
    with Engine.open(f"{store_url}?options=-c%20lock_timeout%3D100ms") as waiting:
        with engine.store.write() as connection:
            connection.execute(text("lock table current in exclusive mode"))
            with pytest.raises(
                StoreError, match=r"is being written by another process and stayed locked .*; nothing was changed, try again"
            ):
                waiting.run(LATER)
        assert told(engine) == whole
        assert waiting.run(LATER).status == "visible"
        assert_whole(waiting)
