"""Mends: for what verification found in a decision table, the tables in which it is gone.

Each mend is a whole document, so that whoever shows it can say whom it moves before anybody presses the button. A row
for a gap is made as wide as the gap is: a cell becomes "-" where no row would be touched by that, else the run of bins
around the witness.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.covers import Box
from engine.domains import Domain
from engine.kinds import ColumnKind, Value, shown
from engine.policy import Text
from engine.ranges import Number
from engine.tables.cells import EPOCH, write
from engine.tables.document import TableData, write_table
from engine.tables.table import DecisionTable
from engine.verify import Finding, table_boxes, unused_text

MOST = 2
"""Mends that are offered for one finding."""


@dataclass(frozen=True, slots=True)
class Mend:
    """One way to mend a finding. value: the parameter after it; title: what the button says."""

    title: Text
    value: Any


def mends_of(table: DecisionTable, findings: Sequence[Finding], kinds: Mapping[str, ColumnKind]) -> list[tuple[Mend, ...]]:
    """The mends of each finding, the most obvious first; none where a person has to think."""
    job = _Job(table.data, write_table(table.data), *table_boxes(table, kinds))
    return [tuple(mend for mend, _ in zip(job.of(finding), range(MOST), strict=False)) for finding in findings]


def without_rows(document: Mapping[str, Any], rows: Sequence[int]) -> dict[str, Any]:
    """A table without some rows, from 0."""
    return {**document, "rows": [row for at, row in enumerate(document["rows"]) if at not in rows]}


def moved_row(document: Mapping[str, Any], row: int, to: int) -> dict[str, Any]:
    """A table with a row at another place, both from 0."""
    rows = list(document["rows"])
    rows.insert(to, rows.pop(row))
    return {**document, "rows": rows}


@dataclass(frozen=True)
class _Job:
    data: TableData
    document: dict[str, Any]
    domains: tuple[Domain, ...]
    boxes: tuple[Box, ...]

    def of(self, finding: Finding) -> Iterator[Mend]:
        match finding.kind:
            case "gap":
                yield from self.gap(finding)
            case "conflict":
                yield from self.conflict(finding)
            case "unreachable":
                yield from self.unreachable(finding)
            case "impossible" | "subsumed" | "not hit":
                yield from self.delete(finding)
            case "unused":
                yield from self.undeclare(finding)

    def delete(self, finding: Finding) -> Iterator[Mend]:
        """The row away; the last one of a table has to stay."""
        row = finding.rows[0]
        if len(self.data.when) > 1:
            yield Mend(Text(f"Delete row {row}", f"删除第 {row} 行"), without_rows(self.document, [row - 1]))

    def unreachable(self, finding: Finding) -> Iterator[Mend]:
        """The row above the first one that takes something from it; or away."""
        row = finding.rows[0] - 1
        other = self.first_overlap(row)  # above it nothing takes anything from the row, whatever covers it below
        differs = other is not None and self.data.then[other] != self.data.then[row]
        if self.data.hit_policy == "first" and other is not None and other < row and differs and self.boxes[row] != self.boxes[other]:
            yield Mend(
                Text(f"Move row {row + 1} above row {other + 1}", f"将第 {row + 1} 行移到第 {other + 1} 行之前"),
                moved_row(self.document, row, other),
            )
        yield from self.delete(finding)

    def first_overlap(self, row: int) -> int | None:
        own = self.boxes[row]
        return next((at for at in range(row) if all(a & b for a, b in zip(own, self.boxes[at], strict=True))), None)

    def conflict(self, finding: Finding) -> Iterator[Mend]:
        """One of two rows that say the same away; else the first match counts."""
        one, other = (row - 1 for row in finding.rows[:2])
        if self.data.then[one] == self.data.then[other]:
            inner = [a & b for a, b in zip(self.boxes[one], self.boxes[other], strict=True)]
            for row, box in ((other, self.boxes[other]), (one, self.boxes[one])):
                if tuple(inner) == box and len(self.data.when) > 1:
                    yield Mend(Text(f"Delete row {row + 1}", f"删除第 {row + 1} 行"), without_rows(self.document, [row]))
                    break
            if self.data.hit_policy == "unique":
                yield Mend(Text("Let several match if they agree", "允许结果一致的多行命中"), {**self.document, "hit_policy": "any"})
                return
        yield Mend(Text("Let the first match count", "改为首个命中的行生效"), {**self.document, "hit_policy": "first"})

    def undeclare(self, finding: Finding) -> Iterator[Mend]:
        """The value that nothing gives out of those declared."""
        for at, output in enumerate(self.data.outputs):
            if not output.declared:
                continue
            given = {row[at] for row in self.data.then}
            for value in output.values or ():
                if value not in given and finding.text == unused_text(output.name, value) and len(output.values or ()) > 1:
                    outputs = [dict(each) if isinstance(each, dict) else each for each in self.document["outputs"]]
                    said = _plain(value)
                    outputs[at] = {**outputs[at], "values": [each for each in outputs[at]["values"] if each != said]}
                    yield Mend(Text(f"Declare {shown(value)} no more", f"不再声明 {shown(value)}"), {**self.document, "outputs": outputs})

    def gap(self, finding: Finding) -> Iterator[Mend]:
        """A default for everything that is left; or a row for just this gap. Both give the last value of each output."""
        then = [self.last(at) for at in range(len(self.data.outputs))]
        said = ", ".join("null" if value is None else str(value) for value in then)
        when = self.widest(finding)
        rows = [*self.document["rows"], {"when": when, "then": then}]
        default = Mend(Text(f"Give {said} to everything else", f"其余情况一律为 {said}"), {**self.document, "default": then})
        row = Mend(Text(f"Add a row for this case, with {said}", f"为此情况新增一行，结果为 {said}"), {**self.document, "rows": rows})
        yield from (default, row)

    def last(self, at: int) -> Any:
        """The last value of a label output, which is the least it can give; of a number its smallest, of a flag false."""
        output = self.data.outputs[at]
        given = [row[at] for row in self.data.then if row[at] is not None]
        if output.values:
            return _plain(output.values[-1])
        if output.kind == "flag":
            return False
        numbers = [value for value in given if isinstance(value, int | float)]
        return min(numbers) if numbers and output.kind == "number" else _plain(given[-1]) if given else None

    def widest(self, finding: Finding) -> list[str]:
        """The cells of a row that holds the witness and touches no other row, each as wide as it can be, from the left."""
        point = [one.witnesses.index(finding.witness[one.name]) for one in self.domains]
        box = [1 << at for at in point]
        for at, one in enumerate(self.domains):
            wider = [*box[:at], one.full, *box[at + 1 :]]
            free = not any(all(a & b for a, b in zip(wider, row, strict=True)) for row in self.boxes)
            box = wider if free else self._grown(box, at, one, point[at])
        return [_cell(one, mask) for one, mask in zip(self.domains, box, strict=True)]

    def _grown(self, box: list[int], at: int, one: Domain, place: int) -> list[int]:
        """The bins around the witness, one by one, as far as no other row is touched; of labels any, the missing value last."""
        present = _present(one)
        nearby: list[Sequence[int]]
        if one.kind.kind not in ("number", "date"):
            nearby = [[other] for other in range(present)]
        else:
            nearby = [range(place + 1, present), range(place - 1, -1, -1)] if place < present else []
        for steps in (*nearby, range(present, len(one.witnesses))):
            for to in steps:
                wider = [*box[:at], box[at] | 1 << to, *box[at + 1 :]]
                if any(all(a & b for a, b in zip(wider, row, strict=True)) for row in self.boxes):
                    break
                box = wider
        return box


def _present(one: Domain) -> int:
    """How many bins hold values; the missing one is the last."""
    return len(one.witnesses) - (one.witnesses[-1] is None)


def _cell(one: Domain, mask: int) -> str:
    """The text of the cell that matches these bins: everything, everything present, texts, or one interval; and missing."""
    present = _present(one)
    missing, some = mask >> present, mask & ((1 << present) - 1)
    if mask == one.full:
        return "-"
    if not some:
        return "null"
    if some == (1 << present) - 1:
        return "not(null)"
    bins = [at for at in range(present) if some >> at & 1]
    if one.kind.kind == "text" and one.kind.values is None and present - 1 in bins:
        others = [write(one.witnesses[at]) for at in range(present - 1) if at not in bins]
        return f"not({', '.join(others if missing else [*others, 'null'])})"
    if one.kind.kind in ("text", "flag"):
        said = ", ".join(write(one.witnesses[at]) for at in bins)
    else:
        said = _interval(one, one.places[bins[0]], one.places[bins[-1]])
    return f"{said}, null" if missing else said


def _interval(one: Domain, first: int, last: int) -> str:
    """From one place of the grid of cuts to another: even places lie between cuts, odd ones are the cuts themselves."""
    low = None if first == 0 else _at(one, (first - 1) // 2)
    high = None if last == 2 * len(one.cuts) else _at(one, last // 2)
    if first == last and first % 2:
        return write(low)
    opening, closing = "[" if first % 2 else "(", "]" if last % 2 else ")"
    if low is None:
        return f"{'<=' if closing == ']' else '<'} {write(high)}"
    if high is None:
        return f"{'>=' if opening == '[' else '>'} {write(low)}"
    return f"{opening}{write(low)}..{write(high)}{closing}"


def _at(one: Domain, place: int) -> Value:
    cut: Number = one.cuts[place]
    return dt.date.fromordinal(int(cut) + EPOCH) if one.kind.kind == "date" else cut


def _plain(value: Value | None) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value
