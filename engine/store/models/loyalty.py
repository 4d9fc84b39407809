"""The points of members: acts with their entries, which are never altered, and the lots that they add up to."""

from __future__ import annotations

from sqlalchemy import Index, Integer, Table, Text, UniqueConstraint, text

from engine.store.models.base import Big, column, key, link, metadata

points_account = Table(
    "points_account",
    metadata,
    link("customer_id", "customer.id", pii="id", primary_key=True, autoincrement=False),
    column("owed", Big, nullable=False),
    column("closed_at", Big),
    comment="The row that is locked while the points of a member change. closed_at: from when on nothing is earned or spent.",
)

points_act = Table(
    "points_act",
    metadata,
    key(),
    link("customer_id", "customer.id", pii="id", nullable=False),
    column("kind", Text, nullable=False),  # earn, redeem, cancel, reverse, correct, undo, give, receive, settle
    column("about", Big),  # the act that is undone, answered or settled
    column("idempotency", Text),
    column("request", Text, nullable=False),
    column("note", Text),
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
    column("order_id", Big),  # no foreign key: an undone import removes its orders, and the points are reversed afterwards
    column("sale_amount", Big),
    column("sale_points", Big),
    column("order_amount", Big),
    column("refunded", Big),
    Index("ix_points_lot_customer_id", "customer_id"),
    Index("ux_points_lot_order_id", "order_id", unique=True),
    Index("ix_points_lot_matures_at", "matures_at", sqlite_where=text("pending > 0"), postgresql_where=text("pending > 0")),
    Index("ix_points_lot_holds", "customer_id", sqlite_where=text("pending + member > 0"), postgresql_where=text("pending + member > 0")),
    Index(
        "ix_points_lot_expires_at", "expires_at", sqlite_where=text("pending + member > 0"), postgresql_where=text("pending + member > 0")
    ),
    comment=(
        "Points earned by one act. Pending to issued are sums of its entries, kept so that nobody has to add them up. Of a sale: the "
        "amount and points it began with, and the order's amount and refunds for which the points stand now, in minor units."
    ),
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

points_day = Table(
    "points_day",
    metadata,
    column("id", Integer, primary_key=True),
    column("fact_seq", Big, nullable=False),
    column("posted_at", Big),
    column("since", Integer),  # the business day from which on they have them
    comment="One row: up to which write of facts the sales have their points. It is locked while sales are posted.",
)
