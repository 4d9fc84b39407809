"""Who answers for a policy, and by when somebody has to look at it again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from engine.policy import Text
from engine.rulebook_parts import FaultSink, kind_words

if TYPE_CHECKING:
    from engine.rulebook import Rulebook

LONGEST = 200


@dataclass(frozen=True, slots=True)
class Lapse:
    """A policy without a responsible person (TW371), without a review date (TW372), or overdue for review (TW373)."""

    id: str
    kind: Literal["no owner", "no review date", "review overdue"]
    policy: str
    text: Text


def read_responsibility(entry: Mapping[str, Any], place: str, fault: FaultSink) -> tuple[str, dt.date | None]:
    """`owner` and `review_by` of a policy entry."""
    owner = entry.get("owner")
    if owner is not None and (not isinstance(owner, str) or not owner.strip() or len(owner) > LONGEST):
        fault("TW025", f"{place}.owner", kind_words(owner), f"expected the name of the responsible person, up to {LONGEST} characters")
        owner = None
    given = entry.get("review_by")
    review_by = None
    if given is not None:
        try:
            review_by = dt.date.fromisoformat(given)
        except (TypeError, ValueError):
            fault("TW025", f"{place}.review_by", kind_words(given), "expected a date such as 2026-12-31")
    return (owner or "").strip(), review_by


def governed(rulebook: Rulebook) -> bool:
    """Whether a rulebook declares anything about its governance: a responsible person, a review date, an example, a limit."""
    declared = any(entry.owner or entry.review_by for entry in rulebook.entries)
    return declared or bool(rulebook.examples) or bool(rulebook.limits)


def lapses(rulebook: Rulebook, today: dt.date) -> list[Lapse]:
    """What is missing or overdue, policy by policy; disabled policies decide nothing and are left out."""
    return [lapse for entry in rulebook.entries if entry.enabled for lapse in _of_policy(entry.key, entry.owner, entry.review_by, today)]


def _of_policy(key: str, owner: str, review_by: dt.date | None, today: dt.date) -> Iterable[Lapse]:
    if not owner:
        yield Lapse("TW371", "no owner", key, Text(f"{key} names no responsible person", f"{key} 未指定负责人"))
    if review_by is None:
        yield Lapse("TW372", "no review date", key, Text(f"{key} has no review date", f"{key} 未设复核日期"))
    elif review_by < today:
        days = (today - review_by).days
        late = f"{days:,} day{'s' if days > 1 else ''}"
        yield Lapse(
            "TW373",
            "review overdue",
            key,
            Text(f"{key} was to be reviewed by {review_by}, {late} ago", f"{key} 应于 {review_by} 前复核，已逾期 {days:,} 天"),
        )
