"""Streams of what happens to a small store: imports, corrections, undoing, joins, flags, other rules, time; as plain events."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import Any

import numpy as np
from hypothesis import strategies as st

from engine.columns import Codes, Column
from engine.errors import TierwiseError
from engine.rulebook import Rulebook
from engine.service import Engine
from engine.store.features import read_features
from engine.store.identity import flag_not_graded, join, separate
from engine.store.ingest import import_rows
from engine.store.ingest.amends import amend_rows
from engine.store.ingest.batches import undo
from engine.store.ingest.voids import unvoid, void
from engine.store.inputs import load_inputs
from engine.store.outcomes import RunRecord
from tests.small_store import AS_OF, DAY

PEOPLE = 7
WEB = {"feature": "channel", "op": "=", "value": "web"}
FOOD = {"feature": "category", "op": "=", "value": "food"}
DEFINED: list[dict[str, Any]] = [
    {"name": "orders.web_amount", "source": "orders", "aggregate": "sum", "of": "amount", "where": WEB},
    {"name": "orders.month_before", "source": "orders", "aggregate": "sum", "of": "amount", "window_days": 30, "ends_days_before": 30},
    {"name": "trend.month", "ratio": ["orders.amount_30d", "orders.month_before"], "min_count": 2},
    {"name": "orders.web_median", "source": "orders", "aggregate": "interval_median", "where": WEB, "window_days": 60},
    {"name": "orders.recency_then", "source": "orders", "aggregate": "recency", "ends_days_before": 7},
    {
        "name": "refunds.north",
        "source": "refunds",
        "aggregate": "sum",
        "of": "amount",
        "where": {**WEB, "feature": "store", "value": "north"},
    },
    {"name": "lines.food", "source": "lines", "aggregate": "sum", "of": "quantity", "where": FOOD, "window_days": 30},
    {"name": "lines.bread", "source": "lines", "aggregate": "count", "where": {**FOOD, "feature": "product", "value": "P1"}},
]
PLAIN = (
    "orders.count orders.count_7d orders.amount_30d orders.net_amount_30d orders.refund_count_90d orders.average_amount orders.recency_days "
    "orders.tenure_days orders.interval_days orders.gap_days orders.gap_days_30d profile.age profile.joined_days profile.region"
).split()
RARE = (
    "orders.purchase_days_7d orders.interval_median_days lines.products_30d lines.count profile.birth_month profile.kind custom.points "
    "orders.cost_90d"
).split()
MADE = [feature["name"] for feature in DEFINED] + ["orders.web_amount_30d"]


def book(features: list[str], least: int) -> dict[str, Any]:
    """A rulebook that reads these features, and one policy that learns from everybody."""
    here = [{"feature": feature, "op": "is_present"} for feature in features]
    many = {"feature": "orders.count", "op": ">=", "value": least}
    segments = [{"key": "some", "title": "Some", "when": {"any": [many, {"all": here}]}}]
    otherwise = [{"key": "rest", "title": "Rest"}]
    return {
        "format": 1,
        "name": "Stream",
        "guards": {"customers": None, "amount": None, "label": None, "silent_days": None},
        "features": DEFINED,
        "policies": [
            {"key": "rfm", "type": "rfm"},
            {"key": "lifecycle", "type": "lifecycle"},
            {"key": "seen", "type": "segments", "params": {"segments": segments, "otherwise": otherwise}},
        ],
    }


BOOKS = [book([*PLAIN, *RARE, *MADE], 3), book([*PLAIN, *RARE, *MADE], 2), book(PLAIN, 3)]

# --- events -----------------------------------------------------------------------------------------------------

person = st.integers(1, PEOPLE)
edges = [n * DAY for n in (0, 1, 7, 30, 60, 90)]
ago = st.one_of(
    st.builds(int.__add__, st.sampled_from(edges), st.integers(-2, 2)), st.integers(-40 * DAY, 100 * DAY), st.integers(0, 700 * DAY)
)
order = st.fixed_dictionaries(
    {
        "order": st.integers(0, 14),
        "customer": person,
        "ago": ago,
        "amount": st.integers(1, 900),
        "kind": st.sampled_from(["sale", "sale", "sale", "refund"]),
        "channel": st.sampled_from(["web", "shop", None]),
        "store": st.sampled_from(["north", None]),
    }
)
line = st.fixed_dictionaries(
    {
        "order": st.integers(0, 5),
        "customer": person,
        "ago": ago,
        "product": st.integers(1, 3),
        "quantity": st.integers(1, 5),
        "unit_price": st.integers(1, 90),
    }
)
profile = st.fixed_dictionaries(
    {
        "customer": person,
        "birth_date": st.sampled_from(["1990-02-28", "1992-02-29", "2001-10-05", "1969-12-31", None]),
        "region": st.sampled_from(["east", "west", None]),
        "joined_ago": st.integers(-30, 400),
        "custom.points": st.sampled_from([1, 2, None]),
        "not_graded": st.sampled_from([None, None, "staff"]),
    }
)
product = st.fixed_dictionaries({"product": st.integers(1, 3), "category": st.sampled_from(["food", "toys"])})
changed_line = st.fixed_dictionaries(
    {"order": st.integers(0, 5), "line": st.integers(1, 2), "quantity": st.integers(1, 9), "product": st.integers(1, 3)}
)
changed_order = st.fixed_dictionaries(
    {
        "order": st.builds("{}{}".format, st.sampled_from("LO"), st.integers(0, 5)),
        "customer": person,
        "channel": st.sampled_from(["web", None]),
    }
)
event = st.one_of(
    st.tuples(st.just("orders"), st.lists(order, min_size=1, max_size=5)),
    st.tuples(st.just("orders"), st.lists(order, min_size=1, max_size=5)),
    st.tuples(st.just("lines"), st.lists(line, min_size=1, max_size=4)),
    st.tuples(st.just("customers"), st.lists(profile, min_size=1, max_size=2, unique_by=lambda row: row["customer"])),
    st.tuples(st.just("products"), st.lists(product, min_size=1, max_size=2, unique_by=lambda row: row["product"])),
    st.tuples(st.sampled_from(["void", "unvoid"]), st.just("order"), st.integers(0, 14)),
    st.tuples(st.sampled_from(["void", "unvoid"]), st.just("customer"), person),
    st.tuples(st.sampled_from(["void", "unvoid"]), st.just("product"), st.integers(1, 3)),
    st.tuples(st.sampled_from(["void", "unvoid"]), st.just("line"), st.integers(0, 5), st.integers(1, 3)),
    st.tuples(st.just("amend"), st.just("lines"), st.lists(changed_line, min_size=1, max_size=2)),
    st.tuples(st.just("amend"), st.just("orders"), st.lists(changed_order, min_size=1, max_size=2)),
    st.tuples(st.just("undo"), st.integers(0, 2)),
    st.tuples(st.just("join"), person, person),
    st.tuples(st.just("separate"), person),
    st.tuples(st.just("flag"), person, st.sampled_from([None, "test", "walk-in"])),
    st.tuples(st.just("rules"), st.integers(0, len(BOOKS) - 1)),
)
steps = [0, 1, 59, 3_600, DAY - 1, DAY, DAY + 1, 7 * DAY, 30 * DAY, 31 * DAY, 92 * DAY, 366 * DAY]
stream = st.lists(st.tuples(st.lists(event, min_size=1, max_size=4), st.sampled_from(steps)), min_size=2, max_size=4)


def company(url: str) -> None:
    """A store in which every kind of fact occurs once, and the first rulebook is live."""
    with Engine.open(url) as engine:
        happen(
            engine,
            (
                "customers",
                [
                    {"customer": n, "birth_date": None, "region": "east", "joined_ago": 9, "custom.points": n, "not_graded": None}
                    for n in range(1, 6)
                ],
            ),
            AS_OF,
        )
        happen(engine, ("products", [{"product": n, "category": "food"} for n in (1, 2, 3)]), AS_OF)
        first = {"amount": 50, "kind": "sale", "channel": "web", "store": None}
        happen(engine, ("orders", [{"order": n, "customer": n % 5 + 1, "ago": (n - 5) * 9 * DAY - n, **first} for n in range(15)]), AS_OF)
        happen(
            engine,
            (
                "lines",
                [
                    {"order": n, "customer": n + 1, "ago": 20 * n * DAY, "product": n % 3 + 1, "quantity": 1, "unit_price": 9}
                    for n in range(6)
                ],
            ),
            AS_OF,
        )
        engine.publish(BOOKS[0])
        engine.run(AS_OF)


def moment(at: int) -> str:
    """A moment as files have it."""
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def happen(engine: Engine, what: tuple[Any, ...], now: int) -> None:
    """Let an event happen; one that is refused has happened to nobody."""
    kind, *rest = what
    with contextlib.suppress(TierwiseError):
        if kind in ("orders", "lines", "customers", "products"):
            import_rows(engine.store, kind, [_row(kind, each, now) for each in rest[0]], source="till", actor="stream")
        elif kind == "rules":
            engine.publish(BOOKS[rest[0]])
        elif kind == "undo":
            undo(engine.store, _batch(engine, rest[0]), "stream")
        elif kind in ("void", "unvoid"):
            letter = {"order": "O", "customer": "C", "product": "P", "line": "L"}[rest[0]]
            (void if kind == "void" else unvoid)(engine.store, rest[0], "till", letter + "/".join(map(str, rest[1:])), "stream")
        elif kind == "amend":
            rows = [(n, _changed(rest[0], each)) for n, each in enumerate(rest[1], 1)]
            amend_rows(engine.store, rest[0], rows, source="till", actor="stream")
        elif kind == "separate":
            separate(engine.store, ("till", f"C{rest[0]}"), "stream")
        elif kind == "join":
            join(engine.store, engine.customer_id(f"C{rest[0]}"), engine.customer_id(f"C{rest[1]}"), "stream")
        else:
            flag_not_graded(engine.store, engine.customer_id(f"C{rest[0]}"), rest[1])


def _changed(kind: str, event: dict[str, Any]) -> dict[str, Any]:
    if kind == "orders":
        return {**event, "customer": f"C{event['customer']}"}
    return {**event, "order": f"L{event['order']}", "product": f"P{event['product']}"}


def _batch(engine: Engine, back: int) -> int:
    from sqlalchemy import text

    with engine.store.read() as connection:
        return int(connection.scalar(text("select max(id) from import_batch")) or 0) - back


def _row(kind: str, event: dict[str, Any], now: int) -> dict[str, Any]:
    row = {**event}
    if "customer" in row:
        row["customer"] = f"C{row['customer']}"
    if "order" in row:
        row["order"] = f"{'O' if kind == 'orders' else 'L'}{row['order']}"
        row["ordered_at"] = moment(now - row.pop("ago"))
    if "product" in row:
        row["product"] = f"P{row['product']}"
    if "joined_ago" in row:
        row["joined_at"] = moment(now - row.pop("joined_ago") * DAY)
    return row


# --- what must hold ---------------------------------------------------------------------------------------------


def check(engine: Engine, record: RunRecord, rulebook: Rulebook) -> None:
    """The inputs of the run are those of a full read, to the bit."""
    with engine.store.read() as connection:
        inputs = load_inputs(connection, record)
    assert inputs is not None
    full, _ = read_features(engine.store, sorted(inputs.columns), record.as_of, catalogue=rulebook.catalogue, keep=False)
    order = np.argsort(full.customer_id)
    assert inputs.customer_id.tolist() == full.customer_id[order].tolist()
    for name, column in inputs.columns.items():
        assert plain(column) == [plain(full.columns[name])[at] for at in order], name


def plain(column: Column) -> list[Any]:
    """Values that compare as their bits do."""
    if isinstance(column, Codes):
        return [None if code < 0 else column.values[code] for code in column.codes.tolist()]
    return [value if value == value else None for value in column.tolist()]


def live(engine: Engine, happened: list[tuple[list[tuple[Any, ...]], int]]) -> list[RunRecord]:
    """Let a stream happen, run after each part of it, and hold every run against a full one."""
    now = AS_OF
    records: list[RunRecord] = []
    rulebooks: dict[int, Rulebook] = {}
    for events, step in happened:
        for each in events:
            happen(engine, each, now)
        now += step
        records.append(engine.run(now, changed=True))
        version = records[-1].version_id
        if version not in rulebooks:
            rulebooks[version] = engine.rulebook()
        check(engine, records[-1], rulebooks[version])
    full = engine.run(now, recompute=True)
    assert full.digest == records[-1].digest
    return records
