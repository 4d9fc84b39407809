"""Conflicts: customers whom several rows hit where the hit policy allows one, each with the rows that stand against each other."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from engine import DecisionTable, Reason, TableRules, Text

NAMED = 100
"""Pairs of rows that have a reason of their own; a policy may declare 127 reasons."""

ROWS = 1_000
"""Above so many rows the pairs are not looked for: comparing 10,000 rows takes seconds."""


class Conflicts:
    """The pairs of rows that can conflict, and the reason for each."""

    def __init__(self, table: DecisionTable) -> None:
        self.possible = table.data.hit_policy in ("unique", "any")
        self._table = table
        self._rows = len(table.data.when)

    @cached_property
    def pairs(self) -> list[tuple[int, int]]:
        """The first pairs that can hit together, from 0."""
        return TableRules("table", self._table).conflicts(NAMED) if self.possible and self._rows <= ROWS else []

    def reasons(self) -> tuple[Reason, ...]:
        """One per pair, and one for all others."""
        if not self.possible:
            return ()
        named = [
            Reason(f"conflict_{one + 1}_{other + 1}", Text(f"conflict: rows {one + 1}, {other + 1}", f"冲突：第 {one + 1}、{other + 1} 行"))
            for one, other in self.pairs
        ]
        return (*named, Reason("conflict", Text("conflict: several rows", "冲突：多行同时命中")))

    def reason_of(self, columns: Mapping[str, Any], rows: Any) -> Any:
        """Per row of the columns, which are all in conflict, the position of its reason."""
        table = self._all_hits
        hits = table.evaluate({name: columns[name][rows] for name in table.inputs}).hits
        assert hits is not None
        starts = hits.offsets[:-1]
        first = hits.rows[starts]
        against = self._groups[hits.rows] != np.repeat(self._groups[first], np.diff(hits.offsets))
        place = np.where(against, np.arange(len(against)), len(against))
        second = hits.rows[np.minimum.reduceat(place, starts)]
        keys = np.array([one * self._rows + other for one, other in self.pairs], dtype=np.int64)
        wanted = first.astype(np.int64) * self._rows + second
        found = np.searchsorted(keys, wanted)
        there = found < len(keys)
        there[there] = keys[found[there]] == wanted[there]
        return np.where(there, found, len(keys))

    @cached_property
    def _all_hits(self) -> DecisionTable:
        return DecisionTable.load({**self._table.document, "hit_policy": "rule_order"})

    @cached_property
    def _groups(self) -> Any:
        """Rows that may hit together: none under unique, those with equal outputs under any."""
        if self._table.data.hit_policy == "unique":
            return np.arange(self._rows)
        number = {then: at for at, then in enumerate(dict.fromkeys(self._table.data.then))}
        return np.array([number[then] for then in self._table.data.then])
