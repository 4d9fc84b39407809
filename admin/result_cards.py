"""Pictures of a run as cards: what each says, its shape, its table, and where its marks lead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import g, url_for

from admin import result_findings as say
from admin.access import may
from admin.links import members
from admin.result_tables import Grid, grid
from admin.shapes import Shape, shape
from admin.words import t


@dataclass(frozen=True, slots=True)
class Card:
    """A picture ready to be shown: what it says, its shape, its table."""

    id: str
    kind: str
    title: str
    sub: str
    fault: str
    shape: Shape | None
    grid: Grid | None
    picture: Any
    zoom: Mapping[str, Any] | None = None


def card(picture: Any, run: Any, *, newest: bool, links: bool = True) -> Card:
    """A picture as a card. newest: whether the run is what the lists of customers show. links: whether marks open lists."""

    def link(where: Mapping[str, Any]) -> str | None:
        return behind(picture, run.id, where, newest=newest) if links else None

    drawn = shape(picture, link)
    return Card(
        id=picture.id,
        kind=picture.kind,
        title=say.finding(picture),
        sub=say.under(picture, run.as_of),
        fault=t(picture.fault) if picture.fault else "",
        shape=drawn,
        grid=grid(picture) if drawn else None,
        picture=picture,
        zoom=_zoom(picture) if drawn else None,
    )


def in_columns(cards: Sequence[Card]) -> list[list[Card]]:
    """The cards in two columns of about the same height, in their order."""
    columns: list[list[Card]] = [[], []]
    heights = [0.0, 0.0]
    for each in cards:
        at = 0 if heights[0] <= heights[1] else 1
        columns[at].append(each)
        heights[at] += 140 + (560 * each.shape.height / each.shape.width if each.shape else 60)
    return [column for column in columns if column]


def behind(picture: Any, run: int, where: Mapping[str, Any], *, newest: bool) -> str | None:
    """The list of customers behind a mark; None where the picture does not say what its marks are, or the reader may not."""
    if not may("customers"):
        return None
    conditions = []
    for asked, value in where.items():
        name, _, op = asked.partition(" ")
        role = picture.roles.get(name)
        if role is None or not role.address:
            return None
        conditions.append(f"{role.address}{op or '='}{'' if value is None else value}")
    if newest and list(where) == ["label"] and where["label"] is not None and picture.roles["label"].is_output:
        listed = members(picture.roles["label"].address, str(where["label"]))
        if listed is not None:
            return listed
    return url_for("behind.index", run=run, q=conditions)


def _zoom(picture: Any) -> Mapping[str, Any] | None:
    """What the zoomable chart is drawn from; None where there is nothing to zoom into."""
    if picture.kind != "cumulative curve":
        return None
    f = g.formats
    return {
        "kind": "curve",
        "x": [round(100 * (x or 0), 3) for x in picture.columns["x"]],
        "y": [round(100 * (y or 0), 3) for y in picture.columns["y"]],
        "said": [
            t("{n} customers", "{n} 位客户", n=f.number(count)) if count is not None else ""
            for count in picture.columns.get("customers", [None] * picture.rows)
        ],
        "cuts": [at for at, bound in enumerate(picture.columns.get("bound", ())) if bound],
        "xTitle": t("Customers, highest first (%)", "客户，按数值从高到低（%）"),
        "yTitle": t("Cumulative share (%)", "累计占比（%）"),
    }
