"""Measure the built-in policies on random customers: `python bench/policies.py [CUSTOMERS]`.

Prints seconds per million for fit, apply and the check of the outputs (best of five, one thread), then policy
evaluations per second as the sum over the policies divided by the seconds of all, with and without the check.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from engine.columns import freeze
from engine.outputs import check_outputs
from engine.policy import Policy
from plugins.abc import ABC
from plugins.lifecycle import Lifecycle
from plugins.rfm import RFM

POLICIES: list[tuple[str, Policy]] = [
    ("rfm", RFM()),
    ("abc", ABC()),
    ("lifecycle", Lifecycle()),
    ("rfm nested", RFM({"binning": "nested"})),
    ("lifecycle rhythm", Lifecycle({"basis": "rhythm"})),
]


def customers(rows: int, seed: int = 1) -> dict[str, Any]:
    """Customers of whom 15 % never bought, with ties in counts and a heavy tail in amounts."""
    random = np.random.default_rng(seed)
    count = random.geometric(0.2, rows) * (random.random(rows) > 0.15)
    bought = count > 0
    tenure = np.where(bought, random.integers(0, 1500, rows), np.nan)
    recency = np.floor(tenure * random.random(rows) ** count)
    in_window = np.where(recency < 365, np.ceil(count * np.minimum(1, 365 / (tenure + 1))), 0).astype(np.int64)
    average = random.lognormal(4, 1, rows)
    return {
        "orders.recency_days": recency,
        "orders.tenure_days": tenure,
        "orders.count": count,
        "orders.count_365d": in_window,
        "orders.amount": np.round(count * average, 2),
        "orders.amount_365d": np.round(in_window * average, 2),
        "orders.gap_days": np.where(count > 1, random.integers(0, 400, rows), np.nan),
        "orders.gap_days_90d": np.where((count > 1) & (recency < 90), random.integers(0, 400, rows), np.nan),
        "orders.purchase_days": count,
        "orders.interval_days": np.where(count > 1, np.round((tenure - recency) / np.maximum(count - 1, 1), 2), np.nan),
    }


def best(action: Callable[[], Any], times: int = 5) -> tuple[float, Any]:
    """The shortest of several times, and the last result."""
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        result = action()
        seconds.append(time.perf_counter() - started)
    return min(seconds), result


def evaluate(policy: Policy, one: Any, state: Any) -> Any:
    """One customer, outputs checked."""
    return check_outputs(policy, policy.apply(one, state), 1)


def main() -> None:
    """Measure and print."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    columns = freeze(customers(rows))
    one = {name: column[:1] for name, column in columns.items()}
    sums = {"apply": 0.0, "check": 0.0}
    print(f"{rows:,} customers     fit      apply    check    one customer")
    for name, policy in POLICIES:
        fit, state = best(partial(policy.fit, columns), 2)
        state = json.loads(json.dumps(state))
        apply, result = best(partial(policy.apply, columns, state))
        check, _ = best(partial(check_outputs, policy, result, rows))
        single, _ = best(partial(evaluate, policy, one, state), 200)
        print(f"{name:18} {fit:8.3f} s {apply:8.4f} {check:8.4f} s {single * 1e3:8.3f} ms")
        if name in ("rfm", "abc", "lifecycle"):
            sums["apply"] += apply
            sums["check"] += check
    print(f"rfm + abc + lifecycle: {3 * rows / sums['apply'] / 1e6:.0f} M policy evaluations/s by apply alone,", end=" ")
    print(f"{3 * rows / (sums['apply'] + sums['check']) / 1e6:.0f} M/s with the outputs checked")


if __name__ == "__main__":
    main()
