"""Drafts on the command line: two people, one store."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Shop

RULES = """
format: 1
name: Two
policies:
  - {key: abc, type: abc, owner: mei, review_by: 2099-12-31}
"""


def test_two_people_bring_a_rulebook_to_life_and_back(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERWISE_FOUR_EYES", "on")
    monkeypatch.setenv("TIERWISE_ACTOR", "mei")
    before = shop.json("rulebook", "log")[0]["version"]
    file = shop.file("two.yaml", RULES)
    assert "submitted as draft d1, not live yet" in shop("rulebook", "publish", file, code=3)
    assert "an author of d1" in shop.fails("rulebook", "approve", "d1")
    assert "is submitted, not approved" in shop.fails("rulebook", "publish", "d1")
    assert "draft d1 is open" in shop("rulebook", "edit", "d1", "--set", "name", "Three", "--note", "better")
    assert "Three" in shop("rulebook", "export", "d1")
    assert shop.json("rulebook", "check", "d1")["findings"] == []
    assert "Three" in shop("rulebook", "diff", "live", "d1", "--places")
    shop("rulebook", "simulate", "d1")
    assert shop.json("rulebook", "submit", "d1")["status"] == "submitted"
    monkeypatch.setenv("TIERWISE_ACTOR", "li")
    shop("rulebook", "reject", "d1", "--note", "why?")
    monkeypatch.setenv("TIERWISE_ACTOR", "mei")
    shop("rulebook", "submit", "d1")
    shop("rulebook", "withdraw", "d1")
    shop("rulebook", "submit", "d1")
    monkeypatch.setenv("TIERWISE_ACTOR", "li")
    assert "tierwise rulebook publish d1" in shop("rulebook", "approve", "d1", "--note", "good")
    assert "becomes live at 2099-01-01" in shop("rulebook", "publish", "d1", "--at", "2099-01-01")
    shop("rulebook", "withdraw", "d1")
    shop("rulebook", "submit", "d1")
    shop("rulebook", "approve", "d1")
    assert f"version {before + 1} " in shop("rulebook", "publish", "d1")
    newest = shop.json("rulebook", "log")[0]["publications"][0]
    assert (newest["authors"], newest["approved_by"], newest["self_approved"]) == (["mei"], "li", False)
    assert "approved by" in shop("rulebook", "log")
    assert "生效记录" in shop("--language", "zh", "rulebook", "log")
    assert f"version {before} is live again" in shop("rulebook", "rollback", "--note", "wrong")
    assert shop.json("audit", "verify")["whole"]


def test_drafts_are_begun_edited_and_listed(shop: Shop) -> None:
    assert "draft d1 is open, revision 1" in shop("rulebook", "new", "--title", "Mine")
    assert "草稿 d2：草稿" in shop("--language", "zh", "rulebook", "new", shop.file("two.yaml", RULES))
    assert shop.json("rulebook", "edit", "d2", "--remove", "policies[abc].owner")["revision"] == 2
    assert shop.json("rulebook", "edit", "d2", "--undo", "1")["revision"] == 3
    assert "nothing was changed" in shop.fails("rulebook", "edit", "d2", shop.file("two.yaml", RULES), "--revision", "1")
    assert "TW026" in shop.fails("rulebook", "edit", "d2", "--set", "policies[abd].title", "x")
    assert "give either FILE" in shop.fails("rulebook", "edit", "d2")
    assert "Mine" in shop("rulebook", "drafts")
    assert [draft["name"] for draft in shop.json("rulebook", "drafts", "--status", "open")] == ["d2", "d1"]
    assert "expected a draft such as d7" in shop.fails("rulebook", "submit", "seven")
    assert "--at is for an approved draft" in shop.fails("rulebook", "publish", "starter", "--at", "2099-01-01")
