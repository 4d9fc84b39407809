"""The API answers as its reference says: who is let in, what is refused, what happens once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api.conftest import Client

EVALUATE = {"features": [{"orders.count": 3, "orders.count_365d": 3, "orders.amount_365d": 90.0, "orders.recency_days": 9}]}


def test_without_a_valid_key_nothing_is_said(api: Client) -> None:
    for secret in ("", "tw_live_nothing", "\u00e9"):
        answer = api.as_(secret)("GET", "/me", code=401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert api.as_("")("GET", "/me", headers={"Authorization": "Basic Y2hlbjpwdw=="}, code=401).json["code"] == "unauthenticated"
    assert api.get("/me")["user"] == "chen"


def test_a_cookie_is_no_key(api: Client) -> None:
    client = api.app.test_client()
    client.set_cookie("session", api.secret)
    client.set_cookie("Authorization", f"Bearer {api.secret}")
    assert client.get("/api/v1/me").status_code == 401


def test_a_key_needs_the_scope_and_its_user_the_role(api: Client) -> None:
    answer = api.key("results:read")("GET", "/users", code=403).json
    assert answer["detail"] == "this needs people:read; it is not among its scopes"
    assert "roles do not give it" in api.user("viewer")("GET", "/users", code=403).json["detail"]


def test_a_revoked_key_is_dead_within_a_second(api: Client) -> None:
    other = api.key("results:read")
    other("GET", "/me", code=200)
    api.engine.people.revoke_key(api.engine.people.keys()[0].id)
    api.app.extensions["tierwise-api"].gate._known = {
        secret: (until - 1.0, caller) for secret, (until, caller) in api.app.extensions["tierwise-api"].gate._known.items()
    }
    other("GET", "/me", code=401)


def test_too_many_requests_are_told_to_wait(api: Client) -> None:
    api.app.extensions["tierwise-api"].gate.light = 3
    codes = [api("GET", "/me").status_code for _ in range(5)]
    assert codes == [200, 200, 200, 429, 429]
    assert 1 <= int(api("GET", "/me", code=429).headers["Retry-After"]) <= 61


def test_who_guesses_keys_is_stopped(api: Client) -> None:
    api.get("/me")
    codes = [api.as_(f"tw_live_{n}")("GET", "/me").status_code for n in range(30)]
    assert codes == [401] * 20 + [429] * 10
    assert 800 < int(api.as_("tw_live_x")("GET", "/me", code=429).headers["Retry-After"]) <= 901
    api.app.extensions["tierwise-api"].gate.forget()
    assert api.get("/me")["user"] == "chen", "who was let in before is not shut out by a neighbour"


def test_the_same_wrong_key_again_is_no_new_guess(api: Client) -> None:
    assert {api.as_("tw_live_expired")("GET", "/me").status_code for _ in range(50)} == {401}
    api.key("results:read")("GET", "/me", code=200)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"features": [{"orders.count": NaN}]}', "NaN"),
        (b'{"features": [{"orders.count": 1e309}]}', "too large"),
        (b'{"features": [{"orders.count": 9223372036854775808}]}', "too large"),
        (b'{"features": [{"orders.count": 1, "orders.count": 2}]}', "stands twice"),
        (b'{"features": [', "Expecting"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[" * 100_000, "nested deeper"),
        (b'{"customers": ["\\u0000"]}', "NUL"),
        (b'{"customers": ["\\ud800"]}', "half of a character"),
        (b"", "Expecting"),
    ],
)
def test_json_is_read_strictly(shared: Client, body: bytes, why: str) -> None:
    answer = shared("POST", "/evaluate", data=body, content_type="application/json", code=400).json
    assert answer["code"] == "invalid_json"
    assert why in answer["detail"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"customers": ["C1"], "features": []}, "body.features"),
        ({"customers": []}, "body.customers"),
        ({"customers": [1]}, "body.customers.0"),
        ({"customers": ["C1"], "explain": "yes"}, "body.explain"),
        ({"customers": ["C1"], "extra": 1}, "body.extra"),
        ({"customers": ["C1", "C2"], "suppose": {"rows": [{}]}}, "body.suppose"),
        ({"customers": ["C1"] * 1001}, "body.customers"),
        ([], "body"),
        ("C1", "body"),
    ],
)
def test_a_fault_names_its_field(shared: Client, body: Any, field: str) -> None:
    answer = shared.post("/evaluate", body, code=422)
    assert field in [error["field"] for error in answer["errors"]]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=9223372036854775808",
        "limit=1e3",
        "limit=NaN",
        "limit=",
        "after=-1",
        "after=99999999999999999999",
        "after=x",
        "limit=1&limit=2",
        "page=1",
        "label=x",
        "label=%00:a",
        "label=%ff:a",
    ],
)
def test_bad_parameters_are_refused(shared: Client, query: str) -> None:
    assert shared("GET", f"/assignments?{query}").status_code in (409, 422)


def test_other_types_of_body_are_refused(shared: Client) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        shared("POST", "/evaluate", data=json.dumps(EVALUATE), content_type=kind, code=415)
    shared("POST", "/evaluate", data=json.dumps(EVALUATE), content_type="application/json", headers={"Content-Encoding": "gzip"}, code=415)


def test_what_is_too_large_is_refused(shared: Client) -> None:
    shared("POST", "/users", data=b"{" + b" " * 1024 * 1024, content_type="application/json", code=413)


def test_unknown_paths_and_methods_are_problems_too(shared: Client) -> None:
    shared("GET", "/nothing", code=404)
    assert shared("DELETE", "/evaluate", code=405).headers["Allow"]
    shared("TRACE", "/evaluate", code=405)
    shared("GET", "/runs/99999999999999999999999999", code=404)
    shared("GET", "/runs/77", code=404)
    shared("GET", "/rulebooks/9", code=404)


def test_every_answer_carries_its_number_and_may_not_be_kept(shared: Client) -> None:
    for path in ("/health", "/me", "/nothing"):
        headers = shared("GET", path, headers={"X-Request-Id": "0123456789abcdef"}).headers
        assert headers["X-Request-Id"] == "0123456789abcdef"
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert shared("GET", "/me", headers={"X-Request-Id": "a\tb"}).headers["X-Request-Id"] != "a\tb"


def test_the_same_request_is_done_once_and_answered_the_same(api_both: Client) -> None:
    key = {"Idempotency-Key": "first"}
    body = {"name": "till", "roles": ["service"]}
    first = api_both("POST", "/users", json=body, headers=key, code=201)
    again = api_both("POST", "/users", json=body, headers=key, code=201)
    assert again.get_data() == first.get_data()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["ETag"] == first.headers["ETag"]
    assert api_both("POST", "/users", json={**body, "name": "other"}, headers=key, code=409).json["code"] == "key_reused"
    assert api_both("POST", "/users", json=body, code=422).json["detail"] == "there is a user 'till' already"
    api_both.key("people")("POST", "/users", json={**body, "name": "other"}, headers=key, code=201)


def test_what_failed_does_not_use_up_its_key(api: Client) -> None:
    key = {"Idempotency-Key": "k"}
    api("POST", "/users", json={"name": "x", "roles": []}, headers=key, code=422)
    api("POST", "/users", json={"name": "xx", "roles": []}, headers=key, code=201)
    api("POST", "/users", json={"name": "yy", "roles": []}, headers={"Idempotency-Key": "x" * 256}, code=400)


def test_the_secret_of_a_key_is_answered_again_but_not_stored(api: Client) -> None:
    from sqlalchemy import select

    from engine.store.models import idempotency_key

    body = {"title": "t", "user": "chen", "scopes": ["results:read"]}
    first = api.post("/keys", body, headers={"Idempotency-Key": "k1"}, code=201)
    assert api.post("/keys", body, headers={"Idempotency-Key": "k1"}, code=201) == first
    other = api.post("/keys", body, headers={"Idempotency-Key": "k2"}, code=201)
    assert other["secret"] != first["secret"]
    assert api.as_(first["secret"]).get("/me")["scopes"] == ["results:read"]
    with api.engine.store.read() as connection:
        kept = connection.scalars(select(idempotency_key.c.body)).all()
    assert len(kept) == 2
    assert all(first["secret"].encode() not in body and other["secret"].encode() not in body for body in kept)


def test_a_rehearsal_keeps_nothing(api_both: Client) -> None:
    before = api_both.engine.people.users()
    made = api_both("POST", "/users?dry_run=true", json={"name": "till", "roles": ["service"]}, code=201)
    assert made.headers["Dry-Run"] == "true"
    assert made.json["name"] == "till"
    assert api_both.engine.people.users() == before
    orders = api_both.engine.exchange.batches()
    taken = api_both.post(
        "/facts/orders?dry_run=true", {"rows": [{"order": "X", "customer": "C1", "ordered_at": "2025-12-30", "amount": 5}]}
    )
    assert taken["created"] == 1
    assert api_both.engine.exchange.batches() == orders


def test_an_edit_needs_what_was_seen(api: Client) -> None:
    api.post("/users", {"name": "till", "roles": []}, code=201)
    tag = api("GET", "/users/till", code=200).headers["ETag"]
    api("PATCH", "/users/till", json={"language": "zh"}, code=428)
    assert api("PATCH", "/users/till", json={"language": "zh"}, headers={"If-Match": tag}, code=200).headers["ETag"] == '"2"'
    api("PATCH", "/users/till", json={"language": "en"}, headers={"If-Match": tag}, code=412)
    api("PATCH", "/users/till", json={"password": "x"}, headers={"If-Match": '"2"'}, code=422)
    assert api.get("/users/till")["language"] == "zh"


def test_evaluations_name_what_they_rest_on(api_both: Client) -> None:
    found = api_both.post("/evaluate", {"customers": ["C1", "C2"], "explain": True, "language": "zh"})
    assert (found["rulebook"], found["run"], found["batch"]) == (1, 1, 2)
    assert found["as_of"].startswith("2025-12-31T00:00:00")
    assert [item["customer"] for item in found["items"]] == ["C1", "C2"]
    current = api_both.get("/customers/C1")["assignments"]
    assert {name: found["items"][0]["values"][name] for name in current} == current
    assert found["items"][0]["explanation"]
    given = api_both.post("/evaluate", EVALUATE)
    assert given["items"][0]["values"]["lifecycle.stage"]
    assert api_both.post("/evaluate", {"customers": ["nobody"]}, code=404)["code"] == "unknown_customer"
    assert api_both.post("/evaluate", {"features": [{"orders.cuont": 1}]}, code=422)["code"] == "feature_invalid"


def test_a_basket_that_is_supposed_counts_and_is_not_kept(api_both: Client) -> None:
    before = api_both.get("/batches")
    plain = api_both.post("/evaluate", {"customers": ["C1"], "as_of": "2025-12-31T12:00"})["items"][0]["values"]
    body = {"customers": ["C1"], "as_of": "2025-12-31T12:00", "suppose": {"rows": [{"amount": "900000", "ordered_at": "2025-12-31T11:00"}]}}
    with_basket = api_both.post("/evaluate", body)["items"][0]["values"]
    assert plain["abc.class"] != "A"
    assert with_basket["abc.class"] == "A"
    assert api_both.get("/batches") == before
    wrong = api_both.post("/evaluate", {**body, "suppose": {"rows": [{"amount": "lots"}]}}, code=422)
    assert "row 1, amount" in wrong["detail"]


def test_evaluations_are_in_the_trail_without_customers(api: Client) -> None:
    for _ in range(3):
        api.post("/evaluate", {"customers": ["C1"]})
    api.app.extensions["tierwise-api"].ledger.flush()
    from engine.store import audit

    with api.engine.store.read() as connection:
        entry = audit.entries(connection, action="evaluate")[0]
    details = json.loads(entry.details)
    assert (details["requests"], details["customers"], details["run"]) == (3, 3, 1)
    assert "C1" not in entry.details
    assert entry.actor == "chen"
    assert entry.authenticated


def test_before_the_first_run_an_evaluation_says_so(sqlite_url: str) -> None:
    from engine.api import create_app
    from engine.service import Engine

    with Engine.open(sqlite_url, actor="operator") as engine:
        engine.publish("starter")
        engine.people.first_administrator("chen", "a lake above the tree line")
        client = Client(create_app(engine), engine, "").key()
        assert client.post("/evaluate", EVALUATE, code=409)["code"] == "run_needed"
        assert client.get("/assignments") == {"items": [], "cursor": "0-0"}
        assert client.get("/changes") == {"items": [], "cursor": "0-0", "more": False}
        client("GET", "/exports/assignments", code=409)


def test_personal_data_is_masked_and_rows_are_scoped(api: Client) -> None:
    seen = api.get("/customers/C1")
    assert (seen["name"], seen["email"]) == ("Name 1", "c1@example.org")
    masked = api.user("viewer").get("/customers/C1")
    assert (masked["name"], masked["email"], masked["phone"]) == ("***", "***", None)
    assert {item["name"] for item in api.user("viewer").get("/assignments")["items"]} == {"***"}
    seller = api.user("service", reach="own", owner="S1")
    mine = {item["customer"] for item in seller.get("/assignments?limit=100")["items"]}
    assert mine == {f"C{n % 24}" for n in range(120) if n % 3 == 1}
    stranger = next(f"C{n}" for n in range(24) if f"C{n}" not in mine)
    seller("GET", f"/customers/{stranger}", code=404)
    seller.post("/evaluate", {"customers": [stranger]}, code=404)
    seller("GET", "/exports/assignments", code=403)
    assert {item["customer"] for item in seller.get("/changes?limit=1000")["items"] if item["type"] == "change"} == mine


def test_the_description_holds_every_route(shared: Client) -> None:
    spec = shared.get("/openapi.json")
    assert spec["openapi"] == "3.1.0"
    described = {(path, method.upper()) for path, methods in spec["paths"].items() for method in methods if method != "parameters"}
    routes = {
        ("/" + str(rule).lstrip("/").replace("<int:", "{").replace("<path:", "{").replace("<", "{").replace(">", "}"), method)
        for rule in shared.app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if str(rule).startswith("/api/")
    }
    assert described == routes
    assert "api_key" not in json.dumps(spec)


def test_the_page_of_the_description_loads_nothing_from_elsewhere(shared: Client) -> None:
    page = shared.as_("")("GET", "/docs", code=200)
    assert "http" not in page.get_data(as_text=True).replace("http-equiv", "")
    assert "unsafe-eval" not in page.headers["Content-Security-Policy"]
    assert "script-src 'self';" in page.headers["Content-Security-Policy"]
    for name in ("swagger-ui.css", "swagger-ui-bundle.js", "tierwise.js", "tierwise.css"):
        shared.as_("")("GET", f"/docs/{name}", code=200).close()
    for name in ("index.html", "..%2f__init__.py", "../../setup.cfg"):
        shared.as_("")("GET", f"/docs/{name}", code=404)


def test_metrics_count_routes_and_hold_no_data(shared: Client) -> None:
    shared.get("/customers/C1")
    page = shared("GET", "/metrics", code=200).get_data(as_text=True)
    assert 'route="/api/v1/customers/<path:customer>"' in page
    assert "C1" not in page
    assert "tierwise_live_run 1" in page
    shared.as_("")("GET", "/metrics", code=401)


def test_other_pages_of_the_application_keep_their_own_errors(api: Client) -> None:
    api.app.add_url_rule("/broken", "broken", lambda: 1 / 0)
    client = api.app.test_client()
    assert client.get("/elsewhere").content_type.startswith("text/html")
    assert client.get("/broken").content_type.startswith("text/html")


def test_a_bug_says_its_number_and_nothing_else(api: Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(self: object) -> None:
        raise ZeroDivisionError("secret words")

    monkeypatch.setattr("engine.people.People.users", broken)
    answer = api("GET", "/users", code=500)
    assert "secret" not in answer.get_data(as_text=True)
    assert answer.json["code"] == "internal"


def test_a_locked_store_is_told_to_wait(sqlite_url: str) -> None:
    from engine.api import create_app
    from engine.service import Engine
    from engine.store.session import Store

    with Engine.open(sqlite_url + "?timeout=0.1", actor="operator") as engine:
        engine.people.first_administrator("chen", "a lake above the tree line")
        client = Client(create_app(engine), engine, "").key()
        client.get("/me")
        api = client.app.extensions["tierwise-api"]
        api.ledger.flush()
        assert engine.people.keys()[0].used_at is not None
        api.gate.forget()
        with Store.open(sqlite_url) as other, other.write():
            client.get("/me")  # letting somebody in waits for no writer
            answer = client("POST", "/users", json={"name": "till", "roles": []}, code=503)
        assert answer.headers["Retry-After"] == "2"
        assert "sqlite" not in answer.json["detail"]
        client.get("/me")


def test_a_key_that_is_too_long_is_refused_and_never_cut(api: Client) -> None:
    api.engine.points.earn("C1", 90, key="before")
    api.engine.rewards.save("mug", {"title": {"en": "Mug", "zh": "马克杯"}, "points": 30})
    for end in ("a", "b"):
        api("POST", "/customers/C1/rewards", json={"reward": "mug"}, headers={"Idempotency-Key": "k" * 200 + end}, code=422)
    assert api.engine.points.balance("C1").spendable == 90
