"""Features that a rulebook defines as data, so that "spent in hotels" or "this quarter against the one before" needs no code.

    {"name": "orders.web_amount_90d", "source": "orders", "aggregate": "sum", "of": "amount", "window_days": 90,
     "where": {"feature": "channel", "op": "=", "value": "web"}}
    {"name": "orders.quarter_trend", "ratio": ["orders.amount_90d", "orders.amount_quarter_before"]}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.catalogue import LONGEST_WINDOW, Catalogue, Dtype, Feature
from engine.errors import Fault, FeatureError, did_you_mean
from engine.policy import Text

KEYS = ("name", "title", "source", "aggregate", "of", "where", "window_days", "ends_days_before", "ratio", "difference", "unit")
AGGREGATES: Mapping[str, tuple[str, ...]] = {
    "orders": ("count", "sum", "average", "days", "recency", "tenure"),
    "refunds": ("count", "sum"),
    "lines": ("count", "sum", "distinct"),
}
SUMMED: Mapping[str, tuple[str, ...]] = {"orders": ("amount", "cost"), "refunds": ("amount",), "lines": ("amount", "quantity")}
FILTERS: Mapping[str, tuple[str, ...]] = {
    "orders": ("channel", "store", "seller", "status"),
    "refunds": ("channel", "store", "seller", "status"),
    "lines": ("channel", "store", "seller", "status", "category", "product"),
}
OPS = ("=", "!=", "in", "not_in")
_NULLABLE = ("average", "recency", "tenure")


def parse_features(documents: list[Any], catalogue: Catalogue) -> tuple[list[Feature], list[Fault]]:
    """Read feature definitions; returns what is right, and a fault for everything that is not."""
    features: list[Feature] = []
    faults: list[Fault] = []
    for number, document in enumerate(documents):
        reading = _Reading(f"features[{number}]", catalogue.with_features(features), faults)
        before = len(faults)
        feature = reading.feature(document)
        if feature is not None and len(faults) == before:
            features.append(feature)
    return features, faults


class _Reading:
    def __init__(self, place: str, catalogue: Catalogue, faults: list[Fault]) -> None:
        self.place = place
        self.catalogue = catalogue
        self.faults = faults

    def fault(self, key: str, found: str, expected: str) -> None:
        self.faults.append(Fault("TW012", f"{self.place}.{key}".rstrip("."), found, expected))

    def feature(self, document: Any) -> Feature | None:
        if not isinstance(document, Mapping):
            self.fault("", f"{document!r}"[:60], "expected an object with name, source and aggregate, or name and ratio")
            return None
        for key in document:
            if key not in KEYS:
                self.fault(str(key), f"the unknown key {key!r}", did_you_mean(str(key), KEYS) or f"known keys are {', '.join(KEYS)}")
        name = document.get("name")
        if not isinstance(name, str) or not _is_name(name):
            self.fault("name", f"{name!r}", "expected source.measure in lower-case letters, digits and _, such as orders.web_amount_90d")
            return None
        if name in self.catalogue:
            self.fault("name", f"{name!r}, which there is already", "choose another name")
            return None
        title = self._title(document.get("title"), name)
        for kind in ("ratio", "difference"):
            if kind in document:
                return self._combined(kind, document[kind], name, title)
        return self._aggregate(document, name, title)

    def _title(self, given: Any, name: str) -> Text:
        if given is None:
            return Text(name, name)
        if isinstance(given, Mapping) and set(given) == {"en", "zh"} and all(isinstance(text, str) for text in given.values()):
            return Text(given["en"], given["zh"])
        self.fault("title", f"{given!r}"[:60], "expected an object with en and zh")
        return Text(name, name)

    def _combined(self, kind: Any, terms: Any, name: str, title: Text) -> Feature | None:
        if not isinstance(terms, list) or len(terms) != 2 or not all(isinstance(term, str) for term in terms):
            self.fault(kind, f"{terms!r}"[:60], "expected a list of two feature names")
            return None
        dtypes: list[Dtype] = []
        for term in terms:
            try:
                found = self.catalogue.resolve(term)
            except FeatureError as error:
                self.fault(kind, str(error), "")
                continue
            if found.dtype in ("text", "flag", "date"):
                self.fault(kind, f"{term!r} is a {found.dtype}", "expected two numbers")
            dtypes.append(found.dtype)
        dtype: Dtype = "amount" if kind == "difference" and dtypes == ["amount", "amount"] else "number"
        return Feature(
            name, "derived", kind, title, terms=(terms[0], terms[1]), dtype=dtype, minimum=None, step=None, nullable=True, actionable="any"
        )

    def _aggregate(self, document: Mapping[str, Any], name: str, title: Text) -> Feature | None:
        source = self._choice(document, "source", tuple(AGGREGATES))
        if source is None:
            return None
        aggregate: Any = self._choice(document, "aggregate", AGGREGATES[source])
        of = ""
        if aggregate in ("sum", "average"):
            of = self._choice(document, "of", SUMMED[source]) or ""
        elif aggregate == "distinct":
            of = "product"
        window, ends = self._days(document, "window_days", 1), self._days(document, "ends_days_before", 0) or 0
        where = document.get("where")
        if where is not None:
            self._where(where, FILTERS[source], "where")
        if aggregate is None:
            return None
        money = of in ("amount", "cost")
        dtype: Dtype = "amount" if money else "number" if of == "quantity" else "days" if aggregate in ("recency", "tenure") else "count"
        return Feature(
            name,
            source,
            aggregate,
            title,
            of=of,
            where=where,
            window_days=window,
            ends_days_before=ends,
            dtype=dtype,
            unit="money" if money else str(document.get("unit", "")),
            minimum=None if of == "amount" and source == "lines" else 0,
            step=0.01 if money else 0.001 if of == "quantity" else 1,
            nullable=aggregate in _NULLABLE,
            actionable="any",
        )

    def _choice(self, document: Mapping[str, Any], key: str, choices: tuple[str, ...]) -> str | None:
        value = document.get(key)
        if value in choices:
            return str(value)
        hint = did_you_mean(str(value), choices)
        self.fault(key, f"{value!r}", hint or f"expected one of {', '.join(choices)}")
        return None

    def _days(self, document: Mapping[str, Any], key: str, least: int) -> int | None:
        value = document.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= LONGEST_WINDOW:
            self.fault(key, f"{value!r}", f"expected whole days from {least} to {LONGEST_WINDOW:,}")
            return None
        return value

    def _where(self, where: Any, columns: tuple[str, ...], place: str, depth: int = 0) -> None:
        if not isinstance(where, Mapping) or depth > 20:
            self.fault(place, f"{where!r}"[:60], "expected a condition such as {feature: channel, op: =, value: web}")
            return
        for word in ("all", "any"):
            if word in where:
                parts = where[word]
                if set(where) != {word} or not isinstance(parts, list) or not parts:
                    self.fault(f"{place}.{word}", f"{parts!r}"[:60], "expected a list of conditions and nothing beside it")
                    return
                for number, part in enumerate(parts):
                    self._where(part, columns, f"{place}.{word}[{number}]", depth + 1)
                return
        if "not" in where:
            self._where(where["not"], columns, f"{place}.not", depth + 1)
            return
        self._leaf(where, columns, place)

    def _leaf(self, leaf: Mapping[str, Any], columns: tuple[str, ...], place: str) -> None:
        if set(leaf) != {"feature", "op", "value"}:
            self.fault(place, f"the keys {', '.join(map(str, leaf))}", "expected feature, op and value")
            return
        if leaf["feature"] not in columns:
            hint = did_you_mean(str(leaf["feature"]), columns)
            self.fault(f"{place}.feature", f"{leaf['feature']!r}", hint or f"expected one of {', '.join(columns)}")
        if leaf["op"] not in OPS:
            self.fault(f"{place}.op", f"{leaf['op']!r}", f"expected one of {' '.join(OPS)}")
        many = leaf["op"] in ("in", "not_in")
        values = leaf["value"] if many else [leaf["value"]]
        if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
            self.fault(f"{place}.value", f"{leaf['value']!r}"[:60], "expected a list of texts" if many else "expected a text")


def _is_name(name: str) -> bool:
    source, dot, measure = name.partition(".")
    return bool(dot) and all(part and part[0].isalpha() and part.isascii() and set(part) <= _LETTERS for part in (source, measure))


_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")
