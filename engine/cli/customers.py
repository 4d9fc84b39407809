"""Commands about customers: timeline, orders, moves; who is who: join, separate, flag."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from engine.cli.shared import ID, App, Family, json_option, pass_app, print_json

if TYPE_CHECKING:
    from engine.service import Engine


@click.group(cls=Family, short_help="What happened to customers; join or separate them.")
def customers() -> None:
    """See what happened to customers, join those that are one, separate them again, keep some out of grading."""


@customers.command()
@click.argument("customer")
@json_option
@pass_app
def timeline(app: App, customer: str, as_json: bool) -> None:
    """List what moved of CUSTOMER, the newest first, with its orders in figures."""
    with app.engine() as engine:
        found = engine.customers.dossier(customer)
        titles = _titles(engine)
        moved = [{**asdict(each), "as_of": engine.written(each.as_of)} for each in found.moves]
        last = engine.written(found.last_at) if found.last_at else None
    if as_json:
        figures = {"customer": found.customer, "orders": found.count, "net_amount": found.net_amount, "last_at": last}
        print_json({**figures, "moves": moved, "tags": [f"{kind}s.{name}" for kind, name, _ in found.tags]})
        return
    from engine.cli.show import listing

    words = (("when", "时点"), ("run", "运行"), ("output", "结果项"), ("was", "之前"), ("now", "现在"), ("why none", "无结果原因"))
    rows = [
        [each["as_of"], str(each["run"]), titles.get(each["address"], each["address"]), each["was"], each["now"], each["reason"]]
        for each in moved
    ]
    title = app.text(
        f"{found.customer}: {found.count:,} orders, the last {last or 'never'}; {len(rows)} moves",
        f"{found.customer}：订单 {found.count:,} 笔，最近 {last or '无'}；变动 {len(rows)} 次",
    )
    listing(app, title, [(app.text(*each), "left") for each in words], rows)


@customers.command()
@click.argument("customer")
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True, help="How many at most.")
@json_option
@pass_app
def orders(app: App, customer: str, limit: int, as_json: bool) -> None:
    """List the orders of CUSTOMER, the newest first."""
    with app.engine() as engine:
        found = engine.customers.orders(customer, limit=limit)
        scale, moments = 10**engine.business.minor_digits, [engine.written(each.at) for each in found]
    if as_json:
        print_json([{**asdict(each), "at": at} for each, at in zip(found, moments, strict=True)])
        return
    from engine.cli.show import listing

    words = (("order", "订单"), ("when", "时间"), ("goods", "商品"), ("channel", "渠道"), ("store", "门店"), ("seller", "销售"))
    heads: list[Any] = [(app.text(*each), "left") for each in words]
    heads.insert(2, (app.text("amount", "金额"), "right"))
    rows = [
        [each.id, at, f"{each.amount / scale:,.2f}", ", ".join(each.goods), each.channel, each.store, each.seller]
        for each, at in zip(found, moments, strict=True)
    ]
    listing(app, app.text(f"{len(found)} orders", f"{len(found)} 笔订单"), heads, rows, fold=3)


@customers.command()
@click.argument("output")
@click.option("--run", "run_id", type=ID, metavar="ID", help="The later run; default the newest visible one.")
@click.option("--since", type=ID, metavar="ID", help="The earlier run; default the one before.")
@click.option("--was", metavar="LABEL", help="Only those who were this; '' is no value.")
@click.option("--now", metavar="LABEL", help="Only those who are this; '' is no value.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="How many at most.")
@json_option
@pass_app
def moves(app: App, /, output: str, limit: int, as_json: bool, **asked: Any) -> None:
    """List who moved in OUTPUT between two runs, the largest sales first, and what is different about them."""
    with app.engine() as engine:
        found = engine.customers.moves(output, size=limit, **asked)
        scale = 10**engine.business.minor_digits
    if as_json:
        print_json(found.as_dict())
        return
    from engine.cli.show import listing

    heads: list[Any] = [(app.text(en, zh), "left") for en, zh in (("customer", "客户"), ("was", "之前"), ("now", "现在"))]
    heads += [(app.text("sales", "销售额"), "right"), (app.text("why none", "无结果原因"), "left")]
    rows = [[each.customer, each.was or None, each.now or None, f"{each.amount / scale:,.2f}", each.reason] for each in found.rows]
    listing(
        app,
        app.text(
            f"{found.total:,} moved between run {found.since_run} and run {found.run}",
            f"运行 {found.since_run} 与运行 {found.run} 之间变动 {found.total:,} 位",
        ),
        heads,
        rows,
    )


def _titles(engine: Engine) -> dict[str, str]:
    """The outputs of the live rulebook by address, as they are called."""
    language = engine.settings.language
    return {
        f"{entry.key}.{each.name}": each.title.in_(language)
        for entry in engine.live_or_nothing().entries
        for each in entry.policy.outputs()
        if each.title is not None
    }


@customers.command()
@click.argument("survivor")
@click.argument("other")
@pass_app
def join(app: App, survivor: str, other: str) -> None:
    """Say that OTHER is SURVIVOR: its ids and facts count for the survivor from now on."""
    with app.engine() as engine:
        engine.join_customers(survivor, other)
    click.echo(
        app.text(
            f"{other} is {survivor} from now on; run again to grade them as one", f"{other} 已并入 {survivor}；重新运行后按一位客户分级"
        )
    )


@customers.command()
@click.argument("customer")
@click.option("--source", help="Whose id it is, where two sources use the same.")
@pass_app
def separate(app: App, customer: str, source: str | None) -> None:
    """Undo a join: CUSTOMER gets its own ids and facts back."""
    with app.engine() as engine:
        engine.separate_customer(customer, source)
    click.echo(app.text(f"{customer} stands alone again; run again to grade it", f"{customer} 已拆分；重新运行后单独分级"))


@customers.command()
@click.argument("customer")
@click.option("--reason", help="Why it enters no grading: walk-in account, staff, test, restricted by law.")
@click.option("--clear", is_flag=True, help="Grade it again.")
@pass_app
def flag(app: App, customer: str, reason: str | None, clear: bool) -> None:
    """Keep CUSTOMER out of every policy, quantile and share, with a reason; or let it in again."""
    if bool(reason) == clear:
        raise click.UsageError("give either --reason TEXT or --clear")
    with app.engine() as engine:
        engine.flag_not_graded(customer, reason)
    click.echo(
        app.text(f"{customer} is graded again", f"{customer} 恢复分级")
        if clear
        else app.text(f"{customer} is not graded: {reason}", f"{customer} 不分级：{reason}")
    )
