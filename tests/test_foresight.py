"""The radar tells the day that runs on the days to come would tell, if nobody orders again."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest

from engine.errors import RunError
from engine.evaluate import Evaluator
from engine.radar import Watch
from engine.service import Engine
from tests.small_store import AS_OF, DAY, Order, add_orders
from tests.test_dividing import CUSTOMERS, book, opened


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    with opened(store_url, book()) as made:
        yield made


def evaluated(engine: Engine, address: str, day: int) -> dict[str, str | None]:
    """Each customer alone, with the states of the run, as of a later day."""
    names = [f"C{n}" for n in range(1, CUSTOMERS + 1)]
    found = engine.evaluate(names, as_of=AS_OF + day * DAY)
    return {name: one.values[address] for name, one in zip(names, found, strict=True)}


@pytest.mark.parametrize("address", ["lifecycle.stage", "rfm.segment", "abc.class"])
def test_every_day_is_the_day_on_which_an_evaluation_gives_another_label(engine: Engine, address: str) -> None:
    radar = engine.insight.radar(address, days=25, most=CUSTOMERS)
    now = evaluated(engine, address, 0)
    told = {fall.external_id: fall for fall in radar.falls}
    seen: dict[str, tuple[int, str]] = {}
    for day in range(1, 26):
        for name, label in evaluated(engine, address, day).items():
            if now[name] is not None and label != now[name] and name not in seen:
                seen[name] = (day, label or "")
    assert {name: (fall.day, fall.becomes) for name, fall in told.items()} == seen
    assert radar.lost == len(seen)
    assert all(now[name] == fall.label for name, fall in told.items())
    assert dict(zip(radar.keys, radar.now.tolist(), strict=True)) == {
        key: sum((label or "") == key for label in now.values()) for key in radar.keys
    }
    last = evaluated(engine, address, 25)
    assert radar.counts[-1].tolist() == [sum((label or "") == key for label in last.values()) for key in radar.keys]


def test_orders_of_the_future_do_not_break_the_silence(engine: Engine) -> None:
    before = engine.insight.radar("lifecycle.stage", days=40, most=CUSTOMERS)
    add_orders(engine.store, [Order(n, AS_OF + n * DAY, 1_000) for n in range(1, 30)], first_id=7000)
    after = engine.insight.radar("lifecycle.stage", days=40, most=CUSTOMERS)
    assert before.falls == after.falls
    assert before.counts.tolist() == after.counts.tolist()


def test_looking_weekly_finds_the_week(engine: Engine) -> None:
    daily = engine.insight.radar("lifecycle.stage", days=42, most=CUSTOMERS)
    weekly = engine.insight.radar("lifecycle.stage", days=42, every=7, most=CUSTOMERS)
    days = {fall.external_id: fall.day for fall in daily.falls}
    assert all(0 <= fall.day - days[fall.external_id] < 7 for fall in weekly.falls if fall.external_id in days)
    assert weekly.counts.tolist() == daily.counts[::7].tolist()
    assert json.loads(json.dumps(daily.as_dict()))["lost"] == daily.lost


def test_losses_of_a_week_and_one_label(engine: Engine) -> None:
    radar = engine.insight.radar("lifecycle.stage", "active", days=60, most=CUSTOMERS)
    assert {fall.label for fall in radar.falls} <= {"active"}
    at = radar.keys.index("active")
    assert radar.losses[at].sum() == len(radar.falls)
    assert radar.amounts[at].sum() == sum(fall.amount for fall in radar.falls)
    for week, count in enumerate(radar.losses[at].tolist()):
        assert count == sum((fall.day - 1) // 7 == week for fall in radar.falls)


def test_mistakes_are_named(engine: Engine) -> None:
    with pytest.raises(RunError, match=r"no label 'lifecycle.stag'; did you mean 'lifecycle.stage'"):
        engine.insight.radar("lifecycle.stag")
    with pytest.raises(RunError, match=r"no label 'aktive'; did you mean 'active'"):
        engine.insight.radar("lifecycle.stage", "aktive")
    for days, every in ((0, 1), (5000, 1), (5, 6)):
        with pytest.raises(RunError, match="expected 1 to 3,660 days"):
            engine.insight.radar("lifecycle.stage", days=days, every=every)


def test_a_label_that_comes_back_is_lost_on_the_first_day() -> None:
    watch = Watch(np.array([0, 0, 1]), 3)
    watch.look(1, np.array([0, 1, 1]))
    watch.look(2, np.array([2, 0, 1]))
    assert watch.day.tolist() == [2, 1, -1]
    assert watch.becomes.tolist() == [2, 1, 1]


def test_frozen_states_are_those_of_the_run(engine: Engine) -> None:
    record = engine.run_record()
    evaluator = Evaluator.of_run(engine.store, record, engine.rulebook(), engine.registry)
    assert evaluator.record.id == record.id


def test_damping_goes_on_from_day_to_day(engine: Engine) -> None:
    damped = book()
    entries = [
        {**entry, "damping": {"stage": {"down": {"after_days": 10}}}} if entry["key"] == "lifecycle" else entry
        for entry in damped["policies"]
    ]
    plain = {fall.external_id: fall.day for fall in engine.insight.radar("lifecycle.stage", days=40, most=CUSTOMERS).falls}
    engine.publish({**damped, "policies": entries})
    engine.run(AS_OF, recompute=True)
    held = {fall.external_id: fall.day for fall in engine.insight.radar("lifecycle.stage", days=40, most=CUSTOMERS).falls}
    assert held
    assert any(held.get(name, 41) == day + 10 for name, day in plain.items())
    record = engine.run_record()
    days = sorted(set(held.values()))[:3]
    for day in range(1, max(days) + 1):
        engine.run(AS_OF + day * DAY)
    labels = {row.customer: row.value for row in engine.assignments("lifecycle").itertuples()}
    then = {row.customer: row.value for row in engine.assignments("lifecycle", run_id=record.id).itertuples()}
    assert {name for name in labels if labels[name] != then[name]} == {name for name, day in held.items() if day <= max(days)}
