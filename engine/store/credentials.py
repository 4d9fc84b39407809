"""Sessions of browsers and keys of programs, as rows. What is secret is stored as a hash only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from engine.store.models import api_key, user_account, user_session


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session; token_hash apart."""

    id: int
    user_id: int
    user: str
    address: str
    agent: str
    created_at: int
    seen_at: int
    ended_at: int | None


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key; its hash apart. user_disabled_at: whom it acts as may be disabled."""

    id: int
    title: str
    prefix: str
    user_id: int
    user: str
    user_disabled_at: int | None
    scopes: tuple[str, ...]
    test: bool
    created_by: str
    created_at: int
    expires_at: int | None
    disabled_at: int | None
    used_at: int | None


_SESSION = select(*(user_session.c[name] for name in SessionRow.__slots__ if name != "user"), user_account.c.name.label("user")).join(
    user_account, user_account.c.id == user_session.c.user_id
)
_KEY = select(
    *(api_key.c[name] for name in KeyRow.__slots__ if not name.startswith("user") or name in ("user_id", "used_at")),
    user_account.c.name.label("user"),
    user_account.c.disabled_at.label("user_disabled_at"),
).join(user_account, user_account.c.id == api_key.c.user_id)


def add_session(connection: Connection, values: Mapping[str, Any]) -> int:
    """Add a session and return its number."""
    return int(connection.execute(insert(user_session).values(**values).returning(user_session.c.id)).scalar_one())


def session_by_hash(connection: Connection, token_hash: str) -> SessionRow | None:
    """The session of a token."""
    row = connection.execute(_SESSION.where(user_session.c.token_hash == token_hash)).first()
    return SessionRow(**row._mapping) if row else None


def sessions(connection: Connection, user_id: int | None, since: int) -> list[SessionRow]:
    """Sessions that are not ended and were used since a moment, the latest first."""
    query = _SESSION.where(user_session.c.ended_at.is_(None), user_session.c.seen_at > since).order_by(user_session.c.id.desc())
    if user_id is not None:
        query = query.where(user_session.c.user_id == user_id)
    return [SessionRow(**row._mapping) for row in connection.execute(query)]


def see_session(connection: Connection, number: int, at: int) -> None:
    """Remember when a session was last used."""
    connection.execute(update(user_session).where(user_session.c.id == number).values(seen_at=at))


def end_sessions(connection: Connection, at: int, *, number: int | None = None, user_id: int | None = None) -> int:
    """End one session, or all of a user; returns how many were not ended yet."""
    query = update(user_session).where(user_session.c.ended_at.is_(None)).values(ended_at=at)
    query = query.where(user_session.c.id == number) if number is not None else query.where(user_session.c.user_id == user_id)
    return int(connection.execute(query).rowcount)


def add_key(connection: Connection, values: Mapping[str, Any], scopes: Sequence[str]) -> int:
    """Add a key and return its number."""
    return int(connection.execute(insert(api_key).values(scopes=json.dumps(list(scopes)), **values).returning(api_key.c.id)).scalar_one())


def key_by_hash(connection: Connection, secret_hash: str) -> KeyRow | None:
    """The key of a secret."""
    return _key(connection.execute(_KEY.where(api_key.c.secret_hash == secret_hash)).first())


def key_by_id(connection: Connection, number: int) -> KeyRow | None:
    """The key with a number."""
    return _key(connection.execute(_KEY.where(api_key.c.id == number)).first())


def keys(connection: Connection, user_id: int | None = None) -> list[KeyRow]:
    """Every key, the newest first; user_id: only those that act as a user."""
    query = _KEY.order_by(api_key.c.id.desc())
    rows = connection.execute(query if user_id is None else query.where(api_key.c.user_id == user_id))
    return [found for row in rows if (found := _key(row)) is not None]


def _key(row: Row[*tuple[Any, ...]] | None) -> KeyRow | None:
    if row is None:
        return None
    values = dict(row._mapping)
    return KeyRow(**{**values, "scopes": tuple(json.loads(values["scopes"])), "test": bool(values["test"])})


def change_key(connection: Connection, number: int, values: Mapping[str, Any]) -> None:
    """Change a key: disable it, or remember its use."""
    connection.execute(update(api_key).where(api_key.c.id == number).values(**values))
