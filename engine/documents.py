"""Read documents that people write (YAML or JSON) without surprises, and write the one canonical form of a value.

YAML 1.1 turns 12:30 into 750, no into False and 0123 into 83, lets duplicate keys vanish, and its anchors can blow
up memory. So a document is read with the scalars of JSON only (YAML 1.2 core); anchors, tags, duplicate keys, NaN and
infinity are refused, each with its line (ENGINE 21).
"""

from __future__ import annotations

import hashlib
import json
import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import yaml

from engine.errors import Fault, RulebookError

MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 100
MAX_DIGITS = 30
MAX_PLACE = 120

_WORDS: dict[str, Any] = {"": None, "null": None, "~": None, "true": True, "false": False}
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Document:
    """A document as plain values, and on which line each place of it stands.

    lines: place ("policies[2].params.bins") to line, counted from 1.
    faults: of single values, for which None stands. broken: the places of these.
    """

    value: Any
    name: str = ""
    lines: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, value: Any, name: str) -> Document:
        """A document that a program hands over. What no JSON file can hold becomes a fault."""
        document = cls(None, name)
        document.value = document._usable(value, "", 1)
        return document

    def refuse(self, code: str, place: str, found: str, expected: str, *, line: int | None = None) -> None:
        """Note the fault of a value that cannot be used."""
        self.broken.add(place)
        self.faults.append(Fault(code, f"{place or self.name} (line {line})" if line else place or self.name, found, expected))

    def _usable(self, value: Any, place: str, depth: int) -> Any:
        """The value without what a program may hand over and no JSON file can hold: NaN, sets, keys that are no text."""
        if depth > MAX_DEPTH:
            self.refuse("TW017", shortened(place), f"nested deeper than {MAX_DEPTH} levels", "flatten it")
        elif isinstance(value, Mapping):
            built = {}
            for key, item in value.items():
                if not isinstance(key, str) or _half(key):
                    self.refuse("TW004", place, f"the key {key!r}"[:60], "keys are texts")
                else:
                    built[key] = self._usable(item, f"{place}.{key}".lstrip("."), depth + 1)
            return built
        elif isinstance(value, list | tuple):
            return [self._usable(item, f"{place}[{i}]", depth + 1) for i, item in enumerate(value)]
        elif isinstance(value, float) and not math.isfinite(value):
            self.refuse("TW016", place, f"{value}", "expected a finite number")
        elif isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**MAX_DIGITS:
            self.refuse("TW016", place, "a whole number that is too long", f"expected at most {MAX_DIGITS} digits")
        elif isinstance(value, str) and _half(value):
            self.refuse("TW004", place, f"{value!r}"[:60], "half of a UTF-16 pair is no character; write the character itself")
        elif value is not None and not isinstance(value, str | int | float | bool):
            wanted = "expected text, number, true, false, null, a list or an object"
            self.refuse("TW004", place, f"{type(value).__name__} {value!r}"[:60], wanted)
        else:
            return value
        return None

    def where(self, place: str) -> str:
        """The place with its line, or with the line of what holds it."""
        at = place
        while at and at not in self.lines:
            at = at[: max(at.rfind("."), at.rfind("["), 0)]
        return f"{place} (line {self.lines[at]})" if at in self.lines else place


def read_file(path: Path, *, whole: bool = True) -> Document:
    """Read a YAML or JSON file. Raises `RulebookError` with what is wrong and where. whole: as in `read_text`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RulebookError(f"{path} cannot be read: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise RulebookError(f"{path} has {len(data):,} bytes; a document may have {MAX_BYTES:,}")
    try:
        return read_text(data.decode("utf-8-sig"), path.name, whole=whole)
    except UnicodeDecodeError as error:
        raise RulebookError(f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8") from None


def read_text(text: str, name: str = "document", *, whole: bool = True) -> Document:
    """Read YAML or JSON text. Raises `RulebookError` with every fault of the notation.

    whole: single values that cannot be used are refused too; otherwise they are told in `faults`, so that whoever checks
    the document can tell its other faults beside them.
    """
    if len(text.encode()) > MAX_BYTES:
        raise RulebookError(f"{name} has more than {MAX_BYTES:,} bytes")
    document = Document(None, name)
    faults: list[Fault] = []
    try:
        if _scan(text, faults):
            node = yaml.compose(text, Loader=_Loader)
            document.value = _build(node, "", document) if node is not None else None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        faults.append(Fault("TW001", f"line {mark.line + 1}" if mark else name, f"not readable: {problem}", "expected YAML or JSON"))
    if faults or (whole and document.faults):
        raise RulebookError(f"{name} cannot be read", faults or document.faults)
    return document


def _scan(text: str, faults: list[Fault]) -> bool:
    """Walk the notation once without building anything, so that a bomb costs nothing."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = f"line {event.start_mark.line + 1}" if event.start_mark else ""
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            faults.append(Fault("TW015", line, "an anchor or alias (& or *)", "write the value out; a text that starts so goes in quotes"))
        elif tag := _tag(event):
            faults.append(Fault("TW015", line, f"the tag {tag}", "tags are not used here; a text that starts with ! goes in quotes"))
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            faults.append(Fault("TW017", line, f"nested deeper than {MAX_DEPTH} levels", "flatten it"))
            return False
    if documents > 1:
        faults.append(Fault("TW001", "", f"{documents} documents in one file", "one document per file"))
    return not faults


def _tag(event: yaml.Event) -> str:
    tag = getattr(event, "tag", None)
    return "" if tag in (None, "!") else str(tag)


def _build(node: yaml.Node, place: str, document: Document) -> Any:
    line = node.start_mark.line + 1
    document.lines[place] = line
    if isinstance(node, yaml.SequenceNode):
        return [_build(child, f"{place}[{i}]", document) for i, child in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        built: dict[str, Any] = {}
        for key_node, value_node in node.value:
            here = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                document.faults.append(Fault("TW004", f"line {here}", "a key that is a list or an object", "keys are texts"))
                continue
            key = unicodedata.normalize("NFC", key_node.value)
            at = f"{place}.{key}" if place else key
            if key in built:
                first = document.lines.get(at, line)
                document.faults.append(Fault("TW005", f"{at} (line {here})", f"the key {key!r} again, first on line {first}", "keep one"))
                continue
            built[key] = _build(value_node, at, document)
        return built
    return _scalar(node, place, document)


def _scalar(node: yaml.Node, place: str, document: Document) -> Any:
    text: str = node.value
    if getattr(node, "style", None):  # quoted or block: a text, whatever it looks like
        return unicodedata.normalize("NFC", text)
    if text in _WORDS:
        return _WORDS[text]
    number = text.lstrip("+-")
    if number.lower() in (".nan", ".inf", "nan", "inf", "infinity"):
        document.refuse("TW016", place, text, "expected a finite number", line=node.start_mark.line + 1)
        return None
    if number[:1].isdigit() or (number[:1] == "." and number[1:2].isdigit()):
        return _number(text, place, document, node.start_mark.line + 1)
    return unicodedata.normalize("NFC", text)


def _number(text: str, place: str, document: Document, line: int) -> Any:
    """A JSON number, or the text itself when it is none (12:30, 2025-01-31, 1_000, 0123 stay texts)."""
    body = text[1:] if text[:1] in "+-" else text
    if not body.isascii() or not set(body) <= set("0123456789.eE+-") or (len(body) > 1 and body[0] == "0" and body[1].isdigit()):
        return text
    try:
        exact = Decimal(text)
    except InvalidOperation:
        return text
    if len(exact.as_tuple().digits) > MAX_DIGITS or abs(exact.adjusted()) > 300:
        shown = text if len(text) <= 40 else text[:37] + "..."
        wanted = f"expected at most {MAX_DIGITS} digits and a size below 1e300"
        document.refuse("TW016", place, f"the number {shown}", wanted, line=line)
        return None
    return int(text) if body.isdigit() else float(text)


def shortened(place: str) -> str:
    """A place that is too deep to be read, by its two ends."""
    return place if len(place) <= MAX_PLACE else f"{place[: MAX_PLACE // 2]}…{place[-MAX_PLACE // 2 :]}"


def _half(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)


def canonical(value: Any) -> str:
    """Write a value as canonical JSON: RFC 8785 over NFC strings, whole numbers as integers."""
    if isinstance(value, Mapping):
        items = sorted(((unicodedata.normalize("NFC", str(key)), item) for key, item in value.items()), key=_utf16)
        return "{" + ",".join(f"{json.dumps(key, ensure_ascii=False)}:{canonical(item)}" for key, item in items) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(canonical(item) for item in value) + "]"
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _canonical_float(value)
    return json.dumps(unicodedata.normalize("NFC", str(value)), ensure_ascii=False)


def _utf16(item: tuple[str, Any]) -> bytes:
    return item[0].encode("utf-16-be", "surrogatepass")


def _canonical_float(value: float) -> str:
    """A number as ECMAScript prints it (RFC 8785 3.2.2.3)."""
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a JSON number")
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    text = repr(value)
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    power = int(exponent)
    if -6 <= power < 0:
        return f"{Decimal(text):f}"
    return f"{mantissa}e{power:+d}"


def content_hash(value: Any) -> str:
    """SHA-256 of the canonical form, in hex."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()
