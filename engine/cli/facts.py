"""Commands that bring facts in and take them back: import, batches."""

from __future__ import annotations

from pathlib import Path

import click

from engine.cli.shared import ID, OK, WRONG, App, Family, json_option, pass_app, print_json, rows_bar


@click.command("import", short_help="Import a file of facts.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--mapping", required=True, metavar="NAME_OR_PATH", help="A built-in mapping (online-retail, ...) or a .yaml file of one's own."
)
@click.option("--dry-run", is_flag=True, help="Read and check everything, report, and keep nothing.")
@json_option
@pass_app
def import_(app: App, file: Path, mapping: str, dry_run: bool, as_json: bool) -> None:
    """Import customers, products, orders, order lines or rates from CSV, Parquet or XLSX.

    Rows that are right are kept in one transaction; every wrong one is kept aside with file, line, column and reason
    (tierwise export rejected), and the exit code is then 2. Importing the same file again changes nothing.
    """
    with app.engine() as engine:
        with rows_bar(app, file.name, quiet=as_json) as tell:
            report = engine.import_facts(file, mapping, dry_run=dry_run, progress=tell)
        if as_json:
            print_json(report.as_dict())
        else:
            from engine.cli.views import import_view
            from engine.render import import_report

            import_report(app.console, import_view(engine, report), app.language)
    click.get_current_context().exit(WRONG if report.rejected else OK)


@click.group(cls=Family, short_help="List the imports, or undo one.")
def batches() -> None:
    """List the imports, and undo one."""


@batches.command("list")
@json_option
@pass_app
def list_batches(app: App, as_json: bool) -> None:
    """List every import, the newest first."""
    from engine.store.exports import batch_rows

    with app.store() as store, store.read() as connection:
        rows = batch_rows(connection)
    if as_json:
        print_json(rows)
        return
    from engine.cli.show import listing

    words = [
        ("batch", "批次"),
        ("file", "文件"),
        ("kind", "类型"),
        ("rows", "行"),
        ("new", "新增"),
        ("changed", "更新"),
        ("as before", "不变"),
        ("rejected", "拒绝"),
        ("", ""),
    ]
    heads = [(app.text(en, zh), "left" if en in ("file", "kind", "") else "right") for en, zh in words]
    names = ("batch", "file", "kind", "rows", "created", "updated", "unchanged", "rejected")
    undone = app.text("undone", "已撤销")
    title = app.text(f"{len(rows)} imports", f"{len(rows)} 次导入") if rows else app.text("Nothing was imported yet", "尚未导入数据")
    listing(app, title, heads, [[*(row[name] for name in names), undone if row["undone"] else ""] for row in rows], fold=1)


@batches.command("undo")
@click.argument("batch", type=ID)
@pass_app
def undo_batch(app: App, batch: int) -> None:
    """Take back everything that an import brought or changed."""
    with app.engine() as engine:
        report = engine.undo_import(batch)
    done = f"batch {batch} is undone: {report.removed:,} facts removed, {report.restored:,} restored; run again to grade without them"
    click.echo(app.text(done, f"批次 {batch} 已撤销：移除 {report.removed:,}，恢复 {report.restored:,}；请重新运行"))
