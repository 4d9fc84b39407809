"""Hand messages of care over: by e-mail through an SMTP server, by a gateway such as SMS, or as the event `care.due` to webhooks;
never in quiet hours.

A message stays in the outbox until it was handed over. Who crashes between handing over and noting it hands over again, with
the same Message-ID, or the same event.
"""

from __future__ import annotations

import datetime as dt
import smtplib
from collections import defaultdict
from collections.abc import Sequence
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

from engine import clock
from engine.care.gateways import Gateway
from engine.care.plans import Plan
from engine.errors import CareError
from engine.mail import Careful, connect, words
from engine.outbound import Refused
from engine.store import care as rows
from engine.store import consents, documents, gateways, webhooks

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.service import Engine

EVENT = "care.due"
WAITS = (60, 300, 1_800, 7_200, 21_600, 43_200)
"""Seconds before the next attempt, after each that failed; after the last the message has failed."""

AT_ONCE, LEASE = 200, 300
TEMPORARY = (408, 409, 425, 429)
"""Refusals of a gateway that pass; after any other answer from 400 to 499 a message has failed at once."""

FEW = 12
"""Messages that go by gateways at once: each may take `outbound.SECONDS`, all of them no longer than the lease."""


def wakes_at(engine: Engine, moment: int) -> int:
    """The first moment from this one on that lies outside the quiet hours."""
    quiet = engine.settings.quiet_hours
    if quiet is None:
        return moment
    here = dt.datetime.fromtimestamp(moment, engine.zone)
    minute, (start, end) = here.hour * 60 + here.minute, quiet
    inside = start <= minute < end if start < end else minute >= start or minute < end
    if not inside:
        return moment
    day = here.date() + dt.timedelta(days=1 if start > end and minute >= start else 0)
    return int(dt.datetime.combine(day, dt.time(end // 60, end % 60), engine.zone).timestamp())


def deliver(engine: Engine) -> int:
    """Send every message whose time has come; how many were handed over."""
    now = clock.now()
    later = wakes_at(engine, now)
    sent = 0
    for kind, send, most in (("email", _mail, AT_ONCE), ("webhook", _events, AT_ONCE), ("gateway", _gateways, FEW)):
        with engine.store.read() as connection:
            waiting = rows.due(connection, kind, now, most)
        if not waiting:
            continue
        with engine.store.write() as connection:
            if later > now:  # what was due yesterday evening waits for the morning
                rows.finish(connection, waiting, {"next_at": later})
                continue
            letters = _still_agreed(connection, rows.claim(connection, waiting, now, LEASE))
        sent += send(engine, letters, now)
    return sent


def _still_agreed(connection: Connection, letters: Sequence[Any]) -> Sequence[Any]:
    """The messages to customers who agree now, by the rule of the plan as it stands; one who refused meanwhile gets none."""
    rules = {each.key: Plan.read(each.key, each.document).consent for each in documents.every(connection, "care")}
    said = consents.said(connection, [each.customer_id for each in letters])
    wanted = {"required": (1,), "unless_refused": (-1, 1), "none": (-1, 0, 1)}
    kept = [each for each in letters if said[each.customer_id] in wanted[rules.get(each.plan, "unless_refused")]]
    gone = sorted({each.id for each in letters} - {each.id for each in kept})
    if gone:
        rows.finish(connection, gone, {"status": "failed", "next_at": None, "last_error": "the customer does not agree any more"})
    return kept


def _events(engine: Engine, letters: Sequence[Any], now: int) -> int:
    """Put messages into the outbox of webhooks, in one transaction with noting it."""
    by_plan: dict[str, list[Any]] = defaultdict(list)
    for each in letters:
        by_plan[each.plan].append(each)
    with engine.store.write() as connection:
        receivers = [each.id for each in webhooks.every(connection) if each.disabled_at is None and EVENT in each.events]
        for plan, some in by_plan.items():
            if not receivers:
                _failed(connection, some, now, f"no webhook listens to {EVENT}")
                continue
            names = ("external_id", "channel", "phone", "email", "subject", "text", "occasion")
            items = [{"customer" if name == "external_id" else name: getattr(each, name) for name in names} for each in some]
            webhooks.add_event(connection, EVENT, f"care:{some[0].id}:{now}", now, {"plan": plan, "items": items}, receivers)
            rows.finish(connection, [each.id for each in some], {"status": "sent", "next_at": None})
    return sum(len(some) for some in by_plan.values()) if receivers else 0


def _mail(engine: Engine, letters: Sequence[Any], now: int) -> int:
    if not letters:
        return 0
    done: list[Any] = []
    wrong: dict[str, list[Any]] = defaultdict(list)
    try:
        with _server(engine.settings.smtp_url) as server:
            for each in letters:
                try:
                    server.send_message(_letter(engine, each))
                    done.append(each)
                except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError, ValueError) as error:
                    wrong[words(error)].append(each)
    except (OSError, smtplib.SMTPException, CareError) as error:  # the server itself: what was not sent is tried again
        sent = {each.id for each in (*done, *(each for some in wrong.values() for each in some))}
        wrong[words(error)] += [each for each in letters if each.id not in sent]
    with engine.store.write() as connection:
        rows.finish(connection, [each.id for each in done], {"status": "sent", "next_at": None, "last_error": ""})
        for why, some in wrong.items():
            _failed(connection, some, now, why)
    return len(done)


def _gateways(engine: Engine, letters: Sequence[Any], now: int) -> int:
    """Send messages one by one, each noted at once. A gateway that does not answer is not asked for the others."""
    with engine.store.read() as connection:
        known = {each.key: each for each in gateways.every(connection)}
        secrets = gateways.secrets(connection)
        to = {key: Gateway.read(key, each.document) for key, each in known.items()}
        asked = {key: [each.customer_id for each in letters if each.gateway == key] for key in to}
        found = {key: gateways.addresses(connection, to[key].to, some) if to[key].to else {} for key, some in asked.items()}
    silent: set[str] = set()
    sent = 0
    for each in letters:
        key = str(each.gateway)
        if key in silent or (key in known and not known[key].enabled):
            _later(engine, each, now + WAITS[0], silent=key in silent)
            continue
        if key not in to:
            _noted(engine, each, now, f"there is no gateway {key}", final=True)
            continue
        gateway = to[key]
        address = found[key].get(each.customer_id, "")
        if gateway.to and not address:
            _noted(engine, each, now, f"the customer has no {gateway.to}", final=True)
            continue
        once = f"care-{each.id}"
        values = {"to": address, "text": each.text, "subject": each.subject, "name": each.name or "", "customer": each.external_id}
        values |= {"channel": each.channel or gateway.channel, "plan": each.plan, "occasion": each.occasion, "id": once}
        try:
            made = gateway.request(values, secrets[key])
        except CareError as error:
            _noted(engine, each, now, str(error), final=True)
            continue
        try:
            reply = engine.gateways.post(made, once)
        except (Refused, OSError) as error:
            silent.add(key)
            _noted(engine, each, now, words(error).replace(secrets[key] or "\0", "***"))
            continue
        refusal = gateway.refusal(reply.status, reply.body)
        lasting = 400 <= reply.status < 500 and reply.status not in TEMPORARY
        if refusal is not None:
            _noted(engine, each, now, refusal.replace(secrets[key] or "\0", "***"), final=lasting)
            continue
        with engine.store.write() as connection:
            rows.finish(connection, [each.id], {"status": "sent", "next_at": None, "last_error": "", "attempts": each.attempts + 1})
        sent += 1
    return sent


def _noted(engine: Engine, each: Any, now: int, why: str, *, final: bool = False) -> None:
    with engine.store.write() as connection:
        if final:
            values = {"status": "failed", "next_at": None, "attempts": each.attempts + 1, "last_error": why[:300]}
            rows.finish(connection, [each.id], values)
        else:
            _failed(connection, [each], now, why)


def _later(engine: Engine, each: Any, moment: int, *, silent: bool) -> None:
    why = "the gateway did not answer; it is tried again" if silent else "the gateway rests"
    with engine.store.write() as connection:
        rows.finish(connection, [each.id], {"next_at": moment, "last_error": why})


def _failed(connection: Any, letters: Sequence[Any], now: int, why: str) -> None:
    by_attempts: dict[int, list[int]] = defaultdict(list)
    for each in letters:
        by_attempts[each.attempts].append(each.id)
    for attempts, numbers in by_attempts.items():
        values: dict[str, Any] = {"attempts": attempts + 1, "last_error": why[:300]}
        values |= {"next_at": now + WAITS[attempts]} if attempts < len(WAITS) else {"status": "failed", "next_at": None}
        rows.finish(connection, numbers, values)


def _letter(engine: Engine, each: Any) -> EmailMessage:
    letter = EmailMessage()
    letter["From"] = engine.settings.smtp_from
    letter["To"] = each.email
    letter["Subject"] = " ".join(each.subject.split()) or each.plan
    letter["Message-ID"] = f"<care-{each.id}@{engine.settings.smtp_from.rpartition('@')[2].strip('> ')}>"
    letter["Date"] = dt.datetime.fromtimestamp(each.created_at, engine.zone)
    letter.set_content(each.text)
    return letter


def _server(url: str) -> Careful:
    if not url:
        raise CareError("no mail server is set; TIERWISE_SMTP_URL names one")
    return connect(url)
