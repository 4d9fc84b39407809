"""The points of members: acts with their entries, which are never altered, and the lots that they add up to."""

from __future__ import annotations

from sqlalchemy import Index, Table, Text, UniqueConstraint

from engine.store.models.base import Big, column, key, link, metadata

points_account = Table(
    "points_account",
    metadata,
    link("customer_id", "customer.id", pii="id", primary_key=True, autoincrement=False),
    column("owed", Big, nullable=False),
    comment="The row that is locked while the points of a member change.",
)

points_act = Table(
    "points_act",
    metadata,
    key(),
    link("customer_id", "customer.id", pii="id", nullable=False),
    column("kind", Text, nullable=False),  # earn, redeem, cancel, reverse, settle
    column("about", Big),  # the act that is undone
    column("idempotency", Text),
    column("request", Text, nullable=False),
    column("at", Big, nullable=False),
    column("posted_at", Big, nullable=False),
    column("actor", Text, pii="id", nullable=False),
    column("spendable", Big, nullable=False),
    column("pending", Big, nullable=False),
    column("owed", Big, nullable=False),
    UniqueConstraint("customer_id", "idempotency"),
    comment="Append-only. spendable, pending and owed are what the member had afterwards: the answer to a repeated request.",
)

points_lot = Table(
    "points_lot",
    metadata,
    link("id", "points_act.id", primary_key=True, autoincrement=False),
    link("customer_id", "customer.id", pii="id", nullable=False),
    column("matures_at", Big, nullable=False),
    column("expires_at", Big),
    column("pending", Big, nullable=False),
    column("member", Big, nullable=False),
    column("expired", Big, nullable=False),
    column("issued", Big, nullable=False),
    Index("ix_points_lot_customer_id", "customer_id"),
    comment="Points earned by one act. The four numbers are sums of its entries, kept so that nobody has to add them up.",
)

points_entry = Table(
    "points_entry",
    metadata,
    link("act_id", "points_act.id", primary_key=True),
    column("account", Text, primary_key=True),
    link("lot_id", "points_lot.id", primary_key=True),
    column("points", Big, nullable=False),
    Index("ix_points_entry_lot_id", "lot_id"),
    sqlite_with_rowid=False,
    comment="Append-only; the entries of an act sum to zero.",
)
