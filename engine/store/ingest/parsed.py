"""What reading a column of cells gives: values, which cells hold one, and what is wrong with the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Array = Any  # a pyarrow array; the library ships no types

NONE = np.iinfo(np.int64).min
"""Stands for "no value" in integer columns on their way into the store."""

FAULTS = (
    "",
    "not a number",
    "not a finite number",
    "too many digits after the point",
    "too large",
    "not a date",
    "impossible date",
    "not one of the choices",
    "text too long",
    "text with control characters",
    "not a currency",
    "negative",
    "zero or negative",
    "missing value",
)
"""Reasons of rejection that come from one cell; a fault code is a position here."""

CODE = {reason: np.int8(code) for code, reason in enumerate(FAULTS)}


@dataclass(slots=True)
class Parsed:
    """A column after reading.

    values: int64 (NONE where absent or faulty), or a pyarrow array of text.
    present: whether the cell holds anything.
    fault: per row a position in `FAULTS`; 0 is fine.
    """

    values: Any
    present: Flags
    fault: npt.NDArray[np.int8]

    def mark(self, rows: Flags, reason: str) -> None:
        """Give these rows a fault, unless they have one."""
        self.fault[rows & (self.fault == 0)] = CODE[reason]


def parsed(values: Any, present: Flags) -> Parsed:
    """A column in which nothing is wrong yet."""
    return Parsed(values, present, np.zeros(len(present), np.int8))


def flags(array: Array) -> Flags:
    """A pyarrow boolean array as NumPy; null is False."""
    filled = array.fill_null(False) if array.null_count else array
    return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=bool)


def numbers(array: Array) -> Ints:
    """A pyarrow integer array as int64; null is 0."""
    filled = array.fill_null(0) if array.null_count else array
    return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=np.int64)


def distinct(array: Array) -> tuple[Array, Ints]:
    """The distinct texts of a column, and per row the position of its own; -1 for null."""
    encoded = array.dictionary_encode()
    codes = encoded.indices
    if codes.null_count:
        codes = codes.fill_null(-1)
    return encoded.dictionary, np.asarray(codes.to_numpy(zero_copy_only=False), dtype=np.int64)


def strings(values: list[str | None]) -> Array:
    """A pyarrow array of text."""
    return pa.array(values, pa.string())
