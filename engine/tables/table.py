"""The decision table: load it from a document, evaluate it on columns, explain one customer, list its bounds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from engine.columns import Array, Codes, Column, Columns, length
from engine.kinds import ColumnKind
from engine.policy import Text
from engine.quantities import Comparisons, of_row
from engine.rule_words import row_words
from engine.tables.binding import FLAG_VALUES, BoundTable, bind, pick, plain
from engine.tables.document import OutputColumn, TableData, write_table
from engine.tables.explain import explain_row
from engine.tables.matching import Direct, Lookup, Matching
from engine.tables.policies import TableResult, decide, row_order
from engine.tables.reader import read_table
from engine.tables.slices import Slices

DIRECT_UP_TO = 400
"""Cells (inputs × rows) up to which comparing directly beats packed row sets."""


class DecisionTable:
    """Rows of cells that decide outputs, with the meaning of DMN. Load with `DecisionTable.load(document)`.

    An instance never changes after loading; evaluating keeps the last compilation, as columns of one run share values.
    """

    def __init__(self, data: TableData) -> None:
        self.data = data
        self._order = np.array(row_order(data), dtype=np.int32)
        rows = self._order.tolist()
        self._sorted = replace(data, when=tuple(data.when[row] for row in rows))
        self._last: tuple[tuple[Any, ...], Matching] | None = None

    @classmethod
    def load(cls, document: Any, *, columns: Mapping[str, ColumnKind] | None = None) -> DecisionTable:
        """Check a document and compile it.

        columns: the kinds of all columns there are; without them, kinds are told from the cells and checked against
            the columns when the table is evaluated.
        Raises `RulebookError` with all faults, each with row and column.
        """
        return cls(read_table(document, columns))

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the columns that the table reads."""
        return self.data.inputs

    @property
    def outputs(self) -> tuple[OutputColumn, ...]:
        """The outputs: name, kind, and the labels of text outputs."""
        return self.data.outputs

    @property
    def document(self) -> dict[str, Any]:
        """The canonical document: one spelling per cell, all defaults written out."""
        return write_table(self.data)

    def evaluate(self, columns: Columns) -> TableResult:
        """Decide every row of the columns; nothing is raised for conflicts, they are flagged in the result.

        Raises `FeatureError` for a missing column and `RulebookError` when the cells do not fit the columns' kinds.
        """
        picked = pick(columns, self.inputs)
        return decide(self.data, self.matching(picked), [plain(column) for column in picked], self._order)

    def matching(self, columns: list[Column], way: str = "") -> Matching:
        """Choose and prepare the way to match: "direct", "lookup" or "slices"; all give the same result."""
        large = len(columns[0]) >= 4096
        signature = (way, large, *(_signature(column) for column in columns))
        last = self._last
        if last is not None and last[0] == signature:
            return last[1]
        matching = self._prepare(bind(self._sorted, columns), columns, way)
        self._last = (signature, matching)
        return matching

    def _prepare(self, table: BoundTable, columns: list[Column], way: str) -> Matching:
        sizes = [_size(column) for column in columns]
        if way == "lookup" or (not way and Lookup.serves(table, sizes, len(columns[0]))):
            return Lookup(Direct(table), [size or 0 for size in sizes])
        if way == "slices" or (not way and len(table.rows) * len(columns) > DIRECT_UP_TO):
            return Slices(table, columns)
        return Direct(table)

    def hits(self, result: TableResult) -> Array:
        """How many customers each row decided; under rule_order, output_order and collect, how many hit it."""
        rows = result.hits.rows if result.hits is not None else result.rule[(result.rule >= 0) & ~result.conflict]
        return np.bincount(rows, minlength=len(self.data.when))

    def explain(self, columns: Columns, row: int = 0) -> dict[str, Any]:
        """Every row and cell with its verdict for one customer, and what the table decided, as plain data."""
        if not -length(columns) <= row < length(columns):
            raise IndexError(f"row {row} of {length(columns)}")
        one = {name: columns[name][np.array([row])] for name in self.inputs if name in columns}
        return explain_row(self.data, self.evaluate(one), one)

    def words(self, columns: Columns, row: int = 0) -> Text:
        """The cells of the deciding row with what was found, for one customer; empty where no row decided."""
        return row_words(self.explain(columns, row))

    def decided(self, columns: Columns, row: int = 0) -> Comparisons:
        """The same cells for a `Reason`, which says them with titles and units."""
        return of_row(self.explain(columns, row))

    def failed(self, columns: Columns, numbers: Iterable[int], row: int = 0) -> list[Comparisons]:
        """Of each of these rows (from 1) the first cell that keeps it from matching one customer, for a `Reason`."""
        told = self.explain(columns, row)
        return [of_row(told, number) for number in numbers]

    def bounds(self) -> dict[str, list[Any]]:
        """Per input the values named in its cells, at which the outcome may change."""
        found: dict[str, list[Any]] = {}
        for at, name in enumerate(self.inputs):
            values = {value for row in self.data.when for value in row[at].literals}
            if values:
                found[name] = sorted(values)
        return found


def _signature(column: Column) -> Any:
    return (column.values, column.closed) if isinstance(column, Codes) else column.dtype.str


def _size(column: Column) -> int | None:
    if isinstance(column, Codes):
        return len(column.values)
    return len(FLAG_VALUES) if column.dtype.kind == "b" or column.dtype == np.int8 else None
