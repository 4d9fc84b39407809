"""Explanations: every row and cell of a table with its verdict for one customer."""

from __future__ import annotations

from typing import Any

from engine.columns import Columns
from engine.kinds import Value
from engine.tables.cells import Cell
from engine.tables.document import TableData
from engine.tables.policies import Lists, TableResult
from engine.values import json_value, value_at


def explain_row(data: TableData, result: TableResult, columns: Columns) -> dict[str, Any]:
    """The single customer in `columns`: inputs, per row its verdict and cells, the deciding rows, the outputs."""
    found = {name: value_at(columns[name], 0) for name in data.inputs}
    labels = {name: getattr(columns[name], "values", None) for name in data.inputs}
    rows = []
    for at, (when, then) in enumerate(zip(data.when, data.then, strict=True), 1):
        cells = [_cell(name, cell, found[name], labels[name]) for name, cell in zip(data.inputs, when, strict=True)]
        matches = all(cell["verdict"] is True for cell in cells)
        rows.append({"row": at, "matches": matches, "cells": cells, "then": [json_value(value) for value in then]})
    hits = [row["row"] for row in rows if row["matches"]]
    conflict = bool(result.conflict[0])
    return {
        "hit_policy": data.hit_policy,
        "inputs": {name: json_value(value) for name, value in found.items()},
        "rows": rows,
        "hits": hits,
        "decided_by": None if conflict or result.rule[0] < 0 else int(result.rule[0]) + 1,
        "default": not hits and data.default is not None,
        "conflict": f"conflict: rows {', '.join(map(str, hits))}" if conflict else None,
        "outputs": {name: _output(value) for name, value in result.values.items()},
    }


def _cell(name: str, cell: Cell, value: Value | None, labels: tuple[str, ...] | None) -> dict[str, Any]:
    verdict = cell.verdict(value, labels)
    entry = {"input": name, "test": str(cell), "found": json_value(value), "verdict": verdict}
    if verdict is None:
        entry["why"] = f"unknown because {name} is missing"
    return entry


def _output(column: Any) -> Any:
    if isinstance(column, Lists):
        return [json_value(value_at(column.items, at)) for at in range(len(column.items))]
    return json_value(value_at(column, 0))
