"""How `make demo` ends: the finding, the ladders, one customer explained, what to type next."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text as Line

from engine.render import scale
from engine.render.explanation import explanation
from engine.render.lists import next_steps
from engine.render.page import Page
from engine.render.run import alarms, footer, header, ladders
from engine.report import DemoView


def demo_result(console: Console, view: DemoView, language: str) -> None:
    """Print the result of the demonstration."""
    page = Page(console, language)
    header(page, view.run)
    alarms(page, view.run)
    ladders(page, view.run)
    if view.more:
        names = page.say(", ", "、").join(page.words(title) for title in view.more)
        page.print()
        page.print(Line(page.say(f"and {len(view.more)} more: {names}", f"另有 {len(view.more)} 项：{names}"), scale.QUIET))
    footer(page, view.run)
    explanation(console, view.explanations, language, customer=view.customer, name=view.name, as_of=view.run.as_of)
    next_steps(console, view.next_steps, language)
    page.print()
