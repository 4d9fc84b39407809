"""What `plugins new` writes works at once, and never over something else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import PluginError
from engine.registry import load_plugins
from engine.scaffold import plugin_files, write_plugin
from engine.testing import PROMISES, check_policy


def test_a_new_plugin_loads_keeps_the_contract_and_passes_its_test(tmp_path: Path) -> None:
    plugin, test = write_plugin("big_spender", tmp_path / "mine")
    registry = load_plugins(paths=[plugin])
    assert registry.plugins["big_spender"].error == ""
    check_policy(registry.policy("big_spender"))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(test)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    assert f"{2 * len(PROMISES) + 1} passed" in done.stdout, done.stdout + done.stderr


def test_a_new_plugin_is_in_good_style(tmp_path: Path) -> None:
    paths = write_plugin("big_spender", tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", "--line-length", "140", *paths], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["Big", "9lives", "big-spender", "", "class", "a b"])
def test_a_name_that_cannot_be_one_is_refused(name: str) -> None:
    with pytest.raises(PluginError, match="cannot name a plugin; use lower-case"):
        plugin_files(name)


@pytest.mark.parametrize("name", ["numpy", "json", "engine"])
def test_a_file_that_would_hide_a_module_is_refused(name: str) -> None:
    with pytest.raises(PluginError, match=f"would hide the installed module '{name}'"):
        plugin_files(name)


def test_nothing_is_overwritten_and_nothing_half_written(tmp_path: Path) -> None:
    (tmp_path / "test_vip.py").write_text("mine")
    with pytest.raises(PluginError, match=r"test_vip\.py exists already"):
        write_plugin("vip", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["test_vip.py"]


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PluginError, match=r"cannot write to .*file"):
        write_plugin("vip", tmp_path / "file")
