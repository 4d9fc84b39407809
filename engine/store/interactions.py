"""Interactions with customers as rows, inside the transaction that is open. Writing moves the fact clock: rules read the last one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Table, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine.columns import Array
from engine.store.facts import next_fact_seq
from engine.store.models import alias, customer, interaction, source
from engine.store.session import driver
from engine.store.sight import Sight

AT_ONCE = 5_000
OUT, IN = 0, 1


@dataclass(frozen=True, slots=True)
class Interaction:
    """Something that was said. direction: "out" to the customer, "in" from the customer. Moments are UTC epoch seconds.

    by: who of us, "" where it is not known. origin: hand, task, ticket or import.
    """

    id: int
    customer: str
    at: int
    channel: str
    direction: str
    by: str
    note: str
    origin: str
    created_by: str
    created_at: int

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def add(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
    """Keep interactions, those not again whose `once` is known; how many are new. Their customers are stamped."""
    fresh: list[Mapping[str, Any]] = []
    for start in range(0, len(rows), AT_ONCE):
        part = {str(row["once"]): row for row in rows[start : start + AT_ONCE]}
        known = set(connection.scalars(select(interaction.c.once).where(interaction.c.once.in_(part))))
        fresh += [row for once, row in part.items() if once not in known]
    fresh = list({str(row["once"]): row for row in fresh}.values())
    if not fresh:
        return 0
    seq = next_fact_seq(connection)
    make = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert
    for start in range(0, len(fresh), AT_ONCE):
        connection.execute(make(interaction).on_conflict_do_nothing(index_elements=["once"]), fresh[start : start + AT_ONCE])
    _stamp(connection, sorted({int(row["customer_id"]) for row in fresh}), seq)
    return len(fresh)


def of(connection: Connection, customer_id: int, sight: Sight, *, before: int | None, limit: int) -> list[Interaction]:
    """The newest first; before: go on with those of a lower place. Voided ones are left out."""
    i = interaction.c
    query = select(interaction, customer.c.external_id).join(customer, customer.c.id == i.customer_id)
    query = query.where(i.customer_id == customer_id, i.voided_at.is_(None)).order_by(i.at.desc(), i.id.desc()).limit(limit)
    if before is not None:
        at = select(i.at).where(i.id == before).scalar_subquery()
        query = query.where((i.at < at) | ((i.at == at) & (i.id < before)))
    return [_interaction(row, sight) for row in connection.execute(query)]


def get(connection: Connection, number: int, sight: Sight) -> tuple[Interaction, int] | None:
    """One by its number, with the key of its customer; None for one that is voided or out of sight."""
    i = interaction.c
    query = select(interaction, customer.c.external_id).join(customer, customer.c.id == i.customer_id)
    row = connection.execute(query.where(i.id == number, i.voided_at.is_(None))).first()
    if row is None or not sight.reach.holds(connection, row.customer_id):
        return None
    return _interaction(row, sight), int(row.customer_id)


def by_once(connection: Connection, once: str) -> int:
    """The number of the one that was written for something."""
    return int(connection.execute(select(interaction.c.id).where(interaction.c.once == once)).scalar_one())


def customer_of(connection: Connection, table: Table, number: int) -> int | None:
    """Whom a row of a table is about by now, after joins; None for nobody."""
    query = select(func.coalesce(customer.c.merged_into, customer.c.id)).join(table, table.c.customer_id == customer.c.id)
    key: int | None = connection.scalar(query.where(table.c.id == number))
    return key


def void(connection: Connection, number: int, customer_id: int, now: int) -> None:
    """Take one out of every feature."""
    seq = next_fact_seq(connection)
    connection.execute(update(interaction).where(interaction.c.id == number).values(voided_at=now))
    _stamp(connection, [customer_id], seq)


def last(connection: Connection, now: int) -> tuple[Array, Array]:
    """Customers with an interaction until now, and the moment of the last one; by customer, from the covering index."""
    i = interaction.c
    query = select(i.customer_id, func.max(i.at)).where(i.voided_at.is_(None), i.at <= now).group_by(i.customer_id).order_by(i.customer_id)
    compiled = query.compile(connection, compile_kwargs={"literal_binds": True})
    found = np.array(driver(connection).execute(str(compiled)).fetchall(), np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def keys_of(connection: Connection, names: Sequence[str]) -> dict[str, int]:
    """The keys of many customers by any of their ids; an id that stands for several customers is left out."""
    found: dict[str, set[int]] = {}
    for start in range(0, len(names), AT_ONCE):
        query = select(alias.c.external_id, alias.c.customer_id).where(
            alias.c.source_id.in_(select(source.c.id)), alias.c.external_id.in_(names[start : start + AT_ONCE])
        )
        for name, key in connection.execute(query):
            found.setdefault(name, set()).add(key)
    return {name: keys.copy().pop() for name, keys in found.items() if len(keys) == 1}


def _stamp(connection: Connection, customers: Sequence[int], seq: int) -> None:
    for start in range(0, len(customers), AT_ONCE):
        connection.execute(update(customer).where(customer.c.id.in_(customers[start : start + AT_ONCE])).values(fact_seq=seq))


def _interaction(row: Any, sight: Sight) -> Interaction:
    return Interaction(
        row.id,
        row.external_id,
        row.at,
        row.channel,
        "in" if row.direction == IN else "out",
        row.by,
        sight.shown(interaction.c.note, row.note or None) or "",
        row.origin,
        row.created_by,
        row.created_at,
    )


__all__ = ["IN", "OUT", "Interaction", "add", "by_once", "customer_of", "get", "keys_of", "last", "of", "void"]
