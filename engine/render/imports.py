"""The page of an import: what came in, in rows that add up."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text as Line

from engine.render import scale
from engine.render.figures import bar, duration, number, share
from engine.render.findings import import_finding
from engine.render.page import Page, listing, pairs
from engine.render.phrases import KIND, named
from engine.report import ImportView

BAR = 24


def import_report(console: Console, view: ImportView, language: str) -> None:
    """Print an import: the finding, the account of all rows, what they became, and why others were left."""
    page = Page(console, language)
    speed = number(round(view.rows / view.seconds)) if view.seconds > 0.05 else ""
    about = [
        named(KIND, view.kind, page.language),
        page.say("dry run, nothing kept", "试运行，未写入") if view.dry_run else "",
        page.say(f"batch {view.batch}", f"批次 {view.batch}") if view.batch is not None else "",
        duration(view.seconds, page.language) if view.seconds else "",
        page.say(f"{speed} rows/s", f"每秒 {speed} 行") if speed else "",
    ]
    page.title(import_finding(view).in_(page.language), page.dots(about))
    if view.rows:
        _account(page, view)
        _facts(page, view)
    _rejected(page, view)
    if view.warnings:
        page.callout(page.say("Worth knowing", "请注意"), view.warnings, scale.WARN)


def _account(page: Page, view: ImportView) -> None:
    """Every row of the file, once: rows = accepted + left out + rejected."""
    parts = [
        (page.say("accepted", "已接受"), view.accepted, scale.OK),
        (page.say("left out", "按规则略过"), view.ignored_rows, scale.STEPS[7]),
        (page.say("rejected", "被拒绝"), view.rejected_rows, scale.BAD),
    ]
    rows = [
        [Line(name), Line(number(count)), Line(share(count, view.rows), scale.QUIET), Line(bar(count, view.rows, BAR), tone)]
        for name, count, tone in parts
    ]
    rows.append(
        [
            Line(page.say("rows", "总行数"), scale.QUIET),
            Line(number(view.rows), scale.QUIET),
            Line(share(view.rows, view.rows), scale.QUIET),
            Line(""),
        ]
    )
    page.print()
    page.print(listing([("", "left"), (page.say("rows", "行"), "right"), ("", "right"), ("", "left")], rows))
    if view.missing_rows:
        missing = number(view.missing_rows)
        page.callout(page.say(f"The rows do not add up: {missing} unaccounted for", f"行数不符：{missing} 行去向不明"), [], scale.BAD)


def _facts(page: Page, view: ImportView) -> None:
    counts = [
        (view.created, page.say("new", "新增")),
        (view.updated, page.say("changed", "更新")),
        (view.unchanged, page.say("as before", "不变")),
    ]
    became = [
        (view.orders, page.say("orders", "订单")),
        (view.refunds, page.say("refunds", "退款")),
        (view.customers_created, page.say("new customers", "新客户")),
    ]
    rows = [
        (page.say("stored", "入库"), page.dots(_counted(page, count, word) for count, word in counts if count)),
        (page.say("of them", "其中"), page.dots(_counted(page, count, word) for count, word in became if count)),
        (page.say("sales", "销售额"), view.amount_text),
        *((page.say("left out", "略过"), f"{number(count)}  {reason}") for reason, count in view.ignored.items()),
    ]
    page.print()
    page.print(pairs((name, Line(text)) for name, text in rows if text))


def _counted(page: Page, count: int, word: str) -> str:
    return page.say(f"{number(count)} {word}", f"{word} {number(count)}")


def _rejected(page: Page, view: ImportView) -> None:
    if not view.rejected:
        return
    lines = []
    for reason, (count, examples) in sorted(view.rejected.items(), key=lambda item: -item[1][0]):
        lines.append(f"{number(count)}  {reason}")
        lines += [f"    {example}" for example in examples]
    total = number(view.rejected_rows)
    head = page.say(f"{total} rows were rejected" if view.rejected_rows != 1 else "1 row was rejected", f"{total} 行被拒绝")
    page.callout(head, lines, scale.BAD, "" if view.dry_run else "tierwise export rejected")
