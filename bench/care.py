"""Measure a day of care and an assignment of account managers: `python bench/care.py DATABASE_URL [DATE]`. Everything is rehearsed, nothing kept.

Wall and processor seconds are printed. Needs a store with customers, orders, a run of the starter rulebook.
"""

from __future__ import annotations

import resource
import sys
from typing import Any

from insight import timed
from measure import machine

from engine import Engine
from engine.desk.manager_policy import ManagerPolicy

TEXT = {"text": {"en": "Dear ${name}", "zh": "${name}，您好"}}
PLANS: dict[str, dict[str, Any]] = {
    "birthday": {"trigger": "birthday", **TEXT, "control_share": 0.1},
    "joined": {"trigger": "anniversary", **TEXT},
    "mid_autumn": {"trigger": "festival", "lunar": "8-15", **TEXT, "who": {"output": "abc.class", "labels": ["A"]}},
    "quiet": {"trigger": "silence", "days": 365, **TEXT, "who": {"output": "abc.class", "labels": ["A"]}, "cap_days": 30},
    "verify": {"trigger": "verify", **TEXT, "who": {"output": "abc.class", "labels": ["A", "B"]}},
}
POLICY = {"output": "abc.class", "grades": ["A", "B"]}


def main() -> None:
    """Measure and print."""
    with Engine.open(sys.argv[1], create=False) as engine:
        print(machine())
        with engine.store.together() as whole:
            for key, document in PLANS.items():
                engine.care.save(key, document)
            day = sys.argv[2] if len(sys.argv) > 2 else None
            done = timed("a day's care, five plans, first time", lambda: engine.care.run(day))
            for each in done.plans:
                print(f"  {each.plan}: {each.due:,} due, {each.made:,} made, {each.control:,} left out")
            again = timed("the same day again", lambda: engine.care.run(day))
            print(f"  {again.made:,} made")
            timed("preview of 30 days", lambda: engine.care.preview(days=30))
            for number in range(1_000):
                engine.managers.add(f"M{number}", capacity=200)
            engine.managers.set_policy(ManagerPolicy.read(POLICY).as_dict())
            timed("an assignment to 1,000 managers, dry", lambda: engine.managers.assign(dry_run=True))
            draw = timed("the same, written", engine.managers.assign)
            print(f"  {draw.words().en}")
            whole.undo()
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:,} MB")


if __name__ == "__main__":
    main()
