"""Compare a run with hand-written scripts on the same data, in one sitting, whole process against whole process.

    python bench/compare.py --data DATA [--peers PEERS] [--rounds 5] [--peer-python PYTHON]

DATA holds customers.csv, orders.parquet and peer.db, as the data maker of the benchmark company writes them. PEERS
holds peer_polars.py and peer_pandas.py, each called with the database and the as-of moment. Without PEERS only our own
figures are printed. The store is imported once and kept as DATA/tierwise.db.

Each round takes a fresh copy of the store (untimed), then, in turn: our first run as of the day before the last, our
run of the next day, the scripts. Printed are medians, the spread, the peak memory, and the median ratio of the rounds
with its target.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from measure import THREE, TIERWISE, Series, machine, verdict, whole_process

AS_OF = int(datetime(2024, 12, 31, tzinfo=UTC).timestamp())
DAY = 86_400
TARGETS = {("first run", "polars"): 2.5, ("first run", "pandas"): 1 / 8, ("next day", "polars"): 1.5}
MEMORY = 1_536
"""MB of a run at a million customers."""


def main() -> None:
    """Measure and print."""
    options = arguments()
    data = options.data
    store = prepare(data)
    ours = Series("first run"), Series("next day")
    wanted = ("polars", "pandas") if options.slow_rounds else ("polars",)
    peers = {name: Series(name) for name in wanted if options.peers and (options.peers / f"peer_{name}.py").is_file()}
    for at in range(options.rounds):
        work = data / "bench.db"
        fresh_copy(store, work)
        for series, moment in zip(ours, (AS_OF - DAY, AS_OF), strict=True):
            series.taken.append(run_at(work, moment))
        for name, series in peers.items():
            if name == "polars" or at < options.slow_rounds:
                script = [options.peer_python, options.peers / f"peer_{name}.py", data / "peer.db", str(AS_OF)]
                series.taken.append(whole_process(script))
        print(
            f"round {at + 1} of {options.rounds}: " + ", ".join(f"{s.name} {s.taken[-1].seconds:.2f} s" for s in (*ours, *peers.values())),
            flush=True,
        )
    report(ours, peers)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with customers.csv, orders.parquet, peer.db")
    parser.add_argument("--peers", type=Path, help="folder with peer_polars.py and peer_pandas.py")
    parser.add_argument("--peer-python", default="python3", help="the Python that has what the scripts need")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (default 5)")
    parser.add_argument(
        "--slow-rounds", type=int, default=1, help="how often the pandas script is (default 1: it takes a minute; 0: never)"
    )
    return parser.parse_args()


def prepare(data: Path) -> Path:
    """Import the company once; returns the store."""
    for name in ("customers.csv", "orders.parquet"):
        if not (data / name).is_file():
            raise SystemExit(f"{data / name} is not there; make the benchmark company in {data} first")
    store = data / "tierwise.db"
    if store.is_file():
        print(f"using {store}, made earlier")
        return store
    making = data / "making.db"
    for left in data.glob("making.db*"):
        left.unlink() if left.is_file() else shutil.rmtree(left)
    command = [*TIERWISE, "--database", f"sqlite:///{making}"]
    whole_process([*command, "init", "--no-starter", "--timezone", "UTC", "--currency", "CNY"])
    whole_process([*command, "rulebook", "publish", str(THREE)])
    for file, mapping in (("customers.csv", "bench/customers"), ("orders.parquet", "bench/orders")):
        taken = whole_process([*command, "import", data / file, "--mapping", mapping, "--json"])
        answer = json.loads(taken.output)
        if not answer["accounted"] or answer["rejected_rows"]:
            raise SystemExit(f"{file} was not imported whole: {answer}")
        rate = answer["rows"] / taken.seconds
        print(
            f"import {file}: {answer['rows']:,} rows in {taken.seconds:.1f} s, {rate / 1000:.0f} k rows/s, {taken.megabytes:.0f} MB",
            flush=True,
        )
    making.rename(store)
    for left in data.glob("making.db*"):
        left.unlink() if left.is_file() else shutil.rmtree(left)
    return store


def fresh_copy(store: Path, work: Path) -> None:
    """A store in which nothing has run yet, without caches."""
    for left in work.parent.glob(f"{work.name}*"):
        left.unlink() if left.is_file() else shutil.rmtree(left)
    shutil.copyfile(store, work)


def run_at(store: Path, moment: int, *more: str) -> Any:
    """One run of the three policies from the command line; it must be visible and without faults."""
    as_of = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
    taken = whole_process([*TIERWISE, "--database", f"sqlite:///{store}", "run", "--as-of", as_of, "--json", *more])
    answer = json.loads(taken.output)
    if answer["faults"]:
        raise SystemExit(f"the run has faults: {answer['faults']}")
    return taken


def paired(mine: Series, peer: Series) -> float:
    """The median ratio of runs of one round, which met the same weather on the machine."""
    return statistics.median(ours.seconds / theirs.seconds for ours, theirs in zip(mine.taken, peer.taken, strict=False))


def report(ours: tuple[Series, Series], peers: dict[str, Series]) -> None:
    """Print figures and ratios."""
    answer = json.loads(ours[1].taken[-1].output)
    print(f"\n{machine()}; {answer['customers']:,} customers, {len(answer['outputs'])} outputs with labels or flags")
    print(f"{'':22}{'median':>9} {'spread':>13} {'memory':>9}")
    for series in (*ours, *peers.values()):
        print(f"{series.name:22}{series.seconds:>7.2f} s {series.spread:>13} {series.megabytes:>6.0f} MB")
    for mine in ours:
        for name, peer in peers.items():
            ratio, limit = paired(mine, peer), TARGETS.get((mine.name, name))
            fastest = f"(fastest / fastest {mine.fastest / peer.fastest:.3f})"
            print(f"{mine.name + ' / ' + name:22}{ratio:>9.3f} {verdict(ratio, limit) if limit else '':16} {fastest}")
    largest = max(series.megabytes for series in ours)
    print(f"{'memory of a run':22}{largest:>6.0f} MB {verdict(largest, MEMORY)}")
    print("seconds per step, next day: " + ", ".join(f"{step} {seconds:.2f}" for step, seconds in answer["seconds"].items()))


if __name__ == "__main__":
    main()
