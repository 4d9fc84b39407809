"""The service desk: its documents, and tickets with their clocks, pauses, time line and escalations."""

from __future__ import annotations

from sqlalchemy import Index, Integer, Table, Text, UniqueConstraint

from engine.store.models.base import Big, column, key, link, metadata

desk_document = Table(
    "desk_document",
    metadata,
    key(),
    column("kind", Text, nullable=False),  # calendar, answer, setup
    column("slug", Text, nullable=False),
    column("revision", Integer, nullable=False),
    column("document", Text),  # JSON; NULL: removed
    column("author", Text, pii="id", nullable=False),
    column("at", Big, nullable=False),
    UniqueConstraint("kind", "slug", "revision"),
    comment="Append-only: every revision of a document, of which the newest counts. Clocks name the revision they run by.",
)

ticket = Table(
    "ticket",
    metadata,
    key(),
    link("customer_id", "customer.id", pii="id", nullable=False),
    column("reference", Text),
    column("request", Text, nullable=False),
    column("kind", Text, nullable=False),
    column("category", Text, nullable=False),
    column("cause", Text, nullable=False),
    column("priority", Text, nullable=False),
    column("channel", Text, nullable=False),
    column("language", Text, nullable=False),
    column("subject", Text, pii="sensitive", nullable=False),
    column("state", Text, nullable=False),
    column("reason", Text, pii="sensitive", nullable=False),
    column("owner", Text, pii="id", nullable=False),
    column("level", Text, pii="derived", nullable=False),
    column("grade", Text, pii="derived", nullable=False),
    column("compensation", Big, nullable=False),
    column("opened_at", Big, nullable=False),
    column("posted_at", Big, nullable=False),
    column("opened_by", Text, pii="id", nullable=False),
    column("changed_at", Big, nullable=False),
    column("answered_at", Big),
    column("resolved_at", Big),
    column("closed_at", Big),
    column("revision", Integer, nullable=False),
    column("queue_at", Big),  # when the first running clock is over, 2^53 while all stand; NULL once it has ended
    UniqueConstraint("reference"),
    Index("ix_ticket_customer_id", "customer_id"),
    Index("ix_ticket_state", "state", "opened_at"),
    Index("ix_ticket_owner", "owner", "state"),
    Index("ix_ticket_queue", "queue_at", "id"),
    Index("ix_ticket_queue_owner", "owner", "queue_at", "id"),
    Index("ix_ticket_queue_kind", "kind", "queue_at", "id"),
    comment="request is a hash of what the ticket was opened with: the same reference with another request is refused.",
)

ticket_clock = Table(
    "ticket_clock",
    metadata,
    link("ticket_id", "ticket.id", primary_key=True),
    column("clock", Text, primary_key=True),  # answer, resolution
    link("calendar_id", "desk_document.id"),  # NULL: around the clock
    column("seconds", Big, nullable=False),
    column("due_at", Big),
    column("next_at", Big),
    column("stopped_at", Big),
    Index("ix_ticket_clock_next_at", "next_at"),
    Index("ix_ticket_clock_due_at", "due_at"),
    Index("ix_ticket_clock_stopped_at", "stopped_at"),
    sqlite_with_rowid=False,
    comment="A promise of working seconds. due_at is NULL while the clock stands; next_at: when the next step of escalation is due.",
)

ticket_pause = Table(
    "ticket_pause",
    metadata,
    link("ticket_id", "ticket.id", primary_key=True),
    column("start_at", Big, primary_key=True),
    column("until_at", Big),
    sqlite_with_rowid=False,
    comment="Times in which the clocks of a ticket stand; until_at is NULL while they do.",
)

ticket_event = Table(
    "ticket_event",
    metadata,
    key(),
    link("ticket_id", "ticket.id", nullable=False),
    column("at", Big, nullable=False),
    column("posted_at", Big, nullable=False),
    column("actor", Text, pii="id", nullable=False),
    column("kind", Text, nullable=False),
    column("text", Text, pii="sensitive", nullable=False),
    column("details", Text, nullable=False),  # JSON
    Index("ix_ticket_event_ticket_id", "ticket_id", "at"),
    comment="Append-only: what was said and what happened.",
)

ticket_step = Table(
    "ticket_step",
    metadata,
    link("ticket_id", "ticket.id", primary_key=True),
    column("clock", Text, primary_key=True),
    column("step", Text, primary_key=True),
    column("at", Big, nullable=False),
    column("due_at", Big, nullable=False),
    sqlite_with_rowid=False,
    comment="A step of escalation that was taken, once for each clock of a ticket.",
)

ticket_letter = Table(
    "ticket_letter",
    metadata,
    link("event_id", "ticket_event.id", primary_key=True, autoincrement=False),
    link("ticket_id", "ticket.id", nullable=False, index=True),
    column("status", Text, nullable=False),  # waiting, sending, sent, failed, unknown, dropped
    column("next_at", Big),
    column("lease_until", Big, nullable=False),
    column("attempts", Integer, nullable=False),
    column("created_at", Big, nullable=False),
    Index("ix_ticket_letter_next", "status", "next_at"),
    comment="What a ticket says to its customer by itself: the text is that of the event. One that was being sent when its worker died "
    "is unknown and never sent again.",
)
