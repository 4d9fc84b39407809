"""The catalogue of rewards, claims on it, uses of offers, and their codes."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = ("reward_claim", "offer_use", "coupon", "reward", "offer_account")


def upgrade() -> None:
    op.create_table(
        "offer_account",
        sa.Column("offer", sa.Text(), nullable=False),
        sa.Column("spent", BIG, nullable=False),
        sa.Column("uses", BIG, nullable=False),
        sa.PrimaryKeyConstraint("offer", name=op.f("pk_offer_account")),
        comment="What an offer has cost so far, minor units; the row is locked while it is used.",
    )
    op.create_table(
        "reward",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("stock", BIG, nullable=True),
        sa.Column("taken", BIG, nullable=False),
        sa.Column("active", sa.SmallInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("updated_at", BIG, nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reward")),
        sa.UniqueConstraint("key", name=op.f("uq_reward_key")),
        comment="stock stands beside the document, so that taking one is a single comparison in the database.",
    )
    op.create_table(
        "coupon",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("offer", sa.Text(), nullable=False),
        sa.Column("customer_id", BIG, nullable=True),
        sa.Column("issued_at", BIG, nullable=False),
        sa.Column("issued_by", sa.Text(), nullable=False),
        sa.Column("until", BIG, nullable=True),
        sa.Column("used_at", BIG, nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_coupon_customer_id_customer")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_coupon")),
        comment="A code of an offer that works once. customer_id: for whom alone, NULL for whoever has it.",
    )
    op.create_index("ix_coupon_offer", "coupon", ["offer"], unique=False)
    op.create_table(
        "offer_use",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("offer", sa.Text(), nullable=False),
        sa.Column("customer_id", BIG, nullable=False),
        sa.Column("idempotency", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("benefit", BIG, nullable=False),
        sa.Column("points", BIG, nullable=False),
        sa.Column("act_id", BIG, nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("used_at", BIG, nullable=False),
        sa.Column("cancelled_at", BIG, nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_offer_use_customer_id_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer_use")),
        sa.UniqueConstraint("customer_id", "idempotency", "offer", name=op.f("uq_offer_use_customer_id_idempotency_offer")),
        comment="benefit: what the customer saved, minor units. points: given besides. offer is empty for a request that no offer fitted.",
    )
    op.create_index("ix_offer_use_customer_id_offer", "offer_use", ["customer_id", "offer"], unique=False)
    op.create_table(
        "reward_claim",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("reward_id", BIG, nullable=False),
        sa.Column("customer_id", BIG, nullable=False),
        sa.Column("idempotency", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("points", BIG, nullable=False),
        sa.Column("act_id", BIG, nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("reserved_at", BIG, nullable=False),
        sa.Column("until", BIG, nullable=False),
        sa.Column("decided_at", BIG, nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_reward_claim_customer_id_customer")),
        sa.ForeignKeyConstraint(["reward_id"], ["reward.id"], name=op.f("fk_reward_claim_reward_id_reward")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reward_claim")),
        sa.UniqueConstraint("code", name=op.f("uq_reward_claim_code")),
        sa.UniqueConstraint("customer_id", "idempotency", name=op.f("uq_reward_claim_customer_id_idempotency")),
        comment="act_id: the redemption of its points. until: when a reservation lapses.",
    )
    op.create_index("ix_reward_claim_reward_id_status", "reward_claim", ["reward_id", "status"], unique=False)


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
