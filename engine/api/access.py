"""Who calls: the key of a request, what it may do, and how often.

Keys come in the Authorization header and never in a cookie, so no page of another site can use them. A verified key is
remembered for a second: a revoked one is dead after that, in every process.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from hashlib import blake2b
from threading import Lock

from flask import Request

from engine.api.problems import Problem
from engine.errors import NotAllowed
from engine.people import Caller, People

REMEMBERED = 1.0
"""Seconds for which a verified key is not looked up again."""

_MOST_REMEMBERED = 10_000
_USED_EVERY = 60
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

    @staticmethod
    def wait() -> int:
        """Seconds until the next minute begins."""
        return 60 - int(time.time()) % 60


class Guesses:
    """Secrets that were no key, per address: how many different ones within a quarter of an hour, in this process.

    The same wrong secret again is no new guess, so a program whose key has expired does not shut out its neighbours behind one
    address; and a secret that let somebody in is never taken for a guess.
    """

    WINDOW = 900
    MOST = 20

    def __init__(self) -> None:
        self._lock = Lock()
        self._wrong: OrderedDict[str, dict[bytes, float]] = OrderedDict()
        self._good: OrderedDict[bytes, None] = OrderedDict()

    @staticmethod
    def _mark(secret: str) -> bytes:
        return blake2b(secret.encode("utf-8", "replace"), digest_size=16).digest()

    def wait(self, address: str, secret: str) -> int:
        """Let a secret be tried from an address: 0, and it counts as wrong until it was right; else seconds to wait."""
        mark, now = self._mark(secret), time.monotonic()
        with self._lock:
            known = {each: at for each, at in self._wrong.get(address, {}).items() if at + self.WINDOW > now}
            if mark in self._good:
                return 0
            if len(known) >= self.MOST and mark not in known:
                return int(min(known.values()) + self.WINDOW - now) + 1
            known.setdefault(mark, now)
            self._wrong[address] = known
            self._wrong.move_to_end(address)
            while len(self._wrong) > _MOST_COUNTED:
                self._wrong.popitem(last=False)
        return 0

    def wrong(self, secret: str) -> None:
        """What let somebody in once does so no longer."""
        with self._lock:
            self._good.pop(self._mark(secret), None)

    def good(self, address: str, secret: str) -> None:
        """Remember a secret that let somebody in."""
        mark = self._mark(secret)
        with self._lock:
            self._wrong.get(address, {}).pop(mark, None)
            self._good[mark] = None
            while len(self._good) > _MOST_REMEMBERED:
                self._good.popitem(last=False)


class Gate:
    """Lets requests in, or says why not. One per process; limits count per process too."""

    def __init__(self, people: People, *, light: int, heavy: int, sandbox: bool = False) -> None:
        self.people = people
        self.sandbox = sandbox
        self._known: dict[str, tuple[float, Caller]] = {}
        self._lock = Lock()
        self._counter = Counter()
        self.guesses = Guesses()
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
        wait = self.guesses.wait(address, secret)
        if wait:
            raise _limited("too many keys that are not valid", wait)
        try:
            found = self.people.verify_key(secret, note=False)
        except NotAllowed as error:
            self.guesses.wrong(secret)
            raise _refused(str(error)) from None
        self.guesses.good(address, secret)
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


def _limited(detail: str, wait: int = 0) -> Problem:
    wait = wait or Counter.wait()
    return Problem("rate_limited", f"{detail}; try again in {wait} s", headers={"Retry-After": str(wait)})
