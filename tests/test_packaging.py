"""What is shipped: the source archive, the wheel built from it, and the command that the wheel installs.

setuptools leaves a folder without an `__init__.py` out of the wheel and says nothing, so the wheel is compared with the
source file by file. Nothing here needs the network.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("engine", "plugins", "admin")
RUBBISH = shutil.ignore_patterns("__pycache__", "*.pyc", "*.pyo")


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the source, so that neither leftovers of earlier builds get in nor new ones stay behind."""
    copy = tmp_path_factory.mktemp("source")
    for folder in (*PACKAGES, "tests", "docs", "bench", ".ci"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=RUBBISH)
    for file in ("setup.cfg", "pyproject.toml", "MANIFEST.in", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile"):
        shutil.copy(ROOT / file, copy / file)
    return copy


@pytest.fixture(scope="module")
def built(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source archive and the wheel that was built from the source archive."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, source, cwd=out)
    return out


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("tierwise-*-py3-none-any.whl")
    return found


@pytest.fixture(scope="module")
def inside(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def files_of(source: Path, *folders: str) -> set[str]:
    return {path.relative_to(source).as_posix() for folder in folders for path in (source / folder).rglob("*") if path.is_file()}


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(source: Path, inside: set[str]):
    shipped = {name for name in inside if ".dist-info/" not in name}
    pages = {name for name in shipped if "/share/tierwise/docs/" in name}
    assert shipped - pages == files_of(source, *PACKAGES)
    assert {"docs/" + name.partition("/docs/")[2] for name in pages} == {n for n in files_of(source, "docs") if n.endswith(".md")}


@pytest.mark.parametrize(
    "name",
    [
        "engine/py.typed",
        "engine/starter.yaml",
        "engine/demo/__init__.py",
        "engine/store/migrations/env.py",
        "engine/store/migrations/script.py.mako",
        "engine/store/migrations/versions/0001_facts_rules_outcomes.py",
        "engine/store/ingest/mappings/online-retail.yaml",
        "engine/store/ingest/mappings/tierwise/customers.yaml",
        "plugins/rfm/__init__.py",
        "plugins/abc/__init__.py",
        "plugins/lifecycle/__init__.py",
    ],
)
def test_the_wheel_holds(name: str, inside: set[str]):
    assert name in inside


def test_the_wheel_installs_one_command(wheel: Path, inside: set[str]):
    (name,) = [name for name in inside if name.endswith("/entry_points.txt")]
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read(name).decode().split("\n")[:2] == ["[console_scripts]", "tierwise = engine.cli:main"]


def test_the_wheel_says_what_it_is(wheel: Path, inside: set[str]):
    (name,) = [name for name in inside if name.endswith(".dist-info/METADATA")]
    with zipfile.ZipFile(wheel) as archive:
        lines = archive.read(name).decode().splitlines()
    assert {"Name: tierwise", "License: MIT", "License-File: LICENSE", "Requires-Python: >=3.11"} <= set(lines)
    needed = [line.removeprefix("Requires-Dist: ") for line in lines if line.startswith("Requires-Dist: ") and "extra ==" not in line]
    assert needed
    assert all(">=" in requirement for requirement in needed), "each dependency says from which version on"


def test_the_source_archive_can_be_tested(source: Path, built: Path):
    (path,) = built.glob("tierwise-*.tar.gz")
    with tarfile.open(path) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    wanted = files_of(source, *PACKAGES, "tests", "docs", "bench", ".ci")
    assert wanted | {"Makefile", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "setup.cfg", "pyproject.toml"} <= held


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts folder of a new environment with the wheel in it; its dependencies are those of this environment."""
    home = tmp_path_factory.mktemp("home")
    run(sys.executable, "-m", "venv", "--without-pip", home / "env", cwd=home)
    python = home / "env" / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=home)
    own = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home).strip())
    # A plain path: the .pth files in that folder, and so the editable install, are not followed.
    (own / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python.parent


def test_the_installed_packages_are_those_of_the_wheel(installed: Path, tmp_path: Path):
    printed = run(
        installed / "python", "-c", "import engine, plugins, admin; print(engine.__file__, plugins.__file__, admin.__file__)", cwd=tmp_path
    )
    assert all(path.startswith(str(installed.parent)) for path in printed.split())


def test_the_installed_command_makes_a_store_from_nothing(installed: Path, tmp_path: Path):
    from engine._version import __version__

    assert (installed / "tierwise").is_file()
    assert run(installed / "tierwise", "--version", cwd=tmp_path).strip() == f"tierwise {__version__}"
    run(installed / "tierwise", "--database", "sqlite:///shop.db", "init", cwd=tmp_path)
    assert (tmp_path / "shop.db").is_file()
