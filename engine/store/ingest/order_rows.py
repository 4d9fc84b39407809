"""Orders in the store: find them by id, insert them, replace them, keep what they were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from engine.store.ingest.entries import HEAD, LINE, Grouped
from engine.store.ingest.intake import Intake
from engine.store.ingest.moments import business_days
from engine.store.ingest.parsed import NONE, Array, Flags, Ints
from engine.store.ingest.totals import void_again, voided_lines

COLUMNS = [
    "customer_id",
    "booked_customer_id",
    "ordered_at",
    "ordered_on",
    "kind",
    "amount",
    "cost",
    "refund_of",
    "channel_id",
    "store_id",
    "seller_id",
    "status_id",
    "currency_id",
    "currency_amount",
    "content_hash",
    "version",
    "batch_id",
    "voided_at",
]
"""What an order consists of beside its own key and id; kept before an import changes it."""

LINE_COLUMNS = ("ordinal", *LINE)


@dataclass(slots=True)
class KnownOrders:
    """What is stored under some order ids; key -1 where nothing is."""

    key: Ints
    content_hash: Ints
    customer_id: Ints
    batch_id: Ints
    version: Ints
    kind: Ints


def find_orders(intake: Intake, texts: Array) -> KnownOrders:
    """Look order ids up."""
    tables = intake.tables
    join = "cross join" if tables.is_sqlite else "join"  # SQLite would otherwise be free to scan all orders first
    condition = (
        "where o.source_id = ? and o.external_id = t.value" if tables.is_sqlite else "on o.source_id = ? and o.external_id = t.value"
    )
    query = (
        "select t.at, o.id, o.content_hash, o.customer_id, o.batch_id, o.version, o.kind "
        f"from {tables.texts_sql} {join} orders o {condition}"
    )
    found = np.full((6, len(texts)), NONE)
    found[0] = -1
    rows = list(tables.rows(query, tables.texts(texts.to_pylist()), intake.source))
    if rows:
        columns = list(zip(*rows, strict=True))
        at = np.array(columns[0], np.int64)
        for i, values in enumerate(columns[1:]):
            found[i][at] = np.array([NONE if value is None else value for value in values] if i == 4 else values, np.int64)
    return KnownOrders(*found)


def insert_orders(intake: Intake, grouped: Grouped, which: Flags) -> Ints:
    """Insert the chosen orders with their lines, and return their keys."""
    orders = np.flatnonzero(which)
    keys: Ints = intake.tables.ids("orders", len(orders))
    if not len(orders):
        return keys
    columns = _order_columns(intake, grouped, orders)
    external = grouped.orders["external_id"]
    texts = external if len(orders) == len(external) else external.take(pa.array(orders))
    filled = {name: None if (column == NONE).all() else column for name, column in columns.items()}
    intake.tables.insert("orders", {"id": keys, "source_id": intake.source, "external_id": texts, **filled, "batch_id": intake.batch})
    _insert_lines(intake, grouped, which, keys)
    _note_refunds(intake, grouped, orders, keys)
    intake.note_order_rows(keys, grouped.orders["line"][orders])
    intake.touch(columns["customer_id"])
    return keys


def replace_orders(intake: Intake, grouped: Grouped, which: Flags, known: KnownOrders) -> None:
    """Write the chosen orders over what is stored, and keep what they were before this batch."""
    orders = np.flatnonzero(which)
    if not len(orders):
        return
    keys = known.key[orders]
    save_former_orders(intake, keys[known.batch_id[orders] != intake.batch])
    columns = _order_columns(intake, grouped, orders)
    kinds = columns["kind"]
    columns["kind"] = np.where(known.kind[orders] < 0, ~kinds, kinds)
    brought = {name for name in ("channel", "store", "seller", "status", "cost") if name in intake.brought}
    optional = {f"{name}_id" for name in ("channel", "store", "seller", "status") if name not in brought}
    written = {name: column for name, column in columns.items() if name not in optional and not (name == "cost" and "cost" not in brought)}
    sets = ", ".join([f"{name} = ?" for name in written] + [f"batch_id = {intake.batch}"])
    intake.tables.many(f"update orders set {sets} where id = ?", *written.values(), keys)
    voided = voided_lines(intake.tables, keys) if intake.mapping.kind == "lines" else None
    intake.tables.many("delete from order_line where order_id = ?", keys)
    _insert_lines(intake, grouped, which, keys)
    if voided is not None and len(voided):
        void_again(intake.tables, voided, intake.settings.minor_digits)
    _note_refunds(intake, grouped, orders, keys)
    intake.touch(columns["customer_id"])
    intake.touch(known.customer_id[orders])


def _order_columns(intake: Intake, grouped: Grouped, orders: Ints) -> dict[str, Any]:
    found = {name: grouped.orders[name][orders] for name in ("customer_id", "ordered_at", "kind", "amount", "cost", *HEAD)}
    found |= {name: grouped.orders[name][orders] for name in ("currency_id", "currency_amount", "content_hash", "version")}
    found["booked_customer_id"] = grouped.orders["booked_id"][orders]
    found["ordered_on"] = business_days(found["ordered_at"], intake.settings.timezone)
    return found


def _insert_lines(intake: Intake, grouped: Grouped, which: Flags, keys: Ints) -> None:
    if intake.mapping.kind != "lines":
        return
    rows = grouped.entries_of(which)
    columns = {name: grouped.entries[name][rows] for name in LINE}
    filled = {name: None if (column == NONE).all() else column for name, column in columns.items()}
    head = {"order_id": np.repeat(keys, grouped.counts[which]), "ordinal": grouped.ordinals()[rows]}
    intake.tables.insert("order_line", {**head, **filled})


def _note_refunds(intake: Intake, grouped: Grouped, orders: Ints, keys: Ints) -> None:
    """A refund may stand before its order in the file, so the link is made at the end."""
    texts = grouped.orders["refund_of"]
    if texts.null_count == len(texts):
        return
    given = [
        (int(key), text) for key, text in zip(keys.tolist(), texts.take(pa.array(orders)).to_pylist(), strict=True) if text is not None
    ]
    if given:
        intake.tables.insert("pending_refund", {"order_id": [key for key, _ in given], "external_id": [text for _, text in given]})


def save_former_orders(intake: Intake, keys: Ints) -> None:
    """Keep orders with their lines as they are now."""
    if not len(keys):
        return
    documents = stored_orders(intake, keys)
    ids = list(documents)
    intake.save_former("order", ids, [documents[key]["batch_id"] for key in ids], list(documents.values()))


def stored_orders(intake: Intake, keys: Ints) -> dict[int, dict[str, Any]]:
    """Orders as plain documents, by key."""
    tables = intake.tables
    table = tables.ids_table(np.unique(keys))
    query = f"select o.id, {', '.join('o.' + name for name in COLUMNS)} from {table} join orders o on o.id = {table}.id"
    found = {key: dict(zip(COLUMNS, values, strict=True)) for key, *values in tables.rows(query)}
    for document in found.values():
        document["lines"] = []
    names = ", ".join(f"l.{name}" for name in LINE_COLUMNS)
    lines = f"select l.order_id, {names} from {table} join order_line l on l.order_id = {table}.id order by l.order_id, l.ordinal"
    for key, *values in tables.rows(lines):
        found[key]["lines"].append(values)
    return found
