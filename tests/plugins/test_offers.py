"""The offers policy: which offers are open, what is refused, and the contract."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from marshmallow import ValidationError

from engine.testing import contract_tests
from plugins.offers import Offers

LOYAL = {"key": "loyal", "when": {"feature": "orders.count", "op": ">=", "value": 5}, "kind": "amount", "value": 12.5, "budget": 100}
GONE = {"key": "gone", "when": {"feature": "orders.days_since_last", "op": ">", "value": 90}, "kind": "share", "value": 0.125, "most": 20}

TestContract = contract_tests(Offers, {}, {"offers": [LOYAL, GONE]})


def test_the_set_of_open_offers_and_what_they_are_worth() -> None:
    policy = Offers({"offers": [LOYAL, GONE]})
    columns: dict[str, Any] = {"orders.count": np.array([5.0, 1, 9, np.nan]), "orders.days_since_last": np.array([1.0, 91, 91, np.nan])}
    assert policy.apply(columns, None)["open"].tolist() == [0b01, 0b10, 0b11, 0]
    loyal, gone = policy.offers(2)
    assert (loyal.value, loyal.budget, gone.value, gone.most) == (1250, 10_000, 1250, 2000)
    assert gone.saves(10_000) == 1250
    assert Offers({"offers": [LOYAL]}).offers(0)[0].value == 12


@pytest.mark.parametrize(
    "wrong",
    [
        {**GONE, "value": 1.5},
        {**LOYAL, "kind": "points"},
        {**LOYAL, "first": "2026-02-02", "last": "2026-02-01"},
        {**LOYAL, "key": "Loyal"},
        {**LOYAL, "value": 0},
        {**LOYAL, "when": {}},
    ],
)
def test_what_cannot_be_meant_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Offers({"offers": [wrong]})


def test_a_key_stands_once() -> None:
    with pytest.raises(ValidationError, match="stands twice"):
        Offers({"offers": [LOYAL, LOYAL]})
