"""Compare the next day's run that reads everything with one that reads again only what changed, whole process each.

    python bench/changed.py --data DATA [--rounds 5]

DATA is the folder of bench/compare.py. Each round takes a fresh copy of the store, runs it as of the day before the last
(untimed), copies that, and runs the last day on both, in turn first: once whole, once with --changed. The digests must be
equal. Printed are medians, the ratio of the rounds, customers read, cells written and seconds per step.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
from pathlib import Path
from typing import Any

from compare import AS_OF, DAY, fresh_copy, prepare, run_at
from measure import Series, machine


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with customers.csv, orders.parquet")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (default 5)")
    options = parser.parse_args()
    store = prepare(options.data)
    whole, changed = Series("whole"), Series("--changed")
    for at in range(options.rounds):
        first, second = options.data / "bench.db", options.data / "bench2.db"
        fresh_copy(store, first)
        run_at(first, AS_OF - DAY)
        copy(first, second)
        runs = [(whole, first, ()), (changed, second, ("--changed",))]
        for series, work, more in runs if at % 2 else reversed(runs):
            series.taken.append(run_at(work, AS_OF, *more))
        answers = [answer(series) for series in (whole, changed)]
        if answers[0]["digest"] != answers[1]["digest"]:
            raise SystemExit("the digests differ")
        print(
            f"round {at + 1} of {options.rounds}: " + ", ".join(f"{s.name} {s.taken[-1].seconds:.2f} s" for s in (whole, changed)),
            flush=True,
        )
    report(whole, changed)


def copy(store: Path, to: Path) -> None:
    """A copy with its cache."""
    fresh_copy(store, to)
    shutil.copytree(f"{store}.cache", f"{to}.cache")


def answer(series: Series) -> Any:
    """What the last run printed."""
    return json.loads(series.taken[-1].output)


def report(whole: Series, changed: Series) -> None:
    """Print figures and ratios."""
    last = answer(changed)
    print(f"\n{machine()}; {last['customers']:,} customers")
    for series in (whole, changed):
        print(f"{series.name:12}{series.seconds:>7.2f} s {series.spread:>13} {series.megabytes:>6.0f} MB")
    ratios = [mine.seconds / other.seconds for mine, other in zip(changed.taken, whole.taken, strict=True)]
    print(f"--changed / whole: {statistics.median(ratios):.3f}")
    reading = last["reading"]
    print(f"customers read: {reading['customers']:,} of {reading['of']:,}; cells that moved: {last['changes']:,}")
    for series in (whole, changed):
        print(f"{series.name}: " + ", ".join(f"{step} {seconds:.2f}" for step, seconds in answer(series)["seconds"].items()))


if __name__ == "__main__":
    main()
