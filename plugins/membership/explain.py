"""Why a member holds its level, and what would change it, in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from engine import Measured, Reason, Text

if TYPE_CHECKING:
    from plugins.membership.policy import Membership

_PERIOD = {
    "year": Text("In this calendar year {amount} counts so far", "本自然年迄今计入 {amount}"),
    "rolling": Text("In the last {days} days {amount} counts", "最近 {days} 天计入 {amount}"),
    "joining": Text("Since joining {amount} counts", "入会以来计入 {amount}"),
    "": Text("{amount} counts", "计入 {amount}"),
}


def explain(policy: Membership, columns: Mapping[str, Any]) -> list[Reason]:
    """What decided first, then what is missing to the next level, then what will be lost."""
    number = len(policy.keys) - 1 - int(columns["level"].codes[0])
    return [*_why(policy, columns, number), *_ahead(policy, columns, number)]


def _why(policy: Membership, columns: Mapping[str, Any], number: int) -> Iterator[Reason]:
    amount = float(columns["qualifying"][0])
    period = _PERIOD[policy.params.period if policy.historic else ""]
    values: dict[str, Any] = {"amount": Measured(amount, policy.measure), "level": _title(policy, _band(policy, amount))}
    if policy.params.period == "rolling" and policy.historic:
        values["days"] = policy.params.window_days
    start = Measured(float(policy.starts[_band(policy, amount)]), policy.measure)
    text = Text(f"{period.en}: {{level}} begins at {{start}}.", f"{period.zh}：{{level}}的起点为 {{start}}。")
    yield Reason("amount", text, {**values, "start": start})
    since = columns["since"][0]
    if number > _band(policy, amount) and not np.isnat(since):
        held = Text("{level} was reached on {day} and is held.", "于 {day} 达到{level}，仍在保持。")
        yield Reason("held", held, {"level": _title(policy, number), "day": _day(since)})
    floor = int(columns["never_below"].codes[0])
    if floor >= 0:
        yield Reason(
            "floor",
            Text("It never falls below {level} again.", "终身不低于{level}。"),
            {"level": _title(policy, len(policy.keys) - 1 - floor)},
        )


def _ahead(policy: Membership, columns: Mapping[str, Any], number: int) -> Iterator[Reason]:
    missing = float(columns["to_next"][0])
    if number + 1 < len(policy.keys) and not np.isnan(missing):
        text = Text("{missing} more makes it {level} at once.", "再计入 {missing} 即升为{level}。")
        yield Reason("next", text, {"missing": Measured(missing, policy.measure), "level": _title(policy, number + 1)})
    lost, keep_by, keep = (columns[name][0] for name in ("falls_on", "keep_by", "to_keep"))
    if np.isnat(lost) or np.isnat(keep_by) or np.isnan(keep):
        return
    code = int(columns["falls_to"].codes[0])
    if code < 0:
        return
    text = Text("Without {missing} more by {by}, it falls to {level} on {day}.", "若在 {by} 前未再计入 {missing}，将于 {day} 降为{level}。")
    values = {"missing": Measured(float(keep), policy.measure), "by": _day(keep_by), "day": _day(lost)}
    yield Reason("loss", text, {**values, "level": _title(policy, len(policy.keys) - 1 - code)})


def _band(policy: Membership, amount: float) -> int:
    return int(np.searchsorted(policy.starts[1:], amount, side="right"))


def _title(policy: Membership, number: int) -> Text:
    title = policy.params.levels[number]["title"]
    return Text(title["en"], title["zh"])


def _day(value: Any) -> dt.date:
    found: dt.date = value.astype("datetime64[D]").item()
    return found
