"""Commands about calendars of working time: calendar check and due, which need no store; list, show, save, remove."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.shared import App, Family, json_option, pass_app, print_json

if TYPE_CHECKING:
    from engine.desk.calendars import Calendar

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group(cls=Family, short_help="Try calendars of working time.")
def calendar() -> None:
    """Check a calendar of working time, say when a promise by it is due, and store it."""


@calendar.command()
@click.argument("file", type=FILE)
@click.option("--from", "start", metavar="DATE", help="The first day that is shown. Default: today.")
@click.option("--days", type=click.IntRange(1, 366), default=14, show_default=True, help="How many days are shown.")
@json_option
@pass_app
def check(app: App, file: Path, start: str | None, days: int, as_json: bool) -> None:
    """Check FILE completely, and show the working time of some days."""
    from engine import clock
    from engine.cli.show import listing
    from engine.desk.calendars import DAYS
    from engine.errors import TierwiseError

    found = _read(file)
    try:
        first = dt.date.fromisoformat(start) if start else clock.today(found.zone)
    except ValueError:
        raise TierwiseError(f"--from: {start!r} is no date; expected a date such as 2025-12-31") from None
    shown = [first + dt.timedelta(days=n) for n in range(days)]
    windows = {day: [f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in found.windows(day)] for day in shown}
    if as_json:
        print_json({"timezone": found.zone.key, "days": [{"date": day.isoformat(), "windows": each} for day, each in windows.items()]})
        return
    free = app.text("free", "休息")
    names = app.text("Mon Tue Wed Thu Fri Sat Sun", "周一 周二 周三 周四 周五 周六 周日").split()
    rows = [[day.isoformat(), names[day.weekday() % len(DAYS)], ", ".join(each) or free] for day, each in windows.items()]
    title = app.text(f"Working time in {found.zone.key}", f"工作时间（{found.zone.key}）")
    listing(
        app, title, [(app.text("date", "日期"), "left"), (app.text("day", "星期"), "left"), (app.text("windows", "时段"), "left")], rows
    )


@calendar.command()
@click.argument("file", type=FILE)
@click.argument("opened")
@click.argument("hours", type=click.FloatRange(0, 100_000))
@json_option
@pass_app
def due(app: App, file: Path, opened: str, hours: float, as_json: bool) -> None:
    """Say when HOURS of working time after the moment OPENED are over."""
    from engine.desk.clock import WorkingTime
    from engine.moments import as_moment, written

    found = _read(file)
    start = as_moment(opened, found.zone, "opened")
    moment = written(WorkingTime(found, start).after(start, round(hours * 3600)), found.zone)
    if as_json:
        print_json({"opened": written(start, found.zone), "hours": hours, "due": moment})
    else:
        click.echo(moment)


@calendar.command(name="list")
@json_option
@pass_app
def list_(app: App, as_json: bool) -> None:
    """List the stored calendars, with what uses each."""
    with app.engine() as engine:
        found = engine.calendars.list()
        if as_json:
            print_json([each.as_dict() for each in found])
            return
        from engine.cli.show import listing

        heads = [(app.text("name", "名称"), "left"), (app.text("time zone", "时区"), "left"), (app.text("used by", "使用者"), "left")]
        rows = [[each.name, str(each.document["timezone"]), ", ".join(_user(app, used) for used in each.used_by) or "-"] for each in found]
        listing(app, app.text("Calendars", "工作日历"), heads, rows)


@calendar.command()
@click.argument("name")
@pass_app
def show(app: App, name: str) -> None:
    """Print the stored calendar NAME."""
    with app.engine() as engine:
        print_json(engine.calendars.show(name).as_dict())


@calendar.command()
@click.argument("name")
@click.argument("file", type=FILE)
@pass_app
def save(app: App, name: str, file: Path) -> None:
    """Store FILE as calendar NAME, by which service levels name it; promises that were made run on by the former revision."""
    from engine.documents import read_file

    with app.engine() as engine:
        found = engine.calendars.save(name, read_file(file).value)
        click.echo(app.text(f"calendar {name} is stored, revision {found.revision}", f"日历 {name} 已保存，第 {found.revision} 版"))


@calendar.command()
@click.argument("name")
@pass_app
def remove(app: App, name: str) -> None:
    """Take calendar NAME away, which nothing may use."""
    with app.engine() as engine:
        engine.calendars.remove(name)
        click.echo(app.text(f"calendar {name} is removed", f"日历 {name} 已删除"))


def _read(file: Path) -> Calendar:
    from engine.desk.calendars import Calendar
    from engine.documents import read_file

    return Calendar.read(read_file(file).value)


def _user(app: App, used: str) -> str:
    """What uses a calendar, in the language of the reader."""
    known = {"setup": ("setup of the desk", "服务台设置"), "promises": ("promises that run", "进行中的承诺")}
    if used in known:
        return app.text(*known[used])
    return app.text(used, f"级别 {used.removeprefix('level ')}")
