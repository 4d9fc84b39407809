"""What other programs rely on: requests that may be repeated, the order in which outcomes appeared, webhooks."""

from __future__ import annotations

from sqlalchemy import Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from engine.store.models.base import Big, column, key, link, metadata

idempotency_key = Table(
    "idempotency_key",
    metadata,
    column("owner", Text, pii="id", primary_key=True),
    column("key", Text, primary_key=True),
    column("request", Text, nullable=False),
    column("created_at", Big, nullable=False),
    column("lease_until", Big, nullable=False),
    column("status", Integer),  # NULL while the first request is at work
    column("headers", Text, nullable=False),  # JSON
    column("body", LargeBinary, pii="sensitive"),
    Index("ix_idempotency_key_created_at", "created_at"),
    comment="request is a hash of method, path and body; the answer is kept for 30 days and given again.",
)

feed = Table(
    "feed",
    metadata,
    column("seq", Big, primary_key=True, autoincrement=False),
    link("run_id", "run.id", nullable=False, index=True),
    link("former_run_id", "run.id"),
    column("at", Big, nullable=False),
    comment="One row whenever a run became visible, in that order: what was visible before, and what since. Without gaps.",
)

webhook = Table(
    "webhook",
    metadata,
    key(),
    column("title", Text, nullable=False),
    column("url", Text, nullable=False),
    column("secret", Text, nullable=False),
    column("events", Text, nullable=False),  # JSON
    column("created_by", Text, pii="id", nullable=False),
    column("created_at", Big, nullable=False),
    column("disabled_at", Big),
    column("disabled_because", Text),
    column("revision", Integer, nullable=False),
    comment="Where events are sent. The secret signs them, so it cannot be kept as a hash.",
)

event = Table(
    "event",
    metadata,
    key(),
    column("kind", Text, nullable=False),
    column("ref", Text, nullable=False),
    column("at", Big, nullable=False),
    column("payload", Text, pii="derived", nullable=False),
    UniqueConstraint("ref"),
    comment="The outbox. ref names what happened, once: changes:12:500, run:12, publication:3.",
)

delivery = Table(
    "delivery",
    metadata,
    key(),
    link("webhook_id", "webhook.id", nullable=False),
    link("event_id", "event.id", nullable=False),
    column("status", Text, nullable=False),  # waiting, delivered, failed
    column("attempts", Integer, nullable=False),
    column("next_at", Big),
    column("lease_until", Big, nullable=False),
    column("last_at", Big),
    column("last_status", Integer),
    column("last_error", Text, nullable=False),
    column("created_at", Big, nullable=False),
    Index("ix_delivery_next_at", "next_at"),
    Index("ix_delivery_webhook", "webhook_id", "id"),
)
