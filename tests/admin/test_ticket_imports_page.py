"""Tickets from a file in the console: columns recognised, first rows tried, every wrong row told, all of a file or nothing."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from openpyxl import Workbook

from engine.service import Engine
from engine.worker import Worker
from tests.admin.conftest import PASSWORD, Browser, open_app
from tests.small_desk import fill_desk

HEAD = "工单编号,客户编号,类型,主题,创建时间,首次答复时间,解决时间,备注\n"
GOOD = HEAD + "T1,A1,complaint,包裹延误,2025-12-01T10:00,2025-12-01T11:00,,x\nT2,B1,question,营业时间,2025-12-02T09:00,,,y\n"
WRONG = HEAD + "T3,A1,complaint,ok,2025-12-01T10:00,,,\nT4,nobody,complaint,late,2025-12-01T10:00,,,\nT5,A1,complain,late,2025-12-01T10:00,2025-11-01T10:00,,\n"  # fmt: skip


@pytest.fixture
def desk(tmp_path: Any) -> Iterator[Engine]:
    with Engine.open(f"sqlite:///{tmp_path / 'store.db'}", actor="setup") as engine:
        fill_desk(engine)
        engine.people.first_administrator("administrator", PASSWORD)
        for role in ("service", "viewer"):
            engine.people.add(role, roles=[role], password=PASSWORD)
        yield engine


@pytest.fixture
def app(desk: Engine) -> Flask:
    return open_app(desk)


@pytest.fixture
def clerk(app: Flask) -> Browser:
    return Browser(app).sign_in("service")


def bring(clerk: Browser, content: bytes, name: str = "tickets.csv") -> str:
    """Upload a file; the address of the page that asks for its columns."""
    sent = clerk.post("/ticketimports/", {"file": (io.BytesIO(content), name)})
    assert sent.status_code == 302
    return str(sent.location)


def columns(page: str) -> dict[str, str]:
    """What the form of the columns would send."""
    import re
    from html import unescape

    found = {}
    for name, inside in re.findall(r'<select[^>]*name="(column:[^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r"<option selected>([^<]*)", inside)
        found[name] = unescape(chosen[1]) if chosen else ""
    return found


def finish(desk: Engine, clerk: Browser, answer: Any) -> str:
    """Let a worker do the job; the page of what came of it."""
    assert answer.status_code == 302, answer.text
    number = int(str(answer.location).rpartition("/")[2])
    Worker(desk).do(number)
    return str(clerk.get(answer.location).text)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-8-sig"])
def test_a_chinese_file_is_understood_tried_and_imported(clerk: Browser, desk: Engine, encoding: str) -> None:
    place = bring(clerk, GOOD.encode(encoding))
    page = clerk.get(place).text
    given = columns(page)
    assert {k: v for k, v in given.items() if v} == {
        "column:reference": "工单编号",
        "column:customer": "客户编号",
        "column:kind": "类型",
        "column:subject": "主题",
        "column:opened_at": "创建时间",
        "column:answered_at": "首次答复时间",
        "column:resolved_at": "解决时间",
    }
    assert "包裹延误" in page
    assert "The first rows of tickets.csv are understood" in page
    assert desk.tickets.count() == 0, "looking keeps nothing"
    tried = clerk.post(place, {**given, "act": "try"})
    assert "All 2 rows can be imported" in finish(desk, clerk, tried)
    assert desk.tickets.count() == 0, "a trial keeps nothing"
    assert "2 tickets were opened, 0 known" in finish(desk, clerk, clerk.post(tried.location))
    assert "0 tickets were opened, 2 known" in finish(desk, clerk, clerk.post(place, {**given, "act": "import"})), "the same again"
    assert {(each.reference, each.opened_by) for each in desk.tickets.list()} == {("T1", "service"), ("T2", "service")}
    assert desk.tickets.letters() == {}


def test_every_wrong_row_is_told_and_nothing_is_half_written(clerk: Browser, desk: Engine) -> None:
    place = bring(clerk, WRONG.encode())
    page = clerk.get(place).text
    assert "2 of the first 3 rows cannot be used" in page
    for text in (
        "there is no customer &#39;nobody&#39;",
        "the moment of answered_at, 2025-11-01T10:00:00+08:00, is before",
        '<td class="num">4</td>',
    ):
        assert text in page
    told = finish(desk, clerk, clerk.post(place, {**columns(page), "act": "import"}))
    assert "2 rows are wrong; nothing was kept" in told
    assert '<td class="num">3</td>' in told
    assert desk.tickets.count() == 0
    zh = clerk.speak("zh")
    assert "有 2 行有误，未保存任何内容" in zh.get("/ticketimports/job/1").text
    zh.speak("en")


def test_columns_that_are_missing_are_asked_for_beside_their_field(clerk: Browser, desk: Engine) -> None:
    place = bring(clerk, b"who,what,when\nA1,late,2025-12-01\n")
    page = clerk.get(place).text
    assert "5 columns of tickets.csv are still to be named" in page
    assert page.count("A column is needed") == 5
    refused = clerk.post(place, {"column:customer": "who", "column:subject": "what", "column:kind": "nothing there"})
    assert (refused.status_code, refused.text.count("A column is needed")) == (400, 3)
    assert columns(refused.text)["column:subject"] == "what", "what was chosen stays"


def test_excel_and_json_lines_come_in_too(clerk: Browser, desk: Engine) -> None:
    book = Workbook()
    for row in (["reference", "customer", "kind", "subject", "opened_at"], ["X1", "A1", "complaint", "late", "2025-12-01T10:00"]):
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    line = b'{"reference": "J1", "customer": "B1", "kind": "question", "subject": "hours", "opened_at": "2025-12-01"}\n'
    for content, name in ((stream.getvalue(), "a.xlsx"), (line, "b.jsonl")):
        place = bring(clerk, content, name)
        assert "1 ticket was opened" in finish(
            desk, clerk, clerk.post(place, {**columns(clerk.get(place).text), "act": "import", "acknowledge": "1"})
        )
    assert {each.reference for each in desk.tickets.list()} == {"X1", "J1"}


def test_nobody_else_gets_at_an_uploaded_file_and_bad_files_are_refused(clerk: Browser, app: Flask, desk: Engine) -> None:
    place = bring(clerk, GOOD.encode())
    assert Browser(app).sign_in("administrator").get(place).status_code == 404
    viewer = Browser(app).sign_in("viewer")
    assert viewer.get("/ticketimports/").status_code == 403
    assert viewer.post("/ticketimports/", {}).status_code == 403
    assert clerk.get(place.replace("tickets.csv", "other.csv")).status_code == 404
    for content, name in ((b"", "a.csv"), (b"PK\x03\x04broken", "a.xlsx"), (b"{", "a.jsonl"), (b"x", "a.exe"), (b'a,b\n"x', "b.csv")):
        sent = clerk.post("/ticketimports/", {"file": (io.BytesIO(content), name)})
        assert sent.status_code == 302
        assert clerk.get(sent.location).status_code in (200, 302)
    assert clerk.get("/ticketimports/job/99").status_code in (400, 404)
    desk.jobs.submit("tick", slot="tick")
    assert desk.tickets.count() == 0
