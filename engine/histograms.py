"""Histograms on printed edges: numbers that people would write, on a linear or a logarithmic scale. No database."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10

import numpy as np

from engine.columns import Array

SINGLE = 60
"""Whole numbers up to which each has a bar of its own."""
BARS = 60
STEPS = (1.0, 1.25, 1.6, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
"""Printed edges of a decade."""
SKEWED = 12
"""From so many times the median on, the 99 % quantile asks for a logarithmic scale."""
FINEST = 1e-9
"""The narrowest bar: edges are printed with ten decimals."""
WIDEST = 1e9
"""A logarithmic scale reaches from the high end down by this factor; what lies below is in the first bar."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many values lie in [edge, next edge); the last bar holds everything from its edge on.

    edges: printed, one per bar, ascending. logarithmic: how they are spaced; the first bar then holds what is below the second edge.
    least, most: of the values.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    logarithmic: bool
    least: float
    most: float


def histogram(values: Array) -> Histogram | None:
    """Count values on printed edges. values: numbers without NaN; None for no value at all."""
    if not len(values):
        return None
    least, most = float(values.min()), float(values.max())
    whole = values.dtype.kind in "iu" or bool((np.mod(values[:10_000], 1) == 0).all() and (np.mod(values, 1) == 0).all())
    low, median = (float(each) for each in np.quantile(values, (0.005, 0.5), method="lower"))
    high = float(np.quantile(values, 0.995, method="higher"))
    if whole and least >= 0 and high <= SINGLE:
        edges, logarithmic = np.arange(floor(least), ceil(high) + 2, dtype=np.float64), False
    elif least >= 0 and median > 0 and high > max(median, FINEST) * SKEWED:
        edges, logarithmic = _decades(max(low, median / 100, high / WIDEST, FINEST), high, whole=whole), True
    else:
        edges, logarithmic = _linear(low, high, whole=whole), False
    counts = np.bincount(np.searchsorted(edges, values, side="right").clip(1) - 1, minlength=len(edges))
    return Histogram(tuple(edges.tolist()), tuple(counts.tolist()), logarithmic, least, most)


def share_histogram(values: Array, share: str) -> Histogram | None:
    """Customers by the cumulative share at which they stand, the largest value first. share: "amount" or "customers".

    Values of zero and below stand at the end. None where there is nothing to share.
    """
    ordered = np.sort(values)[::-1]
    if share == "amount":
        whole = float(ordered[ordered > 0].sum()) if len(ordered) else 0.0
        if whole <= 0:
            return None
        reached = np.cumsum(np.maximum(ordered, 0)) / whole
    elif len(ordered):
        reached = np.arange(1, len(ordered) + 1) / len(ordered)
    else:
        return None
    edges = np.arange(50) / 50
    counts = np.bincount(np.minimum((reached * 50 - 1e-9).astype(np.int64), 49), minlength=50)
    return Histogram(tuple(edges.tolist()), tuple(counts.tolist()), logarithmic=False, least=0.0, most=1.0)


def _linear(low: float, high: float, *, whole: bool) -> Array:
    width = max((high - low) / BARS, FINEST) if high > low else 1.0
    unit = 10.0 ** floor(log10(width))
    step = next(each * unit for each in (1, 2, 2.5, 5, 10) if each * unit >= width * 0.999)
    if whole:
        step = max(1.0, ceil(step))
    first = floor(low / step)
    last = max(first + 1, ceil(high / step))
    edges: Array = np.round(np.arange(first, last + 1) * step, 10)
    return edges


def _decades(low: float, high: float, *, whole: bool) -> Array:
    exponents = range(floor(log10(low)), ceil(log10(high)) + 1)
    printed = np.unique(np.round([step * 10.0**exponent for exponent in exponents for step in STEPS], 10))
    if whole:
        printed = np.unique(np.rint(printed))
    inside = printed[(printed >= low * 0.99) & (printed <= high * 1.01) & (printed > 0)]
    edges: Array = np.concatenate([[0.0], inside if len(inside) else [max(low, 1.0)]])
    return edges
