"""Offers on a basket: `engine.offers.of("C1", 12_000)` says which apply and why others do not; `use` uses them, once for a key."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine import clock
from engine.errors import PointsError, RulebookError, RunError
from engine.loyalty.offers import POINTS, Offer, Verdict, judge
from engine.moments import Moment, as_moment
from engine.points import Member
from engine.repeats import KeyReused
from engine.rewards import new_code
from engine.store import audit
from engine.store import offers as rows
from engine.store import points as ledger
from engine.store.identity import resolve_in
from engine.store.offers import Coupon
from engine.texts import Text

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.rulebook import PolicyEntry
    from engine.service import Engine

MOST_BASKET = 10**15
MOST_CODES = 100_000


@dataclass(frozen=True, slots=True)
class Use:
    """One offer as it was used. saved: minor units. points: given besides."""

    offer: str
    saved: int
    points: int
    code: str | None


class Offers:
    """The live rulebook's offers for customers within sight, in the name of the engine's actor."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def list(self) -> Sequence[tuple[Offer, int, int]]:
        """Every offer with what all its uses saved together, minor units, and how many there are."""
        with self._engine.store.read() as connection:
            spent = rows.accounts(connection)
        return [(offer, *spent.get(offer.key, (0, 0))) for _, offer in self._offers()]

    def of(self, customer: str, basket: int, *, codes: Sequence[str] = ()) -> Sequence[Verdict]:
        """Every offer for a basket (minor units), in the order of priority, with what it saves or what stands against it."""
        _check_basket(basket)
        with self._engine.store.read() as connection:
            owner = resolve_in(connection, customer, reach=self._engine.sight.reach)
            return self._judged(connection, customer, owner, basket, codes)

    def use(self, customer: str, basket: int, *, key: str, codes: Sequence[str] = ()) -> Sequence[Use]:
        """Use everything that applies to a basket. The same key again answers as the first time.

        Raises `PointsError` for a code that is not there, is used, is over or is somebody else's.
        """
        _check_basket(basket)
        if not isinstance(key, str) or not 1 <= len(key) <= 150 or not key.isprintable():
            raise PointsError("key: expected a text of 1 to 150 printable characters")
        engine, request = self._engine, json.dumps([basket, sorted(codes)])
        with engine.store.together() as whole:
            connection = whole.connection
            owner = resolve_in(connection, customer, reach=engine.sight.reach)
            ledger.hold(connection, [owner])
            known = rows.uses_of_key(connection, owner, key)
            if known:
                if known[0].request != request:
                    raise KeyReused("this idempotency key was used for another request; take a new key for a new request")
                return [Use(each.offer, each.benefit, each.points, each.code) for each in known if each.offer]
            rows.hold(connection, [offer.key for _, offer in self._offers()])
            verdicts = [each for each in self._judged(connection, customer, owner, basket, codes) if each.applies]
            now, by_offer = clock.now(), {each.offer: each.code for each in self._coupons(connection, owner, codes)}
            head = {"customer_id": owner, "idempotency": key, "request": request, "used_at": now, "actor": engine.settings.actor}
            made = []
            for each in verdicts:
                code = by_offer.get(each.offer.key) if each.offer.coded else None
                if code is not None:
                    rows.use_coupon(connection, code, now)
                act = engine.points.earn(Member(owner), each.points, key=f"offer {each.offer.key} {key}").number if each.points else None
                values = {"offer": each.offer.key, "benefit": each.saves, "points": each.points, "act_id": act, "code": code}
                rows.add_use(connection, {**head, **values})
                made.append(Use(each.offer.key, each.saves, each.points, code))
            if not made:
                rows.add_use(connection, {**head, "offer": "", "benefit": 0, "points": 0})
            return made

    def cancel(self, customer: str, key: str) -> int:
        """Take back everything that was used with a key: budgets, codes, points; how many offers. Again, it changes nothing."""
        engine = self._engine
        with engine.store.together() as whole:
            connection = whole.connection
            owner = resolve_in(connection, customer, reach=engine.sight.reach)
            ledger.hold(connection, [owner])
            known = rows.uses_of_key(connection, owner, key)
            if not known:
                raise PointsError(f"no offers were used with the key {str(key)[:60]!r}")
            rows.hold(connection, [each.offer for each in known])
            count = 0
            for each in known:
                if each.offer and each.cancelled_at is None:
                    rows.cancel_use(connection, each, clock.now())
                    if each.act_id is not None:
                        engine.points.reverse(Member(owner), each.act_id, each.points, key=f"offer {each.offer} {key} back")
                    count += 1
            return count

    def issue(self, offer: str, count: int, *, until: Moment = None, customer: str | None = None) -> Sequence[str]:
        """New codes of an offer, each of which works once. until: the first moment without it. customer: for whom alone."""
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST_CODES:
            raise PointsError(f"count: expected a whole number from 1 to {MOST_CODES:,}")
        known = {each.key: each for _, each in self._offers()}
        if offer not in known or not known[offer].coded:
            coded = ", ".join(key for key, each in known.items() if each.coded)
            raise PointsError(f"there is no offer {str(offer)[:40]!r} that needs a code; known: {coded or 'none'}")
        ends = None if until is None else as_moment(until, self._engine.zone, "until")
        now = clock.now()
        if ends is not None and ends <= now:
            raise PointsError("until: the codes would be over at once")
        with self._engine.store.write() as connection:
            owner = None if customer is None else resolve_in(connection, customer, reach=self._engine.sight.reach)
            codes = sorted({new_code() for _ in range(count)})
            while len(codes) < count:
                codes = sorted({*codes, new_code()})
            rows.add_coupons(connection, codes, offer=offer, customer_id=owner, now=now, until=ends, actor=self._engine.settings.actor)
            details = {"count": count, "until": ends, "customer": owner}
            audit.record(connection, **self._engine.acting, action="offer.issue", subject=f"offer:{offer}", details=details)
        return codes

    def coupon(self, code: str) -> Coupon:
        """A code: of which offer, until when, whether it was used. Raises `PointsError`."""
        with self._engine.store.read() as connection:
            return self._coupon(connection, code)

    # --- how ---------------------------------------------------------------------------------------------------

    def _entries(self) -> Sequence[PolicyEntry]:
        try:
            return [entry for entry in self._engine.rulebook().entries if entry.enabled]
        except RulebookError:
            return []

    def _offers(self) -> Sequence[tuple[str, Offer]]:
        """(policy, offer) of every policy that has some."""
        digits = self._engine.business.minor_digits
        return [(entry.key, offer) for entry in self._entries() for offer in entry.policy.offers(digits)]

    def _judged(self, connection: Connection, customer: str, owner: int, basket: int, codes: Sequence[str]) -> Sequence[Verdict]:
        offers = self._offers()
        used = rows.used(connection, owner)
        coded = frozenset(each.offer for each in self._coupons(connection, owner, codes))
        closed = dict(self._closed(customer, offers))
        if ledger.closed_at(connection, owner) is not None:
            why = Text("the points account is closed", "积分账户已关闭")
            closed |= {offer.key: closed[offer.key] or why for _, offer in offers if offer.kind == POINTS}
        today = clock.today(self._engine.zone)
        return judge([offer for _, offer in offers], basket, today, open_to=closed, used=used, coded=coded)

    def _closed(self, customer: str, offers: Sequence[tuple[str, Offer]]) -> Mapping[str, Text | None]:
        """Offer to why its condition does not hold; None where it does."""
        found: dict[str, Text | None] = {}
        for policy in sorted({policy for policy, _ in offers}):
            said = []
            for language in ("en", "zh"):
                try:
                    said.append(self._engine.explain(customer, policy, language=language)[0])
                except RunError as error:
                    raise PointsError(f"no run has graded by these offers yet; run first ({error})") from None
            is_open = set(next((each.value for each in said[0].outputs if each.kind == "set"), None) or ())
            keys = [offer.key for key, offer in offers if key == policy]
            words = [Text(en.rstrip("."), zh.rstrip("。")) for en, zh in zip(said[0].reasons, said[1].reasons, strict=True)]
            if len(words) != len(keys):
                words = [Text("the customer is not graded by it", "该客户未参与此策略")] * len(keys)
            found |= {key: None if key in is_open else why for key, why in zip(keys, words, strict=True)}
        return found

    def _coupons(self, connection: Connection, owner: int, codes: Sequence[str]) -> Sequence[Coupon]:
        now, found = clock.now(), []
        for code in dict.fromkeys(codes):
            each = self._coupon(connection, code)
            if each.used_at is not None:
                raise PointsError(f"the code {each.code} was used already")
            if each.until is not None and each.until <= now:
                raise PointsError(f"the code {each.code} is over")
            if each.customer_id not in (None, owner):
                raise PointsError(f"the code {each.code} is for another customer")
            found.append(each)
        return found

    def _coupon(self, connection: Connection, code: str) -> Coupon:
        found = rows.coupon_of(connection, str(code).strip().upper()[:40])
        if found is None:
            raise PointsError(f"there is no code {str(code)[:40]!r}")
        return found


def _check_basket(basket: object) -> None:
    if isinstance(basket, bool) or not isinstance(basket, int) or not 0 <= basket <= MOST_BASKET:
        raise PointsError(f"basket: found {str(basket)[:30]!r}; expected minor units from 0 to {MOST_BASKET:,}")
