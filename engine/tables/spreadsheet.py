"""Spreadsheets: write a decision table to XLSX or CSV, and read it back.

Layout: cell A1 holds "hit policy" and B1 the policy. Row 2 names the columns, row 3 says what each is: "input",
"output", or "note". Rows from 4 on are the rules; a last row whose first cell is "default" holds the default outputs.
An output with declared values lists them in row 3: `output: "A", "B", "C"`.

Every cell is written as text and none as a formula: in XLSX by its cell type, in CSV by a leading apostrophe before
`=`, `+`, `@`, a tab, or a minus that starts no number. Reading takes the apostrophe away again, and refuses formulas.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.errors import Fault, RulebookError
from engine.kinds import ColumnKind, shown
from engine.tables.cells import parse_cell, write
from engine.tables.document import OutputColumn
from engine.tables.reader import INPUT_LIMIT, OUTPUT_LIMIT, ROW_LIMIT
from engine.tables.table import DecisionTable
from engine.tables.tokens import CellError, read_tokens
from engine.workbooks import with_document_type

SIZE_LIMIT = 32_000_000
"""Bytes of an unpacked workbook, or of a CSV file: a small archive can hide a large one."""

COLUMN_LIMIT = INPUT_LIMIT + OUTPUT_LIMIT + 1
DANGEROUS = ("=", "+", "@", "\t", "\r", "＝", "＋", "＠")


def write_spreadsheet(table: DecisionTable, path: str | Path) -> None:
    """Write a table to a file that ends in .xlsx or .csv. Raises `RulebookError` for another ending."""
    target = Path(path)
    rows = list(_rows(table))
    if _ending(target) == ".csv":
        target.write_text(_csv(rows), encoding="utf-8-sig", newline="")
    else:
        _write_xlsx(rows, target)


def read_spreadsheet(path: str | Path, *, columns: Mapping[str, ColumnKind] | None = None) -> DecisionTable:
    """Read a table from .xlsx or .csv. Raises `RulebookError` with all faults, naming spreadsheet cells and rule rows."""
    source = Path(path)
    grid = list(_read_csv(source)) if _ending(source) == ".csv" else _read_xlsx(source)
    return DecisionTable.load(_document(grid), columns=columns)


def _ending(path: Path) -> str:
    if path.suffix.lower() in (".csv", ".xlsx"):
        return path.suffix.lower()
    raise _refused(path.name, f"the ending {path.suffix or 'is missing'}", ".xlsx or .csv")


def _refused(place: str, found: str, expected: str) -> RulebookError:
    return RulebookError("the spreadsheet cannot be read as a decision table", [Fault("TW334", place, found, expected)])


def _rows(table: DecisionTable) -> Iterator[list[str]]:
    data = table.data
    notes = any(data.notes)
    yield ["hit policy", data.hit_policy]
    yield [*data.inputs, *(output.name for output in data.outputs), *(["note"] if notes else [])]
    yield [*("input" for _ in data.inputs), *map(_role, data.outputs), *(["note"] if notes else [])]
    for when, then, note in zip(data.when, data.then, data.notes, strict=True):
        yield [*map(str, when), *map(_value, then), *([note] if notes else [])]
    if data.default is not None:
        yield ["default", *("" for _ in data.inputs[1:]), *map(_value, data.default), *([""] if notes else [])]


def _role(output: OutputColumn) -> str:
    word = "output date" if output.kind == "date" else "output"
    return f"{word}: {', '.join(map(write, output.values))}" if output.declared and output.values else word


def _value(value: Any) -> str:
    """An output value: a text plainly, unless it would be read as something else."""
    if isinstance(value, str) and _output_value(value) == value and value.strip() == value:
        return value
    return "null" if value is None else write(value)


def _output_value(text: str) -> Any:
    """The value that an output cell stands for: a literal of the cell language if it is one, else the text itself."""
    if text.strip() in ("", "null"):
        return None
    try:
        tokens = read_tokens(text)
    except CellError:
        return text.strip()
    literal = tokens[0].value
    if len(tokens) == 2 and literal is not None:
        return literal.isoformat() if isinstance(literal, dt.date) else literal
    return text.strip()


def _csv(rows: Iterable[Sequence[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows([_inert(cell) for cell in row] for row in rows)
    return buffer.getvalue()


def _inert(text: str) -> str:
    minus = text.startswith("-") and text != "-" and not text[1:2].isdigit()
    return f"'{text}" if text.startswith(DANGEROUS) or minus or text.startswith("'") else text


def _write_xlsx(rows: Sequence[Sequence[str]], path: Path) -> None:
    from openpyxl import Workbook  # imported here: reading and writing sheets is rare, and the import takes 0.2 s
    from openpyxl.cell.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("decision table")
    for row in rows:
        cells = []
        for text in row:
            cell = WriteOnlyCell(sheet, value=text)
            cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
    book.save(path)


def _read_csv(path: Path) -> Iterator[list[str]]:
    if path.stat().st_size > SIZE_LIMIT:
        raise _refused(path.name, f"a file of {path.stat().st_size:,} bytes", f"at most {SIZE_LIMIT:,}")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused(path.name, f"no UTF-8 text at byte {error.start:,}", "save as CSV UTF-8") from None
    try:
        for at, row in enumerate(csv.reader(io.StringIO(text, newline=""))):
            if at > ROW_LIMIT + 10 or len(row) > COLUMN_LIMIT:
                raise _refused(path.name, "too many rows or columns", f"at most {ROW_LIMIT:,} rules and {COLUMN_LIMIT} columns")
            yield [cell[1:] if cell.startswith("'") else cell for cell in row]
    except csv.Error as error:
        raise _refused(path.name, f"no CSV: {error}", "commas between cells, double quotes around texts") from None


def _read_xlsx(path: Path) -> list[list[str]]:
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            if size > SIZE_LIMIT:
                raise _refused(path.name, f"a workbook of {size:,} bytes unpacked", f"at most {SIZE_LIMIT:,}")
            if with_document_type(archive) is not None:
                raise _refused(path.name, "a document type in its XML", "an .xlsx file saved by a spreadsheet program")
        book = load_workbook(path, read_only=True, data_only=False, keep_links=False)
    except RulebookError:
        raise
    except Exception as error:  # zipfile, zlib and the XML parser raise whatever they meet
        raise _refused(path.name, f"no workbook ({type(error).__name__})", "an .xlsx file saved by a spreadsheet program") from None
    try:
        grid = []
        for at, row in enumerate(book.worksheets[0].iter_rows(max_col=COLUMN_LIMIT + 1), 1):
            if at > ROW_LIMIT + 10:
                raise _refused(path.name, "too many rows", f"at most {ROW_LIMIT:,} rules")
            grid.append([_sheet_text(cell, f"{path.name} row {at}") for cell in row])
        return grid
    except RulebookError:
        raise
    except Exception as error:
        raise _refused(path.name, f"no workbook ({type(error).__name__})", "an .xlsx file saved by a spreadsheet program") from None
    finally:
        book.close()


def _sheet_text(cell: Any, place: str) -> str:
    value = cell.value
    if cell.data_type == "f":
        raise _refused(place, f"the formula {shown(str(value))}", "a value; rules hold no formulas")
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    return write(value) if isinstance(value, int | float) else str(value)


def _document(grid: Sequence[Sequence[str]]) -> dict[str, Any]:
    lines = [(at, [cell.strip() for cell in row]) for at, row in enumerate(grid, 1) if any(cell.strip() for cell in row)]
    if len(lines) < 3 or lines[0][1][0].lower() != "hit policy":
        raise _refused("cell A1", "not the head of a decision table", 'A1 "hit policy", row 2 the names, row 3 the roles, then the rules')
    policy, names, roles = (line for _, line in lines[:3])
    width = max((at for at, role in enumerate(roles, 1) if role), default=0)
    if not width:
        raise _refused(f"row {lines[2][0]}", "no roles", '"input", "output" or "note" under each name')
    kinds = [role.split(":")[0].strip().lower() for role in roles[:width]]
    for at, kind in enumerate(kinds):
        if kind not in ("input", "output", "output date", "note"):
            raise _refused(f"row {lines[2][0]}, column {at + 1}", f"the role {shown(kind)}", '"input", "output" or "note"')
    if kinds[0] != "input":
        raise _refused(f"row {lines[2][0]}, column 1", f"the role {shown(kinds[0])}", "the first column is an input")
    places = {word: [at for at, kind in enumerate(kinds) if kind.startswith(word)] for word in ("input", "output", "note")}
    document: dict[str, Any] = {
        "inputs": [_at(names, at) for at in places["input"]],
        "outputs": [_output(_at(names, at), roles[at], kinds[at]) for at in places["output"]],
        "hit_policy": _at(policy, 1),
        "rows": [],
    }
    for _, line in lines[3:]:
        then = [_output_value(_at(line, at)) for at in places["output"]]
        if line[0].lower() == "default":
            document["default"] = then
            continue
        row: dict[str, Any] = {"when": [_at(line, at) for at in places["input"]], "then": then}
        document["rows"].append(row | ({"note": _at(line, places["note"][0])} if places["note"] else {}))
    return document


def _at(row: Sequence[str], at: int) -> str:
    return row[at] if at < len(row) else ""


def _output(name: str, role: str, kind: str) -> Any:
    values = role.partition(":")[2].strip()
    found: dict[str, Any] = {"name": name}
    if kind == "output date":
        found["kind"] = "date"
    if values:
        try:
            listed = parse_cell(values).literals
        except CellError as error:
            raise _refused(f"the values of output {name}", error.found, error.expected) from None
        found["values"] = [value.isoformat() if isinstance(value, dt.date) else value for value in listed]
    return found
