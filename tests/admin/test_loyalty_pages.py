"""The pages of points, rewards and offers: what is owed, a member's statement, acts by hand, the catalogue, claims, codes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from engine import clock
from engine.service import Engine
from tests.admin.conftest import PASSWORD, Browser, open_app
from tests.small_store import DAY, Order, add_customers, add_orders, open_store

ALWAYS = {"feature": "orders.count", "op": ">=", "value": 0}
OFFERS = [
    {"key": "tenth", "title": {"en": "A tenth", "zh": "九折"}, "when": ALWAYS, "kind": "share", "value": 0.1, "budget": 100, "priority": 2},
    {"key": "coupon", "title": {"en": "Five off", "zh": "立减五元"}, "when": ALWAYS, "kind": "amount", "value": 5, "coded": True},
]
BOOK = {
    "name": "Loyalty",
    "policies": [
        {"key": "abc", "type": "abc"},
        {"key": "points", "type": "points", "params": {"expiry": "year_end", "hold_days": 7, "worth": 2}},
        {"key": "offers", "type": "offers", "params": {"offers": OFFERS}},
    ],
}


def fill(engine: Engine) -> None:
    """Sales with their points, rewards, claims and offers."""
    engine.publish(BOOK)
    engine.run()
    engine.points.day()
    engine.rewards.save("mug", {"title": {"en": "Mug", "zh": "马克杯"}, "points": 30, "worth": 1200, "stock": 20, "coupon": True})
    engine.rewards.save("trip", {"title": {"en": "A day trip", "zh": "一日游"}, "points": 40_000, "worth": 90_000})
    engine.rewards.confirm(engine.rewards.reserve("C1", "mug", key="a").number)
    engine.rewards.reserve("C2", "mug", key="b")
    engine.offers.use("C3", 10_000, key="receipt")


@pytest.fixture(scope="module")
def loyal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    url = f"sqlite:///{tmp_path_factory.mktemp('loyal') / 'store.db'}"
    with open_store(url) as store:
        add_customers(store, range(1, 13))
        add_orders(store, [Order(n % 12 + 1, clock.now() - (n * 7 % 61) * DAY - 3600, 4_000 + 700 * n) for n in range(60)])
    with Engine.open(url, actor="setup") as engine:
        fill(engine)
        engine.people.first_administrator("administrator", PASSWORD)
        for role in ("service", "viewer"):
            engine.people.add(role, roles=[role], password=PASSWORD)
        yield engine


@pytest.fixture(scope="module")
def app(loyal: Engine) -> Flask:
    return open_app(loyal)


@pytest.fixture
def clerk(app: Flask) -> Browser:
    return Browser(app).sign_in("service")


@pytest.fixture
def viewer(app: Flask) -> Browser:
    return Browser(app).sign_in("viewer")


def test_what_is_owed_is_told_with_its_cost_and_when_it_expires(clerk: Browser, viewer: Browser, loyal: Engine) -> None:
    page = clerk.get("/points/").text
    found = loyal.points.liability()
    assert f"{found.spendable:,}" in page
    assert all(str(month.month) in page for month in found.months)
    assert "points are owed, worth ¥" in page
    assert clerk.get("/points/?customer=C1").location == "/points/of/C1"
    assert "积分负债" in Browser(clerk.app).sign_in("service").speak("zh").get("/points/").text
    clerk.speak("en")
    assert "Post sales now" not in viewer.get("/points/").text
    assert "0 new sales" in clerk.post("/points/day", follow_redirects=True).text
    assert viewer.post("/points/day").status_code == 403


def test_a_statement_tells_what_happened_and_a_form_sent_twice_acts_once(clerk: Browser, viewer: Browser, loyal: Engine) -> None:
    before = loyal.points.balance("C4").spendable
    form = {"act": "correct", "points": "40", "reason": "complaint 17", "key": "k1"}
    assert [clerk.post("/points/of/C4", form).status_code for _ in range(2)] == [302, 302]
    assert loyal.points.balance("C4").spendable == before + 40
    page = clerk.get("/points/of/C4").text
    for part in ("complaint 17", "Corrected by hand", "Earned", "Redeem points"):
        assert part in page
    assert clerk.post("/points/of/C4", {"act": "redeem", "points": "10", "key": "k2"}).status_code == 302
    act = next(each for each in loyal.points.history("C4") if each["kind"] == "redeem")
    assert clerk.post("/points/of/C4", {"act": "cancel", "redemption": str(act["number"]), "key": "k3"}).status_code == 302
    assert clerk.post("/points/of/C4", {"act": "transfer", "to": "C5", "points": "15", "key": "k4"}).status_code == 302
    assert loyal.points.balance("C4").spendable == before + 25
    for wrong, words in (
        ({"act": "redeem", "points": "99999999"}, "are missing"),
        ({"act": "correct", "points": "5", "reason": ""}, "reason"),
        ({"act": "redeem", "points": "1.5"}, "whole number"),
        ({"act": "transfer", "to": "nobody", "points": "1"}, "no customer"),
        ({"act": "redeem", "points": "9" * 30}, "whole number"),
        ({"act": "redeem", "points": "9" * 9_999}, "whole number"),
        ({"act": "cancel", "redemption": "9" * 30}, "there is no redemption"),
        ({"act": "undo", "of": "9" * 30, "reason": "a mistake"}, "there is no correction or event"),
        ({"act": "undo", "of": "-1", "reason": "a mistake"}, "there is no correction or event"),
        ({"act": "undo", "of": "1", "reason": "\u202e<b>x</b>"}, "printable"),
        ({"act": "correct", "points": "5", "reason": "x" * 501}, "reason"),
        ({"act": "redeem", "points": "1", "key": "k" * 300}, "key"),
    ):
        refused = clerk.post("/points/of/C4", {"key": "k5", **wrong})
        assert (refused.status_code, words in refused.text) == (400, True), wrong
    assert loyal.points.balance("C4").spendable == before + 25
    given = next(each for each in loyal.points.history("C4") if each["kind"] == "correct")
    page = clerk.get(f"/points/of/C4?undo={given['number']}").text
    assert f'<option value="{given["number"]}" selected>' in page
    undo = {"act": "undo", "of": str(given["number"]), "key": "k6"}
    assert "reason" in clerk.post("/points/of/C4", undo).text
    assert clerk.post("/points/of/C4", {**undo, "reason": "wrong member"}).status_code == 302
    assert loyal.points.balance("C4").spendable == before - 15
    again = clerk.post("/points/of/C4", {**undo, "reason": "wrong member", "key": "k7"})
    assert (again.status_code, "was taken back already" in again.text) == (400, True)
    assert "taken back by act" in clerk.get("/points/of/C4").text
    for odd in ("9" * 30, "-1", "x", "1.5"):
        assert clerk.get(f"/points/of/C4?undo={odd}&before={odd}").status_code == 200, odd
    assert "Redeem points" not in viewer.get("/points/of/C4").text
    assert viewer.post("/points/of/C4", form).status_code == 403
    assert clerk.get("/points/of/nobody").status_code in (404, 422)


def test_an_account_is_closed_and_opened(clerk: Browser) -> None:
    clerk.post("/points/of/C6", {"act": "close", "points": "0"})
    page = clerk.get("/points/of/C6").text
    assert "closed" in page
    assert "Redeem points" not in page
    clerk.post("/points/of/C6", {"act": "open", "points": "0"})
    assert "Redeem points" in clerk.get("/points/of/C6").text


REWARD = {"key": "cup", "en": "Cup", "zh": "杯子", "points": "25", "worth": "3.50", "stock": "5", "active": "1", "revision": "0"}


def test_a_reward_is_made_changed_and_retired(clerk: Browser, viewer: Browser, loyal: Engine) -> None:
    assert clerk.post("/rewards/", {**REWARD, "levels": ["abc.class=A", "abc.class=B"]}).status_code == 302
    reward = loyal.rewards.get("cup").reward
    assert (reward.worth, reward.output, reward.labels, reward.stock) == (350, "abc.class", ("A", "B"), 5)
    page = clerk.get("/rewards/").text
    assert "Cup" in page
    assert "Class A, Class B" in page
    assert '<optgroup label="abc.class">' not in page
    assert clerk.post("/rewards/?key=cup", {**REWARD, "points": "30", "revision": "1", "active": ""}).status_code == 302
    assert not loyal.rewards.get("cup").reward.active
    stale = clerk.post("/rewards/?key=cup", {**REWARD, "revision": "1"})
    assert (stale.status_code, "by somebody else" in stale.text) == (400, True)
    wrong = clerk.post("/rewards/", {**REWARD, "key": "plate", "zh": "", "stock": "many"})
    assert (wrong.status_code, 'value="plate"' in wrong.text) == (400, True)
    assert clerk.post("/rewards/", {**REWARD, "key": "plate", "zh": ""}).status_code == 400
    assert viewer.post("/rewards/", REWARD).status_code == 403


def test_claims_are_reserved_confirmed_and_cancelled(clerk: Browser, viewer: Browser, loyal: Engine) -> None:
    form = {"customer": "C7", "reward": "mug", "key": "r1"}
    assert [clerk.post("/rewards/reserve", form).status_code for _ in range(2)] == [302, 302]
    (claim,) = loyal.rewards.claims("C7")
    told = clerk.post(f"/rewards/claims/{claim.number}/confirm", follow_redirects=True).text
    code = loyal.rewards.claims("C7")[0].code
    assert code is not None
    assert code in told
    clerk.post(f"/rewards/claims/{claim.number}/cancel")
    assert loyal.rewards.claims("C7")[0].status == "cancelled"
    page = clerk.get("/rewards/?tab=claims&state=cancelled").text
    assert "Customer 7" in page
    assert "Customer 2" not in page
    assert "Customer 7" not in viewer.get("/rewards/?tab=claims").text, "viewers see no names"
    refused = clerk.post("/rewards/reserve", {"customer": "C8", "reward": "trip", "key": "r2"})
    assert (refused.status_code, "more points" in refused.text) == (400, True)


def test_offers_show_what_they_cost_and_codes_come_as_a_file(clerk: Browser, loyal: Engine) -> None:
    page = clerk.get("/rewards/?tab=offers").text
    for part in ("A tenth", "¥10.00", "10% used", "by code"):
        assert part in page, part
    answer = clerk.post("/rewards/codes", {"offer": "coupon", "count": "3"})
    lines = answer.text.split()
    assert (lines[0], len(lines), answer.mimetype) == ("code", 4, "text/csv")
    assert loyal.offers.coupon(lines[1]).offer == "coupon"
    assert clerk.post("/rewards/codes", {"offer": "tenth", "count": "3"}).status_code == 400


def test_an_empty_installation_says_what_to_do(empty: Any) -> None:
    with empty.app_context():
        pass
    browser = Browser(empty)
    browser.post("/first", {"name": "ada", "password": PASSWORD, "again": PASSWORD})
    browser.sign_in("ada")
    assert "Nobody has points yet" in browser.get("/points/").text
    assert "No reward yet" in browser.get("/rewards/").text
    assert "has no offers" in browser.get("/rewards/?tab=offers").text
