"""Predicted is realised: random edits of a whole rulebook, simulated, published and run, compared to the customer.

What a simulation says is held against what the store then has: every label of every customer, the matrix of every pair of
labels, counts and revenue per label, who moves, hits per rule, withheld with reasons, and what fails.
"""

from __future__ import annotations

import os
import random
from collections import Counter

from sqlalchemy import select

from engine.service import Engine
from engine.simulate import NO_VALUE
from engine.store.models import rule_hit
from engine.store.outcomes import RunRecord
from tests.random_books import Document, edit, start
from tests.small_store import AS_OF, DAY, Order, add_customers, add_orders, open_store
from tests.test_runner import BOOK, history

TRIALS = 200 if os.environ.get("TIERWISE_TRIALS") == "long" else 8
CUSTOMERS = 60
LATER = AS_OF + 30 * DAY


def labels(engine: Engine, record: RunRecord) -> dict[tuple[str, str], str]:
    """Every stored label and flag of a run, by address and customer."""
    frame = engine.assignments(run_id=record.id)
    return {
        (f"{row.policy}.{row.output}", row.customer): str(row.value).lower() if row.value in (True, False) else row.value
        for row in frame.itertuples()
    }


def compared(engine: Engine, policies: list[Document]) -> int:
    """Simulate, publish, run, and hold one against the other; how many customers moved."""
    document = {**BOOK, "policies": policies}
    live = engine.run_record()
    before = labels(engine, live)
    simulation = engine.simulate(document, movers=CUSTOMERS)
    found = simulation.comparison
    engine.publish(document)
    done = engine.run(LATER)
    after = labels(engine, done)
    assert (simulation.base_run, simulation.as_of) == (done.base_run_id, done.as_of)
    assert dict(found.faults) == done.faults == {}
    movers: dict[str, set[tuple[str, str, str]]] = {}
    names = [f"C{n}" for n in range(1, CUSTOMERS + 1)]
    amounts = engine.label_amounts(done.id)
    for address, migration in simulation.migrations.items():
        counts = {key: count for key, count in migration.counts_after.items() if key != NO_VALUE and count}
        assert counts == done.outputs[address]
        assert {key: amount for key, amount in migration.amounts_after.items() if migration.counts_after[key]} == {
            key: pair[1] for (output, key), pair in amounts.items() if output == address
        }
        if not done.report["declared"][address]["history"]:
            continue
        pairs = {name: (before.get((address, name), NO_VALUE), after.get((address, name), NO_VALUE)) for name in names}
        assert {(was, now): n for was, now, n, _ in migration.flows()} == {p: n for p, n in Counter(pairs.values()).items() if p[0] != p[1]}
        for name, (was, now) in pairs.items():
            if was != now:
                movers.setdefault(name, set()).add((address, was, now))
    told = {m.external_id: {move for move in m.moves if done.report["declared"][move[0]]["history"]} for m in found.movers}
    assert {name: moves for name, moves in told.items() if moves} == movers
    for address in found.new:
        column = simulation.draft.column(address)
        if done.report["declared"][address]["kind"] == "label":
            assert {k: n for k, n in Counter(column).items() if k is not None} == done.outputs[address]
    assert set(found.removed) == set(live.report["declared"]) - set(done.report["declared"])
    with engine.store.read() as connection:
        stored = {(row.policy, row.rule): row.customers for row in connection.execute(select(rule_hit).where(rule_hit.c.run_id == done.id))}
    assert {(key, rule): n for key, hits in found.hits.items() for rule, _, n in hits if n} == {
        (key, rule): n for (key, rule), n in stored.items() if key in found.hits
    }
    for key, reasons in found.withheld.items():
        assert {words: now for words, (_, now) in reasons.items() if now} == done.withheld[key]
    return found.moved


def test_random_edits_of_whole_rulebooks(store_url: str) -> None:
    store = open_store(store_url)
    add_customers(store, range(1, CUSTOMERS + 1))
    add_orders(store, history())
    store.close()
    chance = random.Random(2026)
    with Engine.open(store_url, actor="tester") as engine:
        policies = start()
        engine.publish({**BOOK, "policies": policies})
        engine.run(AS_OF)
        add_orders(engine.store, [Order(n, AS_OF + n * DAY // 4, 1000 * n) for n in range(1, 40, 3)], first_id=9000)
        engine.run(LATER)
        moved = 0
        for _ in range(TRIALS):
            policies = edit(policies, chance)
            moved += compared(engine, policies) > 0
        assert moved > TRIALS / 2
