"""One import while it runs: its transaction, batch, dictionaries, counts and rejected rows."""

from __future__ import annotations

import json
from bisect import bisect_right
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np

from engine import clock
from engine.store.facts import StoreSettings
from engine.store.ingest.mapping import Mapping
from engine.store.ingest.parsed import NONE, Array, Ints, distinct
from engine.store.ingest.report import ImportReport
from engine.store.ingest.stored_index import StoredIndex
from engine.store.ingest.tables import Tables


@dataclass(slots=True)
class Rejected:
    """One rejected row, with what a person needs to mend it."""

    line: int
    field: str
    reason: str
    found: str
    expected: str
    row: str


@dataclass
class Intake:
    """The state of one import."""

    tables: Tables
    settings: StoreSettings
    mapping: Mapping
    report: ImportReport
    batch: int
    seq: int
    source: int
    brought: set[str] = field(default_factory=set)  # the fields of the rows in hand; others are left as they are stored
    custom_fields: dict[str, int] = field(default_factory=dict)
    rows_of_orders: list[tuple[int, Any]] = field(default_factory=list)
    _terms: dict[str, dict[str, int]] = field(default_factory=dict)
    _sources: dict[str, int] = field(default_factory=dict)
    _customers: dict[int, StoredIndex] = field(default_factory=dict)
    _touched: Any = field(default_factory=lambda: np.zeros(1024, bool))

    def reject(self, rejected: list[Rejected]) -> None:
        """Keep rejected rows with the batch."""
        for each in rejected:
            self.report.count_rejected(each.reason, f"row {each.line}, {each.field}: found {each.found!r}; expected {each.expected}")
        if rejected:
            self.tables.insert(
                "rejected_row",
                {
                    "id": self.tables.ids("rejected_row", len(rejected)),
                    "batch_id": self.batch,
                    **{
                        name: [getattr(each, name) for each in rejected] for name in ("line", "field", "reason", "found", "expected", "row")
                    },
                },
            )

    def terms(self, field_name: str, texts: Array) -> Ints:
        """Term ids of a text column; NONE for null. New texts are added to the dictionary."""
        values, codes = distinct(texts)
        ids = np.array([self.term(field_name, value) for value in values.to_pylist()] + [NONE], np.int64)
        return ids[codes]

    def term(self, field_name: str, value: str) -> int:
        """The id of one text of a field's dictionary."""
        known = self._terms.get(field_name)
        if known is None:
            known = {text: key for key, text in self.tables.rows("select id, value from term where field = ?", field_name)}
            self._terms[field_name] = known
        if value not in known:
            known[value] = self.tables.id("term")
            self.tables.insert("term", {"id": [known[value]], "field": field_name, "value": [value]})
        return known[value]

    def source_id(self, name: str) -> int:
        """The id of a source, made on first use."""
        if name not in self._sources:
            self._sources[name] = source_id(self.tables, name)
        return self._sources[name]

    def customers(self, source: int) -> StoredIndex:
        """The customers known to a source by their aliases, each read once per import."""
        if source not in self._customers:
            self._customers[source] = StoredIndex(self.tables, "select external_id, customer_id from alias where source_id = ?", source)
        return self._customers[source]

    def touch(self, customers: Ints) -> None:
        """Remember that facts of these customers changed."""
        if not len(customers):
            return
        top = int(customers.max())
        if top >= len(self._touched):
            self._touched = np.concatenate([self._touched, np.zeros(max(top + 1 - len(self._touched), len(self._touched)), bool)])
        self._touched[customers] = True

    def stamp(self) -> None:
        """Write the fact clock's number to every customer touched (ENGINE 7)."""
        ids = np.flatnonzero(self._touched)
        self.tables.many(f"update customer set fact_seq = {self.seq} where id = ? and fact_seq <> {self.seq}", ids)

    def note_order_rows(self, keys: Ints, lines: Ints) -> None:
        """Remember on which rows of the file new orders stand; rows without gaps cost nothing."""
        if len(keys):
            gapless = len(lines) == int(lines[-1]) - int(lines[0]) + 1
            self.rows_of_orders.append((int(keys[0]), range(int(lines[0]), int(lines[-1]) + 1) if gapless else lines.astype(np.int32)))

    def row_of(self, key: int) -> int:
        """The row of the file on which a new order stands first."""
        at = bisect_right(self.rows_of_orders, key, key=lambda part: part[0]) - 1
        first, lines = self.rows_of_orders[at]
        return int(lines[key - first])

    def save_former(self, kind: str, ids: list[int], was: list[int], documents: list[dict[str, Any]]) -> None:
        """Keep what facts were before this batch changed them."""
        self.tables.insert(
            "former_fact",
            {
                "id": self.tables.ids("former_fact", len(ids)),
                "batch_id": self.batch,
                "kind": kind,
                "fact_id": ids,
                "was_batch_id": was,
                "document": [json.dumps(each, ensure_ascii=False) for each in documents],
            },
        )


def source_id(tables: Tables, name: str) -> int:
    """The id of a source by name, made when new."""
    found = tables.one("select id from source where name = ?", name)
    if found is None:
        found = tables.id("source")
        tables.insert("source", {"id": [found], "name": [name]})
    return int(found)


def key_hash(external_id: str) -> int:
    """The signed 64-bit key by which partitions and digests name a customer, whatever its row id is."""
    return int.from_bytes(blake2b(external_id.encode(), digest_size=8).digest(), "big", signed=True)


def now() -> int:
    """UTC epoch seconds."""
    return clock.now()
