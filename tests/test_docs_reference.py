"""The reference pages are complete: every command and option, every verb, every fault; and their examples run."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import engine
from engine.cli import cli
from engine.service import Engine

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def commands(group: click.Group, path: str = "tierwise") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")


COMMANDS = dict(commands(cli))


def sections(page: str) -> dict[str, str]:
    """Heading to text, of the headings that name a command."""
    parts = re.split(r"^#{2,3} `(.+)`$", (DOCS / "reference" / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_page_has_every_command_and_no_other() -> None:
    assert list(sections("command-line.md")) != []
    assert set(sections("command-line.md")) == set(COMMANDS)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_option_of_a_command_is_on_the_page(name: str) -> None:
    text = sections("command-line.md")[name]
    options = [
        option for param in COMMANDS[name].params if isinstance(param, click.Option) for option in param.opts if option.startswith("-")
    ]
    assert [option for option in options if option not in text and option not in ("--help", "-h", "--json")] == []
    named = set(re.findall(r"(?<![\w-])(--[a-z][a-z-]+)", text))
    every = {option for command in COMMANDS.values() for param in command.params for option in param.opts} | {"--help"}
    assert named <= every


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_says_what_it_does(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    assert command.help.strip().split("\n")[0].endswith((".", '"'))
    assert all(param.help for param in command.params if isinstance(param, click.Option))
    assert len(command.get_short_help_str(60)) <= 60


def test_every_verb_of_the_engine_is_on_the_page_and_no_other() -> None:
    text = (DOCS / "reference" / "python-api.md").read_text(encoding="utf-8")
    verbs = {name for name, member in vars(Engine).items() if callable(member) and not name.startswith("_")} | {"open"}
    named = set(re.findall(r"^\| `(\w+)\(", text, re.MULTILINE)) | {"open", "close"}
    assert named == verbs
    errors = {name for name in engine.__all__ if name.endswith(("Error", "PolicyFault", "UnknownCustomer"))} - {"TierwiseError"}
    assert {name for name in re.findall(r"`(\w+)`", text.partition("## Errors")[2]) if name in engine.__all__} >= errors


def test_the_python_example_prints_what_its_comments_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code = re.findall(r"```python\n(.*?)```", (DOCS / "reference" / "python-api.md").read_text(encoding="utf-8"), re.DOTALL)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec("".join(code), {})  # noqa: S102 the page's own example
    assert printed.getvalue().splitlines() == re.findall(r"print\(.*\) +# (.*)", "".join(code))


def test_every_fault_is_listed_once() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "engine").rglob("*.py"))
    raised = {fault for fault in re.findall(r"\bTW\d{3}\b", code) if not fault.startswith("TW3")}
    listed = re.findall(r"^\| (TW\d{3}) \|", (DOCS / "reference" / "faults.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(raised)


PAGES = sorted(DOCS.rglob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(DOCS)) for page in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if "://" not in target and not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(DOCS)) for page in PAGES])
def test_commands_on_a_page_exist(page: Path) -> None:
    written = re.findall(r"`(tierwise [^`]*)`|^(tierwise .*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    for line in (quoted or typed for quoted, typed in written):
        words = [word for word in re.sub(r"--(language|database) \S+", "", line).split()[1:] if not word.startswith(("-", "["))]
        name = f"tierwise {words[0]}" if words and re.fullmatch("[a-z]+", words[0]) else None
        assert name is None or name in COMMANDS, line
        if name and isinstance(COMMANDS[name], click.Group) and len(words) > 1:
            assert f"{name} {words[1]}" in COMMANDS, line
