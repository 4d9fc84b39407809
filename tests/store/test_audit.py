"""The audit trail in a store: every writing verb leaves an entry, writers never fork it, and what is done to it is told."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError

from engine.audit_chain import GENESIS
from engine.errors import StoreError, TierwiseError
from engine.service import Engine
from engine.store import audit
from engine.store.models import audit_entry, setting
from engine.store.session import Store
from tests.trust.company import AS_OF, BOOK, LATER, POLICIES, company, trials

KEY = "a secret of the installation"


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    company(store_url, customers=20)
    with Engine.open(store_url, actor="mei") as opened:
        yield opened


def acts(engine: Engine) -> list[tuple[str, str, str]]:
    return [(entry.actor, entry.action, entry.subject) for entry in reversed(engine.audit.entries())]


def breaches(engine: Engine, head: str | None = None) -> list[tuple[str, int, int]]:
    return [(one.kind, one.seq, one.until) for one in engine.audit.verify(head=head).breaches]


@contextmanager
def tampering(engine: Engine) -> Iterator[Connection]:
    """What somebody does who has the database's own rights: the guards are taken off first."""
    with engine.store.write() as connection:
        if engine.store.is_sqlite:
            connection.execute(text("drop trigger if exists audit_entry_no_update"))
            connection.execute(text("drop trigger if exists audit_entry_no_delete"))
        else:
            connection.execute(text("drop trigger if exists audit_entry_keep on audit_entry"))
        yield connection


def add(engine: Engine, count: int) -> None:
    with engine.store.write() as connection:
        for n in range(count):
            audit.record(connection, actor=f"user {n % 3}", action="test.act", subject=f"thing:{n}", details={"n": n})


def test_every_writing_verb_leaves_an_entry(engine: Engine) -> None:
    before = len(acts(engine))
    rows = [{"customer": "x1", "name": "Secret Name"}, {"customer": "x2", "name": "Other Name"}]
    first = engine.import_facts(rows, "customers")
    second = engine.acting_as("li").import_facts([{"customer": "x3"}], "customers")
    engine.undo_import(second.batch or 0)
    engine.void("customer", "api", "x1")
    engine.void("customer", "api", "x1")
    engine.void("customer", "api", "x1", back=True)
    one, two = engine.customer_id("x1"), engine.customer_id("x2")
    engine.join_customers("x1", "x2")
    engine.separate_customer("x2")
    engine.flag_not_graded("x1", "staff")
    engine.flag_not_graded("x1", None)
    engine.run(AS_OF)
    engine.run(AS_OF)
    engine.publish({**BOOK, "policies": POLICIES, "guards": {"customers": 0.0001}})
    held = engine.run(LATER)
    engine.release(held.id)
    assert acts(engine)[before:] == [
        ("mei", "import", f"batch:{first.batch}"),
        ("li", "import", f"batch:{second.batch}"),
        ("mei", "import.undo", f"batch:{second.batch}"),
        ("mei", "fact.void", f"customer:{one}"),
        ("mei", "fact.unvoid", f"customer:{one}"),
        ("mei", "customer.join", f"customer:{one}"),
        ("mei", "customer.separate", f"customer:{one}"),
        ("mei", "customer.not_graded", f"customer:{one}"),
        ("mei", "customer.graded", f"customer:{one}"),
        ("mei", "run", "run:1"),
        *[act for act in acts(engine) if act[1].startswith(("rulebook.", "draft.", "review.")) and act[0] == "mei"],
        ("mei", "run", f"run:{held.id}"),
        ("mei", "run.release", f"run:{held.id}"),
    ]
    assert engine.audit.verify().whole
    told = "".join(repr(entry) for entry in engine.audit.entries(limit=1000))
    assert "Secret" not in told
    assert "Name" not in told
    assert "staff" not in told, "a reason may say things about a person"
    assert engine.audit.entries(subject=f"customer:{one}", action="customer.join")[0].as_dict()["details"] == {"with": [two]}
    assert [entry.authenticated for entry in engine.audit.entries(actor="li")] == [True]
    assert {entry.action for entry in engine.audit.entries(action="customer")} == {
        "customer.join", "customer.separate", "customer.not_graded", "customer.graded",
    }  # fmt: skip


def test_what_is_refused_or_only_tried_leaves_none(engine: Engine, tmp_path: Any) -> None:
    before = acts(engine)
    (tmp_path / "c.csv").write_text("customer\nz1\n")
    engine.import_facts(tmp_path / "c.csv", "tierwise/customers", dry_run=True)
    with pytest.raises(TierwiseError):
        engine.undo_import(99)
    with pytest.raises(TierwiseError):
        engine.void("order", "nowhere", "1")
    assert acts(engine) == before


def test_entries_come_page_by_page(engine: Engine) -> None:
    add(engine, 25)
    seqs, after = [], None
    while page := engine.audit.entries(action="test", after=after, limit=10):
        seqs += [entry.seq for entry in page]
        after = page[-1].seq
    assert len(seqs) == 25
    assert seqs == sorted(seqs, reverse=True)
    assert engine.audit.entries(action="tes") == []
    assert engine.audit.entries(action="te%") == []


def test_the_database_refuses_to_alter_and_to_delete(engine: Engine) -> None:
    for statement in ("update audit_entry set actor = 'x'", "delete from audit_entry", "delete from audit_entry where seq = 1"):
        with pytest.raises(DBAPIError, match="kept as they are"), engine.store.write() as connection:
            connection.execute(text(statement))
    for table in ("publication", "rulebook_version"):
        with pytest.raises(DBAPIError, match="kept as they are"), engine.store.write() as connection:
            connection.execute(text(f"update {table} set note = 'x'"))
    if not engine.store.is_sqlite:
        with pytest.raises(DBAPIError, match="kept as they are"), engine.store.write() as connection:
            connection.execute(text("truncate audit_entry"))
    assert engine.audit.verify().whole


def test_tampering_with_the_rows_is_told_at_its_place(engine: Engine) -> None:
    add(engine, 60)
    head = engine.audit.verify().head
    count = int(head.partition(":")[0])
    with tampering(engine) as connection:
        connection.execute(audit_entry.update().where(audit_entry.c.seq == 20).values(actor="nobody"))
        connection.execute(audit_entry.delete().where(audit_entry.c.seq.in_([30, 31])))
        connection.execute(audit_entry.delete().where(audit_entry.c.seq > count - 3))
    assert breaches(engine) == [("altered", 20, 20), ("deleted", 30, 31), ("truncated", count - 2, count)]
    add(engine, 1)
    assert ("deleted", count - 2, count) in breaches(engine), "what comes later does not cover it"


def test_bytes_that_are_no_text_are_told_at_their_place(engine: Engine) -> None:
    add(engine, 10)
    if not engine.store.is_sqlite:
        with pytest.raises(DBAPIError, match="invalid byte sequence"), tampering(engine) as connection:
            connection.execute(text("update audit_entry set actor = convert_from('\\x6dff69', 'UTF8') where seq = 7"))
        return
    with tampering(engine) as connection:
        connection.execute(text("update audit_entry set actor = cast(x'6dff69' as text) where seq = 7"))
    assert breaches(engine) == [("altered", 7, 7)]
    assert engine.audit.entries(limit=1000)[-7].actor == "m\N{REPLACEMENT CHARACTER}i"


def test_a_cut_tail_with_its_head_is_told_by_a_head_kept_elsewhere(engine: Engine) -> None:
    add(engine, 10)
    old = engine.audit.verify().head
    with engine.store.read() as connection:
        kept = connection.scalar(select(setting.c.value).where(setting.c.key == audit.HEAD))
    add(engine, 5)
    outside = engine.audit.verify().head
    with tampering(engine) as connection:
        count = int(old.partition(":")[0])
        connection.execute(audit_entry.delete().where(audit_entry.c.seq > count))
        connection.execute(setting.update().where(setting.c.key == audit.HEAD).values(value=kept))
    assert breaches(engine) == []
    assert breaches(engine, head=old) == []
    assert breaches(engine, head=outside) == [("truncated", count + 1, count + 5)]


@pytest.mark.parametrize(
    "gone", ["delete from setting where key = 'audit_head'", "update setting set value = '{' where key = 'audit_head'"]
)
def test_a_head_that_was_taken_away_leaves_a_mark_for_ever(engine: Engine, gone: str) -> None:
    add(engine, 3)
    count = engine.audit.verify().entries
    with tampering(engine) as connection:
        connection.execute(text(gone))
        connection.execute(audit_entry.delete().where(audit_entry.c.seq == count))
    assert [kind for kind, _, _ in breaches(engine)] == ["head"]
    add(engine, 2)
    assert ("deleted", count, count) in breaches(engine)


def test_a_trail_is_sealed_once_there_is_a_key_and_then_needs_it(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    company(store_url, customers=5)
    monkeypatch.setenv("TIERWISE_AUDIT_KEY", KEY)
    with Engine.open(store_url) as engine:
        assert engine.audit.entries()[0].action == "audit.seal"
        add(engine, 3)
        assert engine.audit.verify().sealed
        assert engine.audit.verify().whole
        entries = engine.audit.verify().entries
    monkeypatch.setenv("TIERWISE_AUDIT_KEY", f"a newer secret of it, {KEY}")
    with Engine.open(store_url) as engine:
        add(engine, 3)
        assert engine.audit.verify().whole
        assert engine.audit.verify().entries == entries + 4, "the new key is an act of its own"
    for wrong in ("", "quite another secret"):
        monkeypatch.setenv("TIERWISE_AUDIT_KEY", wrong)
        with pytest.raises(TierwiseError, match="TIERWISE_AUDIT_KEY"), Engine.open(store_url) as engine:
            engine.flag_not_graded("C1", "x")


def test_without_the_key_nothing_is_verified(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERWISE_AUDIT_KEY", KEY)
    Engine.open(store_url).close()
    monkeypatch.delenv("TIERWISE_AUDIT_KEY")
    with Engine.open(store_url) as engine, pytest.raises(TierwiseError, match="sealed with a key named"):
        engine.audit.verify()


def test_a_forger_without_the_key_is_told(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from engine.audit_chain import entry_hash

    monkeypatch.setenv("TIERWISE_AUDIT_KEY", KEY)
    with Engine.open(store_url) as engine:
        add(engine, 10)
        entry = replace(engine.audit.entries(limit=6)[-1], actor="forged")
        with tampering(engine) as connection:
            values = {"actor": "forged", "hash": entry_hash(entry, entry.seq, None)}
            connection.execute(audit_entry.update().where(audit_entry.c.seq == entry.seq).values(values))
        assert {seq for _, seq, _ in breaches(engine)} == {entry.seq}


@pytest.mark.parametrize("written", ["", "12", "x:y", "-1:aa", "٣:aa", "5:"])
def test_a_head_that_is_none_is_refused(engine: Engine, written: str) -> None:
    with pytest.raises(TierwiseError, match=re.escape("expected NUMBER:HASH")):
        engine.audit.verify(head=written)


def test_odd_characters_are_kept_in_a_form_that_both_databases_hold(engine: Engine) -> None:
    with engine.store.write() as connection:
        audit.record(connection, actor="a\0b\udc80", action="test", subject="x:\0", details={"k\0": ["v\udc80", {"n": "\0"}], "f": 0.5})
    entry = engine.audit.entries(limit=1)[0]
    assert (entry.actor, entry.subject) == ("a�b?", "x:�")
    assert engine.audit.verify().whole


def test_an_empty_trail_is_whole(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIERWISE_FOUR_EYES")  # the default is no switch
    with Engine.open(store_url) as engine:
        found = engine.audit.verify()
    assert (found.whole, found.entries, found.head) == (True, 0, f"0:{GENESIS}")
    assert found.as_dict() == {"whole": True, "entries": 0, "head": f"0:{GENESIS}", "sealed": False, "breaches": []}


def test_an_entry_is_kept_with_its_act_or_not_at_all(engine: Engine) -> None:
    before = acts(engine)
    with pytest.raises(ZeroDivisionError), engine.store.write() as connection:
        audit.record(connection, actor="x", action="test", subject="y")
        raise ZeroDivisionError
    assert acts(engine) == before
    assert engine.audit.verify().whole


WRITER = """
import sys
from engine.store import audit
from engine.store.session import Store

with Store.open(sys.argv[1] + sys.argv[4]) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    for n in range(int(sys.argv[3])):
        with store.write() as connection:
            audit.record(connection, actor=sys.argv[2], action="test", subject=f"n:{n}")
"""


def test_eight_writers_at_once_never_fork_the_trail(store_url: str) -> None:
    Store.open(store_url).close()
    each = trials(25, 1_250)
    wait = "?timeout=120" if store_url.startswith("sqlite") else "?options=-c%20lock_timeout%3D120s"
    command = [sys.executable, "-c", WRITER, store_url]
    writers = [
        subprocess.Popen([*command, f"w{n}", str(each), wait], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for n in range(8)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    with Engine.open(store_url) as engine:
        verified = engine.audit.verify()
        entries = engine.audit.entries(limit=100_000)
    assert verified.whole
    written = [entry for entry in entries if entry.actor.startswith("w")]
    assert len(written) == 8 * each
    assert verified.entries == len(entries)
    for n in range(8):
        own = [entry.subject for entry in reversed(entries) if entry.actor == f"w{n}"]
        assert own == [f"n:{k}" for k in range(each)], "each writer's entries stand in the order in which it wrote them"


def test_a_sealed_store_refuses_a_writer_without_the_key(store_url: str) -> None:
    with Store.open(store_url, audit_keys=(KEY,)) as store:
        audit.seal(store, "system")
    with Store.open(store_url) as store, pytest.raises(StoreError, match="TIERWISE_AUDIT_KEY has to hold it"), store.write() as connection:
        audit.record(connection, actor="x", action="test", subject="y")
