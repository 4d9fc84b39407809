"""The service desk over the API: different clocks for an A and a C, ETags, what is not there, what cannot be, who may what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.api import create_app
from engine.service import Engine
from tests.api.conftest import PASSWORD, Client
from tests.small_desk import OFFICE, fill_desk

NEW = {"customer": "A1", "kind": "complaint", "subject": "late", "text": "where is it"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Client]:
    with Engine.open(f"sqlite:///{tmp_path / 'desk.db'}", actor="operator") as engine:
        fill_desk(engine)
        engine.people.first_administrator("chen", PASSWORD)
        app = create_app(engine)
        yield Client(app, engine, "").key()
        app.extensions["tierwise-api"].ledger.close()


def seconds(ticket: Any) -> dict[str, int]:
    return {each["clock"]: each["seconds"] for each in ticket["clocks"]}


def test_an_a_and_a_c_customer_get_different_clocks(desk: Client) -> None:
    a = desk.post("/service/tickets", NEW, code=201)
    c = desk.post("/service/tickets", {**NEW, "customer": "C1"}, code=201)
    assert (seconds(a), seconds(c)) == ({"answer": 3_600, "resolution": 28_800}, {"answer": 86_400, "resolution": 259_200})
    assert [each["id"] for each in desk.get("/service/queue")["items"]] == [a["id"], c["id"]]
    assert desk.get("/service/queue?level=plain")["items"][0]["customer"] == "C1"
    assert [each["key"] for each in desk.get("/service/levels")["items"]] == ["gold", "silver", "plain"]


def test_a_ticket_from_opened_to_closed(desk: Client) -> None:
    number = desk.post("/service/tickets", {**NEW, "kind": "objection", "reference": "R1"}, code=201)["id"]
    assert desk.post("/service/tickets", {**NEW, "kind": "objection", "reference": "R1"}, code=201)["id"] == number
    path = f"/service/tickets/{number}"
    desk.post("/service/tickets", {**NEW, "reference": "R1"}, code=409)
    timeline = desk.get(f"{path}/timeline")["items"]
    assert [each["kind"] for each in timeline] == ["opened", "letter", "promise"]
    said = desk.post(f"{path}/messages", {"text": "we look into it"}, code=201)
    assert said["answered_at"] is not None
    desk.post(f"{path}/state", {"state": "waiting_customer"}, code=422)
    assert desk.post(f"{path}/state", {"state": "waiting_customer", "reason": "photo"})["clocks"][1]["due_at"] is None
    assert desk.post(f"{path}/messages", {"text": "here", "direction": "in"}, code=201)["state"] == "in_progress"
    tag = desk("GET", path).headers["ETag"]
    assert desk("PATCH", path, json={"priority": "urgent"}, headers={"If-Match": tag}).json["clocks"][1]["seconds"] == 7_200
    desk("PATCH", path, json={"priority": "low"}, headers={"If-Match": tag}, code=412)
    desk("PATCH", path, json={"priority": "low"}, code=428)
    desk.post(f"{path}/state", {"state": "closed"}, code=409)
    desk.post(f"{path}/state", {"state": "resolved", "at": "2020-01-01"}, code=422)
    desk.post(f"{path}/state", {"state": "resolved"})
    assert desk.post(f"{path}/state", {"state": "closed"})["closed_at"] is not None
    found = desk.get("/service/attainment?by=grade")["items"]
    assert {(each["key"], each["clock"], each["total"], each["met"]) for each in found} == {
        ("A", "answer", 1, 1),
        ("A", "resolution", 1, 1),
    }
    assert [each["id"] for each in desk.get("/service/tickets?customer=A1&state=ended")["items"]] == [number]


def test_documents_of_the_desk(desk: Client) -> None:
    assert desk("PUT", "/service/calendars/office", json={"document": OFFICE}).headers["ETag"] == '"1"'
    wrong = desk("PUT", "/service/calendars/other", json={"document": {**OFFICE, "timezone": "Mars"}}, code=422).json
    assert wrong["errors"][0]["place"] == "timezone"
    setup = desk("GET", "/service/setup")
    kinds = {**setup.json["document"], "calendar": "office"}
    assert desk("PUT", "/service/setup", json={"document": kinds}, headers={"If-Match": setup.headers["ETag"]}).json["revision"] == 1
    desk("DELETE", "/service/calendars/office", code=422)
    assert desk.get("/service/calendars/office")["used_by"] == ["setup"]
    desk("PUT", "/service/answers/sorry", json={"document": {"title": "Sorry", "text": "Sorry, {customer}."}}, code=200)
    number = desk.post("/service/tickets", NEW, code=201)["id"]
    assert desk.get(f"/service/tickets/{number}/answers")["items"] == [{"name": "sorry", "text": "Sorry, A1."}]
    for path in ("/service/tickets/99", "/service/tickets/99/timeline", "/service/calendars/none"):
        desk("GET", path, code=404)
    for method, path in (("DELETE", "/service/answers/none"), ("DELETE", "/service/calendars/none")):
        desk(method, path, code=404)


def test_who_may_what(desk: Client) -> None:
    number = desk.post("/service/tickets", NEW, code=201)["id"]
    viewer = desk.user("viewer")
    assert viewer.get(f"/service/tickets/{number}")["subject"] == "***"
    assert {each["text"] for each in viewer.get(f"/service/tickets/{number}/timeline")["items"]} <= {"***", ""}
    viewer("POST", "/service/tickets", json=NEW, code=403)
    clerk = desk.user("service")
    clerk("PUT", "/service/setup", json={"document": {"kinds": [{"key": "a"}]}}, headers={"If-Match": '"0"'}, code=403)
    own = desk.user("service", reach="own", owner="somebody")
    assert own.get("/service/queue")["items"] == []
    own("GET", f"/service/tickets/{number}", code=404)
    own("POST", "/service/tickets", json=NEW, code=404)
