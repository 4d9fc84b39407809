"""Measure the evaluation of one customer in process, on the generated company: `python bench/one_customer.py [TIMES]`.

Once from features that are given, once from stored facts; three policies, all outputs checked, in milliseconds.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from measure import THREE, machine, verdict

from engine import Engine
from engine.demo import generate


def percentiles(work: Callable[[int], object], times: int) -> tuple[float, float]:
    """Milliseconds that half, and 99 of 100, stay below."""
    taken = np.empty(times)
    for at in range(times):
        started = time.perf_counter()
        work(at)
        taken[at] = time.perf_counter() - started
    half, most = np.percentile(taken * 1000, [50, 99])
    return float(half), float(most)


def known(engine: Engine, customer: str, features: Iterable[str]) -> dict[str, Any]:
    """The features of a customer, as its explanations show them."""
    read = {each.name: each.value for explanation in engine.explain(customer) for each in explanation.inputs}
    return {name: read[name] for name in features if read.get(name) is not None}


def main() -> None:
    """Measure and print."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    with tempfile.TemporaryDirectory() as folder:
        files = generate(Path(folder))
        with Engine.open(f"sqlite:///{folder}/store.db") as engine:
            for path, mapping in files.imports:
                engine.import_facts(path, mapping)
            engine.publish(THREE)
            run = engine.run(files.as_of)
            features = engine.rulebook().plan.features
            customers = [f"C{number:05d}" for number in np.random.default_rng(1).integers(1, files.customer_count, times)]
            given = [known(engine, customer, features) for customer in customers[:50]]
            print(f"{machine()}; {files.customer_count:,} customers, {len(run.graded)} policies, {len(features)} features")
            for name, limit, work in (
                ("features given", 0.5, lambda at: engine.evaluate(features=[given[at % 50]])),
                ("from stored facts", 3.0, lambda at: engine.evaluate([customers[at]])),
            ):
                work(0)
                half, most = percentiles(work, times)
                print(f"{name:20} p50 {half:6.3f} ms {verdict(half, limit)}   p99 {most:6.3f} ms")


if __name__ == "__main__":
    main()
