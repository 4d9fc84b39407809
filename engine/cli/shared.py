"""What the commands share: the open store, the way errors end, progress bars, JSON."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from engine.errors import TierwiseError

if TYPE_CHECKING:
    from rich.console import Console

    from engine.service import Engine
    from engine.settings import Settings
    from engine.store.session import Store

OK, FAULTS, WRONG, HELD = 0, 1, 2, 3
"""Exit codes: done; a run completed with faults; wrong input or use; a run is held by a guard."""


ID = click.IntRange(1, 2**31 - 1)
"""The number of a run or of an import."""

_REFUSALS = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EMFILE, errno.EIO}
"""Refusals of the system that are no bug: a full or broken disk, missing rights."""


class Failure(click.ClickException):
    """A `TierwiseError` on its way out: its message on stderr in the reader's language, its exit code, no traceback."""

    def __init__(self, error: TierwiseError, language: str = "en") -> None:
        from engine.chinese import error_in

        super().__init__(error_in(error, language))
        self.exit_code = error.exit_code  # type: ignore[misc]  # click declares it per class; ours comes with the error
        self.language = language

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message on standard error."""
        click.echo(f"错误：{self.message}" if self.language == "zh" else f"Error: {self.message}", file=file, err=file is None)


class Misuse(click.UsageError):
    """A wrong call, said in Chinese."""

    def __init__(self, error: click.UsageError) -> None:
        from engine.chinese import usage_zh

        super().__init__(usage_zh(error.format_message()), error.ctx)

    def show(self, file: IO[Any] | None = None) -> None:
        """Print how the command is used, where its help is, and what was wrong."""
        if self.ctx is not None:
            usage = self.ctx.get_usage().removeprefix("Usage: ")
            hint = f"\n可用 '{self.ctx.command_path} --help' 查看说明。\n"
            click.echo(f"用法：{usage}{hint}", file=file, err=file is None)
        click.echo(f"错误：{self.message}", file=file, err=file is None)


def language_of(context: click.Context) -> str:
    """The language of messages, known even where the settings are what is wrong."""
    app = context.find_object(App)
    if app is not None:
        with suppress(TierwiseError):
            return app.language
    given = context.find_root().params.get("language")
    return str(given or ("zh" if os.environ.get("TIERWISE_LANGUAGE") == "zh" else "en"))


class Family(click.Group):
    """The commands as one group that lists them in the order of use and turns errors into messages."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which they were added: the order in which they are needed."""
        return list(self.commands)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command, with a "did you mean" for a mistyped one."""
        from engine.errors import did_you_mean

        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in self.commands:
            hint = did_you_mean(name, self.commands)
            raise click.UsageError(f"there is no command {name!r}; {hint or 'commands are ' + ', '.join(self.commands)}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; every `TierwiseError` becomes a message and exit code 2."""
        try:
            return super().invoke(ctx)
        except TierwiseError as error:
            raise Failure(error, language_of(ctx)) from error
        except click.UsageError as error:
            if isinstance(error, Misuse) or language_of(ctx) != "zh":
                raise
            raise Misuse(error) from error
        except OSError as error:
            if error.errno not in _REFUSALS:
                raise
            place = f"{error.filename}: " if error.filename else ""
            raise Failure(TierwiseError(f"{place}{error.strerror}; what was not finished has changed nothing"), language_of(ctx)) from error
        except KeyboardInterrupt:
            zh = language_of(ctx) == "zh"
            click.echo(
                "\n已中断；未完成的部分未作任何更改。" if zh else "\nInterrupted; what was not finished has changed nothing.", err=True
            )
            ctx.exit(130)


@dataclass
class App:
    """The options that stand before the command, and what is opened by them."""

    database: str | None
    language_given: str | None

    @cached_property
    def settings(self) -> Settings:
        """The settings, with the options of the command line winning."""
        from engine.settings import Settings

        return Settings.read(database_url=self.database, language=self.language_given)

    @property
    def language(self) -> str:
        """In which language results are printed: en or zh."""
        return self.settings.language

    @contextmanager
    def engine(self, plugins: tuple[Path, ...] = ()) -> Iterator[Engine]:
        """The open engine; a store that is not there is an error that says how to make one."""
        from engine.service import Engine

        with Engine.open(self.settings.database_url, create=False, plugins=plugins) as engine:
            yield engine

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The open store alone, for commands that need no plugins."""
        with self.engine() as engine:
            yield engine.store

    @cached_property
    def console(self) -> Console:
        """Where results are printed."""
        from engine.render import make_console

        return make_console()

    def text(self, en: str, zh: str) -> str:
        """One of two texts, in the chosen language."""
        return zh if self.language == "zh" else en


pass_app = click.make_pass_decorator(App)

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")


def print_json(value: Any) -> None:
    """Print one JSON document on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


@contextmanager
def rows_bar(app: App, title: str, *, quiet: bool = False) -> Iterator[Callable[[int, int | None], None]]:
    """A bar on standard error that counts rows with rate and time left; only on a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from engine.render import make_console, rows_progress

    with rows_progress(make_console(stderr=True), app.language) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def steps_bar(app: App, title: str, *, quiet: bool = False) -> Iterator[Callable[[str, int, int], None]]:
    """A bar on standard error that names the step something is at; only on a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda step, done, total: None
        return
    from engine.render import make_console, step_words, steps_progress

    with steps_progress(make_console(stderr=True), app.language) as bar:
        task = bar.add_task(title, total=None)
        yield lambda step, done, total: bar.update(task, description=step_words(step, app.language), completed=done, total=total)


def to_the_minute(written: str) -> str:
    """A moment as people read it: the day and the minute of one that is written in full."""
    return written[:16].replace("T", " ")


def counted(number: int, noun: str) -> str:
    """A number with its English noun: 1 task, 2 tasks."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
