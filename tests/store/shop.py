"""A small company written straight into the tables, and what its features must be, in plain Python."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import delete, insert, select, update

from engine.store.facts import init_settings, next_fact_seq
from engine.store.models import custom_field, custom_value, customer, fact_clock, import_batch, order_line, orders, product, source, term
from engine.store.session import Store

DAY = 86_400
AS_OF = 1_750_000_000
SALE, REFUND, VOIDED_SALE, VOIDED_REFUND = 0, 1, -1, -2


@dataclass(frozen=True)
class Order:
    """An order `ago` seconds before AS_OF; a negative number is after it."""

    customer: int
    ago: int
    amount: int = 100
    kind: int = SALE
    channel: str | None = None
    store: str | None = None
    cost: int | None = None
    lines: tuple[tuple[str | None, int, int], ...] = ()  # product, quantity in 1/1000, amount


@dataclass
class Shop:
    """Customers 1..n. hidden: voided or merged; not_graded: reasons by customer."""

    customers: int
    orders: list[Order] = field(default_factory=list)
    hidden: tuple[int, ...] = ()
    not_graded: dict[int, str] = field(default_factory=dict)
    profile: dict[int, dict[str, Any]] = field(default_factory=dict)
    categories: dict[str, str] = field(default_factory=dict)

    @property
    def live(self) -> list[int]:
        return [number for number in range(1, self.customers + 1) if number not in self.hidden]


def key_hash(number: int) -> int:
    return (number * 0x9E3779B97F4A7C15 + 12345) % 2**64 - 2**63


def open_store(url: str, timezone: str = "Asia/Shanghai", digits: int = 2, cache_dir: Path | None = None) -> Store:
    """A new store with its settings, one source and one import batch."""
    store = Store.open(url, cache_dir=cache_dir)
    init_settings(store, timezone, "CNY", digits)
    with store.write() as connection:
        connection.execute(insert(source).values(id=1, name="till"))
        batch = {"id": 7, "kind": "orders", "source_id": 1, "file": "f", "mapping": "m", "actor": "a", "started_at": 0}
        connection.execute(insert(import_batch).values(batch))
    return store


def day_of(moment: int, offset: int = 8 * 3600) -> int:
    return (moment + offset) // DAY


def fill(store: Store, shop: Shop) -> None:
    """Replace everything the store holds by this shop."""
    with store.write() as connection:
        next_fact_seq(connection)
        for table in (order_line, orders, product, custom_value, custom_field, customer, term):
            connection.execute(delete(table))
        terms: dict[tuple[str, str], int] = {}

        def term_id(kind: str, value: str | None) -> int | None:
            if value is None:
                return None
            if (kind, value) not in terms:
                terms[kind, value] = len(terms) + 1
                connection.execute(insert(term).values(id=terms[kind, value], field=kind, value=value))
            return terms[kind, value]

        rows = []
        for number in range(1, shop.customers + 1):
            row = {"id": number, "key_hash": key_hash(number), "external_id": str(number), "batch_id": 7, "joined_at": None}
            row |= dict.fromkeys(("kind", "gender", "birth_day", "income", "region_id"))
            given = dict(shop.profile.get(number, {}))
            row["region_id"] = term_id("region", given.pop("region", None))
            row |= given
            row["not_graded"] = shop.not_graded.get(number)
            row["voided_at"] = 1 if number in shop.hidden and number % 2 else None
            rows.append(row)
        if rows:
            connection.execute(insert(customer), rows)
        for number in shop.hidden:
            if number % 2 == 0:
                connection.execute(update(customer).where(customer.c.id == number).values(merged_into=1))
        products: dict[str, int] = {}
        for name, category in shop.categories.items():
            products[name] = len(products) + 1
            values = {
                "id": products[name],
                "source_id": 1,
                "external_id": name,
                "category_id": term_id("category", category),
                "batch_id": 7,
            }
            connection.execute(insert(product).values(values))
        written, lines = [], []
        for number, order in enumerate(shop.orders, 1):
            moment = AS_OF - order.ago
            row = {"id": number, "source_id": 1, "external_id": str(number), "customer_id": order.customer, "batch_id": 7}
            row |= {"ordered_at": moment, "ordered_on": day_of(moment), "kind": order.kind, "amount": order.amount, "cost": order.cost}
            row |= {"channel_id": term_id("channel", order.channel), "store_id": term_id("store", order.store)}
            written.append(row)
            for ordinal, (bought, quantity, amount) in enumerate(order.lines):
                line = {"order_id": number, "ordinal": ordinal, "product_id": products.get(bought or ""), "quantity": quantity}
                lines.append({**line, "unit_price": 0, "amount": amount})
        if written:
            connection.execute(insert(orders), written)
        if lines:
            connection.execute(insert(order_line), lines)


def fact_seq(store: Store) -> int:
    with store.read() as connection:
        return int(connection.scalar(select(fact_clock.c.seq)) or 0)


# --- the oracle -------------------------------------------------------------------------------------------------


def kept(shop: Shop, customer: int, kind: int, window: int | None, ends: int = 0) -> list[Order]:
    """The rows of a customer in (end - window, end], oldest first."""
    end = ends * DAY
    start = math.inf if window is None else end + window * DAY
    found = [order for order in shop.orders if order.customer == customer and order.kind == kind and end <= order.ago < start]
    return sorted(found, key=lambda order: -order.ago)


def expected(shop: Shop, customer: int, measure: str, window: int | None) -> float | None:
    """What a feature of orders must be, None for missing; money is in cents here."""
    sales, refunds = kept(shop, customer, SALE, window), kept(shop, customer, REFUND, window)
    days = sorted({day_of(AS_OF - order.ago) for order in sales})
    gaps = [later - earlier for earlier, later in pairwise(days)]
    every = kept(shop, customer, SALE, None)
    match measure:
        case "count":
            return len(sales)
        case "amount":
            return sum(order.amount for order in sales) / 100
        case "net_amount":
            return (sum(order.amount for order in sales) - sum(order.amount for order in refunds)) / 100
        case "average_amount":
            return sum(order.amount for order in sales) / (len(sales) * 100) if sales else None
        case "cost":
            return sum(order.cost or 0 for order in sales) / 100
        case "refund_count":
            return len(refunds)
        case "refund_amount":
            return sum(order.amount for order in refunds) / 100
        case "purchase_days":
            return len(days)
        case "recency_days":
            return sales[-1].ago // DAY if sales else None
        case "tenure_days":
            return sales[0].ago // DAY if sales else None
        case "interval_days":
            return (days[-1] - days[0]) / (len(days) - 1) if len(days) > 1 else None
        case "interval_median_days":
            return median(gaps) if gaps else None
        case "gap_days":
            moments = sorted({order.ago for order in every})
            return (moments[1] - moments[0]) // DAY if sales and len(moments) > 1 else None
    raise AssertionError(measure)


def web(shop: Shop) -> Shop:
    """The same shop with the orders of one channel only."""
    return replace(shop, orders=[order for order in shop.orders if order.channel == "web"])
