"""Deciding rows: which rows decide some possible customer, shown by evaluating the table on points drawn from each row.

A row that decides one of its own sample points is reachable; nothing more needs to be proven. That leaves few rows for
the solver, which would otherwise take minutes for 10,000 rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np

from engine.columns import Array, Codes, Column
from engine.covers import Box, runs
from engine.domains import Domain
from engine.kinds import Value
from engine.tables.table import DecisionTable

POINTS = 16
"""Points per row."""


def deciding_rows(table: DecisionTable, domains: Sequence[Domain], boxes: Sequence[Box]) -> set[int]:
    """Rows that decide at least one of the points drawn from their boxes; the same ones every time."""
    rng = np.random.default_rng(0)
    rows = [row for row, box in enumerate(boxes) if all(box)]
    if not rows:
        return set()
    columns = {}
    for at, one in enumerate(domains):
        places = np.concatenate([_draw(boxes[row][at], rng) for row in rows])
        columns[one.name] = witness_column(one, places)
    rule = table.evaluate(columns).rule
    own = np.repeat(rows, POINTS)
    return set(own[rule == own].tolist())


def _draw(mask: int, rng: np.random.Generator) -> Array:
    """Bins of a set: one run at random for each point, then a place in it."""
    found = np.array(list(runs(mask)))
    chosen = found[rng.integers(0, len(found), POINTS)]
    places: Array = rng.integers(chosen[:, 0], chosen[:, 1])
    return places


def witness_column(one: Domain, places: Array) -> Column:
    """The column that holds the witnesses of these bins."""
    return _column(one.kind.kind, one.witnesses, one.kind.values)[places]


def _column(kind: str, values: Sequence[Value | None], labels: Sequence[str] | None) -> Column:
    if kind == "text":
        return Codes.of([None if value is None else str(value) for value in values], labels)
    if kind == "flag":
        return np.array([-1 if value is None else int(value is True) for value in values], dtype=np.int8)
    if kind == "date":
        days = [np.datetime64("NaT") if not isinstance(value, dt.date) else np.datetime64(value, "D") for value in values]
        return np.array(days, dtype="datetime64[D]")
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
