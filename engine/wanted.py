"""Find the value of a parameter that gives a wanted count, by trying as few values as it takes. No database.

The count is whatever the whole plan gives; nothing is assumed of how it comes about. Where the values tried show that
it only rises or only falls, it is found by bisection; otherwise by looking at all candidates, or, where these are too
many, at a grid of them and between its neighbours (then the answer says that it has not seen every one).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

PROBES = 9
"""Candidates that are tried to see whether the count rises or falls throughout."""

SCAN = 256
"""Candidates up to which all of them are tried where bisection will not do."""

Method = Literal["bisection", "every candidate", "a grid of candidates"]


@dataclass(frozen=True, slots=True)
class Hit:
    """A candidate and the count it gives."""

    at: int
    count: int


@dataclass(frozen=True, slots=True)
class Search:
    """What was found: the largest count that does not exceed the wanted one, and the smallest that reaches it.

    tried: how many candidates were evaluated. exact: below or above is the wanted count itself.
    """

    wanted: int
    below: Hit | None
    above: Hit | None
    method: Method
    tried: int

    @property
    def exact(self) -> bool:
        """Whether precisely the wanted count is possible."""
        return any(hit is not None and hit.count == self.wanted for hit in (self.below, self.above))

    def best(self, *, beyond: bool) -> Hit | None:
        """The nearest count; beyond: whether it may exceed the wanted one. None when only more is possible."""
        if self.below is None or self.above is None or not beyond:
            return self.below if self.below is not None or not beyond else self.above
        return self.above if self.above.count - self.wanted < self.wanted - self.below.count else self.below


def search(count: Callable[[int], int], size: int, wanted: int, *, start: int | None = None) -> Search:
    """Search the candidates 0 to size-1, in the order of their values. start: where the value is now, of equal ones the nearest wins."""
    known: dict[int, int] = {}

    def asked(at: int) -> int:
        if at not in known:
            known[at] = count(at)
        return known[at]

    probes = sorted({round(number * (size - 1) / (PROBES - 1)) for number in range(PROBES)} | ({start} if start is not None else set()))
    values = [asked(at) for at in probes]
    method: Method = "bisection"
    if _ordered(values):
        _bisect(asked, 0, size - 1, wanted)
    elif size <= SCAN:
        method = "every candidate"
        for at in range(size):
            asked(at)
    else:
        method = "a grid of candidates"
        grid = sorted({round(number * (size - 1) / (SCAN - 1)) for number in range(SCAN)})
        for at in grid:
            asked(at)
        for low, high in pairwise(grid):
            if (asked(low) <= wanted) != (asked(high) <= wanted):
                _bisect(asked, low, high, wanted)
    if not _ordered([known[at] for at in sorted(known)]) and method == "bisection":  # what bisection saw tells against it
        method = "every candidate" if size <= SCAN else "a grid of candidates"
        for at in sorted({round(number * (size - 1) / (min(size, SCAN) - 1)) for number in range(min(size, SCAN))}):
            asked(at)
    return Search(wanted, _nearest(known, wanted, start, -1), _nearest(known, wanted, start, 1), method, len(known))


def _ordered(values: list[int]) -> bool:
    pairs = list(pairwise(values))
    return all(one <= other for one, other in pairs) or all(one >= other for one, other in pairs)


def _bisect(asked: Callable[[int], int], low: int, high: int, wanted: int) -> None:
    """Narrow the place where the count passes the wanted one; what is asked on the way is remembered by `asked`."""
    falls = asked(low) > asked(high)
    while high - low > 1:
        middle = (low + high) // 2
        if (asked(middle) <= wanted) != falls:
            low = middle
        else:
            high = middle


def _nearest(known: dict[int, int], wanted: int, start: int | None, side: int) -> Hit | None:
    fit = [Hit(at, count) for at, count in known.items() if (count - wanted) * side >= 0]
    if not fit:
        return None
    return min(fit, key=lambda hit: (abs(hit.count - wanted), abs(hit.at - start) if start is not None else 0, hit.at))


def roundest(values: list[float], fits: Callable[[float], bool]) -> float:
    """Of a value and its roundings, coarsest first, the first that fits; the value itself otherwise."""
    for value in values:
        if fits(value):
            return value
    return values[-1]


def roundings(value: float) -> list[float]:
    """A value rounded more and more finely, itself last."""
    found: list[float] = [round(value, digits) for digits in range(-6, 7)]
    return list(dict.fromkeys([*found, value]))


def plain_number(value: Any) -> int | float:
    """A whole number as an integer, as documents write it."""
    return int(value) if float(value).is_integer() else float(value)
