"""Write and look up many rows at once, on either database, inside the transaction that is open.

SQLite is written by the driver's `executemany`, PostgreSQL by COPY; SQLAlchemy's cost per row would be several times
the rest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any

import numpy as np
from sqlalchemy import Connection

from engine.store.ingest.parsed import NONE
from engine.store.models import metadata
from engine.store.session import driver

BULK_INDEXES = {
    "customer": ("ix_customer_external_id", "ix_customer_fact_seq"),
    "alias": ("ix_alias_customer_id",),
    "orders": ("ix_orders_features", "ix_orders_ordered_at"),
}
"""What a bulk import drops and makes again in its transaction."""


class Tables:
    """The open transaction, for bulk work. SQL is written with `?`; column lists may be NumPy, pyarrow or plain lists."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.is_sqlite = connection.dialect.name == "sqlite"
        self._driver = driver(connection)
        self._next: dict[str, int] = {}

    def run(self, sql: str, *values: Any) -> Any:
        """Execute one statement and return the driver's cursor."""
        return self._driver.execute(sql if self.is_sqlite else sql.replace("?", "%s"), values)

    def rows(self, sql: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """The rows of a query, fetched in parts."""
        cursor = self.run(sql, *values)
        while part := cursor.fetchmany(50_000):
            yield from part

    def one(self, sql: str, *values: Any) -> Any:
        """The first value of the first row, or None."""
        row = self.run(sql, *values).fetchone()
        return row[0] if row else None

    def many(self, sql: str, *columns: Any) -> None:
        """Execute a statement once per row of the columns."""
        rows = zip(*map(plain_list, columns), strict=False)
        if self.is_sqlite:
            self._driver.executemany(sql, rows)
        else:
            with self._driver.cursor() as cursor:
                cursor.executemany(sql.replace("?", "%s"), list(rows))

    def insert(self, table: str, columns: dict[str, Any]) -> None:
        """Insert rows given as columns; a plain number or text stands for a column that holds it everywhere."""
        names = list(columns)
        constants = {name: value for name, value in columns.items() if not hasattr(value, "__len__") or isinstance(value, str)}
        varying = [name for name in names if name not in constants]
        rows = zip(*(plain_list(columns[name]) for name in varying), strict=False)
        if self.is_sqlite:
            places = ", ".join("?" if name in varying else _literal(constants[name]) for name in names)
            self._driver.executemany(f"insert into {table} ({', '.join(names)}) values ({places})", rows)
            return
        order = [*varying, *constants]
        tail = tuple(constants[name] for name in constants)
        with self._driver.cursor() as cursor, cursor.copy(f"copy {table} ({', '.join(order)}) from stdin") as copy:
            for row in rows:
                copy.write_row(row + tail)

    def ids(self, table: str, count: int) -> Any:
        """Take ids for new rows. Safe because every writer of facts holds the fact clock's lock.

        An order never gets the id of a removed one for which points were posted: they would pass for its own.
        """
        if table not in self._next:
            newest = int(self.one(f"select coalesce(max(id), 0) from {table}"))
            if table == "orders":
                newest = max(newest, int(self.one("select coalesce(max(order_id), 0) from points_lot")))
            self._next[table] = newest + 1
        start = self._next[table]
        self._next[table] = start + count
        return np.arange(start, start + count)

    def id(self, table: str) -> int:
        """Take one id."""
        return int(self.ids(table, 1)[0])

    def finish_ids(self) -> None:
        """Tell PostgreSQL's sequences which ids were taken."""
        if self.is_sqlite:
            return
        for table, following in self._next.items():
            self.run(f"select setval(pg_get_serial_sequence('{table}', 'id'), {following}, false)")

    def texts(self, values: Sequence[str]) -> Any:
        """The parameter for `texts_sql`."""
        return json.dumps(list(values), ensure_ascii=False) if self.is_sqlite else list(values)

    @property
    def texts_sql(self) -> str:
        """A table t(at, value) of a list of texts given as one parameter; `at` counts from 0."""
        if self.is_sqlite:
            return "(select key as at, value from json_each(?)) t"
        return "(select at - 1 as at, value from unnest(?::text[]) with ordinality as u(value, at)) t"

    def ids_table(self, values: Any, name: str = "chosen") -> str:
        """Fill a temporary table name(id) and return its name, for joins over many ids."""
        kind = "integer" if self.is_sqlite else "bigint"
        self.run(f"create temporary table if not exists {name} (id {kind} primary key)")
        self.run(f"delete from {name}")  # not dropped: SQLite drops no table while another is being read
        self.insert(name, {"id": np.asarray(values, np.int64)})
        return name

    def drop_indexes(self, names: Iterable[str]) -> None:
        """Drop indexes that `create_indexes` makes again before the transaction ends."""
        for name in names:
            self.run(f"drop index {name}")

    def create_indexes(self, names: Iterable[str]) -> None:
        """Make the indexes as the models declare them."""
        wanted = set(names)
        for table in metadata.tables.values():
            for index in table.indexes:
                if index.name in wanted:
                    index.create(self.connection)


def plain_list(column: Any) -> Any:
    """A column as Python values for a driver; `NONE` in integers becomes None."""
    if isinstance(column, np.ndarray):
        if column.dtype == np.int64 and len(column):
            empty = column == NONE
            if empty.all():
                return repeat(None, len(column))
            if empty.any():
                boxed = column.astype(object)
                boxed[empty] = None
                return boxed.tolist()
        return column.tolist()
    if hasattr(column, "to_pylist"):
        return column.to_pylist()
    return column


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, int):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"
