"""What a feature's `where` may say: a condition on the source's own columns, in the one language of conditions.

A filter asks for equality and presence only, because the store keeps these columns as dictionary ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.condition_documents import Node, leaves, read_condition
from engine.errors import Fault, FeatureError, RulebookError
from engine.kinds import ColumnKind

_OF_ORDERS = ("channel", "store", "seller", "status")
FILTERS: Mapping[str, tuple[str, ...]] = {"orders": _OF_ORDERS, "refunds": _OF_ORDERS, "lines": (*_OF_ORDERS, "category", "product")}
"""The columns that features of a source may be filtered by."""

OPERATORS = ("=", "!=", "in", "not_in", "is_missing", "is_present")


def read_filter(where: Mapping[str, Any], source: str) -> tuple[Node | None, list[Fault]]:
    """Check a filter completely. Returns the condition, or None and every fault with its place inside it."""
    try:
        root = read_condition(where, {name: ColumnKind("text") for name in FILTERS.get(source, ())})
    except RulebookError as error:
        return None, list(error.faults)
    faults = [
        Fault(
            "TW303",
            f"{leaf.place}.op",
            f"a filter cannot use {leaf.op}{' between two columns' if leaf.other else ''}",
            f"one of {', '.join(OPERATORS)}",
        )
        for leaf in leaves(root)
        if leaf.op not in OPERATORS or leaf.other is not None
    ]
    return (None, faults) if faults else (root, [])


def checked_filter(name: str, where: Mapping[str, Any], source: str) -> Node:
    """The same for a feature that is no document. Raises `FeatureError` naming it."""
    root, faults = read_filter(where, source)
    if root is None:
        raise FeatureError(f"feature {name}: {'; '.join(map(str, faults))}")
    return root
