"""What happened to one customer: its orders and the moves of its assignments, the newest first, read by index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, case, func, select

from engine.store import outcomes
from engine.store.models import alias, block, change, customer, order_line, orders, output, product, run, source, tag, tag_member, term
from engine.store.register import some_columns

MOST_CHANGES = 2_000
"""Moves of one customer that are looked at: several outputs a day for years."""


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One order. amount: minor units, negative for a refund. goods: what it held, the costliest first; lines: how many lines."""

    id: str
    at: int
    refund: bool
    amount: int
    lines: int
    goods: tuple[str, ...]
    channel: str | None
    store: str | None
    seller: str | None


@dataclass(frozen=True, slots=True)
class Moved:
    """One assignment of the customer moved. was, now: label keys, None for none; reason: why there is none now."""

    run: int
    as_of: int
    address: str
    was: str | None
    now: str | None
    reason: str | None


def orders_of(connection: Connection, key: int, *, before: int | None = None, limit: int = 20) -> list[OrderLine]:
    """The newest orders, voided ones left out. before: go on with those older than this moment."""
    o = orders.c
    query = select(o.id, o.external_id, o.ordered_at, o.kind, o.amount, o.channel_id, o.store_id, o.seller_id)
    query = query.where(o.customer_id == key, o.kind >= 0)
    if before is not None:
        query = query.where(o.ordered_at < before)
    rows = connection.execute(query.order_by(o.ordered_at.desc(), o.id.desc()).limit(limit)).all()
    numbers = [row.id for row in rows]
    lines: dict[int, list[tuple[int, str | None]]] = {}
    name = func.coalesce(product.c.name, product.c.external_id)
    query_lines = select(order_line.c.order_id, order_line.c.amount, name).join(
        product, product.c.id == order_line.c.product_id, isouter=True
    )
    for number, amount, title in connection.execute(query_lines.where(order_line.c.order_id.in_(numbers), order_line.c.ordinal >= 0)):
        lines.setdefault(number, []).append((abs(amount), title))
    words = _words(connection, {getattr(row, part) for row in rows for part in ("channel_id", "store_id", "seller_id")})
    return [
        OrderLine(
            row.external_id,
            row.ordered_at,
            row.kind == 1,
            -row.amount if row.kind == 1 else row.amount,
            len(lines.get(row.id, ())),
            tuple(dict.fromkeys(title for _, title in sorted(lines.get(row.id, ()), key=lambda line: -line[0]) if title))[:3],
            words.get(row.channel_id),
            words.get(row.store_id),
            words.get(row.seller_id),
        )
        for row in rows
    ]


def moments_of(connection: Connection, key: int, since: int, most: int = 600) -> list[tuple[int, int, bool]]:
    """Moment, amount (minor units) and whether it is a refund, of the newest orders since a moment, the oldest first."""
    o = orders.c
    query = select(o.ordered_at, o.amount, o.kind).where(o.customer_id == key, o.kind >= 0, o.ordered_at >= since)
    rows = connection.execute(query.order_by(o.ordered_at.desc()).limit(most)).all()
    return [(row.ordered_at, row.amount, row.kind == 1) for row in reversed(rows)]


def totals_of(connection: Connection, key: int) -> tuple[int, int, int | None, int | None]:
    """How many orders, their amount less refunds (minor units), the first and the last moment."""
    o = orders.c
    sales = func.sum(case((o.kind == 0, 1), else_=0))
    net = func.sum(case((o.kind == 0, o.amount), else_=-o.amount))
    row = connection.execute(
        select(sales, net, func.min(o.ordered_at), func.max(o.ordered_at)).where(o.customer_id == key, o.kind >= 0)
    ).one()
    return int(row[0] or 0), int(row[1] or 0), row[2], row[3]


def moves_of(connection: Connection, key: int, *, limit: int = MOST_CHANGES) -> list[Moved]:
    """Every move of an assignment that is kept as a row, of visible runs, the newest first."""
    keys = {number: text for found in outcomes.all_labels(connection).values() for text, number in found.items()}
    query = (
        select(run.c.id, run.c.as_of, output.c.address, output.c.kind, change.c.was, change.c.now, change.c.reason)
        .join(run, run.c.id == change.c.run_id)
        .join(output, output.c.id == change.c.output_id)
        .where(change.c.customer_id == key, run.c.status == "visible")
        .order_by(run.c.as_of.desc(), change.c.output_id)
        .limit(limit)
    )
    reasons: dict[int, Sequence[str]] = {}
    found = []
    for row in connection.execute(query):
        known: Mapping[Any, str] = {0: "false", 1: "true"} if row.kind == "flag" else keys
        why = None
        if row.reason is not None:
            if row.id not in reasons:
                reasons[row.id] = [words[-1] for words in outcomes.record(connection, row.id).report["reasons"]]
            why = reasons[row.id][row.reason]
        found.append(Moved(row.id, row.as_of, row.address, known.get(row.was), known.get(row.now), why))
    return found


def first_runs(connection: Connection) -> dict[str, int]:
    """The as_of of the run in which each open output began, by address."""
    query = select(output.c.address, run.c.as_of).join(run, run.c.id == output.c.opened_run).where(output.c.closed_run.is_(None))
    return dict(connection.execute(query).all())


def looked_back(
    connection: Connection, key: int, addresses: Sequence[str], since: int, *, most: int = 24
) -> list[tuple[int, Mapping[str, str | None]]]:
    """What runs of earlier moments gave (they keep columns, not moves), the newest first: (as_of, label keys by address)."""
    query = select(run.c.id, run.c.as_of, block.c.data).join(block, block.c.run_id == run.c.id)
    query = query.where(run.c.status == "historical", block.c.kind == "outcome", run.c.as_of >= since)
    keys: dict[int, str] = {number: text for known in outcomes.all_labels(connection).values() for text, number in known.items()}
    kinds = dict(connection.execute(select(output.c.address, output.c.kind)).all())
    found: list[tuple[int, Mapping[str, str | None]]] = []
    for row in connection.execute(query.order_by(run.c.as_of.desc()).limit(most)):
        columns = some_columns(row.data, ("customer_id", *addresses))
        ids = columns["customer_id"]
        at = int(np.searchsorted(ids, key))
        if at < len(ids) and ids[at] == key:
            flags = {0: "false", 1: "true"}
            values: dict[str, str | None] = {
                address: (flags if kinds.get(address) == "flag" else keys).get(int(columns[address][at]))
                for address in addresses
                if address in columns
            }
            found.append((row.as_of, values))
    return found


def merged_from(connection: Connection, key: int) -> list[tuple[str, str]]:
    """(source, id) of the customers that were joined into this one."""
    query = select(source.c.name, alias.c.external_id).join(source, source.c.id == alias.c.source_id)
    query = query.where(alias.c.customer_id == key, alias.c.first_customer_id != key).order_by(source.c.name, alias.c.external_id)
    return [(row[0], row[1]) for row in connection.execute(query)]


def tags_of(connection: Connection, key: int) -> list[tuple[str, str, str]]:
    """(kind, name, title) of the tags that a customer bears and the groups that it is in."""
    query = select(tag.c.kind, tag.c.name, tag.c.title).join(tag_member, tag_member.c.tag_id == tag.c.id)
    rows = connection.execute(query.where(tag_member.c.customer_id == key).order_by(tag.c.kind, tag.c.title))
    return [(row.kind, row.name, row.title) for row in rows]


def own_id(connection: Connection, key: int) -> str:
    """The id that a customer is shown by."""
    return str(connection.execute(select(customer.c.external_id).where(customer.c.id == key)).scalar_one())


def _words(connection: Connection, ids: set[int | None]) -> dict[int | None, str]:
    wanted = [number for number in ids if number is not None]
    return dict(connection.execute(select(term.c.id, term.c.value).where(term.c.id.in_(wanted))).all()) if wanted else {}
