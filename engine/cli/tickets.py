"""Commands about tickets: ticket open, queue, list, show, say, move, edit, tick, deliver, attainment, import, setup, answers, answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.cli.shared import ID, App, Family, json_option, pass_app, print_json, to_the_minute

if TYPE_CHECKING:
    from engine.service import Engine
    from engine.store.tickets import Ticket, TicketClock

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
KEY = click.option("--key", metavar="KEY", help="Idempotency key: the same request with it is done once.")
AT = click.option("--at", metavar="T", help="When it happened; default now.")

BY = {
    "level": ("level", "级别"),
    "grade": ("grade", "等级"),
    "owner": ("owner", "负责人"),
    "kind": ("kind", "类型"),
    "priority": ("priority", "优先级"),
    "channel": ("channel", "渠道"),
    "category": ("category", "类别"),
}


@click.group(cls=Family, short_help="Requests of customers, and the promises about them.")
def ticket() -> None:
    """Open tickets, answer them, and see which promise breaks first."""


@ticket.command(name="open")
@click.argument("customer")
@click.argument("kind")
@click.argument("subject")
@click.option("--text", default="", help="What the customer said.")
@click.option("--priority", help="urgent, high, normal or low; default that of the customer's service level.")
@click.option("--channel", default="", help="How it came in, such as phone.")
@click.option("--category", default="", help="What it is about, such as delivery.")
@click.option("--owner", default="", help="Who looks after it.")
@AT
@click.option("--reference", help="Its number in another system: it is opened once.")
@click.option("--no-acknowledge", is_flag=True, help="Do not send the prepared acknowledgement.")
@json_option
@pass_app
def open_(app: App, /, customer: str, kind: str, subject: str, as_json: bool, no_acknowledge: bool, **given: Any) -> None:
    """Open a ticket of KIND (complaint) for CUSTOMER about SUBJECT."""
    with app.engine() as engine:
        found = engine.tickets.open(customer, kind, subject, given.pop("text"), acknowledge=not no_acknowledge, **given)
        if as_json:
            print_json(_plain(engine, found))
            return
        click.echo(app.text(f"ticket {found.id} is open", f"工单 {found.id} 已创建") + _promised(app, engine, found))


@ticket.command()
@click.option("--owner", help="Whose; '' for those of nobody.")
@click.option("--kind", help="Kind of request, such as complaint.")
@click.option("--level", help="Of customers with this service level.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=30, show_default=True, help="How many at most.")
@json_option
@pass_app
def queue(app: App, /, as_json: bool, **chosen: Any) -> None:
    """List live tickets, what breaks first on top, with the working time that is left."""
    with app.engine() as engine:
        _listed(app, engine, engine.tickets.queue(**chosen, left=True), app.text("Queue", "队列"), as_json=as_json)


@ticket.command(name="list")
@click.option("--state", help="open, in_progress, ..., or live or ended.")
@click.option("--customer", help="About whom.")
@click.option("--owner", help="Whose; '' for those of nobody.")
@click.option("--kind", help="Kind of request, such as complaint.")
@click.option("--priority", help="urgent, high, normal or low.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=30, show_default=True, help="How many at most.")
@json_option
@pass_app
def list_(app: App, /, as_json: bool, **chosen: Any) -> None:
    """List tickets, the newest first."""
    with app.engine() as engine:
        _listed(app, engine, engine.tickets.list(**chosen), app.text("Tickets", "工单"), as_json=as_json)


@ticket.command()
@click.argument("number", type=ID)
@json_option
@pass_app
def show(app: App, number: int, as_json: bool) -> None:
    """Show ticket NUMBER with its clocks and everything that was said and done."""
    with app.engine() as engine:
        found, timeline = engine.tickets.get(number), engine.tickets.timeline(number)
        if as_json:
            events = [{**each.as_dict(), "at": engine.written(each.at)} for each in timeline]
            print_json({**_plain(engine, found), "timeline": events})
            return
        from engine import clock
        from engine.cli.show import listing
        from engine.desk.events import event_words

        _listed(app, engine, [found], f"{found.id}: {found.subject}", as_json=False)
        now = clock.now()
        for each in found.clocks:
            click.echo(_clock(app, engine, each, now))
        columns = [(app.text("when", "时间"), "left"), (app.text("who", "人员"), "left"), (app.text("what", "内容"), "left")]
        lines = [[_short(engine, each.at), each.actor, _line(event_words(each).in_(app.language), each.text)] for each in timeline]
        listing(app, app.text("Time line", "时间线"), columns, lines, fold=2)


@ticket.command()
@click.argument("number", type=ID)
@click.argument("text")
@click.option(
    "--direction", type=click.Choice(["out", "in", "note"]), default="out", show_default=True, help="To the customer, from it, or a note."
)
@AT
@KEY
@json_option
@pass_app
def say(app: App, /, number: int, text: str, as_json: bool, **given: Any) -> None:
    """Write down what was said in ticket NUMBER; the first TEXT to the customer is the first answer."""
    _done(app, as_json, lambda engine: engine.tickets.say(number, text, **given))


@ticket.command()
@click.argument("number", type=ID)
@click.argument("state")
@click.option("--reason", default="", help="Needed for waiting and for opening again.")
@AT
@KEY
@json_option
@pass_app
def move(app: App, /, number: int, state: str, as_json: bool, **given: Any) -> None:
    """Bring ticket NUMBER into STATE: in_progress, waiting_customer, waiting_third_party, resolved, closed, reopened."""
    _done(app, as_json, lambda engine: engine.tickets.move(number, state, **given))


@ticket.command()
@click.argument("number", type=ID)
@click.option("--priority", help="urgent, high, normal or low.")
@click.option("--kind", help="Kind of request, such as complaint.")
@click.option("--category", help="What it is about, such as delivery.")
@click.option("--cause", help="Its root cause.")
@click.option("--channel", help="How it came in, such as phone.")
@click.option("--owner", help="Who looks after it.")
@click.option("--compensation", type=click.IntRange(0), help="In minor units: 500 is 5.00.")
@AT
@KEY
@json_option
@pass_app
def edit(app: App, /, number: int, as_json: bool, at: str | None, key: str | None, **given: Any) -> None:
    """Change ticket NUMBER; a new priority or kind promises anew, and time that was spent stays spent."""
    changes = {name: value for name, value in given.items() if value is not None}
    if not changes:
        raise click.UsageError("say what changes, such as --priority urgent")
    _done(app, as_json, lambda engine: engine.tickets.edit(number, at=at, key=key, **changes))


@ticket.command()
@json_option
@pass_app
def tick(app: App, as_json: bool) -> None:
    """Escalate what is due, each step once; a worker does so every minute by itself."""
    with app.engine() as engine:
        taken = engine.tickets.tick()
        if as_json:
            print_json([{**each.as_dict(), "due_at": engine.written(each.due_at)} for each in taken])
            return
        for each in taken:
            told = ", ".join(each.told) or app.text("nobody", "无人")
            click.echo(
                app.text(
                    f"ticket {each.ticket}: {each.clock} {each.step}, told {told}",
                    f"工单 {each.ticket}：{each.clock} {each.step}，已通知 {told}",
                )
            )
        click.echo(app.text(f"{len(taken)} steps taken", f"共升级 {len(taken)} 步"))


@ticket.command()
@json_option
@pass_app
def deliver(app: App, as_json: bool) -> None:
    """Send acknowledgements that wait; a worker does so every few seconds by itself."""
    with app.engine() as engine:
        sent = engine.tickets.deliver()
        states = dict(engine.tickets.letters())
        if as_json:
            print_json({"handed_over": sent, **states})
            return
        rest = ", ".join(f"{name} {count}" for name, count in sorted(states.items())) or "-"
        click.echo(app.text(f"{sent} handed over; all: {rest}", f"已发送 {sent} 封；合计：{rest}"))


@ticket.command()
@click.option("--by", default="level", show_default=True, help="level, grade, owner, kind, priority, channel or category.")
@click.option("--since", metavar="T", help="Default: 30 days before the end.")
@click.option("--until", metavar="T", help="Default: now.")
@json_option
@pass_app
def attainment(app: App, by: str, since: str | None, until: str | None, as_json: bool) -> None:
    """Count promises that were kept and broken in a time."""
    with app.engine() as engine:
        found = engine.attainment.read(by=by, since=since, until=until)
        if as_json:
            print_json({**found.as_dict(), "since": engine.written(found.since), "until": engine.written(found.until)})
            return
        from engine.cli.show import listing
        from engine.desk.setup import CLOCKS

        heads = [(app.text(*BY.get(by, (by, by))), "left"), (app.text("clock", "时钟"), "left")]
        for en, zh in (("ended", "已结束"), ("met", "达成"), ("broken", "超时"), ("near", "临近"), ("share", "达成率")):
            heads.append((app.text(en, zh), "right"))
        rows = [
            [
                each.key or "-",
                CLOCKS[each.clock].in_(app.language),
                str(each.total),
                str(each.met),
                str(each.breached),
                str(each.near),
                _share(each.share),
            ]
            for each in found.rows
        ]
        title = app.text("Promises kept", "承诺达成")
        listing(app, f"{title} {_short(engine, found.since)} – {_short(engine, found.until)}", heads, rows)


@ticket.command(name="import")
@click.argument("file", type=FILE)
@click.option("--dry-run", is_flag=True, help="Check every row and keep nothing.")
@click.option("--acknowledge", is_flag=True, help="Send the prepared acknowledgement for those that nobody answered yet.")
@json_option
@pass_app
def import_(app: App, file: Path, dry_run: bool, acknowledge: bool, as_json: bool) -> None:
    """Import tickets from FILE (CSV or JSON lines): reference, customer, kind, subject, opened_at, answered_at, resolved_at, closed_at, ...

    All or none: with a wrong row nothing is kept, and every fault is listed.
    """
    with app.engine() as engine:
        found = engine.tickets.import_file(file, acknowledge=acknowledge, dry_run=dry_run)
        if as_json:
            print_json({"rows": found.rows, "opened": found.opened, "known": found.known})
            return
        click.echo(
            app.text(
                f"{found.rows} rows: {found.opened} opened, {found.known} known",
                f"{found.rows} 行：新建 {found.opened}，已存在 {found.known}",
            )
        )


@ticket.command()
@click.argument("file", type=FILE, required=False)
@pass_app
def setup(app: App, file: Path | None) -> None:
    """Print how the service desk is set up, or set it up by FILE (YAML or JSON)."""
    with app.engine() as engine:
        if file is None:
            print_json(dict(engine.desk.setup().document))
            return
        from engine.documents import read_file

        found = engine.desk.save_setup(read_file(file).value)
        click.echo(app.text(f"the service desk is set up, revision {found.revision}", f"服务台设置已保存，第 {found.revision} 版"))


@ticket.command()
@click.argument("number", type=ID, required=False)
@json_option
@pass_app
def answers(app: App, number: int | None, as_json: bool) -> None:
    """List prepared answers, or those that fit ticket NUMBER, filled in."""
    with app.engine() as engine:
        from engine.cli.show import listing

        if number is None:
            stored = engine.desk.answers()
            plain = [each.as_dict() for each in stored]
            rows = [[each.answer.name, each.answer.title.in_(app.language), ", ".join(each.answer.kinds) or "*"] for each in stored]
        else:
            fitting = engine.tickets.suggest(number)
            plain = [{"name": each.name, "text": said} for each, said in fitting]
            rows = [[each.name, each.title.in_(app.language), said] for each, said in fitting]
        if as_json:
            print_json(plain)
            return
        last = app.text("for", "适用") if number is None else app.text("text", "内容")
        listing(
            app,
            app.text("Answers", "答复库"),
            [(app.text("name", "名称"), "left"), (app.text("title", "标题"), "left"), (last, "left")],
            rows,
        )


@ticket.command()
@click.argument("name")
@click.argument("file", type=FILE, required=False)
@click.option("--remove", is_flag=True, help="Take it away.")
@pass_app
def answer(app: App, name: str, file: Path | None, remove: bool) -> None:
    """Save prepared answer NAME from FILE (title, text, kinds, categories, automatic), print it, or remove it."""
    with app.engine() as engine:
        if remove:
            engine.desk.remove_answer(name)
            click.echo(app.text(f"answer {name} is removed", f"答复 {name} 已删除"))
        elif file is None:
            print_json(engine.desk.answer(name).as_dict())
        else:
            from engine.documents import read_file

            found = engine.desk.save_answer(name, read_file(file).value)
            click.echo(app.text(f"answer {name} is saved, revision {found.revision}", f"答复 {name} 已保存，第 {found.revision} 版"))


def _done(app: App, as_json: bool, act: Any) -> None:
    with app.engine() as engine:
        found = act(engine)
        if as_json:
            print_json(_plain(engine, found))
            return
        from engine.desk.states import STATES

        state = STATES[found.state].title
        click.echo(app.text(f"ticket {found.id}: {state.en}", f"工单 {found.id}：{state.zh}") + _promised(app, engine, found))


def _promised(app: App, engine: Engine, found: Ticket) -> str:
    """What breaks first, for the end of a line."""
    first = found.first
    if first is None:
        return ""
    from engine.desk.setup import CLOCKS

    title = CLOCKS[first.clock].in_(app.language)
    if first.due_at is None:
        return app.text(f"; {title}: the clock stands", f"；{title}：计时暂停")
    return app.text(f"; {title} by {_short(engine, first.due_at)}", f"；{title}截至 {_short(engine, first.due_at)}")


def _listed(app: App, engine: Engine, found: Any, title: str, *, as_json: bool) -> None:
    if as_json:
        print_json([_plain(engine, each) for each in found])
        return
    from engine.cli.show import listing
    from engine.desk.states import STATES
    from engine.levels import PRIORITIES

    if not found:
        click.echo(f"{title}: {app.text('no tickets', '没有工单')}")
        return
    kinds, levels = engine.desk.setup().kinds, engine.desk.levels().levels
    words = (
        ("no.", "编号"),
        ("customer", "客户"),
        ("level", "级别"),
        ("kind", "类型"),
        ("priority", "优先级"),
        ("subject", "主题"),
        ("state", "状态"),
    )
    heads = [(app.text(*each), "left") for each in (*words, ("owner", "负责人"), ("due", "到期"))]
    rows = []
    for each in found:
        first = each.first
        due = "-" if first is None else app.text("stands", "暂停") if first.due_at is None else _short(engine, first.due_at)
        state = STATES[each.state].title.in_(app.language)
        kind, level = kinds.get(each.kind), levels.get(each.level)
        titles = (
            (each.level or "-", level.title if level else None),
            (each.kind, kind.title if kind else None),
            (each.priority, PRIORITIES.get(each.priority)),
        )
        named = [key if known is None else known.in_(app.language) for key, known in titles]
        rows.append([str(each.id), each.customer, *named, each.subject, state, each.owner or "-", due])
    listing(app, title, heads, rows, fold=5)


def _clock(app: App, engine: Engine, each: TicketClock, now: int) -> str:
    from engine.desk.setup import CLOCKS

    title = CLOCKS[each.clock].in_(app.language)
    hours = f"{each.seconds / 3600:.4g} h"
    due = app.text("stands", "计时暂停") if each.due_at is None else _short(engine, each.due_at)
    outcome = {True: app.text("kept", "已达成"), False: app.text("broken", "已超时"), None: app.text("running", "进行中")}[each.met(now)]
    left = "" if each.left is None else app.text(f", {each.left / 3600:.2f} working hours left", f"，剩余 {each.left / 3600:.2f} 工作小时")
    return f"{title}: {hours}, {due}, {outcome}{left}"


def _plain(engine: Engine, found: Ticket) -> dict[str, Any]:
    """A ticket for JSON, with moments in full."""
    told = found.as_dict()
    for name in ("opened_at", "changed_at", "answered_at", "resolved_at", "closed_at"):
        told[name] = None if told[name] is None else engine.written(told[name])
    for each in told["clocks"]:
        for name in ("due_at", "stopped_at"):
            each[name] = None if each[name] is None else engine.written(each[name])
    return told


def _short(engine: Engine, moment: int) -> str:
    return to_the_minute(engine.written(moment))


def _line(words: str, text: str) -> str:
    return f"{words}: {text}" if text else words


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
