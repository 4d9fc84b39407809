"""What a simulation found, in sentences: titles of the page and its cards, from the figures of its picture alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import g

from admin.words import plural, t

Plain = Mapping[str, Any]


def said(pair: Plain) -> str:
    """A text of a picture in the reader's language."""
    return t(pair["en"], pair["zh"])


def title(name: str, found: Plain) -> str:
    """What the draft does, in one sentence: that it fits a capacity, that nobody moves, or who moves which way."""
    f = g.formats
    fits = _fits(found)
    if found["faults"]:
        return t("{draft} fails on the stored customers", "{draft} 在已有客户上运行出错", draft=name)
    if fits is not None:
        label, capacity = fits
        return t(
            "{draft} fits {label} to the {n} you can serve",
            "{draft} 使“{label}”降至可服务的 {n} 位以内",
            draft=name,
            label=label,
            n=f.number(capacity),
        )
    if not found["moved"]:
        return t("{draft} moves nobody", "{draft} 不会使任何客户变动", draft=name)
    main = main_output(found)
    n = found["moved"]
    head = {"draft": name, "n": f.number(n), "s": plural(n, "", "s")}
    if main is None or not (main["up"] or main["down"]):
        return t("{draft} moves {n} customer{s}", "{draft} 将使 {n} 位客户变动", **head)
    if not main["down"]:
        return t("{draft} moves {n} customer{s}, nobody down", "{draft} 将使 {n} 位客户变动，无人下降", **head)
    if not main["up"]:
        return t("{draft} moves {n} customer{s}, nobody up", "{draft} 将使 {n} 位客户变动，无人上升", **head)
    if main["up"] == main["down"]:
        return t("{draft} moves {n} customer{s}, as many up as down", "{draft} 将使 {n} 位客户变动，升降人数相当", **head)
    if main["up"] > main["down"]:
        return t("{draft} moves {n} customer{s}, more up than down", "{draft} 将使 {n} 位客户变动，上升多于下降", **head)
    return t("{draft} moves {n} customer{s}, more down than up", "{draft} 将使 {n} 位客户变动，下降多于上升", **head)


def _fits(found: Plain) -> tuple[str, int] | None:
    """A capacity that the live rulebook exceeds and the draft keeps: (title of the label, capacity)."""
    for limit in found["limits"]:
        if "capacity" not in limit or not limit["reached"] or limit["reached"]["customers"] > limit["capacity"]:
            continue
        output = next((each for each in found["outputs"] if each["address"] == limit["address"]), None)
        if output is None:
            continue
        for band, row in zip(output["before"], output["customers"], strict=True):
            if band["key"] == limit["label"] and sum(row) > limit["capacity"]:
                return said(band["title"]), limit["capacity"]
    return None


def main_output(found: Plain) -> Any:
    """The output that moves most customers; None where no label does."""
    return max((each for each in found["outputs"]), key=lambda each: each["moved"], default=None)


def flows(output: Plain) -> list[dict[str, Any]]:
    """The moves of an output, the largest first: was, now (bands), customers, amount."""
    found = [
        {"was": was, "now": now, "customers": output["customers"][i][j], "amount": output["amounts"][i][j]}
        for i, was in enumerate(output["before"])
        for j, now in enumerate(output["after"])
        if was["key"] != now["key"] and output["customers"][i][j]
    ]
    return sorted(found, key=lambda each: -each["customers"])


def flow_title(output: Plain) -> str:
    """The two largest moves."""
    f, moves = g.formats, flows(output)
    if not moves:
        return t("Nobody changes in {what}", "“{what}”无客户变动", what=said(output["title"]))
    parts = [
        t(
            "{n} go from {was} to {now}",
            "{n} 位由“{was}”变为“{now}”",
            n=f.number(each["customers"]),
            was=said(each["was"]["title"]),
            now=said(each["now"]["title"]),
        )
        for each in moves[:2]
    ]
    return t("; ", "；").join(parts)


def stay_title(output: Plain) -> str:
    """What share keeps its label."""
    whole = sum(map(sum, output["customers"]))
    return t(
        "{share} keep their place in {what}",
        "{share} 的客户在“{what}”中保持不变",
        share=g.formats.share(whole - output["moved"], whole),
        what=said(output["title"]),
    )


def movers_title(found: Plain, shown: str) -> str:
    """Who matters most among the movers. shown: how that customer is called."""
    movers = found["movers"]
    if not movers:
        return t("Nobody moves", "无客户变动")
    return t(
        "{who} moves with the most revenue, {money}",
        "变动客户中 {who} 的销售额最高，为 {money}",
        who=shown,
        money=g.formats.tile(movers[0]["amount"]),
    )


def chain_title(found: Plain) -> str:
    """How far the change reaches through what depends on it."""
    rows = [row for row in found["chain"] if row["moved"]]
    if not rows:
        return t("No output moves", "无结果项变动")
    roots = [row for row in rows if not row["because"]]
    reached = len(rows) - len(roots)
    if not reached:
        return t("Nothing else follows from it", "不影响其他结果项")
    return t(
        "{n} further output{s} follow{v}",
        "另有 {n} 个结果项随之变动",
        n=reached,
        s=plural(reached, "", "s"),
        v=plural(reached, "s", ""),
    )


def examples_title(examples: Sequence[Plain]) -> str:
    """Whether the example customers hold."""
    broken = sum(each["verdict"] == "breaks" for each in examples)
    n = len(examples)
    if not n:
        return t("No example customer yet", "尚无示例客户")
    if not broken:
        return (
            t("All {n} example customers hold", "{n} 个示例客户全部成立", n=n) if n > 1 else t("The example customer holds", "示例客户成立")
        )
    return t("{k} of {n} example customers break{s}", "{n} 个示例客户中有 {k} 个不成立", k=broken, n=n, s=plural(broken, "s", ""))


def gate_title(obstacles: Sequence[Plain]) -> str:
    """What stands against publishing."""
    errors = sum(each["severity"] == "error" for each in obstacles)
    if errors:
        return t("{n} thing{s} block{v} publishing", "{n} 项问题阻止发布", n=errors, s=plural(errors, "", "s"), v=plural(errors, "s", ""))
    if obstacles:
        return t("Nothing blocks publishing; {n} to know", "无阻止发布的问题，有 {n} 项提醒", n=len(obstacles))
    return t("Nothing blocks publishing", "无阻止发布的问题")


def changes_title(changes: Sequence[Any]) -> str:
    """How much the draft changes."""
    n = len(changes)
    if not n:
        return t("The draft says what live says", "草稿与现行版本相同")
    return t("The draft changes {n} thing{s}", "草稿修改了 {n} 处", n=n, s=plural(n, "", "s"))
