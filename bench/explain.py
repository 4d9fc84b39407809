"""How long it takes to explain one customer: every policy, a named outcome, the facts behind a feature, a replay.

tierwise demo && python bench/explain.py sqlite:///.demo/tierwise.db
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from engine.service import Engine

CUSTOMERS = 200


def timed(ask: Callable[[str], object], ids: list[str]) -> str:
    """Median and 95th percentile over customers spread over the store."""
    seconds = []
    for number in range(CUSTOMERS):
        started = time.perf_counter()
        ask(ids[(number * 97 + 5) % len(ids)])
        seconds.append(time.perf_counter() - started)
    seconds.sort()
    return f"p50 {seconds[CUSTOMERS // 2] * 1e3:6.1f} ms   p95 {seconds[CUSTOMERS * 95 // 100] * 1e3:6.1f} ms"


def main(url: str) -> None:
    """Print one line per question."""
    with Engine.open(url, create=False) as engine:
        ids = engine.assignments("abc")["customer"].tolist()
        started = time.perf_counter()
        engine.explain(ids[0])
        print(f"first customer, run opened   {(time.perf_counter() - started) * 1e3:6.0f} ms")
        run = engine.run_record().id
        for name, ask in (
            ("all policies", lambda customer: engine.explain(customer)),
            ("rfm, to champions", lambda customer: engine.explain(customer, "rfm", to="champions")),
            ("abc, to A", lambda customer: engine.explain(customer, "abc", to="A")),
            ("lifecycle, to loyal", lambda customer: engine.explain(customer, "lifecycle", to="loyal")),
            ("all policies, --run", lambda customer: engine.explain(customer, run_id=run)),
            ("facts behind a feature", lambda customer: engine.evidence(customer, "orders.amount_365d")),
        ):
            print(f"{name:28} {timed(ask, ids)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
