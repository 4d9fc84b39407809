"""What products and customers share: which rows repeat in the file, and which differ from what is stored."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.store.ingest.clean import Rows
from engine.store.ingest.parsed import NONE, Array, Flags, Ints, distinct, flags

Column = Any  # int64 with NONE, or a pyarrow text array


def same(left: Column, right: Column) -> Flags:
    """Where two columns agree; absent equals absent."""
    if isinstance(left, np.ndarray):
        return np.asarray(left == right)
    equal = pc.fill_null(pc.equal(left, right), False)
    return flags(pc.or_(equal, pc.and_(pc.is_null(left), pc.is_null(right))))


def take(column: Column, rows: Ints) -> Column:
    """Some rows of a column."""
    return column[rows] if isinstance(column, np.ndarray) else column.take(pa.array(rows))


def stored_column(values: list[Any], like: Column) -> Column:
    """Values read from the store, in the form of the column they are compared with."""
    if isinstance(like, np.ndarray):
        return np.array([NONE if value is None else value for value in values], np.int64)
    return pa.array(values, pa.string())


def first_rows(texts: Array, rows: Ints) -> tuple[Ints, Ints]:
    """Of rows with these ids: the row where each row's id stands first, and the rows that are first themselves."""
    _, codes = distinct(texts.take(pa.array(rows)))
    _, first = np.unique(codes, return_index=True)
    return rows[first[codes]], rows[np.sort(first)]


def settle_repeats(rows: Rows, chosen: Ints, first: Ints, columns: dict[str, Column], name: str) -> int:
    """Rows whose id stood earlier in the chunk: identical ones are counted and dropped, others are rejected.

    Returns how many were identical.
    """
    again = chosen != first
    if not again.any():
        return 0
    identical = np.ones(int(again.sum()), bool)
    for column in columns.values():
        identical &= same(take(column, chosen[again]), take(column, first[again]))
    wrong = where(len(rows), chosen[again][~identical])
    lines = np.zeros(len(rows), np.int64)
    lines[chosen] = rows.chunk.lines[first]
    reject_repeats(rows, wrong, lines, name)
    return int(identical.sum())


def reject_repeats(rows: Rows, repeated: Flags, first_lines: Ints, name: str) -> None:
    """Reject rows whose id stands earlier in the file with other content."""
    if repeated.any():
        expected = [f"one row per {name}; it stands on row {line} already, with other content" for line in first_lines.tolist()]
        rows.reject(repeated, name, f"{name} twice in the file", expected)


def where(length: int, rows: Ints) -> Flags:
    """The rows as flags over the whole chunk."""
    marked = np.zeros(length, bool)
    marked[rows] = True
    return marked


class LineBook:
    """On which row of the file each key was seen first; 8 bytes per stored key."""

    def __init__(self) -> None:
        self._lines: Ints = np.zeros(1024, np.int64)

    def of(self, keys: Ints) -> Ints:
        """The row of each key; 0 for one not seen."""
        self._grow(keys)
        return self._lines[keys]

    def note(self, keys: Ints, lines: Ints) -> None:
        """Remember rows of keys."""
        self._grow(keys)
        self._lines[keys] = lines

    def _grow(self, keys: Ints) -> None:
        top = int(keys.max()) if len(keys) else 0
        if top >= len(self._lines):
            self._lines = np.concatenate([self._lines, np.zeros(max(top + 1 - len(self._lines), len(self._lines)), np.int64)])
