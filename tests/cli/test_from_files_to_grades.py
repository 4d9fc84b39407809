"""From files to grades on the command line, on both databases."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner

from engine.cli import cli
from tests.cli.conftest import AS_OF, Shop, write_files


@pytest.fixture
def anywhere(tmp_path: Path, store_url: str) -> Shop:
    write_files(tmp_path)
    return Shop(tmp_path, store_url)


def test_a_shop_is_imported_graded_explained_and_exported(anywhere: Shop) -> None:
    shop = anywhere
    assert "Asia/Shanghai, CNY" in shop("init")
    report = shop.json("import", str(shop.folder / "customers.csv"), "--mapping", "tierwise/customers")
    assert (report["rows"], report["created"], report["accounted"]) == (40, 40, True)
    report = shop.json("import", str(shop.folder / "orders.csv"), "--mapping", "tierwise/orders", code=2)
    assert report["rejected_rows"] == 1
    run = shop.json("run", "--as-of", AS_OF)
    assert (run["status"], run["customers"], run["as_of"]) == ("visible", 40, "2025-12-31T00:00:00+08:00")
    assert run["graded"]["abc"] + sum(run["withheld"]["abc"].values()) == 40
    assert sum(run["outputs"]["lifecycle.stage"].values()) == 40
    assert run["outputs"]["lifecycle.stage"]["prospect"] == 5
    rows = list(csv.DictReader(shop("export", "assignments").splitlines()))
    assert list(rows[0]) == ["customer", "policy", "output", "value", "since"]
    counted = [row["value"] for row in rows if (row["policy"], row["output"]) == ("rfm", "segment")]
    assert {value: counted.count(value) for value in counted} == run["outputs"]["rfm.segment"]
    explained = shop.json("explain", "M001", "abc")["explanations"][0]
    exported = next(row["value"] for row in rows if (row["customer"], row["policy"]) == ("M001", "abc"))
    assert (explained["policy"], explained["outputs"][0]["value"]) == ("abc", exported)
    evaluated = shop.json("evaluate", "M001")[0]
    assert evaluated["values"]["abc.class"] == explained["outputs"][0]["value"]
    rejected = list(csv.DictReader(shop("export", "rejected").splitlines()))
    last = len((shop.folder / "orders.csv").read_text(encoding="utf-8").splitlines())
    assert [(row["file"], row["line"], row["column"], row["found"]) for row in rejected] == [
        ("orders.csv", str(last), "ordered_at", "2025-13-45")
    ]


def test_the_answer_of_run_has_every_key_that_the_documentation_lists(graded_shop: Shop) -> None:
    answer = graded_shop.json("run", "--as-of", AS_OF)
    assert list(answer) == [
        "run", "status", "rulebook", "as_of", "customers", "graded", "digest", "base_run", "fingerprint", "fact_seq", "reading", "seconds",
        "outputs", "withheld", "faults", "stale", "changes", "moved", "held", "warnings",
    ]  # fmt: skip
    assert set(answer["rulebook"]) == {"number", "hash", "name"}
    assert all(isinstance(seconds, float) for seconds in answer["seconds"].values())
    assert (answer["faults"], answer["held"]) == ({}, [])


def test_partitions_give_the_same_digest(graded_shop: Shop) -> None:
    digests = {graded_shop.json("run", "--as-of", AS_OF, "--partitions", str(n), "--recompute")["digest"] for n in (1, 2, 7)}
    assert len(digests) == 1


def test_importing_and_running_again_changes_nothing(shop: Shop) -> None:
    first = shop.json("run", "--as-of", AS_OF)
    again = shop.json("import", str(shop.folder / "orders.csv"), "--mapping", "tierwise/orders", code=2)
    assert (again["created"], again["updated"]) == (0, 0)
    assert again["unchanged"] > 100
    assert shop.json("run", "--as-of", AS_OF)["digest"] == first["digest"]


def test_a_dry_run_keeps_nothing(empty: Shop) -> None:
    empty("init")
    report = empty.json("import", str(empty.folder / "customers.csv"), "--mapping", "tierwise/customers", "--dry-run")
    assert (report["rows"], report["batch"]) == (40, None)
    assert empty.json("run", "--as-of", AS_OF)["customers"] == 0


def test_no_customers_is_a_success_with_a_warning(empty: Shop) -> None:
    empty("init")
    answer = empty.json("run", "--as-of", AS_OF)
    assert answer["customers"] == 0
    assert any("no customers yet" in warning for warning in answer["warnings"])
    assert "no customers yet" in empty("run", "--as-of", AS_OF)


def test_before_the_first_order_everybody_is_a_prospect(empty: Shop) -> None:
    empty("init")
    empty("import", str(empty.folder / "customers.csv"), "--mapping", "tierwise/customers")
    answer = empty.json("run", "--as-of", "2001-01-01")
    assert answer["outputs"]["lifecycle.stage"] == {"prospect": 40}
    assert answer["graded"]["rfm"] == 0
    for policy in ("rfm", "abc", "value", "grade"):
        assert f"{policy} graded nobody: every customer was withheld" in answer["warnings"]
    assert answer["graded"]["frequency"] == 40


def test_every_format_of_every_export(graded_shop: Shop, tmp_path: Path) -> None:
    for what in ("assignments", "changes", "customers", "rejected"):
        for ending in ("csv", "jsonl", "xlsx", "parquet"):
            graded_shop("export", what, "-o", str(tmp_path / f"{what}.{ending}"))
    with (tmp_path / "customers.csv").open(encoding="utf-8") as stream:
        assert [row["name"] for row in csv.DictReader(stream)][4] == "'=1+1"
    sheet = openpyxl.load_workbook(tmp_path / "customers.xlsx").active
    assert sheet is not None
    assert (sheet.cell(6, 2).value, sheet.cell(6, 2).data_type) == ("=1+1", "s")
    lines = (tmp_path / "assignments.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[0])["customer"] == "M001"


def test_an_exported_file_of_customers_can_be_imported_again(graded_shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "customers.xlsx"
    graded_shop("export", "customers", "-o", str(path))
    other = Shop(tmp_path, f"sqlite:///{tmp_path / 'other.db'}")
    other("init")
    report = other.json("import", str(path), "--mapping", "tierwise/customers")
    assert (report["created"], report["rejected_rows"]) == (40, 0)
    mine, theirs = (list(csv.DictReader(each("export", "customers").splitlines())) for each in (graded_shop, other))
    assert mine == theirs


def test_results_are_printed_in_both_languages(graded_shop: Shop) -> None:
    english, chinese = graded_shop("run", "--as-of", AS_OF), graded_shop("--language", "zh", "run", "--as-of", AS_OF)
    assert "Champions" in english
    assert "冠军客户" in chinese
    assert "Champions" not in chinese
    assert "RFM 分群" in graded_shop("--language", "zh", "explain", "M001")


def test_the_language_can_be_a_setting(graded_shop: Shop) -> None:
    result = CliRunner().invoke(cli, ["--database", graded_shop.url, "explain", "M001", "abc"], env={"TIERWISE_LANGUAGE": "zh"})
    assert "ABC 分类" in result.output
