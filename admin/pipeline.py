"""The pipeline of a rulebook as geometry: facts on the left, policies in the order in which they read each other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from admin.words import t

BOX, HIGH, ROW, GAP = 178.0, 44.0, 58.0, 72.0

SOURCES = {
    "orders": ("Orders", "订单"),
    "lines": ("Order lines", "订单明细"),
    "refunds": ("Refunds", "退款"),
    "contact": ("Contact", "联系"),
    "tickets": ("Tickets", "工单"),
    "profile": ("Profile", "客户资料"),
    "custom": ("Custom fields", "自定义字段"),
    "derived": ("Derived", "派生指标"),
}


@dataclass(frozen=True, slots=True)
class Node:
    """A box. kind: "src", "hit" (changed by the draft), "after" (reads what is changed), "off" (disabled), "" otherwise."""

    key: str
    title: str
    line: str
    kind: str
    x: float
    y: float
    url: str | None = None
    failing: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Boxes and wires. wires: (class, path)."""

    nodes: tuple[Node, ...]
    wires: tuple[tuple[str, str], ...]
    width: float
    height: float
    said: str


def pipeline(
    policies: Sequence[Mapping[str, Any]],
    reads: Mapping[str, Collection[str]],
    url: Callable[[str], str],
    *,
    edited: Collection[str] = (),
    around: str | None = None,
    failing: Mapping[str, str] | None = None,
) -> Pipeline:
    """Draw policies. policies: key, title, outputs, enabled. reads: by policy, names of features and outputs.

    edited: keys that the draft changes. around: only this policy, what it needs, and what needs it. failing: key to what
    failed.
    """
    if around is not None:
        policies = _around(policies, reads, around)
    keys = {str(each["key"]) for each in policies}
    above = {key: _policies(reads.get(key, ()), keys - {key}) for key in keys}
    below = {key: _sources(reads.get(key, ()), keys) for key in keys}
    layer = _layers(above)
    sources = sorted({name for names in below.values() for name in names})
    reached = _reached(set(edited) & keys, above)
    columns: list[list[str]] = [[f"*{name}" for name in sources]]
    for depth in range(max(layer.values(), default=0) + 1):
        columns.append([str(each["key"]) for each in policies if layer[str(each["key"])] == depth])
    parents = {key: [*above[key], *(f"*{name}" for name in below[key])] for key in keys}
    columns = _untangled([column for column in columns if column], parents)
    tallest = max((len(column) for column in columns), default=1)
    place = {
        key: (at * (BOX + GAP), 6 + (tallest - len(column)) * ROW / 2 + row * ROW)
        for at, column in enumerate(columns)
        for row, key in enumerate(column)
    }
    known = {str(each["key"]): each for each in policies}
    nodes = [_source(name, place[f"*{name}"], sum(name in below[key] for key in keys)) for name in sources]
    for key, each in known.items():
        kind = "off" if not each["enabled"] else "hit" if key in edited else "after" if key in reached else ""
        nodes.append(_node(each, kind, place[key], url(key), (failing or {}).get(key, "")))
    changed = set(edited) | reached
    wires = tuple(
        ("hit" if parent in changed else "", _wire(place[parent], place[key]))
        for key in known
        for parent in parents[key]
        if parent in place
    )
    width = max((x for x, _ in place.values()), default=0) + BOX
    return Pipeline(tuple(nodes), wires, width, 12 + tallest * ROW - (ROW - HIGH), _said(known, above))


def _around(policies: Sequence[Mapping[str, Any]], reads: Mapping[str, Collection[str]], key: str) -> list[Mapping[str, Any]]:
    keys = {str(each["key"]) for each in policies}
    above = {each: _policies(reads.get(each, ()), keys - {each}) for each in keys}
    needs, left = {key}, [key]
    while left:
        more = [parent for parent in above.get(left.pop(), ()) if parent not in needs]
        needs |= {*more}
        left += more
    shown = needs | _reached({key}, above)
    return [each for each in policies if each["key"] in shown]


def _policies(names: Collection[str], keys: Collection[str]) -> list[str]:
    found = (name.rstrip("?").partition(".")[0] for name in names if not name.startswith("previous."))
    return sorted({key for key in found if key in keys})


def _sources(names: Collection[str], keys: Collection[str]) -> list[str]:
    found = (name.rstrip("?").partition(".")[0] for name in names if not name.startswith("previous."))
    return sorted({source for source in found if source not in keys})


def _layers(above: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """How many policies stand before each; a cycle, which only a faulty draft has, ends the count."""
    layer = dict.fromkeys(above, 0)
    for _ in range(len(above)):
        moved = {key: max((layer[parent] + 1 for parent in parents), default=0) for key, parents in above.items()}
        if moved == layer:
            break
        layer = {key: min(depth, len(above)) for key, depth in moved.items()}
    return layer


def _reached(edited: set[str], above: Mapping[str, Sequence[str]]) -> set[str]:
    found: set[str] = set()
    while True:
        more = {key for key, parents in above.items() if {*parents} & (edited | found)} - edited - found
        if not more:
            return found
        found |= more


def _untangled(columns: list[list[str]], parents: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Each column in the order of what its boxes read; equal ones stay as they stand in the rulebook."""
    place: dict[str, float] = {}
    for column in columns:
        middle = {key: _mean([place[parent] for parent in parents.get(key, ()) if parent in place]) for key in column}
        column.sort(key=lambda key: middle[key])
        place |= {key: (row + 0.5) / len(column) for row, key in enumerate(column)}
    return columns


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.5


def _source(name: str, at: tuple[float, float], readers: int) -> Node:
    title = t(*SOURCES[name]) if name in SOURCES else name.replace("_", " ").capitalize()
    line = t("fact, read by {n}", "事实，{n} 条策略读取", n=readers)
    return Node(f"*{name}", title, line, "src", *at)


def _node(each: Mapping[str, Any], kind: str, at: tuple[float, float], url: str, failing: str) -> Node:
    words = t("disabled", "已停用") if kind == "off" else t("failed in the last run", "上次运行失败") if failing else ""
    line = words or t(", ", "、").join(each["outputs"]) or str(each["key"])
    title = str(each["title"])
    said = f"{title}: {failing or words or line}"
    return Node(str(each["key"]), _cut(title, 22), _cut(line, 30), kind, *at, url, failing, said)


def _cut(text: str, most: int) -> str:
    """What fits into a box; a Chinese character is as wide as two letters."""
    size = 0
    for at, letter in enumerate(text):
        size += 2 if ord(letter) > 0x2E80 else 1
        if size > most:
            return text[:at].rstrip() + "…"
    return text


def _wire(start: tuple[float, float], end: tuple[float, float]) -> str:
    x, y, u, v = start[0] + BOX, start[1] + HIGH / 2, end[0], end[1] + HIGH / 2
    middle = x + (u - x) / 2
    return f"M{x:.0f} {y:.0f}C{middle:.0f} {y:.0f} {middle:.0f} {v:.0f} {u:.0f} {v:.0f}"


def _said(known: Mapping[str, Mapping[str, Any]], above: Mapping[str, Sequence[str]]) -> str:
    """The picture in words, for those who do not see it."""
    parts = [
        t(
            "{policy} reads {others}",
            "{policy} 读取 {others}",
            policy=each["title"],
            others=t(" and ", "和").join(str(known[k]["title"]) for k in above[key]),
        )
        for key, each in known.items()
        if above[key]
    ]
    return t("; ", "；").join(parts) or t("{n} policies, none reads another", "{n} 条策略，互不读取", n=len(known))
