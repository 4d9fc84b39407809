"""The rulebook commands: check, show, export, publish, diff, log."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import AS_OF, Shop
from tests.cli.test_runs import RULES


def test_check_names_the_policies_and_the_version(graded_shop: Shop) -> None:
    said = graded_shop("rulebook", "check", "starter")
    assert "rfm, abc, lifecycle" in said
    assert "version 1" in said
    other = graded_shop("rulebook", "check", graded_shop.file("rules.yaml", RULES))
    assert "life (lifecycle)" in other
    assert "not published yet" in other


def test_check_lists_all_faults_at_once_with_their_places(graded_shop: Shop) -> None:
    wrong = (
        "policies:\n  - {key: rfm, type: rfn}\n  - {key: abc, type: abc, params: {cuts: [0.9, 0.5], mesure: x}}\nname: Wrong\ncolour: red\n"
    )
    said = graded_shop.fails("rulebook", "check", graded_shop.file("wrong.yaml", wrong))
    assert "did you mean 'rfm'?" in said
    assert "TW002" in said
    assert "TW006" in said
    assert "TW007" in said
    assert "line 5" in said
    assert len(graded_shop.json("rulebook", "log")) == 1


@pytest.mark.parametrize("ending", ["yaml", "json"])
def test_an_exported_rulebook_is_the_same_rulebook(graded_shop: Shop, ending: str) -> None:
    path = graded_shop.folder / f"live.{ending}"
    graded_shop("rulebook", "export", "-o", str(path))
    assert "stored as version 1" in graded_shop("rulebook", "check", str(path))
    assert "say the same" in graded_shop("rulebook", "diff", "live", str(path))
    assert graded_shop("rulebook", "export", "--format", ending) == path.read_text(encoding="utf-8")


def test_publishing_shows_in_show_log_and_diff(shop: Shop) -> None:
    rules = shop.file("rules.yaml", RULES)
    assert "version 2" in shop("rulebook", "publish", rules, "--note", "without RFM")
    log = shop.json("rulebook", "log")
    assert [(row["version"], row["live"], row["note"]) for row in log] == [(2, True, "without RFM"), (1, False, "the starter rulebook")]
    assert "without RFM" in shop("rulebook", "log")
    shown = shop("rulebook", "show")
    assert "life" in shown
    assert "rfm" not in shown
    assert shop.json("rulebook", "show", "1")["document"]["name"] == "Starter"
    found = {(one["kind"], one["place"]) for one in shop.json("rulebook", "diff", "1", "2")}
    assert found >= {("changed", "name"), ("removed", "policies[rfm]"), ("added", "policies[life]"), ("changed", "guards.customers")}
    assert "- policies[rfm]" in shop("rulebook", "diff", "1", "2", "--places")
    assert "- RFM segments: the policy is removed" in shop("rulebook", "diff", "1", "2")
    assert "- RFM 分群：删除该策略" in shop("--language", "zh", "rulebook", "diff", "1", "2")
    assert "version 1" in shop("rulebook", "publish", "starter")
    assert [row["live"] for row in shop.json("rulebook", "log")] == [False, True]


def test_a_run_uses_the_published_version(shop: Shop) -> None:
    shop("rulebook", "publish", shop.file("rules.yaml", RULES))
    answer = shop.json("run", "--as-of", AS_OF)
    assert answer["rulebook"]["number"] == 2
    assert set(answer["outputs"]) == {"abc.class", "life.stage"}


def test_versions_that_are_not_there(graded_shop: Shop) -> None:
    assert "'7' is no version of the rulebook; versions are 1" in graded_shop.fails("rulebook", "show", "7")
    assert "there is no file nothing.yaml" in graded_shop.fails("rulebook", "diff", "1", "nothing.yaml")
    assert "nothing.yaml cannot be read" in graded_shop.fails("rulebook", "check", "nothing.yaml")


def test_diff_and_json_are_plain(graded_shop: Shop) -> None:
    assert json.loads(graded_shop("rulebook", "diff", "1", "starter", "--json")) == []


CONFLICT = """
name: Conflict
policies:
  - key: t
    type: decision_table
    params:
      table:
        {inputs: [orders.count], outputs: [g], hit_policy: unique, rows: [{when: ["<= 3"], then: [A]}, {when: [">= 3"], then: [B]}]}
"""


def test_check_verifies_the_rules_and_counts_customers(graded_shop: Shop) -> None:
    path = graded_shop.file("conflict.yaml", CONFLICT)
    said = graded_shop("rulebook", "check", path, code=2)
    assert "conflict.yaml has rules that conflict" in said
    assert "TW352  error  rows 1 and 2 both match orders.count = 3" in said
    found = graded_shop.json("rulebook", "check", path, code=2)["findings"]
    assert [(one["id"], one["policy"], one["place"]) for one in found] == [("TW352", "t", "table"), ("TW371", "", "policies")]
    assert "policies" in said
    assert f"t.table · {found[0]['customers']} stored customer" in said
    assert "规则互相冲突" in graded_shop("--language", "zh", "rulebook", "check", path, code=2)
    assert "TW352" in graded_shop.fails("rulebook", "publish", path)
    assert graded_shop.json("rulebook", "check", "starter")["version"] == 1
