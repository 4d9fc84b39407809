"""Undo and redo of a draft, read from its saved states alone, so that they work across pages, people and days."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.store.drafts import DraftEdit

MOST = 100
"""Steps that can be undone."""

BACK, FORTH = "undone to revision {}", "redone to revision {}"
"""The notes of steps. A state that says so, and that the steps before it allow, is one."""

_NOTE = re.compile(r"(undone|redone) to revision (\d{1,9})\Z")


@dataclass(frozen=True, slots=True)
class Steps:
    """Where a draft stands among its states: what can be undone to and redone to, by revision, the nearest last."""

    current: int
    past: Sequence[int]
    future: Sequence[int]

    @property
    def back(self) -> int | None:
        """The revision that undo brings again."""
        return self.past[-1] if self.past else None

    @property
    def forth(self) -> int | None:
        """The revision that redo brings again."""
        return self.future[-1] if self.future else None


def steps_of(edits: Iterable[DraftEdit]) -> Steps:
    """Replay the saved states of a draft, in any order. A step brings an earlier state again as a new one."""
    past: list[int] = []
    future: list[int] = []
    current = 0
    for edit in sorted(edits, key=lambda each: each.revision):
        found = _NOTE.match(edit.note)
        kind, to = (found[1], int(found[2])) if found else ("", 0)
        if kind == "undone" and past and past[-1] == to:
            future.append(current)
            current = past.pop()
        elif kind == "redone" and future and future[-1] == to:
            past.append(current)
            current = future.pop()
        else:
            past += [current] if current else []
            future = []
            current = edit.revision
    return Steps(current, past[-MOST:], future[-MOST:])
