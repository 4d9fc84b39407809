"""What stands in documents, in words and both languages: values, titles, conditions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from engine.policy import Text
from engine.wording import UNITS, Words

LONGEST = 120
"""Characters of a value that is said; the document has the rest."""
MOST_LEAVES = 12
"""Comparisons of a condition that are said."""

ENGLISH, CHINESE = Words("en"), Words("zh")

_OPS: Mapping[str, Text] = {
    "=": Text("=", "="),
    "!=": Text("≠", "≠"),
    "<": Text("<", "<"),
    "<=": Text("≤", "≤"),
    ">": Text(">", ">"),
    ">=": Text("≥", "≥"),
    "in": Text("is one of", "属于"),
    "not_in": Text("is none of", "不属于"),
    "between": Text("is between", "介于"),
    "contains": Text("contains", "包含"),
    "starts_with": Text("begins with", "开头为"),
    "is_missing": Text("is missing", "缺失"),
    "is_present": Text("is present", "有值"),
    "within_days_of": Text("is near", "接近"),
}


def same(text: str) -> Text:
    """A text that is the same in both languages."""
    return Text(text, text)


def joined(parts: Sequence[Text], en: str = ", ", zh: str = "、") -> Text:
    """Several texts, one after the other."""
    return Text(en.join(part.en for part in parts), zh.join(part.zh for part in parts))


def said(head: Text, what: Text) -> Text:
    """A heading and what is said under it."""
    return Text(f"{head.en}: {what.en}", f"{head.zh}：{what.zh}")


def arrow(was: Text, now: Text) -> Text:
    """From one thing to another."""
    return Text(f"{was.en} → {now.en}", f"{was.zh} → {now.zh}")


def title_text(value: Any) -> Text | None:
    """A title of a document: {"en": ..., "zh": ...}."""
    if isinstance(value, Mapping) and set(value) == {"en", "zh"} and all(isinstance(text, str) for text in value.values()):
        return Text(value["en"], value["zh"])
    return None


def value_text(value: Any, unit: str = "", currency: str = "") -> Text:
    """A value as it is said: numbers with thousands and their unit, shares in percent, labels by title; others as JSON."""
    if value is None:
        return Text("none", "无")
    if isinstance(value, bool):
        return Text("yes", "是") if value else Text("no", "否")
    if isinstance(value, int | float):
        return _number(value, unit, currency)
    if isinstance(value, str):
        return same(_short(value) if value.strip() else json.dumps(value))
    title = title_text(value)
    if title is not None:
        return Text(f"“{_short(title.en)}”", f"“{_short(title.zh)}”")
    if isinstance(value, list) and value and all(not isinstance(item, Mapping | list) for item in value):
        shown = [value_text(item, unit if unit == "share" else "") for item in value[:20]]
        more = len(value) - len(shown)
        return joined([*shown, Text(f"and {more} more", f"等 {len(value)} 项")] if more else shown)
    if isinstance(value, Mapping) and is_condition(value):
        return condition_text(value)
    if isinstance(value, Mapping) and isinstance(value.get("key"), str):
        return same(value["key"])
    if isinstance(value, list) and value and all(isinstance(item, Mapping) and isinstance(item.get("key"), str) for item in value):
        return joined([same(item["key"]) for item in value[:20]])
    return same(_short(json.dumps(value, ensure_ascii=False)))


def _number(value: int | float, unit: str, currency: str) -> Text:
    if unit == "share":
        return same(f"{round(value * 100, 6):g}%")
    number = f"{value:,}" if isinstance(value, int) else f"{value:,.10f}".rstrip("0").rstrip(".")
    if unit == "money":
        return same(f"{number} {currency}".strip())
    if not unit:
        return same(number)
    words = UNITS.get(unit, same(unit))
    return Text(f"{number} {words.en.removesuffix('s') if value == 1 else words.en}", f"{number} {words.zh}")


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def is_condition(value: Any) -> bool:
    """Whether an object is the document of a condition."""
    return isinstance(value, Mapping) and (set(value) in ({"all"}, {"any"}, {"not"}) or {"feature", "op"} <= set(value))


def condition_text(document: Any) -> Text:
    """A condition in words; of a long one the first comparisons."""
    count = [0]
    found = _node(document, count, top=True)
    more = count[0] - MOST_LEAVES
    return Text(f"{found.en} … ({more} more)", f"{found.zh} ……（另有 {more} 项）") if more > 0 else found


def _node(node: Any, count: list[int], *, top: bool = False) -> Text:
    if not is_condition(node):
        return same(_short(json.dumps(node, ensure_ascii=False)))
    if "not" in node:
        inner = _node(node["not"], count, top=True)
        return Text(f"not ({inner.en})", f"非（{inner.zh}）")
    for kind, en, zh in (("all", " and ", " 且 "), ("any", " or ", " 或 ")):
        if kind in node and isinstance(node[kind], list):
            parts = [part for item in node[kind] if (part := _node(item, count)).en]
            inner = joined(parts, en, zh)
            if not parts and not node[kind]:
                return Text(f"{kind} of nothing", "空条件")
            return inner if top or len(parts) < 2 else Text(f"({inner.en})", f"（{inner.zh}）")
    count[0] += 1
    return leaf_text(node) if count[0] <= MOST_LEAVES else same("")


def leaf_text(leaf: Mapping[str, Any]) -> Text:
    """A comparison in words: "orders.count ≥ 4", "profile.region is one of North, South"."""
    op = _OPS.get(str(leaf.get("op")), same(str(leaf.get("op"))))
    feature = str(leaf.get("feature"))
    bound = same("")
    if "other" in leaf:
        bound = same(f" {leaf['other']}")
    elif "value" in leaf:
        value = value_text(leaf["value"])
        if leaf.get("op") == "between" and isinstance(leaf["value"], list) and len(leaf["value"]) == 2:
            low, high = (value_text(each) for each in leaf["value"])
            value = Text(f"{low.en} and {high.en}", f"{low.zh} 与 {high.zh}")
        bound = Text(f" {value.en}", f" {value.zh}")
    days = leaf.get("days")
    near = same("") if days is None else Text(f" (within {days} days)", f"（相差 {days} 天内）")
    return Text(f"{feature} {op.en}{bound.en}{near.en}", f"{feature} {op.zh}{bound.zh}{near.zh}")


def condition_change(was: Any, now: Any) -> list[Text]:
    """What changed from one condition to another: single comparisons where both are lists of them, else both in full."""
    kinds = ("all", "any")
    kind = next((each for each in kinds if is_condition(was) and is_condition(now) and set(was) == set(now) == {each}), None)
    if kind is not None and isinstance(was[kind], list) and isinstance(now[kind], list):
        gone = [item for item in was[kind] if item not in now[kind]]
        came = [item for item in now[kind] if item not in was[kind]]
        if 0 < len(gone) + len(came) <= MOST_LEAVES and (len(gone), len(came)) != (len(was[kind]), len(now[kind])):
            return _parts(gone, came)
    full = arrow(condition_text(was), condition_text(now))
    if full.en.partition(" → ")[0] != full.en.rpartition(" → ")[2]:
        return [full]
    return [Text(f"changed beyond the first comparisons: {full.en}", f"前几项之后有变化：{full.zh}")]


def _parts(gone: Sequence[Any], came: Sequence[Any]) -> list[Text]:
    found, rest = [], list(came)
    for item in gone:
        twin = next((new for new in rest if _about(new) is not None and _about(new) == _about(item)), None)
        was = condition_text(item)
        if twin is None:
            found.append(Text(f"no longer {was.en}", f"不再要求 {was.zh}"))
        else:
            rest.remove(twin)
            found.append(arrow(was, condition_text(twin)))
    return found + [Text(f"new: {words.en}", f"新增 {words.zh}") for words in map(condition_text, rest)]


def _about(item: Any) -> Any:
    return item.get("feature") if isinstance(item, Mapping) else None
