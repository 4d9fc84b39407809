"""Check a mapping document completely: every fault with its place, found and expected."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from typing import Any
from zoneinfo import available_timezones

from engine.documents import Document
from engine.errors import Fault, did_you_mean
from engine.kinds import shown
from engine.store.ingest.fields import CHOICES as FIELD_CHOICES
from engine.store.ingest.fields import CUSTOM_KINDS, FIELDS, field
from engine.store.ingest.moments import format_fault

KEYS = [
    "format",
    "kind",
    "source",
    "columns",
    "constants",
    "timezone",
    "currency",
    "refunds",
    "ignore",
    "not_graded",
    "lines",
    "unknown_customers",
    "encoding",
    "delimiter",
    "decimal",
    "thousands",
    "round",
    "sheet",
    "note",
]
RULE_OPS = ("empty", "equals", "starts_with", "below", "at_most", "above")
CHOICES = {"lines": ("replace", "append"), "unknown_customers": ("reject", "create"), "decimal": (".", ","), "round": (True, False)}
CONSTANTS = ("kind", "channel", "store", "seller", "status", "currency", "country", "region", "city", "industry", "education")


class _Checker:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.faults: list[Fault] = []

    def fault(self, place: str, found: str, expected: str) -> None:
        self.faults.append(Fault("TW601", self.document.where(place) or "mapping", found, expected))

    def unknown(self, place: str, name: str, known: Iterable[str], what: str) -> None:
        known = list(known)
        self.fault(place, f"unknown {what} {name!r}", did_you_mean(name, known) or f"expected one of {', '.join(known)}")


def check(document: Document) -> list[Fault]:
    """Every fault of the mapping document; an empty list when it can be used."""
    checker = _Checker(document)
    body = document.value
    if not isinstance(body, dict):
        checker.fault("", _in_words(body), "expected kind, source and columns")
        return checker.faults
    for key in body:
        if key not in KEYS:
            checker.unknown(key, key, KEYS, "key")
    kind = body.get("kind")
    if kind not in FIELDS:
        checker.fault("kind", repr(kind), f"expected one of {', '.join(FIELDS)}")
    if not isinstance(body.get("source"), str) or not body.get("source"):
        checker.fault("source", repr(body.get("source")), "expected the name of the system that the ids come from")
    if kind in FIELDS:
        _columns(checker, kind, body.get("columns"))
        _constants(checker, kind, body.get("constants", {}))
    _options(checker, body)
    for key in ("refunds", "ignore", "not_graded"):
        _rules(checker, key, body.get(key, []))
    return checker.faults


def _columns(checker: _Checker, kind: str, columns: Any) -> None:
    if columns == "native":
        return
    if not isinstance(columns, dict) or not columns:
        checker.fault("columns", repr(columns), "expected field: column of the file, or the word native")
        return
    for name, value in columns.items():
        place = f"columns.{name}"
        if field(kind, name) is None:
            checker.unknown(place, name, (each.name for each in FIELDS[kind]), f"field of {kind}")
        if isinstance(value, dict):
            _column(checker, place, name, value)
        elif not isinstance(value, str) or not value:
            checker.fault(place, repr(value), "expected the name of a column of the file")
    for each in FIELDS[kind]:
        if each.required and each.name not in columns:
            checker.fault("columns", f"no column for {each.name}", f"{kind} need it")


def _column(checker: _Checker, place: str, name: str, value: dict[str, Any]) -> None:
    for key in value:
        if key not in ("column", "formats", "type", "optional"):
            checker.unknown(f"{place}.{key}", key, ("column", "formats", "type", "optional"), "key")
    if not isinstance(value.get("column"), str) or not value["column"]:
        checker.fault(f"{place}.column", repr(value.get("column")), "expected the name of a column of the file")
    formats = value.get("formats", [])
    if not isinstance(formats, list):
        checker.fault(f"{place}.formats", repr(formats), 'expected a list such as ["%d/%m/%Y %H:%M"]')
        formats = []
    for i, each in enumerate(formats):
        problem = format_fault(each)
        if problem:
            checker.fault(f"{place}.formats[{i}]", repr(each), problem)
    if "type" in value and (not name.startswith("custom.") or value["type"] not in CUSTOM_KINDS):
        checker.fault(f"{place}.type", repr(value["type"]), f"expected one of {', '.join(CUSTOM_KINDS)}, for a custom field")
    if not isinstance(value.get("optional", False), bool):
        checker.fault(f"{place}.optional", repr(value["optional"]), "expected true or false")


def _constants(checker: _Checker, kind: str, constants: Any) -> None:
    if not isinstance(constants, dict):
        checker.fault("constants", repr(constants), "expected field: value")
        return
    usable = [name for name in CONSTANTS if field(kind, name) is not None]
    for name, value in constants.items():
        if name not in usable:
            checker.unknown(f"constants.{name}", name, usable, "constant")
        elif not isinstance(value, str) or not value:
            checker.fault(f"constants.{name}", repr(value), "expected a text")
        elif (words := FIELD_CHOICES.get(kind, {}).get(name)) and value.strip().lower() not in words:
            checker.fault(f"constants.{name}", repr(value), f"expected one of {', '.join(words)}")
        elif name == "currency" and not _is_currency(value.upper()):
            checker.fault(f"constants.{name}", repr(value), "expected three letters, such as CNY")


def _options(checker: _Checker, body: dict[str, Any]) -> None:
    for key, allowed in CHOICES.items():
        if key in body and (body[key] not in allowed or (key == "round" and not isinstance(body[key], bool))):
            checker.fault(key, repr(body[key]), f"expected {' or '.join(str(each).lower() for each in allowed)}")
    if "timezone" in body and body["timezone"] not in available_timezones():
        checker.unknown(
            "timezone", str(body["timezone"]), ["UTC", "Europe/London", "Asia/Shanghai", *available_timezones()][:3], "time zone"
        )
    currency = body.get("currency", "CNY")
    if not _is_currency(currency):
        checker.fault("currency", repr(currency), "expected three letters, such as CNY")
    if "encoding" in body and not _is_encoding(body["encoding"]):
        checker.fault("encoding", repr(body["encoding"]), "expected an encoding such as utf-8 or gb18030")
    for key in ("delimiter", "thousands"):
        value = body.get(key, ",")
        if not isinstance(value, str) or len(value) != 1 or not value.isascii() or value in '\r\n"':
            checker.fault(key, repr(value), "expected one character")
    if body.get("thousands") is not None and body.get("thousands") == body.get("decimal", "."):
        checker.fault("thousands", repr(body["thousands"]), "expected another character than decimal")
    if isinstance(mark := body.get("thousands"), str) and (mark.isalnum() or mark in "+-"):
        checker.fault("thousands", repr(mark), "expected a sign that is no part of a number, such as , . ' or a space")
    if body.get("format", 1) != 1:
        checker.fault("format", repr(body["format"]), "this version reads format 1")
    if not isinstance(body.get("sheet", ""), str):
        checker.fault("sheet", repr(body["sheet"]), "expected the name of a sheet")


def _in_words(body: Any) -> str:
    return "nothing" if body is None else "a list" if isinstance(body, list) else shown(body)


def _is_currency(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 3 and value.isascii() and value.isalpha() and value.isupper()


def _is_encoding(name: Any) -> bool:
    try:
        return isinstance(name, str) and isinstance(codecs.lookup(name)._is_text_encoding, bool) and codecs.lookup(name)._is_text_encoding
    except LookupError:
        return False


def _rules(checker: _Checker, key: str, rules: Any) -> None:
    if isinstance(rules, dict):
        rules = [rules]
    if not isinstance(rules, list):
        checker.fault(key, repr(rules), "expected a rule {column: .., starts_with: ..}, or a list of them")
        return
    for i, rule in enumerate(rules):
        _rule(checker, f"{key}[{i}]", rule)
        if isinstance(rule, dict) and key != "refunds" and not rule.get("reason"):
            checker.fault(f"{key}[{i}]", "no reason", "expected reason: why these rows are left out")
        if isinstance(rule, dict) and not isinstance(rule.get("keep_customer", False), bool):
            checker.fault(f"{key}[{i}].keep_customer", repr(rule["keep_customer"]), "expected true or false")


def _rule(checker: _Checker, place: str, rule: Any) -> None:
    if not isinstance(rule, dict) or not isinstance(rule.get("column"), str):
        checker.fault(place, repr(rule), "expected column, one test, and a reason")
        return
    tests = [each for each in rule if each not in ("column", "reason", "and", "keep_customer")]
    if len(tests) != 1 or tests[0] not in RULE_OPS:
        checker.fault(place, f"the tests {', '.join(tests) or 'none'}", f"expected exactly one of {', '.join(RULE_OPS)}")
    elif not _fits(tests[0], rule[tests[0]]):
        checker.fault(f"{place}.{tests[0]}", repr(rule[tests[0]]), "expected a text, a number for below, at_most and above, true for empty")
    if "and" in rule:
        _rule(checker, f"{place}.and", rule["and"])


def _fits(op: str, value: Any) -> bool:
    if op == "empty":
        return value is True
    if op in ("below", "at_most", "above"):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""
