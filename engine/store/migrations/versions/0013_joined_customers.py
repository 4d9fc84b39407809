"""Who was joined into whom is found without reading every customer."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    where = sa.text("merged_into is not null")
    op.create_index("ix_customer_merged_into", "customer", ["merged_into"], unique=False, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_index("ix_customer_merged_into", "customer")
