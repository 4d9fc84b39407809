"""The strip of a customer as geometry: orders above, the values of outputs below, on one time axis."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from admin.formats import MONTHS, Formats

LEFT, RIGHT, WIDTH = 92.0, 16.0, 760.0
TOP, BASE = 26.0, 150.0
ROW, BAR = 30.0, 22.0


@dataclass(frozen=True, slots=True)
class Stick:
    """One order. y: where its head is; refunds hang below the axis."""

    x: float
    y: float
    refund: bool
    hover: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch with one value. words: what fits into it."""

    x: float
    width: float
    step: int
    words: str
    hover: str


@dataclass(frozen=True, slots=True)
class Strip:
    """Everything to draw. ticks: (y, text) of the money axis; months: (x, text); rows: (title, y, pieces)."""

    sticks: tuple[Stick, ...]
    ticks: tuple[tuple[float, str], ...]
    months: tuple[tuple[float, str], ...]
    rows: tuple[tuple[str, float, tuple[Piece, ...]], ...]
    today: float
    height: float
    width: float = WIDTH
    left: float = LEFT
    base: float = BASE


def strip(found: Any, looks: Mapping[str, Any], addresses: Sequence[str], title: Any, f: Formats) -> Strip | None:
    """The strip of a dossier, with the outputs of these addresses; None where there is nothing to draw."""
    if found.until <= found.since or not (found.moments or found.spans):
        return None
    right = WIDTH - RIGHT
    ends = max([found.until, *(span.ends for span in found.spans)])
    axis = _Axis(found.since, ends, LEFT, right)
    most = max((amount for _, amount, _ in found.moments), default=0)
    top = _ceiling(most / 10**f.digits)
    scale = 10**f.digits

    def height(minor: int) -> float:
        return BASE - (BASE - TOP) * (minor / scale / top if top else 0)

    sticks = tuple(
        Stick(
            axis.at(at),
            min(BASE - 3, height(amount)) if not refund else BASE + 8,
            refund,
            f"{f.moment(at)} · {f.money(-amount if refund else amount)}",
        )
        for at, amount, refund in found.moments
    )
    steps = [top * part / 3 for part in range(4)] if most else [0.0]
    ticks = tuple((height(round(step * scale)), f.money(round(step * scale), cents=False)) for step in steps)
    rows = []
    y = BASE + 34
    for address in addresses:
        look = looks.get(address)
        spans = [span for span in found.spans if span.address == address]
        if look is None or not spans:
            continue
        rows.append((title(look.title), y, tuple(_piece(span, look, axis, title, f, found.until) for span in spans)))
        y += ROW
    return Strip(sticks, ticks, tuple(_months(axis, found.since, ends, f)), tuple(rows), axis.at(found.until), y + 4)


@dataclass(frozen=True, slots=True)
class _Axis:
    begins: int
    ends: int
    left: float
    right: float

    def at(self, moment: int) -> float:
        share = (moment - self.begins) / (self.ends - self.begins)
        return self.left + (self.right - self.left) * min(1.0, max(0.0, share))


def _piece(span: Any, look: Any, axis: _Axis, title: Any, f: Formats, until: int) -> Piece:
    label = look.of(span.key)
    words = title(label.title) if label else "–"
    x, end = axis.at(span.begins), axis.at(span.ends)
    width = max(1.5, end - x - 1.5)
    hover = f"{words}: {f.date(span.begins)} – {f.date(min(span.ends, until))}"
    fits = next((each for each in (words, label.key if label else "") if each and _wide(each) + 8 <= width), "")
    return Piece(x, width, label.step if label else 0, fits, hover)


def _wide(text: str) -> float:
    return sum(12.5 if ord(letter) > 0x2E80 else 7.0 for letter in text)


def _ceiling(value: float) -> float:
    """The next round number that three equal steps reach."""
    if value <= 0:
        return 0.0
    size = 10.0 ** (len(str(int(value))) - 1)
    return next(3 * step * size for step in (0.05, 0.1, 0.2, 0.25, 0.5, 1, 2, 2.5, 5, 10) if 3 * step * size >= value)


def _months(axis: _Axis, begins: int, ends: int, f: Formats) -> list[tuple[float, str]]:
    """The first of each month, or of every second or third where they stand too close."""
    at = dt.datetime.fromtimestamp(begins, f.zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    firsts = []
    while at.timestamp() <= ends:
        if at.timestamp() >= begins:
            firsts.append(at)
        at = (at + dt.timedelta(days=32)).replace(day=1)
    every = 1 if len(firsts) <= 13 else 2 if len(firsts) <= 26 else 6
    return [(axis.at(int(each.timestamp())), f"{each.month}月" if f.zh else MONTHS[each.month - 1]) for each in firsts[::every]]
