"""What stands against publishing a draft, each with the one button that mends it and what mending costs.

A button saves the next state of the draft; it can be undone from its history like any other.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import g

from admin.words import t

Plain = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Mend:
    """A button. text: what it says; price: what it means; changes: what it changes in the draft, for `engine.drafts.edit`."""

    text: str
    price: str
    changes: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """An obstacle as a page shows it."""

    id: str
    place: str
    blocks: bool
    text: str
    mend: Mend | None


def standing(found: Plain, *, actor: str, today: dt.date) -> list[Standing]:
    """The obstacles of a simulation's picture. actor: who would be made responsible. today: in the business zone."""
    return [
        Standing(
            each["id"],
            each["place"],
            each["severity"] == "error",
            t(each["text"]["en"], each["text"]["zh"]),
            _mend(each, found, actor, today),
        )
        for each in found["obstacles"]
    ]


def _mend(obstacle: Plain, found: Plain, actor: str, today: dt.date) -> Mend | None:
    policy = obstacle["place"].removeprefix("policy ")
    match obstacle["id"]:
        case "TW371":
            return Mend(
                t("Make me responsible", "由我负责"),
                t("{who} answers for this policy", "{who} 将负责该策略", who=actor),
                (_set(f"policies[{policy}].owner", actor),),
            )
        case "TW372" | "TW373":
            day = dt.date(today.year + 1, today.month, min(today.day, 28))
            return Mend(
                t("Review in a year", "一年后复核"),
                t("to be looked at again by {day}", "复核期限为{day}", day=g.formats.date(dt.datetime(day.year, day.month, day.day))),
                (_set(f"policies[{policy}].review_by", day.isoformat()),),
            )
        case "TW375":
            return _example(obstacle, found)
        case "TW377" | "TW378" | "TW379" | "TW381":
            return _limit(obstacle, found)
    return None


def _set(place: str, value: Any) -> dict[str, Any]:
    return {"place": place, "value": value}


def _at(place: str) -> int:
    return int(place.partition("[")[2].partition("]")[0])


def _example(obstacle: Plain, found: Plain) -> Mend | None:
    at = _at(obstacle["place"])
    example = next((each for each in found["examples"] if each["at"] == at), None)
    if example is None or not example["mismatches"]:
        return None
    prices = t(", ", "，").join(f"{one['output']}: {_value(one['expected'])} → {_value(one['found'])}" for one in example["mismatches"])
    return Mend(
        t("Change the example", "修改示例"),
        t("it then expects {what}", "示例改为 {what}", what=prices),
        tuple(_set(f"examples[{at}].expect[{one['output']}]", one["found"]) for one in example["mismatches"]),
    )


def _value(value: Any) -> str:
    if value is None:
        return t("no value", "无结果")
    if isinstance(value, bool):
        return t("yes", "是") if value else t("no", "否")
    return "+".join(value) if isinstance(value, list) else str(value)


_FIELDS = {
    "TW377": (("moved", "share", True),),
    "TW378": (("min_customers", "customers", False), ("min_share", "share", False)),
    "TW379": (("max_customers", "customers", True), ("max_share", "share", True)),
    "TW381": (("capacity", "customers", True),),
}
"""By obstacle: (field of the limit, what is measured, whether more is too much)."""


def _limit(obstacle: Plain, found: Plain) -> Mend | None:
    at = _at(obstacle["place"])
    limit = found["limits"][at] if at < len(found["limits"]) else {}
    reached = limit.get("reached")
    if not reached:
        return None
    for field, measured, more in _FIELDS[obstacle["id"]]:
        if field not in limit:
            continue
        now = reached[measured]
        if (now > limit[field]) == more and now != limit[field]:
            if measured == "share":  # on the side that lets it pass
                now = (math.ceil(now * 1000) if more else math.floor(now * 1000)) / 1000
            written = g.formats.share(now, 1) if measured == "share" else g.formats.number(now)
            was = g.formats.share(limit[field], 1) if measured == "share" else g.formats.number(limit[field])
            return Mend(
                t("Allow {n}", "放宽至 {n}", n=written) if more else t("Accept {n}", "接受 {n}", n=written),
                t("the limit was {was}", "原限额为 {was}", was=was),
                (_set(f"limits[{at}].{field}", now),),
            )
    return None
