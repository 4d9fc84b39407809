"""What a draft does to service: managers, hours, levels; in the simulation, its page's data and on the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.document_writer import as_yaml
from engine.service import Engine
from tests.cli.conftest import Shop
from tests.small_desk import CLASSES, book, fill_desk, service


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    with Engine.open(sqlite_url, actor="lin") as opened:
        fill_desk(opened)
        yield opened


def more() -> dict[str, Any]:
    """B has gold too."""
    document = book()
    table = document["policies"][1]["params"]["table"]
    table["rows"][1]["then"] = ["gold"]
    return document


def test_more_customers_get_a_manager_and_more_hours_are_promised(engine: Engine) -> None:
    effect = engine.simulate(more()).service
    assert effect is not None
    assert (effect.live.managed, effect.draft.managed, effect.more_managed, effect.more_hours) == (1, 2, 1, 6.0)
    assert [(each["key"], each["live"], each["draft"]) for each in effect.as_dict()["levels"]] == [
        ("gold", 1, 2),
        ("silver", 1, 0),
        ("plain", 3, 3),
    ]
    assert effect.words()[0].en == "This draft gives 1 more customer a dedicated manager: 1 → 2"
    assert effect.words()[1].zh == "全年承诺服务工时：14 → 20（+6）"


def test_without_levels_there_is_nothing_to_say_and_new_ones_are_all_more(engine: Engine) -> None:
    bare = {**book(), "policies": [CLASSES]}
    gone = engine.simulate(bare).service
    assert gone is not None
    assert (gone.more_managed, gone.more_hours) == (-1, -14.0)
    assert "fewer" in gone.words()[0].en
    engine.publish(bare)
    engine.run("2026-01-01")
    assert engine.simulate({**bare, "name": "other"}).service is None
    found = engine.simulate({**bare, "policies": [CLASSES, service()]}).service
    assert found is not None
    assert (found.live.managed, found.draft.managed) == (0, 1)


def test_the_page_has_it_and_the_command_line_says_whether_there_are_managers_enough(engine: Engine, tmp_path: Path) -> None:
    draft = engine.drafts.new(document=more(), title="more")
    picture = engine.simulations.of(draft.id).as_dict()
    assert picture["service"]["more_managed"] == 1
    shop = Shop(tmp_path, str(engine.settings.database_url))
    said = shop("rulebook", "simulate", shop.file("more.yaml", as_yaml(more())))
    assert "This draft gives 1 more customer a dedicated manager" in said
    assert engine.managers.capacity(1).words().en in said
