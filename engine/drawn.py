"""Pictures as small tables: what a policy's data functions make of the columns of one run, checked and named.

A picture that fails says so in its own place; the others are drawn. No store is known here, and no colour but the step
of a label: surfaces decide how a table of at most `LARGEST` rows is shown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, get_args

import numpy as np

from engine.columns import Codes, Columns
from engine.errors import PluginError
from engine.naming import Naming
from engine.policy import Label, Output, Picture, PictureKind, State, Text
from engine.render.scale import even_step
from engine.rulebook import PolicyEntry

LARGEST = 10_000
"""Rows of a picture: it is drawn, not listed."""

LABELS = ("label", "was", "now")
"""Roles that hold keys of labels."""

Cell: TypeAlias = str | float | int | bool | None


@dataclass(frozen=True, slots=True)
class Role:
    """What stands in a small column. address: of the output or feature whose values these are, "" for none of them."""

    title: Text
    unit: str = ""
    address: str = ""
    is_output: bool = False

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {"title": {"en": self.title.en, "zh": self.title.zh}, "unit": self.unit, "address": self.address}


@dataclass(frozen=True, slots=True)
class Shown:
    """A label as it is shown. step: 1 (best) to 8, 0 for what nobody declares."""

    key: str
    title: Text
    step: int = 0


@dataclass(frozen=True, slots=True)
class Drawn:
    """One picture of one run. columns: by role, equal lengths; roles: what they are; labels: by key, of the label columns.

    fault: why there is nothing to draw, in words; columns are then empty.
    """

    policy: str
    policy_title: Text
    kind: str
    name: str
    title: Text
    columns: Mapping[str, tuple[Cell, ...]] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)
    labels: Mapping[str, Shown] = field(default_factory=dict)
    fault: Text | None = None

    @property
    def id(self) -> str:
        """The picture's address: `<policy key>.<name>`."""
        return f"{self.policy}.{self.name}"

    @property
    def rows(self) -> int:
        """How many marks it has."""
        return len(next(iter(self.columns.values()), ()))

    def total(self, role: str) -> float:
        """The sum of a column; 0 without it."""
        return math.fsum(float(cell or 0) for cell in self.columns.get(role, ()) if not isinstance(cell, str))

    def as_dict(self) -> dict[str, Any]:
        """As plain data: the form of the HTTP API and of `--format json`."""
        return {
            "policy": self.policy,
            "kind": self.kind,
            "name": self.name,
            "title": {"en": self.title.en, "zh": self.title.zh},
            "columns": {role: list(cells) for role, cells in self.columns.items()},
            "roles": {role: about.as_dict() for role, about in self.roles.items()},
            "labels": {key: {"en": label.title.en, "zh": label.title.zh} for key, label in self.labels.items()},
            "fault": None if self.fault is None else {"en": self.fault.en, "zh": self.fault.zh},
        }


def declared(entry: PolicyEntry) -> tuple[Picture, ...]:
    """The pictures that a policy declares. Raises whatever the plugin raises."""
    return tuple(entry.policy.pictures())


def draw(entry: PolicyEntry, picture: Picture, columns: Columns, state: State | None, naming: Naming) -> Drawn:
    """Compute one picture over all customers; a function that fails, or returns what cannot be drawn, becomes a fault."""
    try:
        cells = _cells(picture, picture.data(columns, state or {}))
    except Exception as error:
        return failed(entry, picture.kind, picture.name, picture.title, error)
    own = naming.within(entry.key)
    labels = _labels(entry, picture, cells)
    return Drawn(
        policy=entry.key,
        policy_title=entry.title,
        kind=picture.kind,
        name=picture.name,
        title=picture.title,
        columns=cells,
        roles={role: _role(entry, picture, role, own) for role in cells},
        labels=labels,
    )


def failed(entry: PolicyEntry, kind: str, name: str, title: Text, error: Exception | Text) -> Drawn:
    """A picture that cannot be drawn, with the reason."""
    if isinstance(error, Text):
        return Drawn(entry.key, entry.title, kind, name, title, fault=error)
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    fault = Text(
        f"the policy type {entry.type} could not draw it ({said[:300]}); its grades are not affected",
        f"策略类型 {entry.type} 未能绘制（{said[:300]}）；分级结果不受影响",
    )
    return Drawn(entry.key, entry.title, kind, name, title, fault=fault)


def _cells(picture: Picture, data: Any) -> dict[str, tuple[Cell, ...]]:
    if picture.kind not in get_args(PictureKind):
        raise PluginError(f"its kind is {picture.kind!r}; kinds are {', '.join(get_args(PictureKind))}")
    if not isinstance(data, Mapping) or not data:
        raise PluginError(f"data returned {type(data).__name__} {str(data)[:80]!r}; return a mapping of columns")
    cells = {str(role): _plain(str(role), column) for role, column in data.items()}
    sizes = {role: len(column) for role, column in cells.items()}
    if len(set(sizes.values())) != 1 or max(sizes.values()) > LARGEST:
        raise PluginError(f"its columns have {sizes} rows; return equal lengths up to {LARGEST:,}")
    return cells


def _plain(role: str, column: Any) -> tuple[Cell, ...]:
    if isinstance(column, Codes):
        return tuple(column.texts())
    array = np.atleast_1d(np.asarray(column))
    if array.ndim != 1:
        raise PluginError(f"column {role!r} has {array.ndim} dimensions; return one")
    if role in LABELS or array.dtype.kind in "UO":
        return tuple(None if cell is None or cell != cell else str(cell) for cell in array.tolist())
    if array.dtype.kind == "M":
        return tuple(None if cell is None else str(cell) for cell in array.astype("datetime64[D]").tolist())
    if array.dtype.kind not in "biuf":
        raise PluginError(f"column {role!r} holds {array.dtype}; return numbers or texts")
    return tuple(cell if not isinstance(cell, float) or math.isfinite(cell) else None for cell in array.tolist())


def labelled(entry: PolicyEntry, picture: Picture, keys: Sequence[str]) -> Output | None:
    """The own output whose labels stand in a picture: the one it names, else the first that declares all of them."""
    outputs = {output.name: output for output in entry.policy.outputs()}
    for role in LABELS:
        if picture.of.get(role) in outputs:
            return outputs[picture.of[role]]
    return next((output for output in outputs.values() if output.labels and set(keys) <= set(output.keys)), None)


def _keys(cells: Mapping[str, Sequence[Cell]]) -> list[str]:
    return list(dict.fromkeys(str(cell) for role in LABELS for cell in cells.get(role, ()) if cell is not None))


def _labels(entry: PolicyEntry, picture: Picture, cells: Mapping[str, Sequence[Cell]]) -> dict[str, Shown]:
    keys = _keys(cells)
    output = labelled(entry, picture, keys)
    known = shown_labels(output.labels if output else ())
    return {key: known.get(key, Shown(key, Text(key, key))) for key in keys}


def shown_labels(labels: Sequence[Label]) -> dict[str, Shown]:
    """Labels by key, each with a step: its own, or by its place among all."""
    return {
        label.key: Shown(label.key, label.title, label.step if label.step is not None else even_step(at, len(labels)))
        for at, label in enumerate(labels)
    }


def _role(entry: PolicyEntry, picture: Picture, role: str, naming: Naming) -> Role:
    """Title and unit of a column: of the output or input that it is said to hold, else of what the role means."""
    name = picture.of.get(role, "")
    if not name and role in LABELS:
        output = labelled(entry, picture, [])
        name = output.name if output else ""
    if not name:
        return Role(MEANINGS.get(role, Text(role, role)), "money" if role == "amount" else "")
    about = naming.of(name)
    own = about.output is not None
    unit = about.output.unit if about.output else about.feature.unit if about.feature else ""
    return Role(about.title, unit, f"{entry.key}.{name}" if own and "." not in name else name, own)


MEANINGS: Mapping[str, Text] = {
    "x": Text("Value", "数值"),
    "y": Text("Value", "数值"),
    "label": Text("Label", "标签"),
    "was": Text("Before", "之前"),
    "now": Text("Now", "现在"),
    "customers": Text("Customers", "客户数"),
    "amount": Text("Sales", "销售额"),
    "share": Text("Share", "占比"),
    "bound": Text("Cut", "分界"),
    "value": Text("From", "起点值"),
    "x_from": Text("From", "起"),
    "x_below": Text("Below", "止（不含）"),
    "x_above": Text("Above", "大于"),
    "x_up_to": Text("Up to", "至"),
    "y_above": Text("Above", "大于"),
    "y_up_to": Text("Up to", "至"),
}
