"""Domains: the values an input can have, divided into bins that no cell of a table tells apart.

A bin without a representable value is left out, so that `<= 3` beside `>= 4` on a count leaves no gap, and neither does a
recency below 0 or a score of 6. Each bin carries a witness, a value that can occur, in the user's units (ENGINE 19).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from engine.columns import Array
from engine.kinds import ColumnKind, Value, tidy_number
from engine.ranges import Number
from engine.tables.cells import EPOCH, Cell


@dataclass(frozen=True, slots=True)
class Domain:
    """One input. witnesses: a value per bin, in order; None is the missing value, always last.

    `places` are the bins' positions on the grid of all cuts (numbers and dates), or empty.
    """

    name: str
    kind: ColumnKind
    witnesses: tuple[Value | None, ...]
    cuts: tuple[Number, ...] = ()
    places: tuple[int, ...] = ()

    def masks(self, cells: Iterable[Cell]) -> dict[Cell, int]:
        """For each cell the bins that it matches, as bits."""
        if self.kind.kind in ("number", "date"):
            cuts, places = np.array(self.cuts), np.array(self.places, dtype=np.intp)
            return {cell: self._number_mask(cell, cuts, places) for cell in cells}
        labels = self.kind.values
        return {cell: sum((cell.verdict(value, labels) is True) << at for at, value in enumerate(self.witnesses)) for cell in cells}

    def _number_mask(self, cell: Cell, cuts: Array, places: Array) -> int:
        truth = cell.ranges().on(cuts)[places]
        bits = int.from_bytes(np.packbits(truth, bitorder="little").tobytes(), "little")
        nullable = len(self.witnesses) > len(places)
        return bits | (cell.on_missing << len(places)) if nullable else bits

    @property
    def full(self) -> int:
        """All bins."""
        return (1 << len(self.witnesses)) - 1


def domain(name: str, kind: ColumnKind, cells: Iterable[Cell]) -> Domain:
    """The bins of an input, given all cells that look at it."""
    cells = list(cells)
    missing: tuple[None, ...] = (None,) if kind.nullable else ()
    if kind.kind == "flag":
        return Domain(name, kind, (False, True, *missing))
    if kind.kind == "text":
        return Domain(name, kind, (*_texts(kind, cells), *missing))
    cuts = tuple(sorted({cut for cell in cells for cut in cell.ranges().cuts}))
    found = [(place, value) for place in range(2 * len(cuts) + 1) if (value := _witness(cuts, place, kind)) is not None]
    values = [_date(value) if kind.kind == "date" else value for _, value in found]
    return Domain(name, kind, (*values, *missing), cuts, tuple(place for place, _ in found))


def _texts(kind: ColumnKind, cells: Sequence[Cell]) -> list[str]:
    if kind.values is not None:
        return list(kind.values)
    named = list(dict.fromkeys(str(value) for cell in cells for value in cell.literals))
    other = "other"
    while other in named:
        other += "_"
    return [*named, other]


def _date(days: Number) -> dt.date:
    return dt.date.fromordinal(int(days) + EPOCH)


def _witness(cuts: Sequence[Number], place: int, kind: ColumnKind) -> Number | None:
    """A value that can occur in a bin of the grid; None when there is none."""
    low = None if place == 0 else _exact(cuts[(place - 1) // 2])
    high = None if place == 2 * len(cuts) else _exact(cuts[place // 2])
    step = Decimal(1) if kind.kind == "date" else None if kind.step is None else _exact(kind.step)
    bottom = None if kind.minimum is None else _exact(kind.minimum)
    top = None if kind.maximum is None else _exact(kind.maximum)
    anchor = bottom or Decimal(0)
    if place % 2:
        assert low is not None
        found: Decimal | None = low if step is None or (low - anchor) % step == 0 else None
    elif step is None:
        found = _between(low, high, bottom, top)
    else:
        found = _on_grid(low, high, bottom, anchor, step)
    if found is None or (bottom is not None and found < bottom) or (top is not None and found > top):
        return None
    return tidy_number(float(found))


def _exact(value: Number) -> Decimal:
    return Decimal(repr(value))


def _on_grid(low: Decimal | None, high: Decimal | None, bottom: Decimal | None, anchor: Decimal, step: Decimal) -> Decimal | None:
    """The smallest grid value above `low` (the largest below `high` where nothing bounds from below)."""
    if low is not None:
        found = anchor + (math.floor((low - anchor) / step) + 1) * step
        found = max(found, bottom) if bottom is not None else found
    elif bottom is not None or high is None:
        found = anchor
    else:
        found = anchor + (math.ceil((high - anchor) / step) - 1) * step
    return found if high is None or found < high else None


def _between(low: Decimal | None, high: Decimal | None, bottom: Decimal | None, top: Decimal | None) -> Decimal | None:
    """A short decimal strictly between two cuts, within the limits of the column."""
    if bottom is not None and (low is None or low < bottom):
        return bottom if high is None or bottom < high else None
    ceiling = high if top is None or (high is not None and high < top) else top
    if low is None:
        return Decimal(0) if ceiling is None else Decimal(math.floor(ceiling) - 1)
    if ceiling is None:
        return Decimal(math.floor(low) + 1)
    if low >= ceiling:
        return None
    for decimals in range(40):
        unit = Decimal(1).scaleb(-decimals)
        found = (math.floor(low / unit) + 1) * unit
        if found < ceiling:
            return found
    return None
