"""Write whole columns: executemany on SQLite's own connection, COPY on PostgreSQL. A million rows take about a second."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from sqlalchemy import Connection

from engine.columns import Array
from engine.store.session import driver


def insert_columns(connection: Connection, table: str, columns: Mapping[str, Array], *, missing: int | None = None) -> None:
    """Insert one row per position of the arrays. missing: the integer that stands for NULL in every column but the first."""
    if not len(next(iter(columns.values()))):
        return
    names = ", ".join(columns)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        driver(connection).executemany(f"insert into {table} ({names}) values ({marks})", _rows(columns, missing))
        return
    with driver(connection).cursor() as cursor, cursor.copy(f"copy {table} ({names}) from stdin") as copy:
        for part in _text_parts(columns, missing):
            copy.write(part)


def update_columns(connection: Connection, table: str, columns: Mapping[str, Array], *, missing: int | None = None) -> None:
    """Update the rows whose key (the first column) is given, setting all other columns."""
    key, *names = columns
    if not len(columns[key]) or not names:
        return
    if connection.dialect.name == "sqlite":
        sets = ", ".join(f"{name} = ?" for name in names)
        ordered = {**{name: columns[name] for name in names}, key: columns[key]}
        driver(connection).executemany(f"update {table} set {sets} where {key} = ?", _rows(ordered, missing))
        return
    staged = f"staged_{table}"
    driver(connection).execute(f"create temp table {staged} on commit drop as select {key}, {', '.join(names)} from {table} with no data")
    insert_columns(connection, staged, columns, missing=missing)
    sets = ", ".join(f"{name} = {staged}.{name}" for name in names)
    driver(connection).execute(f"update {table} set {sets} from {staged} where {table}.{key} = {staged}.{key}")
    driver(connection).execute(f"drop table {staged}")


def _rows(columns: Mapping[str, Array], missing: int | None) -> Iterable[tuple[object, ...]]:
    return zip(*(_list(array, missing) for array in columns.values()), strict=True)


def _list(array: Array, missing: int | None) -> Sequence[object]:
    if missing is not None and array.dtype.kind in "iu" and len(array) and (array == missing).any():
        objects = array.astype(object)
        objects[array == missing] = None
        array = objects
    values: list[object] = array.tolist()
    return values


def _text_parts(columns: Mapping[str, Array], missing: int | None, size: int = 100_000) -> Iterable[str]:
    """COPY's text form, in parts so that memory stays flat."""
    total = len(next(iter(columns.values())))
    for start in range(0, total, size):
        texts = []
        for array in columns.values():
            part = array[start : start + size]
            written = part.astype(str)
            if missing is not None and part.dtype.kind in "iu":
                written = np.where(part == missing, "\\N", written)
            texts.append(written.tolist())
        yield "\n".join("\t".join(row) for row in zip(*texts, strict=True)) + "\n"
