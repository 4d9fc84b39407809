"""Exports: every format says the same, texts cannot become formulas, numbers stay numbers, files are whole or absent."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import text

from engine.errors import RunError, TierwiseError
from engine.export import write_bytes, write_file, write_table
from engine.exporting import writers
from engine.exporting.cells import XLSX_TEXT_LIMIT, inert
from engine.exporting.table import Batch, Field, Table
from engine.service import Engine
from engine.store import customer_export, exports
from tests.small_store import AS_OF, DAY, Order, add_customers, add_orders, open_store

LIVE = [
    "=1+1",
    "+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "＝1",
    "＋1",
    "－1",
    "＠a",
    "\ufeff=1",
    "﹣1",
    "\x00=1",
    '=cmd|"/C calc"!A0',
]
DEAD = ["a=1", "1-1", "", "C001", "陈子萱", "a@b.example", "'=1"]


def table(*batches: Batch) -> Table:
    return Table("test", (Field("text"), Field("n", "integer"), Field("x", "number"), Field("any", "any")), iter(batches))


def written(format_: str, *batches: Batch) -> bytes:
    stream = io.BytesIO()
    assert write_table(table(*batches), format_, stream) == sum(len(batch[0]) for batch in batches)
    return stream.getvalue()


ROWS: Batch = [["a", None, '多, "quoted"\nline'], [1, -5, None], [0.5, None, -1.25], ["b", 3.5, None]]


def test_csv_reads_back() -> None:
    rows = list(csv.reader(io.StringIO(written("csv", ROWS, ROWS).decode())))
    assert rows[0] == ["text", "n", "x", "any"]
    assert rows[1:4] == [["a", "1", "0.5", "b"], ["", "-5", "", "3.5"], ['多, "quoted"\nline', "", "-1.25", ""]]
    assert rows[4:] == rows[1:4]


def test_json_lines_keep_types_and_nulls() -> None:
    found = [json.loads(line) for line in written("jsonl", ROWS).decode().splitlines()]
    assert found[1] == {"text": None, "n": -5, "x": None, "any": 3.5}
    assert found[2]["text"] == '多, "quoted"\nline'


def test_xlsx_keeps_types() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(written("xlsx", ROWS))).active
    assert sheet is not None
    assert [list(row) for row in sheet.values] == [
        ["text", "n", "x", "any"],
        ["a", 1, 0.5, "b"],
        [None, -5, None, 3.5],
        ['多, "quoted"\nline', None, -1.25, None],
    ]


def test_parquet_keeps_types_and_writes_mixed_columns_as_text(tmp_path: Path) -> None:
    write_file(table(ROWS, ROWS), "parquet", tmp_path / "t.parquet")
    read = pq.read_table(tmp_path / "t.parquet")
    assert [str(kind) for kind in read.schema.types] == ["string", "int64", "double", "string"]
    assert read.column("any").to_pylist() == ["b", "3.5", None] * 2
    assert read.column("n").to_pylist() == [1, -5, None] * 2


def test_a_table_without_rows_has_its_header_in_every_format(tmp_path: Path) -> None:
    assert written("csv") == b"text,n,x,any\n"
    assert written("jsonl") == b""
    sheet = openpyxl.load_workbook(io.BytesIO(written("xlsx"))).active
    assert sheet is not None
    assert list(sheet.values) == [("text", "n", "x", "any")]
    write_file(table(), "parquet", tmp_path / "t.parquet")
    assert pq.read_table(tmp_path / "t.parquet").column_names == ["text", "n", "x", "any"]


@pytest.mark.parametrize("cell", LIVE)
def test_csv_puts_an_apostrophe_before_what_a_spreadsheet_would_run(cell: str) -> None:
    assert inert(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", [*DEAD, -5, -1.5, 0, None])
def test_csv_leaves_everything_else_as_it_is(cell: Any) -> None:
    assert inert(cell) == cell


@given(st.text(max_size=12))
@example("\u2003=1")
@example("\x0b=1")
def test_no_text_of_a_csv_begins_like_a_formula(written_text: str) -> None:
    cell = inert(written_text)
    stripped = cell.lstrip().lstrip("\ufeff\x00").lstrip()
    assert not stripped[:1] or stripped[0] not in "=+-@＝＋－＠"
    assert cell in (written_text, f"'{written_text}")


@pytest.mark.parametrize("cell", [*LIVE, *DEAD, "#N/A", "#REF!", "=SUM(A1:A2)"])
def test_xlsx_cells_of_texts_are_text_and_unchanged(cell: str) -> None:
    data = written("xlsx", [[cell], [1], [1.0], [cell]])
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    assert sheet is not None
    found = sheet.cell(2, 1), sheet.cell(2, 4)
    if not cell:
        assert [each.value for each in found] == [None, None]
        return
    assert [each.data_type for each in found] == ["s", "s"]
    kept = cell.replace("\x00", "\ufffd").replace("\r", "\n")  # XML has no NUL, and reads a return as a line break
    assert [each.value for each in found] == [kept, kept]


def test_xlsx_says_where_a_text_was_cut() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(written("xlsx", [["x" * 40_000], [1], [1.0], [None]]))).active
    assert sheet is not None
    cell = str(sheet.cell(2, 1).value)
    assert len(cell) == XLSX_TEXT_LIMIT
    assert cell.endswith("… [40,000 characters]")


def test_xlsx_refuses_more_rows_than_a_sheet_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "XLSX_ROWS", 6)
    with pytest.raises(TierwiseError, match=r"more than 5 rows.*use csv, jsonl or parquet"):
        write_file(table(ROWS, ROWS), "xlsx", tmp_path / "t.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_fails_half_way_leaves_what_was_there(tmp_path: Path) -> None:
    def broken() -> Iterator[Batch]:
        yield ROWS
        raise TierwiseError("the store went away")

    (tmp_path / "t.csv").write_text("before")
    with pytest.raises(TierwiseError, match="the store went away"):
        write_file(Table("t", table().fields, broken()), "csv", tmp_path / "t.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]
    assert (tmp_path / "t.csv").read_text() == "before"


def test_a_wrong_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(TierwiseError, match=r"the folder .*nowhere does not exist"):
        write_file(table(), "csv", tmp_path / "nowhere" / "t.csv")
    with pytest.raises(TierwiseError, match="is a folder; expected the name of a file"):
        write_bytes(tmp_path, b"")
    with pytest.raises(TierwiseError, match=r"no format 'xslx'; did you mean 'xlsx'"):
        write_table(table(), "xslx", io.BytesIO())


def test_a_pipe_or_a_device_is_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(TierwiseError, match="is a device or a pipe; expected the name of a file"):
        write_bytes(pipe, b"x")
    assert pipe.is_fifo()


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("needs Linux's /dev/full")
    with full.open("wb", buffering=0) as stream, pytest.raises(OSError, match="No space left"):
        write_table(table(ROWS), "csv", stream)


# --- what comes out of a store ----------------------------------------------------------------------------------

ORDERS = [
    Order(1, AS_OF - DAY, 90_000),
    Order(2, AS_OF - 5 * DAY, 500),
    Order(3, AS_OF - 400 * DAY, 700),
]


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    with open_store(store_url, zone="Asia/Shanghai") as store:
        add_customers(store, [1, 2, 3, 4])
        add_orders(store, ORDERS)
    with Engine.open(store_url, create=False) as opened:
        opened.publish(
            {
                "name": "Test",
                "guards": {"customers": None, "amount": None, "label": None, "silent_days": None},
                "policies": [{"key": "abc", "type": "abc", "params": {"crossing": "upper"}}, {"key": "life", "type": "lifecycle"}],
            }
        )
        opened.run(AS_OF)
        yield opened


def rows_of(engine: Engine, **options: Any) -> list[tuple[Any, ...]]:
    with engine.store.read() as connection:
        made = exports.assignments(connection, engine.run_record(), engine.zone, **options)
        return [row for batch in made.batches for row in zip(*batch, strict=True)]


SINCE = "2024-10-04T08:00:00+08:00"


def test_assignments_are_one_row_per_customer_and_output_that_has_a_value(engine: Engine) -> None:
    assert rows_of(engine) == [
        ("C1", "abc", "class", "A", SINCE),
        ("C1", "life", "stage", "new", SINCE),
        ("C2", "abc", "class", "C", SINCE),
        ("C2", "life", "stage", "new", SINCE),
        ("C3", "abc", "class", "C", SINCE),
        ("C3", "life", "stage", "lost", SINCE),
        ("C4", "life", "stage", "prospect", SINCE),
    ]


def test_assignments_by_policy_by_value_and_with_all_outputs(engine: Engine) -> None:
    assert [row[:4] for row in rows_of(engine, policy="abc")] == [
        ("C1", "abc", "class", "A"),
        ("C2", "abc", "class", "C"),
        ("C3", "abc", "class", "C"),
    ]
    assert [row[0] for row in rows_of(engine, value="new")] == ["C1", "C2"]
    scores = [row for row in rows_of(engine, policy="abc", all_outputs=True) if row[2] == "to_next"]
    assert scores[0] == ("C2", "abc", "to_next", 895.0, None)
    with pytest.raises(RunError, match=r"has no policy 'abd'; did you mean 'abc'"):
        rows_of(engine, policy="abd")


def test_since_is_the_moment_in_which_the_value_began(engine: Engine) -> None:
    engine.run(AS_OF + 40 * DAY)
    since = {(row[0], row[1]): row[4] for row in rows_of(engine)}
    assert since["C3", "life"] == SINCE
    assert since["C1", "life"] == "2024-11-13T08:00:00+08:00"


def test_changes_are_what_moved(engine: Engine) -> None:
    engine.run(AS_OF + 40 * DAY)
    frame = engine.changes()
    assert list(frame.columns) == ["customer", "policy", "output", "was", "now", "run", "as_of", "reason"]
    assert frame[["customer", "output", "was", "now"]].to_numpy().tolist() == [
        ["C1", "stage", "new", "active"],
        ["C2", "stage", "new", "active"],
    ]
    with engine.store.read() as connection:
        flows = exports.flows(connection, engine.run_record())
    assert flows == [{"output": "life.stage", "was": "new", "now": "active", "customers": 2}]


def test_a_customer_that_left_a_policy_has_a_reason(engine: Engine) -> None:
    engine.flag_not_graded("C2", "staff")
    engine.run(AS_OF + DAY)
    moved = {(row["customer"], row["policy"]): (row["was"], row["now"], row["reason"]) for row in engine.changes().to_dict("records")}
    assert moved["C2", "abc"][0] == "C"
    assert moved["C2", "abc"][2] == "not graded: staff"


def test_frames_and_empty_frames_have_the_same_columns(engine: Engine) -> None:
    frame = engine.assignments()
    assert list(frame.columns) == ["customer", "policy", "output", "value", "since"]
    assert len(frame) == 7
    assert list(engine.assignments(value="nothing").columns) == list(frame.columns)
    assert len(engine.changes()) == 0


FLAGS = """
from engine import Output, Policy, Text, hookimpl

class Bought(Policy):
    name = "bought"
    title = help = Text("Bought", "已购买")

    def inputs(self):
        return ("orders.count",)

    def outputs(self):
        return (Output("ever", kind="flag"),)

    def apply(self, columns, state):
        return {"ever": columns["orders.count"] > 0}

@hookimpl
def tierwise_policies():
    return [Bought]
"""


def test_flags_are_true_and_false_in_exports_changes_and_the_sql_view(store_url: str, tmp_path: Path) -> None:
    (tmp_path / "bought.py").write_text(FLAGS, encoding="utf-8")
    with open_store(store_url) as store:
        add_customers(store, [1, 2])
        add_orders(store, [Order(1, AS_OF, 500), Order(2, AS_OF + DAY, 500)])
    with Engine.open(store_url, create=False, plugins=[tmp_path / "bought.py"]) as engine:
        engine.publish(
            {
                "name": "Test",
                "guards": {"customers": None, "amount": None, "label": None},
                "policies": [{"key": "life", "type": "lifecycle"}, {"key": "b", "type": "bought"}],
            }
        )
        engine.run(AS_OF)
        assert [row[3] for row in rows_of(engine, policy="b")] == ["true", "false"]
        assert [row[0] for row in rows_of(engine, policy="b", value="true")] == ["C1"]
        engine.run(AS_OF + DAY)
        assert engine.changes().query("policy == 'b'")[["customer", "was", "now"]].to_numpy().tolist() == [["C2", "false", "true"]]
        with engine.store.read() as connection:
            seen = connection.execute(text("select customer_id, value from assignment where address = 'b.ever' order by 1")).all()
    assert [tuple(row) for row in seen] == [(1, "true"), (2, "true")]


def test_merged_customers_leave_the_current_assignments_at_once(engine: Engine) -> None:
    engine.join_customers("C1", "C2")
    assert {row[0] for row in rows_of(engine)} == {"C1", "C3", "C4"}


def test_customers_come_with_their_profile_and_every_id(engine: Engine) -> None:
    engine.import_facts(
        [{"customer": "C1", "name": "=SUM(A1)", "gender": "F", "birth_date": "1980-02-29", "income": "1234.56", "custom.vip": "yes"}],
        "customers",
    )
    engine.join_customers("C3", "C4")
    with engine.store.read() as connection:
        made = customer_export.customers(connection)
        rows = [dict(zip(made.names, row, strict=True)) for batch in made.batches for row in zip(*batch, strict=True)]
    found = {row["customer"]: row for row in rows}
    assert "C4" not in found
    assert found["C3"]["aliases"] == "test:C3; test:C4"
    mine = next(row for row in rows if row["name"] == "=SUM(A1)")
    assert (mine["gender"], mine["birth_date"], mine["income"]) == ("female", "1980-02-29", 1234.56)
    assert mine["custom.vip"] == "yes"


def test_rejected_rows_say_where_and_why(engine: Engine) -> None:
    engine.import_facts([{"customer": "C9", "income": "plenty"}], "customers")
    with engine.store.read() as connection:
        made = exports.rejected(connection)
        rows = [dict(zip(made.names, row, strict=True)) for batch in made.batches for row in zip(*batch, strict=True)]
    assert list(rows[0]) == ["file", "line", "column", "reason", "found", "expected", "row"]
    assert (rows[0]["line"], rows[0]["column"], rows[0]["found"]) == (1, "income", "plenty")
