"""Files brought in by the console: recognised, tried, imported, mended."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from flask import Flask

from admin.views.imports import mendable, safe_name
from engine.service import Engine
from engine.worker import Worker
from tests.admin.conftest import Browser

ORDERS = "订单号;客户编号;下单时间;实付金额\nA1;K1;2024-03-04;12.50\nA2;K2;2024-05-06;7.00\nA3;K2;never;1.00\n".encode("gb18030")


def bring(who: Browser, data: bytes, name: str) -> Any:
    return who.post("/imports/upload", {"file": (io.BytesIO(data), name)}, content_type="multipart/form-data")


def work(engine: Engine) -> None:
    """Do every job that waits."""
    worker = Worker(engine)
    for job in engine.jobs.list(status="queued"):
        if job.kind == "import":
            worker.do(job.id)


def form_of(page: str) -> dict[str, str]:
    """What the form of the mapping would send."""
    page = page[page.index('id="mapping"') :]
    found = dict(re.findall(r'<input(?=[^>]* name="([^"]+)")[^>]* value="([^"]*)"', page))
    for select in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', page, re.S):
        chosen = re.search(r"<option selected>([^<]*)|<option value=\"\w*\" selected", select[1])
        if chosen and chosen[1]:
            found[select[0]] = chosen[1]
    return {key: value for key, value in found.items() if key != "csrf_token"} | {"create": "1"}


def test_a_file_is_recognised_tried_imported_and_taken_back(graded: Engine, app: Flask) -> None:
    who = Browser(app).sign_in("administrator")
    answer = bring(who, ORDERS, "订单 2024.csv")
    assert answer.status_code == 302
    page = who.get(answer.location).text
    assert "is understood: 3 rows" in page
    assert "gb18030" in page
    fields = form_of(page)
    assert fields["column:ordered_at"] == "下单时间"
    before = len(graded.batches())
    tried = who.post(answer.location, {**fields, "act": "try"})
    assert "is being read" in who.get(tried.location).text
    work(graded)
    page = who.get(tried.location).text
    assert "2 rows would be taken, 1 set aside" in page
    assert len(graded.batches()) == before, "a trial keeps nothing"
    done = who.post(tried.location)
    assert who.post(tried.location).location == done.location, "pressed twice it is done once"
    work(graded)
    page = who.get(done.location).text
    assert "2 rows were taken, 1 set aside" in page
    batch = graded.batches(1)[0]
    assert batch["file"] == "订单 2024.csv"
    page = who.get(f"/imports/{batch['batch']}").text
    assert "never" in page
    mend = who.get(f"/imports/{batch['batch']}/rejected.csv").text
    assert "A3" in mend
    assert "what to mend" in mend
    assert who.post(f"/imports/{batch['batch']}/undo").status_code == 302
    assert next(each for each in graded.batches() if each["batch"] == batch["batch"])["undone"]


def test_nobody_uses_the_upload_of_another(graded: Engine, app: Flask) -> None:
    owner, other = Browser(app).sign_in("administrator"), Browser(app).sign_in("analyst")
    place = bring(owner, ORDERS, "mine.csv").location
    assert owner.get(place).status_code == 200
    assert other.get(place).status_code == 404
    assert owner.get(place.replace("mine.csv", "..%2F..%2Fstore.db")).status_code == 404


@pytest.mark.parametrize("name", ["evil.exe", "page.html", "noending", ""])
def test_other_files_are_refused(app: Flask, name: str) -> None:
    who = Browser(app).sign_in("analyst")
    answer = bring(who, b"x", name)
    assert answer.location == "/imports/"


@pytest.mark.parametrize("data", [b"", b"\x00\x01\x02", b"PK\x03\x04broken", b"PAR1broken", b"a,a\n1,2\n", b"\xff\xfe\x00"])
def test_files_that_cannot_be_read_are_refused_in_words(app: Flask, data: bytes) -> None:
    who = Browser(app).sign_in("analyst")
    place = bring(who, data, "odd.csv").location
    assert who.get(place).status_code in (200, 302)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd.csv", "passwd.csv"),
        ("C:\\x\\y.csv", "y.csv"),
        ("a\r\nb.csv", "ab.csv"),
        (".hidden.csv", "hidden.csv"),
        ("<b>.csv", "b.csv"),
    ],
)
def test_names_of_files(given: str, kept: str) -> None:
    assert safe_name(given) == kept


def test_rows_to_mend_start_no_formula() -> None:
    text = mendable(
        [
            {"line": 2, "column": "name", "reason": "bad", "expected": "good", "row": '{"id": "1", "name": "=cmd()"}'},
            {"line": 2, "column": "id", "reason": "odd", "expected": "even", "row": '{"id": "1", "name": "=cmd()"}'},
            {"line": 3, "column": "id", "reason": "odd", "expected": "even", "row": '{"id": "-3.5", "name": "x"}'},
        ]
    )
    assert text.splitlines() == ["\ufeffid,name,what to mend", "1,'=cmd(),name: bad; good | id: odd; even", "-3.5,x,id: odd; even"]


@pytest.mark.parametrize(
    "query",
    [
        "page=99999999999999999999",
        "page=-1",
        "page_size=0",
        "page_size=10000000",
        "sort=99",
        "sort=x",
        "search=%00'",
        "flt0_0=x",
        "flt9_99=1",
        "flt0_3=zz",
        "desc=2&sort=0",
    ],
)
def test_a_list_survives_any_address(people: dict[str, Browser], query: str) -> None:
    assert people["administrator"].get(f"/imports/?{query}").status_code in (200, 302)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_list_is_exported_and_the_export_is_remembered(graded: Engine, people: dict[str, Browser], kind: str) -> None:
    before = len(graded.people.exports())
    answer = people["administrator"].get(f"/imports/export/{kind}/")
    assert answer.status_code == 200
    assert len(graded.people.exports()) == before + 1
