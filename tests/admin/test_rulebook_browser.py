"""The editor of a policy in a real browser: a cut is dragged and moved by keys, everything previews, saves itself and is undone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from engine.service import Engine
from tests.admin.conftest import PASSWORD, open_app, served
from tests.admin.test_browser import SEEN, browser, complaints, reports, until

__all__ = ["browser"]


@pytest.fixture(scope="module")
def address(graded: Engine) -> Iterator[str]:
    app = open_app(graded)
    reports(app)
    with served(app, threads=6) as found:
        yield found


@pytest.fixture(scope="module")
def author(browser: Any, address: str, graded: Engine) -> Any:
    browser.get(f"{address}/login")
    browser.find_element("name", "name").send_keys("rule_author")
    browser.find_element("name", "password").send_keys(PASSWORD)
    browser.find_element("css selector", "form.form button").click()
    until(browser, lambda: browser.current_url == f"{address}/")
    return browser


def params(engine: Engine, draft: int, key: str = "rfm") -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in engine.drafts.get(draft).document["policies"] if each["key"] == key)["params"]
    return found


def one(page: Any, selector: str) -> Any:
    return page.find_element("css selector", selector)


def text(page: Any, selector: str) -> str:
    return str(page.execute_script("const found = document.querySelector(arguments[0]); return found ? found.textContent : ''", selector))


def test_a_cut_from_the_first_drag_to_the_undo(author: Any, address: str, graded: Engine) -> None:
    mei = graded.acting_as("rule_author")
    draft = mei.drafts.new(title="Cuts")
    mei.drafts.edit(
        draft.id, revision=1, changes=[
            {"place": "policies[rfm].params.binning", "value": "fixed"},
            {"place": "policies[rfm].params.m_cuts", "value": [250.0, 600.0, 1250.0, 1600.0]},
        ],
    )  # fmt: skip
    SEEN.clear()
    complaints(author)
    author.get(f"{address}/rulebook/{draft.id}/rfm")
    card = "#wide-m_cuts"
    until(author, lambda: "revenue" in text(author, f"{card} h2"))
    until(author, lambda: "customers" in text(author, "#preview-title"))
    before = text(author, f"{card} h2")

    cut = f"{card} [data-cut='3']"
    author.execute_script("document.querySelector(arguments[0]).scrollIntoView({block: 'center'})", card)
    ActionChains(author).click_and_hold(one(author, f"{cut} .handle")).move_by_offset(20, 0).move_by_offset(30, 2).release().perform()
    until(author, lambda: params(graded, draft.id)["m_cuts"][3] > 1600)
    until(author, lambda: text(author, f"{card} h2") != before)
    assert "live" in text(author, f"{card} svg"), "the live cut stays as a ghost"
    dragged = params(graded, draft.id)["m_cuts"][3]
    assert graded.drafts.get(draft.id).revision >= 3

    one(author, cut).send_keys(Keys.ARROW_RIGHT)
    until(author, lambda: params(graded, draft.id)["m_cuts"][3] > dragged)
    stepped = params(graded, draft.id)["m_cuts"][3]
    one(author, cut).send_keys(Keys.PAGE_DOWN * 30)
    until(author, lambda: 1250 < params(graded, draft.id)["m_cuts"][3] < stepped)
    assert params(graded, draft.id)["m_cuts"][:3] == [250, 600, 1250], "a cut never passes its neighbour"

    author.switch_to.active_element.send_keys(Keys.CONTROL, "z")
    until(author, lambda: params(graded, draft.id)["m_cuts"][3] == stepped)
    until(author, lambda: not one(author, "#redo").get_property("disabled"))
    assert complaints(author) == []
    assert SEEN == []


def test_faults_land_at_their_fields_and_the_preview_keeps_its_last_state(author: Any, address: str, graded: Engine) -> None:
    mei = graded.acting_as("rule_author")
    draft = mei.drafts.new(title="Faults")
    mei.drafts.edit(draft.id, revision=1, changes=[{"place": "policies[rfm].params.binning", "value": "fixed"}])
    author.get(f"{address}/rulebook/{draft.id}/rfm")
    until(author, lambda: "customers" in text(author, "#preview-title"))
    valid = text(author, "#preview-title")
    field = one(author, "[data-path='bins'] input")
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys("99")
    assert text(author, "[data-path='bins'] .fault") == "", "not while it is typed"
    field.send_keys(Keys.TAB)
    until(author, lambda: text(author, "[data-path='bins'] .fault") == "at most 9")
    assert text(author, "#preview-title") == valid
    field = one(author, "[data-path='bins'] input")
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys("4")
    field.send_keys(Keys.TAB)
    until(author, lambda: params(graded, draft.id)["bins"] == 4)
    until(author, lambda: text(author, "#bar-faults") == "3 faults")
    assert text(author, "[data-path='m_cuts'] .fault") == "4 bins need 3 cuts, found 4"
    assert "last valid state" in text(author, "#preview-stale")


def test_the_form_can_be_left_at_once_and_nothing_is_lost(author: Any, address: str, graded: Engine) -> None:
    draft = graded.acting_as("rule_author").drafts.new(title="Quick")
    author.get(f"{address}/rulebook/{draft.id}/abc")
    until(author, lambda: "revenue" in text(author, "#wide-cuts h2"))
    field = one(author, "#wide-cuts .cuts input")
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys("70")
    one(author, ".policy-nav [data-node='rfm']").click()
    until(author, lambda: author.current_url.endswith("/rfm"))
    assert params(graded, draft.id, "abc")["cuts"] == [0.7, 0.95]
    author.get(f"{address}/rulebook/{draft.id}/")
    until(author, lambda: "Cuts 1" in text(author, "#changes"))


@pytest.mark.parametrize("path", ["rfm", "abc", "lifecycle", ""])
def test_the_pages_are_open_to_everybody(author: Any, address: str, graded: Engine, path: str) -> None:
    """axe finds nothing serious, and a phone does not scroll sideways."""
    from pathlib import Path

    import axe_core_python

    draft = graded.acting_as("rule_author").drafts.new(title="Open")
    author.get(f"{address}/rulebook/{draft.id}/{path}")
    until(author, lambda: text(author, "#preview-title") == "As live")
    author.execute_script((Path(axe_core_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8"))
    found = author.execute_async_script("axe.run().then(arguments[arguments.length - 1])")["violations"]
    assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found if each["impact"] in ("serious", "critical")] == []
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    author.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        author.get(author.current_url)
        until(author, lambda: text(author, "#preview-title") == "As live")
        assert author.execute_script("return document.documentElement.scrollWidth") <= 390
    finally:
        author.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_damping_is_edited_by_fields(author: Any, address: str, graded: Engine) -> None:
    def damping() -> Any:
        return next(each for each in graded.drafts.get(draft.id).document["policies"] if each["key"] == "abc").get("damping")

    draft = graded.acting_as("rule_author").drafts.new(title="Calm")
    author.get(f"{address}/rulebook/{draft.id}/abc")
    until(author, lambda: "class" in text(author, "#general .damping b"))
    author.execute_script("document.querySelector('details.more').open = true")
    down = author.find_elements("css selector", "#general .damping")[1]
    down.find_element("css selector", "option[value=quarter]").click()
    until(author, lambda: damping() == {"class": {"down": {"every": "quarter"}}})
    days = author.find_elements("css selector", "#general .damping input")[1]
    days.send_keys("30", Keys.TAB)
    until(author, lambda: damping() == {"class": {"down": {"every": "quarter", "after_days": 30}}})
    author.get(f"{address}/rulebook/{draft.id}/abc")
    until(author, lambda: "class" in text(author, "#general .damping b"))
    assert author.find_elements("css selector", "#general .damping select")[1].get_property("value") == "quarter"
    author.execute_script("document.querySelector('details.more').open = true")
    author.find_elements("css selector", "#general .damping")[1].find_element("css selector", "option[value='']").click()
    days = author.find_elements("css selector", "#general .damping input")[1]
    days.send_keys(Keys.CONTROL, "a")
    days.send_keys(Keys.DELETE, Keys.TAB)
    until(author, lambda: not damping())
    assert complaints(author) == []
