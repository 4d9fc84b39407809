"""Why a customer has its score and its grade: the points of every item, the total, the grades on both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from engine import Named, Reason, Text, bands

if TYPE_CHECKING:
    from plugins.scorecard.items import Item
    from plugins.scorecard.policy import Scorecard


def explain(policy: Scorecard, columns: Mapping[str, Any], cutoffs: Sequence[float], score: float) -> list[Reason]:
    """One reason per item, then the total, the grade, and what is missing to the next better one."""
    items = [_item(item, columns) for item in policy.items]
    method = Text("weighted mean", "加权平均") if policy.params.total == "mean" else Text("weighted sum", "加权求和")
    total = Reason("total", Text(f"Score {{score}}, the {method.en} of the points.", f"总分 {{score}}（{method.zh}）。"), {"score": score})
    missed = sum(score < cutoff for cutoff in cutoffs)
    reasons = [*items, total, _grade(policy, cutoffs, score, missed)]
    if missed and cutoffs[missed - 1] != bands.NOBODY:
        better, cutoff = policy.params.labels[missed - 1], cutoffs[missed - 1]
        values = {"better": better.title.en, "better_zh": better.title.zh, "cutoff": cutoff, "lacking": round(cutoff - score, 4)}
        text = Text("{better} begins at {cutoff}; {lacking} is missing.", "{better_zh}从 {cutoff} 起，还差 {lacking}。")
        reasons.append(Reason("next_grade", text, values))
    return reasons


def _item(item: Item, columns: Mapping[str, Any]) -> Reason:
    points = float(item.points(columns)[0])
    why = item.table.decided(columns)
    values: dict[str, Any] = {"why": why, "weight": item.weight}
    other = Text("{name}: other value", "{name}：其他取值") if not why.items else Text("{why}", "{why}")
    values["name"] = Named(item.feature)
    if np.isnan(points):
        text = Text(f"{other.en}: left out, the other items count more.", f"{other.zh}：剔除此项，其余项权重放大。")
        return Reason("left_out", text, values)
    text = Text(f"{other.en}: {{points}} points, weight {{weight}}.", f"{other.zh}：{{points}} 分，权重 {{weight}}。")
    return Reason("item", text, {**values, "points": points})


def verdicts(policy: Scorecard, columns: Mapping[str, Any], cutoffs: Sequence[float]) -> dict[str, Any]:
    """Items with points and weights, what they add up to, and every grade with whether the score reaches it."""
    items = []
    for item in policy.items:
        told, points = item.table.explain(columns), float(item.points(columns)[0])
        items.append(
            {
                "input": item.feature,
                "found": told["inputs"][item.feature],
                "points": None if np.isnan(points) else points,
                "weight": item.weight,
                "missing": item.missing,
                "rows": told["rows"],
                "decided_by": told["decided_by"],
            }
        )
    score = float(columns["score"][0]) if "score" in columns else float("nan")
    labels = [label.key for label in policy.params.labels]
    grades = [
        {"grade": label, "from": None if cutoff in (None, bands.NOBODY) else cutoff, "reached": cutoff is None or score >= cutoff}
        for label, cutoff in zip(labels, [*cutoffs, None], strict=False)
    ]
    known = not np.isnan(score)
    return {
        "kind": "scorecard",
        "place": "items",
        "total": policy.params.total,
        "items": items,
        "score": score if known else None,
        "grades": grades if known else [],
    }


def _grade(policy: Scorecard, cutoffs: Sequence[float], score: float, missed: int) -> Reason:
    label = policy.params.labels[missed]
    values: dict[str, Any] = {"score": score, "grade": label.title.en, "grade_zh": label.title.zh}
    if missed == len(cutoffs):
        return Reason("below_all", Text("{score} lies below every cut, so {grade}.", "{score} 低于所有分数线，因此为{grade_zh}。"), values)
    values["cutoff"] = cutoffs[missed]
    if policy.params.grading == "cuts":
        return Reason("inside", Text("{score} is at least {cutoff}, so {grade}.", "{score} 不低于 {cutoff}，因此为{grade_zh}。"), values)
    values["share"] = round(100 * policy.params.shares[missed], 4)
    text = Text(
        "{score} is at least {cutoff}, the score of the best {share} % of the customers, so {grade}.",
        "{score} 不低于 {cutoff}（最好的 {share}% 客户的分数线），因此为{grade_zh}。",
    )
    return Reason("inside", text, values)
