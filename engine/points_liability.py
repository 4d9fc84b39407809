"""What points would cost: `engine.points.liability()`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from engine import clock
from engine.store import points_reports

if TYPE_CHECKING:
    from engine.service import Engine

HUNDREDTHS = 100


@dataclass(frozen=True, slots=True)
class Expiring:
    """Points whose validity ends in a month, such as "2026-03"; None: never."""

    month: str | None
    points: int


@dataclass(frozen=True, slots=True)
class Liability:
    """What the business owes its members in points. cost: of spendable and pending points, minor units; None without a points policy.

    redeemed_share: of all points that left accounts (redeemed or expired) those that were redeemed; None before any did.
    """

    spendable: int
    pending: int
    owed: int
    members: int
    cost: int | None
    redeemed: int
    expired: int
    months: tuple[Expiring, ...]

    @property
    def redeemed_share(self) -> float | None:
        """How much of what left accounts was redeemed."""
        left = self.redeemed + self.expired
        return self.redeemed / left if left else None

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {**asdict(self), "redeemed_share": self.redeemed_share}


def liability(engine: Engine) -> Liability:
    """The state of the ledger now, what is due to expire counted as expired."""
    earning = engine.points.programme()
    with engine.store.read() as connection:
        found = points_reports.totals(connection, clock.now())
        months = points_reports.expiring(connection, clock.now(), engine.zone)
    whole = found.spendable + found.pending
    cost = None if earning is None else whole * earning.worth * 10**engine.business.minor_digits // (HUNDREDTHS * HUNDREDTHS)
    return Liability(
        found.spendable, found.pending, found.owed, found.members, cost, found.redeemed, found.expired,
        tuple(Expiring(*each) for each in months),
    )  # fmt: skip
