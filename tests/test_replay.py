"""Replay: every past assignment is explained by the rulebook, states, inputs and base run that made it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, update

from engine.errors import RunError
from engine.service import Engine
from engine.store.models import block, run_state
from engine.values import plain
from tests.small_store import AS_OF, DAY, Order, add_customers, add_orders, open_store

CUSTOMERS = 40


def book(amount: int, bins: int = 5) -> dict[str, Any]:
    """Rules whose table also reads what a customer was before."""
    labels = [{"key": key, "title": {"en": key.title(), "zh": key}} for key in ("gold", "silver", "none")]
    table = {
        "inputs": ["abc.class", "orders.amount", "previous.tier.level"],
        "outputs": ["level"],
        "hit_policy": "first",
        "rows": [
            {"when": ['"A"', f">= {amount}", "-"], "then": ["gold"]},
            {"when": ["-", "-", '"gold"'], "then": ["silver"]},
            {"when": ["-", "-", '"silver"'], "then": ["silver"]},
        ],
        "default": ["none"],
    }
    return {
        "name": "For replay",
        "policies": [
            {"key": "rfm", "type": "rfm", "params": {"bins": bins}},
            {"key": "abc", "type": "abc"},
            {"key": "lifecycle", "type": "lifecycle"},
            {"key": "tier", "type": "decision_table", "params": {"table": table, "outputs": [{"name": "level", "labels": labels}]}},
        ],
    }


def some_orders(dice: random.Random, until: int, count: int) -> list[Order]:
    return [Order(dice.randint(1, CUSTOMERS), until - dice.randrange(400) * DAY, dice.randrange(100, 90_000)) for _ in range(count)]


def settle(engine: Engine, at: int) -> None:
    """Run, and let a guard pass."""
    record = engine.run(at)
    if record.status == "held":
        engine.release(record.id)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A store with months of runs between which facts came, rules changed, customers joined and runs were repeated."""
    url = f"sqlite:///{tmp_path_factory.mktemp('replay') / 'store.db'}"
    dice = random.Random(3)
    with open_store(url) as store:
        add_customers(store, range(1, CUSTOMERS + 1))
        add_orders(store, some_orders(dice, AS_OF, 80))
    with Engine.open(url, create=False) as engine:
        first_id = 1000
        for month in range(6):
            at = AS_OF + month * 30 * DAY
            engine.publish(book(200 + 50 * month, bins=5 if month % 2 else 3))
            add_orders(engine.store, some_orders(dice, at, 15), first_id=first_id)
            first_id += 100
            settle(engine, at)
            if month == 2:
                engine.flag_not_graded("C7", "staff")
                settle(engine, at)  # supersedes
            if month == 3:
                engine.flag_not_graded("C7", None)
                engine.join_customers("C1", "C2")
                engine.run(AS_OF + 10 * DAY, historical=True)
        add_orders(engine.store, some_orders(dice, AS_OF, 60), first_id=5000)  # late facts
        yield engine


def test_every_past_assignment_is_what_the_run_stored(lived: Engine) -> None:
    seen = set()
    for record in lived.runs():
        frame = lived.assignments(run_id=record.id)
        stored = {(row.customer, f"{row.policy}.{row.output}"): row.value for row in frame.itertuples()}
        replay = lived._explaining.replay(lived.run_record(record.id))
        for number in range(1, CUSTOMERS + 1):
            if not replay.was_there(number):
                continue
            replayed = replay.of_customer(number)
            assert replayed.source == "run"
            seen.add(record.status)
            for key, policy in replayed.outcome.policies.items():
                for output in policy.step.outputs:
                    again = plain(policy.columns[output.name], output)[0]
                    assert again == replayed.stored[f"{key}.{output.name}"]
                    if output.has_history and number != 2:  # lists leave out who was joined since
                        assert stored.get((f"C{number}", f"{key}.{output.name}")) == again
            assert not any(replayed.differs(key) for key in replayed.outcome.policies)
    assert seen == {"visible", "superseded", "historical"}


def test_a_past_run_has_its_own_rules_values_and_moment(lived: Engine) -> None:
    first, last = lived.runs()[-1], lived.run_record()
    then, now = (lived.explain("C5", "tier", run_id=record.id)[0] for record in (first, last))
    assert then.run == first.id
    assert then.rulebook == first.version_id != now.rulebook
    assert then.as_of == lived.written(first.as_of)
    at = lived.explain("C5", "tier", at=first.as_of + DAY)[0]
    assert at.run == first.id
    with pytest.raises(RunError, match=r"no run is of .* or before"):
        lived.explain("C5", at=AS_OF - 9 * DAY)
    with pytest.raises(RunError, match="give a run or a moment"):
        lived.explain("C5", at=AS_OF, run_id=1)
    with pytest.raises(RunError, match="there is no run 99"):
        lived.explain("C5", run_id=99)


def test_superseded_and_historical_runs_say_what_they_are(lived: Engine) -> None:
    said = {record.status: lived.explain("C7", "abc", run_id=record.id)[0] for record in lived.runs()}
    assert said["visible"].notes == ()
    assert said["superseded"].notes == ("This run was superseded by another at the same moment.",)
    assert said["historical"].notes == ("This run is a look back and never touched current assignments.",)
    flagged = next(found for record in lived.runs() if (found := lived.explain("C7", "abc", run_id=record.id)[0]).withheld)
    assert flagged.withheld == "not graded: staff"


def test_who_was_joined_since_is_explained_as_the_customer_it_was(lived: Engine) -> None:
    first = lived.runs()[-1]
    then = lived.explain("C2", "abc", run_id=first.id)[0]
    assert then.notes == ("This customer has been joined into C1 since.",)
    assert lived.explain("C2", "abc", run_id=first.id, language="zh")[0].notes == ("该客户此后已并入 C1。",)
    assert then.inputs != lived.explain("C1", "abc", run_id=first.id)[0].inputs
    assert lived.explain("C2", "abc")[0].inputs == lived.explain("C1", "abc")[0].inputs
    assert lived.explain("C2", "abc")[0].notes == ()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Engine]:
    url = f"sqlite:///{tmp_path / 's.db'}"
    with open_store(url) as store:
        add_customers(store, [1, 2])
        add_orders(store, [Order(1, AS_OF - DAY, 5000), Order(2, AS_OF - 9 * DAY, 900)])
    with Engine.open(url, create=False) as engine:
        engine.publish("starter")
        engine.run(AS_OF)
        yield engine


def test_without_its_inputs_a_run_is_explained_by_todays_facts_and_says_so(small: Engine) -> None:
    before = small.explain("C1", "abc", run_id=1)[0]
    add_orders(small.store, [Order(1, AS_OF - 2 * DAY, 700)], first_id=50)
    with small.store.write() as connection:
        connection.execute(delete(block).where(block.c.kind == "input"))
    small._opened.clear()
    found = small.explain("C1", "abc", run_id=1)[0]
    assert (found.source, found.inputs[0].value) == ("today", 57)
    assert found.outputs[0] == before.outputs[0]
    assert found.notes[0] == "The inputs of this run are no longer kept: computed from today's facts as of its moment."
    assert small.explain("C1", "abc", run_id=1, language="zh")[0].notes[0].startswith("该次运行的输入已不再保留")


def test_a_plugin_of_another_version_is_not_applied_and_what_rests_on_it_still_is(small: Engine) -> None:
    before = small.explain("C1", run_id=1)
    with small.store.write() as connection:
        connection.execute(update(run_state).where(run_state.c.policy == "rfm").values(version=99))
        connection.execute(update(run_state).where(run_state.c.policy == "abc").values(source_hash="other"))
    small._opened.clear()
    after = small.explain("C1", run_id=1)
    assert [found.outputs for found in after] == [found.outputs for found in before]
    old = next(found for found in after if found.policy == "rfm")
    assert (old.reasons, old.nearest, old.verdicts) == ((), (), ())
    assert "version 99 of the policy type rfm; version 1 is installed" in old.notes[0]
    moved = next(found for found in after if found.policy == "abc")
    assert moved.notes == ("The code of this policy type is no longer that of the run, though its version is the same.",)
    assert moved.reasons


def test_a_policy_type_that_is_gone_is_named(tmp_path: Path) -> None:
    plugin = tmp_path / "vip.py"
    plugin.write_text(
        "import numpy as np\n"
        "from engine import Output, Policy, Text, hookimpl\n"
        "class Vip(Policy):\n"
        "    name = 'vip'\n"
        "    title = help = Text('VIP', '贵宾')\n"
        "    def inputs(self): return ('orders.count',)\n"
        "    def outputs(self): return (Output('vip', kind='flag'),)\n"
        "    def apply(self, columns, state): return {'vip': columns['orders.count'] > 2}\n"
        "@hookimpl\n"
        "def tierwise_policies(): return [Vip]\n",
        encoding="utf-8",
    )
    url = f"sqlite:///{tmp_path / 's.db'}"
    with open_store(url) as store:
        add_customers(store, [1])
    with Engine.open(url, create=False, plugins=[plugin]) as engine:
        engine.publish({"name": "t", "policies": [{"key": "vip", "type": "vip"}]})
        engine.run(AS_OF)
        found = engine.explain("C1", "vip", to="yes")[0]
        assert found.reach is not None
        assert found.reach.sentence == "If Orders were 3 orders instead of 0 orders, all else equal, vip would be yes."
    with Engine.open(url, create=False) as engine, pytest.raises(RunError, match="run 1 cannot be explained: its rulebook version 1"):
        engine.explain("C1")
