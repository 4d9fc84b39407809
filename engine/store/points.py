"""Rows of the points ledger, inside the transaction that is open; what they mean is `engine.loyalty.ledger`.

A member is a customer with all who were joined into it: their lots are one account while the join lasts, and each has its
own again when it is separated.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from engine.loyalty.ledger import DEBT, EXPIRED, ISSUED, MEMBER, PENDING, TRANSFERRED, Account, Entry, Lot
from engine.store.models import customer, points_account, points_act, points_entry, points_lot


def family(member: int | BindParameter[int]) -> Select[int]:
    """The customer, and all who were joined into it."""
    return select(customer.c.id).where(or_(customer.c.id == member, customer.c.merged_into == member))


# What every act on a hot account asks is made once: making a statement takes longer than running it.
_MEMBER = family(bindparam("member", type_=customer.c.id.type))
_NONE_YET = select(customer.c.id, literal(0)).where(customer.c.id.in_(_MEMBER)).order_by(customer.c.id)
_OPENED = {
    name: made(points_account).from_select(["customer_id", "owed"], _NONE_YET).on_conflict_do_nothing()
    for name, made in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}
_HELD = select(points_account).where(points_account.c.customer_id.in_(_MEMBER)).order_by(points_account.c.customer_id).with_for_update()
_OWED = select(func.sum(points_account.c.owed)).where(points_account.c.customer_id.in_(_MEMBER))
_CLOSED = select(points_account.c.closed_at).where(points_account.c.customer_id == bindparam("member"))
_ANSWERED = select(points_act).where(points_act.c.customer_id.in_(_MEMBER), points_act.c.idempotency == bindparam("key"))
_LOTS = select(points_lot).where(points_lot.c.customer_id.in_(_MEMBER))
_FULL = _LOTS.where(points_lot.c.pending + points_lot.c.member > 0)
_NAMED = _LOTS.where(or_(points_lot.c.pending + points_lot.c.member > 0, points_lot.c.id.in_(bindparam("also", expanding=True))))
_NEWEST = select(func.max(points_act.c.id))
_CHANGED = update(points_lot).where(points_lot.c.id == bindparam("lot"))


BACK = ("cancel", "undo")
"""Acts that take back the one that they are about, which nothing does twice."""


@dataclass(frozen=True, slots=True)
class Act:
    """Something that was done with points, and what the member had afterwards. number: names it; of an earning also its lot."""

    number: int
    kind: str
    spendable: int
    pending: int
    owed: int


def member_of(connection: Connection, customer_id: int) -> int:
    """The customer who is left where this one was joined into another."""
    return int(connection.scalars(select(func.coalesce(customer.c.merged_into, customer.c.id)).where(customer.c.id == customer_id)).one())


@dataclass(frozen=True, slots=True)
class Held:
    """What a member owes, joined customers included, and from when on the account is closed; while nobody else changes it."""

    owed: int
    closed_at: int | None


def hold(connection: Connection, members: Iterable[int]) -> dict[int, Held]:
    """Wait until nobody else changes the points of these members: SQLite's one writer, or the members' rows on PostgreSQL."""
    found = {}
    for member in sorted(set(members)):  # everybody in the same order, so that two never wait for each other
        connection.execute(_OPENED[connection.dialect.name], {"member": member})
        accounts = {row.customer_id: row for row in connection.execute(_HELD, {"member": member})}
        found[member] = Held(sum(row.owed for row in accounts.values()), accounts[member].closed_at)
    return found


def load(connection: Connection, member: int, also: Collection[int] = (), held: Held | None = None) -> Account:
    """The account with the lots that hold points, and some others of the member by number. held: what is known of it already."""
    rows = connection.execute(_NAMED, {"member": member, "also": list(also)}) if also else connection.execute(_FULL, {"member": member})
    found = {row.id: Lot(row.matures_at, row.expires_at, row.pending, row.member, row.expired, row.issued) for row in rows}
    owed = connection.scalar(_OWED, {"member": member}) if held is None else held.owed
    return Account(found, max(int(owed or 0), 0))


def closed_at(connection: Connection, member: int) -> int | None:
    """From when on the account is closed; None for an open one."""
    return connection.scalar(_CLOSED, {"member": member})


def close(connection: Connection, member: int, moment: int | None) -> None:
    """Close the account, or open it again."""
    connection.execute(update(points_account).where(points_account.c.customer_id == member).values(closed_at=moment))


def answered(connection: Connection, member: int, key: str) -> tuple[Act, str] | None:
    """The act that a member's key was used for, and its request."""
    row = connection.execute(_ANSWERED, {"member": member, "key": key}).first()
    return None if row is None else (_act(row), row.request)


def numbers(connection: Connection, count: int) -> Sequence[int]:
    """Numbers for acts that are written next."""
    if connection.dialect.name == "sqlite":
        start = (connection.scalar(_NEWEST) or 0) + 1
        return range(start, start + count)
    taken = text("select nextval(pg_get_serial_sequence('points_act', 'id')) from generate_series(1, :count)")
    return list(connection.scalars(taken, {"count": count}))


def keep(connection: Connection, act: Mapping[str, Any], account: Account, entries: Iterable[Entry]) -> Act:
    """Keep an act, the lots that it opened and changed, its entries, and what the member owes."""
    posted = list(entries)
    number = act["id"]
    row = {**act, "spendable": account.spendable, "pending": account.pending, "owed": account.owed}
    connection.execute(insert(points_act), row)
    for lot_id in sorted({each.lot for each in posted}):
        lot = account.lots[lot_id]
        now = {"pending": lot.pending, "member": lot.member, "expired": lot.expired, "issued": lot.issued}
        if lot_id == number:
            fixed = {"id": number, "customer_id": act["customer_id"], "matures_at": lot.matures_at, "expires_at": lot.expires_at}
            connection.execute(insert(points_lot), {**fixed, **now})
        else:
            connection.execute(_CHANGED, {"lot": lot_id, **now})
    if posted:
        rows = [{"act_id": number, "account": each.account, "lot_id": each.lot, "points": each.points} for each in posted]
        connection.execute(insert(points_entry), rows)
    debt = sum(each.points for each in posted if each.account == DEBT)
    if debt:
        mine = points_account.c.customer_id == act["customer_id"]
        connection.execute(update(points_account).where(mine).values(owed=points_account.c.owed - debt))
    if debt > 0:
        _pay_for_joined(connection, row, next(each.lot for each in posted if each.account == DEBT))
    return Act(number, act["kind"], account.spendable, account.pending, account.owed)


def _pay_for_joined(connection: Connection, paid: Mapping[str, Any], lot: int) -> None:
    """Hand what was paid to those joined customers who owe it, so that it stays paid when they are separated. lot: that paid."""
    account = points_account.c
    query = select(account.customer_id, account.owed).where(account.customer_id.in_(family(paid["customer_id"])), account.owed != 0)
    owed: dict[int, int] = dict(connection.execute(query.order_by(account.customer_id)).all())
    fixed = {**paid, "idempotency": None, "request": "", "note": None}
    for payer in [key for key, debt in owed.items() if debt < 0]:
        for debtor in [key for key, debt in owed.items() if debt > 0]:
            part = min(-owed[payer], owed[debtor])
            if not part:
                continue
            given = int(numbers(connection, 1)[0])
            connection.execute(insert(points_act), {**fixed, "id": given, "customer_id": payer, "kind": "give", "about": None})
            received = int(numbers(connection, 1)[0])
            connection.execute(insert(points_act), {**fixed, "id": received, "customer_id": debtor, "kind": "receive", "about": given})
            sides = ((given, TRANSFERRED, part), (given, DEBT, -part), (received, TRANSFERRED, -part), (received, DEBT, part))
            connection.execute(
                insert(points_entry), [{"act_id": act, "account": name, "lot_id": lot, "points": n} for act, name, n in sides]
            )
            for key, change in ((payer, part), (debtor, -part)):
                owed[key] += change
                connection.execute(update(points_account).where(account.customer_id == key).values(owed=owed[key]))


def entries_of(connection: Connection, member: int, number: int, kind: str) -> list[Entry]:
    """The entries of a member's act of a kind; none when there is no such act."""
    query = select(points_entry).join(points_act, points_act.c.id == points_entry.c.act_id).order_by(points_entry.c.lot_id)
    query = query.where(points_act.c.id == number, points_act.c.customer_id.in_(family(member)), points_act.c.kind == kind)
    return [Entry(row.account, row.lot_id, row.points) for row in connection.execute(query)]


def taken_back(connection: Connection, member: int, number: int) -> bool:
    """Whether a redemption was cancelled, or a correction or event was taken back."""
    act = points_act.c
    query = select(act.id).where(act.customer_id.in_(family(member)), act.kind.in_(BACK), act.about == number)
    return connection.execute(query).first() is not None


def undoable(connection: Connection, member: int, number: int) -> str | None:
    """The kind of a member's act that can be taken back as such, a correction by hand or an event; None for any other."""
    act = points_act.c
    query = select(act.kind).where(act.id == number, act.customer_id.in_(family(member)), _of_people())
    return connection.scalar(query)


def _of_people() -> ColumnElement[bool]:
    """Acts that somebody did by hand or for an event, which no sale stands behind."""
    act = points_act.c
    return or_(act.kind == "correct", and_(act.kind == "earn", act.request.like("event %")))


def history(connection: Connection, member: int, before: int | None, limit: int) -> list[dict[str, Any]]:
    """The newest acts first, with what each changed of pending and spendable points together, what expired, and what took it back.

    undoable: whether it can be taken back as such and was not.
    """
    act, entry = points_act.c, points_entry.c
    points = func.sum(case((entry.account.in_((PENDING, MEMBER)), entry.points), else_=0)).label("points")
    expired = func.sum(case((entry.account == EXPIRED, entry.points), else_=0)).label("expired")
    later = points_act.alias("later")
    back = select(later.c.about, func.min(later.c.id).label("number")).where(
        later.c.customer_id.in_(family(member)), later.c.kind.in_(BACK)
    )
    undone = back.group_by(later.c.about).subquery()
    by_people = _of_people().label("by_people")
    query = select(points_act, points, expired, undone.c.number.label("taken_back_by"), by_people)
    query = query.join(undone, undone.c.about == act.id, isouter=True)
    query = query.join(points_entry, entry.act_id == act.id, isouter=True).where(act.customer_id.in_(family(member)))
    if before is not None:
        query = query.where(act.id < before)
    rows = connection.execute(query.group_by(*points_act.columns, undone.c.number).order_by(act.id.desc()).limit(limit))
    names = ("kind", "about", "note", "at", "posted_at", "actor", "spendable", "pending", "owed", "points", "expired", "taken_back_by")
    return [
        {
            "number": row.id,
            **{name: getattr(row, name) for name in names},
            "undoable": bool(row.by_people) and row.taken_back_by is None,
        }
        for row in rows
    ]


def as_it_was(connection: Connection, member: int, moment: int) -> tuple[list[tuple[int, int, int | None]], list[Entry]]:
    """The lots and entries of the member that were written until a moment, for `fold`.

    Points are those of the member's lots, whoever spent them: a customer who was separated takes them along as they are then.
    """
    entry, act, lot = points_entry.c, points_act.c, points_lot.c
    query = (
        select(points_entry, lot.matures_at, lot.expires_at)
        .join(points_act, act.id == entry.act_id)
        .join(points_lot, lot.id == entry.lot_id)
    )
    own = or_(
        and_(lot.customer_id.in_(family(member)), entry.account != DEBT), and_(act.customer_id.in_(family(member)), entry.account == DEBT)
    )
    rows = connection.execute(query.where(own, act.posted_at <= moment)).all()
    lots = {row.lot_id: (row.lot_id, row.matures_at, row.expires_at) for row in rows}
    return list(lots.values()), [Entry(row.account, row.lot_id, row.points) for row in rows]


def differing(connection: Connection) -> tuple[list[int], list[int]]:
    """Acts whose entries do not sum to zero, and lots that are not the sum of theirs, by number.

    An account whose debt is not the sum of its entries is told by its newest act; so is a transfer of which one side is missing.
    """
    entry, lot, act, account = points_entry.c, points_lot.c, points_act.c, points_account.c
    acts = select(entry.act_id).group_by(entry.act_id).having(func.sum(entry.points) != 0)
    debts = select(
        act.customer_id, func.max(act.id).label("newest"), func.sum(case((entry.account == DEBT, entry.points), else_=0)).label("debt")
    )
    debt = debts.join(points_entry, entry.act_id == act.id).group_by(act.customer_id).subquery()
    owing = select(debt.c.newest).join(points_account, account.customer_id == debt.c.customer_id).where(account.owed != -debt.c.debt)
    pair = func.coalesce(case((act.kind == "receive", act.about)), act.id)
    handed = select(pair).join(points_entry, entry.act_id == act.id).where(entry.account == TRANSFERRED)
    handed = handed.group_by(pair).having(func.sum(entry.points) != 0)
    sums = {
        name: func.coalesce(func.sum(case((entry.account == name, entry.points), else_=0)), 0)
        for name in (PENDING, MEMBER, EXPIRED, ISSUED)
    }
    wrong = or_(sums[PENDING] != lot.pending, sums[MEMBER] != lot.member, sums[EXPIRED] != lot.expired, sums[ISSUED] != -lot.issued)
    lots = select(lot.id).join(points_entry, entry.lot_id == lot.id, isouter=True).group_by(*points_lot.columns).having(wrong)
    found = {number for query in (acts, owing, handed) for number in connection.scalars(query)}
    return sorted(found), list(connection.scalars(lots.order_by(lot.id)))


def _act(row: Row[Any]) -> Act:
    return Act(row.id, row.kind, row.spendable, row.pending, row.owed)
