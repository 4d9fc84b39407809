"""What the generated company sells: products in two sizes, with categories, prices and costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.columns import Array
from engine.demo import words
from engine.demo.dice import Dice

CATEGORIES = tuple(words.GOODS)
SIZES = {"tea": ("100 g", "250 g"), "coffee": ("250 g", "1 kg"), "gifts": ("", "deluxe"), "office": ("", "XL")}


@dataclass(slots=True)
class Goods:
    """Products as columns. category: position in `CATEGORIES`; popularity: how often it is chosen within its category.

    price, cost: fen (1/100 yuan) per unit.
    """

    table: dict[str, Array]
    category: Array
    popularity: Array
    price: Array
    cost: Array
    large: Array


def make_goods(dice: Dice) -> Goods:
    """Lay out the catalogue: each good small and large."""
    rows = [
        (name, at, size, rank)
        for at, name in enumerate(CATEGORIES)
        for rank, _ in enumerate(words.table(words.GOODS[name]))
        for size in (0, 1)
    ]
    names, prices = [], []
    for category, _, size, rank in rows:
        chinese, latin, yuan = words.table(words.GOODS[category])[rank]
        names.append(f"{chinese} {latin} {SIZES.get(category, ('S', 'L'))[size]}".strip())
        prices.append(round(float(yuan) * (1.0, 2.2)[size]) * 100 - 10)
    price = np.array(prices, dtype=np.int64)
    cost = np.round(price * (0.42 + 0.26 * dice.uniform(len(rows))) / 10).astype(np.int64) * 10
    popularity = np.array([(1.0, 0.45)[size] / (rank + 1.5) for _, _, size, rank in rows])
    table = {
        "product": np.array([f"P{at + 1:03d}" for at in range(len(rows))], dtype=object),
        "name": np.array(names, dtype=object),
        "category": np.array([row[0] for row in rows], dtype=object),
        "cost": cents(cost),
    }
    return Goods(table, np.array([row[1] for row in rows]), popularity, price, cost, np.array([bool(row[2]) for row in rows]))


def cents(amounts: Array) -> Array:
    """Hundredths as text with a point; each distinct amount is written once."""
    distinct, where = np.unique(amounts, return_inverse=True)
    return np.array([f"{amount // 100}.{amount % 100:02d}" for amount in distinct.tolist()], dtype=object)[where]
