"""What RFM draws: a heat map of recency against frequency, and the segments as a treemap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from engine import Picture, Text, bands


def of(bins: int, segments: Sequence[str], sales: str, measures: tuple[str, str], *, bounds: bool) -> tuple[Picture, ...]:
    """Return the pictures; amounts are sums of the column `sales` over the customers of a cell, left out without it.

    measures: the features behind frequency and recency. bounds: whether each score has one interval for everybody.
    """
    heat_map, treemap = partial(_heat_map, bins, sales, bounds), partial(_segments, tuple(segments), sales)
    frequency, recency = measures
    axes = {"x": "f", "y": "r", "amount": sales}
    ends = {"x_above": frequency, "x_up_to": frequency, "y_above": recency, "y_up_to": recency} if bounds else {}
    return (
        Picture(
            "heat map", "recency_frequency", Text("Recency and frequency", "最近购买与频次"), heat_map, needs=(sales,), of={**axes, **ends}
        ),
        Picture("treemap", "segments", Text("Segments", "分群"), treemap, needs=(sales,), of={"label": "segment", "amount": sales}),
    )


def _heat_map(bins: int, sales: str, bounds: bool, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """One row per cell: frequency score (x), recency score (y), their intervals, customers, amount."""
    here = ~np.isnan(columns["r"])
    cell = ((columns["r"][here] - 1) * bins + columns["f"][here] - 1).astype(np.int64)
    scores = np.arange(1, bins + 1)
    x, y = np.tile(scores, bins), np.repeat(scores, bins)
    drawn = {"x": x, "y": y, **_sums(cell, bins * bins, columns, sales, here)}
    if bounds and state:
        drawn["x_above"], drawn["x_up_to"] = _ends(state["f"], x, reverse=False)
        drawn["y_above"], drawn["y_up_to"] = _ends(state["r"], y, reverse=True)
    return drawn


def _ends(edges: Sequence[float], scores: Any, *, reverse: bool) -> tuple[Any, Any]:
    """The interval (above, up to] of each score; NaN where it is open."""
    found = np.array([bands.interval(edges, int(score), reverse=reverse) for score in scores], dtype=float)
    return found[:, 0], found[:, 1]


def _segments(keys: tuple[str, ...], sales: str, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> Mapping[str, Any]:
    codes = columns["segment"].codes
    here = codes >= 0
    return {"label": np.array(keys), **_sums(codes[here], len(keys), columns, sales, here)}


def _sums(cell: Any, cells: int, columns: Mapping[str, Any], sales: str, here: Any) -> dict[str, Any]:
    sums = {"customers": np.bincount(cell, minlength=cells)}
    if sales in columns:
        sums["amount"] = np.bincount(cell, weights=columns[sales][here], minlength=cells)
    return sums
