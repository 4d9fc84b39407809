"""What people put together by hand: tags and groups with their members, and views of lists that they keep."""

from __future__ import annotations

from sqlalchemy import Index, Integer, SmallInteger, Table, Text, UniqueConstraint

from engine.store.models.base import Big, column, key, link, metadata

tag = Table(
    "tag",
    metadata,
    key(),
    column("kind", Text, nullable=False),  # tag, group
    column("name", Text, nullable=False),
    column("title", Text, nullable=False),
    column("note", Text, nullable=False, default=""),
    column("created_by", Text, pii="id", nullable=False),
    column("created_at", Big, nullable=False),
    UniqueConstraint("kind", "name"),
    comment="A mark that people give to customers, or a named group of them. Rules read it as tags.<name> or groups.<name>.",
)

tag_member = Table(
    "tag_member",
    metadata,
    link("tag_id", "tag.id", primary_key=True),
    link("customer_id", "customer.id", pii="id", primary_key=True),
    column("added_by", Text, pii="id", nullable=False),
    column("added_at", Big, nullable=False),
    Index("ix_tag_member_customer_id", "customer_id"),
    sqlite_with_rowid=False,
    comment="Every change stamps the customer with the fact clock, as any other fact does.",
)

saved_view = Table(
    "saved_view",
    metadata,
    key(),
    column("owner", Text, pii="id", nullable=False),
    column("page", Text, nullable=False),  # customers, changes
    column("title", Text, nullable=False),
    column("shared", SmallInteger, nullable=False),
    column("query", Text, pii="sensitive", nullable=False),  # JSON
    column("created_at", Big, nullable=False),
    column("updated_at", Big, nullable=False),
    column("revision", Integer, nullable=False),
    UniqueConstraint("owner", "page", "title"),
    comment="A list as somebody likes to see it: filters, order, columns. What it shows depends on who opens it.",
)
