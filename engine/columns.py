"""Columns: what a policy computes on.

A column is a one-dimensional NumPy array, or `Codes` for text and labels. A set of columns is a read-only mapping
name → column, all of one length; the same policy code then serves a million customers, a partition of them, and one
customer (length 1). Missing values have one form per kind:

======== ======================= =========
kind     dtype                   missing
======== ======================= =========
number   float64 (int64 if full) NaN
date     datetime64[D]           NaT
flag     int8                    -1
text     `Codes`                 code -1
======== ======================= =========

Text travels as codes because comparing a million object strings costs 11 ms and comparing codes 0.07 ms, and because
`np.array([1, 2]) == "champions"` is silently False while `Codes == "champoins"` raises.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from engine.errors import PluginError, did_you_mean

Array: TypeAlias = npt.NDArray[Any]
Flags: TypeAlias = npt.NDArray[np.bool_]


class Codes:
    """A text or label column: small integers that point into one tuple of values; -1 is missing.

    codes: integer array, each in -1 .. len(values)-1.
    values: the distinct values. Of a label column, in the declared order; of a text feature, sorted by code point.
    closed: whether `values` is everything that can occur. Comparing a closed column (labels, declared choices) with
        anything else raises `PluginError`; an open one (a region that nobody lives in today) is just False.
    """

    __slots__ = ("closed", "codes", "values")

    def __init__(self, codes: Array, values: Sequence[str], *, closed: bool = True) -> None:
        self.codes = codes
        self.values = tuple(values)
        self.closed = closed

    @classmethod
    def of(cls, texts: Iterable[str | None], values: Sequence[str] | None = None) -> Codes:
        """Encode texts (None is missing). Without `values` the column is open and its values are sorted."""
        texts = list(texts)
        closed = values is not None
        known = tuple(values) if values is not None else tuple(sorted({t for t in texts if t is not None}))
        position = {value: i for i, value in enumerate(known)}
        try:
            codes = np.array([-1 if t is None else position[t] for t in texts], dtype=np.int32)
        except KeyError as error:
            raise PluginError(f"value {error.args[0]!r} is not one of {known}") from None
        return cls(codes, known, closed=closed)

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: slice | Array) -> Codes:
        return Codes(self.codes[rows], self.values, closed=self.closed)

    def __iter__(self) -> Iterator[str | None]:
        return iter(self.texts())

    def __repr__(self) -> str:
        return f"Codes(n={len(self)}, values={self.values!r})"

    __hash__ = None  # type: ignore[assignment]  # compares by element, like an array

    @property
    def missing(self) -> Flags:
        """Where the value is missing."""
        return self.codes < 0

    def position(self, key: str) -> int:
        """The code of `key`; -2, which matches nothing, for an unknown value of an open column."""
        try:
            return self.values.index(key)
        except ValueError:
            if not self.closed:
                return -2
            hint = did_you_mean(str(key), self.values)
            raise PluginError(f"{key!r} is not a value of this column ({', '.join(self.values)}); {hint}".rstrip("; ")) from None

    def __eq__(self, key: object) -> Flags:  # type: ignore[override]
        equal: Flags = self.codes == self.position(_text(key))
        return equal

    def __ne__(self, key: object) -> Flags:  # type: ignore[override]
        """Present and different: a missing value is neither equal nor unequal."""
        unequal: Flags = (self.codes != self.position(_text(key))) & (self.codes >= 0)
        return unequal

    def isin(self, keys: Iterable[str]) -> Flags:
        """Where the value is one of `keys`; missing is not."""
        return self.take(dict.fromkeys(keys, True), default=False).astype(bool)

    def take(self, mapping: Mapping[str, Any], default: Any = np.nan) -> Array:
        """Replace each value by `mapping[value]`; values not in the mapping, and missing ones, become `default`."""
        table = np.array([mapping.get(value, default) for value in self.values] + [default])
        for key in mapping:
            self.position(key)
        return table[self.codes]

    def texts(self) -> list[str | None]:
        """The values as Python strings, None for missing."""
        table = (*self.values, None)
        return [table[code] for code in self.codes.tolist()]


def _text(key: object) -> str:
    if not isinstance(key, str):
        raise PluginError(f"a text column compares with text, not with {type(key).__name__} {key!r}")
    return key


Column: TypeAlias = Array | Codes
Columns: TypeAlias = Mapping[str, Column]


def freeze(columns: Mapping[str, Column]) -> Columns:
    """Return the columns as a read-only mapping of read-only arrays, without copying."""
    return MappingProxyType({name: _frozen(column) for name, column in columns.items()})


def _frozen(column: Column) -> Column:
    if not isinstance(column, Codes):
        return _frozen_array(column)
    return Codes(_frozen_array(column.codes), column.values, closed=column.closed) if column.codes.flags.writeable else column


def _frozen_array(array: Array) -> Array:
    if not array.flags.writeable:
        return array
    view = array.view()
    view.flags.writeable = False
    return view


def missing(column: Column) -> Flags:
    """Where a column of any kind has no value."""
    if isinstance(column, Codes):
        return column.missing
    if column.dtype.kind == "f":
        return np.isnan(column)
    if column.dtype.kind == "M":
        return np.isnat(column)
    if column.dtype == np.int8:
        return column < 0
    return np.zeros(len(column), dtype=bool)


def take_rows(columns: Columns, rows: slice | Array) -> Columns:
    """The same columns for some rows only."""
    return freeze({name: column[rows] for name, column in columns.items()})


def length(columns: Columns) -> int:
    """How many rows the columns have; 0 for no columns."""
    return next((len(column) for column in columns.values()), 0)
