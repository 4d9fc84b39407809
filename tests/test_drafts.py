"""Drafts: saved with every fault, edited by several, submitted, approved by another person, published, rolled back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.errors import ApprovalNeeded, DraftError, RulebookError, StaleDraft, TierwiseError
from engine.service import Engine
from tests.trust.company import AS_OF, BOOK, POLICIES, company

RULES = {**BOOK, "policies": [{**policy, "owner": "mei", "review_by": "2099-12-31"} for policy in POLICIES]}


def renamed(name: str) -> dict[str, Any]:
    return {**RULES, "name": name}


@pytest.fixture
def store(store_url: str) -> str:
    company(store_url, customers=12)
    return store_url


@pytest.fixture
def mei(store: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """An author, in a store where a second person is needed."""
    monkeypatch.setenv("TIERWISE_FOUR_EYES", "on")
    with Engine.open(store, actor="mei") as engine:
        yield engine


@pytest.fixture
def li(mei: Engine) -> Engine:
    return mei.acting_as("li")


def actions(engine: Engine, draft: int) -> list[str]:
    return [entry.action for entry in reversed(engine.audit.entries(subject=f"draft:{draft}"))]


def test_the_whole_way(mei: Engine, li: Engine) -> None:
    before = mei.version().number
    draft = mei.drafts.new(document=renamed("A"), title="A new name", note="why")
    assert (draft.name, draft.status, draft.revision, draft.base, draft.authors) == (f"d{draft.id}", "open", 1, before, ("mei",))
    assert mei.drafts.check(draft.id).sound
    assert mei.drafts.simulate(draft.id).comparison.moved == 0
    assert [one.place for one in mei.drafts.diff(draft.id) if one.place == "name"] == ["name"]
    assert mei.drafts.submit(draft.id).status == "submitted"
    approved = li.drafts.approve(draft.id, note="fine")
    assert approved.status == "approved"
    review = li.drafts.reviews(draft.id)[0]
    assert (review.verdict, review.actor, review.authenticated, review.note) == ("approved", "li", True, "fine")
    assert review.report.keys() == {"four_eyes", "live", "findings", "simulation", "obstacles"}
    assert review.report["simulation"]["movers"] == [], "no customer is named in a review"
    published = mei.drafts.publish(draft.name)
    assert (published.status, published.version) == ("published", before + 1)
    live = mei.version()
    assert (live.number, live.document["name"], live.author) == (before + 1, "A", "mei")
    newest = mei.drafts.log()[0]
    assert (newest.version, newest.authors, newest.approved_by, newest.self_approved, newest.note) == (
        live.number,
        ("mei",),
        "li",
        False,
        "why",
    )
    assert actions(mei, draft.id) == ["draft.new", "draft.submit", "draft.approve"]
    assert mei.audit.entries(subject=f"version:{live.number}")[0].action == "rulebook.publish"
    assert mei.audit.verify().whole
    assert draft.as_dict()["name"] == draft.name


def test_a_faulty_document_may_be_saved_and_says_so_but_goes_no_further(mei: Engine) -> None:
    draft = mei.drafts.new(document={"format": 1, "name": "x", "policies": [{"key": "rfm", "type": "rfn"}], "nam": 1})
    found = mei.drafts.check(draft.id)
    assert len(found.faults) == 2
    assert not found.sound
    assert found.as_dict()["faults"][0].keys() == {"id", "place", "found", "expected"}
    with pytest.raises(RulebookError) as caught:
        mei.drafts.submit(draft.id)
    assert len(caught.value.faults) == 2
    assert mei.drafts.get(draft.id).status == "open"
    assert mei.drafts.new(document={}).document == {}


@pytest.mark.parametrize(("text", "found"), [("hello", "the text 'hello'"), ("[1]", "a list"), ("42", "42"), ("", "nothing")])
def test_what_is_no_object_is_no_draft(mei: Engine, tmp_path: Path, text: str, found: str) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(text, encoding="utf-8")
    draft = mei.drafts.new()
    for save in (lambda: mei.drafts.new(document=file), lambda: mei.drafts.edit(draft.id, revision=1, document=file)):
        with pytest.raises(RulebookError) as refused:
            save()
        assert [(one.code, one.found) for one in refused.value.faults] == [("TW004", found)]
    assert (mei.drafts.list()[0].id, mei.drafts.get(draft.id).revision) == (draft.id, 1)


def test_changes_by_place_are_all_or_nothing(mei: Engine) -> None:
    draft = mei.drafts.new()
    key = draft.document["policies"][0]["key"]
    changed = mei.drafts.edit(
        draft.id, revision=1, changes=[{"place": f"policies[{key}].title", "value": "T"}, {"place": "name", "value": "New"}], note="two"
    )
    assert (changed.document["name"], changed.document["policies"][0]["title"], changed.revision) == ("New", "T", 2)
    with pytest.raises(RulebookError) as caught:
        mei.drafts.edit(
            draft.id, revision=2,
            changes=[{"place": "name", "value": "X"}, {"place": "policies[nobody].title", "value": 1}, {"place": "a..b", "value": 1}],
        )  # fmt: skip
    assert [fault.code for fault in caught.value.faults] == ["TW026", "TW026"]
    assert mei.drafts.get(draft.id).document["name"] == "New"
    assert [edit.note for edit in mei.drafts.history(draft.id)] == ["two", ""]


def test_a_stale_edit_is_refused_and_nothing_is_lost(mei: Engine, li: Engine) -> None:
    draft = mei.drafts.new(document=renamed("A"))
    li.drafts.edit(draft.id, revision=1, document=renamed("Li's"))
    with pytest.raises(StaleDraft, match="saved by li as revision 2 after you read revision 1") as caught:
        mei.drafts.edit(draft.id, revision=1, changes=[{"place": "name", "value": "Mei's"}])
    assert caught.value.yours == renamed("Mei's")
    assert caught.value.theirs == renamed("Li's")
    assert (caught.value.revision, caught.value.updated_by) == (2, "li")
    assert mei.drafts.get(draft.id).document == renamed("Li's")
    with pytest.raises(StaleDraft):
        mei.drafts.submit(draft.id, revision=1)
    with pytest.raises(StaleDraft):
        mei.drafts.undo(draft.id, 1, revision=1)


def test_undo_brings_an_earlier_state_back_as_a_new_one(mei: Engine, li: Engine) -> None:
    draft = mei.drafts.new(document=renamed("A"))
    li.drafts.edit(draft.id, revision=1, document=renamed("B"))
    back = mei.drafts.undo(draft.id, 1, revision=2)
    assert (back.document, back.revision, back.authors) == (renamed("A"), 3, ("mei", "li"))
    assert mei.drafts.document(draft.id, 2) == renamed("B")
    with pytest.raises(DraftError, match="has no revision 9; it has 1 to 3"):
        mei.drafts.undo(draft.id, 9, revision=3)


def test_editing_voids_what_was_decided(mei: Engine, li: Engine) -> None:
    for steps in (1, 2):
        draft = mei.drafts.new(document=renamed(f"A{steps}"))
        mei.drafts.submit(draft.id)
        if steps == 2:
            li.drafts.approve(draft.id)
        edited = mei.drafts.edit(draft.id, revision=1, document=renamed(f"B{steps}"))
        assert (edited.status, edited.submitted_hash) == ("open", None)
        assert li.drafts.reviews(draft.id)[0].verdict == "voided"
        for verb in (li.drafts.approve, li.drafts.publish):
            with pytest.raises(DraftError, match="is open"):
                verb(draft.id)
        assert mei.drafts.submit(draft.id).status == "submitted"
        with pytest.raises(DraftError, match="is submitted, not approved"):
            li.drafts.publish(draft.id)


def test_an_approval_is_of_a_content(mei: Engine, li: Engine) -> None:
    draft = mei.drafts.submit(mei.drafts.new(document=renamed("A")).id)
    with pytest.raises(DraftError, match="read it again"):
        li.drafts.approve(draft.id, hash="0" * 64)
    assert li.drafts.approve(draft.id, hash=draft.submitted_hash).status == "approved"


def test_withdraw_reject_discard(mei: Engine, li: Engine) -> None:
    draft = mei.drafts.submit(mei.drafts.new(document=renamed("A")).id)
    assert li.drafts.reject(draft.id, note="why so?").status == "open"
    mei.drafts.submit(draft.id)
    li.drafts.approve(draft.id)
    assert mei.drafts.withdraw(draft.id).status == "open"
    assert [one.verdict for one in mei.drafts.reviews(draft.id)] == ["withdrawn", "approved", "submitted", "rejected", "submitted"]
    assert mei.drafts.discard(draft.id).status == "discarded"
    assert mei.drafts.list() == [one for one in mei.drafts.list() if one.id != draft.id]
    assert [one.id for one in mei.drafts.list("discarded")] == [draft.id]
    with pytest.raises(DraftError, match="is discarded; begin another one"):
        mei.drafts.edit(draft.id, revision=1, document=renamed("B"))
    with pytest.raises(DraftError, match="is discarded"):
        mei.drafts.submit(draft.id)


def test_what_blocks_publishing_blocks_it(mei: Engine, li: Engine) -> None:
    nobody = {**RULES, "policies": [{key: value for key, value in RULES["policies"][0].items() if key != "owner"}]}
    draft = mei.drafts.submit(mei.drafts.new(document=nobody).id)
    assert mei.drafts.reviews(draft.id)[0].report["obstacles"][0]["id"] == "TW371"
    li.drafts.approve(draft.id)
    with pytest.raises(RulebookError, match="TW371"):
        mei.drafts.publish(draft.id)
    assert mei.drafts.get(draft.id).status == "approved"


def test_a_draft_that_would_undo_another_needs_to_be_approved_again(mei: Engine, li: Engine) -> None:
    first, second = (mei.drafts.submit(mei.drafts.new(document=renamed(name)).id) for name in "AB")
    li.drafts.approve(first.id)
    li.drafts.approve(second.id)
    mei.drafts.publish(first.id)
    with pytest.raises(DraftError, match="became live after"):
        mei.drafts.publish(second.id)
    li.drafts.approve(second.id)
    assert mei.drafts.publish(second.id).status == "published"


def test_publish_file_with_a_second_person_is_a_submitted_draft(mei: Engine, li: Engine) -> None:
    before = mei.version().number
    with pytest.raises(ApprovalNeeded, match="tierwise rulebook approve d") as caught:
        mei.publish(renamed("By file"))
    number = caught.value.draft
    assert (mei.drafts.get(number).status, mei.version().number) == ("submitted", before)
    li.drafts.approve(number)
    li.drafts.publish(number)
    assert mei.version().document["name"] == "By file"


def publish(engine: Engine, other: Engine, name: str) -> int:
    draft = engine.drafts.submit(engine.drafts.new(document=renamed(name)).id)
    other.drafts.approve(draft.id)
    return int(engine.drafts.publish(draft.id).version or 0)


def test_rolling_back_goes_one_step_at_a_time_or_to_a_named_version(mei: Engine, li: Engine) -> None:
    first = mei.version().number
    a, b, c = (publish(mei, li, name) for name in "ABC")
    assert mei.drafts.rollback(note="C was wrong").number == b
    assert mei.drafts.log()[0].kind == "rollback"
    assert mei.drafts.log()[0].note == "C was wrong"
    assert mei.drafts.rollback().number == a
    assert mei.drafts.rollback(str(c)).number == c
    assert mei.version().number == c
    with pytest.raises(DraftError, match=f"version {c} is live already"):
        mei.drafts.rollback(str(c))
    assert li.drafts.rollback(str(first)).number == first
    assert [entry.action for entry in mei.audit.entries(action="rulebook.rollback")] == ["rulebook.rollback"] * 4
    assert mei.audit.verify().whole


def test_there_is_nothing_to_go_back_to_at_first(mei: Engine) -> None:
    with pytest.raises(DraftError, match="no other version was live before"):
        mei.drafts.rollback()


def test_the_starter_of_a_new_store_is_published_by_the_system(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERWISE_FOUR_EYES", "on")
    with Engine.open(store_url, actor="mei") as engine:
        assert engine.publish("starter").author == "system"
        newest = engine.drafts.log()[0]
        assert (newest.actor, newest.approved_by, newest.self_approved, newest.draft) == ("system", None, False, None)
        with pytest.raises(ApprovalNeeded):
            engine.publish("starter")


def test_without_the_second_person_it_is_marked_for_ever(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Engine.open(store, actor="mei") as engine:
        number = engine.publish(renamed("alone")).number
        assert engine.drafts.log()[0].self_approved
        assert engine.audit.entries(action="four_eyes")[0].action == "four_eyes.off"
        draft = engine.drafts.new(document=renamed("alone too"))
        assert engine.drafts.publish(draft.id).status == "published"
    monkeypatch.setenv("TIERWISE_FOUR_EYES", "on")
    with Engine.open(store, actor="mei") as engine:
        assert engine.audit.entries(action="four_eyes")[0].action == "four_eyes.on"
        assert {one.version: one.self_approved for one in engine.drafts.log()}[number]
        with pytest.raises(DraftError, match="approved by its own author"):
            engine.drafts.rollback(str(number))
        assert engine.acting_as("li").drafts.rollback(str(number)).number == number
        assert engine.drafts.log()[0].self_approved, "also when somebody else brings it back"
    monkeypatch.setenv("TIERWISE_FOUR_EYES", "nonsense")
    with pytest.raises(TierwiseError, match="TIERWISE_FOUR_EYES: found 'nonsense'; expected on or off"):
        Engine.open(store)


def test_a_publication_that_is_due_is_checked_again(mei: Engine, li: Engine) -> None:
    draft = mei.drafts.submit(mei.drafts.new(document=renamed("later")).id)
    li.drafts.approve(draft.id)
    with pytest.raises(DraftError, match="is past"):
        mei.drafts.publish(draft.id, at=AS_OF)
    moment = int(time.time()) + 3_600
    assert mei.drafts.publish(draft.id, at=moment).status == "scheduled"
    assert [done.status for done in li.schedules.tick(moment + 1)] == ["done"]
    assert mei.version().document["name"] == "later"

    other = mei.drafts.submit(mei.drafts.new(document=renamed("later still")).id)
    li.drafts.approve(other.id)
    mei.drafts.publish(other.id, at=moment + 100)
    publish(mei, li, "in between")
    failed = li.schedules.tick(moment + 101)
    assert [done.status for done in failed] == ["failed"]
    assert "became live after" in failed[0].message
    assert mei.drafts.get(other.id).status == "approved"


def test_a_scheduled_draft_that_is_edited_or_withdrawn_is_not_published(mei: Engine, li: Engine) -> None:
    moment = int(time.time()) + 3_600
    undo: list[Callable[[int], Any]] = [
        mei.drafts.withdraw, mei.drafts.discard, lambda number: mei.drafts.edit(number, revision=1, document=renamed("other")),
    ]  # fmt: skip
    for number, verb in enumerate(undo):
        draft = mei.drafts.submit(mei.drafts.new(document=renamed(f"S{number}")).id)
        li.drafts.approve(draft.id)
        mei.drafts.publish(draft.id, at=moment)
        verb(draft.id)
        assert mei.schedules.due(moment) == []
    with pytest.raises(DraftError):
        mei.drafts.publish_due(draft.id)


@pytest.mark.parametrize("name", ["", "x7", "d", "d0", "-1", "7.5", "d" + "9" * 30, True, "٣"])
def test_a_name_that_is_no_draft_is_refused(mei: Engine, name: Any) -> None:
    with pytest.raises(TierwiseError, match="expected a draft such as d7"):
        mei.drafts.get(name)


def test_a_draft_that_is_not_there_is_named(mei: Engine) -> None:
    with pytest.raises(TierwiseError, match="there is no draft d9999"):
        mei.drafts.get("d9999")


def both(*verbs: Callable[[], Any]) -> list[Any]:
    """Do all at once; what each gave or raised."""
    told: list[Any] = [None] * len(verbs)
    start = threading.Barrier(len(verbs))

    def act(at: int) -> None:
        start.wait()
        try:
            told[at] = verbs[at]()
        except TierwiseError as error:
            told[at] = error

    threads = [threading.Thread(target=act, args=(at,)) for at in range(len(verbs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def test_of_two_editors_at_once_one_is_told(mei: Engine, li: Engine) -> None:
    draft = mei.drafts.new(document=renamed("A"))
    for revision in range(1, 6):
        told = both(
            lambda: mei.drafts.edit(draft.id, revision=revision, document=renamed(f"mei {revision}")),  # noqa: B023
            lambda: li.drafts.edit(draft.id, revision=revision, document=renamed(f"li {revision}")),  # noqa: B023
        )
        assert sorted(type(one).__name__ for one in told) == ["Draft", "StaleDraft"]
        assert mei.drafts.get(draft.id).revision == revision + 1


def test_an_approval_that_races_an_edit_never_covers_the_edit(mei: Engine, li: Engine) -> None:
    for turn in range(4):
        draft = mei.drafts.submit(mei.drafts.new(document=renamed(f"A{turn}")).id)
        both(
            lambda: li.drafts.approve(draft.id),  # noqa: B023
            lambda: mei.drafts.edit(draft.id, revision=1, document=renamed(f"B{turn}")),  # noqa: B023
        )
        now = mei.drafts.get(draft.id)
        assert (now.status, now.revision) == ("open", 2)
        with pytest.raises(DraftError):
            mei.drafts.publish(draft.id)


def test_of_two_publishers_at_once_one_publishes(mei: Engine, li: Engine) -> None:
    draft = mei.drafts.submit(mei.drafts.new(document=renamed("A")).id)
    li.drafts.approve(draft.id)
    before = len(mei.drafts.log())
    told = both(lambda: mei.drafts.publish(draft.id), lambda: li.drafts.publish(draft.id))
    assert sum(isinstance(one, DraftError) for one in told) == 1
    assert len(mei.drafts.log()) == before + 1
    assert mei.audit.verify().whole
