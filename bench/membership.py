"""Measure the levels of all members for a day: `python bench/membership.py DATABASE_URL`. Nothing is written.

Wall and processor seconds are printed for each kind of period, because the second stand still on a busy machine: reading the
history of every customer, walking through it, and the outputs of the policy.
"""

from __future__ import annotations

import resource
import sys
from typing import Any

from insight import timed
from measure import machine

from engine import Engine
from engine.rulebook import load_rulebook
from engine.run import Facts, compute
from engine.store.features import read_features

PARAMS: dict[str, dict[str, Any]] = {
    "calendar year": {"grace_days": 30},
    "rolling year": {"period": "rolling", "grace_days": 30, "downgrade": "step"},
    "since joining, orders": {"period": "joining", "measure": "orders", "floors": [{"level": "silver", "lifetime": 20}]},
}


def main() -> None:
    """Measure and print."""
    with Engine.open(sys.argv[1], create=False) as engine:
        as_of = engine.run_record().as_of
        print(machine())
        for name, params in PARAMS.items():
            document = {"name": name, "policies": [{"key": "members", "type": "membership", "params": params}]}
            rulebook = load_rulebook(document, engine.registry, engine.catalogue)

            def levels(rulebook: Any = rulebook) -> Any:
                table, _ = read_features(engine.store, rulebook.plan.features, as_of, catalogue=rulebook.catalogue, keep=False)
                return compute(rulebook.plan, Facts(table.customer_id, table.key_hash, table.columns, table.not_graded))

            outcome = timed(name, levels)
            level = outcome.column("members.level")
            counts = {key: int((level.codes == code).sum()) for code, key in enumerate(level.values)}
            print(f"  {outcome.facts.rows:,} members: " + ", ".join(f"{count:,} {key}" for key, count in counts.items()))
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:,} MB")


if __name__ == "__main__":
    main()
