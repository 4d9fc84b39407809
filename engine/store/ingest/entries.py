"""Order entries: the cleaned rows of orders or order lines as integer columns, and their grouping into orders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engine.store.ingest.parsed import NONE, Array, Flags, Ints, distinct

HEAD = ("channel_id", "store_id", "seller_id", "status_id")
"""Order attributes that come from the first line which the file gives of an order."""

LINE = ("product_id", "quantity", "unit_price", "amount", "cost")
INTEGERS = ("line", "customer_id", "booked_id", "ordered_at", "kind", *HEAD, "currency_id", "currency_amount", "version", *LINE)
TEXTS = ("external_id", "refund_of")


@dataclass(slots=True)
class Entries:
    """Columns of one length: `INTEGERS` as int64 with NONE, `TEXTS` as pyarrow text."""

    columns: dict[str, Any]

    def __len__(self) -> int:
        return len(self.columns["line"])

    def __getitem__(self, name: str) -> Any:
        return self.columns[name]

    def take(self, rows: Ints) -> Entries:
        """Some rows, in this order."""
        at = pa.array(rows)
        return Entries({name: column.take(at) if name in TEXTS else column[rows] for name, column in self.columns.items()})


def concat(parts: Iterable[Entries]) -> Entries:
    """Entries one after the other."""
    parts = list(parts)
    if len(parts) == 1:
        return parts[0]
    joined: dict[str, Any] = {name: np.concatenate([part[name] for part in parts]) for name in INTEGERS}
    joined |= {name: pa.concat_arrays([part[name] for part in parts]) for name in TEXTS}
    return Entries(joined)


@dataclass(slots=True)
class Grouped:
    """Entries sorted by order, and where each order begins.

    orders: the orders' own columns, one row each. starts: position of each order's first entry. conflict: per order the
    name of the first attribute on which its lines disagree, or "".
    """

    entries: Entries
    orders: dict[str, Any]
    starts: Ints
    conflict: npt.NDArray[Any]

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def counts(self) -> Ints:
        """Entries per order."""
        return np.diff(np.append(self.starts, len(self.entries)))

    def entries_of(self, orders: Flags) -> Ints:
        """The positions of the entries of some orders."""
        return np.flatnonzero(np.repeat(orders, self.counts))

    def ordinals(self) -> Ints:
        """The place of each entry within its order, from 0."""
        return np.arange(len(self.entries)) - np.repeat(self.starts, self.counts)


def group(entries: Entries) -> Grouped:
    """Group entries by order id; the entries of an order keep the sequence of the file."""
    _, codes = distinct(entries["external_id"])
    if len(codes) and (np.diff(codes) < 0).any():
        order = np.argsort(codes, kind="stable")
        entries, codes = entries.take(order), codes[order]
    starts = np.flatnonzero(np.diff(codes, prepend=-1)).astype(np.int64)
    if len(starts) == len(entries):
        orders = {name: entries[name] for name in (*INTEGERS, *TEXTS)}
        conflict = np.full(len(starts), "", object)
    else:
        orders = _summed(entries, starts)
        conflict = _conflicts(entries, starts)
    grouped = Grouped(entries, orders, starts, conflict)
    orders["content_hash"] = _content(grouped)
    return grouped


def _summed(entries: Entries, starts: Ints) -> dict[str, Any]:
    first = pa.array(starts)
    orders: dict[str, Any] = {name: entries[name][starts] for name in ("line", "customer_id", "booked_id", "kind", "currency_id", *HEAD)}
    orders |= {name: entries[name].take(first) for name in TEXTS}
    orders["ordered_at"] = np.minimum.reduceat(entries["ordered_at"], starts)
    orders["version"] = np.maximum.reduceat(entries["version"], starts)
    for name in ("amount", "cost", "currency_amount"):
        orders[name] = _sum(entries[name], starts)
    return orders


def _sum(column: Ints, starts: Ints) -> Ints:
    """Sum per order; NONE where any entry has none. Sums beyond 4 x 10^18 are cut there, far above every limit."""
    absent = np.bitwise_or.reduceat((column == NONE).astype(np.int8), starts) > 0
    clean = np.where(column == NONE, 0, column)
    with np.errstate(over="ignore"):
        total = np.add.reduceat(clean, starts)
    large = np.add.reduceat(clean.astype(float), starts) > 4e18
    return np.where(absent, NONE, np.where(large, 4 * 10**18, total))


def _conflicts(entries: Entries, starts: Ints) -> npt.NDArray[Any]:
    found = np.full(len(starts), "", object)
    for name, words in (("currency_id", "currencies"), ("kind", "kinds"), ("customer_id", "customers")):
        column = entries[name]
        differs = np.minimum.reduceat(column, starts) != np.maximum.reduceat(column, starts)
        found[differs] = words
    return found


_PRIMES = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)


def _mix(state: Any, column: Any) -> Any:
    """One step of the splitmix64 finaliser, on columns."""
    state = (state + np.uint64(_PRIMES[0])) ^ column.astype(np.uint64)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(_PRIMES[1])
    state = (state ^ (state >> np.uint64(27))) * np.uint64(_PRIMES[2])
    return state ^ (state >> np.uint64(31))


def _content(grouped: Grouped) -> Ints:
    """A 64-bit hash of all that is stored of each order, its lines in their sequence; whose order it is stands apart."""
    with np.errstate(over="ignore"):
        state = np.zeros(len(grouped), np.uint64)
        for name in ("ordered_at", "kind", *HEAD, "currency_id", "currency_amount", "amount", "cost"):
            state = _mix(state, grouped.orders[name])
        state = _mix(state, _text_numbers(grouped.orders["refund_of"]))
        lines = _mix(np.zeros(len(grouped.entries), np.uint64), grouped.ordinals())
        for name in LINE:
            lines = _mix(lines, grouped.entries[name])
        return np.asarray(_mix(state, np.add.reduceat(lines, grouped.starts)) if len(grouped) else state).view(np.int64)


def _text_numbers(texts: Array) -> Ints:
    if texts.null_count == len(texts):
        return np.zeros(len(texts), np.int64)
    values, codes = distinct(texts)
    hashes = [int.from_bytes(blake2b(text.encode(), digest_size=7).digest(), "big") for text in values.to_pylist()]
    return np.array([*hashes, 0], np.int64)[codes]
