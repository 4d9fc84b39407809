"""Runs on the command line: history, changes, holds, faults."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import AS_OF, Shop

FRAGILE = """
import numpy as np
from engine import Output, Policy, Text, hookimpl

class Fragile(Policy):
    name = "fragile"
    title = help = Text("Fragile", "易碎")

    def inputs(self):
        return ("orders.count",)

    def outputs(self):
        return (Output("many", kind="flag"),)

    def apply(self, columns, state):
        if len(columns["orders.count"]) > 1:
            raise ValueError("this one breaks on purpose")
        return {"many": columns["orders.count"] > 2}

@hookimpl
def tierwise_policies():
    return [Fragile]
"""

RULES = """
format: 1
name: Two
guards: {customers: null, amount: null, label: null, silent_days: null}
policies:
  - {key: abc, type: abc}
  - {key: life, type: lifecycle}
"""


def test_a_later_run_shows_who_moved(shop: Shop) -> None:
    shop("rulebook", "publish", shop.file("rules.yaml", RULES), "--note", "without RFM")
    shop("run", "--as-of", AS_OF)
    later = shop.json("run", "--as-of", "2026-03-31")
    assert later["status"] == "visible"
    assert later["moved"] > 0
    changes = shop.json("changes", "--limit", "5")
    assert (changes["run"], changes["moved"], changes["changes"]) == (later["run"], later["moved"], later["changes"])
    assert sum(flow["customers"] for flow in changes["flows"]) == later["changes"]
    assert len(changes["moves"]) == min(5, later["changes"])
    assert changes["moves"][0].keys() == {"customer", "policy", "output", "was", "now", "run", "as_of", "reason"}
    assert "life.stage" in shop("changes")
    assert shop("changes", "--limit", "0").count("M0") == 0


def test_a_run_that_moves_too_much_is_held_until_it_is_released(shop: Shop) -> None:
    before = shop("export", "assignments")
    held = shop.json("run", "--as-of", "2026-12-31", code=3)
    assert held["status"] == "held"
    assert held["held"]
    assert shop("export", "assignments") == before
    assert f"tierwise run --release {held['run']}" in shop("run", "--as-of", "2026-12-31", code=3)
    assert "is held" in shop.fails("changes", "--run", str(held["run"]))
    released = shop.json("run", "--release", str(held["run"]))
    assert (released["status"], released["digest"]) == ("visible", held["digest"])
    assert released["moved"] > 0
    assert shop("export", "assignments") != before
    assert "not held" in shop.fails("run", "--release", str(held["run"]))


def test_history_is_built_month_by_month_and_leaves_today_alone(shop: Shop) -> None:
    before = shop("export", "assignments")
    answers = shop.json("run", "--every", "month", "--back", "3", "--as-of", AS_OF)["runs"]
    assert [answer["as_of"][:10] for answer in answers] == ["2025-10-01", "2025-11-01", "2025-12-01"]
    assert {answer["status"] for answer in answers} == {"historical"}
    assert shop("export", "assignments") == before
    assert [answer["run"] for answer in shop.json("runs", "--limit", "2")] == [answers[2]["run"], answers[1]["run"]]
    old = shop("export", "assignments", "--run", str(answers[0]["run"]))
    assert "2025-10-01T00:00:00+08:00" in old
    printed = shop("run", "--every", "month", "--back", "3", "--as-of", AS_OF)
    assert printed.count("2025") >= 3


def test_an_earlier_moment_needs_historical(shop: Shop) -> None:
    said = shop.fails("run", "--as-of", "2025-01-01")
    assert "TW101 as_of 2025-01-01T00:00:00+08:00 is before that of the visible run" in said
    assert "--historical" in said
    assert shop.json("run", "--as-of", "2025-01-01", "--historical")["status"] == "historical"


def test_a_policy_that_fails_ends_with_exit_code_1_and_keeps_the_others(shop: Shop, tmp_path: Path) -> None:
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "fragile.py").write_text(FRAGILE, encoding="utf-8")
    rules = shop.file("rules.yaml", RULES + "  - {key: fragile, type: fragile}\n")
    done = shop.process("rulebook", "publish", rules, TIERWISE_PLUGINS_DIR=str(folder))
    assert done.returncode == 0, done.stderr
    done = shop.process("run", "--as-of", AS_OF, "--json", TIERWISE_PLUGINS_DIR=str(folder))
    assert done.returncode == 1
    assert '"fragile": "ValueError: this one breaks on purpose' in done.stdout
    assert '"life.stage"' in done.stdout
    done = shop.process("run", "--as-of", AS_OF, TIERWISE_PLUGINS_DIR=str(folder))
    assert done.returncode == 1
    assert "this one breaks on purpose" in done.stdout


def test_options_that_do_not_belong_together_are_refused(graded_shop: Shop) -> None:
    assert "belong together" in graded_shop.fails("run", "--back", "3")
    assert "belong together" in graded_shop.fails("run", "--every", "month")
    assert "takes no other option" in graded_shop.fails("run", "--release", "1", "--as-of", AS_OF)
    assert "there is no run 99; the newest is 1" in graded_shop.fails("changes", "--run", "99")
    assert "is not a moment; expected 2025-12-31" in graded_shop.fails("run", "--as-of", "tomorrow")


def test_revenue_is_right_in_a_currency_without_minor_units(empty: Shop) -> None:
    empty("init", "--currency", "JPY", "--minor-digits", "0", "--timezone", "Asia/Tokyo")
    path = empty.file("yen.csv", "order,customer,ordered_at,amount\n1,M1,2025-12-01,1250\n2,M2,2025-12-02,50\n")
    empty("import", empty.file("two.csv", "customer\nM1\nM2\n"), "--mapping", "tierwise/customers")
    empty("import", path, "--mapping", "tierwise/orders")
    assert "1,300" in empty("run", "--as-of", AS_OF)
    assert "1,250 JPY" in empty("explain", "M1", "abc")
