"""Members in a real browser: the pages in both languages and themes, a purchase in thought, the levels edited as a form."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.service import Engine
from tests.admin.conftest import PASSWORD, open_app, served
from tests.admin.test_browser import SEEN, browser, complaints, reports, until
from tests.admin.test_members_page import members

__all__ = ["browser", "members"]

PATHS = ("/members/", "/customers/C4", "/customers/C1?plus=12.50", "/customers/C1?plus=much")


@pytest.fixture(scope="module")
def address(members: Engine) -> Iterator[str]:
    app = open_app(members)
    reports(app)
    with served(app, threads=6) as found:
        yield found


@pytest.fixture(scope="module")
def reader(browser: Any, address: str) -> Any:
    browser.get(f"{address}/login")
    browser.find_element("name", "name").send_keys("administrator")
    browser.find_element("name", "password").send_keys(PASSWORD)
    browser.find_element("css selector", "form.form button").click()
    until(browser, lambda: browser.current_url == f"{address}/")
    return browser


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("zh", "dark")])
def test_the_pages_break_nothing_shut_nobody_out_and_fit_a_phone(
    reader: Any,
    address: str,
    members: Engine,
    language: str,
    theme: str,
) -> None:
    import axe_core_python

    script = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    members.people.edit("administrator", language=language, theme=theme)
    wrong: dict[str, Any] = {}
    try:
        for path in PATHS:
            SEEN.clear()
            complaints(reader)
            reader.get(f"{address}{path}")
            reader.execute_script(script)
            found = reader.execute_async_script("axe.run().then(arguments[arguments.length - 1])")["violations"]
            bad = [f"{each['id']}: {each['nodes'][0]['html'][:160]}" for each in found if each["impact"] in ("serious", "critical")]
            wrong[path] = [*bad, *complaints(reader), *SEEN]
            reader.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride", {"width": 320, "height": 568, "deviceScaleFactor": 1, "mobile": True}
            )
            width = reader.execute_script("return document.documentElement.scrollWidth")
            reader.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
            wrong[path] += [f"{width} px wide"] if width > 320 else []
    finally:
        members.people.edit("administrator", language="en", theme="light")
    assert {path: found for path, found in wrong.items() if found} == {}


def test_a_purchase_in_thought_shows_the_level_that_it_would_give(reader: Any, address: str) -> None:
    reader.get(f"{address}/customers/C4")
    assert "¥100 to Gold" in reader.find_element("id", "membership").text
    reader.find_element("id", "plus").send_keys("100")
    reader.find_element("css selector", "#membership form button").click()
    until(reader, lambda: "Gold: the highest level" in reader.find_element("css selector", "#membership .way").text)


def test_levels_are_edited_as_a_form_and_a_gap_is_told_at_its_place(reader: Any, address: str, members: Engine) -> None:
    draft = members.acting_as("administrator").drafts.new(title="Gap")
    reader.get(f"{address}/rulebook/{draft.id}/club")
    below = "//*[normalize-space()='Below']/following::input[1]"
    until(reader, lambda: len(reader.find_elements("xpath", below)) == 2)
    field = reader.find_elements("xpath", below)[0]
    assert field.get_attribute("value") == "100"
    field.clear()
    field.send_keys("80\t")
    until(reader, lambda: "leaves a gap up to 100" in reader.page_source)
