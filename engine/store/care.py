"""What care plans did, as rows: acts, messages that wait, and what their customers bought afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, case, func, select, update

from engine.columns import Array
from engine.store.ingest.tables import Tables
from engine.store.models import REFUND, SALE, care_act, care_message, change, customer, label, orders, output, run


def done(connection: Connection, plan: str) -> tuple[Array, list[str]]:
    """Customers and occasions of a plan that were cared for, or left out to compare with."""
    rows = connection.execute(select(care_act.c.customer_id, care_act.c.occasion).where(care_act.c.plan == plan)).all()
    return np.array([row[0] for row in rows], np.int64), [row[1] for row in rows]


def often(connection: Connection, since: int, most: int) -> Array:
    """Customers who were cared for so often, by all plans, after a day."""
    query = select(care_act.c.customer_id).where(care_act.c.day > since, care_act.c.control == 0).group_by(care_act.c.customer_id)
    return np.array(connection.scalars(query.having(func.count() >= most)).all(), np.int64)


def keep(connection: Connection, plan: str, customers: Array, occasions: Sequence[str], control: Array, *, day: int, at: int) -> None:
    """Write down that these occasions are dealt with. The key refuses a second time."""
    if len(customers):
        columns = {
            "customer_id": customers,
            "plan": plan,
            "occasion": list(occasions),
            "day": day,
            "at": at,
            "control": control.astype(int),
        }
        Tables(connection).insert("care_act", columns)


def add_tasks(connection: Connection, columns: Mapping[str, Any]) -> None:
    """Make a task for each customer; columns as the table has them."""
    if len(columns["customer_id"]):
        fixed = {"kind": "care", "status": "open", "outcome": "", "revision": 1}
        Tables(connection).insert("task", {**columns, **fixed})


def add_messages(connection: Connection, columns: Mapping[str, Any]) -> None:
    """Put messages into the outbox."""
    if len(columns["customer_id"]):
        fixed = {"status": "waiting", "lease_until": 0, "attempts": 0, "last_error": ""}
        Tables(connection).insert("care_message", {**columns, **fixed})


def moves(connection: Connection, address: str, since: int, until: int) -> list[tuple[int, int, str | None, str | None]]:
    """Moves of an output in runs that became visible from a moment on and before another: customer, run, labels before and after."""
    was, now = label.alias("was"), label.alias("now")
    query = (
        select(change.c.customer_id, change.c.run_id, was.c.key, now.c.key)
        .join(run, run.c.id == change.c.run_id)
        .join(output, output.c.id == change.c.output_id)
        .join(was, was.c.id == change.c.was, isouter=True)
        .join(now, now.c.id == change.c.now, isouter=True)
        .where(output.c.address == address, run.c.status == "visible", run.c.visible_at >= since, run.c.visible_at < until)
        .order_by(change.c.customer_id, change.c.run_id)
    )
    return [tuple(row) for row in connection.execute(query)]


def people(connection: Connection, customers: Array) -> dict[int, tuple[str, str | None, str | None, str | None]]:
    """Own id, name, e-mail and telephone of some customers by key."""
    found: dict[int, tuple[str, str | None, str | None, str | None]] = {}
    columns = (customer.c.id, customer.c.external_id, customer.c.name, customer.c.email, customer.c.phone)
    for start in range(0, len(customers), 5_000):
        for row in connection.execute(select(*columns).where(customer.c.id.in_(customers[start : start + 5_000].tolist()))):
            found[row[0]] = (row[1], row[2], row[3], row[4])
    return found


def counts(connection: Connection) -> dict[str, dict[str, int]]:
    """Per plan how many occasions were cared for, left out to compare with, and the last day."""
    query = select(care_act.c.plan, func.sum(1 - care_act.c.control), func.sum(care_act.c.control), func.max(care_act.c.day)).group_by(
        care_act.c.plan
    )
    return {plan: {"care": int(care), "control": int(control), "day": int(day)} for plan, care, control, day in connection.execute(query)}


def messages(connection: Connection, plan: str | None = None) -> dict[str, int]:
    """How many messages there are by state."""
    query = select(care_message.c.status, func.count()).group_by(care_message.c.status)
    if plan is not None:
        query = query.where(care_message.c.plan == plan)
    return {status: int(count) for status, count in connection.execute(query)}


def bought(connection: Connection, plan: str, days: int, now: int) -> list[Row[Any]]:
    """Per occasion whose time is over: whether in the control group, orders and revenue (minor units) in the days after it."""
    length = days * 86_400
    inside = (
        (orders.c.customer_id == care_act.c.customer_id)
        & (orders.c.ordered_at > care_act.c.at)
        & (orders.c.ordered_at <= care_act.c.at + length)
    )
    amount = case((orders.c.kind == REFUND, -orders.c.amount), else_=orders.c.amount)
    query = (
        select(
            care_act.c.control,
            func.sum(case((orders.c.kind == SALE, 1), else_=0)).label("orders"),
            func.coalesce(func.sum(amount), 0).label("amount"),
        )
        .join(orders, inside & (orders.c.kind >= 0), isouter=True)
        .where(care_act.c.plan == plan, care_act.c.at + length <= now)
        .group_by(care_act.c.customer_id, care_act.c.occasion, care_act.c.control)
    )
    return list(connection.execute(query))


def due(connection: Connection, kind: str, now: int, limit: int) -> list[int]:
    """Messages of a kind whose time has come and that nobody is at."""
    message = care_message.c
    query = select(message.id).where(message.status == "waiting", message.kind == kind, message.next_at <= now, message.lease_until <= now)
    return list(connection.scalars(query.order_by(message.next_at, message.id).limit(limit)))


def claim(connection: Connection, numbers: Sequence[int], now: int, seconds: int) -> list[Row[Any]]:
    """Take some messages for a while; those that nobody else took meanwhile, with the address of each customer.

    Messages to customers who were voided meanwhile have failed.
    """
    free = (care_message.c.id.in_(numbers)) & (care_message.c.status == "waiting") & (care_message.c.lease_until <= now)
    taken = list(connection.scalars(update(care_message).where(free).values(lease_until=now + seconds).returning(care_message.c.id)))
    query = (
        select(care_message, customer.c.external_id, customer.c.name, customer.c.email, customer.c.phone)
        .join(customer, customer.c.id == care_message.c.customer_id)
        .where(care_message.c.id.in_(taken), customer.c.voided_at.is_(None))
    )
    found = list(connection.execute(query.order_by(care_message.c.id)))
    gone = sorted(set(taken) - {each.id for each in found})
    if gone:
        finish(connection, gone, {"status": "failed", "next_at": None, "last_error": "the customer was removed"})
    return found


def finish(connection: Connection, numbers: Sequence[int], values: Mapping[str, Any]) -> None:
    """What came of an attempt."""
    connection.execute(update(care_message).where(care_message.c.id.in_(numbers)).values(lease_until=0, **values))
