"""One number for all outcomes of a run, free of row order, partitions and surrogate ids.

Each cell of an output gives mix(customer key hash XOR mix(value)); a lane is the sum of its cells modulo 2^64, so the
lanes of partitions add up. Two lanes with different mixers per output; the digest is SHA-256 over the sorted lines
(ENGINE 10). Values are hashed by label key, scaled integer or reason text, never by a position or a database id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from engine.columns import Array, Codes, Column

_SIGN = np.uint64(1 << 63)
"""Added to whole numbers before they are mixed: only -2^63, which stands for missing, then hashes to 0."""

_LANES = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1B54A32D192ED03))


def text_hash(text: str) -> int:
    """64 bits of a text, as an unsigned number."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def mix(values: Array) -> Array:
    """Scatter 64-bit numbers (the finaliser of SplitMix64; Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195)."""
    with np.errstate(over="ignore"):
        x = values ^ (values >> np.uint64(30))
        x *= np.uint64(0xBF58476D1CE4E5B9)
        x ^= x >> np.uint64(27)
        x *= np.uint64(0x94D049BB133111EB)
        scattered: Array = x ^ (x >> np.uint64(31))
        return scattered


def value_hashes(column: Column, decimals: int = 0) -> Array:
    """A 64-bit hash for each value of an output column; 0 for missing."""
    if isinstance(column, Codes):
        table = np.array([*(text_hash(value) for value in column.values), 0], dtype=np.uint64)
        return table[column.codes]
    if column.dtype.kind == "f":
        absent = np.isnan(column)
        scaled = np.rint(np.where(absent, 0.0, column) * 10**decimals).astype(np.int64).view(np.uint64)
        return np.where(absent, np.uint64(0), mix(scaled + _SIGN))
    if column.dtype.kind == "M":
        days = column.astype("datetime64[D]").astype(np.int64).view(np.uint64)  # NaT is -2^63
        return mix(days + _SIGN)
    if column.dtype == np.int8:
        return np.array([text_hash("false"), text_hash("true"), 0], dtype=np.uint64)[column]
    return mix(column.astype(np.uint64) + np.uint64(1))


def lanes(key_hash: Array, hashes: Array) -> tuple[int, int]:
    """The two lane sums of one output: for each customer its key hash and the hash of its value."""
    keys = key_hash.view(np.uint64) if key_hash.dtype != np.uint64 else key_hash
    with np.errstate(over="ignore"):
        return tuple(int(mix((keys ^ hashes) + lane).sum(dtype=np.uint64)) for lane in _LANES)  # type: ignore[return-value]


def reason_hashes(reason: Array, texts: Sequence[str]) -> Array:
    """A hash for each row's reason of withholding; 0 where there is none (-1)."""
    table = np.array([*(text_hash("withheld: " + text) for text in texts), 0], dtype=np.uint64)
    return table[reason]


def digest(lines: Mapping[str, tuple[int, int]], stale: Iterable[str] = ()) -> str:
    """SHA-256 over the sorted lines of all outputs; stale outputs (of a failed policy) are marked."""
    marked = set(stale)
    rows = [
        f"{address} {first:016x} {second:016x}{' stale' if address in marked else ''}" for address, (first, second) in sorted(lines.items())
    ]
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()
