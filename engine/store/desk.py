"""Documents of the service desk as rows: every revision stays, the newest counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from engine.store.models import desk_document


@dataclass(frozen=True, slots=True)
class Kept:
    """A revision of a document. id: of just this revision. document: None for one that was removed."""

    id: int
    kind: str
    name: str
    revision: int
    document: Mapping[str, Any] | None
    author: str
    at: int


def newest(connection: Connection, kind: str) -> list[Kept]:
    """The newest revision of every document of a kind that is not removed, by name."""
    d = desk_document.c
    last = select(func.max(d.id)).where(d.kind == kind).group_by(d.slug)
    query = select(desk_document).where(d.id.in_(last), d.document.is_not(None)).order_by(d.slug)
    return [_kept(row) for row in connection.execute(query)]


def find(connection: Connection, kind: str, name: str) -> Kept | None:
    """The newest revision of a document; None where there is none, or it was removed."""
    found = _last(connection, kind, name)
    return None if found is None or found.document is None else found


def history(connection: Connection, kind: str, name: str) -> list[Kept]:
    """Every revision, the newest first."""
    d = desk_document.c
    rows = connection.execute(select(desk_document).where(d.kind == kind, d.slug == name).order_by(d.revision.desc()))
    return [_kept(row) for row in rows]


def revision(connection: Connection, number: int) -> Kept:
    """One revision by its number."""
    return _kept(connection.execute(select(desk_document).where(desk_document.c.id == number)).one())


def save(connection: Connection, kind: str, name: str, document: Mapping[str, Any] | None, author: str, at: int) -> Kept:
    """Keep a new revision; None removes the document."""
    former = _last(connection, kind, name)
    row = {
        "kind": kind,
        "slug": name,
        "revision": 1 if former is None else former.revision + 1,
        "document": None if document is None else json.dumps(document, ensure_ascii=False),
        "author": author,
        "at": at,
    }
    return _kept(connection.execute(insert(desk_document).values(row).returning(desk_document)).one())


def _last(connection: Connection, kind: str, name: str) -> Kept | None:
    d = desk_document.c
    row = connection.execute(select(desk_document).where(d.kind == kind, d.slug == name).order_by(d.revision.desc()).limit(1)).first()
    return None if row is None else _kept(row)


def _kept(row: Row[Any]) -> Kept:
    document = None if row.document is None else json.loads(row.document)
    return Kept(row.id, row.kind, row.slug, row.revision, document, row.author, row.at)
