"""The chain that makes the audit trail tell on who alters it: each entry's hash covers the entry and the hash before it.

An entry is hashed as canonical JSON: by SHA-256, or, where the installation has a key that the database does not hold, by
HMAC-SHA256. Without a key whoever can write the database can forge a chain anew; with one they cannot. What no chain can
show by itself is a tail cut off together with everything that names it; for that a head is kept elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

GENESIS = "0" * 64
"""What the first entry calls the hash before it."""

_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, default=repr)


@dataclass(frozen=True, slots=True)
class Entry:
    """One act: who did what to what, when. seq counts from 1; at is UTC epoch seconds; details is canonical JSON text."""

    seq: int
    at: int
    actor: str
    authenticated: bool
    action: str
    subject: str
    details: str
    previous: str
    hash: str

    def as_dict(self) -> dict[str, Any]:
        """As plain data, the details read."""
        return {**asdict(self), "details": self.read_details()}

    def read_details(self) -> dict[str, Any]:
        """The details; what somebody altered so that it cannot be read stands as text under "unreadable"."""
        try:
            found = json.loads(self.details)
        except ValueError:
            found = None
        return found if isinstance(found, dict) else {"unreadable": str(self.details)}


@dataclass(frozen=True, slots=True)
class Head:
    """Where a trail ends: how many entries, the hash of the last, and a seal over both."""

    count: int
    hash: str
    seal: str = ""

    def __str__(self) -> str:
        return f"{self.count}:{self.hash}"


def canonical(value: Any) -> str:
    """The one way to write a value as JSON: keys sorted, no spaces; NaN and infinities are refused."""
    return _ENCODER.encode(value)


@lru_cache(64)
def key_name(key: str) -> str:
    """The public name of a key, by which an entry says what it was sealed with."""
    return hashlib.sha256(b"tierwise audit key\0" + key.encode()).hexdigest()[:8]


def seal_of(hash_: str) -> str | None:
    """The name of the key that a hash was made with, or None for a plain one."""
    name, colon, _ = hash_.rpartition(":")
    return name if colon else None


def digest(content: str, key: str | None) -> str:
    """The hash of a text; with a key it cannot be made by who does not have it, and begins with the key's name."""
    data = content.encode("utf-8", "surrogateescape")  # bytes that are no text stay what they are
    if key is None:
        return hashlib.sha256(data).hexdigest()
    return f"{key_name(key)}:{hmac.digest(key.encode(), data, 'sha256').hex()}"


def entry_hash(entry: Entry, seq: int, key: str | None) -> str:
    """The hash of an entry as if it had the number `seq`."""
    content = [seq, entry.at, entry.actor, entry.authenticated, entry.action, entry.subject, entry.details, entry.previous]
    return digest(canonical(content), key)


def following(head: Head, at: int, actor: str, authenticated: bool, action: str, subject: str, details: Any, key: str | None) -> Entry:
    """The entry that comes after a head."""
    open_ = Entry(head.count + 1, at, actor, authenticated, action, subject, canonical(details), head.hash, "")
    return replace(open_, hash=entry_hash(open_, open_.seq, key))


def sealed_head(count: int, hash_: str, key: str | None) -> Head:
    """A head with its seal."""
    return Head(count, hash_, digest(canonical(["head", count, hash_]), key))
