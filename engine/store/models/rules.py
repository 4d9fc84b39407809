"""Rulebook versions, drafts on their way to one, and who did what to them."""

from __future__ import annotations

from sqlalchemy import Index, Integer, SmallInteger, Table, Text

from engine.store.models.base import Big, column, key, link, metadata

# --- rules ------------------------------------------------------------------------------------------------------

rulebook_version = Table(
    "rulebook_version",
    metadata,
    key(),
    column("hash", Text, nullable=False, unique=True),
    column("document", Text, nullable=False),
    column("author", Text, pii="id", nullable=False),
    column("note", Text, nullable=False, default=""),
    column("created_at", Big, nullable=False),
    comment="Immutable. The document is canonical JSON with every default written out; the hash is of it (ENGINE 21).",
)

publication = Table(
    "publication",
    metadata,
    key(),
    link("version_id", "rulebook_version.id", nullable=False),
    column("actor", Text, pii="id", nullable=False),
    column("published_at", Big, nullable=False),
    column("draft_id", Big),
    column("kind", Text),  # publish, rollback; NULL before there were drafts
    column("note", Text),
    column("approved_by", Text, pii="id"),
    column("self_approved", SmallInteger),
    comment="Which version became live when; the newest row is the live one, so that a roll-back is a publication too.",
)

draft = Table(
    "draft",
    metadata,
    key(),
    column("title", Text, nullable=False),
    link("base_version_id", "rulebook_version.id"),
    column("document", Text, nullable=False),
    column("revision", Integer, nullable=False),
    column("status", Text, nullable=False),  # open, submitted, approved, scheduled, published, discarded
    column("note", Text, nullable=False, default=""),
    column("created_by", Text, pii="id", nullable=False),
    column("created_at", Big, nullable=False),
    column("updated_by", Text, pii="id", nullable=False),
    column("updated_at", Big, nullable=False),
    column("submitted_hash", Text),
    link("version_id", "rulebook_version.id"),
    Index("ix_draft_status", "status"),
    comment="A rulebook on its way. The document is as it was given, faults and all; revision rises with every save.",
)

draft_edit = Table(
    "draft_edit",
    metadata,
    link("draft_id", "draft.id", primary_key=True),
    column("revision", Integer, primary_key=True),
    column("actor", Text, pii="id", nullable=False),
    column("at", Big, nullable=False),
    column("note", Text, nullable=False, default=""),
    column("document", Text, nullable=False),
    comment="Every saved state of a draft: who are its authors, and what undo goes back to.",
)

review = Table(
    "review",
    metadata,
    key(),
    link("draft_id", "draft.id", nullable=False, index=True),
    column("hash", Text, nullable=False),
    column("verdict", Text, nullable=False),  # submitted, approved, rejected, withdrawn, voided
    column("actor", Text, pii="id", nullable=False),
    column("authenticated", SmallInteger, nullable=False),
    column("at", Big, nullable=False),
    column("note", Text, nullable=False, default=""),
    column("report", Text, nullable=False, default="{}"),
    comment="Append-only. What was decided on which content; report is JSON: findings, simulation, examples, limits at that moment.",
)

draft_comment = Table(
    "draft_comment",
    metadata,
    key(),
    link("draft_id", "draft.id", nullable=False, index=True),
    column("revision", Integer, nullable=False),
    column("place", Text, nullable=False, default=""),
    column("text", Text, pii="sensitive", nullable=False),
    column("actor", Text, pii="id", nullable=False),
    column("at", Big, nullable=False),
    column("settled_by", Text, pii="id"),
    column("settled_at", Big),
    comment="Append-only but for settled_by and settled_at. revision is the state of the draft that the comment is about.",
)

schedule = Table(
    "schedule",
    metadata,
    key(),
    column("kind", Text, nullable=False),  # run, publication
    column("title", Text, nullable=False, default=""),
    column("cron", Text),  # five fields in the business zone; NULL for once
    column("next_at", Big),  # NULL: nothing more to do
    column("options", Text, nullable=False, default="{}"),
    column("enabled", SmallInteger, nullable=False, default=1),
    column("created_by", Text, pii="id", nullable=False),
    column("created_at", Big, nullable=False),
    column("last_at", Big),
    column("last_result", Text, nullable=False, default=""),
    Index("ix_schedule_next_at", "next_at"),
    comment="What happens by itself: runs again and again, publications once. options is JSON.",
)

fixed_value = Table(
    "fixed_value",
    metadata,
    key(),
    link("customer_id", "customer.id", pii="id", nullable=False, index=True),
    column("address", Text, nullable=False),
    column("value", Text, pii="derived", nullable=False),
    column("reason", Text, pii="sensitive", nullable=False),
    column("author", Text, pii="id", nullable=False),
    column("requested_at", Big, nullable=False),
    column("approver", Text, pii="id"),
    column("decided_at", Big),
    column("starts_at", Big, nullable=False),
    column("ends_at", Big, nullable=False),
    column("ended_by", Text, pii="id"),
    column("status", Text, nullable=False),  # requested, approved, rejected, withdrawn
    Index("ix_fixed_value_status", "status"),
    comment="An output of one customer that a person fixed for a time; the computed value stays beside it.",
)

audit_entry = Table(
    "audit_entry",
    metadata,
    column("seq", Big, primary_key=True, autoincrement=False),
    column("at", Big, nullable=False),
    column("actor", Text, pii="id", nullable=False),
    column("authenticated", SmallInteger, nullable=False),
    column("action", Text, nullable=False),
    column("subject", Text, pii="id", nullable=False),
    column("details", Text, pii="derived", nullable=False),
    column("previous", Text, nullable=False),
    column("hash", Text, nullable=False),
    Index("ix_audit_entry_subject", "subject"),
    comment="Append-only and hash-chained: hash covers every other column and previous, the hash of the entry before.",
)
