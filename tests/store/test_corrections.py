"""Single facts of every kind are changed, voided and brought back; what is wrong is told by row, and an import can be undone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engine.errors import FactError
from engine.store.ingest import amend_rows, import_numbered, import_rows, undo, unvoid, void, void_rows
from engine.store.ingest.rows import BLOCK_ROWS
from engine.store.session import Store
from tests.store.imports import ACTOR, make_store, query

LINES = [
    {"order": "O1", "customer": "a", "ordered_at": "2025-01-05", "product": "P1", "quantity": "2", "unit_price": "1.50", "seller": "S1"},
    {"order": "O1", "customer": "a", "ordered_at": "2025-01-05", "product": "P2", "quantity": "1", "unit_price": "4.00", "seller": "S1"},
    {"order": "O1", "customer": "a", "ordered_at": "2025-01-05", "product": "P3", "quantity": "3", "unit_price": "0.10", "seller": "S1"},
    {"order": "O2", "customer": "b", "ordered_at": "2025-01-06", "product": "P1", "quantity": "1", "unit_price": "1.50", "currency": "USD"},
    {"order": "O2", "customer": "b", "ordered_at": "2025-01-06", "product": "P2", "quantity": "2", "unit_price": "2.25", "currency": "USD"},
]
ORDERS = [
    {"order": "X1", "customer": "a", "ordered_at": "2025-01-07", "amount": "9.99", "channel": "web", "version": "3"},
    {"order": "X2", "customer": "b", "ordered_at": "2025-01-08", "amount": "5.00", "currency": "USD"},
]
RATES = [{"currency": "USD", "day": "2025-01-01", "rate": "7"}, {"currency": "USD", "day": "2025-01-06", "rate": "8"}]
PRODUCTS = [{"product": "P1", "name": "Tea", "category": "drinks", "cost": "1"}]


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with make_store(store_url, customers=["a", "b", "c"]) as store:
        bring(store, "rates", RATES)
        bring(store, "products", PRODUCTS)
        bring(store, "lines", LINES)
        bring(store, "orders", ORDERS)
        yield store


def bring(store: Store, kind: str, rows: list[dict[str, Any]]) -> Any:
    report = import_rows(store, kind, rows, source="main", actor=ACTOR)
    assert report.accounted
    return report


def amend(store: Store, kind: str, *rows: dict[str, Any]) -> Any:
    report = amend_rows(store, kind, enumerate(rows, 1), source="main", actor=ACTOR)
    assert report.accounted, report
    return report


def voided(store: Store, kind: str, *rows: dict[str, Any], back: bool = False) -> Any:
    report = void_rows(store, kind, enumerate(rows, 1), source="main", actor=ACTOR, back=back)
    assert report.accounted, report
    return report


def order(store: Store, name: str) -> tuple[Any, ...]:
    return query(store, f"select kind, amount, currency_amount from orders where external_id = '{name}'")[0]


def lines(store: Store, name: str) -> list[tuple[Any, ...]]:
    sql = f"select l.ordinal, l.quantity, l.unit_price, l.amount from order_line l join orders o on o.id = l.order_id where o.external_id = '{name}'"
    return sorted(query(store, sql))


def test_a_line_leaves_its_order_and_comes_back(store: Store) -> None:
    before = order(store, "O1"), order(store, "O2"), lines(store, "O1"), lines(store, "O2")
    report = voided(store, "lines", {"order": "O1", "line": 2}, {"order": "O2", "line": "1"})
    assert (report.rows, report.updated) == (2, 2)
    assert order(store, "O1") == (0, 330, None)
    assert order(store, "O2") == (0, 3600, 450)
    assert [row[0] for row in lines(store, "O1")] == [-2, 0, 2]
    again = voided(store, "lines", {"order": "O1", "line": 2})
    assert (again.updated, again.unchanged, again.batch) == (0, 1, None)
    voided(store, "lines", {"order": "O1", "line": 2}, {"order": "O2", "line": 1}, back=True)
    assert (order(store, "O1"), order(store, "O2"), lines(store, "O1"), lines(store, "O2")) == before


def test_the_last_line_that_counts_stays(store: Store) -> None:
    report = voided(store, "lines", {"order": "O2", "line": 1}, {"order": "O2", "line": 2}, {"order": "O1", "line": 1})
    assert {reason: count for reason, (count, _) in report.rejected.items()} == {"the only line that counts": 2}
    assert order(store, "O2")[1] == 4800
    assert order(store, "O1")[1] == 430
    with pytest.raises(FactError, match="the only line that counts"):
        void(store, "line", "main", "O2/1", ACTOR) and void(store, "line", "main", "O2/2", ACTOR)


def test_a_voided_line_stays_void_when_its_source_sends_it_again(store: Store) -> None:
    voided(store, "lines", {"order": "O1", "line": 2}, {"order": "O2", "line": 1})
    assert bring(store, "lines", LINES).unchanged == 2
    changed = [*LINES[:2], {**LINES[2], "quantity": "4"}, *LINES[3:], {**LINES[4], "product": "P4"}]
    assert bring(store, "lines", changed).updated == 2
    assert order(store, "O1") == (0, 340, None)
    assert order(store, "O2") == (0, 7200, 900)
    other = [LINES[0], {**LINES[1], "quantity": "7"}, LINES[2]]
    bring(store, "lines", other)
    assert order(store, "O1") == (0, 3130, None), "another line stands in its place, which nobody voided"


def test_a_single_line_changes(store: Store) -> None:
    report = amend(
        store,
        "lines",
        {"order": "O1", "line": 1, "quantity": "5"},
        {"order": "O1", "line": 3, "quantity": "much"},
        {"order": "O1", "line": 9, "quantity": "1"},
        {"order": "O1", "line": 2, "seller": "S2"},
        {"order": "O2", "line": 2, "unit_price": "1", "product": "P9"},
        {"order": "O2", "line": 0, "quantity": 1},
        {"line": 1, "quantity": 1},
        {"order": "O2", "line": 1, "quantity": "-1"},
    )
    assert (report.rows, report.accepted, report.updated) == (8, 2, 2)
    assert query(store, "select line, field, reason from rejected_row order by line") == [
        (2, "quantity", "not a number"),
        (3, "line", "unknown line"),
        (4, "seller", "belongs to its order"),
        (6, "line", "not a line"),
        (7, "order", "missing value"),
        (8, "quantity", "negative quantity on a sale"),
    ]
    assert lines(store, "O1") == [(0, 5000, 15000, 750), (1, 1000, 40000, 400), (2, 3000, 1000, 30)]
    assert order(store, "O1") == (0, 1180, None)
    assert order(store, "O2") == (0, 2800, 350)
    undo(store, report.batch, ACTOR)
    assert order(store, "O1") == (0, 730, None)
    assert order(store, "O2") == (0, 4800, 600)
    assert bring(store, "lines", LINES).unchanged == 2


def test_what_the_source_sends_replaces_a_change(store: Store) -> None:
    amend(store, "lines", {"order": "O1", "line": 1, "quantity": "5"})
    assert bring(store, "lines", LINES[:3]).updated == 1
    assert order(store, "O1")[1] == 730


def test_an_order_with_lines_keeps_them_when_its_head_changes(store: Store) -> None:
    before = lines(store, "O1")
    report = amend(
        store,
        "orders",
        {"order": "O1", "seller": "S9", "customer": "c", "ordered_at": "2025-02-01"},
        {"order": "X1", "amount": "8.00", "channel": None},
        {"order": "X2", "seller": "S9"},
        {"order": "O2", "amount": "1"},
        {"order": "O3", "seller": "S9"},
        {"order": "O1", "seller": "S8"},
    )
    assert report.updated == 3
    assert {reason: count for reason, (count, _) in report.rejected.items()} == {
        "given by its lines": 1, "unknown order": 1, "order twice in the file": 1,
    }  # fmt: skip
    assert lines(store, "O1") == before
    sql = (
        "select o.external_id, c.external_id, s.value, ch.value, o.amount, o.version, o.ordered_on from orders o "
        "join customer c on c.id = o.customer_id left join term s on s.id = o.seller_id left join term ch on ch.id = o.channel_id "
        "where o.external_id <> 'O2' order by 1"
    )
    assert query(store, sql) == [
        ("O1", "c", "S9", None, 730, None, 20120),
        ("X1", "a", None, None, 800, 3, 20095),
        ("X2", "b", "S9", None, 4000, None, 20096),
    ]
    undo(store, report.batch, ACTOR)
    assert [row[1:3] for row in query(store, sql)] == [("a", "S1"), ("a", None), ("b", None)]
    voided(store, "orders", {"order": "O1"})
    amend(store, "orders", {"order": "O1", "kind": "refund"})
    assert order(store, "O1")[0] == -2, "still void, and a refund"


def test_a_voided_rate_converts_nothing(store: Store) -> None:
    assert void(store, "rate", "main", "USD/2025-01-06", ACTOR)
    assert not void(store, "rate", "main", "USD/2025-01-06", ACTOR)
    new = [{"order": "N1", "customer": "a", "ordered_at": "2025-01-09", "amount": "1", "currency": "USD"}]
    bring(store, "orders", new)
    assert order(store, "N1")[1] == 700
    bring(store, "rates", [{"currency": "USD", "day": "2025-01-06", "rate": "9"}])
    assert query(store, "select rate from exchange_rate order by day") == [(7_000_000,), (-9_000_000,)]
    assert unvoid(store, "rate", "main", "USD/2025-01-06", ACTOR)
    amend(store, "rates", {"currency": "USD", "day": "2025-01-06", "rate": "10"})
    assert query(store, "select rate from exchange_rate order by day") == [(7_000_000,), (10_000_000,)]
    with pytest.raises(FactError, match="there is no exchange rate 'EUR/2025-01-01'"):
        void(store, "rate", "main", "EUR/2025-01-01", ACTOR)
    with pytest.raises(FactError, match="expected a name such as EUR/2025-01-31"):
        void(store, "rate", "main", "EUR", ACTOR)
    assert amend(store, "rates", {"currency": "EUR", "day": "2025-01-06", "rate": "1"}).rejected["unknown rate"][0] == 1


def test_products_and_customers(store: Store) -> None:
    seq = dict(query(store, "select external_id, fact_seq from customer"))
    assert void(store, "product", "main", "P1", ACTOR)
    after = dict(query(store, "select external_id, fact_seq from customer"))
    assert {name for name in seq if after[name] != seq[name]} == {"a", "b"}, "those who bought it are read again"
    assert query(store, "select voided_at is null from product where external_id = 'P1'")[0][0] in (0, False)
    assert unvoid(store, "product", "main", "P1", ACTOR)
    report = amend(store, "products", {"product": "P1", "category": "food"}, {"product": "P77", "name": "x"})
    assert (report.updated, report.rejected["unknown product"][0]) == (1, 1)
    assert query(store, "select count(*) from product where external_id = 'P77'") == [(0,)]
    report = amend(
        store, "customers", {"customer": "a", "city": "Jinan", "custom.vip": "yes"}, {"customer": "zz"}, {"customer": "b", "source": "x"}
    )
    assert (report.updated, set(report.rejected)) == (1, {"unknown customer", "cannot be changed"})
    with pytest.raises(FactError, match="row 1 has the unknown field 'ctiy'"):
        amend(store, "customers", {"customer": "a", "ctiy": "Jinan"})
    with pytest.raises(FactError, match="there is no kind of fact 'orderz'"):
        voided(store, "orderz", {})
    with pytest.raises(FactError, match=r"no source 'mian'; did you mean 'main'\?"):
        amend_rows(store, "customers", [(1, {"customer": "a"})], source="mian", actor=ACTOR)


def test_many_are_one_entry_of_the_trail(store: Store) -> None:
    report = voided(store, "orders", {"order": "X1"}, {"order": "X2"}, {"order": "none"})
    assert (report.updated, report.rejected_rows) == (2, 1)
    assert query(store, "select action, subject from audit_entry order by seq desc limit 1") == [
        ("fact.void_many", f"batch:{report.batch}")
    ]
    assert query(store, f"select kind, rows, updated, rejected, mapping from import_batch where id = {report.batch}") == [
        ("void", 3, 2, 1, "2 orders")
    ]
    with pytest.raises(FactError, match="a record of void; it cannot be undone"):
        undo(store, report.batch, ACTOR)


class Row(dict[str, Any]):
    """A row that is counted while it lives."""

    alive = most = 0

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        Row.alive += 1
        Row.most = max(Row.most, Row.alive)

    def __del__(self) -> None:
        Row.alive -= 1


@pytest.mark.parametrize("act", ["import", "amend", "void"])
def test_rows_are_held_a_block_at_a_time(sqlite_url: str, act: str) -> None:
    count = 3 * BLOCK_ROWS + 7
    with make_store(sqlite_url) as store:
        if act != "import":
            import_numbered(store, "customers", ((n, {"customer": f"C{n}"}) for n in range(1, count + 1)), source="main", actor=ACTOR)
        Row.alive = Row.most = 0
        rows = ((n, Row({"customer": f"C{n}", **({} if act == "void" else {"city": "Jinan"})})) for n in range(1, count + 1))
        verb: Any = {"import": lambda: import_numbered(store, "customers", rows, source="main", actor=ACTOR),
                     "amend": lambda: amend_rows(store, "customers", rows, source="main", actor=ACTOR),
                     "void": lambda: void_rows(store, "customers", rows, source="main", actor=ACTOR)}[act]  # fmt: skip
        report = verb()
        assert report.created + report.updated == count
        assert Row.most <= 2 * BLOCK_ROWS + 1
