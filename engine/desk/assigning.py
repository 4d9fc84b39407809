"""Give customers to account managers: in columns, within capacities, and the same every time.

Who has a manager that still fits keeps it. The others are taken grade by grade, the largest first: to the fitting manager
who sold to them before, else to the one who is least full. Managers have places, not shares, so nobody gets more
customers than fit, however many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.columns import Array, Codes

KEPT, HISTORY, LOAD, NO_FIT, NO_ROOM = "kept", "history", "load", "no_fit", "no_room"
WHYS = (KEPT, HISTORY, LOAD, NO_FIT, NO_ROOM)
"""Why a customer has the manager it has, or none."""

NOBODY = -1


@dataclass(frozen=True, slots=True)
class Places:
    """What a manager takes: so many customers of these regions, languages and grades; an empty tuple is any."""

    name: str
    capacity: int
    regions: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    grades: tuple[str, ...] = ()

    def misfit(self, region: str | None, language: str | None, grade: str | None) -> str:
        """What a customer has that this manager does not take: "region", "language", "grade", or "" for one that fits."""
        for name, taken, has in (("grade", self.grades, grade), ("region", self.regions, region), ("language", self.languages, language)):
            if taken and has not in taken:
                return name
        return ""


@dataclass(frozen=True, slots=True)
class Assigned:
    """Per customer the number of its manager, `NOBODY` for none, and the number of the reason in `WHYS`."""

    manager: Array
    why: Array

    def counts(self) -> dict[str, int]:
        """How many customers there are by reason."""
        return {name: int((self.why == number).sum()) for number, name in enumerate(WHYS)}


def assign(
    regions: Codes,
    languages: Codes,
    grades: Codes,
    *,
    rank: Array,
    owners: Array,
    past: Array,
    managers: Sequence[Places],
    sticky: bool = True,
    history: bool = True,
) -> Assigned:
    """Assign every row. Grades come in the order of `grades.values`, and within one the highest `rank` first.

    owners, past: the number of the manager who looks after a customer now, and of the one who sold to it; `NOBODY` for none.
    """
    return _Assignment(regions, languages, grades, rank, managers).of(owners, past, sticky=sticky, history=history)


class _Assignment:
    def __init__(self, regions: Codes, languages: Codes, grades: Codes, rank: Array, managers: Sequence[Places]) -> None:
        count = len(rank)
        keys = (
            (grades.codes.astype(np.int64) * (len(regions.values) + 1) + regions.codes + 1) * (len(languages.values) + 1)
            + languages.codes
            + 1
        )
        _, first, self.combination = np.unique(keys, return_index=True, return_inverse=True)
        texts = [(_text(regions, at), _text(languages, at), _text(grades, at)) for at in first.tolist()]
        self.grade = grades.codes[first]
        self.fits = np.array([[not each.misfit(*has) for each in managers] for has in texts], dtype=bool).reshape(len(first), len(managers))
        order = np.lexsort((np.arange(count), -np.nan_to_num(rank, nan=-np.inf), grades.codes))
        self.turn = np.empty(count, np.int64)
        self.turn[order] = np.arange(count)
        self.capacity = np.array([each.capacity for each in managers], np.int64)
        self.load = np.zeros(len(managers), np.int64)
        self.manager = np.full(count, NOBODY, np.int64)
        self.why = np.full(count, WHYS.index(NO_FIT), np.int8)

    def of(self, owners: Array, past: Array, *, sticky: bool, history: bool) -> Assigned:
        if sticky:
            self.accept(owners, KEPT)
        if history:
            self.accept(past, HISTORY)
        waiting = np.flatnonzero(self.manager == NOBODY)
        waiting = waiting[np.lexsort((self.turn[waiting], self.combination[waiting]))]
        starts = np.searchsorted(self.combination[waiting], np.arange(len(self.grade) + 1))
        scarce = np.lexsort((np.arange(len(self.grade)), self.fits.sum(1), self.grade))
        for each in scarce.tolist():
            self.fill(waiting[starts[each] : starts[each + 1]], np.flatnonzero(self.fits[each]))
        return Assigned(self.manager, self.why)

    def accept(self, wanted: Array, why: str) -> None:
        """Give each customer that has none the manager that is wanted, where it fits and while there is room."""
        rows = np.flatnonzero((self.manager == NOBODY) & (wanted >= 0))
        rows = rows[self.fits[self.combination[rows], wanted[rows]]]
        rows = rows[np.lexsort((self.turn[rows], wanted[rows]))]
        chosen = wanted[rows]
        place = np.arange(len(rows)) - np.searchsorted(chosen, chosen)
        self.give(rows[place < (self.capacity - self.load)[chosen]], wanted, why)

    def fill(self, rows: Array, managers: Array) -> None:
        """Give customers in their turn to whoever of some managers is least full after taking one more."""
        if not len(rows) or not len(managers):
            return
        room = np.clip(self.capacity[managers] - self.load[managers], 0, len(rows))
        who = np.repeat(managers, room)
        nth = np.arange(len(who)) - np.repeat(np.cumsum(room) - room, room) + 1
        fullness = (self.load[who] + nth) / np.maximum(self.capacity[who], 1)
        slots = who[np.lexsort((who, fullness))][: len(rows)]
        taken = np.full(len(self.manager), NOBODY, np.int64)
        taken[rows[: len(slots)]] = slots
        self.give(rows[: len(slots)], taken, LOAD)
        self.why[rows[len(slots) :]] = WHYS.index(NO_ROOM)

    def give(self, rows: Array, wanted: Array, why: str) -> None:
        self.manager[rows], self.why[rows] = wanted[rows], WHYS.index(why)
        self.load += np.bincount(wanted[rows], minlength=len(self.load))


def _text(codes: Codes, row: int) -> str | None:
    code = int(codes.codes[row])
    return None if code < 0 else codes.values[code]
