"""Tags, kept lists, comments, the inbox, customer lists and who is who: as in the console, within the caller's reach and roles."""

from __future__ import annotations

import pytest

from tests.api import test_once as once
from tests.api.conftest import Client


@pytest.fixture(scope="module")
def people(shared: Client) -> dict[str, Client]:
    """A seller who sees own customers only, a rule author, an approver, a viewer."""
    shared.engine.people.add("seller", roles=["service"], reach="own", owner="S1")
    found = {role: shared.user(role) for role in ("rule_author", "approver", "viewer")}
    return {**found, "seller": shared.key(user="seller")}


def test_a_tag_is_given_to_all_of_a_list_and_filters_it(shared: Client) -> None:
    shared.post("/tags", {"name": "vip", "title": "VIP"}, code=201)
    assert shared("PUT", "/tags/tags.vip/customers", json={"give": ["C1", "C2"]}, code=200).json == {"given": 2, "taken": 0}
    every = {"give_all": {"filters": ["orders.count>=1"]}, "take": ["C2"]}
    given = shared("PUT", "/tags/tags.vip/customers", json=every, code=200).json
    listed = shared.get("/customers?filter=tags.vip=true&size=500")
    assert listed["total"] == next(tag["members"] for tag in shared.get("/tags")["items"] if tag["feature"] == "tags.vip")
    assert given["taken"] == 1
    shared("PUT", "/tags/tags.vip/customers", json={"give": ["nobody"]}, code=404)
    shared("PATCH", "/tags/tags.nothing", json={"title": "x"}, code=404)
    removed = shared("DELETE", "/tags/tags.vip", code=200).json
    assert removed["customers"] == listed["total"]


def test_lists_sort_search_and_refuse_what_is_none(shared: Client) -> None:
    first = shared.get("/customers?sort=-orders.count&size=3")
    assert len(first["items"]) == 3
    assert shared.get("/customers?search=C7")["total"] >= 1
    for query in ("filter=nonsense", "filter=no.column=1", "sort=no.column", "columns=no.column", "size=0", "page=-1"):
        shared("GET", f"/customers?{query}", code=422)
    injected = shared("GET", "/customers", query_string={"search": "' or 1=1 --", "sort": "customer"}, code=200).json
    assert injected["total"] == 0


def test_only_customers_within_reach_are_touched(shared: Client, people: dict[str, Client]) -> None:
    seller = people["seller"]
    own = {row["customer"] for row in seller.get("/customers?size=500")["items"]}
    other = next(row["customer"] for row in shared.get("/customers?size=500")["items"] if row["customer"] not in own)
    mine = sorted(own)[0]
    seller("POST", f"/customers/{mine}/join", json={"other": other}, code=404)
    seller("POST", f"/customers/{other}/join", json={"other": mine}, code=404)
    seller("PUT", f"/customers/{other}/not-graded", json={"reason": "staff"}, code=404)
    for path in ("explanations", "evidence?feature=orders.count", "timeline", "orders"):
        seller("GET", f"/customers/{other}/{path}", code=404)
        seller("GET", f"/customers/{mine}/{path}", code=200)
    text = seller("GET", "/exports/customers", code=200).get_data(as_text=True)
    assert len(text.splitlines()) == len(own) + 1
    assert shared.get("/audit/exports")["items"][0]["what"] == "customers"


def test_a_kept_list_is_its_owners_until_it_is_shared(shared: Client, people: dict[str, Client]) -> None:
    made = shared.post("/views", once.VIEW, code=201)
    seller = people["seller"]
    assert made["id"] not in {view["id"] for view in seller.get("/views")["items"]}
    seller("DELETE", f"/views/{made['id']}", code=404)
    shared("PUT", f"/views/{made['id']}/shared", json={"shared": True}, code=200)
    seen = next(view for view in seller.get("/views")["items"] if view["id"] == made["id"])
    assert (seen["mine"], seen["query"]["filters"]) == (False, ["abc.class=A"])
    seller("DELETE", f"/views/{made['id']}", code=404)
    shared("DELETE", f"/views/{made['id']}", code=200)


def test_authors_and_approvers_talk_and_are_told_what_waits(shared: Client, people: dict[str, Client]) -> None:
    author, approver, viewer = people["rule_author"], people["approver"], people["viewer"]
    draft = author.post("/drafts", {"title": "Wider bands"}, code=201)
    said = approver.post(f"/drafts/{draft['id']}/comments", {"text": "Why so few?"}, code=201)
    author.post(f"/drafts/{draft['id']}/comments", {"text": "As agreed."}, code=201)
    viewer("POST", f"/drafts/{draft['id']}/comments", json={"text": "me too"}, code=403)
    assert [each["text"] for each in viewer.get(f"/drafts/{draft['id']}/comments")["items"]] == ["Why so few?", "As agreed."]
    assert [each["kind"] for each in author.get("/inbox")["items"]] == ["comment"]
    settled = author("PUT", f"/comments/{said['id']}/settled", json={"settled": True}, code=200).json
    assert settled["settled_by"] == settled["settled_by"] is not None
    assert author.get("/inbox")["items"] == []
    shared("POST", "/drafts/999/comments", json={"text": "x"}, code=404)
    shared("PUT", "/comments/999/settled", json={"settled": True}, code=404)
    narrow = shared.key("results", user="chen")
    assert narrow.get("/inbox")["items"] == [], "a key is told only of what its scopes may read"


def test_settings_tell_no_secret(shared: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERWISE_SECRET_KEY", "a lake above the tree line")
    text = shared("GET", "/settings", code=200).get_data(as_text=True)
    assert "a lake above" not in text
    assert shared.get("/store")["counts"]["customers"] == 24


def test_joined_customers_are_one_and_can_be_separated(api: Client) -> None:
    api.post("/customers/C1/join", {"other": "C2"})
    assert {each["id"] for each in api.get("/customers/C1")["aliases"]} == {"C1", "C2"}
    api.post("/customers/C2/separate")
    assert {each["id"] for each in api.get("/customers/C1")["aliases"]} == {"C1"}
    api("PUT", "/customers/C1/not-graded", json={"reason": "staff"}, code=200)
    assert api.get("/customers/C1")["not_graded"] == "staff"
