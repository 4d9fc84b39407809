"""Reading documents of the service desk: all faults at once, each with its place."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from engine.errors import DeskError, Fault, did_you_mean
from engine.texts import Text

LONGEST_TITLE = 200
_KEY = re.compile(r"[a-z][a-z0-9_-]{0,63}\Z")


class Reading:
    """Collects faults with one code; `done` raises them. What is wrong reads as something harmless until then."""

    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message
        self.faults: list[Fault] = []

    def fault(self, place: str, found: str, expected: str) -> None:
        """Note what is wrong where, and what would be right."""
        self.faults.append(Fault(self.code, place or "document", found, expected))

    def done(self) -> None:
        """Raises `DeskError` when anything was wrong."""
        if self.faults:
            raise DeskError(self.message, self.faults)

    def object(self, place: str, value: Any, keys: Sequence[str], needed: Sequence[str] = ()) -> Mapping[str, Any]:
        """An object with no other keys, and with those that are needed."""
        if not isinstance(value, Mapping):
            self.fault(place, _shown(value), "expected an object")
            return {}
        for key in value:
            if key not in keys:
                where = f"{place}.{key}".lstrip(".")
                self.fault(where, f"the unknown key {str(key)[:60]!r}", did_you_mean(str(key), keys) or f"known keys are {', '.join(keys)}")
        for key in needed:
            if key not in value:
                self.fault(place, f"no {key}", f"expected {key}")
        return value

    def list(self, place: str, value: Any, most: int = 200) -> Sequence[Any]:
        """A list that is not too long."""
        if not isinstance(value, list):
            self.fault(place, _shown(value), "expected a list")
            return []
        if len(value) > most:
            self.fault(place, f"{len(value)} entries", f"at most {most}")
            return []
        return value

    def key(self, place: str, value: Any) -> str:
        """A stable name: small letters, digits, _ and -."""
        if not isinstance(value, str) or not _KEY.match(value):
            self.fault(place, _shown(value), "expected a key of up to 64 small letters, digits, _ and -, a letter first")
        return str(value)[:64]

    def one_of(self, place: str, value: Any, known: Sequence[str]) -> str:
        """One of some words."""
        if value not in known:
            hint = f"expected one of {', '.join(known)}" if known else "none is set up"
            self.fault(place, _shown(value), did_you_mean(str(value), known) or hint)
            return known[0] if known else ""
        return str(value)

    def line(self, place: str, value: Any, most: int) -> str:
        """A text in one line, possibly empty."""
        if not isinstance(value, str) or len(value) > most or not value.isprintable():
            self.fault(place, _shown(value), f"expected a text in one line of up to {most} characters")
            return ""
        return value.strip()

    def text(self, place: str, value: Any, most: int) -> str:
        """A text of several lines that is not empty."""
        if not isinstance(value, str) or not value.strip() or len(value) > most or "\x00" in value:
            self.fault(place, _shown(value), f"expected a text of 1 to {most} characters")
            return ""
        return value.replace("\r\n", "\n").strip()

    def text_pair(self, place: str, value: Any, most: int = LONGEST_TITLE) -> Text:
        """One text for both languages, or {"en", "zh"}."""
        pair = {"en": value, "zh": value} if isinstance(value, str) else value
        if not isinstance(pair, Mapping) or set(pair) != {"en", "zh"}:
            self.fault(place, _shown(value), 'expected a text, or {"en": "...", "zh": "..."}')
            return Text("", "")
        return Text(*(self.text(f"{place}.{language}", pair[language], most) for language in ("en", "zh")))

    def whole(self, place: str, value: Any, least: int, most: int) -> int | None:
        """A whole number, or None."""
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.fault(place, _shown(value), f"expected a whole number from {least} to {most}")
            return None
        return value

    def number(self, place: str, value: Any, least: float, most: float) -> float | None:
        """A number, or None."""
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            self.fault(place, _shown(value), f"expected a number from {least:g} to {most:g}")
            return None
        return float(value)


def _shown(value: Any) -> str:
    return repr(value)[:60]
