"""Reviews: the inbox, the way of a draft over four pairs of eyes, versions, differences, comments, values fixed by hand."""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from engine.service import Engine
from tests.admin.conftest import PASSWORD, Browser, open_app
from tests.admin.test_words import visible
from tests.trust.company import AS_OF, BOOK, POLICIES, company

NASTY = "<img src=x onerror=alert(1)>{{7*7}}"
RULES = {**BOOK, "policies": [{**policy, "owner": "mei", "review_by": "2099-12-31"} for policy in POLICIES]}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A company in which a second person approves. mei writes rules and approves, chen writes, li approves, su serves."""
    url = f"sqlite:///{tmp_path_factory.mktemp('reviews') / 'store.db'}"
    company(url, customers=60)
    with Engine.open(url, actor="setup") as opened:
        opened.publish(RULES)
        opened.run(AS_OF)
        opened.settings = replace(opened.settings, four_eyes=True)
        opened.people.first_administrator("ada", PASSWORD)
        for name, roles in {
            "mei": ["rule_author", "approver"],
            "chen": ["rule_author"],
            "li": ["approver"],
            "su": ["service"],
            "vi": ["viewer"],
        }.items():
            opened.people.add(name, roles=roles, password=PASSWORD)
        yield opened


@pytest.fixture(scope="module")
def site(engine: Engine) -> Flask:
    return open_app(engine)


@pytest.fixture(scope="module")
def who(site: Flask) -> dict[str, Browser]:
    return {name: Browser(site).sign_in(name) for name in ("ada", "mei", "chen", "li", "su", "vi")}


def submitted(engine: Engine, name: str = "mei", title: str = "wider", **changes: Any) -> int:
    drafts = engine.acting_as(name).drafts
    number = drafts.new(title=title).id
    places = changes or {"policies[abc].params.cuts": [0.5, 0.9]}
    drafts.edit(number, revision=1, changes=[{"place": place, "value": value} for place, value in places.items()])
    drafts.submit(number, note="please look")
    return number


def test_the_whole_way_with_every_reason_on_it(engine: Engine, who: dict[str, Browser]) -> None:
    number = submitted(engine)
    path = f"/reviews/drafts/{number}"
    assert "you are an author of it: another person approves" in who["mei"].get(path).text
    assert "your roles do not include approving" in who["chen"].get(path).text
    assert who["mei"].post(f"{path}/approve").status_code == 400, "whatever the button says"
    assert who["chen"].post(f"{path}/approve").status_code == 403
    page = who["li"].get(path).text
    assert "waits for approval" in page
    assert "it is not approved" in page
    assert 'id="approve-why"' not in page
    assert f"Approve draft {number}" in page
    moved = engine.simulations.of(number).simulation.comparison.moved
    assert f"{moved} of 60 customers change" in page, "the dialog repeats what would happen"
    assert who["li"].post(f"{path}/publish", {"when": "now"}).status_code == 400
    assert who["li"].post(f"{path}/approve", {"hash": "other"}).status_code == 400
    found = re.search(r'name="hash" value="(\w+)"', page)
    assert found is not None
    assert who["li"].post(f"{path}/approve", {"hash": found[1], "note": NASTY}).status_code == 302
    assert engine.drafts.get(number).status == "approved"
    page = who["li"].get(path).text
    assert "is approved by li and not live yet" in page
    assert "<img src=x" not in page
    assert f"{moved} customers moved then" in page
    assert who["li"].post(f"{path}/publish", {"when": "now", "at": "2999-01-01T00:00"}).status_code == 302
    version = engine.version().number
    assert f"became version {version}" in who["vi"].get(path).text
    log = who["vi"].get("/reviews/").text
    assert f"version {version} is live" in log
    assert re.search(rf"v{version}</b></a>.*?<td>mei</td><td>li</td><td>li</td>", log.replace("\n", ""), re.S)


def test_sent_back_and_taken_back(engine: Engine, who: dict[str, Browser]) -> None:
    number = submitted(engine, "chen", title="third")
    assert who["chen"].post(f"/reviews/drafts/{number}/reject").status_code == 403
    assert who["li"].post(f"/reviews/drafts/{number}/reject", {"note": "not before May"}).status_code == 302
    page = who["chen"].get("/reviews/").text
    assert "Sent back to you: third" in page
    assert "not before May" in page
    assert "1 thing waits for you" in page
    assert "was sent back by li" in who["chen"].get(f"/reviews/drafts/{number}").text
    assert who["chen"].post(f"/simulations/{number}/undo", {"to": 1, "revision": 2}).status_code == 302
    assert engine.drafts.get(number).revision == 3
    assert who["chen"].post(f"/simulations/{number}/undo", {"to": 1, "revision": 2}).status_code == 400, "somebody saved meanwhile"
    assert who["chen"].post(f"/simulations/{number}/undo", {"to": 77, "revision": 3}).status_code == 400
    engine.acting_as("chen").drafts.discard(number)


def test_published_at_a_time(engine: Engine, who: dict[str, Browser]) -> None:
    number = submitted(engine, title="later", **{"policies[abc].params.cuts": [0.55, 0.9]})
    path = f"/reviews/drafts/{number}"
    who["li"].post(f"{path}/approve")
    assert who["li"].post(f"{path}/publish", {"at": "1999-01-01T00:00"}).status_code == 400
    assert who["li"].post(f"{path}/publish", {"at": "soon"}).status_code == 400
    assert engine.drafts.get(number).status == "approved"
    at = f"{dt.datetime.now(engine.zone) + dt.timedelta(days=2):%Y-%m-%dT%H:%M}"
    assert who["li"].post(f"{path}/publish", {"when": "later", "at": at}).status_code == 302
    assert engine.drafts.get(number).status == "scheduled"
    assert "Published by itself" in who["li"].get(path).text
    assert who["mei"].post(f"/simulations/{number}/withdraw").status_code == 302
    assert not [each for each in engine.schedules.list() if each.options.get("draft") == number]
    engine.acting_as("mei").drafts.discard(number)


def test_what_blocks_stands_beside_the_button(engine: Engine, who: dict[str, Browser]) -> None:
    limits = [{"output": "abc.class", "moved": 0.0001}]
    number = submitted(engine, title="blocked", **{"policies[abc].params.cuts": [0.4, 0.9], "limits": limits})
    who["li"].post(f"/reviews/drafts/{number}/approve")
    page = who["li"].get(f"/reviews/drafts/{number}").text
    assert "1 thing blocks it, see below" in page
    assert who["li"].post(f"/reviews/drafts/{number}/publish", {"when": "now"}).status_code == 400
    engine.acting_as("mei").drafts.discard(number)


def test_an_approval_that_another_version_overtook(engine: Engine, who: dict[str, Browser]) -> None:
    first = submitted(engine, title="first", **{"policies[abc].params.cuts": [0.61, 0.9]})
    second = submitted(engine, title="second", **{"policies[abc].params.cuts": [0.62, 0.9]})
    for number in (first, second):
        who["li"].post(f"/reviews/drafts/{number}/approve")
    who["li"].post(f"/reviews/drafts/{first}/publish", {"when": "now"})
    page = who["li"].get(f"/reviews/drafts/{second}").text
    assert "became live since it was approved: approve it again" in page
    assert "Approve again" in page
    who["li"].post(f"/reviews/drafts/{second}/approve")
    assert who["li"].post(f"/reviews/drafts/{second}/publish", {"when": "now"}).status_code == 302


def test_going_back(engine: Engine, who: dict[str, Browser]) -> None:
    live = engine.version().number
    target = engine.drafts.log()[-1].version
    assert "it is live" in who["li"].get(f"/reviews/versions/{live}").text
    page = who["li"].get(f"/reviews/versions/{target}").text
    assert f"Go back to v{target}" in page
    assert "of 60 customers change" in page, "what it would do"
    assert "your roles do not include publishing" in who["chen"].get(f"/reviews/versions/{target}").text
    assert who["chen"].post(f"/reviews/versions/{target}/rollback").status_code == 403
    assert who["li"].post(f"/reviews/versions/{live}/rollback").status_code == 400
    assert who["li"].post(f"/reviews/versions/{target}/rollback", {"note": "too many calls"}).status_code == 302
    assert engine.version().number == target
    page = who["vi"].get("/reviews/").text
    assert ">back<" in page
    assert "too many calls" in page


def test_differences_of_any_two(engine: Engine, who: dict[str, Browser]) -> None:
    draft = engine.acting_as("mei").drafts.new(title="names")
    engine.acting_as("mei").drafts.edit(draft.id, revision=1, changes=[{"place": "name", "value": NASTY}])
    page = who["vi"].get(f"/reviews/diff?a={draft.name}@1&b={draft.name}@2").text
    assert "1 difference between" in page
    assert "<img src=x" not in page
    assert who["vi"].get("/reviews/diff").status_code == 200
    assert "0 differences" in who["vi"].get("/reviews/diff?a=live&b=live").text
    for bad in ("a=99", "a=d99&b=live", "a=x%00y", "a=d1@99", "a=" + "9" * 39):
        assert who["vi"].get(f"/reviews/diff?{bad}").status_code == 400, bad
    engine.acting_as("mei").drafts.discard(draft.id)


def test_comments_are_said_settled_and_safe(engine: Engine, who: dict[str, Browser]) -> None:
    number = submitted(engine, title="talk", **{"policies[abc].params.cuts": [0.45, 0.9]})
    path = f"/reviews/drafts/{number}"
    assert who["li"].post(f"{path}/comment", {"text": NASTY, "place": "policies[abc]"}).status_code == 302
    assert who["vi"].post(f"{path}/comment", {"text": "me too"}).status_code == 400
    assert who["su"].post(f"{path}/comment", {"text": "me too"}).status_code == 403, "service does not read reviews"
    assert who["li"].post(f"{path}/comment", {"text": " "}).status_code == 400
    assert [one.actor for one in engine.comments.list(number)] == ["li"]
    page = who["mei"].get(path).text
    assert "1 comment" in page
    assert "<img src=x" not in page
    assert "Comment on your draft: talk" in who["mei"].get("/reviews/").text
    one = engine.comments.list(number)[0].id
    assert who["vi"].post(f"/reviews/comments/{one}/settle").status_code == 400
    assert who["mei"].post(f"/reviews/comments/{one}/settle").location.endswith(f"{path}#c{one}")
    assert "settled by mei" in who["mei"].get(path).text
    assert who["mei"].post("/reviews/comments/999/settle").status_code == 400
    engine.acting_as("mei").drafts.discard(number)


def test_a_value_fixed_by_hand(engine: Engine, who: dict[str, Browser]) -> None:
    until = f"{dt.datetime.now(engine.zone) + dt.timedelta(days=30):%Y-%m-%d}"
    form = {"customer": "C1", "value": "abc.class=A", "until": until, "reason": NASTY}
    assert who["li"].post("/fixedvalues/", form).status_code == 403
    for bad in ({"customer": "C999"}, {"value": "abc.class=Z"}, {"value": ""}, {"until": ""}, {"until": "1999-01-01"}, {"reason": ""}):
        answer = who["su"].post("/fixedvalues/", {**form, **bad})
        assert answer.status_code == 400, bad
        assert "<img src=x" not in answer.text
    assert engine.fixed_values.list() == []
    assert who["su"].post("/fixedvalues/", form).status_code == 302
    number = engine.fixed_values.list()[0].id
    assert "Request" in who["li"].get("/reviews/").text
    assert "Customer 1" in who["su"].get("/fixedvalues/").text
    assert "Customer 1" not in who["li"].get("/fixedvalues/").text, "approvers see no names"
    assert "not shown to you" in who["vi"].get("/fixedvalues/").text, "nor viewers a reason"
    assert who["su"].post(f"/reviews/fixed/{number}/approve").status_code == 403
    assert who["li"].post(f"/reviews/fixed/{number}/approve").status_code == 302
    run = engine.run(AS_OF + 1)
    assert run.status == "visible"
    assert who["li"].post(f"/reviews/fixed/{number}/approve").status_code == 400
    assert "1 value is fixed by hand" in who["vi"].get("/fixedvalues/").text
    assert who["li"].post(f"/reviews/fixed/{number}/end").status_code == 302
    assert engine.fixed_values.get(number).ends_at <= int(time.time())
    assert who["vi"].get("/fixedvalues/?ended=1").status_code == 200


def test_its_author_never_approves_it(engine: Engine, who: dict[str, Browser]) -> None:
    until = f"{dt.datetime.now(engine.zone) + dt.timedelta(days=30):%Y-%m-%d}"
    assert who["ada"].post("/fixedvalues/", {"customer": "C2", "value": "abc.class=B", "until": until, "reason": "r"}).status_code == 302
    number = engine.fixed_values.list()[-1].id
    assert "you asked for it: another person decides" in who["ada"].get("/fixedvalues/").text
    assert who["ada"].post(f"/reviews/fixed/{number}/approve").status_code == 400
    assert who["ada"].post(f"/fixedvalues/{number}/withdraw").status_code == 302
    assert engine.fixed_values.get(number).status == "withdrawn"


@pytest.mark.parametrize("path", ["/reviews/drafts/99999", "/reviews/versions/99999"])
def test_what_is_not_there_is_said(who: dict[str, Browser], path: str) -> None:
    answer = who["vi"].get(path)
    assert answer.status_code == 400
    assert "That was not done" in answer.text


def test_the_pages_are_chinese_in_chinese(engine: Engine, who: dict[str, Browser]) -> None:
    number = submitted(engine, title="标题", **{"policies[abc].params.cuts": [0.47, 0.9]})
    version = engine.version().number
    browser = who["vi"].speak("zh")
    try:
        pages = [
            browser.get(path).text
            for path in (
                "/reviews/",
                f"/reviews/drafts/{number}",
                f"/reviews/versions/{version}",
                "/reviews/diff?a=1&b=2",
                "/fixedvalues/?ended=1",
                "/reviews/versions/99",
            )
        ]
    finally:
        browser.speak("en")
    for page in pages:
        assert re.findall(r"(?:[A-Za-z][a-z']+[ ,]+){3,}[A-Za-z][a-z]+", visible(page).replace("too many calls", "")) == []
        assert re.findall(r"<[^>]*\s(?:on\w+|style)\s*=", page) == []
    engine.acting_as("mei").drafts.discard(number)


def test_an_empty_installation(empty: Flask) -> None:
    engine = empty.extensions["tierwise_engine"]
    engine.people.first_administrator("first", PASSWORD)
    browser = Browser(empty).sign_in("first")
    assert "Nothing is published yet" in browser.get("/reviews/").text
    assert "No value is fixed by hand" in browser.get("/fixedvalues/").text
