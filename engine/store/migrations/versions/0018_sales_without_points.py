"""From which day on sales were posted, and the returns of a sale found at once."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("points_day", sa.Column("since", sa.Integer(), nullable=True))
    some = sa.text("refund_of is not null")
    op.create_index("ix_orders_refund_of", "orders", ["refund_of"], sqlite_where=some, postgresql_where=some)


def downgrade() -> None:
    op.drop_index("ix_orders_refund_of", table_name="orders")
    op.drop_column("points_day", "since")
