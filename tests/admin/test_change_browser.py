"""A change of rules from the first draft to the roll-back, by two people in a real browser, in both languages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.service import Engine
from tests.admin.conftest import PASSWORD, open_app, served
from tests.admin.test_browser import SEEN, browser, complaints, reports, until
from tests.trust.company import AS_OF, BOOK, POLICIES, company

FIXED = [{**policy, "owner": "chen", "review_by": "2099-12-31"} for policy in POLICIES]
FIXED[0] = {**FIXED[0], "params": {"binning": "fixed"}}
WORDS = {
    "en": {
        "author": "you are an author of it",
        "waits": "Waits for approval",
        "approve": "Approve draft",
        "publish": "Publish now",
        "back": "Go back to v",
    },
    "zh": {"author": "您是编写者之一", "waits": "待审批", "approve": "批准草稿", "publish": "立即发布", "back": "回退到 v"},
}
CUTS = {"en": [1000, 1500, 2000, 2500], "zh": [800, 900, 1800, 3500]}
__all__ = ["browser"]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A graded company in which a second person approves: chen writes (and could approve for others), li approves."""
    url = f"sqlite:///{tmp_path_factory.mktemp('change') / 'store.db'}"
    company(url)
    with Engine.open(url, actor="setup") as opened:
        opened.publish({**BOOK, "policies": FIXED})
        opened.run(AS_OF)
        opened.settings = replace(opened.settings, four_eyes=True)
        opened.people.first_administrator("ada", PASSWORD)
        opened.people.add("chen", roles=["rule_author", "approver"], password=PASSWORD)
        opened.people.add("li", roles=["approver"], password=PASSWORD)
        yield opened


@pytest.fixture(scope="module")
def site(engine: Engine) -> Iterator[str]:
    app = open_app(engine)
    reports(app)
    with served(app) as found:
        yield found


def enter(page: Any, site: str, engine: Engine, name: str, language: str) -> None:
    """Sign in as somebody, whoever was there before."""
    engine.people.edit(name, language=language)
    page.delete_all_cookies()
    page.get(f"{site}/login")
    page.find_element("name", "name").send_keys(name)
    page.find_element("name", "password").send_keys(PASSWORD)
    page.find_element("css selector", "form.form button").click()
    until(page, lambda: page.current_url == f"{site}/")
    until(page, lambda: page.find_element("css selector", "html").get_attribute("lang").startswith(language))


def press(page: Any, selector: str, effect: str = "") -> str:
    """Press a button that asks first; the dialog has to repeat the effect. Returns what its button says."""
    page.find_element("css selector", selector).click()
    box = page.find_element("css selector", "#confirm")
    until(page, box.is_displayed)
    assert effect in box.find_element("css selector", "#confirm-text").text
    yes = box.find_element("css selector", "#confirm-yes")
    said = str(yes.text)
    yes.click()
    return said


def numbers(page: Any) -> list[list[int]]:
    """The cells of the change matrix as they stand on the page, without the sums."""
    rows = page.find_elements("css selector", "table.matrix tbody tr")[:-1]
    return [[int(re.sub(r"\D", "", cell.text) or 0) for cell in row.find_elements("css selector", "td")[:-1]] for row in rows]


def segments(engine: Engine) -> dict[str, str]:
    frame = engine.assignments("rfm")
    frame = frame[frame["output"] == "segment"]
    return dict(zip(frame["customer"], frame["value"], strict=True))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_change_by_two_people(browser: Any, site: str, engine: Engine, language: str) -> None:
    words = WORDS[language]
    SEEN.clear()
    enter(browser, site, engine, "chen", language)
    browser.get(f"{site}/simulations/")
    browser.find_element("name", "title").send_keys(f"cuts {language}")
    browser.find_element("css selector", "form.act button.primary").click()
    until(browser, lambda: re.search(r"/simulations/\d+$", browser.current_url) is not None)
    number = int(browser.current_url.rsplit("/", 1)[1])
    engine.acting_as("chen").drafts.edit(number, revision=1, changes=[{"place": "policies[rfm].params.m_cuts", "value": CUTS[language]},
                                                                      {"place": "policies[rfm].params.r_cuts", "value": [20, 50, 90, 300]}])  # fmt: skip
    browser.get(f"{site}/simulations/{number}?of=rfm.segment")
    picture = engine.simulations.of(number).as_dict()
    output = next(each for each in picture["outputs"] if each["address"] == "rfm.segment")
    predicted = Counter(
        {
            (was["key"], now["key"]): output["customers"][i][j]
            for i, was in enumerate(output["before"])
            for j, now in enumerate(output["after"])
        }
    )
    assert output["moved"] > 0
    assert sorted(n for row in numbers(browser) for n in row if n) == sorted(n for n in predicted.values() if n), (
        "the page shows what was computed"
    )
    assert browser.find_elements("css selector", "svg.flow path.rib")
    effect = f"{picture['moved']:,}"
    before = segments(engine)

    press(browser, 'form[action$="/submit"] button', effect)
    until(browser, lambda: browser.current_url.endswith(f"/reviews/drafts/{number}"))
    approve = browser.find_element("css selector", 'button[formaction$="/approve"]')
    assert not approve.is_enabled()
    assert words["author"] in browser.find_element("id", "approve-why").text

    enter(browser, site, engine, "li", language)
    browser.get(f"{site}/reviews/")
    assert words["waits"] in browser.find_element("css selector", ".todo").text
    browser.find_element("css selector", f'.todo a[href$="/reviews/drafts/{number}"]').click()
    until(browser, lambda: browser.current_url.endswith(f"/reviews/drafts/{number}"))
    browser.find_element("id", "note").send_keys("好 & <b>fine</b>")
    assert press(browser, 'button[formaction$="/approve"]', effect).startswith(words["approve"])
    until(browser, lambda: engine.drafts.get(number).status == "approved")
    until(browser, lambda: browser.find_element("css selector", "button[data-now]").is_enabled())
    former = engine.version().number
    assert press(browser, "button[data-now]", effect) == words["publish"]
    until(browser, lambda: engine.drafts.get(number).status == "published")

    engine.run(AS_OF)
    after = segments(engine)
    everybody = {*before, *after}
    realised = Counter((before.get(each, ""), after.get(each, "")) for each in everybody)
    realised["", ""] += picture["customers"] - len(everybody)
    assert realised == +predicted, "predicted = realised"

    browser.get(f"{site}/reviews/versions/{former}")
    assert press(browser, ".btn.danger", effect).startswith(words["back"])
    until(browser, lambda: engine.version().number == former)
    engine.run(AS_OF)
    assert segments(engine) == before
    assert complaints(browser) == []
    assert SEEN == []


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("zh", "dark")])
def test_nobody_is_shut_out(browser: Any, site: str, engine: Engine, language: str, theme: str) -> None:
    """axe finds nothing serious on the pages of a draft; they fit a phone."""
    import axe_core_python

    script = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    drafts = engine.acting_as("chen").drafts
    number = drafts.new(title="axe").id
    limits = [{"output": "abc.class", "label": "A", "capacity": 1}]
    drafts.edit(
        number, revision=1, changes=[{"place": "policies[abc].params.cuts", "value": [0.5, 0.9]}, {"place": "limits", "value": limits}]
    )
    drafts.submit(number)
    engine.acting_as("li").comments.add(number, "why?", place="policies[abc].params.cuts")
    engine.people.edit("ada", language=language, theme=theme)
    enter(browser, site, engine, "ada", language)
    paths = [
        f"/simulations/{number}",
        f"/simulations/{number}/customers",
        f"/simulations/compare?d={number}",
        f"/reviews/drafts/{number}",
        "/reviews/versions/1",
        "/reviews/diff?a=1&b=live",
    ]
    wrong = {}
    for path in paths if language == "en" else paths[::3]:
        browser.get(f"{site}{path}")
        browser.execute_script(script)
        found = browser.execute_async_script("axe.run().then(arguments[arguments.length - 1])")["violations"]
        bad = [f"{each['id']}: {each['nodes'][0]['html'][:160]}" for each in found if each["impact"] in ("serious", "critical")]
        metrics = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        wide = browser.execute_script("return document.documentElement.scrollWidth")
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        if bad or wide > 390:
            wrong[path] = [*bad, wide]
    drafts.discard(number)
    assert wrong == {}
    assert complaints(browser) == []
