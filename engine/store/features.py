"""Read features of all customers, or of one, as columns sorted by key hash; from one snapshot of the store.

How the integers get here is the business of `engine.store.feature_fetch`, what is asked that of
`engine.store.feature_sql`, and what is made of the answers that of `engine.store.feature_columns`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, select

from engine.catalogue import Catalogue, Feature
from engine.columns import Array, Codes, Columns
from engine.policy import Text
from engine.reading import Reading
from engine.store import feature_cache, feature_fetch
from engine.store.facts import read_settings
from engine.store.feature_calendar import Calendar
from engine.store.feature_columns import Maker
from engine.store.feature_rows import Builder, Raw
from engine.store.feature_sql import Customers, Plan, make_plan
from engine.store.ledger_mark import Mark, ledger_mark
from engine.store.models import custom_field, customer, fact_clock, import_batch, product, tag, term
from engine.store.session import Store

T = TypeVar("T")
FEW = 500
"""Dictionary ids up to which texts are looked up by id; beyond, the whole field is read."""


@dataclass(slots=True)
class FeatureTable:
    """Features of customers, one row each, sorted by key hash.

    not_graded: why a customer is in no policy, None when there is nobody such. columns: read-only. fact_seq, batch_id:
    the state of the facts that was read (the last import batch, None before the first). seconds: per step.
    key: under which name the cache may keep the columns; None when they came from there or are of some customers only.
    raw: what the columns were made of, None when they came from the cache. reading: whose facts were read for it.
    ledger: where the points ledger stood, for features that read it.
    """

    customer_id: Array
    key_hash: Array
    columns: Columns
    not_graded: Codes | None
    fact_seq: int
    batch_id: int | None
    seconds: dict[str, float] = field(default_factory=dict)
    key: feature_cache.Key | None = None
    raw: Raw | None = None
    reading: Reading | None = None
    ledger: Mark | None = None

    def __len__(self) -> int:
        return len(self.customer_id)


class PendingRead(Generic[T]):
    """A read that goes on while the caller does something else."""

    def __init__(self, future: Future[tuple[FeatureTable, T]]) -> None:
        self._future = future

    def result(self) -> tuple[FeatureTable, T]:
        """Wait for it: the table, and what `also` returned. Raises what the read raised."""
        return self._future.result()


def _nothing(connection: Connection) -> Any:
    return None


def read_features(
    store: Store,
    names: Sequence[str],
    as_of: int,
    *,
    catalogue: Catalogue,
    partitions: int = 1,
    customers: range | None = None,
    also: Callable[[Connection], T] = _nothing,
    keep: bool = True,
    known_until: int | None = None,
) -> tuple[FeatureTable, T]:
    """Read the named features of every stored customer as of a moment (UTC epoch seconds).

    Every customer that is neither voided nor merged into another is a row; counts and sums of nothing are 0, everything
    else is missing. Facts after `as_of` never count.
    partitions: read in at least so many customer ranges; the result is the same. customers: internal keys to read only.
    also: called with a connection that sees the same snapshot, while the reader works. Returns the table, and what
        `also` returned. known_until: orders after this moment do not count, though the columns are as of a later one: what
        a customer would be then if it stayed silent. keep: whether to keep the columns of a large store for the next read; otherwise `keep_features` does.
    Raises `FeatureError` for an unknown feature, `StoreError` when the database refuses.
    """
    started = time.perf_counter()
    plan = plan_of(tuple(names), catalogue)
    with feature_fetch.snapshot(store) as shot:
        connection = shot.connection
        fact_seq = _fact_seq(connection)
        plain = customers is None and (known_until is None or known_until >= as_of) and not plan.beside_facts
        key = feature_cache.Key(fact_seq, as_of, catalogue.hash, tuple(names)) if plain else None
        table = feature_cache.load(store.cache_dir, key) if key else None
        if table is None:
            parts = feature_fetch.ranges(connection, customers, partitions, parallel=shot.parallel)
            raw, extra = gather(shot, plan, as_of, parts, also, known_until)
            table = make_table(connection, plan, names, as_of, raw, fact_seq)
            table.seconds["read"] = round(time.perf_counter() - started - table.seconds["columns"], 4)
            table.key = key
        else:
            extra = also(connection)
    table.reading = Reading(len(table), len(table))
    if keep:
        keep_features(store, table)
    table.seconds["total"] = round(time.perf_counter() - started, 4)
    return table, extra


def keep_features(store: Store, table: FeatureTable) -> None:
    """Keep the columns of a large store in its cache, so that the next read at the same state maps them."""
    if table.key is not None and len(table) > feature_fetch.PLAIN_UP_TO:
        feature_cache.save(store.cache_dir, table.key, table)


def start_read(
    store: Store,
    names: Sequence[str],
    as_of: int,
    *,
    catalogue: Catalogue,
    partitions: int = 1,
    also: Callable[[Connection], T] = _nothing,
) -> PendingRead[T]:
    """Begin `read_features` in a thread of its own and return at once."""
    with ThreadPoolExecutor(1, "read") as pool:
        future = pool.submit(read_features, store, names, as_of, catalogue=catalogue, partitions=partitions, also=also)
        pool.shutdown(wait=False)
    return PendingRead(future)


def read_one(store: Store, customer_id: int, names: Sequence[str], as_of: int, *, catalogue: Catalogue) -> FeatureTable:
    """Read the named features of one customer, by the same statements; no row if there is no such customer."""
    plan = plan_of(tuple(names), catalogue)
    with store.read() as connection:
        raw, _ = gather(feature_fetch.Snapshot(store, connection), plan, as_of, [Customers(customer_id, customer_id)], _nothing)
        return make_table(connection, plan, names, as_of, raw, _fact_seq(connection))


def custom_features(connection: Connection) -> list[Feature]:
    """The store's custom fields as features."""
    return [
        Feature(
            f"custom.{row.name}",
            "custom",
            "value",
            Text(row.title_en, row.title_zh),
            of=row.name,
            dtype=row.kind,
            minimum=None,
            step=None,
            nullable=True,
            actionable="any",
        )
        for row in connection.execute(select(custom_field).order_by(custom_field.c.id))
    ]


def tag_features(connection: Connection) -> list[Feature]:
    """The tags and groups of a store as features: whether a customer bears it."""
    return [
        Feature(
            f"{row.kind}s.{row.name}",
            "tags",
            "value",
            Text(row.title, row.title),
            of=f"{row.kind}s.{row.name}",
            dtype="flag",
            minimum=None,
            step=None,
            actionable="any",
        )
        for row in connection.execute(select(tag.c.kind, tag.c.name, tag.c.title).order_by(tag.c.kind, tag.c.name))
    ]


@lru_cache(maxsize=64)
def plan_of(names: tuple[str, ...], catalogue: Catalogue) -> Plan:
    """What a read of these features takes; made once."""
    return make_plan(names, catalogue)


def gather(
    shot: feature_fetch.Snapshot,
    plan: Plan,
    as_of: int,
    parts: Sequence[Customers],
    also: Callable[[Connection], T],
    known_until: int | None = None,
) -> tuple[Raw, T]:
    """Read what the features of some customers are made of, and meanwhile what `also` reads."""
    connection = shot.connection
    builder = Builder(plan, Calendar(read_settings(connection), as_of))
    ids = [text_ids(connection, kind, text) for kind, text in plan.texts]
    builder.fields = {
        text: found[0] for (kind, text), found in zip(plan.texts, ids, strict=True) if kind in ("custom field", "tag") and found
    }
    answers = feature_fetch.answers(shot, plan.queries, as_of, ids, parts, known_until)
    extra = also(connection)
    builder.take(answers, len(parts))
    return builder.raw(lambda customers: _reasons(connection, customers)), extra


def make_table(connection: Connection, plan: Plan, names: Sequence[str], as_of: int, raw: Raw, fact_seq: int) -> FeatureTable:
    """The named features of what was read."""
    started = time.perf_counter()
    columns = Maker(plan, as_of, read_settings(connection), raw).columns(names, lambda found: _texts(connection, found))
    seconds = {"read": 0.0, "columns": round(time.perf_counter() - started, 4)}
    ledger = ledger_mark(connection) if plan.beside_facts else None
    return FeatureTable(
        raw.customer_id, raw.key_hash, columns, raw.not_graded, fact_seq, _batch(connection), seconds, raw=raw, ledger=ledger
    )


def ledger_of(connection: Connection, names: Iterable[str], catalogue: Catalogue) -> Mark | None:
    """Where the points ledger stands now if one of these features reads it: what is kept of them holds while this is the same."""
    return ledger_mark(connection) if plan_of(tuple(sorted(names)), catalogue).beside_facts else None


def _fact_seq(connection: Connection) -> int:
    return connection.scalar(select(fact_clock.c.seq)) or 0


def _batch(connection: Connection) -> int | None:
    return connection.scalar(select(import_batch.c.id).order_by(import_batch.c.id.desc()).limit(1))


def text_ids(connection: Connection, kind: str, text: str) -> list[int]:
    """The ids that a text of a filter stands for: a product may be known under one id by several sources."""
    if kind == "product":
        query = select(product.c.id).where(product.c.external_id == text)
    elif kind == "tag":
        mark, _, name = text.partition("s.")
        query = select(tag.c.id).where(tag.c.kind == mark, tag.c.name == name)
    elif kind == "custom field":
        query = select(custom_field.c.id).where(custom_field.c.name == text)
    else:
        query = select(term.c.id).where(term.c.field == kind, term.c.value == text)
    return sorted(connection.scalars(query))


def _texts(connection: Connection, ids: Array) -> dict[int, str]:
    """The texts of dictionary ids."""
    query = select(term.c.id, term.c.value)
    if len(ids) <= FEW:
        query = query.where(term.c.id.in_(ids.tolist()))
    found = dict(connection.execute(query).all())
    return {number: found[number] for number in ids.tolist()}


def _reasons(connection: Connection, customers: Array) -> dict[int, str]:
    """Why these customers are not graded."""
    query = select(customer.c.id, customer.c.not_graded).where(customer.c.not_graded.is_not(None))
    if len(customers) <= FEW:
        query = query.where(customer.c.id.in_(customers.tolist()))
    return dict(connection.execute(query).all())


__all__ = [
    "FeatureTable",
    "PendingRead",
    "custom_features",
    "gather",
    "keep_features",
    "ledger_of",
    "make_table",
    "plan_of",
    "read_features",
    "read_one",
    "start_read",
    "tag_features",
]
