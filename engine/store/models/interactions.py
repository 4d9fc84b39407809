"""What was said between us and a customer, by whatever channel: the last contact comes from here."""

from __future__ import annotations

from sqlalchemy import Index, SmallInteger, Table, Text

from engine.store.models.base import Big, column, key, link, metadata

interaction = Table(
    "interaction",
    metadata,
    key(),
    link("customer_id", "customer.id", pii="id", nullable=False),
    link("booked_customer_id", "customer.id", pii="id"),  # NULL while it is customer_id: whom it was booked to before a join
    column("at", Big, nullable=False),
    column("channel", Text, nullable=False),  # phone, email, ...; "" where it is not known
    column("direction", SmallInteger, nullable=False),  # 0 from us to the customer, 1 from the customer
    column("by", Text, pii="id", nullable=False),  # the word by which facts name a person; "" where it is not known
    column("note", Text, pii="contact", nullable=False),
    column("origin", Text, nullable=False),  # hand, task, ticket, import
    column("once", Text, nullable=False, unique=True),
    column("created_by", Text, pii="id", nullable=False),
    column("created_at", Big, nullable=False),
    column("voided_at", Big),
    Index("ix_interaction_features", "customer_id", "at", "voided_at"),
    Index("ix_interaction_at", "at"),
    comment="once names what it was written for: a task, a message of a ticket, a row of a file. ix_interaction_features covers every feature.",
)
