"""The segment map: a first-hit decision table over the three scores, looked up by score code.

The scores are small whole numbers, so the table is evaluated once for every combination (125 at five bins) and each
customer costs one look-up.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import floor
from typing import Any

import numpy as np
import numpy.typing as npt

from engine import Codes, Label, Text

USUAL_LABELS = (
    Label("champions", Text("Champions", "冠军客户"), 1),
    Label("loyal", Text("Loyal", "忠诚客户"), 2),
    Label("potential_loyalist", Text("Potential loyalists", "潜在忠诚客户"), 3),
    Label("new", Text("New", "新客户"), 3),
    Label("promising", Text("Promising", "有潜力客户"), 4),
    Label("need_attention", Text("Need attention", "需要关注"), 5),
    Label("about_to_sleep", Text("About to sleep", "即将沉睡"), 6),
    Label("at_risk", Text("At risk", "流失风险"), 7),
    Label("cannot_lose", Text("Cannot lose", "不可流失"), 6),
    Label("hibernating", Text("Hibernating", "沉睡客户"), 7),
    Label("lost", Text("Lost", "已流失"), 8),
)

_ANY = (1, 5)
_USUAL_ROWS: tuple[tuple[str, tuple[int, int], tuple[int, int], tuple[int, int]], ...] = (
    ("champions", (5, 5), (4, 5), _ANY),
    ("loyal", (3, 4), (4, 5), _ANY),
    ("potential_loyalist", (4, 5), (2, 3), _ANY),
    ("new", (5, 5), (1, 1), _ANY),
    ("promising", (4, 4), (1, 1), _ANY),
    ("need_attention", (3, 3), (3, 3), _ANY),
    ("about_to_sleep", (3, 3), (1, 2), _ANY),
    ("cannot_lose", (1, 2), (5, 5), _ANY),
    ("cannot_lose", (1, 2), (3, 4), (5, 5)),
    ("at_risk", (1, 2), (3, 4), _ANY),
    ("lost", (1, 1), (1, 2), (1, 2)),
    ("hibernating", (1, 2), (1, 2), _ANY),
)
"""The usual eleven segments on a scale of five: the common map over R and F, with M to tell whom it hurts to lose."""


def usual_map(bins: int) -> dict[str, Any]:
    """Return the usual segments for any number of bins, free of gaps.

    A score takes the row of the fifth in which the middle of its band lies; the lowest and the highest score always
    take the outermost rows. Rows that no score falls into are left out.
    """
    fifths = [1, *(floor((2 * score - 1) * 5 / (2 * bins)) + 1 for score in range(2, bins)), 5]
    rows = []
    for key, *spans in _USUAL_ROWS:
        cells = [_cell([score for score in range(1, bins + 1) if low <= fifths[score - 1] <= high], bins) for low, high in spans]
        if all(cells):
            rows.append({"when": cells, "then": [key]})
    return {"inputs": ["r", "f", "m"], "outputs": ["segment"], "hit_policy": "first", "rows": rows}


def _cell(scores: list[int], bins: int) -> str:
    """The unary test that holds for these consecutive scores; an empty text when there are none."""
    if not scores:
        return ""
    low, high = scores[0], scores[-1]
    return "-" if len(scores) == bins else str(low) if low == high else f"[{low}..{high}]"


@dataclass(frozen=True, slots=True)
class SegmentMap:
    """A segment map, evaluated: position of the label and of the deciding row by score code; -1 last, for no code."""

    segment: npt.NDArray[np.int16]
    rule: npt.NDArray[np.int32]


def segment_map(document: Mapping[str, Any], bins: int, keys: Iterable[str]) -> SegmentMap:
    """Evaluate a table over every combination of scores.

    Raises `TierwiseError` for a faulty table, and `ValueError` for one that is not a first-hit table of "segment" over
    r, f and m, that names an unknown segment, or that leaves a combination without one.
    """
    return _segment_map(json.dumps(document), bins, tuple(keys))


def scores(bins: int) -> dict[str, npt.NDArray[np.int64]]:
    """Every combination of three scores, best first: the order of the score codes."""
    r, f, m = np.meshgrid(*[np.arange(bins, 0, -1)] * 3, indexing="ij")
    return {"r": r.ravel(), "f": f.ravel(), "m": m.ravel()}


@lru_cache(maxsize=64)
def _segment_map(text: str, bins: int, keys: tuple[str, ...]) -> SegmentMap:
    from engine import DecisionTable

    document = json.loads(text)
    _check_shape(document)
    grid = scores(bins)
    found = DecisionTable.load(document).evaluate({name: grid[name] for name in document["inputs"]})
    segments = found.values["segment"]
    if not isinstance(segments, Codes):
        raise ValueError("the segment map gives numbers; segments are texts")
    unknown = {text for text in segments.texts() if text is not None} - set(keys)
    if unknown:
        raise ValueError(f"segment {min(unknown)!r} has no label; labels are {', '.join(keys)}")
    if segments.missing.any():
        at = int(np.argmax(segments.missing))
        witness = ", ".join(f"{name} = {column[at]}" for name, column in grid.items())
        raise ValueError(f"{int(segments.missing.sum())} combinations have no segment, such as {witness}; add a row or a default")
    table = segments.take({key: i for i, key in enumerate(keys) if key in segments.values}, default=-1)
    return SegmentMap(np.append(table, -1).astype(np.int16), np.append(found.rule, -1).astype(np.int32))


def _check_shape(document: Any) -> None:
    if document.get("hit_policy") != "first":
        raise ValueError(f'the segment map needs "hit_policy": "first", found {document.get("hit_policy")!r}')
    inputs = document.get("inputs")
    if not isinstance(inputs, list) or not inputs or not set(map(str, inputs)) <= {"r", "f", "m"}:
        raise ValueError(f"the segment map decides over r, f and m, not over {inputs!r}")
    names = [output.get("name") if isinstance(output, dict) else output for output in document.get("outputs") or []]
    if names != ["segment"]:
        raise ValueError(f"the segment map has the one output 'segment', found {document.get('outputs')!r}")
