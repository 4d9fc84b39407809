"""The list of values that people fixed by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text as Line

from engine.policy import Text
from engine.render import scale
from engine.render.figures import moment, number
from engine.render.page import Page, listing

STATUS = {
    "requested": Text("requested", "待批准"),
    "approved": Text("approved", "已批准"),
    "rejected": Text("rejected", "已驳回"),
    "withdrawn": Text("withdrawn", "已撤回"),
}


def fixed_values(console: Console, found: Sequence[Mapping[str, Any]], language: str) -> None:
    """Print fixed values, by number: whose, what, until when, who and why."""
    page = Page(console, language)
    if not found:
        page.title(page.say("No value is fixed by hand", "没有人工指定的结果"))
        return
    count = number(len(found))
    page.title(page.say(f"{count} value{'s' if len(found) > 1 else ''} fixed by hand", f"人工指定的结果共 {count} 项"))
    heads = [
        (page.say("No.", "编号"), "right"),
        (page.say("Customer", "客户"), "left"),
        (page.say("Output", "输出"), "left"),
        (page.say("Value", "取值"), "left"),
        (page.say("Until", "有效期至"), "left"),
        (page.say("State", "状态"), "left"),
        (page.say("Who, why", "经办与理由"), "left"),
    ]
    page.print(listing(heads, (_row(page, one) for one in found), fold=6))


def _row(page: Page, one: Mapping[str, Any]) -> list[Line]:
    who = page.dots([str(one["author"]), str(one["approver"] or "")])
    mark = page.say(" (self-approved)", "（本人批准）") if one["self_approved"] else ""
    ended = page.say(", ended early", "，提前终止") if one["ended_by"] else ""
    return [
        Line(str(one["id"]), scale.QUIET),
        Line(str(one["customer"])),
        Line(str(one["address"]), scale.BRAND),
        Line(str(one["value"])),
        Line(moment(str(one["ends_at"]), page.language)),
        Line(page.words(STATUS[one["status"]]) + ended),
        Line(f"{who}{mark}: {one['reason']}" if page.language == "en" else f"{who}{mark}：{one['reason']}", scale.QUIET),
    ]
