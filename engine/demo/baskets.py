"""What is in each order, what it costs, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.columns import Array
from engine.demo.dice import Dice
from engine.demo.goods import CATEGORIES, Goods
from engine.demo.orders import Orders
from engine.demo.people import People
from engine.demo.seasons import END

DAY = 86_400
REFUNDED = 0.045
"""The share of orders of which something is given back."""


@dataclass(slots=True)
class Lines:
    """Order lines as columns: position of the order, product, quantity, unit price and line cost in yuan fen."""

    order: Array
    product: Array
    quantity: Array
    price: Array
    cost: Array

    def take(self, rows: Array) -> Lines:
        """Some of the lines."""
        return Lines(self.order[rows], self.product[rows], self.quantity[rows], self.price[rows], self.cost[rows])


@dataclass(slots=True)
class Refunds:
    """Refunds as columns: position of the order given back, local seconds since 1970, and the lines (order: position here)."""

    order: Array
    at: Array
    lines: Lines


def make_lines(dice: Dice, people: People, goods: Goods, orders: Orders) -> Lines:
    """Fill the baskets: a favourite category per customer, more and larger for those who are worth more."""
    company = people.company[orders.customer]
    size = 1 + np.minimum(np.where(company, dice.poisson(len(orders), 1.5), dice.poisson(len(orders), 0.95)), 9)
    order = np.repeat(np.arange(len(orders)), size)
    customer = orders.customer[order]
    product = _products(dice, people, goods, customer)
    quantity = _quantities(dice, people, goods, customer, product)
    price = _prices(dice, people, goods, orders, order, product)
    return Lines(order, product, quantity, price, goods.cost[product] * quantity)


def _products(dice: Dice, people: People, goods: Goods, customer: Array) -> Array:
    favourite = dice.pick(len(people), [5, 4, 3, 3, 3, 2, 2, 0.3])
    office = CATEGORIES.index("office")
    favourite[people.company] = np.where(dice.chance(int(people.company.sum()), 0.6), office, favourite[people.company])
    own = dice.chance(len(customer), 0.55)
    category = np.where(own, favourite[customer], dice.pick(len(customer), [4, 4, 2, 3, 3, 3, 3, 0.4]))
    chosen = np.zeros(len(customer), dtype=np.int64)
    for at in range(len(CATEGORIES)):
        ours, shelf = np.flatnonzero(category == at), np.flatnonzero(goods.category == at)
        rich = people.value[customer[ours]] > 0.7
        small = shelf[dice.pick(len(ours), goods.popularity[shelf])]
        dear = shelf[dice.pick(len(ours), goods.popularity[shelf] * goods.price[shelf] ** 0.8)]
        chosen[ours] = np.where(rich, dear, small)
    return chosen


def _quantities(dice: Dice, people: People, goods: Goods, customer: Array, product: Array) -> Array:
    """Persons buy one or two of a thing, companies several, and few of what is dear."""
    usual = np.where(people.company[customer], 2.6 * np.exp(0.45 * people.value[customer]), 0.55 * np.exp(0.45 * people.value[customer]))
    usual = usual * np.clip(15_000 / goods.price[product], 0.1, 1.5)
    result: Array = np.clip(np.floor(1 + usual * dice.exponential(len(customer))), 1, 400).astype(np.int64)
    return result


def _prices(dice: Dice, people: People, goods: Goods, orders: Orders, order: Array, product: Array) -> Array:
    """List price, raised a little each year; companies pay less, and so does everybody around Double 11."""
    year = np.floor(orders.day[order] / 365)
    day = np.floor(orders.day[order]).astype(np.int64)
    sale = np.isin(day, [start + n for start in (313, 679, 1044) for n in range(3)])
    factor = (1 + 0.03 * year) * np.where(people.company[orders.customer[order]], 0.88, 1.0) * np.where(sale, 0.8, 1.0)
    factor *= np.where(dice.chance(len(order), 0.12), 0.9, 1.0)
    staff = people.table["not_graded"][orders.customer[order]] == "staff"
    return np.maximum(np.round(goods.price[product] * factor * np.where(staff, 0.5, 1.0) / 10) * 10, 10).astype(np.int64)


def make_refunds(dice: Dice, orders: Orders, lines: Lines) -> Refunds:
    """Give back: half of the refunds the whole order, half its first line; each a fact of its own, 2 to 25 days later."""
    at = orders.at + np.floor((2 + 23 * dice.uniform(len(orders)) ** 2) * DAY).astype(np.int64)
    given = np.flatnonzero(dice.chance(len(orders), REFUNDED) & (at < END))
    given = given[np.argsort(at[given], kind="stable")]
    whole = dice.chance(len(given), 0.5)
    position = np.full(len(orders), -1)
    position[given] = np.arange(len(given))
    first = np.concatenate([[True], lines.order[1:] != lines.order[:-1]])
    back = np.flatnonzero((position[lines.order] >= 0) & (first | whole[position[lines.order]]))
    taken = lines.take(back[np.argsort(position[lines.order[back]], kind="stable")])
    taken.order = position[taken.order]
    return Refunds(given, at[given], taken)
