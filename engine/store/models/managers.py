"""Who looks after customers: account managers, since when and why, and documents of the service desk."""

from __future__ import annotations

from sqlalchemy import Index, Integer, Table, Text

from engine.store.models.base import Big, column, key, link, metadata

manager = Table(
    "manager",
    metadata,
    key(),
    column("name", Text, pii="id", nullable=False, unique=True),
    column("title", Text, pii="id", nullable=False),
    link("user_id", "user_account.id", pii="id"),
    column("capacity", Integer, nullable=False),
    column("regions", Text, nullable=False),  # JSON
    column("languages", Text, nullable=False),  # JSON
    column("grades", Text, nullable=False),  # JSON
    column("created_by", Text, pii="id", nullable=False),
    column("created_at", Big, nullable=False),
    column("left_at", Big),
    column("revision", Integer, nullable=False),
    comment="name is the word by which the facts name the person: the custom field owner of customers, the seller of orders.",
)

ownership = Table(
    "ownership",
    metadata,
    link("customer_id", "customer.id", pii="id", primary_key=True, autoincrement=False),
    link("owner_id", "term.id", pii="id"),
    link("former_id", "term.id", pii="id"),
    column("since", Big, nullable=False),
    column("why", Text, nullable=False),  # kept, history, load, no_fit, no_room, given, claimed, handover, neglected, released
    column("facts", Text, pii="derived", nullable=False),  # JSON: what the reason rests on
    column("note", Text, nullable=False),
    column("by", Text, pii="id", nullable=False),
    Index("ix_ownership_owner", "owner_id", "why", "since"),
    comment="Since when and why a customer has its owner. Who it is, says the custom field owner; a row with another owner is out of date. owner_id NULL: in the pool.",
)

service_document = Table(
    "service_document",
    metadata,
    column("kind", Text, primary_key=True),  # managers, care
    column("key", Text, primary_key=True),
    column("document", Text, nullable=False),
    column("enabled", Integer, nullable=False),
    column("revision", Integer, nullable=False),
    column("updated_by", Text, pii="id", nullable=False),
    column("updated_at", Big, nullable=False),
    comment="Rules of the service desk as they were saved, as JSON; each was checked completely.",
)
