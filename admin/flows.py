"""A flow diagram as geometry: labels by the live rulebook on the left, by the draft on the right, a ribbon per move."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import g

from admin.words import t

WIDTH, SIDE, BAR = 700.0, 168.0, 14.0
LOW, HIGH, PER_LABEL = 320.0, 520.0, 42.0
"""Height of the picture: by the number of its labels, between two bounds."""

GAP, SLOT, TOP = 7.0, 16.0, 22.0
THIN = 1.6
"""A ribbon is at least this wide, so that a single customer among a million is seen."""

PILLS = 4
"""Moves that carry their number."""


@dataclass(frozen=True, slots=True)
class Node:
    """A label on one side. x, y, height of its bar; middle: where its text stands."""

    key: str
    title: str
    step: int
    customers: int
    x: float
    y: float
    height: float
    middle: float
    url: str | None


@dataclass(frozen=True, slots=True)
class Ribbon:
    """A move. kind: "stay", "up", "down" or "other". pill: where its number stands, or None."""

    path: str
    kind: str
    step: int
    words: str
    number: str
    pill: tuple[float, float] | None
    url: str | None


@dataclass(frozen=True, slots=True)
class Flow:
    """The whole picture."""

    left: tuple[Node, ...]
    right: tuple[Node, ...]
    ribbons: tuple[Ribbon, ...]
    width: float = WIDTH
    height: float = LOW + TOP + 8


Link = Callable[[str | None, str | None], str | None]


def direction(was: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Where a move goes: "stay", "up", "down", or "other" where there is no order."""
    if was["key"] == now["key"]:
        return "stay"
    if was["rank"] is None or now["rank"] is None or was["rank"] == now["rank"]:
        return "other"
    return "up" if now["rank"] < was["rank"] else "down"


def flow(output: Mapping[str, Any], link: Link) -> Flow:
    """Lay out the moves of one output of a simulation. link: (was, now) to an address; None for any."""
    cells = output["customers"]
    before = [(i, band, sum(cells[i])) for i, band in enumerate(output["before"])]
    after = [(j, band, sum(row[j] for row in cells)) for j, band in enumerate(output["after"])]
    before, after = [each for each in before if each[2]], [each for each in after if each[2]]
    height = min(HIGH, max(LOW, PER_LABEL * max(len(before), len(after))))
    scale = min(_scale([n for _, _, n in before], height), _scale([n for _, _, n in after], height))
    left, right = (
        _nodes(before, SIDE, scale, lambda key: link(key, None)),
        _nodes(after, WIDTH - SIDE - BAR, scale, lambda key: link(None, key)),
    )
    out, into = (
        {i: node.y for (i, _, _), node in zip(before, left, strict=True)},
        {j: n.y for (j, _, _), n in zip(after, right, strict=True)},
    )
    moves = []
    for i, was, _ in before:
        for j, now, _ in after:
            n = cells[i][j]
            if n:
                moves.append((direction(was, now), n, was, now, out[i], into[j], n * scale))
                out[i], into[j] = out[i] + n * scale, into[j] + n * scale
    named = sorted((each for each in moves if each[0] != "stay"), key=lambda each: -each[1])[:PILLS]
    ribbons = [_ribbon(each, named, link) for each in sorted(moves, key=lambda each: each[0] != "stay")]
    return Flow(tuple(left), tuple(right), tuple(ribbons), height=height + TOP + 8)


def _scale(counts: Sequence[int], height: float) -> float:
    """How high one customer is, so that all bars, each in its slot, fill the height."""
    room = height - GAP * max(0, len(counts) - 1)
    scale = room / max(1, sum(counts))
    for _ in range(12):
        small = [n for n in counts if n * scale < SLOT]
        rest = sum(counts) - sum(small)
        if not rest:
            break
        scale = max(0.0, room - SLOT * len(small)) / rest
    return scale


def _nodes(bands: Sequence[tuple[int, Mapping[str, Any], int]], x: float, scale: float, link: Callable[[str], str | None]) -> list[Node]:
    y, found = TOP, []
    for _, band, n in bands:
        height = n * scale
        slot = max(height, SLOT)
        found.append(
            Node(
                band["key"],
                t(band["title"]["en"], band["title"]["zh"]),
                band["step"],
                n,
                x,
                y,
                max(height, 1.0),
                y + slot / 2,
                link(band["key"]),
            )
        )
        y += slot + GAP
    return found


def _ribbon(move: Any, named: Sequence[Any], link: Link) -> Ribbon:
    kind, n, was, now, y1, y2, thick = move
    a, b = SIDE + BAR, WIDTH - SIDE - BAR
    wide = thick if kind == "stay" else max(thick, THIN)
    m = (a + b) / 2
    path = (
        f"M{a:.1f} {y1:.1f}C{m:.1f} {y1:.1f} {m:.1f} {y2:.1f} {b:.1f} {y2:.1f}"
        f"V{y2 + wide:.1f}C{m:.1f} {y2 + wide:.1f} {m:.1f} {y1 + wide:.1f} {a:.1f} {y1 + wide:.1f}Z"
    )
    number = g.formats.number(n)
    words = f"{t(was['title']['en'], was['title']['zh'])} → {t(now['title']['en'], now['title']['zh'])}: {number}"
    at = next((place for place, each in enumerate(named) if each is move), None)
    pill = None
    if at is not None:
        share = 0.3 + 0.13 * at
        bend = share * share * (3 - 2 * share)
        pill = (a + (b - a) * share, y1 + (y2 - y1) * bend + wide / 2)
    return Ribbon(path, kind, now["step"], words, number, pill, link(was["key"], now["key"]))
