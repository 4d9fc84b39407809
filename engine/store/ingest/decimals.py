"""Decimals: text or numbers → exact integers of a fixed number of digits after the point.

Plain decimals go through double precision, which is exact here because a scaled value stays below 10^15; whatever
looks otherwise (exponents, many digits) is read with `decimal.Decimal`, once per distinct text.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.store.ingest.parsed import CODE, NONE, Array, Ints, Parsed, distinct, flags, numbers, parsed

_FAST_DIGITS = 15
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,6})?$"
_NOT_FINITE = ("nan", "inf", "infinity")


def read_decimals(
    array: Array, digits: int, *, limit: int, minimum: int | None = None, decimal: str = ".", thousands: str = "", rounding: bool = False
) -> Parsed:
    """Read cells as integers in units of 10^-digits.

    limit: largest absolute result. minimum: smallest result. rounding: round half-even what has more digits; else it is a fault.
    """
    kind = array.type
    if pa.types.is_integer(kind):
        column = _from_integers(array, digits, limit)
    elif pa.types.is_floating(kind):
        column = _from_doubles(array, digits, limit, rounding)
    else:
        text = array.cast(pa.string()) if pa.types.is_decimal(kind) else array
        column = _from_text(text, digits, "." if pa.types.is_decimal(kind) else decimal, thousands, rounding)
    sound = column.present & (column.fault == 0)
    column.mark(sound & (np.abs(np.where(sound, column.values, 0)) > limit), "too large")
    if minimum is not None:
        column.mark(sound & (column.values < minimum), "negative" if minimum == 0 else "zero or negative")
    column.values = np.where(column.present & (column.fault == 0), column.values, NONE)
    return column


def _from_integers(array: Array, digits: int, limit: int) -> Parsed:
    column = parsed(None, flags(array.is_valid()))
    if pa.types.is_uint64(array.type):
        column.mark(flags(pc.greater(array, 2**62)), "too large")
        array = pc.if_else(pc.greater(array, 2**62), pa.scalar(0, pa.uint64()), array)
    whole = numbers(array)
    fits = (whole <= limit // 10**digits) & (whole >= -(limit // 10**digits))
    column.mark(column.present & ~fits, "too large")
    column.values = np.where(fits, whole, 0) * 10**digits
    return column


def _from_doubles(array: Array, digits: int, limit: int, rounding: bool) -> Parsed:
    present = flags(array.is_valid())
    exact = np.asarray(array.cast(pa.float64()).fill_null(0.0).to_numpy(zero_copy_only=False))
    column = parsed(None, present)
    column.mark(~np.isfinite(exact), "not a finite number")
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = exact * 10.0**digits
        column.mark(np.abs(scaled) > limit, "too large")
    usable = column.fault == 0
    scaled = np.where(usable, scaled, 0.0)
    nearest = np.rint(scaled)
    if not rounding:  # a double nearest to a short decimal is off by a few units in its last place, never by more
        column.mark(np.abs(scaled - nearest) > np.maximum(np.abs(scaled) * 1e-12, 1e-6), "too many digits after the point")
    column.values = nearest.astype(np.int64)
    return column


def _from_text(array: Array, digits: int, decimal: str, thousands: str, rounding: bool) -> Parsed:
    text = pc.utf8_trim_whitespace(array)
    if thousands:
        text = pc.replace_substring(text, thousands, "")
    if decimal != ".":
        text = pc.replace_substring(pc.replace_substring(text, ".", "?"), decimal, ".")
    present = flags(pc.not_equal(text, ""))
    column = parsed(np.full(len(text), NONE), present)
    plain = flags(pc.match_substring_regex(text, rf"^[+-]?\d{{1,{_FAST_DIGITS - digits}}}(\.\d{{0,{digits}}})?$"))
    if plain.any():
        exact = np.asarray(pc.if_else(pa.array(plain), text, "0").cast(pa.float64()).to_numpy(zero_copy_only=False))
        column.values = np.where(plain, np.rint(exact * 10.0**digits).astype(np.int64), NONE)
    odd = present & ~plain
    if odd.any():
        _read_odd(column, np.flatnonzero(odd), text.filter(pa.array(odd)), digits, rounding)
    return column


def _read_odd(column: Parsed, rows: Ints, text: Array, digits: int, rounding: bool) -> None:
    texts, codes = distinct(text)
    number_like = flags(pc.match_substring_regex(texts, _NUMBER))
    read = [_exact(each, fine, digits, rounding) for each, fine in zip(texts.to_pylist(), number_like.tolist(), strict=True)]
    column.values[rows] = np.array([value for value, _ in read], np.int64)[codes]
    column.fault[rows] = np.array([CODE[reason] for _, reason in read], np.int8)[codes]


def _exact(text: str, number_like: bool, digits: int, rounding: bool) -> tuple[int, str]:
    if not number_like:
        return 0, "not a finite number" if text.lstrip("+-").lower() in _NOT_FINITE else "not a number"
    if len(text) > 400:
        return 0, "too large"
    value = Decimal(text)
    if value.adjusted() >= 18 - digits:  # so that what is read fits 64 bits
        return 0, "too large" if value else ""
    if value.adjusted() < -100:
        return 0, "" if rounding or not value else "too many digits after the point"
    scaled = value.scaleb(digits)
    whole = scaled.to_integral_value(ROUND_HALF_EVEN)
    if whole != scaled and not rounding:
        return 0, "too many digits after the point"
    return int(whole), ""
