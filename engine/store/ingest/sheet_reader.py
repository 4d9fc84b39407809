"""Read XLSX row by row, refusing archives that would unpack beyond reason before anything of them is parsed."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from engine.errors import FactError, did_you_mean
from engine.store.ingest.mapping import Mapping
from engine.store.ingest.readers import Chunk
from engine.workbooks import with_document_type

MAX_ROWS = 1_048_576
MAX_COLUMNS = 1_000
CHUNK_CELLS = 200_000
MAX_UNPACKED = 2 << 30
MAX_STRINGS = 256 << 20
"""Unpacked bytes of the shared texts, which openpyxl holds in memory."""
MAX_RATIO = 200
CHUNK = 20_000


class SheetReader:
    """One sheet of an XLSX workbook."""

    def __init__(self, path: Path, mapping: Mapping) -> None:
        from openpyxl import load_workbook

        self.path = path
        self._decimal = mapping.decimal
        self._line = 1
        _refuse_bombs(path)
        self._file = path.open("rb")  # by file, not by name: openpyxl judges names by their ending
        try:
            self._book = load_workbook(self._file, read_only=True, data_only=True, keep_links=False)
            self._sheet = self._pick(mapping.sheet)
            self._rows = self._sheet.iter_rows(values_only=True)
            self._position = self._header()
        except FactError:
            self._file.close()
            raise
        except Exception as error:  # openpyxl raises whatever its XML parser meets
            self._file.close()
            raise FactError(f"{path} is not a readable XLSX workbook: {error}") from None
        self.names: Sequence[str] = list(self._position)

    def _header(self) -> dict[str, int]:
        """The first row that holds anything, as column name → position."""
        where = f"{self.path}, sheet {self._sheet.title}"
        header = self._next()
        while header is not None and not any(_text(cell, ".") for cell in header):
            self._line += 1
            header = self._next()
        if header is None:
            raise FactError(f"{where}: the sheet is empty; expected a header row and rows")
        cells = [(_text(cell, ".") or "").strip() for cell in header[:MAX_COLUMNS]]
        position = {name: i for i, name in enumerate(cells) if name}
        if len(position) < sum(bool(name) for name in cells):
            raise FactError(f"{where}: a column name occurs more than once; give each column a name of its own")
        return position

    def _pick(self, name: str) -> Any:
        if not name:
            return self._book.worksheets[0]
        if name not in self._book.sheetnames:
            hint = did_you_mean(name, self._book.sheetnames) or f"it has {', '.join(self._book.sheetnames)}"
            raise FactError(f"{self.path} has no sheet {name!r}; {hint}")
        return self._book[name]

    def _next(self) -> Any:
        try:
            return next(self._rows, None)
        except Exception as error:
            raise FactError(f"{self.path}, sheet {self._sheet.title} cannot be read: {error}") from None

    def total(self) -> int | None:
        """As the sheet declares it, which may be wrong."""
        declared = self._sheet.max_row
        return int(declared) - 1 if declared else None

    def chunks(self, columns: Sequence[str]) -> Iterator[Chunk]:
        """Text columns; numbers and moments are written out exactly as the mapping would read them."""
        at = [self._position[name] for name in columns]
        most = max(100, min(CHUNK, CHUNK_CELLS // max(1, len(at))))
        line, held, lines = self._line + 1, [[] for _ in columns], []  # type: ignore[var-annotated]
        while (row := self._next()) is not None:
            if line > MAX_ROWS:
                raise FactError(f"{self.path} has more than {MAX_ROWS:,} rows; save it as CSV")
            for cells, i in zip(held, at, strict=True):
                cells.append(_text(row[i], self._decimal) if i < len(row) else None)
            lines.append(line)
            line += 1
            if len(lines) >= most:
                yield _chunk(columns, held, lines)
                held, lines = [[] for _ in columns], []
        if lines:
            yield _chunk(columns, held, lines)

    def close(self) -> None:
        """Close the file."""
        self._book.close()
        self._file.close()


def _chunk(columns: Sequence[str], held: list[list[str | None]], lines: list[int]) -> Chunk:
    return Chunk(np.array(lines, np.int64), {name: pa.array(cells, pa.string()) for name, cells in zip(columns, held, strict=True)})


def _text(cell: Any, decimal: str) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        text = str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else f"{cell:.15g}"
        return text.replace(".", decimal)
    if isinstance(cell, dt.datetime):
        return cell.isoformat(" ", "seconds")
    return str(cell)


def _refuse_bombs(path: Path) -> None:
    """The directory of the archive says how large everything becomes."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _refuse_sizes(path, entries)
            part = with_document_type(archive)
    except FactError:
        raise
    except Exception as error:  # zipfile and zlib raise whatever they meet
        raise FactError(f"{path} is not a readable XLSX workbook: {error}") from None
    if part is not None:
        raise FactError(f"{path} declares a document type in {part}, which no spreadsheet program does; save it as .xlsx again")


def _refuse_sizes(path: Path, entries: Sequence[zipfile.ZipInfo]) -> None:
    names = {entry.filename for entry in entries}
    if "xl/workbook.xml" not in names:
        raise FactError(f"{path} is a zip archive, but no XLSX workbook")
    unpacked = sum(entry.file_size for entry in entries)
    packed = max(sum(entry.compress_size for entry in entries), 1)
    texts = sum(entry.file_size for entry in entries if entry.filename.endswith("sharedStrings.xml"))
    if unpacked > MAX_UNPACKED or texts > MAX_STRINGS or len(entries) > 10_000:
        raise FactError(f"{path} would unpack to {unpacked:,} bytes; save it as CSV")
    if unpacked > 50 << 20 and unpacked / packed > MAX_RATIO:
        raise FactError(f"{path} would unpack to {unpacked / packed:,.0f} times its size, which no honest workbook does; save it as CSV")
