"""What `tierwise plugins new NAME` writes: a plugin that works, and its test."""

from __future__ import annotations

import contextlib
import importlib.util
import keyword
from pathlib import Path
from string import Template

from engine.errors import PluginError
from engine.policy import KEY

_PLUGIN = Template('''"""$title: say here what this policy tells about a customer."""

import numpy as np
from marshmallow import fields, validate

from engine import Label, Output, Params, Policy, Reason, Text, hookimpl

AMOUNT = "orders.amount_365d"  # `tierwise features` lists what else there is
LEVELS = (
    Label("high", Text(en="High", zh="高")),
    Label("low", Text(en="Low", zh="低")),
)


class ${cls}Params(Params):
    share = fields.Float(
        load_default=0.8,
        validate=validate.Range(min=0, max=1, min_inclusive=False, max_inclusive=False),
        metadata={
            "title": Text(en="Share below", zh="下方占比"),
            "help": Text(en="High is above the amount that so many customers stay below.", zh="高于该占比客户的金额即为高。"),
        },
    )


class $cls(Policy):
    name = "$name"
    title = Text(en="$title", zh="$title")
    help = Text(en="High or low by the sales of a year.", zh="按一年销售额分为高、低。")
    Params = ${cls}Params

    def inputs(self):
        return (AMOUNT,)

    def outputs(self):
        return (Output("level", labels=LEVELS),)

    def fit(self, columns):  # sees all customers once; what it returns is JSON
        return {"cut": float(np.quantile(columns[AMOUNT], self.params.share))}

    def apply(self, columns, state):  # each row alone: positions in LEVELS
        return {"level": np.where(columns[AMOUNT] > state["cut"], 0, 1)}

    def explain(self, columns, state):
        values = {"amount": float(columns[AMOUNT][0]), "cut": state["cut"]}
        return [Reason("amount", Text(en="Sales of {amount}; high is above {cut}.", zh="销售额 {amount}；高于 {cut} 为高。"), values)]


@hookimpl
def tierwise_policies():
    return [$cls]
''')

_TEST = Template('''"""Run with pytest: the promises of the plugin contract, then what this policy is for."""

import numpy as np
from $name import AMOUNT, $cls

from engine.testing import contract_tests

TestContract = contract_tests($cls, {}, {"share": 0.5})


def test_who_spends_more_than_most_is_high():
    policy = $cls()
    columns = {AMOUNT: np.array([10.0, 20.0, 30.0, 40.0, 500.0])}
    assert policy.apply(columns, policy.fit(columns))["level"].tolist() == [1, 1, 1, 1, 0]
''')


def plugin_files(name: str) -> dict[str, str]:
    """Return file name to text of a new plugin and its test.

    Raises `PluginError` for a name that cannot be a policy type, or whose file would hide an installed module.
    """
    if not KEY.match(name) or keyword.iskeyword(name):
        raise PluginError(f"{name!r} cannot name a plugin; use lower-case letters, digits and _, such as big_spender")
    if importlib.util.find_spec(name) is not None:
        raise PluginError(f"a file {name}.py would hide the installed module {name!r}; choose another name, such as my_{name}")
    words = {"name": name, "title": name.replace("_", " ").capitalize(), "cls": "".join(part.capitalize() for part in name.split("_"))}
    return {f"{name}.py": _PLUGIN.substitute(words), f"test_{name}.py": _TEST.substitute(words)}


def write_plugin(name: str, folder: Path) -> list[Path]:
    """Write a new plugin and its test into `folder`, and return the paths. Never overwrites; writes both or none."""
    files = {folder / file: text for file, text in plugin_files(name).items()}
    taken = next((path for path in files if path.exists()), None)
    if taken is not None:
        raise PluginError(f"{taken} exists already; choose another name or folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        for path in files:
            with contextlib.suppress(OSError):
                path.unlink()
        raise PluginError(f"cannot write to {folder}: {error.strerror}") from error
    return list(files)
