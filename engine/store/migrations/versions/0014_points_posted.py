"""When the sales of the day were last posted, so that a worker does it every hour."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("points_day", sa.Column("posted_at", big, nullable=True))


def downgrade() -> None:
    op.drop_column("points_day", "posted_at")
