"""What the lifecycle draws: how many customers came back how often, and how many are in each stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine import Picture, Text
from plugins.lifecycle.stages import KEYS

ORDERS, SALES = "orders.count", "orders.amount"
STEPS = (1, 2, 3, 6, 10)
"""Orders at which the funnel is measured: the second order is where most customers are lost."""


def _funnel(columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """One row per step: at least so many orders (x), and the customers who have placed them; nothing where orders are not known."""
    if ORDERS not in columns:
        return {"x": np.array([], dtype=np.int64), "customers": np.array([], dtype=np.int64)}
    orders = columns[ORDERS][columns["stage"].codes >= 0]
    return {"x": np.array(STEPS), "customers": np.array([np.count_nonzero(orders >= step) for step in STEPS])}


def _stages(columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> Mapping[str, Any]:
    codes = columns["stage"].codes
    here = codes >= 0
    drawn: dict[str, Any] = {"label": np.array(KEYS), "customers": np.bincount(codes[here], minlength=len(KEYS))}
    if SALES in columns:
        drawn["amount"] = np.bincount(codes[here], weights=np.nan_to_num(columns[SALES][here]), minlength=len(KEYS))
    return drawn


PICTURES = (
    Picture("funnel", "orders", Text("Customers by number of orders", "按订单数统计的客户"), _funnel, needs=(ORDERS,), of={"x": ORDERS}),
    Picture(
        "distribution", "stages", Text("Lifecycle stages", "生命周期阶段"), _stages, needs=(SALES,), of={"label": "stage", "amount": SALES}
    ),
)
