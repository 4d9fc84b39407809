"""The points of members, kept in the store: `engine.points.redeem("C1", 120, key="receipt 4711")`.

Every change takes a key: the same key with the same request answers as the first time and changes nothing again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine import clock
from engine.errors import PointsError
from engine.loyalty.earning import DAY, Earning
from engine.loyalty.ledger import DEBT, MEMBER, PENDING, Account, Entry, fold, whole
from engine.moments import Moment, as_moment
from engine.repeats import KeyReused
from engine.store import audit, offers, rewards
from engine.store import points as rows
from engine.store.identity import resolve_in
from engine.store.points import Act
from engine.store.points_day import pass_over

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.points_day import DayReport
    from engine.points_liability import Liability
    from engine.service import Engine

LONGEST_KEY = 200
LARGEST = 2**62
LONGEST_REASON = 500
MOST_DAYS = 36_525
MOST_ACTS = 500
INNER = "\x1f"
"""Begins the keys of other parts of the engine; people's keys are printable."""
EVENTS = ("survey", "referral")

Change = Callable[["Connection", int, Account, int], list[Entry]]
"""What an act does: (connection, customer, account, number of the act) to its entries."""


@dataclass(frozen=True, slots=True)
class Member:
    """Whose points another part of the engine moves, by internal key: no id to be read twice, no sight to keep to, and keys that nobody else has."""

    number: int


class Points:
    """The verbs on points of customers within sight, in the name of the engine's actor."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # --- acts --------------------------------------------------------------------------------------------------

    def earn(
        self, customer: str | Member, points: int, *, key: str, at: Moment = None, hold_days: int = 0, valid_days: int | None = None
    ) -> Act:
        """Give points for something that happened at a moment (None: now), perhaps long ago.

        hold_days: elapsed days of the return period. valid_days: days after it until they expire; None: never.
        """
        whole(points)
        happened = as_moment(at, self._engine.zone, "at")
        matures = happened + _days(hold_days, "hold_days", 0) * DAY
        expires = None if valid_days is None else matures + _days(valid_days, "valid_days", 1) * DAY
        request = f"earn {points} {'' if at is None else happened} {hold_days} {valid_days}"

        def change(connection: Connection, owner: int, account: Account, number: int) -> list[Entry]:
            return account.earn(number, points, matures_at=matures, expires_at=expires)

        return self._do(customer, "earn", key, request, change, happened=happened)

    def event(self, customer: str, kind: str, *, key: str, at: Moment = None) -> Act:
        """Give the points of the live programme for an answered survey or a referral; they expire as those of a sale, and need no return period."""
        if kind not in EVENTS:
            raise PointsError(f"there is no event {str(kind)[:40]!r}; expected {' or '.join(EVENTS)}")
        earning = self._needed()
        points = int(getattr(earning, kind))
        if not points:
            raise PointsError(f"the points policy gives nothing for a {kind}; an administrator can set points for it")
        happened = as_moment(at, self._engine.zone, "at")

        def change(connection: Connection, owner: int, account: Account, number: int) -> list[Entry]:
            return account.grant(number, points, at=happened, expires_at=self._expiry(earning, happened))

        request = f"event {kind} {'' if at is None else happened}"
        return self._do(customer, "earn", key, request, change, happened=happened, note=kind)

    def redeem(self, customer: str | Member, points: int, *, key: str) -> Act:
        """Spend points. Raises `PointsError` for more than can be spent."""
        whole(points)
        return self._do(customer, "redeem", key, f"redeem {points}", lambda connection, owner, account, number: account.redeem(points))

    def cancel(self, customer: str | Member, redemption: int, *, key: str) -> Act:
        """Give back what a redemption took, once. Raises `PointsError` for what is no redemption of this customer."""

        def change(connection: Connection, owner: int, account: Account, number: int) -> list[Entry]:
            taken = rows.entries_of(connection, owner, redemption, "redeem") if _names(redemption) else []
            if not taken:
                raise PointsError(f"there is no redemption {str(redemption)[:30]} of this customer")
            if not isinstance(customer, Member):
                _check_free(connection, owner, redemption)
            if rows.taken_back(connection, owner, redemption):
                raise PointsError(f"redemption {redemption} was cancelled already")
            account.lots |= rows.load(connection, owner, {each.lot for each in taken} - set(account.lots)).lots
            return account.cancel(taken)

        return self._do(customer, "cancel", key, f"cancel {redemption}", change, about=redemption, closed=True)

    def reverse(self, customer: str | Member, earning: int, points: int, *, key: str) -> Act:
        """Take back points of an earning whose sale was returned; what was spent is owed. Raises `PointsError` for more than it earned."""
        whole(points)

        def change(connection: Connection, owner: int, account: Account, number: int) -> list[Entry]:
            if earning not in account.lots and _names(earning):
                account.lots |= rows.load(connection, owner, {earning}).lots
            if earning not in account.lots:
                raise PointsError(f"there is no earning {str(earning)[:30]} of this customer")
            if not isinstance(customer, Member):
                _check_free(connection, owner, earning)
            return account.reverse(earning, points)

        return self._do(customer, "reverse", key, f"reverse {earning} {points}", change, about=earning, closed=True)

    def correct(self, customer: str, points: int, *, reason: str, key: str) -> Act:
        """Give points by hand, or take some (below zero), for a reason that stays in the audit trail.

        Raises `PointsError` for more than the live programme allows at once, or than there is.
        """
        whole(abs(points) if isinstance(points, int) else points)
        told = _reason(reason)
        earning = self._needed()
        if abs(points) > earning.manual:
            raise PointsError(f"{abs(points):,} points are more than the {earning.manual:,} that one correction may move")
        now = clock.now()

        def change(connection: Connection, owner: int, account: Account, number: int) -> list[Entry]:
            self._record(connection, "points.correct", owner, {"act": number, "points": points})
            if points < 0:
                return account.correct(-points)
            return account.grant(number, points, at=now, expires_at=self._expiry(earning, now))

        return self._do(customer, "correct", key, f"correct {points} {told}", change, note=told)

    def undo(self, customer: str, act: int, *, reason: str, key: str) -> Act:
        """Take back a correction by hand, or an answered survey or referral, as such: linked to it, and once.

        What a correction took goes back to where it came from, with its old expiry. What was given is taken from the same points, then
        from others; the limit of one correction does not count. Raises `PointsError` when more was spent than is there.
        """
        told = _reason(reason)

        def change(connection: Connection, owner: int, account: Account, number: int) -> list[Entry]:
            kind = rows.undoable(connection, owner, act) if _names(act) else None
            if kind is None:
                raise PointsError(f"there is no correction or event {str(act)[:30]} of this customer")
            if rows.taken_back(connection, owner, act):
                raise PointsError(f"act {act} was taken back already")
            done = rows.entries_of(connection, owner, act, kind)
            account.lots |= rows.load(connection, owner, {each.lot for each in done} - set(account.lots)).lots
            entries = account.withdraw(act, done) if act in {each.lot for each in done} else account.cancel(done)
            moved = sum(each.points for each in entries if each.account in (PENDING, MEMBER, DEBT))
            self._record(connection, "points.undo", owner, {"act": number, "of": act, "points": moved})
            return entries

        return self._do(customer, "undo", key, f"undo {act} {told}", change, about=act, note=told, closed=True)

    def transfer(self, customer: str, to: str, points: int, *, key: str) -> Act:
        """Hand points to another member; they keep their expiry. Returns the giver's act. Raises `PointsError`."""
        whole(points)
        engine = self._engine
        with engine.store.read() as connection:
            receiver = resolve_in(connection, to, reach=engine.sight.reach)

        def change(connection: Connection, owner: int, account: Account, number: int) -> list[Entry]:
            if owner == receiver:
                raise PointsError("giver and receiver are the same customer")
            if rows.closed_at(connection, receiver) is not None:
                raise PointsError(f"the points account of {to} is closed")
            return account.give(points)

        def after(connection: Connection, owner: int, number: int, account: Account, given: Sequence[Entry]) -> None:
            now = clock.now()
            theirs = rows.load(connection, receiver)
            for each in given:
                if each.account != MEMBER:
                    continue
                opened = int(rows.numbers(connection, 1)[0])
                entries = theirs.receive(opened, -each.points, expires_at=account.lots[each.lot].expires_at, at=now)
                act = {"id": opened, "customer_id": receiver, "posted_at": now, "at": now, "actor": engine.settings.actor}
                rows.keep(connection, {**act, "kind": "receive", "about": number, "request": ""}, theirs, entries)
            self._record(connection, "points.transfer", owner, {"act": number, "points": points, "to": receiver})

        return self._do(customer, "give", key, f"give {points} {receiver}", change, also=receiver, after=after)

    def close(self, customer: str, *, back: bool = False) -> None:
        """Close the account of a member: nothing is earned or spent any more; what is there stays. back: open it again."""
        with self._engine.store.write() as connection:
            owner = resolve_in(connection, customer, reach=self._engine.sight.reach)
            rows.hold(connection, [owner])
            closed, now = rows.closed_at(connection, owner), clock.now()
            if back and closed is not None:
                pass_over(connection, owner, closed, actor=self._engine.settings.actor, now=now)
            rows.close(connection, owner, None if back else now)
            self._record(connection, "points.open" if back else "points.close", owner, {})

    def closed(self, customer: str) -> bool:
        """Whether the account of a member is closed."""
        with self._engine.store.read() as connection:
            return rows.closed_at(connection, resolve_in(connection, customer, reach=self._engine.sight.reach)) is not None

    # --- what there is -----------------------------------------------------------------------------------------

    def balance(self, customer: str, at: Moment = None) -> Account:
        """What a customer has now, with the lots that hold points, or had at a past moment by the entries written until then."""
        zone = self._engine.zone
        with self._engine.store.read() as connection:
            owner = resolve_in(connection, customer, reach=self._engine.sight.reach)
            if at is None:
                account = rows.load(connection, owner)
                account.settle(clock.now())
                return account
            moment = as_moment(at, zone, "at")
            account = fold(*rows.as_it_was(connection, owner, moment))
            account.owed = max(account.owed, 0)  # below zero after having paid for one who was separated since
        account.settle(moment)
        account.lots = {number: lot for number, lot in account.lots.items() if lot.pending + lot.member}
        return account

    def history(self, customer: str, *, before: int | None = None, limit: int = 50) -> Sequence[dict[str, Any]]:
        """The newest acts first: number, kind, at, posted_at, points, expired, about, note, actor, what was there afterwards, taken_back_by, undoable."""
        with self._engine.store.read() as connection:
            owner = resolve_in(connection, customer, reach=self._engine.sight.reach)
            return rows.history(connection, owner, before if before is None or _names(before) else None, max(1, min(limit, MOST_ACTS)))

    def programme(self) -> Earning | None:
        """The earning rules of the live rulebook; None when it has no policy of points."""
        from engine.points_day import programme

        return programme(self._engine)

    def day(self) -> DayReport:
        """Post the sales that have no points yet, follow sales that were changed or returned, let points mature and expire."""
        from engine.points_day import day

        return day(self._engine)

    def due(self) -> bool:
        """Whether a worker is to post now: at most once an hour, when facts were written since or points fall due."""
        from engine.points_day import waits

        return waits(self._engine)

    def liability(self) -> Liability:
        """What all points that can be spent or will be would cost, by the month in which they expire."""
        from engine.points_liability import liability

        return liability(self._engine)

    def verify(self) -> tuple[list[int], list[int]]:
        """Acts whose entries do not sum to zero, and lots that differ from the sum of theirs; two empty lists when all is well."""
        with self._engine.store.read() as connection:
            return rows.differing(connection)

    # --- how ---------------------------------------------------------------------------------------------------

    def _needed(self) -> Earning:
        earning = self.programme()
        if earning is None:
            raise PointsError("no points policy is published; add one of the type points to the rulebook")
        return earning

    def _expiry(self, earning: Earning, moment: int) -> int | None:
        import numpy as np

        return earning.expires_at(np.array([moment], np.int64), self._engine.zone)[0]

    def _do(
        self,
        customer: str | Member,
        kind: str,
        key: str,
        request: str,
        change: Change,
        *,
        about: int | None = None,
        happened: int | None = None,
        note: str | None = None,
        closed: bool = False,
        also: int | None = None,
        after: Callable[[Connection, int, int, Account, Sequence[Entry]], None] | None = None,
    ) -> Act:
        if not isinstance(key, str) or not 1 <= len(key) <= LONGEST_KEY or not key.isprintable():
            raise PointsError(f"key: expected a text of 1 to {LONGEST_KEY} printable characters")
        now = clock.now()
        if happened is not None and happened > now:
            raise PointsError("at: the moment lies in the future; points are earned for what has happened")
        with self._engine.store.write() as connection:
            if isinstance(customer, Member):
                owner, key = rows.member_of(connection, customer.number), INNER + key
            else:
                owner = resolve_in(connection, customer, reach=self._engine.sight.reach)
            held = rows.hold(connection, [owner] if also is None else [owner, also])[owner]
            known = rows.answered(connection, owner, key)
            if known is not None:
                if known[1] != request:
                    raise KeyReused("this idempotency key was used for another request; take a new key for a new request")
                return known[0]
            if not closed and held.closed_at is not None:
                whose = "this customer" if isinstance(customer, Member) else customer
                raise PointsError(f"the points account of {whose} is closed")
            account = rows.load(connection, owner, held=held)
            settle(connection, owner, account, self._engine.settings.actor, now)
            number = int(rows.numbers(connection, 1)[0])
            entries = change(connection, owner, account, number)
            act = {"id": number, "customer_id": owner, "posted_at": now, "actor": self._engine.settings.actor}
            told = {"kind": kind, "about": about, "idempotency": key, "request": request, "note": note}
            made = rows.keep(connection, {**act, **told, "at": now if happened is None else happened}, account, entries)
            if after is not None:
                after(connection, owner, number, account, entries)
            settle(connection, owner, account, self._engine.settings.actor, now)
        return made

    def _record(self, connection: Connection, action: str, owner: int, details: dict[str, Any]) -> None:
        audit.record(connection, **self._engine.acting, action=action, subject=f"customer:{owner}", details=details or None)


def settle(connection: Connection, owner: int, account: Account, actor: str, now: int) -> None:
    """Write down what the calendar brings to one account until now."""
    for moment, entries in account.settle(now):
        act = {"id": int(rows.numbers(connection, 1)[0]), "customer_id": owner, "posted_at": now, "actor": actor}
        rows.keep(connection, {**act, "kind": "settle", "about": entries[0].lot, "request": "", "at": moment}, account, entries)


def _check_free(connection: Connection, owner: int, act: int) -> None:
    """Raise `PointsError` for an act that a reward or an offer stands behind: taken back alone, the reward would be free."""
    claim = rewards.claim_of_act(connection, owner, act)
    if claim is not None:
        raise PointsError(f"act {act} paid the reward of claim {claim}; cancel the claim")
    offer = offers.offer_of_act(connection, owner, act)
    if offer is not None:
        raise PointsError(f"act {act} was given by the offer {offer}; cancel the use of the offer")


def _names(number: object) -> bool:
    """Whether a number can be that of an act."""
    return isinstance(number, int) and not isinstance(number, bool) and 0 < number < LARGEST


def _reason(reason: object) -> str:
    told = reason.strip() if isinstance(reason, str) else ""
    if not 3 <= len(told) <= LONGEST_REASON or not told.isprintable():
        raise PointsError(f"reason: expected a text of 3 to {LONGEST_REASON} printable characters")
    return told


def _days(days: int, name: str, least: int) -> int:
    if isinstance(days, bool) or not isinstance(days, int) or not least <= days <= MOST_DAYS:
        raise PointsError(f"{name}: found {str(days)[:30]!r}; expected a whole number of days from {least} to {MOST_DAYS:,}")
    return days
