"""The tables of the store, the same on SQLite and PostgreSQL.

Moments are UTC epoch seconds; days count from 1970-01-01 in the business time zone; money is integer minor units of
the business currency, unit prices are in 1/10,000, quantities in 1/1,000. Feature queries therefore select integers
only (ENGINE 10, 12). Texts that features read (region, channel, ...) are ids of `term`.

Every column says what kind of personal data it holds: `none`, `id` (points at a person), `contact`, `sensitive`,
`derived` (concluded about a person). A test refuses a column that does not say.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Big: TypeEngine[int] = BigInteger().with_variant(Integer, "sqlite")
"""64 bits on both databases; on SQLite INTEGER, so that a primary key is the row id itself."""

SLOTS = 64
"""How many label and flag outputs a store can keep as current assignments at once (ENGINE 3)."""


def slot_name(slot: int) -> str:
    """The column of `current` for a slot, 1 to `SLOTS`."""
    return f"v{slot:02d}"


def _column(name: str, kind: Any, *args: Any, pii: str = "none", **options: Any) -> Column[Any]:
    return Column(name, kind, *args, info={"pii": pii}, **options)


def _key(name: str = "id") -> Column[Any]:
    return _column(name, Big, primary_key=True, autoincrement=True)


def _link(name: str, target: str, *, pii: str = "none", **options: Any) -> Column[Any]:
    return _column(name, Big, ForeignKey(target), pii=pii, **options)


# --- the store itself -------------------------------------------------------------------------------------------

setting = Table(
    "setting",
    metadata,
    _column("key", Text, primary_key=True),
    _column("value", Text, nullable=False),
    comment="What is fixed per store: business time zone, business currency, its minor digits.",
)

fact_clock = Table(
    "fact_clock",
    metadata,
    _column("id", Integer, primary_key=True),
    _column("seq", Big, nullable=False),
    comment="One row. Every write of facts raises seq in its transaction, which is also the lock that orders writers (ENGINE 7).",
)

term = Table(
    "term",
    metadata,
    _key(),
    _column("field", Text, nullable=False),
    _column("value", Text, nullable=False),
    UniqueConstraint("field", "value"),
    comment="The dictionary of texts that features read: field is region, country, city, industry, channel, store, seller, ...",
)

# --- where facts come from --------------------------------------------------------------------------------------

source = Table("source", metadata, _key(), _column("name", Text, nullable=False, unique=True))

import_batch = Table(
    "import_batch",
    metadata,
    _key(),
    _column("kind", Text, nullable=False),
    _link("source_id", "source.id", nullable=False),
    _column("file", Text, nullable=False),
    _column("mapping", Text, nullable=False),
    _column("actor", Text, pii="id", nullable=False),
    _column("started_at", Big, nullable=False),
    _column("finished_at", Big),
    _column("rows", Big, nullable=False, default=0),
    _column("created", Big, nullable=False, default=0),
    _column("updated", Big, nullable=False, default=0),
    _column("unchanged", Big, nullable=False, default=0),
    _column("rejected", Big, nullable=False, default=0),
    _column("ignored", Big, nullable=False, default=0),
    _column("fact_seq", Big, nullable=False, default=0),
    _column("undone_at", Big),
)

rejected_row = Table(
    "rejected_row",
    metadata,
    _key(),
    _link("batch_id", "import_batch.id", nullable=False, index=True),
    _column("line", Big, nullable=False),
    _column("field", Text, nullable=False),
    _column("reason", Text, nullable=False),
    _column("found", Text, pii="sensitive", nullable=False),
    _column("expected", Text, nullable=False),
    _column("row", Text, pii="sensitive", nullable=False),
)

former_fact = Table(
    "former_fact",
    metadata,
    _key(),
    _link("batch_id", "import_batch.id", nullable=False, index=True),
    _column("kind", Text, nullable=False),
    _column("fact_id", Big, nullable=False),
    _column("was_batch_id", Big, nullable=False),
    _column("document", Text, pii="sensitive", nullable=False),
    comment="What a fact was before an import batch changed it, as JSON, so that the batch can be undone.",
)

# --- customers --------------------------------------------------------------------------------------------------

customer = Table(
    "customer",
    metadata,
    _key(),
    _column("key_hash", Big, pii="id", nullable=False),
    _column("external_id", Text, pii="id", nullable=False),
    _column("name", Text, pii="contact"),
    _column("kind", SmallInteger),  # 0 person, 1 company, NULL unknown
    _column("gender", SmallInteger, pii="sensitive"),  # 0 female, 1 male, NULL unknown
    _column("birth_day", Integer, pii="sensitive"),
    _column("email", Text, pii="contact"),
    _column("phone", Text, pii="contact"),
    _link("country_id", "term.id"),
    _link("region_id", "term.id"),
    _link("city_id", "term.id", pii="contact"),
    _link("industry_id", "term.id"),
    _link("education_id", "term.id", pii="sensitive"),
    _column("income", Big, pii="sensitive"),
    _column("joined_at", Big),
    _column("not_graded", Text),
    _link("merged_into", "customer.id", pii="id"),
    _column("content_hash", Big, nullable=False, default=0),
    _column("version", Big),  # the source's own version or change moment; an older one never overwrites
    _link("batch_id", "import_batch.id", nullable=False),
    _column("voided_at", Big),
    _column("fact_seq", Big, nullable=False, default=0),
    Index("ix_customer_fact_seq", "fact_seq"),
    Index("ix_customer_external_id", "external_id"),
    comment="A customer is this internal key; `alias` holds the ids under which sources know it.",
)

alias = Table(
    "alias",
    metadata,
    _key(),
    _link("source_id", "source.id", nullable=False),
    _column("external_id", Text, pii="id", nullable=False),
    _link("customer_id", "customer.id", pii="id", nullable=False, index=True),
    _link("first_customer_id", "customer.id", pii="id", nullable=False),
    UniqueConstraint("source_id", "external_id"),
    comment="first_customer_id is whom the alias named before any join, so that a join can be separated again.",
)

custom_field = Table(
    "custom_field",
    metadata,
    _key(),
    _column("name", Text, nullable=False, unique=True),
    _column("kind", Text, nullable=False),  # text, number, amount, date, flag
    _column("title_en", Text, nullable=False),
    _column("title_zh", Text, nullable=False),
)

custom_value = Table(
    "custom_value",
    metadata,
    _link("customer_id", "customer.id", pii="id", primary_key=True),
    _link("field_id", "custom_field.id", primary_key=True),
    _column("value", Big, pii="sensitive", nullable=False),
    sqlite_with_rowid=False,
    comment="value by the field's kind: term id, number in 1/10,000, amount in minor units, day, or 0 and 1.",
)

# --- what customers buy -----------------------------------------------------------------------------------------

product = Table(
    "product",
    metadata,
    _key(),
    _link("source_id", "source.id", nullable=False),
    _column("external_id", Text, nullable=False),
    _column("name", Text),
    _link("category_id", "term.id"),
    _column("cost", Big),  # per unit, 1/10,000
    _column("content_hash", Big, nullable=False, default=0),
    _column("version", Big),
    _link("batch_id", "import_batch.id", nullable=False),
    _column("voided_at", Big),
    UniqueConstraint("source_id", "external_id"),
)

SALE, REFUND = 0, 1
"""Kinds of an order. A voided order has the complement of its kind (-1, -2): it leaves every feature at once, inside
the covering index, and can be brought back."""

orders = Table(
    "orders",
    metadata,
    _key(),
    _link("source_id", "source.id", nullable=False),
    _column("external_id", Text, nullable=False),
    _link("customer_id", "customer.id", pii="id", nullable=False),
    _link("booked_customer_id", "customer.id", pii="id"),  # NULL while it is customer_id: whom it was booked to before a join
    _column("ordered_at", Big, nullable=False),
    _column("ordered_on", Integer, nullable=False),  # business day of ordered_at
    _column("kind", SmallInteger, nullable=False),
    _column("amount", Big, nullable=False),  # business currency, minor units; a refund's is positive
    _column("cost", Big),
    _link("refund_of", "orders.id"),
    _link("channel_id", "term.id"),
    _link("store_id", "term.id"),
    _link("seller_id", "term.id"),
    _link("status_id", "term.id"),
    _link("currency_id", "term.id"),
    _column("currency_amount", Big),  # as booked, where the currency is not the business currency
    _column("content_hash", Big, nullable=False, default=0),
    _column("version", Big),
    _link("batch_id", "import_batch.id", nullable=False),
    _column("voided_at", Big),
    Index("ux_orders_external_id", "source_id", "external_id", unique=True),  # an index, so that a bulk import can drop it
    Index("ix_orders_features", "customer_id", "ordered_at", "kind", "channel_id", "amount", "ordered_on"),
    Index("ix_orders_ordered_at", "ordered_at"),
    comment="The unit of upsert. ix_orders_features covers every default feature, so aggregates never touch the rows (ENGINE 27).",
)

order_line = Table(
    "order_line",
    metadata,
    _link("order_id", "orders.id", primary_key=True),
    _column("ordinal", Integer, primary_key=True),
    _link("product_id", "product.id"),
    _column("quantity", Big, nullable=False),
    _column("unit_price", Big, nullable=False),
    _column("amount", Big, nullable=False),
    _column("cost", Big),  # of the whole line, business currency
    sqlite_with_rowid=False,
    comment="unit_price is as booked; amount and cost are in the business currency, minor units.",
)

exchange_rate = Table(
    "exchange_rate",
    metadata,
    _column("currency", Text, primary_key=True),
    _column("day", Integer, primary_key=True),
    _column("rate", Big, nullable=False),  # business currency per unit, in 1/1,000,000
    _link("batch_id", "import_batch.id", nullable=False),
    sqlite_with_rowid=False,
    comment="Rates are facts with a date: an order converts by the last rate on or before its business day.",
)

# --- rules ------------------------------------------------------------------------------------------------------

rulebook_version = Table(
    "rulebook_version",
    metadata,
    _key(),
    _column("hash", Text, nullable=False, unique=True),
    _column("document", Text, nullable=False),
    _column("author", Text, pii="id", nullable=False),
    _column("note", Text, nullable=False, default=""),
    _column("created_at", Big, nullable=False),
    comment="Immutable. The document is canonical JSON with every default written out; the hash is of it (ENGINE 21).",
)

publication = Table(
    "publication",
    metadata,
    _key(),
    _link("version_id", "rulebook_version.id", nullable=False),
    _column("actor", Text, pii="id", nullable=False),
    _column("published_at", Big, nullable=False),
    comment="Which version became live when; the newest row is the live one, so that a roll-back is a publication too.",
)

# --- outcomes ---------------------------------------------------------------------------------------------------

output = Table(
    "output",
    metadata,
    _column("id", Integer, primary_key=True, autoincrement=True),
    _column("slot", Integer, nullable=False),
    _column("address", Text, nullable=False),
    _column("policy_type", Text, nullable=False),
    _column("kind", Text, nullable=False),
    _link("opened_run", "run.id", nullable=False),
    _link("closed_run", "run.id"),
    comment="An output with history, and the column of `current` that holds it while it is open. A slot is emptied when it closes.",
)

label = Table(
    "label",
    metadata,
    _column("id", Integer, primary_key=True, autoincrement=True),
    _column("address", Text, nullable=False),
    _column("policy_type", Text, nullable=False),
    _column("key", Text, nullable=False),
    UniqueConstraint("address", "policy_type", "key"),
    comment="Append-only. `current`, blocks and changes hold these ids, so that reordering labels changes nothing (ENGINE 23).",
)

run = Table(
    "run",
    metadata,
    _key(),
    _column("key", Text, nullable=False),
    _link("version_id", "rulebook_version.id", nullable=False),
    _column("fingerprint", Text, nullable=False),
    _column("as_of", Big, nullable=False),
    _link("base_run_id", "run.id"),
    _column("base_digest", Text),
    _column("fact_seq", Big, nullable=False),
    _column("batch_id", Big),
    _column("status", Text, nullable=False),  # visible, held, historical, superseded, discarded
    _column("historical", SmallInteger, nullable=False, default=0),
    _column("started_at", Big, nullable=False),
    _column("finished_at", Big, nullable=False),
    _column("visible_at", Big),
    _column("actor", Text, pii="id", nullable=False),
    _column("customers", Big, nullable=False),
    _column("digest", Text, nullable=False),
    _column("report", Text, nullable=False),
    _column("released_by", Text, pii="id"),
    Index("ix_run_as_of", "as_of"),
    Index("ix_run_key", "key"),
    comment="report is JSON: seconds per step, counts per label, withheld, faults, reasons, plugins, holds, warnings.",
)

run_state = Table(
    "run_state",
    metadata,
    _link("run_id", "run.id", primary_key=True),
    _column("policy", Text, primary_key=True),
    _column("type", Text, nullable=False),
    _column("version", Integer, nullable=False),
    _column("source_hash", Text, nullable=False),
    _column("state", Text, pii="derived", nullable=False),
)

block = Table(
    "block",
    metadata,
    _link("run_id", "run.id", primary_key=True),
    _column("kind", Text, primary_key=True),  # outcome, input
    _column("data", LargeBinary, pii="derived", nullable=False),
    comment="A run's columns, compressed Arrow: outcomes with since-when, rule and reason; inputs as they were read.",
)

current = Table(
    "current",
    metadata,
    _column("customer_id", Big, ForeignKey("customer.id"), pii="id", primary_key=True, autoincrement=False),
    *(_column(slot_name(slot), SmallInteger, pii="derived") for slot in range(1, SLOTS + 1)),
    comment="The current assignments: one row per customer, one small integer (label id) per output, NULL for none.",
)

change = Table(
    "change",
    metadata,
    _key(),
    _link("run_id", "run.id", nullable=False),
    _column("output_id", Integer, ForeignKey("output.id"), nullable=False),
    _link("customer_id", "customer.id", pii="id", nullable=False),
    _column("was", SmallInteger, pii="derived"),
    _column("now", SmallInteger, pii="derived"),
    _column("reason", SmallInteger, pii="derived"),
    Index("ix_change_run_output", "run_id", "output_id"),
    Index("ix_change_customer", "customer_id"),
    comment="The move of one assignment; was and now are label ids, reason indexes the run's reasons where now is NULL.",
)

label_summary = Table(
    "label_summary",
    metadata,
    _link("run_id", "run.id", primary_key=True),
    _column("address", Text, primary_key=True),
    _column("label", Text, primary_key=True),  # "" for withheld
    _column("customers", Big, nullable=False),
    _column("amount", Big, nullable=False),
)

rule_hit = Table(
    "rule_hit",
    metadata,
    _link("run_id", "run.id", primary_key=True),
    _column("policy", Text, primary_key=True),
    _column("rule", Integer, primary_key=True),
    _column("customers", Big, nullable=False),
)

ASSIGNMENT_VIEW = "create view assignment as " + " union all ".join(
    "select c.customer_id, o.address, "
    f"case when o.kind <> 'flag' then l.key when c.{slot_name(slot)} = 1 then 'true' else 'false' end as value "
    f"from current c join output o on o.slot = {slot} and o.closed_run is null "
    f"left join label l on o.kind <> 'flag' and l.id = c.{slot_name(slot)} where c.{slot_name(slot)} is not null"
    for slot in range(1, SLOTS + 1)
)
"""The documented SQL view: (customer_id, address, value), one row per assignment; of a flag, "true" or "false"."""
