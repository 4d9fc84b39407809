"""Joining, separating, flagging, undoing, voiding; features, settings, plugins; help that answers at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.settings import SETTINGS
from tests.cli.conftest import AS_OF, Shop


def assignments(shop: Shop) -> set[str]:
    return {line.partition(",")[0] for line in shop("export", "assignments").splitlines()[1:]}


def rerun(shop: Shop) -> Any:
    return shop.json("run", "--as-of", AS_OF)


def test_two_customers_are_joined_and_separated(shop: Shop) -> None:
    first = rerun(shop)
    shop("customers", "join", "M001", "M002")
    assert rerun(shop)["customers"] == 39
    assert "M002" not in assignments(shop)
    assert (
        shop.json("explain", "M002", "abc")["explanations"][0]["inputs"] == shop.json("explain", "M001", "abc")["explanations"][0]["inputs"]
    )
    shop("customers", "separate", "M002")
    again = rerun(shop)
    assert (again["customers"], again["digest"]) == (40, first["digest"])


def test_a_customer_is_left_out_and_let_in_again(shop: Shop) -> None:
    first = rerun(shop)
    shop("customers", "flag", "M001", "--reason", "staff")
    flagged = rerun(shop)
    assert flagged["withheld"]["lifecycle"] == {"not graded: staff": 1}
    assert "M001" not in assignments(shop)
    shop("customers", "flag", "M001", "--clear")
    assert rerun(shop)["digest"] == first["digest"]


def test_an_order_is_voided_and_brought_back(shop: Shop) -> None:
    first = rerun(shop)
    assert "run again" in shop("void", "order", "main", "1-0")
    assert rerun(shop)["digest"] != first["digest"]
    assert "1 as before" in shop("void", "order", "main", "1-0")
    shop("void", "order", "main", "1-0", "--back")
    assert rerun(shop)["digest"] == first["digest"]


def test_an_import_is_undone(shop: Shop) -> None:
    first = rerun(shop)
    path = shop.file("more.csv", "order,customer,ordered_at,amount\nx1,M001,2025-06-01,77.00\n1-0,M001,2025-06-02,1.00\n")
    batch = shop.json("import", path, "--mapping", "tierwise/orders")["batch"]
    assert rerun(shop)["digest"] != first["digest"]
    assert "undone" in shop("batches", "undo", str(batch))
    assert rerun(shop)["digest"] == first["digest"]
    listed = {row["batch"]: row["undone"] for row in shop.json("batches", "list")}
    assert listed[batch] is True
    assert list(listed.values()).count(True) == 1
    assert "more.csv" in shop("batches", "list")


def test_features_are_listed_and_searched(graded_shop: Shop) -> None:
    every = graded_shop.json("features")
    assert {"orders.recency_days", "orders.amount", "profile.region"} <= {row["name"] for row in every}
    found = graded_shop.json("features", "--search", "距上次")
    assert [row["name"] for row in found] == ["contact.days_since", "orders.recency_days"]
    assert "Days since the last order" in graded_shop("features", "--search", "recency")


def test_settings_never_show_a_password(graded_shop: Shop) -> None:
    done = graded_shop.process("settings", "--json", TIERWISE_DATABASE_URL="postgresql://me:hunter2@host/name")
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert list(rows) == [name for name, _, _ in SETTINGS]
    assert rows["TIERWISE_DATABASE_URL"]["value"] == "postgresql://me:***@host/name"
    assert rows["TIERWISE_DATABASE_URL"]["set"] is True
    assert "hunter2" not in done.stdout
    secrets = {"TIERWISE_AUDIT_KEY": "correct horse battery staple", "TIERWISE_SECRET_KEY": "a" * 20 + "b" * 20 + "cdefgh" * 4}
    shown = graded_shop.process("settings", **secrets).stdout
    assert not any(secret in shown for secret in secrets.values())
    assert "TIERWISE_LANGUAGE" in graded_shop("settings")


def test_a_new_plugin_is_checked_and_tried(graded_shop: Shop, tmp_path: Path) -> None:
    written = graded_shop("plugins", "new", "spends_much", "--dir", str(tmp_path))
    plugin = str(tmp_path / "spends_much.py")
    assert plugin in written
    assert "keeps every promise" in graded_shop("plugins", "check", plugin)
    before = graded_shop.json("runs")
    tried = graded_shop.json("plugins", "try", plugin)[0]
    assert tried["customers"] == 40
    assert sum(tried["distribution"]["spends_much.level"].values()) == 40
    tables = {table["output"]: table for table in tried["against"]}
    assert {"rfm.segment", "abc.class", "lifecycle.stage", "importance.group"} <= set(tables)
    assert sum(map(sum, tables["abc.class"]["counts"])) == 40
    live = before[0]["outputs"]["abc.class"]
    columns = dict(zip(tables["abc.class"]["columns"], map(sum, zip(*tables["abc.class"]["counts"], strict=True)), strict=True))
    assert {name: columns[name] for name in live} == live
    assert graded_shop.json("runs") == before
    assert "Against abc.class" in graded_shop("plugins", "try", plugin)
    assert "TW007" in graded_shop.fails("plugins", "try", plugin, "--params", '{"share": 7}')
    assert "not JSON" in graded_shop.fails("plugins", "try", plugin, "--params", "{")


def test_a_plugin_that_breaks_a_promise_is_told_which(graded_shop: Shop, tmp_path: Path) -> None:
    graded_shop("plugins", "new", "spends_much", "--dir", str(tmp_path))
    path = tmp_path / "spends_much.py"
    path.write_text(
        path.read_text().replace(
            'np.where(columns[AMOUNT] > state["cut"], 0, 1)', "np.where(columns[AMOUNT] > columns[AMOUNT].mean(), 0, 1)"
        )
    )
    result = graded_shop.result("plugins", "check", str(path), code=2)
    assert "broken  one customer at a time equals the batch" in result.stdout
    assert "promises" in result.stderr


def test_plugins_are_listed_without_a_store(empty: Shop) -> None:
    assert {row["name"] for row in empty.json("plugins", "list")} >= {"abc", "lifecycle", "rfm"}
    assert "lifecycle" in empty("plugins", "list")
    assert not (empty.folder / "shop.db").exists()


@pytest.mark.parametrize("call", [["--help"], ["run", "--help"], ["explain", "--help"]])
def test_help_loads_nothing_heavy(call: list[str]) -> None:
    program = f"""
import sys
from engine.cli import cli
cli({call!r}, standalone_mode=False)
heavy = {{"numpy", "pandas", "rich", "sqlalchemy", "openpyxl", "pyarrow", "marshmallow"}} & set(sys.modules)
print("heavy:", sorted(heavy))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("heavy: []\n")
