"""Columns of some customers laid beside those of others: rows found by id, nothing where nobody is, one of two by row. No database."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.columns import Array, Codes, Column, Flags


def places(ids: Array, wanted: Array) -> tuple[Array, Flags]:
    """The rows of these customers, and which are there."""
    if not len(ids):
        return np.zeros(len(wanted), dtype=np.int64), np.zeros(len(wanted), dtype=bool)
    order = np.argsort(ids, kind="stable")
    rows = order[np.searchsorted(ids, wanted, sorter=order).clip(max=len(ids) - 1)]
    return rows, ids[rows] == wanted


def taken(column: Column, rows: Array, there: Flags) -> Column:
    """These rows of a column, with nothing where nobody is; the column may be of nobody at all."""
    if len(column):
        return _only(there, column[rows])
    if isinstance(column, Codes):
        return Codes(np.full(len(there), -1, dtype=column.codes.dtype), column.values, closed=column.closed)
    return _only(there, np.zeros(len(there), dtype=column.dtype))


def _only(there: Flags, column: Column) -> Column:
    """The column with nothing where nobody is: a count of 0, everything else missing."""
    if bool(there.all()):
        return column
    if isinstance(column, Codes):
        return Codes(np.where(there, column.codes, -1), column.values, closed=column.closed)
    nothing: Any = {"f": np.nan, "M": np.datetime64("NaT")}.get(column.dtype.kind, -1 if column.dtype == np.int8 else 0)
    return np.where(there, column, nothing)


def either(apart: Flags, one: Column, other: Column) -> Column:
    """One column where `apart`, else the other; text columns get the values of both."""
    if not isinstance(one, Codes) or not isinstance(other, Codes):
        assert not isinstance(one, Codes)
        assert not isinstance(other, Codes)
        return np.where(apart, one, other)
    if one.values == other.values:
        return Codes(np.where(apart, one.codes, other.codes), one.values, closed=other.closed)
    values = tuple(dict.fromkeys([*other.values, *one.values]))
    table = np.array([*(values.index(value) for value in one.values), -1], dtype=np.int64)
    return Codes(np.where(apart, table[one.codes], other.codes), values, closed=other.closed)


def either_flags(apart: Flags, was: Codes | None, now: Codes | None) -> Codes | None:
    """The same of who was not graded, where there may be nobody."""
    if was is None and now is None:
        return None
    nobody = Codes(np.full(len(apart), -1, dtype=np.int16), ())
    found = either(apart, nobody if was is None else was, nobody if now is None else now)
    assert isinstance(found, Codes)
    return found
