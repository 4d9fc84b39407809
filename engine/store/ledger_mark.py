"""Where the points ledger stands, for what reads it: `ledger_mark`. The fact clock tells nothing of points."""

from __future__ import annotations

from typing import TypeAlias

from sqlalchemy import Connection, func, select

from engine.store.models import points_act, points_day

RECENT = 20_000
"""Acts of which the numbers are counted: on PostgreSQL a number that was taken earlier can be committed later."""

Mark: TypeAlias = tuple[int, int, int]


def ledger_mark(connection: Connection) -> Mark:
    """Another value after every change of the ledger: the newest act, how many numbers just before it are there, the newest day's posting.

    Read by index in a few milliseconds. Acts are only added, so nothing else can change.
    """
    act = points_act.c
    newest = connection.scalar(select(func.max(act.id))) or 0
    recent = connection.scalar(select(func.count()).select_from(points_act).where(act.id > newest - RECENT)) or 0
    return newest, recent, connection.scalar(select(points_day.c.posted_at)) or 0
