"""Commands about tasks: task list, add, done, skip, edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from engine.cli.shared import ID, App, Family, counted, json_option, pass_app, print_json

if TYPE_CHECKING:
    from engine.service import Engine
    from engine.store.tasks import Task

_STATES = {"open": ("open", "待办"), "done": ("done", "已完成"), "skipped": ("skipped", "已跳过")}


@click.group(cls=Family, short_help="What somebody is to do by a day.")
def task() -> None:
    """List what is to be done by when and by whom, and say what came of it."""


@task.command("list")
@click.option("--status", type=click.Choice([*_STATES, "all"]), default="open", show_default=True, help="In which state.")
@click.option("--owner", metavar="NAME", help="Whose; '' for those of nobody.")
@click.option("--customer", metavar="ID", help="About whom.")
@click.option("--kind", metavar="WORD", help="Of which kind, such as care.")
@click.option("--since", metavar="DATE", help="Due on this day or later.")
@click.option("--until", metavar="DATE", help="Due on this day or earlier.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=100, show_default=True, help="How many at most.")
@json_option
@pass_app
def list_(app: App, /, status: str, as_json: bool, **chosen: Any) -> None:
    """List tasks, what is due first at the top."""
    with app.engine() as engine:
        found = engine.tasks.list(status=None if status == "all" else status, **chosen)
        if as_json:
            print_json([_plain(engine, each) for each in found])
            return
        today = engine.now.date()
    from engine.cli.show import listing

    late = sum(each.status == "open" and each.due < today for each in found)
    title = app.text(f"{counted(len(found), 'task')}, {late} overdue", f"{len(found)} 项任务，逾期 {late} 项")
    words = (("due", "到期"), ("customer", "客户"), ("owner", "负责人"), ("channel", "渠道"), ("state", "状态"), ("task", "任务"))
    heads = [("", "right"), *((app.text(en, zh), "left") for en, zh in words)]
    rows = [
        [
            str(each.id),
            each.due.isoformat(),
            each.customer,
            each.owner or None,
            each.channel or None,
            app.text(*_STATES[each.status]),
            each.title,
        ]
        for each in found
    ]
    listing(app, title, heads, rows, fold=len(heads) - 1)


@task.command()
@click.argument("title")
@click.option("--customer", metavar="ID", help="About whom.")
@click.option("--due", metavar="DATE", help="By when; default today.")
@click.option("--owner", default="", metavar="NAME", help="Who is to do it.")
@click.option("--channel", default="", metavar="WORD", help="How: phone, email, visit.")
@click.option("--text", default="", metavar="TEXT", help="What to say or to know.")
@click.option("--kind", default="manual", metavar="WORD", show_default=True, help="What it comes from.")
@click.option("--once", metavar="KEY", help="The occasion: a second task for it is not made.")
@json_option
@pass_app
def add(app: App, /, title: str, as_json: bool, **values: Any) -> None:
    """Make a task called TITLE."""
    with app.engine() as engine:
        _say(app, engine, engine.tasks.add(title, **values), as_json)


@task.command()
@click.argument("number", type=ID)
@click.option("--outcome", default="", metavar="TEXT", help="What came of it.")
@json_option
@pass_app
def done(app: App, number: int, outcome: str, as_json: bool) -> None:
    """Task NUMBER is done."""
    with app.engine() as engine:
        _say(app, engine, engine.tasks.done(number, outcome=outcome), as_json)


@task.command()
@click.argument("number", type=ID)
@click.option("--reason", required=True, metavar="TEXT", help="Why it is not done.")
@json_option
@pass_app
def skip(app: App, number: int, reason: str, as_json: bool) -> None:
    """Leave task NUMBER undone, for a reason."""
    with app.engine() as engine:
        _say(app, engine, engine.tasks.skip(number, reason=reason), as_json)


@task.command()
@click.argument("number", type=ID)
@click.option("--title", metavar="TEXT", help="What it is called.")
@click.option("--text", metavar="TEXT", help="What to say or to know.")
@click.option("--due", metavar="DATE", help="By when.")
@click.option("--owner", metavar="NAME", help="Who is to do it; '' for nobody yet.")
@click.option("--channel", metavar="WORD", help="How.")
@json_option
@pass_app
def edit(app: App, /, number: int, as_json: bool, **values: Any) -> None:
    """Change task NUMBER while it is open."""
    with app.engine() as engine:
        _say(app, engine, engine.tasks.edit(number, **{name: value for name, value in values.items() if value is not None}), as_json)


def _say(app: App, engine: Engine, each: Task, as_json: bool) -> None:
    if as_json:
        print_json(_plain(engine, each))
        return
    state = app.text(*_STATES[each.status])
    owner = each.owner or app.text("nobody yet", "未指派")
    click.echo(
        app.text(
            f"task {each.id}: {state}, due {each.due}, {owner}: {each.title}",
            f"任务 {each.id}：{state}，到期 {each.due}，{owner}：{each.title}",
        )
    )


def _plain(engine: Engine, each: Task) -> dict[str, Any]:
    """With moments in full."""
    moments = {name: getattr(each, name) for name in ("created_at", "closed_at")}
    return each.as_dict() | {name: None if at is None else engine.written(at) for name, at in moments.items()}
