"""What changed from one decision table to another, row by row and cell by cell, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, Literal

from engine.differences import differences
from engine.document_words import arrow, joined, said, same, value_text
from engine.policy import Text

Kind = Literal["added", "removed", "changed"]
Said = tuple[Kind, Text]
MOST = 60
"""Rows of one table whose changes are said one by one."""
ANY = "-"
LARGE = 300
"""Changed rows up to which the most alike are looked for."""
ALIGNED = 4_000
"""Rows up to which moved and edited rows are aligned; a larger table is compared place by place."""


def table_changes(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[Said]:
    """Say what changed, at least one sentence where the tables differ."""
    found = [*_columns(was, now), *_hit_policy(was, now), *_default(was, now)]
    rows = list(_rows(_Rows(was), _Rows(now)))
    if len(rows) > MOST:
        more = len(rows) - MOST
        rows = [*rows[:MOST], ("changed", Text(f"and {more:,} more changes of rows", f"另有 {more:,} 处行变化"))]
    found += rows
    known = {"inputs", "outputs", "hit_policy", "rows", "default"}
    found += [
        ("changed", Text(f"{key}: {arrow(value_text(was.get(key)), value_text(now.get(key))).en}", f"{key}：{value_text(now.get(key)).zh}"))
        for key in {**was, **now}
        if key not in known and was.get(key) != now.get(key)
    ]
    if not found and differences(was, now):
        found = [("changed", Text("the table is written differently", "表的写法不同"))]
    return found


def _columns(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Said]:
    for key, en, zh in (("inputs", "input", "输入列"), ("outputs", "output", "输出列")):
        before, after = ([_name(each) for each in _list(table.get(key))] for table in (was, now))
        for name in before:
            if name not in after:
                yield "removed", Text(f"{en} {name} is gone", f"去掉{zh} {name}")
        for name in after:
            if name not in before:
                yield "added", Text(f"new {en} {name}", f"新增{zh} {name}")
        if sorted(before) == sorted(after) and before != after:
            yield "changed", Text(f"order of the {en}s: {', '.join(after)}", f"{zh}顺序：{'、'.join(after)}")
        old, new = ({_name(each): each for each in _list(table.get(key))} for table in (was, now))
        for name in old:
            if name in new and old[name] != new[name]:
                values = [value_text(each.get("values") if isinstance(each, Mapping) else None) for each in (old[name], new[name])]
                yield "changed", Text(f"values of {name}: {arrow(*values).en}", f"{name} 的取值：{arrow(*values).zh}")


def _list(value: Any) -> list[Any]:
    """A document that is wrong is compared too."""
    return value if isinstance(value, list) else []


def _name(column: Any) -> str:
    return str(column.get("name")) if isinstance(column, Mapping) else str(column)


def _hit_policy(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Said]:
    before, after = was.get("hit_policy"), now.get("hit_policy")
    if before != after:
        yield "changed", Text(f"hit policy: {before} → {after}", f"命中策略：{before} → {after}")


def _default(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Said]:
    before, after = was.get("default"), now.get("default")
    if before != after:
        change = arrow(value_text(before), value_text(after))
        yield "changed", Text(f"where no row fits: {change.en}", f"无行命中时：{change.zh}")


class _Rows:
    """The rows of a table, their cells by the name of the column; a cell that matches anything says nothing."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self.inputs = [_name(each) for each in _list(table.get("inputs"))]
        self.outputs = [_name(each) for each in _list(table.get("outputs"))]
        self.rows = [self._row(row) for row in _list(table.get("rows"))]
        self.keys = [json.dumps(row, sort_keys=True, ensure_ascii=False) for row in self.rows]

    def _row(self, row: Any) -> dict[str, Any]:
        if not isinstance(row, Mapping):
            return {"when": {}, "then": {}, "note": str(row)}
        when, then = _list(row.get("when")), _list(row.get("then"))
        cells = {name: str(cell) for name, cell in zip(self.inputs, when, strict=False) if str(cell) not in (ANY, "")}
        return {"when": cells, "then": dict(zip(self.outputs, then, strict=False)), "note": row.get("note") or ""}


def _rows(was: _Rows, now: _Rows) -> Iterator[Said]:
    if was.keys == now.keys:
        return
    gone, came = _unmatched(was.keys, now.keys)
    places: dict[str, list[int]] = {}
    for at in came:
        places.setdefault(now.keys[at], []).append(at)
    stayed_gone = []
    for at in gone:
        if places.get(was.keys[at]):
            to = places[was.keys[at]].pop(0)
            came.remove(to)
            yield (
                "changed",
                Text(
                    f"row {at + 1} moves to {to + 1}: {_row(was.rows[at]).en}", f"第 {at + 1} 行移至第 {to + 1} 行：{_row(was.rows[at]).zh}"
                ),
            )
        else:
            stayed_gone.append(at)
    yield from _edits(was, now, stayed_gone, came)


def _unmatched(was: Sequence[str], now: Sequence[str]) -> tuple[list[int], list[int]]:
    """The rows, from 0, that have no equal one in the same order."""
    if max(len(was), len(now)) > ALIGNED:
        same_place = min(len(was), len(now))
        differ = [at for at in range(same_place) if was[at] != now[at]]
        return differ + list(range(same_place, len(was))), differ + list(range(same_place, len(now)))
    gone: list[int] = []
    came: list[int] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
        if tag != "equal":
            gone += range(i1, i2)
            came += range(j1, j2)
    return gone, came


def _edits(was: _Rows, now: _Rows, gone: Sequence[int], came: Sequence[int]) -> Iterator[Said]:
    """Rows that were edited, paired by what they still share, then those that went and came."""
    left, rest, found = list(gone), list(came), []
    if len(left) > LARGE:  # too many to look for the most alike: what stands in the same place is the same row
        there = set(rest)
        found = [(at, at) for at in left if at in there and _shared(was.rows[at], now.rows[at])]
        taken = {at for at, _ in found}
        left, rest = [at for at in left if at not in taken], [at for at in rest if at not in taken]
    for at in left[:LARGE]:
        alike = [(-_shared(was.rows[at], now.rows[to]), abs(to - at), to) for to in rest[:LARGE] if _shared(was.rows[at], now.rows[to])]
        if alike:
            found.append((at, min(alike)[2]))
            rest.remove(min(alike)[2])
    edited = {at for at, _ in found}
    for at, to in found:
        change = _row_change(was.rows[at], now.rows[to])
        place = (
            Text(f"row {to + 1}", f"第 {to + 1} 行")
            if at == to
            else Text(f"row {to + 1} (was {at + 1})", f"第 {to + 1} 行（原第 {at + 1} 行）")
        )
        yield "changed", said(place, change)
    left = [at for at in left if at not in edited]
    for at in left:
        yield "removed", Text(f"row {at + 1} is gone: {_row(was.rows[at]).en}", f"删除第 {at + 1} 行：{_row(was.rows[at]).zh}")
    for at in rest:
        yield "added", Text(f"new row {at + 1}: {_row(now.rows[at]).en}", f"新增第 {at + 1} 行：{_row(now.rows[at]).zh}")


def _shared(one: Mapping[str, Any], other: Mapping[str, Any]) -> int:
    """How much two rows have in common: equal results, and equal cells."""
    cells = sum(1 for name, cell in other["when"].items() if one["when"].get(name) == cell)
    return cells + (2 if one["then"] == other["then"] else 0) + (3 if one["when"] == other["when"] else 0)


def _row(row: Mapping[str, Any]) -> Text:
    cells = [same(f"{name} {cell}") for name, cell in row["when"].items()]
    when = joined(cells, " and ", " 且 ") if cells else Text("anything", "任意")
    then = joined([Text(f"{name} {value_text(value).en}", f"{name} {value_text(value).zh}") for name, value in row["then"].items()])
    return Text(f"{when.en} gives {then.en}", f"{when.zh} 得 {then.zh}")


def _row_change(was: Mapping[str, Any], now: Mapping[str, Any]) -> Text:
    parts = []
    for name in {**was["when"], **now["when"]}:
        before, after = was["when"].get(name), now["when"].get(name)
        if before != after:
            anything = Text("anything", "任意")
            change = arrow(same(before) if before else anything, same(after) if after else anything)
            parts.append(Text(f"{name} {change.en}", f"{name} {change.zh}"))
    for name in {**was["then"], **now["then"]}:
        before, after = was["then"].get(name), now["then"].get(name)
        if before != after:
            change = arrow(value_text(before), value_text(after))
            parts.append(Text(f"{name} {change.en}", f"{name} {change.zh}"))
    if was["note"] != now["note"]:
        change = arrow(value_text(was["note"] or None), value_text(now["note"] or None))
        parts.append(Text(f"note {change.en}", f"备注 {change.zh}"))
    return joined(parts)
