"""Commands about plugins: list, check, new, try."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.cli.shared import App, Family, json_option, pass_app, print_json
from engine.errors import PluginError

if TYPE_CHECKING:
    from engine.registry import PluginHealth
    from engine.trial import Trial


@click.group(cls=Family, short_help="List, check, write or try plugins.")
def plugins() -> None:
    """List the plugins; check, write or try one."""


@plugins.command("list")
@json_option
@pass_app
def list_plugins(app: App, as_json: bool) -> None:
    """List every plugin found, what it offers, and what is wrong with it. Needs no store."""
    from engine.registry import load_plugins

    found = load_plugins(app.settings.plugins_dir, app.settings.blocked_plugins).plugins.values()
    if as_json:
        names = ("name", "origin", "version", "status", "error", "policies", "features")
        print_json([{name: getattr(health, name) for name in names} for health in found])
        return
    from engine import render

    render.plugins(app.console, list(found), app.language)


@plugins.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--params", default="{}", metavar="JSON", help="Parameters to check the policies with.")
@pass_app
def check(app: App, path: Path, params: str) -> None:
    """Hold the policies of the plugin at PATH to every promise of the plugin contract, on random customers."""
    from engine.registry import load_plugins
    from engine.testing import PROMISES, Case, ContractError, check_promise

    given = _params(params)
    registry = load_plugins(paths=[path])
    broken = 0
    for name in _offered(registry.plugins, path).policies:
        click.echo(app.text(f"policy {name}", f"策略 {name}"))
        for promise in PROMISES:
            try:
                check_promise(promise, Case(registry.policy(name), given, 211, 7, {}))
                click.secho(f"  ok      {promise}", fg="green")
            except ContractError as error:
                broken += 1
                click.secho(f"  broken  {promise}", fg="red")
                click.echo("\n".join(f"            {line}" for line in str(error).splitlines()))
    if broken:
        raise PluginError(f"{path} breaks {broken} of {len(PROMISES)} promises" if broken > 1 else f"{path} breaks a promise")
    click.echo(app.text("keeps every promise of the contract", "符合插件契约的全部承诺"))


def _params(text: str) -> dict[str, Any]:
    try:
        given = json.loads(text)
    except ValueError as error:
        raise PluginError(f"--params: not JSON, {error}") from None
    if not isinstance(given, dict):
        raise PluginError(f'--params: found {text[:40]}; expected an object such as {{"share": 0.5}}')
    return given


def _offered(plugins: dict[str, PluginHealth], path: Path) -> PluginHealth:
    """The plugin that was loaded from a path. Raises `PluginError` with what is wrong with it."""
    health = next(health for health in plugins.values() if health.origin == str(path))
    if health.status != "loaded":
        raise PluginError(f"{path}: {health.error or 'is blocked'}")
    if not health.policies:
        raise PluginError(f"{path} offers no policy; implement tierwise_policies")
    return health


@plugins.command()
@click.argument("name")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    show_default=".",
    help="Where to write the two files.",
)
@pass_app
def new(app: App, name: str, folder: Path) -> None:
    """Write a plugin that works, and its test, to start from."""
    from engine.scaffold import write_plugin

    paths = write_plugin(name, folder)
    for path in paths:
        click.echo(path)
    click.echo(app.text("Next: ", "下一步：") + f"tierwise plugins check {paths[0]}")


@plugins.command("try")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--params", default="{}", metavar="JSON", help="Parameters of the policy.")
@json_option
@pass_app
def try_(app: App, path: Path, params: str, as_json: bool) -> None:
    """Run the plugin at PATH on every stored customer, write nothing, and show what it would give.

    Its distribution, and how it lies against each live outcome.
    """
    from engine.trial import try_policy, with_policy

    given = _params(params)
    with app.engine(plugins=(path,)) as engine:
        live = engine.run_record()
        document = engine.version(str(live.version_id)).document
        trials = []
        for name in _offered(engine.registry.plugins, path).policies:
            extended, key = with_policy(document, name, given)
            trials.append(try_policy(engine.store, engine.check(extended), key, live))
        as_of = engine.written(live.as_of)
    if as_json:
        from dataclasses import asdict

        print_json([asdict(trial) for trial in trials])
        return
    for trial in trials:
        _print_trial(app, trial, as_of)


def _print_trial(app: App, trial: Trial, as_of: str) -> None:
    from engine.cli.show import listing

    nothing = app.text("(none)", "（无）")
    title = app.text(f"{trial.policy}, tried on {trial.customers:,} customers", f"{trial.policy}：在 {trial.customers:,} 位客户上试运行")
    about = app.text(
        f"as of {as_of}, {trial.seconds * 1000:,.0f} ms, nothing stored", f"截至 {as_of}，{trial.seconds * 1000:,.0f} 毫秒，未存储"
    )
    heads = [(app.text("customers", "客户"), "right"), (app.text("share", "占比"), "right")]
    for address, counts in trial.distribution.items():
        rows = [[name or nothing, count, f"{count / max(trial.customers, 1):.1%}"] for name, count in counts.items()]
        rows += [[f"  {reason}", count, ""] for reason, count in trial.withheld.items()]
        listing(app, title, [(address, "left"), *heads], rows, about=about)
    for cross in trial.against:
        title = app.text(f"Against {cross.output}", f"与 {cross.output} 对照")
        names = [(name or nothing, "right") for name in cross.rows]  # the live labels go down: there are more of them
        lines = [[name or nothing, *counts] for name, counts in zip(cross.columns, zip(*cross.counts, strict=True), strict=True)]
        listing(app, title, [(cross.output, "left"), *names], lines, about=app.text(f"across: {trial.policy}", f"横向：{trial.policy}"))
