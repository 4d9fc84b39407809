"""The pages of the service desk: queue, ticket, attainment, levels, calendars, answers; and in a browser the clocks of an A and a C."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from flask import Flask

from admin.views.levels import _holding
from engine.desk.setup import Setup
from engine.levels import ServiceTarget
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
    setup = dict(desk.desk.setup().document)
    desk.desk.save_setup({**setup, "calendar": "office"})
    used = clerk.speak("zh").get("/calendars/").text
    desk.desk.save_setup(setup)
    clerk.speak("en")
    assert '<td class="why">服务台设置</td>' in used
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
    half = clerk.post("/answers/", {**form, "name": "got", "subject_en": "Only this", "text_zh": " "}).text
    for field in ("subject_zh", "text_zh"):
        assert f'id="{field}-fault"' in half
    assert (
        clerk.post(
            "/answers/", {k: v for k, v in {**form, "name": "got", "automatic": "1", "text_en": "Got it."}.items() if k != "kinds"}
        ).status_code
        == 302
    )
    assert "Got it." in clerk.get(opened(clerk)).text
    assert clerk.post("/answers/remove", {"name": "got"}).status_code == 302


def fields(page: str) -> dict[str, Any]:
    """Every field of the setup's form as the page has it."""
    form = page[page.index('class="desk-form"') :]
    form = form[: form.index("</form>")]
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name = re.search(r'name="([^"]+)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name is None or name[1] == "csrf_token" or ('type="checkbox"' in tag and " checked" not in tag):
            continue
        found.setdefault(name[1], []).append(unescape(value[1]) if value else "")
    for name, inside in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option(?: value="([^"]*)")?[^>]* selected>([^<]*)', inside)
        found[name] = [(chosen[1] if chosen[1] is not None else chosen[2]) if chosen else ""]
    return {name: some if name == "stands" else some[0] for name, some in found.items()}


def test_the_setup_is_for_whoever_may_change_settings(clerk: Browser, app: Flask, desk: Engine) -> None:
    page = clerk.get("/desk/")
    assert page.status_code == 200
    assert "Keep the setup" not in page.text
    assert clerk.post("/desk/", {"revision": "0"}).status_code == 403
    chief = Browser(app).sign_in("administrator")
    given = fields(chief.get("/desk/").text)
    assert (given["kinds[2].key"], given["kinds[2].title.zh"], given["stands"]) == (
        "complaint",
        "投诉",
        ["waiting_customer", "waiting_third_party"],
    )
    before = dict(desk.desk.setup().document)
    assert chief.post("/desk/", given).status_code == 302
    after = Setup.read(desk.desk.setup().document)
    kept = Setup.read(before)
    for name in ("kinds", "channels", "categories", "causes", "stands", "calendar", "targets", "steps", "consent"):
        assert getattr(after, name) == getattr(kept, name), "the form says what the document said"


def test_rows_of_the_setup_are_added_moved_and_removed_without_keeping_anything(app: Flask, desk: Engine) -> None:
    chief = Browser(app).sign_in("administrator")
    given, stored = fields(chief.get("/desk/").text), desk.desk.stored_setup().revision
    more = fields(chief.post("/desk/", {**given, "act": "add:channels"}).text)
    assert more["channels[4].key"] == ""
    more |= {"channels[4].key": "wechat", "channels[4].title.en": "WeChat", "channels[4].title.zh": "微信"}
    moved = chief.post("/desk/", {**more, "act": "up:channels:4"})
    assert "Not kept yet" in moved.text
    gone = fields(chief.post("/desk/", {**fields(moved.text), "act": "remove:channels:0"}).text)
    assert [gone[f"channels[{n}].key"] for n in range(4)] == ["email", "chat", "wechat", "visit"]
    assert desk.desk.stored_setup().revision == stored
    assert chief.post("/desk/", {**fields(chief.post("/desk/", {**gone, "act": "add:steps"}).text)}).status_code == 302, (
        "empty rows are left out"
    )
    assert list(desk.desk.setup().channels) == ["email", "chat", "wechat", "visit"]


def test_faults_of_the_setup_stand_beside_their_fields(app: Flask, desk: Engine) -> None:
    chief = Browser(app).sign_in("administrator")
    given = fields(chief.get("/desk/").text)
    wrong = {
        **given,
        "kinds[1].key": "Re quest",
        "kinds[0].title.zh": "",
        "targets[0].answer_minutes": "soon",
        "steps[0].percent": "120",
        "steps[1].hours": "",
        "steps[2].tell": "role:servic",
        "calendar": "nights",
        "consent": "perhaps",
    }
    page = chief.post("/desk/", wrong)
    assert page.status_code == 400
    for place in (
        "kinds[1].key",
        "kinds[0].title.zh",
        "targets[0].answer_minutes",
        "steps[0].percent",
        "steps[1].key",
        "steps[2].tell",
        "consent",
    ):
        assert f'id="{place}-fault"' in page.text or place == "consent", place
        assert place == "consent" or f'aria-describedby="{place}-fault"' in page.text
    assert fields(page.text)["kinds[1].key"] == "Re quest", "what was typed stays"
    assert "did you mean &#39;service&#39;" in page.text
    calendar = chief.post("/desk/", {**given, "calendar": "nights"})
    assert 'id="calendar-fault"' in calendar.text
    zh = Browser(app).sign_in("administrator").speak("zh")
    assert "应为" in zh.post("/desk/", wrong).text
    zh.speak("en")
    stale = chief.post("/desk/", {**given, "revision": "0"})
    assert (stale.status_code, "changed by somebody else" in stale.text) == (400, True)


def test_a_setup_goes_out_as_a_file_and_comes_in_through_the_form(app: Flask, desk: Engine) -> None:
    chief = Browser(app).sign_in("administrator")
    told = chief.get(f"/desk/{desk.desk.stored_setup().revision}.json")
    assert json.loads(told.text) == dict(desk.desk.setup().document)
    revision = desk.desk.stored_setup().revision
    document = {**json.loads(told.text), "causes": [{"key": "late"}], "consent": "required"}
    shown = chief.post("/desk/look", {"file": (io.BytesIO(json.dumps(document).encode()), "s.json")})
    assert (shown.status_code, desk.desk.stored_setup().revision) == (200, revision), "nothing is kept yet"
    assert chief.post("/desk/", fields(shown.text)).status_code == 302
    assert (list(desk.desk.setup().causes), desk.desk.setup().consent) == (["late"], "required")
    for text in (b"{", b"\xff", b"[" * 100_000):
        refused = chief.post("/desk/look", {"file": (io.BytesIO(text), "s.json")})
        assert refused.status_code == 302
    for text in (b"[]", b'{"kinds": [], "colour": 1}'):
        refused = chief.post("/desk/look", {"file": (io.BytesIO(text), "s.json")})
        assert refused.status_code == 400
    assert "the unknown key &#39;colour&#39;" in refused.text
    assert chief.post("/desk/", given_back(desk, document)).status_code == 302


def given_back(desk: Engine, document: dict[str, Any]) -> dict[str, Any]:
    """The usual setup as the form would send it."""
    from admin.desk_form import rows_of
    from engine.desk.setup import USUAL

    sent = {
        f"{name}[{at}].{field}": value
        for name, rows in rows_of(USUAL).items()
        for at, row in enumerate(rows)
        for field, value in row.items()
    }
    return {**{k: v for k, v in sent.items() if not (k.endswith("objection") and not v)}, "stands": list(USUAL["stands"]), "revision": str(desk.desk.stored_setup().revision)}  # fmt: skip


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


def test_promises_that_can_never_hold_are_left_out() -> None:
    rows = [ServiceTarget("complaint", "*", 60, 120), ServiceTarget("*", "*", 240, 480), ServiceTarget("question", "high", 5, 10), ServiceTarget("*", "*", 540, 2700)]  # fmt: skip
    assert _holding(rows) == rows[:2]
    assert _holding(rows[2:]) == rows[2:]


def test_an_empty_desk_says_what_to_do(empty: Flask) -> None:
    engine: Engine = empty.extensions["tierwise_engine"]
    engine.people.first_administrator("administrator", PASSWORD)
    reader = Browser(empty).sign_in("administrator")
    for path, said in (("/tickets/", "Nothing waits here"), ("/attainment/", "No promise has ended yet"), ("/levels/", "Everybody is served alike"), ("/calendars/", "No calendar yet"), ("/answers/", "No prepared answer yet")):  # fmt: skip
        assert said in reader.get(path).text


def test_a_broken_promise_is_on_the_overview_until_it_is_met(clerk: Browser, app: Flask, desk: Engine) -> None:
    late = desk.tickets.open("A1", "complaint", "Nobody calls back", at=desk.written(int(desk.now.timestamp()) - 7 * 86_400))
    page = clerk.get("/").text
    assert "1 promise is broken" in page
    assert "Nobody calls back" in page
    masked = Browser(app).sign_in("viewer").get("/").text
    assert "Nobody calls back" not in masked
    assert f"The first is ticket {late.id}." in masked
    desk.tickets.move(late.id, "resolved")
    assert "promise is broken" not in clerk.get("/").text
