"""An agent's day at the desk in a real browser: a ticket, its acknowledgement, answer, wait, resume, resolve, an import, the setup."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.service import Engine
from engine.worker import Worker
from tests.admin.conftest import PASSWORD, open_app, served
from tests.admin.test_browser import browser, complaints, until
from tests.mail_server import MailServer, mail_server
from tests.small_desk import fill_desk

__all__ = ["browser"]

GOT = {
    "title": {"en": "Received", "zh": "已收到"},
    "text": {"en": "We have your request {ticket}.", "zh": "已收到请求 {ticket}。"},
    "automatic": True,
}
SORRY = {
    "title": {"en": "Sorry", "zh": "致歉"},
    "text": {"en": "We are sorry, {customer}.", "zh": "抱歉，{customer}。"},
    "kinds": ["complaint"],
}


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    with mail_server() as server:
        monkeypatch.setenv("TIERWISE_SMTP_URL", server.url)
        monkeypatch.setenv("TIERWISE_SMTP_FROM", "Desk <desk@shop.example>")
        yield server


@pytest.fixture
def desk(tmp_path: Path, inbox: MailServer) -> Iterator[Engine]:
    with Engine.open(f"sqlite:///{tmp_path / 'store.db'}", actor="setup") as engine:
        fill_desk(engine)
        engine.people.first_administrator("administrator", PASSWORD)
        engine.desk.save_answer("got", GOT)
        engine.desk.save_answer("sorry", SORRY)
        worker = Worker(engine, threads=1)
        worker.start()
        yield engine
        worker.stop(wait=10)


def press(browser: Any, text: str) -> None:
    """Press the button or link with a text, once it is in view."""
    found = next(each for each in browser.find_elements("css selector", "main .btn") if each.text.strip() == text and each.is_displayed())
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", found)
    found.click()


def type_into(browser: Any, name: str, text: str) -> None:
    """Type into the field with a name."""
    found = browser.find_element("css selector", f'main [name="{name}"]')
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", found)
    found.clear()
    found.send_keys(text)


def choose(browser: Any, name: str, value: str) -> None:
    """Choose in the list with a name."""
    from selenium.webdriver.support.select import Select

    Select(browser.find_element("css selector", f'main [name="{name}"]')).select_by_value(value)


def heading(browser: Any) -> str:
    return str(browser.find_element("css selector", "h1").text)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_day_at_the_desk(browser: Any, desk: Engine, inbox: MailServer, tmp_path: Path, theme: str) -> None:
    desk.people.edit("administrator", language="en", theme=theme)
    with served(open_app(desk)) as site:
        browser.delete_all_cookies()
        browser.get(f"{site}/login")
        browser.find_element("name", "name").send_keys("administrator")
        browser.find_element("name", "password").send_keys(PASSWORD)
        browser.find_element("css selector", "form.form button").click()
        until(browser, lambda: "/login" not in browser.current_url)
        complaints(browser)

        browser.get(f"{site}/tickets/new")
        for name, text in (("customer", "A1"), ("subject", "The parcel is late"), ("text", "Where is it?")):
            type_into(browser, name, text)
        choose(browser, "kind", "complaint")
        choose(browser, "language", "en")
        browser.find_element("css selector", "main form button.primary").click()
        until(browser, lambda: "/tickets/new" not in browser.current_url)
        place = browser.current_url
        number = int(place.rpartition("/")[2])

        def sent() -> bool:
            browser.get(place)
            return "Acknowledgement sent by e-mail" in browser.find_element("css selector", ".talk").text

        until(browser, sent)
        assert [(each["To"], each["Subject"]) for each in inbox.letters] == [("a1@example.org", f"We have received your request {number}")]

        choose(browser, "answer", "sorry")
        until(browser, lambda: browser.find_element("name", "text").get_attribute("value") == "We are sorry, A1.")
        press(browser, "Keep the message")
        until(browser, lambda: "Answered" in browser.find_element("css selector", ".talk").text)
        choose(browser, "state", "waiting_customer")
        type_into(browser, "reason", "photo of the parcel")
        press(browser, "Change the state")
        until(browser, lambda: "stands" in browser.find_element("css selector", ".clocks").text)
        type_into(browser, "text", "Here it is")
        browser.find_element("css selector", 'input[name="direction"][value="in"]').click()
        press(browser, "Keep the message")
        until(browser, lambda: "stands" not in browser.find_element("css selector", ".clocks").text)
        assert desk.tickets.get(number).state == "in_progress"
        choose(browser, "state", "resolved")
        press(browser, "Change the state")
        until(browser, lambda: desk.tickets.get(number).state == "resolved")

        file = tmp_path / "old.csv"
        head = "reference,customer,kind,subject,opened_at\n"
        file.write_text(f"{head}T1,B1,complaint,Old one,2025-12-01T10:00\nT2,B1,nonsense,Old too,2025-12-01T10:00\n", encoding="utf-8")
        browser.get(f"{site}/tickets/")
        press(browser, "Import")
        until(browser, lambda: browser.find_elements("name", "file") != [])
        browser.find_element("name", "file").send_keys(str(file))
        press(browser, "Look into it")
        until(browser, lambda: heading(browser) == "1 of the first 2 rows cannot be used")
        assert "nonsense" in browser.find_element("css selector", "main .why").text
        file.write_text(f"{head}T1,B1,complaint,Old one,2025-12-01T10:00\nT2,B1,question,Old too,2025-12-01T10:00\n", encoding="utf-8")
        browser.get(f"{site}/ticketimports/")
        browser.find_element("name", "file").send_keys(str(file))
        press(browser, "Look into it")
        until(browser, lambda: heading(browser) == "The first rows of old.csv are understood")
        press(browser, "Try it, store nothing")
        until(browser, lambda: heading(browser) == "All 2 rows can be imported")
        assert desk.tickets.count() == 1
        press(browser, "Import 2 rows")
        until(browser, lambda: heading(browser) == "2 tickets were opened, 0 known")
        press(browser, "To the queue")
        until(browser, lambda: "Old one" in browser.find_element("css selector", "main").text)
        assert len(inbox.letters) == 1, "what is imported is not acknowledged unless somebody says so"

        browser.get(f"{site}/desk/")
        section = browser.find_element("id", "channels")
        browser.execute_script("arguments[0].scrollIntoView()", section)
        section.find_element("css selector", 'button[value="add:channels"]').click()
        until(browser, lambda: browser.switch_to.active_element.get_attribute("name") == "channels[4].key")
        type_into(browser, "channels[4].key", "We Chat")
        type_into(browser, "channels[4].title.en", "WeChat")
        type_into(browser, "channels[4].title.zh", "微信")
        press(browser, "Keep the setup")
        until(browser, lambda: "to be mended" in heading(browser))
        fault = browser.find_element("id", "channels[4].key-fault")
        assert "small letters" in fault.text
        assert fault.find_element("xpath", "..").find_element("css selector", "input").get_attribute("value") == "We Chat"
        type_into(browser, "channels[4].key", "wechat")
        press(browser, "Keep the setup")
        until(browser, lambda: "wechat" in desk.desk.setup().channels)
        assert [each for each in complaints(browser) if "400 (BAD REQUEST)" not in each] == []
