"""Commands about interactions with customers: contact list, add, import, void."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from engine.cli.shared import ID, App, Family, counted, json_option, pass_app, print_json, to_the_minute

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group(cls=Family, short_help="What was said between us and customers.")
def contact() -> None:
    """Interactions with customers: rules, care plans and the pool read when the last one was."""


@contact.command("list")
@click.argument("customer")
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True, help="How many at most.")
@json_option
@pass_app
def list_(app: App, customer: str, limit: int, as_json: bool) -> None:
    """List what was said between us and CUSTOMER, the newest first."""
    with app.engine() as engine:
        found = engine.interactions.of(customer, limit=limit)
        moments = [engine.written(each.at) for each in found]
    if as_json:
        print_json([{**each.as_dict(), "at": at} for each, at in zip(found, moments, strict=True)])
        return
    from engine.cli.show import listing

    words = (("no.", "编号"), ("when", "时间"), ("channel", "渠道"), ("direction", "方向"), ("by", "经办人"), ("note", "备注"))
    heads: list[Any] = [(app.text(*each), "left") for each in words]
    ways = {"out": app.text("to the customer", "联系客户"), "in": app.text("from the customer", "客户来访")}
    rows = [
        [str(each.id), to_the_minute(at), each.channel or "-", ways[each.direction], each.by or "-", each.note]
        for each, at in zip(found, moments, strict=True)
    ]
    listing(app, app.text(counted(len(found), "contact"), f"{len(found)} 条联系记录"), heads, rows, fold=5)


@contact.command()
@click.argument("customer")
@click.option("--channel", default="", metavar="WORD", help="How, such as phone.")
@click.option("--in", "incoming", is_flag=True, help="From the customer to us; without it from us to the customer.")
@click.option("--at", metavar="MOMENT", help="When; default now.")
@click.option("--by", metavar="NAME", help="Who of us; default who acts.")
@click.option("--note", default="", metavar="TEXT", help="What was said.")
@click.option("--reference", metavar="TEXT", help="By which another system knows it: written once.")
@json_option
@pass_app
def add(app: App, /, customer: str, incoming: bool, as_json: bool, **values: Any) -> None:
    """Write down what was said between us and CUSTOMER."""
    with app.engine() as engine:
        found = engine.interactions.add(customer, direction="in" if incoming else "out", **values)
        at = engine.written(found.at)
    if as_json:
        print_json({**found.as_dict(), "at": at})
    else:
        click.echo(app.text(f"contact {found.id} with {found.customer}, {at}", f"已记录与 {found.customer} 的联系 {found.id}，{at}"))


@contact.command("import")
@click.argument("file", type=FILE)
@click.option("--dry-run", is_flag=True, help="Only say what would be new.")
@json_option
@pass_app
def import_(app: App, file: Path, dry_run: bool, as_json: bool) -> None:
    """Bring a CSV file with a head, or JSON lines: all of it or nothing."""
    with app.engine() as engine:
        found = engine.interactions.import_file(file, dry_run=dry_run)
    if as_json:
        print_json(found.as_dict())
    else:
        counts = f"{found.rows:,}", f"{found.added:,}", f"{found.known:,}"
        click.echo(app.text("{} rows: {} new, {} known".format(*counts), "{} 行：新增 {}，已有 {}".format(*counts)))


@contact.command()
@click.argument("number", type=ID)
@pass_app
def void(app: App, number: int) -> None:
    """Take contact NUMBER out, which never was."""
    with app.engine() as engine:
        engine.interactions.void(number)
    click.echo(app.text(f"contact {number} counts no more", f"联系记录 {number} 已作废"))
