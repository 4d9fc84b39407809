"""Say in words what a condition or a row of a table found: the comparisons that decided, each with the value it met.

Without a store there are no titles: features are then called by their names. `engine.wording.Words` speaks with titles,
units and labels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from engine.kinds import shown
from engine.policy import Text
from engine.quantities import Comparison, Comparisons, of_condition, of_row

LONGEST = 8
"""Comparisons that are said; a condition of fifty explains nobody anything."""

FEW = 5
"""Values of a list that are said."""

OPS: Mapping[str, Text] = {
    "=": Text("=", "="),
    "!=": Text("≠", "≠"),
    "<": Text("<", "<"),
    "<=": Text("≤", "≤"),
    ">": Text(">", ">"),
    ">=": Text("≥", "≥"),
    "in": Text("one of", "属于"),
    "not_in": Text("none of", "不属于"),
    "between": Text("between", "介于"),
    "contains": Text("containing", "包含"),
    "starts_with": Text("beginning with", "开头为"),
    "is_missing": Text("missing", "缺失"),
    "is_present": Text("present", "有值"),
    "within_days_of": Text("near", "相近于"),
}

_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"|(?<![\w.])(-?\d+(?:\.\d+)?)(?![\w-])|(<=|>=|!=)')


class Speaker(Protocol):
    """One language, and how it calls features and writes their values."""

    def pick(self, en: str, zh: str) -> str:
        """One of two texts."""

    def title(self, name: str) -> str:
        """What a feature or an output is called."""

    def shown(self, name: str, value: Any) -> str:
        """A value of a feature or an output, in words."""


@dataclass(frozen=True, slots=True)
class Plain:
    """Speaks without a catalogue: by names, values as they are."""

    language: str

    def pick(self, en: str, zh: str) -> str:
        """One of two texts."""
        return zh if self.language == "zh" else en

    def title(self, name: str) -> str:
        """The name itself."""
        return name

    def shown(self, name: str, value: Any) -> str:
        """A value without unit."""
        if isinstance(value, int | float) and not isinstance(value, bool):
            return f"{value:,}"
        return shown(value)[1:-1] if isinstance(value, str) else shown(value)


def condition_words(tree: Mapping[str, Any]) -> Text:
    """The leaves that decided a tree of `Condition.explain`."""
    return _both(of_condition(tree))


def row_words(explained: Mapping[str, Any]) -> Text:
    """The cells of the deciding row of `DecisionTable.explain`; those that match anything are left out."""
    return _both(of_row(explained))


def _both(comparisons: Comparisons) -> Text:
    return Text(said(comparisons, Plain("en")), said(comparisons, Plain("zh")))


def said(comparisons: Comparisons, speaker: Speaker) -> str:
    """Comparisons as one part of a sentence."""
    words = [_comparison(each, speaker) for each in comparisons.items[:LONGEST]]
    more = len(comparisons.items) - LONGEST
    tail = speaker.pick(f", and {more} more", f"等 {more} 项") if more > 0 else ""
    return speaker.pick(", ", "、").join(words) + tail


def met(name: str, value: Any, speaker: Speaker) -> str:
    """A feature with the value found: "Orders = 7", "Age is missing"."""
    title = speaker.title(name)
    if value is None:
        return speaker.pick(f"{title} is missing", f"{title} 缺失")
    return f"{title} = {speaker.shown(name, value)}"


def wanted(each: Comparison, speaker: Speaker) -> str:
    """What a comparison asks for: "≥ 5", "one of north, west", "[1..9]"."""
    if not each.op:
        return cell_words(each.name, each.test, speaker)
    op = OPS[each.op]
    parts = [speaker.pick(op.en, op.zh)]
    if each.op not in ("is_missing", "is_present"):
        bound = _bound(each, speaker)
        parts.append(
            speaker.pick(f"{speaker.title(each.other)} ({bound})", f"{speaker.title(each.other)}（{bound}）") if each.other else bound
        )
    if each.days is not None:
        parts.append(speaker.pick(f"± {each.days} days", f"± {each.days} 天"))
    return " ".join(parts)


def _comparison(each: Comparison, speaker: Speaker) -> str:
    found, test = met(each.name, each.found, speaker), wanted(each, speaker)
    if each.verdict is None:
        return speaker.pick(f"{found} ({test} cannot be told)", f"{found}（无法判断是否 {test}）")
    if each.verdict:
        return speaker.pick(f"{found} ({test})", f"{found}（{test}）")
    return speaker.pick(f"{found} (not {test})", f"{found}（非 {test}）")


def _bound(each: Comparison, speaker: Speaker) -> str:
    if each.bound is None:
        return speaker.pick("missing", "缺失")
    if not isinstance(each.bound, list):
        return speaker.shown(each.other or each.name, each.bound)
    values = [speaker.shown(each.name, value) for value in each.bound[:FEW]]
    if each.op == "between":
        return speaker.pick(" and ", " 与 ").join(values)
    return speaker.pick(", ", "、").join(values) + (speaker.pick(", …", "……") if len(each.bound) > FEW else "")


def cell_words(name: str, test: str, speaker: Speaker) -> str:
    """A cell with its labels by title and its numbers as people write them; its signs stay."""
    signs = {"<=": "≤", ">=": "≥", "!=": "≠"}
    if isinstance(speaker, Plain):
        return test

    def written(found: re.Match[str]) -> str:
        if found[3]:
            return signs[found[3]]
        return speaker.shown(name, found[1].replace('\\"', '"') if found[1] is not None else float(found[2]))

    return _LITERAL.sub(written, test)
