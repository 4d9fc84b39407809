"""Commands about what happens by itself: schedules list, add, enable, disable, remove, tick."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from engine.cli.shared import FAULTS, HELD, OK, App, Family, json_option, pass_app, print_json
from engine.errors import TierwiseError

if TYPE_CHECKING:
    from engine.service import Engine
    from engine.store.schedules import Schedule


@click.group(cls=Family, short_help="Runs and publications that happen by themselves.")
def schedules() -> None:
    """Plan runs and publications. A worker does what is due; without one, call `schedules tick` every minute."""


@schedules.command("list")
@json_option
@pass_app
def list_(app: App, as_json: bool) -> None:
    """List every schedule: what, when, when next, and what came of it last."""
    with app.engine() as engine:
        found = engine.schedules.list()
        if as_json:
            print_json([_plain(engine, each) for each in found])
            return
        rows = [_row(app, engine, each) for each in found]
    if not rows:
        click.echo(
            app.text(
                "nothing is planned; add a nightly run with: tierwise schedules add '0 2 * * *'",
                "尚无计划；添加每晚运行：tierwise schedules add '0 2 * * *'",
            )
        )
        return
    from engine.cli.show import listing

    heads = [
        ("", "right"),
        *(
            (app.text(en, zh), "left")
            for en, zh in (("what", "内容"), ("when", "时间"), ("next", "下次"), ("last", "上次"), ("result", "结果"))
        ),
    ]
    listing(app, app.text("Schedules", "计划"), heads, rows, fold=len(heads) - 1)


@schedules.command()
@click.argument("cron", required=False)
@click.option("--as-of", type=click.Choice(["day", "now"]), help="Grade at 00:00 of the day (default) or at the moment itself.")
@click.option("--draft", type=click.IntRange(1), metavar="N", help="Publish this approved draft once, instead of running.")
@click.option("--at", metavar="T", help="When to publish the draft.")
@click.option("--title", default="", metavar="TEXT", help="What to call it.")
@json_option
@pass_app
def add(app: App, cron: str | None, as_of: str | None, draft: int | None, at: str | None, title: str, as_json: bool) -> None:
    """Run by CRON, or publish a draft at a moment.

    CRON has five fields in the business time zone: minute, hour, day of month, month, day of week; '0 2 * * *' is every
    night at 02:00. It is due at most once an hour.
    """
    if (cron is None) == (draft is None):
        raise TierwiseError("give either the times of a run, such as '0 2 * * *', or --draft with --at")
    if (draft is None) != (at is None) or (draft is not None and as_of is not None):
        raise TierwiseError("--draft needs --at, which only it may have; --as-of belongs to runs")
    with app.engine() as engine:
        if draft is not None:
            added = engine.schedules.add_publication(draft, at, title=title)
        else:
            added = engine.schedules.add_run(cron or "", title=title, as_of=as_of or "day")
        _say(app, engine, added, as_json)


@schedules.command()
@click.argument("number", type=int)
@json_option
@pass_app
def enable(app: App, number: int, as_json: bool) -> None:
    """Let a schedule happen again from now on."""
    with app.engine() as engine:
        _say(app, engine, engine.schedules.enable(number), as_json)


@schedules.command()
@click.argument("number", type=int)
@json_option
@pass_app
def disable(app: App, number: int, as_json: bool) -> None:
    """Let a schedule rest; what it has started goes on."""
    with app.engine() as engine:
        _say(app, engine, engine.schedules.disable(number), as_json)


@schedules.command()
@click.argument("number", type=int)
@pass_app
def remove(app: App, number: int) -> None:
    """Take a schedule away."""
    with app.engine() as engine:
        engine.schedules.remove(number)
    click.echo(app.text(f"schedule {number} is removed", f"计划 {number} 已删除"))


@schedules.command()
@json_option
@pass_app
def tick(app: App, as_json: bool) -> None:
    """Do what is due, once, whoever else does the same at this moment.

    Exit code 1: something failed; 3: a run is held.
    """
    with app.engine() as engine:
        done = engine.schedules.tick()
    if as_json:
        print_json([each.as_dict() for each in done])
    elif not done:
        click.echo(app.text("nothing is due", "没有到期的计划"))
    for each in () if as_json else done:
        what = app.text(f"schedule {each.schedule}", f"计划 {each.schedule}")
        came = _came(app, each.as_dict())
        click.echo(f"{what}{app.text(': ', '：')}{came}")
    statuses = {each.status for each in done}
    click.get_current_context().exit(FAULTS if "failed" in statuses else HELD if "held" in statuses else OK)


def _say(app: App, engine: Engine, each: Schedule, as_json: bool) -> None:
    if as_json:
        print_json(_plain(engine, each))
        return
    following = engine.written(each.next_at) if each.enabled and each.next_at is not None else _when(app, engine, each)
    click.echo(app.text(f"schedule {each.id}: next {following}", f"计划 {each.id}：下次 {following}"))


def _plain(engine: Engine, each: Schedule) -> dict[str, Any]:
    """With moments in full."""
    moments = {name: getattr(each, name) for name in ("next_at", "created_at", "last_at")}
    return each.as_dict() | {name: None if at is None else engine.written(at) for name, at in moments.items()}


def _when(app: App, engine: Engine, each: Schedule) -> str:
    if not each.enabled:
        return app.text("disabled", "已停用")
    return app.text("never", "无") if each.next_at is None else _short(app, engine, each.next_at)


def _short(app: App, engine: Engine, moment: int) -> str:
    from engine.render.figures import moment as as_people_write

    return as_people_write(engine.written(moment), app.language)


def _row(app: App, engine: Engine, each: Schedule) -> list[str]:
    draft = each.options.get("draft")
    what = each.title or (app.text("run", "运行") if each.kind == "run" else app.text(f"publish draft {draft}", f"发布草案 {draft}"))
    last = "" if each.last_at is None else _short(app, engine, each.last_at)
    return [str(each.id), what, each.cron or app.text("once", "一次"), _when(app, engine, each), last, _came(app, each.last_result)]


def _came(app: App, result: Any) -> str:
    """What came of it, in words."""
    words = {"started": ("started", "已开始"), "done": ("done", "完成"), "held": ("held", "已暂扣"), "failed": ("failed", "失败")}
    if not result:
        return ""
    said = [app.text(*words[result["status"]])]
    if result.get("run") is not None:
        said.append(app.text(f"run {result['run']}", f"运行 {result['run']}"))
    if result.get("version") is not None:
        said.append(app.text(f"version {result['version']}", f"版本 {result['version']}"))
    if result.get("message"):
        said.append(result["message"])
    return app.text(", ", "，").join(said)
