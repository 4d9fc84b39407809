"""Commands about what points buy and what is given besides: rewards, claims, offers, codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.cli.shared import ID, App, Family, counted, json_option, pass_app, print_json, to_the_minute

if TYPE_CHECKING:
    from engine.service import Engine
    from engine.store.rewards import Claim

key_option = click.option("--key", required=True, help="A name of your own for this act: the same again changes nothing.")
STATES = {
    "reserved": ("reserved", "已预留"),
    "confirmed": ("confirmed", "已确认"),
    "cancelled": ("cancelled", "已取消"),
    "lapsed": ("lapsed", "已失效"),
}


@click.group(cls=Family, short_help="What points buy.")
def reward() -> None:
    """The catalogue of rewards, and claims on them."""


@reward.command("list")
@click.argument("customer", required=False)
@json_option
@pass_app
def list_(app: App, customer: str | None, as_json: bool) -> None:
    """List the catalogue; with CUSTOMER what keeps her from each."""
    with app.engine() as engine:
        found = [(each, ()) for each in engine.rewards.list(inactive=True)] if customer is None else engine.rewards.offered(customer)
    if as_json:
        print_json([{"key": each.reward.key, "active": each.reward.active, "taken": each.taken, **each.document, "hurdles": [{"key": h.key, "en": h.text.en, "zh": h.text.zh} for h in against]} for each, against in found])  # fmt: skip
        return
    from engine.cli.show import listing

    heads = [("key", "键"), ("reward", "奖励"), ("points", "积分"), ("taken", "已兑"), ("stock", "库存"), ("", "")]
    rows = []
    for each, against in found:
        state = (
            "; ".join(h.text.in_(app.language) for h in against)
            if customer
            else ""
            if each.reward.active
            else app.text("not offered", "已下架")
        )
        stock = app.text("no limit", "不限") if each.reward.stock is None else f"{each.reward.stock:,}"
        rows.append([each.reward.key, each.reward.title.in_(app.language), f"{each.reward.points:,}", f"{each.taken:,}", stock, state])
    title = app.text(counted(len(rows), "reward"), f"{len(rows)} 项奖励") if rows else app.text("No rewards yet", "暂无奖励")
    listing(app, title, [(app.text(en, zh), "right" if en in ("points", "taken", "stock") else "left") for en, zh in heads], rows)


@reward.command()
@click.argument("key")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--retire", is_flag=True, help="Keep it, but do not offer it any more.")
@pass_app
def save(app: App, key: str, file: Path, retire: bool) -> None:
    """Write reward KEY from a JSON document in FILE."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise click.ClickException(f"{file}: {error}") from None
    with app.engine() as engine:
        found = engine.rewards.save(key, document, active=not retire)
    click.echo(app.text(f"reward {key} is saved, revision {found.revision}", f"奖励 {key} 已保存，第 {found.revision} 版"))


@reward.command()
@click.argument("customer")
@click.argument("key_of_reward", metavar="REWARD")
@key_option
@json_option
@pass_app
def reserve(app: App, customer: str, key_of_reward: str, key: str, as_json: bool) -> None:
    """Take the points of CUSTOMER and one REWARD of the stock, until it is confirmed."""
    with app.engine() as engine:
        _told(app, engine, engine.rewards.reserve(customer, key_of_reward, key=key), as_json)


@reward.command()
@click.argument("claim", type=ID)
@json_option
@pass_app
def confirm(app: App, claim: int, as_json: bool) -> None:
    """The reward of CLAIM is handed over."""
    with app.engine() as engine:
        _told(app, engine, engine.rewards.confirm(claim), as_json)


@reward.command()
@click.argument("claim", type=ID)
@json_option
@pass_app
def cancel(app: App, claim: int, as_json: bool) -> None:
    """Give back points and stock of CLAIM."""
    with app.engine() as engine:
        _told(app, engine, engine.rewards.cancel(claim), as_json)


@reward.command()
@click.argument("customer", required=False)
@click.option("--status", type=click.Choice(list(STATES)), help="Only those in this state.")
@json_option
@pass_app
def claims(app: App, customer: str | None, status: str | None, as_json: bool) -> None:
    """List claims, the newest first, or those of CUSTOMER."""
    with app.engine() as engine:
        found = [_plain(engine, each) for each in engine.rewards.claims(customer, status=status)]
    if as_json:
        print_json(found)
        return
    from engine.cli.show import listing

    heads = [
        ("claim", "编号"),
        ("reward", "奖励"),
        ("customer", "客户"),
        ("state", "状态"),
        ("points", "积分"),
        ("since", "时间"),
        ("code", "兑换码"),
    ]
    rows = [
        [
            str(c["number"]),
            c["reward"],
            c["customer"],
            app.text(*STATES[c["status"]]),
            f"{c['points']:,}",
            c["reserved_at"],
            c["code"] or "",
        ]
        for c in found
    ]
    title = app.text(f"{len(rows)} claims", f"{len(rows)} 笔兑换") if rows else app.text("No claims yet", "暂无兑换")
    listing(app, title, [(app.text(en, zh), "right" if en in ("claim", "points") else "left") for en, zh in heads], rows)


@reward.command()
@pass_app
def release(app: App) -> None:
    """Let reservations lapse whose time is over."""
    with app.engine() as engine:
        count = engine.rewards.release()
    click.echo(app.text(f"{count:,} reservations lapsed", f"{count:,} 笔预留已失效"))


@click.group(cls=Family, short_help="What customers save by offers.")
def offer() -> None:
    """The offers of the live rulebook: what applies to a basket, using it, codes."""


@offer.command("list")
@json_option
@pass_app
def list_offers(app: App, as_json: bool) -> None:
    """List the live offers with what they have cost."""
    with app.engine() as engine:
        found, digits = list(engine.offers.list()), engine.business.minor_digits
    if as_json:
        print_json([{"offer": each.key, "kind": each.kind, "priority": each.priority, "budget": each.budget, "spent": spent, "uses": uses} for each, spent, uses in found])  # fmt: skip
        return
    from engine.cli.show import listing

    heads = [("key", "键"), ("offer", "优惠"), ("priority", "优先级"), ("uses", "使用次数"), ("saved", "已优惠"), ("budget", "预算")]
    rows = [
        [each.key, each.title.in_(app.language), str(each.priority), f"{uses:,}", _money(spent, digits), "" if each.budget is None else _money(each.budget, digits)]
        for each, spent, uses in found
    ]  # fmt: skip
    title = (
        app.text(f"{len(rows)} offers", f"{len(rows)} 项优惠")
        if rows
        else app.text("The live rulebook has no offers", "已生效规则手册中没有优惠")
    )
    listing(app, title, [(app.text(en, zh), "left" if en in ("key", "offer") else "right") for en, zh in heads], rows)


@offer.command("for")
@click.argument("customer")
@click.argument("basket", type=click.IntRange(0))
@click.option("--code", "codes", multiple=True, help="A code that the customer shows.")
@json_option
@pass_app
def for_basket(app: App, customer: str, basket: int, codes: tuple[str, ...], as_json: bool) -> None:
    """Say what applies to a BASKET (minor units) of CUSTOMER, and why the rest does not."""
    with app.engine() as engine:
        found, digits = engine.offers.of(customer, basket, codes=codes), engine.business.minor_digits
    if as_json:
        print_json([{"offer": each.offer.key, "applies": each.applies, "saves": each.saves, "points": each.points, "hurdles": [{"key": h.key, "en": h.text.en, "zh": h.text.zh} for h in each.against]} for each in found])  # fmt: skip
        return
    from engine.cli.show import listing

    heads = [("offer", "优惠"), ("saves", "优惠金额"), ("points", "积分"), ("", "")]
    rows = [
        [each.offer.title.in_(app.language), _money(each.saves, digits), f"{each.points:,}", "; ".join(h.text.in_(app.language) for h in each.against)]
        for each in found
    ]  # fmt: skip
    saved = _money(sum(each.saves for each in found), digits)
    title = app.text(f"{customer} saves {saved}", f"{customer} 可优惠 {saved}")
    listing(app, title, [(app.text(en, zh), "right" if en in ("saves", "points") else "left") for en, zh in heads], rows)


@offer.command()
@click.argument("customer")
@click.argument("basket", type=click.IntRange(0))
@click.option("--code", "codes", multiple=True, help="A code that the customer shows.")
@key_option
@json_option
@pass_app
def use(app: App, customer: str, basket: int, codes: tuple[str, ...], key: str, as_json: bool) -> None:
    """Use everything that applies to a BASKET (minor units) of CUSTOMER."""
    with app.engine() as engine:
        found, digits = engine.offers.use(customer, basket, key=key, codes=codes), engine.business.minor_digits
    if as_json:
        print_json([{"offer": each.offer, "saved": each.saved, "points": each.points, "code": each.code} for each in found])
        return
    saved = _money(sum(each.saved for each in found), digits)
    click.echo(app.text(f"{len(found)} offers used: {saved} saved", f"已使用 {len(found)} 项优惠，共优惠 {saved}"))


@offer.command("cancel")
@click.argument("customer")
@key_option
@pass_app
def cancel_offers(app: App, customer: str, key: str) -> None:
    """Take back what CUSTOMER used with a key."""
    with app.engine() as engine:
        count = engine.offers.cancel(customer, key)
    click.echo(app.text(f"{count} offers taken back", f"已撤销 {count} 项优惠"))


@offer.command()
@click.argument("key_of_offer", metavar="OFFER")
@click.option("--count", type=click.IntRange(1, 100_000), default=1, show_default=True, help="How many.")
@click.option("--until", metavar="T", help="The first moment without them; default without end.")
@click.option("--customer", help="For whom alone; default whoever has one.")
@json_option
@pass_app
def issue(app: App, key_of_offer: str, count: int, until: str | None, customer: str | None, as_json: bool) -> None:
    """Make codes of OFFER, each of which works once."""
    with app.engine() as engine:
        codes = engine.offers.issue(key_of_offer, count, until=until, customer=customer)
    if as_json:
        print_json(list(codes))
    else:
        click.echo("\n".join(codes))


def _money(minor: int, digits: int) -> str:
    return f"{minor / 10**digits:,.{digits}f}"


def _plain(engine: Engine, each: Claim) -> dict[str, Any]:
    moments = {name: None if (at := getattr(each, name)) is None else engine.written(at) for name in ("reserved_at", "until", "decided_at")}
    return {name: getattr(each, name) for name in ("number", "reward", "customer", "status", "points", "code")} | moments


def _told(app: App, engine: Engine, each: Claim, as_json: bool) -> None:
    if as_json:
        print_json(_plain(engine, each))
        return
    until = to_the_minute(engine.written(each.until))
    code = app.text(f", code {each.code}", f"，兑换码 {each.code}") if each.code else ""
    tail = app.text(f" until {until}", f"，保留至 {until}") if each.status == "reserved" else code
    click.echo(
        app.text(
            f"claim {each.number}: {each.reward} {STATES[each.status][0]}{tail}",
            f"兑换 {each.number}：{each.reward} {STATES[each.status][1]}{tail}",
        )
    )
