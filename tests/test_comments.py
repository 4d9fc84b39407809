"""Comments on drafts: said, kept, settled, opened again, and written into the audit trail."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.comments import LONGEST, _text
from engine.errors import DraftError, TierwiseError
from engine.service import Engine
from tests.trust.company import BOOK, POLICIES, company


@pytest.fixture
def mei(store_url: str) -> Iterator[Engine]:
    company(store_url, customers=5)
    with Engine.open(store_url, actor="mei") as engine:
        engine.drafts.new(document={**BOOK, "policies": POLICIES}, title="A")
        yield engine


def test_what_is_said_is_kept_with_its_revision(mei: Engine) -> None:
    number = mei.drafts.list()[0].id
    first = mei.comments.add(number, "  Why?\r\nAnd when? \x00", place="policies[rfm].params.bins")
    assert (first.text, first.actor, first.revision, first.place, first.settled_by) == (
        "Why?\nAnd when?",
        "mei",
        1,
        "policies[rfm].params.bins",
        None,
    )
    mei.drafts.edit(number, revision=1, title="B", document={**BOOK, "name": "B", "policies": POLICIES})
    second = mei.acting_as("li").comments.add(f"d{number}", "<script>")
    assert second.revision == 2
    assert [one.text for one in mei.comments.list(f"d{number}")] == ["Why?\nAnd when?", "<script>"]
    assert first.as_dict()["draft"] == number


def test_settled_and_opened_again(mei: Engine) -> None:
    number = mei.drafts.list()[0].id
    one = mei.comments.add(number, "x")
    settled = mei.acting_as("li").comments.settle(one.id)
    assert settled.settled_by == "li"
    assert mei.comments.settle(one.id) == settled, "once is enough"
    assert mei.comments.settle(one.id, open_again=True).settled_by is None
    actions = [entry.action for entry in mei.audit.entries(subject=f"draft:{number}", action="comment")]
    assert actions == ["comment.reopen", "comment.settle", "comment.add"]
    assert mei.audit.verify().whole


@pytest.mark.parametrize("text", ["", "   ", "\x00", "x" * (LONGEST + 1), None])
def test_no_text_or_too_much_is_refused(mei: Engine, text: str) -> None:
    number = mei.drafts.list()[0].id
    with pytest.raises(DraftError, match="comment"):
        mei.comments.add(number, text)
    assert mei.comments.list(number) == []


def test_what_is_not_there_is_named(mei: Engine) -> None:
    with pytest.raises(TierwiseError, match="there is no draft d99"):
        mei.comments.add(99, "x")
    with pytest.raises(DraftError, match="there is no comment 99"):
        mei.comments.settle(99)
    with pytest.raises(DraftError, match="place: expected"):
        mei.comments.add(mei.drafts.list()[0].id, "x", place="a\nb")
    with pytest.raises(DraftError, match="place: expected"):
        mei.comments.add(mei.drafts.list()[0].id, "x", place="a" * 301)


@given(st.text(max_size=300))
def test_any_text_is_kept_or_refused(text: str) -> None:
    try:
        assert _text(text) == text.replace("\r\n", "\n").replace("\x00", "").strip()
    except DraftError:
        assert not text.replace("\r\n", "\n").replace("\x00", "").strip()
