"""Import rows that a program hands over, through the same cleaning as a file."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import groupby, islice
from typing import Any

import numpy as np
import pyarrow as pa

from engine.errors import FactError, did_you_mean
from engine.store.audit import Actor
from engine.store.facts import store_settings
from engine.store.ingest.clean import Rows
from engine.store.ingest.fields import FIELDS, field
from engine.store.ingest.files import Loader, begin_batch, count_rows, file_fields, finish_batch, make_loader, prepare
from engine.store.ingest.intake import Intake
from engine.store.ingest.mapping import ColumnMap, load_mapping
from engine.store.ingest.readers import Chunk
from engine.store.ingest.report import ImportReport
from engine.store.session import Store

Numbered = tuple[int, Mapping[str, Any]]

BLOCK_ROWS = 20_000
"""Rows that are held at a time; an order's lines may go on in the next block."""


def import_rows(
    store: Store, kind: str, rows: Iterable[Mapping[str, Any]], *, source: str, actor: str, authenticated: bool = False
) -> ImportReport:
    """Bring rows into the store: dicts with the native field names of `kind`.

    kind: customers, products, orders, lines or rates. A key that a row lacks leaves what is stored; None clears it. Values
    may be text, numbers, dates or datetimes (without an offset they are business time). Rows are numbered from 1, and taken
    in blocks, so an iterator of any length needs little memory.
    Raises `FactError` for an unknown kind or field; rows that are wrong are rejected one by one, as in a file.
    """
    return import_numbered(store, kind, enumerate(rows, 1), source=source, actor=actor, authenticated=authenticated)


Change = Callable[[Intake, list[Numbered]], list[Numbered]]
"""Makes whole rows of a block of rows, rejecting those it can make nothing of."""


def import_numbered(
    store: Store,
    kind: str,
    rows: Iterable[Numbered],
    *,
    source: str,
    actor: str,
    authenticated: bool = False,
    name: str = "rows of",
    change: Change | None = None,
) -> ImportReport:
    """`import_rows` for rows that know their numbers. change: what is made of each block before it is taken."""
    if kind not in FIELDS:
        raise FactError(f"there is no kind of fact {kind!r}; {did_you_mean(kind, FIELDS) or 'expected one of ' + ', '.join(FIELDS)}")
    began = time.perf_counter()
    base = load_mapping(f"tierwise/{kind}", settings=store_settings(store))
    columns = {each.name: ColumnMap(each.name, optional=True) for each in FIELDS[kind]}
    mapping = replace(base, source=source, columns=columns, name=f"{name} {kind}")
    report = ImportReport(None, kind, source, mapping.name, "")
    parts = blocks(rows, BLOCK_ROWS)
    first = next(parts, None)
    if first is None:
        return report
    with store.write() as connection:
        intake = begin_batch(connection, mapping, report, "", actor)
        taking = _Taking(intake)
        taking.take(first if change is None else change(intake, first))
        del first  # memory holds one block and the one being read
        for block in parts:
            taking.take(block if change is None else change(intake, block))
        taking.finish()
        finish_batch(intake, Actor(actor, authenticated))
    report.seconds = time.perf_counter() - began
    return report


class _Taking:
    """Rows on their way into the store, block by block."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        self._loader: Loader | None = None

    def take(self, block: list[Numbered]) -> None:
        """Clean and store a block."""
        if not block:
            return
        self._settle_names(block)
        self._loader = self._loader or make_loader(self.intake, 0)
        fields = file_fields(self.intake.mapping)
        for chunk in chunks(block):
            rows = Rows(chunk, self.intake.mapping, self.intake.settings, fields)
            self.intake.brought = rows.brought
            self._loader.take(rows)
            count_rows(self.intake, rows)

    def finish(self) -> None:
        """Store what had to wait for the last row."""
        if self._loader is not None:
            self._loader.finish()

    def _settle_names(self, block: list[Numbered]) -> None:
        """Check all fields that any row has; custom fields may appear at any row."""
        intake = self.intake
        columns = dict(intake.mapping.columns)
        known = len(columns)
        for number, row in block:
            for name in row:
                if name not in columns:
                    if field(intake.mapping.kind, name) is None:
                        raise FactError(unknown_field(intake.mapping.kind, number, name))
                    columns[name] = ColumnMap(name, optional=True)
        if len(columns) > known:
            intake.mapping = intake.mapping.with_columns(columns)
        if len(columns) > known or self._loader is None:
            prepare(intake)


def unknown_field(kind: str, number: int, name: str) -> str:
    """The message about a field that no fact of a kind has."""
    known = [each.name for each in FIELDS[kind]]
    hint = did_you_mean(str(name), known) or f"expected some of {', '.join(known)}"
    return f"row {number} has the unknown field {name!r}; {hint}"


def blocks(rows: Iterable[Numbered], size: int) -> Iterator[list[Numbered]]:
    """Rows in blocks of a size."""
    each = iter(rows)
    while block := list(islice(each, size)):
        yield block


def chunks(block: Sequence[Numbered]) -> Iterator[Chunk]:
    """Rows with the same keys go together, so that an absent key is not taken for an empty one."""
    for names, group in groupby(block, key=lambda numbered: tuple(numbered[1])):
        part = list(group)
        columns = {name: pa.array([as_cell(row[name]) for _, row in part], pa.string()) for name in names}
        yield Chunk(np.array([number for number, _ in part], np.int64), columns)


def as_cell(value: Any) -> str | None:
    """A value as the text of a cell; None is an empty one."""
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
