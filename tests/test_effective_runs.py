"""Effective values in stored runs, on both databases: damping, what explain says, simulation and single customers agree."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from engine.service import Engine
from engine.store import outcomes
from engine.store.models import run
from tests.small_store import DAY, Order, add_customers, add_orders, open_store
from tests.test_effective import Was, first_days
from tests.test_runner import BOOK, cells, changed, difference

ZONE = ZoneInfo("Asia/Shanghai")
PEOPLE = 12


def at(day: str) -> int:
    return int(dt.datetime.fromisoformat(day).replace(tzinfo=ZONE).timestamp())


BEGIN = at("2024-10-20")
PLUGIN = '''
"""Fresh within 30 days, quiet within 90, gone after; nobody without an order."""
from engine import Label, Output, Policy, Text, hookimpl

LABELS = tuple(Label(key, Text(key, key)) for key in ("fresh", "quiet", "gone"))

class Silence(Policy):
    name = "silence"
    title = help = Text("Silence", "沉默")

    def inputs(self):
        return ("orders.recency_days",)

    def outputs(self):
        return (Output("state", labels=LABELS),)

    def apply(self, columns, state):
        days = columns["orders.recency_days"]
        return {"state": (days > 30).astype("int8") + (days > 90)}

class Served(Policy):
    name = "served"
    title = help = Text("Served", "服务")

    def inputs(self):
        return ("silence.state?",)

    def outputs(self):
        return (Output("level", labels=LABELS), Output("known", kind="flag"))

    def apply(self, columns, state):
        return {"level": columns["silence.state"], "known": columns["silence.state"].codes >= 0}

@hookimpl
def tierwise_policies():
    return [Silence, Served]
'''


@pytest.fixture
def engine(store_url: str, tmp_path: Path) -> Any:
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "silence.py").write_text(PLUGIN, encoding="utf-8")
    store = open_store(store_url, "Asia/Shanghai")
    add_customers(store, range(1, PEOPLE + 1))
    chance = random.Random(5)
    add_orders(store, [Order(n, BEGIN + chance.randint(-200, 200) * DAY + 3600) for n in range(1, PEOPLE) for _ in range(3)])
    store.close()
    with Engine.open(store_url, actor="tester", plugins=[folder / "silence.py"]) as opened:
        yield opened


def publish(engine: Engine, damping: Any = None) -> None:
    silence = {"type": "silence", **({"damping": {"state": damping}} if damping else {})}
    engine.publish({**BOOK, "policies": [silence, {"type": "served"}]})


def effective(engine: Engine) -> dict[int, str]:
    return {customer: value for (customer, address), value in cells(engine).items() if address == "silence.state"}


def computed(engine: Engine, run_id: int) -> dict[int, str]:
    """What a run computed, whatever held."""
    with engine.store.read() as connection:
        block = outcomes.load_block(connection, run_id)
        keys = {number: key for key, number in outcomes.all_labels(connection)["silence.state", "silence"].items()}
    values = block.computed.get("silence.state", block.values["silence.state"])
    return {int(c): keys[int(v)] for c, v in zip(block.customer_id, values, strict=True) if v >= 0}


ORDER = ("fresh", "quiet", "gone")


def expected(was: Was | None, now: str | None, moment: int, damping: dict[str, Any]) -> Was | None:
    if now is None or was is None:
        return None if now is None else Was(now, now, moment, moment)
    since = was.since if now == was.computed else moment
    hold = damping.get("up" if ORDER.index(now) < ORDER.index(was.effective) else "down", {})
    begun = "every" not in hold or any(was.run < begin <= moment for begin in first_days(was.run, moment, hold["every"], ZONE))
    moves = begun and moment - since >= hold.get("after_days", 0) * DAY
    return Was(now if moves else was.effective, now, since, moment)


@pytest.mark.parametrize("damping", [{"down": {"every": "month"}}, {"up": {"after_days": 7}, "down": {"after_days": 20}}])
def test_runs_move_customers_on_the_very_day_and_everything_agrees(engine: Engine, damping: dict[str, Any]) -> None:
    publish(engine, damping)
    was: dict[int, Was | None] = {}
    waiting = 0
    for step in range(22):
        moment = BEGIN + step * 9 * DAY + (step % 3) * 3600
        before = cells(engine)
        predicted = engine.simulate(engine.version().document, as_of=moment).labels("silence.state")
        done = engine.run(moment)
        now = computed(engine, done.id)
        was = {n: expected(was.get(n), now.get(n), moment, damping) for n in range(1, PEOPLE + 1)}
        assert effective(engine) == {n: one.effective for n, one in was.items() if one}
        assert {n: key for n, key in predicted.items() if key} == effective(engine)
        after = cells(engine)
        assert changed(engine, done.id) == (difference(before, after) if step else {})
        level = {customer: value for (customer, address), value in after.items() if address == "served.level"}
        assert level == effective(engine)  # dependents see the effective value
        waiting += done.report["waiting"]["silence.state"]
        assert done.report["waiting"]["silence.state"] == sum(now[n] != one.effective for n, one in was.items() if one)
    assert waiting > 5
    waits = [n for n, one in was.items() if one and one.effective != one.computed]
    single = engine.evaluate([f"C{n}" for n in range(1, PEOPLE + 1)])
    assert {one.customer_id: one.values["silence.state"] for one in single if one.values["silence.state"]} == effective(engine)
    assert {one.customer_id: one.computed["silence.state"] for one in single if one.computed["silence.state"]} == now
    if waits:
        one = engine.explain(f"C{waits[0]}", "silence")[0].outputs[0].effective
        assert one is not None
        assert one.waits
        assert one.sentences[0].startswith(f"computed: {one.computed} since ")


def test_a_run_repeated_at_its_moment_gives_the_same_digest(engine: Engine) -> None:
    publish(engine, {"every": "quarter"})
    digests = []
    for moment in (at("2024-12-01"), at("2024-12-20"), at("2025-01-01")):
        first = engine.run(moment)
        again = engine.run(moment, recompute=True)
        assert (again.id, again.digest) != (first.id, "")
        assert again.digest == first.digest
        assert engine.run(moment, recompute=True, partitions=3).digest == first.digest
        digests.append(first.digest)
    assert len(set(digests)) > 1


def test_damping_that_comes_later_counts_from_when_the_value_began(engine: Engine) -> None:
    publish(engine)
    first = engine.run(at("2024-11-05"))
    assert "waiting" in first.report
    was = effective(engine)
    publish(engine, {"after_days": 60})
    second = engine.run(at("2024-12-20"))
    now = computed(engine, second.id)
    assert effective(engine) == was  # what is computed has not stood for 60 days
    assert now != was
    third = engine.run(at("2025-02-18"))  # 60 days after the second
    later = computed(engine, third.id)
    assert effective(engine) == {n: later[n] if later[n] == now[n] else was[n] for n in was}
    publish(engine)  # and without damping the computed value takes effect at once
    fourth = engine.run(at("2025-02-19"))
    assert effective(engine) == computed(engine, fourth.id)


def test_a_look_back_is_damped_along_its_own_chain_and_touches_nothing(engine: Engine) -> None:
    publish(engine, {"every": "year"})
    for moment in ("2024-10-25", "2024-12-31", "2025-01-01"):
        engine.run(at(moment), historical=True)
    assert cells(engine) == {}
    with engine.store.read() as connection:
        blocks = [
            outcomes.load_block(connection, number).values["silence.state"].tolist() for number in connection.scalars(select(run.c.id))
        ]
    assert blocks[0] == blocks[1] != blocks[2]


def test_a_policy_that_failed_on_the_boundary_moves_in_its_next_run(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(engine, {"every": "year"})
    engine.run(at("2024-12-01"))
    held = effective(engine)
    silence = engine.registry.policies["silence"]
    apply = silence.apply
    monkeypatch.setattr(silence, "apply", lambda self, columns, state: {}["broken"])
    broken = engine.run(at("2025-01-01"))
    assert set(broken.faults) == {"silence"}
    assert effective(engine) == held
    monkeypatch.setattr(silence, "apply", apply)
    healed = engine.run(at("2025-01-02"))
    assert effective(engine) == computed(engine, healed.id) != held


def test_new_customers_and_lost_ones_are_not_damped(engine: Engine) -> None:
    publish(engine, {"every": "year"})
    engine.run(at("2024-11-01"))
    assert PEOPLE not in effective(engine)  # nobody without an order
    add_orders(engine.store, [Order(PEOPLE, at("2024-11-02"))], first_id=1000)
    engine.run(at("2024-11-03"))
    assert effective(engine)[PEOPLE] == "fresh"
    engine.flag_not_graded("C1", "test account")
    engine.run(at("2024-11-04"))
    assert 1 not in effective(engine)
    engine.flag_not_graded("C1", None)
    done = engine.run(at("2024-12-30"))
    assert effective(engine)[1] == computed(engine, done.id)[1]


def test_why_labels_changed_adds_up_and_is_never_laid_on_the_program(engine: Engine) -> None:
    publish(engine, {"down": {"every": "month"}})
    first = engine.run(at("2024-11-05"))
    second = engine.run(at("2024-11-29"))
    third = engine.run(at("2024-12-01"))
    for one, other in ((first, second), (second, third), (first, third)):
        division = engine.insight.divide(other.id, since=one.id)
        assert division.undivided_outputs == {}
        for found in division.outputs.values():
            assert found.moves("program") == 0 if "program" in found.parts else True
            assert (sum(found.parts.values()) == found.after - found.before).all()
    moved = engine.insight.divide(third.id, since=second.id).outputs["silence.state"]
    assert moved.moves("holds") > 0  # the boundary of the month
