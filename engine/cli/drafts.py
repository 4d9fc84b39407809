"""Commands about drafts: rulebook new, edit, drafts, submit, withdraw, approve, reject, rollback. A draft is named d7."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from engine.cli.shared import App, json_option, pass_app, print_json
from engine.errors import StaleDraft, TierwiseError

if TYPE_CHECKING:
    from engine.store.drafts import Draft

STATES = {
    "open": "草稿", "submitted": "待审批", "approved": "已批准", "scheduled": "已排期", "published": "已发布", "discarded": "已放弃",
}  # fmt: skip

note_option = click.option("--note", default="", metavar="TEXT", help="What changes, or what was decided, and why.")


def is_draft(name: str) -> bool:
    """Whether a word on the command line names a draft: d7."""
    return name[:1] == "d" and name[1:].isascii() and name[1:].isdigit()


def say(app: App, draft: Draft, as_json: bool, en: str, zh: str) -> None:
    """Print the draft as it is now, and what comes next."""
    if as_json:
        print_json(draft.as_dict())
        return
    state = app.text(draft.status, STATES[draft.status])
    head = app.text(f"draft {draft.name} is {state}, revision {draft.revision}", f"草稿 {draft.name}：{state}，第 {draft.revision} 次修订")
    click.echo(f"{head}{app.text('; next: ', '；下一步：')}{app.text(en, zh)}")


@click.command()
@click.argument("file", required=False)
@click.option("--base", default="live", show_default=True, metavar="VERSION", help="Which version it starts from.")
@click.option("--title", default="", metavar="TEXT", help="What to call it.")
@note_option
@json_option
@pass_app
def new(app: App, file: str | None, base: str, title: str, note: str, as_json: bool) -> None:
    """Begin a draft from the live version, or from FILE, which may have faults."""
    with app.engine() as engine:
        draft = engine.drafts.new(base=base, document=file, title=title, note=note)
    say(app, draft, as_json, f"tierwise rulebook check {draft.name}", f"tierwise rulebook check {draft.name}")


@click.command()
@click.argument("draft")
@click.argument("file", required=False)
@click.option("--set", "settings", nargs=2, multiple=True, metavar="PLACE VALUE", help="Set one place; VALUE is JSON, or a text.")
@click.option("--remove", multiple=True, metavar="PLACE", help="Take out what stands at a place.")
@click.option("--undo", type=click.IntRange(1), metavar="N", help="Save revision N again instead.")
@click.option("--revision", type=click.IntRange(1), metavar="N", help="The revision that was read. Default: the newest.")
@note_option
@json_option
@pass_app
def edit(
    app: App,
    draft: str,
    file: str | None,
    settings: tuple[tuple[str, str], ...],
    remove: tuple[str, ...],
    undo: int | None,
    revision: int | None,
    note: str,
    as_json: bool,
) -> None:
    """Save the next state of DRAFT: FILE, or single places, such as --set 'policies[rfm].params.bins' 4.

    What was submitted or approved is open again then. When somebody saved since the revision that was read, nothing is
    changed.
    """
    changes: list[dict[str, Any]] = [{"place": place, "value": _value(value)} for place, value in settings]
    changes += [{"place": place, "remove": True} for place in remove]
    if (file is not None) + bool(changes) + (undo is not None) != 1:
        raise click.UsageError("give either FILE, or --set and --remove, or --undo")
    with app.engine() as engine:
        read = revision or engine.drafts.get(draft).revision
        try:
            if undo is not None:
                saved = engine.drafts.undo(draft, undo, revision=read, note=note)
            elif file is not None:
                saved = engine.drafts.edit(draft, revision=read, document=file, note=note)
            else:
                saved = engine.drafts.edit(draft, revision=read, changes=changes, note=note)
        except StaleDraft as stale:
            raise TierwiseError(f"{stale}; what stands there now: tierwise rulebook export {draft}") from stale
    say(app, saved, as_json, f"tierwise rulebook check {saved.name}", f"tierwise rulebook check {saved.name}")


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


@click.command("drafts")
@click.option("--status", type=click.Choice(list(STATES)), help="Only those of one state.")
@json_option
@pass_app
def drafts(app: App, status: str | None, as_json: bool) -> None:
    """List drafts, the newest first."""
    with app.engine() as engine:
        found = engine.drafts.list(status)
        moments = [engine.written(draft.updated_at)[:16].replace("T", " ") for draft in found]
    if as_json:
        print_json([draft.as_dict() for draft in found])
        return
    from engine.cli.show import listing

    heads = [(app.text("draft", "草稿"), "left"), (app.text("state", "状态"), "left"), (app.text("title", "名称"), "left")]
    heads += [(app.text("authors", "作者"), "left"), (app.text("saved", "保存时间"), "left")]
    rows = [
        [draft.name, app.text(draft.status, STATES[draft.status]), draft.title, ", ".join(draft.authors), moment]
        for draft, moment in zip(found, moments, strict=True)
    ]
    listing(app, app.text("Drafts", "草稿") if rows else app.text("There are no drafts", "没有草稿"), heads, rows)


@click.command()
@click.argument("draft")
@note_option
@json_option
@pass_app
def submit(app: App, draft: str, note: str, as_json: bool) -> None:
    """Hand DRAFT to a second person."""
    with app.engine() as engine:
        done = engine.drafts.submit(draft, note=note)
    say(
        app, done, as_json, f"another person: tierwise rulebook approve {done.name}", f"由另一人审批：tierwise rulebook approve {done.name}"
    )


@click.command()
@click.argument("draft")
@note_option
@json_option
@pass_app
def withdraw(app: App, draft: str, note: str, as_json: bool) -> None:
    """Take a submitted, approved or scheduled DRAFT back."""
    with app.engine() as engine:
        done = engine.drafts.withdraw(draft, note=note)
    say(app, done, as_json, f"tierwise rulebook edit {done.name}", f"tierwise rulebook edit {done.name}")


@click.command()
@click.argument("draft")
@click.option("--hash", "hash_", metavar="HASH", help="The whole hash of what was read; refused when something else is submitted by now.")
@note_option
@json_option
@pass_app
def approve(app: App, draft: str, hash_: str | None, note: str, as_json: bool) -> None:
    """Approve what is submitted in DRAFT. Its authors cannot."""
    with app.engine() as engine:
        done = engine.drafts.approve(draft, hash=hash_, note=note)
    say(app, done, as_json, f"tierwise rulebook publish {done.name}", f"tierwise rulebook publish {done.name}")


@click.command()
@click.argument("draft")
@note_option
@json_option
@pass_app
def reject(app: App, draft: str, note: str, as_json: bool) -> None:
    """Send a submitted DRAFT back to its authors."""
    with app.engine() as engine:
        done = engine.drafts.reject(draft, note=note)
    say(app, done, as_json, f"tierwise rulebook edit {done.name}", f"tierwise rulebook edit {done.name}")


@click.command()
@click.argument("version", required=False)
@note_option
@pass_app
def rollback(app: App, version: str | None, note: str) -> None:
    """Make the version that was live before live again, or VERSION."""
    with app.engine() as engine:
        done = engine.drafts.rollback(version, note=note)
    click.echo(app.text(f"version {done.number} is live again; next: tierwise run", f"版本 {done.number} 已恢复生效；下一步：tierwise run"))


COMMANDS = (new, edit, drafts, submit, withdraw, approve, reject, rollback)
