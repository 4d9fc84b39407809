"""Exact arithmetic on whole columns of money: integers only, half to even."""

from __future__ import annotations

import numpy as np

from engine.store.ingest.clean import AMOUNT_LIMIT, PRICE_DIGITS, QUANTITY_DIGITS, RATE_DIGITS
from engine.store.ingest.parsed import NONE, Flags, Ints

_INT64_SAFE = 9.0e18


def half_even(values: Ints, divisor: int) -> Ints:
    """Divide and round to the nearest integer, halves to the even one."""
    if divisor == 1:
        return values
    quotient, rest = np.divmod(values, divisor)
    up = (2 * rest > divisor) | ((2 * rest == divisor) & (quotient % 2 == 1))
    return np.asarray(quotient + up)


def line_amounts(quantity: Ints, unit_price: Ints, minor_digits: int) -> Ints:
    """Quantity (1/1,000) times unit price (1/10,000) in minor units; more than 10^15 comes out as 10^15 + 1."""
    divisor = 10 ** (QUANTITY_DIGITS + PRICE_DIGITS - minor_digits)
    fits = quantity.astype(float) * unit_price.astype(float) < _INT64_SAFE
    amounts = half_even(np.where(fits, quantity, 0) * np.where(fits, unit_price, 0), divisor)
    for row in np.flatnonzero(~fits).tolist():  # beyond 64 bits: exact in Python, and nearly always refused afterwards
        exact = int(quantity[row]) * int(unit_price[row])
        whole, rest = divmod(exact, divisor)
        amounts[row] = min(whole + (2 * rest > divisor or (2 * rest == divisor and whole % 2 == 1)), AMOUNT_LIMIT + 1)
    return amounts


def convert(amounts: Ints, rates: Ints) -> tuple[Ints, Flags]:
    """Amounts of another currency times rates (1/1,000,000), NONE staying NONE; and where the result exceeds 10^15."""
    scale = 10**RATE_DIGITS
    given = amounts != NONE
    large = given & (amounts.astype(float) * rates.astype(float) / scale > AMOUNT_LIMIT)
    usable = given & ~large
    whole, rest = np.divmod(np.where(usable, amounts, 0), scale)
    product = rest * np.where(usable, rates, 0)
    base = whole * np.where(usable, rates, 0)
    quotient, left = np.divmod(product, scale)
    total = base + quotient
    total += (2 * left > scale) | ((2 * left == scale) & (total % 2 == 1))
    return np.where(given, total, NONE), large
