"""Commands about runs: run, runs, changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from engine.cli.shared import FAULTS, HELD, ID, App, json_option, pass_app, print_json, steps_bar
from engine.errors import TierwiseError

if TYPE_CHECKING:
    from engine.service import Engine
    from engine.store.outcomes import RunRecord


@click.command(short_help="Grade every stored customer.")
@click.option(
    "--as-of", metavar="T", help="The moment to grade at: 2025-12-31, 2025-12-31T08:00, with +08:00 or in the business zone. Default: now."
)
@json_option
@click.option(
    "--partitions",
    type=click.IntRange(1, 1024),
    default=1,
    metavar="N",
    help="In how many parts the columns are computed; the result is the same.",
)
@click.option("--historical", is_flag=True, help="Look back: keep the run as history and leave today's assignments alone.")
@click.option("--every", type=click.Choice(["month"]), help="Look back once for every month; with --back.")
@click.option("--back", type=click.IntRange(1, 600), metavar="N", help="How many months to look back.")
@click.option("--release", type=ID, metavar="ID", help="Make a held run visible.")
@click.option("--recompute", is_flag=True, help="Compute again even if the same run is already there.")
@click.option("--changed", is_flag=True, help="Read again only the customers whom something happened to; the outcome is the same.")
@pass_app
def run(
    app: App,
    as_of: str | None,
    as_json: bool,
    partitions: int,
    historical: bool,
    every: str | None,
    back: int | None,
    release: int | None,
    recompute: bool,
    changed: bool,
) -> None:
    """Grade every stored customer by the live rulebook.

    Only what changed is written. A run that moves too much is held until --release. Exit code 1: a policy failed and
    keeps its former values; 3: held.
    """
    from engine.store.reader_start import start_early

    _check_options(as_of, historical, every, back, release, changed)
    if release is None and not changed:
        start_early(app.settings.database_url)
    with app.engine() as engine:
        with steps_bar(app, app.text("run", "运行"), quiet=as_json) as tell:
            if release is not None:
                records = [engine.release(release)]
            elif back is not None:
                records = list(engine.run_history(back, until=as_of, progress=tell))
            else:
                records = [
                    engine.run(as_of, historical=historical, partitions=partitions, recompute=recompute, changed=changed, progress=tell)
                ]
        _answer(app, engine, records, as_json, several=back is not None)
    click.get_current_context().exit(max(exit_code(record) for record in records))


def _check_options(as_of: str | None, historical: bool, every: str | None, back: int | None, release: int | None, changed: bool) -> None:
    if (every is None) != (back is None):
        raise click.UsageError("--every month and --back N belong together, as in: tierwise run --every month --back 24")
    if release is not None and (as_of or historical or every or changed):
        raise click.UsageError("--release takes no other option: a held run is released as it is")


def _answer(app: App, engine: Engine, records: list[RunRecord], as_json: bool, *, several: bool) -> None:
    from engine import render
    from engine.cli.answers import run_answer
    from engine.cli.views import run_line, run_summary

    if as_json:
        answers = [run_answer(record, engine.zone) for record in records]
        print_json({"runs": answers} if several else answers[0])
    elif several:
        render.runs(app.console, [run_line(engine, record) for record in records], app.language)
    else:
        render.run_summary(app.console, run_summary(engine, records[0]), app.language)


def exit_code(record: RunRecord) -> int:
    """0, 1 for faults, 3 for a run that is held."""
    if record.status == "held":
        return HELD
    return FAULTS if record.faults else 0


@click.command(short_help="List the runs.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many to list.")
@json_option
@pass_app
def runs(app: App, limit: int, as_json: bool) -> None:
    """List the runs, the newest first."""
    from engine import render
    from engine.cli.answers import run_answer
    from engine.cli.views import run_line

    with app.engine() as engine:
        records = engine.runs(limit)
        if as_json:
            print_json([run_answer(record, engine.zone) for record in records])
        else:
            render.runs(app.console, [run_line(engine, record) for record in records], app.language)


@click.command(short_help="Show who moved in a run.")
@click.option("--run", "run_id", type=ID, metavar="ID", help="Of this run; default the newest visible one.")
@click.option("--limit", type=click.IntRange(0), default=20, show_default=True, help="How many single moves to list.")
@json_option
@pass_app
def changes(app: App, run_id: int | None, limit: int, as_json: bool) -> None:
    """Show who moved in a run: how many from where to where, and the first of them."""
    from itertools import islice

    from engine.store import exports

    with app.engine() as engine, engine.store.read() as connection:
        record = engine.run_record(run_id)
        if record.status not in ("visible", "superseded"):
            raise TierwiseError(f"run {record.id} is {record.status}: only visible runs have changes")
        flows = exports.flows(connection, record)
        table = exports.changes(connection, record, engine.zone)
        moves = list(islice((dict(zip(table.names, row, strict=True)) for part in table.batches for row in zip(*part, strict=True)), limit))
        if as_json:
            about = {"run": record.id, "as_of": engine.written(record.as_of), "base_run": record.base_run_id, "customers": record.customers}
            counts = {"moved": record.report["moved"], "changes": record.report["changes"]}
            print_json({**about, **counts, "flows": flows, "moves": moves})
            return
        from engine import render
        from engine.cli.views import changes_view

        render.changes(app.console, changes_view(engine, record, flows, moves), app.language)
