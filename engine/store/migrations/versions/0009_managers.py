"""Account managers, since when and why they look after customers, and documents of the service desk."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "manager",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        *map(text, ("name", "title")),
        sa.Column("user_id", BIG, nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=False),
        *map(text, ("regions", "languages", "grades", "created_by")),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("left_at", BIG, nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_manager_user_id_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_manager")),
        sa.UniqueConstraint("name", name=op.f("uq_manager_name")),
        comment="name is the word by which the facts name the person: the custom field owner of customers, the seller of orders.",
    )
    op.create_table(
        "ownership",
        sa.Column("customer_id", BIG, autoincrement=False, nullable=False),
        sa.Column("owner_id", BIG, nullable=True),
        sa.Column("former_id", BIG, nullable=True),
        sa.Column("since", BIG, nullable=False),
        *map(text, ("why", "facts", "note", "by")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_ownership_customer_id_customer")),
        sa.ForeignKeyConstraint(["owner_id"], ["term.id"], name=op.f("fk_ownership_owner_id_term")),
        sa.ForeignKeyConstraint(["former_id"], ["term.id"], name=op.f("fk_ownership_former_id_term")),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_ownership")),
        comment="Since when and why a customer has its owner. Who it is, says the custom field owner; a row with another owner is out of date. owner_id NULL: in the pool.",
    )
    op.create_index("ix_ownership_owner", "ownership", ["owner_id", "why", "since"], unique=False)
    op.create_table(
        "service_document",
        *map(text, ("kind", "key", "document")),
        sa.Column("enabled", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        text("updated_by"),
        sa.Column("updated_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", name=op.f("pk_service_document")),
        comment="Rules of the service desk as they were saved, as JSON; each was checked completely.",
    )


def downgrade() -> None:
    for table in ("service_document", "ownership", "manager"):
        op.drop_table(table)
