"""Verification of conditions: which one can never be true, which one earlier ones always forestall, what all leave open.

A condition becomes the boxes of its disjunctive normal form: per column the bins that a comparison allows, so that
several comparisons of one column are an intersection of bits. What bins cannot say (two features against each other,
parts of an open text) becomes a column of its own that is true, false or unknown; that can only make more seem
possible, so "unreachable" and "impossible" stay proofs, and a gap names the comparison it rests on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from engine.condition_documents import Node, Not, leaves
from engine.conditions import Condition
from engine.covers import Box, Cover, Undecided, new_cover
from engine.domains import Domain, domain
from engine.kinds import ColumnKind, Value, literal_kind, parse_date
from engine.leaves import ORDERINGS, PRESENCE, TEXT_OPS, Leaf, text_truths
from engine.policy import Text
from engine.tables.binding import UNMENTIONED
from engine.tables.cells import Cell, Test
from engine.verify import Finding, shown_witness, undecided

BOX_LIMIT = 2_000
"""Boxes of one condition; a product of many alternatives grows beyond any use."""

Part: TypeAlias = Mapping[str, int]
"""One box: column -> the bins that it allows, as bits; a column that is not named is free."""

_NOT = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def verify_conditions(
    conditions: Sequence[Condition], names: Sequence[str], kinds: Mapping[str, ColumnKind], *, first: bool, otherwise: bool
) -> list[Finding]:
    """Find conditions that can never be true and, where the first true one decides, those never reached and the gap.

    kinds: what each column can be; else what the literals tell. otherwise: an outcome is declared for what is left over.
    """
    job = _Job.of(conditions, kinds)
    boxes: list[list[Box] | None] = []
    findings = []
    for at, condition in enumerate(conditions):
        try:
            boxes.append(job.boxes(condition))
        except Undecided:
            boxes.append(None)
            findings.append(undecided(f"{names[at]}, which has too many alternatives", f"{names[at]}（情况过多）", (at + 1,)))
            continue
        if not boxes[at]:
            text = Text(en=f"{names[at]} can never be true", zh=f"“{names[at]}”不可能成立")
            findings.append(Finding("TW354", "impossible", "warning", text, (at + 1,)))
    if first and None not in boxes:
        findings += job.covered([found or [] for found in boxes], names, otherwise)
    return sorted(findings, key=lambda finding: (finding.id, finding.rows))


@dataclass(frozen=True)
class _Job:
    """The columns of some conditions, divided into bins. Cells are kept by leaf and truth."""

    domains: Mapping[str, Domain]
    masks: Mapping[tuple[Leaf, bool], tuple[str, int]]

    @classmethod
    def of(cls, conditions: Sequence[Condition], kinds: Mapping[str, ColumnKind]) -> _Job:
        told: dict[str, ColumnKind] = {}
        cells: dict[str, dict[tuple[Leaf, bool], Cell]] = {}
        for leaf in dict.fromkeys(leaf for condition in conditions for leaf in leaves(condition.root)):
            name, kind = _column(leaf, kinds)
            if name not in kinds and (name not in told or leaf.literals):
                told[name] = kind
            for truth in (True, False):
                cells.setdefault(name, {})[leaf, truth] = _cell(leaf, truth, kind)
        domains = {name: domain(name, kinds.get(name) or told[name], dict.fromkeys(found.values())) for name, found in cells.items()}
        masks: dict[tuple[Leaf, bool], tuple[str, int]] = {}
        for name, found in cells.items():
            known = domains[name].masks(dict.fromkeys(found.values()))
            masks |= {key: (name, known[cell]) for key, cell in found.items()}
        return cls(domains, masks)

    def boxes(self, condition: Condition) -> list[Box]:
        """Where the condition is true, as boxes over all columns. Raises `Undecided` for too many."""
        parts = dict.fromkeys(
            tuple(part.get(name, one.full) for name, one in self.domains.items()) for part in self._parts(condition.root, True)
        )
        return list(parts)

    def _parts(self, node: Node, truth: bool) -> list[Part]:
        if isinstance(node, Leaf):
            name, mask = self.masks[node, truth]
            return [{name: mask}] if mask else []
        if isinstance(node, Not):
            return self._parts(node.item, not truth)
        found: list[Part] = [{}] if (node.kind == "all") == truth else []
        for item in node.items:
            own = self._parts(item, truth)
            found = list(_product(found, own)) if (node.kind == "all") == truth else [*found, *own]
            if len(found) > BOX_LIMIT:
                raise Undecided
        return found

    def covered(self, boxes: Sequence[Sequence[Box]], names: Sequence[str], otherwise: bool) -> Iterator[Finding]:
        """Conditions that earlier ones cover, and then what all together leave."""
        cover = new_cover([len(one.witnesses) for one in self.domains.values()])
        try:
            for at, own in enumerate(boxes):
                if own and all(cover.find(box) is None for box in own):
                    text = Text(
                        en=f"{names[at]} is unreachable: whoever it is true for, an earlier one is true for too",
                        zh=f"“{names[at]}”不可达：满足它的客户都已先满足前面的条件",
                    )
                    yield Finding("TW353", "unreachable", "warning", text, (at + 1,))
                for box in own:
                    cover.exclude(box)
            if not otherwise:
                yield from self._gap(cover)
        except Undecided:
            yield undecided("whether the conditions cover every case", "各条件是否覆盖所有情况", ())

    def _gap(self, cover: Cover) -> Iterator[Finding]:
        point = cover.find(tuple(one.full for one in self.domains.values()))
        if point is not None:
            witness: dict[str, Value | None] = {
                name: one.witnesses[at] for (name, one), at in zip(self.domains.items(), point, strict=True)
            }
            text = Text(en=f"none is true for {shown_witness(witness)}", zh=f"{shown_witness(witness)} 时没有任何条件成立")
            yield Finding("TW351", "gap", "note", text, (), witness)


def _product(found: Sequence[Part], own: Sequence[Part]) -> Iterator[Part]:
    """Every pair of boxes intersected, empty ones left out."""
    for one in found:
        for other in own:
            both = {name: one.get(name, -1) & other.get(name, -1) for name in {**one, **other}}
            if all(both.values()):
                yield both


def _column(leaf: Leaf, kinds: Mapping[str, ColumnKind]) -> tuple[str, ColumnKind]:
    """The column that bins speak of: the feature, or a flag for a comparison that bins cannot say."""
    kind = kinds.get(leaf.feature)
    if leaf.other is not None:
        days = "" if leaf.days is None else f" {leaf.days}"
        return f"{leaf.feature} {leaf.op} {leaf.other}{days}", ColumnKind("flag")
    if leaf.op in TEXT_OPS and (kind is None or kind.values is None):
        return f'{leaf.feature} {leaf.op} "{leaf.value}"', ColumnKind("flag")
    if kind is None:
        date = leaf.op == "within_days_of"
        kind = ColumnKind("date" if date else next((k for k in map(literal_kind, leaf.literals) if k), "text"))
    return leaf.feature, kind


def _cell(leaf: Leaf, truth: bool, kind: ColumnKind) -> Cell:
    """The cell that matches where the leaf is true (or false), and never a missing value unless it is asked for."""
    if kind.kind == "flag" and (leaf.other is not None or leaf.op in TEXT_OPS):
        return Cell((Test("=", truth),))
    if leaf.op in PRESENCE:
        return Cell((Test("null"),), negated=(leaf.op == "is_present") == truth)
    values = [_value(value, kind) for value in leaf.literals]
    if leaf.op in ORDERINGS:
        return Cell((Test(leaf.op if truth else _NOT[leaf.op], values[0]),))
    if leaf.op in ("between", "within_days_of"):
        low, high = values if leaf.op == "between" else _near(values[0], leaf.days or 0)
        return Cell((Test("[]", low, high),)) if truth else Cell((Test("<", low), Test(">", high)))
    if leaf.op in TEXT_OPS:
        known = kind.values or ()
        values = [value for value, true in zip(known, text_truths(leaf, known, kind), strict=True) if true]
    tests = tuple(Test("=", value) for value in values)
    if (leaf.op not in ("!=", "not_in")) == truth:
        return Cell(tests or (Test("=", UNMENTIONED),))
    return Cell((*tests, Test("null")), negated=True)


def _value(value: Value, kind: ColumnKind) -> Value:
    return (parse_date(value) or value) if kind.kind == "date" and isinstance(value, str) else value


def _near(value: Value, days: int) -> tuple[dt.date, dt.date]:
    assert isinstance(value, dt.date)
    low, high = max(value.toordinal() - days, 1), min(value.toordinal() + days, dt.date.max.toordinal())
    return dt.date.fromordinal(low), dt.date.fromordinal(high)
