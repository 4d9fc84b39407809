"""Measure a day of a large loyalty programme: `python bench/programme.py STORE`, a made company without rules, changed by this.

STORE is a copy of what an import of the made company gave. First levels from all that was ever bought, and points of the last 200 days; then the day
after, on which 1 % of the members buy and one in twenty of these returns something: the run that gives everybody's level anew, with
all it writes, and the posting of the day. Seconds are wall and processor, of this process and its children.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from loyalty import DAY, sell
from sqlalchemy import func, select

from engine.service import Engine
from engine.store.models import customer, orders

LEVELS = [
    {"key": "basic", "from": 0, "below": 2_000},
    {"key": "silver", "from": 2_000, "below": 8_000, "points_multiplier": 1.2},
    {"key": "gold", "from": 8_000, "points_multiplier": 1.5, "birthday_multiplier": 2},
]


def book(since: str) -> dict[str, Any]:
    """Membership by calendar year, and points that go by its levels for sales since a day."""
    params = {"since": since, "expiry": "year_end", "hold_days": 14, "birthday": 2}
    params |= {"level": "membership.level", "levels": [{"label": "gold", "factor": 1.5}]}
    return {
        "name": "Programme",
        "guards": {"customers": None, "amount": None, "label": None},
        "policies": [
            {"key": "membership", "type": "membership", "params": {"levels": LEVELS, "period": "year", "grace_days": 30}},
            {"key": "points", "type": "points", "params": params},
        ],
    }


def processor() -> float:
    """Seconds of processor of this process and those that ended."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def timed(act: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """What an act gives, and its seconds."""
    wall, spent = time.perf_counter(), processor()
    found = act()
    return found, {"wall": round(time.perf_counter() - wall, 2), "processor": round(processor() - spent, 2)}


def main() -> None:
    """Print one JSON line."""
    os.environ["TIERWISE_FOUR_EYES"] = "off"
    url = sys.argv[1]
    with Engine.open(url, actor="bench", create=False) as engine:
        with engine.store.read() as connection:
            members, newest, last = connection.execute(
                select(select(func.count()).select_from(customer).scalar_subquery(), func.max(orders.c.ordered_at), func.max(orders.c.id))
            ).one()
        figures: dict[str, Any] = {"members": members, "orders": last}
        if not engine.rulebook_log():
            engine.publish(book(dt.datetime.fromtimestamp(newest - 200 * DAY, engine.zone).date().isoformat()))
        if not engine.runs(1):  # a second call measures the next day
            _, figures["first_levels"] = timed(lambda: engine.run(newest + 1))
            _, figures["first_points"] = timed(engine.points.day)
    buyers = np.random.default_rng(5).choice(np.arange(1, members + 1), members // 100, replace=False)
    sell(url, buyers, np.full(len(buyers), newest + 3_600), first=last + 1)
    with Engine.open(url, actor="bench", create=False) as engine, engine.store.read() as connection:
        sold = connection.execute(select(orders.c.id, orders.c.customer_id).where(orders.c.id > last).order_by(orders.c.id)).all()[::20]
    numbers, whose = (np.array(column, np.int64) for column in zip(*sold, strict=True))
    sell(url, whose, np.full(len(whose), newest + DAY // 2), first=last + members, refund_of=numbers)
    with Engine.open(url, actor="bench", create=False) as engine:
        record, figures["levels"] = timed(lambda: engine.run(newest + DAY))
        day, figures["points"] = timed(engine.points.day)
    print(json.dumps({**figures, "graded": record.customers, "day": day.as_dict()}))


if __name__ == "__main__":
    main()
