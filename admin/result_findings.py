"""What the pictures of a run say: one sentence per picture, from its numbers alone, in both languages.

When nothing is remarkable they state the plain fact: the picture's own title.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from flask import g

from admin.formats import Formats
from admin.words import t


def _f() -> Formats:
    formats: Formats = g.formats
    return formats


def minor(amount: float | None) -> int:
    """An amount in major units as the formats take it."""
    return round(float(amount or 0) * float(10 ** _f().digits))


def heading(pictures: Sequence[Any]) -> str:
    """The title of the page: how concentrated the business is, and how many never came back, as far as pictures say it."""
    pareto = next((one for one in pictures if one.kind == "cumulative curve" and cut(one) is not None), None)
    funnel = next((one for one in pictures if one.kind == "funnel" and _lost_first(one)), None)
    f = _f()
    if pareto is None:
        return t("The pictures of the run", "本次运行的图表")
    at = cut(pareto)
    x, y = pareto.columns["x"][at], pareto.columns["y"][at]
    few = t("{share} of the customers bring {worth}", "{share} 的客户贡献了 {worth}", share=f.share(x, 1), worth=f.share(y, 1))
    if funnel is None:
        return few
    first, second = funnel.columns["customers"][:2]
    return t("{few}, and {part} never came back", "{few}，{part} 的客户再未回购", few=few, part=f.share(first - second, first))


def finding(picture: Any) -> str:
    """The sentence above one picture."""
    if picture.fault is not None or not picture.rows:
        return t(picture.title)
    said = {
        "heat map": _heat_map,
        "treemap": _labels,
        "cumulative curve": _curve,
        "funnel": _funnel,
        "distribution": _distribution,
        "flow": _flow,
    }[picture.kind](picture)
    return said or t(picture.title)


def under(picture: Any, as_of: int) -> str:
    """Title, measure, number of customers and period, under the finding."""
    f = _f()
    parts = [t(picture.title) if finding(picture) != t(picture.title) else t(picture.policy_title)]
    amount = picture.roles.get("amount") if picture.kind != "cumulative curve" else None
    measure = picture.roles.get("value") if picture.kind == "cumulative curve" else amount
    if measure is not None:
        total = (
            picture.columns["amount"][-1] if picture.kind == "cumulative curve" and "amount" in picture.columns else picture.total("amount")
        )
        shown = f.tile(minor(total)) if measure.unit == "money" else f.number(total)
        parts.append(t("{measure} {total}", "{measure} {total}", measure=t(measure.title), total=shown))
    count = people(picture)
    if count is not None:
        parts.append(t("{n} customers", "{n} 位客户", n=f.number(count)))
    parts.append(t("as of {at}", "截至{at}", at=f.date(as_of)))
    return t(" · ", " · ").join(parts)


def people(picture: Any) -> int | None:
    """How many customers are in a picture; None where it does not say."""
    counts = picture.columns.get("customers")
    if not counts:
        return None
    if picture.kind in ("cumulative curve", "funnel"):
        return int(max(count or 0 for count in counts))
    return int(sum(count or 0 for count in counts))


def cut(picture: Any) -> int | None:
    """Where the first cut of a curve stands."""
    bounds = picture.columns.get("bound", ())
    return next((at for at, bound in enumerate(bounds) if bound), None)


def name(picture: Any, key: str | None) -> str:
    """A label by its title."""
    if key is None:
        return t("no value", "无结果")
    label = picture.labels.get(key)
    return t(label.title) if label else key


def _heat_map(picture: Any) -> str:
    f = _f()
    counts, amounts = picture.columns.get("customers"), picture.columns.get("amount")
    weights = amounts or counts
    if not weights or not any(weights):
        return ""
    at = max(range(len(weights)), key=lambda each: weights[each] or 0)
    whole = sum(max(0, each or 0) for each in weights)
    if amounts and counts:
        return t(
            "One cell, {n} customers: {share} of the {what}",
            "一格 {n} 位客户，占{what}的 {share}",
            n=f.number(counts[at]),
            share=f.share(amounts[at], whole),
            what=measure(picture),
        )
    return t(
        "The fullest cell holds {n}, {share} of all",
        "最密集的一格有 {n} 位，占 {share}",
        n=f.number(weights[at]),
        share=f.share(weights[at], whole),
    )


def measure(picture: Any) -> str:
    """What the amounts are, without the window: it stands under the title."""
    role = picture.roles.get("amount")
    title = t(role.title).partition(",")[0] if role else t("sales", "销售额")
    return title if g.formats.zh else title[:1].lower() + title[1:]


def _labels(picture: Any) -> str:
    """The label whose share of the sales stands furthest above its share of the customers."""
    f = _f()
    counts, amounts, keys = picture.columns.get("customers"), picture.columns.get("amount"), picture.columns.get("label")
    if not keys or not counts or not any(counts):
        return ""
    people, money = sum(counts), sum(max(0, each or 0) for each in amounts) if amounts else 0
    if amounts and money > 0:
        at = max(range(len(keys)), key=lambda each: max(0, amounts[each] or 0) / money - counts[each] / people)
        if amounts[at] / money > counts[at] / people:
            return t(
                "{label}: {share} of the customers bring {worth} of the {what}",
                "{label}：{share} 的客户贡献了 {worth} 的{what}",
                label=name(picture, keys[at]),
                share=f.share(counts[at], people),
                worth=f.share(amounts[at], money),
                what=measure(picture),
            )
    at = max(range(len(keys)), key=lambda each: counts[each])
    return t(
        "{label} is the largest: {n}, {share}",
        "“{label}”人数最多：{n} 位，占 {share}",
        label=name(picture, keys[at]),
        n=f.number(counts[at]),
        share=f.share(counts[at], people),
    )


def _curve(picture: Any) -> str:
    f, at = _f(), cut(picture)
    if at is None:
        return ""
    values = {
        "n": f.number(picture.columns["customers"][at]) if "customers" in picture.columns else "",
        "share": f.share(picture.columns["x"][at], 1),
        "worth": f.share(picture.columns["y"][at], 1),
    }
    if values["n"]:
        return t("{n} customers, {share} of the base, bring {worth}", "{n} 位客户（占 {share}）贡献了 {worth}", **values)
    return t("{share} of the customers bring {worth}", "{share} 的客户贡献了 {worth}", **values)


def step(picture: Any, at: int) -> str:
    """A step of a funnel in words: its label, or from how many of what on."""
    if "label" in picture.columns:
        return name(picture, picture.columns["label"][at])
    role, count = picture.roles.get("x"), picture.columns["x"][at]
    n = _f().number(count)
    if role is not None and role.unit == "orders":
        once = count == 1
        return t("{n} order{s} or more", "{n} 单及以上", n=n, s="" if once else "s")
    return t("{what}: {n} or more", "{what}：{n} 及以上", what=t(role.title) if role else "x", n=n)


def _lost_first(picture: Any) -> bool:
    role, x, counts = picture.roles.get("x"), picture.columns.get("x"), picture.columns.get("customers", ())
    return bool(role and role.unit == "orders" and x and tuple(x[:2]) == (1, 2) and counts[0])


def _funnel(picture: Any) -> str:
    f, counts = _f(), picture.columns.get("customers", ())
    if len(counts) < 2 or not counts[0]:
        return ""
    if _lost_first(picture):
        once = counts[0] - counts[1]
        return t(
            "{share} never came back: {n} of {m} ordered once",
            "{share} 的客户未再回购：{m} 位中有 {n} 位只下过一单",
            share=f.share(once, counts[0]),
            n=f.number(once),
            m=f.number(counts[0]),
        )
    lost = [before - after for before, after in pairwise(counts)]
    at = max(range(len(lost)), key=lambda each: lost[each])
    return t(
        "Most are lost before “{step}”: {n} of {m}",
        "流失最多的一步在“{step}”之前：{m} 位中有 {n} 位",
        step=step(picture, at + 1),
        n=f.number(lost[at]),
        m=f.number(counts[at]),
    )


def _distribution(picture: Any) -> str:
    if "label" in picture.columns:
        return _labels(picture)
    f, counts, starts = _f(), picture.columns.get("customers", ()), picture.columns.get("x_from") or picture.columns.get("x")
    if not starts or not counts or not any(counts):
        return ""
    at = max(range(len(counts)), key=lambda each: counts[each])
    ends = picture.columns.get("x_below", [None] * len(starts))
    return t(
        "Most customers lie {where}: {n}, {share}",
        "客户最集中的区间为{where}：{n} 位，占 {share}",
        where=between(starts[at], ends[at]),
        n=f.number(counts[at]),
        share=f.share(counts[at], sum(counts)),
    )


def between(low: float | None, high: float | None) -> str:
    """A step of a histogram in words: from here, below there."""
    a, b = plain(low), plain(high)
    if high is None:
        return t("from {a} on", "{a} 及以上", a=a)
    if low is None:
        return t("below {b}", "{b} 以下", b=b)
    return t("from {a} to below {b}", "{a} 至 {b}（不含）", a=a, b=b)


def plain(value: float | None) -> str:
    """A number with as many decimals as it needs, at most two."""
    if value is None:
        return "–"
    rounded = round(float(value), 2)
    return _f().number(rounded, 0 if rounded == int(rounded) else 1 if round(rounded, 1) == rounded else 2)


def interval(above: float | None, up_to: float | None, unit: str) -> str:
    """The values behind a score: whole numbers where the unit is counted."""
    if above is None and up_to is None:
        return t("any", "不限")
    whole = unit in ("days", "orders", "lines", "products", "refunds", "years")
    low = None if above is None else (int(above // 1) + 1 if whole else above)
    high = None if up_to is None else (int(up_to // 1) if whole else up_to)
    if low is None:
        return t("up to {b}", "不超过 {b}", b=plain(high))
    if high is None:
        return t("{a} or more", "{a} 及以上", a=plain(low)) if whole else t("over {a}", "超过 {a}", a=plain(low))
    if whole and low >= high:
        return plain(high) if low == high else t("nobody can be", "不会出现")
    return f"{plain(low)}–{plain(high)}" if whole else t("over {a} to {b}", "超过 {a} 至 {b}", a=plain(low), b=plain(high))


def unit(name_: str) -> str:
    """A unit in words."""
    known: dict[str, str] = {
        "days": t("days", "天"),
        "hours": t("hours", "小时"),
        "minutes": t("minutes", "分钟"),
        "orders": t("orders", "单"),
        "money": g.formats.currency,
        "points": t("points", "分"),
        "years": t("years", "岁"),
        "×": "×",
    }
    return known.get(name_, name_)


def _flow(picture: Any) -> str:
    f = _f()
    moves = [
        (count, was, now)
        for was, now, count in zip(
            picture.columns.get("was", ()), picture.columns.get("now", ()), picture.columns.get("customers", ()), strict=False
        )
        if was != now and count
    ]
    if not moves:
        return t("Nobody moved", "无客户变动")
    count, was, now = max(moves, key=lambda each: each[0])
    return t(
        "{n} moved; most from {was} to {now}: {m}",
        "{n} 位变动；最多的是由{was}变为{now}：{m} 位",
        n=f.number(sum(each[0] for each in moves)),
        was=name(picture, was),
        now=name(picture, now),
        m=f.number(count),
    )


def flow(movement: Any) -> str:
    """What happened between two runs, of one output."""
    f = _f()
    moved, up, down = movement.moved, movement.total("up"), movement.total("down")
    if not moved:
        return t("Nobody moved between these runs", "两次运行之间无客户变动")
    if not up and not down:
        return t("{n} customer{s} changed", "{n} 位客户发生变动", n=f.number(moved), s="" if moved == 1 else "s")
    if up == down:
        return t("{n} moved, as many up as down", "{n} 位变动，升降人数相当", n=f.number(moved))
    more = t("more fell than rose", "下降多于上升") if down > up else t("more rose than fell", "上升多于下降")
    return t(
        "{n} moved and {more}: {up} up, {down} down",
        "{n} 位变动，{more}：{up} 升，{down} 降",
        n=f.number(moved),
        more=more,
        up=f.number(up),
        down=f.number(down),
    )


def trend(found: Any) -> str:
    """What happened to the labels over the runs: which one grew or shrank most as a share of all."""
    f = _f()
    if len(found.points) < 2:
        return t("One run so far; the trend begins with the second", "目前仅一次运行，第二次运行后显示趋势")
    first, last = found.points[0], found.points[-1]
    steps = []
    for label in found.labels:
        was, now = first.counts.get(label.key, (0, 0))[0], last.counts.get(label.key, (0, 0))[0]
        steps.append((now - was, label, was, now))
    step_, label, was, now = max(steps, key=lambda each: abs(each[0]), default=(0, None, 0, 0))
    if not step_ or label is None:
        return t("No label grew or shrank over {n} runs", "{n} 次运行中各标签人数不变", n=f.number(len(found.points)))
    values = {"label": t(label.title), "n": f.number(abs(step_)), "was": f.number(was), "now": f.number(now)}
    if step_ > 0:
        return t("{label} grew most, by {n}: from {was} to {now}", "“{label}”增长最多，增加 {n} 位：由 {was} 增至 {now}", **values)
    return t("{label} shrank most, by {n}: from {was} to {now}", "“{label}”减少最多，减少 {n} 位：由 {was} 降至 {now}", **values)
