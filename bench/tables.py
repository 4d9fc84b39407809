"""Measure decision tables and conditions: rows per second, best of several, one thread.

Run `python bench/tables.py [customers]`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from engine import Codes, Condition, DecisionTable


def best(work: Callable[[], object], repeat: int = 5) -> float:
    """Return the shortest of several runs, in seconds."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def numbers(rng: np.random.Generator, count: int, columns: int) -> dict[str, Any]:
    """Return columns of random amounts in whole cents, 2 % of them missing."""
    found = {}
    for at in range(columns):
        column = rng.integers(0, 1_000_000, count) / 100
        column[rng.random(count) < 0.02] = np.nan
        found[f"n{at}"] = column
    return found


def numeric_table(rng: np.random.Generator, rows: int, columns: int, any_share: float = 0.2, **more: object) -> dict[str, object]:
    """Return a random table of intervals."""

    def cell() -> str:
        if rng.random() < any_share:
            return "-"
        low = int(rng.integers(0, 9_000))
        return f"[{low}..{low + int(rng.integers(500, 5000))})"

    found = [{"when": [cell() for _ in range(columns)], "then": [f"L{row % 8}"]} for row in range(rows)]
    return {"inputs": [f"n{at}" for at in range(columns)], "outputs": ["grade"], "hit_policy": "first", "rows": found, **more}


def main(count: int) -> None:
    """Print one line per measurement."""
    rng = np.random.default_rng(1)
    columns: dict[str, Any] = dict(numbers(rng, count, 10))
    labels = tuple(f"v{at}" for at in range(12))
    columns |= {f"c{at}": Codes(rng.integers(-1, 12, count).astype(np.int32), labels) for at in range(3)}

    def table(name: str, document: dict[str, object], repeat: int = 5) -> None:
        loaded = DecisionTable.load(document)
        loaded.evaluate(columns)
        seconds = best(lambda: loaded.evaluate(columns), repeat)
        print(f"{name:44} {count / seconds / 1e6:8.1f} M rows/s  {seconds:7.3f} s")

    table("table 8x3, numbers", numeric_table(rng, 8, 3))
    table("table 8x3, numbers, unique", numeric_table(rng, 8, 3) | {"hit_policy": "unique"})
    rows = [
        {"when": [", ".join(f'"v{v}"' for v in rng.choice(12, 4, replace=False)) for _ in range(3)], "then": [f"L{at}"]} for at in range(8)
    ]
    table("table 8x3, categories", {"inputs": ["c0", "c1", "c2"], "outputs": ["grade"], "hit_policy": "first", "rows": rows})
    table("table 100x6, numbers", numeric_table(rng, 100, 6), 3)
    table("table 1,000x10, numbers", numeric_table(rng, 1_000, 10), 2)
    table("table 1,000x10, numbers, unique", numeric_table(rng, 1_000, 10) | {"hit_policy": "unique"}, 2)
    leaves = [{"feature": f"n{at}", "op": ">=", "value": 1000 + 100 * at} for at in range(8)]
    leaves += [{"feature": "c0", "op": "in", "value": ["v1", "v2", "v3"]}, {"not": {"feature": "c1", "op": "=", "value": "v5"}}]
    condition = Condition.load({"any": [{"all": leaves[:5]}, {"all": leaves[5:]}]})
    seconds = best(lambda: condition.evaluate(columns))
    print(f"{'condition of 10 leaves':44} {count / seconds / 1e6:8.1f} M rows/s  {seconds:7.3f} s")
    one = {name: column[:1] for name, column in columns.items()}
    small = DecisionTable.load(numeric_table(rng, 8, 3))
    small.evaluate(one)
    print(f"{'table 8x3, one customer':44} {best(lambda: small.evaluate(one), 200) * 1e6:8.0f} µs")
    print(f"{'condition of 10 leaves, one customer':44} {best(lambda: condition.evaluate(one), 200) * 1e6:8.0f} µs")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
