"""Webhooks, the outbox of events, and deliveries, as rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from engine.store.models import delivery, event, publication, webhook


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where events are sent. The secret is not part of it."""

    id: int
    title: str
    url: str
    events: tuple[str, ...]
    created_by: str
    created_at: int
    disabled_at: int | None
    disabled_because: str | None
    revision: int

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {name: list(value) if isinstance(value := getattr(self, name), tuple) else value for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one webhook."""

    id: int
    webhook_id: int
    event_id: int
    kind: str
    status: str
    attempts: int
    next_at: int | None
    last_at: int | None
    last_status: int | None
    last_error: str
    created_at: int

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


_WEBHOOK = select(*(webhook.c[name] for name in Webhook.__slots__))
_DELIVERY = select(*(delivery.c[name] for name in Delivery.__slots__ if name != "kind"), event.c.kind).join(
    event, event.c.id == delivery.c.event_id
)


def add(connection: Connection, values: Mapping[str, Any], events: Sequence[str]) -> int:
    """Add a webhook and return its number."""
    row = {**values, "events": json.dumps(list(events)), "revision": 1}
    return int(connection.execute(insert(webhook).values(row).returning(webhook.c.id)).scalar_one())


def change(connection: Connection, number: int, values: Mapping[str, Any]) -> None:
    """Change a webhook; its revision rises."""
    connection.execute(update(webhook).where(webhook.c.id == number).values(revision=webhook.c.revision + 1, **values))


def get(connection: Connection, number: int) -> Webhook | None:
    """The webhook with a number."""
    row = connection.execute(_WEBHOOK.where(webhook.c.id == number)).first()
    return _webhook(row) if row else None


def every(connection: Connection) -> list[Webhook]:
    """Every webhook."""
    return [_webhook(row) for row in connection.execute(_WEBHOOK.order_by(webhook.c.id))]


def _webhook(row: Row[*tuple[Any, ...]]) -> Webhook:
    values = dict(row._mapping)
    return Webhook(**{**values, "events": tuple(json.loads(values["events"]))})


def secret_of(connection: Connection, number: int) -> str:
    """What signs the deliveries of a webhook."""
    return str(connection.scalar(select(webhook.c.secret).where(webhook.c.id == number)))


def last_ref(connection: Connection, kind: str) -> int:
    """The number in the newest event's ref of a kind; 0 before the first."""
    ref = connection.scalar(select(event.c.ref).where(event.c.kind == kind).order_by(event.c.id.desc()).limit(1))
    return 0 if ref is None else int(str(ref).split(":")[1])


def publications(connection: Connection, after: int) -> list[Row[*tuple[Any, ...]]]:
    """Publications that followed one."""
    return list(connection.execute(select(publication).where(publication.c.id > after).order_by(publication.c.id)))


def add_event(connection: Connection, kind: str, ref: str, at: int, payload: Mapping[str, Any], receivers: Iterable[int]) -> None:
    """Put an event into the outbox, with a delivery to each receiver, in the caller's transaction."""
    row = {"kind": kind, "ref": ref, "at": at, "payload": json.dumps(payload, ensure_ascii=False)}
    number = int(connection.execute(insert(event).values(row).returning(event.c.id)).scalar_one())
    rows = [
        {
            "webhook_id": each,
            "event_id": number,
            "status": "waiting",
            "attempts": 0,
            "next_at": at,
            "lease_until": 0,
            "last_error": "",
            "created_at": at,
        }
        for each in receivers
    ]
    if rows:
        connection.execute(insert(delivery), rows)


def due(connection: Connection, now: int, limit: int = 50) -> list[int]:
    """Deliveries whose time has come and that nobody is at."""
    query = select(delivery.c.id).join(webhook, webhook.c.id == delivery.c.webhook_id)
    query = query.where(
        delivery.c.status == "waiting", delivery.c.next_at <= now, delivery.c.lease_until <= now, webhook.c.disabled_at.is_(None)
    )
    return list(connection.scalars(query.order_by(delivery.c.next_at, delivery.c.id).limit(limit)))


def claim(connection: Connection, number: int, now: int, seconds: int) -> bool:
    """Take a delivery for a while; False when somebody else was faster."""
    free = (delivery.c.id == number) & (delivery.c.status == "waiting") & (delivery.c.lease_until <= now)
    return bool(connection.execute(update(delivery).where(free).values(lease_until=now + seconds)).rowcount == 1)


def envelope(connection: Connection, number: int) -> Row[*tuple[Any, ...]]:
    """What a delivery sends and where: webhook id, url, secret, event id, kind, payload, attempts."""
    query = select(
        webhook.c.id.label("webhook_id"),
        webhook.c.url,
        webhook.c.secret,
        event.c.id.label("event_id"),
        event.c.kind,
        event.c.at,
        event.c.payload,
        delivery.c.attempts,
    )
    query = query.select_from(delivery).join(webhook, webhook.c.id == delivery.c.webhook_id).join(event, event.c.id == delivery.c.event_id)
    return connection.execute(query.where(delivery.c.id == number)).one()


def finish(connection: Connection, number: int, values: Mapping[str, Any]) -> None:
    """What came of an attempt."""
    connection.execute(update(delivery).where(delivery.c.id == number).values(lease_until=0, **values))


def delivery_of(connection: Connection, number: int) -> Delivery | None:
    """The delivery with a number."""
    row = connection.execute(_DELIVERY.where(delivery.c.id == number)).first()
    return Delivery(**row._mapping) if row else None


def deliveries(connection: Connection, webhook_id: int, limit: int, before: int | None) -> list[Delivery]:
    """The newest deliveries to a webhook first."""
    query = _DELIVERY.where(delivery.c.webhook_id == webhook_id).order_by(delivery.c.id.desc()).limit(limit)
    rows = connection.execute(query if before is None else query.where(delivery.c.id < before))
    return [Delivery(**row._mapping) for row in rows]
