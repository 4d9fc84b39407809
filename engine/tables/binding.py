"""Binding: turn the cells of a table into column operations for the columns at hand.

A number or date cell becomes one or two comparisons. A text or flag cell becomes a lookup: one truth per value of the
column, the last for missing, indexed by the codes (code -1 is the last element), so that 500 listed values cost what one does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from engine.columns import Array, Codes, Column, Columns, Flags
from engine.errors import FeatureError, RulebookError, did_you_mean
from engine.kinds import ColumnKind
from engine.tables.cells import Cell
from engine.tables.document import TableData, check_cell

Matcher: TypeAlias = Callable[[Array], Flags]
FLAG_VALUES = (False, True)
UNMENTIONED = "\0"
"""A text that no cell can name, as literals hold no control characters: it stands for every value not named."""


@dataclass(frozen=True, slots=True)
class BoundTable:
    """A table made ready for columns of certain kinds and values.

    matchers: per input, its distinct cells as functions array -> matches.
    rows: per row, the (input, distinct cell) pairs that are not "any".
    """

    data: TableData
    kinds: tuple[ColumnKind, ...]
    cells: tuple[tuple[Cell, ...], ...]
    matchers: tuple[tuple[Matcher, ...], ...]
    rows: tuple[tuple[tuple[int, int], ...], ...]


def plain(column: Column) -> Array:
    """The array that matchers work on: codes of a text, int8 of a flag, whole days of a date, else the column itself."""
    if isinstance(column, Codes):
        return column.codes
    if column.dtype.kind == "M":
        return column.astype("datetime64[D]", copy=False)
    return column.view(np.int8) if column.dtype.kind == "b" else column


def pick(columns: Columns, names: Sequence[str]) -> list[Column]:
    """The named columns. Raises `FeatureError` for one that is not there, or of another length."""
    for name in names:
        if name not in columns:
            raise FeatureError(f"column {name!r} is needed and not given; {did_you_mean(name, columns)}".rstrip("; "))
    picked = [columns[name] for name in names]
    lengths = {name: len(column) for name, column in zip(names, picked, strict=True)}
    if len(set(lengths.values())) > 1:
        raise FeatureError(f"columns have different lengths: {', '.join(f'{n} {k:,}' for n, k in lengths.items())}")
    return picked


def bind(data: TableData, columns: Sequence[Column]) -> BoundTable:
    """Check the cells against the actual columns and compile them. Raises `RulebookError` with all faults."""
    kinds = tuple(ColumnKind.of_column(name, column) for name, column in zip(data.inputs, columns, strict=True))
    faults = [
        fault
        for row, cells in enumerate(data.when, 1)
        for name, cell, kind in zip(data.inputs, cells, kinds, strict=True)
        for fault in check_cell(cell, kind, f"row {row}, column {name}")
    ]
    if faults:
        raise RulebookError(f"the decision table does not fit the columns: {len(faults):,} faults", faults[:1000])
    distinct = [dict.fromkeys(row[at] for row in data.when if not row[at].any) for at in range(len(data.inputs))]
    place = [{cell: i for i, cell in enumerate(cells)} for cells in distinct]
    rows = tuple(tuple((at, place[at][cell]) for at, cell in enumerate(row) if not cell.any) for row in data.when)
    matchers = tuple(_matchers(cells, kind, column) for cells, kind, column in zip(distinct, kinds, columns, strict=True))
    return BoundTable(data, kinds, tuple(map(tuple, distinct)), matchers, rows)


def _matchers(cells: Mapping[Cell, None], kind: ColumnKind, column: Column) -> tuple[Matcher, ...]:
    if isinstance(column, Codes):
        position = {value: at for at, value in enumerate(column.values)} if cells else {}
        return tuple(_lookup(text_truths(cell, column.values, kind.values, position)) for cell in cells)
    if kind.kind == "flag":
        return tuple(_lookup([cell.verdict(value) is True for value in (*FLAG_VALUES, None)]) for cell in cells)
    return tuple(number_matcher(cell, dates=kind.kind == "date") for cell in cells)


def text_truths(cell: Cell, values: Sequence[str], labels: Sequence[str] | None, position: Mapping[str, int]) -> Flags:
    """Whether the cell matches each value, and last, a missing one."""
    if cell.ordering:
        return np.array([cell.verdict(value, labels) is True for value in (*values, None)])
    truths = np.full(len(values) + 1, cell.verdict(UNMENTIONED) is True)
    for value in cell.literals:
        if value in position:
            truths[position[str(value)]] = cell.verdict(value) is True
    truths[-1] = cell.on_missing
    return truths


def _lookup(truths: Flags | list[bool]) -> Matcher:
    table = np.asarray(truths, dtype=bool)
    return lambda codes: table[codes]


def number_matcher(cell: Cell, *, dates: bool) -> Matcher:
    """The function array -> matches of a number or date cell, missing values as the cell says."""
    inside = cell.ranges().mask(dates=dates)
    if not cell.on_missing:
        return inside
    return lambda x: inside(x) | missing_number(x)


def missing_number(x: Array) -> Flags:
    """Where numbers or dates are missing; an int8 array is small numbers here, not flags."""
    return x != x if x.dtype.kind in "fM" else np.zeros(len(x), dtype=bool)
