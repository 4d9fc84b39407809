"""The policy type `segments`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine import Condition, ConditionRules, Output, Picture, Policy, Reason, Text
from plugins.segments.explain import explain
from plugins.segments.params import SegmentsParams, labels_of

SALES = "orders.amount"
NONE_FITS = Reason("none_fits", Text("no segment fits", "不符合任何分群"))


class Segments(Policy):
    """Put customers into named segments, each a condition over features and other policies' outputs.

    A condition that is unknown, because something it needs is missing, does not hold.
    """

    name = "segments"
    family = "segmentation"
    title = Text("Segments by condition", "条件分群")
    help = Text(
        "Named conditions over any features and grades; a customer is in the first that fits, or in several at once.",
        "以任意特征和分级结果为条件的命名分群；客户归入首个符合的分群，或同时归入多个。",
    )
    Params = SegmentsParams

    def __init__(self, params: Mapping[str, Any] | None = None) -> None:
        super().__init__(params)
        p = self.params
        self.first: bool = p.mode == "first"
        self.conditions = tuple(Condition.load(segment["when"]) for segment in p.segments)
        self.labels = (*labels_of(p.segments), *(p.otherwise or ()))
        self._inputs = tuple(dict.fromkeys(name for condition in self.conditions for name in condition.inputs))

    def inputs(self) -> tuple[str, ...]:
        """Everything the conditions read, all of it optional: a condition may ask whether something is missing."""
        return tuple(f"{name}?" for name in self._inputs)

    def outputs(self) -> tuple[Output, ...]:
        """One segment, or the set of all that fit."""
        if self.first:
            return (Output("segment", labels=self.labels, title=Text("Segment", "分群")),)
        return (Output("segments", kind="set", labels=self.labels, title=Text("Segments", "所属分群")),)

    def reasons(self) -> tuple[Reason, ...]:
        """Whom no segment fits has none, unless there is one for everybody else."""
        return (NONE_FITS,) if self.first and not self.params.otherwise else ()

    def rule_sets(self) -> tuple[ConditionRules, ...]:
        """The conditions, in order."""
        names = tuple(segment["key"] for segment in self.params.segments)
        return (
            ConditionRules("segments", self.conditions, names, first=self.first, otherwise=bool(self.params.otherwise), counted=self.first),
        )

    def apply(self, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> dict[str, Any]:
        """Evaluate every condition; the last first, so that the first that holds stays."""
        count = len(columns[self._inputs[0]])
        if not self.first:
            bits = np.zeros(count, dtype=np.uint64)
            for at, condition in enumerate(self.conditions):
                bits |= condition.evaluate(columns).astype(np.uint64) << np.uint64(at)
            return {"segments": bits}
        rule = np.full(count, -1, dtype=np.int16)
        for at in range(len(self.conditions) - 1, -1, -1):
            rule[self.conditions[at].evaluate(columns)] = at
        if self.params.otherwise:
            return {"segment": np.where(rule < 0, np.int16(len(self.conditions)), rule), "rule": rule}
        return {"segment": rule, "rule": rule, "withheld": (rule < 0).astype(np.int8) - np.int8(1)}

    def explain(self, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> list[Reason]:
        """Say of the segments down to the one that fits which comparisons decided."""
        return explain(self, columns)

    def bounds(self, state: Mapping[str, Any] | None) -> Mapping[str, list[float]]:
        """The numbers that features are compared with."""
        found: dict[str, set[float]] = {}
        for condition in self.conditions:
            for name, values in condition.bounds().items():
                found.setdefault(name, set()).update(v for v in values if isinstance(v, int | float) and not isinstance(v, bool))
        return {name: sorted(values) for name, values in found.items() if values}

    def pictures(self) -> tuple[Picture, ...]:
        """How many customers each segment holds."""
        return (Picture("distribution", "segments", Text("Segments", "分群分布"), self._sizes, needs=(SALES,), of={"amount": SALES}),)

    def _sizes(self, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """Customers and sales of each segment; who is in several counts in each of them."""
        keys = [label.key for label in self.labels]
        column = columns["segment"].codes if self.first else columns["segments"]
        inside = [column == at if self.first else (column >> np.uint64(at) & np.uint64(1)).astype(bool) for at in range(len(keys))]
        drawn: dict[str, Any] = {"label": np.array(keys), "customers": np.array([np.count_nonzero(rows) for rows in inside])}
        if SALES in columns:
            sales = np.nan_to_num(columns[SALES])
            drawn["amount"] = np.array([sales[rows].sum() for rows in inside])
        return drawn
