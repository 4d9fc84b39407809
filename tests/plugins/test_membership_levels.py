"""Levels equal a plain-Python oracle on every day of three years: rises and falls on the exact day, and what is foretold comes true."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.folds import NOTHING, Days, days_of
from plugins.membership.levels import Floor, Levels
from tests.plugins.member_oracle import new_year, stands

LONG = os.environ.get("TIERWISE_TRIALS") == "long"
FIRST = new_year(2023)
LAST = new_year(2026) - 1
"""Three years, one of them a leap year."""
MEMBERS = 12 if LONG else 5
STARTS = (0.0, 10.0, 30.0, 60.0)


@st.composite
def rules(draw: st.DrawFn) -> Levels:
    """Any rules: every period, grace, way of falling and floor."""
    floors = []
    if draw(st.booleans()):
        reached = draw(st.integers(1, 3))
        floors.append(Floor(draw(st.integers(1, reached)), reached=reached))
    if draw(st.booleans()):
        floors.append(Floor(draw(st.integers(1, 3)), lifetime=float(draw(st.integers(20, 150)))))
    period: Any = draw(st.sampled_from(["year", "rolling", "joining"]))
    window, grace = draw(st.sampled_from([301, 365, 366, 500])), draw(st.sampled_from([0, 1, 30, 300]))
    return Levels(STARTS, period, window, grace, draw(st.booleans()), tuple(floors))


purchases = st.dictionaries(st.integers(FIRST, LAST), st.sampled_from([1, 3, 5, 8, 10, 12, 20, 30, 31, 60, -1, -5, -10, -30]), max_size=25)


def days_up_to(histories: list[dict[int, int]], today: int) -> Days:
    rows = [(who, day, value) for who, history in enumerate(histories) for day, value in history.items() if day <= today]
    table = np.array(rows, dtype=np.int64).reshape(len(rows), 3)
    counts = np.bincount(table[:, 0], minlength=len(histories))
    order = np.lexsort((table[:, 1], table[:, 0]))
    return Days(np.concatenate([[0], np.cumsum(counts)]), table[order, 1], table[order, 2], today)


def foretold(found: dict[str, Any], who: int) -> tuple[int, int]:
    return int(found["falls_on"][who]), int(found["falls_to_number"][who])


@settings(max_examples=150 if LONG else 4, deadline=None)
@given(rules(), st.lists(purchases, min_size=MEMBERS, max_size=MEMBERS))
def test_every_day_of_three_years_is_that_of_the_oracle(levels: Levels, histories: list[dict[int, int]]) -> None:
    truth = [dict(stands(levels, history, FIRST, LAST)) for history in histories]
    for today in range(FIRST, LAST + 1):
        found = dict(levels.fold(days_up_to(histories, today)))
        for who in range(MEMBERS):
            stand = truth[who][today]
            seen = (found["level_number"][who], found["qualifying_balance"][who], found["raised_on"][who], found["floor_number"][who])
            assert seen == (stand.level, stand.amount, NOTHING if stand.raised is None else stand.raised, stand.floor), (today - FIRST, who)


@settings(max_examples=600 if LONG else 25, deadline=None)
@given(rules(), st.lists(purchases, min_size=MEMBERS, max_size=MEMBERS), st.integers(FIRST, LAST))
def test_what_is_foretold_comes_true_if_nothing_happens(levels: Levels, histories: list[dict[int, int]], today: int) -> None:
    known = [{day: value for day, value in history.items() if day <= today} for history in histories]
    found = dict(levels.fold(days_up_to(known, today)))
    for who, history in enumerate(known):
        course = dict(stands(levels, history, FIRST, today + 1_500))
        level = course[today].level
        fall = next(((day, stand.level) for day, stand in course.items() if day > today and stand.level < level), (NOTHING, NOTHING))
        assert foretold(found, who) == fall


@settings(max_examples=600 if LONG else 25, deadline=None)
@given(rules(), st.lists(purchases, min_size=MEMBERS, max_size=MEMBERS), st.integers(FIRST, LAST - 1))
def test_what_is_missing_to_keep_a_level_keeps_it_and_one_less_does_not(
    levels: Levels, histories: list[dict[int, int]], today: int
) -> None:
    known = [{day: value for day, value in history.items() if day <= today} for history in histories]
    found = dict(levels.fold(days_up_to(known, today)))
    for who, history in enumerate(known):
        lost = int(found["falls_on"][who])
        if lost == NOTHING or levels.floors:
            continue
        level, keep, by = (int(found[name][who]) for name in ("level_number", "keep_balance", "keep_by_date"))
        assert keep > 0, (today, who)
        for more, kept in ((keep, True), (keep - 1, False)):
            then = dict(stands(levels, {**history, by: history.get(by, 0) + more}, FIRST, lost))
            if by > today and (kept or then[lost].raised != by):  # in a rolling window the last purchase may even raise
                assert (then[lost].level >= level) is kept


def test_a_batch_a_member_alone_and_any_order_agree() -> None:
    random = np.random.default_rng(5)
    who, day = random.integers(0, 300, 6_000), random.integers(FIRST, LAST, 6_000)
    value = random.integers(-10, 30, 6_000)
    for levels in (Levels(STARTS, "year", grace_days=30), Levels(STARTS, "rolling", step=True), Levels(STARTS, "joining")):
        owners, days = days_of(who, day, value, LAST, 1)
        whole = levels.fold(days)
        for place, owner in enumerate(owners.tolist()):
            mine = np.flatnonzero(who == owner)[::-1]
            alone = levels.fold(days_of(who[mine], day[mine], value[mine], LAST, 1)[1])
            assert {name: column[0] for name, column in alone.items()} == {name: column[place] for name, column in whole.items()}


def test_a_history_without_a_day_is_the_lowest_level() -> None:
    _, days = days_of(*(np.zeros(0, dtype=np.int64) for _ in range(3)), LAST, 1)
    found = Levels(STARTS).fold(days)
    assert {name: column.tolist() for name, column in found.items()} == {
        "level_number": [0],
        "qualifying_balance": [0],
        "raised_on": [NOTHING],
        "floor_number": [0],
        "falls_on": [NOTHING],
        "falls_to_number": [NOTHING],
        "keep_by_date": [NOTHING],
        "keep_balance": [NOTHING],
    }


@pytest.mark.parametrize(("scale", "amount", "level"), [(100, 99_999, 0), (100, 100_000, 1), (1, 999, 0), (1, 1000, 1)])
def test_thresholds_are_in_the_unit_of_the_measure(scale: int, amount: int, level: int) -> None:
    one = np.zeros(1, dtype=np.int64)
    _, days = days_of(one, one + FIRST, one + amount, FIRST, scale)
    assert Levels((0.0, 1000.0)).fold(days)["level_number"].tolist()[0] == level
