"""What people type about a ticket, checked: words that are known, lines, texts, money."""

from __future__ import annotations

from collections.abc import Iterable

from engine.errors import TicketError, did_you_mean

MOST_MONEY = 10**15
"""Minor units of a compensation."""


def checked_word(name: str, value: object, known: Iterable[str], *, empty: bool = False) -> str:
    """One of some words, or "" where that is allowed. Raises `TicketError`."""
    words = list(known)
    if (empty and value == "") or (isinstance(value, str) and value in words):
        return str(value)
    hint = did_you_mean(str(value), words) or (f"expected one of {', '.join(words)}" if words else "none is set up")
    raise TicketError(f"{name}: found {str(value)[:60]!r}; {hint}")


def line(name: str, value: object, most: int, *, empty: bool = False) -> str:
    """A text in one line. Raises `TicketError`."""
    tidy = " ".join(str(value if value is not None else "").split())
    if (not tidy and not empty) or len(tidy) > most or not tidy.isprintable():
        raise TicketError(f"{name}: expected {0 if empty else 1} to {most} printable characters in one line")
    return tidy


def text_of(name: str, value: object, most: int, *, empty: bool = False) -> str:
    """A text of several lines. Raises `TicketError`."""
    tidy = str(value if value is not None else "").replace("\r\n", "\n").strip()
    if (not tidy and not empty) or len(tidy) > most or "\0" in tidy:
        raise TicketError(f"{name}: expected a text of {0 if empty else 1} to {most:,} characters")
    return tidy


def money(value: object) -> int:
    """A compensation in minor units. Raises `TicketError` for what is none, or negative."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_MONEY:
        raise TicketError(f"compensation: found {str(value)[:40]!r}; expected whole minor units from 0 to {MOST_MONEY:,}")
    return value
