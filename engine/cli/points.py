"""Commands about the points of members: what there is, what happened, every act of the ledger, the day, the liability."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from engine.cli.shared import ID, App, Family, json_option, pass_app, print_json, to_the_minute

if TYPE_CHECKING:
    from engine.store.points import Act

key_option = click.option("--key", required=True, help="A name of your own for this act: the same again changes nothing.")
KINDS = {
    "earn": ("earned", "获得"),
    "redeem": ("redeemed", "兑换"),
    "cancel": ("redemption cancelled", "取消兑换"),
    "reverse": ("taken back", "退货扣回"),
    "correct": ("corrected by hand", "人工调整"),
    "undo": ("correction or event taken back", "撤回调整或事件"),
    "give": ("given to another", "转出"),
    "receive": ("received", "转入"),
    "settle": ("fell due", "到期处理"),
}


@click.group(cls=Family, short_help="The points of members.")
def points() -> None:
    """The points of members: earn, spend, take back, and what is owed to them all."""


@points.command()
@click.argument("customer")
@click.option("--at", metavar="T", help="As it was at a past moment.")
@json_option
@pass_app
def show(app: App, customer: str, at: str | None, as_json: bool) -> None:
    """Show the points of CUSTOMER, and when they can be spent and expire."""
    with app.engine() as engine:
        account = engine.points.balance(customer, at=at)
        lots = [
            (lot.member, lot.pending, engine.written(lot.matures_at), "" if lot.expires_at is None else engine.written(lot.expires_at))
            for _, lot in sorted(account.lots.items())
            if lot.member + lot.pending
        ]
    if as_json:
        names = ("spendable", "pending", "matures_at", "expires_at")
        rows = [dict(zip(names, lot, strict=True)) for lot in lots]
        print_json({"customer": customer, "spendable": account.spendable, "pending": account.pending, "owed": account.owed, "lots": rows})
        return
    from engine.cli.show import listing

    owed = app.text(f", {account.owed:,} owed", f"，欠 {account.owed:,}") if account.owed else ""
    title = app.text(
        f"{customer}: {account.spendable:,} points to spend, {account.pending:,} pending{owed}",
        f"{customer}：可用 {account.spendable:,} 积分，待生效 {account.pending:,}{owed}",
    )
    heads = [("to spend", "可用"), ("pending", "待生效"), ("from", "生效"), ("until", "到期")]
    never = app.text("never expires", "永久有效")
    listing(
        app,
        title,
        [(app.text(en, zh), "right" if en in ("to spend", "pending") else "left") for en, zh in heads],
        [[f"{free:,}", f"{waits:,}", to_the_minute(since), to_the_minute(until) or never] for free, waits, since, until in lots],
    )


@points.command()
@click.argument("customer")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True, help="How many acts.")
@json_option
@pass_app
def history(app: App, customer: str, limit: int, as_json: bool) -> None:
    """List what happened to the points of CUSTOMER, the newest first."""
    with app.engine() as engine:
        acts = [
            {**act, "at": engine.written(act["at"]), "posted_at": engine.written(act["posted_at"])}
            for act in engine.points.history(customer, limit=limit)
        ]
    if as_json:
        print_json(acts)
        return
    from engine.cli.show import listing

    heads = [
        ("act", "编号"),
        ("what", "事项"),
        ("at", "时间"),
        ("points", "积分"),
        ("expired", "失效"),
        ("to spend", "可用"),
        ("by", "操作人"),
        ("", ""),
    ]
    rows = [
        [str(act["number"]), app.text(*KINDS[act["kind"]]), to_the_minute(act["at"]), f"{act['points']:+,}", f"{act['expired']:,}", f"{act['spendable']:,}", act["actor"], act["note"] or ""]
        for act in acts
    ]  # fmt: skip
    title = (
        app.text(f"{customer}: the newest {len(acts)} acts", f"{customer}：最近 {len(acts)} 笔")
        if acts
        else app.text("Nothing happened yet", "暂无记录")
    )
    right = ("act", "points", "expired", "to spend")
    listing(app, title, [(app.text(en, zh), "right" if en in right else "left") for en, zh in heads], rows)


@points.command()
@click.argument("customer")
@click.argument("number", metavar="POINTS", type=int)
@click.option("--at", metavar="T", help="When it happened; default now.")
@click.option("--hold-days", type=int, default=0, help="Elapsed days of the return period.")
@click.option("--valid-days", type=int, help="Days after it until they expire; default never.")
@key_option
@json_option
@pass_app
def earn(app: App, customer: str, number: int, at: str | None, hold_days: int, valid_days: int | None, key: str, as_json: bool) -> None:
    """Give CUSTOMER points for what is no stored sale."""
    with app.engine() as engine:
        _told(app, customer, engine.points.earn(customer, number, at=at, hold_days=hold_days, valid_days=valid_days, key=key), as_json)


@points.command()
@click.argument("customer")
@click.argument("kind", type=click.Choice(["survey", "referral"]))
@click.option("--at", metavar="T", help="When it happened; default now.")
@key_option
@json_option
@pass_app
def event(app: App, customer: str, kind: str, at: str | None, key: str, as_json: bool) -> None:
    """Give CUSTOMER the programme's points for an answered survey or a referral."""
    with app.engine() as engine:
        _told(app, customer, engine.points.event(customer, kind, at=at, key=key), as_json)


@points.command()
@click.argument("customer")
@click.argument("number", metavar="POINTS", type=int)
@key_option
@json_option
@pass_app
def redeem(app: App, customer: str, number: int, key: str, as_json: bool) -> None:
    """Spend points of CUSTOMER; more than there are is refused."""
    with app.engine() as engine:
        _told(app, customer, engine.points.redeem(customer, number, key=key), as_json)


@points.command()
@click.argument("customer")
@click.argument("redemption", type=ID)
@key_option
@json_option
@pass_app
def cancel(app: App, customer: str, redemption: int, key: str, as_json: bool) -> None:
    """Give back what act REDEMPTION took."""
    with app.engine() as engine:
        _told(app, customer, engine.points.cancel(customer, redemption, key=key), as_json)


@points.command()
@click.argument("customer")
@click.argument("earning", type=ID)
@click.argument("number", metavar="POINTS", type=int)
@key_option
@json_option
@pass_app
def reverse(app: App, customer: str, earning: int, number: int, key: str, as_json: bool) -> None:
    """Take back POINTS of act EARNING, whose sale was returned."""
    with app.engine() as engine:
        _told(app, customer, engine.points.reverse(customer, earning, number, key=key), as_json)


@points.command(context_settings={"ignore_unknown_options": True})
@click.argument("customer")
@click.argument("number", metavar="POINTS", type=int)
@click.option("--reason", required=True, help="Why; it stays in the audit trail.")
@key_option
@json_option
@pass_app
def correct(app: App, customer: str, number: int, reason: str, key: str, as_json: bool) -> None:
    """Give POINTS by hand, or take some (-20)."""
    with app.engine() as engine:
        _told(app, customer, engine.points.correct(customer, number, reason=reason, key=key), as_json)


@points.command()
@click.argument("customer")
@click.argument("act", type=ID)
@click.option("--reason", required=True, help="Why; it stays in the audit trail.")
@key_option
@json_option
@pass_app
def undo(app: App, customer: str, act: int, reason: str, key: str, as_json: bool) -> None:
    """Take back ACT of CUSTOMER, a correction or event, as such."""
    with app.engine() as engine:
        _told(app, customer, engine.points.undo(customer, act, reason=reason, key=key), as_json)


@points.command()
@click.argument("customer")
@click.argument("to")
@click.argument("number", metavar="POINTS", type=int)
@key_option
@json_option
@pass_app
def transfer(app: App, customer: str, to: str, number: int, key: str, as_json: bool) -> None:
    """Hand POINTS of CUSTOMER to another member; they keep their expiry."""
    with app.engine() as engine:
        _told(app, customer, engine.points.transfer(customer, to, number, key=key), as_json)


@points.command()
@click.argument("customer")
@click.option("--back", is_flag=True, help="Open it again.")
@pass_app
def close(app: App, customer: str, back: bool) -> None:
    """Close the account of CUSTOMER: nothing is earned or spent any more."""
    with app.engine() as engine:
        engine.points.close(customer, back=back)
    click.echo(
        app.text(f"the account of {customer} is {'open' if back else 'closed'}", f"{customer} 的积分账户已{'开启' if back else '关闭'}")
    )


@points.command()
@json_option
@pass_app
def day(app: App, as_json: bool) -> None:
    """Post the points of new sales, follow returns and corrections, let points mature and expire."""
    with app.engine() as engine:
        report = engine.points.day()
    if as_json:
        print_json(report.as_dict())
        return
    click.echo(
        app.text(
            f"{report.sales:,} new sales and {report.changed:,} changed ones: {report.points:+,} points; {report.matured:,} lots can be spent now, {report.expired:,} expired",
            f"新销售 {report.sales:,} 笔，变更 {report.changed:,} 笔，积分 {report.points:+,}；{report.matured:,} 批积分生效，{report.expired:,} 批失效",
        )
    )


@points.command()
@json_option
@pass_app
def liability(app: App, as_json: bool) -> None:
    """Show what all points would cost, and when they expire."""
    with app.engine() as engine:
        found, digits, currency = engine.points.liability(), engine.business.minor_digits, engine.business.currency
    if as_json:
        print_json(found.as_dict())
        return
    from engine.cli.show import listing

    cost = "" if found.cost is None else f" · {found.cost / 10**digits:,.{digits}f} {currency}"
    title = app.text(
        f"{found.members:,} members hold {found.spendable:,} points to spend and {found.pending:,} pending{cost}",
        f"{found.members:,} 位会员持有可用积分 {found.spendable:,}、待生效 {found.pending:,}{cost}",
    )
    heads = [(app.text("expire in", "到期月份"), "left"), (app.text("points", "积分"), "right")]
    listing(app, title, heads, [[month.month or app.text("never", "永久有效"), f"{month.points:,}"] for month in found.months])


@points.command()
@json_option
@pass_app
def verify(app: App, as_json: bool) -> None:
    """Compare every balance with the sum of its entries; exit code 2 when one differs."""
    with app.engine() as engine:
        acts, lots = engine.points.verify()
    if as_json:
        print_json({"acts": acts, "lots": lots})
    elif acts or lots:
        click.echo(
            app.text(
                f"acts that do not sum up: {acts or 'none'}; lots that differ: {lots or 'none'}",
                f"不平衡的记录：{acts or '无'}；不符的批次：{lots or '无'}",
            )
        )
    else:
        click.echo(app.text("every act sums to zero, and every balance is the sum of its entries", "所有记录借贷平衡，余额与明细一致"))
    click.get_current_context().exit(2 if acts or lots else 0)


def _told(app: App, customer: str, act: Act, as_json: bool) -> None:
    if as_json:
        fields: dict[str, Any] = {name: getattr(act, name) for name in ("number", "kind", "spendable", "pending", "owed")}
        print_json(fields)
        return
    owed = app.text(f", {act.owed:,} owed", f"，欠 {act.owed:,}") if act.owed else ""
    click.echo(
        app.text(
            f"act {act.number}: {KINDS[act.kind][0]}; {customer} has {act.spendable:,} points to spend, {act.pending:,} pending{owed}",
            f"记录 {act.number}：{KINDS[act.kind][1]}；{customer} 可用 {act.spendable:,} 积分，待生效 {act.pending:,}{owed}",
        )
    )
