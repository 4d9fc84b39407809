"""Interactions: written once from wherever they come, read by rules, care plans and the pool, moved by joins."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine import clock
from engine.errors import InteractionError, UnknownCustomer
from engine.service import Engine
from engine.store.facts import fact_seq
from engine.store.features import read_features, read_one
from tests.small_desk import fill_desk
from tests.test_caring import shop

DAY = 86_400
NAMES = ("contact.days_since", "contact.last", "contact.count", "contact.count_30d")


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    with Engine.open(store_url, actor="li") as opened:
        shop(opened)
        yield opened


def features(engine: Engine, customer: str, at: int | None = None) -> list[str]:
    """The features of a customer, read among all and alone: both the same."""
    moment = clock.now() if at is None else at
    table, _ = read_features(engine.store, NAMES, moment, catalogue=engine.catalogue)
    place = np.flatnonzero(table.customer_id == engine.customer_id(customer))[0]
    alone = read_one(engine.store, engine.customer_id(customer), NAMES, moment, catalogue=engine.catalogue)
    found = [str(np.asarray(table.columns[name])[place]) for name in NAMES]
    assert found == [str(np.asarray(alone.columns[name])[0]) for name in NAMES]
    return found


def test_features_count_what_was_until_the_moment(engine: Engine) -> None:
    assert features(engine, "C1") == ["nan", "NaT", "0", "0"]
    now = clock.now()
    engine.interactions.add("C1", channel="phone", at=now - 40 * DAY)
    engine.interactions.add("C1", channel="wecom", at=now - 3 * DAY, direction="in", note="asked")
    day = dt.datetime.fromtimestamp(now - 3 * DAY, engine.zone).date().isoformat()
    assert features(engine, "C1") == ["3.0", day, "2", "1"]
    assert features(engine, "C1", now - 10 * DAY)[::2] == ["30.0", "1"]
    assert features(engine, "C2") == ["nan", "NaT", "0", "0"]
    newest = engine.interactions.of("C1")[0]
    assert (newest.note, newest.direction, newest.by, newest.origin) == ("asked", "in", "li", "hand")
    engine.interactions.void(newest.id)
    assert features(engine, "C1")[::2] == ["40.0", "1"]
    with pytest.raises(InteractionError, match="there is no interaction"):
        engine.interactions.void(newest.id)


def test_every_write_moves_the_fact_clock(engine: Engine) -> None:
    seen = []
    for act in (
        lambda: engine.interactions.add("C1"),
        lambda: engine.tasks.done(engine.tasks.add("call", customer="C1", channel="phone").id, outcome="well"),
        lambda: engine.interactions.import_rows([(1, {"customer": "C2", "at": "2026-01-02"})]),
        lambda: engine.interactions.void(1),
    ):
        act()
        with engine.store.read() as connection:
            seen.append(fact_seq(connection))
    assert seen == sorted(set(seen))


def test_tasks_that_are_done_are_contacts_and_others_are_not(engine: Engine) -> None:
    call = engine.tasks.add("call", customer="C1", channel="phone")
    paper = engine.tasks.add("file the form", customer="C1")
    left = engine.tasks.add("call again", customer="C1", channel="phone")
    engine.tasks.done(call.id, outcome="will come on Friday")
    engine.tasks.done(paper.id)
    engine.tasks.skip(left.id, reason="moved away")
    found = engine.interactions.of("C1")
    assert [(each.channel, each.note, each.origin, each.direction) for each in found] == [("phone", "will come on Friday", "task", "out")]


def test_what_is_said_on_a_ticket_is_a_contact(store_url: str) -> None:
    with Engine.open(store_url, actor="li") as engine:
        fill_desk(engine)
        ticket = engine.tickets.open("A1", "complaint", "late", "where is it")
        engine.tickets.say(ticket.id, "on its way")
        engine.tickets.say(ticket.id, "thank you", direction="in")
        engine.tickets.say(ticket.id, "look after this one", direction="note")
        assert {(each.direction, each.note) for each in engine.interactions.of("A1")} == {("out", "on its way"), ("in", "thank you")}


def test_a_file_is_all_or_nothing_and_known_the_second_time(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    head = "customer,at,channel,direction,by,note,reference\n"
    path.write_text(
        f"{head}C1,2026-01-02T10:00,phone,out,Sun,好,\nC2,2026-01-03,wecom,in,,,K7\nC1,2026-01-02T10:00,phone,out,Sun,好,\n", "utf-8"
    )
    assert engine.interactions.import_file(path, dry_run=True).as_dict() == {"rows": 3, "added": 2, "known": 1}
    assert engine.interactions.of("C1") == []
    assert engine.interactions.import_file(path).added == 2
    assert engine.interactions.import_file(path).as_dict() == {"rows": 3, "added": 0, "known": 3}
    path.write_text(f"{head}C1,2026-01-02,Phone,out,,,\nC99,2026-01-02,,,,,\nC1,,,,,,\nC1,2999-01-01,,,,,\nC1,2026-01-02,,up,,,\n", "utf-8")
    with pytest.raises(InteractionError) as caught:
        engine.interactions.import_file(path)
    said = [(fault.code, fault.place, fault.found.partition(":")[0]) for fault in caught.value.faults]
    assert said == [
        ("TW424", "line 2", "channel"),
        ("TW424", "line 3", "there is no customer 'C99'"),
        ("TW424", "line 4", "at is missing"),
        ("TW424", "line 5", "at"),
        ("TW424", "line 6", "direction"),
    ]
    for words in ("customer,when\nC1,2026-01-02\n", "customer,at\nC1,2026-01-02,phone\n"):
        path.write_text(words, "utf-8")
        with pytest.raises(InteractionError):
            engine.interactions.import_file(path)
    assert len(engine.interactions.of("C1")) == 1


def test_a_reference_is_written_once(engine: Engine) -> None:
    first = engine.interactions.add("C1", reference="call 7", at="2026-01-02")
    assert engine.interactions.add("C1", reference="call 7", at="2026-01-02").id == first.id
    with pytest.raises(InteractionError, match="lies in the future"):
        engine.interactions.add("C1", at=clock.now() + 60)
    with pytest.raises(UnknownCustomer):
        engine.interactions.add("C99")


def test_joined_customers_bring_theirs_along_and_take_them_back(engine: Engine) -> None:
    engine.interactions.add("C1", note="one", at="2026-01-02")
    engine.interactions.add("C2", note="two", at="2026-01-03")
    engine.join_customers("C1", "C2")
    assert [each.note for each in engine.interactions.of("C2")] == ["two", "one"]
    engine.separate_customer("C2")
    assert [[each.note for each in engine.interactions.of(name)] for name in ("C1", "C2")] == [["one"], ["two"]]


def test_silence_and_a_custom_field_as_fallback(engine: Engine) -> None:
    long_ago = dt.datetime.fromtimestamp(clock.now() - 100 * DAY, engine.zone).date().isoformat()
    engine.import_facts([{"customer": f"C{n}", "custom.called": long_ago} for n in (1, 2)], "customers")
    engine.interactions.add("C1", at=clock.now() - 5 * DAY)
    engine.interactions.add("C3", at=clock.now() - 50 * DAY)
    plan = {"trigger": "silence", "days": 30, "contact": ["interactions", "custom.called"], "text": "Dear ${name}", "consent": "none"}
    engine.care.save("quiet", plan)
    engine.care.run()
    assert {each.customer for each in engine.tasks.list()} == {"C2", "C3"}, "C1 was spoken to; of C4 nothing is known"
    for each in engine.tasks.list(customer="C3"):
        engine.tasks.done(each.id, outcome="well")
    assert features(engine, "C3")[0] == "0.0"
