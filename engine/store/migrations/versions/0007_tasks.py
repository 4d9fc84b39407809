"""Tasks: what somebody is to do by a day."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "task",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("customer_id", BIG, nullable=True),
        *map(text, ("kind", "title", "text", "channel", "owner")),
        sa.Column("due_on", sa.Integer(), nullable=False),
        *map(text, ("status", "outcome")),
        text("once", nullable=True),
        text("created_by"),
        sa.Column("created_at", BIG, nullable=False),
        text("closed_by", nullable=True),
        sa.Column("closed_at", BIG, nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_task_customer_id_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint("once", name=op.f("uq_task_once")),
        comment="outcome is what came of it, or why it was skipped. once names the occasion: a second task for it is not made.",
    )
    op.create_index("ix_task_due", "task", ["status", "due_on", "id"], unique=False)
    op.create_index("ix_task_owner", "task", ["owner", "status", "due_on"], unique=False)
    op.create_index("ix_task_customer_id", "task", ["customer_id", "due_on"], unique=False)


def downgrade() -> None:
    op.drop_table("task")
