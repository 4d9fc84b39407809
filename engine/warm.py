"""Keep what single evaluations need in memory, and notice within a second when another run has become visible."""

from __future__ import annotations

import time
from threading import Lock
from typing import TYPE_CHECKING

from engine.errors import RunError
from engine.evaluate import Evaluator
from engine.store import outcomes

if TYPE_CHECKING:
    from engine.service import Engine

FRESH = 1.0
"""Seconds for which the newest visible run is not asked for again."""


class Warm:
    """The evaluator of the newest visible run. One per process, shared by its threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = Lock()
        self._checked = float("-inf")
        self._evaluator: Evaluator | None = None
        self._batch: int | None = None

    def evaluator(self) -> Evaluator:
        """The evaluator to use now. Raises `RunError` when nothing has run yet."""
        kept = self._evaluator
        if kept is not None and time.monotonic() - self._checked < FRESH:
            return kept
        with self._lock:
            if self._evaluator is None or time.monotonic() - self._checked >= FRESH:
                self._refresh()
            assert self._evaluator is not None
            return self._evaluator

    def _refresh(self) -> None:
        with self._engine.store.read() as connection:
            live = outcomes.live_run(connection)
        if live is None:
            raise RunError("nothing has run yet; start a run first")
        if self._evaluator is None or self._evaluator.record.id != live.id:
            rulebook = self._engine.rulebook(str(live.version_id))
            self._evaluator = Evaluator.of_run(self._engine.store, live, rulebook, self._engine.registry)
        self._checked = time.monotonic()
