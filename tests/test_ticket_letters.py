"""Acknowledgements on both databases, by a mail server on loopback: sent once, tried again, seen on the time line."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select, update

from engine import clock
from engine.errors import DeskError
from engine.service import Engine
from engine.store.models import delivery, event, ticket_letter
from engine.ticket_letters import MOST_A_DAY, WAITS
from engine.worker import Worker
from tests.mail_server import MailServer, mail_server
from tests.small_desk import fill_desk
from tests.test_tickets import SETUP

GOT = {
    "title": "Got it",
    "subject": {"en": "Your complaint {ticket}", "zh": "您的投诉 {ticket}"},
    "text": {"en": "Dear {customer},\nyou hear from us by {due}.", "zh": "{customer} 您好，\n我们将在 {due} 前答复。"},
    "kinds": ["complaint"],
    "automatic": True,
}
BELOW = {"title": "Any", "text": {"en": "We have it.", "zh": "已收到。"}, "automatic": True}


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    with mail_server() as server:
        monkeypatch.setenv("TIERWISE_SMTP_URL", server.url)
        monkeypatch.setenv("TIERWISE_SMTP_FROM", "Desk <desk@shop.example>")
        yield server


@pytest.fixture
def engine(store_url: str, inbox: MailServer) -> Iterator[Engine]:
    with Engine.open(store_url, actor="lin") as opened:
        fill_desk(opened)
        opened.desk.save_setup(SETUP)
        opened.desk.save_answer("got", GOT)
        opened.desk.save_answer("any", BELOW)
        yield opened


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    yield
    clock.set_ahead(0)


def told(engine: Engine, number: int) -> list[str]:
    """What the time line says of the acknowledgement."""
    lines = [each for each in engine.tickets.timeline(number) if each.kind in ("acknowledgement", "delivery")]
    return [engine.tickets.words(each).en for each in lines]


def test_it_is_sent_by_e_mail_once_in_the_language_and_for_the_kind_of_the_ticket(engine: Engine, inbox: MailServer) -> None:
    en = engine.tickets.open("A1", "complaint", "late", language="en")
    zh = engine.tickets.open("B1", "complaint", "late", language="zh")
    other = engine.tickets.open("C1", "question", "hours?", language="en")
    assert engine.tickets.letters() == {"waiting": 3}
    assert engine.tickets.deliver() == 3
    assert engine.tickets.deliver() == 0
    assert [each["To"] for each in inbox.letters] == ["a1@example.org", "b1@example.org", "c1@example.org"]
    assert [each["Subject"] for each in inbox.letters] == [
        f"Your complaint {en.id}",
        f"您的投诉 {zh.id}",
        f"We have received your request {other.id}",
    ]
    first, second, third = (each.get_content().replace("\r\n", "\n") for each in inbox.letters)
    assert first.startswith("Dear A1,\nyou hear from us by 20")
    assert second.startswith("B1 您好，\n我们将在 20")
    assert third == "We have it.\n"
    assert {each["Auto-Submitted"] for each in inbox.letters} == {"auto-replied"}, "no program answers it"
    assert len({each["Message-ID"] for each in inbox.letters}) == 3
    assert told(engine, en.id) == ["Acknowledgement prepared", "Acknowledgement sent by e-mail"]
    assert engine.tickets.get(en.id).answered_at is None, "it is no first answer"


def test_a_second_opening_by_reference_a_rehearsal_and_a_refusal_send_nothing_more(engine: Engine, inbox: MailServer) -> None:
    for _ in range(3):
        engine.tickets.open("A1", "complaint", "late", reference="T-1")
    with engine.store.together() as whole:
        engine.tickets.open("A1", "complaint", "only tried")
        whole.undo()
    quiet = engine.tickets.open("A1", "complaint", "quiet", acknowledge=False)
    assert engine.tickets.deliver() == 1
    assert told(engine, quiet.id) == []


def test_many_workers_send_each_once(engine: Engine, inbox: MailServer) -> None:
    for n in range(30):
        engine.tickets.open(("A1", "B1", "C1", "C2", "C3")[n % 5], "complaint", "late")
    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(lambda _: engine.acting_as("worker").tickets.deliver(), range(8)))
    assert sum(sent) == 30
    assert len({each["Message-ID"] for each in inbox.letters}) == len(inbox.letters) == 30


def test_a_worker_sends_it_by_itself(engine: Engine, inbox: MailServer) -> None:
    number = engine.tickets.open("A1", "complaint", "late").id
    worker = Worker(engine, threads=1)
    worker.start()
    try:
        for _ in range(200):
            if len(told(engine, number)) == 2:
                break
            threading.Event().wait(0.05)
    finally:
        worker.stop(wait=10)
    assert len(inbox.letters) == 1


def test_what_fails_is_tried_again_and_the_time_line_says_so(engine: Engine, inbox: MailServer) -> None:
    inbox.refuse = {"a1@example.org": "451 later, a1@example.org", "b1@example.org": "550 no such person: b1@example.org"}
    later, never = (engine.tickets.open(name, "complaint", "late").id for name in ("A1", "B1"))
    good = engine.tickets.open("C1", "complaint", "late").id
    assert engine.tickets.deliver() == 1, "one that is refused does not hold up the others"
    assert engine.tickets.letters() == {"waiting": 1, "failed": 1, "sent": 1}
    assert told(engine, never)[1] == "The acknowledgement could not be sent: refused: 550"
    assert told(engine, later)[1].startswith("Acknowledgement not sent, attempt 1: refused: 451; the next one at 20")
    assert told(engine, good)[1] == "Acknowledgement sent by e-mail"
    assert not any("@" in str(each.details) for each in engine.tickets.timeline(later)), "no address stands in what is not masked"
    inbox.refuse = {}
    assert engine.tickets.deliver() == 0, "not before its time"
    clock.set_ahead(WAITS[0] + 1)
    assert engine.tickets.deliver() == 1
    assert told(engine, later)[-1] == "Acknowledgement sent by e-mail"
    assert engine.tickets.say(later, "here", at=engine.now.replace(microsecond=0)).answered_at is not None


def test_a_server_that_is_away_is_tried_until_it_is_given_up_and_survives_restarts(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        monkeypatch.setenv("TIERWISE_SMTP_URL", f"smtp://127.0.0.1:{port}")
        monkeypatch.setenv("TIERWISE_SMTP_FROM", "desk@shop.example")
        with Engine.open(store_url, actor="lin") as engine:
            fill_desk(engine)
            engine.desk.save_answer("any", BELOW)
            first, second = (engine.tickets.open(name, "complaint", "late").id for name in ("A1", "B1"))
            assert engine.tickets.deliver() == 0
            assert "ConnectionRefusedError" in told(engine, first)[1]
            with engine.store.write() as connection:
                connection.execute(update(ticket_letter).where(ticket_letter.c.ticket_id == second).values(attempts=len(WAITS)))
    with Engine.open(store_url, actor="worker") as engine, mail_server(port) as inbox:
        clock.set_ahead(WAITS[0] + 1)
        inbox.refuse = {"b1@example.org": "451 later"}
        assert engine.tickets.deliver() == 1
        assert [each["To"] for each in inbox.letters] == ["a1@example.org"]
        assert engine.tickets.letters() == {"sent": 1, "failed": 1}, "the last attempt was the last"


def test_a_server_that_hangs_up_before_it_answers_gets_no_second_letter(engine: Engine, inbox: MailServer) -> None:
    inbox.hang_up = True
    number = engine.tickets.open("A1", "complaint", "late").id
    assert engine.tickets.deliver() == 0
    inbox.hang_up = False
    other = engine.tickets.open("B1", "complaint", "late").id
    clock.set_ahead(86_400)
    assert engine.tickets.deliver() == 1
    assert told(engine, number)[-1].startswith("Nobody knows whether the acknowledgement was sent, so it is not sent again")
    assert [each["To"] for each in inbox.letters] == ["a1@example.org", "b1@example.org"]
    assert told(engine, other)[-1] == "Acknowledgement sent by e-mail"


def deliver_and_die(url: str) -> None:
    """Be killed at the moment at which the mail server has the letter and nobody has noted it."""
    from engine.mail import Careful

    original = Careful.getreply

    def dying(self: Careful) -> tuple[int, bytes]:
        found = original(self)
        if self.handed_over:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    Careful.getreply = dying  # type: ignore[method-assign]
    with Engine.open(url, actor="worker") as engine:
        engine.tickets.deliver()


def claim_and_die(url: str) -> None:
    """Be killed after the letter was taken, before it was handed over."""
    import engine.ticket_letters as module

    module.connect = lambda url: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment,return-value]
    with Engine.open(url, actor="worker") as engine:
        engine.tickets.deliver()


@pytest.mark.parametrize(("die", "letters", "state"), [(deliver_and_die, 1, "unknown"), (claim_and_die, 1, "sent")])
def test_a_killed_worker_never_leads_to_a_second_letter(
    engine: Engine, inbox: MailServer, store_url: str, die: Any, letters: int, state: str
) -> None:
    number = engine.tickets.open("A1", "complaint", "late").id
    process = multiprocessing.get_context("spawn").Process(target=die, args=(store_url,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert engine.tickets.deliver() == 0, "while its lease lasts nobody takes it"
    clock.set_ahead(3_600)
    engine.tickets.deliver()
    engine.tickets.deliver()
    assert engine.tickets.letters() == {state: 1}
    assert len(inbox.letters) == letters
    assert len(told(engine, number)) == 2


def test_who_has_no_address_is_told_through_a_webhook(engine: Engine, inbox: MailServer) -> None:
    from engine.webhooks import Webhooks

    engine.import_facts([{"customer": "P1", "name": "Phone", "phone": "+86 138 0000 0000"}], "customers")
    number = engine.tickets.open("P1", "complaint", "late", channel="").id
    engine.tickets.deliver()
    assert told(engine, number)[1].startswith("The acknowledgement could not be sent: the customer has no e-mail address, and no webhook")
    Webhooks(engine, resolve=lambda host, port: ["93.184.216.34"]).add("sms", "https://sms.example.com/", ["ticket.acknowledged"])
    other = engine.tickets.open("P1", "complaint", "late again", language="zh").id
    assert engine.tickets.deliver() == 1
    with engine.store.read() as connection:
        kept = connection.execute(select(event).where(event.c.kind == "ticket.acknowledged")).one()
        assert len(connection.execute(select(delivery)).all()) == 1
    for part in (f'"ticket": {other}', '"customer": "P1"', '"language": "zh"', "138", f"您的投诉 {other}", "P1 您好"):
        assert part in kept.payload
    assert told(engine, other)[1] == "Acknowledgement sent to webhooks"
    assert inbox.letters == []


def test_consent_a_resolved_ticket_and_too_many_stop_it(engine: Engine, inbox: MailServer) -> None:
    engine.import_facts([{"customer": "C1", "custom.consent": "no"}, {"customer": "C2", "custom.consent": "yes"}], "customers")
    assert engine.tickets.open("C1", "complaint", "late")
    assert engine.tickets.deliver() == 1, "it answers what the customer asked, so a refusal of care does not stop it"
    for rule, expected in (("unless_refused", ["C2", "C3"]), ("required", ["C2"])):
        inbox.letters.clear()
        engine.desk.save_setup({**SETUP, "consent": rule})
        numbers = {name: engine.tickets.open(name, "complaint", "late").id for name in ("C1", "C2", "C3")}
        engine.tickets.deliver()
        assert [each["To"] for each in inbox.letters] == [f"{name.lower()}@example.org" for name in expected]
        assert told(engine, numbers["C1"])[1] == "No acknowledgement was sent: the customer's consent is missing"
    with pytest.raises(DeskError, match="did you mean 'required'"):
        engine.desk.save_setup({**SETUP, "consent": "requird"})
    engine.desk.save_setup(SETUP)
    done = engine.tickets.open("A1", "complaint", "late").id
    engine.tickets.move(done, "resolved")
    engine.tickets.deliver()
    assert told(engine, done)[1] == "No acknowledgement was sent: the ticket was resolved before"
    inbox.letters.clear()
    for _ in range(MOST_A_DAY + 3):
        engine.tickets.open("B1", "complaint", "late")
        engine.tickets.deliver()
    assert len(inbox.letters) == MOST_A_DAY, "two programs that acknowledge each other come to an end"


def test_an_import_acknowledges_only_when_it_is_told_to_and_nobody_answered(engine: Engine, inbox: MailServer, tmp_path: Any) -> None:
    file = tmp_path / "tickets.csv"
    head = "reference,customer,kind,subject,opened_at,answered_at,resolved_at\n"
    file.write_text(f"{head}T1,A1,complaint,old,2025-12-01T10:00,,\nT2,B1,complaint,done,2025-12-01T10:00,2025-12-01T11:00,\n")
    engine.tickets.import_file(file)
    assert engine.tickets.deliver() == 0
    file.write_text(file.read_text().replace("\nT1,", "\nT3,").replace("\nT2,", "\nT4,"))
    engine.tickets.import_file(file, acknowledge=True)
    assert engine.tickets.deliver() == 1
    assert [each["To"] for each in inbox.letters] == ["a1@example.org"]
