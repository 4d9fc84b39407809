"""Kept lists: one's own, shared, and what is nobody else's business."""

from __future__ import annotations

import pytest

from engine.errors import ListError
from engine.service import Engine

QUERY = {"filters": ["grade.grade=A"], "sort": "-name"}


def test_a_view_is_ones_own_until_it_is_shared(store_url: str) -> None:
    with Engine.open(store_url) as engine:
        chen, li = engine.acting_as("chen"), engine.acting_as("li")
        view = chen.views.save("customers", " Best   ones ", QUERY)
        assert (view.title, view.mine, view.shared, view.query["filters"]) == ("Best ones", True, False, ["grade.grade=A"])
        assert li.views.list() == []
        with pytest.raises(ListError, match="no list"):
            li.views.get(view.id)
        chen.views.share(view.id)
        assert [each.mine for each in li.views.list("customers")] == [False]
        for verb in (li.views.remove, li.views.share):
            with pytest.raises(ListError, match="of yours"):
                verb(view.id)
        again = chen.views.save("customers", "Best ones", {"filters": []}, shared=True)
        assert (again.id, again.revision) == (view.id, 3)
        chen.views.remove(view.id)
        assert li.views.list() == []


@pytest.mark.parametrize(
    ("page", "title", "query", "says"),
    [
        ("runs", "x", {}, "page"),
        ("customers", " ", {}, "title"),
        ("customers", "x" * 101, {}, "title"),
        ("customers", "x", {"filters": ["nonsense"]}, "expected a name"),
        ("changes", "x", {"was": "y" * 30_000}, "more filters"),
    ],
)
def test_what_cannot_be_kept(sqlite_url: str, page: str, title: str, query: dict[str, object], says: str) -> None:
    with Engine.open(sqlite_url) as engine, pytest.raises(ListError, match=says):
        engine.views.save(page, title, query)


@pytest.mark.parametrize("number", [0, -1, 10**20, 7])
def test_a_view_that_is_not_there(sqlite_url: str, number: int) -> None:
    with Engine.open(sqlite_url) as engine, pytest.raises(ListError, match="no list"):
        engine.views.get(number)
