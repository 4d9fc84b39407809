"""Leaves: one comparison of a condition, its checks, and its two column operations (true where, false where).

A leaf over a missing value is unknown, so its true mask and its false mask are both empty there; only is_missing and
is_present are always decided. Keeping both masks instead of a three-valued array lets `not` swap them and lets plain
evaluation compute one of them alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from engine.columns import Array, Codes, Column, Flags, missing
from engine.errors import Fault, did_you_mean
from engine.kinds import ColumnKind, Value, literal_kind, parse_date, shown
from engine.ranges import Ranges, Span

EQUALITIES = ("=", "!=")
ORDERINGS = ("<", "<=", ">", ">=")
TEXT_OPS = ("contains", "starts_with")
LISTS = ("in", "not_in")
PRESENCE = ("is_missing", "is_present")
OPERATORS = (*EQUALITIES, *ORDERINGS, *LISTS, "between", *PRESENCE, *TEXT_OPS, "within_days_of")

View: TypeAlias = Mapping[str, Column]
Part: TypeAlias = Callable[[View, slice], Flags]
EPOCH = dt.date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Leaf:
    """One comparison. value: a literal, or a tuple of them for in, not_in and between; other: a second feature."""

    place: str
    feature: str
    op: str
    value: Value | tuple[Value, ...] | None = None
    other: str | None = None
    days: int | None = None

    @property
    def features(self) -> tuple[str, ...]:
        """The columns that the leaf reads."""
        return (self.feature,) if self.other is None else (self.feature, self.other)

    @property
    def literals(self) -> tuple[Value, ...]:
        """The literals it names."""
        if self.value is None:
            return ()
        return self.value if isinstance(self.value, tuple) else (self.value,)

    @property
    def document(self) -> dict[str, Any]:
        """The leaf as canonical JSON."""
        found: dict[str, Any] = {"feature": self.feature, "op": self.op}
        if self.value is not None:
            found["value"] = [_json(v) for v in self.value] if isinstance(self.value, tuple) else _json(self.value)
        if self.other is not None:
            found["other"] = self.other
        return found if self.days is None else found | {"days": self.days}


def _json(value: Value) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


def check_leaf(leaf: Leaf, kinds: Mapping[str, ColumnKind]) -> list[Fault]:
    """The faults of a leaf on columns of these kinds; columns without a kind are not checked."""
    kind = kinds.get(leaf.feature)
    if kind is None or leaf.op in PRESENCE:
        return []
    faults = _check_operator(leaf, kind)
    if faults:
        return faults
    if leaf.other is not None:
        other = kinds.get(leaf.other)
        return [] if other is None else _check_other(leaf, kind, other)
    return [fault for value in leaf.literals for fault in _check_literal(leaf, kind, value)] or _check_bounds(leaf, kind)


def _check_operator(leaf: Leaf, kind: ColumnKind) -> list[Fault]:
    place = f"{leaf.place}.op"
    if leaf.op in TEXT_OPS and kind.kind != "text":
        return [Fault("TW305", place, f"{leaf.op} on {leaf.feature}, {kind.word}", "contains and starts_with need a text")]
    if leaf.op == "within_days_of" and kind.kind != "date":
        return [Fault("TW305", place, f"within_days_of on {leaf.feature}, {kind.word}", "a date")]
    if leaf.op in (*ORDERINGS, "between") and (kind.kind == "flag" or (kind.kind == "text" and (kind.values is None or not kind.ordered))):
        return [Fault("TW305", place, f"{leaf.op} on {leaf.feature}, {kind.word}", "only numbers, dates and labels have an order")]
    return []


def _check_literal(leaf: Leaf, kind: ColumnKind, value: Value) -> list[Fault]:
    place = f"{leaf.place}.value"
    if kind.kind == "date":
        if isinstance(value, dt.date) or (isinstance(value, str) and parse_date(value)):
            return []
        return [Fault("TW305", place, f"{shown(value)} compared with {leaf.feature}, a date", 'a date such as "2025-01-31"')]
    if literal_kind(value) != kind.kind:
        return [
            Fault("TW305", place, f"{shown(value)} compared with {leaf.feature}, {kind.word}", f"{kind.word}, not a {literal_kind(value)}")
        ]
    if kind.values is not None and leaf.op not in TEXT_OPS and value not in kind.values:
        return [Fault("TW307", place, f"{shown(value)} is not a value of {leaf.feature}", did_you_mean(str(value), kind.values))]
    return []


def _check_bounds(leaf: Leaf, kind: ColumnKind) -> list[Fault]:
    if leaf.op == "between":
        low, high = (axis(value, kind) for value in leaf.literals)
        if low > high:
            return [
                Fault(
                    "TW309", f"{leaf.place}.value", f"between {' and '.join(map(shown, leaf.literals))} is empty", "the lower bound first"
                )
            ]
    return []


def _check_other(leaf: Leaf, kind: ColumnKind, other: ColumnKind) -> list[Fault]:
    place = f"{leaf.place}.other"
    if kind.kind != other.kind:
        return [Fault("TW305", place, f"{leaf.feature} is {kind.word}, {leaf.other} is {other.word}", "both of one kind")]
    if leaf.op in ORDERINGS and kind.kind == "text" and kind.values != other.values:
        return [Fault("TW305", place, f"{leaf.feature} and {leaf.other} have different labels", "labels of one scale")]
    return []


def axis(value: Value, kind: ColumnKind) -> Any:
    """A literal as a number on the order of its column: a date as days, a label as minus its position (better is more)."""
    if kind.kind == "date":
        day = value if isinstance(value, dt.date) else parse_date(str(value))
        return (day or dt.date.min).toordinal() - EPOCH
    if kind.kind == "text":
        return -(kind.values or ()).index(str(value))
    return value


def bind_leaf(leaf: Leaf, columns: Mapping[str, Column], kinds: Mapping[str, ColumnKind]) -> tuple[Part, Part]:
    """Compile a checked leaf into where it is true and where it is false."""
    name, kind = leaf.feature, kinds[leaf.feature]
    if leaf.op in PRESENCE:
        yes, no = partial(_missing, name), partial(_present, name)
        return (yes, no) if leaf.op == "is_missing" else (no, yes)
    if leaf.other is not None:
        return _bind_pair(leaf, columns)
    column = columns[name]
    if isinstance(column, Codes):
        truths = text_truths(leaf, column.values, kind)
        return _codes_part(name, truths), _codes_part(name, ~truths)
    if kind.kind == "flag":
        wanted = {bool(value) for value in leaf.literals}
        flags = np.array([(value in wanted) == (leaf.op in ("=", "in")) for value in (False, True)])
        return _codes_part(name, flags), _codes_part(name, ~flags)
    ranges = leaf_ranges(leaf, kind)
    dates = kind.kind == "date"
    return _mask_part(name, ranges, dates), _mask_part(name, ranges.complement(), dates)


def _missing(name: str, view: View, part: slice) -> Flags:
    return missing(view[name][part])


def _present(name: str, view: View, part: slice) -> Flags:
    return ~missing(view[name][part])


def _mask_part(name: str, ranges: Ranges, dates: bool) -> Part:
    mask = ranges.mask(dates=dates)
    if dates:
        return lambda view, part: mask(_days(view[name], part))
    return lambda view, part: mask(view[name][part])  # type: ignore[arg-type]


def _days(column: Column, part: slice) -> Array:
    """Part of a date column, moments counted as their day."""
    return np.asarray(column[part]).astype("datetime64[D]", copy=False)


def _codes_part(name: str, truths: Flags) -> Part:
    table = np.append(truths, False)  # code -1 is the last element: missing is neither true nor false

    def part_of(view: View, part: slice) -> Flags:
        column = view[name]
        codes = column.codes[part] if isinstance(column, Codes) else column[part].view(np.int8)
        found: Flags = table[codes]
        return found

    return part_of


def leaf_ranges(leaf: Leaf, kind: ColumnKind) -> Ranges:
    """The numbers (dates as days) for which a leaf is true."""
    values = [axis(value, kind) for value in leaf.literals]
    if leaf.op == "between":
        return Ranges.of([Span(values[0], True, values[1], True)])
    if leaf.op == "within_days_of":
        return Ranges.of([Span(values[0] - (leaf.days or 0), True, values[0] + (leaf.days or 0), True)])
    if leaf.op in ORDERINGS:
        return Ranges.of([_half_line(leaf.op, values[0])])
    points = Ranges.of(Span(value, True, value, True) for value in values)
    return points if leaf.op in ("=", "in") else points.complement()


def _half_line(op: str, value: Any) -> Span:
    return Span(value, op == ">=", None, False) if op[0] == ">" else Span(None, False, value, op == "<=")


def text_truths(leaf: Leaf, values: Sequence[str], kind: ColumnKind) -> Flags:
    """Whether the leaf is true for each value of a text column."""
    if leaf.op in TEXT_OPS:
        text = str(leaf.value)
        test = (lambda value: text in value) if leaf.op == "contains" else (lambda value: value.startswith(text))
        return np.fromiter(map(test, values), dtype=bool, count=len(values))
    if leaf.op in (*ORDERINGS, "between"):
        ranges = leaf_ranges(leaf, kind)
        return np.array([-at in ranges for at in range(len(values))], dtype=bool)
    wanted = set(leaf.literals)
    found = np.fromiter((value in wanted for value in values), dtype=bool, count=len(values))
    return found if leaf.op in ("=", "in") else ~found


COMPARE = {"=": np.equal, "!=": np.not_equal, "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}


def _bind_pair(leaf: Leaf, columns: Mapping[str, Column]) -> tuple[Part, Part]:
    """Two features against each other; unknown where either is missing."""
    name, other = leaf.feature, str(leaf.other)
    one, two = columns[name], columns[other]
    compare: Part
    if isinstance(one, Codes) and isinstance(two, Codes):
        position = {value: at for at, value in enumerate(one.values)}
        # a better label stands earlier, so ranks are negated positions; a value that `one` does not know equals none of its own
        places = np.array([*(-position.get(value, -2) for value in two.values), 1])

        def compare(view: View, part: slice) -> Flags:
            found: Flags = COMPARE[leaf.op](-_codes(view[name], part), places[_codes(view[other], part)])
            return found
    elif leaf.op == "within_days_of":

        def compare(view: View, part: slice) -> Flags:
            near: Flags = np.abs(_days(view[name], part) - _days(view[other], part)) <= np.timedelta64(leaf.days or 0, "D")
            return near
    else:
        array = _days if np.asarray(one).dtype.kind == "M" else _array

        def compare(view: View, part: slice) -> Flags:
            found: Flags = COMPARE[leaf.op](array(view[name], part), array(view[other], part))
            return found

    def present(view: View, part: slice) -> Flags:
        return ~(missing(view[name][part]) | missing(view[other][part]))

    return (lambda view, part: compare(view, part) & present(view, part), lambda view, part: ~compare(view, part) & present(view, part))


def _array(column: Column, part: slice) -> Array:
    return np.asarray(column[part])


def _codes(column: Column, part: slice) -> Array:
    return column.codes[part] if isinstance(column, Codes) else np.asarray(column[part])
