"""The pages of customers: who may open what, what is asked wrongly, what is hidden, both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask

from engine.service import Engine
from tests.admin.conftest import PASSWORD, Browser, open_app
from tests.sighted import CANARIES, fill

XSS = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    url = f"sqlite:///{tmp_path_factory.mktemp('customers') / 'store.db'}"
    with Engine.open(url, actor="setup") as engine:
        fill(engine)
        engine.import_facts([{"customer": "X1", "name": XSS, "city": XSS, "region": XSS}], "customers")
        engine.join_customers("C29", "C30")
        engine.people.first_administrator("ada", PASSWORD)
        for name, roles, more in (
            ("viewer", ["viewer"], {}),
            ("care", ["service"], {}),
            ("sun", ["service"], {"reach": "own", "owner": "Sun"}),
            ("cheng", ["analyst"], {"language": "zh"}),
        ):
            engine.people.add(name, roles=roles, password=PASSWORD, **more)  # type: ignore[arg-type]
        yield open_app(engine)


def signed_in(app: Flask, name: str) -> Browser:
    browser = Browser(app)
    browser.sign_in(name)
    return browser


PAGES = (
    "/customers/",
    "/customers/?f=grade.grade%3DA&sort=-orders.amount&size=25",
    "/customers/?q=C1",
    "/customers/?of=grade.grade&value=A",
    "/customers/?by=grade.grade&op=%3D&to=A&to=B",
    "/customers/C1",
    "/customers/C1?to=A",
    "/customers/C1?tab=orders",
    "/customers/C1?tab=history",
    "/customers/choices/grade.grade",
    "/customers/evidence/orders.count?customer=C1",
    "/customers/export/csv?f=grade.grade%3DA",
    "/changes/",
    "/changes/?of=grade.grade&was=A&now=B",
    "/changes/?now=(none)",
    "/changes/export/xlsx",
    "/lists/",
)


@pytest.mark.parametrize("who", ["ada", "viewer", "care", "cheng"])
def test_every_page_opens(shop: Flask, who: str) -> None:
    browser = signed_in(shop, who)
    for path in PAGES:
        answer = browser.get(path)
        assert answer.status_code == 200, path
        if who == "viewer":
            assert not [name for name, canary in CANARIES.items() if canary in answer.data.decode("utf-8", "replace")], path
        if who == "cheng" and answer.content_type.startswith("text/html"):
            assert 'lang="zh-Hans"' in answer.text
        if "html" in answer.content_type:
            assert not re.search(r'\sstyle="|\son\w+="|<script>[^<]', answer.text), path
            assert "<img src=x" not in answer.text, path


@pytest.mark.parametrize(
    "path",
    [
        "/customers/?page=100000000000000000000",
        "/customers/?page=-1",
        "/customers/?page=x",
        "/customers/?size=100000",
        "/customers/?sort=name;drop",
        "/customers/?f=nonsense",
        "/customers/?f=grade.grade%3DZ",
        "/customers/?f=orders.amount%3E%3Dmany",
        "/customers/?of=nobody&value=x",
        "/customers/?col=secret",
        "/customers/?q=" + "x" * 300,
        "/customers/nobody",
        "/customers/%00",
        "/customers/choices/nothing",
        "/customers/evidence/nothing?customer=C1",
        "/customers/evidence/orders.count?customer=nobody",
        "/customers/export/pdf",
        "/customers/export/csv?sort=nothing",
        "/changes/?of=nothing",
        "/changes/?run=99999",
        "/changes/?run=100000000000000000000000",
        "/changes/?page=100000000000000000000",
        "/changes/?was=Z",
        "/changes/export/pdf",
        "/changes/export/csv?was=Z",
        "/lists/open/99",
        "/lists/open/100000000000000000000000",
    ],
)
def test_what_is_asked_wrongly_is_refused_with_a_reason(shop: Flask, path: str) -> None:
    answer = signed_in(shop, "ada").get(path)
    assert 400 <= answer.status_code < 500, path
    assert "Traceback" not in answer.text


def test_an_unknown_customer_has_a_hint_and_one_out_of_reach_has_none(shop: Flask) -> None:
    answer = signed_in(shop, "ada").get("/customers/C77")
    assert answer.status_code == 404
    assert "did you mean" in answer.text
    mine = signed_in(shop, "sun")
    assert mine.get("/customers/C7").status_code == 200
    for name in ("C25", "C29", "nobody"):
        hidden = mine.get(f"/customers/{name}")
        assert hidden.status_code == 404
        assert "did you mean" not in hidden.text
    assert "C25" not in mine.get("/customers/?size=200").text
    assert mine.get("/search/?q=C25").json["groups"] == [] or "C25" not in mine.get("/search/?q=C25").text


def test_a_joined_customer_answers_with_the_survivor(shop: Flask) -> None:
    page = signed_in(shop, "ada").get("/customers/C30").text
    assert "C30 belongs to this customer" in page
    assert "Customer C29" in page


def test_search_finds_within_sight(shop: Flask) -> None:
    assert "CANARYNAME 007" in signed_in(shop, "care").get("/search/?q=canaryname 007").text
    assert "CANARY" not in signed_in(shop, "viewer").get("/search/?q=canaryname 007").text
    assert "CANARY" not in signed_in(shop, "viewer").get("/search/?q=C7").text


def test_marks_views_and_fixed_values(shop: Flask) -> None:
    ada, viewer = signed_in(shop, "ada"), signed_in(shop, "viewer")
    assert ada.post("/lists/tags", {"name": "vip", "title": XSS, "kind": "tag"}).status_code == 302
    assert ada.post("/lists/tags", {"name": "VIP!", "title": "x"}).status_code == 400
    assert ada.post("/customers/bulk", {"tag": "tags.vip", "verb": "give", "id": "C3"}).status_code == 302
    assert ada.post("/customers/bulk", {"tag": "tags.vip", "verb": "give", "all": "1", "f": "grade.grade=A"}).status_code == 302
    assert ada.post("/customers/mark", {"tag": "tags.vip", "customer": "C4"}).status_code == 302
    assert "<img src=x" not in ada.get("/customers/C4").text
    assert "<img src=x" not in ada.get("/lists/").text
    assert ada.post("/customers/mark", {"tag": "tags.vip", "customer": "C4", "take": "1"}).status_code == 302
    assert ada.post("/customers/mark", {"tag": "tags.no", "customer": "C4"}).status_code == 400
    made = ada.post("/lists/save", {"title": "Mine", "f": "tags.vip=yes", "shared": "1"})
    assert made.status_code == 302
    assert viewer.get(made.location, follow_redirects=True).status_code == 200
    number = made.location.rpartition("/")[2]
    assert viewer.post(f"/lists/{number}/remove", {}).status_code == 400
    for path, form in (
        ("/customers/bulk", {"tag": "tags.vip", "verb": "give", "id": "C3"}),
        ("/customers/mark", {"tag": "tags.vip", "customer": "C3"}),
        ("/customers/fix", {"customer": "C3", "value": "grade.grade=A"}),
        ("/lists/tags", {"name": "mine", "title": "x"}),
        ("/lists/tags/remove", {"tag": "tags.vip"}),
    ):
        assert viewer.post(path, form).status_code == 403, path
        assert ada.client.post(path, data=form).status_code == 400, path  # without its token
    asked = ada.post("/customers/fix", {"customer": "C3", "value": "grade.grade=A", "reason": "known for years", "until": "2027-06-01"})
    assert asked.status_code == 302
    assert "waits for approval" in ada.get("/customers/C3").text
    assert ada.post("/customers/fix", {"customer": "C3", "value": "grade.grade=A", "reason": "", "until": "2027-06-01"}).status_code == 400
    assert ada.post("/lists/tags/remove", {"tag": "tags.vip"}).status_code == 302


def test_exports_are_logged_and_masked(shop: Flask) -> None:
    viewer = signed_in(shop, "viewer")
    told = viewer.get("/customers/export/csv?col=customer&col=name&col=email&q=C7")
    assert told.text.splitlines() == ["customer,name,email", "C7,***,***"]
    assert "viewer" in signed_in(shop, "ada").get("/lists/").text
    assert "Log of exports" not in viewer.get("/lists/").text


def test_a_new_installation_says_what_to_do(empty: Flask) -> None:
    engine: Engine = empty.extensions["tierwise_engine"]
    engine.people.first_administrator("ada", PASSWORD)
    browser = signed_in(empty, "ada")
    assert "No customers yet" in browser.get("/customers/").text
    assert "nothing to compare" in browser.get("/changes/").text
    assert "No list is kept" in browser.get("/lists/").text
    assert browser.get("/customers/C1").status_code == 404
