"""Ranges: sets of numbers against plain Python, on arrays, on finer grids and in complement."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.ranges import Ranges, Span, bins

POINTS = [-1, 0, 0.5, 1, 2, 3]


@st.composite
def spans(draw: st.DrawFn) -> Span:
    low, high = sorted((draw(st.sampled_from(POINTS)), draw(st.sampled_from(POINTS))))
    if low == high:
        return Span(low, True, high, True)
    return Span(draw(st.sampled_from([low, None])), draw(st.booleans()), draw(st.sampled_from([high, None])), draw(st.booleans()))


VALUES = np.array([-2, -1, -0.5, 0, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4, np.inf, -np.inf, np.nan])


@given(st.lists(spans(), max_size=12))
def test_a_set_holds_what_its_spans_hold(parts: list[Span]) -> None:
    ranges = Ranges.of(parts)
    expected = [any(value in part for part in parts) for value in VALUES.tolist()]
    assert [bool(value in ranges) for value in VALUES[:-1].tolist()] == expected[:-1]
    assert ranges.mask()(VALUES).tolist() == [*expected[:-1], False]
    assert ranges._lookup(False)(VALUES).tolist() == [*expected[:-1], False] or not ranges.cuts
    assert ranges.complement().mask()(VALUES).tolist() == [*(not inside for inside in expected[:-1]), False]
    assert Ranges.of(ranges.spans()) == ranges


@given(st.lists(spans(), max_size=4))
def test_a_finer_grid_keeps_the_set(parts: list[Span]) -> None:
    ranges, grid = Ranges.of(parts), np.array(POINTS)
    assert ranges.on(grid)[bins(VALUES[:-1], grid)].tolist() == ranges.mask()(VALUES[:-1]).tolist()


def test_dates_are_days() -> None:
    days = np.array(["1970-01-01", "1970-01-02", "1970-01-03", "NaT"], dtype="datetime64[D]")
    assert Ranges.of([Span(1, True, None, False)]).mask(dates=True)(days).tolist() == [False, True, True, False]
    points = Ranges.of(Span(day, True, day, True) for day in range(0, 30, 2))
    assert points.mask(dates=True)(days).tolist() == [True, False, True, False]


def test_the_empty_and_the_full_set() -> None:
    nothing, everything = Ranges.of([]), Ranges.of([Span(None, False, None, False)])
    assert nothing.mask()(VALUES).sum() == 0
    assert everything.mask()(VALUES).tolist() == [True] * 15 + [False]
    assert everything == nothing.complement()
