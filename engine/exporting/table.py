"""A table on its way out: named fields, and rows that come in batches of columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

FieldKind: TypeAlias = Literal["text", "integer", "number", "any"]
Batch: TypeAlias = Sequence[Sequence[Any]]
"""One sequence of cells per field; a cell is a text, a number, a bool, or None."""

BATCH = 20_000
"""Rows of one batch."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a table. kind "any" holds texts and numbers; Parquet writes it as text."""

    name: str
    kind: FieldKind = "text"


@dataclass(slots=True)
class Table:
    """Fields and batches. The batches are read from an open store while they are written, once."""

    name: str
    fields: tuple[Field, ...]
    batches: Iterator[Batch]

    @property
    def names(self) -> list[str]:
        """The names of the fields, in order."""
        return [field.name for field in self.fields]
