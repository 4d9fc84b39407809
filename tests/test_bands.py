"""Edges and cut-offs against slow, plain calculations; bands against counting."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import bands
from engine.errors import PluginError

CENTS = st.lists(st.integers(-500, 3000), min_size=1, max_size=40)
VALUES = st.lists(st.integers(-20, 20).map(lambda n: n / 4), min_size=1, max_size=60)
SHARES = st.sampled_from([[0.8], [0.8, 0.95], [0.5, 0.7, 0.9], [0.1, 0.2, 0.3, 0.4, 0.5, 0.999]])
CROSSINGS = ("lower", "upper", "own")


def array(values: Any) -> Any:
    return np.array(values, dtype=np.float64)


def plain_linear(values: list[float], share: Fraction) -> float:
    """Type 7: position (n - 1) * share between the sorted values."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return float(Fraction(ordered[low]) + (place - low) * (Fraction(ordered[high]) - Fraction(ordered[low])))


@given(VALUES, st.integers(2, 9))
def test_linear_edges_are_interpolated(values: list[float], count: int) -> None:
    expected = [plain_linear(values, Fraction(i, count)) for i in range(1, count)]
    assert bands.quantile_edges(array(values), count) == pytest.approx(expected)


@given(VALUES, st.integers(2, 9))
def test_observed_edges_are_the_smallest_value_with_the_share_below(values: list[float], count: int) -> None:
    for i, edge in enumerate(bands.quantile_edges(array(values), count, edges="observed"), 1):
        share = Fraction(i, count) * len(values)
        assert edge == min(value for value in values if sum(other <= value for other in values) >= share)


def test_nobody_has_no_quantiles() -> None:
    with pytest.raises(PluginError, match="nobody has a value"):
        bands.quantile_edges(array([]), 5)


@given(VALUES, st.lists(st.integers(-20, 20).map(lambda n: n / 4), min_size=1, max_size=40, unique=True).map(sorted))
def test_a_band_counts_the_edges_below(values: list[float], edges: list[float]) -> None:
    plain = [1 + sum(edge < value for edge in edges) for value in values]
    assert bands.band(array(values), edges).tolist() == plain
    assert bands.band(array(values), edges, reverse=True).tolist() == [len(edges) + 2 - number for number in plain]


def test_a_value_on_an_edge_stays_in_the_lower_interval() -> None:
    assert bands.band(array([1, 2, 3]), [1, 2]).tolist() == [1, 2, 3]
    assert bands.band(array([30, 31]), [30], reverse=True).tolist() == [2, 1]


def test_heavy_ties_leave_bands_empty_instead_of_being_torn() -> None:
    values = array([1] * 90 + [2] * 5 + [3] * 5)
    edges = bands.quantile_edges(values, 5)
    assert edges == [1, 1, 1, 1]
    assert np.unique(bands.band(values, edges), return_counts=True)[1].tolist() == [90, 10]


@given(VALUES, st.integers(2, 9), st.booleans())
def test_the_interval_of_a_band_holds_exactly_its_values(values: list[float], count: int, reverse: bool) -> None:
    edges = bands.quantile_edges(array(values), count, edges="observed")
    for value, number in zip(values, bands.band(array(values), edges, reverse=reverse).tolist(), strict=True):
        above, up_to = bands.interval(edges, number, reverse=reverse)
        assert above is None or value > above
        assert up_to is None or value <= up_to


@pytest.mark.parametrize(
    ("interval", "en", "zh"),
    [
        ((None, None), "any value", "任意值"),
        ((None, 30.0), "up to 30", "不超过 30"),
        ((1234.5, None), "more than 1,234.5", "超过 1,234.5"),
        ((30.0, 250.19400000000002), "more than 30, up to 250.194", "超过 30，不超过 250.194"),
    ],
)
def test_an_interval_is_said_in_both_languages(interval: tuple[float | None, float | None], en: str, zh: str) -> None:
    words = bands.words(*interval)
    assert (words.en, words.zh) == (en, zh)


def plain_cutoffs(cents: list[int], shares: list[float], crossing: str) -> list[float]:
    """Add group after group of equal amounts, largest first, in exact arithmetic."""
    amounts = sorted({value for value in cents if value > 0}, reverse=True)
    total = sum(value for value in cents if value > 0)
    cutoffs, inside, reached, before = [], 0, 0, Fraction(0)
    for share in map(Fraction, map(str, shares)):
        limit = share * total if crossing != "own" else reached + (share - before) * total
        while inside < len(amounts):
            group = amounts[inside] * cents.count(amounts[inside])
            if reached + group > limit if crossing == "lower" else reached >= limit:
                break
            reached, inside = reached + group, inside + 1
        before = share
        cutoffs.append(amounts[inside - 1] / 100 if inside else bands.NOBODY)
    return cutoffs


@given(CENTS, SHARES, st.sampled_from(CROSSINGS))
def test_cutoffs_equal_adding_up_one_by_one(cents: list[int], shares: list[float], crossing: Any) -> None:
    assert bands.share_cutoffs(array(cents) / 100, shares, crossing=crossing) == plain_cutoffs(cents, shares, crossing)


@given(CENTS, SHARES, st.sampled_from(CROSSINGS), st.randoms())
def test_cutoffs_depend_on_no_order_and_fit_json(cents: list[int], shares: list[float], crossing: Any, random: Any) -> None:
    expected = bands.share_cutoffs(array(cents) / 100, shares, crossing=crossing)
    random.shuffle(cents)
    assert bands.share_cutoffs(array(cents) / 100, shares, crossing=crossing) == expected
    assert json.loads(json.dumps(expected, allow_nan=False)) == expected
    assert expected == sorted(expected, reverse=True)


@pytest.mark.parametrize(("crossing", "cutoffs"), [("lower", [30.0, 10.0]), ("upper", [30.0, 10.0]), ("own", [30.0, 10.0])])
def test_a_cut_that_is_met_exactly_is_the_same_in_all_treatments(crossing: Any, cutoffs: list[float]) -> None:
    assert bands.share_cutoffs(array([50, 30, 10, 5, 5]), [0.8, 0.9], crossing=crossing) == cutoffs


@pytest.mark.parametrize(("crossing", "cutoffs"), [("lower", [60.0, 25.0]), ("upper", [25.0, 10.0]), ("own", [25.0, 5.0])])
def test_the_crossing_customer_is_placed_as_asked(crossing: Any, cutoffs: list[float]) -> None:
    assert bands.share_cutoffs(array([60, 25, 10, 5]), [0.7, 0.9], crossing=crossing) == cutoffs


def test_own_shares_count_anew_after_the_class_above() -> None:
    amounts = array([70, 13, 4, 4, 3, 3, 3])  # A reaches 83 of 100 and has taken 3 of what B was to hold
    assert bands.share_cutoffs(amounts, [0.8, 0.9], crossing="upper") == [13, 4]
    assert bands.share_cutoffs(amounts, [0.8, 0.9], crossing="own") == [13, 3]


def test_one_customer_who_is_everything_is_outside_below_and_inside_above() -> None:
    assert bands.share_cutoffs(array([100]), [0.8]) == [bands.NOBODY]
    assert bands.share_cutoffs(array([100]), [0.8], crossing="upper") == [100]


@pytest.mark.parametrize("crossing", CROSSINGS)
@pytest.mark.parametrize("values", [[], [0, 0], [-5, 0]])
def test_without_a_positive_amount_nobody_is_inside(values: list[float], crossing: Any) -> None:
    assert bands.share_cutoffs(array(values), [0.8, 0.95], crossing=crossing) == [bands.NOBODY] * 2


def test_negative_amounts_do_not_enlarge_the_others() -> None:
    assert bands.share_cutoffs(array([80, 20, -1000]), [0.8]) == bands.share_cutoffs(array([80, 20]), [0.8]) == [80]


def test_sums_beyond_64_bits_are_exact() -> None:
    large = array([4e14] * 3 + [1e14])
    assert bands.share_cutoffs(large, [0.95]) == [4e14]
    assert bands.share_cutoffs(np.repeat(array([4e14, 1e14]), [50_000, 50_000]), [0.8]) == [4e14]


def test_a_value_too_large_to_sum_is_refused() -> None:
    with pytest.raises(PluginError, match=r"1e\+300 is too large"):
        bands.share_cutoffs(array([1e300]), [0.8])


@given(st.lists(st.integers(0, 6), min_size=1, max_size=40), st.sampled_from([[0.1, 0.3, 0.6], [0.5], [0.01, 0.99]]))
def test_the_best_share_of_customers(values: list[int], shares: list[float]) -> None:
    """Against counting: the upper cut is the highest value at or above which at least the share lies; the lower at most."""
    for crossing in ("upper", "lower"):
        cutoffs = bands.top_cutoffs(np.array(values, dtype=float), shares, crossing=crossing)  # type: ignore[arg-type]
        for share, cutoff in zip(shares, cutoffs, strict=True):
            enough = Fraction(str(share)) * len(values)
            inside = {value: sum(other >= value for other in values) for value in set(values)}
            fitting = [v for v, n in inside.items() if (n >= enough if crossing == "upper" else n <= enough)]
            expected = max(fitting) if crossing == "upper" else min(fitting, default=None)
            assert cutoff == (bands.NOBODY if expected is None else expected)
