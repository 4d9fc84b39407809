"""Ask for lists of customers as the console does, again and again, and print how long they take.

    python bench/lists.py --store /data/bench.db [--rounds 20]

The store is one that has run (bench/compare.py leaves some). Printed are the first reading of the register (no file is
kept yet), what another process waits when it maps the file, and for each kind of list the first answer, the median and the 95th percentile.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from measure import machine

from engine.service import Engine
from engine.store import register, register_file

LISTS: dict[str, dict[str, Any]] = {
    "everybody, first page": {},
    "everybody, page 15,000": {"page": 15_000},
    "one label": {"filters": ["abc.class=A"]},
    "one label, by sales": {"filters": ["abc.class=A"], "sort": "-orders.amount"},
    "two labels and kind": {"filters": ["abc.class=A|B", "rfm.segment!=champions", "profile.kind=company"]},
    "everybody, by sales": {"sort": "-orders.amount_365d"},
    "everybody, by name": {"sort": "name"},
    "sales at least 1,000, by days": {"filters": ["orders.amount_365d>=1000"], "sort": "orders.recency_days"},
    "search, many found": {"search": "99"},
    "search, few found": {"search": "123456"},
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, required=True, help="an SQLite store that has run")
    parser.add_argument("--rounds", type=int, default=20, help="how often each list is asked for (default 20)")
    options = parser.parse_args()
    print(machine())
    with Engine.open(f"sqlite:///{options.store}") as engine:
        register_file.clear(engine.store.cache_dir)
        for words in ("register read from the store", "register mapped from its file"):
            register.forget(engine.store)
            seconds, cpu = timed(lambda: engine.customers.count(engine.customers.asked_for({})))
            print(f"{words:34s} {seconds:7.2f} s ({cpu:.2f} s of it computing)")
        taken = []
        for name, given in LISTS.items():
            asked = [
                timed(lambda given=given: engine.customers.list(engine.customers.asked_for(given)))[0] * 1000 for _ in range(options.rounds)
            ]  # type: ignore[misc]
            taken += asked[1:]
            print(f"{name:34s} first {asked[0]:6.0f} ms, median {np.median(asked):6.0f} ms, p95 {np.percentile(asked[1:], 95):6.0f} ms")
        print(f"{'all lists but the first answers':34s} median {np.median(taken):6.0f} ms, p95 {np.percentile(taken, 95):6.0f} ms")
        moves = [timed(lambda: engine.customers.moves("abc.class"))[0] * 1000 for _ in range(5)]
        print(f"{'changes of a run':34s} first {moves[0]:6.0f} ms, then {np.median(moves[1:]):6.0f} ms")


def timed(do: Any) -> tuple[float, float]:
    """Seconds on the wall and of the processor."""
    begun, used = time.perf_counter(), time.process_time()
    do()
    return time.perf_counter() - begun, time.process_time() - used


if __name__ == "__main__":
    main()
