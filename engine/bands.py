"""Bands: cut a number into ordered intervals. The fit side finds the edges, the row side puts each value in its band.

Equal values always get the same band: edges are values, never ranks. A value equal to an edge stays in the
lower-numbered interval (ENGINE 14), so that heavy ties leave bands empty instead of being torn apart.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor
from typing import Literal, TypeAlias

import numpy as np

from engine.columns import Array
from engine.errors import PluginError
from engine.policy import Text

COMPARE_UP_TO = 32
"""Up to here, adding comparisons beats `searchsorted` on random floats (0.7 ms against 28 ms per column at 850 k)."""

NOBODY = sys.float_info.max
"""The cut-off of a class that holds nobody: the largest float, because infinity is not JSON."""

Edges: TypeAlias = Literal["linear", "observed"]
Crossing: TypeAlias = Literal["upper", "lower", "own"]


def quantile_edges(values: Array, bands: int, *, edges: Edges = "linear") -> list[float]:
    """Return the bands-1 inner edges that cut `values` into equally filled bands.

    values: numbers without NaN, at least one.
    edges: "linear" interpolates between neighbours (type 7 of Hyndman & Fan 1996, doi:10.2307/2684934);
        "observed" takes the smallest observed value with at least that share at or below it (type 1).
    """
    if not len(values):
        raise PluginError("nobody has a value, so there are no quantiles")
    shares = np.arange(1, bands) / bands
    method: Literal["linear", "inverted_cdf"] = "linear" if edges == "linear" else "inverted_cdf"
    return [float(edge) for edge in np.quantile(np.asarray(values, dtype=np.float64), shares, method=method)]


def band(values: Array, edges: Sequence[float], *, reverse: bool = False) -> Array:
    """Return the band of each value, 1 to len(edges)+1: 1 + the number of edges below it.

    reverse: less is better, so that the smallest values get the highest band: n - the number of edges below.
    values: without NaN (missing values are withheld before a policy sees them).
    """
    small = np.dtype(np.int8 if len(edges) < 127 else np.int64)
    below: Array
    if len(edges) <= COMPARE_UP_TO:
        below = np.zeros(len(values), dtype=small)
        for edge in edges:
            below += values > edge
    else:
        below = np.searchsorted(np.asarray(edges), values, side="left").astype(small)
    number: Array = np.subtract(len(edges) + 1, below, dtype=small) if reverse else np.add(below, 1, dtype=small)
    return number


def interval(edges: Sequence[float], number: int, *, reverse: bool = False) -> tuple[float | None, float | None]:
    """Return the interval (above, up to] of a band; None where it is open."""
    below = len(edges) + 1 - number if reverse else number - 1
    return (edges[below - 1] if below else None, edges[below] if below < len(edges) else None)


def words(above: float | None, up_to: float | None) -> Text:
    """Say an interval in both languages."""
    if above is None and up_to is None:
        return Text("any value", "任意值")
    if above is None:
        return Text(f"up to {up_to:,.10g}", f"不超过 {up_to:,.10g}")
    if up_to is None:
        return Text(f"more than {above:,.10g}", f"超过 {above:,.10g}")
    return Text(f"more than {above:,.10g}, up to {up_to:,.10g}", f"超过 {above:,.10g}，不超过 {up_to:,.10g}")


def share_cutoffs(values: Array, shares: Sequence[float], *, crossing: Crossing = "lower", decimals: int = 4) -> list[float]:
    """Return for each cumulative share the smallest value that is still inside, largest values first.

    shares: ascending, each in (0, 1): `[0.8, 0.95]` cuts three classes.
    crossing: what becomes of the customer on whom the cumulative share passes the cut. "lower" leaves it outside (a
        class never holds more than its share), "upper" takes it in, "own" fills each class to its own share,
        counted anew after the class above it (the rule of SAP's ABC analysis), crossing customer inside.
    decimals: amounts are summed as integers of so many decimals, so the result does not depend on order.
    Equal values share a class: a tie at the cut is inside only if all of it is. Zero and negative values are never
    inside. Where nothing is inside, the cut-off is `NOBODY`.
    """
    distinct, inside = _cumulated(values, decimals)
    total = int(inside[-1]) if len(inside) else 0
    cutoffs, end, before = [], 0, Fraction(0)
    for share in (Fraction(str(share)) for share in shares):
        if crossing == "own":
            reached = int(inside[end - 1]) if end else 0
            found = _first_at_least(inside, reached + ceil((share - before) * total))
        elif crossing == "upper":
            found = _first_at_least(inside, ceil(share * total))
        else:
            found = int(np.searchsorted(inside, floor(share * total), side="right"))
        end, before = max(end, min(found, len(distinct))), share
        cutoffs.append(float(distinct[end - 1]) if end else NOBODY)
    return cutoffs


def top_cutoffs(values: Array, shares: Sequence[float], *, crossing: Literal["upper", "lower"] = "upper") -> list[float]:
    """Return for each cumulative share of customers the smallest value that is still inside, largest values first.

    shares: ascending, each in (0, 1): `[0.1, 0.4]` cuts the best tenth, the next three tenths, and the rest.
    crossing: what becomes of equal values on which the share passes the cut: "upper" takes all of them in (the smallest
        cut that holds at least the share), "lower" leaves all out. Where nothing is inside, the cut-off is `NOBODY`.
    """
    distinct, counts = np.unique(np.asarray(values, dtype=np.float64), return_counts=True)
    distinct, inside = distinct[::-1], np.cumsum(counts[::-1])
    cutoffs = []
    for share in (Fraction(str(share)) for share in shares):
        if crossing == "upper":
            end = min(_first_at_least(inside, ceil(share * len(values))), len(distinct))
        else:
            end = int(np.searchsorted(inside, floor(share * len(values)), side="right"))
        cutoffs.append(float(distinct[end - 1]) if end else NOBODY)
    return cutoffs


def _cumulated(values: Array, decimals: int) -> tuple[Array, Array]:
    """The distinct values above zero, largest first, and the exact sums down to each, as integers."""
    distinct, counts = np.unique(np.asarray(values, dtype=np.float64), return_counts=True)
    counts, distinct = counts[distinct > 0][::-1], distinct[distinct > 0][::-1]
    minor = np.rint(distinct * 10**decimals)
    if len(minor) and not minor[0] < 2**62:
        raise PluginError(f"a value of {distinct[0]:g} is too large to be summed exactly")
    exact = minor.astype(np.int64)
    if float(minor @ counts) >= 2**62:
        exact = exact.astype(object)  # Python integers: slow, right, and only for sums no currency reaches
    return distinct, np.cumsum(exact * counts)


def _first_at_least(inside: Array, wanted: int) -> int:
    """How many distinct values it takes to reach `wanted`; none to reach nothing."""
    return int(np.searchsorted(inside, wanted, side="left")) + 1 if wanted > 0 else 0
