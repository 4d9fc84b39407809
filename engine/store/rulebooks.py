"""Rulebook versions: immutable, addressed by number or hash; publishing one makes it live."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select

from engine import clock
from engine.errors import RulebookError
from engine.store.models import publication, rulebook_version
from engine.store.session import one_writer


@dataclass(frozen=True, slots=True)
class Version:
    """One version: number, hash, canonical document, who wrote it and when, and when it was published last."""

    number: int
    hash: str
    document: dict[str, Any]
    author: str
    note: str
    created_at: int
    published_at: int | None = None
    published_by: str = ""


def save(connection: Connection, hash_: str, text: str, *, author: str, note: str) -> int:
    """Keep a canonical document and return its number; the same content has one number for ever."""
    one_writer(connection)
    found = connection.scalar(select(rulebook_version.c.id).where(rulebook_version.c.hash == hash_))
    if found is not None:
        return int(found)
    values = {"hash": hash_, "document": text, "author": author, "note": note, "created_at": clock.now()}
    return int(connection.execute(insert(rulebook_version).values(values).returning(rulebook_version.c.id)).scalar_one())


def any_live(connection: Connection) -> bool:
    """Whether anything was ever published."""
    return connection.scalar(select(publication.c.id).limit(1)) is not None


def live_number(connection: Connection) -> int | None:
    """The number of the live version; None when none was ever published."""
    number = connection.scalar(select(publication.c.version_id).order_by(publication.c.id.desc()).limit(1))
    return None if number is None else int(number)


def live(connection: Connection) -> Version:
    """The live version. Raises `RulebookError` when none was ever published."""
    number = live_number(connection)
    if number is None:
        raise RulebookError("no rulebook is published yet; publish one with: tierwise rulebook publish FILE")
    return get(connection, str(number))


def get(connection: Connection, name: str) -> Version:
    """A version by its number ("3"), by the start of its hash, or "live"."""
    if name == "live":
        return live(connection)
    versions = log(connection)
    if name.isascii() and name.isdigit() and len(name) < 10:
        found = [version for version in versions if version.number == int(name)]
    else:
        found = [version for version in versions if len(name) >= 4 and version.hash.startswith(name.lower())]
    if len(found) != 1:
        numbers = ", ".join(str(version.number) for version in versions) or "none"
        problem = "names several versions" if found else "is no version"
        raise RulebookError(f"{name!r} {problem} of the rulebook; versions are {numbers}")
    return found[0]


def log(connection: Connection) -> Sequence[Version]:
    """Every version, the newest first."""
    published = {
        row.version_id: (row.published_at, row.actor) for row in connection.execute(select(publication).order_by(publication.c.id))
    }
    rows = connection.execute(select(rulebook_version).order_by(rulebook_version.c.id.desc()))
    return [
        Version(row.id, row.hash, json.loads(row.document), row.author, row.note, row.created_at, *published.get(row.id, (None, "")))
        for row in rows
    ]
