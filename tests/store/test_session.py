"""Opening a store, reading and writing it; and what a database's refusal means in words."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import event, insert, inspect, select, text
from sqlalchemy.exc import IntegrityError

from engine.errors import StoreError, TierwiseError
from engine.store.bulk import insert_columns
from engine.store.models import setting, source, term
from engine.store.session import Store, one_writer


@contextmanager
def opened(url: str) -> Iterator[Store]:
    with Store.open(url) as store:
        yield store


def names(store: Store) -> list[str]:
    with store.read() as connection:
        return list(connection.scalars(select(source.c.name).order_by(source.c.name)))


def test_opening_makes_the_tables_once(store_url: str) -> None:
    with opened(store_url) as store:
        first = set(inspect(store.sql).get_table_names())
        with store.write() as connection:
            connection.execute(insert(source).values(name="shop"))
    with opened(store_url) as store:
        assert set(inspect(store.sql).get_table_names()) == first
        assert names(store) == ["shop"]


def write_one_and_fail(store: Store) -> None:
    with store.write() as connection:
        connection.execute(insert(source).values(name="shop"))
        connection.execute(insert(source).values(name=None))


def test_a_write_that_fails_leaves_nothing(store_url: str) -> None:
    with opened(store_url) as store:
        with pytest.raises(IntegrityError):
            write_one_and_fail(store)
        assert names(store) == []


def test_a_read_sees_one_moment(store_url: str) -> None:
    with opened(store_url) as store, store.read() as connection:
        assert connection.scalar(select(source.c.name)) is None
        with store.write() as other:
            other.execute(insert(source).values(name="shop"))
        assert connection.scalar(select(source.c.name)) is None
    with opened(store_url) as store:
        assert names(store) == ["shop"]


def test_a_read_cannot_write_on_postgresql(postgres_url: str) -> None:
    with opened(postgres_url) as store, pytest.raises(Exception, match="read-only transaction"), store.read() as connection:
        connection.execute(insert(source).values(name="shop"))


def test_a_mistake_of_ours_keeps_its_own_error(store_url: str) -> None:
    with opened(store_url) as store:
        with pytest.raises(IntegrityError), store.write() as connection:
            connection.execute(insert(source), [{"name": "shop"}, {"name": "shop"}])
        twice = {"id": np.array([1, 1]), "field": np.array(["a", "b"]), "value": np.array(["x", "y"])}
        with pytest.raises(Exception, match=r"(?i)unique") as caught, store.write() as connection:
            insert_columns(connection, "term", twice)
        assert not isinstance(caught.value, TierwiseError)
        assert names(store) == []


def test_foreign_keys_are_checked_but_for_bulk_writers(sqlite_url: str) -> None:
    with opened(sqlite_url) as store:
        stray = "insert into import_batch (kind, source_id, file, mapping, actor, started_at, rows, created, updated, unchanged, rejected, ignored, fact_seq) values ('x', 7, '', '', '', 0, 0, 0, 0, 0, 0, 0, 0)"
        with pytest.raises(IntegrityError), store.write() as connection:
            connection.execute(text(stray))
        with store.write(bulk=True) as connection:
            connection.execute(text(stray))
        with pytest.raises(IntegrityError), store.write() as connection:
            connection.execute(text(stray))


def test_a_crash_in_a_bulk_write_brings_the_checks_back(sqlite_url: str) -> None:
    with opened(sqlite_url) as store:
        with pytest.raises(ValueError, match="boom"), store.write(bulk=True):
            raise ValueError("boom")
        with store.read() as connection:
            assert connection.scalar(text("pragma foreign_keys")) == 1


def test_sqlite_writes_begin_with_the_lock(sqlite_url: str) -> None:
    with opened(sqlite_url) as store:
        said: list[str] = []
        event.listen(store.sql, "checkout", lambda plain, record, proxy: plain.set_trace_callback(said.append))
        with store.write() as connection:
            connection.execute(insert(source).values(name="shop"))
        names(store)
        assert next(each for each in said if each.startswith("BEGIN")) == "BEGIN IMMEDIATE"
        assert "BEGIN" in said


def test_writers_wait_for_each_other(store_url: str) -> None:
    """Read, add one, write back: with ten writers the last number is ten."""
    with opened(store_url) as store:
        with store.write() as connection:
            connection.execute(insert(setting).values(key="n", value="0"))

        def climb() -> None:
            for _ in range(5):
                with store.write() as connection:
                    one_writer(connection)
                    n = int(connection.scalar(select(setting.c.value).where(setting.c.key == "n")) or 0)
                    connection.execute(setting.update().values(value=str(n + 1)))

        threads = [threading.Thread(target=climb) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with store.read() as connection:
            assert connection.scalar(select(setting.c.value)) == "20"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("shop.db", "database url 'shop.db' is not understood; expected sqlite:///file or postgresql://user:password@host/name"),
        ("nosuch://x", "is not understood"),
        ("mysql+pymysql://x/y", "a store on mysql is not possible"),
        ("sqlite://", "an SQLite store needs a file"),
        ("sqlite:///:memory:", "an SQLite store needs a file"),
        ("sqlite:////nowhere/at/all/shop.db", "the folder /nowhere/at/all of the store does not exist"),
        ("sqlite:///shop.db?timeout=soon", "timeout=soon of the database url is not understood; expected seconds from 0 to 3600"),
        ("sqlite:///shop.db?timeout=-1", "timeout=-1 of the database url"),
        ("sqlite:///shop.db?timeout=nan", "timeout=nan of the database url"),
    ],
)
def test_a_wrong_address_is_explained(url: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError) as caught:
        Store.open(url)
    assert words in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_should_be_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"there is no store at .*shop.db; make one with: tierwise init"):
        Store.open(f"sqlite:///{tmp_path / 'shop.db'}", create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_does_not_answer_is_named_without_the_password() -> None:
    with pytest.raises(StoreError, match="does not answer") as caught:
        Store.open("postgresql+psycopg://me:geheim@127.0.0.1:9/shop")
    assert "geheim" not in str(caught.value)
    assert "127.0.0.1:9/shop" in str(caught.value)


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    path.write_bytes(b"order,customer\n" * 500)
    with pytest.raises(StoreError, match="is a file, but not an SQLite database"):
        Store.open(f"sqlite:///{path}")
    assert path.read_bytes() == b"order,customer\n" * 500


def test_somebody_elses_tables_are_left_alone(store_url: str) -> None:
    with opened(store_url) as store, store.write() as connection:
        connection.execute(text("delete from alembic_version"))
    with pytest.raises(StoreError, match="holds tables that are not Tierwise's; give the store a database of its own"):
        Store.open(store_url)


def test_a_store_of_a_newer_version_is_left_alone(store_url: str) -> None:
    with opened(store_url) as store, store.write() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(
        StoreError, match="the store has version 9999, which this Tierwise does not know; use the newer Tierwise that made it"
    ):
        Store.open(store_url)


def test_a_locked_store_says_so_and_nothing_is_changed(sqlite_url: str) -> None:
    with opened(f"{sqlite_url}?timeout=0.05") as store, closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("begin immediate")
        with (
            pytest.raises(
                StoreError, match=r"is being written by another process and stayed locked for 0.05 s; nothing was changed, try again"
            ),
            store.write(),
        ):
            pytest.fail("the lock was given twice")
        assert names(store) == [], "readers do not wait"
        other.execute("rollback")
        with store.write() as connection:
            connection.execute(insert(source).values(name="shop"))
        assert names(store) == ["shop"]


def test_a_locked_row_says_so_on_postgresql(postgres_url: str) -> None:
    with opened(postgres_url) as store, opened(f"{postgres_url}?options=-c%20lock_timeout%3D50ms") as other, store.write() as connection:
        one_writer(connection)
        with pytest.raises(StoreError, match="is being written by another process"), other.write() as late:
            one_writer(late)


def test_a_write_waits_so_long_and_no_longer_on_postgresql(postgres_url: str) -> None:
    with opened(postgres_url) as store, store.read() as connection:
        assert connection.scalar(text("show lock_timeout")) == "15s"


def test_a_damaged_store_is_named_as_such(sqlite_url: str) -> None:
    with opened(sqlite_url) as store:
        path = store.path
        with store.write() as connection:
            connection.execute(insert(term), [{"field": "region", "value": f"r{n}" * 20} for n in range(2000)])
        with store.sql.connect() as connection:
            connection.exec_driver_sql("pragma wal_checkpoint(truncate)")
    data = bytearray(path.read_bytes())
    for page in range(8192, len(data) - 4096, 4096):
        data[page : page + 64] = b"\xff" * 64
    path.write_bytes(bytes(data))
    with (
        pytest.raises(StoreError, match=r"is damaged \(.*malformed.*\); bring back a copy of it"),
        Store.open(sqlite_url) as store,
        store.read() as connection,
    ):
        connection.execute(select(term)).all()


def test_feature_files_lie_beside_the_store(sqlite_url: str, tmp_path: Path) -> None:
    with opened(sqlite_url) as store:
        assert store.cache_dir == Path(f"{store.path}.cache")
    with Store.open(sqlite_url, cache_dir=tmp_path / "elsewhere") as store:
        assert store.cache_dir == tmp_path / "elsewhere"


def test_two_servers_have_two_cache_folders(postgres_url: str, tmp_path: Path) -> None:
    with opened(postgres_url) as store:
        assert store.cache_dir.parent == tmp_path / "cache" / "tierwise"
        assert len(store.cache_dir.name) == 16
