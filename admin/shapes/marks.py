"""What pictures are made of: marks, words at axes, the canvas; texts cut to their room."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import g

from admin import result_findings as say
from admin.formats import Formats

Link = Callable[[Mapping[str, Any]], str | None]
"""From a mark (role to value) to the list of its customers."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that is drawn: a rectangle with words and an address. classes: colour classes by what is shown."""

    x: float
    y: float
    width: float
    height: float
    css: str = ""
    ink: str = ""
    words: tuple[str, ...] = ()
    hover: str = ""
    url: str | None = None
    classes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tick:
    """A word at an axis."""

    x: float
    y: float
    words: str
    more: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """A picture as marks, paths and words on a canvas of `width` by `height`."""

    kind: str
    width: float
    height: float
    marks: tuple[Mark, ...] = ()
    ribbons: tuple[Mark, ...] = ()
    ticks: tuple[Tick, ...] = ()
    rows: tuple[Tick, ...] = ()
    paths: tuple[tuple[str, str], ...] = ()
    lines: tuple[tuple[float, float, float, float, str], ...] = ()
    notes: tuple[Tick, ...] = ()
    below: str = ""
    left: str = ""
    scales: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    foot: str = ""


def width_of(text: str, size: float = 12) -> float:
    """How wide a text is about: a Chinese character is square, a Latin one about half of it."""
    return sum(size if ord(c) > 0x2E80 else size * 0.56 for c in text)


def fit(text: str, width: float, size: float = 12) -> str:
    """The text as far as it fits."""
    if width_of(text, size) <= width:
        return text
    while text and width_of(text + "…", size) > width:
        text = text[:-1]
    return text.rstrip() + "…" if text else ""


def money(picture: Any, value: float | None, *, exact: bool = False) -> str:
    """A value of the column "amount" in its unit."""
    role = picture.roles.get("amount")
    if role is None or role.unit == "money":
        f: Formats = g.formats
        return f.money(say.minor(value)) if exact else f.tile(say.minor(value))
    return say.plain(value)
