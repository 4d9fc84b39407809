"""The console in a real browser: nothing breaks the content policy, nothing is written to the error console.

Debian: apt-get install chromium chromium-driver. Elsewhere TIERWISE_CHROMIUM and TIERWISE_CHROMEDRIVER name them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from engine.service import Engine
from tests.admin.conftest import PASSWORD, open_app, pages, served

MORE = (
    "/?since=30",
    "/runs/1",
    "/plugins/rfm",
    "/users/2",
    "/nowhere",
    "/customers/C1",
    "/customers/C1?tab=orders",
    "/customers/C1?tab=history",
    "/points/of/C1",
    "/rewards/?tab=claims",
    "/rewards/?tab=offers",
)
"""Pages besides those that need nothing to be named."""


def executable(variable: str, *names: str) -> str:
    """A program that a variable names or that is on the path; without it the test is skipped (and CI fails)."""
    found = os.environ.get(variable) or next((path for name in names if (path := shutil.which(name))), None)
    if not found or not Path(found).exists():
        pytest.skip(f"{names[0]} is not installed")
    return found


@pytest.fixture(scope="module")
def address(graded: Engine) -> Iterator[str]:
    """The console of the graded company, served."""
    app = open_app(graded)
    reports(app)
    with served(app) as found:
        yield found


SEEN: list[str] = []


def reports(app: Flask) -> None:
    """Have the browser send what breaks the policy to us."""
    from admin.access import PUBLIC, declare
    from admin.security import csrf

    @app.post("/reports")
    @csrf.exempt
    def report() -> str:
        from flask import request

        SEEN.append(request.get_data(as_text=True))
        return ""

    declare(app, "report", PUBLIC)

    @app.after_request
    def _ask(response: Any) -> Any:
        policy = response.headers.get("Content-Security-Policy")
        if policy:
            response.headers["Content-Security-Policy"] = f"{policy}; report-uri /reports"
        return response


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = executable("TIERWISE_CHROMIUM", "chromium", "chromium-browser", "google-chrome")
    driver = executable("TIERWISE_CHROMEDRIVER", "chromedriver")
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1400,900"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    found = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    found.set_script_timeout(300)
    yield found
    found.quit()


@pytest.fixture(scope="module")
def signed_in(browser: Any, address: str) -> Any:
    """The browser, signed in as administrator through the form."""
    browser.get(f"{address}/")
    assert browser.current_url.startswith(f"{address}/login")
    browser.find_element("name", "name").send_keys("administrator")
    browser.find_element("name", "password").send_keys(PASSWORD)
    browser.find_element("css selector", "form.form button").click()
    until(browser, lambda: browser.current_url == f"{address}/")
    return browser


def until(browser: Any, holds: Callable[[], bool]) -> None:
    """Wait until something holds; a page that is just being replaced does not count against it."""
    from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
    from selenium.webdriver.support.wait import WebDriverWait

    gone = (NoSuchElementException, StaleElementReferenceException)
    WebDriverWait(browser, 30, ignored_exceptions=gone).until(lambda _: holds())


def complaints(browser: Any) -> list[str]:
    """What the error console holds, the answers that are errors on purpose left out."""
    return [entry["message"] for entry in browser.get_log("browser") if "/nowhere" not in entry["message"]]


def every_page(graded: Engine) -> list[str]:
    return [*pages(open_app(graded)), *MORE]


def test_no_page_breaks_anything(signed_in: Any, address: str, graded: Engine) -> None:
    wrong = {}
    for path in every_page(graded):
        SEEN.clear()
        signed_in.get(f"{address}{path}")
        headings = len(signed_in.find_elements("css selector", "h1"))
        found = [*complaints(signed_in), *SEEN, *([] if headings == 1 else [f"{headings} headings h1"])]
        if found:
            wrong[path] = found
    assert wrong == {}


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("zh", "dark")])
def test_no_page_shuts_anybody_out(signed_in: Any, address: str, graded: Engine, language: str, theme: str) -> None:
    """axe finds nothing serious: names, contrast, order, roles."""
    import axe_core_python

    script = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    graded.people.edit("administrator", language=language, theme=theme)
    wrong = {}
    try:
        for path in every_page(graded):
            signed_in.get(f"{address}{path}")
            signed_in.execute_script(script)
            found = signed_in.execute_async_script("axe.run().then(arguments[arguments.length - 1])")["violations"]
            bad = [f"{each['id']}: {each['nodes'][0]['html'][:160]}" for each in found if each["impact"] in ("serious", "critical")]
            if bad:
                wrong[path] = bad
    finally:
        graded.people.edit("administrator", language="en", theme="light")
    assert wrong == {}


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/customers/",
        "/customers/C1",
        "/changes/",
        "/lists/",
        "/runs/",
        "/imports/",
        "/results/",
        "/insights/why",
        "/desk/",
        "/ticketimports/",
    ],
)
def test_a_page_fits_a_phone(signed_in: Any, address: str, path: str) -> None:
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    signed_in.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        signed_in.get(f"{address}{path}")
        assert signed_in.execute_script("return document.documentElement.scrollWidth") <= 390
        menu = signed_in.find_element("css selector", "[data-menu]")
        menu.click()
        assert menu.get_attribute("aria-expanded") == "true"
        assert signed_in.find_element("css selector", ".side nav").is_displayed()
    finally:
        signed_in.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_theme_and_language_are_kept(signed_in: Any, address: str) -> None:
    signed_in.get(f"{address}/")
    root = signed_in.find_element("css selector", "html")
    before = root.get_attribute("data-theme")
    signed_in.find_element("css selector", "[data-theme-toggle]").click()
    after = root.get_attribute("data-theme")
    assert {before, after} == {"light", "dark"}
    for language, lang in (("zh", "zh-Hans"), ("en", "en")):
        signed_in.find_element("css selector", f".topbar button[value={language}]").click()
        until(signed_in, lambda lang=lang: signed_in.find_element("css selector", "html").get_attribute("lang") == lang)
    assert complaints(signed_in) == []


def test_anything_is_found_by_keyboard(signed_in: Any, address: str) -> None:
    from selenium.webdriver.common.keys import Keys

    signed_in.get(f"{address}/")
    signed_in.find_element("css selector", "body").send_keys(Keys.CONTROL, "k")
    box = signed_in.switch_to.active_element
    box.send_keys("plug")
    until(signed_in, lambda: [o.text for o in signed_in.find_elements("css selector", "#palette [role=option]")][:1] == ["Plugins"])
    box.send_keys(Keys.ENTER)
    until(signed_in, lambda: signed_in.current_url == f"{address}/plugins/")


def test_a_list_is_filtered_and_a_feature_opened(signed_in: Any, address: str) -> None:
    signed_in.get(f"{address}/customers/")
    signed_in.find_element("css selector", ".filter-menu summary").click()
    until(signed_in, lambda: len(signed_in.find_elements("css selector", "[data-values] input[type=checkbox]")) > 1)
    signed_in.find_element("css selector", "[data-values] input[type=checkbox]").click()
    signed_in.find_element("css selector", "[data-add-filter] button").click()
    until(signed_in, lambda: len(signed_in.find_elements("css selector", ".pill-link[aria-current]")) == 1)
    signed_in.find_element("css selector", "tbody a").click()
    until(signed_in, lambda: "/customers/C" in signed_in.current_url)
    signed_in.find_element("css selector", "[data-evidence]").click()
    until(signed_in, lambda: len(signed_in.find_elements("css selector", "#evidence tbody tr")) > 0)
    signed_in.find_element("css selector", "#evidence [data-close]").click()
    assert complaints(signed_in) == []


def test_an_act_that_reaches_outside_asks_first(signed_in: Any, address: str, graded: Engine) -> None:
    schedule = graded.schedules.add_run("0 2 * * *", title="night")
    signed_in.get(f"{address}/runs/schedules")
    signed_in.find_element("css selector", f'form[action$="/{schedule.id}/remove"] button').click()
    box = signed_in.find_element("css selector", "#confirm")
    assert box.is_displayed()
    assert "Remove this schedule?" in box.text
    box.find_element("css selector", "button[value=no]").click()
    assert [each.id for each in graded.schedules.list()] == [schedule.id], "nothing happened without a yes"
    signed_in.find_element("css selector", f'form[action$="/{schedule.id}/remove"] button').click()
    signed_in.find_element("css selector", "#confirm-yes").click()
    until(signed_in, lambda: "Nothing happens by itself yet" in signed_in.find_element("css selector", "h1").text)
    assert complaints(signed_in) == []


def test_a_secret_is_shown_once_and_copied(signed_in: Any, address: str) -> None:
    signed_in.get(f"{address}/users/keys")
    signed_in.find_element("name", "title").send_keys("till of the harbour shop")
    signed_in.find_element("css selector", 'input[name=scopes][value="results:read"]').click()
    signed_in.find_element("css selector", ".form-do .primary").click()
    until(signed_in, lambda: signed_in.find_element("id", "secret").is_displayed())
    secret = signed_in.find_element("id", "secret").text
    assert secret.startswith("tw_live_")
    assert signed_in.find_element("css selector", "[data-copy]").get_attribute("data-copy") == secret
    signed_in.get(f"{address}/users/keys")
    assert "till of the harbour shop" in signed_in.page_source
    assert secret not in signed_in.page_source
    assert complaints(signed_in) == []


def test_a_picture_is_coloured_zoomed_saved_and_opened(signed_in: Any, address: str) -> None:
    SEEN.clear()
    signed_in.get(f"{address}/results/")
    heat = signed_in.find_element("css selector", '[data-name="rfm.recency_frequency"]')
    before = [cell.get_attribute("class") for cell in heat.find_elements("css selector", "rect.cell")]
    heat.find_element("css selector", '[data-way="customers"]').click()
    assert [cell.get_attribute("class") for cell in heat.find_elements("css selector", "rect.cell")] != before
    card = signed_in.find_element("css selector", '[data-name="abc.pareto"]')
    signed_in.execute_script("arguments[0].click()", card.find_element("css selector", "[data-zoom]"))
    until(signed_in, lambda: bool(card.find_elements("css selector", ".zoom-box .main-svg")))
    assert not card.find_element("css selector", "svg.pic").is_displayed()
    signed_in.find_element("css selector", "[data-theme-toggle]").click()
    signed_in.execute_script("arguments[0].click()", card.find_element("css selector", "[data-zoom]"))
    assert card.find_element("css selector", "svg.pic").is_displayed()
    signed_in.execute_script("arguments[0].click()", card.find_element("css selector", "[data-png]"))
    until(signed_in, lambda: bool(card.get_attribute("data-saved")))
    assert card.find_element("css selector", "details.numbers summary").text == "Table"
    link = heat.find_element("css selector", "a")
    count = link.find_element("css selector", ".big").get_attribute("textContent")
    signed_in.get(address + (link.get_dom_attribute("href") or ""))
    assert signed_in.find_element("css selector", "h1").text.split()[0] == count
    assert complaints(signed_in) == []
    assert SEEN == []
