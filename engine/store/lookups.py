"""Small questions about customers that several verbs ask."""

from __future__ import annotations

from sqlalchemy import Connection, select

from engine.columns import Array
from engine.store.models import alias, customer, source


def sources_of(connection: Connection, external_id: str) -> list[str]:
    """The sources that know a customer by this id."""
    query = select(source.c.name).join(alias, alias.c.source_id == source.c.id).where(alias.c.external_id == external_id)
    return sorted(connection.scalars(query))


def name_of(connection: Connection, customer_id: int) -> str | None:
    """The name of a customer."""
    return connection.scalar(select(customer.c.name).where(customer.c.id == customer_id))


def first_customer(connection: Connection, customers: list[int]) -> str | None:
    """The external id of the first of some customers that is still graded: neither merged, voided nor flagged."""
    query = select(customer.c.external_id).where(
        customer.c.id.in_(customers), customer.c.merged_into.is_(None), customer.c.voided_at.is_(None)
    )
    return connection.scalar(query.where(customer.c.not_graded.is_(None)).order_by(customer.c.id).limit(1))


def external_ids(connection: Connection, customers: list[int]) -> dict[int, str]:
    """The own ids of a few customers by their internal keys."""
    return dict(connection.execute(select(customer.c.id, customer.c.external_id).where(customer.c.id.in_(customers))).all())


def names_of(connection: Connection, customers: list[int]) -> dict[int, str | None]:
    """The names of a few customers by their internal keys."""
    return dict(connection.execute(select(customer.c.id, customer.c.name).where(customer.c.id.in_(customers))).all())


def first_owner(connection: Connection, external_id: str, now: int) -> int:
    """Whom an id named before any join; `now` where that cannot be told."""
    query = select(alias.c.first_customer_id).where(alias.c.external_id == external_id, alias.c.customer_id == now)
    found = set(connection.scalars(query))
    return int(found.pop()) if len(found) == 1 else now


def external_ids_many(connection: Connection, customers: Array) -> dict[int, str]:
    """The own ids of many customers by their internal keys, in parts that any database takes."""
    found: dict[int, str] = {}
    wanted = sorted(set(customers.tolist()))
    for start in range(0, len(wanted), 5_000):
        found |= external_ids(connection, wanted[start : start + 5_000])
    return found
