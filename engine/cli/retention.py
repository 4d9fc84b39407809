"""The command retention: what could go, and removing it."""

from __future__ import annotations

import click

from engine.cli.shared import App, json_option, pass_app, print_json
from engine.texts import Text

TITLES = {
    "deliveries": Text("webhook deliveries", "Webhook 投递记录"),
    "events": Text("events", "事件"),
    "sessions": Text("sessions", "会话"),
}


@click.command(short_help="Remove what is too old to be of use.")
@click.option("--remove", is_flag=True, help="Remove it; without this nothing is changed.")
@json_option
@pass_app
def retention(app: App, remove: bool, as_json: bool) -> None:
    """Count the webhook deliveries, events and sessions that are older than TIERWISE_RETENTION_DAYS, and remove them if asked to.

    Facts, runs, outcomes and the audit trail stay.
    """
    with app.engine() as engine:
        found = engine.retention.remove() if remove else engine.retention.due()
    if as_json:
        print_json({"removed": remove, **found})
        return
    for name, count in found.items():
        click.echo(f"{count:>10,}  {TITLES[name].in_(app.language)}")
    if not remove:
        click.echo(
            app.text(
                "Nothing was removed; to remove them: tierwise retention --remove",
                "尚未清除任何数据；如需清除：tierwise retention --remove",
            )
        )
