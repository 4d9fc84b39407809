"""Commands about the store itself: init, features, settings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from engine.cli.shared import App, json_option, pass_app, print_json

if TYPE_CHECKING:
    from engine.catalogue import Feature


@click.command(short_help="Make a store, with the starter rulebook.")
@click.option("--timezone", metavar="ZONE", help="The business time zone, such as Asia/Shanghai; fixed from now on.")
@click.option("--currency", metavar="CODE", help="The business currency, such as CNY; fixed from now on.")
@click.option("--minor-digits", metavar="N", help="Digits after the point of the currency: 2 for CNY, 0 for JPY.")
@click.option("--no-starter", is_flag=True, help="Publish no rulebook.")
@pass_app
def init(app: App, timezone: str | None, currency: str | None, minor_digits: str | None, no_starter: bool) -> None:
    """Make a store, fix its time zone and currency, and publish the starter rulebook.

    Running it again on the same store changes nothing.
    """
    from engine.registry import load_plugins
    from engine.service import Engine
    from engine.settings import Settings
    from engine.store.facts import init_settings
    from engine.store.session import Store

    s = Settings.read(database_url=app.database, timezone=timezone, currency=currency, minor_digits=minor_digits)
    with Store.open(s.database_url, cache_dir=s.cache_dir, audit_keys=s.audit_keys) as store:
        business = init_settings(store, s.timezone.key, s.currency, s.minor_digits)
        engine = Engine(store, s, load_plugins(s.plugins_dir, s.blocked_plugins))
        first = not engine.rulebook_log()
        if first and not no_starter:
            engine.publish("starter", note="the starter rulebook")
        policies = [entry.key for entry in engine.rulebook().entries] if first and not no_starter else []
        place = store.sql.url.render_as_string(hide_password=True)
    click.echo(app.text("Store", "数据仓库") + f"     {place}")
    click.echo(app.text("Business", "业务设置") + f"  {business.timezone.key}, {business.currency}")
    if policies:
        click.echo(app.text(f"Rulebook  starter, version 1: {', '.join(policies)}", f"规则手册  starter，版本 1：{'、'.join(policies)}"))
    click.echo(app.text("Next      tierwise import FILE --mapping NAME", "下一步    tierwise import FILE --mapping NAME"))


@click.command(short_help="List what rules can read.")
@click.option("--search", metavar="WORD", help="Only features whose name, title or meaning has this word.")
@json_option
@pass_app
def features(app: App, search: str | None, as_json: bool) -> None:
    """List the features that rules can use: name, title, unit, meaning."""
    with app.engine() as engine:
        found = [feature for feature in engine.features() if search is None or search.lower() in _words(feature).lower()]
    if as_json:
        print_json([_feature(feature) for feature in found])
        return
    from engine import render

    render.features(app.console, found, app.language)


def _words(feature: Feature) -> str:
    texts = [feature.title, *([feature.meaning] if feature.meaning else [])]
    return " ".join([feature.name, *(words for text in texts for words in (text.en, text.zh))])


def _feature(feature: Feature) -> dict[str, Any]:
    meaning = feature.meaning or feature.title
    return {
        "name": feature.name,
        "title": {"en": feature.title.en, "zh": feature.title.zh},
        "meaning": {"en": meaning.en, "zh": meaning.zh},
        "dtype": feature.dtype,
        "unit": feature.unit,
        "minimum": feature.minimum,
        "step": feature.step,
        "nullable": feature.nullable,
        "actionable": feature.actionable,
        "windowable": feature.windowable,
    }


@click.command(short_help="Show every setting.")
@json_option
@pass_app
def settings(app: App, as_json: bool) -> None:
    """Show every setting: its name, its value here, and what it is for."""
    from engine.installation import shown
    from engine.settings import SETTINGS

    app.settings  # noqa: B018  # a wrong setting is reported before any is shown
    rows = [{"name": name, "value": shown(name, default), "set": _is_set(name), "help": words} for name, default, words in SETTINGS]
    if as_json:
        print_json(rows)
        return
    from engine.cli.show import listing

    heads = [(app.text("setting", "设置"), "left"), (app.text("value", "值"), "left"), ("", "left")]
    title = app.text("Settings are environment variables", "设置均为环境变量")
    listing(app, title, heads, [[row["name"], row["value"] or None, row["help"]] for row in rows], fold=2)


def _is_set(name: str) -> bool:
    return bool(os.environ.get(name))
