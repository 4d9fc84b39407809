"""Commands about pictures: what a run draws, as tables; trends, flows between runs, and who stands behind a mark."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.shared import ID, App, Family, json_option, pass_app, print_json

if TYPE_CHECKING:
    from engine.cli.show import Head
    from engine.drawn import Drawn

run_option = click.option("--run", "run_id", type=ID, metavar="RUN", help="Default: the newest visible run.")


@click.group(cls=Family, short_help="Runs as pictures, and who stands behind them.")
def picture() -> None:
    """Runs as pictures: the tables that are drawn, trends, flows, and who stands behind a mark."""


@picture.command("list")
@run_option
@json_option
@pass_app
def list_(app: App, run_id: int | None, as_json: bool) -> None:
    """List the pictures that the policies of a run declare."""
    with app.engine() as engine:
        found = engine.pictures.of_run(run_id)
        plain, as_of = found.as_dict(engine.written), engine.written(found.run.as_of)
    if as_json:
        print_json(plain)
        return
    from engine.cli.show import listing

    count = len(found.pictures)
    title = app.text(f"{count} pictures of run {found.run.id}, {as_of}", f"运行 {found.run.id}（{as_of}）的 {count} 张图")
    heads = [(app.text("picture", "图"), "left"), (app.text("kind", "类型"), "left"), (app.text("title", "标题"), "left")]
    heads += [(app.text("rows", "行数"), "right"), (app.text("fault", "错误"), "left")]
    lines = [
        (each.id, each.kind, each.title.in_(app.language), each.rows, each.fault.in_(app.language) if each.fault else "")
        for each in found.pictures
    ]
    listing(app, title, heads, lines, fold=2)


@picture.command()
@click.argument("name", metavar="PICTURE")
@run_option
@click.option("-o", "--to", type=click.Path(path_type=Path), metavar="FILE", help="Write the table there: .xlsx, .csv, .jsonl or .parquet.")
@json_option
@pass_app
def show(app: App, name: str, run_id: int | None, to: Path | None, as_json: bool) -> None:
    """Show PICTURE, such as rfm.grid, as the table that is drawn."""
    with app.engine() as engine:
        pictures = engine.pictures.of_run(run_id)
        found = pictures.get(name)
        plain = {**found.as_dict(), "run": pictures.run.id, "as_of": engine.written(pictures.run.as_of)}
        heads = [found.roles[role].title.in_(app.language) for role in found.columns]
        rows = _rows(found, app.language)
        data = engine.pictures.file(name, heads, rows, _format(to)) if to is not None else b""
    if to is not None:
        from engine.export import write_bytes

        write_bytes(to, data)
        click.echo(f"{to}", err=True)
        return
    if as_json:
        print_json(plain)
        return
    from engine.cli.show import listing

    sides: list[Head] = [(head, "left" if at == 0 else "right") for at, head in enumerate(heads)]
    fault = found.fault.in_(app.language) if found.fault else ""
    listing(
        app,
        f"{found.title.in_(app.language)}（{name}）" if app.language == "zh" else f"{found.title.en} ({name})",
        sides,
        rows,
        about=fault,
    )


@picture.command()
@click.argument("output")
@click.option("--most", type=click.IntRange(1, 366), default=60, show_default=True, help="How many runs at most, the newest ones.")
@json_option
@pass_app
def trend(app: App, output: str, most: int, as_json: bool) -> None:
    """Count the customers of every label of OUTPUT, such as abc.class, run by run."""
    with app.engine() as engine:
        found = engine.pictures.trend(output, most=most)
        lines = [
            (
                point.run,
                engine.written(point.as_of),
                *(point.counts.get(label.key, (0, 0))[0] for label in found.labels),
                point.counts.get("", (0, 0))[0],
            )
            for point in found.points
        ]
        plain = found.as_dict(engine.written)
    if as_json:
        print_json(plain)
        return
    from engine.cli.show import listing

    heads = [(app.text("run", "运行"), "right"), (app.text("as of", "时点"), "left")]
    heads += [(label.title.in_(app.language), "right") for label in found.labels] + [(app.text("none", "无"), "right")]
    listing(app, found.title.in_(app.language), heads, lines)


@picture.command()
@click.argument("output")
@click.argument("first", type=ID)
@click.argument("second", type=ID, required=False)
@json_option
@pass_app
def flow(app: App, output: str, first: int, second: int | None, as_json: bool) -> None:
    """Tell what became of each label's customers of OUTPUT between the runs FIRST and SECOND.

    SECOND is the newest visible run where it is left out.
    """
    with app.engine() as engine:
        found = engine.pictures.flow(output, first, second)
        first_at, second_at = engine.written(found.first_as_of), engine.written(found.second_as_of)
        plain, scale = found.as_dict(engine.written), 10**engine.business.minor_digits
        currency, digits = engine.business.currency, engine.business.minor_digits
    if as_json:
        print_json(plain)
        return
    from engine.cli.show import listing

    titles = {label.key: label.title.in_(app.language) for label in found.labels} | {"": app.text("none", "无")}
    title = found.title.in_(app.language)
    said = app.text(
        f"{title}: run {found.first} ({first_at}) to run {found.second} ({second_at}); {found.came:,} came, {found.left:,} left",
        f"{title}：运行 {found.first}（{first_at}）至运行 {found.second}（{second_at}）；新增 {found.came:,}，离开 {found.left:,}",
    )
    ways = {"up": ("up", "上升"), "down": ("down", "下降"), "stay": ("stay", "不变"), "other": ("other", "其他")}
    heads = [(app.text("was", "之前"), "left"), (app.text("now", "之后"), "left"), (app.text("way", "方向"), "left")]
    heads += [(app.text("customers", "客户数"), "right"), (app.text(f"sales, {currency}", f"销售额（{currency}）"), "right")]
    lines = [
        (titles[each.was], titles[each.now], app.text(*ways[each.way]), each.customers, f"{each.amount / scale:,.{digits}f}")
        for each in found.streams
    ]
    listing(app, said, heads, lines)


@picture.command()
@click.argument("where", nargs=-1, metavar="CONDITION...")
@run_option
@click.option("--since", type=ID, metavar="RUN", help="The earlier run that ~ looks at.")
@click.option("--skip", type=click.IntRange(0), default=0, help="How many to leave out at the top.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many to list.")
@json_option
@pass_app
def members(app: App, where: tuple[str, ...], run_id: int | None, since: int | None, skip: int, limit: int, as_json: bool) -> None:
    """List the customers of a run for whom every CONDITION holds, the largest sales first.

    A condition is such as abc.class=A, "orders.count>=2", or abc.class~B for what it was in the run --since.
    """
    with app.engine() as engine:
        pictures = engine.pictures
        found = pictures.members([pictures.condition(each) for each in where], run_id=run_id, since=since, skip=skip, most=limit)
        currency, digits = engine.business.currency, engine.business.minor_digits
    if as_json:
        print_json(found.as_dict())
        return
    from engine.cli.show import listing

    amount = f"{found.amount / 10**digits:,.{digits}f} {currency}"
    title = app.text(
        f"{found.customers:,} customers of run {found.run}, sales {amount}",
        f"运行 {found.run} 的 {found.customers:,} 位客户，销售额 {amount}",
    )
    heads = [(app.text("customer", "客户"), "left"), (app.text("name", "姓名"), "left"), (app.text("sales", "销售额"), "right")]
    listing(app, title, heads, [(each.customer, each.name, f"{each.amount / 10**digits:,.{digits}f}") for each in found.page])


def _rows(found: Drawn, language: str) -> list[tuple[object, ...]]:
    """The rows of a picture, with labels by their titles."""
    titles = {key: label.title.in_(language) for key, label in found.labels.items()}
    shown = [[titles.get(cell, cell) if isinstance(cell, str) else cell for cell in cells] for cells in found.columns.values()]
    return list(zip(*shown, strict=True))


def _format(to: Path) -> str:
    return to.suffix.lstrip(".").lower() or "csv"
