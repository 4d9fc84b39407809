"""Titles that state the finding: sentences made from the numbers, in both languages.

When nothing is remarkable the title is the plain fact. Shares in a sentence are of all customers and all revenue.
"""

from __future__ import annotations

from engine.policy import Text
from engine.render.figures import number, share
from engine.report import ChangesView, Flow, ImportView, LabelLine, OutputSummary, RunSummary

REMARKABLE = 0.05
"""By how much the share of revenue must pass the share of customers before a title speaks of it."""


def output_finding(output: OutputSummary) -> Text:
    """Which label carries more revenue than its size; else which is the largest; else that nobody has a value."""
    valued = [line for line in output.lines if line.customers]
    if not valued:
        return Text("Nobody has a value", "没有客户得到结果")
    if len(valued) == 1 and not output.withheld:
        return _everybody(valued[0])
    lead = max(valued, key=lambda line: _surplus(line, output))
    if _surplus(lead, output) >= REMARKABLE:
        return _carries(lead, output)
    largest = max(valued, key=lambda line: line.customers)
    who, size = people(largest), share(largest.customers, output.customers)
    return Text(f"{who.en} are the largest group, {size} of the customers", f"{who.zh}，人数最多，占客户的 {size}")


def _surplus(line: LabelLine, output: OutputSummary) -> float:
    if output.amount <= 0 or output.customers <= 0:
        return 0.0
    return line.amount / output.amount - line.customers / output.customers


def _carries(line: LabelLine, output: OutputSummary) -> Text:
    who = people(line)
    size, revenue = share(line.customers, output.customers), share(line.amount, output.amount)
    verb = "brings" if line.customers == 1 else "bring"
    return Text(f"{who.en}, {size} of the customers, {verb} {revenue} of the revenue", f"{who.zh}，占客户的 {size}，贡献收入的 {revenue}")


def _everybody(line: LabelLine) -> Text:
    count = number(line.customers)
    if line.customers == 1:
        return Text(f"The one customer is in {line.title.en}", f"唯一的客户属于“{line.title.zh}”")
    return Text(f"All {count} customers are in {line.title.en}", f"全部 {count} 位客户都属于“{line.title.zh}”")


def people(line: LabelLine) -> Text:
    """So many customers of a label, as a sentence begins: "1,874 champions", "312 loyal customers", "94 customers in At risk"."""
    count, title = number(line.customers), line.title.en
    plain = title[:1].isupper() and title[1:] == title[1:].lower()
    if line.customers == 1:
        en = f"1 customer in {title}"
    elif plain and len(title) > 2 and title.endswith("s") and not title.endswith("ss"):
        en = f"{count} {title.lower()}"
    elif " " not in title and (plain or len(title) <= 3):
        en = f"{count} {title.lower() if len(title) > 2 and plain else title} customers"
    else:
        en = f"{count} customers in {title}"
    zh = line.title.zh
    return Text(en, f"{zh} {count} 位" if "客户" in zh else f"{zh}客户 {count} 位")


def run_finding(run: RunSummary) -> Text:
    """How many customers have an outcome, or what stands in the way of one."""
    total = number(run.customers)
    if not run.customers:
        return Text("There are no customers yet", "还没有客户")
    if run.status == "held":
        return Text(f"Run {run.run} is held: it would move more than the limits allow", f"运行 {run.run} 已暂扣：变动超过允许的范围")
    if not run.graded:
        return Text(f"No policy graded any of the {total} customers", f"{total} 位客户均未得到分级")
    best = max(run.graded.values())
    if best == run.customers:
        return Text(f"All {total} customers are graded", f"全部 {total} 位客户均已分级")
    return Text(f"{number(best)} of {total} customers are graded", f"{total} 位客户中，{number(best)} 位已分级")


def changes_finding(view: ChangesView) -> Text:
    """How many customers moved, of how many."""
    if not view.moved:
        return Text("No grade changed", "没有客户的分级发生变动")
    moved, total, part = number(view.moved), number(view.customers), share(view.moved, view.customers)
    verb = "customer of" if view.moved == 1 else "customers of"
    return Text(f"{moved} {verb} {total} moved, {part}", f"{total} 位客户中有 {moved} 位变动，占 {part}")


def flows_finding(flows: list[Flow]) -> Text:
    """How many rose and how many fell in one output, as far as its labels have an order."""
    up, down = (sum(flow.customers for flow in flows if flow.direction == way) for way in (1, -1))
    rest = sum(flow.customers for flow in flows) - up - down
    en = [f"{number(up)} up" if up else "", f"{number(down)} down" if down else "", f"{number(rest)} otherwise" if rest else ""]
    zh = [f"{number(up)} 位上升" if up else "", f"{number(down)} 位下降" if down else "", f"{number(rest)} 位其他变动" if rest else ""]
    return Text(", ".join(filter(None, en)), "，".join(filter(None, zh)))


def import_finding(view: ImportView) -> Text:
    """What came in, and whether everything did."""
    if not view.rows:
        return Text(f"{view.file} has no rows", f"{view.file} 没有数据行")
    if not view.accepted:
        return Text(
            f"None of the {number(view.rows)} rows of {view.file} could be used", f"{view.file} 的 {number(view.rows)} 行均无法使用"
        )
    rows, kept = number(view.rows), number(view.accepted)
    if view.dry_run:
        return Text(f"{kept} of {rows} rows of {view.file} would be kept", f"{view.file} 共 {rows} 行，将保留 {kept} 行")
    if not (view.created or view.updated):
        return Text(f"{view.file} brought nothing new: all {kept} rows are stored already", f"{view.file} 没有新内容：{kept} 行均已入库")
    if view.accepted == view.rows:
        return Text(f"All {rows} rows of {view.file} are in", f"{view.file} 的 {rows} 行全部入库")
    return Text(f"{kept} of {rows} rows of {view.file} are in", f"{view.file} 共 {rows} 行，入库 {kept} 行")
