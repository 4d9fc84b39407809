"""The command `export`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from engine.cli.shared import ID, App, pass_app
from engine.errors import TierwiseError

FORMATS = ("csv", "xlsx", "parquet", "jsonl")


@click.command(short_help="Write grades, changes, customers to a file.")
@click.argument("what", type=click.Choice(["assignments", "changes", "customers", "rejected"]))
@click.option("--format", "format_", type=click.Choice(FORMATS), help="Default: by the ending of the file, else csv.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Default: standard output, for csv and jsonl.")
@click.option("--run", "run_id", type=ID, metavar="ID", help="Of this run; default the newest visible one.")
@click.option("--policy", metavar="KEY", help="Only assignments of this policy.")
@click.option("--value", metavar="LABEL", help="Only assignments with this value.")
@click.option("--all-outputs", is_flag=True, help="Scores, amounts, dates and sets as well.")
@click.option("--batch", type=ID, metavar="ID", help="Only rows rejected by this import.")
@pass_app
def export(
    app: App,
    what: str,
    format_: str | None,
    output: Path | None,
    run_id: int | None,
    policy: str | None,
    value: str | None,
    all_outputs: bool,
    batch: int | None,
) -> None:
    """Write assignments, changes, customers or rejected rows to a file or to standard output.

    Texts that a spreadsheet would run as a formula are made inert. A file is there whole or not at all.
    """
    from engine.export import table_of, write_file, write_table
    from engine.exporting.writers import TEXT_FORMATS

    format_ = format_ or _by_ending(output)
    if output is None and format_ not in TEXT_FORMATS:
        raise TierwiseError(f"{format_} is not text; name a file for it with -o FILE.{format_}")
    with app.engine() as engine, engine.store.read() as connection:
        table = table_of(engine, connection, what, run_id=run_id, policy=policy, value=value, all_outputs=all_outputs, batch=batch)
        if output is None:
            write_table(table, format_, sys.stdout.buffer)
            sys.stdout.buffer.flush()
            return
        if (
            engine.store.is_sqlite
            and output.resolve().name.startswith(engine.store.path.name)
            and output.resolve().parent == engine.store.path.resolve().parent
        ):
            raise TierwiseError(f"{output} belongs to the store itself; name another file")
        rows = write_file(table, format_, output)
    click.echo(f"{output}: {rows:,} {app.text('rows', '行')}", err=True)


def _by_ending(output: Path | None) -> str:
    ending = output.suffix.lower().lstrip(".") if output else ""
    return ending if ending in FORMATS else "csv"
