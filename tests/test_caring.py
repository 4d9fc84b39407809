"""Care in the store: due in columns, once per occasion whoever asks, consent, caps, control groups, delivery, effect."""

from __future__ import annotations

import datetime as dt
import multiprocessing
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import insert, select, update

from engine import clock, questions
from engine.errors import CareError
from engine.service import Engine
from engine.store.models import care_act, care_message, delivery, event, orders, task
from engine.worker import Worker
from tests.conftest import _free_port
from tests.sighted import PASSWORD
from tests.test_managers import RULES

BIRTHDAY = {"trigger": "birthday", "text": {"en": "Happy birthday, ${name}!", "zh": "${name}，生日快乐！"}}


def shop(engine: Engine, count: int = 12) -> None:
    """Customers C1..Cn; C1 to C4 have their birthday today; C2 refused, C3 agreed; C4 reads Chinese, by phone."""
    today = engine.now.date()
    rows: list[dict[str, Any]] = []
    for n in range(1, count + 1):
        born = dt.date(1980, today.month, today.day) if n <= 4 else dt.date(1980, today.month, 1) + dt.timedelta(days=40)
        rows.append(
            {"customer": f"C{n}", "name": f"Name {n}", "birth_date": born.isoformat(), "email": f"c{n}@example.org" if n != 4 else None}
        )
    rows[1] |= {"custom.consent": "no"}
    rows[2] |= {"custom.consent": "yes", "custom.owner": "Sun"}
    rows[3] |= {"custom.language": "zh", "custom.channel": "phone"}
    report = engine.import_facts([{k: v for k, v in row.items() if v is not None} for row in rows], "customers")
    assert not report.rejected_rows, report.rejected


@pytest.fixture
def engine(store_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv("TIERWISE_QUIET_HOURS", "no")
    with Engine.open(store_url, actor="li") as opened:
        shop(opened)
        yield opened


def test_birthdays_of_today_become_tasks_once(engine: Engine) -> None:
    engine.care.save("birthday", {**BIRTHDAY, "due_days": 1})
    assert engine.care.due()
    dry = engine.care.run(dry_run=True)
    assert (dry.made, engine.tasks.count()) == (3, 0)
    done = engine.care.run()
    assert done.plans[0].as_dict() == {**dry.plans[0].as_dict()}
    assert (done.made, done.plans[0].refused) == (3, 1)
    made = {each.customer: each for each in engine.tasks.list()}
    assert set(made) == {"C1", "C3", "C4"}
    assert made["C1"].text == "Happy birthday, Name 1!"
    assert (made["C4"].text, made["C4"].channel, made["C3"].owner) == ("Name 4，生日快乐！", "phone", "Sun")
    assert made["C1"].due == engine.now.date() + dt.timedelta(days=1)
    assert not engine.care.due()
    again = engine.care.run()
    assert (again.made, again.plans[0].already) == (0, 3)
    engine.care.remove("birthday")
    engine.care.save("birthday", BIRTHDAY)
    assert engine.care.run().made == 0, "what was done stays known"
    assert engine.care.get("birthday").care == 3
    assert [each.action for each in engine.audit.entries(action="care")][:3] == ["care.save", "care.remove", "care.run"]


def test_what_was_missed_is_made_up_for_and_the_future_is_only_looked_at(engine: Engine) -> None:
    engine.care.save("birthday", {**BIRTHDAY, "late_days": 2})
    today = engine.now.date()
    assert engine.care.run(today + dt.timedelta(days=2), dry_run=True).made == 3
    assert engine.care.run(today + dt.timedelta(days=3), dry_run=True).made == 0
    with pytest.raises(CareError, match="has not come yet"):
        engine.care.run(today + dt.timedelta(days=1))
    found = engine.care.preview(days=60)
    assert next((each.day, each.made) for each in found if each.made) == (today, 3)
    assert sum(each.made for each in found) == 11
    assert sorted(found[0].plans[0].examples) == ["C1", "C3", "C4"]
    assert engine.tasks.count() == 0


def care(url: str, barrier: Any) -> None:
    with Engine.open(url, actor="worker") as engine:
        barrier.wait()
        engine.care.run()


def test_never_twice_whoever_does_it_at_the_same_moment(engine: Engine, store_url: str) -> None:
    engine.care.save("birthday", BIRTHDAY)
    engine.care.save("mail", {**BIRTHDAY, "delivery": "email", "subject": "Hello", "consent": "none"})
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(4)
    workers = [spawn.Process(target=care, args=(store_url, barrier)) for _ in range(4)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
        assert each.exitcode == 0
    with engine.store.read() as connection:
        assert len(connection.execute(select(task)).all()) == 3
        assert len(connection.execute(select(care_message)).all()) == 3
        assert len(connection.execute(select(care_act)).all()) == 6
    assert engine.care.run().made == 0


def test_caps_count_all_plans(engine: Engine) -> None:
    engine.care.save("a", BIRTHDAY)
    engine.care.save("b", {**BIRTHDAY, "cap_days": 30, "cap_most": 1})
    done = {each.plan: each for each in engine.care.run().plans}
    assert (done["a"].made, done["b"].made, done["b"].capped) == (3, 0, 3)


def test_festivals_anniversaries_silence_changes_and_verification(engine: Engine) -> None:
    today = engine.now.date()
    joined = dt.date(today.year - 3, today.month, min(today.day, 28))
    engine.import_facts([{"customer": "C7", "joined_at": joined.isoformat()}], "customers")
    day = engine.written(clock.now() - 70 * 86_400)
    engine.import_facts([{"order": f"O{n}", "customer": f"C{n}", "ordered_at": day, "amount": str(n * 100)} for n in range(1, 9)], "orders")
    engine.publish(RULES)
    record = engine.run()
    if record.status == "held":
        engine.release(record.id)
    texts = {"text": "Dear ${name}, ${level} ${manager} ${date} ${days}"}
    engine.care.save("joined", {"trigger": "anniversary", **texts})
    engine.care.save(
        "season",
        {"trigger": "festival", "day": f"{today.month}-{today.day}", "who": {"output": "grade.segment", "labels": ["top"]}, **texts},
    )
    engine.care.save("quiet", {"trigger": "silence", "days": 60, **texts})
    engine.care.save("verify", {"trigger": "verify", "months": 1, "who": {"output": "grade.segment", "labels": ["top", "next"]}, **texts})
    engine.care.save("up", {"trigger": "upgrade", "output": "grade.segment", **texts})
    done = {each.plan: each for each in engine.care.run().plans}
    assert {key: each.due for key, each in done.items() if key != "verify"} == {"joined": 1, "season": 4, "quiet": 8, "up": 0}
    assert "Top" in engine.care.texts("season", "C8")["text"]
    engine.import_facts(
        [{"order": f"N{n}", "customer": f"C{n}", "ordered_at": engine.written(clock.now() - 60), "amount": "400"} for n in (1, 3)], "orders"
    )
    before = clock.ahead()
    clock.set_ahead(before + 3_600)
    try:
        record = engine.run()
        if record.status == "held":
            engine.release(record.id)
        done = {each.plan: each for each in engine.care.run().plans}
        assert done["up"].made == 1, "C3 was next and is top; C1 had no level before"
        assert engine.care.run().plans[-2].made == 0
    finally:
        clock.set_ahead(before)


@pytest.mark.parametrize("late_days", [0, 3])
def test_a_verification_asks_each_once_in_a_period_and_never_all_at_once(engine: Engine, late_days: int) -> None:
    """A plan that begins within a period asks those whose day is not over yet, on their days."""
    day = engine.written(clock.now() - 70 * 86_400)
    engine.import_facts([{"order": f"O{n}", "customer": f"C{n}", "ordered_at": day, "amount": str(n * 100)} for n in range(1, 9)], "orders")
    engine.publish(RULES)
    record = engine.run()
    if record.status == "held":
        engine.release(record.id)
    who = {"output": "grade.segment", "labels": ["top", "next"]}
    engine.care.save(
        "verify", {"trigger": "verify", "months": 1, "who": who, "late_days": late_days, "consent": "none", "text": "Dear ${name}"}
    )
    important = sum(len(engine.assignments("grade", value=label)) for label in ("top", "next"))
    before, by_day = clock.ahead(), []
    ahead = (dt.date(engine.now.year + 1, 2, 1) - engine.now.date()).days
    try:
        for number in range(28):
            clock.set_ahead(before + (ahead + number) * 86_400)
            by_day.append(engine.care.run().plans[0].made)
    finally:
        clock.set_ahead(before)
    assert sum(by_day) == important > 1
    assert sum(each > 0 for each in by_day) > 1


def test_names_that_the_rules_do_not_have_are_told(engine: Engine) -> None:
    engine.publish(RULES)
    with pytest.raises(CareError) as caught:
        engine.care.save("x", {**BIRTHDAY, "who": {"output": "grade.segmnt", "labels": ["top"]}})
    assert [fault.code for fault in caught.value.faults] == ["TW422"]
    with pytest.raises(CareError, match="did you mean 'top'"):
        engine.care.save("x", {**BIRTHDAY, "who": {"output": "grade.segment", "labels": ["tap"]}})
    with pytest.raises(CareError, match="there is none yet"):
        engine.care.get("x")
    engine.care.save("x", BIRTHDAY, revision=0)
    with pytest.raises(CareError, match="changed by somebody else"):
        engine.care.save("x", BIRTHDAY, revision=0)
    assert not engine.care.enable("x", False).enabled
    assert not engine.care.due()


class Inbox:
    """A mail server that keeps what it gets; it refuses c1."""

    def __init__(self) -> None:
        self.letters: list[Any] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address.startswith("c1@"):
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.letters.append(envelope)
        return "250 OK"


def test_e_mails_go_through_a_mail_server(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = Inbox()
    port = _free_port()
    server = Controller(inbox, hostname="127.0.0.1", port=port)
    server.start()
    monkeypatch.setenv("TIERWISE_QUIET_HOURS", "no")
    monkeypatch.setenv("TIERWISE_SMTP_URL", f"smtp://127.0.0.1:{port}")
    monkeypatch.setenv("TIERWISE_SMTP_FROM", "Care <care@shop.example>")
    try:
        with Engine.open(store_url, actor="li") as engine:
            shop(engine)
            engine.care.save(
                "mail", {**BIRTHDAY, "delivery": "email", "subject": {"en": "For ${name}", "zh": "致 ${name}"}, "consent": "none"}
            )
            done = engine.care.run().plans[0]
            assert (done.made, done.no_address) == (3, 1)
            assert engine.care.deliver() == 2
            assert engine.care.deliver() == 0
            assert sorted(each.rcpt_tos[0] for each in inbox.letters) == ["c2@example.org", "c3@example.org"]
            letter = min(inbox.letters, key=lambda each: each.rcpt_tos[0]).content.decode()
            assert "Subject: For Name 2" in letter
            assert "Message-ID: <care-" in letter
            assert "Happy birthday, Name 2!" in letter
            assert engine.care.messages() == {"sent": 2, "waiting": 1}
            with engine.store.read() as connection:
                kept = connection.execute(select(care_message).where(care_message.c.status == "waiting")).one()
            assert (kept.attempts, kept.last_error) == (1, "refused: 550")
    finally:
        server.stop()


def test_a_server_that_is_not_there_is_tried_again_until_it_is_given_up(engine: Engine) -> None:
    engine.care.save("mail", {**BIRTHDAY, "delivery": "email", "subject": "s", "consent": "none"})
    engine.care.run()
    for _ in range(8):
        engine.care.deliver()
        with engine.store.write() as connection:
            connection.execute(update(care_message).where(care_message.c.status == "waiting").values(next_at=0))
    assert engine.care.messages("mail") == {"failed": 3}


def test_who_refuses_while_a_message_waits_gets_none(engine: Engine) -> None:
    from engine.webhooks import Webhooks

    Webhooks(engine, resolve=lambda host, port: ["93.184.216.34"]).add("sms", "https://sms.example.com/", ["care.due"])
    engine.care.save("hook", {**BIRTHDAY, "delivery": "webhook", "channel": "sms", "consent": "unless_refused"})
    engine.care.run()
    assert engine.care.messages() == {"waiting": 3}
    engine.import_facts([{"customer": "C1", "custom.consent": "no"}], "customers")
    engine.join_customers("C2", "C4")  # who refused is the one who is left
    assert engine.care.deliver() == 1
    assert engine.care.messages() == {"failed": 2, "sent": 1}
    with engine.store.read() as connection:
        assert "C3" in connection.execute(select(event.c.payload).where(event.c.kind == "care.due")).scalar_one()


def test_a_plan_rests_also_when_the_rulebook_no_longer_has_its_labels(engine: Engine) -> None:
    free = {"customers": None, "amount": None, "label": None}
    engine.publish({"format": 1, "name": "one", "policies": [{"key": "abc", "type": "abc"}], "guards": free})
    engine.care.save("some", {**BIRTHDAY, "who": {"output": "abc.class", "labels": ["A"]}})
    engine.publish({"format": 1, "name": "other", "policies": [{"key": "rfm", "type": "rfm"}], "guards": free})
    assert not engine.care.enable("some", enabled=False).enabled
    with pytest.raises(CareError, match="is wrong"):
        engine.care.enable("some")


def test_webhooks_get_what_is_due_and_nothing_is_sent_in_quiet_hours(engine: Engine) -> None:
    from engine.care_delivery import wakes_at
    from engine.webhooks import Webhooks

    engine.care.save("hook", {**BIRTHDAY, "delivery": "webhook", "channel": "sms", "consent": "none"})
    engine.care.run()
    assert engine.care.deliver() == 0
    assert engine.care.messages() == {"waiting": 4}
    Webhooks(engine, resolve=lambda host, port: ["93.184.216.34"]).add("sms", "https://sms.example.com/", ["care.due"])
    with engine.store.write() as connection:
        connection.execute(update(care_message).values(next_at=0))
    assert engine.care.deliver() == 4
    with engine.store.read() as connection:
        kept = connection.execute(select(event).where(event.c.kind == "care.due")).one()
        assert len(connection.execute(select(delivery)).all()) == 1
    assert '"channel": "sms"' in kept.payload
    assert "生日快乐" in kept.payload
    object.__setattr__(engine.settings, "quiet_hours", (21 * 60, 9 * 60))
    zone = engine.zone
    for hour, wakes in ((22, (2, 9)), (3, (1, 9)), (9, (1, 9)), (20, (1, 20))):
        moment = int(dt.datetime(2026, 5, 1, hour, tzinfo=zone).timestamp())
        assert dt.datetime.fromtimestamp(wakes_at(engine, moment), zone) == dt.datetime(2026, 5, wakes[0], wakes[1], tzinfo=zone)


def test_the_effect_is_a_difference_with_its_interval(sqlite_url: str) -> None:
    with Engine.open(sqlite_url, actor="li") as engine:
        today = engine.now.date()
        people = [
            {"customer": f"C{n}", "name": f"N{n}", "birth_date": f"1980-{today.month:02}-{min(today.day, 28):02}"} for n in range(400)
        ]
        engine.import_facts(people, "customers")
        engine.care.save("birthday", {**BIRTHDAY, "control_share": 0.3, "late_days": 5})
        done = engine.care.run()
        assert done.plans[0].made + done.plans[0].control == 400
        assert 80 < done.plans[0].control < 160
        with engine.store.write() as connection:
            connection.execute(update(care_act).values(at=clock.now() - 40 * 86_400))
            rows = connection.execute(select(care_act.c.customer_id, care_act.c.control)).all()
            bought = [(key, 3 if not control else 1) for key, control in rows]
            from engine.store.models import import_batch

            batch = connection.scalar(select(import_batch.c.id))
            at = clock.now() - 20 * 86_400
            connection.execute(
                insert(orders),
                [
                    {"source_id": 1, "external_id": f"{key}-{n}", "customer_id": key, "ordered_at": at, "ordered_on": at // 86_400, "kind": 0, "amount": 1_000 + key % 7, "batch_id": batch}
                    for key, times in bought for n in range(times)
                ],
            )  # fmt: skip
        found = engine.care.effect("birthday", days=30)
        assert (found.orders.care, found.orders.control, found.orders.difference) == (3, 1, 2)
        assert found.orders.n_care + found.orders.n_control == 400
        assert found.revenue.low is not None
        assert 1_900 < found.revenue.low < found.revenue.high < 2_100  # type: ignore[operator]
        assert engine.care.effect("birthday", days=60).orders.n_care == 0, "their time is not over"


def test_who_sees_own_customers_is_told_no_others(engine: Engine) -> None:
    engine.people.first_administrator("ada", PASSWORD)
    engine.people.add("sun", roles=["service"], reach="own", owner="Sun")
    engine.care.save("birthday", BIRTHDAY)
    sun = engine.acting_as("sun").care
    assert list(sun.preview(days=1)[0].plans[0].examples) == ["C3"]
    engine.care.run()
    assert [each.customer for each in engine.acting_as("sun").tasks.list()] == ["C3"]


def test_a_silence_is_the_same_occasion_at_every_hour(engine: Engine) -> None:
    day = engine.written(clock.now() - 70 * 86_400 - 3_000)
    engine.import_facts([{"order": f"O{n}", "customer": f"C{n}", "ordered_at": day, "amount": "5"} for n in range(1, 13)], "orders")
    engine.care.save("quiet", {"trigger": "silence", "days": 60, "text": "Dear ${name}", "consent": "none"})
    assert engine.care.run().made == 12
    before = clock.ahead()
    try:
        for hours in range(1, 50, 7):
            clock.set_ahead(before + hours * 3_600)
            assert engine.care.run().made == 0
    finally:
        clock.set_ahead(before)


def test_with_many_customers_the_next_days_are_a_job_that_can_be_cancelled(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.care.save("birthday", BIRTHDAY)
    now = engine.questions.ask("care", {"days": 30}).answer
    assert now[0].made == 3
    monkeypatch.setattr(questions, "AT_ONCE", 3)
    engine.care.enable("birthday", False)
    engine.care.enable("birthday", True)  # another revision: what was remembered does not hold
    asked = engine.questions.ask("care", {"days": 30})
    assert (asked.answer, asked.status) == (None, "queued")
    assert asked.job is not None
    engine.jobs.cancel(asked.job.id)
    assert engine.questions.look("care", {"days": 30}).status == "cancelled"
    again = engine.questions.ask("care", {"days": 30}).job
    assert again is not None
    told: list[tuple[str, int, int | None]] = []
    Worker(engine).do(again.id)
    found = engine.questions.look("care", {"days": 30})
    assert [each.as_dict() for each in found.answer] == [each.as_dict() for each in now]
    engine.care.preview(days=3, tell=lambda *step: told.append(step))
    assert told == [("read", 0, None), ("care", 0, 3), ("care", 1, 3), ("care", 2, 3)]
    engine.care.run()
    assert engine.questions.look("care", {"days": 30}).answer is None, "what was done since is no longer ahead"
