"""The parameters of the lifecycle: days, or multiples of the customer's own rhythm."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from marshmallow import ValidationError, fields, validates_schema
from marshmallow.validate import Range

from engine import Params, Text, editors

LIMITS = ("active", "dormant", "lost")


def _days(default: int, title: Text, help: Text, *, least: int = 1, nullable: bool = False) -> fields.Integer:
    metadata = {"title": title, "help": help, "unit": "days"}
    return fields.Integer(strict=True, load_default=default, allow_none=nullable, validate=Range(least, 36_500), metadata=metadata)


def _times(default: float, title: Text, help: Text) -> editors.Number:
    limits = Range(0, 1000, min_inclusive=False)
    metadata = {"title": title, "help": help, "unit": "×", "only": {"basis": ("rhythm",)}}
    return editors.Number(load_default=default, validate=limits, metadata=metadata)


class LifecycleParams(Params):
    """See docs/reference/policies/lifecycle.md."""

    basis = editors.Choice(
        {"fixed": Text("fixed days", "固定天数"), "rhythm": Text("own rhythm", "自身节奏")},
        load_default="fixed",
        metadata={
            "title": Text("Silence is judged by", "沉默判断依据"),
            "help": Text(
                "The same number of days for everybody (fixed), or multiples of the interval at which the customer usually buys (rhythm).",
                "对所有客户使用相同天数（fixed），或按客户自身购买间隔的倍数（rhythm）。",
            ),
        },
    )
    new_days = _days(
        30,
        Text("New for", "新客户期"),
        Text("A customer is new for so long after the first order.", "首单之后这么多天内为新客户。"),
    )
    active_days = _days(
        90,
        Text("Active within", "活跃期"),
        Text("Last order at most so long ago; silent for longer is at risk.", "最近一次下单不超过这么多天；更久则有流失风险。"),
    )
    dormant_days = _days(
        180,
        Text("Dormant after", "沉睡期起"),
        Text("Silent for longer is dormant.", "沉默超过这么多天为沉睡。"),
    )
    lost_days = _days(
        365,
        Text("Lost after", "流失期起"),
        Text("Silent for longer is lost.", "沉默超过这么多天为流失。"),
    )
    active_times = _times(
        1.5,
        Text("Active within, intervals", "活跃期（倍）"),
        Text("Last order at most so many expected intervals ago.", "最近一次下单不超过预期间隔的这么多倍。"),
    )
    dormant_times = _times(
        3.0,
        Text("Dormant after, intervals", "沉睡期起（倍）"),
        Text("Silent for more expected intervals is dormant.", "沉默超过预期间隔的这么多倍为沉睡。"),
    )
    lost_times = _times(
        6.0,
        Text("Lost after, intervals", "流失期起（倍）"),
        Text("Silent for more expected intervals is lost.", "沉默超过预期间隔的这么多倍为流失。"),
    )
    interval = editors.Choice(
        {"mean": Text("mean", "平均"), "median": Text("median", "中位数")},
        load_default="mean",
        metadata={
            "title": Text("Usual interval", "常规间隔"),
            "help": Text(
                "Mean or median of the gaps between purchase days. The median ignores one long pause, and takes longer to read.",
                "购买日间隔的平均值或中位数。中位数不受个别长间隔影响，但读取更慢。",
            ),
        },
    )
    rhythm_purchase_days = fields.Integer(
        strict=True,
        load_default=3,
        validate=Range(2, 1000),
        metadata={
            "title": Text("Own rhythm from", "自身节奏起点"),
            "help": Text(
                "Customers with fewer purchase days are judged by the median interval of all others.",
                "购买日少于此数的客户，按其他客户间隔的中位数判断。",
            ),
            "unit": "purchase days",
        },
    )
    shortest_interval_days = _days(
        7,
        Text("Shortest interval", "最短间隔"),
        Text(
            "Shorter rhythms count as this one: two orders on two days do not make the third day a silence.",
            "更短的节奏按此计算：连续两天下单不应使第三天被视为沉默。",
        ),
    )
    loyal_orders = fields.Integer(
        strict=True,
        load_default=5,
        validate=Range(1, 100_000),
        metadata={
            "title": Text("Loyal from", "忠诚起点"),
            "help": Text("An active customer with so many orders is loyal.", "活跃客户达到这么多订单即为忠诚。"),
            "unit": "orders",
        },
    )
    loyal_window_days = _days(
        365,
        Text("Orders of the last", "统计期"),
        Text("Which orders count towards loyal; empty: all of them.", "计入忠诚的订单范围；留空表示全部订单。"),
        nullable=True,
    )
    won_back_from = editors.Choice(
        {"dormant": Text("dormant", "沉睡后"), "lost": Text("lost", "流失后")},
        load_default="dormant",
        metadata={
            "title": Text("Reactivated after", "重新激活条件"),
            "help": Text(
                "An active customer is reactivated when the gap before the last order had made it dormant, or lost.",
                "活跃客户若在最近一单之前已达到沉睡（或流失）的间隔，即为重新激活。",
            ),
        },
    )

    @validates_schema
    def in_order(self, data: dict[str, Any], **_: Any) -> None:
        """Check that the stages follow each other; each fault names both thresholds."""
        faults: dict[str, list[str]] = {}
        if data["new_days"] > data["active_days"]:
            faults["new_days"] = [f"is {data['new_days']}, but must not be above active_days, which is {data['active_days']}"]
        for unit in ("days", "times"):
            for before, after in pairwise(f"{limit}_{unit}" for limit in LIMITS):
                if data[after] <= data[before]:
                    faults[after] = [f"is {data[after]:g}, but must be above {before}, which is {data[before]:g}"]
        if faults:
            raise ValidationError(faults)
