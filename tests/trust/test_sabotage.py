"""Plugins that misbehave in every way we know: the run ends, the fault is told, and nobody else's outcome differs by a byte."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.service import Engine
from engine.store import outcomes
from tests.trust.company import AS_OF, BOOK, LATER, POLICIES, cells, company

SABOTEUR = """
import os, sys, time
import numpy as np
from engine import Label, Output, Policy, Text, hookimpl

NAME = Text("Saboteur", "破坏者")


class Saboteur(Policy):
    name = "saboteur"
    title = help = NAME

    def inputs(self):
        return ("orders.amount", "orders.count", "rfm.segment?")

    def outputs(self):
        return (Output("size", labels=(Label("large", NAME), Label("small", NAME))), Output("score", kind="score"))

    def fit(self, columns):
        {fit}
        return {{}}

    def apply(self, columns, state):
        amount = columns["orders.amount"]
        n = len(amount)
        size, score = np.zeros(n, dtype=np.int8), np.zeros(n)
        {apply}
        return {{"size": size, "score": score}}


@hookimpl
def tierwise_policies():
    return [Saboteur]
"""

FAULTS = {
    "raises in fit": ("raise ValueError('no')", "pass", "ValueError: no"),
    "raises in apply": ("pass", "raise RuntimeError('no')", "RuntimeError: no"),
    "raises a class": ("pass", "raise type('Odd', (BaseException,), {})('odd')", "Odd: odd"),
    "exits": ("pass", "sys.exit(0)", "SystemExit: 0"),
    "recurses": ("def deep():\n            deep()\n        deep()", "pass", "RecursionError"),
    "eats memory": ("np.ones(2**52)", "pass", "MemoryError"),
    "wrong columns": ("pass", "return {'sise': size, 'score': score}", "no column 'size'"),
    "no columns": ("pass", "return None", "apply returned NoneType"),
    "too short": ("pass", "size = size[1:]", "has the shape"),
    "texts": ("pass", "size = np.full(n, 'large')", "column 'size' is an array of"),
    "objects": ("pass", "score = np.full(n, None)", "output 'score' (score) is an array of object"),
    "infinity": ("pass", "score = score + np.inf", "output 'score' is inf in row 0"),
    "huge numbers": ("pass", "score = score + 1e300", "output 'score' is 1e+300 in row 0"),
    "huge labels": ("pass", "size = np.full(n, 2**63 - 1)", "column 'size' is 9223372036854775807"),
    "huge unsigned": ("pass", "size = np.full(n, 2**64 - 1, dtype=np.uint64)", "column 'size' is 18446744073709551615"),
    "mutates its input": ("columns['orders.amount'][:] = 0", "pass", "read-only"),
    "sorts its input": ("pass", "columns['orders.amount'].sort()", "read-only"),
    "adds to its input": ("pass", "amount += 1", "read-only"),
    "mutates codes": ("pass", "columns['rfm.segment'].codes[:] = 0", "read-only"),
    "replaces a column": ("pass", "columns['orders.amount'] = size", "TypeError"),
    "state of arrays": ("return {'edges': np.arange(3)}", "pass", "is not JSON"),
    "state not a number": ("return {'edge': float('nan')}", "pass", "is not JSON"),
    "half a character": ("raise ValueError('\\ud800')", "pass", "ValueError: ?"),
    "shouts": ("raise ValueError('x' * 10**7)", "pass", "ValueError: xxx"),
    "sleeps past its budget": ("time.sleep(0.06)", "pass", "its budget is 0.05 s"),
}
HARMLESS = {
    "floods the output": ("print('x' * 10**6)", "sys.stderr.write('y' * 10**6)"),
    "not a number": ("pass", "score = score * np.nan"),
    "changes the working folder": ("os.chdir('/')", "pass"),
    "seeds the dice": ("np.random.seed(0)", "import random; random.seed(0)"),
    "warns about numbers": ("np.seterr(all='raise')", "pass"),
    "many rules": ("pass", "return {'size': size, 'score': score, 'rule': np.arange(n) + 2**31 - 1 - n}"),
}


def write(folder: Path, fit: str, apply: str) -> Path:
    path = folder / "saboteur_plugin.py"
    path.write_text(SABOTEUR.format(fit=fit, apply=apply), encoding="utf-8")
    return path


def outcome(engine: Engine, run_id: int) -> dict[str, Any]:
    """All that a run kept of the other policies; labels by their keys, since the numbers that stand for them may differ."""
    record = engine.run_record(run_id)
    with engine.store.read() as connection:
        block = outcomes.load_block(connection, run_id)
    ours = {key for key in block.reason if key != "saboteur"}
    return {
        "cells": {key: value for key, value in cells(engine).items() if not key[1].startswith("saboteur")},
        "values": {
            name: array.tobytes() for name, array in block.values.items() if name.partition(".")[0] in ours and name not in block.since
        },
        "since": {name: array.tobytes() for name, array in block.since.items() if name.partition(".")[0] in ours},
        "lanes": {name: lane for name, lane in record.report["lanes"].items() if not name.startswith("saboteur")},
        "outputs": {name: counts for name, counts in record.outputs.items() if not name.startswith("saboteur")},
        "withheld": {name: counts for name, counts in record.withheld.items() if name != "saboteur"},
    }


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The outcomes of two runs without any saboteur."""
    url = f"sqlite:///{tmp_path_factory.mktemp('alone') / 'store.db'}"
    company(url)
    with Engine.open(url) as engine:
        return [outcome(engine, engine.run(moment).id) for moment in (AS_OF, LATER)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to work in; whatever a plugin does to the process is taken back."""
    import numpy as np

    monkeypatch.chdir(tmp_path)
    with np.errstate():
        yield tmp_path


BUDGET = {"key": "saboteur", "type": "saboteur", "budget_seconds": 0.05}


@pytest.mark.parametrize("place", [0, 3])
@pytest.mark.parametrize("name", FAULTS)
def test_a_saboteur_loses_its_own_outputs_only(name: str, place: int, folder: Path, alone: list[dict[str, Any]]) -> None:
    fit, apply, words = FAULTS[name]
    url = f"sqlite:///{folder / 'store.db'}"
    company(url)
    with Engine.open(url, plugins=[write(folder, fit, apply)]) as engine:
        entry = BUDGET if "budget" in words else {**BUDGET, "budget_seconds": 300}
        engine.publish({**BOOK, "policies": [*POLICIES[:place], entry, *POLICIES[place:]]})
        for moment, expected in zip((AS_OF, LATER), alone, strict=True):
            done = engine.run(moment)
            assert (done.status, list(done.faults)) == ("visible", ["saboteur"])
            assert words in done.faults["saboteur"]
            assert len(done.faults["saboteur"]) <= 1000
            assert outcome(engine, done.id) == expected
        assert engine.evaluate(["C1"])[0].values["rfm.segment"] == cells(engine).get((1, "rfm.segment"))


@pytest.mark.parametrize("name", HARMLESS)
def test_odd_manners_change_nobody_elses_outcome(
    name: str, folder: Path, alone: list[dict[str, Any]], capfd: pytest.CaptureFixture[str]
) -> None:
    fit, apply = HARMLESS[name]
    url = f"sqlite:///{folder / 'store.db'}"
    company(url)
    with Engine.open(url, plugins=[write(folder, fit, apply)]) as engine:
        engine.publish({**BOOK, "policies": [{**BUDGET, "budget_seconds": 300}, *POLICIES]})
        for moment, expected in zip((AS_OF, LATER), alone, strict=True):
            done = engine.run(moment)
            assert (done.status, done.faults) == ("visible", {})
            assert outcome(engine, done.id) == expected
    capfd.readouterr()


@pytest.mark.parametrize("where", ["inputs", "outputs"])
def test_a_plugin_that_fails_while_a_rulebook_is_checked_is_a_fault_of_the_rulebook(where: str, folder: Path) -> None:
    path = write(folder, "pass", "pass")
    path.write_text(
        path.read_text(encoding="utf-8").replace(f"def {where}(self):", f"def {where}(self):\n        sys.exit(1)"), encoding="utf-8"
    )
    url = f"sqlite:///{folder / 'store.db'}"
    company(url)
    with Engine.open(url, plugins=[path]) as engine, pytest.raises(Exception, match=r"TW007 policies\[1\].params.*SystemExit"):
        engine.publish({**BOOK, "policies": [POLICIES[0], BUDGET]})


def test_a_plugin_that_breaks_later_leaves_its_former_outcome(folder: Path) -> None:
    url = f"sqlite:///{folder / 'store.db'}"
    company(url)
    with Engine.open(url, plugins=[write(folder, "pass", "pass")]) as engine:
        engine.publish({**BOOK, "policies": [*POLICIES, {**BUDGET, "budget_seconds": 300}]})
        engine.run(AS_OF)
        before = {key: value for key, value in cells(engine).items() if key[1] == "saboteur.size"}
    with Engine.open(url, plugins=[write(folder, "raise ValueError('no')", "pass")]) as engine:
        done = engine.run(LATER)
        assert done.faults == {"saboteur": "ValueError: no"}
        assert {key: value for key, value in cells(engine).items() if key[1] == "saboteur.size"} == before != {}
