"""Damping against a plain-Python oracle: the exact run of every effective move, over years of random histories."""

from __future__ import annotations

import datetime as dt
import os
import random
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.columns import Codes
from engine.effective import NOT_FIXED, Effects, Stood
from engine.policy import Output
from engine.run import Outcome, compute, outcome_digest
from tests.small_book import Sized, book_of, facts, labels

DAY = 86_400
START = int(dt.datetime(2023, 11, 20, tzinfo=dt.UTC).timestamp())
BOUNDS = (1000, 500)
LONG = os.environ.get("TIERWISE_TRIALS") == "long"


class Three(Sized):
    """a from 1000, b from 500, c below; a negative amount has no label."""

    name = "three"

    def outputs(self) -> tuple[Output, ...]:
        return (Output("size", labels=labels("a", "b", "c")),)

    def apply(self, columns: Any, state: Any) -> Any:
        amount = columns["orders.amount"]
        return {"size": np.where(amount < 0, -1, (amount < BOUNDS[0]).astype(np.int8) + (amount < BOUNDS[1]))}


def label_of(amount: float) -> str | None:
    return None if amount < 0 else "a" if amount >= BOUNDS[0] else "b" if amount >= BOUNDS[1] else "c"


# --- the oracle: one customer, one run after the other, from the words of docs/reference/damping.md ----------------


@dataclass
class Was:
    effective: str
    computed: str
    since: int
    run: int


def next_of(was: Was | None, amount: float, at: int, damping: dict[str, Any], zone: ZoneInfo) -> Was | None:
    now = label_of(amount)
    if now is None:
        return None
    if was is None:
        return Was(now, now, at, at)
    since = was.since if now == was.computed else at
    effective = was.effective
    if now != effective:
        rising = now < effective
        hold = damping if not {"up", "down"} & damping.keys() else damping.get("up" if rising else "down")
        if hold is None or allows(hold, was, amount, since, at, zone, rising=rising):
            effective = now
    return Was(effective, now, since, at)


def allows(hold: dict[str, Any], was: Was, amount: float, since: int, at: int, zone: ZoneInfo, *, rising: bool) -> bool:
    if "every" in hold and not any(was.run < begin <= at for begin in first_days(was.run, at, hold["every"], zone)):
        return False
    if at - since < hold.get("after_days", 0) * DAY:
        return False
    if "margin" not in hold:
        return True
    by, share = hold["margin"].get("by", 0), hold["margin"].get("share", 0)
    if rising:
        if amount - by < 0:  # an answer without a label holds nothing back
            return True
        bound = BOUNDS[0] if was.effective == "b" else BOUNDS[1]
        return amount >= bound + by + bound * share
    bound = BOUNDS[0] if was.effective == "a" else BOUNDS[1]
    return amount < bound - by - bound * share


def first_days(after: int, until: int, every: str, zone: ZoneInfo) -> list[int]:
    months = {"month": range(1, 13), "quarter": (1, 4, 7, 10), "year": (1,)}[every]
    day, found = dt.datetime.fromtimestamp(after, zone).date(), []
    while day <= dt.datetime.fromtimestamp(until, zone).date():
        if day.day == 1 and day.month in months:
            found.append(int(dt.datetime.combine(day, dt.time(), zone).timestamp()))
        day += dt.timedelta(days=1)
    return found


# --- the engine, run after run -------------------------------------------------------------------------------------


def stood_of(outcome: Outcome, at: int) -> Stood:
    policy = outcome.policies["three"]
    beside, effective = policy.beside["size"], policy.columns["size"]
    standing = effective if beside.standing is None else beside.standing
    assert isinstance(standing, Codes)
    assert isinstance(beside.computed, Codes)
    assert beside.since is not None
    return Stood(standing.codes, beside.computed.codes, beside.since, at)


def effective_of(outcome: Outcome) -> list[str | None]:
    column = outcome.policies["three"].columns["size"]
    assert isinstance(column, Codes)
    return column.texts()


HOLDS = st.fixed_dictionaries(
    {},
    optional={
        "every": st.sampled_from(["month", "quarter", "year"]),
        "after_days": st.sampled_from([1, 2, 7, 30, 45]),
        "margin": st.one_of(
            st.builds(lambda by: {"of": "orders.amount", "by": by}, st.sampled_from([1, 20, 100, 600])),
            st.builds(lambda share: {"of": "orders.amount", "share": share}, st.sampled_from([0.05, 0.1, 0.25])),
        ),
    },
)
DAMPINGS = st.one_of(HOLDS, st.fixed_dictionaries({}, optional={"up": HOLDS, "down": HOLDS}))


@settings(max_examples=400 if LONG else 12, deadline=None)
@given(
    damping=DAMPINGS,
    seed=st.integers(0, 2**32),
    zone=st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York", "UTC"]),
    rest=st.sampled_from([0.0, 0.3, 0.9]),
)
def test_every_move_comes_in_the_run_that_the_oracle_names(damping: dict[str, Any], seed: int, zone: str, rest: float) -> None:
    chance, place, people = random.Random(seed), ZoneInfo(zone), 8
    book = book_of([{"type": "three", "damping": {"size": damping}}], Three)
    amounts = [float(chance.choice([400, 490, 500, 700, 990, 1000, 1200])) for _ in range(people)]
    was: list[Was | None] = [None] * people
    stood: Stood | None = None
    for day in range(1100 if LONG else 800):
        amounts = [walk(amount, chance) for amount in amounts]
        if chance.random() < rest:  # no run on that day
            continue
        at = START + day * DAY + chance.choice([0, 0, 1, 8 * 3600, 16 * 3600, DAY - 1])
        effects = Effects(at, place, {} if stood is None else {"three.size": stood})
        outcome = compute(book.plan, replace(facts(people, orders_amount=np.array(amounts)), effects=effects))
        was = [next_of(one, amount, at, damping, place) for one, amount in zip(was, amounts, strict=True)]
        assert effective_of(outcome) == [one.effective if one else None for one in was], dt.datetime.fromtimestamp(at, place)
        if damping and book.entries[0].damping:
            stood = stood_of(outcome, at)
            assert stood.since.tolist() == [one.since if one else 0 for one in was]


def walk(amount: float, chance: random.Random) -> float:
    """Mostly still, sometimes a step over a bound and back, sometimes no label at all."""
    if amount < 0:
        return amount if chance.random() < 0.9 else 700.0
    match chance.random():
        case x if x < 0.80:
            return amount
        case x if x < 0.95:
            return max(0.0, amount + chance.choice([-120, -60, -5, -1, 1, 5, 60, 120]))
        case x if x < 0.995:
            return float(chance.choice([0, 449, 450, 475, 500, 525, 550, 899, 900, 1000, 1050, 1100, 1250, 2000]))
    return -1.0


# --- single rules ----------------------------------------------------------------------------------------------------


def plan_with(damping: Any) -> Any:
    return book_of([{"type": "three", "damping": {"size": damping}}], Three).plan


def settled(damping: Any, stood: Stood | None, amounts: list[float], at: int, fixed: list[int] | None = None) -> Outcome:
    given = {"three.size": np.array(fixed)} if fixed else {}
    effects = Effects(at, ZoneInfo("UTC"), {"three.size": stood} if stood else {}, given)
    return compute(plan_with(damping), replace(facts(len(amounts), orders_amount=np.array(amounts, dtype=float)), effects=effects))


def test_a_value_fixed_by_hand_covers_the_damped_one_and_leaves_it_as_it_is() -> None:
    first = settled({"every": "year"}, None, [1200, 1200, -1, 600], START)
    second = settled({"every": "year"}, stood_of(first, START), [100, 100, -1, 600], START + DAY, [1, NOT_FIXED, 2, NOT_FIXED])
    assert effective_of(second) == ["b", "a", "c", "b"]
    beside = second.policies["three"].beside["size"]
    assert beside.computed.texts() == ["c", "c", None, "b"]  # type: ignore[union-attr]
    assert beside.standing.texts() == ["a", "a", None, "b"]  # type: ignore[union-attr]
    third = settled({"every": "year"}, stood_of(second, START + DAY), [100, 100, -1, 600], START + 2 * DAY)
    assert effective_of(third) == ["a", "a", None, "b"]


def test_the_digest_covers_what_was_computed_and_since_when() -> None:
    first = settled({"after_days": 30}, None, [1200, 600], START)
    stood = stood_of(first, START)
    later = settled({"after_days": 30}, stood, [100, 600], START + DAY)
    other = settled({"after_days": 30}, stood, [600, 600], START + DAY)
    assert effective_of(later) == effective_of(other) == ["a", "b"]
    assert outcome_digest(later)[0] != outcome_digest(other)[0]
    waited = stood_of(later, START + DAY)
    shorter = replace(waited, since=waited.since + DAY)
    digests = [outcome_digest(settled({"after_days": 30}, one, [100, 600], START + 5 * DAY))[0] for one in (waited, shorter)]
    assert digests[0] != digests[1]
    lines = outcome_digest(later)[1]
    assert set(lines) == {"three.size", "three.size@computed", "three.size@computed_since"}


def test_dependents_read_the_effective_value() -> None:
    class Copy(Sized):
        name = "copy"

        def inputs(self) -> tuple[str, ...]:
            return ("three.size",)

        def outputs(self) -> tuple[Output, ...]:
            return (Output("size", labels=labels("a", "b", "c")),)

        def apply(self, columns: Any, state: Any) -> Any:
            return {"size": columns["three.size"]}

    book = book_of([{"type": "three"}, {"type": "copy"}], Three, Copy)
    effects = Effects(START, ZoneInfo("UTC"), {}, {"three.size": np.array([NOT_FIXED, 0, 2])})
    outcome = compute(book.plan, replace(facts(3, orders_amount=np.array([600.0, 600.0, -1.0])), effects=effects))
    copied = outcome.policies["copy"].columns["size"]
    assert isinstance(copied, Codes)
    assert copied.texts() == ["b", "a", "c"]


def test_a_margin_of_a_score_is_asked_of_the_policy_itself() -> None:
    cuts = {
        "items": [{"feature": "orders.amount", "bands": [{"from": None, "points": 0}, {"from": 500, "points": 52}]}],
        "cuts": [50, 80, 90],
    }
    entry = {"type": "scorecard", "params": cuts, "damping": {"grade": {"margin": {"of": "score", "by": 5}}}}
    plan = book_of([entry]).plan
    stood = Stood(np.array([3, 3], dtype=np.int16), np.array([3, 3], dtype=np.int16), np.array([START, START]), START)
    outcome = compute(
        plan,
        replace(
            facts(2, orders_amount=np.array([600.0, 100.0])), effects=Effects(START + DAY, ZoneInfo("UTC"), {"scorecard.grade": stood})
        ),
    )
    grade = outcome.policies["scorecard"].columns["grade"]
    assert isinstance(grade, Codes)
    assert grade.texts() == ["D", "D"]  # 52 is not beyond 50 by 5


def test_a_policy_that_fails_with_a_shifted_measure_fails_alone() -> None:
    class Fragile(Three):
        name = "three"

        def apply(self, columns: Any, state: Any) -> Any:
            if (columns["orders.amount"] % 100 == 7).any():
                raise ValueError("seven")
            return super().apply(columns, state)

    plan = book_of([{"type": "three", "damping": {"size": {"margin": {"of": "orders.amount", "by": 7}}}}], Fragile).plan
    stood = Stood(np.array([0]), np.array([0]), np.array([START]), START)
    outcome = compute(
        plan,
        replace(facts(1, orders_amount=np.array([600.0])), effects=Effects(START + DAY, ZoneInfo("UTC"), {"three.size": stood})),
    )
    assert "seven" in outcome.policies["three"].fault


@pytest.mark.parametrize("shift", [(110.0, 0.1, 100.0), (105.0, 0.05, 100.0)])
def test_a_share_is_of_the_bound_and_free_of_binary_dust(shift: tuple[float, float, float]) -> None:
    from engine.damping import Margin
    from engine.effective import shifted

    value, share, bound = shift
    assert shifted(np.array([value]), Margin("x", share=share), -1)[0] == bound
    assert shifted(np.array([bound * (1 - share)]), Margin("x", share=share), 1)[0] == bound
