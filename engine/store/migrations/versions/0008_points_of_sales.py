"""Points of sales, of accounts that close, and rows that are kept as they are."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEPT = ("points_act", "points_entry")
OF_SALE = ("order_id", "sale_amount", "sale_points", "order_amount", "refunded")

COMMENTS = {
    "points_account": "The row that is locked while the points of a member change. closed_at: from when on nothing is earned or spent.",
    "points_lot": (
        "Points earned by one act. Pending to issued are sums of its entries, kept so that nobody has to add them up. Of a sale: the "
        "amount and points it began with, and the order's amount and refunds for which the points stand now, in minor units."
    ),
}
FORMER = {
    "points_account": "The row that is locked while the points of a member change.",
    "points_lot": "Points earned by one act. The four numbers are sums of its entries, kept so that nobody has to add them up.",
}


def upgrade() -> None:
    op.add_column("points_account", sa.Column("closed_at", BIG, nullable=True))
    op.add_column("points_act", sa.Column("note", sa.Text(), nullable=True))
    for name in OF_SALE:
        op.add_column("points_lot", sa.Column(name, BIG, nullable=True))
    op.create_index("ux_points_lot_order_id", "points_lot", ["order_id"], unique=True)
    waiting, held = sa.text("pending > 0"), sa.text("pending + member > 0")
    op.create_index("ix_points_lot_matures_at", "points_lot", ["matures_at"], unique=False, sqlite_where=waiting, postgresql_where=waiting)
    op.create_index("ix_points_lot_expires_at", "points_lot", ["expires_at"], unique=False, sqlite_where=held, postgresql_where=held)
    op.create_table(
        "points_day",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("fact_seq", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points_day")),
        comment="One row: up to which write of facts the sales have their points. It is locked while sales are posted.",
    )
    _comment(COMMENTS)
    op.execute("insert into points_day (id, fact_seq) values (1, 0)")
    for table in KEPT:
        if op.get_bind().dialect.name == "sqlite":
            for verb in ("update", "delete"):
                op.execute(
                    f"create trigger {table}_no_{verb} before {verb} on {table} begin select raise(abort, 'rows of {table} are kept as they are'); end"
                )
        else:
            op.execute(
                f"create trigger {table}_keep before update or delete or truncate on {table} "
                "for each statement execute function tierwise_keep_rows()"
            )


def _comment(words: dict[str, str]) -> None:
    if op.get_bind().dialect.name != "sqlite":
        for table, comment in words.items():
            op.create_table_comment(table, comment)


def downgrade() -> None:
    for table in KEPT:
        if op.get_bind().dialect.name == "sqlite":
            for verb in ("update", "delete"):
                op.execute(f"drop trigger {table}_no_{verb}")
        else:
            op.execute(f"drop trigger {table}_keep on {table}")
    op.drop_table("points_day")
    _comment(FORMER)
    for name in ("expires_at", "matures_at"):
        op.drop_index(f"ix_points_lot_{name}", "points_lot")
    op.drop_index("ux_points_lot_order_id", "points_lot")
    for name in reversed(OF_SALE):
        op.drop_column("points_lot", name)
    op.drop_column("points_act", "note")
    op.drop_column("points_account", "closed_at")
