"""Who calls: the key of a request, what it may do, and how often.

Keys come in the Authorization header and never in a cookie, so no page of another site can use them. A verified key is
remembered for a second: a revoked one is dead after that, in every process.
"""

from __future__ import annotations

import time
from threading import Lock

from flask import Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from engine.api.problems import Problem
from engine.errors import NotAllowed
from engine.people import Caller, People

REMEMBERED = 1.0
"""Seconds for which a verified key is not looked up again."""

_MOST_REMEMBERED = 10_000
_GUESSES = RateLimitItemPerMinute(60)


class Gate:
    """Lets requests in, or says why not. One per process; limits count per process too."""

    def __init__(self, people: People, *, light: int, heavy: int, sandbox: bool = False) -> None:
        self.people = people
        self.sandbox = sandbox
        self._known: dict[str, tuple[float, Caller]] = {}
        self._lock = Lock()
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._light, self._heavy = RateLimitItemPerMinute(light), RateLimitItemPerMinute(heavy)

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
        if not self._limiter.test(_GUESSES, "guess", address):
            raise _limited(self._wait(_GUESSES, "guess", address), "too many keys that are not valid")
        try:
            found = self.people.verify_key(secret)
        except NotAllowed as error:
            self._limiter.hit(_GUESSES, "guess", address)
            raise _refused(str(error)) from None
        if found.key.test is not self.sandbox:
            raise _refused("test keys work in a sandbox only" if found.key.test else "a sandbox takes test keys only")
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
        limit = self._heavy if heavy else self._light
        name = ("heavy" if heavy else "light", str(caller.key.id))
        if not self._limiter.hit(limit, *name):
            raise _limited(self._wait(limit, *name), f"more than {limit.amount} requests of this kind in a minute")

    def _wait(self, limit: RateLimitItemPerMinute, *name: str) -> int:
        return max(1, int(self._limiter.get_window_stats(limit, *name).reset_time - time.time()) + 1)


def _refused(detail: str) -> Problem:
    return Problem("unauthenticated", detail, headers={"WWW-Authenticate": 'Bearer realm="tierwise"'})


def _limited(wait: int, detail: str) -> Problem:
    return Problem("rate_limited", f"{detail}; try again in {wait} s", headers={"Retry-After": str(wait)})
