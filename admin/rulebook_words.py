"""Sentences of the rulebook pages, in both languages, from the numbers alone; and what the scripts of these pages say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import g

from admin.formats import Formats
from admin.words import language, t
from engine import Fault


def moved(preview: Any, title: str, migration: Any) -> tuple[str, str]:
    """Headline of a preview, and the line below it."""
    f = g.formats
    found = preview.simulation.comparison
    if not found.rows:
        return t("There are no customers yet", "尚无客户"), t("Import a file to see what this changes.", "导入数据后即可查看影响。")
    if migration is None or not migration.moved:
        if found.moved:
            head = t(
                "{n} of {all} customers change something",
                "{all} 位客户中有 {n} 位发生变动",
                n=f.number(found.moved),
                all=f.number(found.rows),
            )
            return head, _part(found.moved, found.rows, found.moved_amount)
        if any(key not in {entry.key for entry in preview.live.entries} for key in preview.touched):
            return t("New results, and nobody's present ones change", "新增结果，现有结果不变"), t(
                "Over all {n} customers.", "覆盖全部 {n} 位客户。", n=f.number(found.rows)
            )
        if preview.touched:
            return t("No customer changes", "没有客户发生变动"), t(
                "Compared with the live rulebook, over all {n} customers.",
                "与已生效手册比较，覆盖全部 {n} 位客户。",
                n=f.number(found.rows),
            )
        return t("As live", "与已生效手册一致"), t(
            "This draft gives every one of {n} customers what it has now.",
            "该草稿对全部 {n} 位客户的结果与现在相同。",
            n=f.number(found.rows),
        )
    head = t(
        "{n} of {all} customers change {what}",
        "{all} 位客户中有 {n} 位的“{what}”发生变动",
        n=f.number(migration.moved),
        all=f.number(found.rows),
        what=title,
    )
    return head, _part(migration.moved, found.rows, migration.moved_amount)


def _part(moved_: int, rows: int, amount: int) -> str:
    f = g.formats
    return t("{share}, {money} of revenue", "占 {share}，涉及销售额 {money}", share=f.share(moved_, rows), money=f.tile(amount))


def bands(figures: Any) -> str:
    """What stands over the cuts: how many lie in the best band, and what they bring."""
    f = g.formats
    if not figures.valued:
        return t("Nobody has a value here", "尚无客户有此数值")
    best = _best(figures)
    n, amount = figures.customers[best], figures.amounts[best]
    values = {"n": f.number(n), "band": t(figures.bands[best].title), "share": f.share(amount, figures.amount)}
    if figures.cuts is None or figures.amount <= 0:
        return t("{n} customers are in {band}", "“{band}”共 {n} 位客户", **values)
    cut = _bound(figures, best)
    if not figures.share and cut is not None and best == len(figures.bands) - 1:
        return t(
            "{n} customers above {cut} bring {share} of the revenue",
            "{n} 位高于 {cut} 的客户贡献 {share} 的销售额",
            cut=number(figures, cut),
            **values,
        )
    if not figures.share and cut is not None:
        return t(
            "{n} customers up to {cut} bring {share} of the revenue",
            "{n} 位不超过 {cut} 的客户贡献 {share} 的销售额",
            cut=number(figures, cut),
            **values,
        )
    return t("{band}: {n} customers bring {share} of the revenue", "{band}：{n} 位客户贡献 {share} 的销售额", **values)


def _best(figures: Any) -> int:
    """The band in the best colour; of equal ones the upper."""
    steps = [9 if band.step is None else band.step for band in figures.bands]
    last = len(steps) - 1
    if min(steps) == max(steps):
        return 0 if figures.share else last
    return last if steps[last] == min(steps) else steps.index(min(steps))


def _bound(figures: Any, band: int) -> float | None:
    cuts = figures.cuts or ()
    return cuts[band - 1] if band else (cuts[0] if cuts else None)


def number(figures: Any, value: float) -> str:
    """A value of what is cut, with its unit."""
    f: Formats = g.formats
    if figures.share:
        return f.share(value, 1)
    if figures.measure.money:
        return f.money(round(value * 10**f.digits), cents=value != int(value))
    text = f.number(value, 0 if value == int(value) else 2)
    return f"{text} {unit(figures.measure.unit)}".strip()


UNITS = {
    "days": ("days", "天"),
    "hours": ("hours", "小时"),
    "minutes": ("minutes", "分钟"),
    "orders": ("orders", "单"),
    "points": ("points", "分"),
    "purchase days": ("purchase days", "个下单日"),
    "share": ("share", "占比"),
    "money": ("", ""),
}


def unit(name: str) -> str:
    """A unit in the reader's language; what no list knows stays as the plugin wrote it."""
    if name == "money":
        return str(g.formats.sign).strip()
    return t(*UNITS[name]) if name in UNITS else name


def measured(figures: Any) -> str:
    """What is cut: its title, its name, its scale."""
    parts = [t(figures.measure.title), figures.measure.name]
    if figures.share:
        parts.append(t("cumulated, the largest first", "从大到小累计"))
    elif figures.histogram is not None and figures.histogram.logarithmic:
        parts.append(t("logarithmic", "对数刻度"))
    return t(", ", "，").join(parts)


def fault(each: Fault) -> str:
    """What is wrong at a place, and what would be right, in the reader's language."""
    return each.words(language())


def reach(titles: Sequence[str], kept: Sequence[str]) -> str:
    """What a draft reaches and what it leaves alone."""
    if not titles:
        return t("Nothing is changed yet.", "尚无改动。")
    text = t("This draft reaches {what}.", "该草稿影响 {what}。", what=t(", ", "、").join(titles))
    if kept:
        text += t(
            " {what} stay as they are.",
            "{what} 保持不变。",
            what=t(", ", "、").join(kept[:4]) + (t(" and others", "等") if len(kept) > 4 else ""),
        )
    return text


def script_words() -> dict[str, str]:
    """Everything that the scripts of these pages say, in the reader's language."""
    return {
        "saved": t("saved", "已保存"),
        "saving": t("saving…", "正在保存…"),
        "unsaved": t("not saved yet", "尚未保存"),
        "savedAgo": t("saved {when} ago", "{when}前已保存"),
        "second": t("{n} s", "{n} 秒"),
        "minute": t("{n} min", "{n} 分钟"),
        "failed": t("could not be saved: {why}", "保存失败：{why}"),
        "offline": t("no connection; it is kept here and saved as soon as there is one", "网络已断开；改动保留在此页，恢复后自动保存"),
        "last": t("The figures are of the last valid state.", "数据为上一个有效状态。"),
        "faults": t("{n} faults", "{n} 处错误"),
        "fault": t("1 fault", "1 处错误"),
        "noFaults": t("no faults", "无错误"),
        "asLive": t("as live", "同已生效"),
        "was": t("was {value}", "原为 {value}"),
        "rises": t("rises", "上升"),
        "falls": t("falls", "下降"),
        "when": t("in which run", "在哪次运行生效"),
        "every_any": t("in the next run", "下次运行即生效"),
        "every_month": t("in the first run of a month", "每月首次运行时生效"),
        "every_quarter": t("in the first run of a quarter", "每季度首次运行时生效"),
        "every_year": t("in the first run of a year", "每年首次运行时生效"),
        "after_days": t("after so many days", "持续若干天后"),
        "stood": t("after", "持续"),
        "days": t("days", "天"),
        "margin": t("margin", "边际"),
        "no_labels": t("This policy gives no labels, and only labels are damped.", "该策略不产生标签；缓冲仅适用于标签。"),
        "live": t("live {value}", "已生效 {value}"),
        "none": t("none", "无"),
        "noValue": t("no value", "无结果"),
        "add": t("Add", "添加"),
        "remove": t("Remove", "移除"),
        "up": t("Move up", "上移"),
        "down": t("Move down", "下移"),
        "removed": t("Removed", "已移除"),
        "undo": t("Undo", "撤销"),
        "badJson": t("This is no JSON: {why}", "不是有效的 JSON：{why}"),
        "number": t("expected a number", "应为数字"),
        "whole": t("expected a whole number", "应为整数"),
        "atLeast": t("at least {n}", "不小于 {n}"),
        "atMost": t("at most {n}", "不大于 {n}"),
        "above": t("above {n}", "大于 {n}"),
        "below": t("below {n}", "小于 {n}"),
        "required": t("must not be empty", "不能为空"),
        "between": t("{a} to {b}", "{a} 至 {b}"),
        "ascending": t("must stay between {a} and {b}", "应介于 {a} 与 {b} 之间"),
        "cut": t("Cut between {a} and {b}", "“{a}”与“{b}”的分界"),
        "from": t("{band} above", "{band} 高于"),
        "upTo": t("{band} up to", "{band} 截至"),
        "fromUp": t("{band} from", "{band} 起点"),
        "addCut": t("Add a cut", "添加分界"),
        "lessCut": t("Remove the last", "移除最后一个"),
        "cutMoved": t("1 cut moved", "1 条分界已移动"),
        "cutsMoved": t("{n} cuts moved", "{n} 条分界已移动"),
        "ofRevenue": t("Of the revenue", "占销售额"),
        "stop": t(".", "。"),
        "fix": t("Fix these cuts", "固定这些分界"),
        "learnt": t("learnt from the customers", "由客户数据得出"),
        "customers": t("Customers", "客户数"),
        "revenue": t("Revenue", "销售额"),
        "change": t("Against live", "较已生效"),
        "band": t("Band", "区间"),
        "table": t("As a table", "表格"),
        "picture": t("As a picture", "图形"),
        "to": t("to", "至"),
        "more": t("and more", "及以上"),
        "key": t("Key", "键"),
        "titleEn": t("English", "英文"),
        "titleZh": t("Chinese", "中文"),
        "step": t("Colour", "颜色"),
        "spread": t("spread", "均匀分布"),
        "usual": t("The usual ones", "使用默认"),
        "own": t("Set them", "自行设置"),
        "yes": t("yes", "是"),
        "no": t("no", "否"),
        "up_": t("{n} up", "{n} 位上升"),
        "down_": t("{n} down", "{n} 位下降"),
        "conflictTitle": t("{who} saved this policy meanwhile", "{who} 同时保存了该策略"),
        "keepMine": t("Save mine over it", "以我的覆盖"),
        "takeTheirs": t("Take theirs", "采用对方的"),
        "merged": t("{who} changed another part meanwhile; both are kept", "{who} 同时修改了其他部分；两者均已保留"),
        "elsewhere": t("{who} saved meanwhile", "{who} 同时保存了该草稿"),
        "ok": t("Checked: no faults, and nothing stands against publishing", "检查通过：没有错误，也没有发布障碍"),
        "nothing": t("Nothing to undo", "没有可撤销的步骤"),
        "json": t("Edited as JSON; the wording of the reference page applies.", "以 JSON 编辑，写法见参考文档。"),
        "besides": t("Edited beside this form", "在右侧编辑"),
        "liveKey": t("live", "已生效"),
        "fresh": t("new", "新增"),
        "where": t("How many are where", "客户分布"),
        "whereSub": t("In a draft, the effect of every change stands here while you type.", "在草稿中，每次改动的影响会实时显示于此。"),
        "movers": t("Who moves, largest revenue first", "变动客户，按销售额排序"),
        "matrix": t("Live in rows, draft in columns", "行为已生效，列为草稿"),
        "open": t("Open it", "打开"),
        "failing": t("{policy} fails with this draft", "采用该草稿时“{policy}”失败"),
        "breaks": t("The example {name} breaks", "示例“{name}”不再成立"),
        "colon": t(": ", "："),
        "isNew": t("new with this draft", "由该草稿引起"),
        "warning": t("1 warning", "1 条警告"),
        "warnings": t("{n} warnings", "{n} 条警告"),
        "broken": t("{n} examples break", "{n} 个示例不成立"),
        "brokenOne": t("1 example breaks", "1 个示例不成立"),
        "changesOne": t("1 change", "1 处改动"),
        "changes": t("{n} changes", "{n} 处改动"),
        "checkFaults": t("This stands against it", "存在以下问题"),
        "checking": t("Checking…", "正在检查…"),
        "any": t("not set", "未设置"),
        "lower": t("A value equal to a cut belongs below it.", "等于分界的值归入较低一侧。"),
    }
