"""What an order sums up to, once single lines of it were changed, voided or brought back."""

from __future__ import annotations

import numpy as np

from engine.store.ingest.money import line_amounts
from engine.store.ingest.parsed import Ints
from engine.store.ingest.tables import Tables


def sum_up(tables: Tables, orders: Ints, minor_digits: int) -> None:
    """Write amount, cost and booked amount of orders anew from their lines that count.

    The cost of an order is unknown where that of any line is. The booked amount, in the order's own currency, follows from
    quantities and prices, which are kept as booked.
    """
    keys = np.unique(orders)
    if not len(keys):
        return
    table = tables.ids_table(keys, "summed")
    lines = "from order_line l where l.order_id = orders.id and l.ordinal >= 0"
    tables.run(
        f"update orders set amount = (select coalesce(sum(l.amount), 0) {lines}), "
        f"cost = (select case when count(*) = count(l.cost) then sum(l.cost) end {lines}) where id in (select id from {table})"
    )
    query = (
        f"select o.id, l.quantity, l.unit_price from {table} join orders o on o.id = {table}.id "
        "join order_line l on l.order_id = o.id where o.currency_amount is not null and l.ordinal >= 0 order by o.id"
    )
    rows = np.array(list(tables.rows(query)), np.int64).reshape(-1, 3)
    if len(rows):
        booked = line_amounts(rows[:, 1], rows[:, 2], minor_digits)
        ids, starts = np.unique(rows[:, 0], return_index=True)
        tables.many("update orders set currency_amount = ? where id = ?", np.add.reduceat(booked, starts), ids)


def void_places(tables: Tables, orders: Ints, places: Ints, *, voided: bool) -> None:
    """Take lines out of their orders, or bring them back: a voided line has the complement of its place."""
    now, then = (places, -1 - places) if voided else (-1 - places, places)
    tables.many("update order_line set ordinal = ? where order_id = ? and ordinal = ?", then, orders, now)


def voided_lines(tables: Tables, orders: Ints) -> Ints:
    """The voided lines of orders: order, place, product, quantity, unit price, one row each."""
    table = tables.ids_table(np.unique(orders), "voided_of")
    columns = "l.order_id, -1 - l.ordinal, coalesce(l.product_id, -1), l.quantity, l.unit_price"
    query = f"select {columns} from {table} join order_line l on l.order_id = {table}.id where l.ordinal < 0 order by l.order_id, l.ordinal"
    return np.array(list(tables.rows(query)), np.int64).reshape(-1, 5)


def void_again(tables: Tables, voided: Ints, minor_digits: int) -> None:
    """After orders were replaced: a line that stands where a voided one stood, and is the same, is void again.

    An order of which nothing would count any more counts as its source sent it.
    """
    table = tables.ids_table(np.unique(voided[:, 0]), "voided_of")
    columns = "l.order_id, l.ordinal, coalesce(l.product_id, -1), l.quantity, l.unit_price"
    lines = {tuple(row) for row in tables.rows(f"select {columns} from {table} join order_line l on l.order_id = {table}.id")}
    same = np.array([tuple(row) in lines for row in voided.tolist()], bool)
    left = {order for order, *_ in lines - set(map(tuple, voided.tolist()))}
    chosen = voided[same & np.isin(voided[:, 0], list(left))]
    if len(chosen):
        void_places(tables, chosen[:, 0], chosen[:, 1], voided=True)
        sum_up(tables, chosen[:, 0], minor_digits)
