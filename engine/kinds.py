"""Kinds: what sort of value a column holds, and which literals may be compared with it.

Rules are typed strictly: a number compares with numbers, a text with texts, a date with dates, a flag with flags, and
nothing is converted. A decimal of at most 15 significant digits maps one to one, and in order, onto float64; so with
that limit on literals, comparing floats is comparing decimals, and "5000.1" is never a binary surprise (ENGINE 31).
"""

from __future__ import annotations

import datetime as dt
import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from engine.catalogue import Feature
from engine.columns import Codes, Column
from engine.errors import Fault, FeatureError, did_you_mean
from engine.policy import Output

KindName: TypeAlias = Literal["number", "text", "flag", "date"]
Value: TypeAlias = int | float | str | bool | dt.date

DIGITS = 15
"""Significant digits that a float64 keeps for certain."""

TEXT_LIMIT = 1000
"""Characters of one text literal."""


@dataclass(frozen=True, slots=True)
class ColumnKind:
    """What a column holds. Rules are checked against it, and verification takes the possible values from it.

    values: of labels and declared choices everything that can occur, labels best first; None for an open text.
    ordered: whether the values stand in an order, as labels do and choices such as person and company do not.
    minimum, maximum, step: which numbers can occur (a count: 0, None, 1); None is unlimited or continuous.
    nullable: whether a value can be missing.
    """

    kind: KindName
    values: tuple[str, ...] | None = None
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    nullable: bool = True
    ordered: bool = True

    @classmethod
    def of_feature(cls, feature: Feature) -> ColumnKind:
        """The kind of a catalogue feature."""
        if feature.dtype == "text" and feature.values:
            return cls("text", values=feature.values, nullable=feature.nullable, ordered=False)
        if feature.dtype in ("text", "flag", "date"):
            return cls(feature.dtype, nullable=feature.nullable)
        return cls("number", minimum=feature.minimum, step=feature.step, nullable=feature.nullable)

    @classmethod
    def of_output(cls, output: Output) -> ColumnKind | None:
        """The kind of a policy's output; None for a set, which no rule compares."""
        if output.kind == "label":
            return cls("text", values=output.keys)
        if output.kind in ("flag", "date"):
            return cls(output.kind)
        if output.kind == "set":
            return None
        return cls("number", minimum=output.minimum, maximum=output.maximum, step=10.0**-output.decimals)

    @classmethod
    def of_column(cls, name: str, column: Column) -> ColumnKind:
        """The kind of an actual column. Raises `FeatureError` for a dtype that no column may have."""
        if isinstance(column, Codes):
            return cls("text", values=column.values if column.closed else None)
        letter = column.dtype.kind
        if letter == "b" or column.dtype == "int8":
            return cls("flag")
        if letter in "fiu":
            return cls("number")
        if letter == "M":
            return cls("date")
        raise FeatureError(f"column {name!r} has dtype {column.dtype}; numbers, datetime64, flags (int8) or Codes are needed")

    @property
    def word(self) -> str:
        """The kind in words, for messages."""
        return "a flag (true or false)" if self.kind == "flag" else f"a {self.kind}"


def literal_kind(value: object) -> KindName | None:
    """The kind that a literal belongs to; None for what is no literal at all."""
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, dt.date):
        return "date"
    return "text" if isinstance(value, str) else None


def number_problem(value: int | float) -> str:
    """Why a number cannot stand in a rule; empty when it can."""
    if isinstance(value, float) and not math.isfinite(value):
        return "not a finite number"
    if isinstance(value, int) and abs(value) > 10**DIGITS:
        return f"a number of more than {DIGITS} digits"
    if len(Decimal(repr(value)).normalize().as_tuple().digits) > DIGITS:
        return f"a number of more than {DIGITS} significant digits"
    return ""


def tidy_number(value: int | float) -> int | float:
    """A whole number as int, anything else as float, so that 5 and 5.0 are one value (and one hash)."""
    return int(value) if value == int(value) else float(value)


def tidy_text(text: str) -> str:
    """A text in NFC, the form in which facts are stored."""
    return unicodedata.normalize("NFC", text)


def text_problem(text: str) -> str:
    """Why a text cannot stand in a rule; empty when it can."""
    if len(text) > TEXT_LIMIT:
        return f"a text of {len(text):,} characters; at most {TEXT_LIMIT:,} are allowed"
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in text):
        return "a text with control characters"
    return ""


def parse_date(text: str) -> dt.date | None:
    """The date written as YYYY-MM-DD in ASCII digits; None for anything else."""
    digits = text[:4] + text[5:7] + text[8:]
    if len(text) != 10 or text[4] != "-" or text[7] != "-" or not (digits.isascii() and digits.isdigit()):
        return None
    try:
        return dt.date(int(text[:4]), int(text[5:7]), int(text[8:]))
    except ValueError:
        return None


def shown(value: Any) -> str:
    """A found value as a message shows it: short, and as the author wrote it."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def unknown_name(code: str, place: str, name: str, known: Mapping[str, Any]) -> Fault:
    """The fault for a column name that nobody declares."""
    return Fault(code, place, f"{shown(name)} is not a known column", did_you_mean(name, known))
