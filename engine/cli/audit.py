"""Commands about the audit trail: audit verify, log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from engine.cli.shared import WRONG, App, Family, json_option, pass_app, print_json

if TYPE_CHECKING:
    from engine.service import Engine


@click.group(cls=Family, short_help="Read and verify the audit trail.")
def audit() -> None:
    """Read who did what, and verify that nobody altered it."""


@audit.command()
@click.option("--head", metavar="NUMBER:HASH", help="A head printed earlier and kept elsewhere; the trail has to go on from it.")
@json_option
@click.pass_context
@pass_app
def verify(app: App, context: click.Context, head: str | None, as_json: bool) -> None:
    """Read the whole trail and name every entry that was altered, deleted, inserted, moved or cut off.

    Exit code 2: the trail is not what was recorded. Keep the head that is printed somewhere else, and give it back with
    --head: only so a tail that was cut off together with all that names it can be told.
    """
    with app.engine() as engine:
        found = engine.audit.verify(head=head)
    if as_json:
        print_json(found.as_dict())
    else:
        from engine import render

        render.audit_verified(app.console, found, app.language)
    if not found.whole:
        context.exit(WRONG)


@audit.command()
@click.option("--subject", metavar="KIND:ID", help="Only what was done to this: draft:7, version:3, run:12, batch:4, customer:9.")
@click.option("--actor", metavar="NAME", help="Only what this person did.")
@click.option("--action", metavar="NAME", help="Only this act, such as rulebook.publish, or a whole area, such as rulebook.")
@click.option("--after", type=click.IntRange(1), metavar="N", help="Go on after this entry, towards older ones.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=20, show_default=True, help="How many entries.")
@json_option
@pass_app
def log(app: App, subject: str | None, actor: str | None, action: str | None, after: int | None, limit: int, as_json: bool) -> None:
    """List who did what, the newest first."""
    with app.engine() as engine:
        entries = engine.audit.entries(subject=subject, actor=actor, action=action, after=after, limit=limit)
        moments = [_moment(engine, entry.at) for entry in entries]
        words = [engine.audit.sentence(entry).in_(app.language) for entry in entries]
    if as_json:
        print_json([entry.as_dict() | {"at": moment} for entry, moment in zip(entries, moments, strict=True)])
        return
    from engine import render

    render.audit_entries(app.console, list(zip(entries, moments, words, strict=True)), app.language)


def _moment(engine: Engine, at: int) -> str:
    try:
        return engine.written(at)
    except (TypeError, ValueError, OverflowError, OSError):  # somebody altered it; verifying tells
        return str(at)
