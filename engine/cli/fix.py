"""Commands about values fixed by hand: ask, approve, reject, withdraw, end, list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from engine.cli.shared import ID, App, Family, json_option, pass_app, print_json

if TYPE_CHECKING:
    from engine.service import Engine
    from engine.store.fixed_values import FixedValue


@click.group(cls=Family, short_help="Fix an output of one customer by hand.")
def fix() -> None:
    """Fix an output of one customer by hand, for a time and with a reason; another person approves it."""


@fix.command(name="list")
@click.argument("customer", required=False)
@click.option("--status", type=click.Choice(["requested", "approved", "rejected", "withdrawn"]), help="Only those in this state.")
@click.option("--ended", is_flag=True, help="Those too whose time is over.")
@json_option
@pass_app
def list_(app: App, customer: str | None, status: str | None, ended: bool, as_json: bool) -> None:
    """List values fixed by hand whose time is not over, in every state, or those of CUSTOMER."""
    with app.engine() as engine:
        found = engine.fixed_values.list(customer, status=status, ended=ended)
        if as_json:
            print_json([_answer(engine, one) for one in found])
            return
        from engine import render

        render.fixed_values(app.console, [_answer(engine, one) for one in found], app.language)


@fix.command()
@click.argument("customer")
@click.argument("output")
@click.argument("value")
@click.option("--reason", required=True, help="Why this customer is an exception.")
@click.option("--until", required=True, metavar="T", help="The first moment without it, at most 366 days after the start.")
@click.option("--from", "start", metavar="T", help="When it begins; default now.")
@json_option
@pass_app
def request(app: App, customer: str, output: str, value: str, reason: str, until: str, start: str | None, as_json: bool) -> None:
    """Ask that OUTPUT (rfm.segment) of CUSTOMER be VALUE, whatever is computed."""
    with app.engine() as engine:
        found = engine.fixed_values.request(customer, output, value, reason=reason, until=until, start=start)
        _told(
            app,
            engine,
            found,
            f"number {found.id}: {found.address} of {found.customer} is asked to be {found.value} "
            f"from {engine.written(found.starts_at)} to {engine.written(found.ends_at)}; another person approves it: tierwise fix approve {found.id}",
            f"编号 {found.id}：申请将 {found.customer} 的 {found.address} 指定为 {found.value}，"
            f"自 {engine.written(found.starts_at)} 至 {engine.written(found.ends_at)}；须由他人批准：tierwise fix approve {found.id}",
            as_json=as_json,
        )


@fix.command()
@click.argument("number", type=ID)
@json_option
@pass_app
def approve(app: App, number: int, as_json: bool) -> None:
    """Approve request NUMBER of another person; runs from its start on see the value."""
    with app.engine() as engine:
        found = engine.fixed_values.approve(number)
        own, own_zh = (" (by the same person)", "（由本人批准）") if found.self_approved else ("", "")
        _told(
            app,
            engine,
            found,
            f"{found.address} of {found.customer} is {found.value} until {engine.written(found.ends_at)}{own}; run again to see it",
            f"{found.customer} 的 {found.address} 指定为 {found.value}，有效期至 {engine.written(found.ends_at)}{own_zh}；重新运行后可见",
            as_json=as_json,
        )


@fix.command()
@click.argument("number", type=ID)
@json_option
@pass_app
def reject(app: App, number: int, as_json: bool) -> None:
    """Refuse request NUMBER."""
    with app.engine() as engine:
        found = engine.fixed_values.reject(number)
        _told(app, engine, found, f"number {number} is rejected", f"编号 {number} 已驳回", as_json=as_json)


@fix.command()
@click.argument("number", type=ID)
@json_option
@pass_app
def withdraw(app: App, number: int, as_json: bool) -> None:
    """Take one's own request NUMBER back."""
    with app.engine() as engine:
        found = engine.fixed_values.withdraw(number)
        _told(app, engine, found, f"number {number} is withdrawn", f"编号 {number} 已撤回", as_json=as_json)


@fix.command()
@click.argument("number", type=ID)
@click.option("--at", metavar="T", help="The first moment without it; default now.")
@json_option
@pass_app
def end(app: App, number: int, at: str | None, as_json: bool) -> None:
    """End value NUMBER before its time."""
    with app.engine() as engine:
        found = engine.fixed_values.end(number, at=at)
        ends = engine.written(found.ends_at)
        _told(
            app,
            engine,
            found,
            f"number {number} ends at {ends}; run again to see what is computed",
            f"编号 {number} 于 {ends} 终止；重新运行后按计算结果",
            as_json=as_json,
        )


def _told(app: App, engine: Engine, found: FixedValue, en: str, zh: str, *, as_json: bool) -> None:
    if as_json:
        print_json(_answer(engine, found))
    else:
        click.echo(app.text(en, zh))


def _answer(engine: Engine, one: FixedValue) -> dict[str, Any]:
    """A fixed value for JSON: moments in full, without the internal key."""
    moments = {name: None if value is None else engine.written(value) for name, value in one.as_dict().items() if name.endswith("_at")}
    return {name: moments.get(name, value) for name, value in one.as_dict().items() if name != "customer_id"}
