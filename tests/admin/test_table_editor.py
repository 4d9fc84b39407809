"""The grid of a decision table in a real browser: keyboard, paste, findings and their buttons, long tables, both languages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from engine.service import Engine
from tests.admin.conftest import open_app, served
from tests.admin.editor_page import FEATURES, labels, serve
from tests.admin.test_browser import SEEN, browser, complaints, reports

__all__ = ["browser"]

TABLE = {
    "inputs": ["rfm.segment", "orders.amount", "orders.count"],
    "outputs": [{"name": "grade", "values": ["A", "B", "C"]}],
    "hit_policy": "first",
    "rows": [
        {"when": ['"champions"', "-", "-"], "then": ["A"], "note": "Key accounts"},
        {"when": ['"champions", "loyal"', ">= 1500", "-"], "then": ["B"]},
        {"when": ['"loyal"', "[2000..5000)", "-"], "then": ["A"]},
        {"when": ["-", "-", ">= 3"], "then": ["C"]},
    ],
}


@pytest.fixture(scope="module")
def address(graded: Engine) -> Iterator[str]:
    app = open_app(graded)
    reports(app)
    serve(app)
    with served(app) as found:
        yield found


class Grid:
    """One editor on its page."""

    def __init__(self, browser: Any, address: str) -> None:
        self.browser, self.address = browser, address

    def open(self, value: Any = TABLE, editor: str = "table", **context: Any) -> Grid:
        """Draw an editor anew, in English unless told."""
        if not self.browser.current_url.endswith("/editor-page") or not self.browser.find_elements("id", "place"):
            self.browser.get(f"{self.address}/editor-page")
        context = {"language": "en", "currency": "GBP", "features": FEATURES, "labels": {"grade": labels("A", "B", "C")}, **context}
        self.browser.execute_script(
            "if (window.handle) window.handle.destroy(); window.told = []; window.context = {...arguments[2], changed: value => window.told.push(value)};"
            "window.handle = Editors.mount(arguments[0], document.getElementById('place'), arguments[1], window.context);",
            editor,
            value,
            context,
        )
        return self

    @property
    def value(self) -> Any:
        """The document as it is now."""
        return json.loads(self.browser.execute_script("return JSON.stringify(window.handle.value())"))

    @property
    def told(self) -> list[Any]:
        """What the page was told of changes."""
        found: list[Any] = json.loads(self.browser.execute_script("return JSON.stringify(window.told)"))
        return found

    def script(self, code: str, *values: Any) -> Any:
        """Run a script."""
        return self.browser.execute_script(code, *values)

    def at(self, row: int, column: int) -> Any:
        """The cell in a row and column, from 0."""
        return self.browser.find_element("css selector", f'[data-row="{row}"][data-column="{column}"]')

    def go(self, row: int, column: int) -> Grid:
        """Press a cell."""
        self.at(row, column).click()
        return self

    def keys(self, *keys: str) -> Grid:
        """Press keys where the focus is."""
        ActionChains(self.browser).send_keys(*keys).perform()
        return self

    def chord(self, *keys: str) -> Grid:
        """Press keys together, the last one once."""
        chain = ActionChains(self.browser)
        for key in keys[:-1]:
            chain.key_down(key)
        chain.send_keys(keys[-1])
        for key in reversed(keys[:-1]):
            chain.key_up(key)
        chain.perform()
        return self

    @property
    def place(self) -> tuple[int, int]:
        """Row and column of the focus."""
        found = self.script("const e = document.activeElement; return [e.dataset.row, e.dataset.column]")
        return int(found[0]), int(found[1])

    @property
    def line(self) -> str:
        """The line above the grid."""
        parts: list[str] = self.script(
            "return ['.fx-place', '.fx code', '.fx .words', '.fx-fault'].map(e => document.querySelector(e).textContent)"
        )
        return " | ".join(part for part in parts if part)

    def paste(self, text: str) -> Grid:
        """What Ctrl+V does with a text on the clipboard."""
        self.script(
            "const data = new DataTransfer(); data.setData('text/plain', arguments[0]);"
            "document.activeElement.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}))",
            text,
        )
        return self


@pytest.fixture
def grid(browser: Any, address: str) -> Iterator[Grid]:
    SEEN.clear()
    yield Grid(browser, address)
    assert complaints(browser) == []
    assert SEEN == []


def test_arrows_move_and_the_line_says_the_cell_exactly_and_in_words(grid: Grid) -> None:
    grid.open().go(1, 0)
    assert grid.line == 'Row 2, Segment | "champions", "loyal" | is one of Champions or Loyal'
    grid.keys(Keys.ARROW_RIGHT)
    assert grid.place == (1, 1)
    assert grid.line == "Row 2, Amount | >= 1500 | is at least 1,500 GBP"
    grid.keys(Keys.ARROW_DOWN)
    assert grid.line == "Row 3, Amount | [2000..5000) | is from 2,000 GBP to below 5,000 GBP"
    grid.keys(Keys.HOME, Keys.ARROW_UP, Keys.ARROW_UP)
    assert grid.place == (0, 0)
    grid.keys(Keys.ARROW_UP)
    assert grid.place == (-1, 0)
    grid.keys(Keys.END)
    assert grid.place == (-1, 4)
    assert grid.told == []


def test_the_grid_is_one_tab_stop(grid: Grid) -> None:
    grid.open().go(1, 1)
    assert grid.script("return document.querySelectorAll('.sheet [tabindex=\"0\"]').length") == 1
    grid.keys(Keys.TAB)
    assert grid.script("return document.querySelector('.sheet').contains(document.activeElement)") is False
    grid.chord(Keys.SHIFT, Keys.TAB)
    assert grid.place == (1, 1)
    roles = grid.script("return [...new Set([...document.querySelectorAll('.sheet [role]')].map(e => e.getAttribute('role')))].sort()")
    assert roles == ["columnheader", "gridcell", "presentation", "rowheader"]
    assert grid.script("const s = document.querySelector('.sheet'); return [s.getAttribute('role'), s.getAttribute('aria-rowcount')]") == [
        "grid",
        "5",
    ]


def test_typing_edits_enter_keeps_and_escape_leaves(grid: Grid) -> None:
    grid.open().go(0, 1).keys(">= 99", Keys.ENTER)
    assert grid.value["rows"][0]["when"][1] == ">= 99"
    assert grid.place == (1, 1)
    grid.keys("7", Keys.ESCAPE)
    assert grid.value["rows"][1]["when"][1] == ">= 1500"
    assert grid.place == (1, 1)
    grid.keys(Keys.ENTER, Keys.END, "0", Keys.TAB)
    assert grid.value["rows"][1]["when"][1] == ">= 15000"
    assert grid.script("return document.activeElement.tagName") == "INPUT"
    grid.keys("<3", Keys.ENTER)
    assert grid.value["rows"][1]["when"][2] == "<3"
    assert len(grid.told) == 3
    assert grid.told[-1] == grid.value


@pytest.mark.parametrize(
    ("column", "typed", "kept"),
    [
        (1, "1000-5000", "[1000..5000]"),
        (1, "≥5000", ">=5000"),
        (1, "12,500", "12,500"),
        (0, "Champions, lost", '"champions", "lost"'),
        (0, "champions 级", '"champions"'),
        (0, "not(loyal)", 'not("loyal")'),
        (0, "any", "-"),
        (3, "b", "B"),
        (3, "C 级", "C"),
    ],
)
def test_what_people_type_is_understood(grid: Grid, column: int, typed: str, kept: str) -> None:
    grid.open().go(3, column).keys(typed, Keys.ENTER)
    row = grid.value["rows"][3]
    assert [*row["when"], *row["then"]][column] == kept


def test_a_fault_stands_at_its_cell_after_it_is_left(grid: Grid) -> None:
    grid.open().go(0, 1).keys('"much"')
    assert not grid.at(0, 0).find_elements("xpath", '//td[@aria-invalid="true"]')
    grid.keys(Keys.ENTER, Keys.ARROW_UP)
    assert grid.at(0, 1).get_attribute("aria-invalid") == "true"
    assert "this column holds numbers" in grid.line
    assert "1 fault" in grid.browser.find_element("css selector", ".badges").text
    grid.keys(Keys.DELETE)
    assert grid.value["rows"][0]["when"][1] == "-"


def test_labels_are_chosen_from_a_list(grid: Grid) -> None:
    grid.open().go(3, 0).keys(Keys.ENTER)
    options = [each.text for each in grid.browser.find_elements("css selector", ".cell-options [role=option]")]
    assert [text.split("\n")[0] for text in options] == ["Champions", "Loyal", "Lost"]
    grid.keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ENTER, Keys.ARROW_UP, Keys.ENTER)
    grid.chord(Keys.ALT, Keys.ENTER)
    assert grid.value["rows"][3]["when"][0] == '"champions", "loyal"'


def test_rows_move_with_alt_and_are_undone(grid: Grid) -> None:
    grid.open().go(2, 0).chord(Keys.ALT, Keys.ARROW_UP)
    assert [row["then"][0] for row in grid.value["rows"]] == ["A", "A", "B", "C"]
    assert grid.place == (1, 0)
    grid.chord(Keys.CONTROL, "z")
    assert grid.value == TABLE
    grid.chord(Keys.CONTROL, Keys.SHIFT, "z")
    assert [row["then"][0] for row in grid.value["rows"]] == ["A", "A", "B", "C"]


def test_rows_come_and_go(grid: Grid) -> None:
    grid.open().go(1, 0).keys(Keys.INSERT)
    assert grid.value["rows"][2] == {"when": ["-", "-", "-"], "then": [None]}
    assert grid.place == (2, 0)
    grid.chord(Keys.CONTROL, Keys.DELETE)
    assert grid.value == TABLE
    grid.go(0, 0).chord(Keys.SHIFT, Keys.ARROW_DOWN).chord(Keys.CONTROL, Keys.DELETE)
    assert grid.value["rows"] == TABLE["rows"][2:]
    grid.keys(Keys.ARROW_LEFT, Keys.ENTER)
    assert grid.script("return document.activeElement.getAttribute('role')") == "menuitem"
    grid.keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ENTER)
    assert grid.value["rows"][0] == grid.value["rows"][1] == TABLE["rows"][2]


def test_a_block_is_pasted_and_rows_are_added(grid: Grid) -> None:
    grid.open().go(3, 0).paste('Champions\t>= 10\t-\tA\tfirst\nLoyal, Lost\t[1..2]\t5\tB\t"two\nlines"\r\nany\t\t\tnull\n')
    rows = grid.value["rows"]
    assert len(rows) == 6
    assert rows[3] == {"when": ['"champions"', ">= 10", "-"], "then": ["A"], "note": "first"}
    assert rows[4] == {"when": ['"loyal", "lost"', "[1..2]", "5"], "then": ["B"], "note": "two\nlines"}
    assert rows[5] == {"when": ["-", "-", "-"], "then": [None]}
    assert len(grid.told) == 1, "a paste is one step"
    grid.chord(Keys.CONTROL, "z")
    assert grid.value == TABLE


def test_what_is_copied_is_pasted_the_same(grid: Grid) -> None:
    grid.open().go(0, 0).chord(Keys.CONTROL, "a").chord(Keys.CONTROL, "c")
    grid.go(0, 0).chord(Keys.CONTROL, "v")
    assert grid.value == TABLE
    grid.go(3, 0).chord(Keys.CONTROL, "v")
    rows = grid.value["rows"]
    assert rows[3:] == TABLE["rows"]


def test_one_cell_fills_a_selection_and_del_empties_it(grid: Grid) -> None:
    grid.open().go(0, 1).chord(Keys.SHIFT, Keys.ARROW_DOWN).chord(Keys.SHIFT, Keys.ARROW_RIGHT).paste(">= 7")
    assert [row["when"][1:] for row in grid.value["rows"][:2]] == [[">= 7", ">= 7"]] * 2
    grid.keys(Keys.DELETE)
    assert [row["when"][1:] for row in grid.value["rows"][:2]] == [["-", "-"]] * 2


def test_the_default_row(grid: Grid) -> None:
    grid.open()
    next(each for each in grid.browser.find_elements("css selector", ".toolbar button") if each.text == "Default row").click()
    assert grid.value["default"] == [None]
    assert grid.place == (4, 3)
    grid.keys("c", Keys.ENTER)
    assert grid.value["default"] == ["C"]
    grid.keys(Keys.HOME)
    assert grid.line == "Default, Segment | what no row matches"
    grid.chord(Keys.CONTROL, Keys.DELETE)
    assert "default" not in grid.value


def test_columns_come_and_go(grid: Grid) -> None:
    grid.open()
    next(each for each in grid.browser.find_elements("css selector", ".toolbar button") if each.text == "Input").click()
    grid.keys("city", Keys.ENTER)
    WebDriverWait(grid.browser, 10).until(lambda _: grid.value["inputs"][-1] == "profile.city")  # the dialog answers when it is closed
    assert grid.value["rows"][0]["when"] == ['"champions"', "-", "-", "-"]
    grid.go(-1, 1)
    grid.keys(Keys.ARROW_UP, Keys.ENTER)
    assert grid.value["inputs"] == ["rfm.segment", "orders.count", "profile.city"]
    next(each for each in grid.browser.find_elements("css selector", ".toolbar button") if each.text == "Output").click()
    grid.keys("Bad name", Keys.ENTER)
    dialog = grid.browser.find_element("css selector", ".editor-dialog")
    dialog.find_element("css selector", ".btn.primary").click()
    assert "lower-case letter" in dialog.text
    dialog.find_element("css selector", "input").clear()
    dialog.find_element("css selector", "input").send_keys("discount")
    dialog.find_element("css selector", "option[value=number]").click()
    dialog.find_element("css selector", ".btn.primary").click()
    WebDriverWait(grid.browser, 10).until(lambda _: grid.value["outputs"][-1] == {"name": "discount", "kind": "number"})
    grid.keys(Keys.END, Keys.ARROW_LEFT, "12.5", Keys.ENTER)
    assert grid.value["rows"][0]["then"] == ["A", 12.5]


FINDING = {
    "id": "TW353",
    "kind": "unreachable",
    "severity": "warning",
    "rows": [3, 2],
    "witness": {"orders.amount": 2000},
    "customers": 535,
    "text": {"en": "row 3 is unreachable", "zh": "第 3 行不可达"},
    "mends": [
        {
            "title": {"en": "Delete row 3", "zh": "删除第 3 行"},
            "moved": 0,
            "moves": [],
            "value": {**TABLE, "rows": [TABLE["rows"][i] for i in (0, 1, 3)]},
        },
    ],
}


def test_a_finding_stands_below_its_row_and_one_button_mends_it(grid: Grid) -> None:
    grid.open(findings=[FINDING], hits={"draft": [5, 4, 0, 2], "live": [6, 4, None, 2], "default": 0, "live_default": 0})
    row = grid.browser.find_element("css selector", "tr.finding")
    assert "Row 3 is unreachable." in row.text
    assert "For example: Amount 2,000 GBP." in row.text
    assert "535 customers today." in row.text
    assert "changes nobody" in row.text
    assert row.find_element("xpath", "preceding-sibling::tr[1]").get_attribute("data-line") == "2"
    cells = [each.text for each in grid.browser.find_elements("css selector", 'tr[data-line="0"] td.num')]
    assert cells == ["5", "−1"]
    grid.go(2, 0).chord(Keys.ALT, Keys.ARROW_UP)
    moved = grid.browser.find_element("css selector", "tr.finding")
    assert moved.find_element("xpath", "preceding-sibling::tr[1]").get_attribute("data-line") == "1", "it goes with its row"
    grid.chord(Keys.CONTROL, "z")
    row = grid.browser.find_element("css selector", "tr.finding")
    row.find_element("css selector", ".finding-do button").click()
    assert grid.value == FINDING["mends"][0]["value"]
    assert not grid.browser.find_elements("css selector", "tr.finding")
    grid.script("[...document.querySelectorAll('.toast button')].pop().click()")
    assert grid.value == TABLE


def test_an_older_answer_is_dropped(grid: Grid) -> None:
    grid.open()
    grid.script(
        "window.handle.destroy(); window.asked = []; window.context.check = value => new Promise(done => window.asked.push([value, done]));"
        "window.handle = Editors.mount('table', document.getElementById('place'), arguments[0], window.context)",
        TABLE,
    )
    grid.go(0, 1).keys("5", Keys.ENTER)
    grid.browser.execute_async_script(
        "const done = arguments[0]; const look = () => window.asked.length > 1 ? done() : setTimeout(look, 20); look();"
    )
    grid.script("window.asked[1][1]({faults: [], findings: [], hits: {draft: [1, 2, 3, 4], live: null, default: 0}})")
    grid.script("window.asked[0][1]({faults: [], findings: [arguments[0]], hits: null})", FINDING)
    assert grid.browser.execute_async_script("setTimeout(() => arguments[0](document.querySelectorAll('tr.finding').length), 30)") == 0
    assert grid.at(0, 1).find_element("xpath", "..").text.split()[-2:] != []


def test_texts_are_never_markup(grid: Grid) -> None:
    evil = '<img src=x onerror="window.hurt=1">'
    table = {"inputs": ["profile.city"], "outputs": ["grade"], "rows": [{"when": [json.dumps(evil)], "then": [evil], "note": evil}]}
    features = [{**FEATURES[4], "title": {"en": evil, "zh": evil}}]
    grid.open(
        table,
        features=features,
        labels={"grade": [{"key": evil, "title": {"en": evil, "zh": evil}, "step": 1}]},
        findings=[{**FINDING, "rows": [1], "text": {"en": evil, "zh": evil}}],
    )
    grid.go(0, 0).keys(Keys.ENTER, Keys.ESCAPE)
    assert grid.script("return [window.hurt, document.querySelectorAll('#place img').length]") == [None, 0]
    assert grid.value == table


def test_a_table_without_fitting_rows_is_edited_as_text(grid: Grid) -> None:
    broken = {"inputs": ["a"], "outputs": ["b"], "rows": [{"when": [], "then": ["x"]}]}
    grid.open(broken)
    area = grid.browser.find_element("css selector", "#place textarea")
    assert json.loads(area.get_attribute("value")) == broken
    assert grid.value == broken


def test_a_thousand_rows_stay_fluid(grid: Grid) -> None:
    rows = [{"when": ["-", f">= {n}", "-"], "then": ["ABC"[n % 3]]} for n in range(10_000)]
    grid.open({**TABLE, "rows": rows})
    assert grid.script("return document.querySelectorAll('.sheet tr[data-line]').length") < 80
    grid.go(0, 1).chord(Keys.CONTROL, Keys.ARROW_DOWN)
    assert grid.place == (9_999, 1)
    assert grid.line == "Row 10000, Amount | >= 9999 | is at least 9,999 GBP"
    grid.keys("8", Keys.ENTER)
    assert grid.value["rows"][9_999]["when"][1] == "8"
    grid.chord(Keys.CONTROL, Keys.ARROW_UP).keys(Keys.PAGE_DOWN, Keys.PAGE_DOWN)
    assert 10 < grid.place[0] < 80
    grid.script("document.querySelector('.sheet-scroll').scrollTop = 200000")
    grid.browser.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
    assert grid.script("return document.querySelectorAll('.sheet tr[data-line]').length") < 80
    seen = grid.script("return Number(document.querySelector('.sheet tr[data-line]').dataset.line)")
    assert 5_000 < seen < 5_400
    grid.keys(Keys.ARROW_DOWN)
    assert grid.place[0] < 80, "the keyboard goes on from where it was"


def test_the_grid_in_chinese(grid: Grid) -> None:
    grid.open(language="zh", findings=[FINDING], hits={"draft": [5, 4, 0, 2], "live": None, "default": 0})
    grid.go(1, 0)
    assert grid.line == '第 2 行，指标 rfm.segment | "champions", "loyal" | 属于 champions 级、loyal 级'
    text = grid.browser.find_element("id", "place").text
    assert "第 3 行不可达。" in text
    assert "535 位客户。" in text
    assert "首个命中的行生效" in text
    assert not [word for word in ("Row", "Input", "missing", "match", "customers") if word in text]


def test_the_grid_fits_a_phone(grid: Grid) -> None:
    grid.browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    )
    try:
        grid.open(findings=[FINDING])
        assert grid.script("return document.documentElement.scrollWidth") <= 390
    finally:
        grid.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
