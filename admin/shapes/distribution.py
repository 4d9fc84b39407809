"""Bars: of labels lying, of a number standing."""

from __future__ import annotations

from typing import Any

from flask import g

from admin import result_findings as say
from admin.shapes.marks import Link, Mark, Shape, Tick, fit, money
from admin.words import t


def distribution(picture: Any, link: Link) -> Shape:
    """Bars side by side: of labels lying, with a second thin one for what they bring; of a number standing."""
    return _bars(picture, link) if "label" in picture.columns else _histogram(picture, link)


def _bars(picture: Any, link: Link) -> Shape:
    f, columns = g.formats, picture.columns
    keys, counts, amounts = columns["label"], columns.get("customers", (0,) * picture.rows), columns.get("amount")
    left, width, high = 138.0, 650.0, 34.0 if amounts else 28.0
    people = sum(count or 0 for count in counts) or 1
    money_ = sum(max(0, value or 0) for value in amounts) if amounts else 0
    shares = [(count or 0) / people for count in counts] + (
        [max(0, value or 0) / money_ for value in amounts] if amounts and money_ else []
    )
    longest = max(shares, default=0) or 1
    marks, rows, lines = [], [], []
    for at, key in enumerate(keys):
        label = picture.labels.get(key)
        title, step = (t(label.title), label.step or 8) if label else (t("no value", "无结果"), 8)
        y = 4 + at * high
        wide = 300.0 * (counts[at] or 0) / people / longest
        about = t(
            "{title}: {n} customers, {share}",
            "{title}：{n} 位客户，占 {share}",
            title=title,
            n=f.number(counts[at]),
            share=f.share(counts[at] or 0, people),
        )
        second = ""
        if amounts and money_:
            worth = 300.0 * max(0, amounts[at] or 0) / money_ / longest
            lines.append((left, y + 19, max(worth, 0.5), 6.0, "c-brand"))
            second = t(
                "{share}, sales {worth}",
                "{share}，销售额 {worth}",
                share=f.share(counts[at] or 0, people),
                worth=f.share(max(0, amounts[at] or 0), money_),
            )
            about += t("; {money}", "；{money}", money=money(picture, amounts[at], exact=True))
        else:
            second = f.share(counts[at] or 0, people)
        far = max(wide, 300.0 * max(0, amounts[at] or 0) / money_ / longest if amounts and money_ else 0)
        marks.append(
            Mark(
                left,
                y,
                max(wide, 0.5),
                16,
                f"f{step}",
                "t-b",
                (f.number(counts[at]), second),
                about,
                link({"label": key}) if counts[at] else None,
                {"far": round(far)},
            )
        )
        rows.append(Tick(left - 12, y + 13, fit(title, left - 16)))
    foot = (
        t(
            "Upper bar: share of the customers. Lower bar: share of the {what}.",
            "上方条形为客户占比，下方条形为{what}占比。",
            what=say.measure(picture),
        )
        if amounts
        else ""
    )
    return Shape("bars", width, 4 + len(keys) * high + 2, tuple(marks), rows=tuple(rows), lines=tuple(lines), foot=foot)


def _histogram(picture: Any, link: Link) -> Shape:
    f, columns = g.formats, picture.columns
    starts = columns.get("x_from") or columns["x"]
    ends = columns.get("x_below", (None,) * len(starts))
    counts = columns["customers"]
    left, top, wide, high = 52.0, 12.0, 580.0, 220.0
    most = max((count or 0 for count in counts), default=0) or 1
    each = wide / max(len(starts), 1)
    marks = []
    for at, count in enumerate(counts):
        tall = high * (count or 0) / most
        where = {"x_from >=": starts[at]} | ({"x_below <": ends[at]} if ends[at] is not None else {})
        marks.append(
            Mark(
                left + each * at + 1,
                top + high - tall,
                max(each - 2, 0.5),
                tall,
                "f3",
                hover=f"{say.between(starts[at], ends[at])}: {f.number(count)}",
                url=link(where) if count else None,
            )
        )
    every = max(1, len(starts) // 5)
    role = picture.roles.get("x_from") or picture.roles["x"]
    return Shape(
        "histogram",
        650,
        top + high + 44,
        tuple(marks),
        ticks=tuple(Tick(left + each * at, top + high + 18, say.plain(starts[at])) for at in range(0, len(starts), every)),
        rows=tuple(Tick(left - 8, top + high * (1 - part) + 4, f.number(most * part)) for part in (0, 0.5, 1)),
        below=t(role.title) + (f" ({say.unit(role.unit)})" if role.unit else ""),
    )
