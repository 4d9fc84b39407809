"""A checked table as plain data, and how it is written as a document."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from engine.errors import Fault, did_you_mean
from engine.kinds import (
    ColumnKind,
    KindName,
    Value,
    shown,
)
from engine.tables.cells import Cell

HitPolicy: TypeAlias = Literal[
    "first", "unique", "any", "priority", "rule_order", "output_order",
    "collect_list", "collect_sum", "collect_min", "collect_max", "collect_count",
]  # fmt: skip
POLICIES: tuple[str, ...] = get_args(HitPolicy)


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """One output of a table. values: of a label output all labels, in the order of priority; None for other kinds."""

    name: str
    kind: KindName
    values: tuple[Any, ...] | None = None
    declared: bool = False


@dataclass(frozen=True, slots=True)
class TableData:
    """A checked table. `kinds` holds what is declared or can be told from the cells, per input."""

    inputs: tuple[str, ...]
    kinds: Mapping[str, ColumnKind]
    outputs: tuple[OutputColumn, ...]
    hit_policy: HitPolicy
    when: tuple[tuple[Cell, ...], ...]
    then: tuple[tuple[Value | None, ...], ...]
    default: tuple[Value | None, ...] | None
    notes: tuple[str, ...] = ()


def write_table(data: TableData) -> dict[str, Any]:
    """The canonical document: every default written out, cells in one spelling."""
    rows = []
    for at, (when, then) in enumerate(zip(data.when, data.then, strict=True)):
        row: dict[str, Any] = {"when": [str(cell) for cell in when], "then": [_json(value) for value in then]}
        if data.notes[at]:
            row["note"] = data.notes[at]
        rows.append(row)
    document: dict[str, Any] = {"inputs": list(data.inputs), "outputs": [_output_json(output) for output in data.outputs]}
    document |= {"hit_policy": data.hit_policy, "rows": rows}
    if data.default is not None:
        document["default"] = [_json(value) for value in data.default]
    return document


def _json(value: Value | None) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


def _output_json(output: OutputColumn) -> Any:
    if output.declared and output.values is not None:
        return {"name": output.name, "values": [_json(value) for value in output.values]}
    return {"name": output.name, "kind": "date"} if output.kind == "date" else output.name


def check_cell(cell: Cell, kind: ColumnKind, place: str) -> list[Fault]:
    """The faults of a cell on a column of this kind."""
    for found in cell.kinds - {kind.kind}:
        return [Fault("TW326", place, f"the cell {shown(str(cell))[1:-1]} names a {found}", f"the column holds {kind.word}")]
    if kind.kind != "text":
        return []
    if cell.ordering and (kind.values is None or not kind.ordered):
        return [Fault("TW333", place, f"{cell} orders texts", "only labels have an order, best first")]
    if kind.values is None:
        return []
    faults = [
        Fault("TW327", place, f"{shown(value)} is not a value of this column", did_you_mean(str(value), kind.values))
        for value in cell.literals
        if value not in kind.values
    ]
    return faults or _label_intervals(cell, kind.values, place)


def _label_intervals(cell: Cell, values: tuple[str, ...], place: str) -> list[Fault]:
    wrong = [t for t in cell.tests if t.high is not None and values.index(str(t.low)) < values.index(str(t.high))]
    return [Fault("TW325", place, f"{test} is empty", 'the lower label comes first: ["bronze".."gold"]') for test in wrong]
