"""Differences between documents: by key, not by position; nothing missed, nothing invented."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.differences import Difference, differences

BASE: dict[str, Any] = {
    "name": "Two",
    "policies": [{"key": "rfm", "params": {"bins": 5, "weights": [1, 1]}}, {"key": "abc", "enabled": True}],
}


def changed(**edits: Any) -> dict[str, Any]:
    document = copy.deepcopy(BASE)
    document.update(edits)
    return document


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (changed(), []),
        (changed(name="Three"), [Difference("name", "changed", "Two", "Three")]),
        (changed(policies=BASE["policies"][:1]), [Difference("policies[abc]", "removed", was={"key": "abc", "enabled": True})]),
        (changed(policies=[*BASE["policies"], {"key": "life"}]), [Difference("policies[life]", "added", now={"key": "life"})]),
        (changed(policies=BASE["policies"][::-1]), [Difference("policies (order)", "changed", ["rfm", "abc"], ["abc", "rfm"])]),
        (changed(guards={"label": 0.5}), [Difference("guards", "added", now={"label": 0.5})]),
    ],
)
def test_what_changed_is_named_by_its_place(now: dict[str, Any], expected: list[Difference]) -> None:
    assert differences(BASE, now) == expected


def test_a_change_deep_inside_is_named_by_keys() -> None:
    now = copy.deepcopy(BASE)
    now["policies"][0]["params"] = {"bins": 3, "weights": [1, 2]}
    now["policies"][1]["enabled"] = 1
    assert [(one.place, one.was_text, one.now_text) for one in differences(BASE, now)] == [
        ("policies[rfm].params.bins", "5", "3"),
        ("policies[rfm].params.weights", "[1, 1]", "[1, 2]"),
        ("policies[abc].enabled", "true", "1"),
    ]


values = st.recursive(
    st.integers(0, 3) | st.sampled_from(["a", "b"]),
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.sampled_from("xyz"), v, max_size=3),
)


@given(values, values)
def test_there_is_a_difference_exactly_where_two_documents_differ(was: Any, now: Any) -> None:
    found = differences(was, now)
    assert bool(found) == (was != now)
    backwards = {(one.place, one.kind) for one in differences(now, was)}
    mirror = {"added": "removed", "removed": "added", "changed": "changed"}
    assert backwards == {(one.place, mirror[one.kind]) for one in found}
