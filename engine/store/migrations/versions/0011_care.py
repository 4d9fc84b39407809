"""What care plans did, and the messages that wait to be sent."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def customer(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f(f"fk_{table}_customer_id_customer"))


def upgrade() -> None:
    op.create_table(
        "care_act",
        sa.Column("customer_id", BIG, autoincrement=False, nullable=False),
        *map(text, ("plan", "occasion")),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("control", sa.SmallInteger(), nullable=False),
        customer("care_act"),
        sa.PrimaryKeyConstraint("customer_id", "plan", "occasion", name=op.f("pk_care_act")),
        comment="One row per customer, plan and occasion: never twice. control: left out to compare with.",
        sqlite_with_rowid=False,
    )
    op.create_index("ix_care_act_plan", "care_act", ["plan", "day"], unique=False)
    op.create_index("ix_care_act_customer", "care_act", ["customer_id", "day"], unique=False)
    op.create_table(
        "care_message",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("customer_id", BIG, nullable=False),
        *map(text, ("plan", "occasion", "kind", "channel", "subject", "text", "status")),
        sa.Column("next_at", BIG, nullable=True),
        sa.Column("lease_until", BIG, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        text("last_error"),
        sa.Column("created_at", BIG, nullable=False),
        customer("care_message"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_message")),
        comment="The outbox of care: kept until it was handed over. The address is read when it is sent.",
    )
    op.create_index("ix_care_message_next", "care_message", ["status", "next_at"], unique=False)


def downgrade() -> None:
    for table in ("care_message", "care_act"):
        op.drop_table(table)
