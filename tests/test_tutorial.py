"""The tutorial's plugin and its test are run as they stand in the docs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine.registry import load_plugins
from engine.testing import PROMISES, check_policy

DOCS = Path(__file__).parents[1] / "docs"
BLOCKS = re.findall(r"```python\n(.*?)```", (DOCS / "tutorial" / "first-plugin.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def basket(tmp_path: Path) -> Path:
    plugin, test = BLOCKS
    (tmp_path / "basket.py").write_text(plugin, encoding="utf-8")
    (tmp_path / "test_basket.py").write_text(test, encoding="utf-8")
    return tmp_path / "basket.py"


def test_the_plugin_is_short() -> None:
    code = [line for line in BLOCKS[0].splitlines() if line.strip()]
    assert len(code) <= 45


def test_the_registry_takes_it_and_it_keeps_the_contract(basket: Path) -> None:
    registry = load_plugins(paths=[basket])
    assert registry.plugins["basket"].error == ""
    check_policy(registry.policy("basket"))


def test_its_own_test_passes(basket: Path) -> None:
    done = run_pytest(basket.parent)
    assert f"{2 * len(PROMISES) + 1} passed" in done


def test_every_promise_is_in_the_reference() -> None:
    page = (DOCS / "reference" / "plugin-contract.md").read_text(encoding="utf-8")
    promises = page.partition("\n## ")[0]
    assert re.findall(r"^\| (?!promise|-)([^|]+?) \|", promises, re.MULTILINE) == list(PROMISES)


def run_pytest(folder: Path) -> str:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    return done.stdout + done.stderr
