"""Requests computed together answer what each alone answers."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from engine.coalesce import Coalescer
from engine.errors import FeatureError
from engine.service import Engine
from tests.small_store import AS_OF
from tests.trust.company import company


def rows(dice: random.Random) -> list[dict[str, Any]]:
    return [
        {
            "orders.count_365d": dice.randint(0, 40),
            "orders.amount_365d": dice.randint(0, 10**6) / 100,
            "orders.recency_days": dice.randint(0, 400),
        }
        for _ in range(dice.choice([1, 1, 1, 3]))
    ]


def test_together_as_alone_and_a_wrong_one_harms_nobody(sqlite_url: str) -> None:
    company(sqlite_url, customers=60)
    with Engine.open(sqlite_url) as engine:
        engine.run(AS_OF)
        evaluator, coalescer = engine._evaluator, Coalescer()
        asked = [rows(random.Random(n)) for n in range(160)]
        for n in range(0, 160, 16):
            asked[n] = [{"orders.cuont": 1}]
        gate = Barrier(16)

        def ask(n: int) -> Any:
            gate.wait()
            try:
                return coalescer.of_features(evaluator, asked[n])
            except FeatureError as error:
                return str(error)

        with ThreadPoolExecutor(16) as pool:
            together = list(pool.map(ask, range(160)))
        for n, found in enumerate(together):
            if n % 16 == 0:
                with pytest.raises(FeatureError, match=r"orders\.cuont"):
                    evaluator.of_features(asked[n])
                assert "orders.cuont" in found
            else:
                assert found == evaluator.of_features(asked[n])
        assert not coalescer._busy
        assert not coalescer._waiting
