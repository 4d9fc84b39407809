"""The service desk: documents, tickets, clocks."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def whole(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, BIG, nullable=nullable)


def number() -> sa.Column[int]:
    return sa.Column("id", BIG, autoincrement=True, nullable=False)


def link(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}"))


def upgrade() -> None:
    op.create_table(
        "desk_document",
        number(),
        text("kind"),
        text("slug"),
        sa.Column("revision", sa.Integer(), nullable=False),
        text("document", nullable=True),
        text("author"),
        whole("at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_document")),
        sa.UniqueConstraint("kind", "slug", "revision", name=op.f("uq_desk_document_kind_slug_revision")),
        comment="Append-only: every revision of a document, of which the newest counts. Clocks name the revision they run by.",
    )
    op.create_table(
        "ticket",
        number(),
        whole("customer_id"),
        text("reference", nullable=True),
        text("request"),
        text("kind"),
        text("category"),
        text("cause"),
        text("priority"),
        text("channel"),
        text("language"),
        text("subject"),
        text("state"),
        text("reason"),
        text("owner"),
        text("level"),
        text("grade"),
        whole("compensation"),
        whole("opened_at"),
        whole("posted_at"),
        text("opened_by"),
        whole("changed_at"),
        whole("answered_at", nullable=True),
        whole("resolved_at", nullable=True),
        whole("closed_at", nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        link("ticket", "customer_id", "customer"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
        sa.UniqueConstraint("reference", name=op.f("uq_ticket_reference")),
        comment="request is a hash of what the ticket was opened with: the same reference with another request is refused.",
    )
    op.create_index("ix_ticket_customer_id", "ticket", ["customer_id"], unique=False)
    op.create_index("ix_ticket_owner", "ticket", ["owner", "state"], unique=False)
    op.create_index("ix_ticket_state", "ticket", ["state", "opened_at"], unique=False)
    op.create_table(
        "ticket_clock",
        whole("ticket_id"),
        text("clock"),
        whole("calendar_id", nullable=True),
        whole("seconds"),
        whole("due_at", nullable=True),
        whole("next_at", nullable=True),
        whole("stopped_at", nullable=True),
        link("ticket_clock", "ticket_id", "ticket"),
        link("ticket_clock", "calendar_id", "desk_document"),
        sa.PrimaryKeyConstraint("ticket_id", "clock", name=op.f("pk_ticket_clock")),
        comment="A promise of working seconds. due_at is NULL while the clock stands; next_at: when the next step of escalation is due.",
        sqlite_with_rowid=False,
    )
    op.create_index("ix_ticket_clock_due_at", "ticket_clock", ["due_at"], unique=False)
    op.create_index("ix_ticket_clock_next_at", "ticket_clock", ["next_at"], unique=False)
    op.create_index("ix_ticket_clock_stopped_at", "ticket_clock", ["stopped_at"], unique=False)
    op.create_table(
        "ticket_pause",
        whole("ticket_id"),
        whole("start_at"),
        whole("until_at", nullable=True),
        link("ticket_pause", "ticket_id", "ticket"),
        sa.PrimaryKeyConstraint("ticket_id", "start_at", name=op.f("pk_ticket_pause")),
        comment="Times in which the clocks of a ticket stand; until_at is NULL while they do.",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ticket_event",
        number(),
        whole("ticket_id"),
        whole("at"),
        whole("posted_at"),
        text("actor"),
        text("kind"),
        text("text"),
        text("details"),
        link("ticket_event", "ticket_id", "ticket"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_event")),
        comment="Append-only: what was said and what happened.",
    )
    op.create_index("ix_ticket_event_ticket_id", "ticket_event", ["ticket_id", "at"], unique=False)
    op.create_table(
        "ticket_step",
        whole("ticket_id"),
        text("clock"),
        text("step"),
        whole("at"),
        whole("due_at"),
        link("ticket_step", "ticket_id", "ticket"),
        sa.PrimaryKeyConstraint("ticket_id", "clock", "step", name=op.f("pk_ticket_step")),
        comment="A step of escalation that was taken, once for each clock of a ticket.",
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    for table in ("ticket_step", "ticket_event", "ticket_pause", "ticket_clock", "ticket", "desk_document"):
        op.drop_table(table)
