"""Put values and reasons into words, in either language: numbers with their unit, labels by title, sentences filled in."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.catalogue import Feature
from engine.naming import Naming
from engine.policy import Output, Reason, Text
from engine.quantities import Comparisons, Interval, Measured, Named
from engine.rule_words import said
from engine.rulebook import Rulebook
from engine.run import Outcome, Withholding

_NAME = re.compile(r"\{(\w+)\}")

UNITS = {
    "days": Text("days", "天"),
    "hours": Text("hours", "小时"),
    "items": Text("items", "件"),
    "lines": Text("lines", "行"),
    "minutes": Text("minutes", "分钟"),
    "orders": Text("orders", "单"),
    "points": Text("points", "分"),
    "products": Text("products", "种"),
    "refunds": Text("refunds", "次"),
    "years": Text("years", "岁"),
}
"""Units of the catalogue in words; another unit is written as it stands, "money" as the business currency."""

COUNTED = frozenset({"items", "lines", "orders", "products", "refunds"})
"""Units that a title says already: "Orders = 7" needs no "orders"."""


@dataclass(frozen=True, slots=True)
class Words:
    """How a store writes: language ("en" or "zh"), currency, its digits after the point, and what features are called."""

    language: str
    currency: str = ""
    minor_digits: int = 2
    naming: Naming | None = None

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
            return self.part(values[name])

        return _NAME.sub(fill, self.of(reason.text))

    def part(self, value: Any) -> str:
        """A value of a reason, in words: what rules found, a number of a feature with its unit, a title, anything plain."""
        match value:
            case Comparisons():
                return said(value, self)
            case Measured():
                return self.shown(value.of, value.value, unit=value.unit, counted=True)
            case Interval():
                return self.interval(value)
            case Named():
                return self.title(value.of)
            case Text():
                return self.of(value)
            case bool():
                return self.value(value)
            case int() | float():
                return self.number(value)
        return self.value(value)

    def title(self, name: str) -> str:
        """What a feature or an output is called."""
        return self.of(self.naming.of(name).title) if self.naming else name

    def shown(self, name: str, value: Any, *, unit: bool = True, counted: bool = False) -> str:
        """A value of a feature or an output by its name, with its unit. counted: also where the unit is what is counted."""
        declared = self.naming.of(name) if self.naming else None
        if declared is None:
            return self.value(value)
        if declared.output is not None or declared.feature is None:
            text = self.value(value, output=declared.output)
            money = declared.output is not None and declared.output.kind == "amount" and value is not None
            return f"{text} {self.currency}" if unit and money and self.currency else text
        if not unit or isinstance(value, str) or (declared.feature.unit in COUNTED and not counted):
            return self.value(value, feature=declared.feature)
        return self.with_unit(value, declared.feature)

    def interval(self, given: Interval) -> str:
        """More than one number, up to another: the unit is said once."""
        low = None if given.above is None else self.shown(given.of, given.above, unit=given.up_to is None)
        high = None if given.up_to is None else self.shown(given.of, given.up_to)
        if low is None:
            return self.pick("any value", "任意值") if high is None else self.pick(f"up to {high}", f"不超过 {high}")
        if high is None:
            return self.pick(f"more than {low}", f"超过 {low}")
        return self.pick(f"more than {low}, up to {high}", f"超过 {low}，不超过 {high}")


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


def reason_text(why: Withholding, reasons: Sequence[Withholding], rulebook: Rulebook | None) -> Text:
    """A reason of withholding in both languages. reasons: all of the run, in which the chain behind an input is found.

    rulebook: whose titles are said; without one, names are.
    """
    match why.kind:
        case "not graded":
            return Text(f"not graded: {why.detail}", f"不参与分级：{why.detail}")
        case "population":
            title = _policy_title(why.policy, rulebook)
            return Text(f"outside the population of {title.en}", f"不在 {title.zh} 的适用范围内")
        case "missing":
            return _missing(why.name, rulebook)
        case "upstream":
            key = why.name.partition(".")[0]
            first = next((other for other in reasons if other.policy == key and str(other) == why.detail), None)
            chain = reason_text(first, reasons, rulebook) if first else Text(why.detail, why.detail)
            title = _title(why.name, rulebook)
            return Text(f"{title.en}: {chain.en}", f"{title.zh}：{chain.zh}")
        case "plugin":
            return _own_reason(why, rulebook)
        case "nobody":
            return Text("nobody to learn from", "没有可供学习的客户")
    title = _policy_title(why.policy, rulebook)
    return Text(f"{title.en} gave no value", f"{title.zh} 未给出结果")


def _own_reason(why: Withholding, rulebook: Rulebook | None) -> Text:
    """A reason that the policy type declares; one that names a missing feature says its title."""
    declared = rulebook.entry(why.policy).policy.reasons() if rulebook else ()
    own = next((reason for reason in declared if reason.key == why.name), None)
    if own is None:
        return Text(why.detail or why.name, why.detail or why.name)
    lacking = (own.values or {}).get("missing")
    return _missing(lacking.of, rulebook) if isinstance(lacking, Named) else own.text


def _missing(name: str, rulebook: Rulebook | None) -> Text:
    title = _title(name, rulebook)
    return Text(f"missing: {title.en}", f"缺少：{title.zh}")


def _title(name: str, rulebook: Rulebook | None) -> Text:
    return Naming(rulebook).of(name).title if rulebook else Text(name, name)


def _policy_title(key: str, rulebook: Rulebook | None) -> Text:
    found = next((entry.title for entry in rulebook.entries if entry.key == key), None) if rulebook else None
    return found or Text(key, key)
