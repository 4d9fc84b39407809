"""What care plans did: each occasion once, and the messages that wait to be sent."""

from __future__ import annotations

from sqlalchemy import Index, Integer, SmallInteger, Table, Text

from engine.store.models.base import Big, column, key, link, metadata

care_act = Table(
    "care_act",
    metadata,
    link("customer_id", "customer.id", pii="id", primary_key=True, autoincrement=False),
    column("plan", Text, primary_key=True),
    column("occasion", Text, primary_key=True),
    column("day", Integer, nullable=False),
    column("at", Big, nullable=False),
    column("control", SmallInteger, nullable=False),
    Index("ix_care_act_plan", "plan", "day"),
    Index("ix_care_act_customer", "customer_id", "day"),
    sqlite_with_rowid=False,
    comment="One row per customer, plan and occasion: never twice. control: left out to compare with.",
)

care_message = Table(
    "care_message",
    metadata,
    key(),
    link("customer_id", "customer.id", pii="id", nullable=False),
    column("plan", Text, nullable=False),
    column("occasion", Text, nullable=False),
    column("kind", Text, nullable=False),  # email, webhook, gateway
    column("channel", Text, nullable=False),
    column("subject", Text, pii="contact", nullable=False),
    column("text", Text, pii="contact", nullable=False),
    column("status", Text, nullable=False),  # waiting, sent, failed
    column("next_at", Big),
    column("lease_until", Big, nullable=False),
    column("attempts", Integer, nullable=False),
    column("last_error", Text, nullable=False),
    column("created_at", Big, nullable=False),
    column("gateway", Text),  # by which it goes, where kind is gateway
    Index("ix_care_message_next", "status", "next_at"),
    comment="The outbox of care: kept until it was handed over. The address is read when it is sent.",
)

gateway = Table(
    "gateway",
    metadata,
    column("key", Text, primary_key=True),
    column("document", Text, nullable=False),  # JSON
    column("secret", Text, nullable=False),
    column("enabled", SmallInteger, nullable=False),
    column("updated_by", Text, pii="id", nullable=False),
    column("updated_at", Big, nullable=False),
    column("revision", Integer, nullable=False),
    sqlite_with_rowid=False,
    comment="Where messages of a channel are sent, and by which request. The secret is part of requests, so it cannot be kept as a hash.",
)
