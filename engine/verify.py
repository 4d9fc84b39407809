"""Verification: what is incomplete, contradictory or useless in a table, each finding with rows and a witness.

Findings are relative to the domains of the inputs: what can occur at all (ENGINE 19). Rows are counted from 1. The
severity follows the hit policy: two rows that both hit are an error under `unique`, and the normal case under `first`.

====== ============ ==========================================================================
id     kind         meaning
====== ============ ==========================================================================
TW351  gap          values that no row matches, and no default stands for
TW352  conflict     two rows match the same values: any two under unique, differing ones under any
TW353  unreachable  a row that never decides: earlier rows match everything it matches
TW354  impossible   a row that no value can match
TW355  subsumed     a row that another one makes superfluous
TW356  unused       a declared output that no reachable row and no default gives
TW357  order        cuts that are not ascending
TW358  undecided    the question was too large for the budget; never to be read as "fine"
TW361  not hit      a rule that decided for nobody in the newest run
TW362  not asked    rules that were not evaluated for anybody in the newest run
====== ============ ==========================================================================
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal, TypeAlias

import numpy as np

from engine.covers import NODE_BUDGET, Box, Cover, Undecided, new_cover
from engine.deciding import deciding_rows
from engine.domains import Domain, domain
from engine.kinds import ColumnKind, Value, shown
from engine.overlaps import contained_pairs, overlapping_pairs
from engine.policy import Text
from engine.tables.document import TableData
from engine.tables.policies import row_order
from engine.tables.table import DecisionTable

Severity: TypeAlias = Literal["error", "warning", "note"]
PAIR_LIMIT = 1_000
"""Conflicting pairs that are listed; a table of 10,000 rows can have 50 million."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that verification found.

    rows: counted from 1, the row itself first.
    witness: input -> a value that can occur, None for missing; together they show the finding. Empty where none is needed.
    """

    id: str
    kind: str
    severity: Severity
    text: Text
    rows: tuple[int, ...] = ()
    witness: Mapping[str, Value | None] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.id} {self.text}"


def verify_table(
    table: DecisionTable, domains: Mapping[str, ColumnKind] | None = None, *, solver: bool = True, budget: int = NODE_BUDGET
) -> list[Finding]:
    """Find everything wrong with a table, in the order of the ids.

    domains: what each input can be; else what its cells tell (any number, any text, missing values possible).
    solver: False uses the splitter, as on a machine without python-sat.
    budget: how many boxes the splitter may look at for one question.
    """
    job = _Job.of(table, domains or {})
    findings = [*job.impossible(), *job.conflicts(), *job.superfluous(), *job.covered(solver, budget)]
    reached = set(range(len(table.data.when))) - {f.rows[0] - 1 for f in findings if f.kind in ("unreachable", "impossible")}
    findings += _unused(table.data, reached)
    return sorted(findings, key=lambda finding: (finding.id, finding.rows))


def conflicting_rows(table: DecisionTable, limit: int, domains: Mapping[str, ColumnKind] | None = None) -> list[tuple[int, int]]:
    """The first pairs of rows, from 0, that may hit together under a policy that forbids it."""
    return list(islice(_Job.of(table, domains or {}).conflicting(), limit))


def table_boxes(table: DecisionTable, domains: Mapping[str, ColumnKind]) -> tuple[tuple[Domain, ...], tuple[Box, ...]]:
    """Every input divided into bins, and every row as a box of them: what findings are about."""
    job = _Job.of(table, domains)
    return job.domains, job.boxes


def verify_cuts(cuts: Sequence[float], name: str = "cuts") -> list[Finding]:
    """Find cuts of bands that are not strictly ascending, so that the band between them is empty."""
    wrong = [at for at in range(1, len(cuts)) if cuts[at] <= cuts[at - 1]]
    return [
        Finding(
            "TW357",
            "order",
            "error",
            Text(
                en=f"{name}: cut {at + 1} ({cuts[at]}) is not above cut {at} ({cuts[at - 1]})",
                zh=f"{name}：第 {at + 1} 个分界值（{cuts[at]}）不大于第 {at} 个（{cuts[at - 1]}）",
            ),
            (at + 1, at),
        )
        for at in wrong
    ]


@dataclass(frozen=True)
class _Job:
    """A table as boxes of bins. `order` is how the policy looks at the rows."""

    table: DecisionTable
    domains: tuple[Domain, ...]
    boxes: tuple[Box, ...]
    order: tuple[int, ...]

    @classmethod
    def of(cls, table: DecisionTable, kinds: Mapping[str, ColumnKind]) -> _Job:
        domains, masks, data = [], [], table.data
        for at, name in enumerate(data.inputs):
            cells = list(dict.fromkeys(row[at] for row in data.when))
            domains.append(domain(name, kinds.get(name) or data.kinds.get(name) or ColumnKind("text"), cells))
            masks.append(domains[-1].masks(cells))
        boxes = [tuple(known[cell] for known, cell in zip(masks, row, strict=True)) for row in data.when]
        return cls(table, tuple(domains), tuple(boxes), tuple(row_order(data)))

    @property
    def data(self) -> TableData:
        """The checked table."""
        return self.table.data

    @property
    def policy(self) -> str:
        """The hit policy."""
        return self.data.hit_policy

    def witness(self, point: Sequence[int]) -> dict[str, Value | None]:
        """The values of a point."""
        return {one.name: one.witnesses[at] for one, at in zip(self.domains, point, strict=True)}

    def impossible(self) -> Iterator[Finding]:
        """Rows that no value matches."""
        for row, box in enumerate(self.boxes):
            names = [one.name for one, mask in zip(self.domains, box, strict=True) if not mask]
            if names:
                where = ", ".join(names)
                yield Finding(
                    "TW354",
                    "impossible",
                    "warning",
                    Text(
                        en=f"row {row + 1} can never match: no possible value of {where} does",
                        zh=f"第 {row + 1} 行不可能命中：{where} 没有可能的取值",
                    ),
                    (row + 1,),
                )

    def conflicting(self) -> Iterator[tuple[int, int]]:
        """Pairs of rows, from 0, that hit together where they must not."""
        if self.policy in ("unique", "any"):
            then = {value: at for at, value in enumerate(dict.fromkeys(self.data.then))}
            groups = np.array([then[value] for value in self.data.then]) if self.policy == "any" else None
            yield from overlapping_pairs(self.boxes, groups)

    def conflicts(self) -> Iterator[Finding]:
        """The conflicting pairs as findings."""
        for count, (one, other) in enumerate(self.conflicting()):
            if count == PAIR_LIMIT:
                yield Finding(
                    "TW352",
                    "conflict",
                    "error",
                    Text(en=f"more than {PAIR_LIMIT} conflicts", zh=f"冲突超过 {PAIR_LIMIT} 个"),
                    (one + 1, other + 1),
                )
                return
            point = [(a & b & -(a & b)).bit_length() - 1 for a, b in zip(self.boxes[one], self.boxes[other], strict=True)]
            witness = self.witness(point)
            yield Finding(
                "TW352",
                "conflict",
                "error",
                Text(
                    en=f"rows {one + 1} and {other + 1} both match {shown_witness(witness)}",
                    zh=f"第 {one + 1} 行和第 {other + 1} 行同时命中 {shown_witness(witness)}",
                ),
                (one + 1, other + 1),
                witness,
            )

    def superfluous(self) -> Iterator[Finding]:
        """Rows without which nothing changes, because another row gives the same."""
        if self.policy not in ("first", "any", "priority"):
            return
        place = {row: at for at, row in enumerate(self.order)}
        for row, other in contained_pairs(self.boxes):
            if self.data.then[row] != self.data.then[other] or not all(self.boxes[row]):
                continue
            if self.policy == "any":
                if self.boxes[row] == self.boxes[other] and row < other:
                    continue  # of two equal rows the later one is reported
            elif place[other] < place[row] or self._between(row, other, place):
                continue  # the earlier row makes it unreachable, or a row between them decides differently
            yield Finding(
                "TW355",
                "subsumed",
                "note",
                Text(
                    en=f"row {row + 1} is superfluous: row {other + 1} gives the same",
                    zh=f"第 {row + 1} 行多余：第 {other + 1} 行给出相同结果",
                ),
                (row + 1, other + 1),
            )

    def _between(self, row: int, other: int, place: Mapping[int, int]) -> bool:
        between = self.order[place[row] + 1 : place[other]]
        return any(
            self.data.then[middle] != self.data.then[row] and all(a & b for a, b in zip(self.boxes[row], self.boxes[middle], strict=True))
            for middle in between
        )

    def covered(self, solver: bool, budget: int) -> Iterator[Finding]:
        """Rows that earlier ones cover, and then the gap that all together leave."""
        cover = new_cover([len(one.witnesses) for one in self.domains], solver=solver, budget=budget)
        single = self.policy in ("first", "priority")
        inside: dict[int, int] = {}
        reached: set[int] = set()
        if single:
            reached = deciding_rows(self.table, self.domains, self.boxes)
            place = {row: at for at, row in enumerate(self.order)}
            for row, other in contained_pairs(self.boxes):
                if place[other] < place[row]:
                    inside.setdefault(row, other)
        for row in self.order:
            if single and row not in reached and all(self.boxes[row]):
                yield from self._reach(cover, row, inside.get(row))
            cover.exclude(self.boxes[row])
        if self.data.default is None:
            yield from self._gap(cover)

    def _reach(self, cover: Cover, row: int, other: int | None) -> Iterator[Finding]:
        if other is not None:
            yield Finding(
                "TW353",
                "unreachable",
                "warning",
                Text(
                    en=f"row {row + 1} is unreachable: row {other + 1} already matches everything it matches",
                    zh=f"第 {row + 1} 行不可达：第 {other + 1} 行已经包含它的全部情况",
                ),
                (row + 1, other + 1),
            )
            return
        try:
            if cover.find(self.boxes[row]) is not None:
                return
        except Undecided:
            yield undecided(f"whether row {row + 1} can be reached", f"第 {row + 1} 行是否可达", (row + 1,))
            return
        text = Text(
            en=f"row {row + 1} is unreachable: the rows before it together match everything it matches",
            zh=f"第 {row + 1} 行不可达：前面的行合起来已经包含它的全部情况",
        )
        yield Finding("TW353", "unreachable", "warning", text, (row + 1,))

    def _gap(self, cover: Cover) -> Iterator[Finding]:
        try:
            point = cover.find(tuple(one.full for one in self.domains))
        except Undecided:
            yield undecided("whether every case is covered", "是否覆盖所有情况", ())
            return
        if point is not None:
            witness = self.witness(point)
            severity: Severity = "note" if self.policy.startswith(("collect", "rule", "output")) else "warning"
            text = Text(en=f"no row matches {shown_witness(witness)}", zh=f"没有任何行命中 {shown_witness(witness)}")
            yield Finding("TW351", "gap", severity, text, (), witness)


def undecided(en: str, zh: str, rows: tuple[int, ...]) -> Finding:
    """The finding that a question stays open."""
    return Finding(
        "TW358", "undecided", "warning", Text(en=f"undecided: {en}; the table is too large to tell", zh=f"未能判定：{zh}（表过大）"), rows
    )


def shown_witness(witness: Mapping[str, Value | None]) -> str:
    """A witness in one line."""
    return ", ".join(f"{name} = {value.isoformat() if isinstance(value, dt.date) else shown(value)}" for name, value in witness.items())


def _unused(data: TableData, reached: set[int]) -> Iterator[Finding]:
    for at, output in enumerate(data.outputs):
        if not output.declared:
            continue
        given = {data.then[row][at] for row in reached} | ({data.default[at]} if data.default is not None else set())
        for value in output.values or ():
            if value not in given:
                yield Finding("TW356", "unused", "warning", unused_text(output.name, value))


def unused_text(output: str, value: Value | None) -> Text:
    """That an output never gives a value that it declares."""
    return Text(en=f"{output} is never {shown(value)}", zh=f"{output} 永远不会是 {shown(value)}")
