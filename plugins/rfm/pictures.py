"""What RFM draws: a heat map of recency against frequency, and the segments as a treemap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from engine import Picture, Text


def of(bins: int, segments: Sequence[str], sales: str) -> tuple[Picture, ...]:
    """Return the pictures; amounts are sums of the column `sales` over the customers of a cell, left out without it."""
    heat_map, treemap = partial(_heat_map, bins, sales), partial(_segments, tuple(segments), sales)
    return (
        Picture("heat map", "recency_frequency", Text("Recency and frequency", "最近购买与频次"), heat_map, needs=(sales,)),
        Picture("treemap", "segments", Text("Segments", "分群"), treemap, needs=(sales,)),
    )


def _heat_map(bins: int, sales: str, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """One row per cell: frequency score (x), recency score (y), customers, amount."""
    here = ~np.isnan(columns["r"])
    cell = ((columns["r"][here] - 1) * bins + columns["f"][here] - 1).astype(np.int64)
    scores = np.arange(1, bins + 1)
    return {"x": np.tile(scores, bins), "y": np.repeat(scores, bins), **_sums(cell, bins * bins, columns, sales, here)}


def _segments(keys: tuple[str, ...], sales: str, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> Mapping[str, Any]:
    codes = columns["segment"].codes
    here = codes >= 0
    return {"label": np.array(keys), **_sums(codes[here], len(keys), columns, sales, here)}


def _sums(cell: Any, cells: int, columns: Mapping[str, Any], sales: str, here: Any) -> dict[str, Any]:
    sums = {"customers": np.bincount(cell, minlength=cells)}
    if sales in columns:
        sums["amount"] = np.bincount(cell, weights=columns[sales][here], minlength=cells)
    return sums
