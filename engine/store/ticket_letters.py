"""What tickets say to their customers by themselves, as rows: kept until it was handed over, once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from engine.store.models import custom_field, custom_value, customer, term, ticket, ticket_event, ticket_letter

WAITING, SENDING, SENT, FAILED, UNKNOWN, DROPPED = "waiting", "sending", "sent", "failed", "unknown", "dropped"
"""States of a letter. UNKNOWN: its worker died while it handed the letter over, so it may have arrived."""


def queue(connection: Connection, event: int, number: int, now: int) -> None:
    """Let the text of an event be sent to the ticket's customer."""
    row = {"event_id": event, "ticket_id": number, "status": WAITING, "next_at": now, "lease_until": 0, "attempts": 0, "created_at": now}
    connection.execute(insert(ticket_letter).values(row))


def due(connection: Connection, now: int, limit: int) -> list[int]:
    """Letters whose time has come and that nobody is at, and those whose worker is gone."""
    c = ticket_letter.c
    query = select(c.event_id).where(c.status.in_((WAITING, SENDING)), c.next_at <= now, c.lease_until <= now)
    return list(connection.scalars(query.order_by(c.next_at, c.event_id).limit(limit)))


def claim(connection: Connection, numbers: Sequence[int], now: int, seconds: int) -> list[Row[Any]]:
    """Take those that nobody else took meanwhile, with what is sent and to whom: of a joined customer to the one that is left."""
    c = ticket_letter.c
    free = c.event_id.in_(numbers) & (c.status == WAITING) & (c.lease_until <= now)
    taken = list(connection.scalars(update(ticket_letter).where(free).values(lease_until=now + seconds).returning(c.event_id)))
    owner = customer.alias("owner")
    query = (
        select(
            *(c.event_id, c.ticket_id, c.attempts, c.created_at, ticket_event.c.text, ticket_event.c.details),
            *(ticket.c.state, ticket.c.language, ticket.c.channel, ticket.c.kind),
            owner.c.id.label("customer_id"),
            *(owner.c.external_id, owner.c.email, owner.c.phone, owner.c.voided_at),
        )
        .select_from(ticket_letter)
        .join(ticket_event, ticket_event.c.id == c.event_id)
        .join(ticket, ticket.c.id == c.ticket_id)
        .join(customer, customer.c.id == ticket.c.customer_id)
        .join(owner, owner.c.id == func.coalesce(customer.c.merged_into, customer.c.id))
    )
    return list(connection.execute(query.where(c.event_id.in_(taken)).order_by(c.event_id)))


def lost(connection: Connection, numbers: Sequence[int], now: int) -> list[Row[Any]]:
    """Those that were being handed over when their worker went away: from now on nobody knows, and nobody sends them again."""
    c = ticket_letter.c
    gone = c.event_id.in_(numbers) & (c.status == SENDING) & (c.lease_until <= now)
    stopped = update(ticket_letter).where(gone).values(status=UNKNOWN, next_at=None, lease_until=0)
    return list(connection.execute(stopped.returning(c.event_id, c.ticket_id, c.attempts)))


def start(connection: Connection, event: int, lease: int, until: int) -> bool:
    """Say, before it happens, that a letter is handed over now; False when it is no longer this worker's."""
    c = ticket_letter.c
    own = (c.event_id == event) & (c.status == WAITING) & (c.lease_until == lease)
    return connection.execute(update(ticket_letter).where(own).values(status=SENDING, lease_until=until)).rowcount == 1


def finish(connection: Connection, event: int, status: str, attempts: int, next_at: int | None = None) -> None:
    """What came of it."""
    values = {"status": status, "attempts": attempts, "next_at": next_at, "lease_until": 0}
    connection.execute(update(ticket_letter).where(ticket_letter.c.event_id == event).values(values))


def sent_since(connection: Connection, key: int, since: int) -> int:
    """How many letters went to a customer from a moment on."""
    query = select(func.count()).select_from(ticket_letter).join(ticket, ticket.c.id == ticket_letter.c.ticket_id)
    return (
        connection.scalar(query.where(ticket.c.customer_id == key, ticket_letter.c.created_at >= since, ticket_letter.c.status == SENT))
        or 0
    )


def consent(connection: Connection, key: int, field: str) -> str | None:
    """What a customer said in a custom field, as a text; None where nothing is known."""
    joined = custom_value.join(custom_field, custom_field.c.id == custom_value.c.field_id)
    query = select(custom_field.c.kind, custom_value.c.value).select_from(joined)
    row = connection.execute(query.where(custom_field.c.name == field, custom_value.c.customer_id == key)).first()
    if row is None:
        return None
    return connection.scalar(select(term.c.value).where(term.c.id == row.value)) if row.kind == "text" else str(row.value)


def states(connection: Connection) -> dict[str, int]:
    """How many letters there are by state."""
    query = select(ticket_letter.c.status, func.count()).group_by(ticket_letter.c.status)
    return {status: int(count) for status, count in connection.execute(query)}
