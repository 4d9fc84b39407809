"""The page behind one feature: its value, the facts that made it, and the others with the reason why not."""

from __future__ import annotations

from typing import Any

from rich.console import Console, RenderableType
from rich.text import Text as Line

from engine.policy import Text
from engine.render import scale
from engine.render.figures import moment, number
from engine.render.page import Page, listing

REASONS = {
    "voided": Text("voided", "已作废"),
    "refund": Text("refunds", "退款"),
    "sale": Text("sales", "销售"),
    "after": Text("after the moment of the run", "晚于运行时点"),
    "too_recent": Text("too recent", "时间过近"),
    "before_window": Text("before the window", "早于窗口"),
    "older": Text("older than the last two", "早于最近两次"),
    "no_value": Text("without a value", "无数值"),
    "not_given": Text("not given", "未提供"),
    "filter": Text("outside the filter", "不符合筛选条件"),
}
KINDS = {
    "order": Text("order", "订单"),
    "refund": Text("refund", "退款"),
    "line": Text("line", "订单行"),
    "customer": Text("customer record", "客户资料"),
}


def evidence(console: Console, found: Any, language: str, *, page: int = 1) -> None:
    """Print the facts behind a feature; of a ratio or difference, behind both parts."""
    sheet = Page(console, language)
    at = sheet.say("as of ", "截至 ") + moment(found.as_of, sheet.language)
    sheet.title(
        sheet.say(f"{found.title}: {found.text}", f"{found.title}：{found.text}"),
        sheet.dots([found.customer, found.feature, at, sheet.say(f"run {found.run}", f"运行 {found.run}")]),
    )
    for note in found.notes:
        sheet.print(Line(note, scale.STRONG))
    for part in found.parts:
        evidence(console, part, language, page=page)
    if found.parts:
        return
    sheet.print(Line(_counts(sheet, found)))
    if found.facts:
        heads = [("", "left"), ("", "left"), (sheet.say("moment", "时点"), "left"), (sheet.say("amount", "金额"), "right"), ("", "left")]
        sheet.print(listing(heads, [_row(sheet, fact) for fact in found.facts], fold=4))
    if found.next_offset is not None:
        sheet.print(Line(sheet.say(f"more with --page {page + 1}", f"更多请用 --page {page + 1}"), scale.QUIET))


def _counts(sheet: Page, found: Any) -> str:
    counted = sheet.say(f"{number(found.counted)} counted", f"计入 {number(found.counted)} 条")
    out = [f"{sheet.words(REASONS.get(why, Text(why, why)))} {number(count)}" for why, count in found.left_out.items()]
    return counted + (sheet.say("; left out: ", "；未计入：") + sheet.say(", ", "、").join(out) if out else "")


def _row(sheet: Page, fact: Any) -> list[RenderableType]:
    style = "" if fact.counted else scale.QUIET
    name = sheet.words(KINDS[fact.kind]) + f" {fact.id}" + ("" if fact.line is None else f" / {fact.line}")
    words = [fact.reason_text]
    if fact.kind == "customer" and fact.counted:
        words += [f"{name} {text}" for name, text in (fact.details or {}).items()]
    if fact.decides:
        words.append(sheet.say("decides", "起决定作用"))
    if fact.merged_from:
        words.append(sheet.say(f"from {fact.merged_from}, joined since", f"来自已并入的 {fact.merged_from}"))
    if fact.changed_since:
        words.append(sheet.say("came or changed after the run", "运行之后新增或变更"))
    amount = "" if fact.amount is None else f"{fact.amount:,.2f}"
    when = moment(fact.at, sheet.language) if fact.at else ""
    said = sheet.say("; ", "；").join(word for word in words if word)
    return [Line("+" if fact.counted else "-", style), Line(name, style), Line(when, style), Line(amount, style), Line(said, style)]
