"""The formats: each writer takes a table and an open stream, and writes batch by batch."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any, BinaryIO

from engine.errors import TierwiseError
from engine.exporting.cells import inert, xlsx_text
from engine.exporting.table import Field, Table

XLSX_ROWS = 1_048_576
"""Rows that a sheet of XLSX can hold, the header included."""

Rows = int
Writer = Callable[[Table, BinaryIO], Rows]


def write_csv(table: Table, stream: BinaryIO) -> Rows:
    """Write UTF-8 CSV with a header; texts that a spreadsheet program would run are made inert."""
    text = io.TextIOWrapper(stream, encoding="utf-8", errors="replace", newline="", write_through=True)
    try:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([inert(name) for name in table.names])
        rows = 0
        for batch in table.batches:
            writer.writerows(zip(*([inert(cell) for cell in cells] for cells in batch), strict=True))
            rows += len(batch[0])
        return rows
    finally:
        text.detach()


def write_jsonl(table: Table, stream: BinaryIO) -> Rows:
    """Write one JSON object per line; what is not there is null."""
    names, rows = table.names, 0
    for batch in table.batches:
        lines = [json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) for row in zip(*batch, strict=True)]
        stream.write("".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))
        rows += len(lines)
    return rows


def write_xlsx(table: Table, stream: BinaryIO) -> Rows:
    """Write one sheet. Raises `TierwiseError` when the rows do not fit into a sheet."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet(table.name)
    sheet.freeze_panes = "A2"
    rows = 0
    try:
        sheet.append([_xlsx_cell(sheet, name) for name in table.names])
        for batch in table.batches:
            rows += len(batch[0])
            if rows >= XLSX_ROWS:
                raise TierwiseError(
                    f"the table has more than {XLSX_ROWS - 1:,} rows, which is all that a sheet of XLSX can hold; use csv, jsonl or parquet"
                )
            for row in zip(*batch, strict=True):
                sheet.append([_xlsx_cell(sheet, cell) for cell in row])
        book.save(stream)
    except BaseException:
        sheet.close()
        raise
    return rows


def _xlsx_cell(sheet: Any, cell: Any) -> Any:
    """A text always becomes a text cell: openpyxl would make formulas of "=..." and errors of "#N/A"."""
    from openpyxl.cell import WriteOnlyCell

    if not isinstance(cell, str):
        return cell
    text = xlsx_text(cell)
    if not text.startswith(("=", "#")):
        return text
    made = WriteOnlyCell(sheet, value=text)
    made.data_type = "s"
    return made


def write_parquet(table: Table, stream: BinaryIO) -> Rows:
    """Write one row group per batch, zstd-compressed."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"text": pa.string(), "any": pa.string(), "integer": pa.int64(), "number": pa.float64()}
    schema = pa.schema([pa.field(field.name, kinds[field.kind]) for field in table.fields])
    rows = 0
    with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
        for batch in table.batches:
            columns = [_parquet_column(cells, field) for cells, field in zip(batch, table.fields, strict=True)]
            writer.write_batch(pa.record_batch(columns, schema=schema))
            rows += len(columns[0])
    return rows


def _parquet_column(cells: Any, field: Field) -> Any:
    import pyarrow as pa

    if field.kind == "any":
        cells = [None if cell is None else cell if isinstance(cell, str) else json.dumps(cell) for cell in cells]
    if field.kind in ("integer", "number"):
        return pa.array(cells, pa.int64() if field.kind == "integer" else pa.float64())
    return pa.array([None if cell is None else str(cell) for cell in cells], pa.string())


WRITERS: dict[str, Writer] = {"csv": write_csv, "xlsx": write_xlsx, "parquet": write_parquet, "jsonl": write_jsonl}
"""Format name to writer."""

TEXT_FORMATS = ("csv", "jsonl")
"""Formats that may go to standard output."""
