"""How the time of a run grows with the data: `python bench/growth.py SMALL LARGE [ROUNDS]`.

SMALL and LARGE are folders of benchmark companies as bench/compare.py takes them, LARGE with ten times the customers
and orders. First run and next day, whole process; the target is at most eleven times the time, start-up left out on
both sides by what `tierwise --version` takes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from compare import AS_OF, DAY, fresh_copy, prepare, run_at
from measure import TIERWISE, Series, machine, verdict, whole_process


def main() -> None:
    """Measure and print."""
    folders = [Path(argument) for argument in sys.argv[1:3]]
    if len(folders) != 2:
        raise SystemExit(__doc__)
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    start = Series("start-up", [whole_process([*TIERWISE, "--version"]) for _ in range(5)]).seconds
    series = {(folder, name): Series(name) for folder in folders for name in ("first run", "next day")}
    for _ in range(rounds):
        for folder in folders:
            fresh_copy(prepare(folder), folder / "bench.db")
            for name, moment in (("first run", AS_OF - DAY), ("next day", AS_OF)):
                series[folder, name].taken.append(run_at(folder / "bench.db", moment))
    customers = [json.loads(series[folder, "next day"].taken[-1].output)["customers"] for folder in folders]
    print(f"{machine()}; {customers[0]:,} and {customers[1]:,} customers, start-up {start:.2f} s")
    for name in ("first run", "next day"):
        small, large = (series[folder, name].seconds - start for folder in folders)
        print(f"{name:12}{small:7.2f} s {large:7.2f} s  x {large / small:5.2f} {verdict(large / small, 11)}")


if __name__ == "__main__":
    main()
