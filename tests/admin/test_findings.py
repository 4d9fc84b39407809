"""The sentences that say what the numbers mean, in both languages."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask, g

from admin import findings
from admin.formats import Formats
from admin.pictures import short_titles
from engine import Text


def band(key: str, customers: int, amount: int, rank: int) -> Any:
    return SimpleNamespace(key=key, title=Text(f"Grade {key}", f"{key} 级"), customers=customers, amount=amount, rank=rank, step=1)


def picture(up: int = 0, down: int = 0, came: int = 0, *, first: bool = False, amounts: tuple[int, int] = (510_00, 490_00)) -> Any:
    cells = {("A", "A"): 280, ("B", "A"): up, ("A", "B"): down, ("B", "B"): 700}
    movement = SimpleNamespace(
        cells={key: n for key, n in cells.items() if n},
        up=up,
        down=down,
        other=0,
        gained=0,
        lost=0,
        moved=up + down,
        came=came,
        since=1_764_633_600,
    )
    return SimpleNamespace(
        run=SimpleNamespace(as_of=1_765_332_000),
        title=Text("Grade", "等级"),
        bands=(band("A", 304, amounts[0], 0), band("B", 4_034, amounts[1], 1)),
        customers=4_338,
        withheld=0,
        amount=sum(amounts),
        withheld_amount=0,
        movement=None if first else movement,
        ordered=True,
    )


@pytest.fixture(params=["en", "zh"])
def language(request: pytest.FixtureRequest, app: Flask) -> Any:
    with app.test_request_context("/"):
        g.language = request.param
        g.formats = Formats(request.param, ZoneInfo("UTC"), "GBP", 2)
        yield request.param


@pytest.mark.parametrize(
    ("found", "en", "zh"),
    [
        (picture(76, 147), "4,338 customers are graded; more fell than rose", "共 4,338 位客户已分级，下降多于上升"),
        (picture(147, 76), "4,338 customers are graded; more rose than fell", "共 4,338 位客户已分级，上升多于下降"),
        (picture(5, 5), "4,338 customers are graded; as many rose as fell", "共 4,338 位客户已分级，升降人数相当"),
        (picture(), "4,338 customers are graded; nobody moved", "共 4,338 位客户已分级，等级无变动"),
        (picture(first=True), "4,338 customers are graded", "共 4,338 位客户已分级"),
    ],
)
def test_the_title_is_the_finding(language: str, found: Any, en: str, zh: str) -> None:
    assert findings.title(found) == {"en": en, "zh": zh}[language]


def test_the_line_below_has_the_figures(language: str) -> None:
    said = findings.sub(picture(76, 147, 31))
    assert (
        said
        == {
            "en": "Sales up to 10 Dec 2025: £1,000. Since 2 Dec 2025: 76 up, 147 down, 31 new customers.",
            "zh": "截至2025年12月10日的销售额为 £1,000。自2025年12月2日以来：76 位上升，147 位下降，新增 31 位客户。",
        }[language]
    )
    assert findings.sub(picture()).endswith({"en": "No change since 2 Dec 2025.", "zh": "自2025年12月2日以来无变动。"}[language])


def test_how_concentrated_the_business_is(language: str) -> None:
    assert (
        findings.concentration(picture())
        == {
            "en": "Grade A: 304 customers, 7.0% of those graded, bring 51% of the sales",
            "zh": "A 级：304 位客户（占 7.0%）贡献了 51% 的销售额",
        }[language]
    )
    assert "bring" not in findings.concentration(picture(amounts=(10, 100_000)))


def test_who_moved(language: str) -> None:
    head, line = findings.moved(picture(76, 147))
    assert head == {"en": "223 customers moved: 76 up, 147 down", "zh": "223 位客户等级变动：76 升，147 降"}[language]
    assert line.startswith({"en": "The largest move: 147 from Grade A to Grade B.", "zh": "最大流向：147 位由A 级变为B 级。"}[language])
    assert findings.moved(picture())[0] == {"en": "No grade changed", "zh": "等级无变动"}[language]


@pytest.mark.parametrize(
    ("count", "en"), [(0, "Nothing needs you"), (1, "One thing needs you"), (5, "Five things need you"), (9, "9 things need you")]
)
def test_how_much_waits(language: str, count: int, en: str) -> None:
    if language == "en":
        assert findings.things(count) == en
    else:
        assert findings.things(count) == (f"{count} 件事需要您处理" if count else "暂无待处理事项")


@pytest.mark.parametrize(
    ("faults", "en", "zh"),
    [
        ({}, "without faults", "全部成功"),
        ({"a": "x"}, "one policy failed", "1 条策略失败"),
        ({"a": "x", "b": "y"}, "2 policies failed", "2 条策略失败"),
    ],
)
def test_how_the_run_went(language: str, faults: dict[str, str], en: str, zh: str) -> None:
    said = findings.run_title(SimpleNamespace(seconds={"read": 1.0, "write": 0.6}, faults=faults))
    assert said.endswith({"en": en, "zh": zh}[language])
    assert {"en": "1.6 s", "zh": "1.6 秒"}[language] in said


@pytest.mark.parametrize(
    ("titles", "short"),
    [
        (["Grade A", "Grade B"], ["A", "B"]),
        (["A 级", "B 级"], ["A", "B"]),
        (["Champions", "Loyal"], ["Champions", "Loyal"]),
        (["Grade A"], ["Grade A"]),
        (["Class A", "Grade B"], ["Class A", "Grade B"]),
        (["very good", "very bad"], ["very good", "very bad"]),
    ],
)
def test_short_titles(titles: list[str], short: list[str]) -> None:
    assert short_titles(titles) == short
