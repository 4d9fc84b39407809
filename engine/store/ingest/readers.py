"""Read a file in chunks: CSV (also gzip), Parquet, XLSX. Memory does not grow with the file.

A reader opens the file and knows its columns; a file that cannot be read at all is a `FactError` before anything is
written. Rows are numbered as in a spreadsheet: the header is row 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from engine.errors import FactError
from engine.store.ingest.mapping import Mapping
from engine.store.ingest.parsed import Array, Ints

CHUNK_ROWS = 100_000


@dataclass(slots=True)
class BrokenRow:
    """A row with another number of cells than the header."""

    line: int
    cells: int
    expected: int
    text: str


@dataclass(slots=True)
class Chunk:
    """Some rows of a file.

    lines: per row its number in the file. columns: name of the column in the file → pyarrow array.
    """

    lines: Ints
    columns: dict[str, Array]
    broken: list[BrokenRow] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.lines)


class Reader(Protocol):
    """An opened file."""

    @property
    def names(self) -> Sequence[str]:
        """The columns of the file."""

    def total(self) -> int | None:
        """About how many rows the file has, as far as is known by now."""

    def chunks(self, columns: Sequence[str]) -> Iterator[Chunk]:
        """The rows, with these columns only."""

    def close(self) -> None:
        """Close the file."""


def open_reader(path: Path, mapping: Mapping) -> Reader:
    """Open a file by what it is: its first bytes count, not its name. Raises `FactError`."""
    from engine.store.ingest.csv_reader import CsvReader
    from engine.store.ingest.sheet_reader import SheetReader

    try:
        with path.open("rb") as file:
            head = file.read(8)
    except IsADirectoryError:
        raise FactError(f"{path} is a folder; expected a file") from None
    except OSError as error:
        raise FactError(f"{path} cannot be read: {error.strerror}") from None
    if not head:
        raise FactError(f"{path} is empty; expected a header line and rows")
    if head.startswith(b"PAR1"):
        return ParquetReader(path)
    if head.startswith(b"PK\x03\x04"):
        return SheetReader(path, mapping)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise FactError(f"{path} is an old Excel file (.xls) or an encrypted one; save it as .xlsx or CSV")
    return CsvReader(path, mapping, gzip=head.startswith(b"\x1f\x8b"))


class ParquetReader:
    """A Parquet file, by row groups."""

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq

        self.path = path
        try:
            self._file = pq.ParquetFile(path, memory_map=False, pre_buffer=False)
        except (pa.ArrowInvalid, OSError) as error:
            raise FactError(f"{path} is not a readable Parquet file: {str(error).splitlines()[0]}") from None
        self.names: Sequence[str] = list(self._file.schema_arrow.names)
        twice = next((name for name in self.names if self.names.count(name) > 1), None)
        if twice is not None:
            self._file.close()
            raise FactError(f"{path} has the column {twice!r} more than once; give each column a name of its own")

    def total(self) -> int | None:
        """Parquet says how many rows it has."""
        return int(self._file.metadata.num_rows)

    def chunks(self, columns: Sequence[str]) -> Iterator[Chunk]:
        """Batches of up to `CHUNK_ROWS` rows."""
        line = 2
        try:
            for batch in self._file.iter_batches(batch_size=CHUNK_ROWS, columns=list(columns)):
                found = {name: plain(batch.column(batch.schema.get_field_index(name)), name, self.path) for name in columns}
                yield Chunk(np.arange(line, line + batch.num_rows), found)
                line += batch.num_rows
        except (pa.ArrowInvalid, OSError) as error:
            raise FactError(f"{self.path} breaks off near row {line:,}: {str(error).splitlines()[0]}") from None

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def plain(array: Any, name: str, path: Path) -> Array:
    """Bring the many Arrow types of a Parquet column down to those that cleaning knows."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        array = array.cast(kind.value_type)
        kind = array.type
    if pa.types.is_string(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        return array
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_decimal(kind):
        return array
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_null(kind):
        return array.cast(pa.string())
    raise FactError(f"{path}: column {name} holds {kind}; expected text, numbers or moments")
