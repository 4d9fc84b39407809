"""Streams between two columns of labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import g

from admin.shapes.marks import Link, Mark, Shape, fit
from admin.words import t


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
