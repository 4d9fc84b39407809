"""Who may do what: users and their roles, sessions, keys of programs, guesses at passwords, what was taken out."""

from __future__ import annotations

from sqlalchemy import Index, Integer, SmallInteger, Table, Text

from engine.store.models.base import Big, column, key, link, metadata

user_account = Table(
    "user_account",
    metadata,
    key(),
    column("name", Text, pii="id", nullable=False, unique=True),
    column("display_name", Text, pii="contact", nullable=False),
    column("language", Text, nullable=False),
    column("theme", Text, nullable=False),  # system, light, dark
    column("password", Text),  # an Argon2 hash; NULL: nobody can sign in with a password
    column("password_at", Big),
    column("reach", Text, nullable=False),  # all, unit, own: whose customers this person sees
    column("unit", Text),
    column("owner", Text, pii="id"),
    column("created_by", Text, pii="id", nullable=False),
    column("created_at", Big, nullable=False),
    column("disabled_at", Big),
    column("signed_in_at", Big),
    column("revision", Integer, nullable=False),
    comment="name is in lower case. unit and owner are the words by which facts name this person's unit and the person.",
)

user_role = Table(
    "user_role",
    metadata,
    link("user_id", "user_account.id", pii="id", primary_key=True),
    column("role", Text, primary_key=True),
)

role_permission = Table(
    "role_permission",
    metadata,
    column("role", Text, primary_key=True),
    column("area", Text, primary_key=True),
    column("may_read", SmallInteger, nullable=False),
    column("may_write", SmallInteger, nullable=False),
    comment="What an administrator changed about a role; what is not here is as Tierwise ships it.",
)

user_session = Table(
    "user_session",
    metadata,
    key(),
    column("token_hash", Text, nullable=False, unique=True),
    link("user_id", "user_account.id", pii="id", nullable=False, index=True),
    column("address", Text, pii="contact", nullable=False),
    column("agent", Text, pii="contact", nullable=False),
    column("created_at", Big, nullable=False),
    column("seen_at", Big, nullable=False),
    column("ended_at", Big),
    comment="A browser that is signed in. The token itself is only in its cookie.",
)

api_key = Table(
    "api_key",
    metadata,
    key(),
    column("title", Text, nullable=False),
    column("prefix", Text, nullable=False),
    column("secret_hash", Text, nullable=False, unique=True),
    link("user_id", "user_account.id", pii="id", nullable=False, index=True),
    column("scopes", Text, nullable=False),  # JSON: ["results:read", ...]
    column("test", SmallInteger, nullable=False, default=0),
    column("created_by", Text, pii="id", nullable=False),
    column("created_at", Big, nullable=False),
    column("expires_at", Big),
    column("disabled_at", Big),
    column("used_at", Big),
    comment="A program's key. It acts as its user and may do what both its scopes and its user's roles allow.",
)

sign_in_attempt = Table(
    "sign_in_attempt",
    metadata,
    key(),
    column("name", Text, pii="id", nullable=False),
    column("address", Text, pii="contact", nullable=False),
    column("at", Big, nullable=False),
    Index("ix_sign_in_attempt_at", "at"),
    comment="Attempts that did not succeed, or not yet; rows older than the window are removed.",
)

export_log = Table(
    "export_log",
    metadata,
    key(),
    column("at", Big, nullable=False),
    column("actor", Text, pii="id", nullable=False),
    column("what", Text, nullable=False),
    column("format", Text, nullable=False),
    column("rows", Big),
    column("personal", SmallInteger, nullable=False),
    column("filters", Text, pii="sensitive", nullable=False),  # JSON
    comment="Who took which rows out of the store.",
)
