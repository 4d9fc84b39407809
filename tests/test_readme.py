"""The README is true: its commands run, its result is the one that is printed, its Python runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TIERWISE = str(Path(sys.executable).parent / "tierwise")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def run(*command: str, cwd: Path) -> str:
    environment = {**os.environ, "COLUMNS": "100", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the mapping of the README and a file of orders that fits it."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "shop.yaml").write_text(blocks("yaml")[0], encoding="utf-8")
    orders = [f"{n},M{1001 + n % 40},2025-{1 + n % 12:02d}-{1 + n % 28:02d},{50 + n * 37 % 900}.50" for n in range(300)]
    (folder / "orders.csv").write_text("\n".join(["单号,会员,日期,金额", *orders]) + "\n", encoding="utf-8")
    return folder


def test_the_demo_prints_what_the_readme_shows(tmp_path: Path):
    printed = {line.rstrip() for line in run(TIERWISE, "demo", cwd=tmp_path).splitlines()}
    shown = [line for line in blocks("text")[0].splitlines() if line != "..."]
    assert len(shown) > 15
    assert [line for line in shown if line.rstrip() not in printed] == []


def test_the_commands_for_ones_own_customers_run_in_this_order(shop: Path):
    commands = [line.removeprefix("$ ").split() for line in blocks("console")[1].splitlines()]
    assert [command[1] for command in commands] == ["init", "import", "run", "explain", "export"]
    for name, *rest in commands:
        assert name == "tierwise"
        run(TIERWISE, *rest, cwd=shop)
    assert (shop / "assignments.xlsx").stat().st_size > 0
    assert "300" in run(TIERWISE, "import", "orders.csv", "--mapping", "shop.yaml", "--json", cwd=shop)


def test_the_python_runs(shop: Path):
    (code,) = blocks("python")
    folder = shop / "python"
    folder.mkdir()
    run(TIERWISE, "init", cwd=folder)
    run(TIERWISE, "import", str(shop / "orders.csv"), "--mapping", str(shop / "shop.yaml"), cwd=folder)
    printed = run(sys.executable, "-c", code, cwd=folder)
    assert "'at_risk':" in printed
    assert "The last order was" in printed


def test_every_make_target_that_is_named_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in ("README.md", "CONTRIBUTING.md", ".ci/run"):
        named = set(re.findall(r"(?:^|[`$(] ?)make ([a-z]+)", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE))
        assert named <= targets, page


def test_every_link_leads_somewhere():
    for page in [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")] + sorted((ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\(([^)#\s]+)\)?", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"
