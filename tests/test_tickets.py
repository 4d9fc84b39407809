"""Tickets on both databases: promises by level, pauses, new promises, escalation once, refusals, scope, and a random life against the clock."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select

from engine import clock
from engine.desk.calendars import Calendar
from engine.desk.clock import Pause, Promise, ServiceClock, WorkingTime
from engine.errors import CalendarError, DeskError, TicketError, UnknownCustomer
from engine.job_kinds import perform
from engine.repeats import KeyReused
from engine.service import Engine
from engine.store.models import audit_entry, task, ticket, ticket_event, ticket_pause, ticket_step
from engine.store.sight import MASK, Sight
from engine.ticket_clocks import ALWAYS
from tests.small_desk import AS_OF, OFFICE, book, fill_desk, levels_of
from tests.trust.company import trials

HOUR, DAY = 3_600, 86_400
NOW = int(time.time())
STEPS = [
    {"key": "soon", "clock": "answer", "percent": 50, "tell": ["owner"]},
    {"key": "broken", "clock": "answer", "hours": 0, "tell": ["owner", "role:service", "boss"]},
    {"key": "late", "clock": "answer", "hours": 2, "tell": ["boss"]},
]
KINDS = [{"key": "question"}, {"key": "complaint"}, {"key": "objection", "objection": True}]
SETUP = {"kinds": KINDS, "steps": STEPS, "stands": ["waiting_customer"], "targets": [{"answer_minutes": 600}]}


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    with Engine.open(store_url, actor="lin") as opened:
        fill_desk(opened)
        opened.desk.save_setup(SETUP)
        yield opened


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    yield
    clock.set_ahead(0)


def later(engine: Engine, seconds: int) -> list[Any]:
    """Tick when so many seconds have passed."""
    clock.set_ahead(seconds)
    return list(engine.tickets.tick())


def rows(engine: Engine, table: Any) -> int:
    with engine.store.read() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def due(engine: Engine, number: int, name: str = "answer") -> int | None:
    found = engine.tickets.get(number).clock(name)
    assert found is not None
    return found.due_at


def test_each_level_promises_its_own_time(engine: Engine) -> None:
    assert levels_of(engine) == {"A1": "gold", "B1": "silver", "C1": "plain", "C2": "plain", "C3": "plain"}
    found = {name: engine.tickets.open(name, "complaint", "late", at=NOW - 60) for name in ("A1", "B1", "C1")}
    assert [(each.level, each.grade, each.priority) for each in found.values()] == [
        ("gold", "A", "high"),
        ("silver", "B", "normal"),
        ("plain", "C", "normal"),
    ]
    assert [due(engine, each.id) for each in found.values()] == [NOW - 60 + hours * HOUR for hours in (1, 4, 24)]
    assert [each.customer for each in engine.tickets.queue()] == ["A1", "B1", "C1"]
    urgent = engine.tickets.open("C1", "complaint", "now", priority="urgent", at=NOW - 60)
    assert due(engine, urgent.id) == NOW - 60 + HOUR // 2
    assert next(each.id for each in engine.tickets.queue()) == urgent.id


def test_without_a_level_the_setup_promises(store_url: str) -> None:
    with Engine.open(store_url, actor="lin") as engine:
        engine.import_facts([{"customer": "N"}], "customers")
        engine.desk.save_setup(SETUP)
        found = engine.tickets.open("N", "question", "hello", at=NOW - 10)
        assert (found.level, due(engine, found.id)) == ("", NOW - 10 + 10 * HOUR)
        objection = engine.tickets.open("N", "objection", "why")
        assert [each.kind for each in engine.tickets.timeline(objection.id)] == ["opened", "promise"], "nothing has run, so no letter"


def test_a_run_that_changes_the_level_promises_anew_and_time_spent_stays_spent(engine: Engine) -> None:
    found = engine.tickets.open("C1", "complaint", "late", at=NOW - 5 * HOUR)
    done = engine.tickets.open("C1", "complaint", "answered", at=NOW - 5 * HOUR)
    engine.tickets.say(done.id, "here")
    assert due(engine, found.id) == NOW - 5 * HOUR + DAY
    engine.import_facts([{"order": "OX", "customer": "C1", "ordered_at": "2025-12-01", "amount": "90000"}], "orders")
    engine.run(AS_OF)
    now = engine.tickets.get(found.id)
    assert (now.level, now.grade) == ("silver", "B")
    assert due(engine, found.id) == NOW - HOUR, "four hours from the opening: it is broken already"
    assert engine.tickets.get(done.id).clock("answer").seconds == DAY, "what was answered stays as it was promised"  # type: ignore[union-attr]
    assert [each.details["level"] for each in engine.tickets.timeline(found.id) if each.kind == "promise"] == ["plain", "silver"]
    assert engine.tickets.retarget() == []


def test_pauses_and_priorities_move_the_promise(engine: Engine) -> None:
    start = NOW - 10 * HOUR
    number = engine.tickets.open("B1", "complaint", "late", at=start).id
    engine.tickets.move(number, "waiting_customer", reason="photo", at=start + HOUR)
    assert due(engine, number) is None
    engine.tickets.say(number, "here it is", direction="in", at=start + 3 * HOUR)
    assert (engine.tickets.get(number).state, due(engine, number)) == ("in_progress", start + 6 * HOUR)
    engine.tickets.edit(number, priority="urgent", at=start + 4 * HOUR)
    assert due(engine, number) == start + HOUR // 2, "half an hour was over before the pause"
    engine.tickets.edit(number, priority="low", at=start + 4 * HOUR)
    engine.tickets.move(number, "waiting_third_party", reason="carrier", at=start + 4 * HOUR)
    assert due(engine, number) == start + 6 * HOUR, "in this state clocks run on"
    answered = engine.tickets.say(number, "sorry", at=start + 5 * HOUR)
    assert (answered.answered_at, answered.clock("answer").met(NOW)) == (start + 5 * HOUR, True)  # type: ignore[union-attr]
    engine.tickets.move(number, "resolved", at=start + 6 * HOUR)
    engine.tickets.move(number, "reopened", reason="again", at=start + 9 * HOUR)
    assert due(engine, number, "resolution") == start + 16 * HOUR + 2 * HOUR + 3 * HOUR, "neither the wait nor the rest counts"


def test_escalation_is_once_for_each_step_whoever_ticks(engine: Engine) -> None:
    engine.people.add("wang", roles=["service"])
    engine.people.add("gone", roles=["service"])
    engine.people.disable("gone")
    number = engine.tickets.open("A1", "complaint", "late", owner="chen", at=NOW - 60).id
    assert list(engine.tickets.tick()) == []
    soon = later(engine, 30 * 60)
    assert [(each.step, each.told) for each in soon] == [("soon", ("chen",))]
    clock.set_ahead(4 * HOUR)
    with ThreadPoolExecutor(4) as pool:
        ticks = list(pool.map(lambda _: engine.acting_as("tick").tickets.tick(), range(4)))
    taken = [each for tick in ticks for each in tick]
    assert sorted((each.step, each.told, each.breach) for each in taken) == [
        ("broken", ("chen", "wang", "boss"), True),
        ("late", ("boss",), True),
    ]
    assert later(engine, 9 * HOUR) == []
    assert (rows(engine, ticket_step), rows(engine, task)) == (3, 5)
    assert {each.owner for each in engine.tasks.list(kind="escalation")} == {"chen", "wang", "boss"}
    engine.tickets.move(number, "resolved")
    assert engine.tasks.count(kind="escalation") == 0, "nobody has to look after what is resolved"


def test_a_step_is_broken_one_second_after_the_due_moment_and_not_before(engine: Engine) -> None:
    engine.tickets.open("A1", "complaint", "late", at=NOW)
    assert [each.step for each in engine.tickets.tick(NOW + HOUR)] == ["soon"]
    assert [each.step for each in engine.tickets.tick(NOW + HOUR + 1)] == ["broken"]


def test_no_step_is_due_while_a_clock_stands(engine: Engine) -> None:
    number = engine.tickets.open("A1", "complaint", "late", at=NOW - 60).id
    engine.tickets.move(number, "waiting_customer", reason="photo")
    assert later(engine, 50 * HOUR) == []
    assert not engine.tickets.due()


def test_a_tick_that_is_killed_is_made_up_for(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.tickets.open("A1", "complaint", "late", owner="chen", at=NOW - 60)
    with monkeypatch.context() as patch:

        def dies(*args: Any, **kwargs: Any) -> None:
            raise KeyboardInterrupt

        patch.setattr("engine.store.audit.record", dies)
        with pytest.raises(KeyboardInterrupt):
            later(engine, 40 * 60)
    assert (rows(engine, ticket_step), rows(engine, task)) == (0, 0)
    assert len(later(engine, 40 * 60)) == 1


def test_the_worker_escalates_and_the_inbox_of_the_person_tells(engine: Engine) -> None:
    number = engine.tickets.open("A1", "complaint", "late", owner="chen", at=clock.now() - 50 * 60).id
    assert engine.tickets.due()
    assert perform(engine, "tick", {}, lambda step, done, total: None) == {"done": [], "escalated": 1}
    assert [(each.kind, each.number) for each in engine.acting_as("chen").inbox()] == [("escalation", number)]
    assert list(engine.acting_as("wang").inbox()) == []
    engine.tickets.move(number, "resolved")
    assert list(engine.acting_as("chen").inbox()) == []


def test_webhooks_hear_of_it_once(engine: Engine) -> None:
    engine.webhooks._resolve = lambda host, port: ["93.184.216.34"]
    engine.webhooks.add("desk", "https://desk.example.com/", ["ticket.opened", "ticket.escalated", "ticket.closed"])
    number = engine.tickets.open("A1", "complaint", "late", "a secret", at=NOW - 60).id
    later(engine, 2 * HOUR)
    later(engine, 2 * HOUR)
    engine.tickets.move(number, "resolved")
    engine.tickets.move(number, "closed")
    kinds = [each.kind for each in engine.webhooks.deliveries(1)]
    assert sorted(kinds) == ["ticket.closed", "ticket.escalated", "ticket.escalated", "ticket.opened"]


def test_a_reference_and_a_key_make_it_once(engine: Engine) -> None:
    first = engine.tickets.open("A1", "complaint", "late", at=NOW - 60, reference="R1")
    assert engine.tickets.open("A1", "complaint", "late", at=NOW - 60, reference="R1").id == first.id
    with pytest.raises(KeyReused, match="another ticket"):
        engine.tickets.open("A1", "complaint", "other", at=NOW - 60, reference="R1")
    for _ in range(2):
        engine.tickets.say(first.id, "sorry", key="k1")
    assert sum(each.kind == "message_out" for each in engine.tickets.timeline(first.id)) == 1
    with pytest.raises(KeyReused):
        engine.tickets.say(first.id, "very sorry", key="k1")
    with ThreadPoolExecutor(6) as pool:
        made = list(
            pool.map(lambda _: engine.acting_as("lin").tickets.open("B1", "question", "q", at=NOW - 5, reference="R2").id, range(6))
        )
    assert len(set(made)) == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kind": "complaind"}, "did you mean 'complaint'"),
        ({"subject": "  "}, "subject: expected 1 to 300"),
        ({"subject": "x" * 301}, "subject"),
        ({"priority": "soon"}, "priority: found 'soon'"),
        ({"at": NOW + 10 * HOUR}, "lies in the future"),
        ({"category": "delivery"}, "none is set up"),
        ({"language": "fr"}, "language: found 'fr'"),
        ({"text": "x" * 20_001}, "text: expected"),
    ],
)
def test_what_cannot_be_opened_is_refused(sqlite_url: str, given: dict[str, Any], said: str) -> None:
    with Engine.open(sqlite_url, actor="lin") as engine:
        engine.import_facts([{"customer": "A1"}], "customers")
        engine.desk.save_setup(SETUP)
        before = rows(engine, audit_entry)
        with pytest.raises(TicketError, match=said):
            engine.tickets.open(**{"customer": "A1", "kind": "complaint", "subject": "late", **given})
        assert (rows(engine, ticket), rows(engine, audit_entry)) == (0, before)


def test_what_cannot_be_done_changes_nothing(engine: Engine) -> None:
    number = engine.tickets.open("A1", "complaint", "late", at=NOW - HOUR).id
    engine.tickets.move(number, "in_progress", at=NOW - HOUR + 60)
    before = rows(engine, ticket_event), rows(engine, audit_entry), engine.tickets.get(number).revision
    cases: list[tuple[str, Any]] = [
        ("is before ticket 1 was opened", lambda: engine.tickets.move(number, "resolved", at=NOW - 2 * HOUR)),
        ("is before the last thing that happened", lambda: engine.tickets.move(number, "resolved", at=NOW - HOUR + 30)),
        ("lies in the future", lambda: engine.tickets.say(number, "x", at=NOW + HOUR)),
        ("cannot become closed", lambda: engine.tickets.move(number, "closed")),
        ("there is no state 'done'", lambda: engine.tickets.move(number, "done")),
        ("say why the ticket is waiting_customer", lambda: engine.tickets.move(number, "waiting_customer")),
        ("text: expected", lambda: engine.tickets.say(number, " ")),
        ("direction: found 'up'", lambda: engine.tickets.say(number, "x", direction="up")),
        ("'colour' of a ticket cannot be changed", lambda: engine.tickets.edit(number, colour="red")),
        ("compensation: found '-5'", lambda: engine.tickets.edit(number, compensation=-5)),
        ("compensation: found '1.5'", lambda: engine.tickets.edit(number, compensation=1.5)),
        ("changed by somebody else", lambda: engine.tickets.edit(number, revision=1, owner="x")),
        ("there is no ticket 99", lambda: engine.tickets.move(99, "resolved")),
        ("tickets are not chosen by 'colour'", lambda: engine.tickets.list(colour="red")),
    ]
    for said, act in cases:
        with pytest.raises(TicketError, match=said):
            act()
    with pytest.raises(UnknownCustomer):
        engine.tickets.open("A2", "complaint", "x")
    assert (rows(engine, ticket_event), rows(engine, audit_entry), engine.tickets.get(number).revision) == before


def test_who_may_not_see_a_customer_knows_no_ticket_and_texts_are_masked(engine: Engine) -> None:
    number = engine.tickets.open("A1", "complaint", "the subject", "the text").id
    masked = engine.acting_as("reader", sight=Sight(personal=False))
    assert masked.tickets.get(number).subject == MASK
    assert masked.tickets.get(number).name == MASK
    assert {each.text for each in masked.tickets.timeline(number)} <= {MASK, ""}
    engine.people.add("seller", roles=["service"], reach="own", owner="nobody")
    other = engine.acting_as("seller")
    assert (list(other.tickets.list()), list(other.tickets.queue()), other.tickets.count()) == ([], [], 0)
    assert other.attainment.read().rows == []
    for act in (lambda: other.tickets.get(number), lambda: other.tickets.say(number, "x"), lambda: other.tickets.timeline(number)):
        with pytest.raises(TicketError, match="there is no ticket"):
            act()


def test_an_objection_carries_the_reason_letter_in_its_language(engine: Engine) -> None:
    for language, said in (("en", "Class B begins at"), ("zh", "数据截至")):
        number = engine.tickets.open("C1", "objection", "why", language=language).id
        letter = next(each for each in engine.tickets.timeline(number) if each.kind == "letter")
        assert said in letter.text
        assert letter.details == {"grade": "C"}


def test_an_acknowledgement_is_sent_and_is_no_first_answer(engine: Engine) -> None:
    engine.desk.save_answer(
        "got", {"title": "Got it", "text": {"en": "Yours is {ticket}, by {due}.", "zh": "编号 {ticket}"}, "automatic": True}
    )
    engine.desk.save_answer("exact", {"title": "E", "text": "e", "kinds": ["complaint"]})
    engine.desk.save_answer("any", {"title": "A", "text": "a"})
    engine.desk.save_answer("other", {"title": "O", "text": "o", "kinds": ["question"]})
    found = engine.tickets.open("A1", "complaint", "late", language="zh")
    said = next(each for each in engine.tickets.timeline(found.id) if each.kind == "acknowledgement")
    assert said.text == f"编号 {found.id}"
    assert found.answered_at is None
    assert [each.name for each, _ in engine.tickets.suggest(found.id)] == ["exact", "any"]
    with pytest.raises(DeskError, match="kinds\\[0\\]"):
        engine.desk.save_answer("bad", {"title": "B", "text": "b", "kinds": ["complain"]})
    with pytest.raises(DeskError, match="categories\\[0\\]: 'delivery'; none is set up"):
        engine.desk.save_answer("bad", {"title": "B", "text": "b", "categories": ["delivery"]})
    with pytest.raises(DeskError, match="there is no answer 'exacd'; did you mean 'exact'"):
        engine.desk.remove_answer("exacd")


def test_a_calendar_keeps_its_revisions_and_is_not_removed_in_use(engine: Engine) -> None:
    engine.calendars.save("office", OFFICE)
    assert engine.calendars.save("office", OFFICE).revision == 1, "the same again is no new revision"
    engine.publish(book(calendar="office"))
    engine.run("2026-01-01")
    assert engine.calendars.show("office").used_by == ("level gold", "level silver", "level plain")
    number = engine.tickets.open("A1", "complaint", "late", at="2026-06-05T17:30").id  # a Friday
    assert engine.written(due(engine, number) or 0) == "2026-06-08T09:30:00+08:00"
    engine.calendars.save("office", {**OFFICE, "week": {"mon-sun": ["00:00-24:00"]}})
    engine.tickets.say(number, "a note", direction="note")
    assert engine.written(due(engine, number) or 0) == "2026-06-08T09:30:00+08:00", "it runs on by the revision it was promised by"
    engine.publish(book())
    with pytest.raises(CalendarError, match="is used by promises"):
        engine.calendars.remove("office")
    engine.tickets.move(number, "resolved")
    engine.calendars.remove("office")
    assert [each.revision for each in engine.calendars.history("office")] == [3, 2, 1]
    for document, said in (
        ({**OFFICE, "timezone": "Mars"}, "no time zone"),
        ({**OFFICE, "week": {"mon": ["09:00-12:00", "11:00-13:00"]}}, "overlap"),
    ):
        with pytest.raises(CalendarError, match=said):
            engine.calendars.save("bad", document)
    with pytest.raises(DeskError, match="name"):
        engine.calendars.save("Bad Name", OFFICE)
    with pytest.raises(DeskError, match="there is no calendar 'office'"):
        engine.desk.save_setup({**SETUP, "calendar": "office"})


def test_attainment_counts_what_a_plain_count_gives(engine: Engine) -> None:
    chance = random.Random(3)
    expected: dict[tuple[str, str], list[int]] = {}
    for n in range(40):
        name = chance.choice(["A1", "B1", "C1"])
        start = NOW - chance.randrange(2, 30) * DAY
        number = engine.tickets.open(name, "complaint", f"n{n}", at=start, owner=chance.choice(["x", "y"])).id
        after = chance.randrange(0, 3 * DAY)
        if chance.random() < 0.7:
            engine.tickets.say(number, "a", at=min(start + after, NOW - 5))
            ended = min(start + after, NOW - 5)
        else:
            ended = None
        promised = {"A1": HOUR, "B1": 4 * HOUR, "C1": DAY}[name]
        over = start + promised
        when = ended if ended is not None else over
        if NOW - 20 * DAY <= when < NOW - DAY and (ended is not None or over < NOW - DAY):
            count = expected.setdefault((levels_of(engine)[name], "answer"), [0, 0])
            count[0] += 1
            count[1] += ended is not None and ended <= over
    report = engine.attainment.read(by="level", since=NOW - 20 * DAY, until=NOW - DAY)
    assert {(each.key, each.clock): [each.total, each.met] for each in report.rows if each.clock == "answer" and each.total} == expected
    assert sum(each.total for each in engine.attainment.read(by="owner", since=NOW - 20 * DAY, until=NOW - DAY).rows) == sum(
        each.total for each in report.rows
    )
    with pytest.raises(TicketError, match="by: found 'levle'; did you mean 'level'"):
        engine.attainment.read(by="levle")
    with pytest.raises(TicketError, match="ends before it begins"):
        engine.attainment.read(since=NOW, until=NOW - 5)


@pytest.mark.parametrize("seed", range(trials(6, 200)))
def test_a_random_life_keeps_the_clock_of_its_pauses_and_promises(sqlite_url: str, seed: int) -> None:
    """What the store keeps of a ticket through waits, priorities and reopening is what `ServiceClock` says of its time line."""
    chance = random.Random(seed)
    with Engine.open(sqlite_url, actor="lin") as engine:
        fill_desk(engine)
        calendar = "office" if seed % 2 else ""
        if calendar:
            engine.calendars.save("office", OFFICE)
            engine.publish(book(calendar=calendar))
            engine.run("2026-01-01")
        engine.desk.save_setup(SETUP)
        moment = NOW - 20 * DAY
        number = engine.tickets.open(chance.choice(["A1", "B1", "C1"]), "complaint", "s", at=moment).id
        for _ in range(14):
            moment += chance.choice([60, 1_800, 7_200, 50_000])
            found = engine.tickets.get(number)
            act = chance.random()
            if act < 0.35:
                engine.tickets.edit(number, priority=chance.choice(["urgent", "high", "normal", "low"]), at=moment)
            elif act < 0.45:
                engine.tickets.say(number, "x", direction=chance.choice(["in", "note"]), at=moment)
            else:
                state = chance.choice([each for each in engine.tickets.states[found.state].then if each != "closed"])
                engine.tickets.move(number, state, reason="r", at=moment)
            check_clock(engine, number, Calendar.read(OFFICE) if calendar else ALWAYS)


def check_clock(engine: Engine, number: int, calendar: Calendar) -> None:
    now = int(time.time())
    found = engine.tickets.get(number)
    promise = found.clock("resolution")
    assert promise is not None
    promises = [Promise(found.opened_at if n == 0 else each.at, each.details["resolution"]) for n, each in enumerate(e for e in engine.tickets.timeline(number) if e.kind == "promise")]  # fmt: skip
    with engine.store.read() as connection:
        pauses = [
            Pause(row.start_at, row.until_at) for row in connection.execute(select(ticket_pause).where(ticket_pause.c.ticket_id == number))
        ]
    at = promise.stopped_at if promise.stopped_at is not None else now
    told = ServiceClock(WorkingTime(calendar, found.opened_at), found.opened_at, promises, pauses).read(at)
    assert promise.due_at == told.due
    if promise.stopped_at is None:
        assert abs((promise.left or 0) - told.left) <= 2, "seconds may pass between the two looks"
