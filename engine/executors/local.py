"""Compute the partitions of a run one after the other, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from engine.columns import Columns, length, take_rows

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LocalExecutor:
    """Cut columns into `partitions` contiguous parts and apply a function to each."""

    partitions: int = 1

    def map(self, function: Callable[[Columns], T], columns: Columns) -> list[T]:
        """The function's result for each part, in order."""
        if self.partitions == 1:
            return [function(columns)]
        return [function(take_rows(columns, part)) for part in self.parts(length(columns))]

    def parts(self, rows: int) -> Iterator[slice]:
        """The parts as slices; there is always at least one."""
        size = max(1, -(-rows // self.partitions))
        for start in range(0, max(rows, 1), size):
            yield slice(start, min(start + size, rows))
