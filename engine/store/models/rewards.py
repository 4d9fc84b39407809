"""What points buy, and what is given besides: the catalogue, claims on it, uses of offers, codes."""

from __future__ import annotations

from sqlalchemy import Index, Integer, SmallInteger, Table, Text, UniqueConstraint

from engine.store.models.base import Big, column, key, link, metadata

reward = Table(
    "reward",
    metadata,
    key(),
    column("key", Text, nullable=False, unique=True),
    column("document", Text, nullable=False),
    column("stock", Big),
    column("taken", Big, nullable=False),
    column("active", SmallInteger, nullable=False),
    column("revision", Integer, nullable=False),
    column("updated_at", Big, nullable=False),
    column("updated_by", Text, pii="id", nullable=False),
    comment="stock stands beside the document, so that taking one is a single comparison in the database.",
)

reward_claim = Table(
    "reward_claim",
    metadata,
    key(),
    link("reward_id", "reward.id", nullable=False),
    link("customer_id", "customer.id", pii="id", nullable=False),
    column("idempotency", Text, nullable=False),
    column("status", Text, nullable=False),  # reserved, confirmed, cancelled, lapsed
    column("points", Big, nullable=False),
    column("act_id", Big),
    column("code", Text, unique=True),
    column("reserved_at", Big, nullable=False),
    column("until", Big, nullable=False),
    column("decided_at", Big),
    column("actor", Text, pii="id", nullable=False),
    UniqueConstraint("customer_id", "idempotency"),
    Index("ix_reward_claim_reward_id_status", "reward_id", "status"),
    comment="act_id: the redemption of its points. until: when a reservation lapses.",
)

offer_account = Table(
    "offer_account",
    metadata,
    column("offer", Text, primary_key=True),
    column("spent", Big, nullable=False),
    column("uses", Big, nullable=False),
    comment="What an offer has cost so far, minor units; the row is locked while it is used.",
)

offer_use = Table(
    "offer_use",
    metadata,
    key(),
    column("offer", Text, nullable=False),
    link("customer_id", "customer.id", pii="id", nullable=False),
    column("idempotency", Text, nullable=False),
    column("request", Text, nullable=False),
    column("benefit", Big, nullable=False),
    column("points", Big, nullable=False),
    column("act_id", Big),
    column("code", Text),
    column("used_at", Big, nullable=False),
    column("cancelled_at", Big),
    column("actor", Text, pii="id", nullable=False),
    UniqueConstraint("customer_id", "idempotency", "offer"),
    Index("ix_offer_use_customer_id_offer", "customer_id", "offer"),
    comment="benefit: what the customer saved, minor units. points: given besides. offer is empty for a request that no offer fitted.",
)

coupon = Table(
    "coupon",
    metadata,
    column("code", Text, primary_key=True),
    column("offer", Text, nullable=False),
    link("customer_id", "customer.id", pii="id"),
    column("issued_at", Big, nullable=False),
    column("issued_by", Text, pii="id", nullable=False),
    column("until", Big),
    column("used_at", Big),
    Index("ix_coupon_offer", "offer"),
    comment="A code of an offer that works once. customer_id: for whom alone, NULL for whoever has it.",
)
