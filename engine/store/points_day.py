"""The points of a day, in columns: sales that have none yet, sales that are other than when they were posted, what the calendar brings.

New sales and lots that are due are written set by set. One by one go only the members of sales that were changed, and
those who owe points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import (
    BigInteger,
    Connection,
    Select,
    TableClause,
    case,
    column,
    func,
    literal,
    or_,
    select,
    table,
    union,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from engine.columns import Array
from engine.loyalty.ledger import EXPIRED, ISSUED, MEMBER, PENDING
from engine.store.bulk import insert_columns, update_columns
from engine.store.ingest.tables import Tables
from engine.store.models import (
    customer,
    fact_clock,
    order_line,
    orders,
    points_account,
    points_day,
    points_lot,
    product,
    term,
)
from engine.store.models.facts import REFUND, SALE
from engine.store.points import numbers

NONE = np.iinfo(np.int64).min
"""Stands for NULL."""


@dataclass(frozen=True, slots=True)
class Sales:
    """Sales without points, as columns: order, member, whom it was booked to, moment, business day, amount and refunds in minor units, day of birth.

    booked_id: differs from the member where the sale was made by a customer who was joined into it; the points are that one's.
    """

    order_id: Array
    customer_id: Array
    booked_id: Array
    ordered_at: Array
    ordered_on: Array
    amount: Array
    refunded: Array
    birth_day: Array

    def __len__(self) -> int:
        return len(self.order_id)


@dataclass(frozen=True, slots=True)
class ChangedSale:
    """A sale whose order is other than when its points were posted. order_amount, refunded: now; 0 where it is void or gone.

    customer_id: the member, so of joined customers the one who is left. leaves: the order is gone, or another customer's now.
    """

    lot: int
    customer_id: int
    sale_amount: int
    sale_points: int
    order_amount: int
    refunded: int
    leaves: bool

    @property
    def again(self) -> bool:
        """Whether it earned nothing because it was small, and is larger now: no proportion of nothing says what it is worth."""
        return not self.sale_points and self.order_amount > self.sale_amount > 0

    @property
    def target(self) -> int:
        """The points that the sale is worth now to its first member."""
        return 0 if self.leaves else in_proportion(self.sale_points, self.order_amount, self.refunded, self.sale_amount)


@dataclass(frozen=True, slots=True)
class Turn:
    """From where a posting goes on. done: the write of facts up to which sales were posted, newest: the newest one.

    posted_at: the moment of the last posting; sales that were dated later than it have become due since.
    """

    done: int
    newest: int
    posted_at: int | None


def take_turn(connection: Connection, since: int | None) -> Turn:
    """Wait for other posters. since: the first business day whose sales earn; when it is earlier than ever, everybody is looked at again."""
    last = connection.execute(select(points_day).where(points_day.c.id == 1).with_for_update()).one()
    newest = connection.scalar(select(fact_clock.c.seq)) or 0
    earlier = since is not None and last.since is not None and since < last.since
    return Turn(0 if earlier else int(last.fact_seq), int(newest), last.posted_at)


def finish_turn(connection: Connection, done: int, now: int, since: int | None) -> None:
    """Remember up to which write of facts, and from which day on, sales are posted, and when."""
    values = {"fact_seq": done, "posted_at": now} | ({} if since is None else {"since": since})
    connection.execute(update(points_day).values(values))


def waits(connection: Connection, now: int, every: int) -> bool:
    """Whether so many seconds passed since the last posting, and facts were written since, a sale has become due or a lot is."""
    last = connection.execute(select(points_day)).one()
    if now - (last.posted_at or 0) < every:
        return False
    dated = select(orders.c.id).where(orders.c.ordered_at > (last.posted_at or 0), orders.c.ordered_at <= now).limit(1)
    if last.posted_at and connection.scalar(dated) is not None:
        return True
    return (connection.scalar(select(fact_clock.c.seq)) or 0) > last.fact_seq or any(due(connection, now))


def new_sales(connection: Connection, turn: Turn, since: int, until: int) -> Sales:
    """Sales from a business day on and until a moment that have no points yet: of customers whose facts changed, or dated after the last posting."""
    o, c = orders.c, customer.c
    query = select(
        o.id, o.customer_id, func.coalesce(o.booked_customer_id, o.customer_id), o.ordered_at, o.ordered_on, o.amount, c.birth_day
    )
    query = query.join(customer, c.id == o.customer_id).join(points_lot, points_lot.c.order_id == o.id, isouter=True)
    query = query.join(points_account, points_account.c.customer_id == c.id, isouter=True)
    closed = points_account.c.closed_at
    query = query.where(
        c.voided_at.is_(None), c.not_graded.is_(None), or_(closed.is_(None), closed > o.ordered_at),
        o.kind == SALE, o.amount > 0, o.ordered_on >= since, o.ordered_at <= until, points_lot.c.id.is_(None),
    )  # fmt: skip
    rows = [*connection.execute(query.where(o.customer_id.in_(_touched(turn.done))))]
    if turn.posted_at is not None:
        rows += connection.execute(query.where(c.fact_seq <= turn.done, o.ordered_at > turn.posted_at))
    parts = list(zip(*sorted(rows), strict=True)) or [()] * 7
    order_id, customer_id, booked_id, ordered_at, ordered_on, amount, birth_day = (
        np.array([NONE if value is None else value for value in part], np.int64) for part in parts
    )
    given_back = refunds(connection, order_id)
    refunded = np.array([given_back.get(key, 0) for key in order_id.tolist()], np.int64)
    return Sales(order_id, customer_id, booked_id, ordered_at, ordered_on, amount, refunded, birth_day)


def _touched(after: int) -> Select[int]:
    """Customers whose facts changed after a write. As a set of ids: joined, SQLite would rather read every order than look up theirs."""
    return select(customer.c.id).where(customer.c.fact_seq > after)


def refunds(connection: Connection, order_ids: Array) -> Mapping[int, int]:
    """What was given back for each of these orders, by whomever."""
    if not len(order_ids):
        return {}
    r, chosen = orders.alias("r"), _chosen(connection, order_ids, "refunded_order")
    query = select(r.c.refund_of, func.sum(r.c.amount)).where(r.c.refund_of.in_(select(chosen.c.id)))
    return {key: int(amount) for key, amount in connection.execute(query.where(r.c.kind == REFUND).group_by(r.c.refund_of))}


def line_bases(connection: Connection, order_ids: Array, categories: Mapping[str, int], products: Mapping[str, int]) -> Mapping[int, int]:
    """Hundred times the amount of each order that has lines, with the factor of each line; only where factors are given.

    The factor of a line is that of its product, else of its category, in hundredths.
    """
    if not (categories or products) or not len(order_ids):
        return {}
    chosen, line = _chosen(connection, order_ids, "posted_order"), order_line.c
    named = case((product.c.external_id.in_(list(products)), product.c.external_id), else_=None)
    query = select(line.order_id, named, term.c.value, func.sum(line.amount)).where(line.order_id.in_(select(chosen.c.id)))
    query = query.join(product, product.c.id == line.product_id, isouter=True).join(term, term.c.id == product.c.category_id, isouter=True)
    query = query.where(line.ordinal >= 0)  # below: void
    query = query.group_by(line.order_id, named, term.c.value)
    found: dict[int, int] = {}
    for key, name, category, amount in connection.execute(query):
        found[key] = found.get(key, 0) + int(amount) * products.get(name, categories.get(category, 100))
    return found


def write_sales(
    connection: Connection,
    sales: Sales,
    points: Array,
    matures_at: Array,
    expires_at: Sequence[int | None],
    *,
    actor: str,
    now: int,
    worth: Array | None = None,
) -> None:
    """One act, lot and pair of entries for each sale, less what was given back; one of 0 points gets a lot too, so that it is not looked at again.

    points: of the whole sale. worth: the amount that they stand for, where it is not that of the sale.
    """
    count, whole = len(sales), points
    points = whole.copy()
    for row in np.flatnonzero(sales.refunded).tolist():
        points[row] = in_proportion(int(whole[row]), int(sales.amount[row]), int(sales.refunded[row]))
    ids = np.array(numbers(connection, count), np.int64)
    _, spendable, pending, owed = _before(connection, sales.customer_id)
    pending += _running(sales.customer_id, points)
    one = np.ones(count, np.int64)
    insert_columns(
        connection,
        "points_act",
        {
            "id": ids, "customer_id": sales.booked_id, "kind": np.full(count, "earn"), "request": np.full(count, "sale"), "at": sales.ordered_at, "posted_at": one * now, "actor": np.full(count, actor), "spendable": spendable, "pending": pending,
            "owed": owed,
        },
    )  # fmt: skip
    insert_columns(
        connection,
        "points_lot",
        {
            "id": ids, "customer_id": sales.booked_id, "matures_at": matures_at,
            "expires_at": np.array([NONE if moment is None else moment for moment in expires_at], np.int64),
            "pending": points, "member": one * 0, "expired": one * 0, "issued": points, "order_id": sales.order_id,
            "sale_amount": sales.amount if worth is None else worth, "sale_points": whole, "order_amount": sales.amount, "refunded": sales.refunded,
        },
        missing=NONE,
    )  # fmt: skip
    some = points > 0
    _entries(connection, ids[some], ids[some], points[some], PENDING, ISSUED)


def in_proportion(points: int, amount: int, refunded: int, of: int | None = None) -> int:
    """What is left of a sale's points after refunds, rounded down. of: the amount for which the points were given; default, the amount."""
    whole = amount if of is None else of
    return points * max(amount - refunded, 0) // whole if whole > 0 else 0


def changed_sales(connection: Connection, after: int) -> list[ChangedSale]:
    """Posted sales that are other than when they were posted: changed, returned by whomever, void, gone, or another customer's.

    Looked at are the sales, and the returns, of customers whose facts changed after a write.
    """
    lot, o, first = points_lot.c, orders.c, customer.alias("first")
    member = func.coalesce(first.c.merged_into, first.c.id).label("member")
    amount = case((o.kind == SALE, o.amount), else_=0).label("amount")
    columns = (lot.id, member, lot.sale_amount, lot.sale_points, lot.order_amount, lot.refunded, lot.order_id, amount)
    lots = select(*columns, o.customer_id.label("buyer")).join(first, first.c.id == lot.customer_id)
    there = lots.join(orders, o.id == lot.order_id)
    apart = or_(amount != lot.order_amount, lot.refunded > 0, member != o.customer_id)
    rows = {row.id: row for row in connection.execute(there.where(o.customer_id.in_(_touched(after)), apart))}
    named = _returned(connection, after)
    if len(named):
        chosen = _chosen(connection, named, "returned_order")
        rows |= {row.id: row for row in connection.execute(there.where(lot.order_id.in_(select(chosen.c.id))))}
    gone = lots.join(orders, o.id == lot.order_id, isouter=True).where(first.c.fact_seq > after, lot.order_id.is_not(None), o.id.is_(None))
    rows |= {row.id: row for row in connection.execute(gone.where(lot.order_amount > 0))}
    given_back = refunds(connection, np.array([row.order_id for row in rows.values()], np.int64))
    found = []
    for row in rows.values():
        refunded, leaves = min(given_back.get(row.order_id, 0), row.amount), row.buyer != row.member
        if leaves or (row.amount, refunded) != (row.order_amount, row.refunded):
            found.append(ChangedSale(row.id, row.member, row.sale_amount, row.sale_points, row.amount, refunded, leaves))
    return sorted(found, key=lambda sale: sale.lot)


def _returned(connection: Connection, after: int) -> Array:
    """Orders that a return names, void ones too, where facts of who returned or of who bought changed after a write."""
    r, o, c = orders.alias("r"), orders.c, customer.c
    by_returner = select(r.c.refund_of).join(customer, c.id == r.c.customer_id).where(c.fact_seq > after, r.c.refund_of.is_not(None))
    by_buyer = select(o.id).join(customer, c.id == o.customer_id).join(r, r.c.refund_of == o.id).where(c.fact_seq > after)
    return np.array(list(connection.scalars(union(by_returner, by_buyer))), np.int64)


def note_sale(connection: Connection, sale: ChangedSale) -> None:
    """Remember for which amount and refunds the points of a sale stand now, or that it has none here any more."""
    values: dict[str, int | None] = {"order_amount": sale.order_amount, "refunded": sale.refunded}
    if sale.leaves or sale.again:
        values["order_id"] = None
    connection.execute(update(points_lot).where(points_lot.c.id == sale.lot).values(values))


def pass_over(connection: Connection, member: int, since: int, *, actor: str, now: int) -> None:
    """Let a member's sales since a moment that have no points never earn any: the account was closed."""
    o = orders.c
    query = select(o.id, o.customer_id, o.ordered_at, o.amount).join(points_lot, points_lot.c.order_id == o.id, isouter=True)
    query = query.where(
        o.customer_id == member, o.kind.in_((SALE, ~SALE)), o.ordered_at >= since, o.ordered_at <= now, points_lot.c.id.is_(None)
    )
    rows = connection.execute(query.order_by(o.id)).all()
    if rows:
        order_id, customer_id, ordered_at, amount = (np.array(part, np.int64) for part in zip(*rows, strict=True))
        none = np.zeros(len(rows), np.int64)
        sales = Sales(order_id, customer_id, customer_id, ordered_at, ordered_at // 86_400, amount, none, none)
        write_sales(connection, sales, none, ordered_at, [None] * len(rows), actor=actor, now=now, worth=none)


def due(connection: Connection, now: int) -> tuple[bool, bool]:
    """Whether a lot matures, and whether one expires, at or before a moment."""
    lot = points_lot.c
    matures = select(lot.id).where(lot.pending > 0, lot.matures_at <= now).limit(1)
    expires = select(lot.id).where(lot.pending + lot.member > 0, lot.expires_at <= now).limit(1)
    return connection.scalar(matures) is not None, connection.scalar(expires) is not None


def debtors_due(connection: Connection, now: int) -> list[int]:
    """Members who owe points and have a lot that is due, or, joined with another, can be spent: what it brings pays the debt first."""
    lot, account = points_lot.c, points_account.c
    is_due = or_((lot.pending > 0) & (lot.matures_at <= now), (lot.pending > 0) & (lot.expires_at <= now), lot.member > 0)
    mine = select(func.coalesce(customer.c.merged_into, customer.c.id)).join(points_account, account.customer_id == customer.c.id)
    owing = mine.where(account.owed != 0)
    member = func.coalesce(customer.c.merged_into, customer.c.id)
    query = select(member).join(points_lot, lot.customer_id == customer.c.id).where(is_due, member.in_(owing)).distinct()
    return sorted(connection.scalars(query))


def settle(connection: Connection, now: int, *, actor: str, expire: bool) -> int:
    """Make lots that are due spendable, or let them expire, for members who owe nothing; how many. Mature comes first."""
    lot = points_lot.c
    is_due = (lot.pending + lot.member > 0) & (lot.expires_at <= now) if expire else (lot.pending > 0) & (lot.matures_at <= now)
    moment = lot.expires_at if expire else lot.matures_at
    owing = select(points_account.c.customer_id).where(points_account.c.owed != 0)
    query = select(lot.id, lot.customer_id, moment, lot.pending, lot.member, lot.expired).where(is_due, lot.customer_id.not_in(owing))
    if connection.dialect.name != "sqlite":  # the row that every other act on these points holds
        whose = select(lot.customer_id).where(is_due).distinct()
        none_yet = select(customer.c.id, literal(0)).where(customer.c.id.in_(whose)).order_by(customer.c.id)
        connection.execute(insert(points_account).from_select(["customer_id", "owed"], none_yet).on_conflict_do_nothing())
        held = select(points_account.c.customer_id).where(points_account.c.customer_id.in_(whose))
        connection.execute(held.order_by(points_account.c.customer_id).with_for_update()).all()
    rows = connection.execute(query.order_by(moment, lot.id)).all()
    if not rows:
        return 0
    lots, customers, at, pending, member, expired = (np.array(part, np.int64) for part in zip(*rows, strict=True))
    moved = member if expire else pending
    ids = np.array(numbers(connection, len(lots)), np.int64)
    members, spendable, waiting, owed = _before(connection, customers)
    change = _running(members, moved)
    one = np.ones(len(lots), np.int64)
    insert_columns(
        connection,
        "points_act",
        {
            "id": ids, "customer_id": customers, "kind": np.full(len(lots), "settle"), "request": np.full(len(lots), ""), "about": lots, "at": at,
            "posted_at": one * now, "actor": np.full(len(lots), actor), "spendable": spendable - change if expire else spendable + change,
            "pending": waiting if expire else waiting - change, "owed": owed,
        },
    )  # fmt: skip
    now_there = (
        {"id": lots, "member": one * 0, "expired": expired + member}
        if expire
        else {"id": lots, "pending": one * 0, "member": member + pending}
    )
    update_columns(connection, "points_lot", now_there)
    _entries(connection, ids, lots, moved, EXPIRED if expire else MEMBER, MEMBER if expire else PENDING)
    return len(lots)


def _entries(connection: Connection, acts: Array, lots: Array, points: Array, gains: str, loses: str) -> None:
    columns = {
        "act_id": np.concatenate([acts, acts]),
        "account": np.array([gains] * len(acts) + [loses] * len(acts), object),
        "lot_id": np.concatenate([lots, lots]),
        "points": np.concatenate([points, -points]),
    }
    insert_columns(connection, "points_entry", columns)


def _before(connection: Connection, customers: Array) -> tuple[Array, Array, Array, Array]:
    """The member behind each row, with the spendable, pending and owed points as they are stored."""
    chosen = _chosen(connection, customers, "posted_member")
    member = func.coalesce(customer.c.merged_into, customer.c.id)
    family = select(member).join(chosen, chosen.c.id == customer.c.id)
    everybody = select(customer.c.id, member).where(or_(customer.c.id.in_(family), customer.c.merged_into.in_(family)))
    members: dict[int, int] = dict(connection.execute(everybody).all())
    them = select(_chosen(connection, np.array(list(members), np.int64), "posted_family").c.id)
    lot, account = points_lot.c, points_account.c
    lots = select(lot.customer_id, func.sum(lot.member), func.sum(lot.pending), literal(0)).group_by(lot.customer_id)
    debts = select(account.customer_id, literal(0), literal(0), account.owed)
    totals: dict[int, tuple[int, ...]] = dict.fromkeys(members.values(), (0, 0, 0))
    for key, *points in connection.execute(union_all(lots.where(lot.customer_id.in_(them)), debts.where(account.customer_id.in_(them)))):
        totals[members[key]] = tuple(before + int(more) for before, more in zip(totals[members[key]], points, strict=True))
    whose = [members[key] for key in customers.tolist()]
    spendable, pending, owes = (np.array(part, np.int64) for part in zip(*(totals[key] for key in whose), strict=True))
    return np.array(whose, np.int64), spendable, pending, np.maximum(owes, 0)


def _chosen(connection: Connection, keys: Array, name: str) -> TableClause:
    """A temporary table of some keys, for joins over many."""
    return table(Tables(connection).ids_table(np.unique(keys), name), column("id", BigInteger))


def _running(keys: Array, values: Array) -> Array:
    """The sum of a key's values up to each row, in the order of the rows."""
    order = np.argsort(keys, kind="stable")
    total = np.cumsum(values[order])
    first = np.flatnonzero(np.r_[True, keys[order][1:] != keys[order][:-1]])
    start = np.repeat(total[first] - values[order][first], np.diff(np.r_[first, len(keys)]))
    running = np.empty_like(total)
    running[order] = total - start
    return running
