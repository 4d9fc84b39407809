"""From an empty installation to a published change and back, as two people do it in a real browser.

First administrator, a real company's file, first run, a cut moved under the live preview, simulation, approval by a
second person, publication, run, flow, a customer's reasons, roll back. In English in the light, in Chinese in the dark.
PICTURES names a folder in which the pictures of the documentation are kept.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from engine.service import Engine
from engine.worker import Worker
from tests.admin.conftest import PASSWORD, open_app, served
from tests.admin.test_browser import SEEN, browser, complaints, reports, until
from tests.admin.test_change_browser import press

__all__ = ["browser"]

WORDS = {
    "en": {"because": "Sales of"},
    "zh": {"because": "销售额"},
}
AS_OF = ("2011-12-10T00:00", "2011-12-10T00:01", "2011-12-10T00:02")
"""Moments of the three runs, at night: between them nothing happens and nobody grows a day older."""


class Person:
    """A browser in somebody's hands."""

    def __init__(self, page: Any, site: str, language: str, theme: str) -> None:
        self.page, self.site, self.language, self.theme = page, site, language, theme

    def one(self, selector: str) -> Any:
        return self.page.find_element("css selector", selector)

    def text(self, selector: str) -> str:
        script = "const found = document.querySelector(arguments[0]); return found ? found.textContent : ''"
        return str(self.page.execute_script(script, selector))

    def go(self, path: str) -> None:
        self.page.get(f"{self.site}{path}")

    def at(self, pattern: str) -> re.Match[str]:
        """Wait until the address ends so."""
        until(self.page, lambda: re.search(pattern, self.page.current_url) is not None)
        found = re.search(pattern, self.page.current_url)
        assert found
        return found

    def shown(self, selector: str) -> Any:
        until(self.page, lambda: self.one(selector).is_displayed())
        return self.one(selector)

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            field = self.page.find_element("name", name)
            field.clear()
            field.send_keys(value)

    def sign_in(self, name: str) -> None:
        self.page.delete_all_cookies()
        self.go("/login")
        self.fill(name=name, password=PASSWORD)
        self.one("form.form button").click()
        until(self.page, lambda: self.page.current_url == f"{self.site}/")

    def picture(self, name: str) -> None:
        """Keep what is seen, for the documentation; the pointer rests and nothing moves any more."""
        folder = os.environ.get("PICTURES")
        if folder:
            self.page.execute_script("document.activeElement && document.activeElement.blur(); window.scrollTo(0, 0)")
            self.page.execute_async_script("setTimeout(arguments[0], 700)")
            self.page.save_screenshot(str(Path(folder) / f"{name}-{self.language}.png"))


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """An empty store, as `tierwise serve` makes it, with a worker."""
    for name, value in {"TIERWISE_TIMEZONE": "Europe/London", "TIERWISE_CURRENCY": "GBP", "TIERWISE_FOUR_EYES": "on"}.items():
        monkeypatch.setenv(name, value)
    with Engine.open(f"sqlite:///{tmp_path / 'new.db'}") as opened, Engine.open(opened.settings.database_url) as beside:
        worker = Worker(beside, threads=1)
        worker.start()
        yield opened
        worker.stop(wait=30)


@pytest.fixture
def site(engine: Engine) -> Iterator[str]:
    app = open_app(engine)
    reports(app)
    with served(app) as found:
        yield found


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("zh", "dark")])
def test_from_nothing(browser: Any, site: str, engine: Engine, data_dir: Path, language: str, theme: str) -> None:
    me, words = Person(browser, site, language, theme), WORDS[language]
    SEEN.clear()
    browser.delete_all_cookies()

    me.go("/")
    me.at("/first")
    me.fill(display_name="林薇", name="lin", password=PASSWORD, again=PASSWORD)
    me.one("form.form button").click()
    until(browser, lambda: browser.current_url == f"{site}/")
    engine.people.edit("lin", language=language, theme=theme)
    engine.people.add("chen", roles=["approver"], display_name="陈宇", password=PASSWORD, language=language, theme=theme)
    me.go("/")
    me.picture("empty")

    me.go("/imports/")
    me.one("input[type=file]").send_keys(str(data_dir / "online_retail.csv.gz"))
    me.one("form.upload button").click()
    me.shown("select[name=built_in]")
    me.picture("import")
    Select(me.one("select[name=built_in]")).select_by_visible_text("online-retail")
    me.one("select[name=built_in] ~ .form-do button").click()
    job = int(me.at(r"/imports/job/(\d+)")[1])
    until(browser, lambda: engine.jobs.get(job).status == "done")
    me.go(f"/imports/job/{job}")
    me.one(f'form[action$="/imports/job/{job}"] button').click()
    until(browser, lambda: len(engine.batches()) == 1)
    until(browser, lambda: engine.jobs.list(kind="import", limit=1)[0].status == "done")
    told: Any = engine.jobs.list(kind="import", limit=1)[0].result
    assert (told["rows"], told["accepted"]) == (541_909, 406_789)

    me.go("/rulebook/")
    me.one('form[action$="/rulebook/new"] button').click()
    first = int(me.at(r"/rulebook/(\d+)/")[1])
    approved(me, engine, first)
    assert engine.version().number == 1
    run(me, engine, AS_OF[0])
    before = segments(engine)
    assert len(before) == 4_264, "the buyers of the last 365 days"
    me.go("/")
    me.picture("overview")

    me.go("/rulebook/")
    me.one(".start-menu summary").click()
    me.fill(title="Cuts")
    me.one('form[action$="/rulebook/new"] button').click()
    draft = int(me.at(r"/rulebook/(\d+)/")[1])
    me.go(f"/rulebook/{draft}/rfm")
    until(browser, lambda: me.text("#preview-title") != "")
    calm = me.text("#preview-title")
    window = me.shown("[data-path='window_days'] input")
    window.send_keys(Keys.CONTROL, "a")
    window.send_keys("330", Keys.TAB)
    until(browser, lambda: me.text("#preview-title") != calm)
    until(browser, lambda: params(engine, draft)["window_days"] == 330)
    me.picture("preview")

    me.go(f"/simulations/{draft}?of=rfm.segment")
    until(browser, lambda: me.one("table.matrix").is_displayed())
    me.picture("simulation")
    predicted = engine.simulations.of(draft).as_dict()["moved"]
    assert predicted > 0
    approved(me, engine, draft)
    assert engine.version().number == 2
    run(me, engine, AS_OF[1])
    after = segments(engine)
    moved = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    assert moved

    me.go("/results/flow?of=rfm.segment")
    assert me.page.find_elements("css selector", "path.rib")
    me.picture("flow")
    me.go("/results/?of=rfm.segment")
    me.picture("results")
    me.go(f"/customers/{moved[0]}")
    assert words["because"] in me.one("main").text
    me.picture("customer")

    me.go("/reviews/versions/1")
    press(browser, ".btn.danger")
    until(browser, lambda: engine.version().number == 1)
    run(me, engine, AS_OF[2])
    assert segments(engine) == before
    assert complaints(browser) == []
    assert SEEN == []


def approved(me: Person, engine: Engine, draft: int) -> None:
    """Submit a draft as lin; approve and publish it as chen; be lin again."""
    me.go(f"/simulations/{draft}")
    press(me.page, 'form[action$="/submit"] button')
    until(me.page, lambda: engine.drafts.get(draft).status == "submitted")
    me.sign_in("chen")
    me.go(f"/reviews/drafts/{draft}")
    press(me.page, 'button[formaction$="/approve"]')
    until(me.page, lambda: engine.drafts.get(draft).status == "approved")
    until(me.page, lambda: me.one("button[data-now]").is_enabled())
    press(me.page, "button[data-now]")
    until(me.page, lambda: engine.drafts.get(draft).status == "published")
    me.sign_in("lin")


def run(me: Person, engine: Engine, as_of: str) -> None:
    """Grade everybody, from the page of runs."""
    before = len(engine.runs())
    me.go("/runs/")
    me.one(".start-menu summary").click()
    field = me.one("#as_of")
    me.page.execute_script("arguments[0].value = arguments[1]", field, as_of)
    me.one(".start-menu form button").click()
    until(me.page, lambda: len(engine.runs()) > before)
    until(me.page, lambda: engine.jobs.list(kind="run", limit=1)[0].status == "done")


def segments(engine: Engine) -> dict[str, str]:
    frame = engine.assignments("rfm")
    frame = frame[frame["output"] == "segment"]
    return dict(zip(frame["customer"], frame["value"], strict=True))


def params(engine: Engine, draft: int) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in engine.drafts.get(draft).document["policies"] if each["key"] == "rfm")["params"]
    return found
