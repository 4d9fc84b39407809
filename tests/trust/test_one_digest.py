"""The same facts, rulebook and moment give one digest, whatever the database, order of import, partitions or hash seed."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

from engine.digest import digest
from engine.run import outcome_digest
from engine.service import Engine
from tests.small_store import AS_OF, DAY, Order, add_customers, add_orders, open_store
from tests.test_runner import BOOK, POLICIES

CHILD = f"""
import sys
from engine.service import Engine
with Engine.open(sys.argv[1]) as engine:
    print(engine.run({AS_OF}, recompute=True).digest)
"""


def fill(url: str, seed: int) -> None:
    """The same company, customers and orders stored in another order for every seed: surrogate ids differ."""
    chance = random.Random(3)
    customers = list(range(1, 151))
    many = [Order(chance.randint(1, 150), AS_OF - chance.randint(0, 500 * DAY), chance.randint(100, 90_000)) for _ in range(1200)]
    random.Random(seed).shuffle(customers)
    random.Random(seed).shuffle(many)
    store = open_store(url)
    add_customers(store, customers)
    add_orders(store, many)
    store.close()
    with Engine.open(url) as engine:
        engine.publish({**BOOK, "policies": POLICIES})


def one_at_a_time(engine: Engine) -> str:
    """The digest of every customer evaluated alone with the states of the run: lanes of partitions add up."""
    added: dict[str, list[int]] = {}
    evaluator = engine._evaluator
    for customer in range(1, 151):
        _, lanes = outcome_digest(evaluator.outcome(evaluator.facts_of(customer, AS_OF)))
        for address, pair in lanes.items():
            added[address] = [(sum_ + lane) % 2**64 for sum_, lane in zip(added.get(address, [0, 0]), pair, strict=True)]
    return digest({address: (first, second) for address, (first, second) in added.items()})


def test_one_digest_over_all(sqlite_url: str, postgres_url: str, tmp_path: Path) -> None:
    urls = [sqlite_url, postgres_url, f"sqlite:///{tmp_path / 'other.db'}"]
    digests = set()
    for seed, url in enumerate(urls):
        fill(url, seed)
        with Engine.open(url) as engine:
            digests |= {engine.run(AS_OF, recompute=True, partitions=partitions).digest for partitions in (1, 2, 7)}
            digests.add(one_at_a_time(engine))
    for seed in ("0", "1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        told = subprocess.run([sys.executable, "-c", CHILD, sqlite_url], env=environment, capture_output=True, text=True, check=True)
        digests.add(told.stdout.strip())
    assert len(digests) == 1
