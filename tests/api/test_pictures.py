"""Pictures over the API: what the console draws, and only customers within reach behind a mark, masked as in its lists."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Client


@pytest.fixture(scope="module")
def twice(shared: Client) -> Client:
    """A shop with two runs."""
    shared.engine.import_facts([{"order": "BIG", "customer": "C3", "ordered_at": "2026-01-30", "amount": "99999"}], "orders")
    shared.engine.run("2026-02-01")
    if shared.engine.runs(1)[0].status == "held":
        shared.engine.release(2)
    shared.app.extensions["tierwise-api"].gate.heavy = 10**9
    return shared


def test_programs_get_what_the_console_draws(twice: Client) -> None:
    found = twice.engine.pictures.of_run()
    answer = twice.get("/pictures")
    assert answer == found.as_dict(twice.engine.written)
    assert {f"{each['policy']}.{each['name']}" for each in answer["pictures"]} == {each.id for each in found.pictures}
    one = found.pictures[0]
    assert twice.get(f"/pictures/{one.id}") == {**one.as_dict(), "run": answer["run"], "as_of": answer["as_of"]}
    assert twice.get("/pictures?run=1")["run"] == 1
    twice("GET", "/pictures/abc.nothing", code=404)
    twice("GET", "/pictures?run=99", code=404)


def test_trends_flows_and_members_agree(twice: Client) -> None:
    trend = twice.get("/trends/abc.class")
    newest = trend["points"][-1]
    for label in trend["labels"]:
        behind = twice.get(f"/members?where=abc.class={label}")
        assert [behind["customers"], behind["amount"]] == newest["counts"].get(label, [0, 0])
    flow = twice.get("/flows/abc.class?first=1")
    moved = [each for each in flow["streams"] if each["was"] != each["now"]]
    assert moved
    for each in moved:
        query = {"where": [f"abc.class={each['now']}", f"abc.class~{each['was']}"], "since": 1}
        assert twice("GET", "/members", query_string=query, code=200).json["customers"] == each["customers"]
    twice("GET", "/flows/abc.class", code=422)
    twice("GET", "/flows/abc.nothing?first=1", code=404)
    twice("GET", "/trends/abc.nothing", code=404)
    twice("GET", "/flows/abc.class?first=2&second=1", code=409)


def test_members_are_read_page_by_page(twice: Client) -> None:
    seen: list[Any] = []
    path, after = "/members?where=orders.count>=1&limit=7", ""
    while True:
        page = twice.get(f"{path}{after}")
        seen += page["items"]
        if "next" not in page:
            break
        after = f"&after={page['next']}"
    assert len(seen) == page["customers"] == len({each["customer"] for each in seen})
    assert [each["amount"] for each in seen] == sorted((each["amount"] for each in seen), reverse=True)


@pytest.mark.parametrize(
    "where", ["abc.class", "abc.class=Z", "abc.nothing=1", "orders.count=many", "abc.class~A", "1=1", "'; drop table run"]
)
def test_a_wrong_condition_is_refused(twice: Client, where: str) -> None:
    assert twice("GET", "/members", query_string={"where": where}).status_code in (409, 422)


def test_only_customers_within_reach_stand_behind_a_mark(twice: Client) -> None:
    twice.engine.people.add("seller", roles=["analyst"], reach="own", owner="S1")
    seller = twice.key("results", user="seller")
    everybody = twice.get("/members?where=orders.count>=1&limit=1000")
    own = seller.get("/members?where=orders.count>=1&limit=1000")
    assert own["customers"] < everybody["customers"]
    assert {each["customer"] for each in own["items"]} <= {each["customer"] for each in everybody["items"]}
    assert seller.get("/pictures") == twice.get("/pictures"), "figures are of all customers"


def test_names_are_masked_and_birthdays_not_asked_for(twice: Client) -> None:
    twice.engine.people.add("reader", roles=["viewer"])
    reader = twice.key("results", user="reader")
    assert {each["name"] for each in reader.get("/members?where=orders.count>=1")["items"]} <= {"***", None}
    assert any("Name" in (each["name"] or "") for each in twice.get("/members?where=orders.count>=1")["items"])
    refused = reader("GET", "/members", query_string={"where": "profile.age>=30"}, code=409).json
    assert "personal data" in refused["detail"]
