"""What is read once for everybody who acts on a store, and that nobody meets what is no longer so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine import known
from engine.service import Engine
from tests.small_store import add_customers, open_store


def book(name: str) -> dict[str, object]:
    return {"name": name, "policies": [{"key": "abc", "type": "abc"}]}


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    with open_store(sqlite_url) as store:
        add_customers(store, range(1, 4))
    with Engine.open(sqlite_url, actor="li") as opened:
        opened.publish(book("one"))
        yield opened


def test_a_version_is_checked_once_for_all_who_act(engine: Engine) -> None:
    assert engine.acting_as("wang").rulebook() is engine.rulebook()
    assert engine.acting_as("wang").acting_as("zhao").catalogue is engine.catalogue


def test_a_new_version_and_a_new_tag_are_met_at_once(engine: Engine) -> None:
    before = engine.rulebook()
    engine.publish(book("two"))
    assert (engine.rulebook().name, engine.acting_as("wang").rulebook().name) == ("two", "two")
    assert engine.rulebook("1") is before
    engine.tags.add("vip")
    other = engine.acting_as("wang")
    assert "tags.vip" in other.catalogue
    assert "tags.vip" in other.rulebook().catalogue


def test_the_rulebook_that_was_not_asked_for_the_longest_goes(engine: Engine) -> None:
    first = engine.rulebook("1")
    for number in range(2, known.KEPT + 2):
        engine.publish(book(str(number)))
        engine.rulebook()
    assert engine.rulebook("1") is not first
    assert engine.rulebook("1").hash == first.hash
