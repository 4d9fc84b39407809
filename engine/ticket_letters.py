"""Send what tickets say to their customers by themselves: by e-mail, or as the event `ticket.acknowledged` to webhooks.

A letter is queued in the transaction that opens its ticket, and sent by a worker. That a letter is handed over now is written
down before it happens; a worker that dies in just that moment leaves a letter of which nobody knows whether it arrived, and
which is never sent again. Every other failure is tried again. What came of it stands in the ticket's time line.
"""

from __future__ import annotations

import datetime as dt
import json
import smtplib
from collections.abc import Sequence
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

from engine import clock
from engine.care.consent import agrees
from engine.desk.states import ENDED
from engine.mail import Careful, connect, for_good, words
from engine.store import ticket_letters as letters
from engine.store import tickets as rows
from engine.store import webhooks

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.service import Engine

EVENT = "ticket.acknowledged"
CONSENT = "consent"
"""The custom field of customers that the setup's `consent` goes by."""

WAITS = (60, 300, 1_800, 7_200, 21_600, 43_200)
"""Seconds before the next attempt, after each that failed; after the last the letter has failed."""

AT_ONCE, LEASE = 50, 300
MOST_A_DAY = 20
"""Letters to one customer within a day: two programs that acknowledge each other come to an end (RFC 3834, 2)."""


def deliver(engine: Engine) -> int:
    """Send every letter whose time has come; how many were handed over."""
    now = clock.now()
    with engine.store.read() as connection:
        waiting = letters.due(connection, now, AT_ONCE)
    if not waiting:
        return 0
    told = 0
    mails: list[Any] = []
    with engine.store.write() as connection:
        for each in letters.lost(connection, waiting, now):
            _note(engine, connection, each, letters.UNKNOWN, "email", now, why="stopped")
        for each in letters.claim(connection, waiting, now, LEASE):
            way = _way(engine, connection, each, now)
            told += way == "webhook"
            if way == "email":
                mails.append(each)
    return told + (_mail(engine, mails, now) if mails else 0)


def _way(engine: Engine, connection: Connection, each: Any, now: int) -> str:
    """By which way a letter goes; "" for one that does not. One that goes to webhooks is put into their outbox here."""
    why = _against(engine, connection, each, now)
    if why:
        _over(engine, connection, each, letters.DROPPED, "", now, why)
        return ""
    if each.email and engine.settings.smtp_url:
        return "email"
    receivers = [one.id for one in webhooks.every(connection) if one.disabled_at is None and EVENT in one.events]
    if receivers:
        said = {"ticket": each.ticket_id, "customer": each.external_id, "channel": each.channel, "language": each.language}
        said |= {"phone": each.phone, "email": each.email, "subject": json.loads(each.details).get("subject", ""), "text": each.text}
        webhooks.add_event(connection, EVENT, f"acknowledged:{each.event_id}", now, said, receivers)
        _over(engine, connection, each, letters.SENT, "webhook", now)
        return "webhook"
    if each.email:
        _failed(engine, connection, each, now, "no_server")
    else:
        _over(engine, connection, each, letters.FAILED, "", now, "no_way")
    return ""


def _against(engine: Engine, connection: Connection, each: Any, now: int) -> str:
    """What speaks against sending a letter; "" for nothing."""
    if each.state in ENDED:
        return "resolved"
    if each.voided_at is not None:
        return "voided"
    rule = engine.desk.setup_in(connection).setup.consent
    if rule != "none" and not agrees(letters.consent(connection, each.customer_id, CONSENT), rule):
        return "consent"
    if letters.sent_since(connection, each.customer_id, now - 86_400) >= MOST_A_DAY:
        return "often"
    return ""


def _mail(engine: Engine, mails: Sequence[Any], now: int) -> int:
    sent = 0
    waiting = list(mails)
    try:
        with connect(engine.settings.smtp_url) as server:
            while waiting:
                sent += _hand_over(engine, server, waiting[0], now)
                waiting.pop(0)
    except (OSError, smtplib.SMTPException) as error:  # the server itself; smtplib's own errors at the farewell count for nothing
        with engine.store.write() as connection:
            for each in waiting:
                _failed(engine, connection, each, now, said=words(error))
    return sent


def _hand_over(engine: Engine, server: Careful, each: Any, now: int) -> bool:
    """Send one letter. Raises what the server itself brought about, when the letter cannot have arrived."""
    with engine.store.write() as connection:
        if not letters.start(connection, each.event_id, now + LEASE, clock.now() + LEASE):
            return False
    server.handed_over = False
    try:
        server.send_message(_letter(engine, each))
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError, ValueError) as error:
        with engine.store.write() as connection:
            if isinstance(error, ValueError) or for_good(error):
                _over(engine, connection, each, letters.FAILED, "email", now, said=words(error))
            else:
                _failed(engine, connection, each, now, said=words(error))
        return False
    except (OSError, smtplib.SMTPException) as error:
        if not server.handed_over:
            raise
        with engine.store.write() as connection:
            _over(engine, connection, each, letters.UNKNOWN, "email", now, said=words(error))
        server.close()
        return False
    with engine.store.write() as connection:
        _over(engine, connection, each, letters.SENT, "email", now)
    return True


def _failed(engine: Engine, connection: Connection, each: Any, now: int, why: str = "", *, said: str = "") -> None:
    """An attempt that failed: there is another one, or it was the last."""
    if each.attempts >= len(WAITS):
        _over(engine, connection, each, letters.FAILED, "email", now, why, said=said)
        return
    again = now + WAITS[each.attempts]
    letters.finish(connection, each.event_id, letters.WAITING, each.attempts + 1, again)
    _note(engine, connection, each, letters.WAITING, "email", now, why=why, said=said, again=again)


def _over(engine: Engine, connection: Connection, each: Any, status: str, way: str, now: int, why: str = "", *, said: str = "") -> None:
    letters.finish(connection, each.event_id, status, each.attempts + (way != ""))
    _note(engine, connection, each, status, way, now, why=why, said=said)


def _note(
    engine: Engine,
    connection: Connection,
    each: Any,
    status: str,
    way: str,
    now: int,
    *,
    why: str = "",
    said: str = "",
    again: int | None = None,
) -> None:
    """Write into the time line what came of it. why: a word of `engine.desk.events.WHYS`; said: what the mail server said."""
    address = getattr(each, "email", None)
    if address:
        said = said.replace(address, "…")  # servers repeat it, and details are not masked
    details = {"status": status, "way": way, "attempt": each.attempts + 1, "why": why, "said": said[:300]}
    if again is not None:
        details["again"] = engine.written(again)
    rows.note(connection, each.ticket_id, "delivery", at=now, posted_at=now, actor=engine.settings.actor, details=details)


def _letter(engine: Engine, each: Any) -> EmailMessage:
    letter = EmailMessage()
    letter["From"] = engine.settings.smtp_from
    letter["To"] = each.email
    letter["Subject"] = " ".join(str(json.loads(each.details).get("subject", "")).split()) or str(each.ticket_id)
    letter["Message-ID"] = f"<ticket-{each.ticket_id}-{each.event_id}@{engine.settings.smtp_from.rpartition('@')[2].strip('> ')}>"
    letter["Date"] = dt.datetime.fromtimestamp(each.created_at, engine.zone)
    letter["Auto-Submitted"] = "auto-replied"  # RFC 3834: no program answers this
    letter["Content-Language"] = "zh-Hans" if each.language == "zh" else "en"
    letter.set_content(each.text)
    return letter
