"""Measure what the page of results reads: `python bench/pictures.py DATABASE_URL`. Nothing is written.

The store needs two visible runs and the policies rfm, abc and lifecycle. "again" is the same verb once more, "open" with the columns of
the run in memory but no picture remembered.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from typing import Any

from measure import machine

from engine import Engine, pictures


def timed(name: str, verb: Callable[[], Any], times: int = 1) -> Any:
    """Call a verb so many times and print the median."""
    taken, found = [], None
    for _ in range(times):
        started = time.perf_counter()
        found = verb()
        taken.append(time.perf_counter() - started)
    print(f"{name:32}{1000 * sorted(taken)[len(taken) // 2]:10.1f} ms", flush=True)
    return found


def main() -> None:
    """Measure and print."""
    with Engine.open(sys.argv[1], create=False) as engine:
        print(machine())
        second = engine.run_record()
        print(f"{second.customers:,} customers")
        verbs, first = engine.pictures, second.base_run_id
        assert first is not None
        timed("pictures of a run, cold", verbs.of_run)
        timed("again", verbs.of_run, 20)
        pictures.forget()
        timed("open", verbs.of_run)
        timed("flow between two runs, cold", lambda: verbs.flow("rfm.segment", first))
        timed("again", lambda: verbs.flow("rfm.segment", first), 5)
        timed("trend", lambda: verbs.trend("rfm.segment"), 20)
        timed("behind a label", lambda: verbs.members([("abc.class", "=", "A")]), 9)
        timed("behind a cell", lambda: verbs.members([("rfm.r", "=", 5), ("rfm.f", "=", 5)]), 9)
        timed("behind everything", lambda: verbs.members([]), 5)
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:,} MB")


if __name__ == "__main__":
    main()
