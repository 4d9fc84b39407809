"""Hit policies: what the rows that a customer hits amount to (after DMN 1.5 §8.2.10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from engine.columns import Array, Codes, Column, Flags
from engine.tables.document import OutputColumn, TableData
from engine.tables.matching import Hits, Matching


class Lists(NamedTuple):
    """A list per customer: customer i has `items[offsets[i]:offsets[i+1]]`."""

    offsets: Array
    items: Column


@dataclass(frozen=True, slots=True)
class TableResult:
    """What a decision table gives for each customer.

    values: per output a column (`Codes` for texts), or `Lists` under rule_order, output_order and collect_list.
    rule: the deciding row, 0-based: the first hit in the order of the policy; -1 when no row was hit.
    conflict: where `unique` has several hits, or `any` has hits that differ; the values there are missing.
    hits: under rule_order, output_order and collect: all hits, in the order of the rows.
    """

    values: dict[str, Column | Lists]
    rule: Array
    conflict: Flags
    hits: Hits | None = None


def row_order(data: TableData) -> list[int]:
    """The rows in the order in which the policy looks at them: by the rank of their declared outputs, or as written."""
    rows = range(len(data.when))
    if data.hit_policy not in ("priority", "output_order"):
        return list(rows)
    ranks = [{value: at for at, value in enumerate(output.values or ()) if output.declared} for output in data.outputs]
    return sorted(rows, key=lambda row: [rank.get(value, len(rank)) for rank, value in zip(ranks, data.then[row], strict=True)])


def decide(data: TableData, matching: Matching, arrays: Sequence[Array], order: Array) -> TableResult:
    """Evaluate with a matching whose rows stand in `order`, and translate back to the written rows."""
    policy = data.hit_policy
    conflict = np.zeros(len(arrays[0]), dtype=bool)
    back = np.append(order, -1).astype(np.int32)
    if policy in ("first", "priority"):
        rule = back[matching.first(arrays)] if policy == "priority" else matching.first(arrays)
        return TableResult(single(data, rule, conflict), rule, conflict)
    if policy in ("unique", "any"):
        rule, count = matching.first_and_count(arrays)
        several = count > 1
        conflict = several if policy == "unique" else _differ(data, matching, arrays, several)
        return TableResult(single(data, rule, conflict), rule, conflict)
    found = matching.hits(arrays)
    hits = Hits(found.offsets, back[found.rows])
    rule = _first_of(hits)
    if policy.startswith("collect_") and policy != "collect_list":
        values: dict[str, Column | Lists] = {output.name: _aggregate(data, at, hits, rule) for at, output in enumerate(data.outputs)}
    else:
        values = {output.name: _lists(data, at, hits) for at, output in enumerate(data.outputs)}
    return TableResult(values, rule, conflict, hits)


def single(data: TableData, rule: Array, conflict: Flags) -> dict[str, Column | Lists]:
    """The outputs of one row per customer: of the row `rule`, of the default for -1, missing at a conflict."""
    at = rule
    if conflict.any():
        at = np.where(conflict, -2, rule)
    return {output.name: take(output, _values(data, i), at) for i, output in enumerate(data.outputs)}


def _values(data: TableData, at: int) -> list[Any]:
    """One output of all rows, then a missing value (index -2), then the default (index -1)."""
    return [*(row[at] for row in data.then), None, data.default[at] if data.default is not None else None]


def take(output: OutputColumn, values: Sequence[Any], at: Array) -> Column:
    """Pick `values[at]` as a column of the output's kind."""
    if output.kind == "text":
        labels = tuple(output.values or ())
        position = {label: i for i, label in enumerate(labels)}
        return Codes(np.array([position.get(v, -1) for v in values], dtype=np.int32)[at], labels, closed=True)
    if output.kind == "flag":
        return np.array([-1 if v is None else int(v) for v in values], dtype=np.int8)[at]
    if output.kind == "date":
        days = [np.datetime64("NaT") if v is None else np.datetime64(v, "D") for v in values]
        return np.array(days, dtype="datetime64[D]")[at]
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)[at]


def _differ(data: TableData, matching: Matching, arrays: Sequence[Array], several: Flags) -> Flags:
    """Where the hits do not all give the same outputs."""
    conflict = np.zeros(len(several), dtype=bool)
    if not several.any():
        return conflict
    who = np.flatnonzero(several)
    hits = matching.hits([array[who] for array in arrays])
    same = {then: at for at, then in enumerate(dict.fromkeys(data.then))}
    group = np.array([same[then] for then in data.then])[hits.rows]
    starts = hits.offsets[:-1]
    conflict[who] = np.minimum.reduceat(group, starts) != np.maximum.reduceat(group, starts)
    return conflict


def _first_of(hits: Hits) -> Array:
    counts = np.diff(hits.offsets)
    rule = np.full(len(counts), -1, dtype=np.int32)
    rule[counts > 0] = hits.rows[hits.offsets[:-1][counts > 0]]
    return rule


def _lists(data: TableData, at: int, hits: Hits) -> Lists:
    """The outputs of all hits; of the default, if there is one, where nothing was hit."""
    values = _values(data, at)
    if data.default is None:
        return Lists(hits.offsets, take(data.outputs[at], values, hits.rows))
    counts = np.diff(hits.offsets)
    offsets = np.zeros_like(hits.offsets)
    np.cumsum(np.maximum(counts, 1), out=offsets[1:])
    rows = np.full(offsets[-1], -1, dtype=np.int32)
    taken = np.ones(len(rows), dtype=bool)
    taken[offsets[:-1][counts == 0]] = False
    rows[taken] = hits.rows
    return Lists(offsets, take(data.outputs[at], values, rows))


def _aggregate(data: TableData, at: int, hits: Hits, rule: Array) -> Array:
    """Count, sum, min or max of an output over the hits; the default, else missing, where there is nothing to add up."""
    counts = np.diff(hits.offsets)
    default: Any = data.default[at] if data.default is not None else None
    if data.hit_policy == "collect_count":
        return counts.astype(np.float64) if default is None else np.where(counts > 0, counts, float(default))
    numbers, scale = _scaled([row[at] for row in data.then])
    present = np.array([row[at] is not None for row in data.then])
    total = _fold(data.hit_policy, numbers, hits)
    some = _fold("collect_sum", present.astype(np.int64), hits) > 0
    result = np.where(some, total / scale, np.nan)
    return result if default is None else np.where(counts > 0, result, float(default))


def _scaled(values: Sequence[Any]) -> tuple[Array, int]:
    """The numbers as integers over a power of ten, so that sums are exact and free of order; missing counts as absent."""
    numbers = [Decimal(repr(value)) if value is not None else None for value in values]
    decimals = max((-int(number.as_tuple().exponent) for number in numbers if number is not None), default=0)
    scale = 10 ** max(0, decimals)
    return np.array([0 if number is None else int(number * scale) for number in numbers], dtype=np.int64), scale


def _fold(policy: str, numbers: Array, hits: Hits) -> Array:
    counts = np.diff(hits.offsets)
    found = numbers[hits.rows]
    result = np.zeros(len(counts), dtype=np.int64)
    full = counts > 0
    if full.any():
        fold = {"collect_sum": np.add, "collect_min": np.minimum, "collect_max": np.maximum}[policy]
        result[full] = fold.reduceat(found, hits.offsets[:-1][full])
    return result
