"""Measure what only the whole population can answer: `python bench/insight.py DATABASE_URL`. Nothing is written.

The store needs two visible runs. Wall and processor seconds are printed, because the second stand still on a busy machine.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from typing import Any

from measure import machine
from simulate import changed

from engine import Engine


def processor() -> float:
    """Processor seconds of this process and of those it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def timed(name: str, verb: Callable[[], Any]) -> Any:
    """Call a verb and print what it took."""
    started, before = time.perf_counter(), processor()
    found = verb()
    print(f"{name:24}{time.perf_counter() - started:8.2f} s wall {processor() - before:8.2f} s processor", flush=True)
    return found


def main() -> None:
    """Measure and print."""
    with Engine.open(sys.argv[1], create=False) as engine:
        live = engine.version().document
        print(machine())
        timed("division", engine.insight.divide)
        timed("portrait", lambda: engine.insight.portrait("abc.class", "A"))
        found = timed("wanted count", lambda: engine.insight.wanted(live, "abc.cuts[0]", "abc.class", "A", 150_000))
        print(f"  {found.tried} values evaluated: {found.finding.en}")
        drafts = {
            "abc": changed(live, "abc", cuts=[0.7, 0.9]),
            "lifecycle": changed(live, "lifecycle", loyal_orders=9),
            "rfm": changed(live, "rfm", bins=4),
        }
        timed("three drafts", lambda: engine.insight.compare(drafts))
        timed("radar, 28 days", lambda: engine.insight.radar("lifecycle.stage", days=28))
        timed("radar, windows, 7 days", lambda: engine.insight.radar("rfm.segment", days=7))
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:,} MB")


if __name__ == "__main__":
    main()
