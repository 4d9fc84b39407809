"""Commands about kept lists: lists list, show, save, share, remove."""

from __future__ import annotations

from typing import Any

import click

from engine.cli.shared import ID, App, Family, json_option, pass_app, print_json


@click.group(cls=Family, short_help="Lists of customers that somebody keeps.")
def lists() -> None:
    """Lists that somebody keeps: their filters and order. Who opens one sees the customers within its own sight."""


@lists.command("list")
@json_option
@pass_app
def list_(app: App, as_json: bool) -> None:
    """List your own, then what others share."""
    with app.engine() as engine:
        found = engine.views.list()
    if as_json:
        print_json([each.as_dict() for each in found])
        return
    from engine.cli.show import listing

    words = (("no.", "编号"), ("title", "标题"), ("page", "页面"), ("owner", "所有者"), ("shared", "共享"))
    yes, no = app.text("yes", "是"), app.text("no", "否")
    rows = [[str(each.id), each.title, each.page, each.owner, yes if each.shared else no] for each in found]
    listing(app, app.text(f"{len(found)} kept lists", f"{len(found)} 个名单"), [(app.text(*each), "left") for each in words], rows)


@lists.command()
@click.argument("number", type=ID)
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="How many customers at most.")
@json_option
@pass_app
def show(app: App, number: int, limit: int, as_json: bool) -> None:
    """List the customers of kept list NUMBER, as they are now."""
    with app.engine() as engine:
        kept = engine.views.get(number)
        if kept.page != "customers":
            raise click.UsageError(app.text(f"list {number} is kept on the page {kept.page}", f"名单 {number} 属于页面 {kept.page}"))
        query = engine.customers.asked_for({**kept.query, "page": 0, "size": limit})
        found = engine.customers.list(query)
    if as_json:
        print_json({"id": kept.id, "title": kept.title, "total": found.total, "customers": [dict(each) for each in found.rows]})
        return
    from engine.cli.show import listing

    heads: list[Any] = [(each.title.in_(app.language), "left") for each in found.columns]
    rows = [[None if row[each.name] is None else str(row[each.name]) for each in found.columns] for row in found.rows]
    listing(app, app.text(f"{kept.title}: {found.total:,} customers", f"{kept.title}：{found.total:,} 位客户"), heads, rows)


@lists.command()
@click.argument("title")
@click.option("--where", "filters", multiple=True, metavar="FILTER", help="Such as grade.grade=A; may be repeated.")
@click.option("--search", metavar="WORDS", help="Words in id or name.")
@click.option("--sort", metavar="COLUMN", help="By which column; - before it for the largest first.")
@click.option("--shared", is_flag=True, help="Others see it too.")
@json_option
@pass_app
def save(app: App, title: str, filters: tuple[str, ...], search: str | None, sort: str | None, shared: bool, as_json: bool) -> None:
    """Keep a list of customers as TITLE; one of yours with this title is replaced."""
    given = {"filters": list(filters), "search": search, "sort": sort}
    query = {name: value for name, value in given.items() if value}
    with app.engine() as engine:
        engine.customers.count(engine.customers.asked_for(query))  # what cannot be filtered is not kept
        found = engine.views.save("customers", title, query, shared=shared)
    if as_json:
        print_json(found.as_dict())
    else:
        click.echo(app.text(f"list {found.id} is kept", f"名单 {found.id} 已保存"))


@lists.command()
@click.argument("number", type=ID)
@click.option("--off", is_flag=True, help="Share it no more.")
@pass_app
def share(app: App, number: int, off: bool) -> None:
    """Let others see your list NUMBER."""
    with app.engine() as engine:
        engine.views.share(number, shared=not off)
    said = app.text("no longer shared", "不再共享") if off else app.text("shared", "已共享")
    click.echo(app.text(f"list {number} is {said}", f"名单 {number} {said}"))


@lists.command()
@click.argument("number", type=ID)
@pass_app
def remove(app: App, number: int) -> None:
    """Remove your list NUMBER; the customers stay as they are."""
    with app.engine() as engine:
        engine.views.remove(number)
    click.echo(app.text(f"list {number} is removed", f"名单 {number} 已删除"))
