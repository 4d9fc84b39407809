"""The geometry of the pictures of a run: numbers in, SVG coordinates out. Colours are classes; widths never come from styles."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import g

from admin import result_findings as say
from admin.formats import Formats
from admin.words import t

Link = Callable[[Mapping[str, Any]], str | None]
"""From a mark (role to value) to the list of its customers."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that is drawn: a rectangle with words and an address. classes: colour classes by what is shown."""

    x: float
    y: float
    width: float
    height: float
    css: str = ""
    ink: str = ""
    words: tuple[str, ...] = ()
    hover: str = ""
    url: str | None = None
    classes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tick:
    """A word at an axis."""

    x: float
    y: float
    words: str
    more: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """A picture as marks, paths and words on a canvas of `width` by `height`."""

    kind: str
    width: float
    height: float
    marks: tuple[Mark, ...] = ()
    ribbons: tuple[Mark, ...] = ()
    ticks: tuple[Tick, ...] = ()
    rows: tuple[Tick, ...] = ()
    paths: tuple[tuple[str, str], ...] = ()
    lines: tuple[tuple[float, float, float, float, str], ...] = ()
    notes: tuple[Tick, ...] = ()
    below: str = ""
    left: str = ""
    scales: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    foot: str = ""


def shape(picture: Any, link: Link) -> Shape | None:
    """The shape of a picture; None where there is nothing to draw."""
    if picture.fault is not None or not picture.rows:
        return None
    make = {
        "heat map": heat_map,
        "treemap": treemap,
        "cumulative curve": curve,
        "funnel": funnel,
        "distribution": distribution,
        "flow": declared_flow,
    }[picture.kind]
    return make(picture, link)


def _size(text: str, size: float = 12) -> float:
    return sum(size if ord(c) > 0x2E80 else size * 0.56 for c in text)


def fit(text: str, width: float, size: float = 12) -> str:
    """The text as far as it fits."""
    if _size(text, size) <= width:
        return text
    while text and _size(text + "…", size) > width:
        text = text[:-1]
    return text.rstrip() + "…" if text else ""


def money(picture: Any, value: float | None, *, exact: bool = False) -> str:
    """A value of the column "amount" in its unit."""
    role = picture.roles.get("amount")
    if role is None or role.unit == "money":
        f: Formats = g.formats
        return f.money(say.minor(value)) if exact else f.tile(say.minor(value))
    return say.plain(value)


# --- heat map ----------------------------------------------------------------------------------------------------


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


# --- treemap -----------------------------------------------------------------------------------------------------


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
                if _size(each) + 14 <= wide
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


# --- curve -------------------------------------------------------------------------------------------------------

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


# --- funnel ------------------------------------------------------------------------------------------------------


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


# --- distribution ------------------------------------------------------------------------------------------------


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


# --- flow --------------------------------------------------------------------------------------------------------


def declared_flow(picture: Any, link: Link) -> Shape:
    """A flow that a policy declares."""
    streams = [
        (was or "", now or "", count or 0)
        for was, now, count in zip(picture.columns["was"], picture.columns["now"], picture.columns["customers"], strict=True)
    ]
    return flow(streams, list(picture.labels.values()), lambda was, now: None, lambda was, now: "stay" if was == now else "other")


def flow(
    streams: Sequence[tuple[str, str, int]], labels: Sequence[Any], link: Callable[[str, str], str | None], way: Callable[[str, str], str]
) -> Shape:
    """Two columns of labels with a stream from each of the left to each of the right; who stays is pale."""
    f, top, gap, room = g.formats, 26.0, 10.0, 420.0
    titles = {label.key: t(label.title) for label in labels} | {"": t("no value", "无结果")}
    steps = {label.key: label.step or 8 for label in labels} | {"": 8}
    order = [label.key for label in labels] + [""]
    before = {key: sum(n for was, _, n in streams if was == key) for key in order}
    after = {key: sum(n for _, now, n in streams if now == key) for key in order}
    lefts, rights = [key for key in order if before[key]], [key for key in order if after[key]]
    whole = sum(n for _, _, n in streams) or 1
    free = room - gap * (max(len(lefts), len(rights), 1) - 1)
    scale = max(free, 60.0) / whole
    here, there = _stack(lefts, before, scale, top, gap), _stack(rights, after, scale, top, gap)
    at_left, at_right = dict(here), dict(there)
    ribbons = []
    for was in lefts:
        for now in rights:
            n = sum(count for first, second, count in streams if (first, second) == (was, now))
            if not n:
                continue
            thick = n * scale
            a, b = at_left[was], at_right[now]
            at_left[was], at_right[now] = a + thick, b + thick
            kind = way(was, now)
            css = {"up": "rib hot fu", "down": "rib hot fd", "stay": f"rib f{steps[was]}"}.get(kind, "rib f5")
            path = f"M184 {a:.1f}C320 {a:.1f} 320 {b:.1f} 456 {b:.1f}V{b + thick:.1f}C320 {b + thick:.1f} 320 {a + thick:.1f} 184 {a + thick:.1f}Z"
            about = t("{was} to {now}: {n}", "{was}变为{now}：{n}", was=titles[was], now=titles[now], n=f.number(n))
            ribbons.append(Mark(0, 0, thick, 0, css, words=(kind, path), hover=about, url=link(was, now)))
    nodes = []
    for keys, places, sizes, x in ((lefts, here, before, 168.0), (rights, there, after, 456.0)):
        for key in keys:
            tall = max(sizes[key] * scale, 1.0)
            nodes.append(
                Mark(
                    x,
                    places[key],
                    16,
                    tall,
                    f"f{steps[key]}",
                    "t-r" if x < 300 else "",
                    (fit(titles[key], 130), f.number(sizes[key])),
                    f"{titles[key]}: {f.number(sizes[key])}",
                )
            )
    lowest = max([mark.y + mark.height for mark in nodes], default=top)
    ribbons.sort(key=lambda mark: (mark.words[0] != "stay", -mark.width))
    return Shape("flow", 640, max(lowest, top) + 12, tuple(nodes), ribbons=tuple(ribbons))


def _stack(keys: Sequence[str], sizes: Mapping[str, int], scale: float, top: float, gap: float) -> dict[str, float]:
    found, y = {}, top
    for key in keys:
        found[key] = y
        y += sizes[key] * scale + gap
    return found
