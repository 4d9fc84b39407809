"""Features that a rulebook defines as data, so that "spent in hotels" or "this quarter against the one before" needs no code.

    {"name": "orders.web_amount", "source": "orders", "aggregate": "sum", "of": "amount",
     "where": {"feature": "channel", "op": "=", "value": "web"}}
    {"name": "orders.quarter_before", "source": "orders", "aggregate": "sum", "of": "amount", "window_days": 90, "ends_days_before": 90}
    {"name": "orders.quarter_trend", "ratio": ["orders.amount_90d", "orders.quarter_before"], "min_count": 3}

All faults of all definitions are found at once. Which keys there are, and what they mean: docs/reference/features.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from engine.catalogue import LONGEST_WINDOW, Catalogue, Dtype, Feature
from engine.errors import Fault, FeatureError, did_you_mean
from engine.feature_filters import checked_filter, read_filter
from engine.policy import Text

KEYS = (
    "name",
    "title",
    "unit",
    "source",
    "aggregate",
    "of",
    "where",
    "window_days",
    "ends_days_before",
    "ratio",
    "difference",
    "min_count",
)
_ALWAYS = ("name", "title", "unit")
_COMBINED = ("ratio", "difference", "min_count")
AGGREGATES: Mapping[str, tuple[str, ...]] = {
    "orders": ("count", "sum", "average", "days", "recency", "tenure", "interval", "interval_median", "gap"),
    "refunds": ("count", "sum", "average", "recency"),
    "lines": ("count", "sum", "distinct"),
}
SUMMED: Mapping[str, tuple[str, ...]] = {
    "orders": ("amount", "net_amount", "cost"),
    "refunds": ("amount",),
    "lines": ("amount", "quantity", "cost"),
}
_NEVER_MISSING = ("count", "sum", "days", "distinct")
_IN_DAYS = ("recency", "tenure", "interval", "interval_median", "gap")
_WINDOWABLE = ("count", "sum", "average", "days", "distinct", "gap")
_NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*\Z")
_TAKEN = ("previous", "profile", "custom", "tags", "groups")


def parse_features(documents: list[Any], catalogue: Catalogue) -> tuple[list[Feature], list[Fault]]:
    """Read feature definitions; returns what is right, and a fault for everything that is not.

    A ratio or difference may name any feature of the catalogue, or one that stands before it in the list.
    """
    features: list[Feature] = []
    faults: list[Fault] = []
    for number, document in enumerate(documents):
        reading = _Reading(f"features[{number}]", catalogue.with_features(features))
        feature = reading.feature(document)
        faults += reading.faults
        if feature is not None and not reading.faults:
            features.append(feature)
    return features, faults


def check_feature(feature: Feature) -> None:
    """Check a feature that a plugin declares. Raises `FeatureError` saying what is wrong and what would be right."""
    if not _NAME.match(feature.name) or feature.name.partition(".")[0] in _TAKEN:
        raise FeatureError(f"feature {feature.name!r}: expected a name such as orders.web_amount, in lower-case letters, digits and _")
    if feature.terms:
        allowed: tuple[str, ...] = ("ratio", "difference")
    elif feature.source in AGGREGATES:
        allowed = AGGREGATES[feature.source]
    else:
        raise FeatureError(f"feature {feature.name}: source {feature.source!r}; expected one of {', '.join(AGGREGATES)}")
    if feature.aggregate not in allowed:
        raise FeatureError(f"feature {feature.name}: aggregate {feature.aggregate!r}; expected one of {', '.join(allowed)}")
    if feature.aggregate in ("sum", "average") and feature.of not in SUMMED[feature.source]:
        raise FeatureError(f"feature {feature.name}: of {feature.of!r}; expected one of {', '.join(SUMMED[feature.source])}")
    if feature.where is not None:
        checked_filter(feature.name, feature.where, feature.source)


class _Reading:
    def __init__(self, place: str, catalogue: Catalogue) -> None:
        self.place = place
        self.catalogue = catalogue
        self.faults: list[Fault] = []

    def fault(self, key: str, found: str, expected: str, code: str = "TW012") -> None:
        self.faults.append(Fault(code, f"{self.place}.{key}".rstrip("."), found, expected))

    def feature(self, document: Any) -> Feature | None:
        if not isinstance(document, Mapping):
            self.fault("", f"{document!r}"[:60], "expected an object with name, source and aggregate, or name and ratio")
            return None
        kind = next((kind for kind in ("ratio", "difference") if kind in document), None)
        self._keys(document, kind)
        name, title = self._name(document.get("name")), self._title(document.get("title"), document.get("name"))
        unit = document.get("unit", "")
        if not isinstance(unit, str):
            self.fault("unit", f"{unit!r}"[:60], "expected a text")
        return self._combined(kind, document, name, title) if kind else self._aggregate(document, name, title)

    def _keys(self, document: Mapping[str, Any], kind: str | None) -> None:
        for key in document:
            if key not in KEYS:
                self.fault(str(key), f"the unknown key {key!r}", did_you_mean(str(key), KEYS) or f"known keys are {', '.join(KEYS)}")
            elif kind and key not in (*_ALWAYS, kind, "min_count"):
                self.fault(key, f"{key} beside {kind}", f"a {kind} is made of two features; define these, and name them")
            elif not kind and key in _COMBINED:
                self.fault(key, f"{key} without ratio or difference", "leave it out")

    def _name(self, name: Any) -> str:
        if not isinstance(name, str) or not _NAME.match(name):
            self.fault(
                "name", f"{name!r}"[:60], "expected source.measure in lower-case letters, digits and _, such as orders.web_amount_90d"
            )
            return ""
        if name.partition(".")[0] in _TAKEN:
            self.fault(
                "name", f"{name!r}, where {name.partition('.')[0]}.* is given by the store", "choose another first part, such as orders"
            )
        elif name in self.catalogue:
            self.fault("name", f"{name!r}, which there is already", "choose another name")
        return name

    def _title(self, given: Any, name: Any) -> Text:
        if given is None:
            given = str(name)
        if isinstance(given, str):
            return Text(given, given)
        if isinstance(given, Mapping) and given and set(given) <= {"en", "zh"} and all(isinstance(text, str) for text in given.values()):
            return Text(given.get("en") or given["zh"], given.get("zh") or given["en"])
        self.fault("title", f"{given!r}"[:60], "expected a text, or an object with en and zh")
        return Text("", "")

    # --- made of two features ----------------------------------------------------------------------------------

    def _combined(self, kind: Any, document: Mapping[str, Any], name: str, title: Text) -> Feature | None:
        terms = document[kind]
        if not isinstance(terms, list) or len(terms) != 2 or not all(isinstance(term, str) for term in terms):
            self.fault(kind, f"{terms!r}"[:60], "expected a list of two feature names")
            return None
        found = [self._term(kind, term) for term in terms]
        least = self._whole(document, "min_count", 1, 10**9) or 0
        if least and found[1] is not None and (found[1].terms or found[1].source in ("profile", "custom", "tags")):
            self.fault(
                "min_count", f"{terms[1]!r}, which counts no rows", "a minimum count needs a second feature of orders, refunds or lines"
            )
        money = kind == "difference" and all(term is not None and term.dtype == "amount" for term in found)
        dtype: Dtype = "amount" if money else "number"
        unit = "money" if money else str(document.get("unit", ""))
        return Feature(
            name,
            "derived",
            kind,
            title,
            terms=(terms[0], terms[1]),
            min_count=least,
            dtype=dtype,
            unit=unit,
            minimum=None,
            step=None,
            nullable=True,
            actionable="any",
        )

    def _term(self, kind: str, name: str) -> Feature | None:
        try:
            found = self.catalogue.resolve(name)
        except FeatureError as error:
            self.fault(kind, str(error), "name a feature of the catalogue, or one defined before this")
            return None
        if found.dtype in ("text", "flag", "date"):
            self.fault(kind, f"{name!r}, which is a {found.dtype}", "expected two numbers")
        return found

    # --- an aggregate of rows ----------------------------------------------------------------------------------

    def _aggregate(self, document: Mapping[str, Any], name: str, title: Text) -> Feature | None:
        source = self._choice(document, "source", tuple(AGGREGATES))
        if source is None:
            return None
        aggregate: Any = self._choice(document, "aggregate", AGGREGATES[source])
        of = self._column(document, source, aggregate)
        window = self._whole(document, "window_days", 1, LONGEST_WINDOW)
        ends = self._whole(document, "ends_days_before", 0, LONGEST_WINDOW) or 0
        where = self._where(document["where"], source) if document.get("where") is not None else None
        if aggregate is None:
            return None
        money = of in ("amount", "net_amount", "cost")
        dtype: Dtype = "amount" if money else "number" if of == "quantity" else "days" if aggregate in _IN_DAYS else "count"
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
            minimum=None if of == "net_amount" or (source == "lines" and money) else 0,
            step=0.01 if money else 0.001 if of == "quantity" else None if aggregate in ("interval", "interval_median") else 1,
            nullable=aggregate not in _NEVER_MISSING,
            actionable="any",
            windowable=window is None and not ends and aggregate in _WINDOWABLE,
        )

    def _column(self, document: Mapping[str, Any], source: str, aggregate: str | None) -> str:
        if aggregate in ("sum", "average"):
            columns = SUMMED[source] if aggregate == "sum" else tuple(name for name in SUMMED[source] if name != "net_amount")
            return self._choice(document, "of", columns) or ""
        if aggregate is not None and document.get("of") not in (None, "product" if aggregate == "distinct" else None):
            self.fault("of", f"{document['of']!r}"[:60], f"{aggregate} takes no column; leave it out")
        return "product" if aggregate == "distinct" else ""

    def _choice(self, document: Mapping[str, Any], key: str, choices: tuple[str, ...]) -> str | None:
        value = document.get(key)
        if isinstance(value, str) and value in choices:
            return value
        hint = did_you_mean(value, choices) if isinstance(value, str) else ""
        self.fault(key, f"{value!r}"[:60] if key in document else "nothing", hint or f"expected one of {', '.join(choices)}")
        return None

    def _whole(self, document: Mapping[str, Any], key: str, least: int, most: int) -> int | None:
        value = document.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.fault(key, f"{value!r}"[:60], f"expected a whole number from {least} to {most:,}")
            return None
        return value

    def _where(self, where: Any, source: str) -> Mapping[str, Any] | None:
        root, faults = read_filter(where, source)
        for fault in faults:
            inner = fault.place.removeprefix("condition").lstrip(".")
            self.fault(f"where.{inner}".rstrip("."), fault.found, fault.expected, fault.code)
        return None if root is None else root.document
