"""Runs, what they gave, and what is true now."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, SmallInteger, Table, Text, UniqueConstraint

from engine.store.models.base import SLOTS, Big, column, key, link, metadata, slot_name

# --- outcomes ---------------------------------------------------------------------------------------------------

output = Table(
    "output",
    metadata,
    column("id", Integer, primary_key=True, autoincrement=True),
    column("slot", Integer, nullable=False),
    column("address", Text, nullable=False),
    column("policy_type", Text, nullable=False),
    column("kind", Text, nullable=False),
    link("opened_run", "run.id", nullable=False),
    link("closed_run", "run.id"),
    comment="An output with history, and the column of `current` that holds it while it is open. A slot is emptied when it closes.",
)

label = Table(
    "label",
    metadata,
    column("id", Integer, primary_key=True, autoincrement=True),
    column("address", Text, nullable=False),
    column("policy_type", Text, nullable=False),
    column("key", Text, nullable=False),
    UniqueConstraint("address", "policy_type", "key"),
    comment="Append-only. `current`, blocks and changes hold these ids, so that reordering labels changes nothing (ENGINE 23).",
)

run = Table(
    "run",
    metadata,
    key(),
    column("key", Text, nullable=False),
    link("version_id", "rulebook_version.id", nullable=False),
    column("fingerprint", Text, nullable=False),
    column("as_of", Big, nullable=False),
    link("base_run_id", "run.id"),
    column("base_digest", Text),
    column("fact_seq", Big, nullable=False),
    column("batch_id", Big),
    column("status", Text, nullable=False),  # visible, held, historical, superseded, discarded
    column("historical", SmallInteger, nullable=False, default=0),
    column("started_at", Big, nullable=False),
    column("finished_at", Big, nullable=False),
    column("visible_at", Big),
    column("actor", Text, pii="id", nullable=False),
    column("customers", Big, nullable=False),
    column("digest", Text, nullable=False),
    column("report", Text, nullable=False),
    column("released_by", Text, pii="id"),
    Index("ix_run_as_of", "as_of"),
    Index("ix_run_key", "key"),
    comment="report is JSON: seconds per step, counts per label, withheld, faults, reasons, plugins, holds, warnings.",
)

run_state = Table(
    "run_state",
    metadata,
    link("run_id", "run.id", primary_key=True),
    column("policy", Text, primary_key=True),
    column("type", Text, nullable=False),
    column("version", Integer, nullable=False),
    column("source_hash", Text, nullable=False),
    column("state", Text, pii="derived", nullable=False),
)

block = Table(
    "block",
    metadata,
    link("run_id", "run.id", primary_key=True),
    column("kind", Text, primary_key=True),  # outcome, input
    column("data", LargeBinary, pii="derived", nullable=False),
    comment="A run's columns, compressed Arrow: outcomes with since-when, rule and reason; inputs as they were read.",
)

current = Table(
    "current",
    metadata,
    column("customer_id", Big, ForeignKey("customer.id"), pii="id", primary_key=True, autoincrement=False),
    *(column(slot_name(slot), SmallInteger, pii="derived") for slot in range(1, SLOTS + 1)),
    comment="The current assignments: one row per customer, one small integer (label id) per output, NULL for none.",
)

change = Table(
    "change",
    metadata,
    key(),
    link("run_id", "run.id", nullable=False),
    column("output_id", Integer, ForeignKey("output.id"), nullable=False),
    link("customer_id", "customer.id", pii="id", nullable=False),
    column("was", SmallInteger, pii="derived"),
    column("now", SmallInteger, pii="derived"),
    column("reason", SmallInteger, pii="derived"),
    Index("ix_change_run_output", "run_id", "output_id"),
    Index("ix_change_customer", "customer_id"),
    comment="The move of one assignment; was and now are label ids, reason indexes the run's reasons where now is NULL.",
)

label_summary = Table(
    "label_summary",
    metadata,
    link("run_id", "run.id", primary_key=True),
    column("address", Text, primary_key=True),
    column("label", Text, primary_key=True),  # "" for withheld
    column("customers", Big, nullable=False),
    column("amount", Big, nullable=False),
)

rule_hit = Table(
    "rule_hit",
    metadata,
    link("run_id", "run.id", primary_key=True),
    column("policy", Text, primary_key=True),
    column("rule", Integer, primary_key=True),
    column("customers", Big, nullable=False),
)

ASSIGNMENT_VIEW = "create view assignment as " + " union all ".join(
    "select c.customer_id, o.address, "
    f"case when o.kind <> 'flag' then l.key when c.{slot_name(slot)} = 1 then 'true' else 'false' end as value "
    f"from current c join output o on o.slot = {slot} and o.closed_run is null "
    f"left join label l on o.kind <> 'flag' and l.id = c.{slot_name(slot)} where c.{slot_name(slot)} is not null"
    for slot in range(1, SLOTS + 1)
)
"""The documented SQL view: (customer_id, address, value), one row per assignment; of a flag, "true" or "false"."""
