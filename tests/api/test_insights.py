"""Questions about the whole population over the API: at once for a small store, by a job that is shared for a large one."""

from __future__ import annotations

from typing import Any

import pytest

from engine import questions
from engine.worker import Worker
from tests.api.conftest import Client

RADAR = "/insight/radar/lifecycle.stage?days=182&every=7&most="


@pytest.fixture
def later(api: Client) -> Client:
    """The shop, with a second run."""
    api.engine.run("2026-01-15")
    return api


def ask(api: Client, question: str) -> Any:
    paths = {"radar": f"{RADAR}20", "division": "/insight/division", "portrait": "/insight/portraits/abc.class?label=A"}
    if question in paths:
        return api("GET", paths[question])
    wanted = {"place": "abc.cuts[0]", "output": "abc.class", "label": "A", "count": 2}
    return api("POST", "/rulebooks/wanted", json={"document": api.engine.version().document, **wanted})


def told(question: str, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer without how long it took."""
    if question == "wanted":
        del answer["simulation"]["seconds"]
    return answer


@pytest.mark.parametrize("question", ["radar", "division", "portrait", "wanted"])
def test_a_large_store_answers_202_and_then_what_a_small_one_answers(later: Client, question: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = ask(later, question)
    assert at_once.status_code == 200
    monkeypatch.setattr(questions, "AT_ONCE", 3)
    questions._kept.clear()
    first = ask(later, question)
    assert (first.status_code, first.json["status"]) == (202, "queued")
    number = first.json["id"]
    assert first.headers["Location"] == f"/api/v1/jobs/{number}"
    assert ask(later, question).json["id"] == number
    Worker(later.engine).do(number)
    job = later.get(f"/jobs/{number}")
    assert job["status"] == "done", job["error"]
    assert job["result"]["question"] == question
    found = ask(later, question)
    assert found.status_code == 200
    assert told(question, found.json) == told(question, at_once.json)


def test_names_are_the_largest_of_those_in_sight(later: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    everybody = later.get(f"{RADAR}200")
    assert everybody["falls"]
    later.engine.people.add("shopkeeper", roles=["administrator"], reach="own", owner="S1")
    unit = later.key(user="shopkeeper")
    seen = [each for each in everybody["falls"] if unit("GET", f"/customers/{each['customer']}").status_code == 200]
    assert 2 <= len(seen) < len(everybody["falls"])
    mine = unit.get(f"{RADAR}2")
    assert mine["lost"] == everybody["lost"]
    assert [each["customer"] for each in mine["falls"]] == [each["customer"] for each in seen][:2]
    monkeypatch.setattr(questions, "AT_ONCE", 3)
    questions._kept.clear()
    one = later.get(f"{RADAR}2", code=202)["id"]
    other = unit.get(f"{RADAR}2", code=202)["id"]
    assert one != other
    Worker(later.engine).do(one)
    assert later.get(f"/jobs/{one}")["result"]["answer"]["falls"]
    assert unit.get(f"/jobs/{one}")["result"] is None
