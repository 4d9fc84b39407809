"""Governance: drafts with every saved state, reviews, schedules, values fixed by hand, the audit trail."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

KEPT = ("audit_entry", "draft_edit", "publication", "review", "rulebook_version")
"""Tables that are only added to: the database itself refuses to change or to take out a row."""

EMPTY_HEAD = '{"count": 0, "hash": "' + 64 * "0" + '", "seal": "88231e6264b698cc792ce9f3d7a38cd29b2c86cd6ffa47870edd6fcdd23c2e37"}'
"""The head of an audit trail without entries (engine/store/audit.py)."""

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("seq", BIG, autoincrement=False, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("authenticated", sa.SmallInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_entry")),
        comment="Append-only and hash-chained: hash covers every other column and previous, the hash of the entry before.",
    )
    op.create_index("ix_audit_entry_subject", "audit_entry", ["subject"], unique=False)
    op.create_table(
        "schedule",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("cron", sa.Text(), nullable=True),
        sa.Column("next_at", BIG, nullable=True),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("enabled", sa.SmallInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("last_at", BIG, nullable=True),
        sa.Column("last_result", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule")),
        comment="What happens by itself: runs again and again, publications once. options is JSON.",
    )
    op.create_index("ix_schedule_next_at", "schedule", ["next_at"], unique=False)
    op.create_table(
        "draft",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("base_version_id", BIG, nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.Column("updated_at", BIG, nullable=False),
        sa.Column("submitted_hash", sa.Text(), nullable=True),
        sa.Column("version_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["base_version_id"], ["rulebook_version.id"], name=op.f("fk_draft_base_version_id_rulebook_version")),
        sa.ForeignKeyConstraint(["version_id"], ["rulebook_version.id"], name=op.f("fk_draft_version_id_rulebook_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
        comment="A rulebook on its way. The document is as it was given, faults and all; revision rises with every save.",
    )
    op.create_index("ix_draft_status", "draft", ["status"], unique=False)
    op.create_table(
        "draft_edit",
        sa.Column("draft_id", BIG, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["draft.id"], name=op.f("fk_draft_edit_draft_id_draft")),
        sa.PrimaryKeyConstraint("draft_id", "revision", name=op.f("pk_draft_edit")),
        comment="Every saved state of a draft: who are its authors, and what undo goes back to.",
    )
    op.create_table(
        "review",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("draft_id", BIG, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("authenticated", sa.SmallInteger(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["draft.id"], name=op.f("fk_review_draft_id_draft")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
        comment="Append-only. What was decided on which content; report is JSON: findings, simulation, examples, limits at that moment.",
    )
    op.create_index(op.f("ix_review_draft_id"), "review", ["draft_id"], unique=False)
    op.create_table(
        "fixed_value",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("customer_id", BIG, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("requested_at", BIG, nullable=False),
        sa.Column("approver", sa.Text(), nullable=True),
        sa.Column("decided_at", BIG, nullable=True),
        sa.Column("starts_at", BIG, nullable=False),
        sa.Column("ends_at", BIG, nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_fixed_value_customer_id_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fixed_value")),
        comment="An output of one customer that a person fixed for a time; the computed value stays beside it.",
    )
    op.create_index(op.f("ix_fixed_value_customer_id"), "fixed_value", ["customer_id"], unique=False)
    op.create_index("ix_fixed_value_status", "fixed_value", ["status"], unique=False)
    op.add_column("publication", sa.Column("draft_id", BIG, nullable=True))
    op.add_column("publication", sa.Column("kind", sa.Text(), nullable=True))
    op.add_column("publication", sa.Column("note", sa.Text(), nullable=True))
    op.add_column("publication", sa.Column("approved_by", sa.Text(), nullable=True))
    op.add_column("publication", sa.Column("self_approved", sa.SmallInteger(), nullable=True))
    op.get_bind().execute(sa.text("insert into setting (key, value) values ('audit_head', :value)"), {"value": EMPTY_HEAD})
    _keep_rows()


def _keep_rows() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in KEPT:
            for verb in ("update", "delete"):
                op.execute(
                    f"create trigger {table}_no_{verb} before {verb} on {table} begin select raise(abort, 'rows of {table} are kept as they are'); end"
                )
        return
    op.execute(
        "create function tierwise_keep_rows() returns trigger language plpgsql as "
        "$$ begin raise exception 'rows of % are kept as they are', tg_table_name; end $$"
    )
    for table in KEPT:
        op.execute(
            f"create trigger {table}_keep before update or delete or truncate on {table} for each statement execute function tierwise_keep_rows()"
        )


def downgrade() -> None:
    op.execute("delete from setting where key = 'audit_head'")
    if op.get_bind().dialect.name == "sqlite":
        for table in KEPT:
            for verb in ("update", "delete"):
                op.execute(f"drop trigger {table}_no_{verb}")
    else:
        for table in KEPT:
            op.execute(f"drop trigger {table}_keep on {table}")
        op.execute("drop function tierwise_keep_rows()")
    op.drop_column("publication", "self_approved")
    op.drop_column("publication", "approved_by")
    op.drop_column("publication", "note")
    op.drop_column("publication", "kind")
    op.drop_column("publication", "draft_id")
    op.drop_index("ix_fixed_value_status", table_name="fixed_value")
    op.drop_index(op.f("ix_fixed_value_customer_id"), table_name="fixed_value")
    op.drop_table("fixed_value")
    op.drop_index(op.f("ix_review_draft_id"), table_name="review")
    op.drop_table("review")
    op.drop_table("draft_edit")
    op.drop_index("ix_draft_status", table_name="draft")
    op.drop_table("draft")
    op.drop_index("ix_schedule_next_at", table_name="schedule")
    op.drop_table("schedule")
    op.drop_index("ix_audit_entry_subject", table_name="audit_entry")
    op.drop_table("audit_entry")
