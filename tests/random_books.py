"""Random valid rulebooks: the starter policies, segments, decision tables and scorecards, chained on one another, edited at will."""

from __future__ import annotations

import random
from copy import deepcopy
from typing import Any

Document = dict[str, Any]

SEGMENTS = ("champions", "loyal", "potential", "at_risk", "hibernating")
STAGES = ("new", "active", "loyal", "at_risk", "dormant", "lost", "prospect", "reactivated")


def _label(key: str) -> Document:
    return {"key": key, "title": {"en": key, "zh": key}}


def start() -> list[Document]:
    """The policies before any edit."""
    return [
        {"key": "rfm", "type": "rfm", "params": {}},
        {"key": "abc", "type": "abc", "params": {}},
        {"key": "lifecycle", "type": "lifecycle", "params": {}},
        {
            "key": "frequency",
            "type": "segments",
            "params": {
                "segments": [
                    {**_label("high"), "when": {"feature": "orders.count_365d", "op": ">=", "value": 4}},
                    {**_label("low"), "when": {"feature": "orders.count", "op": ">=", "value": 1}},
                ],
                "otherwise": [_label("zero")],
            },
        },
        {
            "key": "worth",
            "type": "decision_table",
            "params": {
                "table": {
                    "inputs": ["abc.class", "orders.amount_365d"],
                    "outputs": ["group", "visits"],
                    "hit_policy": "first",
                    "rows": [{"when": ['"A"', ">= 500"], "then": ["core", 12]}, {"when": ["-", ">= 100"], "then": ["potential", 4]}],
                    "default": ["general", 0],
                },
                "outputs": [{"name": "group", "labels": [_label("core"), _label("potential"), _label("general")]}],
            },
        },
        {
            "key": "grade",
            "type": "scorecard",
            "params": {
                "items": [
                    {"feature": "orders.amount", "weight": 2, "bands": _bands([300, 1000])},
                    {
                        "feature": "worth.group",
                        "weight": 1,
                        "values": [{"value": "core", "points": 100}, {"value": "potential", "points": 50}],
                    },
                ],
                "grading": "shares",
                "shares": [0.1, 0.3, 0.6],
            },
        },
    ]


def _bands(begins: list[int]) -> list[Document]:
    points = [round(100 * at / len(begins)) for at in range(len(begins) + 1)]
    return [{"from": begin, "points": number} for begin, number in zip([None, *begins], points, strict=True)]


def edit(policies: list[Document], chance: random.Random) -> list[Document]:
    """One to four random edits; the result is valid and not the same as before."""
    edited = deepcopy(policies)
    while edited == policies:
        for _ in range(chance.randint(1, 4)):
            chance.choice(EDITS)(edited, chance)
    return edited


def _params(policies: list[Document], key: str) -> Document:
    return next(entry["params"] for entry in policies if entry["key"] == key)


def _rfm(policies: list[Document], chance: random.Random) -> None:
    bins = chance.randint(3, 5)
    params: Document = {"bins": bins, "window_days": chance.choice([365, 540, 730])}
    if chance.random() < 0.5:
        params |= {"binning": "fixed"} | {
            f"{score}_cuts": sorted(chance.sample(range(1, top), bins - 1)) for score, top in (("r", 350), ("f", 12), ("m", 900))
        }
    _params(policies, "rfm").clear()
    _params(policies, "rfm").update(params)


def _abc(policies: list[Document], chance: random.Random) -> None:
    cuts = sorted(chance.sample([0.3, 0.5, 0.7, 0.8, 0.9, 0.95], 2))
    params = {"cuts": cuts, "crossing": chance.choice(["lower", "upper", "own"])}
    _params(policies, "abc").update(
        params, measure=chance.choice(["orders.amount", "orders.net_amount", "orders.amount_180d", "orders.count"])
    )


def _lifecycle(policies: list[Document], chance: random.Random) -> None:
    _params(policies, "lifecycle").update(
        loyal_orders=chance.randint(2, 6), basis=chance.choice(["rhythm", "fixed"]), new_days=chance.randint(10, 60)
    )


def _segments(policies: list[Document], chance: random.Random) -> None:
    params = _params(policies, "frequency")
    chosen: list[Document] = [
        {"feature": "orders.count_365d", "op": ">=", "value": chance.randint(2, 6)},
        {
            "all": [
                {"feature": "orders.count", "op": ">", "value": 1},
                {"feature": "orders.recency_days", "op": "<", "value": chance.randint(30, 400)},
            ]
        },
        {
            "any": [
                {"feature": "abc.class", "op": "in", "value": ["A", "B"]},
                {"feature": "orders.amount", "op": ">=", "value": chance.randint(100, 3000)},
            ]
        },
        {"not": {"feature": "lifecycle.stage", "op": "=", "value": chance.choice(STAGES)}},
    ]
    params["segments"][0]["when"] = chance.choice(chosen)
    params["segments"][1]["when"] = {"feature": "orders.count", "op": ">=", "value": chance.randint(1, 3)}
    if chance.random() < 0.3:
        params["segments"].reverse()


def _table(policies: list[Document], chance: random.Random) -> None:
    table = _params(policies, "worth")["table"]
    table["rows"] = [
        {
            "when": [chance.choice(["-", '"A"', '"A", "B"', 'not("C")', "null"]), _cell(chance)],
            "then": [chance.choice(["core", "potential", "general"]), chance.randint(0, 12)],
        }
        for _ in range(chance.randint(1, 5))
    ]
    table["default"] = [chance.choice(["potential", "general"]), 0]


def _cell(chance: random.Random) -> str:
    low = chance.randint(0, 1500)
    return chance.choice(["-", f">= {low}", f"< {low}", f"[{low}..{low + 700})", f"({low}..{low + 300}]"])


def _scorecard(policies: list[Document], chance: random.Random) -> None:
    params = _params(policies, "grade")
    params["items"][0] |= {
        "weight": chance.randint(1, 5),
        "bands": _bands(sorted(chance.sample(range(50, 3000), chance.randint(1, 4)))),
        "missing": chance.choice(["points", "leave_out"]),
    }
    params["total"] = chance.choice(["mean", "sum"])
    params |= {
        "grading": "shares",
        "shares": sorted(chance.sample([0.1, 0.2, 0.3, 0.5, 0.6, 0.8], 3)),
        "crossing": chance.choice(["upper", "lower"]),
    }
    if chance.random() < 0.4:
        params |= {"grading": "cuts", "cuts": sorted(chance.sample(range(5, 95), 3))}


def _population(policies: list[Document], chance: random.Random) -> None:
    entry = chance.choice(policies)
    entry.pop("for", None)
    if chance.random() < 0.7:
        entry["for"] = {"feature": "orders.count", "op": ">=", "value": chance.randint(1, 3)}


def _switch(policies: list[Document], chance: random.Random) -> None:
    """The last of a chain can be switched off without a fault."""
    entry = next(entry for entry in policies if entry["key"] == "grade")
    entry["enabled"] = not entry.get("enabled", True)


EDITS = (_rfm, _abc, _lifecycle, _segments, _table, _scorecard, _population, _switch)
