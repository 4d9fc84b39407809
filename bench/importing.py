"""Measure the import of order lines from CSV and Parquet: `python bench/importing.py [LINES]` (default 1,000,000).

The lines are those of the generated company's shape, about four per order, cleaning included; then the same file again,
which must change nothing. Wall time of the whole process, start-up included.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from measure import TIERWISE, machine, verdict, whole_process

PER_ORDER = 4
MAPPING = """format: 1
kind: lines
source: bench
timezone: UTC
unknown_customers: create
columns: {order: order, customer: customer, ordered_at: ordered_at, product: product, quantity: quantity, unit_price: unit_price, channel: channel}
"""


def make_lines(lines: int, seed: int = 3) -> pa.Table:
    """Order lines of `lines / PER_ORDER` orders, those of an order together, over two years."""
    random = np.random.default_rng(seed)
    orders = lines // PER_ORDER
    order = np.sort(random.integers(0, orders, lines))
    customer = random.integers(0, max(orders // 5, 1), orders)
    moment = np.sort(random.integers(1_672_531_200, 1_735_689_600, orders))
    return pa.table(
        {
            "order": pa.array(np.char.add("O", order.astype(str))),
            "customer": pa.array(np.char.add("C", customer[order].astype(str))),
            "ordered_at": pa.array(np.datetime_as_string(moment[order].astype("datetime64[s]"))),
            "product": pa.array(np.char.add("P", random.integers(0, 5_000, lines).astype(str))),
            "quantity": pa.array(random.integers(1, 9, lines)),
            "unit_price": pa.array(np.round(random.lognormal(3, 1, lines) + 0.01, 2)),
            "channel": pa.array(np.array(["web", "store", "phone"])[random.integers(0, 3, lines)]),
        }
    )


def main() -> None:
    """Measure and print."""
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table = make_lines(lines)
        pa.csv.write_csv(table, folder / "lines.csv")
        pa.parquet.write_table(table, folder / "lines.parquet")
        (folder / "lines.yaml").write_text(MAPPING)
        print(f"{machine()}; {lines:,} lines, {len(table['order'].unique()):,} orders")
        for file in ("lines.csv", "lines.parquet"):
            database = [*TIERWISE, "--database", f"sqlite:///{folder / (file + '.db')}"]
            whole_process([*database, "init", "--timezone", "UTC"])
            for what in ("new", "again"):
                taken = whole_process([*database, "import", folder / file, "--mapping", folder / "lines.yaml", "--json"])
                answer = json.loads(taken.output)
                if answer["accepted"] != lines or (what == "again" and answer["created"] + answer["updated"]):
                    raise SystemExit(f"{file}, {what}: {answer}")
                rate = lines / taken.seconds
                words = verdict(rate, 200_000, at_least=True) if what == "new" else ""
                print(f"{file:14} {what:6}{taken.seconds:7.2f} s {rate / 1000:7.0f} k lines/s {taken.megabytes:7.0f} MB  {words}")


if __name__ == "__main__":
    main()
