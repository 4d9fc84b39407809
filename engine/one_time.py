"""Passwords for one time: an administrator hands one out, and it is good for nothing but choosing a password of one's own.

It is kept where a password is, marked with its end: "once:1800000000:$argon2id$...".
"""

from __future__ import annotations

import secrets

HOURS = 72
"""How long a password for one time can be used."""

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that look alike on paper."""


def new_password() -> str:
    """Four groups of four letters and digits: 79 bits, easily read aloud."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def marked(hashed: str, ends_at: int) -> str:
    """What is kept of a password for one time. ends_at: UTC epoch seconds."""
    return f"once:{ends_at}:{hashed}"


def read(kept: str | None) -> tuple[str | None, int | None]:
    """The hash, and when it ends; None for a password that a person chose."""
    if kept is None or not kept.startswith("once:"):
        return kept, None
    _, ends_at, hashed = kept.split(":", 2)
    return hashed, int(ends_at)
