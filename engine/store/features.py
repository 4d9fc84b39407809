"""Read features of all customers, or of one, as columns; from one snapshot of the store.

On SQLite a process of its own reads with ADBC while the parent holds the write lock for the milliseconds in which that
process opens its snapshot (ENGINE 1, 2); small stores are read in plain rows. On PostgreSQL ADBC reads in this
process, inside an exported snapshot. Rows come sorted by the customers' key hash.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import Connection, func, select, text

from engine.catalogue import Catalogue, Feature
from engine.columns import Array, Codes, Column, Columns, freeze
from engine.errors import StoreError
from engine.policy import Text
from engine.store import feature_columns
from engine.store.facts import StoreSettings, read_settings
from engine.store.feature_sql import PROFILE_COLUMNS, Piece, Query, customer_query, fact_queries, finished, pieces_of
from engine.store.models import custom_field, customer, fact_clock, import_batch, product, term
from engine.store.session import Store

T = TypeVar("T")
PLAIN_UP_TO = 50_000
"""Customers up to which rows are read without a reader process: starting one costs more than it saves."""

PARTS = 4
"""Customer ranges per query: more than the two connections, so that both are busy to the end."""


@dataclass(slots=True)
class FeatureTable:
    """Features of customers, one row each, sorted by key hash.

    not_graded: why a customer is in no policy, None when there is nobody such. fact_seq, batch_id: the state of the
    facts that was read.
    """

    customer_id: Array
    key_hash: Array
    columns: Columns
    not_graded: Codes | None
    fact_seq: int
    batch_id: int | None
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class _Wanted:
    """What a read needs, resolved: features, their pieces, the statements, the texts behind ids."""

    features: list[Feature]
    pieces: dict[str, tuple[Piece, ...]]
    queries: list[Query]
    settings: StoreSettings
    as_of: int
    texts: dict[str, dict[int, str]]
    custom: dict[str, tuple[int, str]]
    fact_seq: int
    batch_id: int | None
    bounds: tuple[int, int]


def read_features(
    store: Store,
    names: Sequence[str],
    as_of: int,
    *,
    catalogue: Catalogue,
    partitions: int = 1,
    also: Callable[[Connection], T],
) -> tuple[FeatureTable, T]:
    """Read the named features of every stored customer as of a moment (UTC epoch seconds).

    also: called with a connection that sees the same snapshot. Returns the table and what `also` returned.
    Every customer that is neither voided nor merged into another is a row; counts of nothing are 0, the rest is missing.
    """
    started = time.perf_counter()
    with _reader(store) as reader:
        if reader is not None:
            parts, wanted, flagged, extra = _through_reader(store, reader, names, as_of, catalogue, partitions, also)
        else:
            with store.read() as connection:
                wanted = _resolve(connection, names, as_of, catalogue)
                flagged, extra = _not_graded(connection), also(connection)
                parts = _plain(connection, wanted, partitions) if store.is_sqlite else _postgres(store, connection, wanted, partitions)
        read = time.perf_counter() - started
        table = _table(wanted, parts, flagged)
    table.seconds = {"read": read, "columns": time.perf_counter() - started - read}
    return table, extra


def read_one(store: Store, customer_id: int, names: Sequence[str], as_of: int, *, catalogue: Catalogue) -> FeatureTable:
    """Read the named features of one customer, by the same statements."""
    with store.read() as connection:
        wanted = _resolve(connection, names, as_of, catalogue)
        low, high = customer_id - 1, customer_id
        parts = {
            query.name: [_rows(connection, finished(query, sqlite=store.is_sqlite, low=low, high=high), len(query.pieces))]
            for query in wanted.queries
        }
        return _table(wanted, parts, _not_graded(connection, customer_id))


def custom_features(connection: Connection) -> list[Feature]:
    """The store's custom fields as features."""
    dtypes: Mapping[str, Any] = {"text": "text", "number": "number", "amount": "amount", "date": "date", "flag": "flag"}
    return [
        Feature(
            f"custom.{row.name}",
            "custom",
            "value",
            Text(row.title_en, row.title_zh),
            of=row.name,
            dtype=dtypes[row.kind],
            minimum=None,
            step=None,
            nullable=True,
            actionable="any",
        )
        for row in connection.execute(select(custom_field).order_by(custom_field.c.name))
    ]


def _resolve(connection: Connection, names: Sequence[str], as_of: int, catalogue: Catalogue) -> _Wanted:
    features = _with_terms([catalogue.resolve(name) for name in names], catalogue)
    settings = read_settings(connection)
    lookup = _lookup(connection)
    pieces = {f.name: pieces_of(f, as_of, lookup) for f in features if f.source in ("orders", "refunds", "lines") and f.aggregate != "interval_median"}
    profile = sorted({feature.of for feature in features if feature.source == "profile"})
    custom_rows = connection.execute(select(custom_field.c.name, custom_field.c.id, custom_field.c.kind)).all() if _custom(features) else []
    custom = {row.name: (row.id, row.kind) for row in custom_rows}
    queries = [customer_query(profile), *fact_queries([piece for some in pieces.values() for piece in some], as_of)]
    queries += [_custom_query(feature, custom) for feature in features if feature.source == "custom"]
    queries += [_median_query(as_of) for feature in features if feature.aggregate == "interval_median"][:1]
    # two look-ups: asked for together, SQLite reads the whole table
    low, high = (connection.scalar(select(func.coalesce(edge(customer.c.id), 0))) or 0 for edge in (func.min, func.max))
    texts = {name: _texts(connection, name) for name in _text_fields(features, custom)}
    return _Wanted(
        features,
        pieces,
        queries,
        settings,
        as_of,
        texts,
        custom,
        connection.scalar(select(fact_clock.c.seq)) or 0,
        connection.scalar(select(func.max(import_batch.c.id))),
        (low - 1, high),
    )


def _with_terms(features: list[Feature], catalogue: Catalogue) -> list[Feature]:
    """The features, and first those that ratios and differences are made of."""
    found: dict[str, Feature] = {}

    def add(feature: Feature) -> None:
        for name in feature.terms or ():
            add(catalogue.resolve(name))
        found.setdefault(feature.name, feature)

    for feature in features:
        add(feature)
    return list(found.values())


def _custom(features: Sequence[Feature]) -> bool:
    return any(feature.source == "custom" for feature in features)


def _custom_query(feature: Feature, custom: Mapping[str, tuple[int, str]]) -> Query:
    number = custom.get(feature.of, (-1, ""))[0]
    text_ = f"select o.customer_id as customer_id, o.value as p0 from custom_value o where o.field_id = {number} {{range}}"
    return Query(f"custom-{feature.of}", text_, (Piece("custom", feature.of),))


def _median_query(as_of: int) -> Query:
    text_ = (
        f"select distinct o.customer_id as customer_id, o.ordered_on as p0 from orders o {{indexed}} "
        f"where o.kind = 0 and o.ordered_at <= {as_of} {{range}}"
    )
    return Query("purchase-days", text_, (Piece("orders", "day"),))


def _text_fields(features: Sequence[Feature], custom: Mapping[str, tuple[int, str]]) -> list[str]:
    fields = [feature.of for feature in features if feature.source == "profile" and PROFILE_COLUMNS[feature.of].endswith("_id")]
    return fields + [f"custom.{name}" for name, (_, kind) in custom.items() if kind == "text"]


def _texts(connection: Connection, field_: str) -> dict[int, str]:
    return dict(connection.execute(select(term.c.id, term.c.value).where(term.c.field == field_)).tuples().all())


def _lookup(connection: Connection) -> Callable[[str, str], int]:
    def find(field_: str, value: str) -> int:
        if field_ == "product":
            query = select(product.c.id).where(product.c.external_id == value).order_by(product.c.id).limit(1)
        else:
            query = select(term.c.id).where(term.c.field == field_, term.c.value == value)
        found = connection.scalar(query)
        return -1 if found is None else int(found)

    return find


# --- rows -------------------------------------------------------------------------------------------------------

Parts = dict[str, list[dict[str, Array]]]
"""Per query its parts, each as arrays by column name."""


def _ranges(bounds: tuple[int, int], parts: int) -> list[tuple[int, int]]:
    edges = [bounds[0] + (bounds[1] - bounds[0]) * number // parts for number in range(parts + 1)]
    return [(low, high) for low, high in itertools.pairwise(edges) if high > low] or [bounds]


def _rows(connection: Connection, statement: str, pieces: int) -> dict[str, Array]:
    result = connection.exec_driver_sql(statement)
    names = list(result.keys())
    rows = result.fetchall()
    if not rows:
        return {name: np.zeros(0, dtype=np.int64) for name in names}
    return {name: np.array(column, dtype=np.int64) for name, column in zip(names, zip(*rows, strict=True), strict=True)}


def _plain(connection: Connection, wanted: _Wanted, partitions: int) -> Parts:
    ranges = _ranges(wanted.bounds, partitions)
    return {
        query.name: [
            _rows(connection, finished(query, sqlite=connection.dialect.name == "sqlite", low=low, high=high), len(query.pieces))
            for low, high in ranges
        ]
        for query in wanted.queries
    }


def _postgres(store: Store, connection: Connection, wanted: _Wanted, partitions: int) -> Parts:
    """ADBC inside the snapshot of `connection`; plain rows where the driver is not installed."""
    try:
        import adbc_driver_postgresql.dbapi as adbc
    except ImportError:
        return _plain(connection, wanted, partitions)
    snapshot = connection.scalar(text("select pg_export_snapshot()"))
    url = store.sql.url.set(drivername="postgresql").render_as_string(hide_password=False)
    parts: Parts = {}
    with adbc.connect(url, autocommit=False) as arrow, arrow.cursor() as cursor:
        cursor.execute("set transaction isolation level repeatable read, read only")
        cursor.execute(f"set transaction snapshot '{snapshot}'")
        for query in wanted.queries:
            parts[query.name] = []
            for low, high in _ranges(wanted.bounds, partitions):
                cursor.execute(finished(query, sqlite=False, low=low, high=high))
                found = cursor.fetch_arrow_table()
                parts[query.name].append({name: found.column(name).to_numpy().astype(np.int64, copy=False) for name in found.column_names})
    return parts


# --- the reader process -----------------------------------------------------------------------------------------


@contextlib.contextmanager
def _reader(store: Store) -> Iterator[subprocess.Popen[str] | None]:
    """A reader process, started while the parent still works; None where plain rows serve."""
    if not store.is_sqlite:
        yield None
        return
    with store.read() as connection:
        many = connection.scalar(select(func.max(customer.c.id)))
    if (many or 0) <= PLAIN_UP_TO:
        yield None
        return
    process = subprocess.Popen([sys.executable, "-m", "engine.store.reader"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()


def _hear(process: subprocess.Popen[str], expected: str) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    message: dict[str, Any] = json.loads(line) if line.strip() else {"error": "it ended without an answer"}
    if "error" in message or expected not in message:
        raise StoreError(f"the reader process of the store failed: {message.get('error', message)}")
    return message


def _through_reader(
    store: Store,
    process: subprocess.Popen[str],
    names: Sequence[str],
    as_of: int,
    catalogue: Catalogue,
    partitions: int,
    also: Callable[[Connection], T],
) -> tuple[Parts, _Wanted, dict[int, str], T]:
    assert process.stdin is not None
    store.cache_dir.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="read-", dir=store.cache_dir))
    try:
        _hear(process, "ready")
        with contextlib.ExitStack() as views:
            with store.write() as lock:  # holds writers off until every snapshot is open; it writes nothing
                wanted = _resolve(lock, names, as_of, catalogue)
                tasks = [
                    {"name": f"{query.name}-{number}", "text": finished(query, sqlite=True, low=low, high=high)}
                    for query in sorted(wanted.queries, key=lambda query: query.name == "customers")
                    for number, (low, high) in enumerate(_ranges(wanted.bounds, max(partitions, PARTS)))
                ]
                task = {"path": str(store.path), "folder": str(folder), "queries": tasks, "workers": 2}
                process.stdin.write(json.dumps(task) + "\n")
                process.stdin.flush()
                view = views.enter_context(store.read())
                view.scalar(select(fact_clock.c.seq))
                _hear(process, "ready")
            flagged, extra = _not_graded(view), also(view)
        _hear(process, "done")
        parts: Parts = {}
        for query in wanted.queries:
            parts[query.name] = [_mapped(path) for path in sorted(folder.glob(f"{query.name}-*.arrow"), key=_number)]
        return parts, wanted, flagged, extra
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _number(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])


def _mapped(path: Path) -> dict[str, Array]:
    import pyarrow as pa

    with pa.memory_map(str(path)) as source:
        table = pa.ipc.open_file(source).read_all()
        return {name: table.column(name).to_numpy() for name in table.column_names}


# --- columns ----------------------------------------------------------------------------------------------------


def _table(wanted: _Wanted, parts: Parts, flagged: Mapping[int, str]) -> FeatureTable:
    customers = _joined(parts["customers"])
    order = np.argsort(customers["key_hash"], kind="stable")
    ids = customers["customer_id"]
    sorted_ids = bool(len(ids) < 2 or (ids[1:] > ids[:-1]).all())
    builder = feature_columns.Builder(wanted.settings, wanted.as_of, wanted.texts, wanted.custom, ids, sorted_ids, customers)
    for query in wanted.queries[1:]:
        builder.add(query.name, query.pieces, _joined(parts[query.name]))
    columns: dict[str, Column] = {}
    for feature in wanted.features:
        columns[feature.name] = builder.column(feature, wanted.pieces.get(feature.name, ()), columns)
    columns = {name: column[order] for name, column in columns.items()}
    not_graded = _reasons(flagged, ids)[order] if flagged else None
    return FeatureTable(ids[order], customers["key_hash"][order], freeze(columns), not_graded, wanted.fact_seq, wanted.batch_id)


def _not_graded(connection: Connection, customer_id: int | None = None) -> dict[int, str]:
    """Customers flagged not graded, with the reason; they are few."""
    query = select(customer.c.id, customer.c.not_graded).where(customer.c.not_graded.is_not(None))
    if customer_id is not None:
        query = query.where(customer.c.id == customer_id)
    return dict(connection.execute(query).tuples().all())


def _reasons(flagged: Mapping[int, str], ids: Array) -> Codes:
    known = sorted(set(flagged.values()))
    position = {reason: number for number, reason in enumerate(known)}
    codes = np.full(len(ids), -1, dtype=np.int16)
    numbers = np.array(list(flagged), dtype=np.int64)
    order = np.argsort(numbers)
    at = np.searchsorted(numbers[order], ids).clip(max=len(numbers) - 1)
    there = numbers[order][at] == ids
    codes[there] = np.array([position[reason] for reason in flagged.values()], dtype=np.int16)[order][at[there]]
    return Codes(codes, known)


def _joined(parts: list[dict[str, Array]]) -> dict[str, Array]:
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


__all__ = ["FeatureTable", "custom_features", "read_features", "read_one"]
