"""What is read again: whom something happened to; everything where nothing that fits is kept; nothing missed beside a writer."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select, text, update

from engine.columns import Codes
from engine.reading import WHY, Reading, reading_of
from engine.service import Engine
from engine.store import raw_cache, refresh
from engine.store.feature_cache import clear
from engine.store.feature_rows import Raw
from engine.store.ingest import import_rows
from engine.store.ingest.batches import undo
from engine.store.inputs import load_inputs
from engine.store.models import customer, run
from engine.store.outcomes import RunRecord
from tests.small_store import AS_OF, DAY, Order, add_customers, add_orders, open_store

CUSTOMERS = 40
BOOK: dict[str, Any] = {
    "name": "Test",
    "guards": {"customers": None, "amount": None, "label": None, "silent_days": None},
    "policies": [{"key": "rfm", "type": "rfm"}, {"key": "lifecycle", "type": "lifecycle"}],
}


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    store = open_store(store_url)
    add_customers(store, range(1, CUSTOMERS + 1))
    add_orders(store, [Order(n, AS_OF - n * 9 * DAY) for n in range(1, CUSTOMERS + 1)])
    store.close()
    with Engine.open(store_url) as opened:
        opened.publish(BOOK)
        yield opened


def reading(record: RunRecord) -> Reading:
    assert record.reading is not None
    return reading_of(record.reading)


def total(engine: Engine, record: RunRecord, name: str = "orders.amount") -> float:
    """Over all customers; of amounts, in orders of 10.00."""
    with engine.store.read() as connection:
        inputs = load_inputs(connection, record)
    assert inputs is not None
    column = inputs.columns[name]
    assert not isinstance(column, Codes)
    return float(column.sum()) / (10 if name == "orders.amount" else 1)


def test_only_customers_whom_something_happened_to_are_read(engine: Engine) -> None:
    first = engine.run(AS_OF)
    assert reading(first) == Reading(CUSTOMERS, CUSTOMERS, "asked")
    nothing = engine.run(AS_OF + 1, changed=True)
    assert reading(nothing) == Reading(0, CUSTOMERS, "", first.id)
    add_orders(engine.store, [Order(3, AS_OF - DAY), Order(4, AS_OF + 5 * DAY)], first_id=500)
    written = reading(engine.run(AS_OF + 2, changed=True))
    assert (written.customers, written.facts, written.moments, written.full) == (2, 2, 0, False)
    passed = engine.run(AS_OF + 5 * DAY, changed=True)
    assert 1 <= reading(passed).moments < CUSTOMERS / 2
    assert reading(passed).facts == 0
    assert total(engine, passed) == CUSTOMERS + 2
    assert engine.run(AS_OF + 5 * DAY, recompute=True).digest == passed.digest


def test_contacts_are_read_again_when_they_are_written_and_when_a_window_passes_them(engine: Engine) -> None:
    spoken = {"key": "spoken", "type": "segments", "params": {"segments": [
        {"key": "lately", "title": "Lately", "when": {"feature": "contact.count_7d", "op": ">=", "value": 1}},
        {"key": "once", "title": "Once", "when": {"feature": "contact.days_since", "op": ">=", "value": 7}}]}}  # fmt: skip
    engine.publish({**BOOK, "policies": [*BOOK["policies"], spoken]})
    for each in (3, 4, 5):
        engine.interactions.add(f"C{each}", at=AS_OF - each * DAY)
    engine.run(AS_OF)
    engine.interactions.add("C9", at=AS_OF)
    written = engine.run(AS_OF + 1, changed=True)
    assert (reading(written).customers, reading(written).facts) == (1, 1)
    passed = engine.run(AS_OF + 3 * DAY, changed=True)
    assert not reading(passed).full
    assert reading(passed).moments >= 2
    assert engine.run(AS_OF + 3 * DAY, recompute=True).digest == passed.digest
    assert dict(engine.label_amounts(passed.id))[("spoken.segment", "once")][0] == 2


def test_why_everything_is_read(engine: Engine) -> None:
    assert reading(engine.run(AS_OF, changed=True)).why == "nothing kept"
    assert reading(engine.run(AS_OF + 1, changed=True)).why == ""
    engine.publish({**BOOK, "name": "Renamed"})
    assert reading(engine.run(AS_OF + 2, changed=True)).why == "rulebook"
    more = {"key": "often", "type": "segments", "params": {"segments": [
        {"key": "any", "title": "Any", "when": {"feature": "orders.count_7d", "op": ">=", "value": 1}}]}}  # fmt: skip
    engine.publish({**BOOK, "policies": [*BOOK["policies"], more]})
    assert reading(engine.run(AS_OF + 3, changed=True)).why == "features"
    shops = {"name": "orders.web", "source": "orders", "aggregate": "count", "where": {"feature": "channel", "op": "=", "value": "web"}}
    engine.publish({**BOOK, "features": [shops]})
    assert reading(engine.run(AS_OF + 4, changed=True)).why == "catalogue"
    clear(engine.store.cache_dir)
    assert reading(engine.run(AS_OF + 5, changed=True)).why == "nothing kept"


def test_too_many_changes_are_read_whole(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.run(AS_OF)
    add_orders(engine.store, [Order(n, AS_OF - DAY) for n in range(1, CUSTOMERS + 1)], first_id=500)
    monkeypatch.setattr(refresh, "ALWAYS", 5)
    assert reading(engine.run(AS_OF + 1, changed=True)).why == "many"
    assert reading(engine.run(AS_OF + 400 * DAY, changed=True)).why == "many"


def test_a_file_that_no_run_of_this_store_left_is_not_trusted(engine: Engine) -> None:
    first = engine.run(AS_OF)
    with engine.store.write() as connection:
        report = connection.scalar(select(run.c.report).where(run.c.id == first.id)) or ""
        token = reading_token(report)
        connection.execute(update(run).where(run.c.id == first.id).values(report=report.replace(token, "another")))
    assert reading(engine.run(AS_OF + 1, changed=True)).why == "nothing kept"


def reading_token(report: str) -> str:
    return report.partition('"token": "')[2].partition('"')[0]


@pytest.mark.parametrize("damage", [b"", b"ARROW1", None])
def test_a_damaged_file_is_left_alone(engine: Engine, damage: bytes | None) -> None:
    engine.run(AS_OF)
    (path,) = engine.store.cache_dir.glob("raw-*.arrow")
    path.write_bytes(path.read_bytes()[:-700] if damage is None else damage)
    done = engine.run(AS_OF + 1, changed=True)
    assert (reading(done).why, done.customers) == ("nothing kept", CUSTOMERS)


def test_two_files_are_kept_and_only_their_owner_reads_them(engine: Engine) -> None:
    for at in range(4):
        engine.run(AS_OF + at, changed=True)
    engine.run(AS_OF - DAY, historical=True)
    files = list(engine.store.cache_dir.glob("raw-*"))
    assert len(files) == raw_cache.KEPT
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_whoever_leaves_or_is_not_graded(engine: Engine) -> None:
    engine.run(AS_OF)
    engine.flag_not_graded("C5", "staff")
    engine.join_customers("C7", "C8")
    done = engine.run(AS_OF + 1, changed=True)
    assert (reading(done).customers, done.customers) == (3, CUSTOMERS - 1)
    engine.flag_not_graded("C5", None)
    engine.separate_customer("C8")
    again = engine.run(AS_OF + 2, changed=True)
    assert again.customers == CUSTOMERS
    assert engine.run(AS_OF + 2, recompute=True).digest == again.digest


def test_another_category_touches_who_bought_the_product(store_url: str) -> None:
    food = {"name": "lines.food", "source": "lines", "aggregate": "count", "where": {"feature": "category", "op": "=", "value": "food"}}
    when = {"feature": "lines.food", "op": ">=", "value": 1}
    segments = {"key": "food", "type": "segments", "params": {"segments": [{"key": "eats", "title": "Eats", "when": when}]}}
    with Engine.open(store_url) as engine:
        import_rows(engine.store, "customers", [{"customer": f"C{n}"} for n in range(3)], source="till", actor="t")
        import_rows(engine.store, "products", [{"product": p, "category": "toys", "cost": 1} for p in "AB"], source="till", actor="t")
        lines = [
            {"order": f"O{n}", "customer": f"C{n}", "ordered_at": "2024-01-01", "product": "AAB"[n], "quantity": 1, "unit_price": 5}
            for n in range(3)
        ]
        import_rows(engine.store, "lines", lines, source="till", actor="t")
        engine.publish({**BOOK, "features": [food], "policies": [segments]})
        assert total(engine, engine.run(AS_OF), "lines.food") == 0
        batch = import_rows(engine.store, "products", [{"product": "A", "category": "food"}], source="till", actor="t").batch
        done = engine.run(AS_OF + 1, changed=True)
        assert (reading(done).customers, total(engine, done, "lines.food")) == (2, 2)
        import_rows(engine.store, "products", [{"product": "B", "cost": 2}], source="till", actor="t")
        assert reading(engine.run(AS_OF + 2, changed=True)).customers == 0
        assert batch is not None
        undo(engine.store, batch, "t")
        done = engine.run(AS_OF + 3, changed=True)
        assert (reading(done).customers, total(engine, done, "lines.food")) == (2, 0)


def test_every_write_of_facts_stamps_with_a_later_number(engine: Engine) -> None:
    with engine.store.read() as connection:
        before = connection.scalar(text("select seq from fact_clock")) or 0
    engine.flag_not_graded("C1", "test")
    with engine.store.read() as connection:
        assert connection.scalar(select(customer.c.fact_seq).where(customer.c.external_id == "C1")) == before + 1


WRITER = f"""
import sys
from engine.service import Engine
from tests.small_store import Order, add_orders
with Engine.open(sys.argv[1]) as engine:
    print("on", flush=True)
    for n in range(int(sys.argv[2])):
        add_orders(engine.store, [Order(n % {CUSTOMERS} + 1, {AS_OF} - n)], first_id=1000 + n)
"""


def test_nothing_is_missed_beside_a_writer(engine: Engine, store_url: str) -> None:
    """Each commit of the writer adds one order and raises the clock by one: so a run's count follows from its fact_seq."""
    first = engine.run(AS_OF)
    base = total(engine, first) - first.fact_seq
    command = [sys.executable, "-c", WRITER, store_url, "60"]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "on\n"
        at = AS_OF
        while writer.poll() is None:
            at += 1
            record = engine.run(at, changed=True)
            assert total(engine, record) - record.fact_seq == base
    assert writer.returncode == 0
    last = engine.run(at + 1, changed=True)
    assert total(engine, last) == total(engine, first) + 60
    assert not reading(last).full
    assert engine.run(at + 1, recompute=True).digest == last.digest


def test_merging_takes_everybody_over_who_stays() -> None:
    def raw(ids: list[int], worth: list[int], reasons: Codes | None = None) -> Raw:
        keys = np.array(ids, dtype=np.int64)
        return Raw(keys, keys * 10, reasons, {"kind": np.array(worth, dtype=np.int64)}, {})

    base = raw([1, 2, 3, 5], [11, 12, 13, 15], Codes(np.array([-1, 0, 1, -1], dtype=np.int32), ["a", "b"]))
    found = raw([2, 4, 9], [22, 24, 29], Codes(np.array([-1, 0, -1], dtype=np.int32), ["c"]))
    merged = refresh.merged(base, np.array([2, 4, 5, 9]), found)
    assert merged.customer_id.tolist() == [1, 2, 3, 4, 9]
    assert merged.profile["kind"].tolist() == [11, 22, 13, 24, 29]
    assert merged.not_graded is not None
    assert (list(merged.not_graded.values), merged.not_graded.codes.tolist()) == (["b", "c"], [-1, -1, 0, 1, -1])
    assert refresh.merged(base, np.array([1, 2, 3, 5]), found) is found


def test_spans_that_overlap_are_looked_at_once() -> None:
    assert refresh._spans([0, 7, 100], 1000, 1010) == [(900, 910), (993, 1010)]
    assert refresh._spans([0, 5], 1000, 998) == [(993, 995), (998, 1000)]


@pytest.mark.parametrize("why", WHY)
def test_every_reason_has_words_in_both_languages(why: Any) -> None:
    said = Reading(5, 5, why).sentence()
    assert said.en.startswith("all 5: ")
    assert said.zh.startswith("全部 5 位：")
    assert Reading(14_283, 1_000_000, "").sentence().en == "14,283 of 1,000,000"
