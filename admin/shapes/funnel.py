"""A funnel: what is left of a step at the next."""

from __future__ import annotations

from typing import Any

from flask import g

from admin import result_findings as say
from admin.shapes.marks import Link, Mark, Shape, Tick, fit
from admin.words import t


def funnel(picture: Any, link: Link) -> Shape:
    """Bars from the left, zero-based, with what is left of the step before."""
    f, counts = g.formats, picture.columns["customers"]
    left, width, high, gap = 132.0, 650.0, 30.0, 26.0
    most = max((count or 0 for count in counts), default=0) or 1
    marks, paths, rows = [], [], []
    for at, count in enumerate(counts):
        wide = 400.0 * (count or 0) / most
        y = 6 + at * (high + gap)
        part = t("{share} of the step before", "为上一步的 {share}", share=f.share(count, counts[at - 1])) if at and counts[at - 1] else ""
        words = say.step(picture, at)
        where = {"label": picture.columns["label"][at]} if "label" in picture.columns else {"x >=": picture.columns["x"][at]}
        marks.append(
            Mark(
                left,
                y,
                max(wide, 0.5),
                high,
                "f3",
                "t-b",
                (f.number(count), part),
                f"{words}: {f.number(count)}",
                link(where) if count else None,
            )
        )
        rows.append(Tick(left - 12, y + 20, fit(words, left - 16)))
        if at + 1 < len(counts):
            nxt = 400.0 * (counts[at + 1] or 0) / most
            paths.append(("rib f3", f"M{left} {y + high}H{left + wide:.1f}L{left + nxt:.1f} {y + high + gap}H{left}Z"))
    return Shape("funnel", width, 6 + len(counts) * (high + gap) - gap + 6, tuple(marks), rows=tuple(rows), paths=tuple(paths))
