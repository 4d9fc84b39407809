"""What a reason may hold beside plain values: numbers with their feature, intervals, names, and what rules found.

A plugin knows a feature by its name only. These say which feature a number is of, and `engine.wording` writes it with
title, unit and digits in the language of the reader.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.policy import Text


@dataclass(frozen=True, slots=True)
class Measured:
    """A value of a feature or an output. of: its name. unit: whether the sentence has room for the unit."""

    value: Any
    of: str
    unit: bool = True


@dataclass(frozen=True, slots=True)
class Interval:
    """The values of a feature or an output above one number, up to another; None where it is open."""

    above: float | None
    up_to: float | None
    of: str


@dataclass(frozen=True, slots=True)
class Named:
    """The title of a feature or an output."""

    of: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison of a condition, or one cell of a table, with what it met.

    op: an operator of conditions, or "" where `test` is a cell as written. verdict: None where it cannot be told.
    """

    name: str
    found: Any
    verdict: bool | None
    op: str = ""
    bound: Any = None
    other: str | None = None
    days: int | None = None
    test: str = ""


@dataclass(frozen=True, slots=True)
class Comparisons:
    """The comparisons that decided, in order; a sentence lists them."""

    items: tuple[Comparison, ...]


def of_condition(tree: Mapping[str, Any]) -> Comparisons:
    """The leaves that decided a tree of `Condition.explain`."""
    return Comparisons(tuple(_of_leaf(leaf) for leaf in _deciding(tree)))


def of_row(explained: Mapping[str, Any], row: int | None = None) -> Comparisons:
    """Of a `DecisionTable.explain`: the cells of the deciding row; or of another row (from 1) those that kept it from matching."""
    at = explained["decided_by"] if row is None else row
    if at is None:
        return Comparisons(())
    cells = [cell for cell in explained["rows"][at - 1]["cells"] if cell["test"] != "-"]
    if row is not None:
        cells = [cell for cell in cells if cell["verdict"] is not True][:1]
    return Comparisons(tuple(Comparison(cell["input"], cell["found"], cell["verdict"], test=cell["test"]) for cell in cells))


def _of_leaf(leaf: Mapping[str, Any]) -> Comparison:
    return Comparison(leaf["feature"], leaf["found"], leaf["verdict"], leaf["op"], leaf["bound"], leaf.get("other"), leaf.get("days"))


def _deciding(node: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """True of all and false of any rest on every part, everything else on the first part that has the verdict."""
    if "items" not in node:
        yield node
        return
    same = [item for item in node["items"] if node["op"] == "not" or item["verdict"] == node["verdict"]]
    every = node["op"] == "not" or node["verdict"] is (node["op"] == "all")
    for item in same if every else same[:1]:
        yield from _deciding(item)


__all__ = ["Comparison", "Comparisons", "Interval", "Measured", "Named", "Text", "of_condition", "of_row"]
