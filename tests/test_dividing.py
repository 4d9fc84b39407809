"""The parts of a change add up to the customer, and each is what its name says."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from sqlalchemy import update

from engine.division import Division, Path, Stretch, divide, walkers
from engine.errors import RunError
from engine.service import Engine
from engine.store.facts import next_fact_seq
from engine.store.models import customer, orders
from tests.small_store import AS_OF, DAY, Order, add_customers, add_orders, open_store
from tests.test_runner import BOOK, POLICIES, history

TRIALS = 200 if os.environ.get("TIERWISE_TRIALS") == "long" else 12
CUSTOMERS = 60
LATER = AS_OF + 30 * DAY
FACTS = ("corrections", "time", "facts", "undivided")

Document = dict[str, Any]


def book(**params: Document) -> Document:
    entries = [{**entry, "params": params[entry["key"]]} if entry["key"] in params else entry for entry in POLICIES]
    return {**BOOK, "policies": entries}


FIXED = book(
    rfm={"bins": 3, "binning": "fixed", "r_cuts": [60, 300], "f_cuts": [2, 5], "m_cuts": [300, 1500]},
)
"""Nothing of rfm is learnt; abc still is."""


def opened(url: str, document: Document) -> Engine:
    store = open_store(url)
    add_customers(store, range(1, CUSTOMERS + 1))
    add_orders(store, history())
    store.close()
    engine = Engine.open(url, actor="tester")
    engine.publish(document)
    engine.run(AS_OF)
    return engine


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    with opened(sqlite_url, book()) as made:
        yield made


def change_order(engine: Engine, order: int, **values: Any) -> None:
    """Write over a stored order, as a correction does."""
    with engine.store.write() as connection:
        seq = next_fact_seq(connection)
        row = connection.execute(update(orders).where(orders.c.id == order).values(**values).returning(orders.c.customer_id))
        connection.execute(update(customer).where(customer.c.id == row.scalar_one()).values(fact_seq=seq))


def moved(division: Division) -> dict[str, int]:
    """How many moves each cause made, over all outputs."""
    found: dict[str, int] = {}
    for output in division.outputs.values():
        for part in output.parts:
            found[part] = found.get(part, 0) + output.moves(part)
    return {part: count for part, count in found.items() if count}


def labels(engine: Engine, run_id: int, address: str) -> dict[str, str]:
    frame = engine.assignments(run_id=run_id)
    return {row.customer: row.value for row in frame.itertuples() if f"{row.policy}.{row.output}" == address}


def adds_up(engine: Engine, division: Division) -> None:
    """Against what both runs stored."""
    assert division.outputs
    records = engine.run_record(division.first), engine.run_record(division.second)
    for address, output in division.outputs.items():
        was, now = (record.outputs.get(address, {}) for record in records)
        assert dict(zip(output.keys[:-1], output.before.tolist(), strict=False)) == {key: was.get(key, 0) for key in output.keys[:-1]}
        assert dict(zip(output.keys[:-1], output.after.tolist(), strict=False)) == {key: now.get(key, 0) for key in output.keys[:-1]}
        assert (output.before.sum(), output.after.sum()) == tuple(record.customers for record in records)
        total = sum(output.parts.values())
        assert np.array_equal(output.after - output.before, total)
        for part, flow in output.flows.items():
            assert np.array_equal(flow.sum(axis=0) - flow.sum(axis=1), output.parts[part])
            assert not np.diagonal(flow).any()
        for key in output.keys:
            assert sum(output.of(key).values()) == output.after[output.keys.index(key)] - output.before[output.keys.index(key)]
    for walker in division.walkers:
        for walk in walker.walks:
            was, now = labels(engine, division.first, walk.address), labels(engine, division.second, walk.address)
            steps = walk.moves
            assert steps[0][1] == was.get(walker.external_id, "")
            assert steps[-1][2] == now.get(walker.external_id, "")
            assert all(one[2] == two[1] for one, two in pairwise(steps))


def test_only_rules_move_where_only_rules_changed(engine: Engine) -> None:
    first = engine.run_record()
    engine.publish(book(lifecycle={"loyal_orders": 2}))
    second = engine.run(AS_OF, recompute=True)
    division = engine.insight.divide(second.id, since=first.id)
    assert set(moved(division)) == {"rules"}
    adds_up(engine, division)


def test_only_time_moves_where_only_time_passed(sqlite_url: str) -> None:
    with opened(sqlite_url, {**FIXED, "policies": [entry for entry in FIXED["policies"] if entry["key"] != "abc"]}) as engine:
        engine.run(AS_OF + 90 * DAY)
        division = engine.insight.divide()
        assert set(moved(division)) == {"time"}
        adds_up(engine, division)


def test_only_new_facts_move_where_only_they_came_at_the_same_moment_of_the_day(sqlite_url: str) -> None:
    with opened(sqlite_url, FIXED) as engine:
        add_orders(engine.store, [Order(n, AS_OF + DAY // 2, 90_000_00) for n in (3, 4, 5, 6)], first_id=5000)
        engine.run(AS_OF + DAY)
        division = engine.insight.divide()
        found = division.outputs["lifecycle.stage"]
        assert found.of("prospect") == {"corrections": 0, "time": 0, "facts": -1, "thresholds": 0, "rules": 0}
        adds_up(engine, division)


def test_late_voided_and_rewritten_orders_are_corrections(sqlite_url: str) -> None:
    with opened(sqlite_url, FIXED) as engine:
        first = engine.run_record()
        add_orders(engine.store, [Order(5, AS_OF - DAY, 100), Order(10, AS_OF - 2 * DAY, 700)], first_id=5000)
        change_order(engine, 1, kind=-1)
        change_order(engine, 2, amount=99_999_99)
        second = engine.run(AS_OF, recompute=True)
        division = engine.insight.divide(second.id, since=first.id)
        assert set(moved(division)) <= {"corrections", "thresholds"}
        assert division.outputs["lifecycle.stage"].of("prospect")["corrections"] == -2
        assert "thresholds" not in {part for part in moved(division) if division.outputs["rfm.segment"].moves(part)}
        adds_up(engine, division)


def test_a_learnt_threshold_has_its_own_part(engine: Engine) -> None:
    first = engine.run_record()
    add_orders(engine.store, [Order(1, AS_OF - DAY, 500_000_00)], first_id=5000)
    second = engine.run(AS_OF, recompute=True)
    division = engine.insight.divide(second.id, since=first.id)
    found = division.outputs["abc.class"]
    assert found.moves("thresholds") > 0
    assert found.moves("time") == found.moves("facts") == found.moves("rules") == 0
    adds_up(engine, division)


def test_customers_who_come_and_go(engine: Engine) -> None:
    add_customers(engine.store, range(CUSTOMERS + 1, CUSTOMERS + 8))
    with engine.store.write() as connection:
        connection.execute(update(customer).where(customer.c.id == 1).values(voided_at=1, fact_seq=next_fact_seq(connection)))
    engine.run(LATER)
    division = engine.insight.divide()
    found = division.outputs["lifecycle.stage"]
    assert found.of("prospect")["entered"] == 7
    assert found.parts["left"].sum() == -1
    adds_up(engine, division)


def test_facts_newer_than_the_second_run_stay_one_part(engine: Engine) -> None:
    add_orders(engine.store, [Order(5, AS_OF + DAY, 100)], first_id=5000)
    engine.run(LATER)
    before = engine.insight.divide()
    add_orders(engine.store, [Order(5, LATER + DAY, 100)], first_id=5001)
    after = engine.insight.divide()
    assert (before.undivided, after.undivided) == (0, 1)
    assert before.outputs["lifecycle.stage"].of("prospect")["facts"] == -1
    assert after.outputs["lifecycle.stage"].of("prospect")["undivided"] == -1
    adds_up(engine, after)


def test_a_customer_taken_out_of_grading_is_a_correction(engine: Engine) -> None:
    first = engine.run_record()
    engine.flag_not_graded("C2", "staff")
    second = engine.run(AS_OF, recompute=True)
    division = engine.insight.divide(second.id, since=first.id)
    found = division.outputs["lifecycle.stage"]
    assert found.parts["corrections"][-1] == 1
    adds_up(engine, division)
    engine.flag_not_graded("C2", None)
    engine.run(LATER)
    adds_up(engine, engine.insight.divide())


def test_new_features_of_the_new_rules_are_rules(engine: Engine) -> None:
    wide = {"key": "abc", "type": "abc", "params": {"measure": "orders.amount_45d"}}
    engine.publish({**BOOK, "policies": [POLICIES[0], wide, {"key": "more", "type": "abc"}]})
    engine.run(LATER)
    division = engine.insight.divide()
    assert division.outputs["more.class"].moves("rules") == division.outputs["more.class"].flows["rules"].sum() > 0
    assert division.outputs["lifecycle.stage"].moves("rules") == 60
    adds_up(engine, division)


def random_day(engine: Engine, chance: random.Random, moment: int, number: int) -> int:
    """Something happens, is corrected, or is decided; the next moment."""
    later = moment + chance.choice([0, DAY, 7 * DAY, 31 * DAY]) + (DAY if number == 0 else 0)
    for at in range(chance.randint(0, 6)):
        who = chance.randint(1, CUSTOMERS)
        when = chance.choice([moment - chance.randint(0, 300) * DAY, moment + chance.randint(0, 40) * DAY // 4])
        kind = chance.choice([0, 0, 0, 1])
        add_orders(engine.store, [Order(who, when, chance.randint(100, 90_000), kind=kind)], first_id=10_000 + 100 * number + at)
    if chance.random() < 0.5:
        change_order(engine, chance.randint(1, 100), amount=chance.randint(1, 200_000))
    if chance.random() < 0.3:
        change_order(engine, chance.randint(1, 100), kind=-1)
    if chance.random() < 0.4:
        engine.publish(book(lifecycle={"loyal_orders": chance.randint(2, 6)}, abc={"cuts": [chance.choice([0.5, 0.7, 0.8]), 0.95]}))
    if chance.random() < 0.3:
        engine.flag_not_graded(f"C{chance.randint(1, CUSTOMERS)}", chance.choice(["staff", "test", None]))
    if chance.random() < 0.3:
        add_customers(engine.store, [CUSTOMERS + 1 + number])
    return later


def test_random_streams_add_up(store_url: str) -> None:
    with opened(store_url, book()) as engine:
        moment, runs = AS_OF, [engine.run_record().id]
        chance = random.Random(7)
        for number in range(TRIALS):
            moment = random_day(engine, chance, moment, number)
            runs.append(engine.run(moment, recompute=True).id)
            adds_up(engine, engine.insight.divide(since=runs[-2]))
            if number % 4 == 3:
                adds_up(engine, engine.insight.divide(since=runs[-4]))


def test_what_cannot_be_divided_says_why(engine: Engine) -> None:
    with pytest.raises(RunError, match="is the first of its store"):
        engine.insight.divide()
    engine.run(LATER)
    with pytest.raises(RunError, match="name the earlier one first"):
        engine.insight.divide(1, since=2)


def test_a_path_is_counted_stretch_by_stretch() -> None:
    apart = np.array([False, False, True, False])
    path = Path(
        "p.x",
        "label",
        ("a", "b", ""),
        np.array([0, 0, 0, 1]),
        [Stretch("time", np.array([1, 0, 0, 1])), Stretch("facts", np.array([0, 1, 1, 1]), apart, "undivided")],
        left=np.array([0]),
        entered=np.array([2, 1]),
    )
    found = divide(path)
    assert found.of("a") == {
        "left": -1,
        "entered": 0,
        "corrections": 0,
        "time": -1,
        "facts": 0,
        "undivided": -1,
        "thresholds": 0,
        "rules": 0,
    }
    assert found.sentence("a").en.startswith("a: 4 → 1 (−3): customers who left −1, new customers 0, corrections 0, time −1")
    assert found.sentence("b").zh.startswith("b：1 → 4（+3）：")
    assert found.moves("facts") == 2
    assert [w.customer_id for w in walkers([path], np.array([7, 8, 9, 10]), np.array([1, 5, 5, 9]), 10)] == [8, 9]
    assert walkers([path], np.array([7, 8, 9, 10]), np.array([1, 5, 5, 9]), 10)[1].walks[0].moves == (("undivided", "a", "b"),)


def test_damping_and_values_fixed_by_hand_have_a_part(engine: Engine) -> None:
    damped = book()
    damped["policies"] = [
        {**entry, "damping": {"stage": {"down": {"every": "quarter"}}}} if entry["key"] == "lifecycle" else entry for entry in POLICIES
    ]
    engine.publish(damped)
    first = engine.run(AS_OF + DAY)
    for days in (20, 40, 80, 95):
        engine.run(AS_OF + days * DAY)
        adds_up(engine, engine.insight.divide())
    adds_up(engine, engine.insight.divide(since=first.id))
    division = engine.insight.divide(since=first.id)
    assert division.outputs["lifecycle.stage"].moves("holds") > 0
    assert division.outputs["lifecycle.stage"].moves("program") == 0
    engine.publish(book())
    engine.run(AS_OF + 96 * DAY)
    division = engine.insight.divide()
    assert division.outputs["lifecycle.stage"].moves("program") == 0
    adds_up(engine, division)
