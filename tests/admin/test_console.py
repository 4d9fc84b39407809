"""Who may open what, what every answer carries, and signing in and out."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from admin.access import OWN_GATE, PUBLIC, SIGNED_IN, declared
from engine.service import Engine
from tests.admin.conftest import PASSWORD, ROLES, Browser, open_app, pages


def rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def path_of(rule: Rule) -> str:
    """An address of a route, with something in every place."""
    path = re.sub(r"<(?:int|float)(?:\([^)]*\))?:\w+>", "1", rule.rule)
    path = re.sub(r"<any\((\w+)[^)]*\):\w+>", r"\1", path)
    return re.sub(r"<[^>]+>", "x", path)


def cells(app: Flask) -> list[tuple[str, str, str]]:
    """Endpoint, method, path of everything that can be asked for."""
    return [
        (rule.endpoint, method, path_of(rule)) for rule in rules(app) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def test_every_route_declares_who_may_open_it(app: Flask) -> None:
    assert [rule.endpoint for rule in app.url_map.iter_rules() if declared(app, rule.endpoint) is None] == []


def test_an_undeclared_route_is_refused(graded: Engine) -> None:
    app = open_app(graded)
    app.add_url_rule("/forgotten", "forgotten", lambda: "seen")
    assert Browser(app).get("/forgotten").status_code == 403


def test_strangers_get_nothing_but_the_door(app: Flask, stranger: Browser) -> None:
    token = stranger.token()
    for endpoint, method, path in cells(app):
        access = declared(app, endpoint)
        assert access is not None
        if access.area in (PUBLIC, OWN_GATE):
            continue
        answer = stranger.client.open(path, method=method, headers={"X-CSRFToken": token})
        if method == "GET":
            assert answer.status_code == 302, (method, path)
            assert answer.location.startswith("/login"), (method, path)
        else:
            assert answer.status_code in (302, 401), (method, path)
            assert answer.location in (None, "/login"), (method, path)


ENDING = ("account.logout", "account.password", "account.end_session", "users.end", "users.act")
"""What would sign the asker, or another test, out."""


@pytest.mark.parametrize("role", ROLES)
def test_each_role_gets_what_its_areas_say(app: Flask, graded: Engine, role: str) -> None:
    """Every cell: refused with 403, or let in to whatever the page says of an object that is not there."""
    user = graded.people.user(role)
    token = Browser(app).sign_in(role)
    csrf = token.token()
    for endpoint, method, path in cells(app):
        access = declared(app, endpoint)
        assert access is not None
        if access.area in (PUBLIC, OWN_GATE) or endpoint in ENDING:
            continue
        allowed = access.area == SIGNED_IN or user.may(access.area, write=access.level(method) == "write")
        answer = token.client.open(path, method=method, headers={"X-CSRFToken": csrf})
        assert answer.status_code < 500, (method, path, answer.text[:500])
        assert (answer.status_code == 403) == (not allowed), (role, method, path, answer.status_code)
        answer.close()  # an export holds its file until it is sent


VARIANTS: dict[str, dict[str, Any]] = {
    "no token": {},
    "a wrong token": {"headers": {"X-CSRFToken": "wrong"}},
    "a wrong token in the form": {"data": {"csrf_token": "wrong"}},
    "as plain text": {"data": "csrf_token=x", "content_type": "text/plain"},
    "as JSON": {"json": {"language": "en"}},
    "from another site": {"headers": {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_change_without_its_token_is_refused(app: Flask, variant: str) -> None:
    who = Browser(app).sign_in("administrator")
    other = Browser(app).sign_in("viewer").token()
    for endpoint, method, path in cells(app):
        access = declared(app, endpoint)
        if method == "GET" or access is None or access.area == OWN_GATE:
            continue
        answer = who.client.open(path, method=method, **VARIANTS[variant])
        assert answer.status_code in (400, 403), (variant, method, path)
        assert who.client.open(path, method=method, headers={"X-CSRFToken": other}).status_code == 400, (method, path)
    assert who.get("/profile").status_code == 200, "nothing signed the person out"


@pytest.mark.parametrize("path", ["/", "/login", "/profile", "/nowhere", "/static/tokens.css", "/static/none.css"])
def test_every_answer_carries_its_headers(people: dict[str, Browser], path: str) -> None:
    answer = people["administrator"].get(path)
    found = answer.headers
    assert found["X-Content-Type-Options"] == "nosniff"
    assert found["X-Frame-Options"] == "DENY"
    assert found["Referrer-Policy"] == "same-origin"
    policy = found["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert {"default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(policy.split("; "))
    assert ("no-store" in found["Cache-Control"]) == (not path.startswith("/static/tokens"))
    assert "Server" not in found or "Werkzeug" not in found["Server"]


def test_no_page_has_inline_code(people: dict[str, Browser], app: Flask) -> None:
    for path in [*pages(app), "/runs/1", "/plugins/rfm", "/nowhere"]:
        no_inline_code(people["administrator"].get(path).text)


def no_inline_code(page: str) -> None:
    assert re.findall(r"<[^>]*\s(?:on\w+|style)\s*=", page) == []
    assert re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")[^>]*>", page) == []
    assert "javascript:" not in page
    assert re.findall(r'(?:src|href)="(?:https?:)?//', page) == []


def test_a_new_installation_asks_for_an_administrator_once(empty: Flask) -> None:
    first = Browser(empty)
    assert first.get("/").location == "/first"
    assert first.get("/login").location == "/first"
    page = first.post("/first", {"name": "lin", "display_name": "Lin Wei", "password": "short", "again": "short"})
    assert page.status_code == 400
    page = first.post("/first", {"name": "lin", "display_name": "Lin Wei", "password": PASSWORD, "again": PASSWORD + "x"})
    assert page.status_code == 400
    assert "The two passwords differ." in page.text
    answer = first.post("/first", {"name": "lin", "display_name": "Lin Wei", "password": PASSWORD, "again": PASSWORD})
    assert answer.status_code == 302
    assert "Import customers and orders" in first.get("/").text
    late = Browser(empty)
    assert late.get("/first").location == "/login"
    assert late.post("/first", {"name": "eve", "password": PASSWORD, "again": PASSWORD}).location == "/login"
    assert [user.name for user in empty.extensions["tierwise_engine"].people.users()] == ["lin"]


def test_wrong_names_and_wrong_passwords_look_the_same(app: Flask) -> None:
    pages = []
    for name in ("viewer", "nobody-of-this-name"):
        answer = Browser(app).post("/login", {"name": name, "password": "wrong"})
        assert answer.status_code == 401
        pages.append(re.sub(r'value="[^"]*"', "", answer.text))
    assert pages[0] == pages[1]


def test_guessing_is_stopped(graded: Engine, app: Flask) -> None:
    graded.people.add("guessed", roles=["viewer"], password=PASSWORD)
    who = Browser(app)
    codes = [who.post("/login", {"name": "guessed", "password": f"wrong {n}"}).status_code for n in range(12)]
    assert codes[0] == 401
    assert codes[-1] == 429
    assert who.post("/login", {"name": "guessed", "password": PASSWORD}).status_code == 429, "nor is the right one let in"


def test_addresses_are_limited_too(graded: Engine) -> None:
    app = open_app(graded)
    app.extensions["tierwise_limiter"].enabled = True
    who = Browser(app)
    codes = [who.client.post("/login", data={"name": f"n{n}", "password": "x", "csrf_token": ""}).status_code for n in range(3)]
    assert set(codes) == {400}, "without a token it does not even count as a try"
    token = who.token()
    codes = [who.client.post("/login", data={"name": f"n{n}", "password": "x", "csrf_token": token}).status_code for n in range(32)]
    assert codes[-1] == 429


def test_a_cookie_is_worth_nothing_after_signing_out(app: Flask) -> None:
    who = Browser(app)
    before = cookie(who)
    who.sign_in("viewer")
    inside = cookie(who)
    assert inside != before
    assert who.get("/profile").status_code == 200
    assert who.post("/logout").location == "/login"
    thief = Browser(app)
    thief.client.set_cookie("tierwise", inside)
    assert thief.get("/profile").location.startswith("/login")


def cookie(who: Browser) -> str:
    who.get("/login")
    found = who.client.get_cookie("tierwise")
    return found.value if found else ""


def test_a_session_that_was_there_before_is_not_taken_over(app: Flask) -> None:
    """Fixation: the token that an attacker planted is not the one of the session."""
    who = Browser(app)
    with who.client.session_transaction() as planted:
        planted["token"] = "planted"
    who.sign_in("viewer")
    with who.client.session_transaction() as found:
        assert found["token"] != "planted"


def test_a_session_can_be_ended_from_elsewhere(app: Flask) -> None:
    one, other = Browser(app).sign_in("analyst"), Browser(app).sign_in("analyst")
    numbers = re.findall(r"/profile/sessions/(\d+)/end", one.get("/profile").text)
    assert numbers
    for number in numbers:
        assert one.post(f"/profile/sessions/{number}/end").status_code == 302
    assert other.get("/profile").location.startswith("/login")
    assert one.get("/profile").status_code == 200


def test_nobody_ends_the_sessions_of_others(app: Flask) -> None:
    victim, thief = Browser(app).sign_in("approver"), Browser(app).sign_in("viewer")
    engine: Engine = app.extensions["tierwise_engine"]
    for session in engine.people.sessions("approver"):
        thief.post(f"/profile/sessions/{session.id}/end")
    assert victim.get("/profile").status_code == 200


def test_whoever_is_disabled_is_out_at_once(graded: Engine, app: Flask) -> None:
    graded.people.add("leaving", roles=["viewer"], password=PASSWORD)
    who = Browser(app).sign_in("leaving")
    graded.people.disable("leaving")
    assert who.get("/").location.startswith("/login")


TARGETS = [
    "//evil.example",
    "/\\evil.example",
    "https://evil.example",
    "javascript:alert(1)",
    "\\\\evil",
    "/\t/evil.example",
    "evil.example",
    "",
]


@pytest.mark.parametrize("target", TARGETS)
def test_signing_in_leads_nowhere_else(app: Flask, target: str) -> None:
    assert Browser(app).post("/login", {"name": "viewer", "password": PASSWORD, "next": target}).location == "/"


def test_signing_in_leads_back_to_the_page(app: Flask) -> None:
    who = Browser(app)
    assert who.get("/profile?x=1").location == "/login?next=/profile?x%3D1"
    assert who.post("/login", {"name": "viewer", "password": PASSWORD, "next": "/profile?x=1"}).location == "/profile?x=1"


def test_a_person_changes_its_name_language_and_password(graded: Engine, app: Flask) -> None:
    graded.people.add("changing", roles=["viewer"], password=PASSWORD)
    who, elsewhere = Browser(app).sign_in("changing"), Browser(app).sign_in("changing")
    who.post("/profile", {"display_name": "Mei <b>", "language": "zh", "theme": "dark"})
    page = who.get("/profile").text
    assert '<html lang="zh-Hans" data-theme="dark">' in page
    assert "Mei &lt;b&gt;" in page
    wrong = who.post("/profile/password", {"old": "no", "password": PASSWORD + "!", "again": PASSWORD + "!"})
    assert wrong.status_code == 400
    assert who.post("/profile/password", {"old": PASSWORD, "password": PASSWORD + "!", "again": PASSWORD + "!"}).status_code == 302
    assert who.get("/profile").status_code == 200
    assert elsewhere.get("/profile").location.startswith("/login")
    Browser(app).sign_in("changing", PASSWORD + "!")


def test_cookies_over_https(graded: Engine) -> None:
    from dataclasses import replace

    graded.settings = replace(graded.settings, https=True)
    try:
        app = open_app(graded)
        answer = app.test_client().get("/login", base_url="https://shop.example")
    finally:
        graded.settings = replace(graded.settings, https=False)
    cookie_ = answer.headers["Set-Cookie"]
    assert cookie_.startswith("__Host-tierwise=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie_.split("; "))
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_forwarded_addresses_are_not_believed(app: Flask) -> None:
    who = Browser(app)
    who.client.post(
        "/login",
        data={"name": "viewer", "password": PASSWORD, "csrf_token": who.token()},
        headers={"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "evil.example"},
    )
    assert "203.0.113.9" not in who.get("/profile").text


def test_errors_say_what_to_do_and_have_a_reference(people: dict[str, Browser]) -> None:
    who = people["administrator"]
    page = who.get("/nowhere")
    assert page.status_code == 404
    assert re.search(r"Reference <code>[0-9a-f]{10}</code>", page.text)
    answer = who.get("/nowhere", headers={"Accept": "application/json"})
    assert answer.json["status"] == 404
    assert answer.json["reference"]


def test_a_bug_is_not_shown(graded: Engine) -> None:
    from admin.access import declare

    app = open_app(graded)
    app.add_url_rule("/broken", "broken", lambda: 1 // 0)
    declare(app, "broken", PUBLIC)
    page = Browser(app).get("/broken")
    assert page.status_code == 500
    assert "ZeroDivision" not in page.text
    assert "Traceback" not in page.text


def test_the_overview_shows_the_numbers_of_the_run(graded: Engine, people: dict[str, Browser]) -> None:
    page = people["viewer"].get("/").text
    picture = graded.overview()
    assert picture is not None
    assert f"{picture.customers - picture.withheld:,} customers are graded" in page
    for band in picture.bands:
        assert f">{band.customers:,}<" in page
    assert f"Run {picture.run.id}, as of" in page


@pytest.mark.parametrize("query", ["since=7", "since=30", "since=nonsense", "of=", "of=rfm.segment"])
def test_the_overview_of_other_outputs_and_periods(people: dict[str, Browser], query: str) -> None:
    assert people["viewer"].get(f"/?{query}").status_code == 200


def test_an_unknown_output_is_refused_in_words(people: dict[str, Browser]) -> None:
    page = people["viewer"].get("/?of=rfm.segmnt")
    assert page.status_code == 400
    assert "did you mean" in page.text


def test_the_search_finds_what_the_reader_may_open(people: dict[str, Browser]) -> None:
    found = people["administrator"].get("/search/?q=over").json["groups"]
    assert found[0] == {"title": "Pages", "found": [{"text": "Overview", "url": "/"}]}
    assert {group["title"] for group in found} <= {"Pages", "Help"}


LONG = os.environ.get("TIERWISE_TRIALS") == "long"
ODD = [str(10**20), "NaN", *(["-1", "1e309", "0x10", "' or 1=1 --", "=cmd|'/C calc'!A0", "\x00", "%252e%252e"] if LONG else [])]


@pytest.mark.parametrize("value", ODD)
def test_odd_values_in_any_query_are_no_fault_of_ours(app: Flask, people: dict[str, Browser], value: str) -> None:
    """Every page that needs nothing named, with the value in every parameter that lists know."""
    names = ("page", "page_size", "sort", "desc", "search", "q", "after", "before", "since", "until", "of", "value", "flt0_0", "actor")
    for path in pages(app):
        answer = people["administrator"].get(path, query_string=dict.fromkeys(names, value))
        assert answer.status_code < 500, (path, value)


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "/%0d%0aX: y", " //evil.example", "https:evil.example", "/\t/evil.example"],
)  # fmt: skip
def test_nobody_is_led_away(app: Flask, target: str) -> None:
    who = Browser(app)
    answer = who.post("/login", {"name": "viewer", "password": PASSWORD, "next": target})
    assert answer.location in ("/", "/%0d%0aX: y", "/%250d%250aX:%20y"), answer.location
    assert who.post("/preferences", {"language": "en", "next": target}).location.startswith("/")
    assert not who.post("/preferences", {"language": "en", "next": target}).location.startswith(("//", "/\\"))


def test_a_copied_cookie_is_worth_nothing_afterwards(app: Flask, graded: Engine) -> None:
    """After signing out, and after being disabled."""
    graded.people.add("copied", roles=["viewer"], password=PASSWORD)
    for end in ("logout", "disable"):
        who = Browser(app).sign_in("copied")
        cookie = who.client.get_cookie("tierwise")
        assert cookie is not None
        thief = Browser(app)
        thief.client.set_cookie("tierwise", cookie.value)
        assert thief.get("/profile").status_code == 200
        if end == "logout":
            who.post("/logout")
        else:
            graded.people.disable("copied")
        assert thief.get("/profile").status_code == 302, end
