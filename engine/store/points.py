"""Rows of the points ledger, inside the transaction that is open; what they mean is `engine.loyalty.ledger`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, case, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine.loyalty.ledger import EXPIRED, ISSUED, MEMBER, PENDING, Account, Entry, Lot
from engine.store.models import points_account, points_act, points_entry, points_lot


@dataclass(frozen=True, slots=True)
class Act:
    """Something that was done with points, and what the member had afterwards. number: names it; of an earning also its lot."""

    number: int
    kind: str
    spendable: int
    pending: int
    owed: int


def hold(connection: Connection, customer_id: int) -> None:
    """Wait until nobody else changes the points of this member: SQLite's one writer, or the member's row on PostgreSQL."""
    make = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert
    connection.execute(make(points_account).values(customer_id=customer_id, owed=0).on_conflict_do_nothing())
    connection.execute(select(points_account.c.owed).where(points_account.c.customer_id == customer_id).with_for_update())


def load(connection: Connection, customer_id: int, also: Collection[int] = ()) -> Account:
    """The account with the lots that hold points, and some others by number."""
    lots = points_lot.c
    query = select(points_lot).where(lots.customer_id == customer_id, or_(lots.pending + lots.member > 0, lots.id.in_(also)))
    found = {
        row.id: Lot(row.matures_at, row.expires_at, row.pending, row.member, row.expired, row.issued) for row in connection.execute(query)
    }
    owed = connection.scalar(select(points_account.c.owed).where(points_account.c.customer_id == customer_id))
    return Account(found, owed or 0)


def answered(connection: Connection, customer_id: int, key: str) -> tuple[Act, str] | None:
    """The act that a member's key was used for, and its request."""
    row = connection.execute(select(points_act).where(points_act.c.customer_id == customer_id, points_act.c.idempotency == key)).first()
    return None if row is None else (_act(row), row.request)


def begin(connection: Connection, values: Mapping[str, Any]) -> int:
    """Write down an act; its number."""
    row = {"spendable": 0, "pending": 0, "owed": 0, **values}
    return int(connection.execute(insert(points_act).values(row).returning(points_act.c.id)).scalar_one())


def keep(connection: Connection, customer_id: int, number: int, account: Account, entries: Iterable[Entry]) -> Act:
    """Keep the entries of an act, the lots that they changed, and what the member has now."""
    posted = list(entries)
    rows = [{"act_id": number, "account": each.account, "lot_id": each.lot, "points": each.points} for each in posted]
    for lot_id in sorted({each.lot for each in posted}):
        lot = account.lots[lot_id]
        now = {"pending": lot.pending, "member": lot.member, "expired": lot.expired, "issued": lot.issued}
        if lot_id == number:
            fixed = {"id": number, "customer_id": customer_id, "matures_at": lot.matures_at, "expires_at": lot.expires_at}
            connection.execute(insert(points_lot).values({**fixed, **now}))
        else:
            connection.execute(update(points_lot).where(points_lot.c.id == lot_id).values(now))
    connection.execute(insert(points_entry), rows)
    has = {"spendable": account.spendable, "pending": account.pending, "owed": account.owed}
    connection.execute(update(points_account).where(points_account.c.customer_id == customer_id).values(owed=account.owed))
    made = update(points_act).where(points_act.c.id == number).values(has).returning(points_act)
    return _act(connection.execute(made).one())


def entries_of(connection: Connection, customer_id: int, number: int, kind: str) -> list[Entry]:
    """The entries of a member's act of a kind; none when there is no such act."""
    query = select(points_entry).join(points_act, points_act.c.id == points_entry.c.act_id).order_by(points_entry.c.lot_id)
    query = query.where(points_act.c.id == number, points_act.c.customer_id == customer_id, points_act.c.kind == kind)
    return [Entry(row.account, row.lot_id, row.points) for row in connection.execute(query)]


def cancelled(connection: Connection, customer_id: int, redemption: int, before: int) -> bool:
    """Whether a redemption was cancelled by an act before the one with this number."""
    act = points_act.c
    query = select(act.id).where(act.customer_id == customer_id, act.kind == "cancel", act.about == redemption, act.id < before)
    return connection.execute(query).first() is not None


def differing(connection: Connection) -> tuple[list[int], list[int]]:
    """Acts whose entries do not sum to zero, and lots that are not the sum of theirs, by number."""
    entry, lot = points_entry.c, points_lot.c
    acts = select(entry.act_id).group_by(entry.act_id).having(func.sum(entry.points) != 0).order_by(entry.act_id)
    sums = {name: func.sum(case((entry.account == name, entry.points), else_=0)) for name in (PENDING, MEMBER, EXPIRED, ISSUED)}
    wrong = or_(sums[PENDING] != lot.pending, sums[MEMBER] != lot.member, sums[EXPIRED] != lot.expired, sums[ISSUED] != -lot.issued)
    lots = select(lot.id).join(points_entry, entry.lot_id == lot.id).group_by(*points_lot.columns).having(wrong).order_by(lot.id)
    return list(connection.scalars(acts)), list(connection.scalars(lots))


def _act(row: Row[Any]) -> Act:
    return Act(row.id, row.kind, row.spendable, row.pending, row.owed)
