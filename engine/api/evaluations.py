"""The audit of evaluations: who asked how often, in the chained trail, a second at a time.

An entry per evaluation would put every request behind the one lock of the trail. So what each key evaluated is added up
in memory, and once a second each key's sum is one entry: how many requests and customers, of which run, and a SHA-256 over
the numbers of the requests and the customers' ids and answers, by which a log of requests can be held against the trail.
A process that is killed loses at most its last second.
"""

from __future__ import annotations

import atexit
import hashlib
import time
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Any

from engine.errors import TierwiseError
from engine.people import Caller
from engine.service import Engine

EVERY = 1.0
"""Seconds between entries of one key."""


@dataclass(slots=True)
class _Sum:
    caller: Caller
    run: int
    began: float = field(default_factory=time.time)
    requests: int = 0
    customers: int = 0
    digest: Any = field(default_factory=hashlib.sha256)


class Ledger:
    """Adds up what was evaluated, and writes it, and which keys were used. One per process."""

    def __init__(self, engine: Engine, used: set[int]) -> None:
        self._engine = engine
        self._used = used
        self._lock = Lock()
        self._sums: dict[tuple[int, int], _Sum] = {}
        self._unwritten: list[_Sum] = []
        self._thread: Thread | None = None
        self._stop = Event()

    def add(self, caller: Caller, run: int, request_id: str, customers: int, answer: bytes) -> None:
        """Add a request that was answered."""
        with self._lock:
            kept = self._sums.get((caller.key.id, run))
            if kept is None:
                kept = self._sums[(caller.key.id, run)] = _Sum(caller, run)
            kept.requests += 1
            kept.customers += customers
            kept.digest.update(request_id.encode() + b"\n" + answer + b"\n")
        self.start()

    def start(self) -> None:
        """See to it that what is added gets written."""
        with self._lock:
            if self._thread is None:
                self._thread = Thread(target=self._write_on, name="audit of evaluations", daemon=True)
                self._thread.start()
                atexit.register(self.close)

    def flush(self) -> None:
        """Write what was added up until now."""
        with self._lock:
            self._unwritten += self._sums.values()
            self._sums = {}
            used = set(self._used)
            self._used -= used
        if used:
            self._engine.people.note_use(used)
        while self._unwritten:  # what cannot be written now stays for the next time
            kept = self._unwritten[0]
            details: dict[str, Any] = {"requests": kept.requests, "customers": kept.customers, "run": kept.run, "key": kept.caller.key.id}
            details |= {"seconds": round(time.time() - kept.began, 1), "digest": kept.digest.hexdigest()}
            self._engine.people.note_evaluations(kept.caller, details)
            self._unwritten.pop(0)

    def close(self) -> None:
        """Write the rest."""
        self._stop.set()
        with suppress(TierwiseError):  # the store is gone or locked, and there is nobody left to tell
            self.flush()

    def _write_on(self) -> None:
        while not self._stop.wait(EVERY):
            try:
                self.flush()
            except TierwiseError:
                continue
