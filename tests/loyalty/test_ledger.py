"""The points of one member against a model that knows nothing of entries, and the cases that people ask about."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine.errors import PointsError
from engine.loyalty.ledger import ACCOUNTS, EXPIRED, MEMBER, MOST, REDEEMED, Account, Entry, balanced, fold

LONG = os.environ.get("TIERWISE_TRIALS") == "long"
POINTS = st.integers(1, 200)


class Against(RuleBasedStateMachine):
    """Each lot of the model is a plain list of its points, every one in a state; nothing is computed by sums."""

    def __init__(self) -> None:
        super().__init__()
        self.account = Account()
        self.history: list[Entry] = []
        self.now = 0
        self.lots: list[dict[str, Any]] = []
        self.owed = 0
        self.redemptions: list[tuple[list[Entry], dict[int, int]]] = []
        self.grants: list[tuple[int, list[Entry], int]] = []

    def keep(self, entries: list[Entry]) -> None:
        assert balanced(entries)
        self.history += entries

    def spendable(self) -> int:
        return sum(lot["state"].count("free") for lot in self.lots)

    def settle(self) -> None:
        for _, entries in self.account.settle(self.now):
            self.keep(entries)
        moments = sorted({m for lot in self.lots for m in (lot["matures"], lot["expires"]) if m is not None and m <= self.now})
        for moment in moments:
            for lot in self.lots:
                if lot["matures"] <= moment:
                    self.free(lot, "pending")
            for lot in self.lots:
                if lot["expires"] is not None and lot["expires"] <= moment:
                    lot["state"] = ["expired" if each == "free" else each for each in lot["state"]]

    def free(self, lot: dict[str, Any], before: str, most: int | None = None) -> None:
        for place, each in enumerate(lot["state"]):
            if each == before and most != 0:
                most = None if most is None else most - 1
                lot["state"][place] = "spent" if self.owed else "free"
                self.owed -= bool(self.owed)

    def take(self, points: int) -> dict[int, int]:
        taken: dict[int, int] = {}
        for _ in range(points):
            free = [n for n, lot in enumerate(self.lots) if "free" in lot["state"]]
            number = min(free, key=lambda n: (self.lots[n]["expires"] is None, self.lots[n]["expires"] or 0, n))
            state = self.lots[number]["state"]
            state[state.index("free")] = "spent"
            taken[number] = taken.get(number, 0) + 1
        return taken

    @rule(days=st.integers(0, 40))
    def time_passes(self, days: int) -> None:
        self.now += days
        self.settle()

    @rule(points=POINTS, back=st.integers(0, 60), hold=st.integers(0, 20), valid=st.none() | st.integers(1, 100))
    def earn(self, points: int, back: int, hold: int, valid: int | None) -> None:
        matures = self.now - back + hold
        expires = None if valid is None else matures + valid
        self.keep(self.account.earn(len(self.lots), points, matures_at=matures, expires_at=expires))
        self.lots.append({"matures": matures, "expires": expires, "state": ["pending"] * points})
        self.settle()

    @rule(points=POINTS)
    def redeem(self, points: int) -> None:
        if points > self.spendable():
            before = self.account.spendable
            with pytest.raises(PointsError, match="can be spent"):
                self.account.redeem(points)
            assert self.account.spendable == before
        else:
            entries = self.account.redeem(points)
            self.keep(entries)
            self.redemptions.append((entries, self.take(points)))

    @rule(points=POINTS)
    def correct(self, points: int) -> None:
        if points <= self.spendable():
            entries = self.account.correct(points)
            self.keep(entries)
            self.redemptions.append((entries, self.take(points)))

    @rule(points=POINTS, valid=st.none() | st.integers(1, 100))
    def grant(self, points: int, valid: int | None) -> None:
        number, expires = len(self.lots), None if valid is None else self.now + valid
        entries = self.account.grant(number, points, at=self.now, expires_at=expires)
        self.keep(entries)
        self.lots.append({"matures": self.now, "expires": expires, "state": ["pending"] * points})
        paid = min(points, self.owed)
        self.settle()
        self.grants.append((number, entries, paid))

    @precondition(lambda self: self.grants)
    @rule(which=st.integers(0, 1000))
    def withdraw(self, which: int) -> None:
        place = which % len(self.grants)
        number, entries, paid = self.grants[place]
        lot, points = self.lots[number], self.account.lots[number].issued
        there = lot["state"].count("pending") + lot["state"].count("expired") + self.spendable() + paid
        if not 0 < points <= there:
            with pytest.raises(PointsError, match="can be taken back" if points else "nothing of act"):
                self.account.withdraw(number, entries)
            return
        before = self.owed
        self.keep(self.account.withdraw(number, entries))
        self.gone(lot, points)
        assert self.owed - before <= paid, "nobody comes to owe what a mistake gave"
        self.grants.pop(place)

    @precondition(lambda self: self.redemptions)
    @rule(which=st.integers(0, 1000))
    def cancel(self, which: int) -> None:
        entries, taken = self.redemptions.pop(which % len(self.redemptions))
        self.keep(self.account.cancel(entries))
        for number, points in sorted(taken.items(), key=lambda each: [e.lot for e in entries].index(each[0])):
            self.lots[number]["state"] += ["back"] * points
            for _ in range(points):
                self.lots[number]["state"].remove("spent")
            self.free(self.lots[number], "back")
        self.settle()

    @precondition(lambda self: self.lots)
    @rule(which=st.integers(0, 1000), points=POINTS)
    def reverse(self, which: int, points: int) -> None:
        number = which % len(self.lots)
        lot = self.lots[number]
        counted = self.account.lots[number].issued
        if points > counted:
            with pytest.raises(PointsError, match="earned and still counts"):
                self.account.reverse(number, points)
            return
        self.keep(self.account.reverse(number, points))
        self.gone(lot, points)

    def gone(self, lot: dict[str, Any], points: int) -> None:
        for _ in range(points):
            kind = next((kind for kind in ("pending", "free", "expired") if kind in lot["state"]), None)
            if kind is not None:
                lot["state"].remove(kind)
            elif self.spendable():
                self.take(1)
            else:
                self.owed += 1

    @invariant()
    def as_the_model_says(self) -> None:
        for number, lot in enumerate(self.lots):
            found = self.account.lots[number]
            state = lot["state"]
            assert (found.pending, found.member, found.expired) == (state.count("pending"), state.count("free"), state.count("expired"))
            assert min(found.pending, found.member, found.expired, found.issued) >= 0
        assert self.account.owed == self.owed
        assert not (self.owed and self.account.spendable)

    @invariant()
    def as_its_history_says(self) -> None:
        assert fold([(n, lot["matures"], lot["expires"]) for n, lot in enumerate(self.lots)], self.history) == self.account
        assert {entry.account for entry in self.history} <= set(ACCOUNTS)


TestAgainst = Against.TestCase
TestAgainst.settings = settings(max_examples=2_000 if LONG else 1_000, stateful_step_count=50, deadline=None)


def earned(*lots: tuple[int, int | None]) -> Account:
    account = Account()
    for number, (points, expires) in enumerate(lots, 1):
        account.earn(number, points, matures_at=0, expires_at=expires)
    account.settle(0)
    return account


def test_what_expires_first_is_spent_first_and_what_never_expires_last() -> None:
    account = earned((10, None), (10, 90), (10, 30))
    assert [entry for entry in account.redeem(25) if entry.account == MEMBER] == [
        Entry(MEMBER, 3, -10),
        Entry(MEMBER, 2, -10),
        Entry(MEMBER, 1, -5),
    ]


def test_pending_points_cannot_be_spent_until_their_moment() -> None:
    account = Account()
    account.earn(1, 100, matures_at=14)
    account.settle(13)
    with pytest.raises(PointsError, match="100 points are more than the 0 that can be spent; 100 are missing"):
        account.redeem(100)
    account.settle(14)
    assert account.spendable == 100


def test_a_return_of_what_was_spent_is_owed_and_paid_by_the_next_earnings() -> None:
    account = earned((100, None))
    account.redeem(80)
    account.reverse(1, 100)
    assert (account.spendable, account.owed) == (0, 80)
    account.earn(2, 100, matures_at=0)
    account.settle(0)
    assert (account.spendable, account.owed) == (20, 0)


def test_nobody_owes_points_that_expired_unspent() -> None:
    account = earned((100, 30))
    account.settle(30)
    account.reverse(1, 100)
    assert (account.owed, account.lots[1].expired) == (0, 0)


def test_points_that_expired_while_they_were_redeemed_do_not_come_back_for_longer() -> None:
    account = earned((100, 30))
    spent = account.redeem(100)
    assert sum(entry.points for entry in account.cancel(spent) if entry.account == REDEEMED) == -100
    [(moment, entries)] = account.settle(31)
    assert (moment, account.spendable) == (30, 0)
    assert Entry(EXPIRED, 1, 100) in entries


@pytest.mark.parametrize("points", [0, -5, 1.5, 10.0, True, "10", None, MOST + 1])
def test_only_whole_points_are_taken(points: Any) -> None:
    account = earned((100, None))
    for act in (account.redeem, lambda given: account.reverse(1, given), lambda given: account.earn(2, given, matures_at=0)):
        with pytest.raises(PointsError, match="expected a whole number from 1 to"):
            act(points)
    assert (account.spendable, list(account.lots)) == (100, [1])


def test_points_that_expire_before_they_mature_are_refused() -> None:
    with pytest.raises(PointsError, match="expire before they can be spent"):
        Account().earn(1, 5, matures_at=14, expires_at=14)
