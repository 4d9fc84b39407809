"""Divide the change of labels between two runs into its causes, adding up to the customer. No database.

Each customer walks a path of labels: the one that the first run gave, then the one it would have after each cause, then
the one that the second run gave. A part of the change is what happens on its stretch of the path, so that the parts
add up whatever the stretches are; `engine.dividing` says which they are, and docs/explanation/division.md why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.columns import Array, Flags
from engine.policy import Label, Text
from engine.simulate import NO_VALUE

PARTS: Mapping[str, Text] = {
    "left": Text("customers who left", "离开的客户"),
    "entered": Text("new customers", "新增客户"),
    "corrections": Text("corrections", "更正"),
    "time": Text("time", "时间"),
    "holds": Text("damping and fixed values", "缓变与手工固定"),
    "facts": Text("new facts", "新事实"),
    "undivided": Text("facts not divided", "未拆分的事实"),
    "thresholds": Text("thresholds", "阈值"),
    "rules": Text("rules", "规则"),
    "program": Text("program", "程序"),
}
"""The causes, in the order in which they are told."""

USUAL = ("corrections", "time", "facts", "thresholds", "rules")
"""Causes that are always told, also where they moved nobody; the others only where they did."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """A piece of every customer's path: what caused it, and the position of the label after it, by customer.

    apart, other: customers whose move on this stretch has the cause `other` instead.
    """

    part: str
    codes: Array
    apart: Flags | None = None
    other: str = ""


@dataclass(frozen=True, eq=False)
class OutputDivision:
    """How one label or flag output changed between two runs, and why.

    keys: the labels of both runs, best first, then `NO_VALUE`. before, after: customers per key. parts: by cause, how
    many customers each key gained less lost. flows: by cause, customers from key (row) to key (column).
    """

    address: str
    kind: str
    keys: tuple[str, ...]
    before: Array
    after: Array
    parts: Mapping[str, Array]
    flows: Mapping[str, Array]
    labels: tuple[Label, ...] = ()

    @property
    def told(self) -> list[str]:
        """The causes to tell: the usual ones, and whatever else moved anybody."""
        return [part for part in PARTS if part in USUAL or (part in self.parts and bool(self.moves(part)))]

    def moves(self, part: str) -> int:
        """How many customers a cause moves; one that is moved back by another cause counts for both."""
        if part in ("left", "entered"):
            return int(np.abs(self.parts[part]).sum())
        return int(self.flows[part].sum()) if part in self.flows else 0

    def of(self, key: str) -> dict[str, int]:
        """The parts of one label's change, by cause."""
        at = self.keys.index(key)
        return {part: int(self.parts[part][at]) if part in self.parts else 0 for part in self.told}

    def sentence(self, key: str) -> Text:
        """Why a label grew or shrank, in one line."""
        at = self.keys.index(key)
        before, after = int(self.before[at]), int(self.after[at])
        title = self.title(key)
        pieces = [(PARTS[part], signed(count)) for part, count in self.of(key).items()]
        en = ", ".join(f"{name.en} {count}" for name, count in pieces)
        zh = "，".join(f"{name.zh} {count}" for name, count in pieces)
        change = signed(after - before)
        return Text(f"{title.en}: {before:,} → {after:,} ({change}): {en}", f"{title.zh}：{before:,} → {after:,}（{change}）：{zh}")

    def title(self, key: str) -> Text:
        """The title of a label; of none, that there is none."""
        if key == NO_VALUE:
            return Text("no value", "无结果")
        if self.kind == "flag":
            return Text("yes", "是") if key == "true" else Text("no", "否")
        return next((label.title for label in self.labels if label.key == key), Text(key, key))

    def as_dict(self) -> dict[str, Any]:
        """Every figure as plain objects."""
        return {
            "keys": list(self.keys),
            "before": self.before.tolist(),
            "after": self.after.tolist(),
            "parts": {part: self.parts[part].tolist() for part in PARTS if part in self.parts},
            "flows": {part: self.flows[part].tolist() for part in PARTS if part in self.flows},
        }


@dataclass(frozen=True, slots=True)
class Walk:
    """The path of one customer in one output: (cause, was, now) of each stretch on which its label moves."""

    address: str
    moves: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Walker:
    """A customer whose labels differ between the runs, with the path of each; amount: its revenue, minor units."""

    customer_id: int
    amount: int
    walks: tuple[Walk, ...]
    external_id: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """The labels of the customers that are in both runs, as positions in `keys` (the last is none)."""

    address: str
    kind: str
    keys: tuple[str, ...]
    start: Array
    stretches: Sequence[Stretch]
    left: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    entered: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    labels: tuple[Label, ...] = ()

    @property
    def end(self) -> Array:
        """What the second run gave."""
        return self.stretches[-1].codes if self.stretches else self.start

    def walk(self, row: int) -> Walk:
        """The path of one customer."""
        moves = []
        was = int(self.start[row])
        for stretch in self.stretches:
            now = int(stretch.codes[row])
            if now != was:
                part = stretch.other if stretch.apart is not None and bool(stretch.apart[row]) else stretch.part
                moves.append((part, self.keys[was], self.keys[now]))
            was = now
        return Walk(self.address, tuple(moves))


@dataclass(frozen=True, slots=True)
class Division:
    """Why the labels of one run are not those of an earlier one.

    outputs: by address. undivided_outputs: addresses that cannot be divided, with the reason. undivided: customers
    whose facts changed after the second run. walkers: those whose labels differ, the largest revenue first.
    """

    first: int
    second: int
    first_as_of: int
    second_as_of: int
    outputs: Mapping[str, OutputDivision]
    undivided_outputs: Mapping[str, str]
    undivided: int
    customers: int
    walkers: list[Walker] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Every figure as plain objects: the keys that the reference page lists."""
        return {
            "first": self.first,
            "second": self.second,
            "first_as_of": self.first_as_of,
            "second_as_of": self.second_as_of,
            "customers": self.customers,
            "undivided": self.undivided,
            "outputs": {address: one.as_dict() for address, one in self.outputs.items()},
            "undivided_outputs": dict(self.undivided_outputs),
            "walkers": [
                {
                    "customer": walker.external_id,
                    "amount": walker.amount,
                    "walks": {walk.address: [list(move) for move in walk.moves] for walk in walker.walks},
                }
                for walker in self.walkers
            ],
        }


def divide(path: Path) -> OutputDivision:
    """Count a path stretch by stretch.

    left, entered of the path: the labels of customers that only the first, only the second run has.
    """
    size = len(path.keys)
    parts: dict[str, Array] = {}
    flows: dict[str, Array] = {}
    was = path.start
    for stretch in path.stretches:
        if stretch.apart is None:
            _count(stretch.part, was, stretch.codes, size, parts, flows)
        else:
            apart, rest = np.flatnonzero(stretch.apart), np.flatnonzero(~stretch.apart)
            _count(stretch.part, was[rest], stretch.codes[rest], size, parts, flows)
            _count(stretch.other, was[apart], stretch.codes[apart], size, parts, flows)
        was = stretch.codes
    left, entered = (np.bincount(codes, minlength=size) for codes in (path.left, path.entered))
    parts["left"], parts["entered"] = -left, entered
    before = np.bincount(path.start, minlength=size) + left
    after = np.bincount(path.end, minlength=size) + entered
    return OutputDivision(path.address, path.kind, path.keys, before, after, parts, flows, path.labels)


def _count(part: str, was: Array, now: Array, size: int, parts: dict[str, Array], flows: dict[str, Array]) -> None:
    moved = was != now
    pair = was[moved].astype(np.int64) * size + now[moved]
    flow = np.bincount(pair, minlength=size * size).reshape(size, size)
    flows[part] = flows[part] + flow if part in flows else flow
    change = flow.sum(axis=0) - flow.sum(axis=1)
    parts[part] = parts[part] + change if part in parts else change


def walkers(paths: Sequence[Path], customers: Array, amount: Array, most: int, seen: Flags | None = None) -> list[Walker]:
    """The customers whose labels differ between the runs, the largest revenue first; rows as in the paths. seen: who may be named."""
    anyone = np.zeros(len(customers), dtype=bool)
    for path in paths:
        anyone |= path.start != path.end
    if seen is not None:
        anyone &= seen
    rows = np.flatnonzero(anyone)
    rows = rows[np.lexsort((customers[rows], -amount[rows]))][:most]
    found = []
    for row in rows.tolist():
        walks = tuple(path.walk(row) for path in paths if path.start[row] != path.end[row])
        found.append(Walker(int(customers[row]), int(amount[row]), walks))
    return found


def signed(count: int) -> str:
    """A change with its sign; 0 has none."""
    return f"+{count:,}" if count > 0 else f"−{-count:,}" if count else "0"
