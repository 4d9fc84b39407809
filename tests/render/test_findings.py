"""Titles are true sentences: the right number, the right form of the word, nothing remarkable where nothing is."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace

import numpy as np
import pytest

from engine import Text, guards, runner
from engine.guards import Movement
from engine.render import findings
from engine.render.phrases import STATUS, STEP, sentence
from engine.report import ImportView, LabelLine, OutputSummary
from tests.render.samples import CHANGES, FALL, GONE, IMPORT, RISE, output, run_view


def line(title: str, customers: int, amount: int = 0, zh: str = "标签") -> LabelLine:
    return LabelLine(title, Text(title, zh), 1, customers, amount)


@pytest.mark.parametrize(
    ("title", "customers", "words"),
    [
        ("Champions", 1_874, "1,874 champions"),
        ("Loyal", 312, "312 loyal customers"),
        ("At risk", 94, "94 customers in At risk"),
        ("Class A", 4, "4 customers in Class A"),
        ("VIP", 3, "3 VIP customers"),
        ("A", 3, "3 A customers"),
        ("Champions", 1, "1 customer in Champions"),
        ("Boss", 2, "2 boss customers"),
    ],
)
def test_so_many_customers_of_a_label(title: str, customers: int, words: str):
    assert findings.people(line(title, customers)).en == words


def test_customers_in_chinese():
    assert findings.people(line("Loyal", 5, zh="忠诚客户")).zh == "忠诚客户 5 位"
    assert findings.people(line("Class A", 5, zh="A 类")).zh == "A 类客户 5 位"


@pytest.mark.parametrize(
    ("lines", "withheld", "words"),
    [
        ([], 5, "Nobody has a value"),
        ([line("Loyal", 7)], 0, "All 7 customers are in Loyal"),
        ([line("Loyal", 1)], 0, "The one customer is in Loyal"),
        ([line("High", 10, 900), line("Low", 90, 100)], 0, "10 high customers, 10% of the customers, bring 90% of the revenue"),
        ([line("High", 50, 500), line("Low", 60, 600)], 0, "60 low customers are the largest group, 55% of the customers"),
        ([line("High", 50), line("Low", 60)], 0, "60 low customers are the largest group, 55% of the customers"),
    ],
)
def test_the_finding_of_an_output(lines: list[LabelLine], withheld: int, words: str):
    assert findings.output_finding(OutputSummary("p.o", Text("o", "o"), lines, withheld)).en == words


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "90 of 100 customers are graded"),
        ({"graded": {"abc": 100}}, "All 100 customers are graded"),
        ({"graded": {}}, "No policy graded any of the 100 customers"),
        ({"customers": 0}, "There are no customers yet"),
        ({"status": "held"}, "Run 7 is held: it would move more than the limits allow"),
    ],
)
def test_the_finding_of_a_run(changes: dict, words: str):
    assert findings.run_finding(run_view(**changes)).en == words


def test_the_finding_of_changes():
    assert findings.changes_finding(CHANGES).en == "1,230 customers of 24,000 moved, 5.1%"
    assert findings.changes_finding(replace(CHANGES, moved=1)).en == "1 customer of 24,000 moved, <0.1%"
    assert findings.changes_finding(replace(CHANGES, moved=0)).en == "No grade changed"
    assert findings.flows_finding([FALL, RISE]).en == "34 up, 1,200 down"
    assert findings.flows_finding([GONE]).en == "5 otherwise"


@pytest.mark.parametrize(
    ("view", "words"),
    [
        (ImportView("f.csv", "orders", 0, 0), "f.csv has no rows"),
        (ImportView("f.csv", "orders", 9, 0), "None of the 9 rows of f.csv could be used"),
        (ImportView("f.csv", "orders", 9, 9, unchanged=9), "f.csv brought nothing new: all 9 rows are stored already"),
        (ImportView("f.csv", "orders", 9, 9, created=9), "All 9 rows of f.csv are in"),
        (IMPORT, "900 of 1,000 rows of orders.csv are in"),
        (replace(IMPORT, dry_run=True), "900 of 1,000 rows of orders.csv would be kept"),
    ],
)
def test_the_finding_of_an_import(view: ImportView, words: str):
    assert findings.import_finding(view).en == words


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([line("High", 10, 900, "高价值"), line("Low", 90, 100)], "高价值客户 10 位，占客户的 10%，贡献收入的 90%"),
        ([line("High", 40, 0), line("Low", 60, 0, "流失客户")], "流失客户 60 位，人数最多，占客户的 60%"),
        ([line("Loyal", 7, 0, "忠诚客户")], "全部 7 位客户都属于“忠诚客户”"),
        ([line("Loyal", 1, 0, "忠诚客户")], "唯一的客户属于“忠诚客户”"),
        ([line("Loyal", 0)], "没有客户得到结果"),
    ],
)
def test_the_finding_of_an_output_in_chinese(lines: list[LabelLine], words: str):
    assert findings.output_finding(OutputSummary("p.o", Text("o", "o"), lines)).zh == words


def test_the_other_findings_in_chinese():
    runs = [run_view(), run_view(graded={"abc": 100}), run_view(graded={}), run_view(customers=0), run_view(status="held")]
    assert [findings.run_finding(run).zh for run in runs] == [
        "100 位客户中，90 位已分级",
        "全部 100 位客户均已分级",
        "100 位客户均未得到分级",
        "还没有客户",
        "运行 7 已暂扣：变动超过允许的范围",
    ]
    assert findings.changes_finding(CHANGES).zh == "24,000 位客户中有 1,230 位变动，占 5.1%"
    assert findings.changes_finding(replace(CHANGES, moved=0)).zh == "没有客户的分级发生变动"
    assert findings.flows_finding([FALL, RISE, GONE]).zh == "34 位上升，1,200 位下降，5 位其他变动"
    views = [IMPORT, replace(IMPORT, dry_run=True), replace(IMPORT, accepted=0), replace(IMPORT, rows=900), replace(IMPORT, created=0)]
    assert [findings.import_finding(view).zh for view in views] == [
        "orders.csv 共 1,000 行，入库 900 行",
        "orders.csv 共 1,000 行，将保留 900 行",
        "orders.csv 的 1,000 行均无法使用",
        "orders.csv 的 900 行全部入库",
        "orders.csv 没有新内容：900 行均已入库",
    ]


def test_an_output_of_losses_is_not_said_to_bring_revenue():
    lines = [line("High", 10, -900), line("Low", 90, 100)]
    assert "largest group" in findings.output_finding(output(lines=lines, withheld=0)).en


def held_sentences() -> list[str]:
    """What the guards really say, for a run in which everything moves and orders have gone silent."""
    moved = Movement("abc.class", np.ones(200, bool), np.ones(200), {"A": 150, "B": 50}, {"A": 10, "B": 190})
    limits = {"customers": 0.1, "amount": 0.1, "label": 0.5, "silent_days": 3}
    return [*guards.holds(limits, [moved]), *guards.silence(limits, 20 * 86_400, 10 * 86_400, 11 * 86_400, 10 * 86_400)]


def test_the_guards_speak_chinese_too():
    said = held_sentences()
    assert len(said) >= 4
    for words in said:
        chinese = sentence(words, "zh")
        assert re.search(r"[\u4e00-\u9fff]", chinese), words
        assert not re.search(r"customers|limit|order", chinese)
        assert sorted(re.findall(r"\d[\d,.]*\d|\d", chinese)) == sorted(re.findall(r"\d[\d,.]*\d|\d", words))
    assert sentence("never heard", "zh") == "never heard"
    assert [sentence(words, "en") for words in said] == said


def test_every_step_and_status_of_a_run_has_words():
    source = inspect.getsource(runner)
    steps = set(re.findall(r'clock\.step\("(\w+)"\)', source))
    assert steps
    assert steps - STEP.keys() == set()
    assert set(re.findall(r'"(visible|held|historical|superseded|discarded)"', source)) <= STATUS.keys()
