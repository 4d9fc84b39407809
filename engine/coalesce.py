"""Evaluate what several threads ask for at the same time in one call: a policy takes ten rows in the time of one.

Nobody waits for others to come: whoever finds nobody at work starts at once, and those who come meanwhile are the next
batch. Every row is computed alone (that is the contract of policies), so the answers are those of single calls; where
anything goes wrong in a batch, each of it is computed by itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any

from engine.evaluate import Evaluation, Evaluator

MOST_ROWS = 1_000

Rows = Sequence[Mapping[str, Any]]


@dataclass(slots=True, eq=False)
class _Asked:
    evaluator: Evaluator
    rows: Rows
    woken: Event = field(default_factory=Event)
    leads: bool = False
    found: list[Evaluation] | None = None
    error: BaseException | None = None


class Coalescer:
    """Calls of `Evaluator.of_features` from many threads, a batch at a time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: deque[_Asked] = deque()
        self._busy = False

    def of_features(self, evaluator: Evaluator, rows: Rows) -> list[Evaluation]:
        """As `evaluator.of_features(rows)`."""
        asked = _Asked(evaluator, rows)
        with self._lock:
            asked.leads = not self._busy
            self._busy = True
            if not asked.leads:
                self._waiting.append(asked)
        if not asked.leads:
            asked.woken.wait()
        if asked.leads:
            self._lead(asked)
        if asked.error is not None:
            raise asked.error
        assert asked.found is not None
        return asked.found

    def _lead(self, asked: _Asked) -> None:
        """Compute one batch, this thread's own request in it, and hand on to the next."""
        batch = [asked]
        try:
            with self._lock:
                size = len(asked.rows)
                while self._waiting and self._waiting[0].evaluator is asked.evaluator and size + len(self._waiting[0].rows) <= MOST_ROWS:
                    batch.append(self._waiting.popleft())
                    size += len(batch[-1].rows)
            _compute(asked.evaluator, batch)
        finally:
            with self._lock:
                follower = self._waiting.popleft() if self._waiting else None
                self._busy = follower is not None
            if follower is not None:
                follower.leads = True
                follower.woken.set()
            for each in batch[1:]:
                each.woken.set()


def _compute(evaluator: Evaluator, batch: Sequence[_Asked]) -> None:
    if len(batch) > 1:
        try:
            found = evaluator.of_features([row for each in batch for row in each.rows])
        except Exception:
            found = []
        if found and not found[0].faults:
            start = 0
            for each in batch:
                each.found = found[start : start + len(each.rows)]
                start += len(each.rows)
            return
    for each in batch:
        try:
            each.found = evaluator.of_features(each.rows)
        except BaseException as error:
            each.error = error
