"""A shop with three files, and the command line called as a function and as a process."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from engine.cli import cli

TIERWISE = str(Path(sys.executable).parent / "tierwise")
AS_OF = "2025-12-31"


@dataclass
class Shop:
    """A folder with a shop's files, and a store."""

    folder: Path
    url: str

    def __call__(self, *arguments: str, code: int = 0) -> str:
        """Run a command on this store in this process, expect an exit code, and return what it printed."""
        return self.result(*arguments, code=code).stdout

    def fails(self, *arguments: str) -> str:
        """Run a command that is wrong: exit code 2, nothing on standard output; returns what it said."""
        result = self.result(*arguments, code=2)
        assert result.stdout == ""
        return result.stderr

    def result(self, *arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(cli, ["--database", self.url, *arguments], env={"COLUMNS": "120"})
        assert not result.exception or isinstance(result.exception, SystemExit), result.exception
        assert result.exit_code == code, result.output
        return result

    def json(self, *arguments: str, code: int = 0) -> Any:
        """The one JSON document that a command prints."""
        return json.loads(self(*arguments, "--json", code=code))

    def file(self, name: str, text: str) -> str:
        """Write a file into the folder and return its path."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def process(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the installed command as a person would."""
        env = {**os.environ, "TIERWISE_DATABASE_URL": self.url, "PYTHONIOENCODING": "utf-8", **environment}
        return subprocess.run([TIERWISE, *arguments], cwd=self.folder, env=env, capture_output=True, text=True, encoding="utf-8")


def write_files(folder: Path, customers: int = 40) -> None:
    """Customers and orders; every eighth customer never buys, one name is a formula, one order is wrong."""
    dice = random.Random(3)
    names = [
        "customer,name,region",
        *(f"M{n:03},{'=1+1' if n == 5 else f'Name {n}'},{dice.choice(['北方', 'South'])}" for n in range(1, customers + 1)),
    ]
    orders = ["order,customer,ordered_at,amount"]
    for n in range(1, customers + 1):
        for k in range(0 if n % 8 == 0 else dice.randint(1, 6)):
            day = f"{dice.choice([2024, 2025, 2025])}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}"
            orders.append(f"{n}-{k},M{n:03},{day},{dice.randint(100, 99_999) / 100:.2f}")
    (folder / "customers.csv").write_text("\n".join(names) + "\n", encoding="utf-8")
    (folder / "orders.csv").write_text("\n".join([*orders, "bad,M001,2025-13-45,12.00"]) + "\n", encoding="utf-8")


@pytest.fixture
def empty(tmp_path: Path) -> Shop:
    """A folder with files, and no store yet."""
    write_files(tmp_path)
    return Shop(tmp_path, f"sqlite:///{tmp_path / 'shop.db'}")


@pytest.fixture(scope="module")
def graded_shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop that was imported and graded once; tests that share it only read."""
    folder = tmp_path_factory.mktemp("shop")
    write_files(folder)
    return grade(Shop(folder, f"sqlite:///{folder / 'shop.db'}"))


@pytest.fixture
def shop(empty: Shop) -> Shop:
    """The same of a test's own, to be changed."""
    return grade(empty)


def grade(shop: Shop) -> Shop:
    """Make the store, import, run."""
    shop("init")
    for kind in ("customers", "orders"):
        shop("import", str(shop.folder / f"{kind}.csv"), "--mapping", f"tierwise/{kind}", code=2 if kind == "orders" else 0)
    shop("run", "--as-of", AS_OF)
    return shop
