"""The policy type `abc`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from engine import Output, Picture, Policy, Reason, Scale, Text, bands
from plugins.abc import pictures
from plugins.abc.explain import explain
from plugins.abc.params import ABCParams

NO_ORDER = Reason("no_order", Text("no order yet", "尚无订单"))


class ABC(Policy):
    """Cut customers, largest amount first, where the cumulative share passes each cut.

    `fit` turns the cuts into the smallest amount still inside, so `apply` compares each customer with a few numbers
    and equal amounts share a class. Zero and negative amounts are always in the last class.
    """

    name = "abc"
    family = "value"
    title = Text("ABC classes", "ABC 分类")
    help = Text(
        "A holds the customers who together bring most of the amount (80 % by default), B the next, C the rest.",
        "A 类客户合计贡献大部分金额（默认 80%），B 类次之，其余为 C 类。",
    )
    Params = ABCParams

    def inputs(self) -> tuple[str, ...]:
        """The measure; for a measure of orders also their count, which tells "spent nothing" from "never bought"."""
        measure: str = self.params.measure
        return (measure,) if not self._of_orders or measure == "orders.count" else (measure, "orders.count")

    def outputs(self) -> tuple[Output, ...]:
        """The class, and what is missing to the next better one."""
        return (
            Output("class", labels=self.params.labels, title=Text("Class", "等级")),
            Output("to_next", kind="amount", title=Text("Missing to the next class", "距上一等级差额"), minimum=0),
        )

    def reasons(self) -> tuple[Reason, ...]:
        """Who never bought has no class."""
        return (NO_ORDER,)

    def fit(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        """Return the smallest amount inside each class but the last."""
        values = self._values(columns)
        return {"cutoffs": bands.share_cutoffs(values, self.params.cuts, crossing=self.params.crossing)}

    def apply(self, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> dict[str, Any]:
        """Count the cut-offs that each amount misses."""
        values = self._values(columns)
        cutoffs = list(state["cutoffs"]) if state else [bands.NOBODY] * len(self.params.cuts)
        missed = np.zeros(len(values), dtype=np.int8)
        for cutoff in cutoffs:
            missed += values < cutoff
        better = np.array([np.nan, *(np.nan if cutoff == bands.NOBODY else cutoff for cutoff in cutoffs)])
        result: dict[str, Any] = {"class": missed, "to_next": better[missed] - values}
        if self._of_orders:
            result["withheld"] = (columns["orders.count"] <= 0).astype(np.int8) - np.int8(1)  # reason 0, or -1
        return result

    def bounds(self, state: Mapping[str, Any] | None) -> Mapping[str, list[float]]:
        """The cut-offs."""
        return {self.params.measure: [cutoff for cutoff in state["cutoffs"] if cutoff != bands.NOBODY]} if state else {}

    def explain(self, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> list[Reason]:
        """Name the amount, the cut-offs on both sides, and the share that each stands for."""
        if not state:
            return []
        return explain(self.params.measure, float(self._values(columns)[0]), state["cutoffs"], self.params.cuts, self.params.labels)

    def scales(self) -> dict[str, Scale]:
        """Cumulative shares of the amount, from the largest customer down."""
        return {"cuts": Scale(self.params.measure, tuple(self.params.labels), "class", share="amount")}

    def pictures(self) -> tuple[Picture, ...]:
        """The Pareto curve with its cuts, and the classes side by side."""
        return pictures.of(self.params.measure, [label.key for label in self.params.labels])

    @cached_property
    def _of_orders(self) -> bool:
        return str(self.params.measure).startswith("orders.")

    def _values(self, columns: Mapping[str, Any]) -> Any:
        return columns[self.params.measure]
