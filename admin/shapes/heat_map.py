"""A heat map: a cell per pair of scores, shaded by what it holds."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from flask import g

from admin import result_findings as say
from admin.shapes.marks import Link, Mark, Shape, Tick, money
from admin.words import t


def heat_map(picture: Any, link: Link) -> Shape:
    """Cells over two scores, the highest of y on top; how dark a cell is follows sales, customers or the mean."""
    f, columns = g.formats, picture.columns
    xs, ys = sorted(set(columns["x"])), sorted(set(columns["y"]), reverse=True)
    left, top, width = 118.0, 8.0, 640.0
    wide = (width - left - 8) / max(len(xs), 1)
    high = min(58.0, max(30.0, 330.0 / max(len(ys), 1)))
    counts = columns.get("customers", (0,) * picture.rows)
    amounts = columns.get("amount")
    means = [a / c if c else 0 for a, c in zip(amounts, counts, strict=True)] if amounts else []
    ways = {"amount": amounts, "customers": counts, "mean": means} if amounts else {"customers": counts}
    steps = {way: _scale([value or 0 for value in values]) for way, values in ways.items() if values}
    first = next(iter(steps))
    marks = []
    for at in range(picture.rows):
        x, y = columns["x"][at], columns["y"][at]
        classes = {way: _class(values[at] or 0, steps[way]) for way, values in ways.items() if values}
        about = t(
            "{x} {a}, {y} {b}: {n} customers",
            "{x} {a}，{y} {b}：{n} 位客户",
            x=t(picture.roles["x"].title),
            a=say.plain(x),
            y=t(picture.roles["y"].title),
            b=say.plain(y),
            n=f.number(counts[at]),
        )
        words = (
            (f.number(counts[at]), money(picture, amounts[at]) if amounts and high >= 40 and wide >= 56 else "") if counts[at] else ("", "")
        )
        marks.append(
            Mark(
                left + wide * xs.index(x) + 1.5,
                top + high * ys.index(y) + 1.5,
                wide - 3,
                high - 3,
                css=f"x{classes[first]}" if counts[at] else "box src",
                ink=f"y{classes[first]}" if counts[at] else "t-xs",
                words=words if counts[at] else (t("nobody", "无"), ""),
                hover=about + (t(", {m}", "，{m}", m=money(picture, amounts[at], exact=True)) if amounts else ""),
                url=link({"x": x, "y": y}) if counts[at] else None,
                classes=classes if counts[at] else {},
            )
        )
    bottom = top + high * len(ys)
    return Shape(
        "heat map",
        width,
        bottom + 52,
        tuple(marks),
        ticks=tuple(Tick(left + wide * (i + 0.5), bottom + 18, _score(picture, "x", x), _ends(picture, "x", x)) for i, x in enumerate(xs)),
        rows=tuple(Tick(left - 10, top + high * (i + 0.5), _score(picture, "y", y), _ends(picture, "y", y)) for i, y in enumerate(ys)),
        below=_axis(picture, "x"),
        left=_axis(picture, "y"),
        scales={
            way: (_scale_word(picture, way, bounds[0]), _scale_word(picture, way, bounds[-1])) for way, bounds in steps.items() if bounds
        },
    )


def _axis(picture: Any, role: str) -> str:
    about, ends = picture.roles.get(role), picture.roles.get(f"{role}_above")
    title = t(about.title) if about else ""
    return t("{title} ({measure})", "{title}（{measure}）", title=title, measure=t(ends.title)) if ends else title


def _score(picture: Any, role: str, score: Any) -> str:
    """A score with the short name of its output, as in "R 5"."""
    about = picture.roles.get(role)
    short = about.address.rpartition(".")[2] if about and about.is_output else ""
    return f"{short.upper()} {say.plain(score)}" if 0 < len(short) <= 2 else say.plain(score)


def _ends(picture: Any, role: str, score: Any) -> str:
    if f"{role}_above" not in picture.columns:
        return ""
    at = picture.columns[role].index(score)
    return say.interval(picture.columns[f"{role}_above"][at], picture.columns[f"{role}_up_to"][at], picture.roles[f"{role}_above"].unit)


def _scale(values: Sequence[float]) -> list[float]:
    """Five bounds between six steps, so that the cells that hold anything spread evenly over the steps."""
    found = sorted(value for value in values if value > 0)
    return [found[min(len(found) - 1, int(len(found) * part / 6))] for part in range(1, 6)] if found else []


def _class(value: float, bounds: Sequence[float]) -> int:
    return bisect_right(bounds, value) if bounds and value > 0 else 0


def _scale_word(picture: Any, way: str, value: float) -> str:
    return g.formats.number(value) if way == "customers" else money(picture, value)
