"""Long work: one row per job, which is the truth about it. On SQLite in a file of its own, so that progress never waits for a run."""

from __future__ import annotations

from sqlalchemy import Index, Integer, MetaData, SmallInteger, Table, Text

from engine.store.models.base import Big, column, key, metadata

jobs_metadata = MetaData(naming_convention=metadata.naming_convention)
"""Apart from the store's: made when it is first needed, and no migration touches it."""

job = Table(
    "job",
    jobs_metadata,
    key(),
    column("kind", Text, nullable=False),
    column("title", Text, pii="derived", nullable=False, default=""),
    column("params", Text, pii="derived", nullable=False),
    column("actor", Text, pii="id", nullable=False),
    column("authenticated", SmallInteger, nullable=False),
    column("status", Text, nullable=False),  # queued, running, done, failed, cancelled
    column("dedupe", Text, unique=True),
    column("slot", Text, unique=True),
    column("attempts", Integer, nullable=False, default=0),
    column("cancel", SmallInteger, nullable=False, default=0),
    column("owner", Text),
    column("lease_until", Big),
    column("step", Text, nullable=False, default=""),
    column("done", Big, nullable=False, default=0),
    column("total", Big),
    column("created_at", Big, nullable=False),
    column("started_at", Big),
    column("finished_at", Big),
    column("result", Text, pii="derived"),
    column("error", Text, pii="derived"),
    Index("ix_job_status", "status"),
    comment="dedupe is unique for ever, slot until the job ends. done and total count what step counts. params and result are JSON.",
)
