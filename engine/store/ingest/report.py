"""What an import did, in figures that add up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

EXAMPLES = 3


@dataclass(slots=True)
class ImportReport:
    """The result of one import.

    rows: rows of the file. accepted: rows that became facts or agree with stored ones. created, updated, unchanged: facts
    (orders, for a file of lines). rejected: reason → (rows, first examples). ignored: reason → rows.
    amount: sum of the accepted sales, minor units; refund_amount: of the refunds. first, last: earliest and latest moment,
    UTC epoch seconds. accounted: whether accepted, ignored and rejected rows make up all rows.
    """

    batch: int | None
    kind: str
    source: str
    mapping: str
    file: str
    dry_run: bool = False
    rows: int = 0
    accepted: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    ignored: dict[str, int] = field(default_factory=dict)
    customers_created: int = 0
    products_created: int = 0
    orders: int = 0
    refunds: int = 0
    lines: int = 0
    amount: int = 0
    refund_amount: int = 0
    first: int | None = None
    last: int | None = None
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)

    @property
    def rejected_rows(self) -> int:
        """How many rows were rejected."""
        return sum(count for count, _ in self.rejected.values())

    @property
    def ignored_rows(self) -> int:
        """How many rows a rule left out."""
        return sum(self.ignored.values())

    @property
    def accounted(self) -> bool:
        """Whether every row is accepted, ignored by a named rule, or rejected with a reason."""
        return self.rows == self.accepted + self.ignored_rows + self.rejected_rows

    def count_rejected(self, reason: str, example: str, rows: int = 1) -> None:
        """Count rejected rows under their reason; the first few keep an example."""
        count, examples = self.rejected.get(reason, (0, []))
        self.rejected[reason] = (count + rows, [*examples, example] if len(examples) < EXAMPLES else examples)

    def count_ignored(self, reason: str, rows: int) -> None:
        """Count rows that a rule left out."""
        if rows:
            self.ignored[reason] = self.ignored.get(reason, 0) + rows

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        plain["rejected"] = {reason: {"rows": count, "examples": examples} for reason, (count, examples) in self.rejected.items()}
        return {**plain, "rejected_rows": self.rejected_rows, "ignored_rows": self.ignored_rows, "accounted": self.accounted}
