"""Single values out of columns, as plain Python."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np

from engine.columns import Codes, Column
from engine.kinds import Value, tidy_number
from engine.policy import Output


def value_at(column: Column, row: int) -> Value | None:
    """The value in one row: text, number, bool or date; None when it is missing."""
    if isinstance(column, Codes):
        code = int(column.codes[row])
        return None if code < 0 else column.values[code]
    cell = column[row]
    if column.dtype.kind == "M":
        return None if np.isnat(cell) else cell.astype("datetime64[D]").item()
    if column.dtype.kind == "b":
        return bool(cell)
    if column.dtype == np.int8:
        return None if cell < 0 else bool(cell)
    number = cell.item()
    return None if number != number else tidy_number(number) if np.isfinite(number) else number


def json_value(value: Value | None) -> Any:
    """A value as JSON: a date as text."""
    return value.isoformat() if isinstance(value, dt.date) else value


def plain(column: Column, output: Output) -> list[Any]:
    """An output column as plain Python values: label keys, bools, numbers, ISO dates, lists of labels; None for missing."""
    if isinstance(column, Codes):
        return column.texts()
    if output.kind == "flag":
        return [None if value < 0 else bool(value) for value in column.tolist()]
    if output.kind == "date":
        return [None if value is None else value.isoformat() for value in column.tolist()]
    if output.kind == "set":
        return [[key for bit, key in enumerate(output.keys) if value >> bit & 1] for value in column.tolist()]
    return [None if math.isnan(value) else value for value in column.tolist()]
