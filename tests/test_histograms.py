"""Histograms: everybody counted once, on edges that people would write."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.histograms import histogram, share_histogram

NUMBERS = st.lists(st.floats(-1e9, 1e9, allow_nan=False), min_size=1, max_size=40)
BUSY = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
TINY = st.lists(st.floats(0, 1e-7), min_size=1, max_size=40)
WHOLE = st.lists(st.integers(0, 10**7), min_size=1, max_size=40)


@BUSY
@given(st.one_of(NUMBERS, TINY, WHOLE))
def test_everybody_is_counted_once(values: list[float]) -> None:
    found = histogram(np.array(values))
    assert found is not None
    assert sum(found.counts) == len(values)
    assert len(found.edges) == len(found.counts)
    assert list(found.edges) == sorted(set(found.edges))
    assert (found.least, found.most) == (min(values), max(values))
    for at in range(1, len(found.edges) - 1):
        inside = [value for value in values if found.edges[at] <= value < found.edges[at + 1]]
        assert found.counts[at] == len(inside)


@BUSY
@given(st.one_of(NUMBERS, TINY, WHOLE))
def test_there_are_as_many_bars_as_fit(values: list[float]) -> None:
    found = histogram(np.array(values))
    assert found is not None
    assert len(found.edges) <= 130


@pytest.mark.parametrize(
    ("values", "edges", "logarithmic"),
    [
        ([0, 1, 1, 2], [0, 1, 2, 3], False),
        ([10] * 50 + [1000] * 50, None, True),
        ([0.5] * 20, None, False),
        (list(range(365)), None, False),
    ],
)
def test_the_scale_follows_the_values(values: list[float], edges: list[float] | None, logarithmic: bool) -> None:
    found = histogram(np.array(values))
    assert found is not None
    assert found.logarithmic is logarithmic
    assert edges is None or list(found.edges) == edges


def test_printed_edges() -> None:
    days = histogram(np.arange(365))
    assert days is not None
    assert days.edges[:3] == (0, 10, 20)
    money = histogram(np.geomspace(20, 90_000, 500))
    assert money is not None
    assert {100, 250, 1000, 2500, 10_000} <= set(money.edges)
    assert histogram(np.array([])) is None


@BUSY
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30))
def test_shares_count_everybody(values: list[float]) -> None:
    for share in ("amount", "customers"):
        found = share_histogram(np.array(values), share)
        if found is None:
            assert share == "amount"
            assert sum(values) <= 0
            continue
        assert sum(found.counts) == len(values)
        assert (found.edges[0], len(found.edges)) == (0, 50)


def test_the_share_of_the_largest() -> None:
    found = share_histogram(np.array([80.0, 10, 10, 0]), "amount")
    assert found is not None
    assert [at for at, n in enumerate(found.counts) if n] == [39, 44, 49]
    assert share_histogram(np.array([]), "customers") is None
