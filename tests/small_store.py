"""Small stores for tests, filled by plain inserts so that a test says exactly which facts there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from sqlalchemy import insert, update

from engine.store.facts import init_settings, next_fact_seq
from engine.store.models import alias, customer, import_batch, orders, source, term
from engine.store.session import Store

DAY = 86_400
AS_OF = 20_000 * DAY
"""A fixed moment of tests: 2024-10-04T00:00:00Z."""


@dataclass(frozen=True)
class Order:
    """An order of a test: whose, when, how much (minor units), sale 0 or refund 1 (complement: voided)."""

    customer: int
    at: int
    amount: int = 1000
    kind: int = 0
    channel: str | None = None
    store: str | None = None


def key_hash(external_id: str) -> int:
    """The key hash of a customer id, as the importer makes it."""
    return int.from_bytes(blake2b(external_id.encode(), digest_size=8).digest(), "big", signed=True)


def open_store(url: str, zone: str = "UTC") -> Store:
    """A store with its settings and one import batch to hang facts on."""
    store = Store.open(url)
    init_settings(store, zone, "CNY", 2)
    with store.write() as connection:
        connection.execute(insert(source).values(id=1, name="test"))
        connection.execute(
            insert(import_batch).values(id=1, kind="orders", source_id=1, file="test", mapping="test", actor="test", started_at=0)
        )
    return store


def add_customers(store: Store, ids: Iterable[int], **fields: Any) -> None:
    """Add customers C<id>, with the same profile fields."""
    with store.write() as connection:
        seq = next_fact_seq(connection)
        rows = [
            {
                "id": n,
                "key_hash": key_hash(f"C{n}"),
                "external_id": f"C{n}",
                "name": f"Customer {n}",
                "batch_id": 1,
                "fact_seq": seq,
                **fields,
            }
            for n in ids
        ]
        connection.execute(insert(customer), rows)
        connection.execute(
            insert(alias),
            [{"source_id": 1, "external_id": f"C{r['id']}", "customer_id": r["id"], "first_customer_id": r["id"]} for r in rows],
        )


def add_orders(store: Store, many: Sequence[Order], *, first_id: int = 1) -> None:
    """Add orders with ids counted from `first_id`."""
    if not many:
        return
    with store.write() as connection:
        seq = next_fact_seq(connection)
        terms: dict[tuple[str, str], int] = {}
        rows = []
        for number, order in enumerate(many, first_id):
            row: dict[str, Any] = {"id": number, "source_id": 1, "external_id": f"O{number}", "customer_id": order.customer}
            row |= {"ordered_at": order.at, "ordered_on": order.at // DAY, "kind": order.kind, "amount": order.amount, "batch_id": 1}
            for field in ("channel", "store"):
                value = getattr(order, field)
                row[f"{field}_id"] = None if value is None else _term(connection, terms, field, value)
            rows.append(row)
        connection.execute(insert(orders), rows)
        touched = sorted({order.customer for order in many})
        connection.execute(update(customer).where(customer.c.id.in_(touched)).values(fact_seq=seq))


def _term(connection: Any, terms: dict[tuple[str, str], int], field: str, value: str) -> int:
    if (field, value) not in terms:
        from sqlalchemy import select

        found = connection.scalar(select(term.c.id).where(term.c.field == field, term.c.value == value))
        if found is None:
            found = connection.execute(insert(term).values(field=field, value=value).returning(term.c.id)).scalar_one()
        terms[(field, value)] = int(found)
    return terms[(field, value)]
