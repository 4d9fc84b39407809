"""Who loses a label when, if they stay silent: the days ahead, looked at one after the other. No database.

Nothing is assumed about the rules: a label may be lost, regained and lost again, so every day is looked at, and the
day that is told is the first on which the label is another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.columns import Array, Flags
from engine.policy import Label
from engine.simulate import NO_VALUE

STAYS = -1
"""The day of who keeps its label to the end of what was looked at."""

WEEK = 7


@dataclass(frozen=True, slots=True)
class Fall:
    """A customer that will lose its label. day: days from now; amount: its revenue, minor units."""

    customer_id: int
    label: str
    becomes: str
    day: int
    amount: int
    external_id: str = ""


@dataclass(frozen=True, eq=False)
class Radar:
    """What becomes of an output while everyone stays silent.

    as_of: the moment from which days are counted (UTC epoch seconds). days: how far it looks; every: how many days lie
    between two looks, so that a fall is told on the first look after it. keys: labels, best first, then `NO_VALUE`.
    now: customers per key. losses, amounts: a line per key, a column per week, how many lose that label for the first
    time in it, and their revenue (minor units). counts: a line per look, customers per key, the first line is now.
    falls: single customers, the largest revenue first.
    """

    address: str
    kind: str
    as_of: int
    days: int
    every: int
    keys: tuple[str, ...]
    labels: tuple[Label, ...]
    now: Array
    losses: Array
    amounts: Array
    counts: Array
    falls: Sequence[Fall]
    method: str = ""

    @property
    def lost(self) -> int:
        """How many customers lose the label they have now, those without one left out."""
        return int(self.losses[:-1].sum())

    @property
    def amount(self) -> int:
        """The revenue of those who lose their label."""
        return int(self.amounts[:-1].sum())

    def as_dict(self) -> dict[str, Any]:
        """Every figure as plain objects."""
        return {
            "address": self.address,
            "as_of": self.as_of,
            "days": self.days,
            "every": self.every,
            "keys": list(self.keys),
            "now": self.now.tolist(),
            "losses": self.losses.tolist(),
            "amounts": self.amounts.tolist(),
            "counts": self.counts.tolist(),
            "lost": self.lost,
            "amount": self.amount,
            "falls": [
                {"customer": fall.external_id, "label": fall.label, "becomes": fall.becomes, "day": fall.day, "amount": fall.amount}
                for fall in self.falls
            ],
        }


class Watch:
    """Follow one output day by day."""

    def __init__(self, start: Array, size: int) -> None:
        """start: the position of each customer's label now; size: how many positions there are, none included."""
        self.start = start
        self.size = size
        self.day = np.full(len(start), STAYS, dtype=np.int32)
        self.becomes = start.copy()
        self.counts = [np.bincount(start, minlength=size)]

    def look(self, day: int, codes: Array) -> None:
        """Take in how things stand on a day; days come in order."""
        fresh = (codes != self.start) & (self.day == STAYS)
        self.day[fresh] = day
        self.becomes[fresh] = codes[fresh]
        self.counts.append(np.bincount(codes, minlength=self.size))

    def by_week(self, days: int, amount: Array) -> tuple[Array, Array]:
        """Customers and revenue that lose each label, by week."""
        weeks = -(-days // WEEK)
        lost = self.day != STAYS
        pair = self.start[lost].astype(np.int64) * weeks + (self.day[lost] - 1) // WEEK
        shape = (self.size, weeks)
        return (
            np.bincount(pair, minlength=self.size * weeks).reshape(shape),
            np.bincount(pair, weights=amount[lost], minlength=self.size * weeks).astype(np.int64).reshape(shape),
        )

    def falls(
        self, keys: Sequence[str], customers: Array, amount: Array, label: str | None, most: int, seen: Flags | None = None
    ) -> list[Fall]:
        """Single customers that lose their label (or the one named), the largest revenue first. seen: who may be named."""
        lost = (self.day != STAYS) & (self.start == keys.index(label) if label is not None else self.start != keys.index(NO_VALUE))
        rows = np.flatnonzero(lost if seen is None else lost & seen)
        rows = rows[np.lexsort((customers[rows], self.day[rows], -amount[rows]))][:most]
        return [
            Fall(int(customers[row]), keys[self.start[row]], keys[self.becomes[row]], int(self.day[row]), int(amount[row]))
            for row in rows.tolist()
        ]
