"""Progress while something works: rows with rate and time left, or steps with their name."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text as Line

from engine.render import scale
from engine.render.figures import number
from engine.render.phrases import STEP, named


class RowsColumn(ProgressColumn):
    """Rows done, of how many where that is known, and rows a second."""

    def __init__(self, language: str) -> None:
        self.language = language
        super().__init__()

    def render(self, task: Task) -> Line:
        """1,204,000 of 5,000,000 rows, 231,400/s."""
        zh = self.language == "zh"
        done, rate = number(int(task.completed)), number(int(task.speed)) if task.speed else ""
        if task.total is None:
            rows = f"{done} 行" if zh else f"{done} rows"
        else:
            rows = f"{done} / {number(int(task.total))} 行" if zh else f"{done} of {number(int(task.total))} rows"
        speed = (f"，每秒 {rate} 行" if zh else f", {rate}/s") if rate else ""
        return Line(rows + speed, scale.QUIET)


def rows_progress(console: Console, language: str) -> Progress:
    """Progress of an import: a bar, rows done and per second, time left. It leaves no trace when it is done."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        _bar(),
        RowsColumn(language),
        TimeRemainingColumn(compact=True),
        console=console,
        transient=True,
    )


def steps_progress(console: Console, language: str) -> Progress:
    """Progress of a run: a bar over its steps, the step it is at, and time spent. It leaves no trace when it is done."""
    return Progress(TextColumn("{task.description}", markup=False), _bar(), TimeElapsedColumn(), console=console, transient=True)


def step_words(step: str, language: str) -> str:
    """The name of a step as a progress shows it: "compute rfm"."""
    name, _, rest = step.partition(" ")
    return f"{named(STEP, name, language)} {rest}".rstrip()


def _bar() -> BarColumn:
    return BarColumn(bar_width=28, complete_style=scale.BRAND, finished_style=scale.BRAND, pulse_style=scale.BRAND)
