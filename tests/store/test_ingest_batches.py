"""Batches: all or nothing, a dry run keeps nothing, a batch can be taken back, every row is accounted for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import FactError
from engine.store.ingest import import_file, import_rows, rejected, undo
from engine.store.session import Store
from tests.store.imports import ACTOR, bring, everything, make_store, mapping, query, rejected_reasons, stored_orders

HEADER = "order,customer,ordered_at,product,quantity,unit_price\n"
DAY0 = 1_735_689_600


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with make_store(store_url, customers=["a", "b"]) as store:
        yield store


@pytest.fixture
def local(sqlite_url: str) -> Iterator[Store]:
    with make_store(sqlite_url, customers=["a", "b"]) as store:
        yield store


def marks(store: Store) -> list[tuple[int, ...]]:
    """What an import leaves behind beside facts."""
    return query(store, "select (select seq from fact_clock), (select count(*) from import_batch), (select count(*) from rejected_row)")


def test_a_dry_run_keeps_nothing(store: Store, tmp_path: Path) -> None:
    before = everything(store), marks(store)
    report = bring(store, tmp_path, "tierwise/lines", HEADER + "o1,a,2025-01-01,p,1,1\no2,x,2025-01-01,p,1,1\n", dry_run=True)
    assert (report.batch, report.created, rejected_reasons(report)) == (None, 1, {"unknown customer": 1})
    assert (everything(store), marks(store)) == before


def test_progress_is_told(local: Store, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    bring(local, tmp_path, "tierwise/lines", HEADER + "o1,a,2025-01-01,p,1,1\n", progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 1)]


def test_rejected_rows_are_listed_with_file_and_row(store: Store, tmp_path: Path) -> None:
    first = bring(store, tmp_path, "tierwise/lines", HEADER + "o1,a,2025-01-01,p,one,1\n\no2,a,2025-01-01,p,1,1\n", name="monday.csv")
    bring(store, tmp_path, "tierwise/lines", HEADER + "o3,a,2025-01-01,p,1,-2\n", name="tuesday.csv")
    assert first.ignored == {"blank line": 1}
    table = rejected(store)
    assert list(table) == ["batch", "file", "line", "column", "reason", "found", "expected", "row"]
    assert table["file"] == ["monday.csv", "tuesday.csv"]
    assert (table["line"], table["column"], table["found"]) == ([2, 2], ["quantity", "unit_price"], ["one", "-2"])
    assert table["row"][0].startswith('{"')
    assert '"quantity": "one"' in table["row"][0]
    assert rejected(store, first.batch)["file"] == ["monday.csv"]


def test_undo_of_every_kind_restores_what_was(store: Store, tmp_path: Path) -> None:
    bring(store, tmp_path, "tierwise/customers", "customer,name,region,custom.club\na,Ann,R1,Gold\nb,Ben,R2,\n")
    bring(store, tmp_path, "tierwise/products", "product,name,cost\np1,Tea,1\n")
    bring(store, tmp_path, "tierwise/rates", "currency,day,rate\nUSD,2025-01-01,7\n")
    bring(store, tmp_path, "tierwise/lines", HEADER + "o1,a,2025-01-01,p1,1,1\no2,b,2025-01-01,p1,2,1\n")
    before = everything(store)
    batches = [
        bring(store, tmp_path, "tierwise/customers", "customer,name,region,custom.club\na,Anna,R2,\nb,Ben,R2,Silver\n"),
        bring(store, tmp_path, "tierwise/products", "product,name,cost\np1,Tea,2\np9,Cup,1\n"),
        bring(store, tmp_path, "tierwise/rates", "currency,day,rate\nUSD,2025-01-01,8\nEUR,2025-01-01,8\n"),
        bring(store, tmp_path, "tierwise/lines", HEADER + "o1,b,2025-01-02,p1,5,1\no3,a,2025-01-01,p2,1,1\n"),
    ]
    assert [batch.updated for batch in batches] == [2, 1, 1, 1]
    for batch in batches:
        assert batch.batch is not None
        assert undo(store, batch.batch, ACTOR).restored == batch.updated
    assert everything(store) == before


def test_undo_is_refused_while_later_batches_stand_on_it(store: Store, tmp_path: Path) -> None:
    first = bring(store, tmp_path, "tierwise/lines", HEADER + "o1,a,2025-01-01,p,1,1\n").batch
    second = bring(store, tmp_path, "tierwise/lines", HEADER + "o1,a,2025-01-01,p,2,1\n").batch
    assert first is not None
    assert second is not None
    with pytest.raises(FactError, match=rf"later batches changed its facts again: order o1 \(batch {second}\); undo those first"):
        undo(store, first, ACTOR)
    with pytest.raises(FactError, match=r"orders belong to its customers: 1 of batch 3"):
        undo(store, 1, ACTOR)
    undo(store, second, ACTOR)
    with pytest.raises(FactError, match="was undone already"):
        undo(store, second, ACTOR)
    undo(store, first, ACTOR)
    assert stored_orders(store) == {}
    with pytest.raises(FactError, match="there is no import batch 99"):
        undo(store, 99, ACTOR)
    acts = query(store, "select id, kind from import_batch where kind = 'undo'")
    with pytest.raises(FactError, match="is not an import, but a record of undo"):
        undo(store, acts[0][0], ACTOR)


def test_an_undone_file_can_be_imported_again(store: Store, tmp_path: Path) -> None:
    text = HEADER + "o1,a,2025-01-01,p,1,1\no2,b,2025-01-02,p,1,1\n"
    first = bring(store, tmp_path, "tierwise/lines", text)
    before = stored_orders(store)
    assert first.batch is not None
    undo(store, first.batch, ACTOR)
    assert stored_orders(store) == {}
    again = bring(store, tmp_path, "tierwise/lines", text)
    assert again.created == 2
    assert stored_orders(store) == before


def test_orders_that_created_their_customers_take_them_along(store: Store, tmp_path: Path) -> None:
    document = "kind: orders\nsource: till\nunknown_customers: create\ncolumns: {order: o, customer: c, ordered_at: t, amount: a}\n"
    report = bring(store, tmp_path, document, "o,c,t,a\n1,x,2025-01-01,5\n2,y,2025-01-01,5\n3,x,2025-01-01,5\n")
    assert (report.customers_created, report.created, report.batch is not None) == (2, 3, True)
    later = bring(store, tmp_path, document, "o,c,t,a\n9,y,2025-01-02,5\n")
    assert report.batch is not None
    assert later.batch is not None
    undo(store, report.batch, ACTOR)
    living = query(store, "select external_id from customer where voided_at is null order by 1")
    assert living == [("a",), ("b",), ("y",)]


def test_rows_of_a_program(store: Store) -> None:
    with pytest.raises(FactError, match=r"row 2 has the unknown field 'custmer'; did you mean 'customer'\?"):
        import_rows(store, "customers", [{"customer": "1"}, {"custmer": "2"}], source="main", actor=ACTOR)
    with pytest.raises(FactError, match=r"no kind of fact 'order'; did you mean 'orders'\?"):
        import_rows(store, "order", [], source="main", actor=ACTOR)
    report = import_rows(store, "customers", [{"name": "nobody"}, {"customer": 7, "income": 0.1 + 0.2}], source="main", actor=ACTOR)
    assert (report.created, rejected_reasons(report)) == (1, {"missing value": 1})
    assert query(store, "select external_id, income from customer where income is not null") == [("7", 30)]
    assert import_rows(store, "customers", [], source="main", actor=ACTOR).rows == 0


KILLED = """
import os, signal, sys
from engine.store.ingest import import_file, load_mapping
from engine.store.facts import store_settings
from engine.store.session import Store
store = Store.open(sys.argv[1])
def die(done, total):
    os.kill(os.getpid(), signal.SIGKILL)
import_file(store, sys.argv[2], load_mapping("tierwise/lines", settings=store_settings(store)), actor="x", progress=die)
"""


def test_a_killed_import_leaves_nothing(store: Store, tmp_path: Path) -> None:
    before = everything(store), marks(store)
    path = tmp_path / "lines.csv"
    path.write_text(HEADER + "".join(f"o{i},a,2025-01-01,p,1,1\n" for i in range(2_000)))
    url = store.sql.url.render_as_string(hide_password=False)
    done = subprocess.run([sys.executable, "-c", KILLED, url, str(path)], check=False, capture_output=True, env={**os.environ})
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert (everything(store), marks(store)) == before
    report = import_file(store, path, mapping(store, "tierwise/lines"), actor=ACTOR)
    assert report.created == 2_000
