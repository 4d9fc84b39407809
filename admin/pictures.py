"""Pictures as geometry: what the templates draw as SVG, from numbers alone. No colour is decided here but the step of a label."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import g
from markupsafe import Markup

from admin.words import t

WIDTH, LEFT, GAP = 760.0, 84.0, 1.5


@dataclass(frozen=True, slots=True)
class Block:
    """One label in one bar of the ladder. words: what fits into it."""

    x: float
    width: float
    step: int
    words: str
    hover: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Ladder:
    """Two bars, customers above and sales below, with a ribbon from each label's part of the one to that of the other."""

    above: tuple[Block, ...]
    below: tuple[Block, ...]
    ribbons: tuple[tuple[int, str], ...]
    width: float = WIDTH


def ladder(picture: Any, url: Callable[[str], str | None]) -> Ladder:
    """The grade ladder of an overview. Labels stand in their order; who has no value is not in it."""
    f = g.formats
    bands = [band for band in picture.bands if band.customers or band.amount > 0]
    people = sum(band.customers for band in bands) or 1
    money = sum(max(0, band.amount) for band in bands) or 1
    span = WIDTH - LEFT
    above, below, ribbons = [], [], []
    x = y = LEFT
    for band in bands:
        wide, deep = span * band.customers / people, span * max(0, band.amount) / money
        title, share, worth = t(band.title), f.share(band.customers, people), f.share(max(0, band.amount), money)
        about = f"{title}: {f.number(band.customers)} ({share}) · {f.tile(band.amount)} ({worth})"
        above.append(Block(x, max(0.0, wide - GAP), band.step, _fit(title, share, wide), about, url(band.key)))
        below.append(Block(y, max(0.0, deep - GAP), band.step, _fit(title, worth, deep), about, url(band.key)))
        ribbons.append(
            (
                band.step,
                f"M{x:.1f} 44C{x:.1f} 88 {y:.1f} 88 {y:.1f} 132H{y + deep:.1f}C{y + deep:.1f} 88 {x + wide:.1f} 88 {x + wide:.1f} 44Z",
            )
        )
        x, y = x + wide, y + deep
    return Ladder(tuple(above), tuple(below), tuple(ribbons))


def _fit(title: str, share: str, width: float) -> str:
    """What fits: name and share, the share alone, or nothing."""
    for words in (f"{title} {share}", title if _size(title) <= 24 else share, share):
        if _size(words) + 8 <= width:
            return words
    return ""


def _size(text: str) -> int:
    return sum(14 if ord(c) > 0x2E80 else 8 for c in text)


def spark(shares: Sequence[float], step: int) -> Markup:
    """A line of what a share was, run by run."""
    if len(shares) < 2:
        return Markup("")
    low, high = min(shares), max(shares)
    reach = high - low or 1.0
    xs = [3 + 102 * i / (len(shares) - 1) for i in range(len(shares))]
    ys = [22 - 18 * (share - low) / reach if high > low else 13 for share in shares]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
    return Markup(
        '<svg width="110" height="26" viewBox="0 0 110 26" aria-hidden="true"><polyline class="spark s{}" points="{}"/>'
        '<circle class="spark s{}" cx="{:.1f}" cy="{:.1f}" r="2"/></svg>'
    ).format(step, points, step, xs[-1], ys[-1])


def short_titles(titles: Sequence[str]) -> list[str]:
    """Titles without what all of them begin and end with, when that leaves a letter or two: Grade A, Grade B are A, B."""
    if len(titles) < 2:
        return list(titles)
    words = [title.split(" ") for title in titles]
    if all(len(each) == 2 for each in words):
        for keep, drop in ((1, 0), (0, 1)):
            left = [each[keep] for each in words]
            if len({each[drop] for each in words}) == 1 and all(len(each) <= 2 for each in left) and len(set(left)) == len(left):
                return left
    return list(titles)


class Matrix:
    """A change matrix for the macro `matrix`: rows were, columns are. link: (was, now) to an address, or None."""

    def __init__(self, picture: Any, link: Callable[[str, str], str | None]) -> None:
        self._cells = dict(picture.movement.cells)
        labels = [band for band in picture.bands if self._used(band.key) or len(picture.bands) <= 6]
        self._short = dict(zip((band.key for band in labels), short_titles([t(band.title) for band in labels]), strict=True))
        self.rows: list[Any] = list(labels)
        self.columns: list[Any] = list(labels)
        if any(was == "" and now != "" for was, now in self._cells):
            self.rows.append(NoValue())
        if any(now == "" and was != "" for was, now in self._cells):
            self.columns.append(NoValue())
        self._link = link

    @property
    def named(self) -> bool:
        """Whether labels are names and not single letters, so that rows need room for them."""
        return any(len(self.short(row)) > 2 for row in self.rows if row.key)

    def short(self, label: Any) -> str:
        """The title of a label as it stands in the matrix."""
        return str(self._short.get(label.key, t(label.title)))

    def _used(self, key: str) -> bool:
        return any(key in pair for pair in self._cells)

    def cell(self, was: str, now: str) -> int:
        """Customers that went from one label to another."""
        return 0 if was == now == "" else int(self._cells.get((was, now), 0))

    def direction(self, was: Any, now: Any) -> int:
        """1 up, -1 down, 0 where there is no order."""
        if was.rank is None or now.rank is None:
            return 0
        return int(was.rank > now.rank) - int(was.rank < now.rank)

    def before(self, key: str) -> int:
        """All that had a label."""
        return sum(self.cell(key, column.key) for column in self.columns)

    def after(self, key: str) -> int:
        """All that have a label, those that were there before."""
        return sum(self.cell(row.key, key) for row in self.rows)

    @property
    def total(self) -> int:
        """All that are in the matrix."""
        return sum(self.before(row.key) for row in self.rows)

    def url(self, was: Any, now: Any) -> str | None:
        """Where these customers are listed."""
        return self._link(was.key, now.key)


@dataclass(frozen=True, slots=True)
class NoValue:
    """The label of those who have none."""

    key: str = ""
    step: int = 0
    rank: int | None = None

    @property
    def title(self) -> str:
        """Its name."""
        return t("none", "无")
