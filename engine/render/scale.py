"""The colours: one ordered scale for labels, one brand colour for what can be typed, blue up, rust down.

A terminal does not say whether it is dark or light, so every colour stands at least 3:1 from white and from #1E1E1E.
Lightness rises evenly from navy to stone, so the order survives colour blindness and grey print. Nothing is told by
colour alone: the name of the label is always there, and a terminal without colour loses no meaning.
"""

from __future__ import annotations

from rich.style import Style
from rich.text import Text as Line

STEPS = ("#366BC9", "#1579B9", "#048592", "#2E8C7C", "#598F4D", "#A18426", "#B28249", "#958F7F")
"""Steps 1 (best) to 8 of the ordered scale."""

BRAND = "#048592"
UP, DOWN = "#2E7CC4", "#C06A25"
OK, WARN, BAD = "#2E8C5E", "#A87A12", "#D0454C"

STRONG = Style(bold=True)
QUIET = Style(dim=True)
COMMAND = Style(color=BRAND, bold=True)


def even_step(position: int, count: int) -> int:
    """The step of a label whose author chose none: spread evenly, so that four labels take 1, 3, 6 and 8."""
    return 1 + round(7 * position / (count - 1)) if count > 1 else 1


def colour(step: int | None) -> str:
    """The colour of a step; without one, the colour of plain text."""
    return STEPS[min(max(step, 1), 8) - 1] if step else "default"


def swatch(step: int | None) -> Line:
    """The coloured edge that stands before a label in lists."""
    return Line("▌", colour(step))


def badge(title: str, step: int | None) -> Line:
    """A label as a badge: its name on its colour; without colour, its name in bold."""
    style = (
        Style(color="#FFFFFF" if (step or 8) < 6 else "#10201E", bgcolor=STEPS[min(max(step, 1), 8) - 1], bold=True)
        if step
        else Style(reverse=True, bold=True)
    )
    return Line(f" {title} ", style)
