"""The points of one member: an append-only ledger whose entries sum to zero, and the lots that are their fold.

Points come in lots, one per thing that earned them. Every verb returns the entries that it posts; an `Account` changes in
no other way than by posting them, so a balance cannot differ from its history. Points are whole numbers, moments UTC epoch
seconds. The rules are told in docs/explanation/ledger.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from engine.errors import PointsError

PENDING, MEMBER, REDEEMED, EXPIRED, DEBT, ISSUED = "pending", "member", "redeemed", "expired", "debt", "issued"
CORRECTED, TRANSFERRED = "corrected", "transferred"

ACCOUNTS = (PENDING, MEMBER, REDEEMED, EXPIRED, DEBT, ISSUED, CORRECTED, TRANSFERRED)
"""The member's pending and spendable points, what they became, what the member owes (below zero), and what was issued (below zero).

What was transferred sums to zero over all members.
"""

MOST = 10**12
"""Points of one posting; so no sum leaves 64 bits."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One side of a posting: points that an account gains, or loses below zero. lot: whose points they are."""

    account: str
    lot: int
    points: int


@dataclass(slots=True)
class Lot:
    """Points earned at once. Spendable from `matures_at` on, and before `expires_at` (None: for ever)."""

    matures_at: int
    expires_at: int | None
    pending: int = 0
    member: int = 0
    expired: int = 0
    issued: int = 0


@dataclass(slots=True)
class Account:
    """What a member has. owed: points that a return took back although they were spent; below zero in a
    row of a joined customer whose debt another one has paid."""

    lots: dict[int, Lot] = field(default_factory=dict)
    owed: int = 0

    @property
    def pending(self) -> int:
        """Points that wait for the end of their return period."""
        return sum(lot.pending for lot in self.lots.values())

    @property
    def spendable(self) -> int:
        """Points that can be redeemed; 0 while anything is owed."""
        return sum(lot.member for lot in self.lots.values())

    def post(self, entries: Iterable[Entry]) -> None:
        """Fold entries into the lots."""
        for entry in entries:
            lot = self.lots[entry.lot]
            if entry.account == DEBT:
                self.owed -= entry.points
            elif entry.account == ISSUED:
                lot.issued -= entry.points
            elif entry.account == PENDING:
                lot.pending += entry.points
            elif entry.account == MEMBER:
                lot.member += entry.points
            elif entry.account == EXPIRED:
                lot.expired += entry.points

    def earn(self, lot: int, points: int, *, matures_at: int, expires_at: int | None = None) -> list[Entry]:
        """Open a lot of pending points; `settle` makes them spendable. Raises `PointsError` for a lot that is there."""
        whole(points)
        if expires_at is not None and expires_at <= matures_at:
            raise PointsError("the points would expire before they can be spent; expected an expiry after the return period")
        if lot in self.lots:
            raise PointsError(f"there is a lot {lot} already")
        self.lots[lot] = Lot(matures_at, expires_at)
        return self._posted([Entry(PENDING, lot, points), Entry(ISSUED, lot, -points)])

    def grant(self, lot: int, points: int, *, at: int, expires_at: int | None) -> list[Entry]:
        """Open a lot that can be spent at once, after it has paid what is owed."""
        whole(points)
        self.lots[lot] = Lot(at, expires_at)
        return self._posted([Entry(ISSUED, lot, -points), *self._given(lot, points)])

    def add(self, lot: int, points: int) -> list[Entry]:
        """More points of a sale that turned out larger, pending until `settle`."""
        whole(points)
        return self._posted([Entry(PENDING, lot, points), Entry(ISSUED, lot, -points)])

    def settle(self, now: int) -> list[tuple[int, list[Entry]]]:
        """What the calendar brings until now, as (moment, entries) in order: points mature (a debt is paid first), then expire.

        At last what is owed is paid by points that can be spent: customers who were joined may bring one and the other.
        """
        due = [(lot.matures_at, 0, number) for number, lot in self.lots.items() if lot.pending and lot.matures_at <= now]
        due += [
            (lot.expires_at, 1, number)
            for number, lot in self.lots.items()
            if lot.expires_at is not None and lot.expires_at <= now and lot.pending + lot.member
        ]
        posted = []
        for moment, expires, number in sorted(due):
            lot = self.lots[number]
            if not expires:
                entries = [Entry(PENDING, number, -lot.pending), *self._given(number, lot.pending)]
            elif lot.member:
                entries = [Entry(MEMBER, number, -lot.member), Entry(EXPIRED, number, lot.member)]
            else:
                continue  # a debt took all of it when it matured
            posted.append((moment, self._posted(entries)))
        if paid := self._taken(min(self.owed, self.spendable)):
            posted.append((now, self._posted(paid + [Entry(DEBT, each.lot, -each.points) for each in paid])))
        return posted

    def redeem(self, points: int) -> list[Entry]:
        """Spend points, those that expire first before others. Raises `PointsError` for more than can be spent."""
        return self._away(points, REDEEMED)

    def correct(self, points: int) -> list[Entry]:
        """Take spendable points away by hand. Raises `PointsError` for more than there are."""
        return self._away(points, CORRECTED)

    def give(self, points: int) -> list[Entry]:
        """Hand spendable points to another member, who opens a lot for each lot they come from by `receive`."""
        return self._away(points, TRANSFERRED)

    def receive(self, lot: int, points: int, *, expires_at: int | None, at: int) -> list[Entry]:
        """Open a lot of points that another member gave; they keep their expiry, and pay what is owed first."""
        self.lots[lot] = Lot(at, expires_at)
        return self._posted([Entry(TRANSFERRED, lot, -points), *self._given(lot, points)])

    def cancel(self, taken: Iterable[Entry]) -> list[Entry]:
        """Give back what a redemption or a correction took, to the lots it came from; a debt is paid first, and expired lots expire again."""
        entries: list[Entry] = []
        for each in taken:
            if each.account in (REDEEMED, CORRECTED):
                entries += self._posted([Entry(each.account, each.lot, -each.points), *self._given(each.lot, each.points)])
        return entries

    def withdraw(self, number: int, granted: Iterable[Entry]) -> list[Entry]:
        """Take back what was granted at once, by hand or for an event: all of it that still counts.

        granted: the entries of the grant; a debt that it paid is owed again. Beyond that nobody comes to owe points for a
        mistake of ours. Raises `PointsError` when too much of it was spent, and when nothing of it counts any more.
        """
        lot = self.lots[number]
        if not lot.issued:
            raise PointsError(f"nothing of act {number} counts any more")
        paid = sum(each.points for each in granted if each.account == DEBT)
        there = lot.pending + lot.expired + self.spendable + paid
        if lot.issued > there:
            raise PointsError(
                f"{lot.issued:,} points are more than the {there:,} that can be taken back; {lot.issued - there:,} were spent"
            )
        return self.reverse(number, lot.issued)

    def reverse(self, number: int, points: int) -> list[Entry]:
        """Take back points that a lot earned, because their sale was returned.

        First what is pending, then what is left of the lot, then what had expired unspent; what was spent comes from the other
        lots, those that expire first before others, and the rest is owed. Raises `PointsError` for more than was earned.
        """
        whole(points)
        lot = self.lots[number]
        if points > lot.issued:
            raise PointsError(f"{points:,} points are more than the {lot.issued:,} that the sale earned and still counts")
        entries = [Entry(ISSUED, number, points)]
        left = points
        for account, has in ((PENDING, lot.pending), (MEMBER, lot.member), (EXPIRED, lot.expired)):
            part = min(left, has)
            if part:
                entries.append(Entry(account, number, -part))
                left -= part
        self.post(entries)
        rest = self._taken(min(left, self.spendable))
        left += sum(each.points for each in rest)
        if left:
            rest.append(Entry(DEBT, number, -left))
        return entries + self._posted(rest)

    def _away(self, points: int, account: str) -> list[Entry]:
        whole(points)
        if points > self.spendable:
            missing = points - self.spendable
            raise PointsError(f"{points:,} points are more than the {self.spendable:,} that can be spent; {missing:,} are missing")
        taken = self._taken(points)
        return self._posted(taken + [Entry(account, each.lot, -each.points) for each in taken])

    def _posted(self, entries: list[Entry]) -> list[Entry]:
        self.post(entries)
        return entries

    def _given(self, number: int, points: int) -> list[Entry]:
        """Points made spendable, after they have paid what is owed."""
        paid = min(points, self.owed)
        return [Entry(account, number, part) for account, part in ((DEBT, paid), (MEMBER, points - paid)) if part]

    def _taken(self, points: int) -> list[Entry]:
        """Points out of the lots, those that expire first before others, then by age. They are there."""
        entries = []
        for number in sorted(self.lots, key=self._order):
            part = min(points, self.lots[number].member)
            if part:
                entries.append(Entry(MEMBER, number, -part))
                points -= part
        return entries

    def _order(self, number: int) -> tuple[bool, int, int]:
        expires = self.lots[number].expires_at
        return expires is None, expires or 0, number


def fold(lots: Iterable[tuple[int, int, int | None]], entries: Iterable[Entry]) -> Account:
    """The account that a history makes. lots: (number, matures_at, expires_at) of each lot of the entries."""
    account = Account({number: Lot(matures, expires) for number, matures, expires in lots})
    account.post(entries)
    return account


def balanced(entries: Sequence[Entry]) -> bool:
    """Whether a posting sums to zero."""
    return sum(entry.points for entry in entries) == 0


def whole(points: object) -> int:
    """Points of one act. Raises `PointsError` for what is no whole number from 1 to `MOST`."""
    if isinstance(points, bool) or not isinstance(points, int) or not 1 <= points <= MOST:
        raise PointsError(f"points: found {str(points)[:30]!r}; expected a whole number from 1 to {MOST:,}")
    return points
