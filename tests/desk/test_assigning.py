"""Customers given to managers: never more than fit, who fits stays, the same every time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.columns import Codes
from engine.desk.assigning import NOBODY, WHYS, Assigned, Places, assign

REGIONS, LANGUAGES, GRADES = ("East", "North", "West"), ("en", "zh"), ("A", "B")
some = st.sampled_from


@st.composite
def teams(draw: st.DrawFn) -> list[Places]:
    count = draw(st.integers(0, 5))
    parts = (st.lists(some(values), unique=True, max_size=2).map(tuple) for values in (REGIONS, LANGUAGES, GRADES))
    regions, languages, grades = parts
    return [Places(f"m{n}", draw(st.integers(0, 12)), draw(regions), draw(languages), draw(grades)) for n in range(count)]


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Places], dict[str, object]]:
    team, count = draw(teams()), draw(st.integers(0, 40))
    chance = np.random.default_rng(draw(st.integers(0, 10**6)))
    return team, {
        "regions": Codes(chance.integers(-1, 3, count), REGIONS),
        "languages": Codes(chance.integers(-1, 2, count), LANGUAGES),
        "grades": Codes(chance.integers(0, 2, count), GRADES),
        "rank": np.where(chance.random(count) < 0.1, np.nan, chance.integers(0, 9, count)),
        "owners": chance.integers(-1, max(len(team), 1), count) if team else np.full(count, NOBODY),
        "past": chance.integers(-1, max(len(team), 1), count) if team else np.full(count, NOBODY),
    }


def fits(team: list[Places], case: dict, row: int, manager: int) -> bool:
    return not team[manager].misfit(*(case[name].texts()[row] for name in ("regions", "languages", "grades")))


@given(cases())
def test_capacity_fit_stickiness_and_determinism(case: tuple[list[Places], dict]) -> None:
    team, columns = case
    found = assign(**columns, managers=team)
    again = assign(**columns, managers=team)
    assert (found.manager == again.manager).all()
    assert (found.why == again.why).all()
    loads = np.bincount(found.manager[found.manager >= 0], minlength=len(team))
    assert all(load <= each.capacity for load, each in zip(loads.tolist(), team, strict=True))
    for row, (manager, why) in enumerate(zip(found.manager.tolist(), found.why.tolist(), strict=True)):
        fitting = [n for n in range(len(team)) if fits(team, columns, row, n)]
        owner = int(columns["owners"][row])
        if manager != NOBODY:
            assert manager in fitting
        if WHYS[why] == "kept":
            assert manager == owner
        if owner in fitting and manager != owner:
            kept = (found.manager == owner) & (found.why == WHYS.index("kept"))
            assert kept.sum() == team[owner].capacity, "who still fits goes only where the places are full"
        if WHYS[why] == "no_fit":
            assert fitting == []
        if WHYS[why] == "no_room":
            assert all(loads[n] == team[n].capacity for n in fitting)
    assert sum(found.counts().values()) == len(found.manager)


@given(cases())
def test_what_was_assigned_stays_when_it_is_done_again(case: tuple[list[Places], dict]) -> None:
    team, columns = case
    first = assign(**columns, managers=team)
    second = assign(**{**columns, "owners": first.manager}, managers=team)
    assert (second.manager == first.manager).all()


def one(count: int, team: list[Places], **given: object) -> Assigned:
    usual = {
        "regions": Codes.of(["East"] * count),
        "languages": Codes.of(["zh"] * count),
        "grades": Codes.of(["A"] * count, GRADES),
        "rank": np.arange(count, dtype=float),
        "owners": np.full(count, NOBODY),
        "past": np.full(count, NOBODY),
    }
    return assign(**{**usual, **given}, managers=team)


def test_the_least_full_comes_next() -> None:
    found = one(6, [Places("small", 4), Places("large", 8)])
    assert np.bincount(found.manager).tolist() == [2, 4], "both are half full"


def test_the_largest_get_the_places_and_the_first_grade_comes_first() -> None:
    found = one(4, [Places("m", 2)], grades=Codes.of(["B", "A", "A", "A"], GRADES), rank=np.array([99.0, 1, 2, 3]))
    assert found.manager.tolist() == [NOBODY, NOBODY, 0, 0]
    assert [WHYS[n] for n in found.why] == ["no_room", "no_room", "load", "load"]


def test_who_sold_before_comes_first_and_may_be_switched_off() -> None:
    team, past = [Places("a", 9), Places("b", 9)], np.array([1, 1, 1])
    assert one(3, team, past=past).manager.tolist() == [1, 1, 1]
    assert sorted(one(3, team, past=past, history=False).manager.tolist()) == [0, 0, 1]


@pytest.mark.parametrize(("region", "says"), [("North", "region"), ("East", ""), (None, "region")])
def test_why_somebody_does_not_fit(region: str | None, says: str) -> None:
    assert Places("m", 1, ("East",)).misfit(region, "zh", "A") == says


def test_a_million_customers_and_a_thousand_managers() -> None:
    count = 1_000_000
    chance = np.random.default_rng(1)
    team = [Places(f"m{n}", 200, (REGIONS[n % 3],), (), ()) for n in range(1_000)]
    found = one(
        count,
        team,
        regions=Codes(chance.integers(-1, 3, count), REGIONS),
        languages=Codes(chance.integers(-1, 2, count), LANGUAGES),
        grades=Codes(chance.integers(0, 2, count), GRADES),
        past=chance.integers(-1, 1_000, count),
    )
    assert np.bincount(found.manager[found.manager >= 0]).tolist() == [200] * 1_000
