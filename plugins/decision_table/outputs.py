"""The outputs of the policy, as the table and what is said about it declare them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError

from engine import DecisionTable, Fault, Label, Output, Text, editors

LISTS = ("rule_order", "output_order", "collect_list")
"""Hit policies that give every customer a list."""

LARGEST_SET, MOST_DECIMALS = 64, 4
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


def declare(document: Mapping[str, Any], entries: Sequence[Mapping[str, Any]], several: str) -> tuple[Output, ...]:
    """Return the outputs. Raises `ValidationError` with every output that cannot be one, for `table` or `outputs`."""
    table = DecisionTable.load(document)
    known = {column.name: column for column in table.outputs}
    faults: dict[str, Any] = {}
    said = {}
    for i, entry in enumerate(entries):
        if entry["name"] in known:
            said[entry["name"]] = i, entry
        else:
            faults.setdefault("outputs", {})[i] = {"name": [f"the table has no output {entry['name']!r}; it has {', '.join(known)}"]}
    outputs = []
    for at, column in enumerate(table.outputs):
        i, entry = said.get(column.name, (0, {}))
        try:
            outputs.append(_output(table, at, entry, several))
        except ValidationError as error:
            if entry and isinstance(error.messages, dict):
                faults.setdefault("outputs", {})[i] = error.messages
            else:
                faults.setdefault("table", []).extend(error.messages if isinstance(error.messages, list) else [str(error.messages)])
    if faults:
        raise ValidationError(faults)
    return tuple(outputs)


def _output(table: DecisionTable, at: int, entry: Mapping[str, Any], several: str) -> Output:
    column, policy = table.outputs[at], table.data.hit_policy
    if not _NAME.match(column.name) or column.name in ("rule", "withheld"):
        raise ValidationError(f"output {column.name!r}: an output is named in lower-case letters, digits and _, but not rule or withheld")
    title = editors.load_title(entry["title"]) if entry.get("title") else Text(column.name, column.name)
    if policy == "collect_count":
        return _number(table, at, entry, title)
    if column.kind == "text":
        labels = _labels(table, at, entry.get("labels"))
        if policy not in LISTS or several == "first":
            return Output(column.name, labels=labels, title=title)
        if len(labels) > LARGEST_SET:
            raise ValidationError(f"output {column.name!r} has {len(labels)} labels; a set holds at most {LARGEST_SET}")
        return Output(column.name, kind="set", labels=labels, title=title)
    if entry.get("labels"):
        raise ValidationError({"labels": [f"{column.name!r} gives {column.kind}s, which have no labels"]})
    if policy in LISTS and several == "set":
        raise ValidationError(f"output {column.name!r} gives {column.kind}s, and only texts make a set; take the first of several")
    if column.kind == "number":
        return _number(table, at, entry, title)
    return Output(column.name, kind="flag" if column.kind == "flag" else "date", title=title)


def _labels(table: DecisionTable, at: int, labels: Sequence[Label] | None) -> tuple[Label, ...]:
    column, data = table.outputs[at], table.data
    given = [str(value) for value in column.values or ()]
    if not given:
        raise ValidationError([f"output {column.name!r} never has a value"])
    if labels is None:
        return tuple(Label(key, Text(key, key)) for key in given)
    keys = [label.key for label in labels]
    rows = [(f"row {number}", row[at]) for number, row in enumerate(data.then, 1)]
    rows += [("default", data.default[at])] if data.default is not None else []
    lacking = [(place, str(value)) for place, value in rows if value is not None and str(value) not in keys]
    lacking += [(f"outputs[{at}].values", key) for key in given if key not in keys and all(key != value for _, value in lacking)]
    if lacking:
        raise ValidationError(
            [
                Fault(
                    "TW328",
                    place if place.startswith("outputs") else f"{place}, output {column.name}",
                    f"{value!r} has no label",
                    f"labels are {', '.join(keys[:12])}",
                )
                for place, value in lacking
            ]
        )
    return tuple(labels)


def _number(table: DecisionTable, at: int, entry: Mapping[str, Any], title: Text) -> Output:
    default = table.data.default[at] if table.data.default is not None else None
    numbers = [Decimal(repr(row[at])) for row in table.data.then if row[at] is not None] if table.outputs[at].kind == "number" else []
    minimum, maximum = _range(table.data.hit_policy, numbers, len(table.data.then), default)
    places = max((-int(n.as_tuple().exponent) for n in [*numbers, Decimal(repr(default or 0))]), default=0)
    decimals = entry.get("decimals")
    decimals = min(max(places, 0), MOST_DECIMALS) if decimals is None else decimals
    if places > decimals:
        minimum = maximum = None
    return Output(
        table.outputs[at].name,
        kind=entry.get("kind", "score"),
        title=title,
        unit=entry.get("unit", ""),
        decimals=decimals,
        minimum=minimum,
        maximum=maximum,
    )


def _range(policy: str, numbers: Sequence[Decimal], rows: int, default: Any) -> tuple[float | None, float | None]:
    """What can occur: one of the numbers, the sum of some of them, or how many rows there are."""
    if policy == "collect_count":
        found = [0.0, float(rows)]
    elif policy == "collect_sum":
        found = [float(sum(n for n in numbers if n < 0)), float(sum(n for n in numbers if n > 0))]
    else:
        found = [float(n) for n in numbers]
    found += [float(default)] if default is not None else []
    return (min(found), max(found)) if found else (None, None)
