"""Features read from the store equal those of a plain Python oracle, on both databases, whatever way they are read."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, insert, text

from engine.catalogue import Catalogue, Feature
from engine.columns import Codes
from engine.errors import FeatureError
from engine.policy import Text
from engine.store import feature_cache, feature_fetch
from engine.store.features import FeatureTable, custom_features, read_features, read_one, start_read
from engine.store.models import custom_field, custom_value, customer, orders, term
from engine.store.session import Store
from tests.store.shop import (
    AS_OF,
    DAY,
    REFUND,
    SALE,
    VOIDED_REFUND,
    VOIDED_SALE,
    Order,
    Shop,
    expected,
    fill,
    kept,
    key_hash,
    open_store,
    web,
)

MEASURES = (
    "count",
    "amount",
    "net_amount",
    "average_amount",
    "cost",
    "refund_count",
    "refund_amount",
    "purchase_days",
    "recency_days",
    "tenure_days",
    "interval_days",
    "interval_median_days",
    "gap_days",
)
WINDOWED = tuple(
    feature.name.removeprefix("orders.")
    for feature in Catalogue.built_in().list()
    if feature.name.startswith("orders.") and feature.windowable
)
BUILT_IN = Catalogue.built_in()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store per database for all tests: every test fills it anew, and making one takes longer than most tests."""
    folder = tmp_path_factory.mktemp("features")
    url = f"sqlite:///{folder / 'store.db'}"
    if request.param == "postgresql":
        url = str(request.getfixturevalue("postgres_server")).rsplit("/", 1)[0] + "/features"
        admin = create_engine(request.getfixturevalue("postgres_server"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text("drop database if exists features with (force)"))
            connection.execute(text("create database features"))
        admin.dispose()
    with open_store(url, cache_dir=folder / "cache") as opened:
        yield opened


@pytest.fixture
def store(shared: Store) -> Store:
    """A store without facts and without files."""
    fill(shared, Shop(0))
    feature_cache.clear(shared.cache_dir)
    return shared


@pytest.fixture(params=["plain", "arrow"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Read in plain rows, or by the reader process and ADBC."""
    if request.param == "arrow":
        monkeypatch.setattr(feature_fetch, "PLAIN_UP_TO", 0)
    return str(request.param)


def feature(name: str, source: str = "orders", aggregate: str = "count", **rest: object) -> Feature:
    return Feature(name, source, aggregate, Text("", ""), **rest)  # type: ignore[arg-type]


def same(found: object, wanted: float | None) -> bool:
    number = float(found)  # type: ignore[arg-type]
    return math.isnan(number) if wanted is None else number == wanted


def values(table: FeatureTable, name: str) -> dict[int, object]:
    column = table.columns[name]
    listed = column.texts() if isinstance(column, Codes) else column.tolist()
    return dict(zip(table.customer_id.tolist(), listed, strict=True))


def check(shop: Shop, table: FeatureTable, names: list[str], only: list[int] | None = None) -> None:
    live = shop.live if only is None else only
    assert table.customer_id.tolist() == sorted(live, key=key_hash)
    assert table.key_hash.tolist() == sorted(map(key_hash, live))
    for name in names:
        measure, _, window = name.removeprefix("orders.").rpartition("_")
        days = int(window[:-1]) if window[:-1].isdigit() else None
        found = values(table, name)
        for number in live:
            wanted = expected(shop, number, measure if days else name.removeprefix("orders."), days)
            assert same(found[number], wanted), (name, number, found[number], wanted)


EDGES = [edge + shift for edge in (0, DAY, 2 * DAY, 30 * DAY, 365 * DAY) for shift in (-1, 0, 1)]
an_order = st.builds(
    Order,
    customer=st.integers(1, 4),
    ago=st.one_of(st.sampled_from(EDGES), st.integers(-3 * DAY, 400 * DAY)),
    amount=st.integers(0, 10**9),
    kind=st.sampled_from([SALE, SALE, SALE, REFUND, VOIDED_SALE, VOIDED_REFUND]),
    channel=st.sampled_from([None, "web", "shop"]),
    cost=st.one_of(st.none(), st.integers(0, 100)),
)
a_shop = st.builds(
    Shop,
    customers=st.integers(4, 6),
    orders=st.lists(an_order, max_size=24),
    hidden=st.sampled_from([(), (3,), (2, 3)]),
    not_graded=st.sampled_from([{}, {4: "staff"}]),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shop=a_shop, windows=st.lists(st.sampled_from([1, 2, 30, 365]), min_size=1, max_size=2, unique=True), partitions=st.integers(1, 5))
def test_every_feature_of_orders_equals_the_oracle(store: Store, shop: Shop, windows: list[int], partitions: int) -> None:
    fill(store, shop)
    names = [f"orders.{measure}" for measure in MEASURES] + [f"orders.{measure}_{days}d" for measure in WINDOWED for days in windows]
    table, _ = read_features(store, names, AS_OF, catalogue=BUILT_IN, partitions=partitions)
    check(shop, table, names)
    check(shop, read_one(store, 4, names, AS_OF, catalogue=BUILT_IN), names, only=[4])


def random_shop(seed: int = 5) -> Shop:
    random = np.random.default_rng(seed)
    kinds = [SALE] * 6 + [REFUND, REFUND, VOIDED_SALE, VOIDED_REFUND]
    orders = [
        Order(
            int(random.integers(1, 60)),
            int(random.choice([*EDGES, *random.integers(0, 500 * DAY, 40).tolist()])),
            int(random.integers(0, 10**6)),
            int(random.choice(kinds)),
            [None, "web", "shop"][random.integers(3)],
            [None, "north", "south"][random.integers(3)],
            int(random.integers(100)),
            (("tea", 1000, 10), ("tea", 500, 5), (None, 1, 1)) if random.integers(2) else (("pot", 2000, 7),),
        )
        for _ in range(600)
    ]
    return Shop(70, orders, hidden=(8, 11, 12), not_graded={5: "walk-in account", 9: "staff"}, categories={"tea": "drinks", "pot": "ware"})


def test_every_way_to_read_gives_the_same_table(store: Store, way: str) -> None:
    shop = random_shop()
    fill(store, shop)
    names = [f"orders.{measure}" for measure in MEASURES] + ["orders.count_30d", "orders.gap_days_30d", "lines.quantity", "lines.products"]
    table, _ = read_features(store, names, AS_OF, catalogue=BUILT_IN, partitions=7)
    check(shop, table, names[:-2])
    assert table.not_graded is not None
    assert [(c, r) for c, r in zip(table.customer_id.tolist(), table.not_graded, strict=True) if r] == sorted(
        [(5, "walk-in account"), (9, "staff")], key=lambda pair: key_hash(pair[0])
    )
    part, _ = read_features(store, names, AS_OF, catalogue=BUILT_IN, customers=range(20, 41))
    rows = np.flatnonzero((table.customer_id >= 20) & (table.customer_id <= 40))
    assert part.customer_id.tolist() == table.customer_id[rows].tolist()
    for name in names:
        whole = table.columns[name]
        assert not isinstance(whole, Codes)
        assert np.array_equal(part.columns[name], whole[rows], equal_nan=True)  # type: ignore[arg-type]


def test_columns_have_the_types_of_the_contract_and_cannot_be_written(store: Store) -> None:
    fill(store, Shop(2, [Order(1, 5, 250)]))
    table, _ = read_features(store, ["orders.count", "orders.amount", "orders.recency_days"], AS_OF, catalogue=BUILT_IN)
    assert [str(column.dtype) for column in table.columns.values() if not isinstance(column, Codes)] == ["int64", "float64", "float64"]
    with pytest.raises(ValueError, match="read-only"):
        table.columns["orders.count"][0] = 7  # type: ignore[index]


def test_lines_count_only_where_their_order_is_a_sale(store: Store, way: str) -> None:
    tea, pot = ("tea", 1500, 300), ("pot", 1000, 5000)
    fill(
        store,
        Shop(
            3,
            [
                Order(1, DAY, lines=(tea, pot, tea)),
                Order(1, 40 * DAY, lines=(pot,)),
                Order(2, 5, kind=REFUND, lines=(tea,)),
                Order(3, 5, lines=((None, 1, 1),)),
            ],
            categories={"tea": "drinks", "pot": "ware"},
        ),
    )
    drinks = feature(
        "lines.drinks", "lines", "sum", of="amount", where={"feature": "category", "op": "=", "value": "drinks"}, dtype="amount"
    )
    no_tea = feature("lines.no_tea", "lines", where={"not": {"feature": "product", "op": "in", "value": ["tea", "nothing"]}})
    names = ["lines.quantity", "lines.products", "lines.amount", "lines.count", "lines.count_30d", "lines.drinks", "lines.no_tea"]
    table, _ = read_features(store, names, AS_OF, catalogue=BUILT_IN.with_features([drinks, no_tea]))
    found = {name: [values(table, name)[number] for number in (1, 2, 3)] for name in names}
    assert found["lines.quantity"] == [5.0, 0.0, 0.001]
    assert found["lines.products"] == [2, 0, 0]
    assert found["lines.amount"] == [106.0, 0.0, 0.01]
    assert found["lines.count"] == [4, 0, 1]
    assert found["lines.count_30d"] == [3, 0, 1]
    assert found["lines.drinks"] == [6.0, 0.0, 0.0]
    assert found["lines.no_tea"] == [2, 0, 0]  # a line without a product is unknown, and unknown does not match


FILTERS: list[tuple[dict[str, Any], Callable[[Order], bool]]] = [
    ({"feature": "channel", "op": "=", "value": "web"}, lambda order: order.channel == "web"),
    ({"feature": "channel", "op": "!=", "value": "web"}, lambda order: order.channel == "shop"),
    ({"feature": "channel", "op": "is_missing"}, lambda order: order.channel is None),
    ({"feature": "store", "op": "in", "value": ["north", "nowhere"]}, lambda order: order.store == "north"),
    ({"not": {"feature": "store", "op": "=", "value": "north"}}, lambda order: order.store == "south"),
    (
        {"any": [{"feature": "channel", "op": "=", "value": "web"}, {"feature": "store", "op": "=", "value": "south"}]},
        lambda order: order.channel == "web" or order.store == "south",
    ),
    (
        {"all": [{"feature": "channel", "op": "=", "value": "web"}, {"feature": "store", "op": "is_present"}]},
        lambda order: order.channel == "web" and order.store is not None,
    ),
    ({"feature": "channel", "op": "=", "value": "never ' seen; --"}, lambda order: False),
]


def test_filters_and_windows_that_end_earlier_equal_the_oracle(store: Store, way: str) -> None:
    shop = random_shop(6)
    fill(store, shop)
    made = [
        feature(f"orders.f{number}_{aggregate}", aggregate=aggregate, where=where, window_days=100, ends_days_before=ends)
        for number, (where, _) in enumerate(FILTERS)
        for aggregate, ends in (("count", 0), ("recency", 30), ("gap", 0))
    ]
    table, _ = read_features(store, [f.name for f in made], AS_OF, catalogue=BUILT_IN.with_features(made))
    for number, (_, matches) in enumerate(FILTERS):
        part = Shop(shop.customers, [order for order in shop.orders if matches(order)], shop.hidden)
        count, recency, gap = (values(table, f"orders.f{number}_{aggregate}") for aggregate in ("count", "recency", "gap"))
        for owner in shop.live:
            rows = kept(part, owner, SALE, 100, ends=30)
            assert count[owner] == len(kept(part, owner, SALE, 100))
            assert same(recency[owner], (rows[-1].ago - 30 * DAY) // DAY if rows else None)
            assert same(gap[owner], expected(part, owner, "gap_days", 100))


def test_orders_of_one_moment_count_once_for_the_gap(store: Store) -> None:
    fill(store, Shop(3, [Order(1, 50), Order(1, 50), Order(1, 90 * DAY), Order(2, 90 * DAY), Order(2, 3 * DAY), Order(3, 7), Order(3, 7)]))
    table, _ = read_features(store, ["orders.gap_days", "orders.gap_days_2d"], AS_OF, catalogue=BUILT_IN)
    assert [values(table, "orders.gap_days")[number] for number in (1, 2)] == [89.0, 87.0]
    assert same(values(table, "orders.gap_days")[3], None)
    assert same(values(table, "orders.gap_days_2d")[2], None)


def test_a_filtered_median_interval_reads_only_its_own_days(store: Store, way: str) -> None:
    ago = (1, 3, 10, 40)
    shop = Shop(
        3, [Order(1, days * DAY, channel="web") for days in ago] + [Order(1, 2 * DAY, channel="shop"), Order(2, DAY, channel="web")]
    )
    fill(store, shop)
    made = feature("orders.web_median", aggregate="interval_median", where=FILTERS[0][0], dtype="days", nullable=True)
    table, _ = read_features(store, ["orders.web_median", "orders.interval_median_days"], AS_OF, catalogue=BUILT_IN.with_features([made]))
    assert values(table, "orders.web_median")[1] == expected(web(shop), 1, "interval_median_days", None) == 7.0
    assert values(table, "orders.interval_median_days")[1] == 4.0
    assert same(values(table, "orders.web_median")[2], None)


def test_ratios_and_differences_know_what_is_missing(store: Store) -> None:
    fill(
        store, Shop(3, [Order(1, DAY, 300), Order(1, 100 * DAY, 200), Order(1, 110 * DAY, 400), Order(2, DAY, 50), Order(3, 95 * DAY, 70)])
    )
    made = [
        feature("orders.before", aggregate="sum", of="amount", window_days=90, ends_days_before=90, dtype="amount"),
        feature("orders.trend", "derived", "ratio", terms=("orders.amount_90d", "orders.before")),
        feature("orders.safe_trend", "derived", "ratio", terms=("orders.amount_90d", "orders.before"), min_count=2),
        feature("orders.growth", "derived", "difference", terms=("orders.amount_90d", "orders.before")),
        feature("orders.double", "derived", "ratio", terms=("orders.growth", "orders.recency_days")),
    ]
    names = [f.name for f in made]
    table, _ = read_features(store, names, AS_OF, catalogue=BUILT_IN.with_features(made))
    assert [values(table, "orders.trend")[number] for number in (1, 3)] == [0.5, 0.0]
    assert same(values(table, "orders.trend")[2], None)
    assert values(table, "orders.safe_trend")[1] == 0.5
    assert same(values(table, "orders.safe_trend")[3], None)
    assert values(table, "orders.growth") == {1: -3.0, 2: 0.5, 3: -0.7}
    assert values(table, "orders.double")[1] == -3.0


def test_a_feature_made_of_itself_is_refused(store: Store) -> None:
    made = [
        feature("orders.a", "derived", "ratio", terms=("orders.b", "orders.count")),
        feature("orders.b", "derived", "ratio", terms=("orders.a", "orders.count")),
    ]
    with pytest.raises(FeatureError, match=r"orders.a is made of itself: orders.a -> orders.b -> orders.a"):
        read_features(store, ["orders.a"], AS_OF, catalogue=BUILT_IN.with_features(made))


def test_profile_features_use_the_business_calendar_and_codes(store: Store, way: str) -> None:
    today = dt.datetime.fromtimestamp(AS_OF, dt.timezone(dt.timedelta(hours=8))).date()
    epoch = dt.date(1970, 1, 1)

    def born(year: int, shift: int) -> int:
        return (today.replace(year=year) - epoch).days + shift

    people: dict[int, dict[str, Any]] = {
        1: {"kind": 0, "gender": 1, "birth_day": born(1990, 0), "region": "华东", "income": 1234567, "joined_at": AS_OF - 3 * DAY - 1},
        2: {"kind": 1, "gender": 0, "birth_day": born(1990, 1), "region": "EU", "joined_at": AS_OF + 1},
        3: {"birth_day": born(1950, -1), "region": "华北"},
        4: {"birth_day": born(2030, 0)},
    }
    fill(store, Shop(5, profile=people))
    names = [f"profile.{name}" for name in ("kind", "gender", "age", "birth_month", "region", "income", "joined_days", "city")]
    table, _ = read_features(store, names, AS_OF, catalogue=BUILT_IN)
    found = {name.removeprefix("profile."): [values(table, name)[number] for number in (1, 2, 3, 4, 5)] for name in names}
    assert found["kind"] == ["person", "company", None, None, None]
    assert found["gender"] == ["male", "female", None, None, None]
    assert found["age"][:3] == [today.year - 1990, today.year - 1991, today.year - 1950]
    assert all(map(math.isnan, found["age"][3:]))  # type: ignore[arg-type]
    assert found["birth_month"][0] == today.month
    assert found["region"] == ["华东", "EU", "华北", None, None]
    assert found["income"][0] == 12345.67
    assert found["joined_days"][0] == 3.0
    assert all(map(math.isnan, found["joined_days"][1:]))  # type: ignore[arg-type]
    assert found["city"] == [None] * 5
    region, kind = table.columns["profile.region"], table.columns["profile.kind"]
    assert isinstance(region, Codes)
    assert isinstance(kind, Codes)
    assert region.values == ("EU", "华东", "华北")
    assert not region.closed
    assert kind.closed


def test_custom_fields_are_features_of_their_kind(store: Store, way: str) -> None:
    fill(store, Shop(3))
    kinds = ["text", "number", "amount", "date", "flag"]
    rows = {"text": 900, "number": 12_500, "amount": 999, "date": 20_000, "flag": 1}
    with store.write() as connection:
        connection.execute(insert(term).values(id=900, field="custom.text", value="vip"))
        fields = [{"id": n, "name": kind, "kind": kind, "title_en": kind, "title_zh": kind} for n, kind in enumerate(kinds, 1)]
        connection.execute(insert(custom_field), fields)
        chosen = [{"customer_id": 2, "field_id": n, "value": rows[kind]} for n, kind in enumerate(kinds, 1)]
        connection.execute(insert(custom_value), chosen)
    with store.read() as connection:
        custom = custom_features(connection)
    table, _ = read_features(store, [f.name for f in custom], AS_OF, catalogue=BUILT_IN.with_features(custom))
    assert values(table, "custom.text") == {1: None, 2: "vip", 3: None}
    assert values(table, "custom.number")[2] == 1.25
    assert values(table, "custom.amount")[2] == 9.99
    assert values(table, "custom.date") == {1: None, 2: dt.date(2024, 10, 4), 3: None}
    assert values(table, "custom.flag") == {1: -1, 2: 1, 3: -1}
    assert same(values(table, "custom.number")[1], None)


def test_a_currency_without_minor_digits_is_not_divided(store_url: str) -> None:
    with open_store(store_url, digits=0) as yen:
        fill(yen, Shop(1, [Order(1, 5, 1200), Order(1, 9, 300)]))
        table = read_one(yen, 1, ["orders.amount", "orders.average_amount"], AS_OF, catalogue=BUILT_IN)
    assert [values(table, name)[1] for name in table.columns] == [1500.0, 750.0]


def test_a_store_without_customers_and_one_without_orders(store: Store, way: str) -> None:
    names = [f"orders.{measure}" for measure in MEASURES] + ["profile.region", "lines.products"]
    empty, _ = read_features(store, names, AS_OF, catalogue=BUILT_IN)
    assert len(empty) == 0
    assert all(len(column) == 0 for column in empty.columns.values())
    fill(store, Shop(2))
    table, _ = read_features(store, names, AS_OF, catalogue=BUILT_IN)
    check(Shop(2), table, names[:-2])
    assert len(read_one(store, 99, names, AS_OF, catalogue=BUILT_IN)) == 0


def test_customer_keys_far_apart_are_found(store: Store) -> None:
    with store.write() as connection:
        for number in (3, 10**12):
            connection.execute(insert(customer).values(id=number, key_hash=-number, external_id=str(number), batch_id=7))
        row = {
            "source_id": 1,
            "external_id": "x",
            "customer_id": 10**12,
            "ordered_at": AS_OF,
            "ordered_on": 0,
            "kind": 0,
            "amount": 5,
            "batch_id": 7,
        }
        connection.execute(insert(orders).values(row))
    table, _ = read_features(store, ["orders.count"], AS_OF, catalogue=BUILT_IN)
    assert values(table, "orders.count") == {10**12: 1, 3: 0}


def test_the_same_read_again_maps_a_file_and_new_facts_do_not(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_fetch, "PLAIN_UP_TO", 0)
    shop = random_shop()
    shop.profile = {number: {"region": f"r{number % 3}", "kind": 0} for number in range(1, 20)}
    fill(store, shop)
    names = ["orders.count", "orders.average_amount", "profile.region", "profile.kind"]
    first, _ = read_features(store, names, AS_OF, catalogue=BUILT_IN)
    files = list(store.cache_dir.iterdir())
    assert [file.suffix for file in files] == [".arrow"]
    assert files[0].stat().st_mode & 0o777 == 0o600
    again, _ = read_features(store, names, AS_OF, catalogue=BUILT_IN)
    assert "read" not in again.seconds
    assert (again.fact_seq, again.batch_id) == (first.fact_seq, first.batch_id)
    assert again.customer_id.tolist() == first.customer_id.tolist()
    assert list(again.not_graded or []) == list(first.not_graded or [])
    for name in names:
        assert values(again, name).items() >= {(k, v) for k, v in values(first, name).items() if v == v}
    assert isinstance(again.columns["profile.region"], Codes)
    assert not again.columns["profile.region"].closed
    shop.orders.append(Order(1, 5))
    fill(store, shop)
    newer, _ = read_features(store, names, AS_OF, catalogue=BUILT_IN)
    check(shop, newer, names[:2])
    read_features(store, names, AS_OF + 1, catalogue=BUILT_IN)
    assert len(list(store.cache_dir.iterdir())) == 2


def test_a_damaged_file_is_read_anew(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_fetch, "PLAIN_UP_TO", 0)
    with open_store(sqlite_url) as store:
        shop = random_shop()
        fill(store, shop)
        read_features(store, ["orders.count"], AS_OF, catalogue=BUILT_IN)
        next(store.cache_dir.iterdir()).write_bytes(b"ARROW1")
        table, _ = read_features(store, ["orders.count"], AS_OF, catalogue=BUILT_IN)
        check(shop, table, ["orders.count"])


def test_a_read_can_go_on_in_the_background(store: Store) -> None:
    shop = random_shop()
    fill(store, shop)
    pending = start_read(store, ["orders.count"], AS_OF, catalogue=BUILT_IN, also=lambda connection: connection.dialect.name)
    table, name = pending.result()
    check(shop, table, ["orders.count"])
    assert name == store.sql.dialect.name
    with pytest.raises(FeatureError):
        start_read(store, ["orders.cuont"], AS_OF, catalogue=BUILT_IN).result()
