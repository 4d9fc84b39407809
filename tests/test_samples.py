"""Random customers hang together as real ones do, and fit the kinds that a policy is promised."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.builtin_features import BUILT_IN
from engine.columns import Codes, missing
from engine.samples import sample_columns


def sampled(*inputs: str, rows: int = 2000, seed: int = 1, **more: Any) -> dict[str, Any]:
    return sample_columns(inputs, rows, np.random.default_rng(seed), **more)


@pytest.mark.parametrize("feature", BUILT_IN, ids=lambda feature: feature.name)
def test_every_built_in_feature_gets_a_column_of_its_kind(feature: Any) -> None:
    column = sampled(f"{feature.name}?" if feature.nullable else feature.name)[feature.name]
    assert isinstance(column, Codes if feature.dtype == "text" else np.ndarray)
    assert len(column) == 2000
    assert missing(column).any() == feature.nullable
    if isinstance(column, np.ndarray) and feature.minimum is not None:
        assert np.nanmin(column) >= feature.minimum


def test_features_of_one_source_hang_together() -> None:
    c = sampled(
        "orders.count", "orders.recency_days?", "orders.tenure_days?", "orders.count_90d", "orders.amount", "orders.amount_90d", seed=3
    )
    nobody = c["orders.count"] == 0
    assert 0 < nobody.sum() < 2000
    assert np.isnan(c["orders.recency_days"][nobody]).all()
    assert (c["orders.amount"][nobody] == 0).all()
    assert (c["orders.count_90d"] <= c["orders.count"]).all()
    assert (c["orders.amount_90d"] <= c["orders.amount"]).all()
    known = ~np.isnan(c["orders.recency_days"]) & ~np.isnan(c["orders.tenure_days"])
    assert (c["orders.recency_days"][known] <= c["orders.tenure_days"][known]).all()
    assert (c["orders.count_90d"][known & (c["orders.recency_days"] <= 90)] > 0).all()


def test_required_inputs_are_never_missing_and_counts_stay_whole() -> None:
    c = sampled("orders.recency_days", "orders.count", "profile.region", "profile.birthday")
    assert not any(missing(column).any() for column in c.values())
    assert c["orders.count"].dtype == np.int64
    assert sampled("orders.count?")["orders.count"].dtype == np.float64


def test_net_amounts_go_below_zero() -> None:
    assert sampled("orders.net_amount")["orders.net_amount"].min() < 0


@pytest.mark.parametrize(
    ("values", "present"),
    [
        (["gold", "silver", None], {"gold", "silver"}),
        ([1, 2.5, None], {1.0, 2.5}),
        ([True, False, None], {0, 1}),
        ([np.datetime64("2024-02-29"), None], {np.datetime64("2024-02-29").item()}),
    ],
)
def test_examples_are_drawn_from(values: list[Any], present: set[Any]) -> None:
    column = sampled("custom.x?", examples={"custom.x": values})["custom.x"]
    known = column[~missing(column)]
    assert set(known.texts() if isinstance(known, Codes) else known.tolist()) == present
    assert missing(column).any()
    assert not missing(sampled("custom.x", examples={"custom.x": values})["custom.x"]).any()


def test_the_same_seed_gives_the_same_customers() -> None:
    one, other = sampled("orders.amount?"), sampled("orders.amount?")
    assert one["orders.amount"].tobytes() == other["orders.amount"].tobytes()
