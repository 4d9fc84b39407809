"""The pages of the service desk: queue, ticket, attainment, levels, calendars, answers; and in a browser the clocks of an A and a C."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from engine.service import Engine
from tests.admin.conftest import PASSWORD, Browser, open_app, served
from tests.admin.test_browser import browser, complaints, until
from tests.small_desk import fill_desk

__all__ = ["browser"]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with Engine.open(f"sqlite:///{tmp_path_factory.mktemp('desk') / 'store.db'}", actor="setup") as engine:
        fill_desk(engine)
        engine.people.first_administrator("administrator", PASSWORD)
        for role in ("service", "viewer"):
            engine.people.add(role, roles=[role], password=PASSWORD)
        yield engine


@pytest.fixture(scope="module")
def app(desk: Engine) -> Flask:
    return open_app(desk)


@pytest.fixture
def clerk(app: Flask) -> Browser:
    return Browser(app).sign_in("service")


NEW = {"customer": "A1", "kind": "complaint", "subject": "The parcel is late", "text": "Where is it?", "channel": "phone", "language": "en"}


def opened(clerk: Browser, **given: str) -> str:
    """Open a ticket through the form; the path of its page."""
    answer = clerk.post("/tickets/new", {**NEW, **given})
    assert answer.status_code == 302, answer.text
    return str(answer.location)


def test_a_ticket_is_opened_answered_moved_and_changed(clerk: Browser, desk: Engine) -> None:
    path = opened(clerk)
    number = int(path.rpartition("/")[2])
    page = clerk.get(path).text
    for part in ("The parcel is late", "Where is it?", "Gold", "Promised: first answer within 1 working hours", 'data-clock="answer"'):
        assert part in page
    assert "The parcel is late" in clerk.get("/tickets/").text
    assert clerk.post(f"{path}/say", {"text": "It comes tomorrow", "direction": "out"}).status_code == 302
    assert clerk.post(f"{path}/move", {"state": "waiting_customer", "reason": "photo"}).status_code == 302
    assert "stands" in clerk.get(path).text
    refused = clerk.post(f"{path}/move", {"state": "closed"})
    assert (refused.status_code, "cannot become closed" in refused.text) == (400, True)
    revision = str(desk.tickets.get(number).revision)
    assert (
        clerk.post(f"{path}/edit", {"revision": revision, "priority": "urgent", "compensation": "12.50", "cause": "late"}).status_code
        == 302
    )
    assert (desk.tickets.get(number).compensation, desk.tickets.get(number).priority) == (1_250, "urgent")
    assert "Compensation: ¥12.50" in clerk.get(path).text
    stale = clerk.post(f"{path}/edit", {"revision": "1", "priority": "low"})
    assert (stale.status_code, "changed by somebody else" in stale.text) == (400, True)
    assert clerk.post(f"{path}/edit", {"revision": str(desk.tickets.get(number).revision), "compensation": "a lot"}).status_code == 400
    assert clerk.post(f"{path}/move", {"state": "resolved"}).status_code == 302
    assert "The parcel is late" in clerk.get("/tickets/?ended=1").text
    assert "Class A" in clerk.get(opened(clerk, kind="objection", subject="Why")).text, "the reason letter is attached"
    assert "100%" in clerk.get("/attainment/?by=grade&days=7").text
    assert "The parcel is late" in clerk.get("/customers/A1?tab=service").text
    assert clerk.get("/tickets/999").status_code == 422 or clerk.get("/tickets/999").status_code == 400
    assert clerk.post("/tickets/new", {**NEW, "customer": "nobody"}).status_code == 400


def test_calendars_are_kept_shown_and_refused_with_their_place(clerk: Browser, desk: Engine) -> None:
    form = {"name": "office", "timezone": "Asia/Shanghai", "day_mon": "09:00-12:00，13:00-18:00", "day_fri": "09:00-12:00", "holidays": "CN", "revision": "0", "exceptions": "2030-01-02\n2030-01-05 10:00-11:00"}  # fmt: skip
    assert clerk.post("/calendars/", form).status_code == 302
    kept = desk.calendars.show("office").document
    assert kept["week"] == {"mon": ["09:00-12:00", "13:00-18:00"], "fri": ["09:00-12:00"]}
    assert kept["exceptions"] == {"2030-01-02": [], "2030-01-05": ["10:00-11:00"]}
    page = clerk.get("/calendars/?name=office").text
    assert "09:00-12:00, 13:00-18:00" in page
    assert "2030-01-05 10:00-11:00" in page
    wrong = clerk.post("/calendars/", {**form, "name": "other", "day_mon": "09:00-12:00, 11:00-13:00", "timezone": "Mars"})
    assert wrong.status_code == 400
    assert "overlap at 11:00" in wrong.text
    assert "no time zone" in wrong.text
    desk.calendars.save("shifts", {"timezone": "UTC", "week": {"fri-sun": ["10:00-11:00"]}})
    assert clerk.get("/calendars/?name=shifts").text.count('value="10:00-11:00"') == 3
    assert clerk.post("/calendars/remove", {"name": "shifts"}).status_code == 302
    assert [each.name for each in desk.calendars.list()] == ["office"]


def test_answers_are_kept_suggested_and_sent_by_themselves(clerk: Browser, desk: Engine) -> None:
    form = {"name": "sorry", "title_en": "Sorry", "title_zh": "致歉", "text_en": "We are sorry, {customer}.", "text_zh": "抱歉。", "kinds": "complaint", "revision": "0"}  # fmt: skip
    assert clerk.post("/answers/", form).status_code == 302
    assert 'data-text="We are sorry, A1."' in clerk.get(opened(clerk)).text
    assert "Sorry" in clerk.get("/answers/?name=sorry").text
    assert clerk.post("/answers/", {**form, "name": "No Name"}).status_code == 400
    assert (
        clerk.post("/answers/", {**form, "name": "got", "kinds": "", "automatic": "1", "text_en": "Received {ticket}."}).status_code == 400
    )
    assert (
        clerk.post(
            "/answers/", {k: v for k, v in {**form, "name": "got", "automatic": "1", "text_en": "Got it."}.items() if k != "kinds"}
        ).status_code
        == 302
    )
    assert "Got it." in clerk.get(opened(clerk)).text
    assert clerk.post("/answers/remove", {"name": "got"}).status_code == 302


def test_the_setup_is_for_whoever_may_change_settings(clerk: Browser, app: Flask, desk: Engine) -> None:
    assert clerk.get("/answers/setup").status_code == 200
    assert clerk.post("/answers/setup", {"document": "{}", "revision": "0"}).status_code == 403
    chief = Browser(app).sign_in("administrator")
    assert "This is no JSON" in chief.post("/answers/setup", {"document": "{", "revision": "0"}).text
    assert "TW402" not in chief.get("/answers/setup").text
    wrong = chief.post("/answers/setup", {"document": '{"kinds": [{"key": "a"}, {"key": "a"}], "colour": 1}', "revision": "0"}).text
    assert "the unknown key &#39;colour&#39;" in wrong
    kinds = '{"kinds": [{"key": "complaint"}, {"key": "objection", "objection": true}], "channels": [{"key": "phone"}]}'
    assert chief.post("/answers/setup", {"document": kinds, "revision": "0"}).status_code == 302
    assert list(desk.desk.setup().kinds) == ["complaint", "objection"]


def test_who_may_only_read_sees_and_changes_nothing(app: Flask, clerk: Browser) -> None:
    path = opened(clerk)
    reader = Browser(app).sign_in("viewer")
    page = reader.get(path).text
    assert "Where is it?" not in page, "what the customer said is personal"
    assert "***" in page
    assert "<textarea" not in page
    assert reader.post(f"{path}/say", {"text": "x"}).status_code == 403
    assert reader.get("/tickets/new").status_code == 403
    assert "Gold" in reader.get("/levels/").text


def test_an_a_and_a_c_customer_get_different_clocks_that_tick(browser: Any, desk: Engine, app: Flask) -> None:
    """In a real browser: both tickets are opened through the form; each shows its level's time, and the time runs."""
    with served(app) as site:
        browser.delete_all_cookies()
        browser.get(f"{site}/login")
        browser.find_element("name", "name").send_keys("service")
        browser.find_element("name", "password").send_keys(PASSWORD)
        browser.find_element("css selector", "form.form button").click()
        until(browser, lambda: "/login" not in browser.current_url)
        complaints(browser)
        seen = {}
        for customer in ("A1", "C1"):
            browser.get(f"{site}/tickets/new?customer={customer}&kind=complaint&subject=Broken")
            browser.find_element("css selector", "main form.form button").click()
            until(browser, lambda: re.search(r"/tickets/\d+$", browser.current_url) is not None)
            until(browser, lambda: browser.find_elements("css selector", '[data-clock="answer"] .ticks'))
            first = browser.find_element("css selector", '[data-clock="answer"] .ticks').text
            until(browser, lambda shown=first: browser.find_element("css selector", '[data-clock="answer"] .ticks').text != shown)
            seen[customer] = first
        assert re.fullmatch(r"(0:59|1:00):\d\d", seen["A1"])
        assert re.fullmatch(r"(23:59|1 d 0:00):\d\d", seen["C1"])
        browser.get(f"{site}/tickets/")
        names = [each.text for each in browser.find_elements("css selector", "table.queue td:nth-child(3) b")]
        assert names.index("Name A1") < names.index("Name C1"), "what breaks first stands on top"
        assert complaints(browser) == []


def test_levels_are_edited_as_a_table_and_the_simulation_counts_managers(browser: Any, desk: Engine, app: Flask) -> None:
    draft = desk.acting_as("administrator").drafts.new(title="managers for silver")
    with served(app) as site:
        browser.delete_all_cookies()
        browser.get(f"{site}/login")
        browser.find_element("name", "name").send_keys("administrator")
        browser.find_element("name", "password").send_keys(PASSWORD)
        browser.find_element("css selector", "form.form button").click()
        until(browser, lambda: "/login" not in browser.current_url)
        complaints(browser)
        browser.get(f"{site}/rulebook/{draft.id}/service")
        until(browser, lambda: len(browser.find_elements("css selector", ".grid-table")) == 2)
        box = browser.find_elements("css selector", ".grid-table input[type=checkbox]")[1]
        browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", box)  # not below the bar at the foot
        box.click()
        until(browser, lambda: desk.drafts.get(draft.id).document["policies"][1]["params"]["levels"][1]["manager"] is True)
        answer = browser.find_elements("css selector", '.grid-table input[inputmode="decimal"]')[-2]
        browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", answer)
        answer.clear()
        answer.send_keys("720")
        until(browser, lambda: desk.drafts.get(draft.id).document["policies"][1]["params"]["targets"][-1]["answer_minutes"] == 720)
        browser.get(f"{site}/simulations/{draft.id}")
        until(browser, lambda: browser.find_elements("id", "service"))
        assert "This draft gives 1 more customer a dedicated manager" in browser.find_element("id", "service").text
        assert complaints(browser) == []


def test_an_empty_desk_says_what_to_do(empty: Flask) -> None:
    engine: Engine = empty.extensions["tierwise_engine"]
    engine.people.first_administrator("administrator", PASSWORD)
    reader = Browser(empty).sign_in("administrator")
    for path, said in (("/tickets/", "Nothing waits here"), ("/attainment/", "No promise has ended yet"), ("/levels/", "Everybody is served alike"), ("/calendars/", "No calendar yet"), ("/answers/", "No prepared answer yet")):  # fmt: skip
        assert said in reader.get(path).text
