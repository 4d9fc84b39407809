"""What a list of customers shows: its filters, search, order and page, as data that fits into an address.

    ListQuery(filters=(Filter.read("grade.grade=A|B"), Filter.read("orders.amount_365d>=1000")), sort="-orders.amount_365d")

A filter names an output (`grade.grade`), a feature (`profile.region`, `orders.amount_365d`), a tag or group (`tags.vip`),
or `graded`, whether the customer takes part in grading at all. "(none)" stands for those without a value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.errors import ListError

NONE = "(none)"
"""Stands in a filter for customers without a value."""

OPERATORS = ("!=", ">=", "<=", "=")
PAGE, MOST_ON_PAGE, MOST_FILTERS, MOST_VALUES, LONGEST = 50, 500, 20, 200, 200

_FILTER = re.compile(r"([\w.]{1,200})(!=|>=|<=|=)(.*)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition. operator: = and != take one or several values, >= and <= one number."""

    name: str
    operator: str
    values: tuple[str, ...]

    @classmethod
    def read(cls, text: str) -> Filter:
        """From "grade.grade=A|B". Raises `ListError`."""
        found = _FILTER.match(text.strip())
        if found is None:
            raise ListError(f"filter {text[:60]!r}: expected a name, one of {', '.join(OPERATORS)}, and values, such as grade.grade=A|B")
        values = tuple(dict.fromkeys(part.strip() for part in found[3].split("|")))
        if len(values) > MOST_VALUES or any(len(value) > LONGEST for value in values):
            raise ListError(f"filter {found[1]}: at most {MOST_VALUES} values of {LONGEST} characters each")
        return cls(found[1], found[2], values)

    def __str__(self) -> str:
        return f"{self.name}{self.operator}{'|'.join(self.values)}"

    @property
    def number(self) -> float:
        """The one number that >= and <= compare with. Raises `ListError`."""
        try:
            found = float(self.values[0].replace(",", ""))
        except ValueError:
            found = float("nan")
        if len(self.values) != 1 or found != found or abs(found) == float("inf"):
            raise ListError(f"filter {self.name}: found {'|'.join(self.values)[:60]!r}; expected a number")
        return found


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A list as asked for. sort: a column, with - in front for the largest first. page: from 0. columns: () is the usual ones."""

    filters: tuple[Filter, ...] = ()
    search: str = ""
    sort: str = ""
    page: int = 0
    size: int = PAGE
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.page <= 10**9:
            raise ListError(f"page: found {str(self.page)[:30]}; expected a whole number from 0")
        if not 1 <= self.size <= MOST_ON_PAGE:
            raise ListError(f"size: found {str(self.size)[:30]}; expected 1 to {MOST_ON_PAGE}")
        if len(self.filters) > MOST_FILTERS:
            raise ListError(f"at most {MOST_FILTERS} filters at once")
        if len(self.search) > LONGEST:
            raise ListError(f"search: at most {LONGEST} characters")

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> ListQuery:
        """From plain values: filters (texts), search, sort, page, size, columns. Raises `ListError`."""
        return cls(
            tuple(Filter.read(str(each)) for each in _texts(given.get("filters"))),
            " ".join(str(given.get("search") or "").replace("\0", " ").split()),
            str(given.get("sort") or ""),
            _whole("page", given.get("page"), 0),
            _whole("size", given.get("size"), PAGE),
            tuple(dict.fromkeys(_texts(given.get("columns")))),
        )

    def as_dict(self) -> dict[str, Any]:
        """What makes the list, without the page: what a saved view keeps."""
        return {
            "filters": [str(each) for each in self.filters],
            "search": self.search,
            "sort": self.sort,
            "size": self.size,
            "columns": list(self.columns),
        }

    def without(self, number: int) -> ListQuery:
        """The same without one of its filters, from the first page."""
        return replace(self, filters=(*self.filters[:number], *self.filters[number + 1 :]), page=0)

    @property
    def order(self) -> tuple[str, bool]:
        """The column, and whether the largest comes first."""
        return self.sort.removeprefix("-"), self.sort.startswith("-")


def _texts(given: Any) -> Sequence[str]:
    if given is None:
        return ()
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise ListError(f"found {str(given)[:60]!r}; expected a list of texts")
    return [str(each) for each in given]


def _whole(name: str, given: Any, usual: int) -> int:
    if given is None or given == "":
        return usual
    try:
        return int(str(given))
    except ValueError:
        raise ListError(f"{name}: found {str(given)[:30]!r}; expected a whole number") from None
