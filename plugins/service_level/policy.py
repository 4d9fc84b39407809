"""The policy type `service_level`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine import Codes, DecisionTable, Output, Picture, Policy, Reason, TableRules, Text, levels
from plugins.service_level.explain import explain
from plugins.service_level.params import MINUTE, ServiceLevelParams, labels_of, levels_of

SALES = "orders.amount"
NO_ROW = Reason("no_row", Text("no row matches", "没有规则行命中"))


class ServiceLevelPolicy(Policy):
    """Decide how a customer is served: a table gives a level, the level says what its customers get."""

    name = "service_level"
    family = "service"
    title = Text("Service level", "服务级别")
    help = Text(
        "Grades, segments and facts decide a level: its manager, priority, promised times, channels and reviews.",
        "由分级、分群与事实得出服务级别：专属经理、优先级、承诺时限、渠道与回访间隔。",
    )
    Params = ServiceLevelParams

    def __init__(self, params: Mapping[str, Any] | None = None) -> None:
        super().__init__(params)
        p = self.params
        self.table = DecisionTable.load(p.table)
        self.labels = labels_of(p.levels)
        self.levels = levels_of(p.levels, p.targets)
        self._keys = [level.key for level in self.levels]

    def inputs(self) -> tuple[str, ...]:
        """The inputs of the table, all optional: its cells say what a missing value means."""
        return tuple(f"{name}?" for name in self.table.inputs)

    def outputs(self) -> tuple[Output, ...]:
        """The level, and what it gives in numbers; times are those of a request of any kind at the level's own priority."""
        return (
            Output("level", labels=self.labels, title=Text("Service level", "服务级别")),
            Output("manager", kind="flag", title=Text("Dedicated manager", "专属客户经理")),
            Output(
                "priority",
                kind="score",
                decimals=0,
                minimum=1,
                maximum=len(levels.PRIORITIES),
                title=Text("Priority, 1 is first", "优先级（1 最优先）"),
            ),
            Output("answer_minutes", kind="score", decimals=0, unit="minutes", title=Text("First answer within", "首次答复时限")),
            Output("resolution_minutes", kind="score", decimals=0, unit="minutes", title=Text("Resolution within", "解决时限")),
            Output("review_days", kind="score", decimals=0, unit="days", title=Text("Review every", "回访间隔")),
            Output("hours", kind="score", decimals=2, unit="hours", title=Text("Hours a year", "年服务工时")),
        )

    def reasons(self) -> tuple[Reason, ...]:
        """No row, where the table has no default."""
        return () if self.table.data.default is not None else (NO_ROW,)

    def rule_sets(self) -> tuple[TableRules, ...]:
        """The table."""
        return (TableRules("table", self.table, counted=True),)

    def service_levels(self) -> Mapping[str, tuple[levels.ServiceLevel, ...]]:
        """What the labels of `level` promise: the service desk keeps it."""
        return {"level": self.levels}

    def apply(self, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> dict[str, Any]:
        """Evaluate the table, and look the entitlements of each level up."""
        found = self.table.evaluate(columns)
        column = found.values["level"]
        assert isinstance(column, Codes)
        place = np.array([*(self._keys.index(str(key)) for key in column.values), -1], dtype=np.int64)
        code = place[column.codes]
        result: dict[str, Any] = {"level": Codes(code.astype(np.int16), tuple(self._keys)), "rule": found.rule}
        has = np.array([*(level.manager for level in self.levels), False])
        result["manager"] = np.where(code < 0, np.int8(-1), has[code].astype(np.int8))
        for name, values in self._numbers().items():
            result[name] = np.array([*values, np.nan])[code]
        if self.table.data.default is None:
            result["withheld"] = np.where(code < 0, np.int8(0), np.int8(-1))
        return result

    def _numbers(self) -> dict[str, list[float]]:
        """The numeric entitlements by output, one per level; NaN where a level gives none."""
        ranks = list(levels.PRIORITIES)
        targets = [level.target(levels.ANY, level.priority) for level in self.levels]
        return {
            "priority": [ranks.index(level.priority) + 1.0 for level in self.levels],
            "answer_minutes": [np.nan if each is None or each.answer is None else each.answer / MINUTE for each in targets],
            "resolution_minutes": [np.nan if each is None or each.resolution is None else each.resolution / MINUTE for each in targets],
            "review_days": [np.nan if level.review_days is None else float(level.review_days) for level in self.levels],
            "hours": [float(level.hours) for level in self.levels],
        }

    def explain(self, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> list[Reason]:
        """Name the deciding row with what its cells found, and what the level gives."""
        return explain(self, columns)

    def bounds(self, state: Mapping[str, Any] | None) -> Mapping[str, list[float]]:
        """The numbers in the cells."""
        found = {
            name: [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
            for name, values in self.table.bounds().items()
        }
        return {name: values for name, values in found.items() if values}

    def pictures(self) -> tuple[Picture, ...]:
        """How many customers each level holds."""

        def sizes(columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> Mapping[str, Any]:
            codes = columns["level"].codes
            inside = [codes == at for at in range(len(self._keys))]
            drawn: dict[str, Any] = {"label": np.array(self._keys), "customers": np.array([np.count_nonzero(rows) for rows in inside])}
            if SALES in columns:
                sales = np.nan_to_num(columns[SALES])
                drawn["amount"] = np.array([sales[rows].sum() for rows in inside])
            return drawn

        title = Text("Service levels", "服务级别分布")
        return (Picture("distribution", "levels", title, sizes, needs=(SALES,), of={"label": "level", "amount": SALES}),)
