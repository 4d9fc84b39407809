"""Find customers in the register: filters, search, order, a page, all on columns; and make the cells of the rows found.

What somebody may not see is no column here: it cannot be filtered, searched, sorted by or shown but masked.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from sqlalchemy import Connection, select

from engine.catalogue import Catalogue, Feature
from engine.columns import Array, Flags
from engine.errors import FeatureError, ListError, did_you_mean
from engine.lists import NONE, Filter, ListQuery
from engine.store.feature_sql import PROFILE_COLUMNS
from engine.store.models import alias, customer, source, tag, term
from engine.store.register import Graded, Register, absent, number_column, tagged, within_reach
from engine.store.sight import MASK, Sight

SEARCHED = ("name", "email", "phone")
"""Columns that a search looks into besides ids; only for those who may see them."""

OWN_COLUMNS = ("customer", "name", "email", "phone", "not_graded", "joined_at")
_TEXT_COLUMNS = {"customer": "external_id", "name": "name", "email": "email", "phone": "phone", "not_graded": "not_graded"}
_MANY = 100_000
_KEPT_ORDERS = 6
_EPOCH = dt.date(1970, 1, 1)


@dataclass
class Listing:
    """One moment of the store as somebody sees it, for finding customers."""

    connection: Connection
    register: Register
    graded: Graded | None
    sight: Sight
    catalogue: Catalogue
    scale: int
    tags: Mapping[str, int] = field(init=False)
    tag_titles: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        rows = self.connection.execute(select(tag.c.id, tag.c.kind, tag.c.name, tag.c.title).order_by(tag.c.kind, tag.c.name)).all()
        self.tags = {f"{row.kind}s.{row.name}": row.id for row in rows}
        self.tag_titles = {f"{row.kind}s.{row.name}": row.title for row in rows}

    # --- what there is ------------------------------------------------------------------------------------------

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """Addresses of the outputs with labels, in the order of the rulebook."""
        return tuple(self.graded.kinds) if self.graded else ()

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """Features, scores and amounts of the newest run that may be seen."""
        if self.graded is None:
            return ()
        report = self.graded.record.report
        names = [name for name, texts in report["features"].items() if texts is None and self._seen(name)]
        return (*names, *(address for address, each in report["declared"].items() if each["kind"] in ("score", "amount")))

    @cached_property
    def profiles(self) -> tuple[str, ...]:
        """Texts of the customer record by which lists can be filtered: profile.region, profile.kind, ..."""
        found = [feature for feature in self.catalogue.list() if feature.source == "profile" and feature.dtype == "text"]
        return tuple(feature.name for feature in found if not self.sight.hides_feature(feature, self.catalogue))

    @property
    def filters(self) -> tuple[str, ...]:
        """Every name that a filter may have."""
        return ("graded", *self.outputs, *self.profiles, *self.numbers, *self.tags)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that a list can show; those that may not be seen are masked."""
        return (*OWN_COLUMNS, *self.outputs, *self.profiles, *self.numbers)

    @property
    def sorts(self) -> tuple[str, ...]:
        """Every column that a list can be sorted by."""
        own = [name for name in OWN_COLUMNS if not self._masked(name)]
        return (*own, *self.outputs, *self.numbers)

    def _seen(self, name: str) -> bool:
        try:
            return not self.sight.hides_feature(self.catalogue.resolve(name), self.catalogue)
        except FeatureError:
            return self.sight.personal  # of a catalogue that is no longer this one: nobody knows what it tells

    def _masked(self, name: str) -> bool:
        column = _TEXT_COLUMNS.get(name)
        return column is not None and self.sight.hides(customer.c[column])

    # --- finding ------------------------------------------------------------------------------------------------

    def rows(self, query: ListQuery) -> Array:
        """The places of all customers that fit, in order."""
        chosen = self.matching(query)
        name, down = query.order
        return self._ordered(chosen, name or "customer", down, given=bool(name))

    def matching(self, query: ListQuery) -> Flags:
        """Who fits, as flags."""
        chosen = within_reach(self.register, self.connection, self.sight.reach)
        for each in query.filters:
            chosen = chosen & self._fits(each)
        return chosen & self._found(query.search) if query.search else chosen

    def _fits(self, each: Filter) -> Flags:
        name = each.name
        if name == "graded":
            return self._flag(each, ~self._text_present("not_graded"))
        if name in self.tags:
            return self._flag(each, tagged(self.register, self.connection, self.tags[name]))
        if name in self.outputs:
            return self._label(each)
        if name in self.profiles:
            return self._profile(each)
        if name in self.numbers:
            return self._number(each)
        raise ListError(f"there is no filter {name[:60]!r}; {self._hint(name, self.filters)}")

    def _hint(self, name: str, known: Sequence[str]) -> str:
        if not self.sight.personal and self._is_personal(name):
            return "it holds personal data, which you may not see; ask an administrator for that right"
        return did_you_mean(name, known) or f"known are {', '.join(known[:12])}{', …' if len(known) > 12 else ''}"

    def _is_personal(self, name: str) -> bool:
        if name in _TEXT_COLUMNS:
            return self._masked(name)
        try:
            return self.sight.hides_feature(self.catalogue.resolve(name), self.catalogue)
        except FeatureError:
            return False

    def _flag(self, each: Filter, flags: Flags) -> Flags:
        words = {"yes": True, "true": True, "no": False, "false": False}
        if each.operator not in ("=", "!=") or len(each.values) != 1 or each.values[0] not in words:
            raise ListError(f"filter {each.name}: found {str(each)[:60]!r}; expected {each.name}=yes or {each.name}=no")
        return flags if words[each.values[0]] == (each.operator == "=") else ~flags

    def _label(self, each: Filter) -> Flags:
        assert self.graded is not None
        ids = {key: number for number, key in self.graded.keys[each.name].items()}
        wanted = [-1 if value == NONE else self._known(each, value, ids) for value in each.values]
        return self._among(each, np.isin(self.graded.labels(each.name), wanted))

    def _known(self, each: Filter, value: str, ids: Mapping[str, int]) -> int:
        if value not in ids:
            hint = did_you_mean(value, ids) or f"its values are {', '.join(list(ids)[:20])}"
            raise ListError(f"filter {each.name}: there is no value {value[:60]!r}; {hint}")
        return ids[value]

    def _among(self, each: Filter, flags: Flags) -> Flags:
        if each.operator not in ("=", "!="):
            raise ListError(f"filter {each.name}: {each.operator} compares numbers; expected = or !=")
        return flags if each.operator == "=" else ~flags

    def _profile(self, each: Filter) -> Flags:
        feature, column = self._feature(each.name)
        ids = self._profile_ids(feature, column)
        # a text that nobody has is no fault: the list is empty
        wanted = [absent(column) if value == NONE else ids.get(value, -1) for value in each.values]
        return self._among(each, np.isin(self.register.integers[column], wanted))

    def _feature(self, name: str) -> tuple[Feature, str]:
        feature = self.catalogue.resolve(name)
        return feature, PROFILE_COLUMNS[feature.of]

    def _profile_ids(self, feature: Feature, column: str) -> Mapping[str, int]:
        if feature.values:
            return {value: number for number, value in enumerate(feature.values)}
        query = select(term.c.value, term.c.id).where(term.c.field == column.removesuffix("_id"))
        return dict(self.connection.execute(query).all())

    def _number(self, each: Filter) -> Flags:
        assert self.graded is not None
        column = number_column(self.connection, self.graded, each.name)
        if column is None:
            raise ListError(f"filter {each.name}: the newest run kept no such column")
        if each.operator in (">=", "<="):
            bound = each.number
            return column >= bound if each.operator == ">=" else column <= bound
        flags = np.zeros(len(column), dtype=bool)
        for value in each.values:
            flags |= np.isnan(column) if value == NONE else column == Filter(each.name, "=", (value,)).number
        return self._among(each, flags)

    def _text_present(self, name: str) -> Flags:
        found: Flags = np.asarray(self.register.texts[name].is_valid())
        return found

    def _found(self, words: str) -> Flags:
        """Whose id begins so, who has an alias just so, or, where it may be seen, whose name, e-mail or phone holds it."""
        import pyarrow.compute as pc

        found = np.asarray(pc.starts_with(self.register.texts["external_id"], words, ignore_case=True).fill_null(False))
        query = select(alias.c.customer_id).where(alias.c.source_id.in_(select(source.c.id)), alias.c.external_id == words)
        found = found | self.register.mask(np.array(sorted(set(self.connection.scalars(query))), dtype=np.int64))
        for name in SEARCHED:
            if not self._masked(name):
                held = pc.match_substring(
                    self.register.texts[name], words, ignore_case=not words.isascii() or words.lower() != words.upper()
                )
                found = found | np.asarray(held.fill_null(False))
        return found

    # --- order --------------------------------------------------------------------------------------------------

    def _ordered(self, chosen: Flags, name: str, down: bool, *, given: bool) -> Array:
        if not given:
            return np.flatnonzero(chosen)
        if name not in self.sorts:
            raise ListError(f"a list cannot be sorted by {name[:60]!r}; {self._hint(name, self.sorts)}")
        places = np.flatnonzero(chosen)
        if len(places) <= _MANY:
            return places[self._order(name, down, places)]
        key = (name, down, id(self.graded) if name in self.outputs or name in self.numbers else 0)
        kept = self.register.orders
        if key not in kept:
            kept[key] = self._order(name, down, np.arange(len(self.register)))
            while len(kept) > _KEPT_ORDERS:
                kept.popitem(last=False)
        order = kept[key]
        return order[chosen[order]]

    def _order(self, name: str, down: bool, places: Array) -> Array:
        """Positions within `places`, sorted; those without a value last, equal ones by key."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if name in _TEXT_COLUMNS:
            texts = self.register.texts[_TEXT_COLUMNS[name]].take(pa.array(places))
            ranks = np.asarray(pc.rank(texts, sort_keys="ascending", tiebreaker="dense"), dtype=np.float64)
            ranks[~np.asarray(texts.is_valid())] = np.nan
        elif name == "joined_at":
            column = self.register.integers[name][places]
            ranks = np.where(column == absent(name), np.nan, column)
        else:
            ranks = self._ranks(name)[places]
        return np.argsort(-ranks if down else ranks, kind="stable")

    def _ranks(self, name: str) -> Array:
        assert self.graded is not None
        if name in self.numbers:
            column = number_column(self.connection, self.graded, name)
            return np.full(len(self.register), np.nan) if column is None else column
        labels = self.graded.labels(name)
        order = self.graded.record.report["declared"][name].get("keys") or []
        place = {key: number for number, key in enumerate(order)}
        table = np.full(max(self.graded.keys[name], default=0) + 2, np.nan)
        for number, key in self.graded.keys[name].items():
            table[number] = place.get(key, len(place) + number)
        return table[labels.astype(np.int64)]

    # --- cells --------------------------------------------------------------------------------------------------

    def column(self, name: str, places: Array) -> list[Any]:
        """The cells of a column for some customers: texts, numbers, label keys; None for none."""
        import pyarrow as pa

        if name in _TEXT_COLUMNS:
            cells: list[Any] = self.register.texts[_TEXT_COLUMNS[name]].take(pa.array(places)).to_pylist()
            return [MASK if cell is not None else None for cell in cells] if self._masked(name) else cells
        if name == "joined_at":
            return [None if cell == absent(name) else cell for cell in self.register.integers[name][places].tolist()]
        if name in self.outputs:
            assert self.graded is not None
            keys = self.graded.keys[name]
            return [keys.get(cell) for cell in self.graded.labels(name)[places].tolist()]
        if name in self.profiles:
            feature, column = self._feature(name)
            words = self._words(feature, column)
            return [words(cell) for cell in self.register.integers[column][places].tolist()]
        if name in self.numbers:
            assert self.graded is not None
            numbers = number_column(self.connection, self.graded, name)
            return [None] * len(places) if numbers is None else [None if cell != cell else cell for cell in numbers[places].tolist()]
        raise ListError(f"there is no column {name[:60]!r}; {self._hint(name, self.columns)}")

    def _words(self, feature: Feature, column: str) -> Callable[[int], str | None]:
        found = {number: text for text, number in self._profile_ids(feature, column).items()}
        return found.get

    def batches(self, columns: Sequence[str], places: Array, size: int) -> Iterator[list[list[Any]]]:
        """The cells of many customers, some at a time."""
        for start in range(0, len(places), size):
            part = places[start : start + size]
            yield [self.column(name, part) for name in columns]

    def values_of(self, name: str, most: int = 200) -> list[tuple[str, int]]:
        """What a filter can be set to, with how many of those within sight have it; the most frequent first."""
        chosen = within_reach(self.register, self.connection, self.sight.reach)
        if name in self.outputs:
            assert self.graded is not None
            numbers, words = self.graded.labels(name)[chosen], self.graded.keys[name]
        elif name in self.profiles:
            feature, column = self._feature(name)
            words = {number: text for text, number in self._profile_ids(feature, column).items()}
            numbers = self.register.integers[column][chosen]
        else:
            raise ListError(f"there is no filter with values {name[:60]!r}; {self._hint(name, (*self.outputs, *self.profiles))}")
        found, counts = np.unique(numbers, return_counts=True)
        pairs = [(words.get(number, NONE), count) for number, count in zip(found.tolist(), counts.tolist(), strict=True)]
        return sorted(pairs, key=lambda pair: (pair[0] == NONE, -pair[1], pair[0]))[:most]


__all__ = ["Listing"]
