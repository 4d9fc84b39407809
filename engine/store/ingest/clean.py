"""Clean one chunk of a file: leave out what rules leave out, read every cell, reject what cannot be read.

Each row is accepted, ignored with a named reason, or rejected with the first thing that is wrong with it.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from engine.store.facts import StoreSettings
from engine.store.ingest import fields as f
from engine.store.ingest.decimals import read_decimals
from engine.store.ingest.fields import Field
from engine.store.ingest.intake import Rejected
from engine.store.ingest.mapping import ColumnMap, Mapping, RowRule
from engine.store.ingest.moments import read_days, read_moments
from engine.store.ingest.parsed import FAULTS, NONE, Array, Flags, Ints, Parsed, flags
from engine.store.ingest.readers import Chunk
from engine.store.ingest.texts import ID_LENGTH, as_text, read_choices, read_currencies, read_ids, read_texts

AMOUNT_LIMIT = 10**15
PRICE_LIMIT = 10**15
QUANTITY_LIMIT = 10**12  # 10^9 units
RATE_LIMIT = 10**12
PRICE_DIGITS, QUANTITY_DIGITS, RATE_DIGITS = 4, 3, 6
FOUND_LENGTH = 200


class Rows:
    """A chunk under cleaning. `alive` marks the rows that are neither ignored nor rejected so far."""

    def __init__(self, chunk: Chunk, mapping: Mapping, settings: StoreSettings, fields: dict[str, Field]) -> None:
        self.chunk = chunk
        self.mapping = mapping
        self.settings = settings
        self.fields = fields
        self.alive: Flags = np.ones(len(chunk), bool)
        self.repeated = 0
        self._customer_only: Flags = np.zeros(len(chunk), bool)
        self.ignored: dict[str, int] = {}
        self.rejected: list[Rejected] = []
        self._read: dict[str, Parsed] = {}
        self._reject_broken()
        self._ignore_blank()
        self._ignore_by_rule()
        self._read_all()

    def __len__(self) -> int:
        return len(self.chunk)

    def has(self, name: str) -> bool:
        """Whether the file brings this field."""
        return name in self._read

    @property
    def brought(self) -> set[str]:
        """The fields that these rows bring; what they do not bring stays as it is in the store."""
        return set(self._read)

    def ints(self, name: str) -> Ints:
        """A numeric field; NONE where the cell is empty, or everywhere when the file has no such column."""
        column = self._read.get(name)
        return column.values if column else np.full(len(self), NONE)

    def texts(self, name: str) -> Array:
        """A text field; null where the cell is empty, or everywhere when the file has no such column."""
        column = self._read.get(name)
        return column.values if column else pa.nulls(len(self), pa.string())

    def column_name(self, name: str) -> str:
        """The file's own name for a field, for messages."""
        column = self.mapping.columns.get(name)
        return column.column if column else name

    def matching(self, rules: tuple[RowRule, ...]) -> Flags:
        """Where any of the rules holds."""
        found = np.zeros(len(self), bool)
        for rule in rules:
            found |= self._holds(rule)
        return found

    def not_graded(self) -> Array:
        """The reason why a row's customer is not graded, by the mapping's rules; null elsewhere."""
        reason = np.full(len(self), None, object)
        for rule in reversed(self.mapping.not_graded):
            reason[self._holds(rule)] = rule.reason
        return pa.array(reason, pa.string())

    def ignore(self, where: Flags, reason: str) -> None:
        """Leave rows out for a named reason."""
        where = where & self.alive
        if where.any():
            self.ignored[reason] = self.ignored.get(reason, 0) + int(where.sum())
            self.alive &= ~where

    def drop_repeated(self, where: Flags) -> None:
        """Rows that say again what another row says: accepted, with nothing left to store."""
        self.repeated += int((where & self.alive).sum())
        self.alive &= ~where

    def reject(self, where: Flags, name: str, reason: str, expected: str | list[str], found: list[str] | None = None) -> None:
        """Reject rows because of one field. found and expected: texts, of the whole chunk or the same for all."""
        rows = np.flatnonzero(where & self.alive)
        if not len(rows):
            return
        self.alive[rows] = False
        column = self.column_name(name)
        shown = self._cells(column, rows) if found is None else [found[row] for row in rows]
        wanted = [expected] * len(rows) if isinstance(expected, str) else [expected[row] for row in rows]
        for row, was, should, document in zip(rows.tolist(), shown, wanted, self._documents(rows), strict=True):
            self.rejected.append(Rejected(int(self.chunk.lines[row]), column, reason, was[:FOUND_LENGTH], should, document))

    def _cells(self, column: str, rows: npt.NDArray[Any]) -> list[str]:
        if column not in self.chunk.columns:
            return [""] * len(rows)
        return ["" if cell is None else str(cell) for cell in self.chunk.columns[column].take(pa.array(rows)).to_pylist()]

    def _documents(self, rows: npt.NDArray[Any]) -> list[str]:
        picked = {name: array.take(pa.array(rows)).to_pylist() for name, array in self.chunk.columns.items()}
        return [
            json.dumps(dict(zip(picked, cells, strict=True)), ensure_ascii=False, default=str)
            for cells in zip(*picked.values(), strict=True)
        ]

    def _reject_broken(self) -> None:
        for row in self.chunk.broken:
            expected = f"{row.expected} cells as in the header"
            document = json.dumps({"line": row.text[:2_000]}, ensure_ascii=False)
            self.rejected.append(Rejected(row.line, "row", "wrong number of cells", f"{row.cells} cells", expected, document))

    def _ignore_blank(self) -> None:
        blank = np.ones(len(self), bool)
        for array in self.chunk.columns.values():
            if not pa.types.is_string(array.type):
                return
            blank &= ~flags(pc.not_equal(array, ""))
            if not blank.any():
                return
        self.ignore(blank, "blank line")

    def _ignore_by_rule(self) -> None:
        for rule in self.mapping.ignore:
            holds = self._holds(rule)
            if rule.keep_customer:
                self._customer_only |= holds & self.alive
            self.ignore(holds, rule.reason)

    def names_customer(self) -> Flags:
        """Rows that are alive, and ignored ones that still make their customer known."""
        column = self._read["customer"]
        return np.asarray(self.alive | (self._customer_only & column.present & (column.fault == 0)))

    def _holds(self, rule: RowRule) -> Flags:
        holds = self._test(rule)
        return holds & self._holds(rule.also) if rule.also else holds

    def _test(self, rule: RowRule) -> Flags:
        array = self.chunk.columns[rule.column]
        if rule.op in ("below", "at_most", "above"):
            found = read_decimals(array, 4, limit=10**15, decimal=self.mapping.decimal, thousands=self.mapping.thousands, rounding=True)
            sound = found.present & (found.fault == 0)
            bound = round(float(rule.value) * 10_000)
            compared = {"below": found.values < bound, "at_most": found.values <= bound, "above": found.values > bound}[rule.op]
            return np.asarray(sound & compared)
        text = pc.utf8_trim_whitespace(as_text(array))
        if rule.op == "empty":
            return ~flags(pc.not_equal(text, ""))
        if rule.op == "equals":
            return flags(pc.equal(text, str(rule.value)))
        return flags(pc.starts_with(text, str(rule.value)))

    def _read_all(self) -> None:
        for name, each in self.fields.items():
            column = self.mapping.columns.get(name)
            if column is None or column.column not in self.chunk.columns:
                if name in self.mapping.constants:
                    self._read[name] = self._constant(each, self.mapping.constants[name])
                elif each.required:
                    self.reject(np.ones(len(self), bool), name, "missing value", self._expected(each, "missing value"))
                    self._read[name] = self._cell(each, ColumnMap(name), pa.nulls(len(self), pa.string()))
                continue
            found = self._cell(each, column)
            if each.required:
                found.mark(~found.present, "missing value")
            self._reject_faults(each, found)
            self._read[name] = found

    def _reject_faults(self, each: Field, found: Parsed) -> None:
        bad = (found.fault > 0) & self.alive
        for code in np.unique(found.fault[bad]).tolist():
            reason = FAULTS[code]
            self.reject(found.fault == code, each.name, reason, self._expected(each, reason))

    def _constant(self, each: Field, value: str) -> Parsed:
        return self._cell(each, ColumnMap(each.name), pa.array([value] * len(self), pa.string()))

    def _cell(self, each: Field, column: ColumnMap, array: Array | None = None) -> Parsed:
        """Read one column by the form of its field."""
        array = self.chunk.columns[column.column] if array is None else array
        form = each.form
        if form == "custom":
            return self._custom(array, column)
        if form in ("text", "term"):
            return read_texts(array, ID_LENGTH if form == "term" else 2_000)
        if form == "id":
            return read_ids(array)
        if form == "choice":
            return read_choices(array, f.CHOICES[self.mapping.kind][each.name])
        if form == "currency":
            return read_currencies(array)
        if form == "moment":
            return read_moments(self._timed(array), column.formats, self.mapping.timezone)
        if form == "day":
            return read_days(self._timed(array), column.formats)
        if form == "version":
            return self._version(array, column)
        return self._decimal(each, array)

    def _timed(self, array: Array) -> Array:
        kind = array.type
        return array if pa.types.is_timestamp(kind) or pa.types.is_date(kind) else as_text(array)

    def _decimal(self, each: Field, array: Array) -> Parsed:
        digits, limit, minimum = {
            "amount": (self.settings.minor_digits, AMOUNT_LIMIT, 0),
            "price": (PRICE_DIGITS, PRICE_LIMIT, 0),
            "quantity": (QUANTITY_DIGITS, QUANTITY_LIMIT, None),
            "rate": (RATE_DIGITS, RATE_LIMIT, 1),
        }[each.form]
        signed_refund = each.name == "amount" and self.mapping.kind == "orders"
        return self._number(array, digits, limit, None if signed_refund else minimum)

    def _number(self, array: Array, digits: int, limit: int, minimum: int | None) -> Parsed:
        if pa.types.is_boolean(array.type) or pa.types.is_timestamp(array.type) or pa.types.is_date(array.type):
            array = as_text(array)
        mapping = self.mapping
        return read_decimals(
            array, digits, limit=limit, minimum=minimum, decimal=mapping.decimal, thousands=mapping.thousands, rounding=mapping.round
        )

    def _version(self, array: Array, column: ColumnMap) -> Parsed:
        """A whole number as it is, anything else as a moment."""
        if pa.types.is_integer(array.type) or (pa.types.is_string(array.type) and _whole_numbers(array)):
            return self._number(array, 0, 10**18 if pa.types.is_integer(array.type) else 10**14, None)
        return read_moments(self._timed(array), column.formats, self.mapping.timezone)

    def _custom(self, array: Array, column: ColumnMap) -> Parsed:
        if column.kind == "number":
            return self._number(array, 4, 10**15, None)
        if column.kind == "amount":
            return self._number(array, self.settings.minor_digits, AMOUNT_LIMIT, None)
        if column.kind == "date":
            return read_days(self._timed(array), column.formats)
        if column.kind == "flag":
            return read_choices(array, {"true": 1, "yes": 1, "y": 1, "1": 1, "是": 1, "false": 0, "no": 0, "n": 0, "0": 0, "否": 0})
        return read_texts(array, ID_LENGTH)

    def _expected(self, each: Field, reason: str) -> str:
        """What would have been right, for a person who has the cell before them."""
        if reason == "missing value":
            return f"a value: {each.help.en[:1].lower()}{each.help.en[1:]}"
        if reason in ("not a date", "impossible date"):
            formats = self.mapping.columns[each.name].formats if each.name in self.mapping.columns else ()
            return f"a date such as 2025-01-31 13:45{' or in the form ' + ', '.join(formats) if formats else ''}"
        if reason == "not one of the choices":
            return f"one of {', '.join(f.CHOICES.get(self.mapping.kind, {}).get(each.name, {'true': 1, 'false': 0}))}"
        if reason == "too many digits after the point":
            digits = {"price": PRICE_DIGITS, "quantity": QUANTITY_DIGITS, "rate": RATE_DIGITS}.get(each.form, self.settings.minor_digits)
            return f"at most {digits} digits after the point, or round: true in the mapping"
        return _EXPECTED.get(reason, "a number such as 1234.5")


_EXPECTED = {
    "too large": "at most 10^9 units, 10^11 as a price, 10^15 minor units as an amount",
    "negative": "zero or more",
    "zero or negative": "more than zero",
    "text too long": "a shorter text",
    "text with control characters": "a text without control characters",
    "not a currency": "three letters, such as EUR",
}


def _whole_numbers(array: Array) -> bool:
    return bool(pc.all(pc.match_substring_regex(pc.utf8_trim_whitespace(array), r"^\d{0,14}$")).as_py())
