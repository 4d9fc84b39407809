"""What every page shares: the console with its language and width, and the few ways in which lines are set."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text as Line

from engine.policy import Text
from engine.render import scale
from engine.report import Words

WIDEST = 108
"""Cells. Wider rows are hard to follow from label to number."""

PLAIN = dict(zip("−█▉▊▋▌▍▎▏▲▼→·…–━┃“”‘’¥£€", "-####|   ^v>*.--|\"\"''YLE", strict=True))
"""What stands for a sign that a stream cannot write; one cell for one cell, so that columns stay aligned."""


class Page:
    """A console, a language, and a width within which everything stays."""

    def __init__(self, console: Console, language: str) -> None:
        self.console = console
        self.language = "zh" if language.lower().startswith("zh") else "en"
        self.width = min(console.width, WIDEST)

    def say(self, en: str, zh: str) -> str:
        """One of two texts."""
        return zh if self.language == "zh" else en

    def words(self, text: Words) -> str:
        """A text of the engine in the language of the page."""
        return text.in_(self.language) if isinstance(text, Text) else text

    def print(self, thing: RenderableType = "") -> None:
        """Print a line or a table, no wider than the page; nothing in it is markup."""
        self.console.print(thing, width=self.width, markup=False, highlight=False, emoji=False, soft_wrap=False)

    def title(self, finding: str, subtitle: str = "") -> None:
        """A finding in bold, and under it quietly what it is about, after an empty line."""
        self.print()
        self.print(Line(finding, scale.STRONG))
        if subtitle:
            self.print(Line(subtitle, scale.QUIET))

    def dots(self, parts: Iterable[str]) -> str:
        """Parts of one line, with dots between."""
        return " · ".join(part for part in parts if part)

    def callout(self, head: str, lines: Sequence[str], tone: str, hint: str = "") -> None:
        """Something loud: a coloured edge on the left, a bold head, its lines, and what to type."""
        self.print()
        style = Style(color=tone)
        texts = [Line(head, style + scale.STRONG), *(Line(line) for line in lines)]
        texts += [Line(hint, scale.COMMAND)] if hint else []
        for text in texts:
            for piece in text.wrap(self.console, self.width - 2):
                self.print(Line.assemble(("┃ ", style), piece))


def listing(heads: Sequence[tuple[str, str]], rows: Iterable[Sequence[RenderableType]], *, fold: int | None = None) -> Table:
    """A table without a frame. heads: (title, "left" or "right"). fold: the column that wraps when space is short."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style=scale.QUIET, collapse_padding=True)
    for position, (head, side) in enumerate(heads):
        right = side == "right"
        table.add_column(
            Line(head), justify="right" if right else "left", no_wrap=position != fold, overflow="fold" if position == fold else "ellipsis"
        )
    for row in rows:
        table.add_row(*row)
    return table


def pairs(rows: Iterable[tuple[str, RenderableType]], *, indent: int = 0, least: int = 0) -> Table:
    """Names on the left, quiet and aligned; on the right what they are, wrapped in its own column.

    least: cells that the names take at least, so that several tables align.
    """
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, min_width=least + indent if least else None)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(Line(" " * indent + name, scale.QUIET), value)
    return table


def widest(texts: Iterable[str], least: int = 0) -> int:
    """Cells of the widest text; a Chinese character takes two."""
    return max([least, *(cell_len(text) for text in texts)])


def make_console(*, stderr: bool = False, **options: Any) -> Console:
    """Make the console for results. Where the stream cannot write a sign, it gets a plain one of the same width."""
    stream = sys.stderr if stderr else sys.stdout
    codecs.register_error("tierwise-plain", _plain)
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="tierwise-plain")
    return Console(stderr=stderr, highlight=False, emoji=False, markup=False, **options)


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(PLAIN.get(sign, "?" * cell_len(sign)) for sign in text), error.end
