"""No text of a user is ever run: no eval, no pickle, no query languages of data frames, no SQL put together from values."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = [path for folder in ("engine", "plugins", "admin") for path in sorted((ROOT / folder).rglob("*.py"))]
FORBIDDEN = {
    *((".", name) for name in ("eval", "exec", "compile", "__import__")),
    *(("yaml", name) for name in ("load", "load_all", "unsafe_load", "full_load")),
    *(("pd", name) for name in ("eval", "read_pickle")),
    *(("os", name) for name in ("system", "popen")),
}
"""Calls by owner and name; the owner of a plain name is "."."""

FORBIDDEN_METHODS = {"query", "eval", "to_pickle"}
"""What data frames call the methods that run Python; nothing of ours is called so."""

FORBIDDEN_MODULES = {"pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "code", "codeop"}

PATTERN_CALLS = {"compile", "match", "search", "fullmatch", "sub", "subn", "split", "findall", "finditer"}
"""Regular expressions are constants of the source, never texts of a user."""

LOOPS_OVER_ITS_OWN_PATTERNS = {"engine/chinese.py", "engine/render/phrases.py"}


def name_of(node: ast.expr) -> tuple[str, str]:
    """(owner, name) of what is called; the owner is "." for a plain name, "?" for what is no name."""
    if isinstance(node, ast.Attribute):
        return (node.value.id if isinstance(node.value, ast.Name) else "?", node.attr)
    return (".", node.id if isinstance(node, ast.Name) else "")


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node, *name_of(node.func)


def constant(node: ast.expr) -> bool:
    """Whether a pattern is written in the source: a text, or texts put together."""
    return isinstance(node, ast.Constant) or (isinstance(node, ast.BinOp) and constant(node.left) and constant(node.right))


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").split(".")[0]


def problem(call: ast.Call, owner: str, name: str) -> str:
    """Why a call is not allowed; empty when it is."""
    first = call.args[0] if call.args else None
    if (owner, name) in FORBIDDEN or (owner != "." and name in FORBIDDEN_METHODS):
        return f"{owner}.{name}()"
    if owner == "re" and name in PATTERN_CALLS and not (first is not None and constant(first)):
        return f"re.{name}() with a pattern that is no constant"
    if owner in (".", "sa", "sqlalchemy") and name in ("text", "literal_column") and first is not None and not safe_sql(first):
        return f"{name}() of a text that is put together"
    if any(keyword.arg == "shell" for keyword in call.keywords):
        return "a shell"
    return ""


def faults(source: str) -> list[str]:
    """What a source file does that it must not, with the line."""
    tree = ast.parse(source)
    found = [f"imports {name}" for name in imported(tree) if name in FORBIDDEN_MODULES]
    return found + [f"line {call.lineno}: {why}" for call, owner, name in calls(tree) if (why := problem(call, owner, name))]


def safe_sql(node: ast.expr) -> bool:
    """A constant, or a name or an attribute of the source's own (ASSIGNMENT_VIEW); never an f-string, %, + or format."""
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id.isupper())


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_becomes_code(path: Path) -> None:
    found = faults(path.read_text(encoding="utf-8"))
    if str(path.relative_to(ROOT)) in LOOPS_OVER_ITS_OWN_PATTERNS:
        found = [fault for fault in found if "pattern" not in fault]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "eval('1')",
        "exec(code)",
        "compile(x, '', 'exec')",
        "__import__(name)",
        "import pickle",
        "from marshal import loads",
        "import yaml\nyaml.load(x)",
        "frame.query(rule)",
        "frame.eval(rule)",
        "pd.eval(rule)",
        "os.system(x)",
        "re.compile(user)",
        "re.search(user, text)",
        "subprocess.run(x, shell=True)",
        "text(f'select {name}')",
        "text('select ' + name)",
        "text('select %s' % name)",
        "text('select {}'.format(name))",
        "sa.text(user)",
    ],
)
def test_the_lint_finds_what_it_looks_for(source: str) -> None:
    assert faults(source)


@pytest.mark.parametrize(
    "source", ["text('select 1')", "text(ASSIGNMENT_VIEW)", "re.compile(r'a+')", "yaml.parse(x)", "page.text(f'{x}')", "subprocess.run(x)"]
)
def test_the_lint_leaves_the_rest_alone(source: str) -> None:
    assert faults(source) == []
