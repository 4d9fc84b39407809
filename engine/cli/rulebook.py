"""Commands about rules: rulebook check, show, export, publish, diff, simulate, log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.cli.drafts import COMMANDS, is_draft
from engine.cli.shared import FAULTS, HELD, WRONG, App, Family, json_option, pass_app, print_json
from engine.errors import ApprovalNeeded, TierwiseError

if TYPE_CHECKING:
    from engine.differences import Difference
    from engine.service import Engine


@click.group(cls=Family, short_help="Check, publish and compare rules.")
def rulebook() -> None:
    """Check, publish and compare rulebooks. A version is its number, the start of its hash, or "live"."""


@rulebook.command()
@click.argument("file")
@json_option
@click.pass_context
@pass_app
def check(app: App, context: click.Context, file: str, as_json: bool) -> None:
    """Check FILE (or "starter") completely: every fault at once; then what is incomplete or useless in its rules.

    Findings come with an example, and with the number of stored customers they touch. Rows of a table that conflict end
    the command with code 2, as nothing that holds any can be published.
    """
    with app.engine() as engine:
        source = engine.drafts.get(file).document if is_draft(file) else file
        checked = engine.check(source)
        known = {version.hash: version.number for version in engine.rulebook_log()}
        findings = engine.verify(source)
    sound = not any(found.finding.severity == "error" for found in findings)
    if as_json:
        print_json({"hash": checked.hash, "version": known.get(checked.hash), "findings": [found.as_dict() for found in findings]})
    else:
        from engine import render

        policies = [entry.key if entry.key == entry.type else f"{entry.key} ({entry.type})" for entry in checked.entries]
        render.check_ok(app.console, file, policies, checked.hash, app.language, known.get(checked.hash), sound=sound)
        render.rule_findings(app.console, findings, app.language)
    if not sound:
        context.exit(WRONG)


@rulebook.command()
@click.argument("version", default="live")
@json_option
@pass_app
def show(app: App, version: str, as_json: bool) -> None:
    """Show a version: its policies in the order of evaluation, what they read and what they give."""
    with app.engine() as engine:
        record, loaded = engine.version(version), engine.rulebook(version)
    if as_json:
        print_json(
            {"number": record.number, "hash": record.hash, "author": record.author, "note": record.note, "document": record.document}
        )
        return
    from engine.cli.show import listing

    heads = [
        (app.text(en, zh), "left")
        for en, zh in (("policy", "策略"), ("type", "类型"), ("title", "名称"), ("reads", "输入"), ("gives", "输出"))
    ]
    rows = [
        [
            step.entry.key,
            step.entry.type,
            step.entry.title.in_(app.language),
            "\n".join(step.reads),
            "\n".join(output.name for output in step.outputs),
        ]
        for step in loaded.plan.steps
    ]
    rows += [
        [entry.key, entry.type, entry.title.in_(app.language), app.text("disabled", "已停用"), ""]
        for entry in loaded.entries
        if not entry.enabled
    ]
    listing(app, f"{loaded.name}, {app.text('version', '版本')} {record.number}", heads, rows, about=record.hash[:12])


@rulebook.command("export")
@click.argument("version", default="live")
@click.option("--format", "format_", type=click.Choice(["yaml", "json"]), help="Default: by the ending of the file, else yaml.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Default: standard output.")
@pass_app
def export(app: App, version: str, format_: str | None, output: Path | None) -> None:
    """Write a version as a document that can be edited and published again, every default written out."""
    from engine.export import write_bytes

    with app.engine() as engine:
        document = engine.drafts.get(version).document if is_draft(version) else engine.version(version).document
    format_ = format_ or ("json" if output is not None and output.suffix.lower() == ".json" else "yaml")
    text = as_text(document, format_)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_bytes(output, text.encode())
        click.echo(f"{output}", err=True)


def as_text(document: Any, format_: str) -> str:
    """A rulebook document as YAML or JSON that reads back as the same document."""
    if format_ == "json":
        return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    from engine.document_writer import as_yaml

    return as_yaml(document)


@rulebook.command()
@click.argument("file")
@click.option("--note", default="", metavar="TEXT", help="What changes, and why.")
@click.option("--at", metavar="T", help="Of an approved draft: publish it at this moment.")
@click.pass_context
@pass_app
def publish(app: App, context: click.Context, file: str, note: str, at: str | None) -> None:
    """Make an approved draft (d7) live, or check FILE (or "starter") and make it live where one person may.

    Where a second person has to approve it, FILE becomes a submitted draft, and the command ends with code 3. The content
    of an earlier version becomes live again under its own number.
    """
    with app.engine() as engine:
        if is_draft(file):
            done = engine.drafts.publish(file, at=at, note=note)
            if done.status == "scheduled":
                click.echo(app.text(f"draft {done.name} becomes live at {at}", f"草稿 {done.name} 将于 {at} 生效"))
                return
            version = engine.version(str(done.version))
        elif at is not None:
            raise click.UsageError("--at is for an approved draft, such as d7")
        else:
            try:
                version = engine.publish(file, note=note)
            except ApprovalNeeded as needed:
                name = f"d{needed.draft}"
                click.echo(
                    app.text(
                        f"submitted as draft {name}, not live yet; another person: tierwise rulebook approve {name}",
                        f"已提交为草稿 {name}，尚未生效；由另一人审批：tierwise rulebook approve {name}",
                    )
                )
                context.exit(HELD)
    click.echo(
        app.text(
            f"version {version.number} ({version.hash[:12]}) is live; next: tierwise run",
            f"版本 {version.number}（{version.hash[:12]}）已生效；下一步：tierwise run",
        )
    )


@rulebook.command()
@click.argument("a")
@click.argument("b")
@click.option("--places", is_flag=True, help="Places and values of the documents instead of words.")
@json_option
@pass_app
def diff(app: App, a: str, b: str, places: bool, as_json: bool) -> None:
    """Say what differs between two versions or files, every default written out."""
    from engine.differences import differences

    with app.engine() as engine:
        documents = _document(engine, a), _document(engine, b)
        words = engine.differences(*documents)
    if as_json:
        print_json([{"place": one.place, "was": one.was, "now": one.now, "kind": one.kind} for one in differences(*documents)])
        return
    if not words:
        click.echo(app.text(f"{a} and {b} say the same", f"{a} 与 {b} 内容相同"))
    lines = [(one.kind, one.text.in_(app.language)) for one in words]
    if places:
        lines = [(one.kind, f"{one.place}: {_values(one)}") for one in differences(*documents)]
    signs = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}
    for kind, text in lines:
        sign, colour = signs[kind]
        click.secho(f"{sign} {text}", fg=colour)


def _values(one: Difference) -> str:
    return {"added": one.now_text, "removed": one.was_text, "changed": f"{one.was_text} -> {one.now_text}"}[one.kind]


@rulebook.command()
@click.argument("file")
@click.option("--as-of", metavar="T", help="The moment. Default: that of the newest visible run.")
@click.option("--movers", type=click.IntRange(0), default=10, show_default=True, help="How many single customers to list.")
@json_option
@pass_app
def simulate(app: App, file: str, as_of: str | None, movers: int, as_json: bool) -> None:
    """Show what FILE (or "starter") would change for every customer, if it were live.

    Nothing is stored. Exit code 1: a policy of FILE failed.
    """
    with app.engine() as engine:
        source = engine.drafts.get(file).document if is_draft(file) else file
        found = engine.simulate(source, as_of=as_of, movers=movers)
        moment, business = engine.written(found.as_of), engine.business
        more = found.service.more_managed if found.service is not None else 0
        places = engine.managers.capacity(more).words() if more > 0 else None
    if as_json:
        print_json(found.as_dict() | {"as_of": moment})
    else:
        from engine import render

        digits = business.minor_digits
        render.simulation(app.console, found, moment, app.language, currency=business.currency, minor_digits=digits, places=places)
    click.get_current_context().exit(FAULTS if found.faults else 0)


def _document(engine: Engine, name: str) -> Any:
    """The canonical document of a file that is there, else of a draft or of a version."""
    if name == "starter" or Path(name).is_file():
        return engine.check(name).document
    if is_draft(name):
        return engine.check(engine.drafts.get(name).document).document
    if Path(name).suffix:
        raise TierwiseError(f"there is no file {name}")
    return engine.version(name).document


@rulebook.command()
@json_option
@pass_app
def log(app: App, as_json: bool) -> None:
    """List every version, the newest first: who wrote it, when it was published, and which is live."""
    with app.engine() as engine:
        from engine.cli.views import version_lines

        lines = version_lines(engine)
        published = engine.drafts.log()
        moments = [engine.written(one.published_at) for one in published]
    if as_json:
        print_json(
            [
                {
                    "version": line.number,
                    "hash": line.hash,
                    "live": line.live,
                    "author": line.author,
                    "published": line.published or None,
                    "note": line.note,
                    "publications": [
                        one.as_dict() | {"published_at": moment}
                        for one, moment in zip(published, moments, strict=True)
                        if one.version == line.number
                    ],
                }
                for line in lines
            ]
        )
        return
    from engine import render
    from engine.cli.show import listing

    render.versions(app.console, lines, app.language)
    rows = [
        [
            one.version,
            app.text(one.kind, {"publish": "发布", "rollback": "回滚"}[one.kind]),
            moment[:16].replace("T", " "),
            ", ".join(one.authors) or one.actor,
            app.text("self-approved", "自行批准") if one.self_approved else one.approved_by,
            one.note,
        ]
        for one, moment in zip(published, moments, strict=True)
    ]
    heads = [("", "right"), (app.text("act", "操作"), "left"), (app.text("when", "时间"), "left"), (app.text("author", "作者"), "left")]
    heads += [(app.text("approved by", "审批人"), "left"), (app.text("note", "说明"), "left")]
    if rows:
        listing(app, app.text("What became live when, the newest first", "生效记录，最新在前"), heads, rows, fold=5)


for command in COMMANDS:
    rulebook.add_command(command)
