"""What somebody is to do by a day: care for a customer, follow an escalation, greet a new level."""

from __future__ import annotations

from sqlalchemy import Index, Integer, Table, Text

from engine.store.models.base import Big, column, key, link, metadata

task = Table(
    "task",
    metadata,
    key(),
    link("customer_id", "customer.id", pii="id"),
    column("kind", Text, nullable=False),  # manual, care, escalation, level, handover, or a word of a program
    column("title", Text, nullable=False),
    column("text", Text, pii="contact", nullable=False),
    column("channel", Text, nullable=False),  # phone, email, ...; "" for any
    column("owner", Text, pii="id", nullable=False),  # the word by which facts name a person; "" for nobody yet
    column("due_on", Integer, nullable=False),
    column("status", Text, nullable=False),  # open, done, skipped
    column("outcome", Text, pii="contact", nullable=False),
    column("once", Text, unique=True),
    column("created_by", Text, pii="id", nullable=False),
    column("created_at", Big, nullable=False),
    column("closed_by", Text, pii="id"),
    column("closed_at", Big),
    column("revision", Integer, nullable=False),
    Index("ix_task_due", "status", "due_on", "id"),
    Index("ix_task_owner", "owner", "status", "due_on"),
    Index("ix_task_customer_id", "customer_id", "due_on"),
    comment="outcome is what came of it, or why it was skipped. once names the occasion: a second task for it is not made.",
)
