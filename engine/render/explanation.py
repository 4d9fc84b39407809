"""The page of one customer: where it is, since when, why, and what would move it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.text import Text as Line

from engine.render import scale
from engine.render.figures import moment
from engine.render.page import Page, pairs
from engine.render.verdicts import brief, tree, verdict
from engine.report import ExplanationView


def explanation(
    console: Console, views: Sequence[ExplanationView], language: str, *, customer: str = "", name: str = "", as_of: str = ""
) -> None:
    """Print one customer, policy by policy. customer: its id. as_of: ISO 8601."""
    page = Page(console, language)
    at = page.say("as of ", "截至 ") + moment(as_of, page.language) if as_of else ""
    page.title(name or customer, page.dots([customer if name else "", at]))
    for view in views:
        page.print()
        _policy(page, view)


def _policy(page: Page, view: ExplanationView) -> None:
    head = Line.assemble((page.words(view.title), scale.STRONG), "  ")
    if view.value is None:
        head.append(page.say("no value", "无结果"), scale.QUIET)
    else:
        head.append(scale.badge(page.words(view.value_title), view.step))
        if view.since:
            head.append(page.say("  since ", "  自 ") + moment(view.since[:10], page.language) + page.say("", " 起"), scale.QUIET)
    page.print(head)
    page.print(pairs(_parts(page, view), indent=2, least=cell_len(page.say("would change", "如何改变"))))


def _parts(page: Page, view: ExplanationView) -> list[tuple[str, RenderableType]]:
    parts: list[tuple[str, RenderableType]] = []
    if view.effective:
        parts.append((page.say("holds", "生效"), Group(*(Line(sentence, scale.STRONG) for sentence in view.effective))))
    withheld = page.words(view.withheld)
    if withheld:
        parts.append((page.say("because", "原因"), Line(withheld)))
    if view.reasons:
        parts.append((page.say("because", "原因"), Group(*(Line(reason) for reason in view.reasons))))
    if view.inputs:
        parts.append((page.say("reads", "依据"), pairs((page.words(title), Line(value)) for title, value in view.inputs)))
    if view.nearest:
        parts.append((page.say("would change", "如何改变"), Group(*(Line(nearest, scale.BRAND) for nearest in view.nearest))))
    if view.reach:
        parts.append((page.say("to get there", "如何达到"), Line(view.reach, scale.BRAND)))
    if view.population is not None:
        parts.append((page.say("population", "适用范围"), Group(*tree(page, view.population))))
    for each in view.verdicts:
        parts.append((page.say("rules", "规则"), Group(*verdict(page, each))))
    if view.thresholds:
        parts.append((page.say("learnt", "习得阈值"), pairs((key, Line(brief(value))) for key, value in view.thresholds.items())))
    if view.notes:
        parts.append((page.say("note", "说明"), Group(*(Line(note, scale.QUIET) for note in view.notes))))
    return parts
