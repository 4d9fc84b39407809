"""Acknowledgements that wait to be sent."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def link(column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_ticket_letter_{column}_{target}"))


def upgrade() -> None:
    op.create_table(
        "ticket_letter",
        sa.Column("event_id", BIG, autoincrement=False, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("next_at", BIG, nullable=True),
        sa.Column("lease_until", BIG, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        link("event_id", "ticket_event"),
        link("ticket_id", "ticket"),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_ticket_letter")),
        comment="What a ticket says to its customer by itself: the text is that of the event. One that was being sent when its worker died "
        "is unknown and never sent again.",
    )
    op.create_index("ix_ticket_letter_next", "ticket_letter", ["status", "next_at"], unique=False)
    op.create_index("ix_ticket_letter_ticket_id", "ticket_letter", ["ticket_id"], unique=False)


def downgrade() -> None:
    op.drop_table("ticket_letter")
