"""What people say to each other about drafts."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "draft_comment",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("draft_id", BIG, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("settled_at", BIG, nullable=True),
        sa.ForeignKeyConstraint(["draft_id"], ["draft.id"], name=op.f("fk_draft_comment_draft_id_draft")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_comment")),
        comment="Append-only but for settled_by and settled_at. revision is the state of the draft that the comment is about.",
    )
    op.create_index("ix_draft_comment_draft_id", "draft_comment", ["draft_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_draft_comment_draft_id", table_name="draft_comment")
    op.drop_table("draft_comment")
