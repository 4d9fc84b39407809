"""Put values and reasons into words, in either language: numbers with their unit, labels by title, sentences filled in."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.catalogue import Feature
from engine.policy import Output, Reason, Text
from engine.rulebook import Rulebook
from engine.run import Outcome, Withholding

_NAME = re.compile(r"\{(\w+)\}")

UNITS = {
    "days": Text("days", "天"),
    "items": Text("items", "件"),
    "lines": Text("lines", "行"),
    "orders": Text("orders", "单"),
    "points": Text("points", "分"),
    "products": Text("products", "种"),
    "refunds": Text("refunds", "次"),
    "years": Text("years", "岁"),
}
"""Units of the catalogue in words; another unit is written as it stands, "money" as the business currency."""


@dataclass(frozen=True, slots=True)
class Words:
    """How a store writes: language ("en" or "zh"), currency, and its digits after the point."""

    language: str
    currency: str = ""
    minor_digits: int = 2

    def pick(self, en: str, zh: str) -> str:
        """One of two texts."""
        return zh if self.language.startswith("zh") else en

    def of(self, text: Text) -> str:
        """A text in this language."""
        return text.in_(self.language)

    def unit(self, unit: str) -> str:
        """A unit in words."""
        if unit == "money":
            return self.currency
        return self.of(UNITS[unit]) if unit in UNITS else unit

    def number(self, value: float, decimals: int | None = None) -> str:
        """A number with thousands separated; decimals: how many, None for as many as it has, at most 4."""
        if decimals is not None:
            return f"{value:,.{decimals}f}"
        if isinstance(value, int) or (math.isfinite(value) and value == int(value)):
            return f"{int(value):,}"
        return f"{value:,.4f}".rstrip("0").rstrip(".")

    def value(self, value: Any, *, feature: Feature | None = None, output: Output | None = None) -> str:
        """A value of a feature or an output, without its unit."""
        if value is None:
            return self.pick("missing", "缺失")
        if isinstance(value, bool):
            return self.pick("yes", "是") if value else self.pick("no", "否")
        if isinstance(value, list):
            return self.pick(", ", "、").join(self.value(each, output=output) for each in value) or self.pick("none", "无")
        if isinstance(value, str):
            title = next((label.title for label in output.labels if label.key == value), None) if output else None
            return self.of(title) if title else value
        if isinstance(value, dt.date):
            return value.isoformat()
        return self.number(value, self._decimals(feature, output))

    def _decimals(self, feature: Feature | None, output: Output | None) -> int | None:
        if feature is not None and feature.dtype == "amount":
            return self.minor_digits
        return self.minor_digits if output is not None and output.kind == "amount" else None

    def with_unit(self, value: Any, feature: Feature) -> str:
        """A value of a feature with its unit: "42 days", "4,210.00 CNY", "42 天"."""
        text = self.value(value, feature=feature)
        unit = self.unit(feature.unit)
        if value == 1 and feature.unit in UNITS and not self.language.startswith("zh"):
            unit = unit.removesuffix("s")
        return f"{text} {unit}" if unit and value is not None else text

    def reason(self, reason: Reason) -> str:
        """A reason with its values filled in. Only {names} are replaced: a template is not a program."""
        values: Mapping[str, Any] = reason.values or {}

        def fill(match: re.Match[str]) -> str:
            name = match[1]
            if name not in values:
                return match[0]
            value = values[name]
            return self.number(value) if isinstance(value, int | float) and not isinstance(value, bool) else self.value(value)

        return _NAME.sub(fill, self.of(reason.text))


def withheld_words(outcome: Outcome, key: str, row: int, rulebook: Rulebook, words: Words) -> str | None:
    """Why a policy has no outcome for a row, the whole chain of reasons; None when it has one."""
    policy = outcome.policies[key]
    if policy.fault:
        return words.pick(f"failed: {policy.fault}", f"策略故障：{policy.fault}")
    if policy.stale_because:
        return words.pick(f"needs {policy.stale_because}, which failed", f"依赖的 {policy.stale_because} 发生故障")
    if policy.reason is None or policy.reason[row] < 0:
        return None
    return words.of(reason_text(outcome.reasons[policy.reason[row]], outcome.reasons, rulebook))


def reason_text(why: Withholding, reasons: Sequence[Withholding], rulebook: Rulebook) -> Text:
    """A reason of withholding in both languages. reasons: all of the run, in which the chain behind an input is found."""
    match why.kind:
        case "not graded":
            return Text(f"not graded: {why.detail}", f"不参与分级：{why.detail}")
        case "population":
            return Text(f"outside the population of {why.policy}", f"不在 {why.policy} 的适用范围内")
        case "missing":
            return Text(f"missing: {why.name}", f"缺少：{why.name}")
        case "upstream":
            key = why.name.partition(".")[0]
            first = next((other for other in reasons if other.policy == key and str(other) == why.detail), None)
            chain = reason_text(first, reasons, rulebook) if first else Text(why.detail, why.detail)
            return Text(f"{why.name}: {chain.en}", f"{why.name}：{chain.zh}")
        case "plugin":
            own = next((reason for reason in rulebook.entry(why.policy).policy.reasons() if reason.key == why.name), None)
            return own.text if own else Text(why.detail or why.name, why.detail or why.name)
        case "nobody":
            return Text("nobody to learn from", "没有可供学习的客户")
    return Text(f"{why.policy} gave no value", f"{why.policy} 未给出结果")
