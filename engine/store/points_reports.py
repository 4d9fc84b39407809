"""Sums over the whole points ledger."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, case, func, or_, select

from engine.loyalty.ledger import EXPIRED, REDEEMED
from engine.store.models import points_account, points_entry, points_lot


@dataclass(frozen=True, slots=True)
class Totals:
    """Points of everybody. members: who have any."""

    spendable: int
    pending: int
    owed: int
    members: int
    redeemed: int
    expired: int


def totals(connection: Connection, now: int) -> Totals:
    """What there is at a moment; lots that are over by then have expired."""
    lot, entry = points_lot.c, points_entry.c
    alive = or_(lot.expires_at.is_(None), lot.expires_at > now)
    ripe = lot.matures_at <= now
    free = func.sum(case((alive, lot.member + case((ripe, lot.pending), else_=0)), else_=0))
    waits = func.sum(case((alive & ~ripe, lot.pending), else_=0))
    over = func.sum(case((~alive, lot.member + lot.pending), else_=0))
    people = func.count(case((alive, lot.customer_id)).distinct())
    row = connection.execute(select(free, waits, over, people).where(lot.pending + lot.member > 0)).one()
    owed = connection.scalar(select(func.sum(points_account.c.owed))) or 0
    moved = dict(
        connection.execute(
            select(entry.account, func.sum(entry.points)).where(entry.account.in_((REDEEMED, EXPIRED))).group_by(entry.account)
        ).all()
    )
    spendable, pending, overdue, members = (int(value or 0) for value in row)
    return Totals(spendable, pending, int(owed), members, int(moved.get(REDEEMED, 0)), int(moved.get(EXPIRED, 0)) + overdue)


def expiring(connection: Connection, now: int, zone: ZoneInfo) -> list[tuple[str | None, int]]:
    """(month, points) of what is there, by the month in the business zone that is the last one with it; those that never do last."""
    lot = points_lot.c
    day = (lot.expires_at - 1) // 86_400
    query = select(func.min(lot.expires_at), func.sum(lot.pending + lot.member))
    query = query.where(lot.pending + lot.member > 0, or_(lot.expires_at.is_(None), lot.expires_at > now)).group_by(day)
    months: dict[str | None, int] = {}
    for first, points in connection.execute(query):
        month = None if first is None else dt.datetime.fromtimestamp(first - 1, zone).strftime("%Y-%m")
        months[month] = months.get(month, 0) + int(points)
    return sorted(months.items(), key=lambda each: (each[0] is None, each[0] or ""))
