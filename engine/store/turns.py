"""Whose turn it is to write: a queue of the writers of one SQLite file, across processes.

SQLite lets one writer in and says nothing to the others. Its own waiting sleeps ever longer, up to 0.1 s, and of several that ask
in turn the one that has just finished comes first again: of four writers on one account one in a hundred waited 72 ms for acts of
1.2 ms each. Here who waits sits down behind those who came before and moves up as they do: seats are files, taken by `flock`, so
that a process that dies leaves its seat. The lock that counts is SQLite's; a queue that cannot be had costs order, nothing else.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no flock; there writers ask without order
    fcntl = None  # type: ignore[assignment]

SEATS = 6
"""How many wait in order; more than that wait for the last seat, in no order."""


def wait(folder: Path, ask: Callable[[], bool], seconds: float) -> bool:
    """Ask, in this writer's turn, until the answer is yes; False when `seconds` passed without it.

    folder: where the seats of the file's writers stand, made when it is not there.
    """
    until = time.monotonic() + seconds
    with _seated(folder, until) as came:
        return came and _repeated(ask, until)


@contextmanager
def _seated(folder: Path, until: float) -> Iterator[bool]:
    """The first seat, come by way of those behind it; False when the time ended on the way."""
    held: int | None = None
    try:
        came = True
        for number in reversed(range(SEATS if fcntl else 0)):
            seat = _chair(folder, number)
            if seat is None:
                break
            came = _repeated(lambda seat=seat: _taken(seat), until)  # type: ignore[misc]
            if held is not None:
                os.close(held)
            held = seat
            if not came:
                break
        yield came
    finally:
        if held is not None:
            os.close(held)


def _chair(folder: Path, number: int) -> int | None:
    path = folder / str(number)
    with suppress(OSError):
        if not folder.exists():
            folder.mkdir(exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    return None


def _taken(seat: int) -> bool:
    try:
        fcntl.flock(seat, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _repeated(ask: Callable[[], bool], until: float) -> bool:
    began = time.monotonic()
    while not ask():
        now = time.monotonic()
        if now >= until:
            return False
        time.sleep(_pause(now - began))
    return True


def _pause(waited: float) -> float:
    """Seconds until asking again: short while small acts take turns, long behind one that writes millions of rows."""
    return 0.0002 if waited < 0.05 else 0.001 if waited < 1 else 0.025
