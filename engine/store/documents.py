"""Rules of the service desk as JSON documents: account managers, care plans."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from engine import clock
from engine.store.models import service_document


@dataclass(frozen=True, slots=True)
class ServiceDocument:
    """A document as it was saved."""

    key: str
    document: Mapping[str, Any]
    enabled: bool
    revision: int
    updated_by: str
    updated_at: int


def every(connection: Connection, kind: str) -> list[ServiceDocument]:
    """All of a kind, by key."""
    rows = connection.execute(select(service_document).where(service_document.c.kind == kind).order_by(service_document.c.key))
    return [
        ServiceDocument(row.key, json.loads(row.document), bool(row.enabled), row.revision, row.updated_by, row.updated_at) for row in rows
    ]


def get(connection: Connection, kind: str, key: str) -> ServiceDocument | None:
    """One by its key."""
    return next((each for each in every(connection, kind) if each.key == key), None)


def save(connection: Connection, kind: str, key: str, document: Mapping[str, Any], actor: str, *, enabled: bool = True) -> None:
    """Keep a document in place of the one with its key."""
    where = (service_document.c.kind == kind, service_document.c.key == key)
    values = {"document": json.dumps(document, ensure_ascii=False), "enabled": int(enabled), "updated_by": actor, "updated_at": clock.now()}
    if not connection.execute(update(service_document).where(*where).values(**values, revision=service_document.c.revision + 1)).rowcount:
        connection.execute(insert(service_document).values(kind=kind, key=key, revision=1, **values))


def remove(connection: Connection, kind: str, key: str) -> None:
    """Remove one."""
    connection.execute(delete(service_document).where(service_document.c.kind == kind, service_document.c.key == key))
