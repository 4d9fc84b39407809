"""The command line: `tierwise`.

Commands only translate: they read options, call the verbs of `engine.service.Engine`, and print. Everything heavy is
imported inside the command that uses it, so that `tierwise --help` answers at once. Exit codes: 0 done, 1 a run
completed with faults, 2 wrong input or use, 3 a run is held, 70 a bug, 130 interrupted.
"""

from __future__ import annotations

import sys
import traceback

import click

from engine._version import __version__
from engine.cli import (
    ask,
    audit,
    calendars,
    care,
    contacts,
    corrections,
    customers,
    demo,
    export,
    facts,
    fix,
    gateways,
    insight,
    lists,
    managers,
    members,
    people,
    pictures,
    plugins,
    points,
    retention,
    rewards,
    rulebook,
    runs,
    schedules,
    serve,
    store,
    tasks,
    tickets,
    together,
)
from engine.cli.shared import App, Family

BUG = 70
"""The exit code of an error that is nobody's input: sysexits' EX_SOFTWARE."""


@click.group(cls=Family, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="tierwise", message="%(prog)s %(version)s")
@click.option(
    "--database", metavar="URL", help="The store: sqlite:///file or postgresql://user:password@host/name.  [TIERWISE_DATABASE_URL]"
)
@click.option("--language", type=click.Choice(["en", "zh"]), help="The language of results.  [TIERWISE_LANGUAGE]")
@click.pass_context
def cli(context: click.Context, database: str | None, language: str | None) -> None:
    """Grade every stored customer by rules that business people tune, and explain every grade.

    To see it work: tierwise demo. To grade your own customers: init, import, run, explain.
    """
    context.obj = App(database, language)


for command in (
    store.init,
    demo.demo,
    facts.import_,
    runs.run,
    ask.explain,
    ask.evaluate,
    runs.runs,
    runs.changes,
    insight.division,
    insight.portrait,
    insight.radar,
    pictures.picture,
    export.export,
    rulebook.rulebook,
    schedules.schedules,
    calendars.calendar,
    tickets.ticket,
    store.features,
    plugins.plugins,
    customers.customers,
    lists.lists,
    together.tag,
    together.inbox,
    fix.fix,
    managers.manager,
    care.care,
    contacts.contact,
    gateways.gateway,
    tasks.task,
    members.member,
    points.points,
    rewards.reward,
    rewards.offer,
    facts.batches,
    corrections.void,
    corrections.patch,
    audit.audit,
    retention.retention,
    people.users,
    people.keys,
    serve.serve,
    serve.worker,
    store.settings,
):
    cli.add_command(command)
audit.audit.add_command(together.exports)
for command in (insight.compare, insight.wanted, together.comment):
    rulebook.rulebook.add_command(command)


def main() -> None:
    """Run the command line; a bug keeps its traceback and ends with exit code 70."""
    try:
        cli()
    except Exception:
        traceback.print_exc()
        print("\nThis is a bug in Tierwise, or in a plugin, and not in what you typed.", file=sys.stderr)
        sys.exit(BUG)
