"""What no honest workbook has: document types, by which XML can be made to grow or to read other files."""

from __future__ import annotations

from zipfile import ZipFile

PROLOG = 64 * 1024
"""Bytes of each part that are looked at: a document type stands before the first element."""

_MARKS = tuple("<!DOCTYPE".encode(form) for form in ("ascii", "utf-16-le", "utf-16-be"))


def with_document_type(archive: ZipFile) -> str | None:
    """The name of the first part of a workbook that declares a document type, or None."""
    for entry in archive.infolist():
        if entry.filename.endswith((".xml", ".rels")):
            with archive.open(entry) as part:
                head = part.read(PROLOG)
            if any(mark in head for mark in _MARKS):
                return entry.filename
    return None
