"""Every package that the code imports is declared, every declared one is used, bounded and explained."""

from __future__ import annotations

import configparser
import importlib.metadata
import re
import sys
from pathlib import Path

import pytest

from tests.test_imports import edges

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "explanation" / "dependencies.md").read_text(encoding="utf-8")

NEVER_IMPORTED = {
    "tzdata": "zoneinfo finds it by itself",
    "psycopg": "SQLAlchemy loads it for postgresql://",
    "plotly": "only the JavaScript that it carries is served",
    "wtforms": "only its bounds matter: Flask-Admin imports it",
}


def name_of(requirement: str) -> str:
    """The name of a requirement, as package indexes compare names."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, requirement
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def declared() -> dict[str, dict[str, str]]:
    """Section -> name -> requirement."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    sections = {"always": config["options"]["install_requires"], **config["options.extras_require"]}
    return {section: {name_of(line): line for line in text.split("\n") if line} for section, text in sections.items()}


DECLARED = declared()


def imported() -> set[str]:
    """The distributions of everything that the packages import."""
    homes = importlib.metadata.packages_distributions()
    tops = {target.split(".")[0] for _, target in edges()} - {"engine", "plugins", "admin"}
    return {name_of(homes[top][0]) for top in tops if top not in sys.stdlib_module_names}


def test_what_is_imported_is_declared():
    carried = {"adbc-driver-manager"}  # the drivers' own foundation, of the same release as they are
    carried |= {"markupsafe", "werkzeug"}  # Flask's own foundation
    assert imported() - carried - {name for names in DECLARED.values() for name in names} == set()


def test_what_is_declared_is_imported():
    needed = DECLARED["always"].keys() | DECLARED["postgres"].keys()
    assert needed - imported() - NEVER_IMPORTED.keys() == set()


@pytest.mark.parametrize("requirement", [line for names in DECLARED.values() for line in names.values()])
def test_every_dependency_is_explained(requirement: str):
    assert f"`{re.match(r'[A-Za-z0-9._-]+', requirement)[0]}`" in PAGE


@pytest.mark.parametrize("requirement", [*DECLARED["always"].values(), *DECLARED["postgres"].values()])
def test_the_page_says_the_bounds_of_the_declaration(requirement: str):
    bounds = re.search(r">=([\w.]+)(?:,<([\w.]+))?\Z", requirement)
    assert bounds, f"{requirement} has no lower bound"
    words = f"{bounds[1]} to {bounds[2]}" if bounds[2] else f"{bounds[1]} on"
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name
    assert f"| `{name[0]}` | {words} |" in PAGE


def test_the_test_tools_are_not_needed_at_run_time():
    assert DECLARED["always"].keys() & DECLARED["dev"].keys() == set()
