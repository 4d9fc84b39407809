"""Which row gave a customer its level, and what that level promises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine import Reason, Text, levels

if TYPE_CHECKING:
    from plugins.service_level.policy import ServiceLevelPolicy

HOUR = 3_600


def explain(policy: ServiceLevelPolicy, columns: Mapping[str, Any]) -> list[Reason]:
    """The deciding row or the default with its level, and what the level gives; nothing for a customer without one."""
    told = policy.table.explain(columns)
    level = next((each for each in policy.levels if each.key == told["outputs"]["level"]), None)
    if level is None:
        return []
    values = {"level": level.title.en, "level_zh": level.title.zh}
    if told["decided_by"] is None:
        first = Reason("default", Text("No row matches, so the default: {level}.", "没有规则行命中，取默认：{level_zh}。"), values)
    else:
        why, row = policy.table.decided(columns), told["decided_by"]
        text = Text("Row {row} matches: {why}; hence {level}.", "命中第 {row} 行：{why}；因此为{level_zh}。")
        first = Reason("row", text, {**values, "row": row, "why": why if why.items else "-"})
    given = gives(level)
    says = Text("{level} gives: {given}.", "{level_zh}享有：{given_zh}。")
    return [first, Reason("gives", says, {**values, "given": given.en, "given_zh": given.zh})]


def gives(level: levels.ServiceLevel) -> Text:
    """The entitlements of a level in one phrase."""
    parts = [Text("a dedicated manager", "专属客户经理") if level.manager else Text("no dedicated manager", "无专属客户经理")]
    target = level.target(levels.ANY, level.priority)
    if target is not None and target.answer is not None:
        parts.append(
            Text(f"a first answer within {_hours(target.answer)} h of working time", f"{_hours(target.answer)} 个工作小时内首次答复")
        )
    if target is not None and target.resolution is not None:
        parts.append(Text(f"a resolution within {_hours(target.resolution)} h", f"{_hours(target.resolution)} 个工作小时内解决"))
    if level.review_days is not None:
        parts.append(Text(f"a review every {level.review_days} days", f"每 {level.review_days} 天回访"))
    if level.extras is not None:
        parts.append(level.extras)
    return Text(", ".join(part.en for part in parts), "、".join(part.zh for part in parts))


def _hours(seconds: int) -> str:
    return f"{seconds / HOUR:.4g}"
