"""Values that somebody gives instead of stored facts, as columns: for single evaluations and for example customers."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.catalogue import Feature
from engine.columns import Array, Codes, Column
from engine.errors import FeatureError
from engine.kinds import tidy_text
from engine.policy import Output

LARGEST = 10**15
"""What a given number may reach; amounts of facts are kept up to as many minor units."""


class UnfitValue(FeatureError):
    """A given value does not fit its column. found, expected: in words."""

    def __init__(self, name: str, found: str, expected: str) -> None:
        self.found, self.expected = found, expected
        super().__init__(f"{name}: found {found}; expected {expected}")


def given_column(feature: Feature, values: Sequence[Any]) -> Column:
    """Given values of one feature as a column; None is missing. Raises `UnfitValue` naming the feature and what was found."""
    match feature.dtype:
        case "text":
            return Codes.of(_text(feature.name, value) for value in values)
        case "date":
            return np.array([_date(feature.name, value) for value in values], dtype="datetime64[D]")
        case "flag":
            return np.array([_flag(feature.name, value) for value in values], dtype=np.int8)
    numbers: Array = np.array([_number(feature.name, value, feature.unit) for value in values], dtype=np.float64)
    return numbers


def former_column(name: str, output: Output, values: Sequence[Any]) -> Column:
    """Given former values of an output (`previous.*`) as a column; None is missing. Raises `UnfitValue`."""
    match output.kind:
        case "label":
            for value in values:
                if value is not None and value not in output.keys:
                    raise UnfitValue(name, repr(value)[:60], f"one of {', '.join(output.keys)}")
            return Codes.of(values, output.keys)
        case "flag":
            return np.array([_flag(name, value) for value in values], dtype=np.int8)
        case "date":
            return np.array([_date(name, value) for value in values], dtype="datetime64[D]")
        case "set":
            return np.array([_bits(name, output, value) for value in values], dtype=np.uint64)
    numbers: Array = np.array([_number(name, value, "") for value in values], dtype=np.float64)
    return numbers


def _text(name: str, value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise UnfitValue(name, repr(value)[:60], "a text")
    return tidy_text(value)


def _number(name: str, value: Any, unit: str) -> float:
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating) or _too_large(value):
        found = "a number with too many digits" if isinstance(value, int) and _too_large(value) else repr(value)[:40]
        raise UnfitValue(name, found, f"a finite number{f' of {unit}' if unit else ''}, at most {LARGEST:.0e}")
    return float(value)


def _too_large(value: Any) -> bool:
    return not abs(value) <= LARGEST  # NaN is not comparable, so it is refused too


def _flag(name: str, value: Any) -> int:
    if value is None:
        return -1
    if not isinstance(value, bool | np.bool_):
        raise UnfitValue(name, repr(value)[:60], "true or false")
    return int(value)


def _date(name: str, value: Any) -> np.datetime64:
    if value is None:
        return np.datetime64("NaT")
    try:
        return np.datetime64(dt.date.fromisoformat(str(value)))
    except ValueError:
        raise UnfitValue(name, repr(value)[:60], "a date such as 2025-12-31") from None


def _bits(name: str, output: Output, value: Any) -> int:
    keys = [] if value is None else value
    if not isinstance(keys, list) or not all(key in output.keys for key in keys):
        raise UnfitValue(name, repr(value)[:60], f"a list of labels out of {', '.join(output.keys)}")
    return sum(1 << output.keys.index(key) for key in set(keys))
