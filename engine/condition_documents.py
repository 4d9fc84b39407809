"""Documents of conditions: read the JSON, find every fault with its place, keep it as a small tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from engine.errors import Fault, RulebookError, did_you_mean
from engine.kinds import (
    ColumnKind,
    Value,
    literal_kind,
    number_problem,
    parse_date,
    shown,
    text_problem,
    tidy_number,
    tidy_text,
    unknown_name,
)
from engine.leaves import EQUALITIES, LISTS, OPERATORS, ORDERINGS, PRESENCE, TEXT_OPS, Leaf, check_leaf

DEPTH_LIMIT, LEAF_LIMIT, LIST_LIMIT, DAYS_LIMIT, FAULT_LIMIT = 50, 2_000, 10_000, 36_525, 1_000
COMPARABLE = (*EQUALITIES, *ORDERINGS, "within_days_of")
"""Operators that may compare two features."""

ColumnKinds: TypeAlias = Mapping[str, ColumnKind]


@dataclass(frozen=True, slots=True)
class Group:
    """all or any of several conditions."""

    place: str
    kind: str
    items: tuple[Node, ...]

    @property
    def document(self) -> dict[str, Any]:
        """The group as canonical JSON."""
        return {self.kind: [item.document for item in self.items]}


@dataclass(frozen=True, slots=True)
class Not:
    """The negation of a condition."""

    place: str
    item: Node

    @property
    def document(self) -> dict[str, Any]:
        """The negation as canonical JSON."""
        return {"not": self.item.document}


Node: TypeAlias = Group | Not | Leaf


def leaves(node: Node) -> Iterator[Leaf]:
    """All leaves, in the order they are written."""
    if isinstance(node, Leaf):
        yield node
    elif isinstance(node, Not):
        yield from leaves(node.item)
    else:
        for item in node.items:
            yield from leaves(item)


def read_condition(document: Any, features: ColumnKinds | None = None) -> Node:
    """Check a document completely. Raises `RulebookError` with every fault."""
    reader = _Reader(features)
    root = reader.node(document, "", 1)
    if reader.faults or root is None:
        count = len(reader.faults)
        raise RulebookError(f"the condition has {count:,} fault{'s' * (count != 1)}", reader.faults[:FAULT_LIMIT])
    return root


@dataclass
class _Reader:
    features: ColumnKinds | None
    faults: list[Fault] = field(default_factory=list)
    count: int = 0

    def fault(self, code: str, place: str, found: str, expected: str = "") -> None:
        self.faults.append(Fault(code, place or "condition", found, expected))

    def node(self, document: Any, place: str, depth: int) -> Node | None:
        if not isinstance(document, Mapping):
            self.fault("TW301", place, f"{shown(document)} is no condition", 'an object with "all", "any", "not" or "feature"')
            return None
        if depth > DEPTH_LIMIT:
            self.fault("TW308", place, f"conditions nested more than {DEPTH_LIMIT} deep", "fewer levels")
            return None
        forms = [form for form in ("all", "any", "not", "feature") if form in document]
        if len(forms) != 1:
            found = f"both {' and '.join(forms)}" if forms else f"keys {', '.join(map(shown, list(document)[:5])) or 'none'}"
            self.fault("TW301", place, found, 'one of "all", "any", "not" or "feature"')
            return None
        if forms[0] == "feature":
            return self.leaf(document, place)
        self.unknown_keys(document, (forms[0],), place)
        if forms[0] == "not":
            item = self.node(document["not"], _join(place, "not"), depth + 1)
            return None if item is None else Not(place or "condition", item)
        return self.group(document[forms[0]], forms[0], place, depth)

    def group(self, items: Any, kind: str, place: str, depth: int) -> Node | None:
        inner = _join(place, kind)
        if not isinstance(items, list | tuple) or not items:
            self.fault("TW301", inner, f"{shown(items)} under {kind}", "a list of at least one condition")
            return None
        if len(items) > LEAF_LIMIT:
            self.fault("TW308", inner, f"{len(items):,} conditions in one list", f"at most {LEAF_LIMIT:,}")
            return None
        found = [self.node(item, f"{inner}[{at}]", depth + 1) for at, item in enumerate(items)]
        return Group(place or "condition", kind, tuple(item for item in found if item is not None))

    def unknown_keys(self, document: Mapping[Any, Any], known: tuple[str, ...], place: str) -> None:
        for key in document:
            if key not in known:
                self.fault("TW302", place, f"unknown key {shown(key)}", did_you_mean(str(key), known))

    def leaf(self, document: Mapping[Any, Any], place: str) -> Leaf | None:
        self.count += 1
        if self.count > LEAF_LIMIT:
            if self.count == LEAF_LIMIT + 1:
                self.fault("TW308", place, f"more than {LEAF_LIMIT:,} comparisons", "fewer, or a table")
            return None
        before = len(self.faults)
        self.unknown_keys(document, ("feature", "op", "value", "other", "days"), place)
        name, op = self.name(document["feature"], _join(place, "feature")), document.get("op")
        if not isinstance(op, str) or op not in OPERATORS:
            hint = did_you_mean(str(op), OPERATORS) if isinstance(op, str) else ""
            self.fault("TW303", _join(place, "op"), f"unknown operator {shown(op)}", hint or f"one of {', '.join(OPERATORS)}")
            return None
        value, other = self.operand(document, op, place)
        days = self.days(document, op, place)
        if len(self.faults) > before:
            return None
        leaf = Leaf(place or "condition", name, op, value, other, days)
        self.faults += self.literal_faults(leaf) or check_leaf(leaf, self.features or {})
        return leaf

    def name(self, name: Any, place: str) -> str:
        if not isinstance(name, str) or not 0 < len(name) <= 200:
            self.fault("TW302", place, f"{shown(name)} is no column name", "a text of 1 to 200 characters")
            return ""
        name = tidy_text(name)
        if self.features is not None and name not in self.features:
            self.faults.append(unknown_name("TW304", place, name, self.features))
        return str(name)

    def operand(self, document: Mapping[Any, Any], op: str, place: str) -> tuple[Any, str | None]:
        has = [key for key in ("value", "other") if key in document]
        if op in PRESENCE:
            for key in has:
                self.fault("TW302", _join(place, key), f"{op} takes no {key}", f'{{"feature": …, "op": "{op}"}}')
            return None, None
        if len(has) != 1:
            self.fault("TW302", place, "both value and other" if has else "no value", '"value", or "other" for a second feature')
            return None, None
        if has == ["other"]:
            if op not in COMPARABLE:
                self.fault("TW302", _join(place, "other"), f"{op} between two features", f"one of {', '.join(COMPARABLE)}")
            return None, self.name(document["other"], _join(place, "other"))
        inner = _join(place, "value")
        if op in LISTS or op == "between":
            return self.values(document["value"], op, inner), None
        return self.value(document["value"], inner), None

    def values(self, values: Any, op: str, place: str) -> tuple[Value, ...]:
        if not isinstance(values, list | tuple):
            self.fault("TW306", place, f"{shown(values)} with {op}", "a list")
        elif op == "between" and len(values) != 2:
            self.fault("TW306", place, f"{len(values)} bounds", "two: [low, high], both included")
        elif not 0 < len(values) <= LIST_LIMIT:
            self.fault("TW306", place, f"a list of {len(values):,} values", f"1 to {LIST_LIMIT:,}")
        else:
            found = [self.value(value, f"{place}[{at}]") for at, value in enumerate(values)]
            return tuple(found) if op == "between" else tuple(dict.fromkeys(found))  # type: ignore[arg-type]
        return ()

    def value(self, value: Any, place: str) -> Value | None:
        if isinstance(value, bool):
            return value
        problem = f"{shown(value)} is no value"
        if isinstance(value, int | float):
            problem = number_problem(value)
            if not problem:
                return tidy_number(value)
        elif isinstance(value, str):
            problem = text_problem(value)
            if not problem:
                return tidy_text(value)
        self.fault("TW306", place, problem, "a number, a text, true or false; a missing value is asked for with is_missing")
        return None

    def days(self, document: Mapping[Any, Any], op: str, place: str) -> int | None:
        days = document.get("days")
        if op == "within_days_of":
            if isinstance(days, int) and not isinstance(days, bool) and 0 <= days <= DAYS_LIMIT:
                return days
            self.fault("TW306", _join(place, "days"), f"{shown(days)} days", f"a whole number from 0 to {DAYS_LIMIT:,}")
        elif "days" in document:
            self.fault("TW302", _join(place, "days"), f"{op} takes no days", "only within_days_of does")
        return None

    def literal_faults(self, leaf: Leaf) -> list[Fault]:
        """What is wrong with the literals whatever the column is."""
        place = f"{leaf.place}.value"
        kinds = {literal_kind(value) for value in leaf.literals}
        if len(kinds) > 1:
            return [Fault("TW305", place, "values of several kinds", "all values of one kind")]
        if leaf.op in TEXT_OPS and "text" not in kinds:
            return [Fault("TW305", place, f"{leaf.op} {shown(leaf.value)}", "a text")]
        if leaf.op in TEXT_OPS and leaf.value == "":
            return [Fault("TW306", place, f"{leaf.op} an empty text", "at least one character")]
        if leaf.op in (*ORDERINGS, "between") and "flag" in kinds:
            return [Fault("TW305", place, f"{leaf.op} {shown(leaf.literals[0])}", "true and false have no order; use =")]
        if leaf.op == "within_days_of" and leaf.other is None and not (isinstance(leaf.value, str) and parse_date(leaf.value)):
            return [Fault("TW306", place, f"{shown(leaf.value)} is no date", 'a date such as "2025-01-31"')]
        if leaf.op == "between" and kinds == {"number"} and leaf.literals[0] > leaf.literals[1]:  # type: ignore[operator]
            return [Fault("TW309", place, f"between {leaf.literals[0]} and {leaf.literals[1]} is empty", "the lower bound first")]
        return []


def _join(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key
