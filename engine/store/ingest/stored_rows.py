"""Stored facts written as rows again: what an importer may not lack of them, as their source would send it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from engine.store.ingest.clean import PRICE_DIGITS, QUANTITY_DIGITS, RATE_DIGITS
from engine.store.ingest.intake import Intake
from engine.store.ingest.naming import Name, Stored, written


def decimal(scaled: int, digits: int) -> str:
    """A scaled integer as a decimal number."""
    sign, whole = ("-", -scaled) if scaled < 0 else ("", scaled)
    text = str(whole).rjust(digits + 1, "0")
    return f"{sign}{text[:-digits]}.{text[-digits:]}" if digits else f"{sign}{text}"


def order_rows(intake: Intake, keys: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Orders by key, without their optional fields."""
    tables = intake.tables
    table = tables.ids_table(np.unique(np.array(list(keys), np.int64)), "to_write")
    query = (
        "select o.id, o.external_id, o.ordered_at, o.amount, o.kind, o.currency_amount, t.value, o.version, "
        f"coalesce(a.external_id, c.external_id) from {table} join orders o on o.id = {table}.id "
        "join customer c on c.id = coalesce(o.booked_customer_id, o.customer_id) left join term t on t.id = o.currency_id "
        "left join alias a on a.id = (select min(b.id) from alias b where b.source_id = o.source_id and b.first_customer_id = c.id)"
    )
    digits = intake.settings.minor_digits
    found: dict[int, dict[str, Any]] = {}
    for key, order, at, amount, kind, foreign, currency, version, customer in tables.rows(query):
        found[key] = {
            "order": order,
            "customer": customer,
            "ordered_at": dt.datetime.fromtimestamp(at, dt.UTC).isoformat(),
            "amount": decimal(amount if foreign is None else foreign, digits),
            "kind": "refund" if kind in (1, -2) else "sale",
        }
        found[key] |= {"currency": currency} if currency is not None else {}
        found[key] |= {"version": str(version)} if version is not None else {}
    return found


def line_rows(intake: Intake, found: Mapping[Name, Stored]) -> dict[Name, dict[str, Any]]:
    """Lines by name, with what belongs to their orders; without their cost."""
    heads = order_rows(intake, [stored.key for stored in found.values()])
    for head in heads.values():
        head.pop("amount")
    table = intake.tables.ids_table(np.array(sorted(heads), np.int64), "to_write")
    query = (
        f"select l.order_id, l.ordinal, p.external_id, l.quantity, l.unit_price from {table} join order_line l on l.order_id = {table}.id "
        "left join product p on p.id = l.product_id"
    )
    names = {(stored.key, stored.place): name for name, stored in found.items()}
    rows: dict[Name, dict[str, Any]] = {}
    for key, ordinal, product, quantity, price in intake.tables.rows(query):
        name = names.get((key, ordinal if ordinal >= 0 else -1 - ordinal))
        if name is not None:
            rows[name] = {**heads[key], "quantity": decimal(quantity, QUANTITY_DIGITS), "unit_price": decimal(price, PRICE_DIGITS)}
            rows[name] |= {"product": product} if product is not None else {}
    return rows


def rate_rows(intake: Intake, names: Iterable[Name]) -> dict[Name, dict[str, Any]]:
    """Exchange rates by name."""
    wanted = set(names)
    rows = intake.tables.rows("select currency, day, rate from exchange_rate")
    return {
        (currency, day): {
            "currency": currency,
            "day": written("rates", (currency, day)).split("/")[1],
            "rate": decimal(abs(rate), RATE_DIGITS),
        }
        for currency, day, rate in rows
        if (currency, day) in wanted
    }
