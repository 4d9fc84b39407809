"""The parameters of RFM."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, post_load
from marshmallow.validate import Range

from engine import Params, Text, TierwiseError, editors
from plugins.rfm.segments import USUAL_LABELS, segment_map, usual_map

SCORES = ("r", "f", "m")


def _choice(default: str, choices: dict[str, Text], title: Text, help: Text, **only: Any) -> editors.Choice:
    return editors.Choice(choices, load_default=default, metadata={"title": title, "help": help, **only})


def _cuts(default: list[float], title: Text, unit: str) -> editors.Cuts:
    help = Text(
        "For fixed binning: one cut fewer than bins, ascending. A value equal to a cut belongs below it.",
        "用于固定分箱：比分箱数少一个，升序。等于分界的值归入下一侧较低的区间。",
    )
    return editors.Cuts(load_default=default, metadata={"title": title, "help": help, "unit": unit, "only": {"binning": ("fixed",)}})


class RFMParams(Params):
    """See docs/reference/policies/rfm.md."""

    window_days = fields.Integer(
        strict=True,
        load_default=365,
        allow_none=True,
        validate=Range(1, 36_500),
        metadata={
            "title": Text("Window", "统计窗口"),
            "help": Text("Orders of so many days count; empty: all orders.", "统计最近这么多天的订单；留空表示全部订单。"),
            "unit": "days",
        },
    )
    frequency = _choice(
        "orders",
        {"orders": Text("orders", "订单数"), "purchase_days": Text("purchase days", "下单天数")},
        Text("Frequency", "频次口径"),
        Text("Count orders, or days with at least one order.", "按订单数，或按有订单的天数。"),
    )
    monetary = _choice(
        "sum",
        {"sum": Text("sum of sales", "总额"), "average": Text("average per order", "笔均"), "net": Text("sum less refunds", "净额")},
        Text("Money", "金额口径"),
        Text("Sum of sales, average per order, or sum less refunds.", "销售总额、笔均金额，或扣除退款后的净额。"),
    )
    bins = fields.Integer(
        strict=True,
        load_default=5,
        validate=Range(2, 9),
        metadata={
            "title": Text("Bins", "分箱数"),
            "help": Text("How many scores there are; the highest is best.", "分值个数，分值越高越好。"),
        },
    )
    binning = _choice(
        "quantile",
        {"quantile": Text("equal sizes", "等人数"), "fixed": Text("fixed cuts", "固定分界"), "nested": Text("nested", "嵌套")},
        Text("Binning", "分箱方式"),
        Text(
            "Equally many customers in each bin; fixed cuts; or nested: F within each R, M within each F.",
            "各箱人数相等（quantile）、固定分界（fixed），或嵌套分箱（nested：在每个 R 内划分 F，在每个 F 内划分 M）。",
        ),
    )
    edges = _choice(
        "linear",
        {"linear": Text("between values", "插值"), "observed": Text("observed values", "实际值")},
        Text("Quantile edges", "分位点"),
        Text("Interpolated between two values, or always a value that occurs.", "在两个值之间插值，或始终取实际出现的值。"),
        only={"binning": ("quantile", "nested")},
    )
    r_cuts = _cuts([30, 60, 120, 240], Text("Recency cuts", "最近购买分界"), "days")
    f_cuts = _cuts([1, 2, 4, 8], Text("Frequency cuts", "频次分界"), "orders")
    m_cuts = _cuts([100, 300, 1000, 3000], Text("Money cuts", "金额分界"), "money")
    weights = editors.Weights(
        SCORES,
        load_default=lambda: dict.fromkeys(SCORES, 1.0),
        metadata={
            "title": Text("Weights", "权重"),
            "help": Text("How much each score counts in the weighted total.", "各分值在加权总分中的比重。"),
        },
    )
    segments = editors.Table(
        load_default=None,
        allow_none=True,
        check=False,
        metadata={
            "title": Text("Segment map", "分群规则表"),
            "help": Text(
                "First-hit table from r, f and m to a segment. Left empty: the usual eleven segments for this number of bins.",
                "由 r、f、m 得出分群的首次命中决策表。留空则采用与分箱数相应的常用十一分群。",
            ),
        },
    )
    labels = editors.Labels(
        load_default=USUAL_LABELS,
        metadata={
            "title": Text("Segments", "分群"),
            "help": Text("Names and colours of the segments, best first.", "各分群的名称与颜色，从好到差。"),
        },
    )

    @post_load
    def complete(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Fill in the usual map, and check what several parameters say together; all faults at once."""
        faults: dict[str, list[str]] = {}
        if data["binning"] == "fixed":
            faults = _cut_faults(data)
        usual = data["segments"] is None
        if usual:
            data["segments"] = usual_map(data["bins"])
        try:
            segment_map(data["segments"], data["bins"], [label.key for label in data["labels"]])
        except (TierwiseError, ValueError) as error:
            faults["labels" if usual else "segments"] = [str(error)]
        if faults:
            raise ValidationError(faults)
        return data


def _cut_faults(data: dict[str, Any]) -> dict[str, list[str]]:
    bins, window = data["bins"], data["window_days"]
    faults = {}
    for name in (f"{score}_cuts" for score in SCORES):
        cuts = data[name]
        if len(cuts) != bins - 1:
            faults[name] = [f"{bins} bins need {bins - 1} cuts, found {len(cuts)}"]
        elif name == "r_cuts" and window is not None and cuts[-1] >= window:
            faults[name] = [f"{cuts[-1]:g} lies outside the window of {window} days, so the lowest score would never occur"]
    return faults
