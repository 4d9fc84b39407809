"""The trend of labels over runs as lines: time along the bottom, customers from zero up, each line named at its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import g

from admin.shapes.marks import Tick, fit
from admin.words import t

LEFT, TOP, WIDE, HIGH = 62.0, 12.0, 640.0, 300.0


@dataclass(frozen=True, slots=True)
class Dot:
    """A label at a run: where it stands, what it says, and the list of its customers; None where there is nobody to list."""

    x: float
    y: float
    words: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """One label over time."""

    points: str
    step: int
    end: tuple[float, float]
    name: str
    name_y: float
    dots: tuple[Dot, ...]
    dash: int = 0
    """Which of the labels of one colour it is: they are told apart by their dashes."""


@dataclass(frozen=True, slots=True)
class TrendShape:
    """Lines on a canvas; zoom: the same for the zoomable chart."""

    width: float
    height: float
    lines: tuple[Line, ...]
    ticks: tuple[Tick, ...]
    rows: tuple[Tick, ...]
    zoom: Mapping[str, Any]
    hit: float
    """How far around a dot it can be pressed: dots that stand close leave room to each other."""


def trend_shape(found: Any, link: Callable[[int, str], str | None]) -> TrendShape:
    """The shape of a trend of at least two runs. link: where the customers of a label in a run are listed."""
    f = g.formats
    first, last = found.points[0].as_of, found.points[-1].as_of
    reach = (last - first) or 1
    counts = {label.key: [point.counts.get(label.key, (0, 0))[0] for point in found.points] for label in found.labels}
    used = [label for label in found.labels if any(counts[label.key])]
    top = _nice(max((count for label in used for count in counts[label.key]), default=1) or 1)
    xs = [LEFT + WIDE * (point.as_of - first) / reach for point in found.points]
    lines = []
    dashes = {label.key: sum(other.step == label.step for other in used[:at]) % 3 for at, label in enumerate(used)}
    for label in used:
        ys = [TOP + HIGH * (1 - count / top) for count in counts[label.key]]
        dots = tuple(
            Dot(
                x,
                y,
                t("{label}, {at}: {n}", "{label}，{at}：{n}", label=t(label.title), at=f.date(point.as_of), n=f.number(count)),
                link(point.run, label.key) if count else None,
            )
            for x, y, point, count in zip(xs, ys, found.points, counts[label.key], strict=True)
        )
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
        name = fit(t("{label} {n}", "{label} {n}", label=t(label.title), n=f.number(counts[label.key][-1])), 165)
        lines.append(Line(points, label.step or 8, (xs[-1], ys[-1]), name, ys[-1] + 4, dots, dashes[label.key]))
    lines = _apart(lines)
    every = max(1, -(-len(found.points) // 6))
    ticks = tuple(Tick(xs[at], TOP + HIGH + 20, f.date(found.points[at].as_of)) for at in range(0, len(xs), every))
    rows = tuple(Tick(LEFT - 8, TOP + HIGH * (1 - part / 4) + 4, f.number(top * part / 4)) for part in range(5))
    zoom = {
        "kind": "trend",
        "dates": [f.at(point.as_of).strftime("%Y-%m-%d %H:%M") for point in found.points],
        "lines": [
            {
                "name": t(label.title),
                "step": label.step or 8,
                "dash": dashes[label.key],
                "y": counts[label.key],
                "links": [
                    link(point.run, label.key) if count else None for point, count in zip(found.points, counts[label.key], strict=True)
                ],
            }
            for label in used
        ],
        "yTitle": t("Customers", "客户数"),
    }
    return TrendShape(
        LEFT + WIDE + 178, TOP + HIGH + 34, tuple(lines), ticks, rows, zoom, max(4.0, min(12.0, WIDE / (2 * max(1, len(xs) - 1))))
    )


def _nice(value: float) -> float:
    """The next round number that four equal steps lead to."""
    size = 10.0 ** (len(str(int(value))) - 1)
    return float(next(size * part for part in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 5, 6, 8, 10, 12) if size * part >= value))


def _apart(lines: list[Line]) -> list[Line]:
    """Names at least 15 apart, in the order of their lines, none below the axis."""
    order = sorted(lines, key=lambda line: line.end[1])
    places = [line.name_y for line in order]
    for at in range(1, len(places)):
        places[at] = max(places[at], places[at - 1] + 15)
    floor = TOP + HIGH + 4
    for at in range(len(places) - 1, -1, -1):
        places[at] = min(places[at], floor - 15 * (len(places) - 1 - at))
    placed = {id(line): y for line, y in zip(order, places, strict=True)}
    return [Line(line.points, line.step, line.end, line.name, placed[id(line)], line.dots, line.dash) for line in lines]
