"""Commands about account managers: manager list, add, edit, policy, assign, explain, give, release, pool, claim, neglected, leave, capacity."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.cli.shared import App, Family, json_option, pass_app, print_json

if TYPE_CHECKING:
    from engine.store.managers import Manager

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
many: dict[str, Any] = {"multiple": True, "metavar": "WORD"}


@click.group(cls=Family, short_help="Who looks after which customers.")
def manager() -> None:
    """Account managers: who looks after which customers, since when and why."""


@manager.command("list")
@click.option("--gone", is_flag=True, help="Those too who left.")
@json_option
@pass_app
def list_(app: App, gone: bool, as_json: bool) -> None:
    """List managers with their customers and places."""
    with app.engine() as engine:
        found = engine.managers.list(gone=gone)
        pool = engine.managers.pool_size()
    if as_json:
        print_json({"managers": [each.as_dict() for each in found], "pool": pool})
        return
    from engine.cli.show import listing

    room = sum(each.room for each in found)
    title = app.text(
        f"{len(found)} managers, room for {room:,}, {pool:,} customers in the pool",
        f"客户经理 {len(found)} 位，余量 {room:,}，公海客户 {pool:,} 位",
    )
    words = (("regions", "地区"), ("languages", "语言"), ("grades", "等级"))
    heads: list[Any] = [(app.text("name", "姓名"), "left"), (app.text("customers", "客户"), "right"), (app.text("places", "容量"), "right")]
    heads += [(app.text(en, zh), "left") for en, zh in words]
    any_ = app.text("any", "不限")
    rows = [
        [each.name, each.customers, each.capacity, *(", ".join(part) or any_ for part in (each.regions, each.languages, each.grades))]
        for each in found
    ]
    listing(app, title, heads, rows)


@manager.command()
@click.argument("name")
@click.option("--capacity", type=click.IntRange(0), required=True, help="How many customers at most.")
@click.option("--title", default="", help="How people call the person.")
@click.option("--user", metavar="NAME", help="The login name.")
@click.option("--region", "regions", help="A region that is taken; none named: any.", **many)
@click.option("--language", "languages", help="A language that is spoken; none named: any.", **many)
@click.option("--grade", "grades", help="A label of the policy's output that is taken; none named: any.", **many)
@json_option
@pass_app
def add(app: App, /, name: str, as_json: bool, **values: Any) -> None:
    """Add a manager. NAME is the word by which facts name the person."""
    with app.engine() as engine:
        _say(app, engine.managers.add(name, **values), as_json)


@manager.command()
@click.argument("name")
@click.option("--capacity", type=click.IntRange(0), help="How many customers at most.")
@click.option("--title", help="How people call the person.")
@click.option("--user", metavar="NAME", help="The login name; '' for none.")
@click.option("--region", "regions", help="A region; '' alone for any.", **many)
@click.option("--language", "languages", help="A language; '' alone for any.", **many)
@click.option("--grade", "grades", help="A label; '' alone for any.", **many)
@click.option("--back", is_flag=True, help="The person is here again.")
@json_option
@pass_app
def edit(app: App, /, name: str, as_json: bool, **values: Any) -> None:
    """Change manager NAME."""
    changes = {key: value for key, value in values.items() if value not in (None, (), False)}
    changes |= {key: [each for each in value if each] for key, value in changes.items() if isinstance(value, tuple)}
    with app.engine() as engine:
        _say(app, engine.managers.edit(name, **changes), as_json)


@manager.command()
@click.argument("file", type=FILE, required=False)
@json_option
@pass_app
def policy(app: App, file: Path | None, as_json: bool) -> None:
    """Show who gets a manager and how, or take it from FILE."""
    from engine.document_writer import as_yaml
    from engine.documents import read_file

    with app.engine() as engine:
        found = engine.managers.policy() if file is None else engine.managers.set_policy(read_file(file).value)
    if as_json:
        print_json(None if found is None else found.as_dict())
    elif found is None:
        click.echo(
            app.text(
                "nobody said yet who gets a manager; write it with: tierwise manager policy FILE",
                "尚未规定哪些客户配备客户经理；可运行：tierwise manager policy FILE",
            )
        )
    else:
        click.echo(as_yaml(found.as_dict()), nl=False)


@manager.command()
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@json_option
@pass_app
def assign(app: App, dry_run: bool, as_json: bool) -> None:
    """Give everybody who is to have a manager one that fits."""
    with app.engine() as engine:
        done = engine.managers.assign(dry_run=dry_run)
    if as_json:
        print_json(done.as_dict(app.language))
        return
    from engine.cli.show import listing

    words = (("manager", "客户经理", "left"), ("before", "之前", "right"), ("after", "之后", "right"), ("places", "容量", "right"))
    rows = [[each["manager"], each["before"], each["after"], each["capacity"]] for each in done.loads()]
    listing(app, done.words().in_(app.language), [(app.text(en, zh), align) for en, zh, align in words], rows)
    for each in done.examples[:10]:
        arrow = f"{each.was or '–'} → {each.now or '–'}"
        click.echo(f"  {each.customer}  {arrow}  {each.why.in_(app.language)}")


@manager.command()
@click.argument("customer")
@json_option
@pass_app
def explain(app: App, customer: str, as_json: bool) -> None:
    """Say whose CUSTOMER is, since when, why, and what speaks for and against every manager."""
    with app.engine() as engine:
        found = engine.managers.explain(customer)
        since = None if found.owned.since is None else engine.written(found.owned.since)
    if as_json:
        print_json({**found.as_dict(app.language), "since": since})
        return
    click.echo(f"{found.owned.owner or '–'}  {since or ''}".rstrip())
    click.echo(f"  {found.why.in_(app.language)}")
    for name, words in found.managers:
        click.echo(f"  {name}: {words.in_(app.language)}")


@manager.command()
@click.argument("to")
@click.argument("customers", nargs=-1, required=True)
@click.option("--reason", required=True, help="Why.")
@pass_app
def give(app: App, to: str, customers: tuple[str, ...], reason: str) -> None:
    """Give CUSTOMERS to manager TO by hand."""
    with app.engine() as engine:
        count = engine.managers.give(customers, to, reason=reason)
    click.echo(app.text(f"{count} customers are {to}'s now", f"{count} 位客户现由 {to} 负责"))


@manager.command()
@click.argument("customers", nargs=-1, required=True)
@click.option("--reason", required=True, help="Why.")
@pass_app
def release(app: App, customers: tuple[str, ...], reason: str) -> None:
    """Give CUSTOMERS back to the pool."""
    with app.engine() as engine:
        count = engine.managers.release(customers, reason=reason)
    click.echo(app.text(f"{count} customers are in the pool", f"{count} 位客户已退回公海"))


@manager.command()
@click.option("--limit", type=click.IntRange(1, 1_000), default=100, show_default=True, help="How many at most.")
@json_option
@pass_app
def pool(app: App, limit: int, as_json: bool) -> None:
    """List customers whom nobody looks after, and why."""
    from engine.desk.manager_words import why_words

    with app.engine() as engine:
        size, found = engine.managers.pool_size(), engine.managers.pool(limit=limit)
        since = {each.customer: engine.written(each.since or 0) for _, each in found}
    why = {each.customer: why_words(each.why, None, former=each.former, by=each.by, facts=each.facts, note=each.note) for _, each in found}
    if as_json:
        items = [{**each.as_dict(), "since": since[each.customer], "words": why[each.customer].in_(app.language)} for _, each in found]
        print_json({"size": size, "items": items})
        return
    from engine.cli.show import listing

    heads: list[Any] = [(app.text(en, zh), "left") for en, zh in (("customer", "客户"), ("since", "自"), ("why", "原因"))]
    rows = [[each.customer, since[each.customer][:10], why[each.customer].in_(app.language)] for _, each in found]
    listing(app, app.text(f"{size:,} customers in the pool", f"公海客户 {size:,} 位"), heads, rows, fold=2)


@manager.command()
@click.argument("customers", nargs=-1, required=True)
@click.option("--for", "manager_", metavar="NAME", help="For which manager; default the one linked to the acting user.")
@pass_app
def claim(app: App, customers: tuple[str, ...], manager_: str | None) -> None:
    """Take CUSTOMERS from the pool, within the limits of the policy."""
    with app.engine() as engine:
        count = engine.managers.claim(customers, manager=manager_)
    click.echo(app.text(f"{count} customers are taken", f"已领取 {count} 位客户"))


@manager.command()
@click.option("--dry-run", is_flag=True, help="Only say who.")
@json_option
@pass_app
def neglected(app: App, dry_run: bool, as_json: bool) -> None:
    """Return customers without contact for as long as the policy says to the pool."""
    with app.engine() as engine:
        found = engine.managers.neglected(dry_run=dry_run)
    if as_json:
        print_json(list(found))
        return
    would = app.text("would return", "将退回") if dry_run else app.text("return", "已退回")
    click.echo(app.text(f"{len(found):,} customers {would} to the pool", f"{len(found):,} 位客户{would}公海"))


@manager.command()
@click.argument("name")
@click.option("--to", metavar="NAME", help="Who takes over; absent: the pool.")
@click.option("--reason", required=True, help="Why.")
@json_option
@pass_app
def leave(app: App, name: str, to: str | None, reason: str, as_json: bool) -> None:
    """Manager NAME leaves: customers, open tasks and papers go to another or back to the pool."""
    with app.engine() as engine:
        done = engine.managers.leave(name, to=to, reason=reason)
    if as_json:
        print_json(done.as_dict())
        return
    en = f"{done.customers:,} customers and {done.tasks:,} tasks go to {done.to or 'the pool'}; {done.drafts} drafts and {done.requests} requests became tasks"
    zh = f"{done.customers:,} 位客户、{done.tasks:,} 项任务转给{done.to or '公海'}；{done.drafts} 份草稿、{done.requests} 项申请已转为任务"
    click.echo(app.text(en, zh))


@manager.command()
@click.argument("wanted", type=click.IntRange(0))
@json_option
@pass_app
def capacity(app: App, wanted: int, as_json: bool) -> None:
    """Say whether there are places for WANTED more customers."""
    with app.engine() as engine:
        found = engine.managers.capacity(wanted)
    if as_json:
        print_json(found.as_dict())
    else:
        click.echo(found.words().in_(app.language))


def _say(app: App, each: Manager, as_json: bool) -> None:
    if as_json:
        print_json(each.as_dict())
    else:
        click.echo(app.text(f"{each.name}: {each.customers:,} of {each.capacity:,}", f"{each.name}：{each.customers:,}/{each.capacity:,}"))
