"""What grows without end and is of no use any more, removed in small batches: `engine.retention`.

Facts, runs, outcomes, the feed and the audit trail stay. Answers kept for repeated requests go by themselves after 30 days.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Table, delete, exists, func, or_, select

from engine import clock
from engine.store import audit
from engine.store.models import delivery, event, user_session

if TYPE_CHECKING:
    from engine.service import Engine

BATCH = 1_000
"""Rows that one transaction removes: others write in between."""


class Retention:
    """The verbs."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def due(self) -> Mapping[str, int]:
        """How many rows could go, by what they are; nothing is removed."""
        with self._engine.store.read() as connection:
            return {
                name: connection.scalar(select(func.count()).select_from(table).where(old)) or 0
                for name, (table, old) in self._old().items()
            }

    def remove(self) -> Mapping[str, int]:
        """Remove them, and return how many of each went. The audit trail keeps the numbers."""
        gone = {name: self._remove(table, old) for name, (table, old) in self._old().items()}
        settings = self._engine.settings
        with self._engine.store.write() as connection:
            audit.record(
                connection,
                actor=settings.actor,
                authenticated=settings.authenticated,
                action="retention.remove",
                subject="store",
                details=gone,
            )
        return gone

    def _old(self) -> Mapping[str, tuple[Table, ColumnElement[bool]]]:
        """By name, the table and which of its rows are old; events go once no delivery needs them."""
        before = clock.now() - self._engine.settings.retention
        newest = select(func.max(event.c.id)).group_by(event.c.kind)  # where collecting goes on
        d, e, s = delivery.c, event.c, user_session.c
        return {
            "deliveries": (delivery, (d.created_at < before) & (d.status != "waiting")),
            "events": (event, (e.at < before) & ~exists().where(d.event_id == e.id) & e.id.not_in(newest)),
            "sessions": (user_session, or_(s.ended_at < before, s.seen_at < before)),
        }

    def _remove(self, table: Table, old: ColumnElement[bool]) -> int:
        gone = 0
        batch = select(table.c.id).where(old).limit(BATCH)
        while True:
            with self._engine.store.write() as connection:
                removed = connection.execute(delete(table).where(table.c.id.in_(batch))).rowcount
            gone += removed
            if removed < BATCH:
                return gone
