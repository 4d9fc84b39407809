"""Why a customer has its scores and its segment, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine import Interval, Measured, Reason, Text, bands
from plugins.rfm import binning

if TYPE_CHECKING:
    from plugins.rfm.policy import RFM

RECENCY = "orders.recency_days"


def explain(policy: RFM, columns: Mapping[str, Any], state: Mapping[str, Any]) -> list[Reason]:
    """One reason per score, then the row of the segment map that decided."""
    result = policy.apply(columns, state)
    got = {name: int(result[name][0]) for name in ("r", "f", "m")}
    edges = binning.edges_of(state, got["r"], got["f"])
    values = {name: float(columns[address][0]) for name, address in zip(got, (RECENCY, policy.frequency, policy.money), strict=True)}
    reasons = [_score(policy, name, values[name], got[name], edges[name]) for name in got]
    return [*reasons, _segment(policy, got, int(result["segment"][0]), int(result["rule"][0]))]


def _score(policy: RFM, name: str, value: float, score: int, edges: list[float]) -> Reason:
    what = _what(policy, name, value)
    feature = {"r": RECENCY, "f": policy.frequency, "m": policy.money}[name]
    nested = policy.params.binning == "nested"
    among = (
        {"f": Text(" among equal recency", "（同一 R 内）"), "m": Text(" among equal recency and frequency", "（同一 R、F 内）")}.get(name)
        if nested
        else None
    )
    text = Text(
        en=f"{what.en}: score {{score}} of {{bins}}, {{within}}{among.en if among else ''}.",
        zh=f"{what.zh}：得 {{score}} 分（共 {{bins}} 分），{{within}}{among.zh if among else ''}。",
    )
    within = Interval(*bands.interval(edges, score, reverse=name == "r"), feature)
    values = {"value": Measured(value, feature, unit=name == "m"), "within": within, "score": score, "bins": policy.params.bins}
    return Reason(name, text, {**values, "edges": edges})


def _what(policy: RFM, name: str, value: float) -> Text:
    p = policy.params
    span = Text("", "") if p.window_days is None else Text(f" in {p.window_days} days", f"{p.window_days} 天内")
    if name == "r":
        return Text(f"Last order {{value}} {'day' if value == 1 else 'days'} ago", "最近一次下单距今 {value} 天")
    if name == "f":
        unit = Text("orders", "订单") if p.frequency == "orders" else Text("purchase days", "购买日")
        return Text(f"{{value}} {unit.en[:-1] if value == 1 else unit.en}{span.en}", f"{span.zh}{unit.zh} {{value}}")
    measure = {
        "sum": Text("Sales of {value}", "销售额 {value}"),
        "average": Text("{value} per order", "笔均金额 {value}"),
        "net": Text("Sales less refunds of {value}", "净销售额 {value}"),
    }[p.monetary]
    return Text(f"{measure.en}{span.en}", f"{span.zh}{measure.zh}")


def _segment(policy: RFM, got: Mapping[str, int], segment: int, rule: int) -> Reason:
    label = policy.params.labels[segment]
    values = {"code": "-".join(map(str, got.values())), "segment": label.title.en, "segment_zh": label.title.zh}
    if rule < 0:
        text = Text("{code} matches no row, so the default: {segment}.", "{code} 未命中任何规则，取默认：{segment_zh}。")
        return Reason("default", text, values)
    cells = policy.params.segments["rows"][rule]["when"]
    when = ", ".join(
        f"{name} {cell}" for name, cell in zip(policy.params.segments["inputs"], cells, strict=True) if str(cell) not in ("", "-")
    )
    text = Text(
        en="{code} is first matched by row {row} ({when}): {segment}.",
        zh="{code} 首先命中第 {row} 行（{when}）：{segment_zh}。",
    )
    return Reason("segment", text, {**values, "row": rule + 1, "when": when or "-"})
