"""The page of a simulation: who would move, the matrix per output, what it means in revenue, who moves most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text as Line

from engine.examples import example_words
from engine.policy import Text
from engine.render import scale
from engine.render.figures import change, duration, moment, money, number
from engine.render.page import Page, listing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.loyalty.programme import RightMoved
    from engine.points_effect import PointsMoved
    from engine.simulate import Migration
    from engine.simulation import Simulation

MOST_FLOWS = 10
"""Flows per output that are listed; the matrix has them all where it fits."""

WIDEST_MATRIX = 7
"""Labels up to which a matrix is shown; beyond, its flows alone."""


def simulation(
    console: Console, found: Simulation, as_of: str, language: str, *, currency: str, minor_digits: int, places: Text | None = None
) -> None:
    """Print what a draft would change. as_of: ISO 8601 in the business zone. places: whether there are managers enough."""
    page = Page(console, language)
    compared = found.comparison
    about = page.say("as of ", "截至 ") + moment(as_of, page.language)
    share = money(compared.moved_amount, minor_digits, currency, exact=False)
    page.title(
        finding(found).in_(page.language), page.dots([about, page.say(f"revenue of those who move {share}", f"变动客户的收入 {share}")])
    )
    for policy, fault in compared.faults.items():
        page.callout(page.say(f"{policy} fails in the draft", f"{policy} 在草案中运行出错"), [fault], scale.BAD)
    if compared.broken:
        broken = [example_words(result.name, result.mismatches).in_(page.language) for result in compared.broken]
        page.callout(page.say("Example customers that break", "不再成立的示例客户"), broken, scale.BAD)
    for addresses, en, zh in ((compared.new, "new outputs", "新增输出"), (compared.removed, "outputs that go", "将移除的输出")):
        if addresses:
            page.print(Line(page.say(en, zh) + page.say(": ", "：") + ", ".join(addresses)))
    service = found.service.words() if found.service is not None else []
    for text in [*service, *([places] if places is not None else [])]:
        page.print(Line(text.in_(page.language)))
    for address, migration in compared.migrations.items():
        if migration.moved:
            _migration(page, address, migration, currency, minor_digits)
    for policy, rights in found.rights.items():
        _rights(page, policy, rights)
    for policy, points in found.points.items():
        page.print(Line(_points(page, policy, points)))
    if compared.movers:
        _movers(page, found, currency, minor_digits)
    page.print()
    page.print(Line(duration(sum(found.seconds.values()), page.language), scale.QUIET))


def finding(found: Simulation) -> Text:
    """What matters most, as a sentence: how many change the output that moves most."""
    moving = [one for one in found.comparison.migrations.values() if one.moved]
    whole = number(found.comparison.rows)
    if not moving:
        return Text(f"None of {whole} customers changes a label", f"{whole} 位客户的标签均无变化")
    most = max(moving, key=lambda one: one.moved)
    verb = "changes" if most.moved == 1 else "change"
    rest = len(moving) - 1
    more_en = f", and {rest} more output{'s' if rest > 1 else ''} change{'' if rest > 1 else 's'}" if rest else ""
    more_zh = f"，另有 {rest} 项输出变动" if rest else ""
    return Text(
        f"{number(most.moved)} of {whole} customers {verb} {most.address}{more_en}",
        f"{whole} 位客户中有 {number(most.moved)} 位的 {most.address} 发生变化{more_zh}",
    )


def _rights(page: Page, policy: str, rights: Sequence[RightMoved]) -> None:
    page.title(f"{policy}: " + page.say("rights of members", "会员权益"))
    heads = [(page.say("right", "权益"), "left"), (page.say("gain it", "新获得"), "right"), (page.say("lose it", "失去"), "right")]
    page.print(listing(heads, [[page.say(each.right.en, each.right.zh), number(each.gained), number(each.lost)] for each in rights]))


def _points(page: Page, policy: str, moved: PointsMoved) -> str:
    before, after = (number(each or 0) for each in (moved.live, moved.draft))
    costs = [f"{each or 0:,.2f}" for each in (moved.live_cost, moved.draft_cost)]
    return page.say(
        f"{policy}: a year of sales earns {before} → {after} points, cost {costs[0]} → {costs[1]}; {number(moved.more)} customers earn more, {number(moved.fewer)} less",
        f"{policy}：年销售积分 {before} → {after}，成本 {costs[0]} → {costs[1]}；{number(moved.more)} 位客户增加，{number(moved.fewer)} 位减少",
    )


def _migration(page: Page, address: str, one: Migration, currency: str, digits: int) -> None:
    up = (
        page.say(f"{number(one.up)} up, {number(one.down)} down", f"上升 {number(one.up)}，下降 {number(one.down)}")
        if one.kind == "label"
        else ""
    )
    page.title(f"{address}: " + page.say(f"{number(one.moved)} customers move", f"{number(one.moved)} 位客户变动"), up)
    if max(len(one.before), len(one.after)) <= WIDEST_MATRIX:
        _matrix(page, one)
    rows = []
    for was, now, customers, minor in one.flows()[:MOST_FLOWS]:
        rows.append(
            [
                Line(_name(page, one, was)),
                Line(_name(page, one, now)),
                Line(number(customers)),
                Line(money(minor, digits, currency, exact=False)),
            ]
        )
    heads = [
        (page.say("live", "现行"), "left"),
        (page.say("draft", "草案"), "left"),
        (page.say("customers", "客户"), "right"),
        (page.say("revenue", "收入"), "right"),
    ]
    page.print(listing(heads, rows))


def _matrix(page: Page, one: Migration) -> None:
    """Live labels down, draft labels across; the last line says how each label grows or shrinks."""
    heads = [(page.say("live ↓ draft →", "现行 ↓ 草案 →"), "left"), *((_name(page, one, key), "right") for key in one.after)]
    rows = [
        [
            Line(_name(page, one, key)),
            *(
                Line(number(int(count)), "" if key == one.after[at] else scale.STRONG) if count else Line("·", scale.QUIET)
                for at, count in enumerate(line)
            ),
        ]
        for key, line in zip(one.before, one.customers.tolist(), strict=True)
    ]
    before = one.counts_before
    rows.append(
        [
            Line(page.say("change", "增减"), scale.QUIET),
            *(Line(change(count - before.get(key, 0)), scale.QUIET) for key, count in one.counts_after.items()),
        ]
    )
    page.print(listing(heads, rows))
    page.print()


def _movers(page: Page, found: Simulation, currency: str, digits: int) -> None:
    page.title(page.say("Who moves with the most revenue", "变动客户中收入最高者"))
    rows = []
    for mover in found.comparison.movers:
        moves = [
            f"{address}: {_name(page, one, was)} → {_name(page, one, now)}"
            for address, was, now in mover.moves
            for one in [found.comparison.migrations[address]]
        ]
        rows.append([Line(mover.external_id), Line(money(mover.amount, digits, currency, exact=False)), Line("\n".join(moves))])
    heads = [
        (page.say("customer", "客户"), "left"),
        (page.say("revenue", "收入"), "right"),
        (page.say("live → draft", "现行 → 草案"), "left"),
    ]
    page.print(listing(heads, rows, fold=2))


def _name(page: Page, one: Migration, key: str) -> str:
    if not key:
        return page.say("none", "无")
    if one.kind == "flag":
        return page.say("yes", "是") if key == "true" else page.say("no", "否")
    titles = {label.key: label.title for label in (*one.live_labels, *one.labels)}
    return titles[key].in_(page.language) if key in titles else key
