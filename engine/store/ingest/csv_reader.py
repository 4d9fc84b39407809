"""Read CSV as text columns with pyarrow's streaming reader; typing comes later, where a bad cell can be named."""

from __future__ import annotations

import csv
import gzip as gz
import io
import os
import re
import zlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc

from engine.errors import FactError
from engine.store.ingest.mapping import Mapping
from engine.store.ingest.parsed import Array, Ints
from engine.store.ingest.readers import CHUNK_ROWS, BrokenRow, Chunk

BLOCK_BYTES = 2 << 20
"""Bytes read at once, and so the longest row that can be read."""

LONGEST_BROKEN = 1 << 16
"""A row with a wrong number of cells that is longer than this has swallowed other rows."""

SAMPLE_BYTES = 1 << 20
"""Of the file's beginning, from which the number of its rows is estimated."""

MAX_COLUMNS = 4_000
HEAD_BYTES = 1 << 16
_BOMS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


class CsvReader:
    """A CSV file, plain or gzip, in any encoding that Python knows."""

    def __init__(self, path: Path, mapping: Mapping, *, gzip: bool) -> None:
        self.path = path
        self._mapping = mapping
        self._gzip = gzip
        self._raw: Any = None
        self._rows = 0
        self._broken: list[BrokenRow] = []
        self._runaway = 0
        self.names = self._header()

    def _header(self) -> list[str]:
        """Read the header by itself, to say what is wrong with the file in words."""
        try:
            with gz.open(self.path) if self._gzip else self.path.open("rb") as file:
                head = file.read(HEAD_BYTES)
        except (OSError, EOFError, zlib.error) as error:
            raise FactError(f"{self.path} is not a readable gzip file: {error}") from None
        encoding = self._mapping.encoding
        bom = _BOMS.get(head[:2])
        if bom and not encoding.lower().replace("_", "-").startswith("utf-16"):
            raise FactError(f"{self.path} is {bom} text; the mapping says {encoding}: add encoding: {bom}")
        if b"\x00" in head and not encoding.lower().startswith("utf-16"):
            raise FactError(f"{self.path} holds zero bytes and is no text; expected CSV, Parquet or XLSX")
        first = io.BytesIO(head).readline() if not encoding.lower().startswith("utf-16") else head
        try:
            text = (first if len(head) == HEAD_BYTES else head).decode(encoding, "strict" if len(head) < HEAD_BYTES else "ignore")
        except UnicodeDecodeError as error:
            raise FactError(self._encoding_message(head, error.start)) from None
        if "\r" in text.strip("\r\n") and "\n" not in text:
            raise FactError(f"{self.path} ends its lines in the way of old Macs (CR alone); save it with line ends LF or CRLF")
        try:
            line = next(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=self._mapping.delimiter), [])
        except csv.Error as error:
            raise FactError(f"{self.path}: the header cannot be read as CSV: {error}") from None
        return self._checked([name.strip() for name in line])

    def _checked(self, names: list[str]) -> list[str]:
        if not any(names):
            raise FactError(f"{self.path} has no header; expected a first line with the names of the columns")
        if len(names) == 1:
            other = next((mark for mark in (";", "\t", "|", ",") if mark != self._mapping.delimiter and mark in names[0]), None)
            if other:
                raise FactError(
                    f"{self.path} has one column named {names[0][:60]!r}: the delimiter is {self._mapping.delimiter!r} by the mapping, "
                    f"but {other!r} in the file; did you mean delimiter: {other!r}?"
                )
        if len(names) > MAX_COLUMNS:
            raise FactError(f"{self.path} has {len(names):,} columns; expected at most {MAX_COLUMNS:,}")
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise FactError(f"{self.path} has the column {twice[0]!r} more than once; give each column a name of its own")
        return names

    def _encoding_message(self, data: bytes, start: int) -> str:
        line = data.count(b"\n", 0, start) + 1
        guess = next((name for name in ("utf-8", "gb18030", "cp1252") if name != self._mapping.encoding and _decodes(data, name)), "")
        hint = f"; did you mean encoding: {guess}?" if guess else ""
        return f"{self.path} is not {self._mapping.encoding} text, see line {line}{hint}"

    def total(self) -> int | None:
        """Estimated from how many lines the first megabyte has."""
        return max(self._rows, self._about) or None

    @cached_property
    def _about(self) -> int:
        """Lines but the header, if all are as long as the first ones. gzip ends with the size of what is in it, modulo 4 GB (RFC 1952)."""
        try:
            with gz.open(self.path) if self._gzip else self.path.open("rb") as file:
                sample = file.read(SAMPLE_BYTES)
        except (OSError, EOFError, zlib.error):  # told where the rows are read
            return 0
        if len(sample) < SAMPLE_BYTES:
            return sample.rstrip(b"\r\n\0").count(b"\n")
        size = self.path.stat().st_size
        if self._gzip:
            with self.path.open("rb") as file:
                file.seek(-4, os.SEEK_END)
                size = max(size, int.from_bytes(file.read(4), "little"))
        return int(size * sample.count(b"\n") / len(sample))

    def chunks(self, columns: Sequence[str]) -> Iterator[Chunk]:
        """Text columns, up to `CHUNK_ROWS` rows at a time."""
        wanted = list(columns)
        line = 2
        try:
            reader = self._open(wanted)
            for batch in _gathered(reader):
                lines, line, broken = self._numbered(batch.num_rows, line)
                self._rows = line - 2
                yield Chunk(lines, {name: _column(batch, name) for name in wanted}, broken)
            if self._broken:
                yield Chunk(np.zeros(0, np.int64), {name: pa.array([], pa.string()) for name in wanted}, self._take_broken(1 << 62))
        except UnicodeDecodeError:
            raise FactError(f"{self.path} is not {self._mapping.encoding} text, see after line {line:,}") from None
        except pa.ArrowInvalid as error:
            raise FactError(self._meaning(str(error), line)) from None
        except (OSError, EOFError, zlib.error) as error:
            raise FactError(f"{self.path} breaks off after row {line:,}: {error}") from None

    def _open(self, columns: list[str]) -> Any:
        self._raw = self.path.open("rb")
        stream: Any = gz.GzipFile(fileobj=self._raw) if self._gzip else self._raw
        return pc.open_csv(
            stream,
            pc.ReadOptions(
                use_threads=False, block_size=BLOCK_BYTES, column_names=self.names, skip_rows=1, encoding=self._mapping.encoding
            ),
            pc.ParseOptions(
                delimiter=self._mapping.delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=self._note_broken
            ),
            pc.ConvertOptions(
                column_types={name: pa.string() for name in columns},
                include_columns=columns,
                strings_can_be_null=False,
                check_utf8=True,
            ),
        )

    def _note_broken(self, row: Any) -> str:
        if len(row.text) > LONGEST_BROKEN:
            self._runaway = self._runaway or row.number
        self._broken.append(BrokenRow(row.number or 0, row.actual_columns, row.expected_columns, row.text))
        return "skip"

    def _numbered(self, count: int, line: int) -> tuple[Ints, int, list[BrokenRow]]:
        """Number the rows, leaving out the numbers of broken ones."""
        lines = np.arange(line, line + count)
        for row in sorted(self._broken, key=lambda each: each.line):
            if row.line < line or row.line > line + count - 1 + len(self._broken):
                continue
            lines[lines >= row.line] += 1
        end = int(lines[-1]) + 1 if count else line
        return lines, end, self._take_broken(end)

    def _take_broken(self, before: int) -> list[BrokenRow]:
        if self._runaway:
            raise FactError(
                f"{self.path}: row {self._runaway:,} is longer than {LONGEST_BROKEN:,} characters; is a quotation mark not closed?"
            )
        taken = [row for row in self._broken if row.line < before]
        self._broken = [row for row in self._broken if row.line >= before]
        return taken

    def _meaning(self, message: str, line: int) -> str:
        if "UTF8" in message:
            start, data = _first_bad_byte(self.path, self._gzip)
            return self._encoding_message(data, start)
        if "straddling" in message:
            return f"{self.path} has a row longer than {BLOCK_BYTES:,} bytes after row {line:,}; is a quotation mark not closed?"
        if "Empty CSV" in message:
            return f"{self.path} is empty; expected a header line and rows"
        return f"{self.path} cannot be read as CSV after row {line:,}: {re.sub(r'^CSV parse error: ', '', message)}"

    def close(self) -> None:
        """Close the file."""
        if self._raw is not None:
            self._raw.close()


def _gathered(reader: Any) -> Iterator[Any]:
    """Join the reader's blocks into chunks, so that grouping and writing work on enough rows at once."""
    held: list[Any] = []
    count = 0
    for batch in reader:
        held.append(batch)
        count += batch.num_rows
        if count >= CHUNK_ROWS:
            yield pa.Table.from_batches(held).combine_chunks()
            held, count = [], 0
    if held:
        yield pa.Table.from_batches(held).combine_chunks()


def _column(table: Any, name: str) -> Array:
    chunks = table.column(name).chunks
    return chunks[0] if len(chunks) == 1 else pa.concat_arrays(chunks) if chunks else pa.array([], pa.string())


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        return error.start > len(data) - 4  # the head may end inside a character
    return True


def _first_bad_byte(path: Path, gzip: bool) -> tuple[int, bytes]:
    """Where the first byte stands that is no UTF-8, with what comes before it; for an error message only."""
    with gz.open(path) if gzip else path.open("rb") as file:
        data = file.read(64 << 20)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start, data[: error.start + 200]
    return len(data), data
