"""The points of members, kept in the store: `engine.points.earn("C1", 120, key="receipt 4711")`.

Every change takes a key: the same key with the same request answers as the first time and changes nothing again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from engine import clock
from engine.errors import PointsError
from engine.loyalty.ledger import Account, Entry, whole
from engine.moments import Moment, as_moment
from engine.repeats import KeyReused
from engine.store import points as rows
from engine.store.identity import resolve_in
from engine.store.points import Act

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.service import Engine

DAY = 86_400
LONGEST_KEY = 200
MOST_DAYS = 36_525

Change = Callable[["Connection", int, Account, int], list[Entry]]
"""What an act does: (connection, customer, account, number of the act) to its entries."""


class Points:
    """The verbs on points of customers within sight, in the name of the engine's actor."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def earn(self, customer: str, points: int, *, key: str, at: Moment = None, hold_days: int = 0, valid_days: int | None = None) -> Act:
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

    def redeem(self, customer: str, points: int, *, key: str) -> Act:
        """Spend points. Raises `PointsError` for more than can be spent."""
        whole(points)
        return self._do(customer, "redeem", key, f"redeem {points}", lambda connection, owner, account, number: account.redeem(points))

    def cancel(self, customer: str, redemption: int, *, key: str) -> Act:
        """Give back what a redemption took, once. Raises `PointsError` for what is no redemption of this customer."""

        def change(connection: Connection, owner: int, account: Account, number: int) -> list[Entry]:
            taken = rows.entries_of(connection, owner, redemption, "redeem")
            if not taken:
                raise PointsError(f"there is no redemption {redemption} of this customer")
            if rows.cancelled(connection, owner, redemption, number):
                raise PointsError(f"redemption {redemption} was cancelled already")
            account.lots |= rows.load(connection, owner, {each.lot for each in taken} - set(account.lots)).lots
            return account.cancel(taken)

        return self._do(customer, "cancel", key, f"cancel {redemption}", change, about=redemption)

    def reverse(self, customer: str, earning: int, points: int, *, key: str) -> Act:
        """Take back points of an earning whose sale was returned; what was spent is owed. Raises `PointsError` for more than it earned."""
        whole(points)

        def change(connection: Connection, owner: int, account: Account, number: int) -> list[Entry]:
            if earning not in account.lots:
                account.lots |= rows.load(connection, owner, {earning}).lots
            if earning not in account.lots:
                raise PointsError(f"there is no earning {earning} of this customer")
            return account.reverse(earning, points)

        return self._do(customer, "reverse", key, f"reverse {earning} {points}", change, about=earning)

    def balance(self, customer: str) -> Account:
        """What a customer has now, with the lots that hold points. Nothing is written."""
        with self._engine.store.read() as connection:
            account = rows.load(connection, resolve_in(connection, customer, reach=self._engine.sight.reach))
        account.settle(clock.now())
        return account

    def verify(self) -> tuple[list[int], list[int]]:
        """Acts whose entries do not sum to zero, and lots that differ from the sum of theirs; two empty lists when all is well."""
        with self._engine.store.read() as connection:
            return rows.differing(connection)

    def _do(
        self, customer: str, kind: str, key: str, request: str, change: Change, *, about: int | None = None, happened: int | None = None
    ) -> Act:
        if not isinstance(key, str) or not 1 <= len(key) <= LONGEST_KEY or not key.isprintable():
            raise PointsError(f"key: expected a text of 1 to {LONGEST_KEY} printable characters")
        now, actor = clock.now(), self._engine.settings.actor
        if happened is not None and happened > now:
            raise PointsError("at: the moment lies in the future; points are earned for what has happened")
        with self._engine.store.write() as connection:
            owner = resolve_in(connection, customer, reach=self._engine.sight.reach)
            rows.hold(connection, owner)
            known = rows.answered(connection, owner, key)
            if known is not None:
                if known[1] != request:
                    raise KeyReused("this idempotency key was used for another request; take a new key for a new request")
                return known[0]
            account = rows.load(connection, owner)
            act = {"customer_id": owner, "posted_at": now, "actor": actor}
            self._settle(connection, owner, account, act, now)
            number = rows.begin(
                connection,
                {**act, "kind": kind, "about": about, "idempotency": key, "request": request, "at": now if happened is None else happened},
            )
            made = rows.keep(connection, owner, number, account, change(connection, owner, account, number))
            self._settle(connection, owner, account, act, now)
        return made

    def _settle(self, connection: Connection, owner: int, account: Account, act: dict[str, Any], now: int) -> None:
        for moment, entries in account.settle(now):
            number = rows.begin(connection, {**act, "kind": "settle", "request": "", "at": moment})
            rows.keep(connection, owner, number, account, entries)


def _days(days: int, name: str, least: int) -> int:
    if isinstance(days, bool) or not isinstance(days, int) or not least <= days <= MOST_DAYS:
        raise PointsError(f"{name}: found {str(days)[:30]!r}; expected a whole number of days from {least} to {MOST_DAYS:,}")
    return days
