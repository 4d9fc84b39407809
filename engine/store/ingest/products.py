"""Products: create, update what differs; order lines create the ones they name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from engine.store.ingest import upsert
from engine.store.ingest.clean import Rows
from engine.store.ingest.intake import Intake
from engine.store.ingest.parsed import NONE, Array, Ints
from engine.store.ingest.stored_index import StoredIndex
from engine.store.ingest.tables import Tables

FORMER = ("name", "category_id", "cost", "version", "batch_id", "voided_at")
"""What is kept of a product before an import changes it."""


class ProductLoader:
    """Brings rows of products into the store."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        self.tables = intake.tables
        self._index = product_index(intake)
        self._seen = upsert.LineBook()

    def take(self, rows: Rows) -> None:
        """Store one chunk."""
        chosen = np.flatnonzero(rows.alive)
        if not len(chosen):
            return
        columns = self._columns(rows)
        first, chosen_first = upsert.first_rows(rows.texts("product"), chosen)
        self.intake.report.unchanged += upsert.settle_repeats(rows, chosen, first, columns, "product")
        keys = self._index.find(rows.texts("product").take(pa.array(chosen_first)))
        new = keys < 0
        if new.any():
            texts = rows.texts("product").take(pa.array(chosen_first[new]))
            made = create_products(
                self.intake, self._index, texts, {name: upsert.take(c, chosen_first[new]) for name, c in columns.items()}
            )
            self._seen.note(made, rows.chunk.lines[chosen_first[new]])
            self.intake.report.created += len(made)
        if not new.all():
            self._update(rows, chosen_first[~new], keys[~new], columns)

    def finish(self) -> None:
        """Nothing waits."""

    def _columns(self, rows: Rows) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if rows.has("name"):
            found["name"] = rows.texts("name")
        if rows.has("category"):
            found["category_id"] = self.intake.terms("category", rows.texts("category"))
        found |= {name: rows.ints(name) for name in ("cost", "version") if rows.has(name)}
        return found

    def _update(self, rows: Rows, chosen: Ints, keys: Ints, columns: dict[str, Any]) -> None:
        order = np.argsort(keys, kind="stable")
        chosen, keys = chosen[order], keys[order]
        table = self.tables.ids_table(keys)
        query = f"select {', '.join('p.' + name for name in FORMER)} from {table} join product p on p.id = {table}.id order by p.id"
        stored = dict(zip(FORMER, map(list, zip(*self.tables.rows(query), strict=True)), strict=True))
        brought = {name: upsert.take(column, chosen) for name, column in columns.items()}
        was = {name: upsert.stored_column(stored[name], column) for name, column in brought.items()}
        changed = np.zeros(len(keys), bool)
        for name in brought:
            if name != "version":
                changed |= ~upsert.same(brought[name], was[name])
        if "version" in brought:
            older = changed & (brought["version"] < was["version"]) & (was["version"] != NONE)
            rows.ignore(upsert.where(len(rows), chosen[older]), "older than what is stored")
        before = self._seen.of(keys)
        lines = np.zeros(len(rows), np.int64)
        lines[chosen] = before
        upsert.reject_repeats(rows, upsert.where(len(rows), chosen[changed & (before > 0)]), lines, "product")
        changed &= rows.alive[chosen]
        self._seen.note(keys, np.where(before > 0, before, rows.chunk.lines[chosen]))
        self._write(keys, brought, stored, np.flatnonzero(changed))
        self.intake.report.updated += int(changed.sum())
        self.intake.report.unchanged += int((rows.alive[chosen] & ~changed).sum())

    def _write(self, keys: Ints, brought: dict[str, Any], stored: dict[str, list[Any]], at: Ints) -> None:
        if not len(at):
            return
        documents = [{name: stored[name][i] for name in FORMER} for i in at.tolist()]
        self.intake.save_former("product", keys[at].tolist(), [stored["batch_id"][i] for i in at.tolist()], documents)
        sets = ", ".join([f"{name} = ?" for name in brought] + [f"batch_id = {self.intake.batch}"])
        self.tables.many(f"update product set {sets} where id = ?", *(upsert.take(column, at) for column in brought.values()), keys[at])
        if "category_id" in brought:
            was = upsert.stored_column(stored["category_id"], brought["category_id"])
            self.intake.touch(buyers(self.tables, keys[at[brought["category_id"][at] != was[at]]]))


def buyers(tables: Tables, products: Ints) -> Ints:
    """Who bought any of these products, for whom another category counts other lines. Reads every order line once.

    A changed cost touches nobody: an order keeps the costs with which it was imported.
    """
    if not len(products):
        return np.zeros(0, np.int64)
    chosen = tables.ids_table(np.unique(products))
    lines = f"order_line l join orders o on o.id = l.order_id where l.product_id in (select id from {chosen})"
    return np.array([key for (key,) in tables.rows(f"select distinct o.customer_id from {lines}")], np.int64)


def product_index(intake: Intake) -> StoredIndex:
    """The products known to the mapping's source."""
    return StoredIndex(intake.tables, "select external_id, id from product where source_id = ?", intake.source)


def create_products(intake: Intake, index: StoredIndex, texts: Array, columns: dict[str, Any]) -> Ints:
    """Insert products and return their keys."""
    keys: Ints = intake.tables.ids("product", len(texts))
    head = {"id": keys, "source_id": intake.source, "external_id": texts.to_pylist()}
    intake.tables.insert("product", {**head, **columns, "content_hash": 0, "batch_id": intake.batch})
    index.add(texts, keys)
    return keys
