"""The pages of drafts and their simulations: what they say, who may do what, and what bad input gets."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from engine.service import Engine
from tests.admin.conftest import Browser
from tests.admin.test_words import visible

NASTY = "<script>alert(1)</script>\"'{{7*7}}"


@pytest.fixture(scope="module")
def drafts(graded: Engine) -> dict[str, int]:
    """A draft that moves customers, one with faults, one that moves nobody, one that an example and a limit block."""
    mei = graded.acting_as("rule_author")

    def draft(title: str, *changes: tuple[str, Any]) -> int:
        made = mei.drafts.new(title=title)
        if changes:
            mei.drafts.edit(made.id, revision=1, changes=[{"place": place, "value": value} for place, value in changes])
        return made.id

    low = {"name": "poor", "features": {"orders.amount": 1, "orders.count": 1}, "expect": {"abc.class": "A"}}
    return {
        "moves": draft(NASTY, ("policies[abc].params.cuts", [0.5, 0.9])),
        "faults": draft("faults", ("policies[abc].params.cuts", [3])),
        "nobody": draft("same"),
        "blocked": draft(
            "blocked", ("policies[abc].params.cuts", [0.5, 0.9]), ("examples", [low]),
            ("limits", [{"output": "abc.class", "label": "A", "capacity": 2}, {"output": "abc.class", "moved": 0.001}]),
        ),
    }  # fmt: skip


def test_the_list_of_drafts(people: dict[str, Browser], drafts: dict[str, int]) -> None:
    page = people["viewer"].get("/simulations/").text
    assert "drafts on the way" in page
    assert "<script>alert(1)" not in page
    assert "1 faults" in page or "faults" in page
    assert "New draft" not in page, "a viewer begins none"
    assert "New draft" in people["rule_author"].get("/simulations/").text


def test_the_numbers_are_those_of_the_simulation(people: dict[str, Browser], graded: Engine, drafts: dict[str, int]) -> None:
    number = drafts["moves"]
    found = graded.simulations.of(number).as_dict()
    page = people["viewer"].get(f"/simulations/{number}").text
    assert f"Draft {number} moves {found['moved']} customer" in page
    output = next(each for each in found["outputs"] if each["address"] == "abc.class")
    for row in output["customers"]:
        for n in row:
            assert n == 0 or f">{n:,}<" in page
    assert "<script>alert(1)" not in page
    assert "alert(1)" in page
    assert found["movers"][0]["customer"] in page
    assert "ABC classes: Cuts 1: 80% → 50%" in page or "Cuts 1" in page
    assert re.findall(r"<[^>]*\s(?:on\w+|style)\s*=", page) == []


def test_every_link_of_a_picture_opens(people: dict[str, Browser], drafts: dict[str, int]) -> None:
    page = people["viewer"].get(f"/simulations/{drafts['moves']}").text
    links = {each.replace("&amp;", "&") for each in re.findall(r'href="(/simulations/\d+/customers[^"]*)"', page)}
    assert len(links) > 5
    for link in links:
        answer = people["viewer"].get(link)
        assert answer.status_code == 200, link
        assert "Nobody" not in answer.text.split("<h1>")[1][:40], link


def test_names_are_shown_to_those_who_may_see_them(people: dict[str, Browser], drafts: dict[str, int]) -> None:
    for path in (
        f"/simulations/{drafts['moves']}",
        f"/simulations/{drafts['moves']}/customers",
        f"/simulations/{drafts['moves']}/customers.csv",
    ):
        assert "Customer 1" not in people["viewer"].get(path).text
        assert "Customer 1" in people["administrator"].get(path).text


def test_an_export_is_logged(people: dict[str, Browser], graded: Engine, drafts: dict[str, int]) -> None:
    text = people["analyst"].get(f"/simulations/{drafts['moves']}/customers.csv?of=abc.class").data.decode("utf-8-sig")
    lines = text.strip().splitlines()
    assert lines[0] == "customer,name,was,now,revenue"
    assert len(lines) - 1 == graded.simulations.of(drafts["moves"]).simulation.migrations["abc.class"].moved
    last = graded.people.exports(1)[0]
    assert (last["what"], last["rows"], last["personal"]) == ("simulation", len(lines) - 1, True)


def test_a_draft_with_faults_shows_each_with_its_place(people: dict[str, Browser], drafts: dict[str, int]) -> None:
    page = people["viewer"].get(f"/simulations/{drafts['faults']}").text
    assert "1 fault" in page
    assert "TW007 policies[1].params.cuts: " in page


def test_a_draft_that_moves_nobody_says_so(people: dict[str, Browser], drafts: dict[str, int]) -> None:
    page = people["viewer"].get(f"/simulations/{drafts['nobody']}").text
    assert "moves nobody" in page
    assert "The draft says what live says" in page


def test_what_blocks_has_a_button_that_mends(people: dict[str, Browser], graded: Engine, drafts: dict[str, int]) -> None:
    number = drafts["blocked"]
    who = people["rule_author"]
    page = who.get(f"/simulations/{number}").text
    assert "block publishing" in page
    seen = set()
    for _ in range(12):
        forms = re.findall(
            r'action="/simulations/\d+/mend".*?name="id" value="(\w+)".*?name="place" value="([^"]+)".*?name="revision" value="(\d+)"',
            who.get(f"/simulations/{number}").text,
            re.S,
        )
        left = [each for each in forms if each[0] != "TW372"]
        if not left:
            break
        seen.add(left[0][0])
        answer = who.post(f"/simulations/{number}/mend", dict(zip(("id", "place", "revision"), left[0], strict=True)))
        assert answer.status_code == 302, answer.text[:500]
    assert {"TW375", "TW377", "TW381"} <= seen
    assert not [each for each in graded.simulations.of(number).obstacles if each.severity == "error"]
    assert "Nothing blocks publishing" in who.get(f"/simulations/{number}").text


def test_a_button_of_yesterday_changes_nothing(people: dict[str, Browser], graded: Engine, drafts: dict[str, int]) -> None:
    before = graded.drafts.get(drafts["moves"]).revision
    for form in ({"id": "TW375", "place": "examples[0]", "revision": before}, {}, {"id": NASTY, "place": NASTY, "revision": "x"}):
        assert people["rule_author"].post(f"/simulations/{drafts['moves']}/mend", form).status_code == 302
    assert graded.drafts.get(drafts["moves"]).revision == before


def test_several_drafts_side_by_side(people: dict[str, Browser], drafts: dict[str, int]) -> None:
    page = people["viewer"].get(f"/simulations/compare?d={drafts['moves']}&d={drafts['nobody']}").text
    assert f"Draft {drafts['nobody']} moves 0 customers" in page
    assert "/customers?" in page
    assert people["viewer"].get("/simulations/compare").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/simulations/999999", "/simulations/999999/customers", "/simulations/compare?d=999999", "/simulations/{moves}/customers?of=nothing",
        "/simulations/{moves}/customers?of=abc.class&was=%27%3B--", "/simulations/{faults}/customers", "/simulations/compare?d={faults}",
    ],
)  # fmt: skip
def test_bad_addresses_get_a_reason(people: dict[str, Browser], drafts: dict[str, int], path: str) -> None:
    answer = people["viewer"].get(path.format(**drafts))
    assert answer.status_code == 400, path
    assert "That was not done" in answer.text


@pytest.mark.parametrize("query", ["page=-1", "page=99999999999999999999", "page=x", "stay=1", "of=abc.class&now=-&stay=1"])
def test_odd_pages_are_pages(people: dict[str, Browser], drafts: dict[str, int], query: str) -> None:
    assert people["viewer"].get(f"/simulations/{drafts['moves']}/customers?{query}").status_code == 200


def test_handing_in_and_taking_back(people: dict[str, Browser], graded: Engine, drafts: dict[str, int]) -> None:
    who, number = people["rule_author"], drafts["nobody"]
    assert people["viewer"].post(f"/simulations/{number}/submit").status_code == 403
    assert who.post(f"/simulations/{number}/submit", {"revision": 99}).status_code == 400
    assert who.post(f"/simulations/{number}/submit", {"revision": 1, "note": "x" * 3000}).status_code == 400
    assert graded.drafts.get(number).status == "open"
    assert who.post(f"/simulations/{number}/submit", {"revision": 1}).status_code == 302
    assert graded.drafts.get(number).status == "submitted"
    page = who.get(f"/simulations/{number}").text
    assert "it is handed in already" in page
    assert who.post(f"/simulations/{number}/withdraw").status_code == 302
    assert graded.drafts.get(number).status == "open"
    assert who.post(f"/simulations/{drafts['faults']}/submit").status_code == 400


def test_a_new_draft_begins_as_live(people: dict[str, Browser], graded: Engine) -> None:
    answer = people["rule_author"].post("/simulations/new", {"title": "mine"})
    number = int(answer.location.rsplit("/", 1)[1])
    assert graded.drafts.get(number).title == "mine"
    assert graded.drafts.get(number).created_by == "rule_author"
    assert people["rule_author"].post(f"/simulations/{number}/discard").status_code == 302
    assert graded.drafts.get(number).status == "discarded"


def test_the_pages_are_chinese_in_chinese(people: dict[str, Browser], drafts: dict[str, int]) -> None:
    who = people["viewer"].speak("zh")
    try:
        pages = [who.get(path).text for path in ("/simulations/", f"/simulations/{drafts['moves']}", f"/simulations/{drafts['moves']}/customers",
                                                 f"/simulations/compare?d={drafts['moves']}", f"/simulations/{drafts['faults']}")]  # fmt: skip
    finally:
        who.speak("en")
    for page in pages:
        english = re.findall(r"(?:[A-Za-z][a-z']+[ ,]+){3,}[A-Za-z][a-z]+", visible(page))
        assert english == []


def test_an_empty_store_says_what_to_do(empty: Flask) -> None:
    engine = empty.extensions["tierwise_engine"]
    engine.people.first_administrator("first", "seven dry winters of barley")
    page = Browser(empty).sign_in("first").get("/simulations/").text
    assert "No draft is on its way" in page
    assert "Publish a rulebook first." in page


def test_many_customers_are_a_job(
    people: dict[str, Browser], graded: Engine, drafts: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.simulations.INLINE", 5)
    number = graded.acting_as("rule_author").drafts.new(title="large").id
    graded.acting_as("rule_author").drafts.edit(number, revision=1, changes=[{"place": "policies[abc].params.cuts", "value": [0.4, 0.9]}])
    page = people["viewer"].get(f"/simulations/{number}").text
    assert "is not simulated yet" in page
    assert people["viewer"].post(f"/simulations/{number}/simulate").status_code == 302
    job = graded.jobs.list(kind="simulate", limit=1)[0]
    assert "data-job" in people["viewer"].get(f"/simulations/{number}").text
    from engine.worker import Worker

    Worker(graded).do(job.id)
    assert (
        f"moves {graded.simulations.of(number).simulation.comparison.moved} customer" in people["viewer"].get(f"/simulations/{number}").text
    )
