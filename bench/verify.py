"""Verify a table of 1,000 rows over 10 columns: gaps, conflicts, overlaps, rows that can never be reached, with witnesses.

python bench/verify.py
"""

from __future__ import annotations

import random
import time

from measure import machine, verdict

from engine import DecisionTable
from engine.verify import verify_table

ROWS, COLUMNS, SECONDS = 1_000, 10, 5.0


def table(policy: str, cells: int, seed: int = 7) -> DecisionTable:
    """Rows that test some of ten numbers by intervals of random places and widths."""
    dice = random.Random(seed)
    rows = []
    for number in range(ROWS):
        when = ["-"] * COLUMNS
        for column in dice.sample(range(COLUMNS), cells):
            low = dice.randrange(0, 900)
            when[column] = f"[{low}..{low + dice.randrange(1, 400)})"
        rows.append({"when": when, "then": [f"L{number % 7}"]})
    return DecisionTable.load({"inputs": [f"shop.x{n}" for n in range(COLUMNS)], "outputs": ["label"], "hit_policy": policy, "rows": rows})


def main() -> None:
    """Measure and print."""
    print(machine())
    for policy in ("first", "unique", "any"):
        for cells in (2, 5, 10):
            loaded = table(policy, cells)
            started = time.perf_counter()
            findings = list(verify_table(loaded))
            taken = time.perf_counter() - started
            kinds = sorted({each.kind for each in findings})
            print(
                f"{policy:9} {cells:3} of {COLUMNS} tested  {taken:5.2f} s {verdict(taken, SECONDS)}  {len(findings):,} findings: {', '.join(kinds)}"
            )


if __name__ == "__main__":
    main()
