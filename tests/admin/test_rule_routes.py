"""The editors of rules on the rulebook page: what they ask the server, bad input, and the whole in a browser."""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from engine.service import Engine
from tests.admin.conftest import PASSWORD, Browser, open_app, served
from tests.admin.test_browser import SEEN, browser, complaints, reports
from tests.admin.test_table_editor import Grid
from tests.trust.company import BOOK, POLICIES

__all__ = ["browser"]

TABLE = {
    "inputs": ["rfm.segment", "orders.count_365d"],
    "outputs": ["grade"],
    "hit_policy": "first",
    "rows": [{"when": ["-", ">= 2"], "then": ["B"]}, {"when": ["-", ">= 4"], "then": ["A"]}],
    "default": ["C"],
}
SEGMENTS = [
    {"key": "many", "when": {"feature": "orders.count_365d", "op": ">=", "value": 1}},
    {"key": "few", "when": {"feature": "orders.count_365d", "op": ">=", "value": 3}},
]


def entry(table: Any = TABLE) -> dict[str, Any]:
    return {"key": "grade", "type": "decision_table", "params": {"table": table}}


@pytest.fixture(scope="module")
def draft(graded: Engine) -> int:
    policies = [*POLICIES, entry(), {"key": "seg", "type": "segments", "params": {"segments": SEGMENTS}}]
    return graded.drafts.new(document={**BOOK, "policies": policies}, title="Grades").id


def post(who: Browser, path: str, body: Any) -> Any:
    return who.client.post(path, json=body, headers={"X-CSRFToken": who.token(), "Accept": "application/json"})


@pytest.fixture
def author(people: dict[str, Browser]) -> Browser:
    return people["rule_author"]


def test_rules_answer_with_hits_findings_and_mends(author: Browser, draft: int) -> None:
    answer = post(author, "/rulebook/rules", {"draft": draft, "policy": "grade", "place": "table", "entry": entry()})
    assert answer.status_code == 200
    found = answer.json
    assert found["faults"] == []
    assert sum(found["hits"]["draft"]) + found["hits"]["default"] == found["customers"]
    (finding,) = found["findings"]
    assert (finding["kind"], finding["rows"]) == ("unreachable", [2, 1])
    assert [mend["title"]["en"] for mend in finding["mends"]] == ["Move row 2 above row 1", "Delete row 2"]
    assert finding["mends"][0]["moved"] == finding["customers"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_faults_come_with_their_place_in_the_table(author: Browser, draft: int, language: str) -> None:
    wrong = {**TABLE, "rows": [{"when": ["-", '"many"'], "then": ["A"]}, {"when": ["[1..", "-"], "then": [5]}]}
    author.speak(language)
    try:
        found = post(author, "/rulebook/rules", {"draft": draft, "policy": "grade", "place": "table", "entry": entry(wrong)}).json
    finally:
        author.speak("en")
    places = [each["place"] for each in found["faults"]]
    assert "row 2, column rfm.segment" in places
    assert all(each["here"] for each in found["faults"])
    assert found["findings"] == []
    assert all(any("\u4e00" <= letter <= "\u9fff" for letter in each["text"]) == (language == "zh") for each in found["faults"])


def test_a_fault_elsewhere_says_whose_it_is(author: Browser, draft: int, graded: Engine) -> None:
    broken = graded.drafts.new(
        document={**BOOK, "policies": [{"key": "abc", "type": "abc", "params": {"x": 1}}, entry()]}, title="broken"
    ).id
    found = post(author, "/rulebook/rules", {"draft": broken, "policy": "grade", "place": "table", "entry": entry()}).json
    assert [(each["place"], each["here"]) for each in found["faults"] if each["text"].startswith("abc: ")] == [("", False)]


BAD: list[Any] = [
    None,
    [],
    5,
    {},
    {"entry": 1},
    {"draft": "x", "entry": {}},
    {"draft": 10**20, "entry": {}},
    {"draft": -1, "entry": {}},
    {"draft": True, "entry": {}},
]


@pytest.mark.parametrize("body", BAD, ids=str)
def test_bad_questions_get_4xx(author: Browser, body: Any) -> None:
    assert 400 <= post(author, "/rulebook/rules", body).status_code < 500


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"key": "grade"},
        {"key": "grade", "type": "x"},
        {"params": []},
        {"key": "grade", "type": "decision_table", "params": {"table": []}},
        {"type": "rfm", "params": {"bins": "<script>"}},
    ],
)
def test_entries_of_any_shape_are_answered(author: Browser, draft: int, bad: Any) -> None:
    answer = post(author, "/rulebook/rules", {"draft": draft, "policy": "grade", "place": "table", "entry": bad})
    assert answer.status_code == 200
    assert answer.json["faults"] or answer.json["refused"]


def test_nothing_is_saved_by_asking(author: Browser, draft: int, graded: Engine) -> None:
    before = graded.drafts.get(draft)
    post(author, "/rulebook/rules", {"draft": draft, "policy": "grade", "place": "table", "entry": entry({**TABLE, "default": ["B"]})})
    assert graded.drafts.get(draft) == before


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_a_table_leaves_and_comes_back(author: Browser, ending: str) -> None:
    answer = post(author, "/rulebook/table/file", {"table": TABLE, "ending": ending})
    data = base64.b64decode(answer.json["data"])
    sent = {"csrf_token": author.token(), "file": (io.BytesIO(data), f"table.{ending}")}
    back = author.client.post("/rulebook/table/read", data=sent, content_type="multipart/form-data", headers={"Accept": "application/json"})
    assert back.json["table"] == TABLE


def test_files_that_hold_no_table_are_refused_with_reasons(author: Browser) -> None:
    for name, data in (("x.csv", b"hit policy,first\na\ninput\n"), ("x.xlsx", b"no"), ("x.exe", b""), ("../../x.csv", b"a"), ("", b"a")):
        sent = {"csrf_token": author.token(), "file": (io.BytesIO(data), name)}
        answer = author.client.post(
            "/rulebook/table/read", data=sent, content_type="multipart/form-data", headers={"Accept": "application/json"}
        )
        assert answer.status_code == 400, name
    assert post(author, "/rulebook/table/file", {"table": TABLE, "ending": "pdf"}).status_code == 400
    assert post(author, "/rulebook/table/file", {"table": {"inputs": 3}, "ending": "csv"}).status_code == 400
    assert post(author, "/rulebook/table/read", {}).status_code == 400


@pytest.fixture(scope="module")
def address(graded: Engine) -> Iterator[str]:
    app: Flask = open_app(graded)
    reports(app)
    with served(app) as found:
        yield found


@pytest.fixture(scope="module")
def signed_in(browser: Any, address: str) -> Any:
    browser.get(f"{address}/login")
    browser.find_element("name", "name").send_keys("administrator")
    browser.find_element("name", "password").send_keys(PASSWORD)
    browser.find_element("css selector", "form.form button").click()
    return browser


def table_of(graded: Engine, draft: int) -> Any:
    return next(each for each in graded.drafts.get(draft).document["policies"] if each["key"] == "grade")["params"]["table"]


def press(button: Any) -> None:
    """Press a button by the keyboard: what is drawn above it meanwhile moves it about."""
    button.send_keys(Keys.ENTER)


def until(what: Any, seconds: float = 20) -> None:
    """Wait for something to hold."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_table_is_edited_mended_saved_and_undone(signed_in: Any, address: str, graded: Engine, draft: int) -> None:
    SEEN.clear()
    signed_in.get(f"{address}/rulebook/{draft}/grade")
    wait, grid = WebDriverWait(signed_in, 20), Grid(signed_in, address)
    button = wait.until(lambda b: b.find_elements("css selector", "tr.finding .finding-do button"))[0]
    assert button.text == "Move row 2 above row 1"
    assert "customers from B to A" in signed_in.find_element("css selector", "tr.finding").text
    assert signed_in.execute_script("return document.querySelector('tr[data-line=\"1\"] td.num').textContent") == "0"
    press(button)
    wait.until(lambda b: not b.find_elements("css selector", "tr.finding"))
    until(lambda: [row["then"] for row in table_of(graded, draft)["rows"]] == [["A"], ["B"]])
    grid.script("document.querySelector('.sheet').scrollIntoView({block: 'center'})")
    grid.go(0, 1).keys(">= 5", Keys.ENTER)
    until(lambda: table_of(graded, draft)["rows"][0]["when"] == ["-", ">= 5"])
    grid.chord(Keys.CONTROL, "z")
    until(lambda: table_of(graded, draft)["rows"][0]["when"] == ["-", ">= 4"])
    until(lambda: grid.script("return document.activeElement.dataset.column") == "1")
    assert complaints(signed_in) == []
    assert SEEN == []


def test_named_conditions_are_mended_too(signed_in: Any, address: str, graded: Engine, draft: int) -> None:
    signed_in.get(f"{address}/rulebook/{draft}/seg")
    wait = WebDriverWait(signed_in, 20)
    button = wait.until(lambda b: b.find_elements("css selector", ".named-item [data-finding] button"))[0]
    assert button.text == "Delete few"
    press(button)
    seg = lambda: next(each for each in graded.drafts.get(draft).document["policies"] if each["key"] == "seg")["params"]["segments"]  # noqa: E731
    until(lambda: [each["key"] for each in seg()] == ["many"])
    assert complaints(signed_in) == []


def test_the_map_of_rfm_offers_its_scores_alone(signed_in: Any, address: str, draft: int) -> None:
    signed_in.get(f"{address}/rulebook/{draft}/rfm")
    wait = WebDriverWait(signed_in, 20)
    press(wait.until(lambda b: b.find_elements("css selector", "[data-rules=segments] .empty .btn"))[0])
    wait.until(lambda b: b.find_elements("css selector", ".table-editor"))
    told = "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)"
    heads = signed_in.execute_script(told, ".table-editor th[data-column] .col-title")
    assert heads == ["Recency score", "Frequency score", "Money score", "segment", "Note"]
    assert not {"Input", "Output"} & set(signed_in.execute_script(told, ".table-editor .toolbar .btn"))
    assert complaints(signed_in) == []
    assert json.loads(signed_in.execute_script("return JSON.stringify(tierwise.page.features.map(e => e.name))")).count("rfm.segment") == 0
