"""Files that try to be more than they look: bombs, lies, breakages. Each is small to send."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from collections.abc import Callable

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]>"
)
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY j SYSTEM "file:///etc/passwd">]>'


def book(rows: int, columns: int, cell: object = 1) -> bytes:
    """An honest workbook of a size."""
    made = openpyxl.Workbook(write_only=True)
    page = made.create_sheet()
    page.append([f"c{n}" for n in range(columns)])
    for _ in range(rows):
        page.append([cell] * columns)
    held = io.BytesIO()
    made.save(held)
    return held.getvalue()


def changed(member: str, change: Callable[[bytes], bytes], base: bytes | None = None) -> bytes:
    """A workbook of which one part is another."""
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(base or book(2, 2, "x"))) as old, zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            data = old.read(entry)
            new.writestr(entry.filename, change(data) if entry.filename == member else data)
    return held.getvalue()


def archive(members: dict[str, bytes]) -> bytes:
    """A zip archive."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return held.getvalue()


def lying_sizes() -> bytes:
    """A workbook whose directory says that its sheet is ten bytes long; it is a hundred megabytes."""
    data = bytearray(changed("xl/worksheets/sheet1.xml", lambda old: old.replace(b"</sheetData>", b" " * (100 << 20) + b"</sheetData>")))
    with zipfile.ZipFile(io.BytesIO(data)) as made:
        name = b"xl/worksheets/sheet1.xml"
        size = made.getinfo(name.decode()).file_size
    for place in range(len(data) - 4):
        if data[place : place + 4] == struct.pack("<I", size):
            data[place : place + 4] = struct.pack("<I", 10)
    return bytes(data)


def entities(prolog: str, member: str, entity: str) -> bytes:
    """A workbook with a DOCTYPE in one of its parts, and a reference to its entity."""

    def change(old: bytes) -> bytes:
        text = old.decode()
        body = text[text.index("?>") + 2 :] if text.startswith("<?xml") else text
        head, end, tail = body.rpartition("</")
        return (prolog + head.replace(">x<", f">&{entity};<") + f"&{entity};{end}{tail}").encode()

    return changed(member, change)


def parquet(rows: int) -> bytes:
    """A Parquet file."""
    held = io.BytesIO()
    pq.write_table(pa.table({"order": ["a"] * rows}), held)
    return held.getvalue()


def compressed(length: int, fill: bytes = b"0") -> bytes:
    """A gzip file of one long line."""
    held = io.BytesIO()
    with gzip.GzipFile(fileobj=held, mode="wb") as stream:
        stream.write(b"order,customer\n")
        for _ in range(length >> 20):
            stream.write(fill * (1 << 20))
    return held.getvalue()


BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "a million cells": ("cells.xlsx", lambda: book(20_000, 50)),
    "a wide sheet": ("wide.xlsx", lambda: book(3, 16_000)),
    "a zip of zeros": ("zeros.xlsx", lambda: changed("xl/worksheets/sheet1.xml", lambda old: old + b"0" * (120 << 20))),
    "sizes that lie": ("lies.xlsx", lying_sizes),
    "ten thousand parts": ("parts.xlsx", lambda: archive({"xl/workbook.xml": b"<w/>", **{f"p{n}": b"" for n in range(10_001)}})),
    "a zip in a zip": ("nested.xlsx", lambda: archive({"xl/workbook.xml": archive({"again.zip": archive({"a": b"0" * 1_000})})})),
    "a billion laughs in the sheet": ("laughs.xlsx", lambda: entities(LAUGHS, "xl/worksheets/sheet1.xml", "j")),
    "a billion laughs in the styles": ("styles.xlsx", lambda: entities(LAUGHS, "xl/styles.xml", "j")),
    "a billion laughs in the book": ("book.xlsx", lambda: entities(LAUGHS, "xl/workbook.xml", "j")),
    "an entity from outside": ("outside.xlsx", lambda: entities(OUTSIDE, "xl/worksheets/sheet1.xml", "j")),
    "an entity from outside in a link": ("link.xlsx", lambda: entities(OUTSIDE, "_rels/.rels", "j")),
    "a picture": ("picture.xlsx", lambda: b"\x89PNG\r\n\x1a\n" + bytes(1_000)),
    "a program": ("program.csv", lambda: b"\x7fELF" + bytes(range(256)) * 50),
    "a workbook called csv": ("book.csv", lambda: book(2, 2)),
    "an archive called csv": ("archive.csv", lambda: archive({"a.txt": b"x"})),
    "half a workbook": ("half.xlsx", lambda: book(50, 5)[:2_000]),
    "half a parquet file": ("half.parquet", lambda: parquet(1_000)[:200]),
    "a parquet file with another end": ("end.parquet", lambda: b"PAR1" + bytes(100) + b"\xff\xff\xff\x7fPAR1"),
    "a parquet file with a broken end": ("broken.parquet", lambda: parquet(1_000)[:-40] + b"\xff" * 32 + parquet(1_000)[-8:]),
    "a gzip of one long line": ("line.csv.gz", lambda: compressed(64 << 20)),
    "a gzip of many lines": ("lines.csv.gz", lambda: compressed(64 << 20, b",\n" * 1)[:100_000]),
    "a gzip of line ends": ("ends.csv.gz", lambda: compressed(64 << 20, b"\n")),
    "half a gzip file": ("half.csv.gz", lambda: compressed(10 << 20)[:500]),
    "a long cell": ("cell.csv", lambda: b"order,customer\n" + b"x" * (30 << 20) + b",a\n"),
    "a quote that never ends": ("quote.csv", lambda: b'order,customer\n"' + b"x,\n" * (5 << 20)),
    "a hundred thousand columns": ("columns.csv", lambda: ",".join(f"c{n}" for n in range(100_000)).encode() + b"\n" + b"," * 99_999 + b"\n"),
    "a header twice": ("twice.csv", lambda: b"order,order\n1,2\n"),
    "zero bytes": ("zero.csv", lambda: b"order,customer\n\0\0,\0\n"),
    "other letters": ("letters.csv", lambda: b"order,customer\n\xff\xfe\xfd,\x80\n"),
    "nothing": ("nothing.csv", lambda: b""),
    "numbers too large": ("numbers.csv", lambda: ("order,customer,ordered_at,amount\n" + "".join(f"N{n},C1,2025-01-01,{text}\n" for n, text in enumerate(["9" * 400, "1e309", "NaN", "Infinity", "-1", "9223372036854775808", "0x10", "１２"]))).encode()),
}  # fmt: skip
"""Name → the name of the file, and what makes its bytes."""
