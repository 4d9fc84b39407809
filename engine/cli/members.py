"""Commands about members: member show, member levels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from engine.cli.shared import App, Family, json_option, pass_app, print_json

if TYPE_CHECKING:
    from engine.loyalty.programme import MemberLevel
    from engine.membership import Card, Members
    from engine.service import Engine
    from engine.texts import Text

policy_option = click.option("--policy", metavar="KEY", help="Which policy; default the first that has members.")


@click.group(cls=Family, short_help="Levels of members, with rights, points and what is missing.")
def member() -> None:
    """Say which level members have, what it gives, what is missing to the next, and what will be lost when."""


@member.command()
@click.argument("customer")
@click.option("--plus", metavar="AMOUNT", help="As if so much were bought in addition; nothing is stored.")
@click.option("--as-of", metavar="T", help="The moment; default now.")
@policy_option
@json_option
@pass_app
def show(app: App, customer: str, plus: str | None, as_of: str | None, policy: str | None, as_json: bool) -> None:
    """Show the level of CUSTOMER, its rights, the points, and what is missing to the next level."""
    with app.engine() as engine:
        card = engine.membership.card(customer, plus=plus, as_of=as_of, policy=policy)
        if as_json:
            print_json({**card.as_dict(), "as_of": engine.written(card.as_of)})
            return
        rows = _card_rows(app, engine, card)
    from engine.cli.show import listing

    listing(app, f"{customer}: {app.text(card.receipt.en, card.receipt.zh)}", [("", "left"), ("", "left")], rows, fold=1)


@member.command()
@click.option("--most", type=click.IntRange(0, 1_000), default=20, show_default=True, help="How many who lose a level are named.")
@policy_option
@json_option
@pass_app
def levels(app: App, most: int, policy: str | None, as_json: bool) -> None:
    """Show the levels with their members, who moved since the run before, and who will lose what."""
    with app.engine() as engine:
        found = engine.membership.overview(policy, most=most)
        if found is None:
            _nothing(app, as_json)
            return
        if as_json:
            print_json(found.as_dict())
            return
        _print_levels(app, engine, found)


def _nothing(app: App, as_json: bool) -> None:
    if as_json:
        print_json(None)
    else:
        click.echo(app.text("Nobody has a level yet; tierwise run gives them.", "暂无会员等级；运行 tierwise run 后即有。"))


def _expiring(app: App, card: Card) -> str:
    days = (app.text(f"{each.points:,} after {each.last_day}", f"{each.last_day} 后失效 {each.points:,}") for each in card.expiring[:3])
    return app.text("; ", "；").join(days)


def _card_rows(app: App, engine: Engine, card: Card) -> list[list[str | None]]:
    programme = engine.membership.programmes()[card.policy]

    def amount(value: float | None) -> str | None:
        return None if value is None else _say(app, engine.membership.said(value, programme))

    rows = [
        (("level", "等级"), _title(app, card.level) or card.why),
        (("rights", "权益"), app.text("; ", "；").join(_say(app, right) for right in card.level.rights) if card.level else None),
        (("counts", "计入"), amount(card.qualifying)),
        (("missing to the next", "距下一等级"), amount(card.to_next)),
        (("next", "下一等级"), _title(app, card.next)),
        (("last upgrade", "最近升级"), card.since and card.since.isoformat()),
        (("lost on", "降级日"), card.falls_on and card.falls_on.isoformat()),
        (("then", "降级后"), _title(app, card.falls_to)),
        (("goes with it", "将失去"), app.text("; ", "；").join(_say(app, right) for right in card.loses)),
        (("keep by", "保级截止"), card.keep_by and card.keep_by.isoformat()),
        (("missing to keep it", "保级所差"), amount(card.to_keep)),
        (("never below", "终身保底"), _title(app, card.never_below)),
        (("points", "积分"), f"{card.spendable:,} × {card.multiplier:g}" if card.multiplier is not None else f"{card.spendable:,}"),
        (("points expire", "积分到期"), _expiring(app, card)),
    ]
    return [[app.text(*head), value] for head, value in rows if value]


def _print_levels(app: App, engine: Engine, found: Members) -> None:
    from engine.cli.show import listing

    rows = [
        [
            _title(app, level),
            _say(app, engine.membership.said(level.start, found.programme)),
            f"{found.counts.get(level.key, 0):,}",
            f"{level.points_multiplier:g}",
            app.text("; ", "；").join(_say(app, right) for right in level.rights),
        ]
        for level in reversed(found.programme.levels)
    ]
    heads = (("level", "等级"), ("from", "起点"), ("members", "会员"), ("points ×", "积分倍数"), ("rights", "权益"))
    moved = found.picture.movement
    title = app.text(found.title.en, found.title.zh)
    if moved is not None:
        title += app.text(
            f": {moved.up:,} rose, {moved.down:,} fell since the run before", f"：较上次运行升级 {moved.up:,}，降级 {moved.down:,}"
        )
    right = ("from", "members", "points ×")
    listing(app, title, [(app.text(en, zh), "right" if en in right else "left") for en, zh in heads], rows, fold=4)
    if not found.losing:
        return
    columns = (
        ("customer", "客户"),
        ("level", "等级"),
        ("then", "降级后"),
        ("lost on", "降级日"),
        ("keep by", "保级截止"),
        ("missing", "所差"),
    )
    rows = [
        [
            each.customer,
            _title(app, each.level),
            _title(app, each.to),
            each.falls_on.isoformat(),
            each.keep_by.isoformat(),
            _say(app, engine.membership.said(each.to_keep, found.programme)),
        ]
        for each in found.losing
    ]
    listing(
        app,
        app.text("Who will lose a level if nothing more happens", "若无新增消费将降级的会员"),
        [(app.text(en, zh), "right" if en == "missing" else "left") for en, zh in columns],
        rows,
    )


def _title(app: App, level: MemberLevel | None) -> str:
    return "" if level is None else app.text(level.title.en, level.title.zh)


def _say(app: App, text: Text) -> str:
    return app.text(text.en, text.zh)
