"""The points of members."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def whole(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, BIG, nullable=False) for name in names]


def customer(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f(f"fk_{table}_customer_id_customer"))


def upgrade() -> None:
    op.create_table(
        "points_account",
        sa.Column("customer_id", BIG, autoincrement=False, nullable=False),
        *whole("owed"),
        customer("points_account"),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_points_account")),
        comment="The row that is locked while the points of a member change.",
    )
    op.create_table(
        "points_act",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        *whole("customer_id"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("about", BIG, nullable=True),
        sa.Column("idempotency", sa.Text(), nullable=True),
        sa.Column("request", sa.Text(), nullable=False),
        *whole("at", "posted_at"),
        sa.Column("actor", sa.Text(), nullable=False),
        *whole("spendable", "pending", "owed"),
        customer("points_act"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points_act")),
        sa.UniqueConstraint("customer_id", "idempotency", name=op.f("uq_points_act_customer_id_idempotency")),
        comment="Append-only. spendable, pending and owed are what the member had afterwards: the answer to a repeated request.",
    )
    op.create_table(
        "points_lot",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        *whole("customer_id", "matures_at"),
        sa.Column("expires_at", BIG, nullable=True),
        *whole("pending", "member", "expired", "issued"),
        customer("points_lot"),
        sa.ForeignKeyConstraint(["id"], ["points_act.id"], name=op.f("fk_points_lot_id_points_act")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points_lot")),
        comment="Points earned by one act. The four numbers are sums of its entries, kept so that nobody has to add them up.",
    )
    op.create_index("ix_points_lot_customer_id", "points_lot", ["customer_id"], unique=False)
    op.create_table(
        "points_entry",
        *whole("act_id"),
        sa.Column("account", sa.Text(), nullable=False),
        *whole("lot_id", "points"),
        sa.ForeignKeyConstraint(["act_id"], ["points_act.id"], name=op.f("fk_points_entry_act_id_points_act")),
        sa.ForeignKeyConstraint(["lot_id"], ["points_lot.id"], name=op.f("fk_points_entry_lot_id_points_lot")),
        sa.PrimaryKeyConstraint("act_id", "account", "lot_id", name=op.f("pk_points_entry")),
        comment="Append-only; the entries of an act sum to zero.",
        sqlite_with_rowid=False,
    )
    op.create_index("ix_points_entry_lot_id", "points_entry", ["lot_id"], unique=False)


def downgrade() -> None:
    for table in ("points_entry", "points_lot", "points_act", "points_account"):
        op.drop_table(table)
