"""Say in words what a condition or a row of a table found: the comparisons that decided, each with the value it met."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.kinds import shown
from engine.policy import Text

LONGEST = 8
"""Comparisons that are said; a condition of fifty explains nobody anything."""

_OPS: Mapping[str, Text] = {
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


def condition_words(tree: Mapping[str, Any]) -> Text:
    """The leaves that decided a tree of `Condition.explain`."""
    return _joined(_leaf_words(leaf) for leaf in _deciding(tree))


def row_words(explained: Mapping[str, Any]) -> Text:
    """The cells of the deciding row of `DecisionTable.explain`; those that match anything are left out."""
    row = explained["decided_by"]
    if row is None:
        return Text("", "")
    cells = explained["rows"][row - 1]["cells"]
    return _joined(_found(cell["input"], cell["found"], Text(cell["test"], cell["test"]), True) for cell in cells if cell["test"] != "-")


def _deciding(node: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """True of all and false of any rest on every part, everything else on the first part that has the verdict."""
    if "items" not in node:
        yield node
        return
    same = [item for item in node["items"] if node["op"] == "not" or item["verdict"] == node["verdict"]]
    every = node["op"] == "not" or node["verdict"] is (node["op"] == "all")
    for item in same if every else same[:1]:
        yield from _deciding(item)


def _leaf_words(leaf: Mapping[str, Any]) -> Text:
    op, bound, other = _OPS[leaf["op"]], leaf["bound"], leaf.get("other")
    value = "" if leaf["op"] in ("is_missing", "is_present") else " " + (f"{other} ({_shown(bound)})" if other else _shown(bound))
    days = leaf.get("days")
    near = Text("", "") if days is None else Text(f" ± {days} days", f" ± {days} 天")
    return _found(leaf["feature"], leaf["found"], Text(f"{op.en}{value}{near.en}", f"{op.zh}{value}{near.zh}"), leaf["verdict"])


def _found(name: str, found: Any, test: Text, verdict: bool | None) -> Text:
    met = Text(f"{name} is missing", f"{name} 缺失") if found is None else Text(f"{name} = {_shown(found)}", f"{name} = {_shown(found)}")
    if verdict is None:
        return Text(f"{met.en} ({test.en} cannot be told)", f"{met.zh}（无法判断是否 {test.zh}）")
    if verdict:
        return Text(f"{met.en} ({test.en})", f"{met.zh}（{test.zh}）")
    return Text(f"{met.en} (not {test.en})", f"{met.zh}（非 {test.zh}）")


def _joined(words: Iterable[Text]) -> Text:
    said = list(words)
    more = len(said) - LONGEST
    tail = Text(f", and {more} more", f"等 {more} 项") if more > 0 else Text("", "")
    return Text(", ".join(word.en for word in said[:LONGEST]) + tail.en, "、".join(word.zh for word in said[:LONGEST]) + tail.zh)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        few = ", ".join(map(_shown, value[:5]))
        return few if len(value) <= 5 else f"{few}, …"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,}"
    return shown(value)[1:-1] if isinstance(value, str) else shown(value)
