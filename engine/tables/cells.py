"""Cells: one unary test of a decision table, from its text to what it means for a value.

Grammar (after DMN 1.5 §10.3.1.2, simple unary tests)::

    cell     = "" | "-" | tests | "not" "(" tests ")"
    tests    = test { "," test }
    test     = "null" | literal | ("<" | "<=" | ">" | ">=" | "!=" | "=") literal | interval
    interval = ("[" | "(" | "]") literal ".." literal ("]" | ")" | "[")
    literal  = number | '"text"' | true | false | 2025-01-31 | date("2025-01-31")

Meaning on a missing value (DMN 1.5 §7.3.2: a rule matches only on true): equality is false, ordering is unknown, the
negation of unknown is unknown, and unknown does not match. So `not("A")` matches a missing value and `not(< 5)` does not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from engine.kinds import KindName, Value, literal_kind
from engine.ranges import Number, Ranges, Span
from engine.tables.tokens import CellError, Token, read_tokens

OPERATORS = ("=", "!=", "<", "<=", ">", ">=")
INTERVALS = {"[": "[", "(": "(", "]": "("}
CLOSERS = {"]": "]", ")": ")", "[": ")"}
EPOCH = dt.date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Test:
    """One test: `op` is "null", an operator, or the two brackets of an interval such as "[)"."""

    op: str
    low: Value | None = None
    high: Value | None = None

    def __str__(self) -> str:
        if self.op == "null":
            return "null"
        if self.high is not None:
            return f"{self.op[0]}{write(self.low)}..{write(self.high)}{self.op[1]}"
        return write(self.low) if self.op == "=" else f"{self.op} {write(self.low)}"

    @property
    def ordering(self) -> bool:
        """Whether the test needs an order of values."""
        return self.op not in ("null", "=", "!=")


@dataclass(frozen=True, slots=True)
class Cell:
    """A parsed cell. `tests` empty means any value; `negated` means not(tests)."""

    tests: tuple[Test, ...] = ()
    negated: bool = False

    def __str__(self) -> str:
        inner = ", ".join(str(test) for test in self.tests) or "-"
        return f"not({inner})" if self.negated else inner

    @property
    def any(self) -> bool:
        """Whether every value matches, missing ones too."""
        return not self.tests

    @property
    def literals(self) -> tuple[Value, ...]:
        """All values that the cell names."""
        return tuple(value for test in self.tests for value in (test.low, test.high) if value is not None)

    @property
    def kinds(self) -> set[KindName]:
        """The kinds of the values that the cell names; one at most, if the cell is right."""
        return {kind for kind in map(literal_kind, self.literals) if kind}

    @property
    def ordering(self) -> bool:
        """Whether the cell needs an order of values."""
        return any(test.ordering for test in self.tests)

    @property
    def on_missing(self) -> bool:
        """Whether a missing value matches."""
        return self.verdict(None) is True

    def verdict(self, value: Value | None, labels: Sequence[str] | None = None) -> bool | None:
        """True, False, or None for unknown: the meaning of the cell for one value.

        labels: the values of an ordered label column, best first; needed for orderings of texts.
        """
        if not self.tests:
            return True
        verdicts = [_verdict(test, value, labels) for test in self.tests]
        found = True if True in verdicts else None if None in verdicts else False
        return found if found is None else found != self.negated

    def ranges(self) -> Ranges:
        """The present numbers (dates: days since 1970-01-01) that match."""
        if not self.tests:
            return Ranges((), (True,))
        found = Ranges.of(span for test in self.tests for span in _spans(test))
        return found.complement() if self.negated else found


def write(value: Value | None) -> str:
    """A literal as it stands in a cell."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, float):
        return f"{value:.15f}".rstrip("0") if "e" in repr(value) else repr(value)
    return str(value)


def axis(value: Value | None) -> Number | None:
    """A number as itself, a date as days since 1970-01-01."""
    if isinstance(value, dt.date):
        return value.toordinal() - EPOCH
    return value if isinstance(value, int | float) else None


def _verdict(test: Test, value: Value | None, labels: Sequence[str] | None) -> bool | None:
    if test.op == "null":
        return value is None
    if test.op in ("=", "!="):
        return (value == test.low) == (test.op == "=")
    if value is None:
        return None
    rank = _rank(value, labels)
    return rank is not None and rank in _span(test, labels)


def _rank(value: Value | None, labels: Sequence[str] | None) -> Number | None:
    """The place of a value in its order; of a label, minus its position, so that better is greater."""
    if isinstance(value, str):
        return -(labels or ()).index(value)
    return axis(value)


def _span(test: Test, labels: Sequence[str] | None = None) -> Span:
    low = _rank(test.low, labels)
    if test.high is not None:
        return Span(low, test.op[0] == "[", _rank(test.high, labels), test.op[1] == "]")
    if test.op in (">", ">="):
        return Span(low, test.op == ">=", None, False)
    return Span(None, False, low, test.op == "<=")


def _spans(test: Test) -> tuple[Span, ...]:
    point = axis(test.low)
    if test.op == "null":
        return ()
    if test.op == "=":
        return (Span(point, True, point, True),)
    if test.op == "!=":
        return (Span(None, False, point, False), Span(point, False, None, False))
    return (_span(test),)


@lru_cache(maxsize=20_000)
def parse_cell(text: str) -> Cell:
    """Read a cell. Raises `CellError` with what was found and what would be right."""
    if text.strip() in ("", "-"):
        return Cell()
    reader = _Reader(read_tokens(text))
    negated = reader.take_if("not")
    if negated:
        reader.expect("(", "not is written not(...)")
    tests = [reader.test()]
    while reader.take_if(","):
        tests.append(reader.test())
    if negated:
        reader.expect(")", "not( is not closed")
    reader.end()
    return _checked(Cell(tuple(dict.fromkeys(tests)), negated))


def literal_cell(value: int | float | bool) -> Cell:
    """The cell of a JSON number or truth value."""
    return Cell((Test("=", value),))


def _checked(cell: Cell) -> Cell:
    if len(cell.kinds) > 1:
        raise CellError(f"a mix of {' and '.join(sorted(cell.kinds))}", "all values of a cell have one kind")
    if "flag" in cell.kinds and cell.ordering:
        raise CellError("true or false in an ordering", "flags are only equal or not")
    return cell


class _Reader:
    """Reads tests from tokens, one token ahead."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def _next(self) -> Token:
        token = self._tokens[self._at]
        self._at += token.kind != "end"
        return token

    def take_if(self, mark: str) -> bool:
        token = self._tokens[self._at]
        if token.kind == "mark" and token.text == mark:
            self._at += 1
            return True
        return False

    def expect(self, mark: str, message: str) -> None:
        if not self.take_if(mark):
            raise CellError(f"{self._tokens[self._at]} where {mark!r} belongs", message)

    def end(self) -> None:
        token = self._tokens[self._at]
        if token.kind != "end":
            raise CellError(f"{token} after the test", "several tests are separated by commas")

    def test(self) -> Test:
        token = self._tokens[self._at]
        if token.kind == "mark" and token.text in OPERATORS:
            self._at += 1
            return Test(token.text, self.literal(token.text))
        if token.kind == "mark" and token.text in INTERVALS:
            return self.interval()
        if self.take_if("null"):
            return Test("null")
        return Test("=", self.literal(""))

    def interval(self) -> Test:
        opening = INTERVALS[self._next().text]
        low = self.literal("the interval")
        self.expect("..", "an interval is written [a..b], (a..b), [a..b) or ]a..b[")
        high = self.literal("..")
        token = self._next()
        if token.kind != "mark" or token.text not in CLOSERS:
            raise CellError(f"{token} where the interval should end", "an interval ends with ], ) or [")
        return _interval(opening + CLOSERS[token.text], low, high)

    def literal(self, after: str) -> Value:
        token = self._next()
        if token.value is not None:
            return token.value
        if token.kind == "mark" and token.text == "null" and after:
            raise CellError(f"null after {after}", "null stands alone: null or not(null)")
        raise CellError(f"{token}{f' after {after}' if after else ''}", 'a number, "text", true, false or a date is needed')


def _interval(brackets: str, low: Value, high: Value) -> Test:
    if literal_kind(low) != literal_kind(high):
        raise CellError(f"an interval from {write(low)} to {write(high)}", "both ends have one kind")
    first, last = axis(low), axis(high)
    if first is not None and last is not None and (first > last or (first == last and brackets != "[]")):
        raise CellError(f"the empty interval {Test(brackets, low, high)}", "the first bound is the smaller one")
    if isinstance(low, str) and low == high and brackets != "[]":
        raise CellError(f"the empty interval {Test(brackets, low, high)}", "nothing lies between")
    return Test(brackets, low, high)
