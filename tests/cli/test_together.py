"""Tags, comments, the inbox and the log of exports on the command line."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Shop


def test_tags_are_made_given_taken_and_removed(shop: Shop) -> None:
    assert "tags.vip" in shop("tag", "add", "vip", "--title", "VIP", "--note", "our best")
    shop("tag", "add", "chain", "--group")
    assert "2 customers" in shop("tag", "give", "tags.vip", "M001", "M002")
    every = shop("tag", "give", "tags.vip", "--where", "orders.count>=1")
    assert "who did not before" in every
    assert "1 customers bear tags.vip no longer" in shop("tag", "take", "tags.vip", "M001")
    found = {each["feature"]: each for each in shop.json("tag", "list")}
    assert set(found) == {"tags.vip", "groups.chain"}
    assert found["tags.vip"]["members"] > 2
    assert "标签" in shop("--language", "zh", "tag", "list")
    assert "groups.chain is gone; 0 customers" in shop("tag", "remove", "groups.chain")
    for arguments, said in (
        (("give", "tags.vip"), "name customers, or give --where"),
        (("give", "tags.vip", "M001", "--where", "orders.count>=1"), "but not both"),
        (("give", "tags.vipp", "M001"), "did you mean"),
        (("give", "tags.vip", "NOBODY"), "there is no customer"),
        (("add", "VIP"), "lower-case letters"),
    ):
        assert said in shop.fails("tag", *arguments)


def test_a_draft_is_talked_about_and_waits(shop: Shop) -> None:
    shop("rulebook", "new", "--title", "Wider bands")
    shop("rulebook", "comment", "d1", "Why so few?", "--place", "policies[lifecycle]")
    found = shop.json("rulebook", "comment", "d1")
    assert [(each["text"], each["place"], each["settled_by"]) for each in found] == [("Why so few?", "policies[lifecycle]", None)]
    assert shop.json("rulebook", "comment", "d1", "--settle", "1")[0]["settled_by"]
    assert shop.json("rulebook", "comment", "d1", "--reopen", "1")[0]["settled_by"] is None
    assert "Why so few?" in shop("rulebook", "comment", "d1")
    assert "there is no draft d9" in shop.fails("rulebook", "comment", "d9", "x")
    assert "one of TEXT" in shop.fails("rulebook", "comment", "d1", "x", "--settle", "1")
    shop("rulebook", "submit", "d1")
    assert ("approve", 1) in [(each["kind"], each["number"]) for each in shop.json("inbox")]
    assert "待审批" in shop("--language", "zh", "inbox")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_exports_are_told(shop: Shop, language: str) -> None:
    from engine.service import Engine

    assert shop.json("audit", "exports") == []
    with Engine.open(shop.url, actor="chen") as engine:
        engine.people.log_export("customers", format="csv", personal=True, rows_=40)
    assert shop.json("audit", "exports")[0]["rows"] == 40
    assert "customers" in shop("--language", language, "audit", "exports", "--limit", "5")
