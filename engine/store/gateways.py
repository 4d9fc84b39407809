"""Gateways for messages as rows, the addresses they need, and what became of their messages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from engine import clock
from engine.store.models import care_message, custom_field, custom_value, customer, gateway, term
from engine.store.reach import Reach

CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class Row:
    """A gateway as it was saved; the secret is not part of it."""

    key: str
    document: Mapping[str, Any]
    has_secret: bool
    enabled: bool
    revision: int
    updated_by: str
    updated_at: int


@dataclass(frozen=True, slots=True)
class Message:
    """A message on its way, without what it says. Moments are UTC epoch seconds. status: waiting, sent or failed."""

    id: int
    customer: str
    plan: str
    occasion: str
    kind: str
    gateway: str | None
    channel: str
    status: str
    attempts: int
    next_at: int | None
    last_error: str
    created_at: int

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def every(connection: Connection) -> list[Row]:
    """All, by key."""
    columns = [each for each in gateway.c if each.name != "secret"]
    rows = connection.execute(select(*columns, gateway.c.secret != "").order_by(gateway.c.key))
    return [
        Row(row.key, json.loads(row.document), bool(row[-1]), bool(row.enabled), row.revision, row.updated_by, row.updated_at)
        for row in rows
    ]


def secrets(connection: Connection) -> dict[str, str]:
    """The secret of each gateway."""
    return {row.key: row.secret for row in connection.execute(select(gateway.c.key, gateway.c.secret))}


def save(connection: Connection, key: str, document: Mapping[str, Any], actor: str, *, secret: str | None, enabled: bool) -> None:
    """Keep a gateway in place of the one with its key. secret: None keeps the one there is."""
    values: dict[str, Any] = {"document": json.dumps(document, ensure_ascii=False), "enabled": int(enabled)}
    values |= {"updated_by": actor, "updated_at": clock.now()} | ({} if secret is None else {"secret": secret})
    query = update(gateway).where(gateway.c.key == key).values(**values, revision=gateway.c.revision + 1)
    if not connection.execute(query).rowcount:
        connection.execute(insert(gateway).values({"key": key, "secret": "", "revision": 1, **values}))


def remove(connection: Connection, key: str) -> None:
    """Remove one; what waits for it fails, visibly."""
    connection.execute(delete(gateway).where(gateway.c.key == key))


def addresses(connection: Connection, to: str, customers: Sequence[int]) -> dict[int, str]:
    """The addresses of a kind that some customers have: phone, email, or a custom field that is a text."""
    found: dict[int, str] = {}
    for start in range(0, len(customers), CHUNK):
        some = customers[start : start + CHUNK]
        if to.startswith("custom."):
            query = select(custom_value.c.customer_id, term.c.value).join(term, term.c.id == custom_value.c.value)
            query = query.join(custom_field, custom_field.c.id == custom_value.c.field_id)
            query = query.where(custom_field.c.name == to.removeprefix("custom."), custom_field.c.kind == "text")
            query = query.where(custom_value.c.customer_id.in_(some))
        else:
            query = select(customer.c.id, customer.c[to]).where(customer.c.id.in_(some))
        found |= {number: value.strip() for number, value in connection.execute(query) if value and value.strip()}
    return found


def messages(
    connection: Connection, reach: Reach, *, status: str | None, gateway_key: str | None, limit: int, before: int | None
) -> list[Message]:
    """The newest messages first, to customers within reach."""
    m = care_message.c
    where: list[ColumnElement[bool]] = [] if reach.everybody else [reach.clause()]
    where += [m.status == status] if status is not None else []
    where += [m.gateway == gateway_key] if gateway_key is not None else []
    where += [m.id < before] if before is not None else []
    names = [name for name in Message.__slots__ if name != "customer"]
    query = select(customer.c.external_id.label("customer"), *(m[name] for name in names))
    query = query.join(customer, customer.c.id == m.customer_id).where(*where).order_by(m.id.desc()).limit(limit)
    return [Message(**row._mapping) for row in connection.execute(query)]


def counts(connection: Connection) -> dict[str, dict[str, int]]:
    """Per gateway how many messages wait, were sent and failed."""
    m = care_message.c
    found: dict[str, dict[str, int]] = {}
    query = select(m.gateway, m.status, func.count()).where(m.gateway.is_not(None)).group_by(m.gateway, m.status)
    for key, status, count in connection.execute(query):
        found.setdefault(key, {})[status] = int(count)
    return found


def again(connection: Connection, numbers: Sequence[int] | None, gateway_key: str | None, now: int) -> int:
    """Let failed messages wait once more: some, or all of a gateway; how many."""
    m = care_message.c
    where = [
        m.status == "failed",
        *([m.id.in_(numbers)] if numbers is not None else []),
        *([m.gateway == gateway_key] if gateway_key else []),
    ]
    values = {"status": "waiting", "next_at": now, "attempts": 0, "lease_until": 0}
    return int(connection.execute(update(care_message).where(*where).values(values)).rowcount)
