"""What was said between us and a customer."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def customer(column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["customer.id"], name=op.f(f"fk_interaction_{column}_customer"))


def upgrade() -> None:
    op.create_table(
        "interaction",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("customer_id", BIG, nullable=False),
        sa.Column("booked_customer_id", BIG, nullable=True),
        sa.Column("at", BIG, nullable=False),
        text("channel"),
        sa.Column("direction", sa.SmallInteger(), nullable=False),
        *map(text, ("by", "note", "origin", "once", "created_by")),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("voided_at", BIG, nullable=True),
        customer("customer_id"),
        customer("booked_customer_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interaction")),
        sa.UniqueConstraint("once", name=op.f("uq_interaction_once")),
        comment="once names what it was written for: a task, a message of a ticket, a row of a file. ix_interaction_features covers every feature.",
    )
    op.create_index("ix_interaction_features", "interaction", ["customer_id", "at", "voided_at"], unique=False)
    op.create_index("ix_interaction_at", "interaction", ["at"], unique=False)


def downgrade() -> None:
    op.drop_table("interaction")
