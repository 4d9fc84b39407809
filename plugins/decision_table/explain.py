"""Which row of the table decided for a customer, and what its cells found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine import Output, Reason, Text

if TYPE_CHECKING:
    from plugins.decision_table.policy import DecisionTablePolicy

MOST_ABOVE = 6
"""Rows above the deciding one that are said; the structured verdicts hold all."""


def explain(policy: DecisionTablePolicy, columns: Mapping[str, Any]) -> list[Reason]:
    """The deciding row and its note, the other rows that hit, or the default; nothing for a customer without an outcome."""
    told = policy.table.explain(columns)
    if told["conflict"]:
        return []
    given = _given(policy.outputs(), told["outputs"])
    values = {"given": given.en, "given_zh": given.zh}
    if not told["hits"]:
        if not told["default"]:
            return []
        return [Reason("default", Text("No row matches, so the default: {given}.", "没有规则行命中，取默认：{given_zh}。"), values)]
    why, row = policy.table.decided(columns), told["decided_by"]
    text = Text("Row {row} matches: {why}; hence {given}.", "命中第 {row} 行：{why}；因此{given_zh}。")
    reasons = [Reason("row", text, {**values, "row": row, "why": why if why.items else "-"})]
    if policy.table.data.hit_policy == "first":
        reasons += _before(policy, columns, row)
    others = [hit for hit in told["hits"] if hit != row]
    if others and policy.lists:
        reasons.append(Reason("others", Text("Rows {rows} match too.", "第 {rows} 行也命中。"), {"rows": ", ".join(map(str, others))}))
    note = policy.table.data.notes[row - 1]
    if note:
        reasons.append(Reason("note", Text("Note: {note}", "备注：{note}"), {"note": note}))
    return reasons


def _before(policy: DecisionTablePolicy, columns: Mapping[str, Any], row: int) -> list[Reason]:
    """Why the rows above did not match: the first cell of each that does not hold."""
    text = Text("Row {row} does not match: {why}.", "第 {row} 行未命中：{why}。")
    above = range(max(1, row - MOST_ABOVE), row)
    return [Reason("not_row", text, {"row": at, "why": why}) for at, why in zip(above, policy.table.failed(columns, above), strict=True)]


def _given(outputs: tuple[Output, ...], values: Mapping[str, Any]) -> Text:
    said = [_value(output, values[output.name]) for output in outputs]
    return Text(", ".join(text.en for text in said), "、".join(text.zh for text in said))


def _value(output: Output, value: Any) -> Text:
    title = output.title or Text(output.name, output.name)
    if isinstance(value, list):
        each = [_word(output, one) for one in value] or [Text("none", "无")]
        return Text(f"{title.en} {', '.join(text.en for text in each)}", f"{title.zh} {'、'.join(text.zh for text in each)}")
    word = _word(output, value)
    return Text(f"{title.en} {word.en}", f"{title.zh} {word.zh}")


def _word(output: Output, value: Any) -> Text:
    if value is None:
        return Text("none", "无")
    if isinstance(value, bool):
        return Text("yes", "是") if value else Text("no", "否")
    if isinstance(value, int | float):
        return Text(f"{value:,}", f"{value:,}")
    found = next((label.title for label in output.labels if label.key == value), None)
    return found or Text(str(value), str(value))
