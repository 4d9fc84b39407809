"""Lots of a customer that hold points, by an index of their own: without it PostgreSQL reads all lots that hold any."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    holds = sa.text("pending + member > 0")
    op.create_index("ix_points_lot_holds", "points_lot", ["customer_id"], sqlite_where=holds, postgresql_where=holds)


def downgrade() -> None:
    op.drop_index("ix_points_lot_holds", "points_lot")
