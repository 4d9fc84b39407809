"""An author never makes their own content live while a second person is required, by whatever verb they try.

The routes are made from the verbs of the class: a new verb without a case here fails the first test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.drafts import Drafts
from engine.errors import ApprovalNeeded, DraftError, TierwiseError
from engine.service import Engine
from tests.test_drafts import renamed
from tests.trust.company import company, trials

READING = {"get", "list", "history", "document", "reviews", "log", "check", "simulate", "diff", "steps", "number"}
VERBS: dict[str, Callable[[Engine, int], Any]] = {
    "new": lambda engine, draft: engine.drafts.new(document=renamed("mine")),
    "edit": lambda engine, draft: engine.drafts.edit(draft, revision=engine.drafts.get(draft).revision, document=renamed("mine")),
    "undo": lambda engine, draft: engine.drafts.undo(draft, 1, revision=engine.drafts.get(draft).revision),
    "back": lambda engine, draft: engine.drafts.back(draft, revision=engine.drafts.get(draft).revision),
    "forth": lambda engine, draft: engine.drafts.forth(draft, revision=engine.drafts.get(draft).revision),
    "discard": lambda engine, draft: engine.drafts.discard(draft),
    "submit": lambda engine, draft: engine.drafts.submit(draft),
    "withdraw": lambda engine, draft: engine.drafts.withdraw(draft),
    "reject": lambda engine, draft: engine.drafts.reject(draft),
    "approve": lambda engine, draft: engine.drafts.approve(draft),
    "publish": lambda engine, draft: engine.drafts.publish(draft),
    "publish_due": lambda engine, draft: engine.drafts.publish_due(draft),
    "rollback": lambda engine, draft: engine.drafts.rollback(),
    "bring": lambda engine, draft: engine.drafts.bring(renamed("mine")),
}


def test_every_verb_has_its_case() -> None:
    verbs = {name for name, member in vars(Drafts).items() if callable(member) and not name.startswith("_")}
    assert verbs == READING | VERBS.keys()


@pytest.fixture
def mei(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    company(sqlite_url, customers=3)
    monkeypatch.setenv("TIERWISE_FOUR_EYES", "on")
    with Engine.open(sqlite_url, actor="mei") as engine:
        yield engine


def attempt(engine: Engine, names: tuple[str, ...]) -> None:
    """Try verbs one after the other on a draft of one's own; none of them may make it live."""
    draft = engine.drafts.new(document=renamed("mine")).id
    for name in names:
        try:
            VERBS[name](engine, draft)
        except TierwiseError:
            continue
        assert engine.version().document["name"] != "mine", names


@pytest.mark.parametrize("first", VERBS)
def test_no_two_verbs_after_handing_in_make_it_live(mei: Engine, first: str) -> None:
    for second in VERBS:
        attempt(mei, ("submit", first, second))


@settings(max_examples=trials(15, 500), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.sampled_from(sorted(VERBS)), max_size=8))
def test_no_sequence_of_verbs_makes_it_live(mei: Engine, names: list[str]) -> None:
    attempt(mei, tuple(names))


@pytest.mark.parametrize("name", ["mei", "MEI", " mei ", "ｍｅｉ", "Mei", "m\u200bei", "mei\x00", "\u2060mei"])
def test_another_way_to_write_a_name_is_no_other_person(mei: Engine, name: str) -> None:
    draft = mei.drafts.submit(mei.drafts.new(document=renamed("mine")).id)
    for authenticated in (True, False):
        with pytest.raises(DraftError, match="is an author"):
            mei.acting_as(name, authenticated=authenticated).drafts.approve(draft.id)


def test_everyone_who_saved_a_state_is_an_author(mei: Engine) -> None:
    li = mei.acting_as("li")
    draft = mei.drafts.new(document=renamed("A"))
    li.drafts.edit(draft.id, revision=1, document=renamed("B"))
    mei.drafts.undo(draft.id, 1, revision=2)
    mei.drafts.submit(draft.id)
    for engine in (mei, li):
        with pytest.raises(DraftError, match="mei, li"):
            engine.drafts.approve(draft.id)
    assert mei.acting_as("wang").drafts.approve(draft.id).status == "approved"


def test_content_handed_to_somebody_else_keeps_its_author(mei: Engine) -> None:
    """Mei writes it, has Li hand in a copy, and would approve that."""
    li = mei.acting_as("li")
    mei.drafts.new(document=renamed("mine"))
    copy = li.drafts.submit(li.drafts.new(document=renamed("mine")).id)
    with pytest.raises(DraftError, match="mei is an author"):
        mei.drafts.approve(copy.id)


@pytest.mark.parametrize("way", ["order of keys", "defaults written out", "an earlier state"])
def test_the_same_rules_written_another_way_keep_their_author(mei: Engine, way: str) -> None:
    """Mei writes them, Li hands in the same rules written in another way, and Mei would approve those."""
    li, own = mei.acting_as("li"), renamed("mine")
    other = dict(mei.check(own).document) if way == "defaults written out" else dict(reversed(own.items()))
    draft = mei.drafts.new(document=own)
    if way == "an earlier state":
        mei.drafts.edit(draft.id, revision=1, document=renamed("another"))
    copy = li.drafts.submit(li.drafts.new(document=other).id)
    with pytest.raises(DraftError, match="mei is an author"):
        mei.drafts.approve(copy.id)
    assert mei.acting_as("wang").drafts.approve(copy.id).status == "approved"


def test_what_was_approved_alone_is_not_published_once_two_are_needed(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    company(sqlite_url, customers=3)
    with Engine.open(sqlite_url, actor="mei") as engine:
        draft = engine.drafts.submit(engine.drafts.new(document=renamed("mine")).id)
        engine.drafts.approve(draft.id)
    monkeypatch.setenv("TIERWISE_FOUR_EYES", "on")
    with Engine.open(sqlite_url, actor="mei") as engine:
        with pytest.raises(DraftError, match="is an author"):
            engine.drafts.publish(draft.id)
        with pytest.raises(DraftError, match="is an author"):
            engine.acting_as("li").drafts.publish(draft.id)


def test_what_was_submitted_to_another_is_not_published_by_switching_off(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    company(sqlite_url, customers=3)
    monkeypatch.setenv("TIERWISE_FOUR_EYES", "on")
    with Engine.open(sqlite_url, actor="mei") as engine, pytest.raises(ApprovalNeeded) as caught:
        engine.publish(renamed("mine"))
    monkeypatch.setenv("TIERWISE_FOUR_EYES", "off")
    with Engine.open(sqlite_url, actor="mei") as engine:
        for verb in (engine.drafts.approve, engine.drafts.publish):
            with pytest.raises(DraftError):
                verb(caught.value.draft)
        engine.drafts.withdraw(caught.value.draft)
        engine.drafts.publish(caught.value.draft)
        assert engine.drafts.log()[0].self_approved
        assert [entry.action for entry in engine.audit.entries(action="four_eyes")] == ["four_eyes.off", "four_eyes.on", "four_eyes.off"]


def test_what_was_decided_cannot_be_altered_afterwards(mei: Engine) -> None:
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    draft = mei.drafts.submit(mei.drafts.new(document=renamed("mine")).id)
    for table in ("review", "draft_edit", "publication"):
        with pytest.raises(DBAPIError, match="kept as they are"), mei.store.write() as connection:
            connection.execute(text(f"update {table} set actor = 'li'"))
    assert mei.drafts.reviews(draft.id)[0].actor == "mei"
