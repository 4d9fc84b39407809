"""The policy type `membership`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np

from engine import Feature, MemberLevel, Output, Picture, Policy, Programme, Reason, Text
from plugins.membership.explain import explain
from plugins.membership.levels import PARTS, Floor, Levels
from plugins.membership.params import OF_HISTORY, MembershipParams, labels_of

BIRTHDAY = "profile.days_to_birthday"

_OF: Mapping[str, tuple[str, str]] = {"spend": ("orders", "amount"), "orders": ("orders", ""), "points": ("points", "")}
_TITLES: Mapping[str, Text] = {
    "level_number": Text("Level held, counted from the lowest", "所持等级序号"),
    "qualifying_balance": Text("Qualifying in this period", "本期计入数额"),
    "raised_on": Text("Day of the last upgrade", "最近升级日"),
    "floor_number": Text("Level for life, counted from the lowest", "终身保底等级序号"),
    "falls_on": Text("Day on which the level is lost", "降级日"),
    "falls_to_number": Text("Level after that, counted from the lowest", "降级后等级序号"),
    "keep_by_date": Text("Last day to keep the level", "保级截止日"),
    "keep_balance": Text("Missing to keep the level", "保级所差"),
}
_DATES = ("raised_on", "falls_on", "keep_by_date")
_ALWAYS = ("level_number", "qualifying_balance", "floor_number")


_UNITS: Mapping[str, Any] = {"spend": "money", "orders": "orders", "points": "points"}


def _period(params: Any) -> Text:
    if params.period == "rolling":
        return Text(f"in the last {params.window_days} days", f"最近 {params.window_days} 天")
    return Text("in a calendar year", "自然年内") if params.period == "year" else Text("since joining", "入会以来")


class Membership(Policy):
    """Give every member the level that its purchases, orders or points have earned, with its rights, and say what comes.

    A member rises on the day of the qualifying purchase and falls, after a grace, when a period ended without enough. The
    level of a day follows from what happened up to it, whichever days there were runs on.
    """

    name = "membership"
    family = "loyalty"
    title = Text("Membership", "会员等级")
    help = Text(
        "Levels by spend, orders or points in a year, a rolling window or since joining; upgrade at once, downgrade at the end of a period.",
        "按自然年、滚动窗口或入会以来的消费、订单或积分定级；达标即升，期末降级。",
    )
    Params = MembershipParams

    def __init__(self, params: Mapping[str, Any] | None = None) -> None:
        super().__init__(params)
        p = self.params
        self.keys: tuple[str, ...] = tuple(level["key"] for level in p.levels)
        self.starts = np.array([level["from"] for level in p.levels], dtype=np.float64)
        self.birthdays = any(level["birthday_multiplier"] != 1 for level in p.levels)
        self.historic: bool = p.measure in OF_HISTORY

    @cached_property
    def rules(self) -> Levels:
        """The rules of the levels."""
        p = self.params
        floors = tuple(
            Floor(
                self.keys.index(floor["level"]), None if floor["reached"] is None else self.keys.index(floor["reached"]), floor["lifetime"]
            )
            for floor in p.floors
        )
        return Levels(tuple(map(float, self.starts)), p.period, p.window_days, p.grace_days, p.downgrade == "step", floors)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The feature of each part of the fold; its name holds what decides it."""
        source, of = self._measured
        tag = blake2b(repr((source, of, self.rules)).encode(), digest_size=4).hexdigest()
        return {part: f"history.membership_{tag}_{part}" for part in PARTS}

    @property
    def measure(self) -> str:
        """The input that is compared with the ranges."""
        return self.names["qualifying_balance"] if self.historic else str(self.params.measure)

    def features(self) -> tuple[Feature, ...]:
        """Where every member stands, from the days of its history."""
        return tuple(self._feature(part) for part in PARTS) if self.historic else ()

    def inputs(self) -> tuple[str, ...]:
        """What the fold returns; the birthday where a level multiplies on it."""
        birthday = (f"{BIRTHDAY}?",) if self.birthdays else ()
        if not self.historic:
            return (self.measure, *birthday)
        return (*(name if part in _ALWAYS else f"{name}?" for part, name in self.names.items()), *birthday)

    def outputs(self) -> tuple[Output, ...]:
        """The level; what counts, what is missing and what will be lost, with dates; the multiplier of points."""
        labels = labels_of(self.params.levels)
        spend = self.params.measure == "spend"
        options: dict[str, Any] = {
            "kind": "amount" if spend else "score",
            "unit": self.params.measure if self.params.measure in ("orders", "points") else "",
        }
        return (
            Output("level", labels=labels, title=Text("Level", "等级")),
            Output("qualifying", title=Text("Qualifying", "计入数额"), **options),
            Output("to_next", title=Text("Missing to the next level", "距下一等级"), minimum=0, **options),
            Output("since", kind="date", title=Text("Last upgrade", "最近升级")),
            Output("falls_on", kind="date", title=Text("Lost on", "降级日")),
            Output("falls_to", labels=labels, title=Text("Then", "降级后"), history=False),
            Output("keep_by", kind="date", title=Text("To keep by", "保级截止")),
            Output("to_keep", title=Text("Missing to keep it", "保级所差"), minimum=0, **options),
            Output("never_below", labels=labels, title=Text("Never below", "终身保底"), history=False),
            Output("multiplier", kind="score", title=Text("Points multiplier", "积分倍数"), unit="×", decimals=2, minimum=0),
        )

    def apply(self, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> dict[str, Any]:
        """Compare the amount with the ranges; the level held is at least that of the history."""
        amount = np.asarray(columns[self.measure], dtype=np.float64)
        band = np.searchsorted(self.starts[1:], amount, side="right")
        held = self._number(columns, "level_number", 0) if self.historic else np.zeros_like(band)
        number = np.maximum(held, band)
        stands = number == held  # what is said of the future belongs to the level held, not to one that is only supposed
        falls_to = np.where(stands, self._number(columns, "falls_to_number", -1), -1)
        floor = self._number(columns, "floor_number", 0)
        following = np.append(self.starts[1:], np.nan)[number]
        return {
            "level": self._code(number),
            "qualifying": amount,
            "to_next": np.maximum(following - amount, 0),
            "since": self._date(columns, "raised_on", stands),
            "falls_on": self._date(columns, "falls_on", stands),
            "falls_to": self._code(falls_to),
            "keep_by": self._date(columns, "keep_by_date", stands),
            "to_keep": np.where(stands, np.maximum(columns[self.names["keep_balance"]], 0), np.nan)
            if self.historic
            else np.full(len(amount), np.nan),
            "never_below": np.where(floor > 0, self._code(floor), -1),
            "multiplier": self._multiplier(columns, number),
        }

    def membership(self) -> Programme:
        """The levels with their ranges, rights and multipliers."""
        p = self.params
        levels = tuple(
            MemberLevel(
                level["key"],
                Text(level["title"]["en"], level["title"]["zh"]),
                float(level["from"]),
                level["below"],
                tuple(Text(right["en"], right["zh"]) for right in level["rights"]),
                level["points_multiplier"],
                level["birthday_multiplier"],
            )
            for level in p.levels
        )
        return Programme(levels, _UNITS.get(p.measure, ""), _period(p) if self.historic else Text("as it is today", "按当日数值"))

    def bounds(self, state: Mapping[str, Any] | None) -> Mapping[str, list[float]]:
        """Where the levels begin."""
        return {self.measure: [float(start) for start in self.starts[1:]]}

    def explain(self, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> list[Reason]:
        """Name the amount and its range, what is held from before, the floor, what is missing and what will be lost."""
        return explain(self, columns)

    def pictures(self) -> tuple[Picture, ...]:
        """The levels side by side."""
        return (Picture("distribution", "levels", Text("Members by level", "各等级会员数"), self._levels),)

    @property
    def _measured(self) -> tuple[str, str]:
        source, of = _OF[self.params.measure]
        return source, "net_amount" if self.params.measure == "spend" and self.params.net else of

    def _feature(self, part: str) -> Feature:
        source, of = self._measured
        dtype: Any = (
            "date" if part in _DATES else "count" if part.endswith("number") else "amount" if self.params.measure == "spend" else "number"
        )
        return Feature(
            self.names[part],
            source,
            "fold",
            _TITLES[part],
            of=of,
            dtype=dtype,
            unit="money" if dtype == "amount" else self.params.measure if dtype == "number" else "",
            minimum=None if dtype != "count" else 0,
            step=0.01 if dtype == "amount" else 1 if dtype == "number" else None if dtype == "date" else 1,
            nullable=part not in _ALWAYS,
            actionable="up" if part == "qualifying_balance" else "no",
            fold=self.rules,
            part=part,
        )

    def _number(self, columns: Mapping[str, Any], part: str, none: int) -> Any:
        """A part that counts levels, as whole numbers; `none` where it is missing."""
        if not self.historic:
            return np.full(len(columns[self.measure]), none, dtype=np.int64)
        given = np.asarray(columns[self.names[part]], dtype=np.float64)
        return np.where(np.isnan(given), none, np.clip(np.nan_to_num(given), none, len(self.keys) - 1)).astype(np.int64)

    def _code(self, number: Any) -> Any:
        """The position of a level among the labels, which stand best first; -1 stays none."""
        return np.where(number < 0, -1, len(self.keys) - 1 - number)

    def _date(self, columns: Mapping[str, Any], part: str, stands: Any) -> Any:
        none = np.datetime64("NaT", "D")
        return np.where(stands, columns[self.names[part]], none) if self.historic else np.full(len(stands), none)

    def _multiplier(self, columns: Mapping[str, Any], number: Any) -> Any:
        levels = self.params.levels
        times = np.array([level["points_multiplier"] for level in levels], dtype=np.float64)[number]
        if not self.birthdays:
            return times
        today = np.asarray(columns[BIRTHDAY], dtype=np.float64) == 0
        return np.where(today, times * np.array([level["birthday_multiplier"] for level in levels], dtype=np.float64)[number], times)

    def _levels(self, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> Mapping[str, Any]:
        codes = columns["level"].codes
        return {"label": np.array(self.keys[::-1]), "customers": np.bincount(codes[codes >= 0], minlength=len(self.keys))}
