"""Days and moments: text in many formats → UTC epoch seconds and business days, whole columns at a time.

A local time that a clock change skips is read with the offset before the change, one that occurs twice is the first
of the two (PEP 495, fold 0).
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.store.ingest.parsed import NONE, Array, Flags, Ints, Parsed, distinct, flags, numbers, parsed

DAY = 86_400
FIRST_YEAR, LAST_YEAR = 1850, 2200
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

_PARTS = {
    "%Y": r"(?P<Y>\d{4})",
    "%y": r"(?P<y>\d{2})",
    "%m": r"(?P<m>\d{1,2})",
    "%d": r"(?P<d>\d{1,2})",
    "%H": r"(?P<H>\d{1,2})",
    "%I": r"(?P<I>\d{1,2})",
    "%M": r"(?P<M>\d{1,2})",
    "%S": r"(?P<S>\d{1,2})",
    "%f": r"(?P<f>\d{1,9})",
    "%p": r"(?P<p>[AaPp][Mm])",
    "%z": r"(?P<z>Z|[+-]\d{2}:?\d{2})",
    "%%": "%",
}
_ISO = (
    r"^(?P<Y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})(?:[ T](?P<H>\d{2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?"
    r" ?(?P<z>Z|[+-]\d{2}:?\d{2})?)?$"
)


def format_fault(text: Any) -> str:
    """What is wrong with a date format of a mapping; empty when it can be used."""
    if not isinstance(text, str):
        return 'expected a text such as "%d/%m/%Y %H:%M"'
    used = re.findall("%.?", text)
    wrong = [each for each in used if each not in _PARTS]
    if wrong:
        return f"{wrong[0]} is not known; expected {' '.join(_PARTS)}"
    if len(set(used)) != len(used):
        return "a part occurs twice"
    if not ({"%Y", "%y"} & set(used) and {"%m", "%d"} <= set(used)):
        return "expected year (%Y or %y), month (%m) and day (%d)"
    return ""


def read_moments(array: Array, formats: tuple[str, ...], zone: ZoneInfo) -> Parsed:
    """Read cells as UTC epoch seconds; a moment without an offset is local to `zone`, a day means 00:00 of it.

    array: text, timestamp or date. Text is tried with `formats` in order, then as ISO 8601.
    """
    if pa.types.is_timestamp(array.type):
        seconds = numbers(array.cast(pa.timestamp("us", array.type.tz)).cast(pa.int64())) // 1_000_000
        present = flags(array.is_valid())
        return _in_range(parsed(seconds if array.type.tz else to_utc(seconds, zone), present))
    if pa.types.is_date(array.type):
        days = numbers(array.cast(pa.date32()).cast(pa.int32()))
        return _in_range(parsed(to_utc(days * DAY, zone), flags(array.is_valid())))
    return _in_range(_by_text(array, formats, zone))


def read_days(array: Array, formats: tuple[str, ...]) -> Parsed:
    """Read cells as days since 1970-01-01; a time of day is dropped, as the day is what was asked for."""
    found = read_moments(array, formats, ZoneInfo("UTC"))
    found.values = np.where(found.values == NONE, NONE, found.values // DAY)
    return found


def _in_range(column: Parsed) -> Parsed:
    low = (np.datetime64(f"{FIRST_YEAR}-01-01", "s")).astype(np.int64)
    high = (np.datetime64(f"{LAST_YEAR}-01-01", "s")).astype(np.int64)
    column.mark(column.present & (column.fault == 0) & ((column.values < low) | (column.values >= high)), "impossible date")
    column.values = np.where(column.present & (column.fault == 0), column.values, NONE)
    return column


def _by_text(array: Array, formats: tuple[str, ...], zone: ZoneInfo) -> Parsed:
    """Lines of one order share a moment, so each distinct text is read once."""
    texts, codes = distinct(array)
    trimmed = pc.utf8_trim_whitespace(texts)
    once = parsed(np.full(len(texts), NONE), flags(pc.not_equal(trimmed, "")))
    left = once.present.copy()
    for pattern in [*map(_pattern, formats), _ISO]:
        if not left.any():
            break
        parts = pc.extract_regex(trimmed, pattern)
        rows = left & flags(parts.is_valid())
        _fill(once, rows, parts, zone)
        left &= ~rows
    once.mark(left, "not a date")
    absent = codes < 0
    at = np.where(absent, 0, codes)
    if not len(texts):
        return parsed(np.full(len(codes), NONE), ~absent)
    return Parsed(
        np.where(absent, NONE, once.values[at]),
        np.where(absent, False, once.present[at]),
        np.where(absent, 0, once.fault[at]).astype(np.int8),
    )


def _pattern(text: str) -> str:
    pieces = re.split("(%.)", text)
    return "^" + "".join(_PARTS.get(piece, re.escape(piece)) for piece in pieces) + "$"


def _fill(once: Parsed, rows: Flags, parts: Array, zone: ZoneInfo) -> None:
    """Put together year, month, ... of the matched rows, refusing 30 February and 25 o'clock."""
    names = {parts.type.field(i).name for i in range(parts.type.num_fields)}
    picked = parts.filter(pa.array(rows))

    def part(name: str, default: int = 0) -> Ints:
        if name not in names:
            return np.full(len(picked), default, np.int64)
        text = pc.struct_field(picked, name)
        return numbers(pc.if_else(pc.equal(text, ""), str(default), text).cast(pa.int64()))

    year = part("Y") if "Y" in names else 2000 + part("y") - np.where(part("y") >= 69, 100, 0)
    month, day, hour, minute, second = part("m"), part("d"), part("H"), part("M"), part("S")
    good = (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31) & (hour <= 23) & (minute <= 59) & (second <= 59)
    if "I" in names:
        twelve = part("I")
        good &= (twelve >= 1) & (twelve <= 12)
        afternoon = flags(pc.equal(pc.utf8_lower(pc.struct_field(picked, "p")), "pm")) if "p" in names else np.zeros(len(picked), bool)
        hour = twelve % 12 + np.where(afternoon, 12, 0)
    good &= (year >= FIRST_YEAR) & (year < LAST_YEAR)
    months = (np.where(good, year * 12 + month - 1, 1970 * 12) - 1970 * 12).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (np.where(good, day, 1) - 1)
    good &= days.astype("datetime64[M]") == months
    local = days.astype(np.int64) * DAY + hour * 3600 + minute * 60 + second
    once.values[rows] = _with_offset(local, picked, names, zone)
    bad = np.zeros(len(rows), bool)
    bad[np.flatnonzero(rows)[~good]] = True
    once.mark(bad, "impossible date")


def _with_offset(local: Ints, picked: Array, names: set[str], zone: ZoneInfo) -> Ints:
    if "z" not in names:
        return to_utc(local, zone)
    text = pc.struct_field(picked, "z")
    given = flags(pc.not_equal(text, ""))
    if not given.any():
        return to_utc(local, zone)
    texts, codes = distinct(text)
    offsets = np.array([_offset(each) for each in texts.to_pylist()], np.int64)
    return np.where(given, local - offsets[np.maximum(codes, 0)], to_utc(local, zone))


def _offset(text: str | None) -> int:
    if not text or text == "Z":
        return 0
    digits = text[1:].replace(":", "")
    return (-1 if text[0] == "-" else 1) * (int(digits[:2]) * 3600 + int(digits[2:]) * 60)


def to_utc(local: Ints, zone: ZoneInfo) -> Ints:
    """Local wall-clock seconds → UTC epoch seconds."""
    return local - _offsets(local, zone, local=True)


def business_days(moments: Ints, zone: ZoneInfo) -> Ints:
    """UTC epoch seconds → day since 1970-01-01 in the business time zone."""
    return (moments + _offsets(moments, zone, local=False)) // DAY


def _offsets(seconds: Ints, zone: ZoneInfo, *, local: bool) -> Ints:
    """The zone's offset at each moment, asked once per day, and once per quarter of an hour on the days of a clock change."""
    if not len(seconds) or zone.key == "UTC":
        return np.zeros(len(seconds), np.int64)
    days, position = np.unique(seconds // DAY, return_inverse=True)
    ask = _offset_of_local if local else _offset_of_moment
    begin = np.array([ask(int(day) * DAY, zone) for day in days], np.int64)
    end = np.array([ask((int(day) + 1) * DAY - 1, zone) for day in days], np.int64)
    result = begin[position]
    moving = (begin != end)[position]
    if moving.any():
        quarters, at = np.unique(seconds[moving] // 900, return_inverse=True)
        result[moving] = np.array([ask(int(quarter) * 900, zone) for quarter in quarters], np.int64)[at]
    return result


def _offset_of_local(seconds: int, zone: ZoneInfo) -> int:
    naive = dt.datetime(1970, 1, 1) + dt.timedelta(seconds=seconds)
    return _seconds(naive.replace(tzinfo=zone).utcoffset())


def _offset_of_moment(seconds: int, zone: ZoneInfo) -> int:
    return _seconds((EPOCH + dt.timedelta(seconds=seconds)).astimezone(zone).utcoffset())


def _seconds(offset: dt.timedelta | None) -> int:
    return int(offset.total_seconds()) if offset else 0
