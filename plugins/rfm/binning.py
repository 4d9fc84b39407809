"""Edges of the three scores: fixed, quantiles of everybody, or quantiles within quantiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from engine import bands

Array: TypeAlias = npt.NDArray[Any]
Scores: TypeAlias = tuple[Array, Array, Array]


def fit_quantiles(recency: Array, frequency: Array, money: Array, bins: int, edges: bands.Edges) -> dict[str, Any]:
    """Return the inner edges of each score over the whole population."""
    columns = {"r": recency, "f": frequency, "m": money}
    return {name: bands.quantile_edges(column, bins, edges=edges) for name, column in columns.items()}


def fit_nested(recency: Array, frequency: Array, money: Array, bins: int, edges: bands.Edges) -> dict[str, Any]:
    """Return edges of R; of F for each R; of M for each R and F (nested binning as in SPSS Direct Marketing).

    A group that nobody is in takes the edges of the whole population, for customers who come into it later.
    """
    r_edges = bands.quantile_edges(recency, bins, edges=edges)
    r = bands.band(recency, r_edges, reverse=True)
    f_edges = _edges_by_group(frequency, r, bins, bins, edges)
    f = _band_by_group(frequency, r - 1, f_edges)
    m_edges = _edges_by_group(money, (r - 1) * bins + f, bins * bins, bins, edges)
    return {"r": r_edges, "f": f_edges, "m": [m_edges[i * bins : (i + 1) * bins] for i in range(bins)]}


def score(recency: Array, frequency: Array, money: Array, state: Mapping[str, Any]) -> Scores:
    """Return the three scores, 1 to bins, by the edges of `state`, flat or nested."""
    r = bands.band(recency, state["r"], reverse=True)
    if not isinstance(state["f"][0], list):
        return r, bands.band(frequency, state["f"]), bands.band(money, state["m"])
    f = _band_by_group(frequency, r - 1, state["f"])
    m = _band_by_group(money, (r - 1) * np.int8(len(state["f"])) + f - 1, [edges for row in state["m"] for edges in row])
    return r, f, m


def edges_of(state: Mapping[str, Any], r: int, f: int) -> dict[str, list[float]]:
    """The edges that decided for a customer with these scores."""
    if not isinstance(state["f"][0], list):
        return {name: list(state[name]) for name in ("r", "f", "m")}
    return {"r": list(state["r"]), "f": list(state["f"][r - 1]), "m": list(state["m"][r - 1][f - 1])}


def all_edges(edges: Any) -> list[float]:
    """Every edge in a flat or nested list, ascending, each once."""
    return sorted(set(np.asarray(edges, dtype=np.float64).ravel().tolist()))


def _edges_by_group(values: Array, group: Array, groups: int, bins: int, edges: bands.Edges) -> list[list[float]]:
    """Edges within each group, numbered from 1."""
    everybody = bands.quantile_edges(values, bins, edges=edges)
    found = []
    for number in range(1, groups + 1):
        own = values[group == number]
        found.append(bands.quantile_edges(own, bins, edges=edges) if len(own) else everybody)
    return found


def _band_by_group(values: Array, group: Array, edges: list[list[float]]) -> Array:
    """Like `bands.band`, with edges of its own for each group, numbered from 0."""
    number = np.ones(len(values), dtype=np.int8)
    for edge in np.asarray(edges).T:
        number += values > edge[group]
    return number
