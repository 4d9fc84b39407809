"""Measure the points of a large programme: `python bench/loyalty.py [MEMBERS]` (default 1,000,000); PostgreSQL with --url.

The first posting gives a year of sales their points; the day after brings 1 % of the members new sales, and one in twenty of these a
return. Then one account is redeemed from by four processes at once, each act timed in its process. Levels of a day are measured
by bench/membership.py.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from sqlalchemy import text

from engine import clock
from engine.service import Engine
from engine.store.bulk import insert_columns
from engine.store.facts import init_settings, next_fact_seq
from engine.store.session import Store

DAY = 86_400
WRITERS, ACTS = 4, 500
BOOK = {
    "name": "Bench",
    "policies": [{"key": "points", "type": "points", "params": {"expiry": "year_end", "hold_days": 14, "birthday": 2}}],
}


def fill(url: str, members: int) -> None:
    """Members with two sales of the last year each."""
    random = np.random.default_rng(3)
    now = clock.now()
    with Store.open(url) as store:
        init_settings(store, "Asia/Shanghai", "CNY", 2)
        with store.write() as connection:
            seq = next_fact_seq(connection)
            connection.execute(text("insert into source (id, name) values (1, 'bench')"))
            connection.execute(text("insert into import_batch (id, kind, source_id, file, mapping, actor, started_at, rows, created, updated, unchanged, rejected, ignored, fact_seq) values (1, 'orders', 1, 'f', 'm', 'a', 0, 0, 0, 0, 0, 0, 0, 0)"))  # fmt: skip
            ids = np.arange(1, members + 1)
            one = np.ones(members, np.int64)
            names = np.char.add("M", ids.astype(str)).astype(object)
            insert_columns(connection, "customer", {"id": ids, "key_hash": random.permutation(members), "external_id": names, "birth_day": random.integers(0, 12_000, members), "content_hash": one * 0, "batch_id": one, "fact_seq": one * seq})  # fmt: skip
            insert_columns(connection, "alias", {"id": ids, "source_id": one, "external_id": names, "customer_id": ids, "first_customer_id": ids})  # fmt: skip
    sell(url, np.repeat(np.arange(1, members + 1), 2), now - random.integers(0, 365 * DAY, members * 2), first=1)


def sell(url: str, customers: np.ndarray, moments: np.ndarray, *, first: int, refund_of: np.ndarray | None = None) -> None:
    """Sales, or refunds of some."""
    random = np.random.default_rng(first)
    with Store.open(url) as store, store.write() as connection:
        seq = next_fact_seq(connection)
        count = len(customers)
        ids, one = np.arange(first, first + count), np.ones(count, np.int64)
        columns = {"id": ids, "source_id": one, "external_id": np.char.add("O", ids.astype(str)).astype(object), "customer_id": customers, "ordered_at": moments, "ordered_on": moments // DAY, "kind": one * (refund_of is not None), "amount": random.integers(500, 50_000, count) if refund_of is None else one * 300, "content_hash": one * 0, "batch_id": one}  # fmt: skip
        insert_columns(connection, "orders", columns if refund_of is None else {**columns, "refund_of": refund_of})
        connection.execute(
            text("update customer set fact_seq = :seq where id in (select customer_id from orders where id >= :first)"),
            {"seq": seq, "first": first},
        )


def spend(url: str, name: int) -> list[float]:
    """Seconds of each redemption of one process."""
    with Engine.open(url, actor=f"w{name}") as engine:
        engine.points.balance("M1")
        found = []
        for act in range(ACTS):
            began = time.perf_counter()
            engine.points.redeem("M1", 1, key=f"{name}-{act}")
            found.append(time.perf_counter() - began)
    return found


def main() -> None:
    """Print one JSON line."""
    os.environ["TIERWISE_FOUR_EYES"] = "off"
    arguments = [each for each in sys.argv[1:] if not each.startswith("--")]
    members = int(arguments[0]) if arguments else 1_000_000
    given = next((each.partition("=")[2] for each in sys.argv if each.startswith("--url=")), "")
    with tempfile.TemporaryDirectory() as folder:
        url = given or f"sqlite:///{Path(folder) / 'loyalty.db'}"
        fill(url, members)
        with Engine.open(url, actor="bench") as engine:
            engine.publish(BOOK)
            began = time.perf_counter()
            first = engine.points.day()
            year = time.perf_counter() - began
        buyers = np.random.default_rng(5).choice(np.arange(1, members + 1), members // 100, replace=False)
        sell(url, buyers, np.full(len(buyers), clock.now() - 3600), first=members * 2 + 1)
        returned = buyers[::20]
        sell(url, returned, np.full(len(returned), clock.now() - 60), first=members * 4, refund_of=returned * 2)
        with Engine.open(url, actor="bench") as engine:
            began = time.perf_counter()
            day = engine.points.day()
            one_day = time.perf_counter() - began
            engine.points.earn("M1", 10**9, key="hot")
            began = time.perf_counter()
            liability = engine.points.liability()
            whole = time.perf_counter() - began
        with multiprocessing.get_context("spawn").Pool(WRITERS) as pool:
            acts = sorted(second for each in pool.starmap(spend, [(url, name) for name in range(WRITERS)]) for second in each)
        figures = {
            "members": members, "first_posting": first.as_dict(), "first_seconds": round(year, 2), "day": day.as_dict(), "day_seconds": round(one_day, 2),
            "liability_seconds": round(whole, 2), "months": len(liability.months), "acts": len(acts),
            "act_p50_ms": round(1000 * acts[len(acts) // 2], 2), "act_p99_ms": round(1000 * acts[int(len(acts) * 0.99)], 2),
        }  # fmt: skip
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
