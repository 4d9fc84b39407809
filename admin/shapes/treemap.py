"""A treemap: a rectangle per label, its area what the label holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import g

from admin.shapes.marks import Link, Mark, Shape, fit, money, width_of
from admin.words import t


def treemap(picture: Any, link: Link) -> Shape:
    """Rectangles as large as what their customers bring (or how many they are), squarified (Bruls, Huizing, van Wijk 2000)."""
    columns = picture.columns
    keys, counts = columns["label"], columns.get("customers", (0,) * picture.rows)
    amounts = columns.get("amount")
    sizes = [max(0.0, float(value or 0)) for value in (amounts or counts)]
    order = sorted((at for at in range(len(keys)) if sizes[at] > 0), key=lambda at: -sizes[at])
    width, height = 640.0, 300.0
    whole, people = sum(sizes), sum(counts)
    boxes = squarified([sizes[at] * width * height / whole for at in order], width, height) if whole else []
    marks = []
    for at, (x, y, wide, high) in zip(order, boxes, strict=True):
        label = picture.labels[keys[at]]
        title, share = t(label.title), g.formats.share(sizes[at], whole)
        about = t(
            "{title}: {n} customers, {part}",
            "{title}：{n} 位客户，占 {part}",
            title=title,
            n=g.formats.number(counts[at]),
            part=g.formats.share(counts[at], people),
        )
        if amounts:
            about += t("; {money}, {share}", "；{money}，占 {share}", money=money(picture, amounts[at], exact=True), share=share)
        more = next(
            (
                each
                for each in (t("{n} · {share}", "{n} 位 · {share}", n=g.formats.number(counts[at]), share=share), share)
                if width_of(each) + 14 <= wide
            ),
            "",
        )
        lines = [fit(title, wide - 12, 14), more]
        shown = tuple(line for line in lines[: 2 if high >= 44 else 1] if line) if wide >= 38 and high >= 24 else ()
        step = label.step or 8
        marks.append(
            Mark(x + 1, y + 1, max(wide - 2, 0.5), max(high - 2, 0.5), f"f{step}", f"n{step}", shown, about, link({"label": keys[at]}))
        )
    return Shape(
        "treemap",
        width,
        height,
        tuple(marks),
        foot=t("Area: {what}", "面积：{what}", what=t(picture.roles["amount" if amounts else "customers"].title)),
    )


def squarified(areas: Sequence[float], width: float, height: float) -> list[tuple[float, float, float, float]]:
    """Rectangles of these areas (largest first, together width × height), each as square as can be."""
    found: list[tuple[float, float, float, float]] = []
    x = y = 0.0
    rest, left, down = list(areas), width, height
    while rest:
        side = min(left, down)
        row = [rest[0]]
        for area in rest[1:]:
            if _worst([*row, area], side) > _worst(row, side):
                break
            row.append(area)
        rest = rest[len(row) :]
        thick = sum(row) / side if side else 0.0
        at = 0.0
        for area in row:
            long = area / thick if thick else 0.0
            found.append((x, y + at, thick, long) if left >= down else (x + at, y, long, thick))
            at += long
        if left >= down:
            x, left = x + thick, left - thick
        else:
            y, down = y + thick, down - thick
    return found


def _worst(row: Sequence[float], side: float) -> float:
    whole = sum(row)
    return max(side * side * max(row) / (whole * whole), whole * whole / (side * side * max(min(row), 1e-9))) if whole and side else 0.0
