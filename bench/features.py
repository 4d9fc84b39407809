"""Time reading features of every customer from a store: what a run reads, and what single features cost.

    python bench/features.py sqlite:///store.db [--as-of EPOCH] [--times 3]

Prints one JSON line per read: seconds of the best of some reads, rows, and memory. The file cache is left out.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from collections.abc import Sequence

from sqlalchemy import func, select

from engine.catalogue import Catalogue, Feature
from engine.policy import Text
from engine.store import feature_cache
from engine.store.features import read_features, read_one
from engine.store.models import customer, orders
from engine.store.session import Store

RUN = [
    "orders.count_365d",
    "orders.amount_365d",
    "orders.amount",
    "orders.count",
    "orders.recency_days",
    "orders.tenure_days",
    "orders.gap_days_90d",
]
STORE = {"feature": "store", "op": "is_missing"}
READS: dict[str, Sequence[str]] = {
    "what the three policies read": RUN,
    "customers only": ["profile.region"],
    "sales and refunds": ["orders.net_amount", "orders.refund_count"],
    "gap, no window": ["orders.gap_days"],
    "gap, 90 days": ["orders.gap_days_90d"],
    "purchase days": ["orders.purchase_days"],
    "mean interval": ["orders.interval_days"],
    "median interval": ["orders.interval_median_days"],
    "24 windows": [f"orders.{measure}_{days}d" for days in range(30, 390, 30) for measure in ("count", "amount")],
    "filter outside the index": ["orders.no_store"],
}


def main() -> None:
    """Read the arguments and time every read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--as-of", type=int)
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    catalogue = Catalogue.built_in().with_features([Feature("orders.no_store", "orders", "count", Text("No store", "无门店"), where=STORE)])
    with Store.open(given.url, create=False) as store:
        with store.read() as connection:
            as_of = given.as_of or connection.scalar(select(func.max(orders.c.ordered_at)))
            some = list(connection.scalars(select(customer.c.id).order_by(customer.c.id).limit(500)))
        for title, names in READS.items():
            print(json.dumps({"read": title, **_best(store, names, as_of, catalogue, given.times)}), flush=True)
        _one(store, as_of, catalogue, some)


def _best(store: Store, names: Sequence[str], as_of: int, catalogue: Catalogue, times: int) -> dict[str, object]:
    seconds = []
    for _ in range(times):
        feature_cache.clear(store.cache_dir)
        start = time.perf_counter()
        table, _ = read_features(store, names, as_of, catalogue=catalogue)
        seconds.append(time.perf_counter() - start)
    start = time.perf_counter()
    read_features(store, names, as_of, catalogue=catalogue)
    mapped = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {
        "best": round(min(seconds), 3),
        "median": round(statistics.median(seconds), 3),
        "mapped": round(mapped, 3),
        "rows": len(table),
        "rss_gb": round(memory, 2),
    }


def _one(store: Store, as_of: int, catalogue: Catalogue, customers: Sequence[int]) -> None:
    seconds = []
    for number in customers:
        start = time.perf_counter()
        read_one(store, number, RUN, as_of, catalogue=catalogue)
        seconds.append((time.perf_counter() - start) * 1000)
    cuts = statistics.quantiles(seconds, n=100)
    print(json.dumps({"read": "one customer", "p50_ms": round(cuts[49], 3), "p99_ms": round(cuts[98], 3)}))


if __name__ == "__main__":
    main()
