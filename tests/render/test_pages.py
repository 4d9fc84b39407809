"""Whole pages: they keep the width, say everything in both languages, lose nothing without colour, and add up."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from engine import Text, render
from engine.catalogue import Catalogue
from engine.render.page import make_console
from engine.report import ImportView, LabelLine, OutputSummary
from tests.render.samples import CHANGES, EXPLAINED, HOSTILE, IMPORT, PAGES, RUNS, output, printed, run_view

CODES = re.compile(r"\x1b\[[0-9;]*m")
CHINESE = re.compile(r"[\u4e00-\u9fff]")

every_page = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())


@every_page
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [40, 60, 80, 100, 108, 160])
def test_no_line_is_wider_than_the_console(page, language: str, width: int):
    text = printed(page, language, width)
    assert text.strip()
    assert [line for line in text.splitlines() if cell_len(line) > width] == []


@every_page
def test_both_languages_say_something_else(page):
    assert printed(page, "en") != printed(page, "zh")
    assert CHINESE.search(printed(page, "zh"))


@every_page
@pytest.mark.parametrize("language", ["en", "zh"])
def test_colour_adds_nothing_but_colour(page, language: str):
    coloured = printed(page, language, force_terminal=True, color_system="truecolor")
    assert CODES.search(coloured)
    assert CODES.sub("", coloured) == printed(page, language)


@every_page
def test_texts_are_never_markup(page):
    text = printed(page, width=400)
    assert "\x1b" not in text
    assert "😄" not in text


@pytest.mark.parametrize("name", ["explanation", "import", "plugins", "versions", "faults", "run with faults"])
def test_hostile_text_is_printed_as_it_stands(name: str):
    assert HOSTILE in printed(PAGES[name], width=400)


def test_a_ladder_shows_each_label_once_and_the_sum():
    lines = printed(PAGES["run"]).splitlines()
    ladder = [line for line in lines if line.startswith(("▌", "  –", "  all"))]
    counts = [int(re.findall(r"(?<![\d.])(\d+) +<?>?[\d.]+%", line)[0]) for line in ladder]
    assert counts == [20, 30, 40, 10, 100]
    assert "20 customers in Class A, 20% of the customers, bring 80% of the revenue" in lines
    assert any(line.startswith("▌ Class A") and "80,000" in line and "80%" in line for line in lines)


def test_the_longest_bars_belong_to_the_largest_shares():
    ladder = [line for line in printed(PAGES["run"], width=108).splitlines() if line.startswith("▌ Class")]
    bars = [[len(bar) for bar in re.findall(r"[█▉▊▋▌▍▎▏]+", line[2:])] for line in ladder]
    assert [row[0] for row in bars] == sorted(row[0] for row in bars)
    assert [row[1] for row in bars] == sorted((row[1] for row in bars), reverse=True)
    assert max(map(max, bars)) == bars[0][1]


def test_customers_without_a_value_are_summed_and_counted_by_reason():
    rows = [re.split(r" {2,}", line.strip()) for line in printed(PAGES["run"]).splitlines()]
    assert ["– without a value", "10", "10%", "0", "0%"] in rows
    assert ["no order yet", "8", "8.0%"] in rows
    assert ["not graded: staff", "2", "2.0%"] in rows
    assert rows.index(["no order yet", "8", "8.0%"]) == rows.index(["– without a value", "10", "10%", "0", "0%"]) + 1


def test_one_reason_takes_one_row():
    view = run_view(withheld={"abc": {Text("no order yet", "尚无订单"): 10}})
    for language, reason in (("en", "– no order yet"), ("zh", "– 尚无订单")):
        text = printed(lambda console, language: render.run_summary(console, view, language), language)
        assert re.search(rf"  {reason} +10 +10% +0 +0%", text)
        assert "without" not in text


def test_reasons_that_count_too_little_are_completed():
    text = printed(lambda console, language: render.run_summary(console, run_view(withheld={"abc": {Text("x", "x"): 7}}), language))
    assert re.search(r"    x +7 +7.0%", text)
    assert re.search(r"    no value +3 +3.0%", text)


def test_reasons_that_count_too_much_are_not_shown():
    text = printed(lambda console, language: render.run_summary(console, run_view(withheld={"abc": {Text("x", "x"): 99}}), language))
    assert "– no value" in text
    assert "99" not in text


def test_figures_stand_under_each_other():
    for language in ("en", "zh"):
        for width in (80, 100, 120):
            lines = printed(PAGES["run"], language, width).splitlines()
            rows = [line for line in lines if line.startswith(("▌", "  – ", "  all ", "  合计 "))]
            assert len(rows) == 5
            assert len({cell_len(line) for line in rows}) == 1
            assert len({cell_len(line[: line.index("%")]) for line in rows}) == 1
            head = next(line for line in lines if "¥" in line)
            assert cell_len(head) == cell_len(rows[0])


@given(
    titles=st.lists(st.text("aé中　字-[]😀 ", min_size=1, max_size=60), min_size=1, max_size=12),
    counts=st.data(),
    width=st.integers(40, 140),
    language=st.sampled_from(["en", "zh"]),
)
def test_any_labels_keep_the_width(titles: list[str], counts, width: int, language: str):
    lines = [
        LabelLine(str(at), Text(title, title), 1 + at % 8, counts.draw(st.integers(0, 10**9)), counts.draw(st.integers(-(10**9), 10**15)))
        for at, title in enumerate(titles)
    ]
    found = OutputSummary("p.o", Text("o", "o"), lines, counts.draw(st.integers(0, 10**6)))
    text = printed(lambda console, language: render.run_summary(console, run_view(outputs=[found], withheld={}), language), language, width)
    assert max(cell_len(line) for line in text.splitlines()) <= width


def test_what_is_alarming_is_said_before_the_figures():
    text = printed(PAGES["run that is held"])
    assert text.index("tierwise run --release 7") < text.index("▌ Class A")
    assert "40 for 40 customers since run 6" in text
    failed = printed(PAGES["run with faults"], width=200)
    assert failed.index("mine failed; its former values stand") < failed.index("▌ Class A")
    assert "grade keeps its former values: it needs mine, which failed" in failed
    chinese = printed(PAGES["run with faults"], "zh", width=200)
    for words in ("mine 运行出错，保留原有结果", "grade 保留原有结果：其依赖的 mine 运行出错", "rfm 没有得到任何结果：全部客户均未分级"):
        assert chinese.index(words) < chinese.index("▌ A 类")


def test_a_customer_is_explained():
    text = printed(PAGES["explanation"], width=108)
    assert "Class A" in text
    assert "since 1 Jun 2025" in text
    assert "9,059.7 is at least 4,802.6." in text
    assert re.search(r"reads +Sales +9,059.70 CNY", text)
    assert "no value" in text
    assert "no order yet" in text
    zh = printed(PAGES["explanation"], "zh", width=108)
    assert "自 2025年6月1日 起" in zh
    assert "尚无订单" in zh


@pytest.mark.parametrize(("language", "names"), [("en", ("because", "reads", "would change")), ("zh", ("原因", "依据", "如何改变"))])
def test_the_parts_of_all_explanations_are_aligned(language: str, names: tuple[str, ...]):
    lines = [line for line in printed(PAGES["explanation"], language).splitlines() if line.strip().startswith(names)]
    starts = {cell_len(match[0]) for line in lines if (match := re.match(r"  \S+(?: change)? +", line))}
    assert len(lines) == 4
    assert len(starts) == 1


def test_changes_point_up_and_down_and_count():
    text = printed(PAGES["changes"])
    assert "1,230 customers of 24,000 moved, 5.1%" in text
    assert "34 up, 1,200 down" in text
    rows = [line.split() for line in text.splitlines() if line.startswith(("▲", "▼"))]
    assert [row[0] for row in rows] == ["▼", "▲"]
    assert "C00001 黄景行" in text
    assert CHANGES.moves[0].flow.direction == -1


def test_small_flows_are_summed_and_none_is_lost():
    flows = [replace(CHANGES.flows[0], customers=100 - n) for n in range(30)]
    view = replace(CHANGES, flows=flows, moves=[])
    text = printed(lambda console, language: render.changes(console, view, language))
    shown = [int(match) for match in re.findall(r"▼ .*?Class C +(\d+)", text)]
    rest = re.search(r"and (\d+) smaller flows with ([\d,]+) customers", text)
    assert rest
    assert len(shown) + int(rest[1]) == 30
    assert sum(shown) + int(rest[2].replace(",", "")) == sum(flow.customers for flow in flows)


def test_an_import_accounts_for_every_row():
    text = printed(PAGES["import"])
    assert "900 of 1,000 rows of orders.csv are in" in text
    for words in ("accepted", "left out", "rejected"):
        assert words in text
    assert "75 rows were rejected" in text
    assert text.index("impossible date") < text.index("unknown customer")
    assert "tierwise export rejected" in text
    assert "do not add up" not in text
    assert IMPORT.missing_rows == 0


def test_rows_that_do_not_add_up_are_a_loud_bug():
    view = ImportView("x.csv", "orders", 10, 7, created=7)
    text = printed(lambda console, language: render.import_report(console, view, language))
    assert "The rows do not add up: 3 unaccounted for" in text


def test_a_dry_run_says_that_nothing_was_kept():
    text = printed(lambda console, language: render.import_report(console, replace(IMPORT, dry_run=True), language))
    assert "dry run, nothing kept" in text
    assert "would be kept" in text
    assert "tierwise export rejected" not in text


def test_a_broken_plugin_is_loud_and_says_what_to_type():
    text = printed(PAGES["plugins"])
    assert "1 of 3 plugins broken, the others work" in text
    assert "tierwise plugins check /opt/plugins.d/mine.py" in text


def test_lists_of_nothing_say_so():
    assert "Nothing has run yet" in printed(lambda console, language: render.runs(console, [], language))
    assert "No feature matches" in printed(lambda console, language: render.features(console, [], language))
    assert "There are no plugins" in printed(lambda console, language: render.plugins(console, [], language))
    assert "No version is live" in printed(lambda console, language: render.versions(console, [], language))


def test_the_list_of_runs_marks_faults():
    text = printed(PAGES["runs"])
    assert "visible, faults" in text
    assert RUNS[0].digest[:12] in text
    assert RUNS[0].digest[:12] not in printed(PAGES["runs"], width=70)


def test_every_feature_is_listed():
    text = printed(PAGES["features"], width=108)
    assert [feature.name for feature in Catalogue.built_in().list() if feature.name not in text] == []


def test_a_label_without_a_value_is_not_shown_as_one():
    text = printed(lambda console, language: render.run_summary(console, run_view(outputs=[output(lines=[], withheld=100)]), language))
    assert "Nobody has a value" in text


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "gbk"])
def test_a_stream_that_cannot_write_a_sign_gets_a_plain_one(encoding: str, monkeypatch: pytest.MonkeyPatch):
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding=encoding))
    console = make_console(width=100)
    PAGES["run"](console, "en")
    console.file.flush()
    text = raw.getvalue().decode(encoding)
    assert "Class A" in text
    assert len({cell_len(line) for line in text.splitlines() if "Class " in line and "%" in line and "bring" not in line}) == 1


def test_progress_counts_rows_and_names_steps():
    stream = io.StringIO()
    console = Console(file=stream, width=100, force_terminal=True, color_system=None)
    with render.rows_progress(console, "en") as bar:
        task = bar.add_task("orders.csv", total=2_000)
        bar.update(task, completed=1_500)
        bar.refresh()
    assert "1,500 of 2,000 rows" in stream.getvalue()
    with render.steps_progress(console, "zh") as bar:
        bar.add_task(render.step_words("compute rfm", "zh"), total=6)
        bar.refresh()
    assert "计算 rfm" in stream.getvalue()
    assert render.step_words("unheard of", "zh") == "unheard of"


def test_the_views_add_up():
    assert output().customers == 100
    assert output().amount == 10_000_000
    assert output().policy == "abc"
    assert EXPLAINED.value == "A"
