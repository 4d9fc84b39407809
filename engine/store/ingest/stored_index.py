"""An index of stored ids that reads no more than it is asked for: a single order must not read the ids of a million customers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from engine.store.ingest.keys import KeyIndex
from engine.store.ingest.parsed import Array, Ints
from engine.store.ingest.tables import Tables

FEW = 1_000
"""So many ids are looked up one by one; for more of them every id is read, which is faster."""
AT_ONCE = 200


class StoredIndex:
    """External id → key of a table, for one source. sql: gives every (external id, key), with one ? for the source."""

    def __init__(self, tables: Tables, sql: str, source: int) -> None:
        self._tables, self._sql, self._source = tables, sql, source
        self._known = KeyIndex()
        self._asked: set[str] = set()
        self._whole = False

    def add(self, texts: Array, keys: Ints) -> None:
        """Add ids that were stored just now."""
        self._known.add(texts, keys)
        if not self._whole:
            self._asked.update(texts.to_pylist())

    def find(self, texts: Array) -> Ints:
        """The key of each id; -1 for an unknown one. The texts must not be null."""
        if not self._whole:
            if len(texts) + len(self._asked) > FEW:
                self._known, self._whole = read_index(self._tables, self._sql, self._source), True
            else:
                self._look_up(sorted(set(texts.to_pylist()) - self._asked))
        return self._known.find(texts)

    def _look_up(self, wanted: Sequence[str]) -> None:
        found = list(some(self._tables, self._sql, self._source, wanted))
        if found:
            self._known.add(pa.array([text for text, _ in found], pa.string()), np.array([key for _, key in found], np.int64))
        self._asked.update(wanted)


def some(tables: Tables, sql: str, source: int, wanted: Sequence[str]) -> Iterator[tuple[str, int]]:
    """The rows of a query of (external id, key) for some external ids."""
    for at in range(0, len(wanted), AT_ONCE):
        part = wanted[at : at + AT_ONCE]
        marks = ", ".join("?" * len(part))
        yield from tables.rows(f"{sql} and external_id in ({marks})", source, *part)


def read_index(tables: Tables, sql: str, *values: Any) -> KeyIndex:
    """Read (external id, key) rows into an index, in parts."""
    index = KeyIndex()
    texts: list[Array] = []
    keys: list[Ints] = []
    cursor = tables.run(sql, *values)
    while part := cursor.fetchmany(100_000):
        texts.append(pa.array([text for text, _ in part], pa.string()))
        keys.append(np.array([key for _, key in part], np.int64))
    if texts:
        index.add(pa.concat_arrays(texts), np.concatenate(keys))
    return index
