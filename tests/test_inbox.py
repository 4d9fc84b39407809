"""What waits for whom."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from engine.service import Engine
from tests.trust.company import AS_OF, BOOK, LATER, POLICIES, company

RULES = {**BOOK, "policies": [{**policy, "owner": "mei", "review_by": "2099-12-31"} for policy in POLICIES]}


@pytest.fixture
def mei(store_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    company(store_url)
    monkeypatch.setenv("TIERWISE_FOUR_EYES", "on")
    with Engine.open(store_url, actor="mei") as engine:
        yield engine


def kinds(engine: Engine) -> list[tuple[str, int, bool]]:
    return [(each.kind, each.number, each.own) for each in engine.inbox()]


def test_a_draft_waits_first_here_then_there(mei: Engine) -> None:
    li = mei.acting_as("li")
    assert mei.inbox() == []
    number = mei.drafts.new(document={**RULES, "name": "B"}, title="B").id
    assert mei.inbox() == [], "an open draft waits for nobody"
    mei.drafts.submit(number, note="please")
    assert kinds(mei) == [("approve", number, True)]
    waiting = li.inbox()[0]
    assert (waiting.kind, waiting.own, waiting.by, waiting.note, waiting.title) == ("approve", False, "mei", "please", "B")
    li.drafts.reject(number, note="no")
    assert kinds(mei) == [("returned", number, True)]
    assert li.inbox() == []
    mei.drafts.submit(number)
    li.drafts.approve(number)
    assert kinds(mei) == [("publish", number, True)]
    assert kinds(li) == [("publish", number, False)]
    li.drafts.publish(number)
    assert mei.inbox() == []


def test_a_name_in_capitals_is_the_same_author(mei: Engine) -> None:
    number = mei.drafts.new(document={**RULES, "name": "B"}).id
    mei.drafts.submit(number)
    assert kinds(mei.acting_as("ＭＥＩ")) == [("approve", number, True)]


def test_comments_wait_for_the_authors(mei: Engine) -> None:
    li = mei.acting_as("li")
    number = mei.drafts.new(document=RULES, title="B").id
    one = li.comments.add(number, "why?")
    mei.comments.add(number, "because")
    assert [(each.kind, each.number, each.note) for each in mei.inbox()] == [("comment", number, "why?")]
    assert li.inbox() == []
    mei.comments.settle(one.id)
    assert mei.inbox() == []
    li.comments.add(number, "again")
    mei.drafts.discard(number)
    assert mei.inbox() == [], "nobody is asked about what is off the table"


def test_held_runs_and_requests(mei: Engine) -> None:
    mei.run(AS_OF)
    li = mei.acting_as("li")
    value = mei.run_summary().outputs[0]
    asked = mei.fixed_values.request("C1", value.address, value.lines[0].key, reason="r", until=int(time.time()) + 86_400)
    assert kinds(mei) == [("fix", asked.id, True)]
    assert kinds(li) == [("fix", asked.id, False)]
    li.fixed_values.approve(asked.id)
    assert li.inbox() == []
    guarded = mei.drafts.new(document={**RULES, "guards": {**BOOK["guards"], "customers": 0.0001}}).id
    mei.drafts.submit(guarded)
    li.drafts.approve(guarded)
    li.drafts.publish(guarded)
    run = mei.run(LATER)
    assert run.status == "held"
    assert [(each.kind, each.number) for each in li.inbox()] == [("held", run.id)]
    assert li.inbox()[0].note
    assert li.inbox()[0].as_dict()["kind"] == "held"
