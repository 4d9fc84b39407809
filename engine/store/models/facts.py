"""What is known of customers and what they bought; what a store is."""

from __future__ import annotations

from sqlalchemy import Index, Integer, SmallInteger, Table, Text, UniqueConstraint, text

from engine.store.models.base import Big, column, key, link, metadata

# --- the store itself -------------------------------------------------------------------------------------------

setting = Table(
    "setting",
    metadata,
    column("key", Text, primary_key=True),
    column("value", Text, nullable=False),
    comment="What is fixed per store: business time zone, business currency, its minor digits.",
)

fact_clock = Table(
    "fact_clock",
    metadata,
    column("id", Integer, primary_key=True),
    column("seq", Big, nullable=False),
    comment="One row. Every write of facts raises seq in its transaction, which is also the lock that orders writers (ENGINE 7).",
)

term = Table(
    "term",
    metadata,
    key(),
    column("field", Text, nullable=False),
    column("value", Text, nullable=False),
    UniqueConstraint("field", "value"),
    comment="The dictionary of texts that features read: field is region, country, city, industry, channel, store, seller, ...",
)

# --- where facts come from --------------------------------------------------------------------------------------

source = Table("source", metadata, key(), column("name", Text, nullable=False, unique=True))

import_batch = Table(
    "import_batch",
    metadata,
    key(),
    column("kind", Text, nullable=False),
    link("source_id", "source.id", nullable=False),
    column("file", Text, nullable=False),
    column("mapping", Text, nullable=False),
    column("actor", Text, pii="id", nullable=False),
    column("started_at", Big, nullable=False),
    column("finished_at", Big),
    column("rows", Big, nullable=False, default=0),
    column("created", Big, nullable=False, default=0),
    column("updated", Big, nullable=False, default=0),
    column("unchanged", Big, nullable=False, default=0),
    column("rejected", Big, nullable=False, default=0),
    column("ignored", Big, nullable=False, default=0),
    column("fact_seq", Big, nullable=False, default=0),
    column("undone_at", Big),
)

rejected_row = Table(
    "rejected_row",
    metadata,
    key(),
    link("batch_id", "import_batch.id", nullable=False, index=True),
    column("line", Big, nullable=False),
    column("field", Text, nullable=False),
    column("reason", Text, nullable=False),
    column("found", Text, pii="sensitive", nullable=False),
    column("expected", Text, nullable=False),
    column("row", Text, pii="sensitive", nullable=False),
)

former_fact = Table(
    "former_fact",
    metadata,
    key(),
    link("batch_id", "import_batch.id", nullable=False, index=True),
    column("kind", Text, nullable=False),
    column("fact_id", Big, nullable=False),
    column("was_batch_id", Big, nullable=False),
    column("document", Text, pii="sensitive", nullable=False),
    comment="What a fact was before an import batch changed it, as JSON, so that the batch can be undone.",
)

# --- customers --------------------------------------------------------------------------------------------------

customer = Table(
    "customer",
    metadata,
    key(),
    column("key_hash", Big, pii="id", nullable=False),
    column("external_id", Text, pii="id", nullable=False),
    column("name", Text, pii="contact"),
    column("kind", SmallInteger),  # 0 person, 1 company, NULL unknown
    column("gender", SmallInteger, pii="sensitive"),  # 0 female, 1 male, NULL unknown
    column("birth_day", Integer, pii="sensitive"),
    column("email", Text, pii="contact"),
    column("phone", Text, pii="contact"),
    link("country_id", "term.id"),
    link("region_id", "term.id"),
    link("city_id", "term.id", pii="contact"),
    link("industry_id", "term.id"),
    link("education_id", "term.id", pii="sensitive"),
    column("income", Big, pii="sensitive"),
    column("joined_at", Big),
    column("not_graded", Text),
    link("merged_into", "customer.id", pii="id"),
    column("content_hash", Big, nullable=False, default=0),
    column("version", Big),  # the source's own version or change moment; an older one never overwrites
    link("batch_id", "import_batch.id", nullable=False),
    column("voided_at", Big),
    column("fact_seq", Big, nullable=False, default=0),
    Index("ix_customer_fact_seq", "fact_seq"),
    Index("ix_customer_external_id", "external_id"),
    Index(
        "ix_customer_merged_into",
        "merged_into",
        sqlite_where=text("merged_into is not null"),
        postgresql_where=text("merged_into is not null"),
    ),
    comment="A customer is this internal key; `alias` holds the ids under which sources know it.",
)

alias = Table(
    "alias",
    metadata,
    key(),
    link("source_id", "source.id", nullable=False),
    column("external_id", Text, pii="id", nullable=False),
    link("customer_id", "customer.id", pii="id", nullable=False, index=True),
    link("first_customer_id", "customer.id", pii="id", nullable=False),
    UniqueConstraint("source_id", "external_id"),
    comment="first_customer_id is whom the alias named before any join, so that a join can be separated again.",
)

custom_field = Table(
    "custom_field",
    metadata,
    key(),
    column("name", Text, nullable=False, unique=True),
    column("kind", Text, nullable=False),  # text, number, amount, date, flag
    column("title_en", Text, nullable=False),
    column("title_zh", Text, nullable=False),
)

custom_value = Table(
    "custom_value",
    metadata,
    link("customer_id", "customer.id", pii="id", primary_key=True),
    link("field_id", "custom_field.id", primary_key=True),
    column("value", Big, pii="sensitive", nullable=False),
    sqlite_with_rowid=False,
    comment="value by the field's kind: term id, number in 1/10,000, amount in minor units, day, or 0 and 1.",
)

# --- what customers buy -----------------------------------------------------------------------------------------

product = Table(
    "product",
    metadata,
    key(),
    link("source_id", "source.id", nullable=False),
    column("external_id", Text, nullable=False),
    column("name", Text),
    link("category_id", "term.id"),
    column("cost", Big),  # per unit, 1/10,000
    column("content_hash", Big, nullable=False, default=0),
    column("version", Big),
    link("batch_id", "import_batch.id", nullable=False),
    column("voided_at", Big),
    UniqueConstraint("source_id", "external_id"),
)

SALE, REFUND = 0, 1
"""Kinds of an order. A voided order has the complement of its kind (-1, -2): it leaves every feature at once, inside
the covering index, and can be brought back."""

orders = Table(
    "orders",
    metadata,
    key(),
    link("source_id", "source.id", nullable=False),
    column("external_id", Text, nullable=False),
    link("customer_id", "customer.id", pii="id", nullable=False),
    link("booked_customer_id", "customer.id", pii="id"),  # NULL while it is customer_id: whom it was booked to before a join
    column("ordered_at", Big, nullable=False),
    column("ordered_on", Integer, nullable=False),  # business day of ordered_at
    column("kind", SmallInteger, nullable=False),
    column("amount", Big, nullable=False),  # business currency, minor units; a refund's is positive
    column("cost", Big),
    link("refund_of", "orders.id"),
    link("channel_id", "term.id"),
    link("store_id", "term.id"),
    link("seller_id", "term.id"),
    link("status_id", "term.id"),
    link("currency_id", "term.id"),
    column("currency_amount", Big),  # as booked, where the currency is not the business currency
    column("content_hash", Big, nullable=False, default=0),
    column("version", Big),
    link("batch_id", "import_batch.id", nullable=False),
    column("voided_at", Big),
    Index("ux_orders_external_id", "source_id", "external_id", unique=True),  # an index, so that a bulk import can drop it
    Index("ix_orders_features", "customer_id", "ordered_at", "kind", "channel_id", "amount", "ordered_on"),
    Index("ix_orders_ordered_at", "ordered_at"),
    Index(
        "ix_orders_refund_of",
        "refund_of",
        sqlite_where=text("refund_of is not null"),
        postgresql_where=text("refund_of is not null"),
    ),
    comment="The unit of upsert. ix_orders_features covers every default feature, so aggregates never touch the rows (ENGINE 27).",
)

order_line = Table(
    "order_line",
    metadata,
    link("order_id", "orders.id", primary_key=True),
    column("ordinal", Integer, primary_key=True),  # of a voided line the complement; its order's amounts are those of the lines that count
    link("product_id", "product.id"),
    column("quantity", Big, nullable=False),
    column("unit_price", Big, nullable=False),
    column("amount", Big, nullable=False),
    column("cost", Big),  # of the whole line, business currency
    sqlite_with_rowid=False,
    comment="unit_price is as booked; amount and cost are in the business currency, minor units.",
)

exchange_rate = Table(
    "exchange_rate",
    metadata,
    column("currency", Text, primary_key=True),
    column("day", Integer, primary_key=True),
    column("rate", Big, nullable=False),  # business currency per unit, in 1/1,000,000; negative while void
    link("batch_id", "import_batch.id", nullable=False),
    sqlite_with_rowid=False,
    comment="Rates are facts with a date: an order converts by the last rate on or before its business day.",
)
