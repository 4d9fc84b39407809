"""The page of changes: who rose, who fell, from where to where."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.text import Text as Line

from engine.render import scale
from engine.render.figures import bar, moment, number
from engine.render.findings import changes_finding, flows_finding
from engine.render.page import Page, listing
from engine.report import ChangesView, Flow, Move, Place

MOST_FLOWS = 12
"""Rows per output; smaller flows are summed in one line."""

BAR = 12


def changes(console: Console, view: ChangesView, language: str) -> None:
    """Print what moved in a run: by output the largest flows, then single customers."""
    page = Page(console, language)
    base = page.say(f"against run {view.base_run}", f"对比运行 {view.base_run}") if view.base_run is not None else ""
    counted = page.say(f"{number(view.changes)} changes", f"共 {number(view.changes)} 项变动") if view.changes else ""
    run = page.say(f"run {view.run}", f"运行 {view.run}")
    page.title(
        changes_finding(view).in_(page.language),
        page.dots([run, page.say("as of ", "截至 ") + moment(view.as_of, page.language), base, counted]),
    )
    for address, flows in groupby(view.flows, key=lambda flow: flow.address):
        _flows(page, address, list(flows))
    if view.moves:
        _moves(page, view.moves)


def _flows(page: Page, address: str, flows: list[Flow]) -> None:
    flows = sorted(flows, key=lambda flow: -flow.customers)
    page.title(flows_finding(flows).in_(page.language), page.dots([flows[0].title.in_(page.language), address]))
    top = flows[0].customers
    rows = [
        [
            _arrow(flow),
            _place(page, flow.was),
            _place(page, flow.now),
            Line(number(flow.customers)),
            Line(bar(flow.customers, top, BAR), _tone(flow)),
        ]
        for flow in flows[:MOST_FLOWS]
    ]
    heads = [
        ("", "left"),
        (page.say("was", "原为"), "left"),
        (page.say("now", "现为"), "left"),
        (page.say("customers", "客户"), "right"),
        ("", "left"),
    ]
    page.print(listing(heads, rows))
    if len(flows) > MOST_FLOWS:
        rest = number(sum(flow.customers for flow in flows[MOST_FLOWS:]))
        more = number(len(flows) - MOST_FLOWS)
        page.print(
            Line(page.say(f"and {more} smaller flows with {rest} customers", f"另有 {more} 种较小的变动，共 {rest} 位客户"), scale.QUIET)
        )


def _moves(page: Page, moves: Sequence[Move]) -> None:
    page.print()
    rows = [
        [
            Line(move.customer),
            Line(move.flow.address, scale.QUIET),
            _arrow(move.flow),
            _both(page, move.flow),
            Line(page.words(move.reason), scale.QUIET),
        ]
        for move in moves
    ]
    heads = [
        (page.say("customer", "客户"), "left"),
        ("", "left"),
        ("", "left"),
        (page.say("was → now", "原为 → 现为"), "left"),
        ("", "left"),
    ]
    page.print(listing(heads, rows, fold=4))


def _both(page: Page, flow: Flow) -> Line:
    return Line.assemble(_place(page, flow.was), " → ", _place(page, flow.now))


def _place(page: Page, place: Place | None) -> Line:
    if place is None:
        return Line(page.say("none", "无"), scale.QUIET)
    return Line.assemble(scale.swatch(place.step) if place.step else "", place.title.in_(page.language))


def _tone(flow: Flow) -> str:
    return {1: scale.UP, -1: scale.DOWN}.get(flow.direction, "default")


def _arrow(flow: Flow) -> Line:
    return Line({1: "▲", -1: "▼"}.get(flow.direction, " "), _tone(flow))
