"""What membership levels are, as plain values: policies declare them (`Policy.membership()`), receipts and pages show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from engine.policy import Text

Unit: TypeAlias = Literal["money", "orders", "points", ""]


@dataclass(frozen=True, slots=True)
class MemberLevel:
    """One level with its range and what it gives. below: None for the highest."""

    key: str
    title: Text
    start: float
    below: float | None = None
    rights: tuple[Text, ...] = ()
    points_multiplier: float = 1
    birthday_multiplier: float = 1

    def as_dict(self) -> dict[str, Any]:
        """Plain data, texts in both languages."""
        return {
            "key": self.key,
            "title": _both(self.title),
            "start": self.start,
            "below": self.below,
            "rights": [_both(right) for right in self.rights],
            "points_multiplier": self.points_multiplier,
            "birthday_multiplier": self.birthday_multiplier,
        }


@dataclass(frozen=True, slots=True)
class Programme:
    """The levels of a policy, lowest first. unit: of what qualifies. period: in words."""

    levels: tuple[MemberLevel, ...]
    unit: Unit
    period: Text

    def level(self, key: str | None) -> MemberLevel | None:
        """The level of a key."""
        return next((level for level in self.levels if level.key == key), None)

    def above(self, key: str | None) -> MemberLevel | None:
        """The level that follows a level; None for the highest."""
        keys = [level.key for level in self.levels]
        return self.levels[keys.index(key) + 1] if key in keys[:-1] else None


def rights_between(
    was: Mapping[str, MemberLevel], now: Mapping[str, MemberLevel], moved: Mapping[tuple[str, str], int]
) -> list[RightMoved]:
    """How many customers gain and lose each right when they move between levels, or the levels are given other rights.

    moved: customers by level before and after; "" for none. Rights are told apart by their texts. Most affected first.
    """
    counts: dict[Text, list[int]] = {}
    for (before, after), customers in moved.items():
        had = set(was[before].rights) if before in was else set()
        has = set(now[after].rights) if after in now else set()
        for right in has - had:
            counts.setdefault(right, [0, 0])[0] += customers
        for right in had - has:
            counts.setdefault(right, [0, 0])[1] += customers
    found = [RightMoved(right, gained, lost) for right, (gained, lost) in counts.items()]
    return sorted(found, key=lambda each: (-(each.gained + each.lost), each.right.en))


@dataclass(frozen=True, slots=True)
class RightMoved:
    """A right with the customers who gain and lose it."""

    right: Text
    gained: int
    lost: int


def _both(text: Text) -> dict[str, str]:
    return {"en": text.en, "zh": text.zh}


__all__ = ["MemberLevel", "Programme", "RightMoved", "Unit", "rights_between"]
