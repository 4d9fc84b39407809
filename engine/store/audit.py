"""The audit trail in the store: one entry per act, written in the act's own transaction, chained one after the other.

An entry takes a lock that only entries take, so it belongs at the end of a transaction: nothing is waited for after it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, text, update

from engine import clock
from engine.audit_breaches import Breach, Verifier
from engine.audit_chain import GENESIS, Entry, Head, following, key_name, seal_of, sealed_head
from engine.errors import StoreError
from engine.store.models import audit_entry, setting
from engine.store.session import AUDIT_LOCK, Store

HEAD = "audit_head"
"""Where `setting` keeps the head: how many entries there are, the hash of the last, and a seal over both."""


@dataclass(frozen=True, slots=True)
class Actor:
    """In whose name something is done. authenticated: whether it was proven to be them."""

    name: str
    authenticated: bool = False


def record(
    connection: Connection, *, actor: str, authenticated: bool = False, action: str, subject: str, details: Mapping[str, Any] | None = None
) -> Entry:
    """Add an entry, inside the caller's writing transaction and at its end: both are kept, or neither.

    action: what was done ("rulebook.publish"); subject: to what ("version:3"). details: JSON; ids and counts, no names,
    no contact data, no values of customers. Raises `StoreError` when the trail is sealed and the key is not given.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": AUDIT_LOCK})
    keys: Sequence[str] = connection.get_execution_options().get("tierwise_audit_keys", ())
    key = keys[0] if keys else None
    head = read_head(connection)
    if head is None:
        head = _lost(connection)
    seal = seal_of(head.seal)
    if seal is not None and seal not in map(key_name, keys):
        raise StoreError(
            f"the audit trail of this store is sealed with the key named {seal}: TIERWISE_AUDIT_KEY has to hold it; nothing was changed"
        )
    entry = following(head, clock.now(), _clean(actor), authenticated, action, _clean(subject), _cleaned(details or {}), key)
    connection.execute(insert(audit_entry).values(_row(entry)))
    connection.execute(update(setting).where(setting.c.key == HEAD).values(value=_written(sealed_head(entry.seq, entry.hash, key))))
    return entry


def seal(store: Store, actor: str) -> None:
    """Seal the trail from here on, where the installation has a key that it is not sealed with yet."""
    if not store.audit_keys:
        return
    wanted = key_name(store.audit_keys[0])
    with store.read() as connection:
        head = read_head(connection)
    if head is None or seal_of(head.seal) != wanted:
        with store.write() as connection:
            record(connection, actor=actor, action="audit.seal", subject="audit", details={"key": wanted})


def read_head(connection: Connection) -> Head | None:
    """The head that the store keeps, or None when it is gone or cannot be read."""
    kept = connection.scalar(select(setting.c.value).where(setting.c.key == HEAD))
    try:
        found = json.loads(kept or "")
        return Head(int(found["count"]), str(found["hash"]), str(found["seal"]))
    except (ValueError, TypeError, KeyError):
        return None


def entries(
    connection: Connection,
    *,
    subject: str | None = None,
    actor: str | None = None,
    action: str | None = None,
    after: int | None = None,
    since: int | None = None,
    until: int | None = None,
    limit: int = 100,
) -> list[Entry]:
    """The newest entries first. action: one, or a whole area ("rulebook"). after: go on below this number.

    since, until: moments; from the first on, and before the second.
    """
    query = select(audit_entry).order_by(audit_entry.c.seq.desc()).limit(limit)
    if since is not None:
        query = query.where(audit_entry.c.at >= since)
    if until is not None:
        query = query.where(audit_entry.c.at < until)
    if subject is not None:
        query = query.where(audit_entry.c.subject == subject)
    if actor is not None:
        query = query.where(audit_entry.c.actor == actor)
    if action is not None:
        query = query.where((audit_entry.c.action == action) | audit_entry.c.action.startswith(f"{action}.", autoescape=True))
    if after is not None:
        query = query.where(audit_entry.c.seq < after)
    with _any_text(connection, "replace"):
        return [_entry(row) for row in connection.execute(query)]


def verify(connection: Connection, keys: Sequence[str], outside: Head | None = None) -> tuple[Head | None, list[Breach], set[str]]:
    """Read the whole trail. Returns the head that the store keeps, the breaches, and the names of keys that are needed."""
    head = read_head(connection)
    verifier = Verifier(head, keys, outside)
    with _any_text(connection, "surrogateescape"):
        for entry in _all(connection):
            verifier.take(entry)
    return head, verifier.finish(), verifier.unknown_keys


@contextmanager
def _any_text(connection: Connection, errors: str) -> Iterator[None]:
    """Read texts that somebody made invalid: SQLite keeps any bytes, and would otherwise refuse the whole answer."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    former, driver.text_factory = driver.text_factory, lambda data: data.decode("utf-8", errors)
    try:
        yield
    finally:
        driver.text_factory = former


def _all(connection: Connection) -> Iterator[Entry]:
    rows = connection.execution_options(yield_per=5_000).execute(select(audit_entry).order_by(audit_entry.c.seq))
    return map(_entry, rows)


def _entry(row: Row[Any]) -> Entry:
    return Entry(row.seq, row.at, row.actor, bool(row.authenticated), row.action, row.subject, row.details, row.previous, row.hash)


def _row(entry: Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in Entry.__slots__} | {"authenticated": int(entry.authenticated)}


def _written(head: Head) -> str:
    return json.dumps({"count": head.count, "hash": head.hash, "seal": head.seal})


def _lost(connection: Connection) -> Head:
    """Go on from what is there when somebody removed the head; the gap that is left in the numbers tells of it for ever."""
    last = connection.execute(select(audit_entry.c.seq, audit_entry.c.hash).order_by(audit_entry.c.seq.desc()).limit(1)).first()
    head = Head(last.seq + 1, last.hash, last.hash) if last else Head(1, GENESIS)
    connection.execute(setting.delete().where(setting.c.key == HEAD))
    connection.execute(insert(setting).values(key=HEAD, value=_written(head)))
    return head


def _clean(words: str) -> str:
    """What both databases can hold: no NUL, no halves of characters."""
    return words.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, Mapping):
        return {_clean(str(key)): _cleaned(inner) for key, inner in value.items()}
    return [_cleaned(inner) for inner in value] if isinstance(value, list | tuple) else value
