"""Points are no facts: whatever was remembered of a rulebook that reads them is computed anew when they move, and only then."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engine import clock
from engine.service import Engine
from engine.store.ledger_mark import ledger_mark
from tests.small_store import add_customers, open_store

OPEN = {"customers": None, "amount": None, "label": None}


def club(gold: float = 100, measure: str = "points") -> dict[str, Any]:
    levels = [
        {"key": "basic", "title": {"en": "Basic", "zh": "普通"}, "from": 0, "below": gold},
        {"key": "gold", "title": {"en": "Gold", "zh": "金卡"}, "from": gold},
    ]
    return {"key": "club", "type": "membership", "params": {"measure": measure, "period": "joining", "levels": levels}}


def book(*policies: dict[str, Any]) -> dict[str, Any]:
    return {"name": "Test", "policies": [*policies, {"key": "points", "type": "points", "params": {"manual": 1_000}}], "guards": OPEN}


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    with open_store(store_url) as store:
        add_customers(store, range(1, 6))
    with Engine.open(store_url, actor="li") as opened:
        opened.publish(book(club()))
        opened.run(clock.now() - 1_000)
        yield opened


def gold(simulation: Any) -> int:
    """Customers that a draft makes gold."""
    return int(simulation.draft.column("club.level").codes.tolist().count(0))


def test_a_simulation_is_remembered_until_points_move(engine: Engine) -> None:
    draft = engine.drafts.new(document=book(club(gold=50))).id
    first = engine.simulations.of(draft)
    assert gold(first.simulation) == 0
    assert engine.simulations.of(draft).simulation is not None
    key = engine.simulations.key(draft)
    assert engine.simulations.key(draft) == key
    assert engine.simulations.remembered(draft) is not None
    engine.points.earn("C1", 60, key="a", at=clock.now() - 2_000)
    assert engine.simulations.key(draft) != key
    assert engine.simulations.remembered(draft) is None
    assert gold(engine.simulations.of(draft).simulation) == 1


def test_points_move_nothing_that_does_not_read_them(engine: Engine) -> None:
    engine.publish(book(club(measure="spend")))
    moment = clock.now()
    run = engine.run(moment).id
    draft = engine.drafts.new(document=book(club(gold=50, measure="spend"))).id
    key = engine.simulations.key(draft)
    engine.points.earn("C1", 60, key="a", at=moment - 2_000)
    assert engine.simulations.key(draft) == key
    assert engine.run(moment).id == run, "the same run is found"


def test_a_draft_that_reads_points_beside_a_live_rulebook_that_does_not(engine: Engine) -> None:
    engine.publish(book(club(measure="spend")))
    engine.run(clock.now())
    draft, document = engine.drafts.new(document=book(club())).id, book(club(gold=50))
    assert gold(engine.simulations.of(draft).simulation) == 0
    shown = engine.previews.preview(document)
    assert shown is not None
    assert gold(shown.simulation) == 0
    engine.points.earn("C1", 100, key="a", at=clock.now() - 2_000)
    assert gold(engine.simulations.of(draft).simulation) == 1
    shown = engine.previews.preview(document)
    assert shown is not None
    assert gold(shown.simulation) == 1


def test_a_run_of_the_same_moment_is_another_one_when_points_came_late(engine: Engine) -> None:
    moment = clock.now()
    first = engine.run(moment)
    assert engine.run(moment).id == first.id
    engine.points.earn("C1", 500, key="a", at=moment - 2_000)
    for changed in (True, False):
        second = engine.run(moment, changed=changed)
        assert second.id != first.id
        assert second.outputs["club.level"]["gold"] == 1
        assert engine.membership.card("C1").level.key == "gold"  # type: ignore[union-attr]
    assert engine.run(moment, changed=True).id == second.id


def test_run_changed_sees_points_that_no_fact_tells(engine: Engine) -> None:
    moment = clock.now()
    engine.run(moment, changed=True)
    engine.points.earn("C2", 500, key="a", at=moment - 2_000)
    record = engine.run(moment + 1, changed=True)
    assert record.outputs["club.level"]["gold"] == 1
    assert record.digest == engine.run(moment + 1, recompute=True).digest


def test_a_question_over_live_levels_is_asked_anew(engine: Engine) -> None:
    params = {"address": "club.level", "label": "gold", "days": 30}
    engine.questions.ask("radar", params)
    assert engine.questions.look("radar", params).answer is not None
    engine.points.earn("C1", 500, key="a", at=clock.now() - 2_000)
    assert engine.questions.look("radar", params).answer is None


def test_every_act_moves_the_mark(engine: Engine) -> None:
    points, seen = engine.points, set()
    acts = (
        lambda: points.earn("C1", 50, key="a"),
        lambda: points.redeem("C1", 10, key="b"),
        lambda: points.correct("C1", 5, reason="complaint", key="c"),
        lambda: points.transfer("C1", "C2", 5, key="d"),
        lambda: points.earn("C3", 5, key="e", hold_days=3),
        points.day,
    )
    for act in (*acts, lambda: None):
        act()
        with engine.store.read() as connection:
            seen.add(ledger_mark(connection))
    assert len(seen) == len(acts)
