"""A small company for trials, and what must hold of its store whatever happened before."""

from __future__ import annotations

import os
import random
from typing import Any

from sqlalchemy import func, select

from engine.service import Engine
from engine.store import outcomes
from engine.store.models import block, change, current, run, run_state
from tests.small_store import AS_OF, DAY, Order, add_customers, add_orders, open_store
from tests.test_runner import BOOK, POLICIES, cells, changed, difference

LONG = os.environ.get("TIERWISE_TRIALS") == "long"
LATER = AS_OF + 30 * DAY
CUSTOMERS = 120


def trials(short: int, long: int) -> int:
    """How often to try: few times with every commit, many times with TIERWISE_TRIALS=long."""
    return long if LONG else short


def company(url: str, customers: int = CUSTOMERS) -> None:
    """Customers with orders on both sides of `AS_OF`, and a published rulebook that no guard holds."""
    chance = random.Random(11)
    store = open_store(url)
    add_customers(store, range(1, customers + 1))
    moments = [LATER - chance.randint(0, 500 * DAY) for _ in range(8 * customers)]
    add_orders(store, [Order(chance.randint(1, customers), at, chance.randint(100, 90_000)) for at in moments])
    store.close()
    with Engine.open(url) as engine:
        engine.publish({**BOOK, "policies": POLICIES})


def told(engine: Engine) -> dict[str, Any]:
    """Everything that a reader of the store can see of rules and outcomes."""
    with engine.store.read() as connection:
        tables = [run, block, run_state, change, current]
        rows = {table.name: sorted(map(repr, connection.execute(select(table)).all())) for table in tables}
    return {**rows, "cells": cells(engine)}


def assert_whole(engine: Engine) -> None:
    """Every run has its blocks and states; one run is visible per moment; the live one is what `current` and `change` say."""
    with engine.store.read() as connection:
        runs = connection.scalar(select(func.count()).select_from(run)) or 0
        assert connection.scalar(select(func.count()).select_from(block)) == 2 * runs
        assert connection.scalar(select(func.count()).select_from(run_state)) == len(POLICIES) * runs
        visible = connection.execute(select(run.c.as_of).where(run.c.status == "visible")).scalars().all()
        assert len(visible) == len(set(visible))
        stray = select(func.count()).select_from(change).join(run, run.c.id == change.c.run_id).where(run.c.status != "visible")
        assert connection.scalar(stray) == 0
        newest = outcomes.live_run(connection)
        if newest is None:
            assert connection.scalar(select(func.count()).select_from(current)) == 0
            return
        kept = outcomes.load_block(connection, newest.id)
        labels = {number: key for known in outcomes.all_labels(connection).values() for key, number in known.items()}
    assert cells(engine) == {
        (owner, address): labels[number]
        for address in kept.since
        for owner, number in zip(kept.customer_id.tolist(), kept.values[address].tolist(), strict=True)
        if number >= 0
    }


__all__ = [
    "AS_OF",
    "BOOK",
    "CUSTOMERS",
    "DAY",
    "LATER",
    "POLICIES",
    "assert_whole",
    "cells",
    "changed",
    "company",
    "difference",
    "told",
    "trials",
]
