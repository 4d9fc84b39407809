"""Read again only the customers whom something happened to, and bring what an earlier run read up to date (ENGINE 7).

What happened is either written or a matter of time. Every write of facts stamps the customers that it touches with the
number of the fact clock. Time moves an order into a window or out of it: these are the orders between the former and
the present place of each window's edges. Everything else that changes with time (days since, age) is computed anew for
all from the moments that were kept. So the columns are those of a full read, to the bit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar
from uuid import uuid4

import numpy as np
from sqlalchemy import Connection, select, text

from engine.catalogue import Catalogue
from engine.columns import Array, Codes
from engine.documents import content_hash
from engine.reading import Reading, Why
from engine.store import feature_fetch, raw_cache
from engine.store.facts import StoreSettings, fact_seq, read_settings
from engine.store.feature_calendar import Calendar
from engine.store.feature_rows import Raw
from engine.store.feature_sql import Plan
from engine.store.features import FeatureTable, gather, make_table, plan_of, read_features
from engine.store.models import customer, run
from engine.store.session import Store

T = TypeVar("T")

SHARE = 0.25
"""Of all customers: beyond, reading everything in passing is faster than looking customers up."""

ALWAYS = 1_000
"""Customers that are looked up whatever their share."""

BASES = "nothing kept", "business zone", "catalogue", "features", "rulebook"
"""Why a kept reading may not fit, from the most general; the last that applies says how near it came."""


def read_changed(
    store: Store,
    names: Sequence[str],
    as_of: int,
    *,
    catalogue: Catalogue,
    fingerprint: str,
    also: Callable[[Connection], T],
    partitions: int = 1,
) -> tuple[FeatureTable, T]:
    """Read the named features as `read_features` does, from the facts only where they can have changed.

    fingerprint: of the run; what was read under another one is not used. Reads everything where nothing that fits is
    kept, or where too many customers changed; the table's `reading` says what happened and why.
    """
    started = time.perf_counter()
    plan = plan_of(tuple(names), catalogue)
    with store.read() as connection:
        seq = fact_seq(connection)
        made_of = what_decides(read_settings(connection), plan, names, catalogue, fingerprint)
        why: Why
        base, base_run, why = _base(connection, store, seq, made_of)
        raw = base.raw(plan) if base else None
        if base is not None and raw is not None and not _same_day(plan, read_settings(connection), base.about.as_of, as_of):
            raw, why = None, "day"
        if base is not None and raw is not None:
            facts = _stamped(connection, base.about.fact_seq, _most(raw))
            moments = _moved(connection, plan, base.about.as_of, as_of, _most(raw))
            changed = np.union1d(facts, moments) if facts is not None and moments is not None else None
            if changed is not None and len(changed) <= _most(raw):
                shot = feature_fetch.Snapshot(store, connection)
                found, extra = gather(shot, plan, as_of, feature_fetch.chosen(changed), also)
                table = make_table(connection, plan, names, as_of, merged(raw, changed, found), seq)
                assert facts is not None
                assert moments is not None
                table.reading = Reading(len(changed), len(table), "", base_run, len(facts), len(moments))
                table.seconds["total"] = round(time.perf_counter() - started, 4)
                return table, extra
            why = "many"
    table, extra = read_features(store, names, as_of, catalogue=catalogue, partitions=partitions, also=also, keep=False)
    assert table.reading is not None
    table.reading = replace(table.reading, why=why)
    return table, extra


def what_decides(settings: StoreSettings, plan: Plan, names: Sequence[str], catalogue: Catalogue, fingerprint: str) -> dict[str, str]:
    """Everything beside facts and moment that decides what is read."""
    queries = [query.text for query in plan.queries]
    return {
        "business zone": f"{settings.timezone.key} {settings.currency} {settings.minor_digits}",
        "catalogue": catalogue.hash,
        "features": content_hash([list(names), queries, [list(pair) for pair in plan.texts], [repr(piece) for piece in plan.wanted]]),
        "rulebook": fingerprint,
    }


def new_token() -> str:
    """What ties a kept reading to the run that left it."""
    return uuid4().hex


def keep_reading(
    store: Store, business: StoreSettings, table: FeatureTable, catalogue: Catalogue, as_of: int, fingerprint: str, run_key: str, token: str
) -> None:
    """Keep what a run read, for the next one; nothing if its columns came from a cache."""
    if table.raw is None:
        return
    names = tuple(table.columns)
    plan = plan_of(names, catalogue)
    made_of = what_decides(business, plan, names, catalogue, fingerprint)
    raw_cache.save(store.cache_dir, raw_cache.About(token, run_key, table.fact_seq, as_of, made_of), plan, table.raw)


def merged(base: Raw, changed: Array, found: Raw) -> Raw:
    """The former reading with the changed customers (ascending keys) as they were found now; those not found are gone."""
    kept = np.flatnonzero(~np.isin(base.customer_id, changed))
    if not len(kept):
        return found
    hashes = np.concatenate([base.key_hash[kept], found.key_hash])
    order = np.argsort(hashes, kind="stable")  # two sorted runs: one pass
    hashes = hashes[order]
    if (hashes[1:] == hashes[:-1]).any():
        order = np.lexsort(
            (np.concatenate([base.customer_id[kept], found.customer_id]), np.concatenate([base.key_hash[kept], found.key_hash]))
        )
    new_at = np.flatnonzero(order >= len(kept))
    new = order[new_at] - len(kept)
    old = np.concatenate([kept, np.zeros(len(found), dtype=kept.dtype)])[order]

    def column(was: Array, now: Array) -> Array:
        values: Array = was[old]
        values[new_at] = now[new]
        return values

    return Raw(
        column(base.customer_id, found.customer_id),
        column(base.key_hash, found.key_hash),
        _reasons(base, found, column),
        {name: column(was, found.profile[name]) for name, was in base.profile.items()},
        {piece: column(was, found.pieces[piece]) for piece, was in base.pieces.items()},
    )


def _reasons(base: Raw, found: Raw, column: Callable[[Array, Array], Array]) -> Codes | None:
    """Why customers are not graded, over the reasons that occur."""
    known = sorted({reason for raw in (base, found) if raw.not_graded is not None for reason in raw.not_graded.values})

    def recoded(raw: Raw) -> Array:
        if raw.not_graded is None:
            return np.full(len(raw), -1, dtype=np.int32)
        table: Array = np.array([*map(known.index, raw.not_graded.values), -1], dtype=np.int32)
        return np.asarray(table[raw.not_graded.codes])

    if not known:
        return None
    codes = column(recoded(base), recoded(found))
    occur = np.unique(codes[codes >= 0])
    table = np.full(len(known) + 1, -1, dtype=np.int32)
    table[occur] = np.arange(len(occur))
    return Codes(table[codes], [known[number] for number in occur.tolist()]) if len(occur) else None


def _same_day(plan: Plan, settings: StoreSettings, was: int, now: int) -> bool:
    """Whether what is kept of folds still holds for whom nothing happened to: levels change at midnight, points without a fact."""
    return not plan.folds or (not plan.beside_facts and Calendar(settings, was).today == Calendar(settings, now).today)


def _most(raw: Raw) -> int:
    return max(ALWAYS, int(len(raw) * SHARE))


def _base(connection: Connection, store: Store, seq: int, made_of: dict[str, str]) -> tuple[raw_cache.Kept | None, int | None, Why]:
    """The newest kept reading that fits, its run, and otherwise what is in the way."""
    why: Why = "nothing kept"
    for kept in raw_cache.kept(store.cache_dir):
        number = _run_of(connection, kept.about)
        if number is None or kept.about.fact_seq > seq:
            continue
        differs = next((name for name in BASES[1:] if kept.about.made_of.get(name) != made_of[name]), None)
        if differs is None:
            return kept, number, ""
        if BASES.index(differs) > BASES.index(why):
            why = differs  # type: ignore[assignment]  # a member of BASES
    return None, None, why


def _run_of(connection: Connection, about: raw_cache.About) -> int | None:
    """The stored run that left this file."""
    for number, report in connection.execute(select(run.c.id, run.c.report).where(run.c.key == about.run_key)):
        if f'"token": "{about.token}"' in report:
            return int(number)
    return None


def _stamped(connection: Connection, since: int, most: int) -> Array | None:
    """Customers whose facts changed since a state of the facts; None when there are too many."""
    query = select(customer.c.id).where(customer.c.fact_seq > since).limit(most + 1)
    found = np.array(connection.scalars(query).all(), dtype=np.int64)
    return found if len(found) <= most else None


CONTACTED = "select distinct customer_id from interaction where at > :low and at <= :high limit :most"

WHO = "select distinct customer_id from orders where ordered_at > :low and ordered_at <= :high"
WHO_BY_MOMENT = "select distinct customer_id from orders indexed by ix_orders_ordered_at where ordered_at > :low and ordered_at <= :high"
"""The same on SQLite, which would rather walk the whole covering index."""

COUNT = "select count(*) from (select 1 from orders where ordered_at > :low and ordered_at <= :high limit :most) as passed"
COUNT_BY_MOMENT = (
    "select count(*) from (select 1 from orders indexed by ix_orders_ordered_at "
    "where ordered_at > :low and ordered_at <= :high limit :most) as passed"
)


def _moved(connection: Connection, plan: Plan, was: int, now: int, most: int) -> Array | None:
    """Customers with an order or a contact between the former and the present place of an edge; None when there are too many."""
    if was == now:
        return np.zeros(0, dtype=np.int64)
    sqlite = connection.dialect.name == "sqlite"
    count, who = (text(COUNT_BY_MOMENT), text(WHO_BY_MOMENT)) if sqlite else (text(COUNT), text(WHO))
    found = []
    left = 4 * most
    for low, high in _spans(plan.edges, was, now):
        span = {"low": low, "high": high}
        left -= connection.scalar(count, {**span, "most": left + 1}) or 0
        if left < 0:
            return None
        found.append(np.array(connection.scalars(who, span).all(), dtype=np.int64))
    for low, high in _spans(plan.contact_edges, was, now):
        found.append(np.array(connection.scalars(text(CONTACTED), {"low": low, "high": high, "most": most + 1}).all(), dtype=np.int64))
    return np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)


def _spans(edges: Sequence[int], was: int, now: int) -> list[tuple[int, int]]:
    """The spans (low, high] that the edges passed over, those that overlap joined."""
    earlier, later = sorted((was, now))
    spans: list[tuple[int, int]] = []
    for edge in sorted(edges, reverse=True):
        low, high = earlier - edge, later - edge
        if spans and low <= spans[-1][1]:
            spans[-1] = (spans[-1][0], high)
        else:
            spans.append((low, high))
    return spans


__all__ = ["keep_reading", "merged", "new_token", "read_changed"]
