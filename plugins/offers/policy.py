"""The policy type `offers`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine import Condition, ConditionRules, Label, Offer, Output, Policy, Reason, Text, editors
from plugins.offers.params import OffersParams

_HOLDS = Text("{offer}: {why}.", "{offer_zh}：{why}。")
_HOLDS_NOT = Text("Not {offer}: {why}.", "不享受{offer_zh}：{why}。")
SHARE_UNIT = 10_000


class Offers(Policy):
    """Say which offers are open to a customer, each by a condition; a condition that is unknown does not hold.

    What of them is used on a basket is decided there, by `offers()`: days, codes, budgets, priorities, what stands alone.
    """

    name = "offers"
    family = "loyalty"
    title = Text("Offers", "优惠")
    help = Text(
        "Offers by condition: money, a share or points, with priority, budget, limits and codes.",
        "按条件发放的优惠：立减、折扣或积分，含优先级、预算、次数与优惠码。",
    )
    Params = OffersParams

    def __init__(self, params: Mapping[str, Any] | None = None) -> None:
        super().__init__(params)
        self.given = self.params.offers
        self.conditions = tuple(Condition.load(each["when"]) for each in self.given)
        self.titles = tuple(editors.load_title(each["title"]) if each["title"] else Text(each["key"], each["key"]) for each in self.given)
        self._inputs = tuple(dict.fromkeys(name for condition in self.conditions for name in condition.inputs))

    def offers(self, minor_digits: int) -> tuple[Offer, ...]:
        """The offers as they are reckoned, money in minor units."""
        unit = 10**minor_digits

        def money(value: float | None) -> int | None:
            return None if value is None else round(value * unit)

        found = []
        for each, title in zip(self.given, self.titles, strict=True):
            value = {"amount": each["value"] * unit, "share": each["value"] * SHARE_UNIT, "points": each["value"]}[each["kind"]]
            found.append(
                Offer(
                    key=each["key"],
                    title=title,
                    kind=each["kind"],
                    value=round(value),
                    minimum=money(each["minimum"]) or 0,
                    most=money(each["most"]),
                    priority=each["priority"],
                    alone=each["alone"],
                    first=each["first"],
                    last=each["last"],
                    budget=money(each["budget"]),
                    each=each["each"],
                    coded=each["coded"],
                )
            )
        return tuple(found)

    def inputs(self) -> tuple[str, ...]:
        """Everything the conditions read, all of it optional: a condition may ask whether something is missing."""
        return tuple(f"{name}?" for name in self._inputs)

    def outputs(self) -> tuple[Output, ...]:
        """The set of offers that are open to a customer."""
        labels = tuple(Label(each["key"], title) for each, title in zip(self.given, self.titles, strict=True))
        return (Output("open", kind="set", labels=labels, title=Text("Offers open to the customer", "可享优惠")),)

    def rule_sets(self) -> tuple[ConditionRules, ...]:
        """The conditions."""
        return (
            ConditionRules(
                "offers", self.conditions, tuple(each["key"] for each in self.given), first=False, otherwise=False, counted=False
            ),
        )

    def apply(self, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> dict[str, Any]:
        """Evaluate every condition into one bit."""
        bits = np.zeros(len(columns[self._inputs[0]]), dtype=np.uint64)
        for at, condition in enumerate(self.conditions):
            bits |= condition.evaluate(columns).astype(np.uint64) << np.uint64(at)
        return {"open": bits}

    def explain(self, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> list[Reason]:
        """Say of each offer which comparisons decided."""
        reasons = []
        for each, title, condition in zip(self.given, self.titles, self.conditions, strict=True):
            holds = bool(condition.evaluate(columns)[0])
            values = {"offer": title.en, "offer_zh": title.zh, "why": condition.decided(columns)}
            reasons.append(Reason(each["key"], _HOLDS if holds else _HOLDS_NOT, values))
        return reasons
