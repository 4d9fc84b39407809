"""Account managers and care plans in a real browser: assigned, claimed, handed over, planned, done with an outcome, and measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engine import clock
from engine.service import Engine
from tests.admin.conftest import PASSWORD, open_app, served
from tests.admin.test_browser import browser, complaints, until
from tests.test_managers import RULES, shop

__all__ = ["browser"]

DAY = 86_400


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    before = clock.ahead()
    with Engine.open(sqlite_url, actor="setup") as opened:
        shop(opened)
        opened.publish(RULES)
        opened.run()
        opened.people.first_administrator("ada", PASSWORD)
        opened.managers.add("Moon", capacity=9, title="Moon Wang", user="ada")
        yield opened
    clock.set_ahead(before)


class Site:
    """The console as somebody uses it."""

    def __init__(self, browser: Any, address: str) -> None:
        self.browser, self.address = browser, address

    def sign_in(self) -> None:
        self.browser.get(f"{self.address}/login")
        if not self.browser.current_url.startswith(f"{self.address}/login"):
            return
        self.fill("form.form", name="ada", password=PASSWORD)
        self.browser.find_element("css selector", "form.form button").click()
        until(self.browser, lambda: self.browser.current_url == f"{self.address}/")

    def open(self, path: str) -> str:
        self.browser.get(f"{self.address}{path}")
        return self.text()

    def text(self) -> str:
        return str(self.browser.find_element("tag name", "main").text)

    def fill(self, selector: str, **fields: str) -> None:
        for name, value in fields.items():
            field = self.browser.find_element("css selector", f"{selector} [name={name}]")
            if field.tag_name == "select":
                self.browser.execute_script("arguments[0].value = arguments[1]", field, value)
                continue
            field.clear()
            field.send_keys(value)

    def click(self, selector: str, *, says: str = "") -> None:
        """Press a button; the dialog that asks whether it is meant is answered; wait for the next page."""
        before = self.browser.find_element("tag name", "html")
        button = self.browser.find_element("css selector", selector)
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
        button.click()

        def gone() -> bool:
            for yes in self.browser.find_elements("css selector", "#confirm[open] #confirm-yes"):
                yes.click()
            return bool(self.browser.find_element("tag name", "html") != before) and says in self.text()

        try:
            until(self.browser, gone)
        except Exception as error:
            raise AssertionError(f"{says!r} is not on {self.browser.current_url}: {self.text()[:1500]}") from error


def test_managers_from_a_policy_to_a_hand_over(engine: Engine, browser: Any) -> None:
    with served(open_app(engine)) as address:
        site = Site(browser, address)
        site.sign_in()
        site.open("/managers/")
        site.fill("form[action='/managers/']", name="Sun", title="Sun Li", capacity="9")
        site.click("form[action='/managers/'] button", says="Sun Li")
        form = "form[action='/managers/policy']"
        site.fill(form, output="grade.segment", grade_list="top, next", neglect_days="30", rank="orders.amount")
        site.click(f"{form} button", says="Try the assignment")
        site.click("form[action='/managers/try'] button", says="are to have a manager")
        assert engine.managers.get("Sun").customers == 0, "a trial changes nothing"
        site.click("form[action='/managers/assign'] button", says="Sun Li")
        until(browser, lambda: sum(each.customers for each in engine.managers.list()) == 9)
        mine = engine.managers.explain("C10").owned.owner
        page = site.open("/customers/C10")
        assert f"Looked after by {mine}" in page
        assert engine.managers.of("C10").why.en in page

        site.open("/managers/of/Sun")
        before = engine.managers.get("Sun").customers
        assert before > 0
        site.fill("form:has([name=do][value=leave])", reason="left the company")
        site.click("form:has([name=do][value=leave]) button.danger")
        until(browser, lambda: engine.managers.get("Sun").left_at is not None)

        assert "handed over from Sun" in site.open("/pool/")
        browser.find_element("css selector", "[name=customer]").click()
        site.click("form:has([name=customer]) button.primary", says="handed over from Sun" if before > 1 else "empty")
        assert engine.managers.pool_size() == before - 1

        clock.set_ahead(clock.ahead() + 40 * DAY)
        site.sign_in()
        engine.interactions.add("C10", channel="phone")
        site.open("/pool/")
        site.click("form[action*='neglected'] button")
        until(browser, lambda: [each.customers for each in engine.managers.list()] == [1 if mine == "Moon" else 0])
        assert "days without contact" in site.open("/pool/")
        assert complaints(browser) == []


def test_a_plan_from_its_form_to_its_effect(engine: Engine, browser: Any) -> None:
    with served(open_app(engine)) as address:
        site = Site(browser, address)
        site.sign_in()
        site.open("/care/new")
        form = ".plan-form"
        site.fill(form, key="quiet", trigger="silence", days="5", contact="orders", title_en="Call", control_share="50", consent="none")
        site.fill(form, text_en="Dear ${nmae}", text_zh="x")
        site.click(f"{form} .form-do button", says="did you mean 'name'")
        site.fill(form, key="quiet", text_en="Dear ${name}")
        site.click(f"{form} .form-do button", says="The plan is saved.")
        site.fill(form, title_en="Call the quiet ones", channel="phone")
        site.click(f"{form} .form-do button", says="The plan is saved.")
        assert engine.care.get("quiet").plan.title["en"] == "Call the quiet ones"
        assert "Call the quiet ones" in site.open("/care/")
        site.click("form[action='/care/run'] button", says="made for today")
        kept = engine.care.get("quiet")
        assert kept.care > 0
        assert kept.control > 0

        site.open("/tasks/")
        browser.get(browser.find_element("css selector", "table.tbl td.who a, table.tbl a[href*='/tasks/']").get_attribute("href"))
        site.fill("form:has([name=do][value=done])", outcome="ordered again")
        site.click("form:has([name=do][value=done]) button", says="Saved.")
        (done,) = engine.tasks.list(status="done")
        assert done.outcome == "ordered again"
        page = site.open(f"/customers/{done.customer}?tab=service")
        assert "ordered again" in page

        clock.set_ahead(clock.ahead() + 31 * DAY)
        site.sign_in()
        page = site.open("/care/plan/quiet")
        assert "What it changed" in page
        assert f"n = {kept.care} and {kept.control}" in page
        assert [each for each in complaints(browser) if "400 (BAD REQUEST)" not in each] == [], "the wrong placeholder was refused"


def test_a_gateway_is_tried_on_its_page(engine: Engine, browser: Any) -> None:
    with served(open_app(engine)) as address:
        site = Site(browser, address)
        site.sign_in()
        site.open("/gateways/")
        browser.get(browser.find_element("css selector", "a[href*='example=sms_json']").get_attribute("href"))
        site.fill(".plan-form", key="sms", secret="hush-hush", url="https://192.0.2.1/send")
        site.click(".plan-form .form-do button", says="The gateway is saved.")
        site.fill("form:has(#try_text)", to="+86 138", text="good day")
        site.click("button[value=show]", says="good day")
        assert "Bearer hidden" in site.text()
        site.click("button[value=send]", says="Not accepted")
        assert "hush" not in browser.page_source
        assert complaints(browser) == []
