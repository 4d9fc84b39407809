"""The pages of insight: why labels changed, drafts side by side, the cut for a count, a portrait, the days ahead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text as Line

from engine.division import PARTS, signed
from engine.policy import Label, Text
from engine.render import scale
from engine.render.figures import moment, money, number
from engine.render.page import Page, listing
from engine.render.simulation import finding
from engine.simulate import NO_VALUE

if TYPE_CHECKING:
    from engine.cut_finder import WantedCut
    from engine.division import Division
    from engine.portrait import Portrait
    from engine.radar import Radar
    from engine.side_by_side import SideBySide

MOST_TRAITS = 15
MOST_WEEKS = 13
MOST_LABELS = 20
"""Labels up to which those that stay the same are listed too."""


def division(console: Console, found: Division, first: str, second: str, language: str, *, currency: str, minor_digits: int) -> None:
    """Print why labels grew and shrank. first, second: the moments of both runs, ISO 8601 in the business zone."""
    page = Page(console, language)
    between = page.say(
        f"run {found.first}, {moment(first, page.language)} → run {found.second}, {moment(second, page.language)}",
        f"运行 {found.first}（{moment(first, page.language)}）→ 运行 {found.second}（{moment(second, page.language)}）",
    )
    page.title(_most_changed(found).in_(page.language), between)
    for address, output in found.outputs.items():
        page.title(address)
        shares_of = {key: output.of(key) for key in output.keys}
        parts = [part for part in output.told if any(shares[part] for shares in shares_of.values())]  # a column of zeros tells nothing
        heads = [
            (page.say("label", "标签"), "left"),
            *((page.say(w, w), "right") for w in (page.say("before", "此前"), page.say("after", "此后"), "±")),
        ]
        heads += [(PARTS[part].in_(page.language), "right") for part in parts]
        rows = []
        for at, key in enumerate(output.keys):
            before, after = int(output.before[at]), int(output.after[at])
            if before or after:
                shares = shares_of[key]
                rows.append(
                    [
                        Line(output.title(key).in_(page.language)),
                        Line(number(before)),
                        Line(number(after)),
                        Line(signed(after - before), scale.STRONG),
                        *(Line(signed(shares[part]), "" if shares[part] else scale.QUIET) for part in parts),
                    ]
                )
        page.print(listing(heads, rows))
    for address, why in found.undivided_outputs.items():
        page.print(Line(page.say(f"{address} is not divided: {why}", f"{address} 未拆分：{why}"), scale.QUIET))
    if found.undivided:
        page.print(
            Line(
                page.say(
                    f"{number(found.undivided)} customers have newer facts than run {found.second}: their facts are one part",
                    f"{number(found.undivided)} 位客户的事实晚于运行 {found.second}，其事实变动不再细分",
                ),
                scale.QUIET,
            )
        )
    if found.walkers:
        page.title(page.say("Who changed with the most revenue", "变动客户中收入最高者"))
        rows = []
        for walker in found.walkers:
            ways = []
            for walk in walker.walks:
                title = found.outputs[walk.address].title
                way = title(walk.moves[0][1]).in_(page.language)
                for part, _, now in walk.moves:
                    cause = PARTS[part].in_(page.language)
                    way += f" → {title(now).in_(page.language)}" + page.say(f" ({cause})", f"（{cause}）")
                ways.append(walk.address + page.say(": ", "：") + way)
            rows.append([Line(walker.external_id), Line(money(walker.amount, minor_digits, currency, exact=False)), Line("\n".join(ways))])
        page.print(listing(_customer_heads(page, page.say("way", "路径")), rows, fold=2))


def _most_changed(found: Division) -> Text:
    """The finding: the label that grew or shrank most, with the parts of its change."""
    changes = [
        (abs(int(output.after[at] - output.before[at])), output, key)
        for output in found.outputs.values()
        for at, key in enumerate(output.keys)
        if key != NO_VALUE
    ]
    most = max(changes, key=lambda change: change[0], default=None)
    if most is None or not most[0]:
        return Text("No label grew or shrank", "各标签人数均无变化")
    said = most[1].sentence(most[2])
    return Text(f"{most[1].address} {said.en}", f"{most[1].address} {said.zh}")


def side_by_side(console: Console, found: SideBySide, as_of: str, language: str, *, currency: str, minor_digits: int) -> None:
    """Print several drafts beside the live rulebook. as_of: ISO 8601 in the business zone."""
    page = Page(console, language)
    whole = number(found.customers)
    moved = page.say(", ", "，").join(f"{name} {number(count)}" for name, count in found.moved.items())
    page.title(
        page.say(f"Of {whole} customers move: {moved}", f"{whole} 位客户中变动：{moved}"),
        page.say("as of ", "截至 ") + moment(as_of, page.language),
    )
    for name, faults in found.faults.items():
        for policy, fault in faults.items():
            page.callout(page.say(f"{policy} fails in {name}", f"{policy} 在 {name} 中运行出错"), [fault], scale.BAD)
    same = [address for address, row in found.rows.items() if not row.differ.any() and all(row.has)]
    for address, row in found.rows.items():
        if address in same:
            continue
        page.title(address)
        title = _titles(page, row.kind, row.labels)
        heads = [(page.say("label", "标签"), "left"), *((name, "right") for name in found.names)]
        lines = []
        for at, key in enumerate(row.keys):
            counts = row.customers[:, at]
            if counts.any() and (len(row.keys) <= MOST_LABELS or (counts != counts[0]).any()):
                cells = []
                for candidate, has in enumerate(row.has):
                    count, change = int(row.customers[candidate, at]), int(row.customers[candidate, at] - row.customers[0, at])
                    text = number(count) if has else "·"
                    cells.append(Line(f"{text} ({signed(change)})" if has and candidate and change and row.has[0] else text))
                lines.append([Line(title(key)), *cells])
        page.print(listing(heads, lines))
    if len(found.names) > 2:
        page.title(page.say("Customers that two of them label differently", "两两之间标签不同的客户"))
        heads = [("", "left"), *((name, "right") for name in found.names)]
        lines = [
            [Line(name), *(Line(number(int(n)) if at != other else "·") for other, n in enumerate(found.differ[at]))]
            for at, name in enumerate(found.names)
        ]
        page.print(listing(heads, lines))
    if same:
        page.print()
        page.print(Line(page.say("The same under all: ", "全部相同：") + page.say(", ", "、").join(same), scale.QUIET))
    for policy, by_name in found.hits.items():
        if len(by_name) == len(found.names) and all(hits == by_name[found.names[0]] for hits in by_name.values()):
            continue
        page.title(page.say(f"{policy}: customers per rule", f"{policy}：各规则命中客户数"))
        rules = sorted({rule for hits in by_name.values() for rule in hits})
        heads = [(page.say("rule", "规则"), "right"), *((name, "right") for name in found.names)]
        page.print(
            listing(
                heads,
                [
                    [Line(str(rule + 1)), *(Line(number(by_name[name].get(rule, 0)) if name in by_name else "·") for name in found.names)]
                    for rule in rules
                ],
            )
        )


def wanted(console: Console, found: WantedCut, language: str) -> None:
    """Print the cut for a wanted count, and what else moves with it."""
    page = Page(console, language)
    how = {
        "bisection": page.say("by bisection", "二分查找"),
        "every candidate": page.say("every candidate tried", "已尝试全部取值"),
        "a grid of candidates": page.say("a grid of candidates tried, not every one", "仅尝试部分取值"),
    }[found.method]
    tried = page.say(f"{found.tried} values evaluated over every customer", f"对全部客户评估了 {found.tried} 个取值")
    now = page.say(f"now {found.was:,.10g}: {number(found.was_count)}", f"现为 {found.was:,.10g}：{number(found.was_count)} 位")
    page.title(found.finding.in_(page.language), page.dots([now, tried, how]))
    for en, zh, hit in (("fewer", "较少", found.below), ("more", "较多", found.above)):
        if hit is not None and hit[1] != found.count:
            page.print(
                Line(
                    page.say(f"{en}: {hit[0]:,.10g} gives {number(hit[1])}", f"{zh}：取 {hit[0]:,.10g} 时为 {number(hit[1])} 位"),
                    scale.QUIET,
                )
            )
    if found.simulation is not None:
        page.print(Line(page.say("With it: ", "此时：") + finding(found.simulation).in_(page.language)))


def portrait(
    console: Console, found: Portrait, address: str, label: Text, titles: Callable[[str], Text], language: str, *, most: int = MOST_TRAITS
) -> None:
    """Print where the members of a label differ. titles: the title of a feature by its name."""
    page = Page(console, language)
    name = label.in_(page.language)
    page.title(
        page.say(f"What tells {name} apart", f"{name}有何不同"),
        page.dots(
            [
                address,
                page.say(
                    f"{number(found.members)} members, {number(found.others)} others",
                    f"成员 {number(found.members)} 位，其他 {number(found.others)} 位",
                ),
            ]
        ),
    )
    if not found.traits:
        page.print(Line(page.say("Nothing that can be told apart from chance.", "没有可与偶然区分的差异。")))
    heads = [(page.say("effect", "差异"), "right"), (page.say("95 % interval", "95% 区间"), "right"), ("n", "right"), ("", "left")]
    rows = [
        [
            Line(f"{trait.effect:+.2f}".replace("-", "−"), scale.STRONG),
            Line(f"{trait.low:+.2f} … {trait.high:+.2f}".replace("-", "−"), scale.QUIET),
            Line(number(trait.members_n), scale.QUIET),
            Line(trait.sentence(titles(trait.feature)).in_(page.language)),
        ]
        for trait in found.traits[:most]
    ]
    if rows:
        page.print(listing(heads, rows, fold=3))
    if found.unclear:
        page.print()
        page.print(Line(page.say("No clear difference: ", "无明显差异：") + page.say(", ", "、").join(found.unclear), scale.QUIET))


def radar(console: Console, found: Radar, as_of: str, language: str, *, currency: str, minor_digits: int) -> None:
    """Print who falls when. as_of: the moment from which it looks, ISO 8601 in the business zone."""
    page = Page(console, language)
    held = int(found.now[:-1].sum())
    at_stake = money(found.amount, minor_digits, currency, exact=False)
    page.title(
        page.say(
            f"In {found.days} days of silence {number(found.lost)} of {number(held)} customers lose their {found.address}",
            f"若 {found.days} 天内均无新订单，{number(held)} 位客户中有 {number(found.lost)} 位将失去当前的 {found.address}",
        ),
        page.dots(
            [page.say("from ", "自 ") + moment(as_of, page.language), page.say(f"revenue at stake {at_stake}", f"涉及收入 {at_stake}")]
        ),
    )
    title = _titles(page, found.kind, found.labels)
    weeks = found.losses.shape[1]
    shown = min(weeks, MOST_WEEKS)
    heads = [(page.say("label", "标签"), "left"), (page.say("now", "现有"), "right")]
    heads += [(page.say(f"w{week + 1}", f"第{week + 1}周"), "right") for week in range(shown)]
    heads += [(page.say("later", "之后"), "right")] * (weeks > shown) + [
        (page.say("all", "合计"), "right"),
        (page.say("revenue", "收入"), "right"),
    ]
    rows = []
    for at, key in enumerate(found.keys[:-1]):
        if not found.now[at]:
            continue
        line = found.losses[at].tolist()
        cells = [*line[:shown], *([sum(line[shown:])] if weeks > shown else [])]
        rows.append(
            [
                Line(title(key)),
                Line(number(int(found.now[at]))),
                *(Line(number(count)) if count else Line("·", scale.QUIET) for count in cells),
                Line(number(sum(line)), scale.STRONG),
                Line(money(int(found.amounts[at].sum()), minor_digits, currency, exact=False)),
            ]
        )
    page.print(listing(heads, rows))
    if found.falls:
        page.title(page.say("Who falls with the most revenue", "即将下滑的客户中收入最高者"))
        lines = [
            [
                Line(fall.external_id),
                Line(money(fall.amount, minor_digits, currency, exact=False)),
                Line(
                    page.say(f"in {fall.day} days", f"{fall.day} 天后")
                    + page.say(": ", "：")
                    + f"{title(fall.label)} → {title(fall.becomes)}"
                ),
            ]
            for fall in found.falls
        ]
        page.print(listing(_customer_heads(page, page.say("if silent", "若无新订单")), lines, fold=2))


def _customer_heads(page: Page, last: str) -> list[tuple[str, str]]:
    return [(page.say("customer", "客户"), "left"), (page.say("revenue", "收入"), "right"), (last, "left")]


def _titles(page: Page, kind: str, labels: Sequence[Label]) -> Callable[[str], str]:
    known = {label.key: label.title.in_(page.language) for label in labels}

    def title(key: str) -> str:
        if key == NO_VALUE:
            return page.say("none", "无")
        if kind == "flag":
            return page.say("yes", "是") if key == "true" else page.say("no", "否")
        return known.get(key, key)

    return title
