"""Import rows that a program hands over, through the same cleaning as a file."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa

from engine.errors import FactError, did_you_mean
from engine.store.audit import Actor
from engine.store.facts import store_settings
from engine.store.ingest.fields import FIELDS, field
from engine.store.ingest.files import begin_batch, finish_batch, run_chunks
from engine.store.ingest.mapping import ColumnMap, load_mapping
from engine.store.ingest.readers import CHUNK_ROWS, Chunk
from engine.store.ingest.report import ImportReport
from engine.store.session import Store


def import_rows(
    store: Store, kind: str, rows: Sequence[Mapping[str, Any]], *, source: str, actor: str, authenticated: bool = False
) -> ImportReport:
    """Bring rows into the store: dicts with the native field names of `kind`.

    kind: customers, products, orders, lines or rates. A key that a row lacks leaves what is stored; None clears it. Values
    may be text, numbers, dates or datetimes (without an offset they are business time). Rows are numbered from 1.
    Raises `FactError` for an unknown kind or field; rows that are wrong are rejected one by one, as in a file.
    """
    if kind not in FIELDS:
        raise FactError(f"there is no kind of fact {kind!r}; {did_you_mean(kind, FIELDS) or 'expected one of ' + ', '.join(FIELDS)}")
    began = time.perf_counter()
    names = _names(kind, rows)
    base = load_mapping(f"tierwise/{kind}", settings=store_settings(store))
    columns = {name: ColumnMap(name, optional=True) for name in names}
    mapping = replace(base, source=source, columns=columns, name=f"rows of {kind}")
    report = ImportReport(None, kind, source, mapping.name, "")
    if not rows:
        return report
    with store.write() as connection:
        intake = begin_batch(connection, mapping, report, "", actor)
        run_chunks(intake, _chunks(rows), lambda: len(rows), None, bulk_allowed=False)
        finish_batch(intake, Actor(actor, authenticated))
    report.seconds = time.perf_counter() - began
    return report


def _names(kind: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """All fields that any row has, checked."""
    found: dict[str, int] = {}
    for number, row in enumerate(rows, 1):
        for name in row:
            found.setdefault(name, number)
    known = [each.name for each in FIELDS[kind]]
    for name, number in found.items():
        if field(kind, name) is None:
            hint = did_you_mean(str(name), known) or f"expected some of {', '.join(known)}"
            raise FactError(f"row {number} has the unknown field {name!r}; {hint}")
    return list(found)


def _chunks(rows: Sequence[Mapping[str, Any]]) -> Iterator[Chunk]:
    """Rows with the same keys go together, so that an absent key is not taken for an empty one."""
    for names, group in groupby(enumerate(rows, 1), key=lambda numbered: tuple(numbered[1])):
        numbered = list(group)
        for start in range(0, len(numbered), CHUNK_ROWS):
            part = numbered[start : start + CHUNK_ROWS]
            columns = {name: pa.array([_text(row[name]) for _, row in part], pa.string()) for name in names}
            yield Chunk(np.array([number for number, _ in part], np.int64), columns)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        return f"{value:.15g}"
    if isinstance(value, Decimal):
        return f"{value:f}" if value.is_finite() else str(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(" ")
    return str(value)
