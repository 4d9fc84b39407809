"""What the importer needs to change some fields of one stored fact: its id, and the fields no row of its kind lacks."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection, select

from engine.errors import FactError, did_you_mean
from engine.store.facts import read_settings
from engine.store.models import alias, customer, orders, product, source, term


def needed(connection: Connection, kind: str, source_name: str, fact: str) -> dict[str, Any]:
    """The row of a stored customer, product or order without its optional fields. Raises `FactError`."""
    key = connection.scalar(select(source.c.id).where(source.c.name == source_name))
    if key is None:
        known = list(connection.scalars(select(source.c.name)))
        raise FactError(f"there is no source {source_name!r}; {did_you_mean(source_name, known) or 'known: ' + ', '.join(known)}")
    found = {"customers": _customer, "products": _product, "orders": _order}[kind](connection, int(key), fact)
    if found is None:
        raise FactError(f"source {source_name} has no {kind.removesuffix('s')} {fact!r}")
    return found


def _customer(connection: Connection, source_key: int, fact: str) -> dict[str, Any] | None:
    there = connection.scalar(select(alias.c.id).where(alias.c.source_id == source_key, alias.c.external_id == fact))
    return None if there is None else {"customer": fact}


def _product(connection: Connection, source_key: int, fact: str) -> dict[str, Any] | None:
    there = connection.scalar(select(product.c.id).where(product.c.source_id == source_key, product.c.external_id == fact))
    return None if there is None else {"product": fact}


def _order(connection: Connection, source_key: int, fact: str) -> dict[str, Any] | None:
    row = connection.execute(select(orders).where(orders.c.source_id == source_key, orders.c.external_id == fact)).first()
    if row is None:
        return None
    booked = row.booked_customer_id or row.customer_id
    query = select(alias.c.external_id).where(alias.c.source_id == source_key, alias.c.first_customer_id == booked)
    name = connection.scalar(query.order_by(alias.c.id)) or connection.scalar(select(customer.c.external_id).where(customer.c.id == booked))
    digits = read_settings(connection).minor_digits
    foreign = row.currency_amount is not None
    found = {
        "order": fact,
        "customer": name,
        "ordered_at": dt.datetime.fromtimestamp(row.ordered_at, dt.UTC).isoformat(),
        "amount": _decimal(row.currency_amount if foreign else row.amount, digits),
        "kind": "refund" if row.kind in (1, -2) else "sale",
    }
    if foreign:
        found["currency"] = connection.scalar(select(term.c.value).where(term.c.id == row.currency_id))
    return found


def _decimal(minor: int, digits: int) -> str:
    sign, whole = ("-", -minor) if minor < 0 else ("", minor)
    text = str(whole).rjust(digits + 1, "0")
    return f"{sign}{text[:-digits]}.{text[-digits:]}" if digits else f"{sign}{text}"
