"""Random customers for testing a policy: a plausible column for any input name, without a store.

Features of one source hang together: who has no order has a count of 0, no recency and an amount of 0; a window holds
at most what the whole history holds. Ties, zeros, refunds above sales and very large customers all occur.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.columns import Array, Codes, Column, missing

_WINDOW = re.compile(r"(?P<measure>.+?)_(?P<days>\d+)d\Z")
_COUNT = re.compile(r"(.*_)?(count|quantity|units|number|open|products)\Z|purchase_days\Z")
_DAYS = re.compile(r"(.*_)?days\Z")
_AMOUNT = re.compile(r"(.*_)?(amount|cost|profit|margin|revenue|spend|sales|balance|value|price|income)\Z")
_TEXT = re.compile(
    r"(.*_)?(region|country|city|province|gender|sex|kind|type|channel|store|status|language|industry|education"
    r"|segment|class|stage|tier|grade|label|size|level)\Z"
)
_DATE = re.compile(r"(.*_)?(date|birthday|since|at|on)\Z")
_FLAG = re.compile(r"(is|has|can|may)_.*|(.*_)?(flag|consent|opted_in|active)\Z")


def split(name: str) -> tuple[str, bool]:
    """Return the name without "?", and whether it is optional."""
    return name.removesuffix("?"), name.endswith("?")


def sample_columns(
    inputs: Iterable[str], rows: int, random: np.random.Generator, *, examples: Mapping[str, Sequence[Any]] | None = None
) -> dict[str, Column]:
    """Make a column for each input.

    examples: values to draw from, by input name: texts give a text column, numbers a number column, None is missing.
    Required inputs are never missing and keep int64 counts; optional ones are missing for some rows, and float64.
    """
    sources: dict[str, _Source] = {}
    columns: dict[str, Column] = {}
    for written in inputs:
        name, optional = split(written)
        given = (examples or {}).get(name)
        if given is not None:
            column = _drawn(given, rows, random)
        else:
            prefix, _, measure = name.rpartition(".")
            source = sources.setdefault(prefix, _Source.of(rows, random))
            column = source.column(measure, random)
        columns[name] = _with_gaps(column, random) if optional else _complete(column, random)
    return columns


@dataclass(frozen=True, slots=True)
class _Source:
    """What hangs together: how many rows each customer has, when the first and the last were, how much each brought."""

    count: Array
    tenure: Array
    recency: Array
    average: Array

    @classmethod
    def of(cls, rows: int, random: np.random.Generator) -> _Source:
        count = random.geometric(0.25, rows) - (random.random(rows) < 0.4)
        tenure = np.where(count > 0, np.floor(random.gamma(2, 200, rows)), np.nan)
        recency = np.where(count > 1, np.floor(tenure * random.random(rows) ** 2), tenure)
        average = np.round(random.lognormal(4, 1.2, rows), 2)
        average[random.random(rows) < 0.02] *= 10_000
        return cls(count, tenure, recency, average)

    def column(self, measure: str, random: np.random.Generator) -> Column:
        """A measure of this source, by the words of its name."""
        rows, count = len(self.count), self.count
        window = _WINDOW.match(measure)
        if window:
            measure, days = window["measure"], int(window["days"])
            count = np.where(self.recency <= days, np.ceil(count * np.minimum(1, days / (self.tenure + 1))), 0).astype(np.int64)
        if measure.endswith(("recency_days", "days_since")):
            return np.where(count > 0, self.recency, np.nan)
        if measure.endswith("tenure_days"):
            return np.where(count > 0, self.tenure, np.nan)
        if _COUNT.match(measure):
            return count
        if _DAYS.match(measure):
            return np.where(count > 1, np.round(random.gamma(1.5, 40, rows), 1), np.nan)
        if _AMOUNT.match(measure):
            return self._amount(measure, count, random)
        return _by_word(measure, rows, random)

    def _amount(self, measure: str, count: Array, random: np.random.Generator) -> Array:
        if measure.startswith(("average", "mean")):
            return np.where(count > 0, self.average, np.nan)
        amount = np.round(count * self.average, 2)
        if measure.startswith(("net", "profit", "margin", "balance")):
            amount -= np.round((random.random(len(count)) < 0.1) * self.average * 1.5, 2)
        return amount


def _by_word(measure: str, rows: int, random: np.random.Generator) -> Column:
    if _TEXT.match(measure):
        return Codes(random.integers(0, 4, rows).astype(np.int32), ("east", "north", "south", "west"), closed=False)
    if measure.startswith("days_to_"):
        return random.integers(0, 366, rows).astype(float)
    if _DATE.match(measure):
        return np.datetime64("2024-01-01") + random.integers(-20_000, 600, rows)
    if _FLAG.match(measure):
        return random.integers(0, 2, rows).astype(np.int8)
    if measure == "age":
        return np.floor(random.uniform(14, 100, rows))
    if measure.endswith("month"):
        return random.integers(1, 13, rows)
    return np.round(random.normal(2, 4, rows), 4)


def _drawn(values: Sequence[Any], rows: int, random: np.random.Generator) -> Column:
    picked = [values[i] for i in random.integers(0, len(values), rows)]
    present = [value for value in values if value is not None]
    if present and all(isinstance(value, str) for value in present):
        return Codes.of(picked, tuple(dict.fromkeys(present)))
    if present and all(isinstance(value, bool) for value in present):
        return np.array([-1 if value is None else int(value) for value in picked], dtype=np.int8)
    if present and all(isinstance(value, np.datetime64) for value in present):
        return np.array([np.datetime64("NaT") if value is None else value for value in picked], dtype="datetime64[D]")
    return np.array([np.nan if value is None else value for value in picked], dtype=np.float64)


def emptied(column: Column, rows: Array | slice) -> Column:
    """The column with these rows made missing; whole numbers become floats."""
    if isinstance(column, Codes):
        codes = column.codes.copy()
        codes[rows] = -1
        return Codes(codes, column.values, closed=column.closed)
    blank = column.astype(np.float64) if column.dtype == np.int64 else column.copy()
    nothing: dict[str, Any] = {"M": np.datetime64("NaT"), "i": -1}
    blank[rows] = nothing.get(blank.dtype.kind, np.nan)
    return blank


def _with_gaps(column: Column, random: np.random.Generator) -> Column:
    return emptied(column, np.flatnonzero(random.random(len(column)) < 0.1))


def _complete(column: Column, random: np.random.Generator) -> Column:
    """Missing values replaced by present ones."""
    absent = missing(column)
    present = np.flatnonzero(~absent)
    rows = np.arange(len(column))
    if absent.any():
        rows[absent] = random.choice(present, int(absent.sum())) if len(present) else 0
    column = column[rows]
    if isinstance(column, np.ndarray) and absent.all():
        return np.zeros(len(column), dtype=column.dtype)
    return column
