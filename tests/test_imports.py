"""Who may import whom: the dependency table of the design, held against the imports that are written in the code.

Imports inside functions count as much as those at the top of a module; those under TYPE_CHECKING do not run.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import engine

ROOT = Path(__file__).parents[1]

JOINTS = {
    "engine.assigning",
    "engine.audit",
    "engine.care_day",
    "engine.care_delivery",
    "engine.caring",
    "engine.cli",
    "engine.customers",
    "engine.comments",
    "engine.cut_finder",
    "engine.dividing",
    "engine.division_side",
    "engine.dossier",
    "engine.drafts",
    "engine.evaluate",
    "engine.evidence",
    "engine.explain",
    "engine.explaining",
    "engine.export",
    "engine.foresight",
    "engine.fixed_values",
    "engine.former",
    "engine.gateways",
    "engine.job_kinds",
    "engine.inbox",
    "engine.insight",
    "engine.installation",
    "engine.interactions",
    "engine.jobs",
    "engine.coalesce",
    "engine.exchange",
    "engine.feed",
    "engine.managers",
    "engine.offers",
    "engine.membership",
    "engine.people",
    "engine.pictures",
    "engine.points",
    "engine.questions",
    "engine.points_day",
    "engine.points_liability",
    "engine.portraying",
    "engine.previews",
    "engine.repeats",
    "engine.warm",
    "engine.webhooks",
    "engine.replay",
    "engine.moves",
    "engine.overview",
    "engine.policy_types",
    "engine.run_columns",
    "engine.rewards",
    "engine.rule_inspection",
    "engine.runner",
    "engine.retention",
    "engine.sandbox",
    "engine.schedules",
    "engine.service",
    "engine.standing",
    "engine.simulation",
    "engine.simulation_picture",
    "engine.simulations",
    "engine.summaries",
    "engine.tags",
    "engine.tasks",
    "engine.ticket_imports",
    "engine.attainment",
    "engine.tickets",
    "engine.ticket_ticks",
    "engine.ticket_clocks",
    "engine.ticket_letters",
    "engine.service_desk",
    "engine.calendars",
    "engine.trial",
    "engine.verification",
    "engine.views",
    "engine.wakeup",
    "engine.worker",
    "engine.wsgi",
}
"""Where the core and the store meet. Everything else in engine/ outside engine.store is core and knows no database."""

MAY_USE = {
    "plugins": {"engine", "plugins", "numpy", "marshmallow"},
    "admin": {
        "engine",
        "admin",
        "flask",
        "flask_admin",
        "flask_babel",
        "flask_limiter",
        "markdown_it",
        "flask_wtf",
        "markupsafe",
        "sqlalchemy",
        "werkzeug",
    },
    "store": {"engine", "sqlalchemy", "alembic", "sqlite3", "numpy", "pandas", "pyarrow"},
    "joint": {"engine", "sqlalchemy", "numpy", "pandas", "click", "rich"},
    "core": {"engine", "numpy", "pandas", "marshmallow", "pluggy", "yaml"},
}
"""Top-level packages beside the standard library; sqlite3 counts as a package of its own."""

ALSO = {
    "engine.care": {"lunar_python"},
    "engine.covers": {"pysat"},
    "engine.cron": {"croniter"},
    "engine.desk": {"holidays"},
    "engine.exporting.writers": {"openpyxl", "pyarrow"},
    "engine.passwords": {"pwdlib", "zxcvbn"},
    "engine.registry": {"plugins"},  # only its folder, to find what is built in
    "engine.render": {"rich"},
    "engine.settings": {"environs"},
    "engine.store.feature_fetch": {"adbc_driver_postgresql"},
    "engine.store.ingest.sheet_reader": {"openpyxl"},
    "engine.store.reader": {"adbc_driver_manager", "adbc_driver_sqlite"},
    "engine.tables.spreadsheet": {"openpyxl"},
    "engine.testing": {"pytest"},
    "engine.webhooks": {"standardwebhooks"},
    "engine.cli.serve": {"waitress"},
    "engine.wakeup": {"huey"},
    "engine.wsgi": {"admin"},
}
"""Single modules, or packages with all that is in them, that stand for one library."""

OTHER_SQLITES = {"adbc_driver_sqlite", "apsw", "duckdb", "pysqlite3"}
"""Libraries that carry an SQLite of their own: in one process with sqlite3 they lose commits and crash."""


def modules() -> dict[str, Path]:
    found = {}
    for package in ("engine", "plugins", "admin"):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def layer(module: str) -> str:
    for prefix, name in (("plugins", "plugins"), ("admin", "admin"), ("engine.store", "store"), ("engine.api", "api")):
        if module == prefix or module.startswith(f"{prefix}."):
            return name
    return "joint" if any(module == joint or module.startswith(f"{joint}.") for joint in JOINTS) else "core"


def imports(path: Path, module: str) -> set[str]:
    """Every module a file imports, `from package import name` counted as package.name where that is a module."""
    found: set[str] = set()
    for node in running(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node, module, path)
            inner = {f"{base}.{alias.name}" for alias in node.names}
            found |= (inner & MODULES.keys()) | ({base} if inner - MODULES.keys() else set())
    return found


def running(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes that run, those under `if TYPE_CHECKING` left out."""
    yield tree
    for child in ast.iter_child_nodes(tree):
        if not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)):
            yield from running(child)


def absolute(node: ast.ImportFrom, module: str, path: Path) -> str:
    if not node.level:
        return node.module or ""
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    return ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])


IMPORTS = {module: imports(path, module) for module, path in MODULES.items()}


def edges() -> list[tuple[str, str]]:
    return [(module, target) for module, targets in IMPORTS.items() for target in sorted(targets)]


def also(module: str) -> set[str]:
    return {library for owner, libraries in ALSO.items() if module == owner or module.startswith(f"{owner}.") for library in libraries}


def test_only_the_libraries_of_its_layer():
    wrong = []
    for module, target in edges():
        top = target.split(".")[0]
        if top in sys.stdlib_module_names and top != "sqlite3":
            continue
        if layer(module) != "api" and top not in MAY_USE[layer(module)] | also(module):
            wrong.append(f"{module} ({layer(module)}) imports {target}")
    assert wrong == []


def test_the_core_knows_neither_the_store_nor_what_stands_on_it():
    above = {"store", "joint", "api", "admin"}
    lazy = ("engine", "engine.service")  # the package hands out Engine when it is asked for
    wrong = [f"{m} imports {t}" for m, t in edges() if layer(m) == "core" and t in MODULES and layer(t) in above and (m, t) != lazy]
    assert wrong == []


def test_the_store_knows_nothing_that_stands_on_it():
    wrong = [
        f"{m} imports {t}" for m, t in edges() if layer(m) == "store" and t in MODULES and layer(t) in {"joint", "api", "admin", "plugins"}
    ]
    assert wrong == []


def test_plugins_use_public_names_only():
    wrong = []
    for module, path in MODULES.items():
        if layer(module) != "plugins":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "engine":
                wrong += [f"{module}: engine.{alias.name}" for alias in node.names if alias.name not in engine.__all__]
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("engine."):
                wrong.append(f"{module}: {node.module}")
            elif isinstance(node, ast.Import):
                wrong += [f"{module}: {alias.name}" for alias in node.names if alias.name.startswith("engine.")]
    assert wrong == []


def test_a_plugin_leaves_the_other_plugins_alone():
    own = [(m, t) for m, t in edges() if layer(m) == "plugins" and layer(t) == "plugins" and t in MODULES]
    assert [f"{m} imports {t}" for m, t in own if m.split(".")[:2] != t.split(".")[:2] and t != "plugins"] == []


def test_the_console_reaches_the_engine_through_its_verbs():
    doors = {"engine", "engine.service", "engine.store.models"}
    wrong = [f"{m} imports {t}" for m, t in edges() if layer(m) == "admin" and t.startswith(("engine", "plugins")) and t not in doors]
    assert wrong == []


def test_a_second_sqlite_lives_in_the_reader_process_alone():
    users = {module for module, target in edges() if target.split(".")[0] in OTHER_SQLITES}
    assert users == {"engine.store.reader"}
    assert [module for module, target in edges() if target == "engine.store.reader"] == []


def loaded_by(statement: str) -> set[str]:
    """The top-level modules that a statement loads in a new interpreter."""
    code = f"import sys\n{statement}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement", ["import engine", "from engine import Policy, Params, Output, Label, Codes, hookimpl, bands, editors"]
)
def test_the_package_loads_neither_database_nor_web(statement: str):
    loaded = loaded_by(statement)
    assert "engine" in loaded
    assert not loaded & ({"flask", "sqlalchemy", "alembic", "sqlite3", "pandas", "rich"} | OTHER_SQLITES)


def test_conditions_and_tables_need_no_database():
    loaded = loaded_by("from engine import Condition, DecisionTable\nimport plugins.rfm, plugins.abc, plugins.lifecycle")
    assert not loaded & ({"flask", "sqlalchemy", "sqlite3"} | OTHER_SQLITES)


def test_the_reader_process_never_loads_the_other_sqlite(tmp_path: Path):
    command = [sys.executable, "-X", "importtime", "-m", "engine.store.reader", str(tmp_path / "store.db"), "1"]
    (tmp_path / "store.db").touch()
    done = subprocess.run(command, input="", capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == '{"open": 1}\n', "it opened the file, so it has loaded what it needs"
    loaded = {line.rpartition("|")[2].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert "adbc_driver_sqlite" in loaded
    assert not loaded & {"sqlalchemy", "sqlite3", "_sqlite3", "flask", "pandas"}


def test_a_library_of_a_single_module_is_used_there():
    unused = {(owner, library) for owner, libraries in ALSO.items() for library in libraries} - {
        (owner, target.split(".")[0]) for module, target in edges() for owner in ALSO if module == owner or module.startswith(f"{owner}.")
    }
    assert unused == set()


def test_the_service_never_loads_the_readers_sqlite():
    assert not loaded_by("import engine.service\nimport engine.store.features") & OTHER_SQLITES


@pytest.mark.parametrize("name", [name for name in engine.__all__ if not name.startswith("__")])
def test_every_public_name_is_there(name: str):
    assert getattr(engine, name) is not None


def test_the_public_names_are_sorted():
    assert engine.__all__ == sorted(engine.__all__)


def test_a_name_that_is_not_public_is_refused():
    with pytest.raises(AttributeError, match="no attribute 'Policies'"):
        _ = engine.Policies
