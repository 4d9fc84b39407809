"""Requests that may be repeated: the answer to the first is kept, and given to those that follow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine.store.models import idempotency_key

KEPT = 30 * 86_400
"""Seconds for which an answer is kept."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The answer to a request. request: a hash of what was asked."""

    request: str
    status: int
    headers: Mapping[str, str]
    body: bytes


def take(connection: Connection, owner: str, key: str, request: str, now: int) -> Kept | None:
    """Take a key for a request inside the transaction that will answer it; the kept answer, if it was answered before.

    A second request with the key waits here until the first one's transaction ends: by SQLite's write lock, or by the
    unique key on PostgreSQL.
    """
    connection.execute(delete(idempotency_key).where(idempotency_key.c.created_at < now - KEPT))
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert
    row = {"owner": owner, "key": key, "request": request, "created_at": now, "lease_until": now, "headers": "{}"}
    taken = insert(idempotency_key).values(row).on_conflict_do_nothing().returning(idempotency_key.c.key)
    if connection.execute(taken).first() is not None:
        return None
    where = (idempotency_key.c.owner == owner, idempotency_key.c.key == key)
    found = connection.execute(select(idempotency_key).where(*where)).one()
    return Kept(found.request, found.status, json.loads(found.headers), bytes(found.body))


def keep(connection: Connection, owner: str, key: str, answer: Kept) -> None:
    """Keep the answer, in the transaction that took the key."""
    where = (idempotency_key.c.owner == owner, idempotency_key.c.key == key)
    values = {"status": answer.status, "headers": json.dumps(dict(answer.headers)), "body": answer.body}
    connection.execute(update(idempotency_key).where(*where).values(**values))
