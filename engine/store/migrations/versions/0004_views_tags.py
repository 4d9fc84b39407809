"""Tags, groups and their members; saved views; indexes by which lists find customers."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "saved_view",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("shared", sa.SmallInteger(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("updated_at", BIG, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("owner", "page", "title", name=op.f("uq_saved_view_owner_page_title")),
        comment="A list as somebody likes to see it: filters, order, columns. What it shows depends on who opens it.",
    )
    op.create_table(
        "tag",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag")),
        sa.UniqueConstraint("kind", "name", name=op.f("uq_tag_kind_name")),
        comment="A mark that people give to customers, or a named group of them. Rules read it as tags.<name> or groups.<name>.",
    )
    op.create_table(
        "tag_member",
        sa.Column("tag_id", BIG, nullable=False),
        sa.Column("customer_id", BIG, nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_at", BIG, nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_tag_member_customer_id_customer")),
        sa.ForeignKeyConstraint(["tag_id"], ["tag.id"], name=op.f("fk_tag_member_tag_id_tag")),
        sa.PrimaryKeyConstraint("tag_id", "customer_id", name=op.f("pk_tag_member")),
        comment="Every change stamps the customer with the fact clock, as any other fact does.",
        sqlite_with_rowid=False,
    )
    op.create_index("ix_tag_member_customer_id", "tag_member", ["customer_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_tag_member_customer_id", table_name="tag_member")
    op.drop_table("tag_member")
    op.drop_table("tag")
    op.drop_table("saved_view")
