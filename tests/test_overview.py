"""Today's picture: its figures are those of the runs, whatever it compares with."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from engine.errors import RunError
from engine.service import Engine
from tests.small_store import AS_OF, DAY
from tests.trust.company import LATER, company


@pytest.fixture
def engine(store_url: str) -> Any:
    company(store_url)
    with Engine.open(store_url) as opened:
        yield opened


def test_before_the_first_run_there_is_nothing(engine: Engine) -> None:
    assert engine.overview() is None


def test_the_figures_are_those_of_the_runs(engine: Engine) -> None:
    first, second = engine.run(AS_OF), engine.run(LATER)
    picture = engine.overview()
    assert picture is not None
    assert picture.run.id == second.id
    assert picture.movement is not None
    assert picture.movement.since_run == first.id
    kept = engine.label_amounts(second.id)
    for band in picture.bands:
        assert (band.customers, band.amount) == kept.get((picture.address, band.key), (0, 0))
        assert band.before == engine.label_amounts(first.id).get((picture.address, band.key), (0, 0))[0]
        assert len(band.shares) == 2
    assert picture.customers == second.customers == sum(band.customers for band in picture.bands) + picture.withheld


@pytest.mark.parametrize("address", ["rfm.segment", "abc.class", "lifecycle.stage"])
def test_the_movement_is_that_of_the_changes(engine: Engine, address: str) -> None:
    engine.run(AS_OF)
    engine.run(LATER)
    picture = engine.overview(address)
    assert picture is not None
    m = picture.movement
    assert m is not None
    changes = engine.changes()
    policy, output = address.split(".")
    rows = changes[(changes["policy"] == policy) & (changes["output"] == output)]
    blank = rows.astype(object).where(rows.notna(), "")
    assert Counter({pair: n for pair, n in m.cells.items() if pair[0] != pair[1]}) == Counter(zip(blank["was"], blank["now"], strict=True))
    assert m.moved == len(rows) == m.up + m.down + m.other
    assert m.other >= m.gained + m.lost
    assert [mover.amount for mover in m.movers] == sorted((mover.amount for mover in m.movers), reverse=True)
    assert {mover.customer for mover in m.movers} <= set(rows["customer"])


def test_what_it_compares_with(engine: Engine) -> None:
    for days in (40, 20, 5, 0):
        engine.run(LATER - days * DAY)

    def since(days: int | None) -> int | None:
        picture = engine.overview(days=days)
        assert picture is not None
        return None if picture.movement is None else (LATER - picture.movement.since) // DAY

    assert [since(days) for days in (None, 7, 30, 41)] == [5, 20, 40, None]


def test_an_unknown_output_is_refused(engine: Engine) -> None:
    engine.run(AS_OF)
    with pytest.raises(RunError, match=r"did you mean 'rfm\.segment'"):
        engine.overview("rfm.segmnt")


def test_held_runs(engine: Engine) -> None:
    assert engine.held_runs() == []
