"""Sentences that say what the numbers mean: the titles of pages and cards, in both languages, from the numbers alone.

When nothing is remarkable they state the plain fact.
"""

from __future__ import annotations

from typing import Any

from flask import g

from admin.formats import Formats
from admin.words import t


def _f() -> Formats:
    formats: Formats = g.formats
    return formats


def _s(count: int, one: str = "", many: str = "s") -> str:
    return one if count == 1 else many


def title(picture: Any) -> str:
    """What happened to whom: how many are graded, and which way they moved."""
    f = _f()
    graded = picture.customers - picture.withheld
    n = f.number(graded)
    m = picture.movement
    if m is None:
        return (
            t("{n} customer{s} are graded", "共 {n} 位客户已分级", n=n, s=_s(graded))
            if graded != 1
            else t("1 customer is graded", "共 1 位客户已分级")
        )
    if not m.moved:
        return t("{n} customers are graded; nobody moved", "共 {n} 位客户已分级，等级无变动", n=n)
    if not m.up and not m.down:
        return t("{n} customers are graded; {m} changed", "共 {n} 位客户已分级，{m} 位发生变动", n=n, m=f.number(m.moved))
    if m.up == m.down:
        return t("{n} customers are graded; as many rose as fell", "共 {n} 位客户已分级，升降人数相当", n=n)
    if m.down > m.up:
        return t("{n} customers are graded; more fell than rose", "共 {n} 位客户已分级，下降多于上升", n=n)
    return t("{n} customers are graded; more rose than fell", "共 {n} 位客户已分级，上升多于下降", n=n)


def sub(picture: Any) -> str:
    """The figures behind the title."""
    f = _f()
    sales = t("Sales up to {at}: {money}.", "截至{at}的销售额为 {money}。", at=f.date(picture.run.as_of), money=f.tile(picture.amount))
    m = picture.movement
    if m is None:
        return sales + t(" ", "") + t("This is the first run, so nothing has moved yet.", "这是首次运行，尚无变动。")
    if not m.moved and not m.came:
        return sales + t(" ", "") + t("No change since {at}.", "自{at}以来无变动。", at=f.date(m.since))
    parts = [t("{n} up", "{n} 位上升", n=f.number(m.up)), t("{n} down", "{n} 位下降", n=f.number(m.down))]
    rest = m.other - m.gained - m.lost
    for count, en, zh in (
        (m.gained, "{n} graded for the first time", "{n} 位首次分级"),
        (m.lost, "{n} graded no more", "{n} 位不再分级"),
        (rest, "{n} otherwise", "{n} 位其他变动"),
        (m.came, "{n} new customers", "新增 {n} 位客户"),
    ):
        if count:
            parts.append(t(en, zh, n=f.number(count)))
    since = t("Since {at}: {parts}.", "自{at}以来：{parts}。", at=f.date(m.since), parts=t(", ", "，").join(parts))
    return sales + t(" ", "") + since


def concentration(picture: Any) -> str:
    """How few customers carry how much: the best label, its share of the customers and of the sales."""
    f = _f()
    named = [band for band in picture.bands if band.customers]
    people, money = picture.customers - picture.withheld, picture.amount - picture.withheld_amount
    if not named or money <= 0:
        return t("Customers by {what}", "按“{what}”统计的客户", what=t(picture.title))
    best = max(named, key=lambda band: band.amount) if not picture.ordered else named[0]
    part, worth = best.customers / max(1, people), best.amount / money
    values = {
        "n": f.number(best.customers),
        "label": t(best.title),
        "share": f.share(best.customers, people),
        "worth": f.share(best.amount, money),
    }
    if worth > part:
        return t(
            "{label}: {n} customers, {share} of those graded, bring {worth} of the sales",
            "{label}：{n} 位客户（占 {share}）贡献了 {worth} 的销售额",
            **values,
        )
    return t(
        "{label}: {n} customers are {share} of those graded and {worth} of the sales",
        "{label}：{n} 位客户，占客户数的 {share}、销售额的 {worth}",
        **values,
    )


def moved(picture: Any) -> tuple[str, str]:
    """Title and line of the change matrix."""
    f, m = _f(), picture.movement
    if m is None:
        return (t("Nothing to compare with yet", "尚无可比较的运行"), t("The next run shows who moved.", "下一次运行后将显示变动情况。"))
    since = t("Between {a} and {b}", "{a} 与 {b} 之间", a=f.date(m.since), b=f.date(picture.run.as_of))
    if not m.moved:
        return (t("No grade changed", "等级无变动"), since)
    if not m.up and not m.down:
        return (t("{n} customers changed", "{n} 位客户发生变动", n=f.number(m.moved)), since)
    head = t(
        "{n} customer{s} moved: {up} up, {down} down",
        "{n} 位客户等级变动：{up} 升，{down} 降",
        n=f.number(m.moved),
        s=_s(m.moved),
        up=f.number(m.up),
        down=f.number(m.down),
    )
    flows = [(was, now, n) for (was, now), n in m.cells.items() if was != now]
    largest = max([flow for flow in flows if flow[0] and flow[1]] or flows, key=lambda cell: cell[2])
    names = {band.key: t(band.title) for band in picture.bands} | {"": t("no value", "无结果")}
    line = t(
        "The largest move: {n} from {was} to {now}. {since}.",
        "最大流向：{n} 位由{was}变为{now}。{since}。",
        n=f.number(largest[2]),
        was=names.get(largest[0], largest[0]),
        now=names.get(largest[1], largest[1]),
        since=since,
    )
    return head, line


def things(count: int) -> str:
    """How many things wait for a person."""
    small = {1: "One thing needs", 2: "Two things need", 3: "Three things need", 4: "Four things need", 5: "Five things need"}
    if not count:
        return t("Nothing needs you", "暂无待处理事项")
    return t("{n} you", "{m} 件事需要您处理", n=small.get(count, f"{count} things need"), m=count)


def run_title(run: Any, *, last: bool = True) -> str:
    """How a run went. last: whether it is spoken of as the last one."""
    f = _f()
    seconds, faults = f.duration(sum(run.seconds.values())), len(run.faults)
    en, zh = ("The last run", "上次运行") if last else ("It", "")
    if faults:
        failed = "one policy" if faults == 1 else f"{faults} policies"
        return t(f"{en} finished in {{s}}; {failed} failed", f"{zh}用时 {{s}}，{faults} 条策略失败", s=seconds)
    return t(f"{en} finished in {{s}} without faults", f"{zh}用时 {{s}}，全部成功", s=seconds)


STEPS = {
    "care": ("looking at the days", "逐日推算"),
    "read": ("Read facts", "读取事实"),
    "compute": ("Fit and apply", "拟合与计算"),
    "compare": ("Compare", "比较"),
    "pack": ("Pack", "打包"),
    "digest": ("Digest", "计算摘要"),
    "report": ("Report", "汇总"),
    "write": ("Write and make visible", "写入并生效"),
    "simulate": ("Simulate", "模拟"),
    "import": ("Read and store rows", "读取并写入数据行"),
    "export": ("Write the file", "写出文件"),
    "ahead": ("Look at the days ahead", "推演未来各日"),
    "portrait": ("Compare features", "比较各项特征"),
    "wanted": ("Try numbers", "试算数值"),
    "tick": ("Look at the schedules", "检查定时计划"),
}


def step(name: str) -> str:
    """A step of a run or another job in words; of a policy with its key."""
    key, _, policy = name.partition(" ")
    words = t(*STEPS[key]) if key in STEPS else key
    return f"{words}: {policy}" if policy else words


def run_steps(run: Any) -> list[tuple[str, float, str]]:
    """The steps of a run with their seconds, and a note for some."""
    f = _f()
    counted = len(run.report.get("policy_seconds", {}))
    notes = {
        "read": t("{n} features", "{n} 个特征", n=f.number(len(run.report.get("features", {})))),
        "compute": t("{n} policies, {c} customers", "{n} 条策略，{c} 位客户", n=f.number(counted), c=f.number(run.customers)),
        "compare": t("{n} changes", "{n} 处变动", n=f.number(run.report.get("changes", 0))),
        "digest": run.digest[:12],
    }
    return [(step(name), seconds, notes.get(name, "")) for name, seconds in run.seconds.items()]


def rules_title(run: Any) -> str:
    """Which rules the run used, and whether all of them worked."""
    version = run.report["rulebook"]["number"]
    if run.faults:
        return t("A policy of rulebook v{n} failed", "规则手册 v{n} 中有策略失败", n=version)
    return t("Every policy of rulebook v{n} worked", "规则手册 v{n} 的所有策略运行正常", n=version)
