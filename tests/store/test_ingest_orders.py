"""Orders and order lines: grouped, compared as a whole, replaced, in whatever sequence the lines stand."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import FactError
from engine.store.ingest import import_file, import_rows, orders, readers, staging, undo, unvoid, void
from engine.store.session import Store
from tests.store.imports import ACTOR, bring, everything, make_store, mapping, query, rejected_reasons, stored_orders

HEADER = "order,customer,ordered_at,product,quantity,unit_price\n"
DAY0 = 1_735_689_600  # 2025-01-01T00:00:00Z


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with make_store(store_url, customers=["a", "b", "c"]) as store:
        yield store


@pytest.fixture
def local(sqlite_url: str) -> Iterator[Store]:
    with make_store(sqlite_url, customers=["a", "b", "c"]) as store:
        yield store


def test_lines_become_orders(store: Store, tmp_path: Path) -> None:
    report = bring(
        store,
        tmp_path,
        "tierwise/lines",
        HEADER + "o1,a,2025-01-01 10:00,p1,2,1.5\no1,a,2025-01-01 09:00,p1,2,1.5\no2,b,2025-01-02,p2,0.5,3.3333\n",
    )
    assert (report.rows, report.created, report.orders, report.lines, report.amount) == (3, 2, 2, 3, 767)
    assert (report.first, report.last) == (DAY0 + 9 * 3600, DAY0 + 86_400)
    assert stored_orders(store) == {
        "o1": ("a", DAY0 + 9 * 3600, 0, 600, (("p1", 2000, 15_000, 300), ("p1", 2000, 15_000, 300))),
        "o2": ("b", DAY0 + 86_400, 0, 167, (("p2", 500, 33_333, 167),)),
    }


def test_the_same_file_again_changes_nothing(store: Store, tmp_path: Path) -> None:
    text = HEADER + "o1,a,2025-01-01,p1,2,1.5\no2,b,2025-01-02,p2,1,3\no1,a,2025-01-01,p2,1,1\n"
    bring(store, tmp_path, "tierwise/lines", text)
    before = everything(store)
    again = bring(store, tmp_path, "tierwise/lines", text)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)
    assert everything(store) == before


def test_a_changed_order_is_replaced_and_stamps_both_customers(store: Store, tmp_path: Path) -> None:
    bring(store, tmp_path, "tierwise/lines", HEADER + "o1,a,2025-01-01,p1,2,1.5\n")
    report = bring(store, tmp_path, "tierwise/lines", HEADER + "o1,b,2025-01-01,p1,3,1.5\n")
    assert (report.created, report.updated) == (0, 1)
    assert stored_orders(store)["o1"][:4] == ("b", DAY0, 0, 450)
    seq = query(store, "select seq from fact_clock")[0][0]
    assert query(store, "select external_id, fact_seq from customer order by external_id")[:2] == [("a", seq), ("b", seq)]


def test_append_adds_lines_to_what_is_stored(store: Store, tmp_path: Path) -> None:
    bring(store, tmp_path, "tierwise/lines", HEADER + "o1,a,2025-01-02,p1,2,1.5\n")
    appending = "kind: lines\nsource: main\ncolumns: native\nlines: append\n"
    report = bring(store, tmp_path, appending, HEADER + "o1,a,2025-01-01,p2,1,1\no2,a,2025-01-01,p2,1,1\n")
    assert (report.created, report.updated) == (1, 1)
    assert stored_orders(store)["o1"] == ("a", DAY0, 0, 400, (("p1", 2000, 15_000, 300), ("p2", 1000, 10_000, 100)))


def test_refunds_are_positive_and_linked(store: Store, tmp_path: Path) -> None:
    text = "order,customer,ordered_at,kind,refund_of,amount\nr1,a,2025-01-03,refund,o1,-5\no1,a,2025-01-01,sale,,20\nr2,a,2025-01-04,refund,nowhere,1\n"
    report = bring(store, tmp_path, "tierwise/orders", text)
    assert (report.orders, report.refunds, report.amount, report.refund_amount) == (1, 2, 2000, 600)
    assert "1 refunds name an order that is not stored" in report.warnings[0]
    links = query(
        store, "select r.external_id, o.external_id from orders r left join orders o on o.id = r.refund_of where r.kind = 1 order by 1"
    )
    assert links == [("r1", "o1"), ("r2", None)]


@pytest.mark.parametrize(
    ("line", "reason", "said"),
    [
        ("o1,x,2025-01-01,p1,1,1", "unknown customer", "a customer that is stored"),
        ("o1,a,2025-02-30,p1,1,1", "impossible date", "a date such as"),
        ("o1,a,yesterday,p1,1,1", "not a date", "a date such as"),
        ("o1,a,,p1,1,1", "missing value", "when it was ordered"),
        (",a,2025-01-01,p1,1,1", "missing value", "the order's id"),
        ("o1,a,2025-01-01,p1,many,1", "not a number", "a number such as"),
        ("o1,a,2025-01-01,p1,NaN,1", "not a finite number", "a number"),
        ("o1,a,2025-01-01,p1,-inf,1", "not a finite number", "a number"),
        ("o1,a,2025-01-01,p1,1,1e400", "too large", "at most"),
        ("o1,a,2025-01-01,p1,1," + "9" * 400, "too large", "at most"),
        ("o1,a,2025-01-01,p1,1000000001,1", "too large", "10^9 units"),
        ("o1,a,2025-01-01,p1,1000000000,90000000", "amount too large", "10^15 minor units"),
        ("o1,a,2025-01-01,p1,1,-1", "negative", "zero or more"),
        ("o1,a,2025-01-01,p1,-1,1", "negative quantity on a sale", "or the kind refund"),
        ("o1,a,2025-01-01,p1,0,1", "quantity zero", "other than 0"),
        ("o1,a,2025-01-01,p1,1,1.00001", "too many digits after the point", "at most 4 digits"),
        ("o1,a,2025-01-01,p1,1", "wrong number of cells", "6 cells"),
        ("o\x01,a,2025-01-01,p1,1,1", "text with control characters", "without control"),
    ],
)
def test_a_bad_row_is_rejected_with_its_place(local: Store, tmp_path: Path, line: str, reason: str, said: str) -> None:
    report = bring(local, tmp_path, "tierwise/lines", HEADER + "good,a,2025-01-01,p1,1,1\n" + line + "\ngood,a,2025-01-01,p1,1,1\n")
    assert rejected_reasons(report) == {reason: 1}
    assert (report.accepted, report.amount) == (2, 200)
    [(row, kept, expected)] = query(local, "select line, reason, expected from rejected_row")
    assert (row, kept) == (3, reason)
    assert said in expected


def test_an_unknown_customer_gets_a_hint(local: Store, tmp_path: Path) -> None:
    import_rows(local, "customers", [{"customer": "K-10234"}], source="main", actor=ACTOR)
    report = bring(local, tmp_path, "tierwise/lines", HEADER + "o1,K-10243,2025-01-01,p1,1,1\n")
    assert "did you mean 'K-10234'?" in report.rejected["unknown customer"][1][0]


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("bulk", [False, True])
def test_two_customers_in_one_order_reject_all_its_lines(local: Store, tmp_path: Path, apart: bool, bulk: bool) -> None:
    lines = [("o1", "a"), ("o1", "b"), ("o2", "a")] if not apart else [("o1", "a"), ("o2", "a"), ("o3", "a"), ("o1", "b")]
    with small_chunks(2, bulk=bulk):
        report = import_lines(local, tmp_path, [(order, who, 0, "p", 1, 100) for order, who in lines])
    assert rejected_reasons(report) == {"two customers in one order": 2}
    assert report.accounted
    assert set(stored_orders(local)) == {order for order, _ in lines} - {"o1"}
    assert (report.created, report.orders) == (len(lines) - 2, len(lines) - 2)
    kept = query(local, "select line from rejected_row order by line")
    assert kept == [(i + 2,) for i, (order, _) in enumerate(lines) if order == "o1"]


@pytest.mark.parametrize("bulk", [False, True])
def test_an_order_twice_in_a_file_of_orders(local: Store, tmp_path: Path, bulk: bool) -> None:
    rows = [("o1", 100), ("o2", 200), ("o1", 100), ("o3", 1), ("o2", 201), ("o3", 1), ("o3", 2)]
    columns = {"order": [o for o, _ in rows], "customer": ["a"] * 7, "ordered_at": ["2025-01-01"] * 7, "amount": [a / 100 for _, a in rows]}
    pq.write_table(pa.table(columns), tmp_path / "o.parquet")
    with small_chunks(3, bulk=bulk):
        report = import_file(local, tmp_path / "o.parquet", mapping(local, "tierwise/orders"), actor=ACTOR)
    assert report.accounted
    assert (report.created, report.unchanged, rejected_reasons(report)) == (3, 2, {"order twice in the file": 2})
    assert {key: row[3] for key, row in stored_orders(local).items()} == {"o1": 100, "o2": 200, "o3": 1}
    assert query(local, "select line from rejected_row order by line") == [(6,), (8,)]
    assert (report.orders, report.amount) == (3, 301)


def test_an_older_version_never_overwrites(store: Store) -> None:
    row = {"order": "o", "customer": "a", "ordered_at": "2025-01-01", "amount": 5, "version": 7}
    import_rows(store, "orders", [row], source="main", actor=ACTOR)
    older = import_rows(store, "orders", [{**row, "amount": 6, "version": 6}], source="main", actor=ACTOR)
    assert older.ignored == {"older than what is stored": 1}
    assert older.accounted
    newer = import_rows(store, "orders", [{**row, "amount": 8, "version": 8}], source="main", actor=ACTOR)
    assert newer.updated == 1
    assert stored_orders(store)["o"][3] == 800


def test_absent_is_not_null(store: Store) -> None:
    row = {"order": "o", "customer": "a", "ordered_at": "2025-01-01", "amount": 5}
    import_rows(store, "orders", [{**row, "channel": "web", "store": "S1"}], source="main", actor=ACTOR)
    import_rows(store, "orders", [{**row, "amount": 6, "store": None}], source="main", actor=ACTOR)
    terms = query(
        store,
        "select c.value, s.value, o.amount from orders o left join term c on c.id = o.channel_id left join term s on s.id = o.store_id",
    )
    assert terms == [("web", None, 600)]


def test_a_voided_order_stays_void_when_it_changes(store: Store) -> None:
    row = {"order": "o", "customer": "a", "ordered_at": "2025-01-01", "amount": 5}
    import_rows(store, "orders", [row], source="main", actor=ACTOR)
    assert void(store, "order", "main", "o", ACTOR)
    assert not void(store, "order", "main", "o", ACTOR)
    import_rows(store, "orders", [{**row, "amount": 6}], source="main", actor=ACTOR)
    assert query(store, "select kind, amount from orders") == [(-1, 600)]
    assert unvoid(store, "order", "main", "o", ACTOR)
    assert query(store, "select kind, voided_at from orders") == [(0, None)]
    with pytest.raises(FactError, match=r"no source 'mian'; did you mean 'main'\?"):
        void(store, "order", "mian", "o", ACTOR)


def test_other_currencies_convert_by_the_last_rate(store: Store, tmp_path: Path) -> None:
    bring(store, tmp_path, "tierwise/rates", "currency,day,rate\nUSD,2025-01-01,7.1\nUSD,2025-02-01,7.25\nCNY,2025-01-01,1\n", name="r.csv")
    text = "order,customer,ordered_at,amount,cost,currency\n"
    text += "o1,a,2025-01-31 23:59,10.01,1,USD\no2,a,2025-02-01,10.01,,USD\no3,a,2024-12-31,1,,USD\no4,a,2025-01-01,1,,\no5,a,2025-01-01,1,,EUR\n"
    report = bring(store, tmp_path, "tierwise/orders", text)
    assert rejected_reasons(report) == {"no exchange rate": 2}
    found = query(store, "select external_id, amount, cost, currency_amount from orders order by external_id")
    assert found == [("o1", 7107, 710, 1001), ("o2", 7257, None, 1001), ("o4", 100, None, None)]


def test_a_whole_file_in_a_currency_without_rates_is_refused(local: Store, tmp_path: Path) -> None:
    document = "kind: orders\nsource: main\ncurrency: GBP\ncolumns: {order: o, customer: c, ordered_at: t, amount: a}\n"
    with pytest.raises(FactError, match="the amounts are GBP, the business currency is CNY"):
        bring(local, tmp_path, document, "o,c,t,a\n1,a,2025-01-01,1\n")
    assert query(local, "select count(*) from orders") == [(0,)]


# --- the same facts whatever the sequence of lines, the size of chunks, and the way in --------------------------------

Line = tuple[str, str, int, str, int, int]  # order, customer, day, product, quantity, unit price in cents


@contextmanager
def small_chunks(rows: int, *, bulk: bool) -> Iterator[None]:
    """Chunks of a few rows, as a large file would have them; bulk: as into an empty store."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(readers, "CHUNK_ROWS", rows)
        patch.setattr(staging, "CHUNK_ROWS", rows)
        patch.setattr(orders, "BULK_ROWS", 0 if bulk else 10**9)
        yield


def import_lines(store: Store, folder: Path, lines: list[Line]) -> Any:
    columns = {
        "order": [line[0] for line in lines],
        "customer": [line[1] for line in lines],
        "ordered_at": pa.array([(DAY0 + line[2] * 86_400) * 1_000_000 for line in lines], pa.timestamp("us", "UTC")),
        "product": [line[3] for line in lines],
        "quantity": [line[4] for line in lines],
        "unit_price": [line[5] / 100 for line in lines],
    }
    pq.write_table(pa.table(columns), folder / "lines.parquet")
    return import_file(store, folder / "lines.parquet", mapping(store, "tierwise/lines"), actor=ACTOR)


def expected_orders(lines: list[Line]) -> dict[str, tuple[Any, ...]]:
    found: dict[str, tuple[Any, ...]] = {}
    for order in {line[0] for line in lines}:
        own = [line for line in lines if line[0] == order]
        rows = tuple((p, q * 1000, u * 100, q * u) for _, _, _, p, q, u in own)
        found[order] = (own[0][1], DAY0 + min(line[2] for line in own) * 86_400, 0, sum(row[3] for row in rows), rows)
    return found


ORDERS = [f"o{i}" for i in range(6)]


@st.composite
def line_files(draw: st.DrawFn) -> list[Line]:
    """Lines of few orders in any sequence; an order has one customer."""
    orders_of = st.sampled_from(ORDERS)
    raw = draw(
        st.lists(
            st.tuples(orders_of, st.integers(0, 3), st.sampled_from("pq"), st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=14
        )
    )
    return [(order, "abc"[int(order[1:]) % 3], day, product, quantity, price) for order, day, product, quantity, price in raw]


@settings(max_examples=60, deadline=None)
@given(first=line_files(), second=line_files(), rows=st.integers(1, 6), bulk=st.booleans())
def test_any_sequence_of_lines_gives_the_same_orders(first: list[Line], second: list[Line], rows: int, bulk: bool) -> None:
    with tempfile.TemporaryDirectory() as name, small_chunks(rows, bulk=bulk):
        folder = Path(name)
        with make_store(f"sqlite:///{folder / 's.db'}", customers=["a", "b", "c"]) as store:
            one = import_lines(store, folder, first)
            want = expected_orders(first)
            assert stored_orders(store) == want
            assert one.accounted
            assert (one.created, one.updated, one.unchanged, one.orders) == (len(want), 0, 0, len(want))
            assert one.amount == sum(order[3] for order in want.values())
            before = everything(store)

            same = import_lines(store, folder, first)
            assert (same.created, same.updated, same.unchanged) == (0, 0, len(want))
            assert everything(store) == before

            two = import_lines(store, folder, second)
            later = expected_orders(second)
            assert stored_orders(store) == {**want, **later}
            changed = {order for order in later if order in want and later[order] != want[order]}
            assert (two.created, two.updated) == (len(set(later) - set(want)), len(changed))
            assert two.unchanged == len(later) - two.created - two.updated
            assert two.amount == sum(order[3] for order in later.values())

            assert two.batch is not None
            undo(store, two.batch, ACTOR)
            assert everything(store) == before
