"""The first store: facts, rulebook versions, runs and their outcomes."""

import sqlalchemy as sa
from alembic import op

from engine.store.models import ASSIGNMENT_VIEW

revision = "0001"
down_revision = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "custom_field",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("title_zh", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custom_field")),
        sa.UniqueConstraint("name", name=op.f("uq_custom_field_name")),
    )
    op.create_table(
        "fact_clock",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fact_clock")),
        comment="One row. Every write of facts raises seq in its transaction, which is also the lock that orders writers (ENGINE 7).",
    )
    op.create_table(
        "label",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("policy_type", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label")),
        sa.UniqueConstraint("address", "policy_type", "key", name=op.f("uq_label_address_policy_type_key")),
        comment="Append-only. `current`, blocks and changes hold these ids, so that reordering labels changes nothing (ENGINE 23).",
    )
    op.create_table(
        "rulebook_version",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rulebook_version")),
        sa.UniqueConstraint("hash", name=op.f("uq_rulebook_version_hash")),
        comment="Immutable. The document is canonical JSON with every default written out; the hash is of it (ENGINE 21).",
    )
    op.create_table(
        "setting",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_setting")),
        comment="What is fixed per store: business time zone, business currency, its minor digits.",
    )
    op.create_table(
        "source",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sa.UniqueConstraint("name", name=op.f("uq_source_name")),
    )
    op.create_table(
        "term",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_term")),
        sa.UniqueConstraint("field", "value", name=op.f("uq_term_field_value")),
        comment="The dictionary of texts that features read: field is region, country, city, industry, channel, store, seller, ...",
    )
    op.create_table(
        "import_batch",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source_id", BIG, nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("mapping", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("started_at", BIG, nullable=False),
        sa.Column("finished_at", BIG, nullable=True),
        sa.Column("rows", BIG, nullable=False),
        sa.Column("created", BIG, nullable=False),
        sa.Column("updated", BIG, nullable=False),
        sa.Column("unchanged", BIG, nullable=False),
        sa.Column("rejected", BIG, nullable=False),
        sa.Column("ignored", BIG, nullable=False),
        sa.Column("fact_seq", BIG, nullable=False),
        sa.Column("undone_at", BIG, nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_import_batch_source_id_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_batch")),
    )
    op.create_table(
        "publication",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("version_id", BIG, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("published_at", BIG, nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["rulebook_version.id"], name=op.f("fk_publication_version_id_rulebook_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication")),
        comment="Which version became live when; the newest row is the live one, so that a roll-back is a publication too.",
    )
    op.create_table(
        "run",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version_id", BIG, nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("as_of", BIG, nullable=False),
        sa.Column("base_run_id", BIG, nullable=True),
        sa.Column("base_digest", sa.Text(), nullable=True),
        sa.Column("fact_seq", BIG, nullable=False),
        sa.Column("batch_id", BIG, nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("historical", sa.SmallInteger(), nullable=False),
        sa.Column("started_at", BIG, nullable=False),
        sa.Column("finished_at", BIG, nullable=False),
        sa.Column("visible_at", BIG, nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("customers", BIG, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("released_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["base_run_id"], ["run.id"], name=op.f("fk_run_base_run_id_run")),
        sa.ForeignKeyConstraint(["version_id"], ["rulebook_version.id"], name=op.f("fk_run_version_id_rulebook_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        comment="report is JSON: seconds per step, counts per label, withheld, faults, reasons, plugins, holds, warnings.",
    )
    op.create_index("ix_run_as_of", "run", ["as_of"], unique=False)
    op.create_index("ix_run_key", "run", ["key"], unique=False)
    op.create_table(
        "block",
        sa.Column("run_id", BIG, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_block_run_id_run")),
        sa.PrimaryKeyConstraint("run_id", "kind", name=op.f("pk_block")),
        comment="A run's columns, compressed Arrow: outcomes with since-when, rule and reason; inputs as they were read.",
    )
    op.create_table(
        "customer",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("key_hash", BIG, nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("kind", sa.SmallInteger(), nullable=True),
        sa.Column("gender", sa.SmallInteger(), nullable=True),
        sa.Column("birth_day", sa.Integer(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("country_id", BIG, nullable=True),
        sa.Column("region_id", BIG, nullable=True),
        sa.Column("city_id", BIG, nullable=True),
        sa.Column("industry_id", BIG, nullable=True),
        sa.Column("education_id", BIG, nullable=True),
        sa.Column("income", BIG, nullable=True),
        sa.Column("joined_at", BIG, nullable=True),
        sa.Column("not_graded", sa.Text(), nullable=True),
        sa.Column("merged_into", BIG, nullable=True),
        sa.Column("content_hash", BIG, nullable=False),
        sa.Column("version", BIG, nullable=True),
        sa.Column("batch_id", BIG, nullable=False),
        sa.Column("voided_at", BIG, nullable=True),
        sa.Column("fact_seq", BIG, nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batch.id"], name=op.f("fk_customer_batch_id_import_batch")),
        sa.ForeignKeyConstraint(["city_id"], ["term.id"], name=op.f("fk_customer_city_id_term")),
        sa.ForeignKeyConstraint(["country_id"], ["term.id"], name=op.f("fk_customer_country_id_term")),
        sa.ForeignKeyConstraint(["education_id"], ["term.id"], name=op.f("fk_customer_education_id_term")),
        sa.ForeignKeyConstraint(["industry_id"], ["term.id"], name=op.f("fk_customer_industry_id_term")),
        sa.ForeignKeyConstraint(["merged_into"], ["customer.id"], name=op.f("fk_customer_merged_into_customer")),
        sa.ForeignKeyConstraint(["region_id"], ["term.id"], name=op.f("fk_customer_region_id_term")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
        comment="A customer is this internal key; `alias` holds the ids under which sources know it.",
    )
    op.create_index("ix_customer_external_id", "customer", ["external_id"], unique=False)
    op.create_index("ix_customer_fact_seq", "customer", ["fact_seq"], unique=False)
    op.create_table(
        "exchange_rate",
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("rate", BIG, nullable=False),
        sa.Column("batch_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batch.id"], name=op.f("fk_exchange_rate_batch_id_import_batch")),
        sa.PrimaryKeyConstraint("currency", "day", name=op.f("pk_exchange_rate")),
        comment="Rates are facts with a date: an order converts by the last rate on or before its business day.",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "former_fact",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("batch_id", BIG, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("fact_id", BIG, nullable=False),
        sa.Column("was_batch_id", BIG, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batch.id"], name=op.f("fk_former_fact_batch_id_import_batch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_fact")),
        comment="What a fact was before an import batch changed it, as JSON, so that the batch can be undone.",
    )
    op.create_index(op.f("ix_former_fact_batch_id"), "former_fact", ["batch_id"], unique=False)
    op.create_table(
        "label_summary",
        sa.Column("run_id", BIG, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("customers", BIG, nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_label_summary_run_id_run")),
        sa.PrimaryKeyConstraint("run_id", "address", "label", name=op.f("pk_label_summary")),
    )
    op.create_table(
        "output",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("policy_type", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("opened_run", BIG, nullable=False),
        sa.Column("closed_run", BIG, nullable=True),
        sa.ForeignKeyConstraint(["closed_run"], ["run.id"], name=op.f("fk_output_closed_run_run")),
        sa.ForeignKeyConstraint(["opened_run"], ["run.id"], name=op.f("fk_output_opened_run_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_output")),
        comment="An output with history, and the column of `current` that holds it while it is open. A slot is emptied when it closes.",
    )
    op.create_table(
        "product",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("source_id", BIG, nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("category_id", BIG, nullable=True),
        sa.Column("cost", BIG, nullable=True),
        sa.Column("content_hash", BIG, nullable=False),
        sa.Column("version", BIG, nullable=True),
        sa.Column("batch_id", BIG, nullable=False),
        sa.Column("voided_at", BIG, nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batch.id"], name=op.f("fk_product_batch_id_import_batch")),
        sa.ForeignKeyConstraint(["category_id"], ["term.id"], name=op.f("fk_product_category_id_term")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_product_source_id_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
        sa.UniqueConstraint("source_id", "external_id", name=op.f("uq_product_source_id_external_id")),
    )
    op.create_table(
        "rejected_row",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("batch_id", BIG, nullable=False),
        sa.Column("line", BIG, nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("found", sa.Text(), nullable=False),
        sa.Column("expected", sa.Text(), nullable=False),
        sa.Column("row", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batch.id"], name=op.f("fk_rejected_row_batch_id_import_batch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejected_row")),
    )
    op.create_index(op.f("ix_rejected_row_batch_id"), "rejected_row", ["batch_id"], unique=False)
    op.create_table(
        "rule_hit",
        sa.Column("run_id", BIG, nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("rule", sa.Integer(), nullable=False),
        sa.Column("customers", BIG, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_rule_hit_run_id_run")),
        sa.PrimaryKeyConstraint("run_id", "policy", "rule", name=op.f("pk_rule_hit")),
    )
    op.create_table(
        "run_state",
        sa.Column("run_id", BIG, nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("source_hash", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_run_state_run_id_run")),
        sa.PrimaryKeyConstraint("run_id", "policy", name=op.f("pk_run_state")),
    )
    op.create_table(
        "alias",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("source_id", BIG, nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("customer_id", BIG, nullable=False),
        sa.Column("first_customer_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_alias_customer_id_customer")),
        sa.ForeignKeyConstraint(["first_customer_id"], ["customer.id"], name=op.f("fk_alias_first_customer_id_customer")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_alias_source_id_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alias")),
        sa.UniqueConstraint("source_id", "external_id", name=op.f("uq_alias_source_id_external_id")),
        comment="first_customer_id is whom the alias named before any join, so that a join can be separated again.",
    )
    op.create_index(op.f("ix_alias_customer_id"), "alias", ["customer_id"], unique=False)
    op.create_table(
        "change",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("run_id", BIG, nullable=False),
        sa.Column("output_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", BIG, nullable=False),
        sa.Column("was", sa.SmallInteger(), nullable=True),
        sa.Column("now", sa.SmallInteger(), nullable=True),
        sa.Column("reason", sa.SmallInteger(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_change_customer_id_customer")),
        sa.ForeignKeyConstraint(["output_id"], ["output.id"], name=op.f("fk_change_output_id_output")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_change_run_id_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change")),
        comment="The move of one assignment; was and now are label ids, reason indexes the run's reasons where now is NULL.",
    )
    op.create_index("ix_change_customer", "change", ["customer_id"], unique=False)
    op.create_index("ix_change_run_output", "change", ["run_id", "output_id"], unique=False)
    op.create_table(
        "current",
        sa.Column("customer_id", BIG, autoincrement=False, nullable=False),
        *(sa.Column(f"v{slot:02d}", sa.SmallInteger(), nullable=True) for slot in range(1, 65)),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_current_customer_id_customer")),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_current")),
        comment="The current assignments: one row per customer, one small integer (label id) per output, NULL for none.",
    )
    op.create_table(
        "custom_value",
        sa.Column("customer_id", BIG, nullable=False),
        sa.Column("field_id", BIG, nullable=False),
        sa.Column("value", BIG, nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_custom_value_customer_id_customer")),
        sa.ForeignKeyConstraint(["field_id"], ["custom_field.id"], name=op.f("fk_custom_value_field_id_custom_field")),
        sa.PrimaryKeyConstraint("customer_id", "field_id", name=op.f("pk_custom_value")),
        comment="value by the field's kind: term id, number in 1/10,000, amount in minor units, day, or 0 and 1.",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "orders",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("source_id", BIG, nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("customer_id", BIG, nullable=False),
        sa.Column("booked_customer_id", BIG, nullable=True),
        sa.Column("ordered_at", BIG, nullable=False),
        sa.Column("ordered_on", sa.Integer(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("cost", BIG, nullable=True),
        sa.Column("refund_of", BIG, nullable=True),
        sa.Column("channel_id", BIG, nullable=True),
        sa.Column("store_id", BIG, nullable=True),
        sa.Column("seller_id", BIG, nullable=True),
        sa.Column("status_id", BIG, nullable=True),
        sa.Column("currency_id", BIG, nullable=True),
        sa.Column("currency_amount", BIG, nullable=True),
        sa.Column("content_hash", BIG, nullable=False),
        sa.Column("version", BIG, nullable=True),
        sa.Column("batch_id", BIG, nullable=False),
        sa.Column("voided_at", BIG, nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batch.id"], name=op.f("fk_orders_batch_id_import_batch")),
        sa.ForeignKeyConstraint(["booked_customer_id"], ["customer.id"], name=op.f("fk_orders_booked_customer_id_customer")),
        sa.ForeignKeyConstraint(["channel_id"], ["term.id"], name=op.f("fk_orders_channel_id_term")),
        sa.ForeignKeyConstraint(["currency_id"], ["term.id"], name=op.f("fk_orders_currency_id_term")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_orders_customer_id_customer")),
        sa.ForeignKeyConstraint(["refund_of"], ["orders.id"], name=op.f("fk_orders_refund_of_orders")),
        sa.ForeignKeyConstraint(["seller_id"], ["term.id"], name=op.f("fk_orders_seller_id_term")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_orders_source_id_source")),
        sa.ForeignKeyConstraint(["status_id"], ["term.id"], name=op.f("fk_orders_status_id_term")),
        sa.ForeignKeyConstraint(["store_id"], ["term.id"], name=op.f("fk_orders_store_id_term")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        comment="The unit of upsert. ix_orders_features covers every default feature, so aggregates never touch the rows (ENGINE 27).",
    )
    op.create_index(
        "ix_orders_features", "orders", ["customer_id", "ordered_at", "kind", "channel_id", "amount", "ordered_on"], unique=False
    )
    op.create_index("ix_orders_ordered_at", "orders", ["ordered_at"], unique=False)
    op.create_index("ux_orders_external_id", "orders", ["source_id", "external_id"], unique=True)
    op.create_table(
        "order_line",
        sa.Column("order_id", BIG, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("product_id", BIG, nullable=True),
        sa.Column("quantity", BIG, nullable=False),
        sa.Column("unit_price", BIG, nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("cost", BIG, nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_line_order_id_orders")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_order_line_product_id_product")),
        sa.PrimaryKeyConstraint("order_id", "ordinal", name=op.f("pk_order_line")),
        sqlite_with_rowid=False,
        comment="unit_price is as booked; amount and cost are in the business currency, minor units.",
    )
    # ### end Alembic commands ###
    op.execute(ASSIGNMENT_VIEW)
    op.execute("insert into fact_clock (id, seq) values (1, 0)")


def downgrade() -> None:
    op.execute("drop view assignment")
    op.drop_table("order_line")
    op.drop_index("ux_orders_external_id", table_name="orders")
    op.drop_index("ix_orders_ordered_at", table_name="orders")
    op.drop_index("ix_orders_features", table_name="orders")
    op.drop_table("orders")
    op.drop_table("custom_value")
    op.drop_table("current")
    op.drop_index("ix_change_run_output", table_name="change")
    op.drop_index("ix_change_customer", table_name="change")
    op.drop_table("change")
    op.drop_index(op.f("ix_alias_customer_id"), table_name="alias")
    op.drop_table("alias")
    op.drop_table("run_state")
    op.drop_table("rule_hit")
    op.drop_index(op.f("ix_rejected_row_batch_id"), table_name="rejected_row")
    op.drop_table("rejected_row")
    op.drop_table("product")
    op.drop_table("output")
    op.drop_table("label_summary")
    op.drop_index(op.f("ix_former_fact_batch_id"), table_name="former_fact")
    op.drop_table("former_fact")
    op.drop_table("exchange_rate")
    op.drop_index("ix_customer_fact_seq", table_name="customer")
    op.drop_index("ix_customer_external_id", table_name="customer")
    op.drop_table("customer")
    op.drop_table("block")
    op.drop_index("ix_run_key", table_name="run")
    op.drop_index("ix_run_as_of", table_name="run")
    op.drop_table("run")
    op.drop_table("publication")
    op.drop_table("import_batch")
    op.drop_table("term")
    op.drop_table("source")
    op.drop_table("setting")
    op.drop_table("rulebook_version")
    op.drop_table("label")
    op.drop_table("fact_clock")
    op.drop_table("custom_field")
