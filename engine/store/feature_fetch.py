"""Get the answers of feature queries out of the database: one snapshot, customer range by customer range.

Every path gives the same answers in any order, as (query, columns):
plain rows   through the open connection: small stores, single customers, no driver needed
reader       SQLite, above `PLAIN_UP_TO` customers: a process of its own with ADBC (`engine.store.reader`)
ADBC         PostgreSQL, in this process, on connections that share the snapshot
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import OperationalError

from engine.columns import Array
from engine.errors import StoreError
from engine.store.feature_rows import Answer
from engine.store.feature_sql import Customers, Query, rendered
from engine.store.models import customer, fact_clock, points_act
from engine.store.reader_start import CONNECTIONS, reader_process
from engine.store.session import BUSY_SECONDS, Store, driver

PLAIN_UP_TO = 50_000
"""Customers up to which rows are read through the open connection: a reader process would cost more than it saves."""

LOCK_SECONDS = 2.0
"""How long a read waits for the write lock; a bulk import may hold it for a minute."""

AT_ONCE = 20_000
"""Single customers in one statement."""

RANGES = 4 * CONNECTIONS
"""Customer ranges per query: more than connections, because early customers have more orders than late ones."""


@dataclass(slots=True)
class Snapshot:
    """A connection that sees one moment, and what reads beside it at the same moment."""

    store: Store
    connection: Connection
    reader: Reader | None = None
    exported: str = ""

    @property
    def parallel(self) -> bool:
        """Whether several connections read."""
        return self.reader is not None or bool(self.exported)


@contextlib.contextmanager
def snapshot(store: Store) -> Iterator[Snapshot]:
    """Open one moment of the store on as many connections as the read needs (ENGINE 2)."""
    if not store.is_sqlite:
        with store.read() as connection:
            yield Snapshot(store, connection, exported=_exported(connection))
    elif not _many(store):
        with store.read() as connection:
            yield Snapshot(store, connection)
    else:
        with Reader(store) as reader, contextlib.ExitStack() as views:
            with _writers_held(store) as held:
                connection = views.enter_context(store.read())
                newest = select(func.coalesce(func.max(points_act.c.id), 0)).scalar_subquery()
                seen = {tuple(connection.execute(select(fact_clock.c.seq, newest)).one()), *reader.begin()}
            if not held and len(seen) > 1:
                raise StoreError(f"the store {store.path} changed while it was opened for reading; nothing was read, try again")
            yield Snapshot(store, connection, reader)


def ranges(connection: Connection, customers: range | None, partitions: int, *, parallel: bool) -> list[Customers]:
    """Customer ranges that cover every customer (or those asked for)."""
    if customers is not None:
        first, last = customers.start, customers.stop - 1
    else:
        # two look-ups: asked for together, SQLite reads the whole table
        first, last = (connection.scalar(select(edge(customer.c.id))) or 0 for edge in (func.min, func.max))
    parts = max(partitions, RANGES if parallel else 1)
    edges = [first + (last + 1 - first) * number // parts for number in range(parts + 1)]
    return [Customers(low, high - 1) for low, high in pairwise(edges) if high > low] or [Customers(first, last)]


def chosen(keys: Array) -> list[Customers]:
    """Single customers (ascending keys), in statements of a bearable length."""
    return [Customers(0, 0, tuple(keys[at : at + AT_ONCE].tolist())) for at in range(0, max(len(keys), 1), AT_ONCE)]


def answers(
    shot: Snapshot,
    queries: Sequence[Query],
    as_of: int,
    ids: Sequence[Sequence[int]],
    parts: Sequence[Customers],
    known_until: int | None = None,
) -> Iterator[tuple[Query, Answer]]:
    """The answers of every query for every part; customers are asked first."""
    asked = [
        (query, rendered(query, sqlite=shot.store.is_sqlite, as_of=as_of, ids=ids, who=who, known_until=known_until))
        for query in queries
        for who in parts
    ]
    if shot.reader is not None:
        return shot.reader.answers(asked)
    if shot.exported:
        return _arrow(shot, asked)
    return ((query, _rows(shot.connection, text)) for query, text in asked)


def _many(store: Store) -> bool:
    with store.read() as connection:
        return (connection.scalar(select(func.max(customer.c.id))) or 0) > PLAIN_UP_TO


def _rows(connection: Connection, text: str) -> Answer:
    result = connection.exec_driver_sql(text)
    names, rows = list(result.keys()), result.fetchall()
    table = np.array([tuple(row) for row in rows], dtype=np.int64).reshape(len(rows), len(names))
    return {name: table[:, number] for number, name in enumerate(names)}


def _arrays(table: Any) -> Answer:
    return {name: table.column(name).to_numpy() for name in table.column_names}


# --- SQLite: the reader process ---------------------------------------------------------------------------------


@contextlib.contextmanager
def _writers_held(store: Store) -> Iterator[bool]:
    """Hold writers off for the milliseconds in which all snapshots are opened; nothing is written.

    Yields False where a writer keeps the lock, such as a large import: it has not committed, so all snapshots agree
    unless it does so just then, which the fact clock and the newest act of points tell.
    """
    with store.sql.connect() as connection:
        driver(connection).execute(f"pragma busy_timeout={int(LOCK_SECONDS * 1000)}")
        try:
            transaction = connection.execution_options(tierwise_write=True).begin()
        except OperationalError:
            yield False
            return
        finally:
            driver(connection).execute(f"pragma busy_timeout={BUSY_SECONDS * 1000}")
        try:
            yield True
        finally:
            transaction.rollback()


class Reader:
    """The reader process of an SQLite store, and the folder where it leaves its answers. Use it in `with`."""

    def __init__(self, store: Store) -> None:
        store.cache_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix="read-", dir=store.cache_dir))
        self.process = reader_process(store.path)

    def __enter__(self) -> Reader:
        self._hear("open")
        return self

    def __exit__(self, *args: object) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def begin(self) -> list[tuple[int, ...]]:
        """Open the snapshots; the state of the facts and of the points ledger that each connection sees."""
        self._say({"begin": True})
        return [tuple(each) for each in self._hear("began")["began"]]

    def answers(self, asked: Sequence[tuple[Query, str]]) -> Iterator[tuple[Query, Answer]]:
        """Have the statements run, at once; then map each answer as it is finished."""
        files = {str(self.folder / f"{number}.arrow"): query for number, (query, _) in enumerate(asked)}
        self._say({"tasks": [{"file": file, "text": text} for file, (_, text) in zip(files, asked, strict=True)]})
        return self._finished(files)

    def _finished(self, files: dict[str, Query]) -> Iterator[tuple[Query, Answer]]:
        for _ in files:
            file = self._hear("file")["file"]
            yield files[file], _mapped(file)

    def _say(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # what is wrong is read next
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()

    def _hear(self, expected: str) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        message: dict[str, Any] = json.loads(line) if line.strip() else {"error": "it ended without an answer"}
        if expected not in message:
            raise StoreError(f"the reader process of the store failed: {message.get('error', message)}")
        return message


def _mapped(file: str) -> Answer:
    import pyarrow as pa

    with pa.memory_map(file) as source:
        table = pa.ipc.open_file(source).read_all()
    os.unlink(file)  # the mapping keeps the pages until the columns are made
    return _arrays(table)


# --- PostgreSQL: ADBC in this process ---------------------------------------------------------------------------


def _exported(connection: Connection) -> str:
    """The name under which further connections see this transaction's snapshot; empty where plain rows are read."""
    many = (connection.scalar(select(func.max(customer.c.id))) or 0) > PLAIN_UP_TO
    if not many or find_spec("adbc_driver_postgresql") is None:
        return ""
    return str(connection.scalar(select(func.pg_export_snapshot())))


def _arrow(shot: Snapshot, asked: Sequence[tuple[Query, str]]) -> Iterator[tuple[Query, Answer]]:
    waiting: queue.SimpleQueue[tuple[Query, str]] = queue.SimpleQueue()
    for item in asked:
        waiting.put(item)
    done: queue.SimpleQueue[tuple[Query, Answer] | Exception] = queue.SimpleQueue()
    threads = [threading.Thread(target=_work, args=(shot, waiting, done)) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    try:
        for _ in asked:
            found = done.get()
            if isinstance(found, Exception):
                raise StoreError(f"reading features failed: {str(found).strip().splitlines()[0]}") from found
            yield found
    finally:
        with contextlib.suppress(queue.Empty):
            while True:
                waiting.get_nowait()
        for thread in threads:
            thread.join()


def _work(shot: Snapshot, waiting: Any, done: Any) -> None:
    """One further connection, in the same snapshot; its first statement joins it."""
    try:
        with _joined(shot) as cursor:
            while True:
                query, text = waiting.get_nowait()
                cursor.execute(text)
                done.put((query, _arrays(cursor.fetch_arrow_table())))
    except queue.Empty:
        return
    except Exception as error:  # handed to the thread that waits
        done.put(error)


@contextlib.contextmanager
def _joined(shot: Snapshot) -> Iterator[Any]:
    import adbc_driver_postgresql.dbapi as adbc

    url = shot.store.sql.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with adbc.connect(url, autocommit=False) as connection, connection.cursor() as cursor:
        cursor.execute("set transaction isolation level repeatable read, read only")
        cursor.execute(f"set transaction snapshot '{shot.exported}'")
        yield cursor


__all__ = ["PLAIN_UP_TO", "Reader", "Snapshot", "answers", "chosen", "ranges", "snapshot"]
