"""What a draft does to service: who would have a dedicated manager, how many hours a year are promised, customers by level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.columns import Codes
from engine.levels import ServiceLevel
from engine.run import Outcome
from engine.texts import Text


@dataclass(frozen=True, slots=True)
class ServiceSide:
    """One side of a comparison. levels: customers by key, best first; managed: those with a dedicated manager; hours: a year."""

    levels: Mapping[str, int]
    managed: int
    hours: float


@dataclass(frozen=True, slots=True)
class ServiceEffect:
    """Service levels of the live rulebook and of a draft. titles: of every level on either side."""

    live: ServiceSide
    draft: ServiceSide
    titles: Mapping[str, Text]

    @property
    def more_managed(self) -> int:
        """How many more customers would have a dedicated manager; negative for fewer."""
        return self.draft.managed - self.live.managed

    @property
    def more_hours(self) -> float:
        """How many more working hours a year would be set aside."""
        return round(self.draft.hours - self.live.hours, 2)

    def words(self) -> list[Text]:
        """As sentences: managers, then hours; nothing that stays as it is."""
        said = []
        if self.more_managed:
            count = abs(self.more_managed)
            more, more_zh = ("more", "新增") if self.more_managed > 0 else ("fewer", "减少")
            people = "customer" if count == 1 else "customers"
            said.append(
                Text(
                    f"This draft gives {count:,} {more} {people} a dedicated manager: {self.live.managed:,} → {self.draft.managed:,}",
                    f"该草稿{more_zh} {count:,} 位配备专属客户经理的客户：{self.live.managed:,} → {self.draft.managed:,}",
                )
            )
        if self.more_hours:
            change = f"{self.more_hours:+,.0f}" if abs(self.more_hours) >= 1 else f"{self.more_hours:+.2f}"
            said.append(
                Text(
                    f"Working hours promised in a year: {self.live.hours:,.0f} → {self.draft.hours:,.0f} ({change})",
                    f"全年承诺服务工时：{self.live.hours:,.0f} → {self.draft.hours:,.0f}（{change}）",
                )
            )
        return said

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        keys = list(dict.fromkeys([*self.draft.levels, *self.live.levels]))
        levels = [
            {
                "key": key,
                "title": {"en": self.titles[key].en, "zh": self.titles[key].zh},
                "live": self.live.levels.get(key, 0),
                "draft": self.draft.levels.get(key, 0),
            }
            for key in keys
        ]
        sides = {name: {"managed": side.managed, "hours": side.hours} for name, side in (("live", self.live), ("draft", self.draft))}
        words = [{"en": each.en, "zh": each.zh} for each in self.words()]
        return {**sides, "more_managed": self.more_managed, "more_hours": self.more_hours, "levels": levels, "words": words}


def service_effect(live: Outcome, draft: Outcome) -> ServiceEffect | None:
    """Compare the service levels of two outcomes; None where neither gives any, or a policy of them failed."""
    before, after = _levels(live), _levels(draft)
    if before is None and after is None:
        return None
    titles = {level.key: level.title for side in (before, after) if side is not None for level in side[1]}
    return ServiceEffect(_side(live, before), _side(draft, after), titles)


Given = tuple[str, tuple[ServiceLevel, ...]]


def _levels(outcome: Outcome) -> Given | None:
    """The address of the first output that has service levels, and these."""
    for key, policy in outcome.policies.items():
        for name, levels in policy.step.entry.policy.service_levels().items():
            if policy.sound:
                return f"{key}.{name}", tuple(levels)
    return None


def _side(outcome: Outcome, given: Given | None) -> ServiceSide:
    if given is None:
        return ServiceSide({}, 0, 0.0)
    address, levels = given
    column = outcome.column(address)
    assert isinstance(column, Codes)
    counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.values)).tolist()
    by_key = dict(zip(column.values, counts, strict=False))
    found = {level.key: int(by_key.get(level.key, 0)) for level in levels}
    managed = sum(found[level.key] for level in levels if level.manager)
    return ServiceSide(found, managed, round(sum(found[level.key] * level.hours for level in levels), 2))
