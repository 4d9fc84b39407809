"""The parameters of a scorecard: items, how they add up, and where the grades are cut."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, post_load
from marshmallow.validate import Length, Range

from engine import Label, Params, Text, editors
from plugins.scorecard.items import ItemParams

LETTERS = "ABCDEFGH"

DEFAULT = (
    {
        "feature": "orders.recency_days",
        "weight": 1.0,
        "bands": [{"from": None, "points": 100}, {"from": 30, "points": 70}, {"from": 90, "points": 40}, {"from": 180, "points": 10}],
    },
    {
        "feature": "orders.count_365d",
        "weight": 1.0,
        "bands": [{"from": None, "points": 0}, {"from": 1, "points": 30}, {"from": 3, "points": 60}, {"from": 6, "points": 100}],
    },
    {
        "feature": "orders.amount_365d",
        "weight": 2.0,
        "bands": [{"from": None, "points": 0}, {"from": 500, "points": 30}, {"from": 2000, "points": 60}, {"from": 8000, "points": 100}],
    },
)
"""What a new policy of this type begins with."""


def usual_labels(grades: int) -> tuple[Label, ...]:
    """Return the labels A, B, C, ... for 2 to 8 grades, their colours spread over the whole scale."""
    return tuple(Label(LETTERS[i], Text(f"Grade {LETTERS[i]}", f"{LETTERS[i]} 级"), 1 + round(7 * i / (grades - 1))) for i in range(grades))


class ScorecardParams(Params):
    """See docs/reference/policies/scorecard.md."""

    items = fields.List(
        fields.Nested(ItemParams),
        load_default=lambda: [ItemParams().load(dict(item)) for item in DEFAULT],
        validate=Length(min=1, max=50),
        metadata={
            "title": Text("Items", "评分项"),
            "help": Text(
                "Features with points by bands or values, a weight, and what a missing value means.",
                "各评分项的指标、区间或取值得分、权重，以及缺失值的处理方式。",
            ),
        },
    )
    total = editors.Choice(
        {"mean": Text("weighted mean", "加权平均"), "sum": Text("weighted sum", "加权求和")},
        load_default="mean",
        metadata={
            "title": Text("Total", "总分"),
            "help": Text(
                "The weighted mean of the points, on their own scale; or their weighted sum.",
                "加权平均（mean，与得分同一量纲），或加权求和（sum）。",
            ),
        },
    )
    decimals = fields.Integer(
        strict=True,
        load_default=2,
        validate=Range(0, 4),
        metadata={
            "title": Text("Decimals", "小数位"),
            "help": Text("Of the score, before grades are cut.", "总分的小数位，先取舍再分级。"),
        },
    )
    grading = editors.Choice(
        {"cuts": Text("fixed scores", "固定分数线"), "shares": Text("shares of the customers", "客户占比")},
        load_default="cuts",
        metadata={
            "title": Text("Grading", "分级方式"),
            "help": Text(
                "Grades begin at fixed scores, or hold a share of the customers.", "按固定分数线（cuts），或按客户占比（shares）。"
            ),
        },
    )
    cuts = editors.Cuts(
        load_default=[20.0, 40.0, 70.0],
        validate=Length(min=1, max=7),
        metadata={
            "title": Text("Score cuts", "分数线"),
            "help": Text(
                "For fixed scores, ascending: a score equal to a cut has the better grade.", "固定分数线，升序：等于分数线归入较高等级。"
            ),
            "unit": "points",
            "only": {"grading": ("cuts",)},
        },
    )
    shares = editors.Cuts(
        load_default=[0.1, 0.3, 0.6],
        validate=Length(min=1, max=7),
        metadata={
            "title": Text("Shares", "客户占比"),
            "help": Text(
                "For shares, ascending and cumulative, best first: 0.1 and 0.3 make the best tenth and the next two tenths.",
                "累计客户占比，升序，从最好算起：0.1 与 0.3 表示最好的一成及其后两成。",
            ),
            "unit": "share",
            "only": {"grading": ("shares",)},
        },
    )
    crossing = editors.Choice(
        {"upper": Text("better grade", "较高等级"), "lower": Text("worse grade", "较低等级")},
        load_default="upper",
        metadata={
            "only": {"grading": ("shares",)},
            "title": Text("Equal scores at a cut", "同分跨界"),
            "help": Text(
                "Customers of one score on whom a share passes its cut: all in the better grade, or all in the worse.",
                "累计占比恰在同分客户中越过分界时：全部归入较高等级（upper），或全部归入较低等级（lower）。",
            ),
        },
    )
    labels = editors.Labels(
        load_default=None,
        allow_none=True,
        metadata={
            "title": Text("Grades", "等级"),
            "help": Text(
                "Names and colours of the grades, best first, one more than there are cuts. Left empty: A, B, C, …",
                "各等级的名称与颜色，从高到低，比分界多一个。留空则为 A、B、C……",
            ),
        },
    )

    @post_load
    def complete(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Check weights, shares and labels; all faults at once."""
        faults: dict[str, list[str]] = {}
        if not any(item["weight"] > 0 for item in data["items"]):
            faults["items"] = ["at least one weight must be above zero"]
        features = [item["feature"] for item in data["items"]]
        doubled = next((name for i, name in enumerate(features) if name in features[:i]), None)
        if doubled is not None:
            faults.setdefault("items", []).append(f"{doubled} stands twice")
        if not all(0 < share < 1 for share in data["shares"]):
            faults["shares"] = ["each share must lie between 0 and 1; 10 % is 0.1"]
        grades = len(data[data["grading"]]) + 1
        if data["labels"] is None:
            data["labels"] = usual_labels(grades)
        elif len(data["labels"]) != grades:
            faults["labels"] = [f"{grades - 1} {data['grading']} make {grades} grades, but there are {len(data['labels'])} labels"]
        if faults:
            raise ValidationError(faults)
        return data
