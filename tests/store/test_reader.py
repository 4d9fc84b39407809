"""The reader process: it holds one SQLite library, answers only what it is asked, and never outlives its parent."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.catalogue import Catalogue
from engine.errors import StoreError
from engine.store import feature_fetch
from engine.store.feature_fetch import Reader
from engine.store.feature_sql import Piece, Query
from engine.store.features import read_features
from engine.store.session import Store
from tests.store.shop import AS_OF, Order, Shop, fact_seq, fill, open_store

COMMAND = [sys.executable, "-m", "engine.store.reader"]
QUERY = Query("customers", "", (Piece("custom", "value", "x"),))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store whose path holds the characters that mean something in a URI."""
    folder = tmp_path / "100% of #1?"
    folder.mkdir()
    with open_store(f"sqlite:///{folder / 'store.db'}") as opened:
        fill(opened, Shop(5, [Order(1, 5)]))
        yield opened


def ask(store: Store, text: str) -> None:
    with Reader(store) as reader:
        reader.begin()
        list(reader.answers([(QUERY, text)]))


def test_it_loads_one_sqlite_only() -> None:
    code = (
        "import sys, engine.store.reader, adbc_driver_sqlite, adbc_driver_manager, pyarrow;"
        "print([m for m in ('sqlite3', '_sqlite3', 'sqlalchemy', 'pandas') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_nobody_who_holds_the_store_loads_the_other_sqlite(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_fetch, "PLAIN_UP_TO", 0)
    read_features(store, ["orders.count"], AS_OF, catalogue=Catalogue.built_in())
    assert "adbc_driver_sqlite" not in sys.modules


def test_answers_come_as_they_are_finished_and_files_are_gone_afterwards(store: Store) -> None:
    with Reader(store) as reader:
        assert set(reader.begin()) == {(fact_seq(store), 0)}, "no act of points yet"
        asked = [(QUERY, f"select id as customer_id, {number} as p0 from customer") for number in range(9)]
        found = [int(answer["p0"][0]) for _, answer in reader.answers(asked)]
    assert sorted(found) == list(range(9))
    assert list(store.cache_dir.iterdir()) == []


def test_it_cannot_write(store: Store) -> None:
    with pytest.raises(StoreError, match="readonly"):
        ask(store, "update customer set name = 'x' returning id")
    assert sqlite3.connect(store.path).execute("select count(*) from customer where name = 'x'").fetchone() == (0,)


def test_a_query_that_fails_is_told_in_the_database_s_words(store: Store) -> None:
    with pytest.raises(StoreError, match=r"the reader process of the store failed: .*no such table: kustomer"):
        ask(store, "select 1 from kustomer")
    assert sqlite3.connect(store.path).execute("pragma integrity_check").fetchone() == ("ok",)


def test_a_sum_that_does_not_fit_is_an_error_and_no_wrong_number(store: Store) -> None:
    with pytest.raises(StoreError, match="integer overflow"):
        ask(store, "select sum(9223372036854775807) as p0 from customer")


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "no.db"
    path.write_text("words " * 1000)
    done = subprocess.run([*COMMAND, str(path), "2"], input='{"begin": true}\n', capture_output=True, text=True, check=True)
    assert "file is not a database" in json.loads(done.stdout.splitlines()[-1])["error"]


@pytest.mark.parametrize("heard", ["", '{"begin": true}\n'])
def test_it_ends_when_its_parent_is_gone(store: Store, heard: str) -> None:
    done = subprocess.run([*COMMAND, str(store.path), "2"], input=heard, capture_output=True, text=True, check=True)
    assert "error" not in done.stdout


def test_it_ends_in_the_middle_of_a_query_when_its_parent_is_gone(store: Store, tmp_path: Path) -> None:
    process = subprocess.Popen([*COMMAND, str(store.path), "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    endless = "with recursive n(x) as (select 1 union all select x + 1 from n) select sum(x) from n"
    for message in ({"begin": True}, {"tasks": [{"file": str(tmp_path / "never"), "text": endless}]}):
        process.stdout.readline()
        process.stdin.write(json.dumps(message) + "\n")
        process.stdin.flush()
    process.stdin.close()
    assert process.wait(timeout=30) == 1
    process.stdout.close()
