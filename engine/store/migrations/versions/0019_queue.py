"""The place of a live ticket in the queue, so that the first page is an index look-up."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

INDEXES = (("ix_ticket_queue", ["queue_at", "id"]), ("ix_ticket_queue_owner", ["owner", "queue_at", "id"]), ("ix_ticket_queue_kind", ["kind", "queue_at", "id"]))  # fmt: skip


def upgrade() -> None:
    op.add_column("ticket", sa.Column("queue_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
    op.execute(
        """
        UPDATE ticket SET queue_at = COALESCE(
            (SELECT MIN(due_at) FROM ticket_clock WHERE ticket_id = ticket.id AND stopped_at IS NULL), 9007199254740992
        ) WHERE state NOT IN ('resolved', 'closed')
        """
    )
    for name, columns in INDEXES:
        op.create_index(name, "ticket", columns, unique=False)


def downgrade() -> None:
    for name, _ in reversed(INDEXES):
        op.drop_index(name, "ticket")
    op.drop_column("ticket", "queue_at")
