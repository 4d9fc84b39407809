"""What a day's care does, as plain figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(slots=True)
class PlanReport:
    """What a plan does on a day. due: customers with an occasion; the others say what becomes of them."""

    plan: str
    due: int = 0
    made: int = 0
    control: int = 0
    already: int = 0
    refused: int = 0
    capped: int = 0
    no_address: int = 0
    examples: Sequence[str] = ()

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class CareReport:
    """What a day's care did, or would do."""

    day: dt.date
    plans: Sequence[PlanReport]
    dry_run: bool

    @property
    def made(self) -> int:
        """How many tasks and messages."""
        return sum(each.made for each in self.plans)

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> CareReport:
        """From plain data."""
        return cls(dt.date.fromisoformat(plain["day"]), [PlanReport(**each) for each in plain["plans"]], plain["dry_run"])

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {"day": self.day.isoformat(), "dry_run": self.dry_run, "made": self.made, "plans": [each.as_dict() for each in self.plans]}
