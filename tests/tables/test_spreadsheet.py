"""Spreadsheets: a table survives the way out and in, nothing is a live formula, bad files are refused."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from openpyxl import Workbook, load_workbook

from engine import DecisionTable, RulebookError
from engine.tables.spreadsheet import read_spreadsheet, write_spreadsheet

CASES = sorted((Path(__file__).parent.parent / "cases" / "tables").glob("*.yaml"))
AWKWARD = {
    "inputs": ["=name", "@cmd"],
    "outputs": [
        {"name": "label", "values": ["=1+1", "+a", "-b", "@c", "007", "true", "null", ' x "y" ', "'quoted", "5", "A, B", "2025-01-31"]},
        "n",
    ],
    "hit_policy": "priority",
    "rows": [
        {"when": ["-5", "\"=cmd|' /C calc'!A0\""], "then": ["=1+1", 1.5], "note": "=HYPERLINK(1)"},
        {"when": ["= 5", "-"], "then": ["+a", -2]},
        {"when": ["-", "null"], "then": ["-b", None]},
        *(
            {"when": ["1", "-"], "then": [label, 0]}
            for label in ("@c", "007", "true", "null", ' x "y" ', "'quoted", "5", "A, B", "2025-01-31")
        ),
    ],
    "default": [None, 7],
}


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
@pytest.mark.parametrize("document", [*(yaml.safe_load(path.read_text(encoding="utf-8"))["table"] for path in CASES), AWKWARD])
def test_round_trip(document: dict[str, Any], ending: str, tmp_path: Path) -> None:
    table = DecisionTable.load(document)
    write_spreadsheet(table, tmp_path / f"table{ending}")
    assert read_spreadsheet(tmp_path / f"table{ending}").document == table.document


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    table = DecisionTable.load(AWKWARD)
    write_spreadsheet(table, tmp_path / "t.xlsx")
    for row in load_workbook(tmp_path / "t.xlsx").worksheets[0].iter_rows():
        assert all(cell.data_type in ("s", "n") for cell in row if cell.value is not None)
    write_spreadsheet(table, tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as file:
        texts = [cell for row in csv.reader(file) for cell in row]
    assert "'=1+1" in texts
    for text in texts:
        assert not text.startswith(("=", "+", "@")), text
        assert not text.startswith("-") or text == "-" or float(text) < 0


def test_a_sheet_made_by_hand(tmp_path: Path) -> None:
    book = Workbook()
    for row in (
        ["hit policy", "first"],
        ["age", "vip", "grade", "points", "note"],
        ["input", "Input", 'output: "A", "B"', "output", "note"],
        [">= 18", True, "A", 10, "grown up"],
        [17.5, None, "B", -1.5, None],
        [None, None, None, None, None],
        ["default", None, "B", 0, None],
    ):
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    table = read_spreadsheet(tmp_path / "t.xlsx")
    assert table.document["rows"] == [
        {"when": [">= 18", "true"], "then": ["A", 10], "note": "grown up"},
        {"when": ["17.5", "-"], "then": ["B", -1.5]},
    ]
    assert table.document["default"] == ["B", 0]


def write_book(path: Path, rows: list[list[Any]]) -> Path:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


HEAD = [["hit policy", "first"], ["x", "y"], ["input", "output"]]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([*HEAD, ["=1+1", "A"]], 'the formula "=1+1"'),
        ([["x", "y"], ["> 5", "A"]], "not the head of a decision table"),
        ([HEAD[0], HEAD[1], ["input", "result"]], 'the role "result"'),
        ([HEAD[0], HEAD[1], ["output", "input"]], "the first column is an input"),
        ([HEAD[0], HEAD[1], [None, None], ["-", "A"]], 'the role "-"'),
        ([*HEAD, ["> > 5", "A"]], "TW325 row 1, column x"),
        ([HEAD[0], HEAD[1], ["input", "output: A, B"], ["-", "A"]], "the values of output y"),
    ],
)
def test_refused_sheets(rows: list[list[Any]], message: str, tmp_path: Path) -> None:
    with pytest.raises(RulebookError) as caught:
        read_spreadsheet(write_book(tmp_path / "t.xlsx", rows))
    assert message in str(caught.value)


def test_refused_files(tmp_path: Path) -> None:
    (tmp_path / "t.xlsx").write_bytes(b"no workbook")
    (tmp_path / "t.csv").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "t.ods").write_bytes(b"")
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 40_000_000)
    (tmp_path / "empty.csv").write_bytes(b"")
    for name, message in (
        ("t.xlsx", "no workbook"),
        ("t.csv", "no UTF-8 text at byte 0"),
        ("t.ods", "the ending .ods"),
        ("bomb.xlsx", "40,000,000 bytes unpacked"),
        ("empty.csv", "not the head of a decision table"),
    ):
        with pytest.raises(RulebookError) as caught:
            read_spreadsheet(tmp_path / name)
        assert message in str(caught.value)


def test_too_many_rows(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("hit policy,first\nx,y\ninput,output\n" + "-,A\n" * 10_020, encoding="utf-8")
    with pytest.raises(RulebookError, match="too many rows"):
        read_spreadsheet(tmp_path / "t.csv")
