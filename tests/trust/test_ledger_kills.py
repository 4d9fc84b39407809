"""Kill -9 at random moments of redemptions, reservations and postings: nothing acknowledged is lost, nothing half-done is seen."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

from sqlalchemy import select

from engine import clock
from engine.service import Engine
from engine.store.models import points_act, reward_claim
from tests.small_store import DAY, Order, add_customers, add_orders, open_store

KILLS = 300 if os.environ.get("TIERWISE_TRIALS") == "long" else 8
BOOK = {"name": "Test", "policies": [{"key": "points", "type": "points", "params": {"expiry": "never", "hold_days": 0}}]}

CHILD = """
import sys
from engine.service import Engine
with Engine.open(sys.argv[1], actor="till") as engine:
    print("ready", flush=True)
    for trial in range(10_000):
        key = f"{sys.argv[2]}-{trial}"
        engine.points.redeem("C1", 1, key=key)
        print("redeemed", key, flush=True)
        claim = engine.rewards.reserve("C2", "mug", key=key)
        print("claimed", claim.number, flush=True)
        if trial % 5 == 0:
            engine.points.day()
"""


def test_what_was_acknowledged_is_there_and_everything_sums_up(store_url: str) -> None:
    with open_store(store_url) as store:
        add_customers(store, range(1, 40))
        add_orders(store, [Order(n % 39 + 1, clock.now() - n * DAY, 1_000 + n) for n in range(1, 120)])
    with Engine.open(store_url, actor="setup") as engine:
        engine.publish(BOOK)
        for customer in ("C1", "C2"):
            engine.points.earn(customer, 10_000_000, key="many")
        engine.rewards.save("mug", {"title": {"en": "Mug", "zh": "杯"}, "points": 2, "hold_minutes": 600})
    chance = random.Random(5)
    redeemed: set[str] = set()
    claimed: set[int] = set()
    for number in range(KILLS):
        child = subprocess.Popen([sys.executable, "-c", CHILD, store_url, str(number)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        first = child.stdout.readline() if number % 2 else ""  # every other child has something behind it
        time.sleep(chance.uniform(0, 0.2))
        child.send_signal(signal.SIGKILL)
        told = (first + child.stdout.read()).split("\n")
        child.wait()
        child.stdout.close()
        for line in told[:-1]:  # the last one may have been cut off
            what, _, which = line.partition(" ")
            redeemed |= {which} if what == "redeemed" else set()
            claimed |= {int(which)} if what == "claimed" else set()
    assert redeemed
    with Engine.open(store_url, actor="setup") as engine:
        with engine.store.read() as connection:
            kept = set(connection.scalars(select(points_act.c.idempotency).where(points_act.c.kind == "redeem")))
            claims = connection.execute(select(reward_claim.c.id, reward_claim.c.act_id)).all()
        assert redeemed <= kept
        assert claimed <= {row.id for row in claims}
        assert engine.rewards.get("mug").taken == len(claims)
        assert engine.points.balance("C1").spendable + sum(not key.startswith("reward ") for key in kept) >= 10_000_000
        engine.points.day()
        assert engine.points.day().sales == 0
        assert engine.points.verify() == ([], [])
