"""Customers: create, update what differs, leave alone what the file does not bring."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.errors import FactError
from engine.store.ingest import upsert
from engine.store.ingest.clean import Rows
from engine.store.ingest.intake import Intake, key_hash
from engine.store.ingest.parsed import NONE, Array, Flags, Ints, distinct, flags
from engine.store.ingest.stored_index import FEW, some
from engine.store.ingest.tables import BULK_INDEXES

INTEGERS = {"kind": "kind", "gender": "gender", "birth_date": "birth_day", "income": "income", "joined_at": "joined_at"}
TEXTS = {"name": "name", "email": "email", "phone": "phone", "not_graded": "not_graded"}
TERMS = {name: f"{name}_id" for name in ("country", "region", "city", "industry", "education")}
GRADED_WORDS = ("false", "no", "0", "否")
NOT_GRADED_WORDS = ("true", "yes", "1", "是")

FORMER = [
    "name",
    "kind",
    "gender",
    "birth_day",
    "email",
    "phone",
    "country_id",
    "region_id",
    "city_id",
    "industry_id",
    "education_id",
    "income",
    "joined_at",
    "not_graded",
    "version",
    "batch_id",
    "voided_at",
]
"""What is kept of a customer before an import changes it."""


class CustomerLoader:
    """Brings rows of customers into the store."""

    def __init__(self, intake: Intake, expected_rows: int) -> None:
        self.intake = intake
        self.tables = intake.tables
        self._seen = upsert.LineBook()
        self._joined: dict[int, set[str]] = {}
        self._dropped: list[str] = []
        if expected_rows > 1_000 and expected_rows >= int(self.tables.one("select coalesce(max(id), 0) from customer")):
            self._dropped = [*BULK_INDEXES["customer"], *BULK_INDEXES["alias"]]
            self.tables.drop_indexes(self._dropped)

    def take(self, rows: Rows) -> None:
        """Store one chunk."""
        for source, chosen in self._by_source(rows):
            self._take_source(rows, source, chosen)

    def finish(self) -> None:
        """Make the dropped indexes again."""
        self.tables.create_indexes(self._dropped)

    def _by_source(self, rows: Rows) -> list[tuple[int, Ints]]:
        if not rows.has("source"):
            return [(self.intake.source, np.flatnonzero(rows.alive))]
        names, codes = distinct(rows.texts("source"))
        found = [(self.intake.source_id(name), np.flatnonzero(rows.alive & (codes == i))) for i, name in enumerate(names.to_pylist())]
        return [*found, (self.intake.source, np.flatnonzero(rows.alive & (codes < 0)))]

    def _take_source(self, rows: Rows, source: int, chosen: Ints) -> None:
        if not len(chosen):
            return
        ids = rows.texts("customer")
        self._ignore_joined(rows, source, chosen)
        chosen = chosen[rows.alive[chosen]]
        columns = self._columns(rows)
        first, chosen_first = upsert.first_rows(ids, chosen)
        report = self.intake.report
        report.unchanged += upsert.settle_repeats(rows, chosen, first, columns, "customer")
        chosen = chosen_first
        index = self.intake.customers(source)
        keys = index.find(ids.take(pa.array(chosen)))
        new = keys < 0
        if new.any():
            self._create(rows, source, chosen[new], columns)
        if not new.all():
            self._update(rows, chosen[~new], keys[~new], columns)

    def _ignore_joined(self, rows: Rows, source: int, chosen: Ints) -> None:
        """A customer joined into another speaks no longer for itself."""
        known = self._joined_of(rows.texts("customer"), source)
        if known:
            joined = pc.is_in(rows.texts("customer"), pa.array(sorted(known), pa.string()))
            where = np.zeros(len(rows), bool)
            where[chosen] = flags(joined)[chosen]
            rows.ignore(where, "customer joined into another")

    def _joined_of(self, texts: Any, source: int) -> set[str]:
        """Ids of customers that were joined into others: among a few rows, or all, read once."""
        query = "select external_id, customer_id from alias where source_id = ? and customer_id <> first_customer_id"
        if source not in self._joined:
            if len(texts) <= FEW:
                return {text for text, _ in some(self.tables, query, source, sorted(set(texts.drop_null().to_pylist())))}
            self._joined[source] = {text for text, _ in self.tables.rows(query, source)}
        return self._joined[source]

    def _columns(self, rows: Rows) -> dict[str, Any]:
        """The columns of the table that the file brings; absent is not null."""
        found: dict[str, Any] = {INTEGERS[name]: rows.ints(name) for name in INTEGERS if rows.has(name)}
        found |= {TEXTS[name]: rows.texts(name) for name in TEXTS if rows.has(name)}
        found |= {TERMS[name]: self.intake.terms(name, rows.texts(name)) for name in TERMS if rows.has(name)}
        if "not_graded" in found or rows.mapping.not_graded:
            found["not_graded"] = _not_graded(found.get("not_graded"), rows.not_graded())
        if rows.has("version"):
            found["version"] = rows.ints("version")
        for name, column in rows.mapping.columns.items():
            if name.startswith("custom.") and rows.has(name):
                values = self.intake.terms(name, rows.texts(name)) if column.kind == "text" else rows.ints(name)
                found[name] = values
        return found

    def _create(self, rows: Rows, source: int, chosen: Ints, columns: dict[str, Any]) -> None:
        texts = rows.texts("customer").take(pa.array(chosen))
        plain = {name: upsert.take(column, chosen) for name, column in columns.items() if not name.startswith("custom.")}
        keys = create_customers(self.intake, source, texts, plain)
        self._seen.note(keys, rows.chunk.lines[chosen])
        self.intake.report.created += len(keys)
        for name, column in columns.items():
            if name.startswith("custom."):
                self._write_custom(name, keys, upsert.take(column, chosen))

    def _update(self, rows: Rows, chosen: Ints, keys: Ints, columns: dict[str, Any]) -> None:
        """Compare with what is stored; write, and keep the former state of, what differs."""
        order = np.argsort(keys, kind="stable")
        chosen, keys = chosen[order], keys[order]
        stored = self._stored(keys)
        brought = {name: upsert.take(column, chosen) for name, column in columns.items()}
        was = {name: self._was(name, keys, stored, column) for name, column in brought.items()}
        revived = self._revived(stored)
        changed = revived.copy()
        for name in brought:
            if name != "version":
                changed |= ~upsert.same(brought[name], was[name])
        if "version" in brought:
            newer = np.where(was["version"] == NONE, NONE, was["version"])
            older = changed & (brought["version"] < newer)
            rows.ignore(upsert.where(len(rows), chosen[older]), "older than what is stored")
            changed &= ~older
        changed &= rows.alive[chosen]
        before = self._seen.of(keys)
        again = changed & (before > 0) & ~revived
        lines = np.zeros(len(rows), np.int64)
        lines[chosen] = before
        upsert.reject_repeats(rows, upsert.where(len(rows), chosen[again]), lines, "customer")
        changed &= ~again
        self._seen.note(keys, np.where(before > 0, before, rows.chunk.lines[chosen]))
        self._write(keys, brought, was, stored, changed)
        self.tables.many("update customer set voided_at = null where id = ?", keys[changed & revived])
        self.intake.report.updated += int(changed.sum())
        self.intake.report.unchanged += int((rows.alive[chosen] & ~changed).sum())

    def _stored(self, keys: Ints) -> dict[str, list[Any]]:
        table = self.tables.ids_table(np.unique(keys))
        names = ["id", *FORMER]
        query = f"select {', '.join('c.' + name for name in names)} from {table} join customer c on c.id = {table}.id order by c.id"
        columns = list(zip(*self.tables.rows(query), strict=True))
        return {name: list(column) for name, column in zip(names, columns, strict=True)}

    def _was(self, name: str, keys: Ints, stored: dict[str, list[Any]], like: Any) -> Any:
        if not name.startswith("custom."):
            return upsert.stored_column(stored[name], like)
        query = "select v.customer_id, v.value from chosen join custom_value v on v.customer_id = chosen.id and v.field_id = ?"
        values = dict(self.tables.rows(query, self._field_id(name)))
        return np.array([values.get(key, NONE) for key in keys.tolist()], np.int64)

    def _revived(self, stored: dict[str, list[Any]]) -> Flags:
        """Customers that are void only because the batch that brought them was undone."""
        if not any(voided is not None for voided in stored["voided_at"]):
            return np.zeros(len(stored["id"]), bool)
        undone = {batch for (batch,) in self.tables.rows("select id from import_batch where undone_at is not null")}
        pairs = zip(stored["voided_at"], stored["batch_id"], strict=True)
        return np.array([voided is not None and batch in undone for voided, batch in pairs], bool)

    def _write(self, keys: Ints, brought: dict[str, Any], was: dict[str, Any], stored: dict[str, list[Any]], changed: Flags) -> None:
        at = np.flatnonzero(changed)
        if not len(at):
            return
        self.intake.touch(keys[at])
        documents = [{name: stored[name][i] for name in FORMER} for i in at.tolist()]
        customs = [name for name in brought if name.startswith("custom.")]
        for i, document in zip(at.tolist(), documents, strict=True):
            document["custom"] = {self._field_id(name): (None if was[name][i] == NONE else int(was[name][i])) for name in customs}
        kept = np.array([stored["batch_id"][i] != self.intake.batch for i in at.tolist()], bool)
        chosen_documents = [document for document, keep in zip(documents, kept.tolist(), strict=True) if keep]
        self.intake.save_former("customer", keys[at][kept].tolist(), [stored["batch_id"][i] for i in at[kept].tolist()], chosen_documents)
        plain = [name for name in brought if not name.startswith("custom.")]
        sets = ", ".join([f"{name} = ?" for name in plain] + [f"batch_id = {self.intake.batch}"])
        self.tables.many(f"update customer set {sets} where id = ?", *(upsert.take(brought[name], at) for name in plain), keys[at])
        for name in customs:
            self._write_custom(name, keys[at], brought[name][at])

    def _write_custom(self, name: str, keys: Ints, values: Ints) -> None:
        field_id = self._field_id(name)
        self.tables.many(f"delete from custom_value where customer_id = ? and field_id = {field_id}", keys)
        given = values != NONE
        if given.any():
            self.tables.insert("custom_value", {"customer_id": keys[given], "field_id": field_id, "value": values[given]})

    def _field_id(self, name: str) -> int:
        return custom_field_ids(self.intake)[name.removeprefix("custom.")]


def create_customers(intake: Intake, source: int, texts: Array, columns: dict[str, Any]) -> Ints:
    """Insert customers with their aliases, and return their keys."""
    tables = intake.tables
    keys: Ints = tables.ids("customer", len(texts))
    external = texts.to_pylist()
    head = {"id": keys, "key_hash": [key_hash(text) for text in external], "external_id": external}
    tail = {"content_hash": 0, "batch_id": intake.batch, "fact_seq": intake.seq}
    tables.insert("customer", {**head, **columns, **tail})
    aliases = tables.ids("alias", len(texts))
    alias = {"id": aliases, "source_id": source, "external_id": external, "customer_id": keys, "first_customer_id": keys}
    tables.insert("alias", alias)
    intake.customers(source).add(texts, keys)
    return keys


def settle_custom_fields(intake: Intake) -> None:
    """Give every custom column its kind, and make the fields that are new. Raises `FactError` where kinds disagree."""
    known = dict(intake.tables.rows("select name, kind from custom_field"))
    columns = dict(intake.mapping.columns)
    for name, column in intake.mapping.columns.items():
        if not name.startswith("custom."):
            continue
        key = name.removeprefix("custom.")
        kind = column.kind or known.get(key, "text")
        if known.get(key, kind) != kind:
            raise FactError(f"column {column.column!r}: the custom field {key} is a {known[key]} in the store, not a {kind}")
        if key not in known:
            ids = intake.tables.ids("custom_field", 1)
            intake.tables.insert("custom_field", {"id": ids, "name": [key], "kind": kind, "title_en": key, "title_zh": key})
        columns[name] = replace(column, kind=kind)
    intake.mapping = intake.mapping.with_columns(columns)
    custom_field_ids(intake, fresh=True)


def custom_field_ids(intake: Intake, *, fresh: bool = False) -> dict[str, int]:
    """Name → id of the custom fields, read once per import."""
    if fresh or not intake.custom_fields:
        intake.custom_fields = dict(intake.tables.rows("select name, id from custom_field"))
    return intake.custom_fields


def _not_graded(column: Array | None, by_rule: Array) -> Array:
    """The reason for not grading: what the file says, with plain yes and no understood, else what a rule says."""
    if column is None:
        return by_rule
    lower = pc.utf8_lower(column)
    said = pc.if_else(pc.is_in(lower, pa.array(GRADED_WORDS)), None, column)
    said = pc.if_else(pc.is_in(lower, pa.array(NOT_GRADED_WORDS)), "not graded", said)
    return pc.coalesce(said, by_rule)
