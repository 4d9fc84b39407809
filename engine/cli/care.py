"""Commands about care plans: care list, show, save, enable, disable, remove, run, preview, effect, deliver."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.cli.shared import App, Family, json_option, pass_app, print_json

if TYPE_CHECKING:
    from engine.caring import CareReport

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group(cls=Family, short_help="What customers are to hear when.")
def care() -> None:
    """Care plans: greetings, follow-ups, checks of data: who is due, once per occasion, and what it changed."""


@care.command("list")
@json_option
@pass_app
def list_(app: App, as_json: bool) -> None:
    """List plans, and what they did so far."""
    with app.engine() as engine:
        found = engine.care.list()
    if as_json:
        print_json([each.as_dict() for each in found])
        return
    from engine.cli.show import listing

    words = (("plan", "计划", "left"), ("trigger", "触发", "left"), ("by", "方式", "left"), ("state", "状态", "left"))
    heads: list[Any] = [(app.text(en, zh), align) for en, zh, align in words]
    heads += [(app.text(en, zh), "right") for en, zh in (("cared for", "已关怀"), ("control", "对照"), ("last", "最近"))]
    on, off = app.text("enabled", "启用"), app.text("disabled", "停用")
    rows = [
        [
            f"{each.plan.key}: {each.plan.title[app.language]}",
            each.plan.trigger,
            each.plan.delivery,
            on if each.enabled else off,
            each.care,
            each.control,
            each.last and each.last.isoformat(),
        ]
        for each in found
    ]
    listing(app, app.text(f"{len(found)} care plans", f"{len(found)} 个关怀计划"), heads, rows)


@care.command()
@click.argument("key")
@json_option
@pass_app
def show(app: App, key: str, as_json: bool) -> None:
    """Print plan KEY as YAML."""
    from engine.document_writer import as_yaml

    with app.engine() as engine:
        found = engine.care.get(key)
    if as_json:
        print_json(found.as_dict())
    else:
        click.echo(as_yaml(found.plan.as_dict()), nl=False)


@care.command()
@click.argument("key")
@click.argument("file", type=FILE)
@click.option("--disabled", is_flag=True, help="Keep it without letting it act.")
@json_option
@pass_app
def save(app: App, key: str, file: Path, disabled: bool, as_json: bool) -> None:
    """Check FILE completely and keep it as plan KEY."""
    from engine.documents import read_file

    with app.engine() as engine:
        found = engine.care.save(key, read_file(file).value, enabled=not disabled)
    if as_json:
        print_json(found.as_dict())
    else:
        click.echo(app.text(f"care plan {key} is saved", f"关怀计划 {key} 已保存"))


@care.command()
@click.argument("key")
@pass_app
def enable(app: App, key: str) -> None:
    """Let plan KEY act from now on."""
    with app.engine() as engine:
        engine.care.enable(key)
    click.echo(app.text(f"care plan {key} is enabled", f"关怀计划 {key} 已启用"))


@care.command()
@click.argument("key")
@pass_app
def disable(app: App, key: str) -> None:
    """Let plan KEY rest."""
    with app.engine() as engine:
        engine.care.enable(key, False)
    click.echo(app.text(f"care plan {key} is disabled", f"关怀计划 {key} 已停用"))


@care.command()
@click.argument("key")
@pass_app
def remove(app: App, key: str) -> None:
    """Remove plan KEY; what it did stays known."""
    with app.engine() as engine:
        engine.care.remove(key)
    click.echo(app.text(f"care plan {key} is removed", f"关怀计划 {key} 已删除"))


@care.command()
@click.option("--date", "day", metavar="DATE", help="The day; default today. One that has not come needs --dry-run.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@json_option
@pass_app
def run(app: App, day: str | None, dry_run: bool, as_json: bool) -> None:
    """Carry out what is due on a day, each occasion once."""
    with app.engine() as engine:
        done = engine.care.run(day, dry_run=dry_run)
    if as_json:
        print_json(done.as_dict())
    else:
        _reports(app, [done])


@care.command()
@click.option("--days", type=click.IntRange(1, 366), default=30, show_default=True, help="How many days from today on.")
@click.option("--plan", "key", metavar="KEY", help="Only this plan.")
@json_option
@pass_app
def preview(app: App, days: int, key: str | None, as_json: bool) -> None:
    """Say what would be due on the next days, if nothing happened meanwhile."""
    with app.engine() as engine:
        found = engine.care.preview(days=days, key=key)
    if as_json:
        print_json([each.as_dict() for each in found])
    else:
        _reports(app, [each for each in found if each.made])


@care.command()
@click.argument("key")
@click.option("--days", type=click.IntRange(1, 366), default=30, show_default=True, help="In how many days after each occasion.")
@json_option
@pass_app
def effect(app: App, key: str, days: int, as_json: bool) -> None:
    """Say what plan KEY changed: those cared for less the control group, with 95 % intervals."""
    with app.engine() as engine:
        found = engine.care.effect(key, days=days)
        scale = 10**engine.business.minor_digits
    if as_json:
        print_json(found.as_dict())
        return
    for name, each, unit in ((app.text("orders", "订单数"), found.orders, 1), (app.text("revenue", "消费额"), found.revenue, scale)):
        if each.low is None or each.high is None:
            span = app.text("no interval: fewer than 30 in a group", "样本不足 30，无置信区间")
        else:
            span = app.text(
                f"95 %: {each.low / unit:+,.2f} to {each.high / unit:+,.2f}",
                f"95 % 置信区间 {each.low / unit:+,.2f} 至 {each.high / unit:+,.2f}",
            )
        counts = app.text(f"n = {each.n_care:,} and {each.n_control:,}", f"n = {each.n_care:,} 与 {each.n_control:,}")
        click.echo(f"{name}: {each.care / unit:,.2f} – {each.control / unit:,.2f} = {each.difference / unit:+,.2f}  ({span}; {counts})")


@care.command()
@pass_app
def deliver(app: App) -> None:
    """Send the e-mails and messages that wait, outside quiet hours."""
    with app.engine() as engine:
        count = engine.care.deliver()
        waiting = engine.care.messages().get("waiting", 0)
    click.echo(app.text(f"{count} messages were handed over, {waiting} wait", f"已交付 {count} 条消息，{waiting} 条待发送"))


def _reports(app: App, found: list[CareReport]) -> None:
    from engine.cli.show import listing

    words = (
        ("due", "到期"),
        ("made", "生成"),
        ("control", "对照"),
        ("already", "已做过"),
        ("no consent", "未同意"),
        ("capped", "超频次"),
        ("no address", "无地址"),
    )
    heads: list[Any] = [(app.text("day", "日期"), "left"), (app.text("plan", "计划"), "left")]
    heads += [(app.text(en, zh), "right") for en, zh in words]
    rows = [
        [day.day.isoformat(), each.plan, each.due, each.made, each.control, each.already, each.refused, each.capped, each.no_address]
        for day in found
        for each in day.plans
        if each.due or len(found) == 1
    ]
    made = sum(each.made for each in found)
    listing(app, app.text(f"{made:,} customers to care for", f"需关怀客户 {made:,} 位"), heads, rows)
