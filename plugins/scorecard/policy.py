"""The policy type `scorecard`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from engine import DecisionTable, Named, Output, Picture, Policy, Reason, Scale, TableRules, Text, bands
from plugins.scorecard.explain import explain, verdicts
from plugins.scorecard.items import Item, ItemRules
from plugins.scorecard.params import ScorecardParams

SALES = "orders.amount"


class Scorecard(Policy):
    """Score customers by points for several features, and cut the score into grades.

    The score is rounded before it is graded, so that what people see is what decided. An item that is left out gives
    its weight to the others: the mean is over those present, the sum is scaled to the weight of all.
    """

    name = "scorecard"
    family = "value"
    title = Text("Scorecard", "评分卡")
    help = Text(
        "Points for several features, weighted into one score, and grades by score or by share of the customers.",
        "对多项指标分别计分，加权汇总为总分，再按分数线或客户占比分级。",
    )
    Params = ScorecardParams
    graded_by = ("score",)

    def __init__(self, params: Mapping[str, Any] | None = None) -> None:
        super().__init__(params)
        p = self.params
        self.items = tuple(Item.of(item) for item in p.items)
        self.weight = math.fsum(item.weight for item in self.items)
        self.reads = tuple(item.feature for item in self.items)
        self._withholding = [item for item in self.items if item.missing == "withhold"]
        self._reasons = tuple(
            Reason(f"missing_{at}", Text(f"missing: {item.feature}", f"缺少：{item.feature}"), {"missing": Named(item.feature)})
            for at, item in enumerate(self._withholding)
        )
        minimum, maximum = self._range()
        score = Output(
            "score", kind="score", title=Text("Score", "总分"), unit="points", decimals=p.decimals, minimum=minimum, maximum=maximum
        )
        self._outputs = (Output("grade", labels=p.labels, title=Text("Grade", "等级")), score)

    def inputs(self) -> tuple[str, ...]:
        """The features of the items, all optional: each says what a missing value means."""
        return tuple(f"{name}?" for name in self.reads)

    def outputs(self) -> tuple[Output, ...]:
        """The grade, and the score it rests on."""
        return self._outputs

    def reasons(self) -> tuple[Reason, ...]:
        """An item that must be there is missing; or nothing is there to score."""
        nothing = Reason("nothing", Text("nothing to score", "无可评分项"))
        nobody = Reason("nobody", Text("nobody to compare with", "没有可供比较的客户"))
        return (*self._reasons, nothing, nobody)

    def rule_sets(self) -> tuple[TableRules, ...]:
        """The points of every item; with fixed cuts also the grades, over the score."""
        found: list[TableRules] = [ItemRules(f"items[{at}]", item.table) for at, item in enumerate(self.items)]
        if self.params.grading == "cuts":
            found.append(TableRules("cuts", self._grade_table(), counted=True))
        return tuple(found)

    def fit(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        """Return the score at which each grade but the last begins, best first; nothing when nobody has a score."""
        p = self.params
        if p.grading == "cuts":
            return {"cutoffs": p.cuts[::-1]}
        score, withheld = self._score(columns)
        scored = score[withheld < 0]
        return {"cutoffs": bands.top_cutoffs(scored, p.shares, crossing=p.crossing)} if len(scored) else {}

    def apply(self, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> dict[str, Any]:
        """Add up the points, round, and count the cut-offs that each score misses."""
        score, withheld = self._score(columns)
        if not state:
            withheld[withheld < 0] = len(self._reasons) + 1
        grade = self.regrade({"score": score}, state)["grade"]
        rule = np.where(withheld < 0, grade, np.int16(-1))
        return {"grade": rule, "score": score, "withheld": withheld, "rule": rule}

    def regrade(self, scores: Mapping[str, Any], state: Mapping[str, Any] | None) -> dict[str, Any]:
        """Count the cut-offs that each score misses."""
        grade = np.zeros(len(scores["score"]), dtype=np.int16)
        for cutoff in state["cutoffs"] if state else []:
            grade += scores["score"] < cutoff
        return {"grade": grade}

    def explain(self, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> list[Reason]:
        """Say what each item gave, the total, and the grades on both sides."""
        score, withheld = self._score(columns)
        return explain(self, columns, state["cutoffs"], float(score[0])) if state and withheld[0] < 0 else []

    def verdicts(self, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> list[dict[str, Any]]:
        """Every item with points and weight, every band of it with its verdict; then the cuts."""
        return [verdicts(self, columns, state["cutoffs"] if state else [])]

    def bounds(self, state: Mapping[str, Any] | None) -> Mapping[str, list[float]]:
        """The starts of the bands."""
        return {item.feature: sorted(item.bounds) for item in self.items if item.bounds}

    def scales(self) -> dict[str, Scale]:
        """The score under fixed cuts, from the lowest grade; shares of the customers from the best."""
        if self.params.grading == "cuts":
            return {"cuts": Scale("score", tuple(self.params.labels)[::-1], "grade", equal="upper")}
        return {"shares": Scale("score", tuple(self.params.labels), "grade", share="customers")}

    def pictures(self) -> tuple[Picture, ...]:
        """The grades by size, and how the score is distributed."""
        return (
            Picture(
                "distribution", "grades", Text("Grades", "等级分布"), self._grades, needs=(SALES,), of={"label": "grade", "amount": SALES}
            ),
            Picture("distribution", "scores", Text("Scores", "总分分布"), self._scores, of={"x_from": "score", "x_below": "score"}),
        )

    def _score(self, columns: Mapping[str, Any]) -> tuple[Any, Any]:
        """The rounded score of each row, and the position of its reason to have none, -1 for a score."""
        rows = len(columns[self.reads[0]])
        total, present = np.zeros(rows), np.zeros(rows)
        withheld = np.full(rows, -1, dtype=np.int8)
        for item in self.items:
            points = item.points(columns)
            absent = np.isnan(points)
            if item.missing == "withhold":
                withheld[absent & (withheld < 0)] = self._withholding.index(item)
            present += np.where(absent, 0.0, item.weight)
            total += np.where(absent, 0.0, points) * item.weight
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = total / present
            score = mean if self.params.total == "mean" else np.where(present == self.weight, total, mean * self.weight)
        withheld[(present <= 0) & (withheld < 0)] = len(self._reasons)
        score = np.round(score, self.params.decimals) + 0.0
        return np.where(withheld >= 0, np.nan, score), withheld

    def _range(self) -> tuple[float, float]:
        """The least and the largest score there can be."""
        counted = [item for item in self.items if item.weight > 0]
        least, most = min(item.least for item in counted), max(item.most for item in counted)
        if not any(item.missing == "leave_out" for item in counted):
            least = math.fsum(item.weight * item.least for item in counted) / self.weight
            most = math.fsum(item.weight * item.most for item in counted) / self.weight
        scale = 1.0 if self.params.total == "mean" else self.weight
        unit = 10.0**self.params.decimals
        return math.floor(round(least * scale * unit, 6)) / unit, math.ceil(round(most * scale * unit, 6)) / unit

    def _grade_table(self) -> DecisionTable:
        labels, cuts = [label.key for label in self.params.labels], self.params.cuts[::-1]
        rows = [
            {"when": [f">= {np.format_float_positional(cut, trim='-')}"], "then": [key]} for key, cut in zip(labels, cuts, strict=False)
        ]
        rows.append({"when": ["-"], "then": [labels[-1]]})
        return DecisionTable.load({"inputs": ["score"], "outputs": ["grade"], "hit_policy": "first", "rows": rows})

    def _grades(self, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> Mapping[str, Any]:
        keys, codes = [label.key for label in self.params.labels], columns["grade"].codes
        here = codes >= 0
        drawn: dict[str, Any] = {"label": np.array(keys), "customers": np.bincount(codes[here], minlength=len(keys))}
        if SALES in columns:
            drawn["amount"] = np.bincount(codes[here], weights=np.nan_to_num(columns[SALES][here]), minlength=len(keys))
        return drawn

    def _scores(self, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """20 equal steps between the least and the largest score: where each begins and ends, and its customers; the last holds its end."""
        least, most = self._range()
        edges = np.linspace(least, max(most, least + 1), 21)
        scores = columns["score"]
        ends = np.append(edges[1:-1], np.nan)  # open, so that the largest score is in it
        return {"x_from": edges[:-1], "x_below": ends, "customers": np.histogram(scores[~np.isnan(scores)], bins=edges)[0]}
