"""Import a file of facts: one transaction, all or nothing; every row accounted for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from engine.errors import FactError, did_you_mean
from engine.store import audit
from engine.store.audit import Actor
from engine.store.facts import next_fact_seq, read_settings
from engine.store.ingest.clean import Rows
from engine.store.ingest.fields import CUSTOM_KINDS, FIELDS, Field, field
from engine.store.ingest.intake import Intake, now, source_id
from engine.store.ingest.mapping import ColumnMap, Mapping
from engine.store.ingest.readers import Chunk, Reader, open_reader
from engine.store.ingest.report import ImportReport
from engine.store.ingest.tables import Tables
from engine.store.session import Store

Progress = Callable[[int, int | None], None]


class Loader(Protocol):
    """Brings the cleaned rows of one kind of fact into the store."""

    def take(self, rows: Rows) -> None:
        """Store the rows of one chunk; reject what does not fit with what is stored."""

    def finish(self) -> None:
        """Store what had to wait for the end of the file."""


class _DryRun(Exception):
    """Ends the transaction of a dry run."""


def import_file(
    store: Store,
    path: str | Path,
    mapping: Mapping,
    *,
    actor: str,
    authenticated: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Bring the facts of a CSV, Parquet or XLSX file into the store.

    progress: called after every chunk with rows done and about how many there are (None while unknown).
    dry_run: do everything, report it, keep nothing. Raises `FactError` for a file that cannot be read; then, and after any
    crash, nothing of it is stored.
    """
    path = Path(path)
    reader = open_reader(path, mapping)
    try:
        settled = settle_columns(reader.names, mapping, str(path))
        columns = sorted({column.column for column in settled.columns.values()} | _rule_columns(settled))
        return _import(store, reader, columns, settled, path.name, Actor(actor, authenticated), dry_run, progress)
    finally:
        reader.close()


def _import(
    store: Store,
    reader: Reader,
    columns: Sequence[str],
    mapping: Mapping,
    file: str,
    actor: Actor,
    dry_run: bool,
    progress: Progress | None,
) -> ImportReport:
    began = time.perf_counter()
    report = ImportReport(None, mapping.kind, mapping.source, mapping.name, file, dry_run)
    report.warnings += unused_columns(reader.names, columns, mapping)
    try:
        with store.write(bulk=True) as connection:
            intake = begin_batch(connection, mapping, report, file, actor.name)
            run_chunks(intake, reader.chunks(columns), reader.total, progress, bulk_allowed=not dry_run)
            if not report.rows:
                raise FactError(f"{file} has a header but no rows; nothing to import")
            finish_batch(intake, actor)
            if dry_run:
                raise _DryRun
    except _DryRun:
        report.batch = None
    report.seconds = time.perf_counter() - began
    return report


def begin_batch(connection: Any, mapping: Mapping, report: ImportReport, file: str, actor: str) -> Intake:
    """Take the writer lock and open an import batch."""
    seq = next_fact_seq(connection)
    tables = Tables(connection)
    settings = read_settings(connection)
    source = source_id(tables, mapping.source)
    batch = tables.id("import_batch")
    report.batch = batch
    tables.insert(
        "import_batch",
        {
            "id": [batch], "kind": mapping.kind, "source_id": source, "file": file, "mapping": mapping.name, "actor": actor, "started_at": now(),
            "rows": 0, "created": 0, "updated": 0, "unchanged": 0, "rejected": 0, "ignored": 0, "fact_seq": seq,
        },
    )  # fmt: skip
    return Intake(tables, settings, mapping, report, batch, seq, source)


def run_chunks(
    intake: Intake, chunks: Iterator[Chunk], total: Callable[[], int | None], progress: Progress | None, *, bulk_allowed: bool
) -> None:
    """Clean and store every chunk."""
    prepare(intake)
    fields = file_fields(intake.mapping)
    loader: Loader | None = None
    report = intake.report
    for chunk in chunks:
        rows = Rows(chunk, intake.mapping, intake.settings, fields)
        if loader is None:
            loader = make_loader(intake, (total() or len(chunk)) if bulk_allowed else 0)
        intake.brought = rows.brought
        loader.take(rows)
        count_rows(intake, rows)
        if progress:
            progress(report.rows, total())
    if loader:
        loader.finish()


def count_rows(intake: Intake, rows: Rows) -> None:
    """Add a chunk's figures to the report, and keep its rejected rows."""
    report = intake.report
    report.rows += len(rows) + len(rows.chunk.broken)
    report.accepted += int(rows.alive.sum()) + rows.repeated
    for reason, count in rows.ignored.items():
        report.count_ignored(reason, count)
    intake.reject(rows.rejected)


def prepare(intake: Intake) -> None:
    """Settle with the store what cleaning needs to know before the first row."""
    from engine.store.ingest.customers import settle_custom_fields

    if intake.mapping.kind == "customers":
        settle_custom_fields(intake)


def make_loader(intake: Intake, expected_rows: int) -> Loader:
    """The loader of a kind of file. expected_rows decides whether indexes are made again at the end; 0 never does."""
    from engine.store.ingest.customers import CustomerLoader
    from engine.store.ingest.orders import OrderLoader
    from engine.store.ingest.products import ProductLoader
    from engine.store.ingest.rates import RateLoader

    kind = intake.mapping.kind
    if kind == "customers":
        return CustomerLoader(intake, expected_rows)
    if kind == "products":
        return ProductLoader(intake)
    if kind == "rates":
        return RateLoader(intake)
    return OrderLoader(intake, expected_rows)


def finish_batch(intake: Intake, actor: Actor) -> None:
    """Stamp the customers touched, and write the batch's figures and the entry of the audit trail."""
    report = intake.report
    intake.stamp()
    intake.tables.run(
        "update import_batch set finished_at = ?, rows = ?, created = ?, updated = ?, unchanged = ?, rejected = ?, ignored = ? where id = ?",
        now(), report.rows, report.created, report.updated, report.unchanged, report.rejected_rows, report.ignored_rows, intake.batch,
    )  # fmt: skip
    intake.tables.finish_ids()
    figures = {name: getattr(report, name) for name in ("rows", "created", "updated", "unchanged", "rejected_rows", "ignored_rows")}
    audit.record(
        intake.tables.connection,
        actor=actor.name,
        authenticated=actor.authenticated,
        action="import",
        subject=f"batch:{intake.batch}",
        details={"kind": intake.mapping.kind, "mapping": intake.mapping.name, **figures},
    )


def file_fields(mapping: Mapping) -> dict[str, Field]:
    """The fields that this mapping can fill, the required ones first."""
    found = {each.name: each for each in FIELDS[mapping.kind]}
    for name in mapping.columns:
        each = field(mapping.kind, name)
        if each is not None:
            found[name] = each
    return dict(sorted(found.items(), key=lambda item: not item[1].required))


def settle_columns(names: Sequence[str], mapping: Mapping, file: str) -> Mapping:
    """The mapping with the columns that this file has. Raises `FactError` naming every missing column."""
    found: dict[str, ColumnMap] = {}
    missing: list[str] = []
    for key, column in mapping.columns.items():
        if column.column in names:
            found[key] = column
        elif not column.optional:
            hint = did_you_mean(column.column, names)
            missing.append(f"  no column {column.column!r} (for {key}){'; ' + hint if hint else ''}")
    missing += [f"  no column {name!r} (for a rule)" for name in sorted(_rule_columns(mapping) - set(names))]
    if missing:
        raise FactError(
            "\n".join([f"{file} does not fit mapping {mapping.name}:", *missing, f"  the file has: {', '.join(names)}"[:1_000]])
        )
    if mapping.native and mapping.kind == "customers":
        found |= _custom_columns(names, file)
    return mapping.with_columns(found)


def _custom_columns(names: Sequence[str], file: str) -> dict[str, ColumnMap]:
    """Columns `custom.NAME` or `custom.NAME:KIND` of a native file of customers."""
    found: dict[str, ColumnMap] = {}
    for name in names:
        key, _, kind = name.partition(":")
        if field("customers", key) is None or not key.startswith("custom."):
            continue
        if kind and kind not in CUSTOM_KINDS:
            raise FactError(f"{file}: column {name!r} has the kind {kind!r}; expected one of {', '.join(CUSTOM_KINDS)}")
        found[key] = ColumnMap(name, kind=kind)
    return found


def _rule_columns(mapping: Mapping) -> set[str]:
    return {name for rules in (mapping.refunds, mapping.ignore, mapping.not_graded) for rule in rules for name in rule.columns()}


def unused_columns(names: Sequence[str], used: Sequence[str], mapping: Mapping) -> list[str]:
    """Say which columns of the file nothing reads; a misspelt optional column would otherwise go unnoticed."""
    extra = [name for name in names if name not in used]
    known = [each.name for each in FIELDS[mapping.kind]] if mapping.native else []
    told = [f"column {name!r} is not used; {did_you_mean(name, known)}" for name in extra if did_you_mean(name, known)]
    rest = [name for name in extra if not did_you_mean(name, known)]
    return told + ([f"columns not used: {', '.join(rest)}"] if rest else [])
