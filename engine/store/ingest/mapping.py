"""Mappings: how the columns of a file become facts, as a checked document.

A mapping is YAML or JSON (JSON's scalars only, ENGINE 21). Everything wrong with it is reported at once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from engine.documents import Document, read_file, read_text
from engine.errors import FactError, Fault, RulebookError, did_you_mean
from engine.store.ingest.fields import FIELDS
from engine.store.ingest.mapping_check import RULE_OPS, check

KINDS = tuple(FIELDS)


class BusinessSettings(Protocol):
    """What a mapping takes from the store where it says nothing itself."""

    @property
    def timezone(self) -> ZoneInfo: ...
    @property
    def currency(self) -> str: ...


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Which column of the file fills a field, and how its text is read.

    formats: date formats (`%d/%m/%Y %H:%M`) tried before ISO 8601; kind: of a custom field.
    """

    column: str
    formats: tuple[str, ...] = ()
    kind: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class RowRule:
    """Which rows: one test on one column of the file, as it stands there before any cleaning.

    also: a second test that must hold too. keep_customer: a row left out still makes its customer known.
    """

    column: str
    op: str  # empty, equals, starts_with, below, at_most, above
    value: Any
    reason: str = ""
    also: RowRule | None = None
    keep_customer: bool = False

    def columns(self) -> set[str]:
        """The columns of the file that the rule looks at."""
        return {self.column} | (self.also.columns() if self.also else set())


@dataclass(frozen=True, slots=True)
class Mapping:
    """A checked mapping. Made by `load_mapping`."""

    name: str
    kind: str
    source: str
    columns: Dict[str, ColumnMap]
    timezone: ZoneInfo
    currency: str
    constants: Dict[str, str] = field(default_factory=dict)
    native: bool = False
    refunds: tuple[RowRule, ...] = ()
    ignore: tuple[RowRule, ...] = ()
    not_graded: tuple[RowRule, ...] = ()
    lines: str = "replace"
    unknown_customers: str = "reject"
    encoding: str = "utf-8"
    delimiter: str = ","
    decimal: str = "."
    thousands: str = ""
    round: bool = False
    sheet: str = ""

    def with_columns(self, columns: Dict[str, ColumnMap]) -> Mapping:
        """The same mapping reading other columns."""
        return replace(self, columns=columns)


def built_in_mappings() -> dict[str, str]:
    """The mappings that ship, name → text of the document."""
    root = files("engine.store.ingest") / "mappings"
    found: dict[str, str] = {}
    for entry in root.iterdir():
        inside = {f"{entry.name}/{each.name}": each for each in entry.iterdir()} if entry.is_dir() else {entry.name: entry}
        found |= {name.removesuffix(".yaml"): each.read_text("utf-8") for name, each in inside.items() if name.endswith(".yaml")}
    return dict(sorted(found.items()))


def load_mapping(name_or_path: str | Path, *, settings: BusinessSettings) -> Mapping:
    """Load a built-in mapping by its name, or one's own by its path.

    settings: gives time zone and currency where the mapping names none. Raises `FactError` with every fault found.
    """
    name = str(name_or_path)
    try:
        return parse_mapping(_document(name), name, settings)
    except RulebookError as error:
        raise FactError(str(error)) from None


def any_mapping(given: str | Path | Dict[str, Any], *, settings: BusinessSettings) -> Mapping:
    """A mapping by its name, by its path, or from a document in memory. Raises `FactError` with every fault found."""
    if isinstance(given, (str, Path)):
        return load_mapping(given, settings=settings)
    return parse_mapping(Document(json.loads(json.dumps(given)), "mapping"), "mapping", settings)


def parse_mapping(document: Document, name: str, settings: BusinessSettings) -> Mapping:
    """Check a document that was read already and make it a mapping. Raises `FactError` with every fault found."""
    faults: list[Fault] = check(document)
    if faults:
        raise FactError("\n".join([f"mapping {name} is wrong", *(f"  {fault}" for fault in faults)]))
    body = document.value
    kind = body["kind"]
    native = body["columns"] == "native"
    return Mapping(
        name=name,
        kind=kind,
        source=body["source"],
        columns=_native_columns(kind) if native else {key: _column(value) for key, value in body["columns"].items()},
        timezone=ZoneInfo(body["timezone"]) if "timezone" in body else settings.timezone,
        currency=body.get("currency", settings.currency),
        constants={key: str(value) for key, value in body.get("constants", {}).items()},
        native=native,
        refunds=_rules(body.get("refunds", [])),
        ignore=_rules(body.get("ignore", [])),
        not_graded=_rules(body.get("not_graded", [])),
        **{key: body[key] for key in _PLAIN if key in body},
    )


_PLAIN = ("lines", "unknown_customers", "encoding", "delimiter", "decimal", "thousands", "round", "sheet")


def _document(name: str) -> Document:
    known = built_in_mappings()
    if name in known:
        return read_text(known[name], name)
    path = Path(name)
    if path.suffix in (".yaml", ".yml", ".json") or path.exists():
        return read_file(path)
    hint = did_you_mean(name, known)
    raise FactError(
        f"there is no mapping {name!r}; {hint + ' ' if hint else ''}built in: {', '.join(known)}; or give the path of a .yaml file"
    )


def _native_columns(kind: str) -> dict[str, ColumnMap]:
    return {each.name: ColumnMap(each.name, optional=not each.required) for each in FIELDS[kind] if "." not in each.name}


def _column(value: Any) -> ColumnMap:
    if isinstance(value, str):
        return ColumnMap(value)
    return ColumnMap(value["column"], tuple(value.get("formats", ())), value.get("type", ""), bool(value.get("optional", False)))


def _rules(value: Any) -> tuple[RowRule, ...]:
    return tuple(_rule(rule) for rule in ([value] if isinstance(value, dict) else value))


def _rule(rule: Dict[str, Any]) -> RowRule:
    op = next(key for key in rule if key in RULE_OPS)
    also = _rule(rule["and"]) if "and" in rule else None
    return RowRule(rule["column"], op, rule[op], str(rule.get("reason", "")), also, bool(rule.get("keep_customer", False)))
