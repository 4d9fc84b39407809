"""A real company's two years: the known figures, every row accounted for, the same facts from every format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.store.ingest import import_file
from engine.store.session import Store
from tests.store.imports import ACTOR, make_store, mapping, query


@pytest.fixture
def store(sqlite_url: str) -> Store:
    return make_store(sqlite_url, currency="GBP")


def fingerprint(store: Store) -> list[list[tuple[Any, ...]]]:
    """Every order with its content hash, and sums over the lines."""
    heads = "select external_id, customer_id, ordered_at, kind, amount, content_hash, batch_id from orders order by id"
    lines = "select count(*), sum(quantity), sum(unit_price), sum(amount), sum(ordinal), sum(product_id) from order_line"
    return [query(store, sql) for sql in (heads, lines, "select * from customer order by id", "select * from product order by id")]


def test_online_retail_gives_the_known_figures_from_csv_and_parquet(store: Store, data_dir: Path) -> None:
    with store:
        report = import_file(store, data_dir / "online_retail.csv.gz", mapping(store, "online-retail"), actor=ACTOR)
        assert report.accounted
        assert (report.rows, report.rejected) == (541_909, {})
        assert report.ignored == {"no customer": 135_080, "price is not positive": 40}
        assert (report.orders, report.amount, report.refunds, report.customers_created) == (18_532, 891_140_790, 3_654, 4_372)
        assert report.lines == 397_884 + 8_905
        assert query(store, "select count(distinct customer_id) from orders where kind = 0") == [(4_338,)]
        sold = "select count(*) from order_line l join orders o on o.id = l.order_id where o.kind = 0"
        assert query(store, sold) == [(397_884,)]
        again = "select count(*) from (select 1 from orders where kind = 0 group by customer_id having count(*) > 1) repeat"
        assert query(store, again) == [(2_845,)]
        before = fingerprint(store)

        same = import_file(store, data_dir / "online_retail.parquet", mapping(store, "online-retail"), actor=ACTOR)
        assert (same.created, same.updated, same.unchanged) == (0, 0, 22_186)
        assert fingerprint(store) == before


def test_the_second_edition_agrees_with_the_first(store: Store, data_dir: Path) -> None:
    with store:
        import_file(store, data_dir / "online_retail.parquet", mapping(store, "online-retail"), actor=ACTOR)
        report = import_file(store, data_dir / "online_retail_ii.parquet", mapping(store, "online-retail-ii"), actor=ACTOR)
        assert report.accounted
        assert (report.rows, report.updated, report.unchanged) == (1_067_371, 1, 22_185)
        assert query(store, "select count(*) from customer") == [(5_942,)]
