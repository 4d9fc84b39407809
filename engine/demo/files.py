"""Write the generated company as the files a shop would hand over, in the columns of the native mappings."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import numpy as np

from engine.columns import Array
from engine.demo.baskets import Lines, Refunds
from engine.demo.dice import Dice
from engine.demo.goods import Goods, cents
from engine.demo.orders import CHANNELS, Orders
from engine.demo.people import People
from engine.demo.seasons import DAYS, FIRST_DAY

DAY = 86_400
OFFSET = "+08:00"


def write_table(path: Path, columns: dict[str, Array]) -> Path:
    """Write a CSV file (UTF-8, comma, nothing quoted without need) and return its path."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*(column.tolist() for column in columns.values()), strict=True))
    return path


def make_rates(dice: Dice) -> dict[str, Array]:
    """Yuan per US dollar from each Monday on: a slow random walk around 7.15."""
    days = [FIRST_DAY + dt.timedelta(n) for n in range(DAYS) if n == 0 or (FIRST_DAY + dt.timedelta(n)).weekday() == 0]
    rate = 7.15 + 0.12 * np.sin(np.arange(len(days)) / 19) + 0.012 * np.cumsum(dice.normal(len(days)))
    tenths = np.round(np.clip(rate, 6.6, 7.6) * 10_000).astype(np.int64)
    return {
        "currency": np.full(len(days), "USD", dtype=object),
        "day": np.array([day.isoformat() for day in days], dtype=object),
        "rate": np.array([f"{value // 10_000}.{value % 10_000:04d}" for value in tenths.tolist()], dtype=object),
    }


def line_table(people: People, goods: Goods, orders: Orders, lines: Lines, refunds: Refunds, rates: dict[str, Array]) -> dict[str, Array]:
    """Sales and refunds together, one row per line, in the order of their time; orders stay together."""
    width = max(6, len(str(len(orders))))
    sale_ids, refund_ids = _ids("O", len(orders), width), _ids("R", len(refunds.order), width)
    order = np.concatenate([lines.order, refunds.order[refunds.lines.order]])  # the sale each line belongs to
    kind = np.repeat(np.array([0, 1]), [len(lines.order), len(refunds.lines.order)])
    at = np.concatenate([orders.at[lines.order], refunds.at[refunds.lines.order]])
    number = np.concatenate([lines.order, refunds.lines.order])
    rows = np.lexsort((np.arange(len(at)), number, kind, at))
    both = Lines(*(np.concatenate([getattr(lines, name), getattr(refunds.lines, name)])[rows] for name in Lines.__slots__))
    order, kind, at, number = order[rows], kind[rows], at[rows], number[rows]
    foreign = people.market[orders.customer[order]] == 1
    price, cost = _in_currency(both, foreign, _rate_on(rates, orders.at[order]))
    fresh = (kind == 0) & (orders.day[order] >= DAYS - 4)
    return {
        "order": np.where(kind == 0, sale_ids[np.where(kind == 0, number, 0)], refund_ids[np.where(kind == 1, number, 0)]),
        "customer": people.table["customer"][orders.customer[order]],
        "ordered_at": _stamps(at),
        "kind": np.array(["sale", "refund"], dtype=object)[kind],
        "refund_of": np.where(kind == 1, sale_ids[order], ""),
        "product": goods.table["product"][both.product],
        "quantity": both.quantity,
        "unit_price": cents(price),
        "cost": cents(cost),
        "currency": np.where(foreign, "USD", "CNY").astype(object),
        "seller": orders.seller[order],
        "store": orders.store[order],
        "channel": np.array(CHANNELS, dtype=object)[orders.channel[order]],
        "status": np.where(kind == 1, "returned", np.where(fresh, "shipped", "delivered")).astype(object),
    }


def _ids(letter: str, count: int, width: int) -> Array:
    if not count:
        return np.array([""], dtype=object)
    return np.char.add(letter, np.char.zfill(np.arange(1, count + 1).astype(str), width)).astype(object)


def _stamps(at: Array) -> Array:
    distinct, where = np.unique(at, return_inverse=True)
    return (np.datetime_as_string(distinct.astype("datetime64[s]")).astype(object) + OFFSET)[where]


def _rate_on(rates: dict[str, Array], at: Array) -> Array:
    """The rate of the day of the sale; a refund gives back the price that was paid."""
    days = rates["day"].astype("datetime64[D]").astype(np.int64)
    return rates["rate"].astype(float)[np.searchsorted(days, at // DAY, side="right") - 1]


def _in_currency(lines: Lines, foreign: Array, rate: Array) -> tuple[Array, Array]:
    """Unit price and line cost in hundredths of the order's currency; dollar prices end in .95 and are a fifth higher."""
    dollars = np.maximum(np.round(lines.price / rate * 1.2 / 100) * 100 - 5, 95).astype(np.int64)
    cost = np.round(lines.cost / rate).astype(np.int64)
    return np.where(foreign, dollars, lines.price), np.where(foreign, cost, lines.cost)
