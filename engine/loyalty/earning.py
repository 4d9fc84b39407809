"""What earns points: the rules of a programme as plain values, and the points of many sales at once.

Policies declare them (`Policy.earning()`), so they are drafted, simulated, approved and published like every other rule.
All arithmetic is in integers: rates and factors in hundredths, money in minor units; points are rounded down once per sale.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import numpy as np

from engine.columns import Array
from engine.loyalty.ledger import MOST

DAY = 86_400
HUNDREDTHS = 100
_SAFE = 9.0e18


@dataclass(frozen=True, slots=True)
class Campaign:
    """Business days from first to last on which sales earn more. factor: in hundredths."""

    first: dt.date
    last: dt.date
    factor: int


@dataclass(frozen=True, slots=True)
class Earning:
    """The earning rules of a programme.

    rate: hundredths of a point per unit of the business currency. since: the first business day whose sales earn.
    hold_days: elapsed days of the return period. expiry: "never", "days" (`expiry_days` after it), "year_end" (the end of
    the calendar year `expiry_years` after the one in which it ends) or "date" (`expiry_date`, the first day without them).
    level: the output whose label gives the factor of `level_factors`. category_factors, product_factors: of order lines; that of
    the product, by its id, goes before that of its category.
    survey, referral: points of such an event. manual: the most that one correction by hand may move. worth: hundredths of
    a minor unit that one point costs when it is redeemed, for the liability.
    """

    rate: int
    since: dt.date
    hold_days: int = 0
    expiry: str = "never"
    expiry_days: int = 0
    expiry_years: int = 0
    expiry_date: dt.date | None = None
    level: str = ""
    level_factors: Mapping[str, int] = field(default_factory=dict)
    birthday: int = HUNDREDTHS
    campaigns: tuple[Campaign, ...] = ()
    category_factors: Mapping[str, int] = field(default_factory=dict)
    product_factors: Mapping[str, int] = field(default_factory=dict)
    survey: int = 0
    referral: int = 0
    manual: int = 0
    worth: int = 0

    def points(self, base: Array, factors: Array, minor_digits: int) -> Array:
        """Points of sales. base: minor units, times 100 where lines have factors of their own. factors: in 1/10,000.

        floor(base / 100 / 10^digits x rate / 100 x factor / 10,000), at most `MOST`.
        """
        divisor = 10**minor_digits * HUNDREDTHS * HUNDREDTHS * HUNDREDTHS * HUNDREDTHS
        each = self.rate * factors
        whole, rest = np.divmod(base, divisor)
        fits = (whole.astype(float) * each < _SAFE / 2) & (rest.astype(float) * each < _SAFE)
        points = np.where(fits, whole, 0) * each + np.where(fits, rest, 0) * each // divisor
        for row in np.flatnonzero(~fits).tolist():
            points[row] = min(int(base[row]) * int(each[row]) // divisor, MOST)
        found: Array = np.minimum(points, MOST)
        return found

    def occasion_factors(self, days: Array, birth_days: Array) -> Array:
        """The largest factor of campaign and birthday on the business day of each sale, in hundredths; at least 100.

        days, birth_days: days since 1970; a missing birthday is below every date. One on 29 February is kept on
        28 February in other years.
        """
        factors = np.full(len(days), HUNDREDTHS, np.int64)
        for campaign in self.campaigns:
            first, last = (int(np.datetime64(day, "D").astype(int)) for day in (campaign.first, campaign.last))
            factors = np.maximum(factors, np.where((days >= first) & (days <= last), campaign.factor, HUNDREDTHS))
        if self.birthday > HUNDREDTHS:
            factors = np.maximum(factors, np.where(is_birthday(days, birth_days), self.birthday, HUNDREDTHS))
        return factors

    def expires_at(self, matures: Array, zone: ZoneInfo) -> list[int | None]:
        """When points expire that become spendable at these moments; None: never."""
        if self.expiry == "never":
            return [None] * len(matures)
        if self.expiry == "days":
            return [int(moment) + self.expiry_days * DAY for moment in matures]
        if self.expiry == "date":
            assert self.expiry_date is not None
            return [max(_midnight(self.expiry_date, zone), int(moment) + 1) for moment in matures]
        ends = {}
        found: list[int | None] = []
        for moment in matures.tolist():
            year = dt.datetime.fromtimestamp(moment, zone).year + self.expiry_years + 1
            if year not in ends:
                ends[year] = _midnight(dt.date(year, 1, 1), zone)
            found.append(ends[year])
        return found


def is_birthday(days: Array, birth_days: Array) -> Array:
    """Whether a day is the birthday of who was born on another. A missing one is below every date."""
    known = birth_days > -(10**6)
    day, born = (np.where(known, each, 0).astype("datetime64[D]") for each in (days, birth_days))
    month = day.astype("datetime64[M]")
    born_month = born.astype("datetime64[M]")
    which, born_which = (day - month).astype(np.int64), (born - born_month).astype(np.int64)
    last = ((month + 1).astype("datetime64[D]") - month).astype(np.int64) - 1
    same_month = month.astype(np.int64) % 12 == born_month.astype(np.int64) % 12
    found: Array = known & same_month & (which == np.minimum(born_which, last))
    return found


def _midnight(day: dt.date, zone: ZoneInfo) -> int:
    return int(dt.datetime.combine(day, dt.time(), zone).timestamp())
