"""From cleaned rows to order entries: customers, products, dictionary ids, kinds, money in the business currency."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.errors import FactError, did_you_mean
from engine.store.facts import StoreSettings
from engine.store.ingest.clean import AMOUNT_LIMIT, Rows
from engine.store.ingest.customers import create_customers
from engine.store.ingest.entries import Entries
from engine.store.ingest.intake import Intake
from engine.store.ingest.moments import business_days
from engine.store.ingest.money import convert, line_amounts
from engine.store.ingest.parsed import NONE, Array, Flags, Ints, distinct, flags
from engine.store.ingest.products import create_products, product_index
from engine.store.ingest.rates import RateTable
from engine.store.ingest.stored_index import FEW, some

SALE, REFUND = 0, 1


class Resolver:
    """Turns rows of orders or order lines into entries, rejecting those that do not fit with the store."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        self.lines = intake.mapping.kind == "lines"
        self._products = product_index(intake) if self.lines else None
        self._rates: RateTable | None = None
        self._joined: dict[str, int] | None = None

    def entries(self, rows: Rows) -> Entries:
        """All rows as entries; those still alive afterwards are sound."""
        columns = self._money(rows, self._kinds(rows))
        customers = self._customers(rows)
        columns["customer_id"] = customers
        columns["booked_id"] = self._booked(rows, customers)
        columns["line"] = rows.chunk.lines
        columns["ordered_at"] = rows.ints("ordered_at")
        columns["version"] = rows.ints("version")
        for name in ("channel", "store", "seller", "status"):
            texts = rows.texts(name)
            columns[f"{name}_id"] = self.intake.terms(name, texts) if rows.has(name) else np.full(len(rows), NONE)
        columns["product_id"] = self._product_ids(rows)
        columns["external_id"] = rows.texts("order")
        columns["refund_of"] = rows.texts("refund_of")
        return Entries(columns)

    def _kinds(self, rows: Rows) -> Ints:
        """Sale or refund; a refund may stand with either sign, a sale must not be negative."""
        kinds = np.where(rows.ints("kind") == NONE, SALE, rows.ints("kind"))
        kinds = np.where(rows.matching(rows.mapping.refunds), REFUND, kinds)
        name = "quantity" if self.lines else "amount"
        values = rows.ints(name)
        rows.reject(
            (kinds == SALE) & (values < 0) & (values != NONE), name, f"negative {name} on a sale", "zero or more, or the kind refund"
        )
        if self.lines:
            rows.reject(values == 0, name, "quantity zero", "a quantity other than 0")
        return kinds

    def _customers(self, rows: Rows) -> Ints:
        texts = rows.texts("customer")
        named = rows.names_customer()
        usable = texts if named.all() else pc.if_else(pa.array(named), texts, None)
        values, codes = distinct(usable)
        index = self.intake.customers(self.intake.source)
        keys = index.find(values)
        missing = keys < 0
        if missing.any() and self.intake.mapping.unknown_customers == "create":
            keys[missing] = self._create(rows, values.filter(pa.array(missing)), codes, np.flatnonzero(missing))
        found = np.append(keys, -1)[codes]
        unknown = rows.alive & (found < 0)
        if unknown.any():
            rows.reject(unknown, "customer", "unknown customer", self._hints(values, keys, codes))
        return found

    def _create(self, rows: Rows, texts: Array, codes: Ints, wanted: Ints) -> Ints:
        """New customers take name and country from the first row that names them."""
        seen, first = np.unique(codes, return_index=True)
        at = first[np.searchsorted(seen, wanted)]
        columns: dict[str, Any] = {}
        if rows.has("customer.country"):
            columns["country_id"] = self.intake.terms("country", rows.texts("customer.country").take(pa.array(at)))
        if rows.has("customer.name"):
            columns["name"] = rows.texts("customer.name").take(pa.array(at))
        if rows.mapping.not_graded:
            columns["not_graded"] = rows.not_graded().take(pa.array(at))
        keys = create_customers(self.intake, self.intake.source, texts, columns)
        self.intake.report.customers_created += len(keys)
        return keys

    def _hints(self, values: Array, keys: Ints, codes: Ints) -> list[str]:
        """What would have been right, near ids looked up for a few only."""
        hints = ["a customer that is stored"] * (len(values) + 1)
        for code in np.flatnonzero(keys < 0)[:20].tolist():
            text = values[code].as_py()
            near = self.intake.tables.rows(
                "select external_id from alias where source_id = ? and external_id >= ? order by external_id limit 20",
                self.intake.source,
                text[:2],
            )
            hint = did_you_mean(text, [each for (each,) in near])
            hints[code] = f"a customer that is stored; {hint}" if hint else hints[code]
        return [hints[code] for code in codes.tolist()]

    def _booked(self, rows: Rows, customers: Ints) -> Ints:
        """Whom an order of a joined customer was booked to, so that the join can be separated again."""
        joined = self._joined_of(rows.texts("customer"))
        if not joined:
            return np.full(len(rows), NONE)
        booked = np.array([joined.get(text, NONE) for text in rows.texts("customer").to_pylist()], np.int64)
        return np.where(booked == customers, NONE, booked)

    def _joined_of(self, texts: Array) -> dict[str, int]:
        """Whose ids those of joined customers were first: of a few rows their own, else all, read once."""
        query = "select external_id, first_customer_id from alias where source_id = ? and customer_id <> first_customer_id"
        if self._joined is None:
            if len(texts) <= FEW:
                return dict(some(self.intake.tables, query, self.intake.source, sorted(set(texts.drop_null().to_pylist()))))
            self._joined = dict(self.intake.tables.rows(query, self.intake.source))
        return self._joined

    def _product_ids(self, rows: Rows) -> Ints:
        if self._products is None or not rows.has("product"):
            return np.full(len(rows), NONE)
        texts = rows.texts("product")
        values, codes = distinct(pc.if_else(pa.array(rows.alive), texts, None))
        keys = self._products.find(values)
        missing = np.flatnonzero(keys < 0)
        if len(missing):
            columns: dict[str, Any] = {}
            if rows.has("product.name"):
                columns["name"] = _first_given(rows.texts("product.name"), codes, missing)
            keys[missing] = create_products(self.intake, self._products, values.take(pa.array(missing)), columns)
            self.intake.report.products_created += len(missing)
        return np.append(keys, NONE)[codes]

    def _money(self, rows: Rows, kinds: Ints) -> dict[str, Any]:
        columns: dict[str, Any] = {"kind": kinds, "cost": rows.ints("cost")}
        if self.lines:
            quantity, price = rows.ints("quantity"), rows.ints("unit_price")
            columns["quantity"] = np.where(rows.alive, np.abs(quantity), NONE)
            columns["unit_price"] = price
            usable = rows.alive & (price != NONE) & (quantity != NONE)
            amounts = line_amounts(np.where(usable, np.abs(quantity), 0), np.where(usable, price, 0), self.intake.settings.minor_digits)
            rows.reject(amounts > AMOUNT_LIMIT, "unit_price", "amount too large", "at most 10^15 minor units for quantity times price")
        else:
            columns["quantity"] = columns["unit_price"] = np.full(len(rows), NONE)
            amounts = np.where(rows.alive, np.abs(rows.ints("amount")), 0)
        columns["amount"] = amounts
        return self._converted(rows, columns)

    def _converted(self, rows: Rows, columns: dict[str, Any]) -> dict[str, Any]:
        """Bring amounts of other currencies into the business currency by the rate of their day."""
        settings = self.intake.settings
        nothing = np.full(len(rows), NONE)
        columns |= {"currency_id": nothing, "currency_amount": nothing}
        stated = self.intake.mapping.currency
        if not rows.has("currency") and stated == settings.currency:
            return columns
        currencies = pc.fill_null(rows.texts("currency"), stated)
        foreign = flags(pc.not_equal(currencies, settings.currency)) & rows.alive
        if not foreign.any():
            return columns
        self._rates = self._rates or RateTable(self.intake)
        if not rows.has("currency") and not self._rates.knows(stated):
            raise FactError(_no_rate_at_all(self.intake.mapping.name, stated, settings))
        rates = self._rates.of(currencies, business_days(np.where(foreign, rows.ints("ordered_at"), 0), settings.timezone))
        expected = "a stored exchange rate on or before the day of the order; import rates first"
        rows.reject(foreign & (rates == 0), "currency", "no exchange rate", expected, currencies.to_pylist())
        return _apply_rates(rows, columns, self.intake.terms("currency", currencies), rates, foreign & rows.alive)


def _apply_rates(rows: Rows, columns: dict[str, Any], currency_ids: Ints, rates: Ints, foreign: Flags) -> dict[str, Any]:
    booked = columns["amount"]
    amounts, large = convert(np.where(foreign, booked, NONE), rates)
    costs, _ = convert(np.where(foreign, columns["cost"], NONE), rates)
    rows.reject(foreign & large, "amount", "amount too large", "at most 10^15 minor units in the business currency")
    columns["amount"] = np.where(foreign, amounts, booked)
    columns["cost"] = np.where(foreign, costs, columns["cost"])
    columns["currency_id"] = np.where(foreign, currency_ids, NONE)
    columns["currency_amount"] = np.where(foreign, booked, NONE)
    return columns


def _first_given(texts: Array, codes: Ints, wanted: Ints) -> Array:
    """For each wanted code, the first text that is not null on its rows."""
    given = np.flatnonzero(flags(texts.is_valid()) & (codes >= 0))
    seen, first = np.unique(codes[given], return_index=True)
    at = np.searchsorted(seen, wanted)
    found = (at < len(seen)) & (seen[np.minimum(at, len(seen) - 1)] == wanted) if len(seen) else np.zeros(len(wanted), bool)
    rows = np.where(found, given[first[np.minimum(at, len(seen) - 1)]] if len(seen) else 0, 0)
    return pc.if_else(pa.array(found), texts.take(pa.array(rows)), None)


def _no_rate_at_all(mapping: str, currency: str, settings: StoreSettings) -> str:
    return (
        f"mapping {mapping} says the amounts are {currency}, the business currency is {settings.currency}, and the store has no exchange rate "
        f"for {currency}; import rates first, or make a store in {currency}"
    )
