"""Sentences and rows of divisions, portraits and radars, in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import g

from admin.access import acting
from admin.words import t
from engine import Text


@dataclass(frozen=True, slots=True)
class Line:
    """A label with what it was, is, and why."""

    title: str
    step: int
    before: int
    after: int
    parts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Named:
    """A single customer with its sales (minor units) and what happens to it."""

    customer: str
    amount: int
    words: str


def part(name: str) -> str:
    """A cause in words."""
    causes = acting().insight.causes
    words = t(causes[name]) if name in causes else name
    return words[:1].upper() + words[1:]


def division(found: Any) -> str:
    """The label that changed most, and its strongest cause."""
    f = g.formats
    changes = [(int(found.after[at]) - int(found.before[at]), key) for at, key in enumerate(found.keys[:-1])]
    change, key = max(changes, key=lambda each: abs(each[0]), default=(0, ""))
    if not change:
        return t("No label grew or shrank", "各标签人数均无变化")
    parts = found.of(key)
    cause, count = max(parts.items(), key=lambda each: each[1] * (1 if change > 0 else -1))
    values = {"label": t(found.title(key)), "n": f.number(abs(change)), "m": f.change(count), "part": part(cause)}
    if change > 0:
        return t(
            "{label} grew by {n}, most of it through {part} ({m})",
            "“{label}”增加 {n} 位，主要来自{part}（{m}）",
            **(values | {"part": _low(values["part"])}),
        )
    return t(
        "{label} shrank by {n}, most of it through {part} ({m})",
        "“{label}”减少 {n} 位，主要来自{part}（{m}）",
        **(values | {"part": _low(values["part"])}),
    )


def _low(word: str) -> str:
    return word[:1].lower() + word[1:]


def lines(found: Any) -> list[Line]:
    """Every label with its change and the parts of it."""
    steps = {label.key: label.step or 0 for label in found.labels}
    return [
        Line(
            t(found.title(key)),
            steps.get(key, 0),
            int(found.before[at]),
            int(found.after[at]),
            tuple((part(name), count) for name, count in found.of(key).items()),
        )
        for at, key in enumerate(found.keys)
        if found.before[at] or found.after[at]
    ]


def walkers(found: Any, one: Any) -> list[Named]:
    """The customers that matter most among those whose label differs, with the way of each."""
    named = []
    for walker in found.walkers:
        for walk in walker.walks:
            if walk.address == one.address:
                steps = [
                    t("{part}: {was} → {now}", "{part}：{was} → {now}", part=part(cause), was=t(one.title(was)), now=t(one.title(now)))
                    for cause, was, now in walk.moves
                ]
                named.append(Named(walker.external_id, walker.amount, t("; ", "；").join(steps)))
    return named


def portrait(found: Any, label: str, titles: Mapping[str, Any]) -> str:
    """What tells a label's customers apart most."""
    if not found.members:
        return t("Nobody has {label}", "没有“{label}”客户", label=label)
    if not found.traits:
        return t("Nothing tells {label} apart from the others", "“{label}”客户与其他客户无明显差异", label=label)
    first = found.traits[0]
    title = t(titles[first.feature]) if first.feature in titles else first.feature
    if first.value is not None:
        known = {"label": label, "what": _low(title), "value": first.value}
        if first.effect > 0:
            return t("{label}: {what} is {value} more often than elsewhere", "“{label}”客户的{what}更常为 {value}", **known)
        return t("{label}: {what} is {value} less often than elsewhere", "“{label}”客户的{what}较少为 {value}", **known)
    words = {"label": label, "what": _low(title)}
    if first.effect > 0:
        return t("What sets {label} apart most: higher {what}", "“{label}”客户最大的不同：{what}更高", **words)
    return t("What sets {label} apart most: lower {what}", "“{label}”客户最大的不同：{what}更低", **words)


@dataclass(frozen=True, slots=True)
class TraitLine:
    """A trait as a row: its sentence, its effect from -1 to 1 with the interval, and on a line of 200 where these stand."""

    words: str
    effect: float
    low: float
    high: float
    n: int

    def at(self, value: float) -> str:
        """Where a value stands on the line."""
        return f"{100 + 100 * max(-1.0, min(1.0, value)):.1f}"


def traits(found: Any, titles: Mapping[str, Any], most: int = 12) -> list[TraitLine]:
    """The strongest traits."""
    return [
        TraitLine(t(one.sentence(titles.get(one.feature, Text(one.feature, one.feature)))), one.effect, one.low, one.high, one.members_n)
        for one in found.traits[:most]
    ]


def radar(found: Any) -> str:
    """How many lose a label, and what is at stake."""
    f = g.formats
    if not found.lost:
        return t("Nobody loses a label within {d} days of silence", "即使 {d} 天内无新订单，也无客户失去当前标签", d=found.days)
    return t(
        "{n} of {m} lose their label within {d} days of silence; {money} is at stake",
        "若 {d} 天内无新订单，{m} 位客户中有 {n} 位将失去当前标签，涉及销售额 {money}",
        n=f.number(found.lost),
        m=f.number(int(found.now[:-1].sum())),
        d=found.days,
        money=f.tile(int(found.amount)),
    )


@dataclass(frozen=True, slots=True)
class Loss:
    """A label with those who lose it, week by week."""

    title: str
    step: int
    now: int
    weeks: tuple[int, ...]
    amount: int

    @property
    def lost(self) -> int:
        """All of them."""
        return sum(self.weeks)


def losses(found: Any) -> list[Loss]:
    """Every label that somebody has."""
    known = {label.key: label for label in found.labels}
    return [
        Loss(
            label(found, key),
            (known[key].step or 0) if key in known else 0,
            int(found.now[at]),
            tuple(int(n) for n in found.losses[at]),
            int(found.amounts[at].sum()),
        )
        for at, key in enumerate(found.keys[:-1])
        if found.now[at]
    ]


def label(found: Any, key: str) -> str:
    """The title of a label of a radar."""
    if key == found.keys[-1]:
        return t("no value", "无结果")
    if found.kind == "flag":
        return t("yes", "是") if key == "true" else t("no", "否")
    return next((t(each.title) for each in found.labels if each.key == key), key)


def falls(found: Any) -> list[Named]:
    """Single customers, the largest sales first."""
    return [
        Named(
            fall.external_id,
            fall.amount,
            t(
                "in {n} days: {was} → {now}",
                "{n} 天后：{was} → {now}",
                n=fall.day,
                was=label(found, fall.label),
                now=label(found, fall.becomes),
            ),
        )
        for fall in found.falls
    ]
