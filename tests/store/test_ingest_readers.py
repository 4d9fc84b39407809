"""Files as they come: every format gives the same facts, and what cannot be read is said in words, with nothing stored."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.errors import FactError
from engine.store.ingest import csv_reader, import_file, sheet_reader
from engine.store.session import Store
from tests.store.imports import ACTOR, bring, everything, make_store, mapping, query, rejected_reasons, stored_orders

ROWS: list[tuple[Any, ...]] = [
    ("o1", "a", dt.datetime(2025, 1, 1, 10, 30), "p1", 2, 1.5),
    ("o1", "a", dt.datetime(2025, 1, 1, 10, 30), "p2", 0.5, 3.3333),
    ("2", "b", dt.datetime(2025, 1, 2), "p1", 1, 10),
]
NAMES = ["order", "customer", "ordered_at", "product", "quantity", "unit_price"]


@pytest.fixture
def local(sqlite_url: str) -> Iterator[Store]:
    with make_store(sqlite_url, customers=["a", "b"]) as store:
        yield store


def parquet_with_a_column_twice() -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table([["a"]] * 2, names=["order", "order"]), file)
    return file.getvalue()


def csv_text() -> str:
    return ",".join(NAMES) + "\n" + "".join(",".join(map(str, row)) + "\n" for row in ROWS)


def sheet(rows: list[Any], title: str = "Sheet") -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = title
    for row in rows:
        page.append(row)
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def parquet(columns: dict[str, Any]) -> bytes:
    held = io.BytesIO()
    pq.write_table(pa.table(columns), held)
    return held.getvalue()


FORMATS = {
    "csv": lambda: csv_text().encode(),
    "csv with a byte order mark": lambda: b"\xef\xbb\xbf" + csv_text().encode(),
    "csv with windows line ends": lambda: csv_text().replace("\n", "\r\n").encode(),
    "csv with quotes": lambda: csv_text().replace("o1", '"o1"').encode(),
    "gzip": lambda: gzip.compress(csv_text().encode()),
    "xlsx": lambda: sheet([NAMES, *ROWS]),
    "parquet": lambda: parquet({name: [row[i] for row in ROWS] for i, name in enumerate(NAMES)}),
    "parquet of categories and decimals": lambda: parquet(
        {
            "order": pa.array([row[0] for row in ROWS]).dictionary_encode(),
            "customer": pa.array([row[1] for row in ROWS], pa.large_string()),
            "ordered_at": pa.array([row[2] for row in ROWS], pa.timestamp("ns")),
            "product": pa.array([row[3] for row in ROWS]),
            "quantity": pa.array([str(row[4]) for row in ROWS], pa.string()).cast(pa.decimal128(10, 2)),
            "unit_price": pa.array([row[5] for row in ROWS], pa.float64()),
        }
    ),
}


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_gives_the_same_facts(local: Store, tmp_path: Path, form: str) -> None:
    report = bring(local, tmp_path, "tierwise/lines", FORMATS[form](), name="facts.any")
    assert (report.rows, report.created) == (3, 2)
    t1, t2 = 1_735_727_400, 1_735_776_000
    assert stored_orders(local) == {
        "o1": ("a", t1, 0, 467, (("p1", 2000, 15_000, 300), ("p2", 500, 33_333, 167))),
        "2": ("b", t2, 0, 1000, (("p1", 1000, 100_000, 1000),)),
    }


def bomb() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (60 << 20))
    return held.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n", "has no header"),
        (csv_text().split("\n")[0].encode() + b"\n", "has a header but no rows"),
        (csv_text().replace(",", ";").encode(), "did you mean delimiter: ';'?"),
        (csv_text().replace(",", "\t").encode(), r"did you mean delimiter: '\t'?"),
        (csv_text().replace("p2", "ö").encode("cp1252"), "is not utf-8 text, see line 3; did you mean encoding: cp1252?"),
        (csv_text().replace("p2", "客户产品").encode("gb18030"), "is not utf-8 text, see line 3; did you mean encoding: gb18030?"),
        (csv_text().encode("utf-16"), "is utf-16 text; the mapping says utf-8"),
        (b"\x00\x01\x02binary", "holds zero bytes and is no text"),
        (b"order,order,customer\n1,2,3\n", "has the column 'order' more than once"),
        (csv_text().replace("\n", "\r").encode(), "in the way of old Macs"),
        (parquet_with_a_column_twice(), "has the column 'order' more than once"),
        (gzip.compress(csv_text().encode() * 500)[:-200], "is not a readable gzip file"),
        (b"PAR1 but nothing else", "is not a readable Parquet file"),
        (b"PK\x03\x04 but no archive", "is not a readable XLSX workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel file"),
        (bomb(), "would unpack to"),
        (sheet([]), "the sheet is empty"),
        (sheet([["order", "order"], [1, 2]]), "more than once"),
        (
            b'order,customer,ordered_at,product,quantity,unit_price\n"o1,a\n' + b"x\n" * csv_reader.LONGEST_BROKEN,
            "row 2 is longer than 65,536 characters; is a quotation",
        ),
        (csv_text().encode() + b'"' + b"x\n" * csv_reader.BLOCK_BYTES, "is a quotation mark not closed?"),
    ],
)
def test_a_file_that_cannot_be_read_stores_nothing(local: Store, tmp_path: Path, content: bytes, said: str) -> None:
    before = everything(local), query(local, "select count(*) from import_batch")
    with pytest.raises(FactError) as error:
        bring(local, tmp_path, "tierwise/lines", content)
    assert said in str(error.value)
    assert (everything(local), query(local, "select count(*) from import_batch")) == before


def test_a_late_wrong_byte_stores_nothing(local: Store, tmp_path: Path) -> None:
    text = ",".join(NAMES) + "\n" + "".join(f"o{i},a,2025-01-01,p,1,1\n" for i in range(20_000)) + "o,a,2025-01-01,\xff,1,1\n"
    with pytest.raises(FactError, match="is not utf-8 text, see line 20002"):
        bring(local, tmp_path, "tierwise/lines", text.encode("latin-1"))
    assert stored_orders(local) == {}


def test_missing_files_and_folders_are_named(local: Store, tmp_path: Path) -> None:
    with pytest.raises(FactError, match=r"nowhere\.csv cannot be read: No such file"):
        import_file(local, tmp_path / "nowhere.csv", mapping(local, "tierwise/lines"), actor=ACTOR)
    with pytest.raises(FactError, match="is a folder"):
        import_file(local, tmp_path, mapping(local, "tierwise/lines"), actor=ACTOR)


def test_rows_keep_their_numbers_beside_broken_and_blank_ones(local: Store, tmp_path: Path) -> None:
    text = (
        ",".join(NAMES)
        + "\nbad,a\n\no1,a,2025-01-01,p,x,1\ntoo,many,cells,in,this,row,here\no2,a,2025-01-01,p,1,1\no3,a,2025-01-01,p,y,1\n"
    )
    report = bring(local, tmp_path, "tierwise/lines", text)
    assert (report.rows, report.accepted, report.ignored) == (6, 1, {"blank line": 1})
    found = query(local, "select line, reason from rejected_row order by line")
    assert found == [(2, "wrong number of cells"), (4, "not a number"), (5, "wrong number of cells"), (7, "not a number")]


def test_numbers_in_parquet_are_checked(local: Store, tmp_path: Path) -> None:
    amounts = [1.0, float("nan"), float("inf"), -2.0, 1e300, 0.125, None, 0.1 + 0.2]
    columns = {"order": list(range(8)), "customer": ["a"] * 8, "ordered_at": [dt.date(2025, 1, 1)] * 8, "amount": amounts}
    report = bring(local, tmp_path, "tierwise/orders", parquet(columns), name="o.parquet")
    assert rejected_reasons(report) == {
        "not a finite number": 2,
        "negative amount on a sale": 1,
        "too large": 1,
        "too many digits after the point": 1,
        "missing value": 1,
    }
    assert report.amount == 130


def test_a_nested_parquet_column_is_refused(local: Store, tmp_path: Path) -> None:
    columns = {"order": [[1]], "customer": ["a"], "ordered_at": ["2025-01-01"], "amount": [1]}
    with pytest.raises(FactError, match="column order holds list"):
        bring(local, tmp_path, "tierwise/orders", parquet(columns), name="o.parquet")


def test_a_sheet_is_chosen_by_name(local: Store, tmp_path: Path) -> None:
    document = "kind: lines\nsource: main\ncolumns: native\nsheet: Orders\n"
    bring(local, tmp_path, document, sheet([NAMES, *ROWS], "Orders"), name="book.xlsx")
    with pytest.raises(FactError, match=r"has no sheet 'Orders'; did you mean 'Order'\?"):
        bring(local, tmp_path, document, sheet([NAMES, *ROWS], "Order"), name="book.xlsx")


def test_a_long_sheet_is_refused(local: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_reader, "MAX_ROWS", 3)
    with pytest.raises(FactError, match="has more than 3 rows; save it as CSV"):
        bring(local, tmp_path, "tierwise/lines", sheet([NAMES, *ROWS]), name="book.xlsx")


def test_cells_of_a_sheet_with_decimal_comma(local: Store, tmp_path: Path) -> None:
    document = "kind: orders\nsource: main\ndecimal: ','\nthousands: '.'\ncolumns: native\n"
    rows = [["order", "customer", "ordered_at", "amount"], [1, "a", dt.date(2025, 1, 1), 1234.5], [2, "a", "2025-01-01", "1.234,5"]]
    report = bring(local, tmp_path, document, sheet(rows), name="book.xlsx")
    assert report.amount == 246_900
