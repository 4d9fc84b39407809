"""Guards hold a run that moves too much, and say in words which limit it breaks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.guards import DAY, SMALL_LABEL, Movement, holds, silence
from engine.rulebook import DEFAULT_GUARDS

OPEN: dict[str, Any] = dict.fromkeys(DEFAULT_GUARDS)


def movement(moved: int, of: int = 100, amounts: Any = None, before: Any = None, after: Any = None) -> Movement:
    """The first `moved` of `of` customers move; everybody spends 1 unless told otherwise."""
    flags = np.arange(of) < moved
    return Movement("rfm.segment", flags, np.ones(of) if amounts is None else np.asarray(amounts, dtype=float), before or {}, after or {})


def test_nothing_moved_breaks_nothing() -> None:
    assert holds(DEFAULT_GUARDS, []) == holds(DEFAULT_GUARDS, [movement(0)]) == holds(DEFAULT_GUARDS, [movement(0, of=0)]) == []


def test_the_share_of_customers_is_named() -> None:
    assert holds({**OPEN, "customers": 0.35}, [movement(36)]) == ["rfm.segment would change for 36.0% of the customers; the limit is 35%"]
    assert holds({**OPEN, "customers": 0.35}, [movement(35)]) == []


def test_the_share_of_revenue_counts_refunds_as_much_as_sales() -> None:
    amounts = [-60.0] + [1.0] * 40
    found = holds({**OPEN, "amount": 0.5}, [movement(1, of=41, amounts=amounts)])
    assert found == ["rfm.segment would change for customers with 60.0% of the revenue; the limit is 50%"]
    assert holds({**OPEN, "amount": 0.6}, [movement(1, of=41, amounts=amounts)]) == []
    assert holds({**OPEN, "amount": 0.5}, [movement(3, of=3, amounts=[0, 0, 0])]) == []


@pytest.mark.parametrize(("after", "held"), [(1600, False), (1601, True), (400, False), (399, True), (0, True)])
def test_a_label_may_neither_swell_nor_shrink_too_much(after: int, held: bool) -> None:
    found = holds({**OPEN, "label": 0.6}, [movement(0, before={"champions": 1000}, after={"champions": after} if after else {})])
    assert found == ([f"rfm.segment champions would go from 1,000 to {after:,} customers; the limit is 60% either way"] if held else [])


def test_a_small_label_may_jump() -> None:
    limit = {**OPEN, "label": 0.1}
    assert holds(limit, [movement(0, before={"a": SMALL_LABEL - 1}, after={"a": 1000})]) == []
    assert len(holds(limit, [movement(0, before={"a": SMALL_LABEL}, after={"a": 1000})])) == 1


def test_a_label_that_is_new_has_nothing_to_be_compared_with() -> None:
    assert holds({**OPEN, "label": 0.1}, [movement(0, before={}, after={"new": 1000})]) == []


def test_every_broken_limit_of_every_output_is_told() -> None:
    many = movement(90, before={"a": 100, "b": 100}, after={"a": 10, "b": 190})
    assert len(holds({"customers": 0.1, "amount": 0.1, "label": 0.1}, [many, many])) == 8


@given(st.integers(0, 100), st.floats(0.01, 1), st.floats(0.01, 1))
def test_a_looser_limit_never_holds_more(moved: int, one: float, other: float) -> None:
    tight, loose = sorted((one, other))
    assert len(holds({**OPEN, "customers": loose}, [movement(moved)])) <= len(holds({**OPEN, "customers": tight}, [movement(moved)]))


@given(st.integers(0, 100))
def test_no_limit_holds_nothing(moved: int) -> None:
    assert holds(OPEN, [movement(moved, before={"a": 100}, after={"a": 0})]) == []


NOW = 20_000 * DAY


@pytest.mark.parametrize(
    ("last", "base_last", "found"),
    [
        (NOW - 8 * DAY, NOW - 30 * DAY, ["the newest order is 8 days old; the limit is 7 days, and it was 0.0 at the run before"]),
        (NOW - 7 * DAY, NOW - 30 * DAY, []),
        (NOW - 60 * DAY, NOW - 60 * DAY, []),
        (None, NOW - 30 * DAY, []),
        (NOW - 60 * DAY, None, []),
    ],
    ids=["gone silent", "exactly the limit", "silent before already", "no orders at all", "none at the base run"],
)
def test_orders_that_go_silent_are_told(last: int | None, base_last: int | None, found: list[str]) -> None:
    assert silence({"silent_days": 7}, NOW, last, NOW - 30 * DAY, base_last) == found
    assert silence({"silent_days": None}, NOW, last, NOW - 30 * DAY, base_last) == []
