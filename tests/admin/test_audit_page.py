"""The audit trail in the console: found, paged, verified, taken out."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import text

from engine.service import Engine
from tests.admin.conftest import PASSWORD, Browser, open_app


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    with Engine.open(sqlite_url) as engine:
        engine.people.first_administrator("ada", PASSWORD, display_name="Ada Min")
        for number in range(60):
            engine.acting_as(f"=cmd|{number}").people.log_export("customers", format="csv", personal=number % 2 == 0, rows_=number)
        yield engine


@pytest.fixture
def app(engine: Engine) -> Flask:
    return open_app(engine)


@pytest.fixture
def ada(app: Flask) -> Browser:
    return Browser(app).sign_in("ada")


def numbers(page: str) -> list[int]:
    return [int(n.replace(",", "")) for n in re.findall(r'<td class="num muted">([\d,]+)</td>', page)]


def test_entries_in_words_page_by_page(ada: Browser) -> None:
    page = ada.get("/audit/").text
    assert "Became the first administrator, user 1" not in page, "that is on the second page"
    first = numbers(page)
    assert first == sorted(first, reverse=True)
    later = re.search(r'rel="next" href="([^"]+)"', page)
    assert later is not None
    second = numbers(ada.get(later[1].replace("&amp;", "&")).text)
    assert first + second == list(range(first[0], 0, -1)), "every entry once, in order"
    assert "Became the first administrator, user 1" in ada.get(later[1]).text
    assert "创建首位管理员，用户 1" in ada.speak("zh").get(later[1]).text


@pytest.mark.parametrize(
    ("query", "count"),
    [("actor=ada", 2), ("action=export&actor=%3Dcmd%7C7", 1), ("action=session", 1), ("action=user", 1), ("subject=user%3A1", 2), ("actor=nobody", 0), ("since=2001-01-01&until=2001-12-31", 0)],
)  # fmt: skip
def test_entries_are_found(ada: Browser, query: str, count: int) -> None:
    assert len(numbers(ada.get(f"/audit/?{query}").text)) == count


@pytest.mark.parametrize(
    "query", ["since=yesterday", "until=9999-12-31", "until=2026-13-01", "since=%00", "after=-1", "after=1e3", f"after={10**20}"]
)
def test_what_is_no_date_or_number_is_refused(ada: Browser, query: str) -> None:
    assert ada.get(f"/audit/?{query}").status_code == 400
    for kind in ("csv", "xlsx"):
        assert ada.get(f"/audit/export/{kind}?{query}").status_code in (200, 400)


@pytest.mark.parametrize("word", ["'", "%", "' or 1=1 --", "\x00", "x" * 3000, "{0.__class__}", "<script>"])
def test_odd_words_find_nothing_and_break_nothing(ada: Browser, word: str) -> None:
    for name in ("actor", "action", "subject"):
        answer = ada.get("/audit/", query_string={name: word})
        assert answer.status_code == 200
        assert "<script>" not in answer.text.replace('<script src="', "")


def test_a_whole_trail_is_verified_and_its_head_shown(engine: Engine, ada: Browser) -> None:
    answer = ada.post("/audit/verify")
    head = engine.audit.head
    assert "The trail is whole" in answer.text
    assert head in answer.text
    assert "goes on from the head" in ada.post("/audit/verify", {"head": head}).text
    assert ada.post("/audit/verify", {"head": "moon"}).status_code == 400


def test_what_was_altered_is_named(engine: Engine, ada: Browser) -> None:
    with engine.store.write() as connection:
        for trigger in (
            connection.execute(text("select name from sqlite_master where type = 'trigger' and tbl_name = 'audit_entry'")).scalars().all()
        ):
            connection.execute(text(f"drop trigger {trigger}"))
        connection.execute(text("update audit_entry set actor = 'eve' where seq = 5"))
    page = ada.post("/audit/verify").text
    assert "The trail is not what was recorded" in page
    assert "entry 5: was altered" in page


def test_exports_are_inert_and_written_down(engine: Engine, ada: Browser) -> None:
    answer = ada.get("/audit/export/csv?action=export")
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True))))
    assert len(rows) == 61
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    assert "Exported customers" in rows[1][6]
    book = load_workbook(io.BytesIO(ada.get("/audit/export/xlsx?action=export").data))
    assert all(cell.data_type != "f" for row in book.active.iter_rows() for cell in row)
    kept = engine.people.exports(2)
    assert [(row["what"], row["format"], row["rows"]) for row in kept] == [("audit", "xlsx", 61), ("audit", "csv", 60)]
    assert kept[0]["filters"] == {"action": "export"}
    page = ada.get("/audit/exports").text
    assert "exports, " in page
    assert "action=export" in page
    assert ada.get("/audit/export/pdf").status_code == 404


def test_the_log_of_exports_pages(ada: Browser) -> None:
    page = ada.get("/audit/exports").text
    later = re.search(r'rel="next" href="([^"]+)"', page)
    assert later is not None
    assert page.count("<tr>") - 1 == 50
    assert ada.get(later[1]).text.count("<tr>") - 1 == 10
    assert ada.get(f"/audit/exports?before={10**20}").status_code == 400


def test_an_empty_log_says_what_will_be_there(sqlite_url: str) -> None:
    with Engine.open(sqlite_url) as engine:
        engine.people.first_administrator("ada", PASSWORD)
        page = Browser(open_app(engine)).sign_in("ada").get("/audit/exports").text
    assert "Nothing was taken out" in page
