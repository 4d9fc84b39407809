"""Texts that try to be SQL, formulas, paths or templates, in every text parameter the API describes: no other rows, no 5xx."""

from __future__ import annotations

import csv
import io
from typing import Any

import openpyxl
import pytest

from engine.export import write_table
from tests.api.conftest import Client
from tests.api.test_attacks_numbers import contents, named, numeric, open_gate, operations

__all__ = ["open_gate"]

EVIL = [
    "' or '1'='1", "1; drop table customer; --", '" or ""="', "') union select secret from api_key --", "C1' and 1=randomblob(1e9) --", "%", "_", "C%",
    "\\", "C1\\'; --", "/**/or/**/1=1", "=1+1", "=cmd|'/C calc'!A0", "+1", "-1+2", "@SUM(A1)", "＝1+1", "\t=1", "\r=1", "{{7*7}}", "{0.__class__}",
    "%(x)s", "${7*7}", "../../../../etc/passwd", "..%2f..%2fstore.db", "%252e%252e%252f", "file:///etc/passwd", "^(a+)+$", "x" * 5_000, "\u202etxt.exe",
    "\ufeff", "a\r\nSet-Cookie: x=1", "<script>alert(1)</script>", "__proto__", "id desc", "-id", "1 desc nulls last", "null", "true",
]  # fmt: skip


def rows_of(answer: Any) -> int:
    """How many rows an answer of a list has."""
    body = answer.get_json() if answer.is_json else None
    return len(body["items"]) if isinstance(body, dict) and isinstance(body.get("items"), list) else -1


def test_every_text_parameter_of_every_list(open_gate: Client) -> None:
    """A parameter that narrows a list may narrow it to nothing, and never widens it; no header is split."""
    before, wrong, tried = contents(open_gate), [], 0
    for method, path, operation in operations(open_gate):
        if method != "GET":
            continue
        for parameter in operation["parameters"]:
            if parameter["in"] == "header" or numeric(parameter.get("schema", {})):
                continue
            whole = rows_of(open_gate("GET", named(path), query_string={"limit": "1000"} if takes(operation, "limit") else {}))
            for text in EVIL:
                tried += 1
                if parameter["in"] == "path":
                    answer = open_gate("GET", named(path, **{parameter["name"]: text.replace("?", "").replace("#", "") or "x"}))
                else:
                    answer = open_gate("GET", named(path), query_string={parameter["name"]: text})
                fault = (
                    answer.status_code >= 500
                    or "Set-Cookie" in answer.headers
                    or (answer.status_code == 200 and rows_of(answer) > whole >= 0)
                )
                if fault:
                    wrong.append((path, parameter["name"], text, answer.status_code))
                answer.close()
    assert wrong == [], wrong[:20]
    assert tried > 1_000
    assert contents(open_gate) == before


def takes(operation: dict[str, Any], name: str) -> bool:
    return any(parameter["name"] == name for parameter in operation["parameters"])


def test_ids_that_are_sql_name_nobody(open_gate: Client) -> None:
    before = contents(open_gate)
    for text in EVIL:
        if "\r" in text or "\t" in text:
            continue
        assert open_gate("POST", "/evaluate", json={"customers": [text]}).status_code in (404, 422)
        open_gate("PATCH", "/facts/customers", json={"rows": [{"customer": text, "city": "x"}]}, query_string={"atomic": "true"}, code=422)
        open_gate("PUT", "/facts/orders/voided", json={"rows": [{"order": text}]}, query_string={"atomic": "true"}, code=422)
        answer = open_gate("POST", "/facts/orders", json={"rows": [{text: 1}]}, code=422)
        assert "unknown field" in answer.json["detail"]
    assert contents(open_gate) == before


FORMULAS = [text for text in EVIL if text.lstrip()[:1] in ("=", "+", "-", "@", "＝") and len(text) < 200]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_files_hold_no_live_cell(api: Client, form: str) -> None:
    rows = [{"customer": f"{text}{n}", "name": text, "city": text} for n, text in enumerate(FORMULAS)]
    assert api.post("/facts/customers", {"rows": rows})["created"] == len(rows)
    api.engine.run("2026-01-02")
    files = {}
    for what in ("assignments", "changes"):
        if form == "csv":
            files[what] = api("GET", f"/exports/{what}", query_string={"format": "csv"}, code=200).get_data()
    held = io.BytesIO()
    from engine.export import table_of

    with api.engine.store.read() as connection:
        write_table(table_of(api.engine, connection, "customers"), form, held)
    files["customers"] = held.getvalue()
    for data in files.values():
        if form == "csv":
            live = [
                cell
                for row in csv.reader(io.StringIO(data.decode()))
                for cell in row
                if cell.strip()[:1] in tuple("=+@＝") or (cell[:1] in "\t\r" and cell)
            ]
        else:
            sheet = openpyxl.load_workbook(io.BytesIO(data)).active
            assert sheet is not None
            live = [cell.value for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
        assert live == []
