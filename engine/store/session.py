"""Open a store and hand out its connections: many readers, one writer at a time, migrations once.

On SQLite every writing transaction opens with BEGIN IMMEDIATE: a transaction that reads first and writes later gets
SQLITE_BUSY_SNAPSHOT at once, whatever the busy timeout.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from hashlib import blake2b
from importlib import resources
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Connection, MetaData, create_engine, event, inspect, text
from sqlalchemy import Engine as SqlEngine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, NoSuchModuleError, OperationalError

from engine.errors import StoreError
from engine.store import turns

BUSY_SECONDS = 15
"""How long a write waits for another one; sqlite:///shop.db?timeout=2 waits 2 seconds."""

MIGRATION_LOCK, WRITER_LOCK, AUDIT_LOCK = 7_452_001, 7_452_002, 7_452_003  # any numbers of our own; they name advisory locks on PostgreSQL


_TOGETHER: ContextVar[Whole | None] = ContextVar("tierwise_together", default=None)


@dataclass(slots=True)
class Whole:
    """The transaction of `Store.together`."""

    store: Store
    connection: Connection
    undone: bool = False

    def undo(self) -> None:
        """Keep nothing of it when the block ends."""
        self.undone = True


class Store:
    """A database that holds facts, rules and outcomes. Made by `Store.open`; close it, or use it in `with`."""

    def __init__(self, sql: SqlEngine, cache_dir: Path, audit_keys: tuple[str, ...] = ()) -> None:
        self.sql = sql
        self.cache_dir = cache_dir
        self.audit_keys = audit_keys
        self._beside: dict[str, Store] = {}
        self._beside_lock = Lock()
        self._at_close: list[Callable[[], object]] = []

    @classmethod
    def open(cls, url: str, *, cache_dir: Path | None = None, create: bool = True, audit_keys: tuple[str, ...] = ()) -> Store:
        """Open the store at `url`, bringing its tables to this version.

        create: make a store that does not exist; otherwise its absence is a `StoreError`. audit_keys: what the audit trail
        is sealed with, the newest first.
        """
        target = _checked(url, create=create)
        sql = create_engine(target, pool_pre_ping=target.get_backend_name() == "postgresql", connect_args=_connect_args(target))
        _listen(sql)
        store = cls(sql, cache_dir or _default_cache(target), audit_keys)
        try:
            with _explained(sql):
                store._migrate()
        except BaseException:
            store.close()
            raise
        return store

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded store."""
        return self.sql.dialect.name == "sqlite"

    @property
    def path(self) -> Path:
        """The file of an SQLite store."""
        return Path(str(self.sql.url.database)).absolute()

    @contextmanager
    def together(self) -> Iterator[Whole]:
        """One writing transaction around several verbs: each `read` and `write` inside, in this thread, is part of it.

        So a verb can be rehearsed (`whole.undo()`), or kept together with what belongs to it. An exception undoes all.
        """
        open_ = _TOGETHER.get()
        if open_ is not None and open_.store is self:
            yield open_
            return
        with _explained(self.sql), self.sql.connect() as connection:
            connection = connection.execution_options(tierwise_write=True, tierwise_audit_keys=self.audit_keys)
            with connection.begin() as transaction:
                whole = Whole(self, connection)
                token = _TOGETHER.set(whole)
                try:
                    yield whole
                finally:
                    _TOGETHER.reset(token)
                if whole.undone:
                    transaction.rollback()

    def _whole(self) -> Whole | None:
        open_ = _TOGETHER.get()
        return open_ if open_ is not None and open_.store is self else None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view of the store, in one read-only transaction."""
        whole = self._whole()
        if whole is not None:
            yield whole.connection
            return
        with _explained(self.sql), self.sql.connect() as connection:
            if not self.is_sqlite:
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield connection

    @contextmanager
    def write(self, *, bulk: bool = False) -> Iterator[Connection]:
        """One writing transaction: all of it is kept, or nothing.

        bulk: leave foreign keys unchecked on SQLite, for writers of millions of rows that made the keys themselves.
        """
        whole = self._whole()
        if whole is not None:
            with whole.connection.begin_nested():
                yield whole.connection
            return
        with _explained(self.sql), self.sql.connect() as connection:
            connection = connection.execution_options(tierwise_write=True, tierwise_audit_keys=self.audit_keys)
            if bulk and self.is_sqlite:
                _driver(connection).execute("pragma foreign_keys=OFF")
            try:
                with connection.begin():
                    yield connection
            finally:
                if bulk and self.is_sqlite:
                    _driver(connection).execute("pragma foreign_keys=ON")

    def beside(self, name: str, tables: MetaData) -> Store:
        """Where tables live that must not wait for the store's writer: on SQLite a file beside it, on PostgreSQL this store.

        The tables are made when they are not there.
        """
        with self._beside_lock:
            if name not in self._beside:
                self._beside[name] = self._open_beside(name, tables)
            return self._beside[name]

    def at_close(self, do: Callable[[], object]) -> None:
        """Have something done when the store is closed: others may hold connections of their own to it."""
        self._at_close.append(do)

    def _open_beside(self, name: str, tables: MetaData) -> Store:
        target = self
        if self.is_sqlite:
            url = self.sql.url.set(database=f"{self.path}.{name}.db")
            sql = create_engine(url, connect_args=_connect_args(url))
            _listen(sql)
            target = Store(sql, self.cache_dir)
        with target.read() as connection:
            known = set(inspect(connection).get_table_names())
        if set(tables.tables) - known:
            with target.write() as connection:
                if not self.is_sqlite:
                    connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
                tables.create_all(connection)
        return target

    def close(self) -> None:
        """Close every connection."""
        while self._at_close:
            self._at_close.pop()()
        for other in self._beside.values():
            if other is not self:
                other.close()
        self.sql.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()

    def _migrate(self) -> None:
        with self.sql.connect() as connection:
            if _revision(connection) == newest_revision():
                return  # Alembic takes longer to load than a small store to open
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", "engine.store:migrations")
        with self.sql.connect() as connection:
            connection = connection.execution_options(tierwise_write=True)
            with connection.begin():
                if not self.is_sqlite:
                    connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
                found = _revision(connection)
                if found is not None and found not in revisions():
                    raise StoreError(
                        f"the store has version {found}, which this Tierwise does not know; use the newer Tierwise that made it"
                    )
                if found is None and set(inspect(connection).get_table_names()) - {"alembic_version"}:
                    raise StoreError("the database holds tables that are not Tierwise's; give the store a database of its own")
                config.attributes["connection"] = connection
                command.upgrade(config, "head")


def revisions() -> list[str]:
    """Every revision of the tables, the oldest first: the numbers that the files of `migrations/versions` begin with."""
    folder = resources.files("engine.store.migrations").joinpath("versions")
    return sorted(file.name.partition("_")[0] for file in folder.iterdir() if file.name[:4].isdigit() and file.name.endswith(".py"))


def newest_revision() -> str:
    """The revision that this version of Tierwise works with."""
    return revisions()[-1]


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.scalar(text("select version_num from alembic_version"))
    return None if found is None else str(found)


def driver(connection: Connection) -> Any:
    """The driver's own connection, for executemany and COPY without SQLAlchemy's cost per row."""
    return connection.connection.driver_connection


_driver = driver


def one_writer(connection: Connection) -> None:
    """Wait until no other transaction writes rules or outcomes: the first statement of one that reads before it writes.

    On SQLite BEGIN IMMEDIATE has waited already; on PostgreSQL two such transactions would both find nothing and both write.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": WRITER_LOCK})


def _checked(url: str, *, create: bool) -> URL:
    try:
        target = make_url(url)
        target.get_dialect()
    except (ArgumentError, NoSuchModuleError):
        raise StoreError(
            f"database url {url!r} is not understood; expected sqlite:///file or postgresql://user:password@host/name"
        ) from None
    backend = target.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise StoreError(f"a store on {backend} is not possible; expected sqlite:///file or postgresql://user:password@host/name")
    if backend == "sqlite":
        if not target.database or target.database == ":memory:":
            raise StoreError("an SQLite store needs a file: the process that reads features opens it by name; expected sqlite:///file")
        path = Path(target.database)
        if not path.parent.is_dir():
            raise StoreError(f"the folder {path.parent} of the store does not exist")
        if not create and not path.exists():
            raise StoreError(f"there is no store at {path}; make one with: tierwise init")
    return target


def _connect_args(url: URL) -> dict[str, Any]:
    if url.get_backend_name() == "sqlite":
        return {"timeout": _busy_seconds(url), "check_same_thread": False}
    return {} if "options" in url.query else {"options": f"-c lock_timeout={BUSY_SECONDS}s"}


def _busy_seconds(url: URL) -> float:
    """How long a write waits: what the url says (sqlite:///file?timeout=2), else `BUSY_SECONDS`."""
    written = str(url.query.get("timeout", BUSY_SECONDS))
    try:
        seconds = float(written)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= 3600:
        raise StoreError(f"timeout={written} of the database url is not understood; expected seconds from 0 to 3600")
    return seconds


def _default_cache(url: URL) -> Path:
    if url.get_backend_name() == "sqlite":
        return Path(f"{Path(str(url.database)).absolute()}.cache")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "tierwise" / blake2b(url.render_as_string().encode(), digest_size=8).hexdigest()


def _listen(sql: SqlEngine) -> None:
    if sql.dialect.name != "sqlite":
        return

    @event.listens_for(sql, "connect")
    def _prepare(connection: sqlite3.Connection, record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves; the driver would begin too late
        connection.execute(f"pragma busy_timeout={int(_busy_seconds(sql.url) * 1000)}")
        if connection.execute("pragma journal_mode").fetchone()[0] != "wal":
            connection.execute("pragma journal_mode=WAL")
        connection.execute("pragma synchronous=NORMAL")
        connection.execute("pragma foreign_keys=ON")
        connection.execute("pragma cache_size=-64000")

    @event.listens_for(sql, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get("tierwise_write"):
            _begin_immediate(connection, sql.url)
        else:
            connection.exec_driver_sql("BEGIN")


def _begin_immediate(connection: Connection, url: URL) -> None:
    """Begin to write in this writer's turn; SQLite's own waiting has no order (`engine.store.turns`)."""
    seconds, plain = _busy_seconds(url), driver(connection)
    plain.execute("pragma busy_timeout=0")
    try:
        if not turns.wait(Path(f"{Path(str(url.database)).absolute()}.turns"), lambda: _begun(plain), seconds):
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # and with it the database's own words for a lock that stays
    finally:
        plain.execute(f"pragma busy_timeout={int(seconds * 1000)}")


def _begun(plain: sqlite3.Connection) -> bool:
    try:
        plain.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        return False
    return True


@contextmanager
def _explained(sql: SqlEngine) -> Iterator[None]:
    """Say what a database's refusal means and what to do, instead of the driver's words; what is our own mistake stays as it is."""
    driver_errors: Any = sql.dialect.loaded_dbapi
    try:
        yield
    except DBAPIError as error:
        if not isinstance(error, OperationalError) and type(error) is not DatabaseError:
            raise
        raise StoreError(_meaning(str(error.orig), sql.url)) from error
    except driver_errors.OperationalError as error:
        raise StoreError(_meaning(str(error), sql.url)) from error
    except driver_errors.DatabaseError as error:
        if type(error) is not driver_errors.DatabaseError:
            raise
        raise StoreError(_meaning(str(error), sql.url)) from error


def _meaning(message: str, url: URL) -> str:
    place = url.render_as_string(hide_password=True)
    if "locked" in message or "lock timeout" in message:
        waited = f"{_busy_seconds(url):g} s" if url.get_backend_name() == "sqlite" else "as long as a write waits"
        return f"the store {place} is being written by another process and stayed locked for {waited}; nothing was changed, try again"
    if "disk is full" in message or "No space left" in message:
        return f"the disk of the store {place} is full; nothing was changed, free some space and try again"
    if "unable to open" in message or "readonly" in message:
        return f"the store {place} cannot be opened for writing: {message}"
    if "not a database" in message:
        return f"{place} is a file, but not an SQLite database"
    if "malformed" in message:
        return f"the store {place} is damaged ({message}); bring back a copy of it"
    if "no such table" in message or "no such column" in message:
        return f"the store {place} lacks something this version needs ({message})"
    return f"the store {place} does not answer: {message.strip().splitlines()[0]}"
