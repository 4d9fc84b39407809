"""`/api/v1/docs` in a real browser: operations are shown, nothing is loaded from elsewhere, nothing breaks the content policy."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request

from engine.service import Engine
from tests.admin.conftest import served
from tests.admin.test_browser import executable
from tests.api.conftest import Client, client_of
from tests.api.described import description

REPORTS: list[str] = []


def watched(app: Flask) -> None:
    """Have the browser send what breaks the policy to us."""

    @app.post("/reports")
    def report() -> str:
        REPORTS.append(request.get_data(as_text=True))
        return ""

    @app.after_request
    def _ask(response: Any) -> Any:
        policy = response.headers.get("Content-Security-Policy")
        if policy:
            response.headers["Content-Security-Policy"] = f"{policy}; report-uri /reports"
        return response


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, filled: Path) -> Iterator[Client]:
    """An API of its own, which may be given more routes."""
    path = tmp_path_factory.mktemp("docs") / "store.db"
    shutil.copy(filled, path)
    yield from client_of(f"sqlite:///{path}", filled=True)


@pytest.fixture(scope="module")
def address(shop: Client) -> Iterator[str]:
    watched(shop.app)
    with served(shop.app) as found:
        yield found


def shown(browser: Any, address: str, secret: str, theme: str) -> None:
    """The page with every operation, in a theme of the system."""
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    browser.get_log("performance")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": theme}]})
    browser.get(f"{address}/api/v1/docs")
    browser.find_element(By.ID, "secret").send_keys(secret)
    browser.find_element(By.CSS_SELECTOR, "#key button").click()
    WebDriverWait(browser, 60).until(lambda it: it.find_elements(By.CSS_SELECTOR, ".opblock-tag"))


def asked(browser: Any) -> list[str]:
    """The address of every request that the page made, those that were refused too."""
    entries = (json.loads(entry["message"])["message"] for entry in browser.get_log("performance"))
    return [entry["params"]["request"]["url"] for entry in entries if entry["method"] == "Network.requestWillBeSent"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium that tells every request."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = executable("TIERWISE_CHROMIUM", "chromium", "chromium-browser", "google-chrome")
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1400,1000"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.ChromeService(executable("TIERWISE_CHROMEDRIVER", "chromedriver"))
    found = webdriver.Chrome(options=options, service=driver)
    yield found
    found.quit()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_works_without_the_internet(browser: Any, shop: Client, address: str, theme: str, tmp_path: Path) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    REPORTS.clear()
    shown(browser, address, shop.secret, theme)
    tags = [each.get_attribute("data-tag") for each in browser.find_elements(By.CSS_SELECTOR, ".opblock-tag")]
    whole = description(shop.app)
    assert set(tags) == {tag["name"] for tag in whole["tags"]}
    browser.find_element(By.CSS_SELECTOR, '.opblock-tag[data-tag="evaluate"]').click()
    operation = WebDriverWait(browser, 30).until(lambda it: it.find_element(By.CSS_SELECTOR, ".opblock-summary"))
    operation.click()
    body = WebDriverWait(browser, 30).until(lambda it: it.find_element(By.CSS_SELECTOR, ".opblock-body .responses-wrapper"))
    assert "rulebook" in body.text, "the example of the answer"
    colour = browser.execute_script("return getComputedStyle(document.documentElement).backgroundColor")
    assert (colour == "rgb(28, 32, 34)") is (theme == "dark")
    browser.save_screenshot(str(tmp_path / f"docs-{theme}.png"))
    elsewhere = [url for url in asked(browser) if not url.startswith((f"{address}/", "data:"))]
    assert elsewhere == []
    assert REPORTS == []
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_a_wrong_key_is_told(browser: Any, address: str) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    browser.get(f"{address}/api/v1/docs")
    browser.find_element(By.ID, "secret").send_keys("tw_live_nothing")
    browser.find_element(By.CSS_SELECTOR, "#key button").click()
    WebDriverWait(browser, 30).until(lambda it: "key" in it.find_element(By.ID, "said").text.lower())
    assert browser.find_elements(By.CSS_SELECTOR, ".opblock-tag") == []


def test_nothing_of_the_page_names_another_place(sqlite_url: str) -> None:
    from engine.api import create_app

    with Engine.open(sqlite_url) as engine:
        client = create_app(engine).test_client()
        page = client.get("/api/v1/docs").get_data(as_text=True)
        assert "//" not in page.replace("<!doctype html>", "")
        assert client.get("/api/v1/docs/oauth2-redirect.html").status_code == 404
        for name in ("tierwise.js", "tierwise.css"):
            assert "http" not in client.get(f"/api/v1/docs/{name}").get_data(as_text=True)
