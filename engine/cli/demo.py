"""The command `demo`: a generated company, graded, from nothing."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.shared import App, pass_app, rows_bar, steps_bar
from engine.errors import TierwiseError

if TYPE_CHECKING:
    from engine.demo import DemoFiles
    from engine.service import Engine
    from engine.store.outcomes import RunRecord


SHOWN = ("rfm", "abc", "lifecycle")
"""The policies whose outcome the page shows; the starter has more, and a page of all of them would be read by nobody."""


@click.command(short_help="Make a company, grade it, show the result.")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".demo"),
    show_default=True,
    help="Where files and store go.",
)
@click.option(
    "--customers", type=click.IntRange(100, 5_000_000), default=24_000, show_default=True, help="How many customers the company has."
)
@click.option("--seed", type=click.IntRange(0), default=7, show_default=True, help="Another seed makes another company.")
@click.option("--serve", "serving", is_flag=True, help="Look back over a year, then serve the console and name its accounts.")
@click.option("--port", type=click.IntRange(1, 65535), metavar="N", help="Serve on this port.  [TIERWISE_PORT, 8350]")
@pass_app
def demo(app: App, folder: Path, customers: int, seed: int, serving: bool, port: int | None) -> None:
    """Make a company, import its files, grade its customers, and show the result.

    Everything stays in one folder; running it again takes it up where it stands.
    """
    from engine import demo as company

    store = folder / "tierwise.db"
    _make_folder(folder)
    with steps_bar(app, app.text("making a company", "生成示例公司")):
        files = company.generate(folder, customers=customers, seed=seed)
    with _open(app, store, company.TIMEZONE, company.CURRENCY) as engine:
        _import(app, engine, files)
        if not engine.rulebook_log():
            engine.publish("starter", note="the starter rulebook")
        with steps_bar(app, app.text("run", "运行")) as tell:
            record = engine.run(files.as_of, progress=tell)
        _print(app, engine, record, store)
        if serving:
            _serve(app, engine, folder, files.as_of, port)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TierwiseError(f"{folder} cannot be made: {error.strerror}") from None


def _open(app: App, store: Path, timezone: str, currency: str) -> Engine:
    """The demo's own store, whatever the environment says of other stores."""
    from dataclasses import replace

    from engine.registry import load_plugins
    from engine.service import Engine
    from engine.store.facts import init_settings
    from engine.store.session import Store

    url = f"sqlite:///{store}"
    settings = replace(app.settings, database_url=url)
    opened = Store.open(url, audit_keys=settings.audit_keys)
    init_settings(opened, timezone, currency, 2)
    return Engine(opened, settings, load_plugins(settings.plugins_dir, settings.blocked_plugins))


def _import(app: App, engine: Engine, files: DemoFiles) -> None:
    for path, mapping in files.imports:
        with rows_bar(app, path.name) as tell:
            report = engine.import_facts(path, mapping, progress=tell)
        new = app.text(f"{report.created:,} new, {report.unchanged:,} as before", f"新增 {report.created:,}，不变 {report.unchanged:,}")
        click.echo(f"  {path.name:<14} {report.rows:>9,} {app.text('rows', '行')}  {new}  {report.seconds:.1f} s", err=True)


def _print(app: App, engine: Engine, record: RunRecord, store: Path) -> None:
    """The result of the best known policies, one customer explained, and what to type next."""
    from dataclasses import replace

    from engine import render
    from engine.cli.views import explanation_view, run_summary
    from engine.report import DemoView

    customer = _someone(engine)
    summary = run_summary(engine, record)
    shown = [output for output in summary.outputs if output.policy in SHOWN] or summary.outputs
    more = [output.title for output in summary.outputs if output not in shown]
    policies = {output.policy for output in shown}
    explanations = [each for each in engine.explain(customer, language=app.language) if each.policy in policies]
    views = [explanation_view(engine, explanation) for explanation in explanations]
    steps = [
        *_activation(app),
        (
            f"export TIERWISE_DATABASE_URL=sqlite:///{store}",
            app.text("the following commands are about this company", "以下命令均针对这家公司"),
        ),
        (f"tierwise explain {customer}", app.text("why one customer is where it is", "一位客户为何处于当前等级")),
        ("tierwise export assignments -o assignments.xlsx", app.text("every grade, as a spreadsheet", "全部分级结果，电子表格")),
        ("tierwise rulebook export -o rules.yaml", app.text("the rules, to edit and publish again", "规则文件，可修改后重新发布")),
        ("tierwise run --as-of 2026-01-05 && tierwise changes", app.text("five days later: who moved", "五天之后：哪些客户变动")),
    ]
    name = engine.customer_name(customer) or ""
    render.demo_result(app.console, DemoView(replace(summary, outputs=shown), customer, name, views, steps, more), app.language)


SANDBOX = Path("sandbox")
SANDBOX_CUSTOMERS = 2_000


def serve_sandbox(app: App, host: str, port: int, *, threads: int, worker: bool) -> None:
    """Serve a sandbox, made and filled where there is none yet, and print a key for it."""
    from engine import demo as company
    from engine.cli.serve import serve_engine
    from engine.service import Engine

    url = app.database
    if url is None:
        _make_folder(SANDBOX)
        _open(app, SANDBOX / "tierwise.db", company.TIMEZONE, company.CURRENCY).close()
        url = f"sqlite:///{SANDBOX / 'tierwise.db'}"
    with Engine.open(url) as engine:
        engine.sandbox.make()
        if app.database is None and not engine.runs(1):
            files = company.generate(SANDBOX, customers=SANDBOX_CUSTOMERS, seed=7)
            _import(app, engine, files)
            engine.publish("starter", note="the starter rulebook")
            engine.run(files.as_of)
        secret = engine.sandbox.new_key()
        password = _accounts(engine, SANDBOX) if app.database is None else ""
        at = engine.sandbox.clock()["now"]
        click.echo(app.text(f"A sandbox: its clock says {at}.", f"沙箱环境，时钟为 {at}。"))
        click.echo(app.text(f"  key for the API: {secret}", f"  API 测试密钥：{secret}"))
        if password:
            names = ", ".join(name for name, *_ in PEOPLE)
            click.echo(app.text(f"  accounts of the console: {names}; password: {password}", f"  控制台账户：{names}；密码：{password}"))
        serve_engine(app, engine, host, port, threads=threads, worker=worker)


HISTORY_MONTHS = 11

PEOPLE = (
    ("lin", "林薇", "rule_author", "zh"),
    ("chen", "Chen Yu", "approver", "en"),
    ("wang", "王静", "service", "zh"),
    ("ada", "Ada Lindqvist", "administrator", "en"),
)
"""The demo's accounts: name, display name, role, language. Their password is made anew for every demo folder."""


def _serve(app: App, engine: Engine, folder: Path, as_of: str, port: int | None) -> None:
    """The accounts, the rules that two of them agree on, a year of history, service and loyalty, the console."""
    from engine.cli.serve import serve_engine
    from engine.demo.house import furnish, publish

    password = _accounts(engine, folder)
    author, approver, _, head = (engine.acting_as(name) for name, *_ in PEOPLE)
    if len(engine.runs(HISTORY_MONTHS + 1)) <= HISTORY_MONTHS:
        publish(author, approver)
        with steps_bar(app, app.text("looking back", "回溯历史")) as tell:
            for _ in engine.run_history(HISTORY_MONTHS, until="2025-12-24", progress=tell):
                pass
        with steps_bar(app, app.text("run", "运行")) as tell:
            engine.run(as_of, progress=tell)
    with steps_bar(app, app.text("setting up service and loyalty", "布置服务与会员")):
        furnish(head)
    click.echo()
    click.echo(app.text("Accounts of the demo, all with the same password:", "示例账户，密码相同："))
    for name, _, role, language in PEOPLE:
        click.echo(f"  {name:<6} {role.replace('_', ' '):<14} {'中文' if language == 'zh' else 'English'}")
    click.echo(app.text(f"  password: {password}", f"  密码：{password}"))
    click.echo()
    serve_engine(app, engine, app.settings.host, port or app.settings.port)


def _accounts(engine: Engine, folder: Path) -> str:
    """The people of the demo; their password is kept in the folder, readable by its owner only."""
    import os
    import secrets

    path = folder / "password.txt"
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(f"demo-{secrets.token_hex(3)}-{secrets.token_hex(3)}")
    password = path.read_text(encoding="utf-8").strip()
    known = {user.name for user in engine.people.users()}
    for name, display, role, language in PEOPLE:
        if name not in known:
            engine.people.add(name, roles=[role], display_name=display, password=password, language=language)
    return password


def _someone(engine: Engine) -> str:
    """A customer worth explaining: one that was good and falls silent, else anyone."""
    for policy, value in (("rfm", "cannot_lose"), ("rfm", "at_risk"), ("lifecycle", "at_risk")):
        found = engine.assignments(policy, value=value)
        if len(found):
            return str(found["customer"].iloc[0])
    return str(engine.assignments()["customer"].iloc[0])


def _activation(app: App) -> list[tuple[str, str]]:
    """How to make `tierwise` a command of this shell, where it runs in a virtual environment that is not active."""
    if sys.prefix == sys.base_prefix or shutil.which("tierwise"):
        return []
    home = Path(sys.prefix)
    home = home.relative_to(Path.cwd()) if home.is_relative_to(Path.cwd()) else home
    return [(f". {home}/bin/activate", app.text("makes tierwise a command of this shell", "使 tierwise 成为本终端的命令"))]
