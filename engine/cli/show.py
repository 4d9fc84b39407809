"""Plain lists for the terminal, set like every other page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from engine.render.page import Page
from engine.render.page import listing as table

if TYPE_CHECKING:
    from rich.text import Text as Line

    from engine.cli.shared import App

Head = tuple[str, str]
"""A title, and "left" or "right"."""


def listing(
    app: App, title: str, heads: Sequence[Head], rows: Iterable[Sequence[Any]], *, fold: int | None = None, about: str = ""
) -> None:
    """Print a finding, and rows under heads. Cells are texts or numbers; nothing in them is markup."""
    page = Page(app.console, app.language)
    page.title(title, about)
    lines = [[_cell(cell) for cell in row] for row in rows]
    if lines:
        page.print(table(heads, lines, fold=fold))


def _cell(cell: Any) -> Line:
    from rich.text import Text as Line

    if cell is None:
        return Line("–")
    return Line(f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else str(cell))
