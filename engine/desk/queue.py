"""The clocks of a whole queue at once: what `ServiceClock` says of one promise, as columns of one calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.columns import Array, Flags
from engine.desk.clock import NEVER, Pause, WorkingTime, apart


@dataclass(frozen=True, slots=True)
class QueueReading:
    """What clocks say at a moment, as columns: see `Reading`. due: `NEVER` while one stands."""

    spent: Array
    left: Array
    due: Array
    standing: Flags
    breached: Flags


class ClockQueue:
    """Clocks of one calendar. opened, seconds: columns of when each was opened and what is promised; pauses: of each."""

    def __init__(self, time: WorkingTime, opened: Array, seconds: Array, pauses: Sequence[Sequence[Pause]]) -> None:
        self._time = time
        self._opened, self._seconds = np.asarray(opened, dtype=np.int64), np.asarray(seconds, dtype=np.int64)
        tidy = [apart(each, int(start)) if each else [] for each, start in zip(pauses, self._opened, strict=True)]
        longest = max((len(each) for each in tidy), default=0)
        self._starts = np.full((longest, len(tidy)), NEVER, dtype=np.int64)
        self._ends = np.full((longest, len(tidy)), NEVER, dtype=np.int64)
        for at, each in enumerate(tidy):
            for rank, pause in enumerate(each):
                self._starts[rank, at] = pause.start
                self._ends[rank, at] = NEVER if pause.until is None else pause.until

    def spent(self, at: int) -> Array:
        """Working seconds outside of pauses from each opening to a moment."""
        spent = self._time.between(self._opened, np.maximum(self._opened, at))
        for starts, ends in zip(self._starts, self._ends, strict=True):
            rows = np.flatnonzero(starts < at)
            if len(rows):
                spent[rows] -= self._time.between(starts[rows], np.minimum(ends[rows], at))
        return spent

    def standing(self, at: int) -> Flags:
        """Which clocks stand at a moment."""
        found = np.zeros(len(self._opened), dtype=bool)
        for starts, ends in zip(self._starts, self._ends, strict=True):
            found |= (starts <= at) & (at < ends)
        return found

    def when(self, seconds: Array, at: int) -> Array:
        """By when so many working seconds of each are over, knowing what happened until a moment; `NEVER` while it stands."""
        start, left = self._opened.copy(), np.asarray(seconds, dtype=np.int64).copy()
        over = np.zeros(len(start), dtype=bool)
        for starts, ends in zip(self._starts, self._ends, strict=True):
            rows = np.flatnonzero(~over & (starts <= at))
            if not len(rows):
                break
            run = self._time.between(start[rows], starts[rows])
            before = run >= left[rows]
            over[rows[before]] = True
            rest = rows[~before]
            left[rest] -= run[~before]
            start[rest] = np.minimum(ends[rest], np.where(ends[rest] == NEVER, at, ends[rest]))
        stands = self.standing(at) & (np.asarray(seconds) > self.spent(at))
        found = np.full(len(start), NEVER, dtype=np.int64)
        found[~stands] = self._time.after_each(start[~stands], left[~stands])
        return found

    def read(self, at: int) -> QueueReading:
        """What the clocks say at a moment."""
        spent, due = self.spent(at), self.when(self._seconds, at)
        return QueueReading(spent, self._seconds - spent, due, self.standing(at), due < at)
