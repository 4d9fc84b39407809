"""What points buy: `engine.rewards.reserve("C1", "mug", key="till 3, receipt 88")`, then confirm or cancel.

A reservation takes the points and one of the stock at once, so neither can be promised twice. Unconfirmed, it lapses after
the reward's time and gives both back.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine import clock
from engine.errors import PointsError, did_you_mean
from engine.loyalty.rewards import Hurdle, RewardDocument, Standing, hurdles, read_reward
from engine.points import Member
from engine.repeats import KeyReused
from engine.store import audit, members
from engine.store import points as ledger
from engine.store import rewards as rows
from engine.store.identity import resolve_in
from engine.store.models import reward_claim
from engine.store.rewards import CANCELLED, CONFIRMED, LAPSED, RESERVED, Claim, Listed

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.service import Engine

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""Letters of codes: none that is read as another."""

CODE_LENGTH = 12
MOST_CLAIMS = 1_000


class Rewards:
    """The catalogue, and claims of customers within sight, in the name of the engine's actor."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # --- the catalogue -----------------------------------------------------------------------------------------

    def save(self, key: str, document: Mapping[str, Any], *, active: bool = True, revision: int | None = None) -> Listed:
        """Write a reward. revision: what the caller saw; 0 for one that must be new. Raises `PointsError` with every fault.

        document: title {en, zh}, points, worth (minor units), stock, first, last, output and labels of who may have it, each (how
        often a member may), hold_minutes, coupon.
        """
        read_reward(key, document)
        full = RewardDocument().dump(RewardDocument().load(dict(document)))
        with self._engine.store.write() as connection:
            known = rows.listed(connection, key=key, lock=True)
            if revision is not None and revision != (known[0].revision if known else 0):
                raise PointsError(f"reward {key} was changed by somebody else meanwhile")
            if known and full["stock"] is not None and full["stock"] < known[0].taken:
                raise PointsError(f"reward {key}: {known[0].taken:,} are taken already, so the stock cannot be {full['stock']:,}")
            rows.save(connection, key, dict(full), active, now=clock.now(), actor=self._engine.settings.actor)
            details = {"points": full["points"], "stock": full["stock"], "active": active}
            audit.record(connection, **self._engine.acting, action="reward.save", subject=f"reward:{key}", details=details)
            return rows.listed(connection, key=key)[0]

    def get(self, key: str) -> Listed:
        """One reward. Raises `PointsError`."""
        with self._engine.store.read() as connection:
            return self._get(connection, key)

    def list(self, *, inactive: bool = False) -> Sequence[Listed]:
        """The catalogue by key."""
        with self._engine.store.read() as connection:
            return rows.listed(connection, inactive=inactive)

    def offered(self, customer: str) -> Sequence[tuple[Listed, Sequence[Hurdle]]]:
        """Every active reward with what keeps this customer from it; nothing: it can be had."""
        with self._engine.store.read() as connection:
            owner = resolve_in(connection, customer, reach=self._engine.sight.reach)
            account = ledger.load(connection, owner)
            account.settle(clock.now())
            labels = self._labels(connection, owner)
            return [
                (each, hurdles(each.reward, self._standing(connection, each, owner, account.spendable, labels)))
                for each in rows.listed(connection, inactive=False)
            ]

    # --- claims ------------------------------------------------------------------------------------------------

    def reserve(self, customer: str, reward: str, *, key: str) -> Claim:
        """Take the points and one of the stock until it is confirmed. The same key again answers as the first time.

        Raises `PointsError` with everything that keeps the customer from it.
        """
        if not isinstance(key, str) or not 1 <= len(key) <= 180 or not key.isprintable():
            raise PointsError("key: expected a text of 1 to 180 printable characters")
        engine = self._engine
        self.release()
        with engine.store.together() as whole:
            connection = whole.connection
            owner = resolve_in(connection, customer, reach=engine.sight.reach)
            ledger.hold(connection, [owner])
            known = rows.claim_of_key(connection, owner, key)
            if known is not None:
                if known.reward != reward:
                    raise KeyReused("this idempotency key was used for another request; take a new key for a new request")
                return known
            if ledger.closed_at(connection, owner) is not None:
                raise PointsError(f"the points account of {customer} is closed")
            now = clock.now()
            found = self._get(connection, reward, lock=True)
            spendable = engine.points.balance(customer).spendable
            against = hurdles(found.reward, self._standing(connection, found, owner, spendable, self._labels(connection, owner)))
            if against or not rows.take(connection, reward):
                why = "; ".join(each.text.en for each in against) or "is out of stock"
                raise PointsError(f"reward {reward} cannot be had; {why}")
            act = engine.points.redeem(Member(owner), found.reward.points, key=f"reward {key}").number if found.reward.points else None
            values = {
                "customer_id": owner, "idempotency": key, "status": RESERVED, "points": found.reward.points, "act_id": act, "reserved_at": now,
                "until": now + found.reward.hold_minutes * 60, "actor": engine.settings.actor,
            }  # fmt: skip
            made = rows.claim(connection, rows.add_claim(connection, reward, values))
            assert made is not None
            return made

    def confirm(self, number: int) -> Claim:
        """The reward is handed over; one with a coupon gets its code. Confirmed again, it answers the same."""
        with self._engine.store.together() as whole:
            found = self._claim(whole.connection, number)
            if found.status == CONFIRMED:
                return found
            if found.status == LAPSED or (found.status == RESERVED and found.until <= clock.now()):
                raise PointsError(f"claim {number} has lapsed; reserve again")
            if found.status != RESERVED:
                raise PointsError(f"claim {number} is {found.status} already")
            code = new_code() if self._get(whole.connection, found.reward).reward.coupon else None
            rows.decide(whole.connection, number, CONFIRMED, now=clock.now(), code=code)
            return self._claim(whole.connection, number)

    def cancel(self, number: int) -> Claim:
        """Give back points and stock, of a reserved claim or of a confirmed reward that came back. Cancelled again, it answers the same."""
        with self._engine.store.together() as whole:
            found = self._claim(whole.connection, number)
            if found.status in (CANCELLED, LAPSED):
                return found
            self._give_back(whole.connection, found, CANCELLED)
            return self._claim(whole.connection, number)

    def claims(
        self, customer: str | None = None, *, status: str | None = None, before: int | None = None, limit: int = 100
    ) -> Sequence[Claim]:
        """Claims of customers within sight, the newest first."""
        sight = self._engine.sight
        with self._engine.store.read() as connection:
            where: list[Any] = [] if sight.reach.everybody else [sight.reach.clause()]
            if customer is not None:
                where.append(reward_claim.c.customer_id.in_(ledger.family(resolve_in(connection, customer, reach=sight.reach))))
            return rows.claims(connection, where, status=status, before=before, limit=min(max(limit, 1), MOST_CLAIMS))

    def release(self) -> int:
        """Let reservations lapse whose time is over; how many."""
        with self._engine.store.read() as connection:
            over = rows.lapsed(connection, clock.now())
        for each in over:  # each in a transaction of its own: two members are never held at once
            with self._engine.store.together() as whole:
                found = rows.claim(whole.connection, each.number)
                if found is not None and found.status == RESERVED:
                    self._give_back(whole.connection, found, LAPSED)
        return len(over)

    def due(self) -> bool:
        """Whether a reservation is over that was not given back yet."""
        with self._engine.store.read() as connection:
            return bool(rows.lapsed(connection, clock.now(), limit=1))

    # --- how ---------------------------------------------------------------------------------------------------

    def _get(self, connection: Connection, key: str, *, lock: bool = False) -> Listed:
        found = rows.listed(connection, key=key, lock=lock)
        if not found:
            known = [each.reward.key for each in rows.listed(connection)]
            raise PointsError(
                f"there is no reward {str(key)[:40]!r}; {did_you_mean(str(key), known) or 'known: ' + (', '.join(known) or 'none')}"
            )
        return found[0]

    def _claim(self, connection: Connection, number: int) -> Claim:
        found = rows.claim(connection, number) if 0 < number < 2**62 else None
        if found is None or not self._engine.sight.reach.holds(connection, found.customer_id):
            raise PointsError(f"there is no claim {number}")
        return found

    def _standing(self, connection: Connection, listed: Listed, owner: int, spendable: int, labels: Mapping[str, Any]) -> Standing:
        today = clock.today(self._engine.zone)
        return Standing(spendable, labels, rows.claimed(connection, listed.reward.key, owner), listed.taken, today)

    def _labels(self, connection: Connection, owner: int) -> Mapping[str, Any]:
        found = members.page(connection, after=owner - 1, limit=1)
        return found[0].values if found and found[0].key == owner else {}

    def _give_back(self, connection: Connection, found: Claim, status: str) -> None:
        member = ledger.member_of(connection, found.customer_id)
        if found.act is not None and not ledger.taken_back(connection, member, found.act):
            self._engine.points.cancel(Member(member), found.act, key=f"claim {found.number} {status}")
        rows.take(connection, found.reward, -1)
        rows.decide(connection, found.number, status, now=clock.now(), code=found.code)


def new_code() -> str:
    """A code that nobody can guess: 12 letters of 31, 59 bits."""
    return "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
