"""Texts: ids, names, choices; trimmed, in Unicode NFC, of a sane length."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.store.ingest.parsed import CODE, NONE, Array, Parsed, distinct, flags, parsed

ID_LENGTH, TEXT_LENGTH = 200, 2_000


def as_text(array: Array) -> Array:
    """Any column as text: whole doubles without a point, moments in ISO 8601, booleans as true and false."""
    kind = array.type
    if pa.types.is_string(kind):
        return array
    if pa.types.is_floating(kind):
        exact = array.cast(pa.float64())
        whole = pc.and_(pc.is_finite(exact), pc.and_(pc.equal(pc.floor(exact), exact), pc.less(pc.abs(exact), 1e15)))
        integers = pc.if_else(whole, exact, None).cast(pa.int64()).cast(pa.string())
        return pc.coalesce(integers, exact.cast(pa.string()))
    if pa.types.is_timestamp(kind):
        return pc.strftime(array.cast(pa.timestamp("s", kind.tz), safe=False), format="%Y-%m-%d %H:%M:%S")
    return array.cast(pa.string())


def read_texts(array: Array, limit: int = TEXT_LENGTH, *, control: str = r"\x00") -> Parsed:
    """Trim, normalise, and turn empty cells into null."""
    text = pc.utf8_trim_whitespace(as_text(array))
    if not pc.all(pc.string_is_ascii(text)).as_py():
        text = pc.utf8_normalize(text, "NFC")
    text = pc.if_else(pc.equal(text, ""), None, text)
    column = parsed(text, flags(text.is_valid()))
    if column.present.any():
        if pc.max(pc.utf8_length(text)).as_py() > limit:
            column.mark(flags(pc.greater(pc.utf8_length(text), limit)), "text too long")
        bad = pc.match_substring_regex(text, f"[{control}]")
        if pc.any(bad).as_py():
            column.mark(flags(bad), "text with control characters")
    return column


def read_ids(array: Array) -> Parsed:
    """Read ids: as texts, but short and without control characters."""
    column = read_texts(array, ID_LENGTH, control=r"\x00-\x1f\x7f")
    if pa.types.is_floating(array.type):
        column.mark(flags(pc.invert(pc.is_finite(array))), "not a finite number")
    return column


def read_choices(array: Array, choices: Mapping[str, int]) -> Parsed:
    """Read cells that must be one of a few words, in any case."""
    texts = read_texts(array, TEXT_LENGTH)
    values, codes = distinct(pc.utf8_lower(texts.values))
    known = [choices.get(value) for value in values.to_pylist()]
    table = np.array([NONE if key is None else key for key in known] + [NONE], np.int64)
    texts.values = table[codes]
    texts.fault[(codes >= 0) & (texts.values == NONE)] = CODE["not one of the choices"]
    return texts


def read_currencies(array: Array) -> Parsed:
    """Read three-letter currency codes, as upper-case text."""
    column = read_ids(array)
    column.values = pc.utf8_upper(column.values)
    column.mark(column.present & ~flags(pc.match_substring_regex(column.values, "^[A-Z]{3}$")), "not a currency")
    return column
