"""Rule sets: the rules that people write into the parameters of a policy, as the engine checks, verifies and counts them.

A policy hands out its tables and conditions through `Policy.rule_sets`; what is done with them is the same for built-in
and for third-party policies: compare them with the columns there are, find what is incomplete or useless, count whom a
finding touches, and tell which rules nobody hit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from engine.columns import Columns, Flags
from engine.condition_documents import read_condition
from engine.conditions import Condition
from engine.errors import Fault, RulebookError
from engine.kinds import ColumnKind
from engine.tables import DecisionTable
from engine.tables.reader import read_table

if TYPE_CHECKING:
    from engine.verify import Finding


class RuleSet(Protocol):
    """Rules in one parameter. place: its path, "table" or "items[2]"; counted: `apply` returns their positions as "rule"."""

    @property
    def place(self) -> str:
        """The path of the parameter."""

    @property
    def counted(self) -> bool:
        """Whether the column "rule" counts these rules."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns that the rules read."""

    @property
    def names(self) -> tuple[str, ...]:
        """What to call each rule."""

    def check(self, kinds: Mapping[str, ColumnKind]) -> Sequence[Fault]:
        """The faults of the rules on columns of these kinds."""

    def verify(self, kinds: Mapping[str, ColumnKind]) -> Sequence[Finding]:
        """What is incomplete, contradictory or useless."""

    def touched(self, finding: Finding, columns: Columns) -> Flags | None:
        """The customers that a finding is about; None for a finding that is not about customers."""

    def explain(self, columns: Columns) -> dict[str, Any]:
        """Every rule with its verdict for the single customer in `columns`, as plain data."""


MOST_ROWS = 200
"""Rows of a table that an explanation holds: the deciding one, those that hit, and those above it."""


@dataclass(frozen=True)
class TableRules:
    """A decision table as a rule set."""

    place: str
    table: DecisionTable
    counted: bool = False

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns that the table reads."""
        return self.table.inputs

    @property
    def names(self) -> tuple[str, ...]:
        """Rows, counted from 1."""
        return tuple(f"row {at}" for at in range(1, len(self.table.data.when) + 1))

    def check(self, kinds: Mapping[str, ColumnKind]) -> Sequence[Fault]:
        """The cells that do not fit their columns, with row and column."""
        try:
            read_table(self.table.document, kinds)
        except RulebookError as error:
            return [replace(fault, place=f"{self.place}.{fault.place}") for fault in error.faults]
        return []

    def verify(self, kinds: Mapping[str, ColumnKind]) -> Sequence[Finding]:
        """All findings of `engine.verify`."""
        from engine.verify import verify_table

        return verify_table(self.table, {name: kinds[name] for name in self.inputs if name in kinds})

    def conflicts(self, limit: int, kinds: Mapping[str, ColumnKind] | None = None) -> list[tuple[int, int]]:
        """The first pairs of rows, from 0, that may hit together where the hit policy forbids it."""
        from engine.verify import conflicting_rows

        return conflicting_rows(self.table, limit, kinds)

    def touched(self, finding: Finding, columns: Columns) -> Flags | None:
        """Customers whom no row matches (a gap), or who match all rows of a conflict, or the row itself of any other finding."""
        if finding.kind == "gap":
            rule = self.table.evaluate(columns).rule
            return np.asarray(rule < 0)
        rows = finding.rows[:2] if finding.kind == "conflict" else finding.rows[:1]
        found: Flags | None = None
        for row in rows:
            own = DecisionTable(
                replace(self.table.data, when=(self.table.data.when[row - 1],), then=(self.table.data.then[row - 1],), hit_policy="first")
            )
            hit = own.evaluate(columns).rule == 0
            found = hit if found is None else found & hit
        return found

    def explain(self, columns: Columns) -> dict[str, Any]:
        """Every row and cell; of a long table the rows that matter, `rows_left_out` the others."""
        told = self.table.explain(columns)
        rows = told["rows"]
        if len(rows) > MOST_ROWS:
            last = told["decided_by"] or MOST_ROWS
            kept = [row for row in rows if row["row"] in told["hits"] or last - MOST_ROWS < row["row"] <= last][-MOST_ROWS:]
            told = {**told, "rows": kept, "rows_left_out": len(rows) - len(kept)}
        return {"kind": "table", "place": self.place, **told}


@dataclass(frozen=True)
class ConditionRules:
    """Named conditions as a rule set.

    first: the first that is true decides, else each stands alone. otherwise: whether there is an outcome where none is true.
    """

    place: str
    conditions: tuple[Condition, ...]
    names: tuple[str, ...]
    first: bool = True
    otherwise: bool = False
    counted: bool = False

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns that the conditions read."""
        return tuple(dict.fromkeys(name for condition in self.conditions for name in condition.inputs))

    def check(self, kinds: Mapping[str, ColumnKind]) -> Sequence[Fault]:
        """The leaves that do not fit their columns; their places begin with `place[position].when`."""
        return [
            fault
            for at, condition in enumerate(self.conditions)
            for fault in condition_faults(condition, kinds, f"{self.place}[{at}].when")
        ]

    def verify(self, kinds: Mapping[str, ColumnKind]) -> Sequence[Finding]:
        """Gaps, unreachable and impossible conditions; a finding's rows are their positions from 1."""
        from engine.verify_conditions import verify_conditions

        return verify_conditions(self.conditions, self.names, kinds, first=self.first, otherwise=self.otherwise)

    def touched(self, finding: Finding, columns: Columns) -> Flags | None:
        """Customers for whom no condition is true (a gap), or the one that the finding names."""
        if finding.kind == "gap":
            nobody: Flags = ~np.logical_or.reduce([condition.evaluate(columns) for condition in self.conditions])
            return nobody
        return self.conditions[finding.rows[0] - 1].evaluate(columns) if finding.rows else None

    def explain(self, columns: Columns) -> dict[str, Any]:
        """Every condition as a tree; `decided_by` counts from 1."""
        trees = [condition.explain(columns) for condition in self.conditions]
        true = [at for at, tree in enumerate(trees, 1) if tree["verdict"] is True]
        rules = [
            {"rule": at, "name": name, "verdict": tree["verdict"], "condition": tree}
            for at, (name, tree) in enumerate(zip(self.names, trees, strict=True), 1)
        ]
        return {
            "kind": "conditions",
            "place": self.place,
            "first": self.first,
            "rules": rules,
            "hits": true,
            "decided_by": true[0] if true and self.first else None,
        }


def condition_faults(condition: Condition, kinds: Mapping[str, ColumnKind], place: str) -> Sequence[Fault]:
    """The faults of a condition on columns of these kinds, each place below `place`."""
    try:
        read_condition(condition.document, kinds)
    except RulebookError as error:
        return [replace(fault, place=within(place, fault.place)) for fault in error.faults]
    return []


def within(place: str, inner: str) -> str:
    """A place inside a condition as a path from outside; a condition calls its own top "condition"."""
    return f"{place}.{inner.removeprefix('condition').lstrip('.')}".rstrip(".")
