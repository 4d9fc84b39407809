"""Undo and redo of drafts: like an editor with two stacks, whatever was saved between, by whomever."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.draft_steps import BACK, FORTH, MOST, steps_of
from engine.errors import DraftError, StaleDraft
from engine.service import Engine
from engine.store.drafts import DraftEdit
from tests.test_drafts import RULES


def edit(revision: int, note: str = "") -> DraftEdit:
    return DraftEdit(revision, "mei", 0, note)


@given(st.lists(st.sampled_from(["edit", "back", "forth"]), max_size=60))
def test_two_stacks(acts: list[str]) -> None:
    """Against the plainest model: contents on two stacks."""
    edits, contents = [edit(1)], {1: 1}
    past: list[int] = []
    future: list[int] = []
    now = 1
    for act in acts:
        steps, revision = steps_of(edits), len(edits) + 1
        to = steps.back if act == "back" else steps.forth
        if act == "edit":
            past, future, now = [*past, now], [], revision
            edits.append(edit(revision))
        elif to is None:
            assert not (past if act == "back" else future)
            continue
        elif act == "back":
            future.append(now)
            now = past.pop()
            edits.append(edit(revision, BACK.format(to)))
        else:
            past.append(now)
            now = future.pop()
            edits.append(edit(revision, FORTH.format(to)))
        contents[revision] = now
        found = steps_of(reversed(edits))
        assert contents[found.current] == now
        assert [contents[each] for each in found.past] == past
        assert [contents[each] for each in found.future] == future


def test_a_note_that_only_sounds_like_a_step_is_an_edit() -> None:
    steps = steps_of([edit(1), edit(2), edit(3, "undone to revision 2"), edit(4, "redone to revision 1"), edit(5, "undone to revision x")])
    assert (steps.current, list(steps.past), list(steps.future)) == (5, [1, 2, 3, 4], [])


def test_steps_are_bounded() -> None:
    assert len(steps_of([edit(n) for n in range(1, 300)]).past) == MOST
    assert steps_of([]).back is None


@pytest.fixture
def mei(sqlite_url: str) -> Iterator[Engine]:
    with Engine.open(sqlite_url, actor="mei") as engine:
        yield engine


def test_undo_and_redo_of_a_draft(mei: Engine) -> None:
    draft = mei.drafts.new(document=RULES)
    for name in ("A", "B"):
        draft = mei.drafts.edit(draft.id, revision=draft.revision, changes=[{"place": "name", "value": name}])
    draft = mei.drafts.back(draft.id, revision=3)
    assert draft.document["name"] == "A"
    draft = mei.acting_as("li").drafts.back(draft.id, revision=4)
    assert draft.document["name"] == RULES["name"]
    with pytest.raises(DraftError, match="nothing to undo"):
        mei.drafts.back(draft.id, revision=5)
    for expected in ("A", "B"):
        draft = mei.drafts.forth(draft.id, revision=draft.revision)
        assert draft.document["name"] == expected
    with pytest.raises(DraftError, match="nothing to redo"):
        mei.drafts.forth(draft.id, revision=draft.revision)
    with pytest.raises(StaleDraft):
        mei.drafts.back(draft.id, revision=2)
    assert mei.drafts.get(draft.id).document["name"] == "B"
