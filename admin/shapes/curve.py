"""A curve that adds up from the best customer on, with the cuts as lines."""

from __future__ import annotations

from typing import Any

from flask import g

from admin import result_findings as say
from admin.shapes.marks import Link, Mark, Shape, Tick, fit
from admin.words import t

CURVE = (52.0, 18.0, 444.0, 284.0)
"""Left, top, width and height of the plot."""


def curve(picture: Any, link: Link) -> Shape:
    """The cumulative curve, its area in the colours of the classes, and every cut with its value."""
    f, columns = g.formats, picture.columns
    left, top, wide, high = CURVE
    xs = [left + wide * float(x or 0) for x in columns["x"]]
    ys = [top + high * (1 - float(y or 0)) for y in columns["y"]]
    bounds = [at for at, bound in enumerate(columns.get("bound", ())) if bound]
    keys = columns.get("label")
    paths, notes, marks = [], [], []
    starts, start = [0, *bounds], 0
    base = top + high
    for i, start in enumerate(starts):
        end = starts[i + 1] if i + 1 < len(starts) else len(xs) - 1
        if end <= start:
            continue
        points = "L".join(f"{xs[at]:.1f} {ys[at]:.1f}" for at in range(start, end + 1))
        label = picture.labels.get(keys[end]) if keys else None
        step = label.step if label and label.step else 3
        paths.append((f"f{step} area", f"M{xs[start]:.1f} {base:.1f}L{points}L{xs[end]:.1f} {base:.1f}Z"))
        if label and xs[end] - xs[start] >= 24:
            inside = columns["customers"][end] - columns["customers"][start] if "customers" in columns else None
            middle = (xs[start] + xs[end]) / 2
            marks.append(
                Mark(
                    xs[start],
                    base - 52,
                    xs[end] - xs[start],
                    52,
                    ink=f"n{step}",
                    words=(fit(t(label.title), xs[end] - xs[start] - 6, 15), f.number(inside) if inside is not None else ""),
                    hover=t("{label}: {n} customers", "{label}：{n} 位客户", label=t(label.title), n=f.number(inside)),
                    url=link({"label": keys[end]}),
                    classes={"middle": round(middle)},
                )
            )
    for at in bounds:
        value = columns.get("value", [None] * len(xs))[at]
        role = picture.roles.get("value")
        worth = "" if value is None else g.formats.money(say.minor(value)) if role and role.unit == "money" else say.plain(value)
        notes.append(
            Tick(
                xs[at],
                ys[at],
                t("Cut at {share}", "分界 {share}", share=f.share(columns["y"][at], 1)),
                t("from {worth}", "{worth} 起", worth=worth) if worth else "",
            )
        )
    line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in zip(xs, ys, strict=True))
    paths.append(("line", line))
    return Shape(
        "cumulative curve",
        510,
        348,
        tuple(marks),
        ticks=tuple(Tick(left + wide * part / 5, base + 18, f"{part * 20}%") for part in range(6)),
        rows=tuple(Tick(left - 8, base - high * part / 5 + 4, f"{part * 20}%") for part in range(6)),
        paths=tuple(paths),
        notes=tuple(notes),
        below=t("Customers, highest first", "客户，按数值从高到低"),
        foot=_top(picture),
    )


def _top(picture: Any) -> str:
    xs = picture.columns["x"]
    at = next((i for i, x in enumerate(xs) if x and x >= 0.0099), None)
    if at is None or xs[at] > 0.015 or "customers" not in picture.columns:
        return ""
    f = g.formats
    return t(
        "Top 1%, {n} customers, bring {share}",
        "前 1%（{n} 位客户）贡献 {share}",
        n=f.number(picture.columns["customers"][at]),
        share=f.share(picture.columns["y"][at], 1),
    )
