"""What ABC draws: the Pareto curve with the cuts as values, and the classes side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from engine import Picture, Text

POINTS = 100
"""Equal steps of the curve; the cuts are points of their own."""


def of(measure: str, classes: Sequence[str]) -> tuple[Picture, ...]:
    """Return the pictures of a measure; only who has a class is in them."""
    keys = tuple(classes)
    return (
        Picture(
            "cumulative curve",
            "pareto",
            Text("How few bring how much", "少数客户贡献了多少"),
            partial(_pareto, measure, keys),
            of={"label": "class", "value": measure, "amount": measure},
        ),
        Picture(
            "distribution",
            "classes",
            Text("Classes", "等级分布"),
            partial(_classes, measure, keys),
            of={"label": "class", "amount": measure},
        ),
    )


def _pareto(measure: str, keys: tuple[str, ...], columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Points from the largest amount on: share of customers (x), share of the amount (y), and how many and how much that is.

    bound: whether a class ends there; value: the smallest amount inside; label: the class that the cuts give to who is
    between this point and the one before. Negative amounts count as nothing.
    """
    here = columns["class"].codes >= 0
    values = np.sort(np.maximum(columns[measure][here], 0))[::-1]
    cutoffs = list(state["cutoffs"]) if state else []
    inside = np.array([int(np.searchsorted(-values, -cutoff, side="right")) for cutoff in cutoffs], dtype=np.int64)
    places = np.unique(np.concatenate([np.linspace(0, len(values), POINTS + 1).astype(np.int64), inside]))
    sums = np.concatenate([[0.0], np.cumsum(values)])
    last = np.maximum(places - 1, 0)
    return {
        "x": places / max(len(values), 1),
        "y": sums[places] / (sums[-1] or 1.0),
        "customers": places,
        "amount": sums[places],
        "value": values[last] if len(values) else np.full(len(places), np.nan),
        "label": np.array(keys)[np.searchsorted(inside, places, side="left")],
        "bound": np.isin(places, inside) & (places > 0) & (places < len(values)),
    }


def _classes(measure: str, keys: tuple[str, ...], columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> Mapping[str, Any]:
    codes = columns["class"].codes
    here = codes >= 0
    return {
        "label": np.array(keys),
        "customers": np.bincount(codes[here], minlength=len(keys)),
        "amount": np.bincount(codes[here], weights=columns[measure][here], minlength=len(keys)),
    }
