"""Why a customer is in its lifecycle stage, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine import Reason, Text, bands

if TYPE_CHECKING:
    from plugins.lifecycle.policy import Lifecycle


def explain(policy: Lifecycle, stage: str, seen: Mapping[str, float], interval: float | None, *, own: bool) -> list[Reason]:
    """Name what decided, the strongest first.

    seen: recency, tenure, gap and count of the customer. interval: its expected interval in rhythm mode; `own`: whether
    that is its own and not the population's.
    """
    if stage == "prospect":
        return [Reason("no_order", Text("No order yet.", "尚无订单。"))]
    reasons = [_silence(policy, seen["recency"], interval, own=own)]
    if stage == "new":
        reasons.insert(0, _new(seen["tenure"], policy.params.new_days))
    if stage == "reactivated":
        reasons.insert(0, _won_back(seen["gap"], policy.won_back_limit * (interval or 1)))
    if stage in ("loyal", "active"):
        reasons.append(_count(seen["count"], policy.params.loyal_orders, policy.params.loyal_window_days))
    return reasons


def _silence(policy: Lifecycle, recency: float, interval: float | None, *, own: bool) -> Reason:
    days = _tidy(recency)
    silence = recency / interval if interval else recency
    within = bands.words(*bands.interval(policy.limits, 1 + sum(silence > limit for limit in policy.limits)))
    if interval is None:
        text = Text(
            f"The last order was {{days}} {_days(recency)} ago: {within.en} days.", f"最近一次下单距今 {{days}} 天：{within.zh}天。"
        )
        return Reason("silence", text, {"days": days})
    whose = Text("its own", "客户自身的") if own else Text("the population's", "总体的")
    text = Text(
        en=f"The last order was {{days}} {_days(recency)} ago, {{times}} × {whose.en} expected interval of {{interval}} days: {within.en} ×.",
        zh=f"最近一次下单距今 {{days}} 天，为{whose.zh}预期间隔 {{interval}} 天的 {{times}} 倍：{within.zh}倍。",
    )
    return Reason("silence", text, {"days": days, "times": _tidy(silence), "interval": _tidy(interval), "own": own})


def _new(tenure: float, limit: int) -> Reason:
    text = Text(f"The first order was {{days}} {_days(tenure)} ago, within {{limit}} days.", "首单距今 {days} 天，在 {limit} 天以内。")
    return Reason("first_order", text, {"days": _tidy(tenure), "limit": limit})


def _won_back(gap: float, limit: float) -> Reason:
    text = Text(
        "Before the last order it was silent for {days} days, more than {limit} days.",
        "最近一单之前沉默了 {days} 天，超过 {limit} 天。",
    )
    return Reason("gap", text, {"days": _tidy(gap), "limit": _tidy(limit)})


def _count(count: float, needed: int, window: int | None) -> Reason:
    span = Text("in all", "累计") if window is None else Text("in {window} days", "{window} 天内")
    verdict = Text("at least", "达到") if count >= needed else Text("fewer than", "少于")
    text = Text(
        f"{{orders}} {'order' if count == 1 else 'orders'} {span.en}, {verdict.en} the {{needed}} of a loyal customer.",
        f"{span.zh}有 {{orders}} 笔订单，{verdict.zh}忠诚客户所需的 {{needed}} 笔。",
    )
    values: dict[str, Any] = {"orders": _tidy(count), "needed": needed}
    return Reason("orders", text, values if window is None else {**values, "window": window})


def _days(number: float) -> str:
    return "day" if number == 1 else "days"


def _tidy(number: float) -> int | float:
    """Whole numbers as such, others to two decimals."""
    return int(number) if number == int(number) else round(number, 2)
