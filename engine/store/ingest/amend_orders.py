"""Change orders with lines, and single lines, where they stand; what is written is cleaned and resolved like rows of a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from engine.errors import FactError
from engine.store.ingest.clean import AMOUNT_LIMIT, Rows
from engine.store.ingest.fields import FIELDS, field
from engine.store.ingest.files import file_fields
from engine.store.ingest.intake import Intake
from engine.store.ingest.mapping import ColumnMap, load_mapping
from engine.store.ingest.moments import business_days
from engine.store.ingest.naming import IDS, Name, Row, Stored, find, refusal
from engine.store.ingest.order_rows import LINE_COLUMNS, save_former_orders, stored_orders
from engine.store.ingest.parsed import NONE, Ints
from engine.store.ingest.resolve import Resolver
from engine.store.ingest.rows import chunks, unknown_field
from engine.store.ingest.stored_rows import line_rows, order_rows
from engine.store.ingest.totals import sum_up

Named = tuple[int, Any, Name]

OF_LINES = {"product": ("product_id",), "quantity": ("quantity", "amount"), "unit_price": ("unit_price", "amount"), "cost": ("cost",)}
"""What can be changed of a single line, and the columns that it changes."""

OF_ORDERS = {
    "customer": ("customer_id", "booked_customer_id"),
    "ordered_at": ("ordered_at", "ordered_on"),
    "kind": ("kind",),
    "refund_of": ("refund_of",),
    "version": ("version",),
    **{name: (f"{name}_id",) for name in ("channel", "store", "seller", "status")},
}
"""What can be changed of an order that has lines, and the columns that it changes."""


def change_orders(intake: Intake, rows: Sequence[Named], found: Mapping[Name, Stored]) -> None:
    """Change orders that have lines. Their amounts are their lines', so those are refused."""
    keys = np.array([found[name].key for *_, name in rows], np.int64)
    whole, was = order_rows(intake, keys.tolist()), stored_orders(intake, keys)
    sound: list[Named] = []
    for number, row, name in rows:
        wrong = _first(intake, number, row, OF_ORDERS)
        if wrong:
            intake.reject([refusal(number, row, wrong, "given by its lines", "changes of its lines")])
        elif "ordered_at" in row and was[found[name].key]["currency_amount"] is not None:
            intake.reject([refusal(number, row, "ordered_at", "converted by its day", "the order with all its lines once more")])
        else:
            sound.append((number, row, name))
    _write(intake, "orders", sound, found, {name: {**whole[found[name].key], **row} for _, row, name in sound}, OF_ORDERS, was)


def change_lines(intake: Intake, rows: Sequence[Named], found: Mapping[Name, Stored]) -> None:
    """Change single lines, and with them what their orders sum up to."""
    sound: list[Named] = []
    for number, row, name in rows:
        wrong = _first(intake, number, row, OF_LINES)
        if wrong:
            intake.reject([refusal(number, row, wrong, "belongs to its order", f"some of {', '.join(OF_LINES)}; change the order instead")])
        else:
            sound.append((number, row, name))
    names = {name: found[name] for *_, name in sound}
    whole = line_rows(intake, names)
    was = stored_orders(intake, np.array([stored.key for stored in names.values()], np.int64))
    complete = {name: {**whole[name], **{key: value for key, value in row.items() if key in OF_LINES}} for _, row, name in sound}
    _write(intake, "lines", sound, found, complete, OF_LINES, was)


def _first(intake: Intake, number: int, row: Row, known: Mapping[str, Any]) -> str | None:
    """The first field of a row that cannot be changed here. Raises `FactError` for one that nothing has."""
    kind = intake.mapping.kind
    for name in row:
        if name not in IDS[kind] and field(kind, name) is None:
            raise FactError(unknown_field(kind, number, name))
    return next((name for name in row if name not in known and name not in IDS[kind]), None)


def _write(
    intake: Intake,
    kind: str,
    rows: Sequence[Named],
    found: Mapping[Name, Stored],
    whole: Mapping[Name, Row],
    of: Mapping[str, tuple[str, ...]],
    was: Mapping[int, dict[str, Any]],
) -> None:
    """Write what differs, one statement per set of changed fields."""
    groups: dict[tuple[str, ...], list[tuple[Stored, dict[str, Any]]]] = {}
    asked = {number: (row, name) for number, row, name in rows}
    changed: list[int] = []
    for number, values in _resolved(intake, kind, [(number, whole[name]) for number, _, name in rows]):
        row, name = asked[number]
        stored = found[name]
        columns = tuple(dict.fromkeys(column for each in of if each in row for column in of[each]))
        before = was[stored.key] if kind == "orders" else _line(was[stored.key], stored)
        if kind == "orders" and stored.voided:
            values["kind"] = -1 - values["kind"]
        intake.report.accepted += 1
        if all(values[column] == before[column] for column in columns):
            intake.report.unchanged += 1
            continue
        intake.report.updated += 1
        groups.setdefault(columns, []).append((stored, values))
        changed.append(stored.key)
        intake.touch(np.array([each for each in (stored.customer, values["customer_id"]) if each is not None], np.int64))
    keys = np.unique(np.array(changed, np.int64))
    save_former_orders(intake, keys[[was[key]["batch_id"] != intake.batch for key in keys.tolist()]] if len(keys) else keys)
    for columns, members in groups.items():
        sets = ", ".join(f"{column} = ?" for column in columns)
        cells = [[values[column] for _, values in members] for column in columns]
        ids = [stored.key for stored, _ in members]
        if kind == "orders":
            intake.tables.many(f"update orders set {sets} where id = ?", *cells, ids)
        else:
            places = [-1 - stored.place if stored.voided else stored.place for stored, _ in members]
            intake.tables.many(f"update order_line set {sets} where order_id = ? and ordinal = ?", *cells, ids, places)
    intake.tables.many(f"update orders set content_hash = 0, batch_id = {intake.batch} where id = ?", keys)
    if kind == "lines":
        _sum_up(intake, keys)


def _line(order: Mapping[str, Any], stored: Stored) -> dict[str, Any]:
    ordinal = -1 - stored.place if stored.voided else stored.place
    return next(dict(zip(LINE_COLUMNS, line, strict=True)) for line in order["lines"] if line[0] == ordinal)


def _sum_up(intake: Intake, keys: Ints) -> None:
    sum_up(intake.tables, keys, intake.settings.minor_digits)
    if len(keys):
        table = intake.tables.ids_table(keys, "summed")
        query = f"select o.external_id from {table} join orders o on o.id = {table}.id where o.amount > ? order by o.id limit 1"
        large = intake.tables.one(query, AMOUNT_LIMIT)
        if large is not None:
            raise FactError(f"the lines of order {large!r} would sum up to more than 10^15 minor units")


def _resolved(intake: Intake, kind: str, rows: Sequence[tuple[int, Row]]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Whole rows as columns of the store; those that are wrong are rejected."""
    mapping = load_mapping(f"tierwise/{kind}", settings=intake.settings)
    columns = {each.name: ColumnMap(each.name, optional=True) for each in FIELDS[kind]}
    mapping = replace(mapping, source=intake.mapping.source, columns=columns)
    resolver = Resolver(replace(intake, mapping=mapping))
    for chunk in chunks(rows):
        cleaned = Rows(chunk, mapping, intake.settings, file_fields(mapping))
        entries = resolver.entries(cleaned)
        _link(intake, cleaned)
        intake.reject(cleaned.rejected)
        names: tuple[str, ...] = (
            "customer_id",
            "booked_id",
            "ordered_at",
            "kind",
            "version",
            "channel_id",
            "store_id",
            "seller_id",
            "status_id",
        )
        names += ("product_id", "quantity", "unit_price", "amount", "cost")
        days = business_days(np.where(cleaned.alive, entries["ordered_at"], 0), intake.settings.timezone)
        refunded = _orders_of(intake, entries["refund_of"].to_pylist())
        for at in np.flatnonzero(cleaned.alive).tolist():
            values = {name: None if entries[name][at] == NONE else int(entries[name][at]) for name in names}
            values |= {
                "ordered_on": int(days[at]),
                "booked_customer_id": values["booked_id"],
                "refund_of": refunded.get(entries["refund_of"][at].as_py()),
            }
            yield int(chunk.lines[at]), values


def _link(intake: Intake, rows: Rows) -> None:
    """A change that links a refund to an order which is not stored would be lost, so it is refused."""
    texts = rows.texts("refund_of").to_pylist()
    known = _orders_of(intake, texts)
    lost = np.array([text is not None and text not in known for text in texts], bool)
    rows.reject(lost, "refund_of", "unknown order", "an order that is stored")


def _orders_of(intake: Intake, texts: Sequence[str | None]) -> dict[str | None, int]:
    names = [(text,) for text in dict.fromkeys(texts) if text is not None]
    return {name[0]: stored.key for name, stored in find(intake.tables, "orders", intake.source, names).items()}
