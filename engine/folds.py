"""Folds: what a policy learns from the order in which things happened, not only from their sum.

A fold is given every day on which something was measured of a customer, and returns a few whole numbers per customer.
It runs where the days are read, so it sees the same on both databases, in the reader process, for one customer alone
and with hypothetical facts; what it returns are features like any other: kept, explained, supposed, exported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np

from engine.columns import Array

NOTHING = -(2**62)
"""What a fold returns for "none": no day, no number."""


@dataclass(frozen=True)
class Days:
    """What happened to some customers, one row per customer and day, ascending by both.

    start: where the days of each customer begin, and one past the last of all; a customer may have none. day: since 1970-01-01, in
        the business zone. value: what was measured on that day, as the store has it (minor units of money, points, orders).
    today: the business day of `as_of`, the last that counts. scale: how many of `value` are one (100 minor units of money, 1 order).
    """

    start: Array
    day: Array
    value: Array
    today: int
    scale: int = 1

    def __len__(self) -> int:
        """How many customers."""
        return len(self.start) - 1

    @cached_property
    def owner(self) -> Array:
        """The customer of each row, by position."""
        return np.repeat(np.arange(len(self)), np.diff(self.start))

    @cached_property
    def before(self) -> Array:
        """The sum of all rows before each row, over all customers, and of all at the end: a difference is the sum between."""
        return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(self.value, dtype=np.int64)])

    @cached_property
    def _key(self) -> Array:
        return np.asarray((self.owner << 32) + (self.day.astype(np.int64) + 2**31))

    def place(self, customers: Array, days: Array) -> Array:
        """The first row of each of these customers (positions) that is not before a day."""
        return np.asarray(np.searchsorted(self._key, (customers.astype(np.int64) << 32) + (np.maximum(days, -(2**31)) + 2**31)))

    def total(self, customers: Array, first: Array, last: Array) -> Array:
        """The sum of each of these customers from one day to another, both included."""
        return np.asarray(self.before[self.place(customers, last + 1)] - self.before[self.place(customers, first)])


@runtime_checkable
class Fold(Protocol):
    """What a policy makes of the days of each customer: a frozen dataclass, whose `repr` says all that decides.

    A customer's numbers may depend on its own days and on `today` alone.
    """

    def fold(self, days: Days) -> Mapping[str, Array]:
        """One int64 per customer and name, `NOTHING` for none."""
        ...


def days_of(customers: Array, day: Array, value: Array, today: int, scale: int) -> tuple[Array, Days]:
    """Rows in any order as days: the customers that occur, ascending, then one more without any day, whose place is the last."""
    key = (customers.astype(np.int64) << 32) + (day.astype(np.int64) + 2**31)
    if len(key) and (key[1:] < key[:-1]).any():
        order = np.argsort(key, kind="stable")
        key, value = key[order], value[order]
    first = np.flatnonzero(np.diff(key, prepend=-1))
    sums = np.add.reduceat(value, first) if len(first) else np.zeros(0, dtype=np.int64)
    key = key[first]
    owner = key >> 32
    begin = np.flatnonzero(np.diff(owner, prepend=-1))
    start = np.concatenate([begin, [len(key), len(key)]])
    return owner[begin], Days(start, (key & 0xFFFFFFFF) - 2**31, sums, today, scale)


__all__ = ["NOTHING", "Days", "Fold", "days_of"]
