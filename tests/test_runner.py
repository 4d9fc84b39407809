"""Runs keep their promises on both databases: only changes written, one visible moment, history, the same digest."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select, text, update

from engine.errors import RunError
from engine.service import Engine
from engine.store import outcomes
from engine.store.models import block, change, current, customer, orders, output, run, run_state
from tests.small_store import AS_OF, DAY, Order, add_customers, add_orders, open_store

CUSTOMERS = 60


def history(seed: int = 1, customers: int = CUSTOMERS) -> list[Order]:
    """Orders of a small company over two years; a fifth of the customers never buys."""
    chance = random.Random(seed)
    many = []
    for n in range(1, customers + 1):
        for number in range(0 if n % 5 == 0 else chance.randint(1, 9)):
            kind = 0 if number == 0 else chance.choice([0] * 9 + [1])
            many.append(Order(n, AS_OF - chance.randint(0, 700 * DAY), chance.randint(100, 90_000), kind=kind))
    return many


@pytest.fixture
def engine(store_url: str) -> Any:
    store = open_store(store_url)
    add_customers(store, range(1, CUSTOMERS + 1))
    add_orders(store, history())
    store.close()
    with Engine.open(store_url, actor="tester") as opened:
        yield opened


BOOK = {"format": 1, "name": "Test", "guards": {"customers": None, "amount": None, "label": None, "silent_days": None}}
POLICIES = [{"key": "rfm", "type": "rfm"}, {"key": "abc", "type": "abc"}, {"key": "lifecycle", "type": "lifecycle"}]


def publish(engine: Engine, policies: list[dict[str, Any]] | None = None, **rest: Any) -> None:
    engine.publish({**BOOK, "policies": policies or POLICIES, **rest})


def cells(engine: Engine) -> dict[tuple[int, str], str]:
    """Every current assignment, by the documented view."""
    with engine.store.read() as connection:
        rows = connection.execute(text("select customer_id, address, value from assignment")).all()
    return {(row.customer_id, row.address): row.value for row in rows}


def changed(engine: Engine, run_id: int) -> dict[tuple[int, str], tuple[str | None, str | None]]:
    with engine.store.read() as connection:
        labels = {number: key for known in outcomes.all_labels(connection).values() for key, number in known.items()}
        query = select(change, output.c.address).join(output, output.c.id == change.c.output_id).where(change.c.run_id == run_id)
        return {(row.customer_id, row.address): (labels.get(row.was), labels.get(row.now)) for row in connection.execute(query)}


def difference(
    before: dict[tuple[int, str], str], after: dict[tuple[int, str], str]
) -> dict[tuple[int, str], tuple[str | None, str | None]]:
    keys = {*before, *after}
    return {key: (before.get(key), after.get(key)) for key in keys if before.get(key) != after.get(key)}


def test_the_first_run_assigns_everything_and_changes_nothing(engine: Engine) -> None:
    publish(engine)
    done = engine.run(AS_OF)
    assert (done.status, done.customers, done.report["changes"]) == ("visible", CUSTOMERS, 0)
    assert changed(engine, done.id) == {}
    counted = done.report["outputs"]["lifecycle.stage"]
    assert sum(counted.values()) == CUSTOMERS
    assert counted["prospect"] == CUSTOMERS // 5
    found = [value for (_, address), value in cells(engine).items() if address == "lifecycle.stage"]
    assert {label: found.count(label) for label in set(found)} == counted
    assert done.report["withheld"]["rfm"]["no order yet"] == CUSTOMERS // 5


def test_the_next_run_writes_exactly_what_changed(engine: Engine) -> None:
    publish(engine)
    engine.run(AS_OF)
    before = cells(engine)
    add_orders(engine.store, [Order(5, AS_OF + DAY, 500_000), Order(7, AS_OF + 2 * DAY, 100)], first_id=9000)
    add_customers(engine.store, [61])
    add_orders(engine.store, [Order(61, AS_OF + DAY, 700)], first_id=9100)
    done = engine.run(AS_OF + 30 * DAY)
    assert changed(engine, done.id) == difference(before, cells(engine))
    assert done.report["changes"] == len(changed(engine, done.id)) > 10
    assert done.report["moved"] == len({owner for owner, _ in changed(engine, done.id)})


def test_since_is_the_run_in_which_a_value_began(engine: Engine) -> None:
    publish(engine)
    first = engine.run(AS_OF)
    second = engine.run(AS_OF + 30 * DAY)
    moved = changed(engine, second.id)
    with engine.store.read() as connection:
        kept = outcomes.load_block(connection, second.id)
    for row, owner in enumerate(kept.customer_id.tolist()):
        expected = second.id if (owner, "lifecycle.stage") in moved else first.id
        assert kept.since["lifecycle.stage"][row] == expected


def test_a_run_at_the_same_moment_supersedes_and_reads_the_same_base(engine: Engine) -> None:
    publish(engine)
    engine.run(AS_OF)
    before = cells(engine)
    second = engine.run(AS_OF + 30 * DAY)
    add_orders(engine.store, [Order(10, AS_OF + DAY, 900_000)], first_id=9000)
    third = engine.run(AS_OF + 30 * DAY)
    assert engine.run_record(second.id).status == "superseded"
    assert third.base_run_id == second.base_run_id
    assert changed(engine, second.id) == {}
    assert changed(engine, third.id) == difference(before, cells(engine))


def test_the_same_run_is_found_and_not_repeated(engine: Engine) -> None:
    publish(engine)
    first = engine.run(AS_OF)
    again = engine.run(AS_OF)
    assert again.id == first.id
    assert engine.run(AS_OF, recompute=True).digest == first.digest


def test_an_earlier_moment_is_refused_unless_it_is_a_look_back(engine: Engine) -> None:
    publish(engine)
    today = engine.run(AS_OF)
    before = cells(engine)
    with pytest.raises(RunError, match="--historical"):
        engine.run(AS_OF - DAY)
    months = list(engine.run_history(6, until=AS_OF - DAY))
    assert [past.status for past in months] == ["historical"] * 6
    assert months[1].base_run_id == months[0].id
    assert cells(engine) == before
    assert engine.run_record().id == today.id
    with engine.store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(change)) == 0


def test_a_look_back_that_is_repeated_replaces_the_former(engine: Engine) -> None:
    publish(engine)
    first = engine.run(AS_OF - 100 * DAY, historical=True)
    again = engine.run(AS_OF - 100 * DAY, historical=True, recompute=True)
    assert again.digest == first.digest
    assert engine.run_record(first.id).status == "superseded"


def test_a_run_that_moves_too_much_is_held_until_it_is_released(engine: Engine) -> None:
    publish(engine, guards={"customers": 0.2})
    engine.run(AS_OF)
    before = cells(engine)
    held = engine.run(AS_OF + 200 * DAY)
    assert held.status == "held"
    assert any("the limit is 20%" in words for words in held.report["held"])
    assert cells(engine) == before
    released = engine.release(held.id)
    assert (released.status, released.released_by) == ("visible", "tester")
    assert changed(engine, held.id) == difference(before, cells(engine)) != {}
    with pytest.raises(RunError, match="not held"):
        engine.release(held.id)
    again = engine.run(AS_OF + 200 * DAY, recompute=True)
    assert (again.status, again.digest) == ("visible", released.digest)


def test_a_held_run_is_not_released_over_a_newer_one(engine: Engine) -> None:
    publish(engine, guards={"customers": 0.2})
    engine.run(AS_OF)
    held = engine.run(AS_OF + 200 * DAY)
    engine.run(AS_OF + DAY)
    with pytest.raises(RunError, match="run again"):
        engine.release(held.id)


def test_orders_that_go_silent_hold_a_run(engine: Engine) -> None:
    add_orders(engine.store, [Order(1, AS_OF - DAY)], first_id=9000)
    publish(engine, guards={"customers": None, "amount": None, "label": None, "silent_days": 7})
    engine.run(AS_OF)
    held = engine.run(AS_OF + 14 * DAY)
    assert held.status == "held"
    assert "newest order is 15 days old" in held.report["held"][0]


def test_partitions_order_of_import_and_database_do_not_change_the_digest(engine: Engine, tmp_path: Path) -> None:
    publish(engine)
    digests = {engine.run(AS_OF, recompute=True, partitions=n).digest for n in (1, 2, 7)}
    shuffled = history()
    random.Random(5).shuffle(shuffled)
    store = open_store(f"sqlite:///{tmp_path / 'shuffled.db'}")
    add_customers(store, reversed(range(1, CUSTOMERS + 1)))
    add_orders(store, shuffled)
    store.close()
    with Engine.open(f"sqlite:///{tmp_path / 'shuffled.db'}") as other:
        publish(other)
        digests.add(other.run(AS_OF).digest)
    assert len(digests) == 1


def test_one_at_a_time_gives_what_the_batch_gave(engine: Engine) -> None:
    publish(engine)
    engine.run(AS_OF)
    batch = cells(engine)
    for evaluation in engine.evaluate([f"C{n}" for n in range(1, CUSTOMERS + 1)]):
        for address in ("rfm.segment", "abc.class", "lifecycle.stage"):
            assert evaluation.values[address] == batch.get((evaluation.customer_id, address))


RAISING = '''
import numpy as np
from engine import Label, Output, Policy, Text, hookimpl


class Moody(Policy):
    """Answers until a customer has spent more than a limit, then raises."""

    name = "moody"
    title = help = Text("Moody", "多变")

    def inputs(self):
        return ("orders.amount",)

    def outputs(self):
        return (Output("mood", labels=(Label("good", Text("Good", "好")), Label("bad", Text("Bad", "坏")))),)

    def apply(self, columns, state):
        if (columns["orders.amount"] > 50_000).any():
            raise ValueError("too rich for me")
        return {"mood": (columns["orders.amount"] > 100).astype(np.int8)}


class Follower(Policy):
    name = "follower"
    title = help = Text("Follower", "跟随")

    def inputs(self):
        return ("moody.mood?", "previous.follower.same?")

    def outputs(self):
        return (Output("same", kind="flag"),)

    def apply(self, columns, state):
        return {"same": columns["moody.mood"] == "good"}


@hookimpl
def tierwise_policies():
    return [Moody, Follower]
'''


def test_a_policy_that_raises_loses_its_own_outputs_only(store_url: str, tmp_path: Path) -> None:
    plugin = tmp_path / "moody_plugin.py"
    plugin.write_text(RAISING, encoding="utf-8")
    store = open_store(store_url)
    add_customers(store, range(1, 21))
    add_orders(store, [order for order in history() if order.customer <= 20 and order.amount < 80_000])
    store.close()
    with Engine.open(store_url, plugins=[plugin]) as engine:
        publish(engine, [*POLICIES, {"key": "moody", "type": "moody"}, {"key": "follower", "type": "follower"}])
        engine.run(AS_OF)
        before = cells(engine)
        add_orders(engine.store, [Order(3, AS_OF + DAY, 90_000_00)], first_id=9000)
        done = engine.run(AS_OF + 60 * DAY)
        assert done.status == "visible"
        assert done.report["faults"] == {"moody": "ValueError: too rich for me"}
        assert done.report["stale"] == {"follower": "moody"}
        after = cells(engine)
        stale = ("moody.mood", "follower.same")
        assert {k: v for k, v in after.items() if k[1] in stale} == {k: v for k, v in before.items() if k[1] in stale} != {}
        assert {k for k in changed(engine, done.id) if k[1] in stale} == set()
        assert changed(engine, done.id) == difference(before, after) != {}
        third = engine.run(AS_OF + 61 * DAY)
        assert third.report["faults"]
        assert {k: v for k, v in cells(engine).items() if k[1] in stale} == {k: v for k, v in before.items() if k[1] in stale}


def test_an_output_that_is_disabled_closes_without_a_row_per_customer(engine: Engine) -> None:
    publish(engine)
    engine.run(AS_OF)
    publish(engine, [*POLICIES[:2], {**POLICIES[2], "enabled": False}])
    second = engine.run(AS_OF + DAY)
    assert not [key for key in cells(engine) if key[1] == "lifecycle.stage"]
    assert not [key for key in changed(engine, second.id) if key[1] == "lifecycle.stage"]
    publish(engine)
    third = engine.run(AS_OF + 2 * DAY)
    assert len([key for key in cells(engine) if key[1] == "lifecycle.stage"]) == CUSTOMERS
    assert not [key for key in changed(engine, third.id) if key[1] == "lifecycle.stage"]
    with engine.store.read() as connection:
        slots = connection.execute(select(output.c.address, output.c.slot, output.c.closed_run)).all()
    assert [row.closed_run for row in slots if row.address == "lifecycle.stage"] == [second.id, None]


def test_a_customer_that_is_merged_leaves_with_one_change_per_value(engine: Engine) -> None:
    publish(engine)
    engine.run(AS_OF)
    before = cells(engine)
    with engine.store.write() as connection:
        connection.execute(update(orders).where(orders.c.customer_id == 2).values(customer_id=1))
        connection.execute(update(customer).where(customer.c.id == 2).values(merged_into=1))
    done = engine.run(AS_OF + DAY)
    assert not [key for key in cells(engine) if key[0] == 2]
    left = {key: moved for key, moved in changed(engine, done.id).items() if key[0] == 2}
    assert left == {key: (value, None) for key, value in before.items() if key[0] == 2}


def test_customers_flagged_not_graded_enter_no_share(engine: Engine) -> None:
    publish(engine)
    add_orders(engine.store, [Order(1, AS_OF - DAY, 10**9)], first_id=9000)
    whale = engine.run(AS_OF)
    with engine.store.write() as connection:
        connection.execute(update(customer).where(customer.c.id == 1).values(not_graded="walk-in"))
        connection.execute(text("update fact_clock set seq = seq + 1"))
    without = engine.run(AS_OF + 60)
    assert without.report["withheld"]["abc"]["not graded: walk-in"] == 1
    assert without.report["outputs"]["abc.class"]["A"] > whale.report["outputs"]["abc.class"].get("A", 0)


def test_no_customers_at_all_is_a_success_with_a_warning(store_url: str) -> None:
    open_store(store_url).close()
    with Engine.open(store_url) as engine:
        publish(engine)
        done = engine.run(AS_OF)
        assert (done.status, done.customers) == ("visible", 0)
        assert any("no customers yet" in words for words in done.report["warnings"])
        add_customers(engine.store, [1, 2])
        assert engine.run(AS_OF + DAY).customers == 2


def test_a_moment_before_the_first_order_grades_nobody_and_warns(engine: Engine) -> None:
    publish(engine)
    done = engine.run(AS_OF - 5000 * DAY)
    assert done.report["graded"]["rfm"] == done.report["graded"]["abc"] == 0
    assert any("graded nobody" in words for words in done.report["warnings"])


def test_nothing_is_half_written_whichever_statement_fails(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail the k-th write of the last transaction, for every k: the former outcome stands, and running again works."""
    publish(engine)
    engine.run(AS_OF)
    add_orders(engine.store, [Order(5, AS_OF + DAY, 500_000)], first_id=9000)
    before, tables = cells(engine), (run, block, run_state, change, current, output)
    failing = ("store_run", "make_visible", "_slots", "_write_current", "_write_changes", "insert_columns", "update_columns")
    for name in failing:
        with monkeypatch.context() as patch:
            real = getattr(outcomes, name)

            def fail(*args: Any, real: Any = real, **kwargs: Any) -> Any:
                real(*args, **kwargs)
                raise OSError("the disk is gone")

            patch.setattr(outcomes, name, fail)
            counts = _counts(engine, tables)
            with pytest.raises(OSError, match="disk is gone"):
                engine.run(AS_OF + 30 * DAY)
            assert _counts(engine, tables) == counts
            assert cells(engine) == before
    done = engine.run(AS_OF + 30 * DAY)
    assert changed(engine, done.id) == difference(before, cells(engine))


def _counts(engine: Engine, tables: tuple[Any, ...]) -> list[int]:
    with engine.store.read() as connection:
        return [connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def test_previous_reads_the_base_run_and_never_an_earlier_attempt(store_url: str, tmp_path: Path) -> None:
    """A tier that climbs one step per run must not climb twice when a run is repeated."""
    plugin = tmp_path / "climber.py"
    plugin.write_text(CLIMBER, encoding="utf-8")
    store = open_store(store_url)
    add_customers(store, [1, 2, 3])
    store.close()
    with Engine.open(store_url, plugins=[plugin]) as engine:
        publish(engine, [{"key": "climb", "type": "climber"}])
        for day, tier in ((0, "t1"), (0, "t1"), (1, "t2"), (1, "t2"), (1, "t2"), (2, "t3")):
            engine.run(AS_OF + day * DAY, recompute=True)
            assert set(cells(engine).values()) == {tier}


CLIMBER = """
import numpy as np
from engine import Label, Output, Policy, Text, hookimpl

TIERS = tuple(Label(f"t{n}", Text(f"Tier {n}", f"第 {n} 级")) for n in range(1, 6))


class Climber(Policy):
    name = "climber"
    title = help = Text("Climber", "攀登")

    def inputs(self):
        return ("orders.count", "previous.climb.tier")

    def outputs(self):
        return (Output("tier", labels=TIERS),)

    def apply(self, columns, state):
        return {"tier": np.minimum(columns["previous.climb.tier"].codes + 1, 4)}


@hookimpl
def tierwise_policies():
    return [Climber]
"""


def test_the_block_reads_back_as_it_was_written(engine: Engine) -> None:
    publish(engine)
    done = engine.run(AS_OF)
    with engine.store.read() as connection:
        kept = outcomes.load_block(connection, done.id)
        labels = {number: key for known in outcomes.all_labels(connection).values() for key, number in known.items()}
    assert (np.diff(kept.customer_id) > 0).all()
    shown = {
        (owner, "abc.class"): labels[number]
        for owner, number in zip(kept.customer_id.tolist(), kept.values["abc.class"].tolist(), strict=True)
        if number >= 0
    }
    assert shown == {key: value for key, value in cells(engine).items() if key[1] == "abc.class"}


def test_more_labels_than_fit_are_refused_and_nothing_is_kept(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(engine, POLICIES[1:2])
    engine.run(AS_OF)
    before = cells(engine)
    monkeypatch.setattr(outcomes, "MOST_LABELS", 10)
    publish(engine)
    with pytest.raises(RunError, match="more than 10 labels"):
        engine.run(AS_OF + DAY)
    assert cells(engine) == before


def test_a_store_without_a_rulebook_says_what_to_do(store_url: str) -> None:
    open_store(store_url).close()
    with Engine.open(store_url) as engine, pytest.raises(Exception, match="tierwise rulebook publish"):
        engine.run(AS_OF)
