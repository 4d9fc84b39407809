"""Who calls: the key of a request, what it may do, and how often.

Keys come in the Authorization header and never in a cookie, so no page of another site can use them. A verified key is
remembered for a second: a revoked one is dead after that, in every process.
"""

from __future__ import annotations

import time
from threading import Lock

from flask import Request

from engine.api.problems import Problem
from engine.errors import NotAllowed
from engine.people import Caller, People

REMEMBERED = 1.0
"""Seconds for which a verified key is not looked up again."""

_MOST_REMEMBERED = 10_000
_USED_EVERY = 60
_GUESSES = 60
_MOST_COUNTED = 100_000


class Counter:
    """Counts per name and minute, in this process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._minute = 0
        self._counts: dict[tuple[str, str], int] = {}

    def count(self, kind: str, name: str) -> int:
        """One more; returns how many there are in this minute."""
        minute = int(time.time()) // 60
        with self._lock:
            if minute != self._minute or len(self._counts) > _MOST_COUNTED:
                self._minute, self._counts = minute, {}
            found = self._counts[(kind, name)] = self._counts.get((kind, name), 0) + 1
        return found

    def counted(self, kind: str, name: str) -> int:
        """How many there are in this minute."""
        return self._counts.get((kind, name), 0) if int(time.time()) // 60 == self._minute else 0

    @staticmethod
    def wait() -> int:
        """Seconds until the next minute begins."""
        return 60 - int(time.time()) % 60


class Gate:
    """Lets requests in, or says why not. One per process; limits count per process too."""

    def __init__(self, people: People, *, light: int, heavy: int, sandbox: bool = False) -> None:
        self.people = people
        self.sandbox = sandbox
        self._known: dict[str, tuple[float, Caller]] = {}
        self._lock = Lock()
        self._counter = Counter()
        self.light, self.heavy = light, heavy
        self.used: set[int] = set()

    def caller(self, request: Request) -> Caller:
        """Who shows the key of a request. Raises `Problem`: 401 without a valid one, 429 after too many invalid ones."""
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        secret = secret.strip()
        if kind.lower() != "bearer" or not secret:
            raise _refused("send the key as Authorization: Bearer tw_live_...")
        known = self._known.get(secret)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        address = request.remote_addr or ""
        if self._counter.counted("guess", address) >= _GUESSES:
            raise _limited("too many keys that are not valid")
        try:
            found = self.people.verify_key(secret, note=False)
        except NotAllowed as error:
            self._counter.count("guess", address)
            raise _refused(str(error)) from None
        if found.key.test is not self.sandbox:
            raise _refused("test keys work in a sandbox only" if found.key.test else "a sandbox takes test keys only")
        if self.people.clock() - (found.key.used_at or 0) >= _USED_EVERY:
            self.used.add(found.key.id)  # written later: letting somebody in must not wait for the store's writers
        with self._lock:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[secret] = (time.monotonic() + REMEMBERED, found)
        return found

    def forget(self) -> None:
        """Look every key up again at its next use."""
        with self._lock:
            self._known.clear()

    def check(self, caller: Caller, area: str, write: bool) -> None:
        """Refuse what a key may not do. Raises `Problem`."""
        if not caller.may(area, write=write):
            scope = f"{area}:{'write' if write else 'read'}"
            why = "its user's roles do not give it" if scope in caller.key.scopes else "it is not among its scopes"
            raise Problem("forbidden", f"this needs {scope}; {why}")

    def count(self, caller: Caller, heavy: bool) -> None:
        """Count a request. Raises `Problem` when there were too many in this minute."""
        kind, most = ("heavy", self.heavy) if heavy else ("light", self.light)
        if self._counter.count(kind, str(caller.key.id)) > most:
            raise _limited(f"more than {most} requests of this kind in a minute")


def _refused(detail: str) -> Problem:
    return Problem("unauthenticated", detail, headers={"WWW-Authenticate": 'Bearer realm="tierwise"'})


def _limited(detail: str) -> Problem:
    wait = Counter.wait()
    return Problem("rate_limited", f"{detail}; try again in {wait} s", headers={"Retry-After": str(wait)})
