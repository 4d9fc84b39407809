"""Offers: what a customer may save on a basket, which of several apply together, and why another does not.

Policies declare them (`Policy.offers()`); to whom an offer is open is a condition of the policy. Money is in minor units.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.loyalty.rewards import Hurdle
from engine.texts import Text

AMOUNT, SHARE, POINTS = "amount", "share", "points"
SHARE_UNIT = 10_000


@dataclass(frozen=True, slots=True)
class Offer:
    """One offer. kind: "amount" off (value in minor units), "share" off (1/10,000), or "points" given besides.

    minimum: of the basket. most: cap of what is saved. priority: the larger goes first. alone: never with another one. first,
    last: business days. budget: of all uses together, in what is saved. each: uses per customer. coded: only with a code of it.
    """

    key: str
    title: Text
    kind: str
    value: int
    minimum: int = 0
    most: int | None = None
    priority: int = 0
    alone: bool = False
    first: dt.date | None = None
    last: dt.date | None = None
    budget: int | None = None
    each: int | None = None
    coded: bool = False

    def saves(self, basket: int) -> int:
        """What is saved on a basket, never more than it."""
        if self.kind == POINTS:
            return 0
        found = self.value if self.kind == AMOUNT else basket * self.value // SHARE_UNIT
        return min(found, basket, basket if self.most is None else self.most)

    @property
    def points(self) -> int:
        """Points given besides."""
        return self.value if self.kind == POINTS else 0


@dataclass(frozen=True, slots=True)
class Used:
    """What was used of an offer: by everybody in money, and how often by this customer."""

    spent: int = 0
    uses: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """An offer for a basket: what it saves and gives when nothing stands against it."""

    offer: Offer
    saves: int
    points: int
    against: tuple[Hurdle, ...]

    @property
    def applies(self) -> bool:
        """Whether it is used."""
        return not self.against


def judge(
    offers: Sequence[Offer],
    basket: int,
    today: dt.date,
    *,
    open_to: Mapping[str, Text | None],
    used: Mapping[str, Used],
    coded: frozenset[str] = frozenset(),
) -> list[Verdict]:
    """Every offer with its verdict, in the order in which they are looked at: the larger priority first, then by key.

    open_to: key of an offer to None where its condition holds, else to why not. Each offer that applies is reckoned on what the
    ones before it left of the basket. One that stands alone applies only as the first, and then nothing else does.
    """
    verdicts: list[Verdict] = []
    left, applied, closed = basket, 0, ""
    for offer in sorted(offers, key=lambda each: (-each.priority, each.key)):
        against = _against(offer, basket, today, open_to.get(offer.key), used.get(offer.key, Used()), coded)
        saves = offer.saves(left)
        if not against and closed:
            against.append(Hurdle("alone", Text(f"{closed} stands alone", f"{closed} 不可与其他优惠同享")))
        elif not against and offer.alone and applied:
            against.append(Hurdle("alone", Text("stands alone, and another offer goes first", "不可与其他优惠同享，已有更优先的优惠")))
        elif not against and offer.budget is not None and used.get(offer.key, Used()).spent + saves > offer.budget:
            against.append(Hurdle("budget", Text("its budget is used up", "预算已用完")))
        elif not against and not saves and not offer.points:
            against.append(Hurdle("nothing", Text("nothing is left to save on", "已无可优惠金额")))
        if against:
            verdicts.append(Verdict(offer, 0, 0, tuple(against)))
            continue
        verdicts.append(Verdict(offer, saves, offer.points, ()))
        left -= saves
        applied += 1
        closed = offer.key if offer.alone else closed
    return verdicts


def _against(offer: Offer, basket: int, today: dt.date, condition: Text | None, used: Used, coded: frozenset[str]) -> list[Hurdle]:
    found = []
    if offer.first is not None and today < offer.first:
        found.append(Hurdle("not_yet", Text(f"begins on {offer.first}", f"{offer.first} 开始")))
    if offer.last is not None and today > offer.last:
        found.append(Hurdle("over", Text(f"ended on {offer.last}", f"已于 {offer.last} 结束")))
    if condition is not None:
        found.append(Hurdle("condition", condition))
    if offer.coded and offer.key not in coded:
        found.append(Hurdle("code", Text("needs a code", "需要优惠码")))
    if basket < offer.minimum:
        found.append(Hurdle("minimum", Text("the basket is too small", "未达最低消费")))
    if offer.each is not None and used.uses >= offer.each:
        found.append(
            Hurdle(
                "limit",
                Text(f"was used {used.uses} times already, {offer.each} are allowed", f"已使用 {used.uses} 次，上限 {offer.each} 次"),
            )
        )
    return found
