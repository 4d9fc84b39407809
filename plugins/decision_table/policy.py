"""The policy type `decision_table`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine import Codes, DecisionTable, Output, Picture, Policy, Reason, TableRules, Text
from plugins.decision_table.conflicts import Conflicts
from plugins.decision_table.explain import explain
from plugins.decision_table.outputs import LISTS, declare
from plugins.decision_table.params import DecisionTableParams

SALES = "orders.amount"
NO_ROW = Reason("no_row", Text("no row matches", "没有规则行命中"))


class DecisionTablePolicy(Policy):
    """Decide by a table with the meaning of DMN: rows of cells over features and other policies' outputs.

    A conflict (several rows under `unique`, rows that differ under `any`) withholds that customer and nobody else.
    """

    name = "decision_table"
    family = "rules"
    title = Text("Decision table", "决策表")
    help = Text(
        "Rows of conditions over any features and grades decide labels, scores, amounts, flags or dates.",
        "以任意特征和分级结果为条件的规则行，得出标签、分值、金额、是非或日期。",
    )
    Params = DecisionTableParams

    def __init__(self, params: Mapping[str, Any] | None = None) -> None:
        super().__init__(params)
        p = self.params
        self.table = DecisionTable.load(p.table)
        self.lists = self.table.data.hit_policy in LISTS
        self._outputs = declare(p.table, p.outputs, p.several)
        self._conflicts = Conflicts(self.table)
        self._may_miss = (
            self.table.data.default is None and self.table.data.hit_policy != "collect_count" and self._outputs[0].kind != "set"
        )

    def inputs(self) -> tuple[str, ...]:
        """The inputs of the table, all optional: its cells say what a missing value means."""
        return tuple(f"{name}?" for name in self.table.inputs)

    def outputs(self) -> tuple[Output, ...]:
        """The outputs of the table."""
        return self._outputs

    def reasons(self) -> tuple[Reason, ...]:
        """No row without a default; and the rows that conflict."""
        return (*((NO_ROW,) if self._may_miss else ()), *self._conflicts.reasons())

    def rule_sets(self) -> tuple[TableRules, ...]:
        """The table."""
        return (TableRules("table", self.table, counted=True),)

    def apply(self, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> dict[str, Any]:
        """Evaluate the table; name the rows of every conflict."""
        found = self.table.evaluate(columns)
        result: dict[str, Any] = {output.name: self._column(output, found.values[output.name]) for output in self._outputs}
        result["rule"] = np.where(found.conflict, np.int32(-1), found.rule)
        if self._may_miss or self._conflicts.possible:
            withheld = np.full(len(found.rule), -1, dtype=np.int8)
            if self._may_miss:
                withheld[found.rule < 0] = 0
            if found.conflict.any():
                rows = np.flatnonzero(found.conflict)
                withheld[rows] = self._conflicts.reason_of(columns, rows) + self._may_miss
            result["withheld"] = withheld
        return result

    def _column(self, output: Output, value: Any) -> Any:
        """A list as a set of its labels, or as its first element; anything else as it is."""
        if not self.lists:
            return value
        starts, some = value.offsets[:-1], np.diff(value.offsets) > 0
        codes = value.items.codes if isinstance(value.items, Codes) else None
        if output.kind == "set":
            assert codes is not None
            place = np.array([output.keys.index(key) for key in value.items.values] + [0], dtype=np.uint64)
            bits = np.where(codes < 0, np.uint64(0), np.uint64(1) << place[codes])
            sets = np.zeros(len(some), dtype=np.uint64)
            if some.any():
                sets[some] = np.bitwise_or.reduceat(bits, starts[some])
            return sets
        at = np.where(some, starts, -1)
        if codes is not None:
            return Codes(np.append(codes, -1)[at], value.items.values)
        missing = {"M": np.datetime64("NaT"), "i": -1}.get(value.items.dtype.kind, np.nan)
        return np.append(value.items, np.array([missing], dtype=value.items.dtype))[at]

    def explain(self, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> list[Reason]:
        """Name the deciding row with what its cells found; or the default."""
        return explain(self, columns)

    def bounds(self, state: Mapping[str, Any] | None) -> Mapping[str, list[float]]:
        """The numbers in the cells."""
        found = {
            name: [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
            for name, values in self.table.bounds().items()
        }
        return {name: values for name, values in found.items() if values}

    def pictures(self) -> tuple[Picture, ...]:
        """How many customers have each label of the first output that has labels."""
        output = next((output for output in self._outputs if output.labels), None)
        if output is None:
            return ()

        def sizes(columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> Mapping[str, Any]:
            column, keys = columns[output.name], output.keys
            if output.kind == "set":
                inside = [(column >> np.uint64(at) & np.uint64(1)).astype(bool) for at in range(len(keys))]
            else:
                inside = [column.codes == at for at in range(len(keys))]
            drawn: dict[str, Any] = {"label": np.array(keys), "customers": np.array([np.count_nonzero(rows) for rows in inside])}
            if SALES in columns:
                sales = np.nan_to_num(columns[SALES])
                drawn["amount"] = np.array([sales[rows].sum() for rows in inside])
            return drawn

        title = output.title or Text(output.name, output.name)
        return (Picture("distribution", "labels", title, sizes, needs=(SALES,), of={"label": output.name, "amount": SALES}),)
