"""Decision tables as files in memory: what a browser sends or takes, through the spreadsheets of `engine.tables`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from engine.tables.spreadsheet import read_spreadsheet, write_spreadsheet
from engine.tables.table import DecisionTable


def table_file(document: Any, ending: str) -> bytes:
    """A table as the bytes of a spreadsheet. ending: "xlsx" or "csv". Raises `RulebookError` for a faulty table or another ending."""
    table = DecisionTable.load(document)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"table.{ending}"
        write_spreadsheet(table, path)
        return path.read_bytes()


def table_of_file(name: str, data: bytes) -> dict[str, Any]:
    """The document of the table in a spreadsheet. name: of the file, for its ending. Raises `RulebookError` with every fault."""
    ending = Path(name).suffix.lower()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"table{ending}"
        path.write_bytes(data)
        return read_spreadsheet(path).document
