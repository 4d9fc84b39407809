"""Measure simulations on a store with a visible run: `python bench/simulate.py DATABASE_URL`. Nothing is written.

Once cold (features mapped or read, live and draft evaluated), then previews of one changed parameter after another.
"""

from __future__ import annotations

import sys
import time
from copy import deepcopy
from typing import Any

from measure import machine, verdict

from engine import Engine


def changed(document: dict[str, Any], policy: str, **params: Any) -> dict[str, Any]:
    """The same rulebook with some parameters of one policy set."""
    copy = deepcopy(document)
    for entry in copy["policies"]:
        if entry["key"] == policy:
            entry["params"] |= params
    return copy


def main() -> None:
    """Measure and print."""
    with Engine.open(sys.argv[1], create=False) as engine:
        live = engine.version().document
        print(machine())
        started = time.perf_counter()
        first = engine.simulate(changed(live, "abc", cuts=[0.7, 0.95]))
        taken = time.perf_counter() - started
        print(f"{first.comparison.rows:,} customers; cold {taken:6.2f} s {verdict(taken, 4.0)}  {first.seconds}")
        del first
        previewer = engine.previewer()
        previewer.preview(engine.check(changed(live, "abc", cuts=[0.75, 0.95])))
        for policy, params in (("abc", {"cuts": [0.8, 0.9]}), ("lifecycle", {"loyal_orders": 9}), ("rfm", {"window_days": 540})):
            times = []
            for _ in range(2):
                draft = changed(live, policy, **params)
                started = time.perf_counter()
                shown = previewer.preview(engine.check(draft))
                times.append(time.perf_counter() - started)
            best = min(times)
            print(f"{policy:10} {best * 1000:6.0f} ms {verdict(best, 0.3)}  {shown.comparison.moved:,} move  {shown.seconds}")


if __name__ == "__main__":
    main()
