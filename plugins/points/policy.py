"""The policy type `points`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine import Campaign, ColumnKind, Earning, Fault, Measured, Output, Policy, Reason, Text
from plugins.points.params import PointsParams

SALES = "orders.amount_365d"
HUNDREDTHS = 100


def _hundredths(value: float) -> int:
    return round(value * HUNDREDTHS)


class Points(Policy):
    """Say what sales earn, and how many points a customer's last 365 days of sales would earn by these rules.

    The ledger posts each sale by `earning()`: with the level of the member, the campaigns and the birthday of its day. The
    output leaves out campaigns, birthdays, categories and products: it is the lasting part, by which a draft is judged.
    """

    name = "points"
    family = "loyalty"
    title = Text("Points", "积分")
    help = Text(
        "What sales earn: rate, return period, expiry, factors by level, category, product, campaign and birthday.",
        "销售积分规则：比例、退货期、有效期，以及等级、品类、商品、活动与生日倍数。",
    )
    Params = PointsParams

    def __init__(self, params: Mapping[str, Any] | None = None) -> None:
        super().__init__(params)
        p = self.params
        self.factors = {each["label"]: _hundredths(each["factor"]) for each in p.levels}
        self._earning = Earning(
            rate=_hundredths(p.rate),
            since=p.since,
            hold_days=p.hold_days,
            expiry=p.expiry,
            expiry_days=p.expiry_days,
            expiry_years=p.expiry_years,
            expiry_date=p.expiry_date,
            level=p.level,
            level_factors=self.factors,
            birthday=_hundredths(p.birthday),
            campaigns=tuple(Campaign(each["first"], each["last"], _hundredths(each["factor"])) for each in p.campaigns),
            category_factors={each["category"]: _hundredths(each["factor"]) for each in p.categories},
            product_factors={each["product"]: _hundredths(each["factor"]) for each in p.products},
            survey=p.survey,
            referral=p.referral,
            manual=p.manual,
            worth=_hundredths(p.worth),
        )

    def earning(self) -> Earning:
        """The rules by which the ledger posts sales."""
        return self._earning

    def inputs(self) -> tuple[str, ...]:
        """Sales of a year, and the level where it counts."""
        return (SALES, f"{self.params.level}?") if self.params.level else (SALES,)

    def check(self, kinds: Mapping[str, ColumnKind]) -> Sequence[Fault]:
        """Levels that factors name must be levels that members can have."""
        level = self.params.level
        kind = kinds.get(level)
        if kind is None:
            return ()
        if kind.kind != "text" or kind.values is None:
            return (Fault("TW326", "level", f"{level} is no output with labels", "an output such as membership.level"),)
        wrong = [(at, each["label"]) for at, each in enumerate(self.params.levels) if each["label"] not in kind.values]
        expected = f"its values are {', '.join(kind.values)}"
        return [Fault("TW327", f"levels[{at}].label", f"{label!r} is not a value of {level}", expected) for at, label in wrong]

    def outputs(self) -> tuple[Output, ...]:
        """Points of a year."""
        title = Text("Points of the last 365 days' sales", "近 365 天销售对应积分")
        return (Output("yearly", kind="score", title=title, unit="points", decimals=0, minimum=0.0),)

    def apply(self, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> dict[str, Any]:
        """Sales times rate times the factor of the level, rounded down."""
        sales = np.maximum(columns[SALES], 0.0)
        return {"yearly": np.floor(np.round(sales * self.params.rate * self._factors(columns) / HUNDREDTHS, 6))}

    def explain(self, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> list[Reason]:
        """Name the sales, the rate and the factor."""
        factor = float(self._factors(columns)[0]) / HUNDREDTHS
        text = Text(
            "{sales} in 365 days at {rate} points each, times {factor}, make {points} points.",
            "近 365 天销售 {sales}，每元 {rate} 积分，{factor} 倍，合计 {points} 积分。",
        )
        values = {"sales": Measured(float(columns[SALES][0]), SALES), "rate": self.params.rate, "factor": factor}
        return [Reason("yearly", text, {**values, "points": float(columns["yearly"][0])})]

    def _factors(self, columns: Mapping[str, Any]) -> Any:
        """The factor of each row's level, in hundredths."""
        if not self.params.level:
            return np.full(len(columns[SALES]), float(HUNDREDTHS))
        level = columns[self.params.level]
        known = np.array([float(self.factors.get(value, HUNDREDTHS)) for value in level.values] + [float(HUNDREDTHS)])
        return known[level.codes]
