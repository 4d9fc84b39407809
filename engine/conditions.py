"""Conditions: all / any / not over comparisons of features, checked, evaluated on columns, explained.

Kleene logic: a leaf over a missing value is unknown; `all` is false if one is false, else unknown if one is unknown;
`any` is true if one is true, else unknown if one is unknown; the negation of unknown is unknown. Unknown at the top
does not match. The forms and their meaning are written down in docs/reference/conditions.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from engine.columns import Array, Column, Columns, Flags, length
from engine.condition_documents import ColumnKinds, Node, Not, leaves, read_condition
from engine.errors import FeatureError, RulebookError, did_you_mean
from engine.kinds import ColumnKind
from engine.leaves import PRESENCE, Leaf, Part, bind_leaf, check_leaf
from engine.policy import Text
from engine.quantities import Comparisons, of_condition
from engine.rule_words import condition_words
from engine.values import json_value, value_at

BLOCK = 16_384
"""Rows per block, so that columns and masks stay in cache while several leaves read them."""

Binding: TypeAlias = Mapping[Leaf, tuple[Part, Part]]


@dataclass(frozen=True, slots=True)
class _Bound:
    """The leaves compiled for columns of these signatures."""

    signature: tuple[Any, ...]
    leaves: Binding


class Condition:
    """A condition over columns. Load with `Condition.load(document)`; an instance never changes its meaning."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.inputs: tuple[str, ...] = tuple(dict.fromkeys(name for leaf in leaves(root) for name in leaf.features))
        self._last: _Bound | None = None

    @classmethod
    def load(cls, document: Any, *, features: ColumnKinds | None = None) -> Condition:
        """Check a document completely.

        features: the kinds of all columns there are; without them, kinds are checked when the condition is evaluated.
        Raises `RulebookError` with every fault, each with its place such as "all[2].value".
        """
        return cls(read_condition(document, features))

    @property
    def document(self) -> dict[str, Any]:
        """The condition as canonical JSON."""
        return self.root.document

    def evaluate(self, columns: Columns) -> Flags:
        """Where the condition is true; unknown is not.

        Raises `FeatureError` for a missing column and `RulebookError` when a leaf does not fit a column's kind.
        """
        return self._evaluate(columns, True)

    def verdict(self, columns: Columns) -> Array:
        """Per row 1 for true, 0 for false, -1 for unknown, as int8."""
        yes, no = self._evaluate(columns, True), self._evaluate(columns, False)
        return np.where(yes, 1, np.where(no, 0, -1)).astype(np.int8)

    def explain(self, columns: Columns, row: int = 0) -> dict[str, Any]:
        """The condition as a tree with the verdict (True, False, None for unknown) of every node for one row.

        A leaf also holds the value found, the bound it was compared with, and why it is unknown.
        """
        count = length(columns)
        if not -count <= row < count:
            raise IndexError(f"row {row} of {count}")
        one = {name: columns[name][np.array([row])] for name in self.inputs if name in columns}
        return _explain(self.root, one, self._bind(one).leaves)

    def words(self, columns: Columns, row: int = 0) -> Text:
        """The comparisons that made the condition true, false or unknown for one row, with what was found."""
        return condition_words(self.explain(columns, row))

    def decided(self, columns: Columns, row: int = 0) -> Comparisons:
        """The same comparisons for a `Reason`, which says them with titles and units."""
        return of_condition(self.explain(columns, row))

    def bounds(self) -> dict[str, list[Any]]:
        """Per input the values it is compared with, at which the outcome may change."""
        found: dict[str, list[Any]] = {}
        for leaf in leaves(self.root):
            listed = found.setdefault(leaf.feature, [])
            listed += [value for value in map(json_value, leaf.literals) if value not in listed]
        return {name: sorted(values, key=lambda v: (isinstance(v, str), v)) for name, values in found.items() if values}

    def _evaluate(self, columns: Columns, truth: bool) -> Flags:
        bound = self._bind(columns)
        operation = _compile(self.root, bound.leaves, truth)
        count = len(columns[self.inputs[0]])
        result = np.empty(count, dtype=bool)
        for start in range(0, count, BLOCK):
            part = slice(start, min(start + BLOCK, count))
            result[part] = operation(columns, part)
        return result

    def _bind(self, columns: Columns) -> _Bound:
        signature = tuple(_signature(columns, name) for name in self.inputs)
        last = self._last
        if last is not None and last.signature == signature:
            return last
        kinds = {name: ColumnKind.of_column(name, columns[name]) for name in self.inputs}
        faults = [fault for leaf in leaves(self.root) for fault in check_leaf(leaf, kinds)]
        if faults:
            raise RulebookError("the condition does not fit the columns", faults)
        self._last = last = _Bound(signature, {leaf: bind_leaf(leaf, columns, kinds) for leaf in leaves(self.root)})
        return last


def _signature(columns: Columns, name: str) -> Any:
    column: Column | None = columns.get(name)
    if column is None:
        raise FeatureError(f"column {name!r} is needed and not given; {did_you_mean(name, columns)}".rstrip("; "))
    return (column.values, column.closed) if not isinstance(column, np.ndarray) else column.dtype.str


Operation: TypeAlias = Callable[[Columns, slice], Flags]


def _compile(node: Node, binding: Binding, truth: bool) -> Operation:
    """Where the node is true (or false): `not` swaps the two, and false of `all` is any false (De Morgan)."""
    if isinstance(node, Leaf):
        return binding[node][0 if truth else 1]
    if isinstance(node, Not):
        return _compile(node.item, binding, not truth)
    parts = [_compile(item, binding, truth) for item in node.items]
    join = np.logical_and if (node.kind == "all") == truth else np.logical_or

    def joined(columns: Columns, part: slice) -> Flags:
        result = parts[0](columns, part)
        for operation in parts[1:]:
            join(result, operation(columns, part), out=result)
        return result

    return joined


def _verdict(node: Node, columns: Columns, binding: Binding) -> bool | None:
    if _compile(node, binding, True)(columns, slice(0, 1))[0]:
        return True
    return False if _compile(node, binding, False)(columns, slice(0, 1))[0] else None


def _explain(node: Node, columns: Columns, binding: Binding) -> dict[str, Any]:
    verdict = _verdict(node, columns, binding)
    if isinstance(node, Leaf):
        return _explain_leaf(node, columns, verdict)
    items = [node.item] if isinstance(node, Not) else node.items
    kind = "not" if isinstance(node, Not) else node.kind
    return {"place": node.place, "op": kind, "verdict": verdict, "items": [_explain(item, columns, binding) for item in items]}


def _explain_leaf(leaf: Leaf, columns: Columns, verdict: bool | None) -> dict[str, Any]:
    found = {name: value_at(columns[name], 0) for name in leaf.features}
    bound = leaf.document.get("value") if leaf.other is None else json_value(found[leaf.other])
    entry = leaf.document | {"place": leaf.place, "verdict": verdict, "found": json_value(found[leaf.feature]), "bound": bound}
    if verdict is None and leaf.op not in PRESENCE:
        entry["why"] = f"unknown because {' and '.join(name for name, value in found.items() if value is None)} is missing"
    return entry
