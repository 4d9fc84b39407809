"""Gateways for messages, and which one a message goes by."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "gateway",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("key", "document", "secret", "updated_by")),
        sa.Column("enabled", sa.SmallInteger(), nullable=False),
        sa.Column("updated_at", big, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_gateway")),
        comment="Where messages of a channel are sent, and by which request. The secret is part of requests, so it cannot be kept as a hash.",
        sqlite_with_rowid=False,
    )
    op.add_column("care_message", sa.Column("gateway", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("care_message", "gateway")
    op.drop_table("gateway")
