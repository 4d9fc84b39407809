"""Commands that correct stored facts: void takes out, patch changes single fields."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.chinese import message_zh
from engine.cli.shared import OK, WRONG, App, json_option, pass_app, print_json
from engine.errors import FactError

if TYPE_CHECKING:
    from engine.exchange import Taken
    from engine.service import Engine

KINDS = ("customer", "product", "order", "line", "rate")
SHOWN = 20

kind_argument = click.argument("kind", type=click.Choice(KINDS))
file_option = click.option(
    "--file", "file", type=click.Path(path_type=Path), help="Many facts: one JSON object per line, named by the fields of its kind."
)
atomic_option = click.option("--atomic", is_flag=True, help="All rows or none.")
dry_option = click.option("--dry-run", is_flag=True, help="Do everything, report, and keep nothing.")


@click.command(short_help="Take wrong facts out.")
@kind_argument
@click.argument("source")
@click.argument("fact", required=False)
@click.option("--back", is_flag=True, help="Bring voided facts back.")
@file_option
@atomic_option
@dry_option
@json_option
@pass_app
def void(
    app: App, kind: str, source: str, fact: str | None, back: bool, file: Path | None, atomic: bool, dry_run: bool, as_json: bool
) -> None:
    """Take wrong facts out of every feature; they stay stored, and stay void when their source sends them again.

    FACT is the id at SOURCE; of a line its order and place (O1/2), of a rate currency and day (EUR/2025-01-31).
    """
    rows, atomic = _rows(kind, fact, {}, file, atomic)
    taken = _done(app, dry_run, lambda engine: engine.exchange.void(f"{kind}s", rows, source=source, whole=atomic, back=back))
    state = app.text("count again", "恢复有效") if back else app.text("are void", "已作废")
    _tell(app, taken, state, dry_run=dry_run, as_json=as_json)


@click.command(short_help="Change single fields of facts.")
@kind_argument
@click.argument("source")
@click.argument("fact", required=False)
@click.argument("changes", nargs=-1, metavar="[FIELD=VALUE]...")
@file_option
@atomic_option
@dry_option
@json_option
@pass_app
def patch(
    app: App,
    kind: str,
    source: str,
    fact: str | None,
    changes: tuple[str, ...],
    file: Path | None,
    atomic: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Change single fields of stored facts; what is not named stays. FIELD= without a value clears a field.

    FACT is the id at SOURCE; of a line its order and place (O1/2), of a rate currency and day (EUR/2025-01-31).
    """
    rows, atomic = _rows(kind, fact, dict(map(_change, changes)), file, atomic)
    if fact is not None and not changes:
        raise click.UsageError("say what changes, as FIELD=VALUE")
    taken = _done(app, dry_run, lambda engine: engine.exchange.amend(f"{kind}s", rows, source=source, whole=atomic))
    _tell(app, taken, app.text("are changed", "已更改"), dry_run=dry_run, as_json=as_json)


def _change(text: str) -> tuple[str, str | None]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.UsageError(f"found {text!r}; expected FIELD=VALUE")
    return name, value or None


def _rows(kind: str, fact: str | None, changes: dict[str, Any], file: Path | None, atomic: bool) -> tuple[Any, bool]:
    from engine.store.ingest.naming import fact_row

    if (fact is None) == (file is None):
        raise click.UsageError("name one fact, or a file of them with --file")
    if fact is None:
        assert file is not None
        return read_lines(file), atomic
    named = fact_row(f"{kind}s", fact)
    twice = next((name for name in changes if name in named), None)
    if twice is not None:
        raise click.UsageError(f"{twice} names the fact and cannot be changed")
    return [{**named, **changes}], True


def read_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a file of JSON Lines with their line numbers. Raises `FactError` naming a line that is none."""
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield number, _object(line, f"{path}, line {number}")
    except OSError as error:
        raise FactError(f"{path} cannot be read: {error.strerror}") from None


def _object(line: bytes, place: str) -> dict[str, Any]:
    try:
        found = json.loads(line.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise FactError(f"{place}: not JSON: {str(error)[:200]}") from None
    if not isinstance(found, dict):
        raise FactError(f"{place}: expected an object such as {{...}}")
    if any(isinstance(value, dict | list) for value in found.values()):
        raise FactError(f"{place}: expected a single value for each field")
    return found


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")


def _done(app: App, dry_run: bool, act: Callable[[Engine], Taken]) -> Taken:
    with app.engine() as engine, engine.store.together() as whole:
        taken = act(engine)
        if dry_run:
            whole.undo()
        return taken


def _tell(app: App, taken: Taken, state: str, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json(taken.as_dict())
    else:
        for each in taken.errors[:SHOWN]:
            wanted = app.text(f"{each.reason}; expected {each.expected}", f"{message_zh(each.reason)}；应为{message_zh(each.expected)}")
            click.echo(app.text(f"row {each.row}, {each.field}: ", f"第 {each.row} 行，{each.field}：") + wanted, err=True)
        kept = app.text("nothing was kept", "未保留任何更改")
        if not taken.kept or dry_run:
            state += f" ({kept})"
        words = f"{taken.updated:,} {state}, {taken.unchanged:,} as before, {taken.rejected:,} rejected"
        zh = f"{taken.updated:,} 条{state}，{taken.unchanged:,} 条未变，{taken.rejected:,} 条被拒"
        again = app.text("; run again to grade accordingly", "；请重新运行") if taken.updated and taken.kept and not dry_run else ""
        click.echo(app.text(words, zh) + again, err=bool(taken.rejected and not taken.updated))
    click.get_current_context().exit(WRONG if taken.rejected else OK)
