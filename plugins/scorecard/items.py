"""Items: one feature each, its points by bands or by values, as a small decision table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from marshmallow import ValidationError, fields, post_load, validate

from engine import DecisionTable, Params, TableRules, Text, editors

NAME = r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+\Z"


class BandParams(Params):
    """A band: it begins at a number, and the next one ends it."""

    start = editors.Number(
        data_key="from",
        attribute="from",
        required=True,
        allow_none=True,
        metadata={"title": Text("From", "起点"), "help": Text("Where the band begins; empty for the lowest.", "区间起点；最低区间留空。")},
    )
    points = editors.Number(required=True, metadata={"title": Text("Points", "得分"), "help": Text("What it is worth.", "该区间的得分。")})


class ValueParams(Params):
    """A value of a text or flag, and its points."""

    value = fields.Raw(
        required=True,
        metadata={"title": Text("Value", "取值"), "help": Text("A text, or true or false.", "文本，或是与否。"), "editor": "scalar"},
    )
    points = editors.Number(required=True, metadata={"title": Text("Points", "得分"), "help": Text("What it is worth.", "该取值的得分。")})


class ItemParams(Params):
    """One item of a scorecard."""

    feature = fields.String(
        required=True,
        validate=validate.Regexp(NAME, error="must be a feature or an output, such as orders.amount_365d"),
        metadata={
            "title": Text("Feature", "指标"),
            "help": Text("A feature, or an output of another policy.", "特征，或其他策略的输出。"),
            "editor": "column",
        },
    )
    weight = editors.Number(
        load_default=1.0,
        validate=validate.Range(min=0),
        metadata={"title": Text("Weight", "权重"), "help": Text("How much the points count.", "得分的权重。")},
    )
    bands = fields.List(
        fields.Nested(BandParams),
        load_default=None,
        allow_none=True,
        validate=validate.Length(min=1, max=100),
        metadata={
            "title": Text("Bands", "区间得分"),
            "help": Text("For numbers: where each band begins, ascending, and its points.", "数值：各区间起点（升序）及得分。"),
        },
    )
    values = fields.List(
        fields.Nested(ValueParams),
        load_default=None,
        allow_none=True,
        validate=validate.Length(min=1, max=1_000),
        metadata={
            "title": Text("Values", "取值得分"),
            "help": Text("For texts and flags: points of each value.", "文本与是非：各取值的得分。"),
        },
    )
    other = editors.Number(
        load_default=0.0,
        metadata={"title": Text("Other values", "其他取值"), "help": Text("Points of values that are not listed.", "未列出取值的得分。")},
    )
    missing = editors.Choice(
        {"points": Text("points", "计分"), "withhold": Text("no score", "不评分"), "leave_out": Text("left out", "剔除该项")},
        load_default="points",
        metadata={
            "title": Text("Missing value", "缺失值"),
            "help": Text(
                "Gets points of its own; leaves the customer without a score; or the item is left out and the others count more.",
                "计固定得分（points）；该客户不评分（withhold）；或剔除该项并放大其余权重（leave_out）。",
            ),
        },
    )
    missing_points = editors.Number(
        load_default=0.0,
        metadata={
            "only": {"missing": ("points",)},
            "title": Text("Points when missing", "缺失得分"),
            "help": Text("Only where a missing value gets points.", "仅用于缺失值计分时。"),
        },
    )

    @post_load
    def complete(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Check that there are either bands, ascending, or values, of one kind."""
        if (data["bands"] is None) == (data["values"] is None):
            raise ValidationError("an item has either bands or values", "bands" if data["bands"] is None else "values")
        if data["bands"] is not None:
            _check_bands([band["from"] for band in data["bands"]])
        else:
            _check_values([entry["value"] for entry in data["values"]])
        return data


def _check_bands(starts: list[float | None]) -> None:
    if starts[0] is not None:
        raise ValidationError(f"the first band begins at {starts[0]:g}; leave its start empty, so that every number has a band", "bands")
    for before, after in pairwise(starts[1:]):
        if before is None or after is None or after <= before:
            break
    else:
        if None not in starts[1:]:
            return
    raise ValidationError("bands must ascend, and only the first begins nowhere", "bands")


def _check_values(values: list[Any]) -> None:
    kinds = {type(value) for value in values}
    if not (kinds == {str} or kinds == {bool}):
        raise ValidationError("values must all be texts, or true and false; numbers go into bands", "values")
    doubled = next((value for i, value in enumerate(values) if value in values[:i]), None)
    if doubled is not None:
        raise ValidationError(f"the value {doubled!r} stands twice", "values")


@dataclass(frozen=True)
class Item:
    """An item made ready: the table that gives its points, and what a missing value means."""

    feature: str
    weight: float
    table: DecisionTable
    missing: str
    numbers: bool
    least: float
    most: float

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Item:
        """Make the table: a row per band or value, the last for a missing value."""
        rows = _band_rows(params["bands"]) if params["bands"] is not None else _value_rows(params["values"])
        present = [row["then"][0] for row in rows] + ([params["other"]] if params["bands"] is None else [])
        asked = params["missing"] == "points"
        document: dict[str, Any] = {"inputs": [params["feature"]], "outputs": [{"name": "points", "kind": "number"}], "hit_policy": "first"}
        document["rows"] = [*rows, {"when": ["null"], "then": [params["missing_points"] if asked else None]}]
        if params["bands"] is None:
            document["default"] = [params["other"]]
        possible = [*present, params["missing_points"]] if asked else present
        return cls(
            params["feature"],
            params["weight"],
            DecisionTable.load(document),
            params["missing"],
            params["bands"] is not None,
            min(possible),
            max(possible),
        )

    def points(self, columns: Mapping[str, Any]) -> Any:
        """The points of each customer; NaN where the value is missing and gets none."""
        return self.table.evaluate(columns).values["points"]

    @property
    def bounds(self) -> list[float]:
        """Where the points may change."""
        return [float(value) for values in self.table.bounds().values() for value in values if not isinstance(value, bool | str)]


@dataclass(frozen=True)
class ItemRules(TableRules):
    """The points of one item as a rule set; the row for a missing value, which nobody wrote, is not judged."""

    def verify(self, kinds: Mapping[str, Any]) -> list[Any]:
        """All findings about rows that somebody wrote."""
        added = (len(self.names),)
        return [finding for finding in super().verify(kinds) if finding.rows != added]


def _band_rows(bands: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """From the highest band down, each at or above its start; the lowest takes what is left and present."""
    rows = [{"when": [f">= {_literal(band['from'])}"], "then": [band["points"]]} for band in reversed(bands[1:])]
    return [*rows, {"when": ["not(null)"], "then": [bands[0]["points"]]}]


def _value_rows(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"when": [_cell(entry["value"])], "then": [entry["points"]]} for entry in values]


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _literal(number: float) -> str:
    whole = math.isfinite(number) and number == int(number)
    return str(int(number)) if whole else np.format_float_positional(number, trim="-")
