"""The numbers of a picture as a table: what is read aloud, shown under the picture, and exported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import g

from admin import result_findings as say
from admin.formats import Formats
from admin.words import t

ORDER = (
    "label",
    "was",
    "now",
    "y",
    "y_above",
    "y_up_to",
    "x",
    "x_from",
    "x_below",
    "x_above",
    "x_up_to",
    "share",
    "customers",
    "amount",
    "value",
)
HIDDEN = ("bound",)


@dataclass(frozen=True, slots=True)
class Grid:
    """A table. rows: as shown; raw: the same cells as numbers and texts; numeric: which columns stand right."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    raw: tuple[tuple[Any, ...], ...]
    numeric: tuple[bool, ...]
    raw_header: tuple[str, ...] = ()

    @property
    def heads(self) -> tuple[str, ...]:
        """The header of the raw cells, where it is another."""
        return self.raw_header or self.header

    def short(self, most: int = 24) -> Grid:
        """At most so many rows, evenly chosen, the first and the last among them: for paper."""
        if len(self.rows) <= most:
            return self
        chosen = sorted({round(at * (len(self.rows) - 1) / (most - 1)) for at in range(most)})
        return Grid(self.header, tuple(self.rows[at] for at in chosen), self.raw, self.numeric, self.raw_header)


def grid(picture: Any) -> Grid:
    """The table of a picture, columns in the order of their roles; both ends of an interval are shown in one cell."""
    roles = [role for role in (*ORDER, *(r for r in picture.columns if r not in ORDER)) if role in picture.columns and role not in HIDDEN]
    header, cells, numeric, raw_header, raws = [], [], [], [], []
    for role in roles:
        about, values = picture.roles[role], picture.columns[role]
        labels = role in ("label", "was", "now")
        named = [say.name(picture, value) for value in values] if labels else []
        raw_header.append(_head(picture, role, about))
        raws.append(named if labels else [_raw(value) for value in values])
        if role.endswith(("_up_to", "_below")) and f"{role[0]}_{'above' if role.endswith('_up_to') else 'from'}" in roles:
            continue
        if role.endswith("_above") and f"{role[0]}_up_to" in roles:
            shown = [say.interval(low, high, about.unit) for low, high in zip(values, picture.columns[f"{role[0]}_up_to"], strict=True)]
            header.append(t(about.title))
        elif role.endswith("_from") and f"{role[0]}_below" in roles:
            shown = [say.between(low, high) for low, high in zip(values, picture.columns[f"{role[0]}_below"], strict=True)]
            header.append(t(about.title))
        else:
            shown = named or [_cell(picture, role, about.unit, value) for value in values]
            header.append(raw_header[-1])
        cells.append(shown)
        numeric.append(not labels and not any(isinstance(value, str) for value in values))
    rows, raw = tuple(zip(*cells, strict=True)), tuple(zip(*raws, strict=True))
    return Grid(tuple(header), rows, raw, tuple(numeric), tuple(raw_header))


def _head(picture: Any, role: str, about: Any) -> str:
    title = t(about.title)
    unit = say.unit(about.unit) if about.unit else ""
    if picture.kind == "cumulative curve" and role in ("x", "y"):
        return t("Share of the customers", "客户累计占比") if role == "x" else t("Share of the amount", "金额累计占比")
    where = {"above": t("above", "大于"), "up_to": t("up to", "至"), "from": t("from", "起"), "below": t("below", "止（不含）")}.get(
        role[2:], ""
    )
    if role == "value":
        where = t("from", "起")
    title = t("{title}, {where}", "{title}，{where}", title=title, where=where) if where else title
    return t("{title} ({unit})", "{title}（{unit}）", title=title, unit=unit) if unit and unit not in title else title


def _cell(picture: Any, role: str, unit: str, value: Any) -> str:
    f: Formats = g.formats
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return t("yes", "是") if value else t("no", "否")
    if role == "share" or (picture.kind == "cumulative curve" and role in ("x", "y")):
        return f"{100 * value:.2f}%"
    if unit == "money":
        return f.money(say.minor(value))
    return f.number(value) if role == "customers" else say.plain(value)


def _raw(value: Any) -> Any:
    return round(value, 6) if isinstance(value, float) else value


def grid_of_flow(movement: Any) -> Grid:
    """The streams between two runs, the largest first."""
    f = g.formats
    titles = {label.key: t(label.title) for label in movement.labels} | {"": t("no value", "无结果")}
    ways = {"up": t("up", "上升"), "down": t("down", "下降"), "stay": t("stays", "不变"), "other": t("other", "其他")}
    streams = sorted(movement.streams, key=lambda each: -each.customers)
    header = (
        t("Before", "之前"),
        t("Now", "现在"),
        t("Direction", "方向"),
        t("Customers", "客户数"),
        t("Sales ({unit})", "销售额（{unit}）", unit=f.currency),
    )
    rows = tuple(
        (titles.get(s.was, s.was), titles.get(s.now, s.now), ways[s.way], f.number(s.customers), f.money(s.amount)) for s in streams
    )
    scale = 10**f.digits
    raw = tuple((titles.get(s.was, s.was), titles.get(s.now, s.now), ways[s.way], s.customers, s.amount / scale) for s in streams)
    return Grid(header, rows, raw, (False, False, False, True, True))


def grid_of_trend(found: Any) -> Grid:
    """One row per run, one column per label."""
    f = g.formats
    keys = [label.key for label in found.labels] + ([""] if any("" in point.counts for point in found.points) else [])
    titles = [t(label.title) for label in found.labels] + [t("no value", "无结果")]
    header = (t("Run", "运行"), t("As of", "数据截至"), *titles[: len(keys)])
    rows, raw = [], []
    for point in reversed(found.points):
        counts = [point.counts.get(key, (0, 0))[0] for key in keys]
        rows.append((str(point.run), f.date(point.as_of), *(f.number(count) for count in counts)))
        raw.append((point.run, f.at(point.as_of).date().isoformat(), *counts))
    return Grid(header, tuple(rows), tuple(raw), (True, False, *(True for _ in keys)))
