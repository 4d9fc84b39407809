"""The points policy: the points of a year by rate and level, what is refused, and the contract."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from engine import Codes
from engine.testing import contract_tests
from plugins.points import Points

LEVELS = {"level": "abc.class", "levels": [{"label": "A", "factor": 2}, {"label": "B", "factor": 1.5}]}

TestContract = contract_tests(
    Points, {}, {**LEVELS, "rate": 0.1}, {"expiry": "never", "birthday": 3}, examples={"abc.class": ["A", "B", "C", None]}
)


def test_the_points_of_a_year_by_rate_and_level() -> None:
    columns: dict[str, Any] = {"orders.amount_365d": np.array([100.0, 99.99, 10, -5]), "abc.class": Codes.of(["A", "B", "C", None])}
    assert Points(LEVELS).apply(columns, None)["yearly"].tolist() == [200, 149, 10, 0]
    assert Points({"rate": 0.5}).apply(columns, None)["yearly"].tolist() == [50, 49, 5, 0]


@pytest.mark.parametrize(
    ("params", "at"),
    [
        ({"rate": 0}, "rate"),
        ({"levels": [{"label": "A", "factor": 2}]}, "level"),
        ({**LEVELS, "levels": LEVELS["levels"] * 2}, "levels"),  # type: ignore[operator]
        ({"expiry": "date"}, "expiry_date"),
        ({"expiry": "days", "expiry_days": 0}, "expiry_days"),
        ({"campaigns": [{"first": "2026-02-02", "last": "2026-02-01", "factor": 2}]}, "campaigns"),
        ({"birthday": 0.5}, "birthday"),
        ({"since": "2026-02-30"}, "since"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_place(params: dict[str, Any], at: str) -> None:
    with pytest.raises(ValidationError) as found:
        Points(params)
    assert list(found.value.normalized_messages()) == [at]


@given(
    st.lists(st.tuples(st.integers(0, 10**15), st.integers(1, 2_000 * 2_000)), min_size=1, max_size=20),
    st.integers(1, 10_000),
    st.integers(0, 4),
)
def test_the_points_of_sales_are_exact_at_any_size(sales: list[tuple[int, int]], rate: int, digits: int) -> None:
    earning = Points({"rate": rate / 100}).earning()
    base, factors = (np.array(part, np.int64) for part in zip(*sales, strict=True))
    exact = [min(amount * rate * factor // (10**digits * 10**8), 10**12) for amount, factor in sales]
    assert earning.points(base, factors, digits).tolist() == exact
