"""Commands about what people share: tags and groups, comments on drafts, the inbox, and the log of exports."""

from __future__ import annotations

import click

from engine.cli.shared import ID, App, Family, json_option, pass_app, print_json


@click.group(cls=Family, short_help="Tags and groups that people give to customers.")
def tag() -> None:
    """Tags and groups that people give to customers by hand, and that rules read as features such as tags.vip."""


@tag.command("list")
@json_option
@pass_app
def list_(app: App, as_json: bool) -> None:
    """List every tag and group, with how many customers bear it."""
    with app.engine() as engine:
        found = engine.tags.list()
        written = [engine.written(each.created_at) for each in found]
    if as_json:
        print_json([{**each.as_dict(), "created_at": at} for each, at in zip(found, written, strict=True)])
        return
    from engine.cli.show import listing

    heads = [
        (app.text("in rules", "规则中的名称"), "left"),
        (app.text("title", "标题"), "left"),
        (app.text("customers", "客户数"), "right"),
    ]
    heads += [(app.text("made by", "创建人"), "left"), (app.text("at", "时间"), "left")]
    lines = [(each.feature, each.title, each.members, each.created_by, at) for each, at in zip(found, written, strict=True)]
    listing(app, app.text(f"{len(found)} tags and groups", f"{len(found)} 个标签与分组"), heads, lines, fold=1)


@tag.command()
@click.argument("name")
@click.option("--title", default="", help="How people name it. Default: its name.")
@click.option("--group", "is_group", is_flag=True, help="A group instead of a tag.")
@click.option("--note", default="", help="What it is for.")
@pass_app
def add(app: App, name: str, title: str, is_group: bool, note: str) -> None:
    """Make a tag NAME; rules name it so for ever."""
    with app.engine() as engine:
        made = engine.tags.add(name, title=title, kind="group" if is_group else "tag", note=note)
    click.echo(app.text(f"{made.feature} is there", f"已创建 {made.feature}"))


@tag.command()
@click.argument("feature")
@click.argument("customers", nargs=-1)
@click.option(
    "--where", "filters", multiple=True, metavar="FILTER", help="All customers of a list, such as grade.grade=A; may be repeated."
)
@pass_app
def give(app: App, feature: str, customers: tuple[str, ...], filters: tuple[str, ...]) -> None:
    """Have CUSTOMERS, or all of a list, bear the tag FEATURE, such as tags.vip."""
    _move(app, "give", feature, customers, filters)


@tag.command()
@click.argument("feature")
@click.argument("customers", nargs=-1)
@click.option(
    "--where", "filters", multiple=True, metavar="FILTER", help="All customers of a list, such as grade.grade=A; may be repeated."
)
@pass_app
def take(app: App, feature: str, customers: tuple[str, ...], filters: tuple[str, ...]) -> None:
    """Have CUSTOMERS, or all of a list, no longer bear the tag FEATURE."""
    _move(app, "take", feature, customers, filters)


def _move(app: App, verb: str, feature: str, customers: tuple[str, ...], filters: tuple[str, ...]) -> None:
    if bool(customers) == bool(filters):
        raise click.UsageError("name customers, or give --where, but not both")
    with app.engine() as engine:
        if filters:
            query = engine.customers.asked_for({"filters": list(filters)})
            count = engine.tags.give_all(feature, query) if verb == "give" else engine.tags.take_all(feature, query)
        else:
            count = engine.tags.give(feature, customers) if verb == "give" else engine.tags.take(feature, customers)
    if verb == "give":
        click.echo(app.text(f"{count:,} customers bear {feature} who did not before", f"新增 {count:,} 位客户带有 {feature}"))
    else:
        click.echo(app.text(f"{count:,} customers bear {feature} no longer", f"{count:,} 位客户不再带有 {feature}"))


@tag.command()
@click.argument("feature")
@pass_app
def remove(app: App, feature: str) -> None:
    """Remove the tag FEATURE and take it from everybody; refused while the live rulebook reads it."""
    with app.engine() as engine:
        count = engine.tags.remove(feature)
    click.echo(app.text(f"{feature} is gone; {count:,} customers bore it", f"已删除 {feature}；此前 {count:,} 位客户带有"))


@click.command()
@json_option
@pass_app
def inbox(app: App, as_json: bool) -> None:
    """List what waits for somebody: drafts, held runs, values to be fixed, comments."""
    with app.engine() as engine:
        found = engine.inbox()
        written = [engine.written(each.at) for each in found]
    if as_json:
        print_json([{**each.as_dict(), "at": at} for each, at in zip(found, written, strict=True)])
        return
    from engine.cli.show import listing

    words = {
        "approve": ("to approve", "待审批"),
        "publish": ("to publish", "待发布"),
        "returned": ("came back", "已退回"),
        "escalation": ("escalated", "已升级"),
        "held": ("held run", "暂缓的运行"),
        "fix": ("value to fix", "待固定的结果"),
        "comment": ("comment", "评论"),
    }
    heads = [(app.text("what", "事项"), "left"), (app.text("number", "编号"), "right"), (app.text("title", "标题"), "left")]
    heads += [(app.text("by", "来自"), "left"), (app.text("since", "自"), "left"), (app.text("note", "备注"), "left")]
    lines = [
        (app.text(*words[each.kind]), each.number, each.title, each.by, at, each.note) for each, at in zip(found, written, strict=True)
    ]
    listing(app, app.text(f"{len(found)} things wait", f"{len(found)} 项待处理"), heads, lines, fold=5)


@click.command()
@click.argument("draft")
@click.argument("text", required=False)
@click.option("--place", default="", help="In the document, such as policies[rfm].params.bins.")
@click.option("--settle", type=ID, metavar="NUMBER", help="Mark a comment as settled.")
@click.option("--reopen", type=ID, metavar="NUMBER", help="Open a settled comment again.")
@json_option
@pass_app
def comment(app: App, draft: str, text: str | None, place: str, settle: int | None, reopen: int | None, as_json: bool) -> None:
    """List what was said about DRAFT, such as d7; with TEXT, say it; or settle a comment."""
    if sum(each is not None for each in (text, settle, reopen)) > 1:
        raise click.UsageError("give one of TEXT, --settle and --reopen")
    with app.engine() as engine:
        if text is not None:
            engine.comments.add(draft, text, place=place)
        elif settle is not None or reopen is not None:
            engine.comments.settle(settle or reopen or 0, open_again=reopen is not None)
        found = engine.comments.list(draft)
        written = [engine.written(each.at) for each in found]
        plain = [
            {**each.as_dict(), "at": at, "settled_at": None if each.settled_at is None else engine.written(each.settled_at)}
            for each, at in zip(found, written, strict=True)
        ]
    if as_json:
        print_json(plain)
        return
    from engine.cli.show import listing

    heads = [(app.text("number", "编号"), "right"), (app.text("who", "人员"), "left"), (app.text("at", "时间"), "left")]
    heads += [(app.text("place", "位置"), "left"), (app.text("text", "内容"), "left"), (app.text("settled by", "解决人"), "left")]
    lines = [(each.id, each.actor, at, each.place, each.text, each.settled_by or "") for each, at in zip(found, written, strict=True)]
    listing(app, app.text(f"{len(found)} comments on {draft}", f"{draft} 的 {len(found)} 条评论"), heads, lines, fold=4)


@click.command()
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many, the newest.")
@json_option
@pass_app
def exports(app: App, limit: int, as_json: bool) -> None:
    """List what was taken out of the store as files: who, what, how many rows, whether with personal data."""
    with app.engine() as engine:
        found = [{**row, "at": engine.written(row["at"])} for row in engine.people.exports(limit)]
    if as_json:
        print_json(found)
        return
    from engine.cli.show import listing

    heads = [(app.text("at", "时间"), "left"), (app.text("who", "人员"), "left"), (app.text("what", "内容"), "left")]
    heads += [(app.text("form", "格式"), "left"), (app.text("rows", "行数"), "right"), (app.text("personal data", "个人信息"), "left")]
    lines = [
        (
            row["at"],
            row["actor"],
            row["what"],
            row["format"],
            row["rows"],
            app.text("yes", "是") if row["personal"] else app.text("no", "否"),
        )
        for row in found
    ]
    listing(app, app.text(f"{len(found)} exports", f"{len(found)} 次导出"), heads, lines, fold=2)
