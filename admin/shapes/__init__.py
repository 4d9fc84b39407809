"""The geometry of the pictures of a run: numbers in, SVG coordinates out. Colours are classes; widths never come from styles."""

from __future__ import annotations

from typing import Any

from admin.shapes.curve import curve
from admin.shapes.distribution import distribution
from admin.shapes.flow import declared_flow, flow
from admin.shapes.funnel import funnel
from admin.shapes.heat_map import heat_map
from admin.shapes.marks import Link, Shape
from admin.shapes.treemap import treemap

__all__ = ["Shape", "flow", "shape"]


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
